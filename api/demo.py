"""The main job in one go (`make run`): read `corpus/`, answer, list what is overdue."""

from __future__ import annotations

import os
from pathlib import Path

from api.cli import actions, ingesting
from api.cli.output import Output
from api.cli.tracking import show_milestones
from api.settings import read_settings
from kb.errors import DubanError
from kb.lexicon import corpus_path
from tasks.listing import read_register
from tasks.store import Store

_SHOWN = 8


def main() -> int:
    """Run the demonstration on the default store; gives the exit code."""
    settings = read_settings(os.environ, Path.cwd())
    out = Output(as_json=False, language=settings.language)
    today = settings.today()
    try:
        out.say("一、读入 corpus/documents", "1. Reading corpus/documents")
        code = ingesting.ingest(settings, [corpus_path() / "documents"], out)
        for question in (
            "哪些部门负责防溺水？",
            "which departments are responsible for drowning prevention",
        ):
            out.say(f"\n二、问: {question}", f"\n2. Asking: {question}")
            actions.ask(settings, question, today, out)
        with Store.open(settings.store_url) as store:
            register = read_register(store).tracked
        late = [item for item in register.overdue(today) if not item.inherited]
        out.say(
            f"\n三、截至 {today} 逾期 {len(late)} 项, 先列 {min(_SHOWN, len(late))} 项",
            f"\n3. {len(late)} overdue as of {today}; the first {min(_SHOWN, len(late))}",
        )
        show_milestones(late[:_SHOWN], out)
    except DubanError as error:
        out.complain(str(error))
        return 1
    out.say(
        "\n接着可以 (库在 var/duban.db):\n"
        "  .venv/bin/duban overdue                    全部逾期\n"
        "  .venv/bin/duban ask '区水利局要干哪些事？'   提问\n"
        "  .venv/bin/duban tasks --unit 区公安局      一个单位的任务\n"
        "  .venv/bin/duban trace 生均教学仪器设备值   追溯到原文\n"
        "  .venv/bin/duban --help                     其余命令\n"
        "  .venv/bin/duban serve                      网页, http://127.0.0.1:8000, Ctrl-C 停\n"
        "没有后台程序在运行, 不用停止。",
        "\nNext (the store is var/duban.db):\n"
        "  .venv/bin/duban overdue                    all that is overdue\n"
        "  .venv/bin/duban ask 'Who is responsible for traffic safety?'\n"
        "  .venv/bin/duban tasks --unit 区公安局      tasks of a unit\n"
        "  .venv/bin/duban trace 生均教学仪器设备值   trace to the source\n"
        "  .venv/bin/duban --help                     the other commands\n"
        "  .venv/bin/duban serve                      web pages, http://127.0.0.1:8000, Ctrl-C stops\n"
        "Nothing is left running, so there is nothing to stop.",
    )
    return code


if __name__ == "__main__":
    raise SystemExit(main())

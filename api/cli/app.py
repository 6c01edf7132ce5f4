"""The commands of `duban` and their options. What they do is in `api.cli.actions`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli import (
    access_commands,
    delivery_commands,
    digest_commands,
    document_commands,
    exchange_commands,
    governance_commands,
    mcp_commands,
    serve_commands,
    tracker_commands,
)
from api.cli.printing import printing, shows
from api.cli.state import (
    ActAs,
    AsOf,
    Document,
    DueBefore,
    IndexOption,
    JsonOption,
    Lang,
    Plan,
    Roles,
    Run,
    StoreOption,
    Unit,
)
from api.settings import SettingError
from kb.disk import disk_error
from kb.errors import DubanError

_CONTEXT = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="duban",
    help="督办: 政策文件里的任务、责任单位、时限和目标 / duties in policy documents: who, by when, how much.",
    no_args_is_help=True,
    add_completion=False,
    context_settings=_CONTEXT,
    pretty_exceptions_enable=False,
)


def run(arguments: Sequence[str], environ: Mapping[str, str], folder: Path) -> int:
    """Run one command line and give its exit code. Nothing that duban raises shows a traceback."""
    with printing() as fault:
        code = _run(arguments, environ, folder)
    return fault.code if fault.code is not None else code


@cache
def _commands() -> Callable[..., Any]:
    """The commands with their options, made of the functions' signatures once a process."""
    return typer.main.get_command(app)


def _run(arguments: Sequence[str], environ: Mapping[str, str], folder: Path) -> int:
    words, taken = take_global([as_said(word) for word in arguments])
    language = taken["--lang"]
    if language is None and not environ.get("DUBAN_LANG") and not shows("督办"):
        environ = {**environ, "DUBAN_LANG": "en"}  # a terminal that shows no Chinese
    state = Run(environ, folder)
    try:
        state.choose(taken["--store"], language, taken["--as"])
        state.settings  # noqa: B018 - a wrong setting is told before any work
        result = _commands()(args=words, obj=state, standalone_mode=False)
    except DubanError as error:
        _tell(error, "en" if (language or environ.get("DUBAN_LANG")) == "en" else "zh")
        return 2 if isinstance(error, SettingError) else 1
    except BrokenPipeError:
        raise  # whoever read has gone: see `printing`
    except typer.Exit as leave:
        return leave.exit_code
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("已中断 / interrupted", err=True)
        return 130
    except typer.BadParameter as error:
        typer.echo(f"用法不对 / usage: {error.format_message()}", err=True)
        return 2
    except Exception as error:
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):
            typer.echo(f"用法不对 / usage: {error.format_message()}", err=True)
            typer.echo("看帮助: duban --help / for help: duban --help", err=True)
            return int(error.exit_code)
        fault: DubanError | None = disk_error(error)
        if fault is None and isinstance(error, UnicodeError):
            fault = DubanError(
                "文字里有不能保存的字符, 请检查终端的编码 / the words hold characters that cannot be kept: check the terminal's encoding",
                hint="LANG=C.UTF-8",
            )
        if fault is None:
            raise
        _tell(fault, "en" if (language or environ.get("DUBAN_LANG")) == "en" else "zh")
        return 1
    return int(result) if isinstance(result, int) and result else state.code


def as_said(word: str) -> str:
    """A word of the command line in UTF-8, which is what is typed, whatever encoding the terminal
    claims; the name of a file that is there stays as it is."""
    try:
        said = os.fsencode(word).decode("utf-8")
    except UnicodeError:
        return word
    return word if said == word or Path(word).exists() else said


def take_global(arguments: Sequence[str]) -> tuple[list[str], dict[str, str | None]]:
    """Split off `--store X`, `--lang X` and `--as X`, which may stand before or after the command."""
    rest: list[str] = []
    taken: dict[str, str | None] = {"--store": None, "--lang": None, "--as": None}
    words = iter(arguments)
    for word in words:
        name, equals, value = word.partition("=")
        if word == "--":
            rest.extend([word, *words])
        elif name in taken:
            taken[name] = value if equals else next(words, "")
        else:
            rest.append(word)
    return rest, taken


def _tell(error: DubanError, language: str) -> None:
    side = 1 if language == "en" else 0

    def words(text: str) -> str:
        parts = text.split(" / ", 1)
        return parts[side] if len(parts) == 2 else text

    where = f"{error.path}: " if error.path else ""
    typer.echo(f"{where}{words(error.message)}", err=True)
    if error.hint:
        typer.echo(f"  {words(error.hint)}", err=True)


@app.callback()
def _global(
    store: StoreOption = None,
    lang: Lang = None,
    login: ActAs = None,
) -> None:
    """督办 duban: 政策文件里的任务 / the duties in policy documents."""


@app.command()
def ingest(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="文件或目录 / files or folders")],
    refresh: Annotated[
        bool, typer.Option("--refresh", help="重读已入库的文件 / read stored files again")
    ] = False,
    replaces: Annotated[
        str,
        typer.Option(
            "--replaces",
            help="它是哪份文件的新版本 (编号) / the id of the document whose new version it is",
        ),
    ] = "",
    index: IndexOption = True,
    as_json: JsonOption = False,
) -> None:
    """读入文件 / read documents into the store."""
    from api.cli import ingesting  # noqa: PLC0415

    state: Run = context.obj
    state.code = ingesting.ingest(
        state.settings, paths, state.out(as_json), refresh=refresh, replaces=replaces, index=index
    )


index_app = typer.Typer(no_args_is_help=True, help="向量索引 / the vector index")
app.add_typer(index_app, name="index")
evaluate_app = typer.Typer(no_args_is_help=True, help="评测 / measuring")
app.add_typer(evaluate_app, name="evaluate")


@index_app.command("rebuild")
def index_rebuild(context: typer.Context, as_json: JsonOption = False) -> None:
    """重建索引 / write the index anew."""
    from api.cli import knowledge  # noqa: PLC0415

    knowledge.rebuild(context.obj.settings, context.obj.out(as_json))


@index_app.command("status")
def index_status(context: typer.Context, as_json: JsonOption = False) -> None:
    """索引与库是否一致 / whether the index is in step with the store."""
    from api.cli import knowledge  # noqa: PLC0415

    state: Run = context.obj
    state.code = knowledge.status(state.settings, state.out(as_json), deep=False)


@index_app.command("verify")
def index_verify(context: typer.Context, as_json: JsonOption = False) -> None:
    """逐个检查向量 / check every vector."""
    from api.cli import knowledge  # noqa: PLC0415

    state: Run = context.obj
    state.code = knowledge.status(state.settings, state.out(as_json), deep=True)


@evaluate_app.command("retrieval")
def evaluate_retrieval(
    context: typer.Context,
    corpus: Annotated[Path, typer.Option("--corpus", help='{"id","title","text"} JSON Lines')],
    queries: Annotated[Path, typer.Option("--queries", help='{"id","text"} JSON Lines')],
    target: Annotated[Path, typer.Option("--out", help="qid<TAB>docid<TAB>rank")],
    depth: Annotated[int, typer.Option("--depth", help="每问结果数 / results a query")] = 100,
) -> None:
    """用任意语料评测检索 / run the retriever over any corpus."""
    from api.cli import knowledge  # noqa: PLC0415

    state: Run = context.obj
    out = state.out(as_json=False)
    knowledge.evaluate_retrieval(state.settings, corpus, queries, target, out, depth=depth)


@app.command()
def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="要找的内容 / what to look for")],
    plan: Annotated[
        str, typer.Option("--plan", help="计划标题中的字 / words of a plan's title")
    ] = "",
    unit: Annotated[str, typer.Option("--unit", help="责任单位 / a unit")] = "",
    year: Annotated[
        int | None, typer.Option("--year", help="时限年份 / a year of deadlines")
    ] = None,
    document: Annotated[str, typer.Option("--document", help="文件编号 / a document's id")] = "",
    validity: Annotated[str, typer.Option("--validity", help="有效性, 如 有效 / as printed")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="条数 / how many")] = 10,
    as_json: JsonOption = False,
) -> None:
    """检索条款, 显示各部分得分 / find clauses, with their scores by part."""
    from api.cli import knowledge  # noqa: PLC0415
    from kb.retrieval import Filter  # noqa: PLC0415

    state: Run = context.obj
    wanted = Filter(year=year, document=document, validity=validity)
    out = state.out(as_json)
    state.code = knowledge.search(state.settings, query, wanted, unit, plan, limit, out)


@app.command()
def extract(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="文件 / a file")],
    as_json: JsonOption = False,
    text_out: Annotated[
        Path | None, typer.Option("--text-out", help="把抽出的正文写到 / write the text to")
    ] = None,
) -> None:
    """抽取一个文件, 不入库 / read one file, store nothing."""
    from api.cli import extracting  # noqa: PLC0415

    state: Run = context.obj
    extracting.extract(file, state.out(as_json), text_out, state.settings)


@app.command()
def explain(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="文件 / a file")],
    span: Annotated[
        str, typer.Argument(help="正文里的位置, 起-止 / a place of its text, START-END")
    ],
    as_json: JsonOption = False,
) -> None:
    """某处的单位、时间、数量为何这样读 / why what stands at a place was read as it was."""
    from api.cli import extracting  # noqa: PLC0415

    state: Run = context.obj
    extracting.explain(file, span, state.out(as_json), state.settings)


@app.command()
def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="问题 / a question")] = "",
    batch: Annotated[
        Path | None, typer.Option("--batch", help="JSON Lines 问题文件 / a file of questions")
    ] = None,
    as_of: AsOf = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="先说明怎样理解 / say how it was understood")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """问: 谁负责、何时到期、目标多少、出自哪里 / ask who, when, how much, where from."""
    from api.cli import actions  # noqa: PLC0415

    state: Run = context.obj
    if bool(question) == bool(batch):
        raise typer.BadParameter("给一个问题或 --batch 文件 / give a question or --batch FILE")
    if batch:
        actions.ask_batch(state.settings, batch, state.day(as_of), state.out(as_json=True))
    else:
        state.code = actions.ask(
            state.settings, question, state.day(as_of), state.out(as_json), explain=explain
        )


@app.command()
def who(
    context: typer.Context,
    topic: Annotated[str, typer.Argument(help="事项, 如 防溺水 / a topic")],
    as_json: JsonOption = False,
) -> None:
    """谁负责某事 / who is responsible for a topic."""
    from api.cli import actions  # noqa: PLC0415

    state: Run = context.obj
    chinese = any("一" <= c <= "龥" for c in topic)
    question = f"哪些部门负责{topic}？" if chinese else f"Who is responsible for {topic}?"
    state.code = actions.ask(state.settings, question, state.day(None), state.out(as_json))


@app.command()
def tasks(
    context: typer.Context,
    unit: Unit = None,
    plan: Plan = "",
    due_before: DueBefore = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="只列逾期 / overdue only")] = False,
    undated: Annotated[
        bool, typer.Option("--undated", help="只列无时限的 / those without a deadline only")
    ] = False,
    document: Document = "",
    as_of: AsOf = None,
    as_json: JsonOption = False,
) -> None:
    """列任务 / list tasks."""
    from api.cli import actions  # noqa: PLC0415

    wanted = actions.TaskFilter(unit, plan, due_before, overdue, undated, document)
    actions.tasks(context.obj, wanted, as_of, as_json)


By = Annotated[
    str,
    typer.Option("--by", help="按 unit、plan、role、days 计数 / count by unit, plan, role, days"),
]


@app.command()
def overdue(
    context: typer.Context,
    unit: Unit = None,
    role: Roles = None,
    plan: Plan = "",
    least: Annotated[
        int, typer.Option("--days", min=1, help="至少逾期几天 / at least so many")
    ] = 1,
    by: By = "",
    inherited: Annotated[
        bool,
        typer.Option("--inherited", help="也列只有计划期限的 / those due by their plan's end too"),
    ] = False,
    document: Document = "",
    as_of: AsOf = None,
    as_json: JsonOption = False,
) -> None:
    """列逾期 / list what is overdue."""
    from api.cli import due as lists  # noqa: PLC0415

    wanted = lists.DueFilter(
        unit, tuple(role or ()), plan, inherited, least=least, by=by, document=document
    )
    lists.due(context.obj, wanted, as_of, as_json)


@app.command()
def due(
    context: typer.Context,
    within: Annotated[
        int,
        typer.Option(
            "--within", min=1, help="多少天内, 从当天算起 / so many days, today the first"
        ),
    ] = 30,
    unit: Unit = None,
    role: Roles = None,
    plan: Plan = "",
    by: By = "",
    inherited: Annotated[
        bool, typer.Option("--inherited", help="也列只有计划期限的 / the plan's end too")
    ] = False,
    document: Document = "",
    as_of: AsOf = None,
    as_json: JsonOption = False,
) -> None:
    """列快到期的 / list what is due soon."""
    from api.cli import due as lists  # noqa: PLC0415

    wanted = lists.DueFilter(
        unit, tuple(role or ()), plan, inherited, within=within, by=by, document=document
    )
    lists.due(context.obj, wanted, as_of, as_json)


@app.command()
def targets(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="指标中的字 / words of the target")] = "",
    plan: Plan = "",
    year: Annotated[int | None, typer.Option("--year", help="哪年到期 / year due")] = None,
    as_json: JsonOption = False,
) -> None:
    """列目标值 / list numeric targets."""
    from api.cli import actions  # noqa: PLC0415

    actions.targets(context.obj, text, plan, year, as_json)


@app.command()
def units(context: typer.Context, as_json: JsonOption = False) -> None:
    """列单位和任务数 / list units and how many tasks they bear."""
    from api.cli import actions  # noqa: PLC0415

    actions.units(context.obj, as_json)


@app.command()
def query(
    context: typer.Context,
    asked: Annotated[
        str,
        typer.Option(
            "--query", metavar="JSON", help='如 {"select":"duties","states":["overdue"]} / a query'
        ),
    ],
    as_of: AsOf = None,
) -> None:
    """按查询列出、计数、分组、比较, 输出 JSON / run a query as it is, print JSON."""
    from api.cli import actions  # noqa: PLC0415

    actions.query(context.obj, asked, as_of)


@app.command()
def trace(
    context: typer.Context,
    words: Annotated[str, typer.Argument(help="编号或原文 / an id or a phrase")],
    as_json: JsonOption = False,
) -> None:
    """追溯到原文的字 / trace to the exact characters of the source."""
    from api.cli import actions  # noqa: PLC0415

    state: Run = context.obj
    state.code = actions.trace(state.settings, words, state.out(as_json))


@app.command()
def graph(
    context: typer.Context,
    kind: Annotated[str, typer.Option("--format", help="json | graphml | dot")] = "json",
    out: Annotated[Path | None, typer.Option("--out", help="写到文件 / write to a file")] = None,
    unit: Unit = None,
    radius: Annotated[int, typer.Option("--radius", min=1, help="几步之内 / steps")] = 1,
) -> None:
    """输出责任图 / export the responsibility graph."""
    from api.cli import actions  # noqa: PLC0415

    if kind not in ("json", "graphml", "dot"):
        raise typer.BadParameter(f"{kind}: json | graphml | dot", param_hint="--format")
    actions.graph(context.obj.settings, kind, out, unit, radius)


@app.command()
def verify(context: typer.Context, as_json: JsonOption = False) -> None:
    """核对整个库: 原件、事项、办理、日志 / check the whole store: sources, facts, progress, log."""
    from api.cli import governance  # noqa: PLC0415

    state: Run = context.obj
    state.code = governance.verify(state, [], as_json)


@app.command()
def version(as_json: JsonOption = False) -> None:
    """版本 / the version."""
    from importlib.metadata import version as installed  # noqa: PLC0415

    number: Any = installed("duban")
    typer.echo(json.dumps({"version": number}) if as_json else f"duban {number}")


tracker_commands.register(app)
governance_commands.register(app)
digest_commands.register(app)
exchange_commands.register(app)
delivery_commands.register(app)
serve_commands.register(app)
mcp_commands.register(app)
access_commands.register(app)
document_commands.register(app)

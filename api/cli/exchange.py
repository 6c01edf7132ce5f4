"""What `duban export` and `duban import` do; the place where these files are read and written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import typer

from api.cli.output import Output
from api.cli.state import Run
from api.cli.tracking import read_states, wanted_milestones
from api.files import write_whole
from kb.errors import SourceError
from tasks.authorisation import Action, require
from tasks.exports.columns import COLUMNS
from tasks.exports.feed import in_calendar
from tasks.exports.filled import LARGEST, read_filled
from tasks.exports.progress import VERDICTS, Verdict, one_side, render_results, take_in
from tasks.exports.render import FORMS, render_rows
from tasks.exports.report import By
from tasks.exports.rows import export_rows
from tasks.exports.workbook import Heading
from tasks.query import in_states


@dataclass(frozen=True, slots=True)
class ExportFilter:
    """Which milestones are exported, as the options name them."""

    unit: str | None
    roles: tuple[str, ...]
    plan: str
    overdue: bool
    statuses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """How they are written."""

    name: str
    by: str
    base_url: str
    remind: int


def export(
    run: Run,
    target: Path,
    wanted: ExportFilter,
    form: Form,
    as_of: date | None,
    as_json: bool,
) -> None:
    """Write duties to a file, whole or not at all."""
    if form.name not in FORMS:
        raise typer.BadParameter(f"{form.name or '?'}: {' | '.join(FORMS)}", param_hint="--format")
    if form.by not in tuple(By):
        raise typer.BadParameter(f"{form.by}: {' | '.join(By)}", param_hint="--by")
    statuses = read_states(wanted.statuses)
    day, out = run.day(as_of), run.out(as_json)
    with run.acting() as (store, actor):
        require(actor, Action.EXPORT)
        chosen = wanted_milestones(store, actor, wanted.unit, wanted.roles, wanted.plan)
        chosen = in_states(chosen, statuses, overdue=wanted.overdue)
        rows = export_rows(store, day, chosen, reader=actor)
    base_url = form.base_url or run.environ.get("DUBAN_BASE_URL", "")
    heading = Heading(day, wanted.unit or wanted.plan, out.language, base_url)
    written = render_rows(rows, heading, form.name, by=By(form.by), remind_days=form.remind or None)
    write_whole(target, written)
    if form.name == "ics":
        events = len(in_calendar(rows))
        told, rest = {"milestones": len(rows), "events": events}, len(rows) - events
        zh = f"{events} 个日程" + (f"，另有 {rest} 项无日期或已结束，不在日历中" if rest else "")
        en = f"{events} event(s)" + (f"; {rest} more have no day or are finished" if rest else "")
    else:
        told, zh, en = {"milestones": len(rows)}, f"{len(rows)} 项", f"{len(rows)} milestone(s)"
    if as_json:
        out.json({"file": str(target), "format": form.name, **told})
    else:
        out.say(f"{target}: {zh}", f"{target}: {en}")


def explain_columns(out: Output) -> None:
    """What the columns of CSV and JSON Lines hold."""
    if out.as_json:
        out.json([{"name": c.name, "zh": c.zh, "en": c.en} for c in COLUMNS])
        return
    out.table(
        [("列", "column"), ("内容", "what it holds")],
        [(c.name, out.pick(c.zh, c.en)) for c in COLUMNS],
    )
    out.say(
        "以 = + - @ 等开头的文字, csv 里前面加一个撇号, 导入时去掉; 有网址时另有 link 列",
        "in csv, text that begins with = + - @ has an apostrophe in front, which the import takes "
        "off; with a base address there is also a column link",
    )


def take_in_file(
    run: Run, file: Path, report: Path | None, as_json: bool, *, whole: bool, dry_run: bool
) -> None:
    """Take in a sheet and say what became of each row. The exit code is 1 where one was refused."""
    out = run.out(as_json)
    data = read_bounded(file)
    filled = read_filled(data, str(file))
    now = run.settings.now()
    with run.acting() as (store, actor):
        found = take_in(store, actor, filled, now, whole=whole, dry_run=dry_run)
    if report is not None:
        write_whole(report, render_results(found, out.language))
    run.code = 1 if found.count(Verdict.REFUSED) else 0
    if as_json:
        out.json(found.model_dump(mode="json") | {v.value: found.count(v) for v in Verdict})
        return
    told = [r for r in found.results if r.verdict is not Verdict.UNCHANGED]
    side = 1 if out.language == "en" else 0
    if told:
        out.table(
            [("行", "row"), ("结果", "result"), ("任务", "duty"), ("原因", "why")],
            [(r.row, VERDICTS[r.verdict][side], _short(r.duty), one_side(r.why, out.language)) for r in told],
        )  # fmt: skip
    counts = [(names[side], found.count(v)) for v, names in VERDICTS.items() if found.count(v)]
    tail = "" if found.written else out.pick(" (库没有变动)", " (the store is as it was)")
    out.say(
        "，".join(f"{name} {count} 行" for name, count in counts) + tail,
        ", ".join(f"{count} {name}" for name, count in counts) + tail,
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else line[:39] + "…"


def read_bounded(file: Path) -> bytes:
    """The bytes of a file that is not too large.

    Raises:
        SourceError: it cannot be read, or is larger than any sheet.
    """
    try:
        with file.open("rb") as source:
            data = source.read(LARGEST + 1)
    except OSError as error:
        raise SourceError(f"读不了 / cannot be read: {error.strerror}", path=file) from error
    return data

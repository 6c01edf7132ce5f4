"""What `duban digest` does: reads the store, writes files, shows one in the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import typer

from api.cli.state import Run
from api.files import write_whole
from kb.errors import DubanError, both
from tasks.authorisation import Action, require
from tasks.digest import (
    Digest,
    DigestFormat,
    Week,
    build_digests,
    file_name,
    render,
    subject,
    week_of,
)
from tasks.digest import parse_week as parse


@dataclass(frozen=True, slots=True)
class Request:
    """Which digests: `week` as printed (empty for the present one), `unit` None for all, `as_of`
    None for the day of the week that is nearest to today."""

    week: str
    unit: str | None
    as_of: date | None
    within: int
    all_clear: bool


def write(
    run: Run, request: Request, kind: str, out: Path | None, *, base_url: str, as_json: bool
) -> None:
    """Write one file for each digest and say which."""
    printer, language = run.out(as_json), run.settings.language
    folder = out if out is not None else run.settings.home / "digests"
    found = _build(run, request, Action.EXPORT, overview=request.unit is None)
    written: list[tuple[Digest, Path]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for digest in found:
            path = folder / file_name(digest, DigestFormat(kind), language)
            write_whole(path, render(digest, DigestFormat(kind), language, base_url=base_url))
            written.append((digest, path))
    except OSError as error:
        raise DubanError(both("写不了", "cannot be written", error), path=folder) from error
    if as_json:
        rows = [{"unit": d.unit, "unit_id": d.unit_id, "subject": subject(d, language), "file": str(p)} for d, p in written]  # fmt: skip
        printer.json({"week": str(_week(run, request.week)), "files": rows})
        return
    for digest, path in written:
        printer.say(f"{path}  {subject(digest)}", f"{path}  {subject(digest, 'en')}")
    if not written:
        printer.say("该单位本周无事项, 没有写出 (--all-clear 写出一行)",
                    "nothing to report for this unit, no file written (--all-clear writes one)")  # fmt: skip
    else:
        printer.say(f"共 {len(written)} 份", f"{len(written)} digest(s)")


def preview(run: Run, request: Request) -> None:
    """Show the digest of one unit, or the overview."""
    from tasks.digest.terminal import render_terminal  # noqa: PLC0415 - brings in Rich

    [digest, *_] = _build(run, request, Action.READ, overview=request.unit is None, units=())
    run.out(as_json=False).console.print(render_terminal(digest, run.settings.language))


def _build(
    run: Run,
    request: Request,
    action: Action,
    *,
    overview: bool,
    units: tuple[str, ...] | None = None,
) -> list[Digest]:
    """The digests asked for; with `units` empty and no unit in the request, just the overview."""
    week = _week(run, request.week)
    as_of = request.as_of or week.nearest(run.settings.today())
    wanted = (request.unit,) if request.unit is not None else units
    with run.acting() as (store, actor):
        require(actor, action)
        return build_digests(
            store, week, as_of, zone=ZoneInfo(run.settings.timezone), within=request.within,
            units=wanted, overview=overview, all_clear=request.all_clear,
        )  # fmt: skip


def _week(run: Run, printed: str) -> Week:
    try:
        return parse(printed) if printed else week_of(run.settings.today())
    except DubanError as error:
        raise typer.BadParameter(error.message, param_hint="--week") from error

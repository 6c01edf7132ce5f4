"""Progress from a sheet that came back: what each row asks for, and what became of it.

A row counts as filled in where it differs both from what was handed out (its key says what that
was) and from how the milestone stands now; so the same file twice changes nothing. Where the
milestone moved on after the sheet was handed out, a filled-in row is refused, never merged.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from kb.errors import DubanError, NotFoundError, TransitionError
from kb.models import Fact
from kb.wording import wording
from tasks import schema
from tasks.authorisation import Actor, require
from tasks.due import Row
from tasks.exports.cells import guard
from tasks.exports.filled import Filled, FilledRow
from tasks.exports.keys import Key, fingerprint, read_key, same_text
from tasks.exports.lineage import present_ids
from tasks.exports.rows import targets_of
from tasks.exports.sheet import Part
from tasks.exports.typed import read_percent, read_status, read_values
from tasks.exports.words import side
from tasks.fields import check_words
from tasks.lifecycle import FINISHED, Command, Life, Status, Step, take_step
from tasks.listing import read_lives, read_rows
from tasks.models import Target, Task
from tasks.store import Store
from tasks.tracker import Tracker, bearing_units
from tasks.visibility import visible_documents


class Verdict(StrEnum):
    """What became of a row."""

    ACCEPTED = "accepted"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    HELD = "held"  # it could be taken, but another row was refused and all or nothing was asked


VERDICTS = wording("tasks", "rows", Verdict)


class RowResult(Fact):
    """What became of one row of a sheet: `why` is bilingual, `commands` are the steps it asks for."""

    row: int
    milestone_id: str
    occurrence: str
    duty: str
    verdict: Verdict
    why: str = ""
    commands: tuple[Command, ...] = ()


class ImportReport(Fact):
    """All rows of a sheet. `written` tells whether the store was changed."""

    sheet: str
    results: tuple[RowResult, ...]
    written: bool

    def count(self, verdict: Verdict) -> int:
        """How many rows came to this."""
        return sum(r.verdict is verdict for r in self.results)


class _RefusedError(DubanError):
    """A row asks for something that cannot be."""


def take_in(
    store: Store,
    actor: Actor,
    filled: Filled,
    at: datetime,
    *,
    whole: bool = False,
    dry_run: bool = False,
) -> ImportReport:
    """Take in the progress of a sheet, in one transaction.

    Args:
        store: where the milestones are.
        actor: who reports; each row is authorised as a step of theirs.
        filled: the sheet (`filled.read_filled`).
        at: now, with the time zone whose day counts as today.
        whole: all rows that ask for something, or none.
        dry_run: only say what would become of each row.
    """
    planned = plan_rows(store, actor, filled, at.date())
    refused = any(r.verdict is Verdict.REFUSED for r in planned)
    if dry_run or (whole and refused):
        held = [_held(r) for r in planned] if whole and refused else planned
        return ImportReport(sheet=filled.sheet, results=tuple(held), written=False)
    commands = [c for r in planned for c in r.commands]
    outcomes = iter(
        Tracker(store).perform_all(actor, commands, at, whole=whole) if commands else ()
    )
    results: list[RowResult] = []
    for result in planned:
        mine = [next(outcomes) for _ in result.commands]
        why = next((o.refused for o in mine if o.refused), "")
        changed = {"verdict": Verdict.REFUSED, "why": why} if why else {}
        results.append(result.model_copy(update=changed))
    # Someone else may have moved a milestone on between the plan and the transaction.
    undone = whole and any(r.verdict is Verdict.REFUSED for r in results)
    if undone:
        results = [_held(r) for r in results]
    done = not undone and any(r.verdict is Verdict.ACCEPTED for r in results)
    return ImportReport(sheet=filled.sheet, results=tuple(results), written=done)


def _held(result: RowResult) -> RowResult:
    if result.verdict is not Verdict.ACCEPTED:
        return result
    why = "别的行未采纳, 整表不写 / another row was refused: nothing of the sheet was written"
    return result.model_copy(update={"verdict": Verdict.HELD, "why": why})


def plan_rows(store: Store, actor: Actor, filled: Filled, on: date) -> list[RowResult]:
    """What each row asks for and whether it may, without changing anything."""
    known = _Known(store, actor, filled, on)
    results: list[RowResult] = []
    first: dict[tuple[str, str], int] = {}
    for row in filled.rows:
        duty = row.cells.get(Part.DUTY, "")
        milestone_id = occurrence = ""
        commands: tuple[Command, ...] = ()
        verdict, why = Verdict.UNCHANGED, ""
        try:
            key = _key(row)
            milestone_id, occurrence = known.current(key.milestone_id), key.occurrence
            if milestone_id not in known.rows:
                raise known.absent(key)
            duty = duty or known.rows[milestone_id].title
            commands = _asked(row, key, known, actor, on)
            if commands:
                before = first.setdefault((milestone_id, occurrence), row.number)
                if before != row.number:
                    commands = ()
                    raise _RefusedError(
                        f"与第 {before} 行是同一项 / it is the same as row {before}"
                    )
                verdict = Verdict.ACCEPTED
        except DubanError as error:
            verdict, why = Verdict.REFUSED, error.message
        results.append(
            RowResult(
                row=row.number, milestone_id=milestone_id, occurrence=occurrence, duty=duty,
                verdict=verdict, why=why, commands=commands,
            )
        )  # fmt: skip
    return results


def _key(row: FilledRow) -> Key:
    printed = row.cells[Part.KEY]
    if not printed:
        raise _RefusedError(
            "没有标识: 表里不能加行 / it has no key: rows cannot be added to the sheet"
        )
    return read_key(printed)


class _Known:
    """What the store holds of the milestones that a sheet names, in documents that the actor may
    see: a key is no way to read of others."""

    def __init__(self, store: Store, actor: Actor, filled: Filled, on: date) -> None:
        self._store = store
        self._tasks: dict[str, dict[str, Task]] = {}
        named = set()
        for row in filled.rows:
            try:
                named.add(read_key(row.cells[Part.KEY]).milestone_id)
            except DubanError:
                continue  # told of with its row
        with store.reading() as connection:
            self._moved = present_ids(connection, store, named)
            ids = sorted({self.current(one) for one in named})
            where = [schema.CURRENT, schema.milestone.c.id.in_(ids)]
            rows = read_rows(connection, where)
            self.lives = read_lives(connection, on, where)
        seen = visible_documents(store, actor, list({r.document_id for r in rows}))
        self.rows: Mapping[str, Row] = {r.id: r for r in rows if r.document_id in seen}

    def current(self, milestone_id: str) -> str:
        """A milestone's id in the present version of its document."""
        return self._moved.get(milestone_id, milestone_id)

    def absent(self, key: Key) -> DubanError:
        """Why there is no milestone of that id."""
        return NotFoundError(
            f"库里没有里程碑 {key.milestone_id}: 不是这个库导出的, 或文件已换成新版本"
            f" / the store has no milestone {key.milestone_id}: the row is of another store, or of a "
            "document that was replaced"
        )

    def life(self, milestone_id: str, occurrence: str) -> Life:
        """How it stands now."""
        empty = Life(milestone_id=milestone_id, occurrence=occurrence)
        return self.lives.get((milestone_id, occurrence), empty)

    def targets(self, row: Row) -> list[Target]:
        """Its targets, in the order of the sheet."""
        if row.document_id not in self._tasks:
            extraction = self._store.load(row.document_id, corrected=True)
            self._tasks[row.document_id] = {task.id: task for task in extraction.tasks}
        return targets_of(self._tasks[row.document_id][row.task_id], row.id)


def _asked(row: FilledRow, key: Key, known: _Known, actor: Actor, on: date) -> tuple[Command, ...]:
    """The steps that a row asks for; none where it was not filled in or is in already.

    Raises:
        DubanError: it cannot be, with the reason.
    """
    cells = row.cells
    milestone = known.rows[known.current(key.milestone_id)]
    life = known.life(milestone.id, key.occurrence)
    typed = (cells[Part.PERCENT], cells[Part.REPORT], cells[Part.ACTUALS])
    asked = read_status(cells[Part.STATUS], key.status)
    if not row.faults and fingerprint(*typed) == key.seen and asked is None:
        return ()
    if row.faults:
        raise _RefusedError(row.faults[0])
    if Part.DUTY in cells and fingerprint(cells[Part.DUTY]) != key.duty:
        raise _RefusedError(
            "任务和标识对不上: 是否只给部分列排了序 / the duty does not belong to the key: were only "
            "some columns sorted?"
        )
    targets = known.targets(milestone)
    percent = read_percent(typed[0])
    text = typed[1]
    values = read_values(typed[2], targets)
    values = {t: v for t, v in values.items() if life.values.get(t) != v}
    reported = bool(values)
    reported |= percent is not None and percent != life.percent
    reported |= bool(text) and same_text(text) != same_text(life.report)
    steps = _steps(life, asked, reported=reported)
    if not steps:
        return ()
    if not text and steps != [Step.ACCEPT]:
        raise TransitionError("要填写进展情况 / the report must be filled in")
    if life.steps != key.revision:
        raise _RefusedError(
            f"导出之后该项又有变动 (导出时 {key.revision} 步, 现在 {life.steps} 步), 请重新导出再填"
            f" / it changed since it was exported (step {key.revision} then, {life.steps} now): "
            "export it again"
        )
    text = check_words("进展情况", "report", text)
    commands = tuple(
        Command(step=step, milestone_id=milestone.id, occurrence=key.occurrence, on=on)
        if step is Step.ACCEPT
        else Command(
            step=step, milestone_id=milestone.id, occurrence=key.occurrence, on=on,
            text=text, percent=percent, values=values,
        )
        for step in steps
    )  # fmt: skip
    for command in commands:
        require(actor, command.step, bearing_units(milestone))
        life = take_step(life, command)
    return commands


def _steps(life: Life, asked: Step | None, *, reported: bool) -> list[Step]:
    """From how it stands to what is asked; what is in already is left out.

    Raises:
        TransitionError: work is asked to be in progress without a word on it.
    """
    fresh = life.status is Status.ASSIGNED
    if asked is Step.SUBMIT:
        if life.status in (FINISHED | {Status.REPORTED}) and not reported:
            return []
        return [Step.ACCEPT, Step.SUBMIT] if fresh else [Step.SUBMIT]
    if reported:
        return [Step.ACCEPT, Step.REPORT] if fresh else [Step.REPORT]
    if asked is Step.ACCEPT:
        return [Step.ACCEPT] if fresh else []
    if asked is Step.REPORT and life.status in (Status.ASSIGNED, Status.ACCEPTED):
        raise TransitionError("改为承办要填写进展情况 / to be in progress, it needs a report")
    return []


def render_results(report: ImportReport, language: str) -> bytes:
    """The report as CSV (UTF-8 with a byte order mark): a line for each row of the sheet."""
    heads = (("行", "row"), ("结果", "result"), ("原因", "why"), ("任务", "duty"), ("步骤", "steps"),
             ("里程碑编号", "milestone_id"), ("期次", "occurrence"))  # fmt: skip
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([side(names, language) for names in heads])
    for r in report.results:
        steps = "、".join(c.step.value for c in r.commands)
        why = one_side(r.why, language)
        cells = (side(VERDICTS[r.verdict], language), why, r.duty, steps, r.milestone_id, r.occurrence)  # fmt: skip
        writer.writerow([r.row, *(guard(cell) for cell in cells)])
    return ("\ufeff" + out.getvalue()).encode("utf-8", "replace")


def one_side(bilingual: str, language: str) -> str:
    """One language of a message."""
    chinese, separator, english = bilingual.partition(" / ")
    return english if separator and language == "en" else chinese

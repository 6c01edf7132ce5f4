"""How every milestone stands as of a date: overdue, near, behind, waiting. Computed, never stored."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from math import ceil
from types import MappingProxyType
from typing import Any, NamedTuple

from dateutil.relativedelta import relativedelta
from pydantic import SerializerFunctionWrapHandler, field_serializer

from kb.durations import days_step, parse_duration
from kb.language.roles import Role
from kb.models import Fact
from kb.workdays import Arrangement, add_workdays, arrangements_for
from tasks.fields import FieldError
from tasks.lifecycle import FINISHED, Life, Status
from tasks.models import Assignment, Certainty, Counting, Deadline, DueKind, Extraction
from tasks.recurrence import occurrences
from tasks.units import jurisdiction_of, unit_key

DUE_SOON = 30
"""How many days count as near, today among them, unless told otherwise."""

_NEW = Life(milestone_id="")

Lives = Mapping[tuple[str, str], Life]
"""Lives by milestone and occurrence; a milestone that is not there never took a step."""
NO_LIVES: Lives = MappingProxyType({})
"""Nothing was ever reported."""


class State(StrEnum):
    """How a milestone stands on a day."""

    OVERDUE = "overdue"
    PASSED = "passed"  # 时限已过: by the text, for a reader who is not told how it stands
    DUE_SOON = "due-soon"
    LATER = "later"
    UNDATED = "undated"  # 无时限: no day is said anywhere, until a person sets one
    NEVER = "never"  # a start, or no day at all: nothing is ever overdue
    WAITING = "waiting"  # a relative deadline whose event is not recorded
    REVIEW = "review"  # submitted as completed in time, not yet reviewed
    FINISHED = "finished"  # completed, closed or cancelled


PAST = frozenset({State.OVERDUE, State.PASSED})
"""Its day is over: overdue, or as much of that as a reader may know."""


class Colour(StrEnum):
    """The field's colours of a list of duties."""

    RED = "red"  # 红: overdue
    YELLOW = "yellow"  # 黄: behind
    BLUE = "blue"  # 蓝: near due
    NONE = "none"


class Bearer(Fact):
    """A unit in a role: its name as printed, and the id that it is compared by (see
    `tasks.units.unit_key`)."""

    unit: str
    unit_id: str
    role: Role


class Started(NamedTuple):
    """An event that a relative deadline runs from: which, on what day, and the day that follows."""

    label: str
    on: date
    due: date


@dataclass(frozen=True, slots=True)
class Row:
    """A milestone as the store lists it: its place, its deadline, who bears its task.

    `first` is the day from which it runs and `last` its plan's end (between which a recurring one
    occurs; where nothing says when it begins, it runs from when it was recorded); `occasions` are
    the recorded events of a relative one with the days that follow. A recurring one without `rrule`
    recurs in a season or under a condition of which no calendar says when it holds.
    """

    id: str
    task_id: str
    document_id: str
    plan_id: str
    clause_id: str
    path: str
    title: str
    commitment: str
    kind: DueKind
    due: date | None
    certainty: tuple[Certainty, ...]
    rrule: str | None
    duration: str | None
    first: date | None
    last: date | None
    recorded_at: datetime | None = None
    units: tuple[Bearer, ...] = ()
    occasions: tuple[Started, ...] = ()
    counting: Counting = Counting.DAYS


class DueItem(Fact):
    """A milestone, or one occurrence of it, as it stands on a day.

    `due` is the day that holds (an approved extension's where there is one), `printed` the day by
    the text; None where there is no day. `days` is as of minus due: positive where it has passed.
    `inherited`: the date is the plan's, not the duty's own. `missed` counts the earlier
    occurrences of a recurring one that took no step and are not listed themselves. `recorded_at`
    is when the document came into the store (UTC). `arrangements`: the holidays that a day counted
    in working days rests on; it is provisional where one of them is not announced yet. `told`: the
    reader knows its life; else `life` is a blank one, and everything here follows from the document
    and the date alone.
    """

    document_id: str
    plan_id: str
    clause_id: str
    task_id: str
    milestone_id: str
    occurrence: str
    path: str
    title: str
    commitment: str
    due: date | None
    printed: date | None
    kind: DueKind
    certainty: tuple[Certainty, ...]
    inherited: bool
    days: int | None
    state: State
    colour: Colour
    behind: bool
    missed: int
    recorded_at: datetime | None
    counting: Counting
    arrangements: tuple[Arrangement, ...]
    life: Life
    units: tuple[Bearer, ...]
    told: bool = True

    @property
    def status(self) -> Status | None:
        """Where it stands in the cycle; None for a reader who is not told."""
        return self.life.status if self.told else None

    @field_serializer("life", mode="wrap")
    def _life_told(self, life: Life, write: SerializerFunctionWrapHandler) -> Any:
        """Written out, a blank life would say that nothing was reported."""
        return write(life) if self.told else None

    def among(self, asked: Collection[State | Status]) -> bool:
        """Whether it is in one of these states, as far as its reader may know: what they ask for
        as overdue is what is past its day."""
        passed = self.state is State.PASSED and State.OVERDUE in asked
        return passed or self.state in asked or self.status in asked


def bearers(assignments: Iterable[Assignment], place: str | None) -> tuple[Bearer, ...]:
    """Units of a document of `place` with their roles, each pair once, in order."""
    found: dict[tuple[str, Role], Bearer] = {}
    for a in assignments:
        key = unit_key(place, a.unit, a.unit_id)
        found.setdefault((key, a.role), Bearer(unit=a.unit, unit_id=key, role=a.role))
    return tuple(found.values())


def rows_of(extraction: Extraction) -> list[Row]:
    """The milestones of one document as rows, in the order of the text."""
    plans = {plan.id: plan for plan in extraction.plans}
    paths = {clause.id: clause.path for clause in extraction.clauses}
    place = jurisdiction_of(extraction.document).place
    known = extraction.document.written_on or extraction.document.published_on
    found: list[Row] = []
    for task in extraction.tasks:
        period = plans[task.plan_id].period
        units = bearers(task.responsibilities, place)
        for m in task.milestones:
            recurs = m.due.kind is DueKind.RECURRING
            begins = m.due.start or known or (period.start if period else None)
            if recurs and m.due.start and known:
                begins = max(m.due.start, known)
            ends = (m.due.date if recurs else None, period.end if period else None)
            found.append(
                Row(
                    id=m.id, task_id=task.id, document_id=extraction.document.id,
                    plan_id=task.plan_id, clause_id=task.clause_id, path=paths[task.clause_id],
                    title=task.title, commitment=m.commitment, kind=m.due.kind, due=None if recurs else m.due.date,
                    certainty=m.due.certainty,
                    rrule=None if recurs and m.due.event else m.due.rrule,
                    duration=_signed(m.due), counting=m.due.counting,
                    first=begins, last=min(filter(None, ends), default=None), units=units,
                )
            )  # fmt: skip
    return found


def _signed(due: Deadline) -> str | None:
    """Its duration from its event on: below zero for one that ends before it."""
    return f"-{due.duration}" if due.ahead and due.duration else due.duration


def days_of(row: Row, as_of: date, until: date | None = None) -> tuple[date, ...]:
    """All days of a recurring milestone: from its first day (unknown: from when the document was
    recorded) to its plan's end (without one, to a year after `as_of`, and to `until`)."""
    first = row.first or (row.recorded_at.date() if row.recorded_at else as_of)
    last = row.last or max(as_of + relativedelta(years=1), until or as_of)
    return tuple(occurrences(Deadline(kind=DueKind.RECURRING, rrule=row.rrule), first, last))


def last_of(as_of: date, days: int) -> date:
    """The last of `days` days of which `as_of` is the first: 7 days from 27 November end on
    3 December. The one meaning of “within so many days” in lists, digests and answers."""
    return as_of + timedelta(days=days - 1)


def state_on(due: date, as_of: date, *, days: int = DUE_SOON) -> State:
    """The state of a dated milestone by its date alone: overdue from the day after it, near where
    it is one of the `days` days from `as_of` on."""
    if due < as_of:
        return State.OVERDUE
    return State.DUE_SOON if due <= last_of(as_of, days) else State.LATER


def standings(
    rows: Iterable[Row], lives: Lives | None, as_of: date, *, days: int = DUE_SOON
) -> Iterator[DueItem]:
    """How each milestone stands on `as_of`, in the order of `rows`.

    Args:
        rows: the milestones.
        lives: what became of them, as far as the reader may know (`tasks.disclosure.disclose`);
            None for a reader who is told nothing of it: recorded occasions are then left out too.
        as_of: the day asked about.
        days: days ahead that count as near.

    Of a recurring one: the last occurrence before `as_of`, the next one, and every other that took
    a step. Of a relative one: each recorded occasion, or one item that waits for its event.
    """
    for row in rows:
        seen = replace(row, occasions=()) if lives is None and row.occasions else row
        for turn in _occurrences(seen, NO_LIVES if lives is None else lives, as_of):
            yield _item(seen, turn, lives, as_of, days)


def due_items(
    extractions: Iterable[Extraction], as_of: date, *, days: int = DUE_SOON, lives: Lives | None = NO_LIVES
) -> list[DueItem]:  # fmt: skip
    """All dated milestones that are not finished as they stand on `as_of`, soonest first."""
    rows = (row for extraction in extractions for row in rows_of(extraction))
    found = standings(rows, lives, as_of, days=days)
    return by_date(i for i in found if i.due is not None and i.state is not State.FINISHED)


def by_date(items: Iterable[DueItem]) -> list[DueItem]:
    """Soonest first; those without a day last."""
    return sorted(items, key=lambda i: (i.due or date.max, i.document_id, i.path, i.milestone_id))


def overdue(
    extractions: Iterable[Extraction], as_of: date, *, lives: Lives | None = NO_LIVES
) -> list[DueItem]:
    """The milestones whose day has passed on `as_of`, longest overdue first."""
    found = due_items(extractions, as_of, lives=lives)
    return [item for item in found if item.state in PAST]


def add_duration(day: date, duration: str, counting: Counting = Counting.DAYS) -> date:
    """A day and an ISO 8601 duration (`P3M`, `P30D`, `PT2H`); of days only where working days are
    counted. The day after `day` is the first that counts. The end of a shorter month stands for a day
    it lacks: 30 November and P3M give 28 February, 31 January and P1M in a leap year 29 February. Of
    hours the full days count (see `kb.durations.days_step`), of half a working day the whole one.
    One below zero (`-P30D`) leads to the day so long before.

    Raises:
        FieldError: it is no such duration, or the day lies beyond the calendar.
    """
    amounts = parse_duration(duration)
    if amounts is None:
        raise FieldError(f"不是时长: {duration} / not a duration (P3M, P30D): {duration}")
    try:
        if counting is Counting.WORKING_DAYS:
            if amounts.keys() - {"D"}:
                raise FieldError(
                    f"工作日只按天计, 如 P5D: {duration} / working days are counted in days (P5D): {duration}"
                )
            many = ceil(abs(amounts["D"]))
            return add_workdays(day, many if amounts["D"] > 0 else -many)
        found: date = day + days_step(amounts)
    except (ValueError, OverflowError) as error:
        raise FieldError(f"时长过长: {duration} / the duration is too long: {duration}") from error
    return found


def holding_day(life: Life, printed: date | None) -> date | None:
    """The day that holds: an approved extension's, unless the day by the text (its event recorded
    anew, its date corrected) has become later than that."""
    if life.due is None or printed is None:
        return life.due or printed
    return max(life.due, printed)


@dataclass(frozen=True, slots=True)
class _Turn:
    """An occurrence: its key, its day by the text, the day its time began, how many earlier ones
    took no step."""

    key: str
    printed: date | None
    begun: date | None
    missed: int = 0


def _occurrences(row: Row, lives: Lives, as_of: date) -> Iterator[_Turn]:
    if row.kind is DueKind.RELATIVE:
        for label, on, due in row.occasions:
            yield _Turn(label, due, on)
        if not row.occasions:
            yield _Turn("", None, None)
    elif row.kind is DueKind.RECURRING and row.rrule:
        whole = days_of(row, as_of)
        ahead = bisect_left(whole, as_of)  # the first that is not before as_of
        missed = sum((row.id, day.isoformat()) not in lives for day in whole[: max(ahead - 1, 0)])
        for number, day in enumerate(whole):
            key = day.isoformat()
            if number in (ahead - 1, ahead) or (row.id, key) in lives:
                begun = whole[number - 1] if number else row.first
                yield _Turn(key, day, begun, missed if number == ahead - 1 else 0)
    else:
        dated = row.kind not in (DueKind.START, DueKind.RECURRING)
        yield _Turn("", row.due if dated else None, row.first)


def _item(
    row: Row,
    turn: _Turn,
    lives: Lives | None,
    as_of: date,
    days: int,
) -> DueItem:
    # Copies, not new ones: the fields are of their types already, and checking those of 100,000
    # again would cost seconds.
    told = lives is not None
    life = (lives or NO_LIVES).get((row.id, turn.key)) or _NEW.model_copy(
        update={"milestone_id": row.id, "occurrence": turn.key}
    )
    due = holding_day(life, turn.printed)
    state = _state(row, life, due, as_of, days, told=told)
    behind = _behind(life, turn.begun, due, as_of) and state in (State.DUE_SOON, State.LATER)
    return DueItem.model_construct(
        document_id=row.document_id,
        plan_id=row.plan_id,
        clause_id=row.clause_id,
        task_id=row.task_id,
        milestone_id=row.id,
        occurrence=turn.key,
        path=row.path,
        title=row.title,
        commitment=row.commitment,
        due=due,
        printed=turn.printed,
        kind=row.kind,
        certainty=row.certainty,
        inherited=Certainty.INHERITED in row.certainty,
        days=(as_of - due).days if due else None,
        state=state,
        colour=_colour(state, behind),
        behind=behind,
        missed=turn.missed if told else 0,
        recorded_at=row.recorded_at,
        counting=row.counting,
        arrangements=_arrangements(row, turn),
        life=life,
        units=row.units,
        told=told,
    )


def _arrangements(row: Row, turn: _Turn) -> tuple[Arrangement, ...]:
    if row.counting is Counting.DAYS or turn.begun is None or turn.printed is None:
        return ()
    return arrangements_for(turn.begun, turn.printed)


def _state(row: Row, life: Life, due: date | None, as_of: date, days: int, *, told: bool) -> State:
    if life.status in FINISHED:
        return State.FINISHED
    if due is None:
        return _WITHOUT_DAY.get(row.kind, State.NEVER)
    # A clock that was ahead: it was submitted by `as_of`, whatever day it says.
    since = min(life.since or due, as_of)
    if life.status is Status.REPORTED and since <= due:
        return State.REVIEW
    state = state_on(due, as_of, days=days)
    return state if told or state is not State.OVERDUE else State.PASSED


_WITHOUT_DAY = {
    DueKind.RELATIVE: State.WAITING,
    DueKind.RECURRING: State.WAITING,  # for the season or condition in which it recurs
    DueKind.NONE: State.UNDATED,
}


def _behind(life: Life, begun: date | None, due: date | None, as_of: date) -> bool:
    """Whether an extension was refused, or the reported progress is below the share of time gone.
    Without a report nothing is known of the progress, so nothing is said of it."""
    if life.refused:
        return True
    if life.percent is None or due is None or begun is None or due <= begun:
        return False
    return life.percent * (due - begun).days < 100 * (as_of - begun).days


def _colour(state: State, behind: bool) -> Colour:
    if state is State.OVERDUE:
        return Colour.RED
    if behind:
        return Colour.YELLOW
    return Colour.BLUE if state is State.DUE_SOON else Colour.NONE

"""How every milestone stands as of a date: overdue, near, behind, waiting. Computed, never stored."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from dateutil.relativedelta import relativedelta
from dateutil.rrule import rrulestr

from kb.models import Fact
from tasks.fields import FieldError
from tasks.lifecycle import FINISHED, Life, Status
from tasks.models import Assignment, Certainty, Deadline, DueKind, Extraction, Role
from tasks.units import jurisdiction_of, unit_key

DUE_SOON = 30
"""Days ahead that count as near, unless told otherwise."""

_DURATION = re.compile(r"P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?")
_NEW = Life(milestone_id="")

Lives = Mapping[tuple[str, str], Life]
"""Lives by milestone and occurrence; a milestone that is not there never took a step."""


class State(StrEnum):
    """How a milestone stands on a day."""

    OVERDUE = "overdue"
    DUE_SOON = "due-soon"
    LATER = "later"
    UNDATED = "undated"  # 无时限: no day is said anywhere, until a person sets one
    NEVER = "never"  # a start, or no day at all: nothing is ever overdue
    WAITING = "waiting"  # a relative deadline whose event is not recorded
    REVIEW = "review"  # submitted as completed in time, not yet reviewed
    FINISHED = "finished"  # completed, closed or cancelled


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


@dataclass(frozen=True, slots=True)
class Row:
    """A milestone as the store lists it: its place, its deadline, who bears its task.

    `first` is the day from which it runs and `last` its plan's end (between which a recurring one
    occurs; where nothing says when it begins, it runs from when it was recorded); `occasions` are
    the recorded events of a relative one with the days that follow.
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
    occasions: tuple[tuple[str, date], ...] = ()


class DueItem(Fact):
    """A milestone, or one occurrence of it, as it stands on a day.

    `due` is the day that holds (an approved extension's where there is one), `printed` the day by
    the text; None where there is no day. `days` is as of minus due: positive where it has passed.
    `inherited`: the date is the plan's, not the duty's own. `missed` counts the earlier
    occurrences of a recurring one that took no step and are not listed themselves. `recorded_at`
    is when the document came into the store (UTC).
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
    life: Life
    units: tuple[Bearer, ...]

    @property
    def status(self) -> Status:
        """Where it stands in the cycle."""
        return self.life.status


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
            own = m.due.start if m.due.kind is not DueKind.RECURRING else None
            found.append(
                Row(
                    id=m.id, task_id=task.id, document_id=extraction.document.id,
                    plan_id=task.plan_id, clause_id=task.clause_id, path=paths[task.clause_id],
                    title=task.title, commitment=m.commitment, kind=m.due.kind, due=m.due.date,
                    certainty=m.due.certainty, rrule=m.due.rrule,
                    duration=m.due.duration,
                    first=own or known or (period.start if period else None),
                    last=period.end if period else None, units=units,
                )
            )  # fmt: skip
    return found


def occurrences(deadline: Deadline, first: date, last: date) -> list[date]:
    """The due days of a recurring deadline in `[first, last]`, in order.

    A rule that names no day is due on the last day of its period: YEARLY on 31 December, with a
    month on that month's last day, MONTHLY on the month's last day, WEEKLY on Sunday.
    """
    if deadline.rrule is None or first > last:
        return []
    return list(_days_of_rule(deadline.rrule, first, last))


@lru_cache(maxsize=4096)
def _days_of_rule(printed: str, first: date, last: date) -> tuple[date, ...]:
    parts = dict(item.split("=", 1) for item in printed.split(";"))
    if "BYMONTHDAY" not in parts:
        if parts["FREQ"] == "YEARLY":
            parts.setdefault("BYMONTH", "12")
            parts["BYMONTHDAY"] = "-1"
        elif parts["FREQ"] == "MONTHLY":
            step = int(parts.get("INTERVAL", "1"))
            if step > 1 and 12 % step == 0 and "BYMONTH" not in parts:
                months = ",".join(str(month) for month in range(step, 13, step))
                parts |= {"FREQ": "YEARLY", "BYMONTH": months}
                parts.pop("INTERVAL")
            parts["BYMONTHDAY"] = "-1"
        elif parts["FREQ"] == "WEEKLY":
            parts.setdefault("BYDAY", "SU")
    rule = ";".join(f"{key}={value}" for key, value in parts.items())
    start = datetime(first.year, 1, 1)  # noqa: DTZ001 - days, no time zone in them
    until = datetime(last.year, last.month, last.day)  # noqa: DTZ001
    found = rrulestr(rule, dtstart=start).between(start, until, inc=True)
    return tuple(day.date() for day in found if first <= day.date() <= last)


def days_of(row: Row, as_of: date) -> tuple[date, ...]:
    """All days of a recurring milestone: from its first day (unknown: from when the document was
    recorded) to its plan's end (without one, to a year after `as_of`)."""
    first = row.first or (row.recorded_at.date() if row.recorded_at else as_of)
    last = row.last or as_of + relativedelta(years=1)
    return tuple(occurrences(Deadline(kind=DueKind.RECURRING, rrule=row.rrule), first, last))


def state_on(due: date, as_of: date, *, days: int = DUE_SOON) -> State:
    """The state of a dated milestone by its date alone: overdue from the day after it, near `days`
    before it."""
    if due < as_of:
        return State.OVERDUE
    return State.DUE_SOON if due <= as_of + timedelta(days=days) else State.LATER


def standings(
    rows: Iterable[Row], lives: Lives, as_of: date, *, days: int = DUE_SOON
) -> Iterator[DueItem]:
    """How each milestone stands on `as_of`, in the order of `rows`.

    Of a recurring one: the last occurrence before `as_of`, the next one, and every other that took
    a step. Of a relative one: each recorded occasion, or one item that waits for its event.
    """
    for row in rows:
        for turn in _occurrences(row, lives, as_of):
            yield _item(row, turn, lives, as_of, days)


def due_items(
    extractions: Iterable[Extraction], as_of: date, *, days: int = DUE_SOON, lives: Lives | None = None
) -> list[DueItem]:  # fmt: skip
    """All dated milestones that are not finished as they stand on `as_of`, soonest first."""
    rows = (row for extraction in extractions for row in rows_of(extraction))
    found = standings(rows, lives or {}, as_of, days=days)
    return by_date(i for i in found if i.due is not None and i.state is not State.FINISHED)


def by_date(items: Iterable[DueItem]) -> list[DueItem]:
    """Soonest first; those without a day last."""
    return sorted(items, key=lambda i: (i.due or date.max, i.document_id, i.path, i.milestone_id))


def overdue(
    extractions: Iterable[Extraction], as_of: date, *, lives: Lives | None = None
) -> list[DueItem]:
    """The milestones whose day has passed on `as_of`, longest overdue first."""
    found = due_items(extractions, as_of, lives=lives)
    return [item for item in found if item.state is State.OVERDUE]


def due_soon(
    extractions: Iterable[Extraction], as_of: date, *, days: int = DUE_SOON, lives: Lives | None = None
) -> list[DueItem]:  # fmt: skip
    """The milestones due from `as_of` to `days` later, both days included."""
    found = due_items(extractions, as_of, days=days, lives=lives)
    return [item for item in found if item.state is State.DUE_SOON]


def add_duration(day: date, duration: str, *, back: bool = False) -> date:
    """A day and an ISO 8601 duration of years, months, weeks and days (`P3M`, `P30D`); with `back`,
    that long before it. The end of a shorter month stands for a day it lacks: 30 November and P3M
    give 28 February, 31 January and P1M in a leap year 29 February.

    Raises:
        FieldError: it is no such duration, or the day lies beyond the calendar.
    """
    match = _DURATION.fullmatch(duration)
    if match is None or duration == "P":
        raise FieldError(f"不是时长: {duration} / not a duration (P3M, P30D): {duration}")
    years, months, weeks, days = (int(part or 0) for part in match.groups())
    step = relativedelta(years=years, months=months, weeks=weeks, days=days)
    try:
        found: date = day - step if back else day + step
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
        for label, due in row.occasions:
            yield _Turn(
                label, due, add_duration(due, row.duration, back=True) if row.duration else None
            )
        if not row.occasions:
            yield _Turn("", None, None)
    elif row.kind is DueKind.RECURRING:
        whole = days_of(row, as_of)
        ahead = bisect_left(whole, as_of)  # the first that is not before as_of
        missed = sum((row.id, day.isoformat()) not in lives for day in whole[: max(ahead - 1, 0)])
        for number, day in enumerate(whole):
            key = day.isoformat()
            if number in (ahead - 1, ahead) or (row.id, key) in lives:
                begun = whole[number - 1] if number else row.first
                yield _Turn(key, day, begun, missed if number == ahead - 1 else 0)
    else:
        yield _Turn("", None if row.kind is DueKind.START else row.due, row.first)


def _item(
    row: Row,
    turn: _Turn,
    lives: Lives,
    as_of: date,
    days: int,
) -> DueItem:
    # Copies, not new ones: the fields are of their types already, and checking those of 100,000
    # again would cost seconds.
    life = lives.get((row.id, turn.key)) or _NEW.model_copy(
        update={"milestone_id": row.id, "occurrence": turn.key}
    )
    due = holding_day(life, turn.printed)
    state = _state(row, life, due, as_of, days)
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
        missed=turn.missed,
        recorded_at=row.recorded_at,
        life=life,
        units=row.units,
    )


def _state(row: Row, life: Life, due: date | None, as_of: date, days: int) -> State:
    if life.status in FINISHED:
        return State.FINISHED
    if due is None:
        return _WITHOUT_DAY.get(row.kind, State.NEVER)
    # A clock that was ahead: it was submitted by `as_of`, whatever day it says.
    since = min(life.since or due, as_of)
    if life.status is Status.REPORTED and since <= due:
        return State.REVIEW
    return state_on(due, as_of, days=days)


_WITHOUT_DAY = {DueKind.RELATIVE: State.WAITING, DueKind.NONE: State.UNDATED}


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

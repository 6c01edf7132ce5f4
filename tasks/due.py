"""How every milestone stands as of a date: overdue, near, behind, waiting. Computed, never stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from dateutil.relativedelta import relativedelta
from dateutil.rrule import rrulestr

from kb.models import Fact
from tasks.lifecycle import FINISHED, Life, Status
from tasks.models import Assignment, Certainty, Deadline, DueKind, Extraction, Role

DUE_SOON = 30
"""Days ahead that count as near, unless told otherwise."""

Lives = Mapping[tuple[str, str], Life]
"""Lives by milestone and occurrence; a milestone that is not there never took a step."""


class State(StrEnum):
    """How a milestone stands on a day."""

    OVERDUE = "overdue"
    DUE_SOON = "due-soon"
    LATER = "later"
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
    """A unit in a role."""

    unit: str
    unit_id: str | None
    role: Role


@dataclass(frozen=True, slots=True)
class Row:
    """A milestone as the store lists it: its place, its deadline, who bears its task.

    `first` is the day from which it runs and `last` its plan's end (between which a recurring one
    occurs); `occasions` are the recorded events of a relative one with the days that follow.
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
    occurrences of a recurring one that nobody reported on. `recorded_at` is when the document
    came into the store (UTC).
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


def bearers(assignments: Iterable[Assignment]) -> tuple[Bearer, ...]:
    """Units with their roles, each pair once, in order."""
    found = {(a.unit, a.role): Bearer(unit=a.unit, unit_id=a.unit_id, role=a.role) for a in assignments}  # fmt: skip
    return tuple(found.values())


def rows_of(extraction: Extraction) -> list[Row]:
    """The milestones of one document as rows, in the order of the text."""
    plans = {plan.id: plan for plan in extraction.plans}
    paths = {clause.id: clause.path for clause in extraction.clauses}
    known = extraction.document.written_on or extraction.document.published_on
    found: list[Row] = []
    for task in extraction.tasks:
        period = plans[task.plan_id].period
        units = bearers(task.responsibilities)
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
    """All days of a recurring milestone: from its first day to its plan's end (without one, to a
    year after `as_of`)."""
    first = row.first or as_of
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
        for occurrence, printed, missed in _occurrences(row, lives, as_of):
            yield _item(row, occurrence, printed, missed, lives, as_of, days)


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


def _occurrences(row: Row, lives: Lives, as_of: date) -> Iterator[tuple[str, date | None, int]]:
    """(occurrence, its day by the text, earlier ones that nobody reported on)."""
    if row.kind is DueKind.RELATIVE:
        yield from ((label, due, 0) for label, due in row.occasions)
        if not row.occasions:
            yield "", None, 0
    elif row.kind is DueKind.RECURRING:
        whole = days_of(row, as_of)
        past = [day for day in whole if day < as_of]
        for day in whole:
            key = day.isoformat()
            missed = 0
            if past and day == past[-1]:
                missed = sum((row.id, other.isoformat()) not in lives for other in past[:-1])
            shown = day in past[-1:] or (day >= as_of and whole.index(day) == len(past))
            if shown or (row.id, key) in lives:
                yield key, day, missed
    else:
        yield "", None if row.kind is DueKind.START else row.due, 0


def _item(
    row: Row,
    occurrence: str,
    printed: date | None,
    missed: int,
    lives: Lives,
    as_of: date,
    days: int,
) -> DueItem:
    life = lives.get((row.id, occurrence)) or Life.model_construct(
        milestone_id=row.id, occurrence=occurrence
    )
    due = life.due or printed
    state = _state(row, life, due, as_of, days)
    behind = _behind(row, life, due, as_of) and state in (State.DUE_SOON, State.LATER)
    # Every field is of its type already: checking 100,000 of them again would cost seconds.
    return DueItem.model_construct(
        document_id=row.document_id,
        plan_id=row.plan_id,
        clause_id=row.clause_id,
        task_id=row.task_id,
        milestone_id=row.id,
        occurrence=occurrence,
        path=row.path,
        title=row.title,
        commitment=row.commitment,
        due=due,
        printed=printed,
        kind=row.kind,
        certainty=row.certainty,
        inherited=Certainty.INHERITED in row.certainty,
        days=(as_of - due).days if due else None,
        state=state,
        colour=_colour(state, behind),
        behind=behind,
        missed=missed,
        recorded_at=row.recorded_at,
        life=life,
        units=row.units,
    )


def _state(row: Row, life: Life, due: date | None, as_of: date, days: int) -> State:
    if life.status in FINISHED:
        return State.FINISHED
    if due is None:
        return State.WAITING if row.kind is DueKind.RELATIVE else State.NEVER
    if life.status is Status.REPORTED and (life.since is None or life.since <= due):
        return State.REVIEW
    return state_on(due, as_of, days=days)


def _behind(row: Row, life: Life, due: date | None, as_of: date) -> bool:
    """Whether an extension was refused, or the reported progress is below the share of time gone.
    Without a report nothing is known of the progress, so nothing is said of it."""
    if life.refused:
        return True
    if life.percent is None or due is None or row.first is None or due <= row.first:
        return False
    gone = (as_of - row.first).days / (due - row.first).days
    return life.percent < 100 * gone


def _colour(state: State, behind: bool) -> Colour:
    if state is State.OVERDUE:
        return Colour.RED
    if behind:
        return Colour.YELLOW
    return Colour.BLUE if state is State.DUE_SOON else Colour.NONE

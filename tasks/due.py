"""What is due and what is overdue as of a date. Computed, never stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum

from dateutil.relativedelta import relativedelta
from dateutil.rrule import rrulestr

from kb.models import Fact, Plan
from tasks.models import Assignment, Certainty, Deadline, DueKind, Extraction, Milestone, Task

DUE_SOON = 30
"""Days ahead that count as near, unless told otherwise."""


class State(StrEnum):
    """How a milestone stands on a day, by its date alone (progress is the tracker's)."""

    OVERDUE = "overdue"
    DUE_SOON = "due-soon"
    LATER = "later"
    NEVER = "never"  # a start: nothing is ever overdue
    WAITING = "waiting"  # a relative deadline whose event is not recorded


class DueItem(Fact):
    """A milestone (or one occurrence of a recurring one) with its day. `days` is as of minus due:
    positive where overdue. `inherited`: the date is the plan's, not the duty's own."""

    document_id: str
    plan_id: str
    clause_id: str
    task_id: str
    milestone_id: str
    path: str
    title: str
    commitment: str
    due: date
    kind: DueKind
    certainty: tuple[Certainty, ...]
    inherited: bool
    days: int
    state: State
    units: tuple[Assignment, ...]


def occurrences(deadline: Deadline, first: date, last: date) -> list[date]:
    """The due days of a recurring deadline in `[first, last]`, in order.

    A rule that names no day is due on the last day of its period: YEARLY on 31 December, with a
    month on that month's last day, MONTHLY on the month's last day, WEEKLY on Sunday.
    """
    if deadline.rrule is None or first > last:
        return []
    parts = dict(item.split("=", 1) for item in deadline.rrule.split(";"))
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
    return [day.date() for day in found if first <= day.date() <= last]


def state_on(due: date, as_of: date, *, days: int = DUE_SOON) -> State:
    """The state of a dated milestone: overdue from the day after it, near `days` before it."""
    if due < as_of:
        return State.OVERDUE
    return State.DUE_SOON if due <= as_of + timedelta(days=days) else State.LATER


def due_items(
    extractions: Iterable[Extraction], as_of: date, *, days: int = DUE_SOON
) -> list[DueItem]:
    """All dated milestones as they stand on `as_of`, soonest first; those without a day
    (`start`, `relative`) are left out.

    Of a recurring milestone the last occurrence before `as_of` (not before the document's date)
    and the next one up to the plan's end are given.
    """
    found: list[DueItem] = []
    for extraction in extractions:
        plans = {plan.id: plan for plan in extraction.plans}
        paths = {clause.id: clause.path for clause in extraction.clauses}
        for task in extraction.tasks:
            for milestone in task.milestones:
                for due in _days(extraction, plans[task.plan_id], milestone, as_of):
                    found.append(_item(extraction, task, milestone, due, as_of, days, paths))
    return sorted(found, key=lambda item: (item.due, item.document_id, item.path))


def overdue(extractions: Iterable[Extraction], as_of: date) -> list[DueItem]:
    """The milestones whose day has passed on `as_of`, longest overdue first."""
    return [item for item in due_items(extractions, as_of) if item.state is State.OVERDUE]


def due_soon(
    extractions: Iterable[Extraction], as_of: date, *, days: int = DUE_SOON
) -> list[DueItem]:
    """The milestones due from `as_of` to `days` later, both days included."""
    found = due_items(extractions, as_of, days=days)
    return [item for item in found if item.state is State.DUE_SOON]


def _days(extraction: Extraction, plan: Plan, milestone: Milestone, as_of: date) -> Iterator[date]:
    due = milestone.due
    if due.kind in (DueKind.START, DueKind.RELATIVE):
        return
    if due.kind is DueKind.RECURRING:
        known = extraction.document.written_on or extraction.document.published_on
        first = known or (plan.period.start if plan.period else as_of)
        last = plan.period.end if plan.period else as_of + relativedelta(years=1)
        past = occurrences(due, first, min(last, as_of - timedelta(days=1)))
        yield from past[-1:]
        yield from occurrences(due, max(first, as_of), last)[:1]
    elif due.date is not None:
        yield due.date


def _item(
    extraction: Extraction,
    task: Task,
    milestone: Milestone,
    due: date,
    as_of: date,
    days: int,
    paths: dict[str, str],
) -> DueItem:
    return DueItem(
        document_id=extraction.document.id,
        plan_id=task.plan_id,
        clause_id=task.clause_id,
        task_id=task.id,
        milestone_id=milestone.id,
        path=paths[task.clause_id],
        title=task.title,
        commitment=milestone.commitment,
        due=due,
        kind=milestone.due.kind,
        certainty=milestone.due.certainty,
        inherited=Certainty.INHERITED in milestone.due.certainty,
        days=(as_of - due).days,
        state=state_on(due, as_of, days=days),
        units=task.responsibilities,
    )

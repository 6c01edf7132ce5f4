"""更正: forms by which a supervisor corrects what was extracted; each correction shown beside what it
replaced, with who, when and why; taken back, or confirmed again, from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Response
from pydantic import BaseModel, ConfigDict, Field

from api.service.fields import Line, Words
from api.service.pages.names import Names
from api.service.pages.screen import Screen, allowed, local_path, read_day
from kb.durations import parse_duration, print_duration
from kb.errors import DubanError, NotFoundError
from kb.language.quantities import Comparator
from kb.language.roles import Role
from tasks.authorisation import Action
from tasks.corrections import Aspect, Correction, CorrectionStatus, Draft, Operation
from tasks.deadline_words import (
    NO_DEADLINE,
    ONGOING,
    SPANS,
    WORKDAYS,
    describe_recurrence,
    describe_recurring,
    describe_relative,
)
from tasks.models import (
    Certainty,
    Counting,
    Deadline,
    DueKind,
    Extraction,
    Target,
    Task,
)
from tasks.undated import is_ongoing
from tasks.words import describe_target

router = APIRouter()
Correcting = Annotated[Screen, Depends(allowed(Action.CORRECT))]
_ASPECTS = {
    Aspect.OWNER: ("责任单位", "who is responsible"),
    Aspect.ROLE: ("角色", "role"),
    Aspect.DATE: ("时限", "deadline"),
    Aspect.TARGET: ("目标值", "target"),
}
_OPERATIONS = {
    Operation.CHANGE: ("改", "changed"),
    Operation.ADD: ("补", "added"),
    Operation.REJECT: ("删", "removed"),
}
_STATUSES = {
    CorrectionStatus.ACTIVE: ("有效", "holds"),
    CorrectionStatus.REOPENED: ("条款已变，待复核", "the clause changed: to be looked at again"),
    CorrectionStatus.WITHDRAWN: ("已撤回", "withdrawn"),
}
KINDS = {
    DueKind.BY: ("截止日期", "by a day"),
    DueKind.IN: ("在某段时间内", "within a time"),
    DueKind.RECURRING: ("定期", "recurring"),
    DueKind.RELATIVE: ("从事件起算", "after an event"),
    DueKind.START: ("起始时间 (不计逾期)", "a start (never overdue)"),
    DueKind.PERIOD: ("计划期限", "the plan's end"),
}
"""The kinds of deadlines as the form offers them."""
RULES = {
    rule: (describe_recurrence(rule, "zh"), describe_recurrence(rule, "en"))
    for rule in (
        "FREQ=YEARLY", "FREQ=MONTHLY;INTERVAL=6", "FREQ=MONTHLY;INTERVAL=3", "FREQ=MONTHLY", "FREQ=WEEKLY",
    )
}  # fmt: skip
"""How often a duty may recur, as the form offers it."""
LENGTHS = {**SPANS, "working_days": WORKDAYS}
"""What a time after an event may be counted in, as the form offers it."""
_SIGNS = {Comparator.AT_LEAST: "≥", Comparator.AT_MOST: "≤", Comparator.ABOUT: "≈"}
SIGNS = {c: _SIGNS.get(c, c.value) for c in Comparator}


@dataclass(frozen=True, slots=True)
class Fix:
    """A correction as it is shown: what it is about, what was read and what stands instead (one of
    the two is empty where something is added or removed)."""

    correction: Correction
    aspect: str
    operation: str
    status: str
    before: str
    after: str

    @property
    def holds(self) -> bool:
        """Whether it lies over what was extracted."""
        return self.correction.status is CorrectionStatus.ACTIVE

    @property
    def reopened(self) -> bool:
        """Whether somebody has to look at it again."""
        return self.correction.status is CorrectionStatus.REOPENED

    @property
    def withdrawn(self) -> bool:
        """Whether it was taken back."""
        return self.correction.status is CorrectionStatus.WITHDRAWN


@dataclass(frozen=True, slots=True)
class Fixes:
    """All corrections of a task, the latest first, and those that stand in a fact shown."""

    all: tuple[Fix, ...]
    owners: Mapping[tuple[str, Role], Fix]
    facts: Mapping[str, Fix]


class CorrectionForm(BaseModel):
    """A correction as the forms of a task's page send it; what is empty was not filled in."""

    model_config = ConfigDict(extra="ignore")

    aspect: Aspect
    operation: Operation
    fact_id: Line = ""
    unit: Line = ""
    role: Role | Literal[""] = ""
    new_unit: Line = ""
    new_role: Role | Literal[""] = ""
    kind: DueKind = DueKind.BY
    day: Line = ""
    begin: Line = ""
    every: Line = ""
    month: Line = ""
    event: Line = ""
    count: Line = ""
    span: Line = ""
    metric: Line = ""
    scope: Line = ""
    comparator: Comparator = Comparator.AT_LEAST
    value: Line = ""
    measure: Line = ""
    per: Line = ""
    stretch: Line = ""
    milestone: Line = ""
    quote: Words = ""
    reason: Words = ""
    csrf: Annotated[str, Field(max_length=200)] = ""


@router.post("/tasks/{task_id}/corrections")
def correct(task_id: str, s: Correcting, form: Annotated[CorrectionForm, Form()]) -> Response:
    """Correct an owner, a deadline or a target of a task."""
    s.check(form.csrf)
    task = s.service.register(s.viewer.actor).placed(task_id).task

    def act() -> None:
        s.service.tracker.correct(s.viewer.actor, draft_of(task, form), s.service.now())

    return s.attempt(
        act, f"/tasks/{quote(task_id)}#fixes", s.t("更正已生效，原读法保留在更正记录里")
    )


@router.post("/corrections/{correction_id}/withdraw")
def withdraw(
    correction_id: str,
    s: Correcting,
    reason: Annotated[str, Form(max_length=5000)] = "",
    back: Annotated[str, Form(max_length=500)] = "/review",
    csrf: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Take a correction back: what was extracted holds again."""
    s.check(csrf)
    _seen(s, correction_id)
    actor, now = s.viewer.actor, s.service.now()
    return s.attempt(
        lambda: s.service.tracker.withdraw(actor, correction_id, reason, now),
        local_path(back, "/review"), s.t("更正已撤回，原读法恢复"),
    )  # fmt: skip


@router.post("/corrections/{correction_id}/confirm")
def confirm(
    correction_id: str,
    s: Correcting,
    reason: Annotated[str, Form(max_length=5000)] = "",
    back: Annotated[str, Form(max_length=500)] = "/review",
    csrf: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Let a re-opened correction hold for the text as it reads now."""
    s.check(csrf)
    _seen(s, correction_id)
    actor, now = s.viewer.actor, s.service.now()
    return s.attempt(
        lambda: s.service.tracker.confirm(actor, correction_id, reason, now),
        local_path(back, "/review"), s.t("更正已确认"),
    )  # fmt: skip


def fixes_of(s: Screen, task: Task, document_id: str) -> Fixes:
    """The corrections of a task."""
    found = [c for c in s.service.tracker.corrections(document_id) if c.task_id == task.id]
    fixes = [_fix(c, s.names, s.language) for c in found]
    owners: dict[tuple[str, Role], Fix] = {}
    facts: dict[str, Fix] = {}
    for fix in fixes:
        c = fix.correction
        if not fix.holds or c.operation is Operation.REJECT:
            continue
        if c.aspect in (Aspect.OWNER, Aspect.ROLE):
            before = c.original or {}
            role = c.new_role or c.role or Role(before["role"])
            first = owners.pop((before.get("unit", ""), Role(before.get("role", role))), None)
            owners[c.new_unit or c.unit, role] = _since(first, fix)
        else:
            facts[c.fact_id] = _since(facts.get(c.fact_id), fix)
    return Fixes(tuple(reversed(fixes)), owners, facts)


def said_due(due: Deadline, names: Names) -> str:
    """A deadline as it is read: a day, a recurrence, a time after an event."""
    if due.kind is DueKind.RECURRING:
        return describe_recurring(due, ("zh", "en")[names.side])
    if due.kind is DueKind.RELATIVE:
        language = ("zh", "en")[names.side]
        return describe_relative(
            due.event or "", due.duration or "", language, due.counting, ahead=due.ahead
        )
    if due.kind is DueKind.NONE:
        return (ONGOING if is_ongoing(due.kind, due.certainty) else NO_DEADLINE)[names.side]
    if due.kind is DueKind.START:
        return f"{due.start or due.date or ''} {('起', 'on')[names.side]}"
    if due.kind is DueKind.IN and due.start:
        return f"{due.start} — {due.date}"
    return str(due.date or "")


def draft_of(task: Task, form: CorrectionForm) -> Draft:
    """The correction that a form asks for.

    Raises:
        DubanError: a day or a number in it is none.
    """
    values: dict[str, Any] = {}
    new_unit, new_role, aspect = "".join(form.new_unit.split()), form.new_role or None, form.aspect
    deadline: Deadline | None = None
    if form.aspect is Aspect.OWNER and form.operation is Operation.CHANGE:
        # The form shows the present unit and role: what was left as it was is no change.
        if new_unit in ("", form.unit):
            new_unit, aspect = "", Aspect.ROLE
        if new_role == form.role and new_unit:
            new_role = None
    if form.aspect is Aspect.DATE and form.operation is not Operation.REJECT:
        deadline = _deadline(form)
    if form.aspect is Aspect.TARGET and form.operation is not Operation.REJECT:
        values = _values(task, form)
    return Draft(
        task_id=task.id, aspect=aspect, operation=form.operation, fact_id=form.fact_id,
        unit=form.unit if form.operation is not Operation.ADD else "".join(form.unit.split()),
        role=form.role or None, new_unit=new_unit, new_role=new_role, deadline=deadline,
        values=values, quote=form.quote.strip(), reason=form.reason,
    )  # fmt: skip


def _deadline(form: CorrectionForm) -> Deadline:
    day, begin = read_day(form.day), read_day(form.begin)
    certainty = (Certainty.EXPLICIT,)
    match form.kind:
        case DueKind.RECURRING:
            month = _number(form.month, 12) if form.month.strip() else 0
            yearly = form.every == "FREQ=YEARLY" and month
            rule = f"{form.every};BYMONTH={month}" if yearly else form.every
            return Deadline(kind=form.kind, rrule=rule, certainty=certainty)
        case DueKind.RELATIVE:
            if not form.event.strip():
                raise DubanError("要写明从什么事件起算 / the event is needed")
            if form.span not in LENGTHS:
                raise DubanError("要写明多长时间 / the length is needed")
            working = form.span == "working_days"
            return Deadline(
                kind=form.kind,
                duration=print_duration(
                    [("D" if working else form.span, Decimal(_number(form.count, 9999)))]
                ),
                counting=Counting.WORKING_DAYS if working else Counting.DAYS,
                event=form.event.strip(),
                certainty=certainty,
            )
        case DueKind.START:
            return Deadline(kind=form.kind, start=day, date=day, certainty=certainty)
    if form.kind is DueKind.IN and begin and day and begin > day:
        raise DubanError(f"{begin} 晚于 {day} / {begin} is after {day}")
    start = begin if form.kind is DueKind.IN else None
    return Deadline(kind=form.kind, date=day, start=start, certainty=certainty)


def _values(task: Task, form: CorrectionForm) -> dict[str, Any]:
    """The fields of a target that the form changes: all for a new one, else those that differ."""
    given: dict[str, Any] = {
        "metric": form.metric.strip(), "scope": form.scope.strip() or None,
        "comparator": form.comparator.value, "value": form.value.strip().replace(",", ""),
        "measure": form.measure.strip() or None, "per": form.per.strip() or None,
        "stretch": bool(form.stretch), "milestone_id": form.milestone or None,
    }  # fmt: skip
    if not given["value"]:
        raise DubanError("要写明数值 / a value is needed")
    if form.operation is Operation.ADD:
        if not given["metric"]:
            raise DubanError("要写明指标 / a metric is needed")
        return given
    before = next((t for t in task.targets if t.id == form.fact_id), None)
    if before is None:
        raise NotFoundError(f"没有目标 {form.fact_id} / no target {form.fact_id}")
    shown = before.model_dump(mode="json", include=set(given)) | {"value": f"{before.value:f}"}
    changed = {name: value for name, value in given.items() if value != shown[name]}
    # An uncertain value that is typed as it was read is confirmed by that.
    return changed or ({"value": given["value"]} if before.uncertain else {})


def _number(printed: str, most: int) -> int:
    if not printed.strip().isascii() or not printed.strip().isdigit():
        raise DubanError(f"不是整数: {printed[:20]} / not a whole number: {printed[:20]}")
    number = int(printed[:6])
    if not 1 <= number <= most:
        raise DubanError(f"要在 1 到 {most} 之间 / from 1 to {most}")
    return number


def _seen(s: Screen, correction_id: str) -> None:
    """A correction of a document that one may not see is as if there were none."""
    ids = s.service.visible(s.viewer.actor)
    known = s.service.tracker.corrections()
    if not any(c.id == correction_id and c.document_id in ids for c in known):
        raise NotFoundError(f"没有更正 {correction_id} / no correction {correction_id}")


def _since(first: Fix | None, last: Fix) -> Fix:
    """The last correction of a fact with what was extracted, not what the one before it said."""
    if first is None:
        return last
    return Fix(last.correction, last.aspect, first.operation, last.status, first.before, last.after)


def _fix(c: Correction, names: Names, language: str) -> Fix:
    before, after = "", ""
    old = c.original
    match c.aspect:
        case Aspect.OWNER | Aspect.ROLE:
            if old:
                before = f"{old['unit']} ({names.role(Role(old['role']))})"
            if c.operation is not Operation.REJECT:
                role = c.new_role or (Role(old["role"]) if old else c.role or Role.RESPONSIBLE)
                after = f"{c.new_unit or c.unit} ({names.role(role)})"
        case Aspect.DATE:
            if old:
                before = said_due(Deadline.model_validate(old["due"]), names)
            if c.deadline is not None and c.operation is not Operation.REJECT:
                after = said_due(c.deadline, names)
        case Aspect.TARGET:
            if old:
                before = describe_target(Target.model_validate(old), language)
            if c.operation is not Operation.REJECT:
                after = _target_after(c, language)
    side = names.side
    return Fix(
        c, _ASPECTS[c.aspect][side], _OPERATIONS[c.operation][side], _STATUSES[c.status][side],
        before, after,
    )  # fmt: skip


def _target_after(c: Correction, language: str) -> str:
    values = {("measure" if k == "unit" else k): v for k, v in c.values.items()}
    base = {**c.original} if c.original else {"milestone_id": None, "id": "-", "span": (0, 1), "quote": "-"}  # fmt: skip
    base |= {"measure": base.pop("unit", None), "uncertain": False}
    return describe_target(Target.model_validate(base | values), language)


def due_fields(due: Deadline | None) -> dict[str, Any]:
    """What the form of a deadline is filled in with."""
    length = parse_duration((due.duration or "") if due else "") or {}
    [(span, count)] = length.items() if len(length) == 1 else [("M", "")]
    rule = dict(p.split("=", 1) for p in (due.rrule or "").split(";") if "=" in p) if due else {}
    month = rule.pop("BYMONTH", "")
    plain = ";".join(f"{k}={v}" for k, v in rule.items())
    day: date | None = (due.date or due.start) if due else None
    working = due is not None and due.counting is Counting.WORKING_DAYS
    return {
        "kind": due.kind if due and due.kind in KINDS else DueKind.BY, "day": day or "",
        "begin": (due.start if due and due.kind is DueKind.IN else None) or "",
        "every": plain if plain in RULES and month.isdigit() | (not month) else (due.rrule or "" if due else ""),
        "month": month if plain in RULES and month.isdigit() else "",
        "event": (due.event or "") if due else "",
        "count": str(count), "span": "working_days" if working else span,
    }  # fmt: skip


def printed_of(extraction: Extraction, due: Deadline) -> str:
    """The characters that a deadline was read from; empty where there are none."""
    return " ".join(due.span.slice(extraction.document.text).split()) if due.span else ""

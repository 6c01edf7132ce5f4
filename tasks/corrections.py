"""A person's corrections, laid over what was extracted; the original stays as it was read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import Field

from kb.errors import ConflictError, DubanError, NotFoundError, TransitionError
from kb.language.organisations import OrgUnit, organisations_for
from kb.language.roles import Role
from kb.models import Fact, Span
from kb.recurrence import month_end_rule
from tasks.due import add_duration
from tasks.fields import LONGEST_UNIT, FieldError, check_words, read_fields
from tasks.models import (
    Assignment,
    Basis,
    Counting,
    Deadline,
    DueKind,
    Extraction,
    Milestone,
    Target,
    Task,
)
from tasks.recurrence import occurrences
from tasks.units import jurisdiction_of


class Aspect(StrEnum):
    """What of a task is corrected."""

    OWNER = "owner"  # 责任单位
    ROLE = "role"  # 单位的角色
    DATE = "date"  # 时限
    TARGET = "target"  # 目标值


class Operation(StrEnum):
    """Replace a reading, add what was missed, or reject what is none."""

    CHANGE = "change"
    ADD = "add"
    REJECT = "reject"


class CorrectionStatus(StrEnum):
    """Whether a correction holds."""

    ACTIVE = "active"
    REOPENED = "reopened"  # the clause's text changed: to be looked at again
    WITHDRAWN = "withdrawn"


class Draft(Fact):
    """A correction as a person gives it.

    `fact_id` is the milestone or target concerned (empty for owners; of something added the
    tracker gives it); `unit` and `role` say which owner; `new_unit`, `new_role`, `deadline` and
    `values` (fields of a target by name, see `EDITABLE`) what shall stand; `unit_id` the node of
    the unit added or put in its place, found by `resolve_owner`; `quote` the words of the clause
    that something added rests on (empty: the whole task).
    """

    task_id: str
    aspect: Aspect
    operation: Operation
    fact_id: str = ""
    unit: str = ""
    unit_id: str | None = None
    role: Role | None = None
    new_unit: str = ""
    new_role: Role | None = None
    deadline: Deadline | None = None
    values: dict[str, Any] = Field(default_factory=dict)
    quote: str = ""
    reason: str


class Correction(Draft):
    """A correction in the store, with the extracted original (None where something is added).
    `at` is UTC. A re-opened one names the task and fact that stand in the old one's place, where
    there is one; it changes nothing until it is confirmed."""

    id: str
    document_id: str
    original: dict[str, Any] | None
    actor: str
    at: str
    status: CorrectionStatus = CorrectionStatus.ACTIVE


EDITABLE = frozenset(
    {"metric", "scope", "comparator", "value", "measure", "per", "approximate", "stretch",
     "milestone_id"}
)  # fmt: skip
"""The fields of a target that a person may set; `unit` is another name of `measure`."""


_MONTH, _DAY = r"(?:[1-9]|1[0-2])", r"-?(?:[1-9]|[12]\d|3[01])"
_HOUR = r"(?:1?\d|2[0-3])"
_WEEKDAY = r"(?:-?[1-5])?(?:MO|TU|WE|TH|FR|SA|SU)"
_RULE_PARTS = {
    "FREQ": re.compile("YEARLY|MONTHLY|WEEKLY|DAILY|HOURLY|MINUTELY"),
    "INTERVAL": re.compile(r"[1-9]\d?"),
    "BYMONTH": re.compile(f"{_MONTH}(?:,{_MONTH})*"),
    "BYMONTHDAY": re.compile(f"{_DAY}(?:,{_DAY})*"),
    "BYDAY": re.compile(f"{_WEEKDAY}(?:,{_WEEKDAY})*"),
    "BYHOUR": re.compile(f"{_HOUR}(?:,{_HOUR}){{0,11}}"),
    "BYMINUTE": re.compile(r"[1-5]?\d"),
    "BYSETPOS": re.compile(r"-?[1-9](?:,-?[1-9])*"),
}
"""The parts of RFC 5545's rules that a person may use."""


def apply_corrections(extraction: Extraction, corrections: Iterable[Correction]) -> Extraction:
    """The extraction as corrected, in the order the corrections were made. Those that are not
    active, or whose fact is gone (what added it was withdrawn), change nothing."""
    tasks = {task.id: task for task in extraction.tasks}
    changed = False
    for correction in corrections:
        task = tasks.get(correction.task_id)
        if correction.status is not CorrectionStatus.ACTIVE or task is None:
            continue
        try:
            tasks[task.id] = correct_task(extraction, task, correction)[0]
        except DubanError:
            continue
        changed = True
    return extraction.model_copy(update={"tasks": tuple(tasks.values())}) if changed else extraction


def resolve_owner(extraction: Extraction, draft: Draft) -> Draft:
    """A draft whose unit (of an owner to add, or to put in another's place) has the name and id
    that the document's other duties and the lexicon know it by, so that it is one unit everywhere.
    A name that nothing resolves stays as given, without an id, as in an extraction."""
    adds = draft.operation is Operation.ADD
    if draft.aspect not in (Aspect.OWNER, Aspect.ROLE) or not (adds or draft.new_unit):
        return draft
    given = "".join((draft.unit if adds else draft.new_unit).split())
    known = {a.unit: a.unit_id for task in extraction.tasks for a in task.responsibilities}
    name, key = given, known.get(given)
    if given not in known and (found := _resolve(extraction, given)):
        called = {unit_id: unit for unit, unit_id in known.items() if unit_id}
        name, key = called.get(found.id, found.name), found.id
    return draft.model_copy(update={"unit" if adds else "new_unit": name, "unit_id": key})


def _resolve(extraction: Extraction, unit: str) -> OrgUnit | None:
    document = extraction.document
    return organisations_for(jurisdiction_of(document)).resolve(unit)


def check_draft(draft: Draft) -> None:
    """Check what does not depend on the task: words that can be kept, a deadline that can be
    reckoned with.

    Raises:
        TransitionError: there is no reason.
        FieldError: words or a deadline cannot be used.
    """
    if not draft.reason.strip():
        raise TransitionError("更正要写明理由 / a correction needs a reason", hint="--reason")
    check_words("理由", "reason", draft.reason)
    check_words("原文", "quote", draft.quote)
    for unit in (draft.unit, draft.new_unit):
        check_words("单位", "unit", unit, longest=LONGEST_UNIT)
    for name, value in draft.values.items():
        check_words(name, name, str(value))
    if draft.deadline is not None:
        _check_deadline(draft.deadline)


def _check_deadline(due: Deadline) -> None:
    wanted = {
        DueKind.START: due.start,
        DueKind.RECURRING: due.rrule,
        DueKind.RELATIVE: due.duration,
    }.get(due.kind, due.date)
    if not wanted:
        raise FieldError(f"时限不全: {due.kind} / an incomplete deadline: {due.kind}")
    if due.duration:
        add_duration(date(2024, 2, 29), due.duration, due.counting)
    elif due.counting is Counting.WORKING_DAYS:
        raise FieldError(
            "只有从事件起算的时限可按工作日计 / only a time after an event is counted in working days"
        )
    if due.rrule:
        _check_rule(due.rrule)
        try:
            occurrences(due, date(2024, 1, 1), date(2024, 12, 31))
        except (ValueError, KeyError, TypeError) as error:
            raise FieldError(
                f"周期规则不可用: {due.rrule} / not a rule of RFC 5545: {due.rrule}"
            ) from error


def _check_rule(printed: str) -> None:
    """Rules of the parts that are used, each once: a rule by the second, or one that leaves out every
    day, would be reckoned for ever."""
    parts = [part.partition("=") for part in printed.split(";")]
    names = {name for name, _, _ in parts}
    whole = "FREQ" in names and len(names) == len(parts)
    if not whole or not all(
        name in _RULE_PARTS and _RULE_PARTS[name].fullmatch(value) for name, _, value in parts
    ):
        raise FieldError(
            f"周期规则不可用, 如 FREQ=YEARLY;BYMONTH=6 / not a rule that is used: {printed}"
        )


def correct_task(
    extraction: Extraction, task: Task, draft: Draft
) -> tuple[Task, dict[str, Any] | None]:
    """The task after one correction, and the original that it replaces.

    Raises:
        NotFoundError: the fact that it names is not in the task, or the quote not in its clause.
        ConflictError: what it adds is there already.
        TransitionError: something the correction needs is missing.
        FieldError: a field cannot be used.
    """
    check_draft(draft)
    match draft.aspect:
        case Aspect.OWNER | Aspect.ROLE:
            return _owners(extraction, task, draft)
        case Aspect.DATE:
            return _dates(extraction, task, draft)
        case Aspect.TARGET:
            return _targets(extraction, task, draft)


def _owners(extraction: Extraction, task: Task, draft: Draft) -> tuple[Task, dict[str, Any] | None]:
    owners = task.responsibilities
    if draft.operation is Operation.ADD:
        if not draft.unit.strip() or draft.role is None:
            raise TransitionError("要给出单位和角色 / a unit and a role are needed")
        _refuse_second(owners, draft.unit, draft.unit_id, draft.role)
        span, quote = _place(extraction, task, draft.quote)
        added = Assignment(
            unit=draft.unit,
            unit_id=draft.unit_id,
            role=draft.role,
            basis=Basis.MANUAL,
            span=span,
            quote=quote,
        )
        return _with(task, responsibilities=(*owners, added)), None
    meant = [a for a in _bearing(extraction, owners, draft.unit) if draft.role in (None, a.role)]
    if not meant:
        raise NotFoundError(
            f"任务 {task.id} 没有单位“{draft.unit}” / task {task.id} has no unit {draft.unit!r}"
        )
    if len(roles := {a.role for a in meant}) > 1:
        raise TransitionError(
            f"“{draft.unit}”有几种角色, 要指明是哪一种 / {draft.unit} has several roles "
            f"({', '.join(sorted(roles))}): name one",
            hint="--role",
        )
    original = meant[0].model_dump(mode="json")
    if draft.operation is Operation.REJECT:
        return _with(task, responsibilities=tuple(a for a in owners if a not in meant)), original
    if draft.aspect is Aspect.ROLE and draft.new_role is None:
        raise TransitionError("要给出新的角色 / a new role is needed")
    if not draft.new_unit and draft.new_role is None:
        raise TransitionError("要给出新的单位或角色 / a new unit or role is needed")
    unit, key = (
        (draft.new_unit, draft.unit_id) if draft.new_unit else (meant[0].unit, meant[0].unit_id)
    )
    _refuse_second(owners, unit, key, draft.new_role or meant[0].role)
    update: dict[str, object] = {"basis": Basis.MANUAL, "role": draft.new_role or meant[0].role}
    if draft.new_unit:
        update |= {"unit": draft.new_unit, "unit_id": draft.unit_id}
    changed = tuple(a.model_copy(update=update) if a in meant else a for a in owners)
    return _with(task, responsibilities=changed), original


def _bearing(extraction: Extraction, owners: Iterable[Assignment], unit: str) -> list[Assignment]:
    """Those of a unit, by the name as printed or any other of it (区气象局, printed 万州区气象局)."""
    held = list(owners)
    ids = {a.unit_id for a in held if a.unit == unit}
    if not ids and (known := _resolve(extraction, unit)):
        ids = {known.id}
    return [a for a in held if a.unit == unit or (a.unit_id is not None and a.unit_id in ids)]


def _refuse_second(
    owners: Iterable[Assignment], unit: str, unit_id: str | None, role: Role
) -> None:
    same = (a for a in owners if a.unit == unit or (unit_id is not None and a.unit_id == unit_id))
    if any(a.role is role for a in same):
        raise ConflictError(f"“{unit}”已是 {role} / {unit} is {role} already")


def _dates(extraction: Extraction, task: Task, draft: Draft) -> tuple[Task, dict[str, Any] | None]:
    if draft.operation is Operation.REJECT:
        found = _find(task, task.milestones, draft.fact_id, "时限", "milestone")
        if found.due.kind is DueKind.NONE:
            raise TransitionError("本来就没有时限 / it has no deadline to reject")
        loose = tuple(
            t.model_copy(update={"milestone_id": None}) if t.milestone_id == found.id else t
            for t in task.targets
        )
        kept = tuple(m for m in task.milestones if m.id != found.id)
        return _with(task, milestones=kept, targets=loose), found.model_dump(mode="json")
    if draft.deadline is None:
        raise TransitionError("要给出时限 / a date is needed", hint="--date")
    deadline = draft.deadline
    if deadline.rrule:
        deadline = deadline.model_copy(update={"rrule": month_end_rule(deadline.rrule)})
    if draft.operation is Operation.ADD:
        span, quote = _place(extraction, task, draft.quote)
        words = draft.quote or task.title
        added = Milestone(id=draft.fact_id, commitment=words, span=span, quote=quote, due=deadline)
        return _with(task, milestones=(*task.milestones, added)), None
    found = _find(task, task.milestones, draft.fact_id, "时限", "milestone")
    # Where the date is printed stays so, whatever a person reads there.
    due = deadline.model_copy(update={"span": deadline.span or found.due.span})
    moved = found.model_copy(update={"due": due})
    milestones = tuple(moved if m.id == found.id else m for m in task.milestones)
    return _with(task, milestones=milestones), found.model_dump(mode="json")


def _targets(
    extraction: Extraction, task: Task, draft: Draft
) -> tuple[Task, dict[str, Any] | None]:
    if draft.operation is Operation.REJECT:
        found = _find(task, task.targets, draft.fact_id, "目标", "target")
        kept = tuple(t for t in task.targets if t.id != found.id)
        return _with(task, targets=kept), found.model_dump(mode="json", by_alias=True)
    values = {("measure" if name == "unit" else name): v for name, v in draft.values.items()}
    if strange := sorted(set(values) - EDITABLE):
        raise FieldError(
            f"目标没有可改的字段 {strange[0]} / a target has no field {strange[0]} to set",
            hint=" ".join(sorted(EDITABLE)),
        )
    if (key := values.get("milestone_id")) is not None:
        _find(task, task.milestones, key, "时限", "milestone")
    if draft.operation is Operation.ADD:
        span, quote = _place(extraction, task, draft.quote)
        fields = {"milestone_id": None} | values | {"span": span, "quote": quote}
        added = read_fields(Target, fields | {"id": draft.fact_id})
        return _with(task, targets=(*task.targets, added)), None
    found = _find(task, task.targets, draft.fact_id, "目标", "target")
    if not values:
        raise TransitionError("要给出新的值 / new values are needed")
    moved = read_fields(Target, found.model_dump() | values | {"uncertain": False})
    targets = tuple(moved if t.id == found.id else t for t in task.targets)
    return _with(task, targets=targets), found.model_dump(mode="json", by_alias=True)


_Found = TypeVar("_Found", Milestone, Target)


def _find(task: Task, facts: Iterable[_Found], key: str, zh: str, en: str) -> _Found:
    found = next((fact for fact in facts if fact.id == key), None)
    if found is None:
        raise NotFoundError(
            f"任务 {task.id} 没有{zh} {key or '(未指明)'} / task {task.id} has no {en} "
            f"{key or '(none named)'}"
        )
    return found


def _with(task: Task, **changes: object) -> Task:
    return task.model_copy(update=changes)


def _place(extraction: Extraction, task: Task, quote: str) -> tuple[Span, str]:
    """Where in its clause something added rests: the words given, or the whole task."""
    text = extraction.document.text
    if not quote:
        return task.span, task.span.slice(text)
    clause = next(c for c in extraction.clauses if c.id == task.clause_id)
    at = clause.span.slice(text).find(quote)
    if at < 0:
        raise NotFoundError(
            f"条款 {clause.path} 里没有“{quote}” / clause {clause.path} does not hold {quote!r}"
        )
    start = clause.span.start + at
    return Span(start, start + len(quote)), quote

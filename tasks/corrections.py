"""A person's corrections, laid over what was extracted; the original stays as it was read."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from pydantic import Field

from kb.errors import NotFoundError, TransitionError
from kb.models import Clause, Fact, Span
from tasks.models import Assignment, Basis, Deadline, Extraction, Milestone, Role, Target, Task


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

    `fact_id` is the milestone or target concerned (empty for owners and for what is added); `unit`
    and `role` say which owner; `new_role`, `deadline` and `values` (fields of a target by name)
    what shall stand; `quote` the words of the clause that something added rests on (empty: the
    whole task).
    """

    task_id: str
    aspect: Aspect
    operation: Operation
    fact_id: str = ""
    unit: str = ""
    role: Role | None = None
    new_role: Role | None = None
    deadline: Deadline | None = None
    values: dict[str, Any] = Field(default_factory=dict)
    quote: str = ""
    reason: str


class Correction(Draft):
    """A correction in the store, with the extracted original (None where something is added)."""

    id: str
    document_id: str
    original: dict[str, Any] | None
    actor: str
    at: str
    status: CorrectionStatus = CorrectionStatus.ACTIVE


def apply_corrections(extraction: Extraction, corrections: Iterable[Correction]) -> Extraction:
    """The extraction as corrected, in the order the corrections were made. Those that are not
    active, or whose fact is gone, change nothing."""
    tasks = {task.id: task for task in extraction.tasks}
    changed = False
    for correction in corrections:
        task = tasks.get(correction.task_id)
        if correction.status is not CorrectionStatus.ACTIVE or task is None:
            continue
        try:
            tasks[task.id] = correct_task(extraction, task, correction)[0]
        except NotFoundError:
            continue
        changed = True
    return extraction.model_copy(update={"tasks": tuple(tasks.values())}) if changed else extraction


def correct_task(
    extraction: Extraction, task: Task, draft: Draft
) -> tuple[Task, dict[str, Any] | None]:
    """The task after one correction, and the original that it replaces.

    Raises:
        NotFoundError: the fact that it names is not in the task, or the quote not in its clause.
        TransitionError: something the correction needs is missing.
    """
    if not draft.reason.strip():
        raise TransitionError("更正要写明理由 (--reason) / a correction needs a reason (--reason)")
    match draft.aspect:
        case Aspect.OWNER | Aspect.ROLE:
            return _owners(extraction, task, draft)
        case Aspect.DATE:
            return _dates(extraction, task, draft)
        case Aspect.TARGET:
            return _targets(extraction, task, draft)


def _owners(extraction: Extraction, task: Task, draft: Draft) -> tuple[Task, dict[str, Any] | None]:
    owners = list(task.responsibilities)
    if draft.operation is Operation.ADD:
        if not draft.unit or draft.role is None:
            raise TransitionError("要给出单位和角色 / a unit and a role are needed")
        span, quote = _place(extraction, task, draft.quote)
        added = Assignment(
            unit=draft.unit,
            unit_id=None,
            role=draft.role,
            basis=Basis.MANUAL,
            span=span,
            quote=quote,
        )
        return _with(task, responsibilities=(*owners, added)), None
    at = [
        i
        for i, a in enumerate(owners)
        if a.unit == draft.unit and (draft.role is None or a.role is draft.role)
    ]
    if not at:
        raise NotFoundError(
            f"任务 {task.id} 没有单位“{draft.unit}” / task {task.id} has no unit {draft.unit!r}"
        )
    original = owners[at[0]].model_dump(mode="json")
    if draft.operation is Operation.REJECT:
        kept = tuple(a for i, a in enumerate(owners) if i not in at)
        return _with(task, responsibilities=kept), original
    if draft.new_role is None:
        raise TransitionError("要给出新的角色 / a new role is needed")
    for i in at:
        owners[i] = owners[i].model_copy(update={"role": draft.new_role, "basis": Basis.MANUAL})
    return _with(task, responsibilities=tuple(owners)), original


def _dates(extraction: Extraction, task: Task, draft: Draft) -> tuple[Task, dict[str, Any] | None]:
    if draft.operation is not Operation.REJECT and draft.deadline is None:
        raise TransitionError("要给出时限 (--date) / a date is needed (--date)")
    if draft.operation is Operation.ADD:
        assert draft.deadline is not None  # noqa: S101
        span, quote = _place(extraction, task, draft.quote)
        number = sum(m.id.startswith(f"{task.id}-") for m in task.milestones) + 1
        added = Milestone(
            id=f"{task.id}-{number}",
            commitment=quote if draft.quote else task.title,
            span=span,
            quote=quote,
            due=draft.deadline,
        )
        return _with(task, milestones=(*task.milestones, added)), None
    found = next((m for m in task.milestones if m.id == draft.fact_id), None)
    if found is None:
        raise NotFoundError(f"任务 {task.id} 没有 {draft.fact_id} / the task has no such milestone")
    original = found.model_dump(mode="json")
    if draft.operation is Operation.REJECT:
        kept = tuple(m for m in task.milestones if m.id != found.id)
        loose = tuple(
            t.model_copy(update={"milestone_id": None}) if t.milestone_id == found.id else t
            for t in task.targets
        )
        return _with(task, milestones=kept, targets=loose), original
    moved = found.model_copy(update={"due": draft.deadline})
    milestones = tuple(moved if m.id == found.id else m for m in task.milestones)
    return _with(task, milestones=milestones), original


def _targets(
    extraction: Extraction, task: Task, draft: Draft
) -> tuple[Task, dict[str, Any] | None]:
    if draft.operation is Operation.ADD:
        span, quote = _place(extraction, task, draft.quote)
        number = sum(t.id.startswith(f"{task.id}-") for t in task.targets) + 1
        fields = {"milestone_id": None, **draft.values}
        added = Target.model_validate(
            fields | {"id": f"{task.id}-t{number}", "span": span, "quote": quote}
        )
        return _with(task, targets=(*task.targets, added)), None
    found = next((t for t in task.targets if t.id == draft.fact_id), None)
    if found is None:
        raise NotFoundError(f"任务 {task.id} 没有 {draft.fact_id} / the task has no such target")
    original = found.model_dump(mode="json", by_alias=True)
    if draft.operation is Operation.REJECT:
        return _with(task, targets=tuple(t for t in task.targets if t.id != found.id)), original
    plain = found.model_dump() | draft.values | {"uncertain": False}
    moved = Target.model_validate(plain)
    targets = tuple(moved if t.id == found.id else t for t in task.targets)
    return _with(task, targets=targets), original


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


def match_facts(old: Extraction, new: Extraction) -> dict[str, str]:
    """Ids of tasks, milestones and targets of `old` to those of `new` that say the same.

    A clause is the same when its text is (white space aside) and either its place is or no other
    clause has that text; facts inside are matched by their order.
    """
    found: dict[str, str] = {}
    there: dict[str, list[Clause]] = {}
    for clause in new.clauses:
        there.setdefault(_text(new, clause), []).append(clause)
    tasks_of: dict[str, list[Task]] = {}
    for task in new.tasks:
        tasks_of.setdefault(task.clause_id, []).append(task)
    mine: dict[str, list[Task]] = {}
    for task in old.tasks:
        mine.setdefault(task.clause_id, []).append(task)
    for clause in old.clauses:
        same = there.get(_text(old, clause), [])
        same = [c for c in same if c.path == clause.path] or (same if len(same) == 1 else [])
        if not same:
            continue
        for before, after in zip(
            mine.get(clause.id, []), tasks_of.get(same[0].id, []), strict=False
        ):
            found[before.id] = after.id
            pairs: list[tuple[tuple[Any, ...], tuple[Any, ...]]] = [
                (before.milestones, after.milestones),
                (before.targets, after.targets),
            ]
            for first, second in pairs:
                if len(first) == len(second):
                    found |= {a.id: b.id for a, b in zip(first, second, strict=True)}
    return found


def _text(extraction: Extraction, clause: Clause) -> str:
    return "".join(clause.span.slice(extraction.document.text).split())

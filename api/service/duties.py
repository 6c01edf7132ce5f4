"""Tasks and targets with their places, as the API and MCP send them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel

from api.service.state import Service
from api.service.wire.facts import Milestone, Target, Task
from api.service.wire.progress import Judged
from tasks import models
from tasks.authorisation import Actor
from tasks.disclosure import Part, may_know
from tasks.due import DueItem as Standing
from tasks.lifecycle import Life, judge
from tasks.queries import Placed, Register
from tasks.query import milestones_of


class TaskOut(BaseModel):
    """A task with its place. `tracked`: it is the house's own; else its document, another issuer's
    as a rule, is for reference."""

    document_id: str
    document_title: str
    document_number: str | None
    plan: str
    path: str
    heading: str
    tracked: bool
    task: Task


class TargetOut(BaseModel):
    """A target with its place, its milestone and the latest reported value."""

    document_id: str
    plan: str
    path: str
    task_id: str
    target: Target
    milestone: Milestone | None
    judged: Judged


def task_out(register: Register, placed: Placed) -> TaskOut:
    """A task with its place, as it is sent."""
    return TaskOut(
        document_id=placed.document.id,
        document_title=placed.document.title,
        document_number=placed.document.document_number,
        plan=placed.plan.title,
        path=placed.clause.path,
        heading=placed.clause.heading,
        tracked=placed.document.id not in register.reference,
        task=Task.of(placed.task),
    )


def target_rows(
    service: Service,
    actor: Actor,
    found: Sequence[tuple[Placed, models.Target, models.Milestone | None]],
    as_of: date,
) -> list[TargetOut]:
    """Targets as they are sent, with the values last reported."""
    ids = frozenset(t.milestone_id for _, t, _ in found if t.milestone_id)
    told = may_know(actor, Part.LIFE)
    by_milestone: dict[str, list[Standing]] = {}
    for item in service.standings(actor, as_of, milestones_of(ids)) if ids else ():
        by_milestone.setdefault(item.milestone_id, []).append(item)
    return [
        TargetOut(
            document_id=p.document.id, plan=p.plan.title, path=p.clause.path, task_id=p.task.id,
            target=Target.of(t), milestone=Milestone.of(m) if m else None,
            judged=Judged.of(judge(t, latest_value(t, by_milestone.get(t.milestone_id or "", [])), told=told)),
        )
        for p, t, m in found
    ]  # fmt: skip


def latest_value(target: models.Target, items: Sequence[Standing]) -> Any:
    """The value last reported for a target; None where none was."""
    lives: list[Life] = [i.life for i in items if target.id in i.life.values]
    if not lives:
        return None
    return max(lives, key=lambda x: (x.reported_on or date.min, x.occurrence)).values[target.id]

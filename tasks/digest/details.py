"""What is fetched for the lines that are shown: the deadline's own characters, targets, clause."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from tasks import schema
from tasks.corrections import CorrectionStatus
from tasks.digest.models import Detail, Goal, Source
from tasks.due import DueItem
from tasks.lifecycle import Life, judge
from tasks.models import Deadline, Milestone, Task
from tasks.store import Store
from tasks.versions import read_corrections

Key = tuple[str, str]
"""A milestone and its occurrence."""


@dataclass(frozen=True, slots=True)
class _Read:
    """Of a milestone, whichever its occurrence: how its deadline reads."""

    deadline: Deadline
    printed: str
    corrected: bool


def read_details(
    store: Store, connection: Connection, items: Iterable[DueItem]
) -> dict[Key, Detail]:
    """The details of `items`, document by document, so that one text at a time is in memory."""
    wanted: dict[str, list[DueItem]] = defaultdict(list)
    for item in items:
        wanted[item.document_id].append(item)
    touched = {
        c.document_id for c in read_corrections(connection) if c.status is CorrectionStatus.ACTIVE
    }
    found: dict[Key, Detail] = {}
    for document_id, group in wanted.items():
        body = json.loads(
            connection.scalars(
                select(schema.document.c.body).where(schema.document.c.id == document_id)
            ).one()
        )
        titles = {p["id"]: p["title"] for p in _facts(connection, document_id, "plans")}
        shown = {item.task_id for item in group}
        first = {
            task["id"]: Task.model_validate(task)
            for task in _facts(connection, document_id, "tasks")
            if task["id"] in shown
        }
        last: Mapping[str, Task] = first
        if document_id in touched:
            now = store.load(document_id, connection=connection, corrected=True)
            last = {task.id: task for task in now.tasks}
        read = {key: r for task in shown for key, r in _read(first[task], last[task], body["text"])}
        for item in group:
            source = Source(
                document_id=document_id,
                document_number=body["document_number"],
                document_title=body["title"],
                plan_title=titles[item.plan_id],
                clause_id=item.clause_id,
                path=item.path,
            )
            one = read[item.milestone_id]
            found[item.milestone_id, item.occurrence] = Detail(
                source=source,
                deadline=one.deadline,
                printed=one.printed,
                corrected=one.corrected,
                goals=_goals(last[item.task_id], item.milestone_id, item.life),
            )
    return found


def _facts(connection: Connection, document_id: str, kind: str) -> Iterator[dict[str, object]]:
    rows = connection.scalars(
        select(schema.fact.c.body)
        .where(schema.fact.c.document_id == document_id)
        .where(schema.fact.c.kind == kind)
    )
    return (json.loads(body) for body in rows)


def _read(original: Task, corrected: Task, text: str) -> Iterator[tuple[str, _Read]]:
    """The milestones as they hold, each with the characters that its date was first read from."""
    before: dict[str, Milestone] = {m.id: m for m in original.milestones}
    for milestone in corrected.milestones:
        was = before.get(milestone.id)
        due = milestone.due if was is None else was.due
        printed = " ".join(due.span.slice(text).split()) if due.span else ""
        changed = was is None or was.due != milestone.due
        yield milestone.id, _Read(milestone.due, printed, changed)


def _goals(task: Task, milestone_id: str, life: Life) -> tuple[Goal, ...]:
    """The milestone's own targets and those that a value was reported for; where the task has no
    other milestone, also those that the text ties to none."""
    alone = len(task.milestones) == 1
    return tuple(
        Goal(target=t, judged=judge(t, life.values.get(t.id)))
        for t in task.targets
        if t.milestone_id == milestone_id
        or (t.milestone_id is None and alone)
        or t.id in life.values
    )

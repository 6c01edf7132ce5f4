"""What is fetched for the lines that are shown: the deadline's own characters, targets, clause."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from tasks import schema
from tasks.corrections import CorrectionStatus
from tasks.digest.models import Detail, Goal, Source
from tasks.due import DueItem
from tasks.lifecycle import judge
from tasks.models import Deadline, Target, Task
from tasks.store import Store
from tasks.undated import track_task
from tasks.versions import read_corrections

Key = tuple[str, str]
"""A milestone and its occurrence."""


@dataclass(frozen=True, slots=True)
class _Read:
    """Of a milestone, whichever its occurrence: how its deadline reads, and its task's targets
    with whether each is the milestone's own."""

    deadline: Deadline
    printed: str
    corrected: bool
    targets: tuple[tuple[Target, bool], ...]


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
        tasks = _tasks(connection, document_id, body["text"])
        before: dict[str, dict[str, Any]] = {}
        corrected = document_id in touched
        if corrected:
            before = {m["id"]: m for task in tasks for m in task["milestones"]}
            now = store.load(document_id, connection=connection, corrected=True)
            tasks = [task.model_dump(mode="json", by_alias=True) for task in now.tasks]
        shown = {item.milestone_id for item in group}
        read = {key: r for task in tasks for key, r in _read(task, shown, before, body["text"])}
        for item in group:
            one = read[item.milestone_id]
            found[item.milestone_id, item.occurrence] = Detail(
                source=Source(
                    document_id=document_id,
                    document_number=body["document_number"],
                    document_title=body["title"],
                    plan_title=titles[item.plan_id],
                    clause_id=item.clause_id,
                    path=item.path,
                ),
                deadline=one.deadline,
                printed=one.printed,
                corrected=one.corrected or (corrected and item.milestone_id not in before),
                goals=_goals(one, item),
            )
    return found


def _tasks(connection: Connection, document_id: str, text: str) -> Iterable[dict[str, Any]]:
    """The tasks as they were extracted, each with a milestone; few become models."""
    for task in _facts(connection, document_id, "tasks"):
        if task["milestones"]:
            yield task
        else:
            whole = track_task(Task.model_validate(task), text)
            yield whole.model_dump(mode="json", by_alias=True)


def _facts(connection: Connection, document_id: str, kind: str) -> Iterator[dict[str, Any]]:
    rows = connection.scalars(
        select(schema.fact.c.body)
        .where(schema.fact.c.document_id == document_id)
        .where(schema.fact.c.kind == kind)
    )
    return (json.loads(body) for body in rows)


def _read(
    task: dict[str, Any], shown: Collection[str], before: Mapping[str, dict[str, Any]], text: str
) -> Iterator[tuple[str, _Read]]:
    """Those milestones of a task that are shown, each with the characters that its date was first
    read from. Only they become models: of a large store most are not shown."""
    for milestone in task["milestones"]:
        if milestone["id"] not in shown:
            continue
        due = Deadline.model_validate(milestone["due"])
        was = before.get(milestone["id"])
        first = due if was is None else Deadline.model_validate(was["due"])
        printed = " ".join(first.span.slice(text).split()) if first.span else ""
        yield milestone["id"], _Read(due, printed, first != due, tuple(_targets(task, milestone)))


def _targets(task: dict[str, Any], milestone: dict[str, Any]) -> Iterator[tuple[Target, bool]]:
    """The task's targets, and whether each is the milestone's own. One that the text ties to no
    milestone is where there is but one; that of another may still get a value reported."""
    alone = len(task["milestones"]) == 1
    for target in task["targets"]:
        tied = target["milestone_id"]
        own = tied == milestone["id"] or (tied is None and alone)
        yield Target.model_validate(target), own


def _goals(read: _Read, item: DueItem) -> tuple[Goal, ...]:
    """The milestone's own targets, and others that a value was reported for with it."""
    values = item.life.values
    return tuple(
        Goal(target=target, judged=judge(target, values.get(target.id), told=item.told))
        for target, own in read.targets
        if own or target.id in values
    )

"""What the audit log says of a duty over time: its former ids, how often it changed, and when."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from tasks import audit, schema

_PER_GENERATION = 10_000
"""Changes of one duty that count between two readings of its document."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Numbers that only ever grow, from the append-only log.

    `generations` counts how often a file name was read in (also when an older version came back);
    `subjects` maps an audited subject to how many entries there are of it and the last moment.
    """

    generations: Mapping[str, int]
    subjects: Mapping[str, tuple[int, datetime]]

    def sequence(self, name: str, subjects: Iterator[str]) -> int:
        """A number for the state of a duty of the file `name`: grows with every change of its
        subjects, and with every new reading of the file."""
        changes = sum(self.subjects[s][0] for s in subjects if s in self.subjects)
        return self.generations.get(name, 0) * _PER_GENERATION + min(changes, _PER_GENERATION - 1)

    def changed_at(self, subjects: Iterator[str], recorded_at: datetime) -> datetime:
        """The moment (UTC) of the last change, at first when the document was recorded."""
        moments = [self.subjects[s][1] for s in subjects if s in self.subjects]
        return max([recorded_at, *moments])


def read_changes(connection: Connection) -> Changes:
    """The counts of the whole log."""
    a = schema.audit.c
    generations: dict[str, int] = {}
    read_in = select(a.detail).where(a.action.in_(["document.added", "document.refreshed"]))
    for detail in connection.scalars(read_in):
        name = json.loads(detail)["name"]
        generations[name] = generations.get(name, 0) + 1
    counted = (
        select(a.subject, func.count(), func.max(a.at))
        .where(a.action.like("milestone.%") | a.action.like("correction.%"))
        .group_by(a.subject)
    )
    subjects = {
        subject: (count, datetime.fromisoformat(at))
        for subject, count, at in connection.execute(counted)
    }
    return Changes(generations, subjects)


def subjects_of(milestone_id: str, occurrence: str, task_id: str) -> Iterator[str]:
    """The audited subjects that one row of an export depends on."""
    yield milestone_id
    if occurrence:
        yield f"{milestone_id}@{occurrence}"
    yield task_id


def read_moved(connection: Connection) -> dict[str, str]:
    """Ids of milestones in former versions of their documents → their ids now."""
    a = schema.audit.c
    moved: dict[str, str] = {}
    carried = select(a.detail).where(a.action == audit.CARRIED).order_by(a.seq)
    for detail in connection.scalars(carried):
        step: dict[str, str] = json.loads(detail)["milestones"]
        moved = {old: step.get(new, new) for old, new in moved.items()} | step
    return moved

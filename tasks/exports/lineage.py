"""A duty over time: its id now, how often it changed by the audit log, and when."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from tasks import schema
from tasks.matching import match_facts
from tasks.models import Extraction
from tasks.store import Store
from tasks.version_doubts import SETTLED

_PER_GENERATION = 10_000
"""Changes of one duty that count between two readings of its document."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Numbers that only ever grow, from the append-only log.

    `generations` counts how often a lineage had something read in (also when an older version came
    back); `subjects` maps an audited subject to how many entries there are of it and the last moment.
    """

    generations: Mapping[str, int]
    subjects: Mapping[str, tuple[int, datetime]]

    def sequence(self, lineage: str, subjects: Iterator[str]) -> int:
        """A number for the state of a duty of a lineage: grows with every change of its subjects,
        and with every new version of the document."""
        changes = sum(self.subjects[s][0] for s in subjects if s in self.subjects)
        return self.generations.get(lineage, 0) * _PER_GENERATION + min(
            changes, _PER_GENERATION - 1
        )

    def changed_at(self, subjects: Iterator[str], recorded_at: datetime) -> datetime:
        """The moment (UTC) of the last change, at first when the document was recorded."""
        moments = [self.subjects[s][1] for s in subjects if s in self.subjects]
        return max([recorded_at, *moments])


def read_changes(connection: Connection) -> Changes:
    """The counts of the whole log."""
    a = schema.audit.c
    generations: dict[str, int] = {}
    read_in = (
        select(a.detail)
        .where(a.action.in_(["document.added", "document.refreshed", SETTLED]))
        .order_by(a.seq)
    )
    for printed in connection.scalars(read_in):
        detail = json.loads(printed)
        # Entries from before lineages have the file's name, which is then the lineage's.
        lineage = detail.get("lineage") or detail["name"]
        joined = generations.pop(detail.get("joined", ""), 0)
        generations[lineage] = generations.get(lineage, 0) + joined + 1
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


def present_ids(connection: Connection, store: Store, ids: Iterable[str]) -> dict[str, str]:
    """Milestones of documents that were replaced since → the same ones in their present version.
    Those that are no more, or stand in a clause whose words changed, are left out."""
    m, d = schema.milestone.c, schema.document.c
    places = (
        select(m.id, m.document_id)
        .join(schema.document, d.id == m.document_id)
        .where(d.superseded_by.is_not(None))
    )
    replaced: dict[str, str] = dict(connection.execute(places).all())
    versions = select(d.id, d.superseded_by).where(d.superseded_by.is_not(None))
    following: dict[str, str] = dict(connection.execute(versions).all())
    matched: dict[str, Mapping[str, str]] = {}
    found: dict[str, str] = {}
    for first in ids:
        now: str | None = first
        document = replaced.get(first)
        while now and document and (after := following.get(document)):
            if document not in matched:
                before, fresh = (store.load(i, connection=connection) for i in (document, after))
                matched[document] = _in_same_words(before, match_facts(before, fresh))
            now, document = matched[document].get(now), after
        if now and now != first:
            found[first] = now
    return found


def _in_same_words(before: Extraction, same: Mapping[str, str]) -> dict[str, str]:
    """Of matched milestones those whose task says what it said."""
    held = (m.id for task in before.tasks if task.id in same for m in task.milestones)
    return {key: same[key] for key in held if key in same}

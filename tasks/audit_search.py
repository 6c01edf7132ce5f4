"""A page of the audit log, filtered."""

from __future__ import annotations

import json

from sqlalchemy import ColumnElement, Connection, func, select

from kb.models import Fact
from tasks import schema
from tasks.audit import Entry


class AuditFilter(Fact):
    """Which entries: of one person, of actions beginning so (`milestone`), of a subject and its
    occurrences, from a day (UTC) and up to one; what is empty does not narrow."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    since: str = ""
    until: str = ""


def search_audit(
    connection: Connection, wanted: AuditFilter, limit: int, before: int | None = None
) -> tuple[list[Entry], int]:
    """At most `limit` entries, the newest first, of those before the number `before`; and how
    many there are in all."""
    a = schema.audit.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.actor:
        conditions.append(a.actor == wanted.actor)
    if wanted.action:
        conditions.append(a.action.startswith(wanted.action, autoescape=True))
    if wanted.subject:
        occurrence = a.subject.startswith(f"{wanted.subject}@", autoescape=True)
        conditions.append((a.subject == wanted.subject) | occurrence)
    # Moments are kept as text in one form, so that they compare as they follow each other.
    if wanted.since:
        conditions.append(a.at >= wanted.since)
    if wanted.until:
        conditions.append(a.at < f"{wanted.until}T99")
    total = connection.scalar(select(func.count()).select_from(schema.audit).where(*conditions))
    if before is not None:
        conditions.append(a.seq < before)
    rows = connection.execute(
        select(schema.audit).where(*conditions).order_by(a.seq.desc()).limit(limit)
    )
    found: list[Entry] = []
    for row in rows:
        fields = dict(row._mapping)
        for name in ("detail", "before", "after"):
            fields[name] = None if fields[name] is None else json.loads(fields[name])
        found.append(Entry.model_validate(fields))
    return found, total or 0

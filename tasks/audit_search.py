"""A page of the audit log, filtered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select

from kb.models import Fact
from tasks import schema
from tasks.audit import Entry

_BATCH = 2000
"""Rows fetched at a time."""


class AuditFilter(Fact):
    """Which entries: of one person, of actions beginning so (`milestone`), of a subject and its
    occurrences, from a day or second (UTC, ISO 8601) and up to the end of one; what is empty does
    not narrow."""

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
    conditions = _conditions(wanted)
    total = connection.scalar(select(func.count()).select_from(schema.audit).where(*conditions))
    if before is not None:
        conditions.append(schema.audit.c.seq < before)
    newest = schema.audit.c.seq.desc()
    rows = connection.execute(select(schema.audit).where(*conditions).order_by(newest).limit(limit))
    return [_entry(row) for row in rows], total or 0


def read_matching(connection: Connection, wanted: AuditFilter) -> Iterator[Entry]:
    """All entries of a filter in their order, read in a stream."""
    query = select(schema.audit).where(*_conditions(wanted)).order_by(schema.audit.c.seq)
    for row in connection.execute(query, execution_options={"yield_per": _BATCH}):
        yield _entry(row)


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
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
    return conditions


def _entry(row: Row[Any]) -> Entry:
    fields = dict(row._mapping)
    for name in ("detail", "before", "after"):
        fields[name] = None if fields[name] is None else json.loads(fields[name])
    return Entry.model_validate(fields)

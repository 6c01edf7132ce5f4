"""Rows of documents and their facts: how an extraction is written and read back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from kb.errors import NotFoundError
from kb.models import Document, Span
from tasks import schema
from tasks.due import rows_of
from tasks.models import Certainty, Extraction
from tasks.printed import number_key, title_key
from tasks.recognition import write_recognised
from tasks.undated import track_undated
from tasks.units import jurisdiction_of, unit_key

_PARTS = ("header", "plans", "clauses", "tasks", "members", "policies", "repairs", "warnings")


def document_row(document: Document) -> dict[str, Any]:
    """The columns of a document that its reading fills (`tasks.seals.READ`)."""
    columns = ("id", "sha256", "name", "title", "document_number", "issuer", "written_on")
    row: dict[str, Any] = {column: getattr(document, column) for column in columns}
    return row | {"body": document.model_dump_json()}


def load_extraction(connection: Connection, document_id: str) -> Extraction:
    """All that was read out of a document, but that a task without a deadline has a milestone
    without a day.

    Raises:
        NotFoundError: the store has no such document.
    """
    body = connection.scalar(
        select(schema.document.c.body).where(schema.document.c.id == document_id)
    )
    if body is None:
        raise NotFoundError(f"没有文件 {document_id} / no document {document_id}")
    parts: dict[str, list[Any]] = {part: [] for part in _PARTS}
    rows = connection.execute(
        select(schema.fact.c.kind, schema.fact.c.body)
        .where(schema.fact.c.document_id == document_id)
        .order_by(schema.fact.c.kind, schema.fact.c.ordinal)
    )
    for kind, fact in rows:
        parts[kind].append(json.loads(fact))
    return track_undated(Extraction.model_validate({"document": json.loads(body), **parts}))


def text_reading(connection: Connection, sha256: str, reading: int, text: str) -> int:
    """Which reading of these bytes, up to this one, first gave this text: its facts give the ids."""
    d = schema.document.c
    query = select(d.reading, d.body).where(d.sha256 == sha256, d.reading < reading)
    rows = connection.execute(query.order_by(d.reading))
    return next((row.reading for row in rows if json.loads(row.body)["text"] == text), reading)


def with_name_warnings(fresh: Extraction, known: Extraction) -> Extraction:
    """A reading of stored bytes, with what was said of the file's name when they came: that cannot
    be read out of them."""
    told = list(fresh.warnings)
    for place, warning in enumerate(known.warnings):
        if warning.code == "file-name" and warning not in told:
            told.insert(place, warning)
    return fresh.model_copy(update={"warnings": tuple(told)})


DUTIES = (
    schema.assignment, schema.milestone, schema.target, schema.task, schema.member, schema.clause,
)  # fmt: skip
"""What a query asks (`tasks.run`): computed from the facts as corrected, never the other way."""
_OF_ONE_READING = {
    schema.assignment: "task_id", schema.milestone: "id", schema.target: "id", schema.task: "id",
    schema.clause: "id",
}  # fmt: skip
"""The column of the id by which a fact that a later reading of the same bytes has stands there."""


def write_duties(connection: Connection, extraction: Extraction) -> None:
    """Write the rows that duties are asked for by (as corrected), in place of the former ones."""
    extraction = track_undated(extraction)
    for table, rows in zip(DUTIES, standing_rows(connection, extraction), strict=True):
        connection.execute(delete(table).where(table.c.document_id == extraction.document.id))
        if rows:
            connection.execute(insert(table), rows)


def standing_rows(connection: Connection, extraction: Extraction) -> list[list[dict[str, Any]]]:
    """The rows of `DUTIES` that a document has: a fact that a later reading of the same bytes has
    too stands in that one."""
    later = _later_facts(connection, extraction.document.id)
    rows = duty_rows(extraction)
    if not later:
        return list(rows)
    return [
        [row for row in part if row.get(_OF_ONE_READING.get(table, "")) not in later]
        for table, part in zip(DUTIES, rows, strict=True)
    ]


def _later_facts(connection: Connection, document_id: str) -> set[str]:
    d, other = schema.document.alias().c, schema.document.c
    query = select(other.id).where(
        d.id == document_id, other.sha256 == d.sha256, other.reading > d.reading
    )
    found: set[str] = set()
    for key in connection.scalars(query).all():
        for task in load_extraction(connection, key).tasks:
            found |= {task.id, *(m.id for m in task.milestones), *(t.id for t in task.targets)}
    return found


def clear_duties(connection: Connection, documents: Sequence[str]) -> None:
    """Take away the rows of these documents' duties."""
    for table in DUTIES:
        connection.execute(delete(table).where(table.c.document_id.in_(documents)))


def insert_document(
    connection: Connection,
    extraction: Extraction,
    *,
    lineage: str,
    version: int,
    reading: int,
    recorded_at: datetime,
    reader: str = "",
) -> None:
    """Write a document that was not there, with its facts; its bytes are there already."""
    document = extraction.document
    row = document_row(document) | {
        "lineage": lineage,
        "version": version,
        "reading": reading,
        "reader": reader or None,
        "title_key": title_key(document),
        "number_key": number_key(document),
        "recorded_at": recorded_at.astimezone(UTC),
    }
    connection.execute(insert(schema.document), row)
    write_recognised(connection, extraction)
    _insert_facts(connection, extraction)


def _insert_facts(connection: Connection, extraction: Extraction) -> None:
    if facts := fact_rows(extraction):
        connection.execute(insert(schema.fact), facts)
    write_duties(connection, extraction)


def fact_rows(extraction: Extraction) -> list[dict[str, Any]]:
    """An extraction's facts as rows, each with its whole value."""
    document_id = extraction.document.id
    facts: list[dict[str, Any]] = []
    for part in _PARTS:
        for ordinal, item in enumerate(getattr(extraction, part)):
            span = item.span
            facts.append(
                {
                    "document_id": document_id,
                    "kind": part,
                    "ordinal": ordinal,
                    "id": getattr(item, "id", None),
                    "start": span.start if span else None,
                    "end": span.end if span else None,
                    "body": item.model_dump_json(by_alias=True),
                }
            )
    return facts


def duty_rows(extraction: Extraction) -> tuple[list[dict[str, Any]], ...]:
    """The rows of `DUTIES` of an extraction as corrected."""
    document_id = extraction.document.id
    place = jurisdiction_of(extraction.document).place
    assignments = [
        {"task_id": task.id, "document_id": document_id, "ordinal": ordinal, "unit": a.unit}
        | {
            "unit_id": unit_key(place, a.unit, a.unit_id),
            "role": a.role.value,
            "basis": a.basis.value,
            **_ends(a.span),
        }
        for task in extraction.tasks
        for ordinal, a in enumerate(task.responsibilities)
    ]
    milestones = [
        {"id": row.id, "task_id": row.task_id, "document_id": document_id, "ordinal": ordinal}
        | {"plan_id": row.plan_id, "clause_id": row.clause_id, "path": row.path}
        | {"title": row.title, "commitment": row.commitment, "kind": row.kind.value}
        | {"due": row.due, "inherited": int(Certainty.INHERITED in row.certainty)}
        | {"certainty": ",".join(row.certainty), "rrule": row.rrule, "duration": row.duration}
        | {"counting": row.counting.value, "first": row.first, "last": row.last}
        for ordinal, row in enumerate(rows_of(extraction))
    ]
    targets = [
        {"id": t.id, "task_id": task.id, "document_id": document_id, "milestone_id": t.milestone_id}
        | {"metric": t.metric, "value": str(t.value), "measure": t.measure}
        | {"number": float(t.value), "comparator": t.comparator.value, "class": t.class_.value}
        | {"words": f"{t.scope or ''}{t.metric} {t.quote}", **_ends(t.span)}
        for task in extraction.tasks
        for t in task.targets
    ]
    clauses = {c.id: c for c in extraction.clauses}
    tasks: list[dict[str, Any]] = [
        {"id": task.id, "document_id": document_id, "plan_id": task.plan_id}
        | {"clause_id": task.clause_id, "path": clauses[task.clause_id].path}
        | {"heading": clauses[task.clause_id].heading, "title": task.title}
        | {"kind": task.kind.value}
        | _ends(task.span)
        for task in extraction.tasks
    ]
    members: list[dict[str, Any]] = [
        {"document_id": document_id, "ordinal": ordinal, "unit": m.unit}
        | {"unit_id": unit_key(place, m.unit, m.unit_id)}
        | _ends(m.span)
        for ordinal, m in enumerate(extraction.members)
    ]
    text = extraction.document.text
    written = [
        {"id": c.id, "document_id": document_id, "plan_id": c.plan_id, "path": c.path}
        | {"heading": c.heading, "text": c.span.slice(text), **_ends(c.span)}
        for c in extraction.clauses
    ]
    return assignments, milestones, targets, tasks, members, written


def _ends(span: Span) -> dict[str, int]:
    return {"start": span.start, "end": span.end}

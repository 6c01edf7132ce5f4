"""Rows of documents and their facts: how an extraction is written and read back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from kb.errors import NotFoundError
from kb.models import Document
from tasks import schema
from tasks.due import rows_of
from tasks.models import Certainty, Extraction
from tasks.printed import number_key, title_key
from tasks.undated import track_undated
from tasks.units import jurisdiction_of, unit_key

_PARTS = ("plans", "clauses", "tasks", "members", "policies", "repairs", "warnings")


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


DUTIES = (schema.assignment, schema.milestone, schema.target)


def write_duties(connection: Connection, extraction: Extraction) -> None:
    """Write the rows that duties are asked for by (as corrected), in place of the former ones."""
    extraction = track_undated(extraction)
    for table, rows in zip(DUTIES, duty_rows(extraction), strict=True):
        connection.execute(delete(table).where(table.c.document_id == extraction.document.id))
        if rows:
            connection.execute(insert(table), rows)


def insert_document(
    connection: Connection,
    extraction: Extraction,
    *,
    lineage: str,
    version: int,
    reading: int,
    recorded_at: datetime,
) -> None:
    """Write a document that was not there, with its facts; its bytes are there already."""
    document = extraction.document
    row = document_row(document) | {
        "lineage": lineage,
        "version": version,
        "reading": reading,
        "title_key": title_key(document),
        "number_key": number_key(document),
        "recorded_at": recorded_at.astimezone(UTC),
    }
    connection.execute(insert(schema.document), row)
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


def duty_rows(
    extraction: Extraction,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of `DUTIES` of an extraction as corrected."""
    document_id = extraction.document.id
    place = jurisdiction_of(extraction.document).place
    assignments = [
        {"task_id": task.id, "document_id": document_id, "ordinal": ordinal, "unit": a.unit}
        | {
            "unit_id": unit_key(place, a.unit, a.unit_id),
            "role": a.role.value,
            "basis": a.basis.value,
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
        for task in extraction.tasks
        for t in task.targets
    ]
    return assignments, milestones, targets

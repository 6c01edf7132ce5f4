"""Citations of what stands at known places, quoted from the store without reading whole documents
where the clause has it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from sqlalchemy import Connection, select

from kb.models import Citation, Span
from tasks import schema


class Place(NamedTuple):
    """Characters of a document, and the clause that they stand in, where they stand in one."""

    document_id: str
    clause_id: str | None
    path: str
    start: int | None
    end: int | None

    @classmethod
    def of(cls, row: Any) -> Self:
        """The place that a row of a query has."""
        return cls(row.document_id, row.clause_id, row.path or "", row.start, row.end)


def cite(connection: Connection, places: Sequence[Place]) -> list[Citation | None]:
    """A citation of each, in their order; None for what stands nowhere in particular."""
    c = schema.clause.c
    wanted = sorted({p.clause_id for p in places if p.clause_id})
    clauses = {
        (row.document_id, row.id): row
        for row in connection.execute(
            select(c.document_id, c.id, c.start, c.end, c.text).where(c.id.in_(wanted))
        )
    }
    texts: dict[str, str] = {}
    found: list[Citation | None] = []
    for p in places:
        if p.start is None or p.end is None:
            found.append(None)
            continue
        at = clauses.get((p.document_id, p.clause_id or ""))
        if at is not None and at.start <= p.start and p.end <= at.end:
            quote = at.text[p.start - at.start : p.end - at.start]
        else:
            quote = _text(connection, p.document_id, texts)[p.start : p.end]
        span = Span(p.start, p.end)
        found.append(
            Citation(document_id=p.document_id, clause_id=p.clause_id, path=p.path, span=span, quote=quote)
        )  # fmt: skip
    return found


def _text(connection: Connection, document_id: str, known: dict[str, str]) -> str:
    if document_id not in known:
        d = schema.document.c
        body = connection.scalar(select(d.body).where(d.id == document_id))
        known[document_id] = str(json.loads(body or "{}").get("text", ""))
    return known[document_id]

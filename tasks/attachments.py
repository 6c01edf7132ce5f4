"""Attachments (附件) and the documents (正文) that they belong to: a relation of documents that came
together. It holds for their chains: a new version of either has it too."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select, update

from kb.errors import ConflictError, NotFoundError
from kb.models import Fact
from tasks import audit, schema
from tasks.audit import Change
from tasks.authorisation import Action, Actor, require
from tasks.seals import standing

if TYPE_CHECKING:
    from tasks.store import Store

ATTACHED = "document.attached"
DETACHED = "document.detached"


class Attachment(Fact):
    """A document that is an attachment, what it belongs to (its current version), and the number that
    its name has (附件2), None where it has none."""

    document_id: str
    body_id: str
    number: int | None = None


def read_attachments(connection: Connection) -> list[Attachment]:
    """All attachments, former versions too, by their numbers and the order in which they came."""
    d, body, current = schema.document, schema.document.alias(), schema.document.alias()
    query = (
        select(d.c.id, d.c.attachment, current.c.id.label("body_id"))
        .join(body, body.c.id == d.c.attached_to)
        .join(current, current.c.lineage == body.c.lineage)
        .where(current.c.superseded_by.is_(None))
        .order_by(d.c.recorded_at, d.c.id)
    )
    found = [
        Attachment(document_id=row.id, body_id=row.body_id, number=row.attachment)
        for row in connection.execute(query)
    ]
    return sorted(found, key=lambda one: (one.number is None, one.number or 0))


def texts_of(connection: Connection, documents: Mapping[int, str]) -> dict[int, str]:
    """The texts of documents, by the numbers that the caller gave these."""
    d = schema.document.c
    rows = connection.execute(select(d.id, d.body).where(d.id.in_(set(documents.values()))))
    texts = {row.id: str(json.loads(row.body)["text"]) for row in rows}
    return {number: texts[key] for number, key in documents.items() if key in texts}


def attach(
    connection: Connection, actor: str, found: Iterable[Attachment], at: datetime
) -> list[Attachment]:
    """Record what came together; gives what is new of it. An attachment stays with the document that
    it has, and one that a person took from its document with none.

    Args:
        connection: a transaction that writes.
        actor: who brought the documents.
        found: attachments, each with any version of what it belongs to.
        at: now.
    """
    d = schema.document.c
    known = {
        row.id: row
        for row in connection.execute(
            select(d.id, d.name, d.lineage, d.superseded_by, d.attached_to)
        )
    }
    made: list[Attachment] = []
    for one in found:
        own, body = known[one.document_id], known[one.body_id]
        above = known.get(body.attached_to)
        turned = above is not None and above.lineage == own.lineage
        if own.attached_to or own.lineage == body.lineage or turned:
            continue
        if [*audit.read(connection, subject=own.id, action=DETACHED)]:
            continue
        _write(connection, one.document_id, one.body_id, one.number)
        detail = {"name": own.name, "body": body.name, "number": one.number} | _seal(
            connection, own.id
        )
        after = {"attached_to": one.body_id}
        change = Change(actor=actor, action=ATTACHED, subject=own.id, detail=detail, after=after)
        audit.append(connection, at, [change])
        made.append(one)
    return made


def detach_document(store: Store, actor: Actor, document_id: str, at: datetime) -> None:
    """Say that a document is no attachment of what it came with.

    Raises:
        DeniedError: the actor may not.
        NotFoundError: there is no such document.
        ConflictError: it is no attachment.
    """
    require(actor, Action.INGEST)
    d = schema.document.c
    with store.writing() as connection:
        row = connection.execute(select(d.name, d.attached_to).where(d.id == document_id)).first()
        if row is None:
            raise NotFoundError(f"没有文件 {document_id} / no document {document_id}")
        if row.attached_to is None:
            raise ConflictError("该文件不是附件 / it is no attachment")
        _write(connection, document_id, None, None)
        change = Change(
            actor=actor.login, action=DETACHED, subject=document_id,
            detail={"name": row.name} | _seal(connection, document_id),
            before={"attached_to": row.attached_to},
        )  # fmt: skip
        audit.append(connection, at, [change])


def _write(connection: Connection, key: str, body: str | None, number: int | None) -> None:
    d = schema.document
    values = {"attached_to": body, "attachment": number}
    connection.execute(update(d).where(d.c.id == key).values(values))


def _seal(connection: Connection, key: str) -> dict[str, object]:
    return {"standings": {key: standing(connection, key, "attached_to", "attachment")}}

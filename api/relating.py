"""What came together is related: attachments with the document that they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from ingest.attachments import Member, attach_listed
from tasks.attachments import Attachment, attach, texts_of


def relate_stored(
    connection: Connection, members: Sequence[Member], documents: Mapping[int, str], actor: str, at: datetime
) -> list[Attachment]:  # fmt: skip
    """Record which documents of one delivery are attachments of which; gives what is new of it.

    Args:
        connection: a transaction that writes.
        members: of the delivery; their bytes are not used.
        documents: the ids of those that are in the store, by their orders.
        actor: who brought them.
        at: now.
    """
    related = attach_listed(members, texts_of(connection, documents))
    found = [
        Attachment(document_id=own, body_id=body, number=m.number)
        for m in related
        if m.belongs_to is not None
        and (own := documents.get(m.order))
        and (body := documents.get(m.belongs_to))
    ]
    return attach(connection, actor, found, at) if found else []

"""What a model read in the pictures of a document: a row, written once with the document, whose
digest is in the entry of the log by which the document came (`recognised_sha256`).

Another machine or release of the model may read the same pictures otherwise, so they are never
read again to check a document: the row is what its text is compared with.
"""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from tasks import schema
from tasks.models import Extraction, Recognised

DIGEST = "recognised_sha256"
"""The key of the digest in the details of the log."""


def write_recognised(connection: Connection, extraction: Extraction) -> None:
    """Write the row of a document that is new; nothing where its text was not recognised."""
    found = extraction.recognised
    if found is not None:
        row = {"document_id": extraction.document.id, "model": found.model, "body": found.body}
        connection.execute(insert(schema.recognised), row)


def read_recognised(connection: Connection, document_id: str) -> Recognised | None:
    """The row of a document; None where its text was read from its bytes."""
    r = schema.recognised.c
    row = connection.execute(select(r.model, r.body).where(r.document_id == document_id)).first()
    return None if row is None else Recognised(model=row.model, body=row.body)


def recognised_seal(extraction: Extraction) -> dict[str, str]:
    """What the log's entry of a document holds of it."""
    found = extraction.recognised
    return {} if found is None else {DIGEST: found.sha256}

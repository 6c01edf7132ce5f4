"""Taking a document out again (撤回误传的文件): its duties leave every list, answer and digest; its
source, its facts, what was reported and the log stay, and it can be put back (恢复)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select, update

from kb.errors import ConflictError, NotFoundError, TransitionError
from tasks import audit, schema
from tasks.audit import Change
from tasks.authorisation import Action, Actor, require
from tasks.fields import check_words
from tasks.seals import document_seal, standing
from tasks.store import Store

WITHDRAWN = "document.withdrawn"
RESTORED = "document.restored"


def withdraw_document(
    store: Store, actor: Actor, document_id: str, reason: str, at: datetime
) -> None:
    """Take a current document out. From then on only those who see every document find it.

    Raises:
        DeniedError: the actor may not ingest documents.
        NotFoundError: there is no such document.
        ConflictError: it is withdrawn already, or a newer version took its place.
        TransitionError: there is no reason.
        FieldError: the reason cannot be kept.
    """
    require(actor, Action.INGEST)
    with store.writing() as connection:
        row = _current(connection, document_id)
        if row.withdrawn_at is not None:
            raise ConflictError("该文件已撤回 / it is withdrawn already")
        _write(connection, WITHDRAWN, actor, row, reason, at, at.astimezone(UTC))


def restore_document(
    store: Store, actor: Actor, document_id: str, reason: str, at: datetime
) -> None:
    """Put a withdrawn document back, with all that was reported on it.

    Raises:
        DeniedError, NotFoundError, TransitionError, FieldError: as `withdraw_document`.
        ConflictError: it is not withdrawn, or a newer version took its place.
    """
    require(actor, Action.INGEST)
    with store.writing() as connection:
        row = _current(connection, document_id)
        if row.withdrawn_at is None:
            raise ConflictError("该文件没有撤回 / it is not withdrawn")
        _write(connection, RESTORED, actor, row, reason, at, None)


def _current(connection: Connection, document_id: str) -> Any:
    d = schema.document.c
    row = connection.execute(
        select(d.id, d.name, d.sha256, d.superseded_by, d.withdrawn_at).where(d.id == document_id)
    ).first()
    if row is None:
        raise NotFoundError(f"没有文件 {document_id} / no document {document_id}")
    if row.superseded_by is not None:
        raise ConflictError(
            f"该文件已被新版本 {row.superseded_by} 取代 / a newer version took its place: "
            f"{row.superseded_by}"
        )
    return row


def _write(
    connection: Connection,
    action: str,
    actor: Actor,
    row: Any,
    reason: str,
    at: datetime,
    withdrawn_at: datetime | None,
) -> None:
    if not (reason := check_words("理由", "reason", reason)):
        raise TransitionError("要写明理由 / a reason is needed", hint="--reason")
    d = schema.document
    connection.execute(update(d).where(d.c.id == row.id).values(withdrawn_at=withdrawn_at))
    change = Change(
        actor=actor.login, action=action, subject=str(row.id),
        detail={"name": row.name, "sha256": row.sha256}
        | document_seal(connection, row.id)
        | {"standings": {row.id: standing(connection, row.id, "withdrawn_at")}},
        reason=reason,
    )  # fmt: skip
    audit.append(connection, at, [change])

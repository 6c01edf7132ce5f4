"""Which documents' duties are the house's own (督办), and which are for reference (仅供查阅).

A document of another issuer makes no duty of the home government by itself: it is read, searched and
cited, and its duties stand in no list until somebody takes the document up.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from kb.errors import ConflictError, NotFoundError, TransitionError
from kb.models import Fact
from kb.wording import phrase
from tasks import audit, schema
from tasks.audit import Change
from tasks.authorisation import Action, Actor, require
from tasks.fields import check_words
from tasks.seals import standing
from tasks.store import Store

TRACKED = "document.tracked"
UNTRACKED = "document.untracked"
REFUSED = phrase("tasks", "for_reference")
"""Why no step is taken on a duty of a reference document."""


class Marked(Fact):
    """What marking a document did. `lives`: milestones (occurrences of them) on which a step was
    taken: they come back with the document, and stay while it is for reference."""

    document_id: str
    tracked: bool
    tasks: int
    lives: int


def track_document(
    store: Store, actor: Actor, document_id: str, reason: str, at: datetime
) -> Marked:
    """Take up a document: from now on its duties stand in all lists, with what was reported on them
    before.

    Raises:
        DeniedError: the actor may not.
        NotFoundError: there is no such document.
        ConflictError: it is tracked already, withdrawn, or a newer version took its place.
        TransitionError: there is no reason.
        FieldError: the reason cannot be kept.
    """
    return _mark(store, actor, document_id, reason, at, at.astimezone(UTC))


def untrack_document(
    store: Store, actor: Actor, document_id: str, reason: str, at: datetime
) -> Marked:
    """Keep a document for reference only: its duties leave all lists; their lives stay.

    Raises:
        DeniedError, NotFoundError, TransitionError, FieldError: as `track_document`.
        ConflictError: it is for reference already, withdrawn, or a newer version took its place.
    """
    return _mark(store, actor, document_id, reason, at, None)


def _mark(
    store: Store, actor: Actor, key: str, reason: str, at: datetime, since: datetime | None
) -> Marked:
    require(actor, Action.TRACK)
    if not (reason := check_words("理由", "reason", reason)):
        raise TransitionError("要写明理由 / a reason is needed", hint="--reason")
    d, m, life = schema.document, schema.milestone, schema.life
    with store.writing() as connection:
        row = _current(connection, key)
        if (row.tracked_since is None) == (since is None):
            raise ConflictError(
                "该文件本来就仅供查阅 / it is for reference already"
                if since is None
                else "该文件已列入督办 / it is tracked already"
            )
        connection.execute(update(d).where(d.c.id == key).values(tracked_since=since))
        own = select(m.c.id).where(m.c.document_id == key)
        lives = connection.scalar(
            select(func.count()).select_from(life).where(life.c.milestone_id.in_(own))
        )
        tasks = connection.scalar(
            select(func.count(m.c.task_id.distinct())).where(m.c.document_id == key)
        )
        marked = Marked(
            document_id=key, tracked=since is not None, tasks=tasks or 0, lives=lives or 0
        )
        change = Change(
            actor=actor.login, action=UNTRACKED if since is None else TRACKED, subject=key,
            detail={"name": row.name, "sha256": row.sha256, "tasks": marked.tasks, "lives": marked.lives}
            | {"standings": {key: standing(connection, key, "tracked_since")}},
            before={"tracked": since is None}, after={"tracked": since is not None}, reason=reason,
        )  # fmt: skip
        audit.append(connection, at, [change])
    return marked


def _current(connection: Connection, document_id: str) -> Any:
    d = schema.document.c
    row = connection.execute(select(schema.document).where(d.id == document_id)).first()
    if row is None:
        raise NotFoundError(f"没有文件 {document_id} / no document {document_id}")
    if row.superseded_by is not None:
        raise ConflictError(
            f"该文件已被新版本 {row.superseded_by} 取代 / a newer version took its place: "
            f"{row.superseded_by}"
        )
    if row.withdrawn_at is not None:
        raise ConflictError("该文件已撤回, 请先恢复 / it is withdrawn; put it back first")
    return row


def refuse_reference(connection: Connection, document_id: str) -> None:
    """Raise where the duties of a document are for reference: nobody reports on those.

    Raises:
        TransitionError: says to take the document up first.
    """
    d = schema.document.c
    if connection.scalar(select(d.id).where(d.id == document_id, schema.TRACKED)) is None:
        raise TransitionError(
            " / ".join(REFUSED), hint=f"duban documents track {document_id} --reason …"
        )

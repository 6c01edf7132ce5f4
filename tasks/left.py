"""What was reported on milestones that nothing in the present version of their document continues.

It stays under its own id in the store until a person says what it is about: either it is looked at
and may rest (`tasks.settling`), or it is handed to the milestone that is the same duty.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from kb.errors import NotFoundError, TransitionError
from kb.models import Fact
from tasks import audit, schema
from tasks.authorisation import Action, Actor, require
from tasks.fields import check_words
from tasks.models import DueKind
from tasks.versions import hand_over, rows_of
from tasks.visibility import Visibility, may_see, read_visibility

if TYPE_CHECKING:
    from tasks.store import Store


class LeftLife(Fact):
    """A milestone with something reported on it that is in no current document. `former_id` is the
    version that it stands in (that it was added to), `document_id` the present one of that."""

    milestone_id: str
    document_id: str
    former_id: str
    path: str
    commitment: str
    due: str


def read_left(connection: Connection, actor: Actor | None = None) -> list[LeftLife]:
    """All of them in order, or those in documents that `actor` may see."""
    life, occasion = schema.life.c.milestone_id, schema.occasion.c.milestone_id
    m, d = schema.milestone.c, schema.document.c
    # A withdrawn document's are its own still: it may come back.
    held = select(m.id).join(schema.document, d.id == m.document_id).where(d.superseded_by.is_(None))  # fmt: skip
    ids = set(connection.scalars(select(life).where(life.not_in(held))))
    ids |= set(connection.scalars(select(occasion).where(occasion.not_in(held))))
    if not ids:
        return []
    wanted = m.id, m.document_id, m.path, m.commitment, m.due
    rows = {row[0]: row for row in rows_of(connection, schema.milestone, ids, *wanted)}
    told = {e.subject: e.detail for e in audit.read(connection, action=audit.LEFT)}
    following = {
        row.id: row.superseded_by for row in connection.execute(select(d.id, d.superseded_by))
    }
    levels = read_visibility(connection)
    found: list[LeftLife] = []
    for key in sorted(ids):
        left = _left(key, rows.get(key), told.get(key, {}), following)
        seen = levels.get(left.former_id, Visibility())
        if actor is None or (left.former_id and may_see(actor, seen).allowed):
            found.append(left)
    return found


def _left(
    key: str, row: Any, told: Mapping[str, Any], following: Mapping[str, str | None]
) -> LeftLife:
    """One, from the rows of its version, or from the log where a person had added it."""
    former = row.document_id if row else told.get("document_id", "")
    now = former
    while after := following.get(now):
        now = after
    due = row.due if row else told.get("due")
    return LeftLife(
        milestone_id=key, document_id=now, former_id=former, path=row.path if row else "",
        commitment=row.commitment if row else told.get("commitment", ""),
        due=str(due or ""),
    )  # fmt: skip


def hand_life(
    store: Store, actor: Actor, milestone_id: str, to: str, reason: str, at: datetime
) -> None:
    """Give what was reported on a milestone without successor to one of the present documents.

    Raises:
        DeniedError: the actor may not bring documents, which is what else decides this.
        NotFoundError: nothing is left under this id that they may see, or there is no milestone
            `to` in a current document that they may see.
        ConflictError: something was reported on `to` already.
        TransitionError: there is no reason, or only one of the two has occurrences.
        FieldError: the reason cannot be kept.
    """
    require(actor, Action.INGEST)
    with store.writing() as connection:
        if milestone_id not in {left.milestone_id for left in read_left(connection, actor)}:
            raise NotFoundError(
                f"{milestone_id[:60]} 没有待处理的办理记录 / nothing was left on {milestone_id[:60]}",
                hint="duban review --kind left",
            )
        m, d = schema.milestone.c, schema.document
        query = select(m.document_id, m.kind, m.rrule).join(d, d.c.id == m.document_id)
        row = connection.execute(query.where(m.id == to, schema.CURRENT)).first()
        levels = read_visibility(connection)
        if row is None or not may_see(actor, levels.get(row[0], Visibility())).allowed:
            raise NotFoundError(
                f"现行文件里没有 {to[:60]} / no current document has {to[:60]}",
                hint="编号见 duban overdue --json / ids are in duban overdue --json",
            )
        life = schema.life.c
        whole = "" in rows_of(connection, schema.life, [milestone_id], life.occurrence)
        if whole is (DueKind(row.kind) is DueKind.RELATIVE or bool(row.rrule)):
            raise TransitionError(
                "一个分期办理, 一个不分期, 不是同一任务 / one of them has occurrences, the other has "
                "none: they are not the same duty"
            )
        if not (reason := check_words("理由", "reason", reason)):
            raise TransitionError("要写明理由 / a reason is needed", hint="--reason")
        change = hand_over(connection, milestone_id, to, row.document_id, actor, reason)
        audit.append(connection, at, [change])

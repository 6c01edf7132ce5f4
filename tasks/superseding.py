"""One document takes the place of another: its chain of versions, who may see it, its duties."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select, update

from kb.errors import ConflictError, NotFoundError
from tasks import schema
from tasks.audit import Change
from tasks.document_rows import load_extraction, write_duties
from tasks.seals import seal_changes
from tasks.versions import carry_over, load_corrected
from tasks.visibility import former_versions, take_visibility


def current_version(connection: Connection, document_id: str) -> str:
    """The last version of the chain in which a document is."""
    d = schema.document.c
    now = document_id
    while after := connection.scalar(select(d.superseded_by).where(d.id == now)):
        now = after
    return now


def require_current(connection: Connection, document_id: str) -> None:
    """Check that a new version may take the place of a document.

    Raises:
        NotFoundError: there is no such document.
        ConflictError: another version has taken its place already.
    """
    d = schema.document.c
    row = connection.execute(select(d.superseded_by).where(d.id == document_id)).first()
    if row is None:
        raise NotFoundError(
            f"没有文件 {document_id} / no document {document_id}", hint="duban documents --all"
        )
    if row.superseded_by is not None:
        now = current_version(connection, document_id)
        raise ConflictError(
            f"{document_id} 不是现行版本, 现行的是 {now} / {document_id} is not the current version, "
            f"{now} is"
        )


def next_version(connection: Connection, lineage: str) -> int:
    """The number of the next version in a chain."""
    d = schema.document.c
    last = connection.scalar(select(func.max(d.version)).where(d.lineage == lineage))
    return (last or 0) + 1


def lineage_of(connection: Connection, document_id: str) -> str:
    """The name of the chain in which a document is."""
    d = schema.document.c
    return str(connection.scalar(select(d.lineage).where(d.id == document_id)))


@dataclass(frozen=True, slots=True)
class Superseded:
    """What one document's taking another's place brought with it: the entries of the log that
    follow the act's own, and the documents whose rows it changed."""

    changes: list[Change]
    touched: list[str]


def supersede(connection: Connection, old: str, new: str, actor: str, *, fresh: bool) -> Superseded:
    """Let a current document take the place of another: it enters its chain, is seen by no more
    than may see both, and takes over what was reported and corrected. Both are in the store. The
    caller writes the log: its own entry, with the standings of what was touched, then the changes.

    Args:
        connection: a transaction that writes.
        old: the current version, which is then no longer.
        new: the document that takes its place.
        actor: who brought it or says so.
        fresh: whether it comes into the store with this.
    """
    d = schema.document
    connection.execute(update(d).where(d.c.id == new).values(superseded_by=None, withdrawn_at=None))
    connection.execute(update(d).where(d.c.id == old).values(superseded_by=new))
    _take_attachment(connection, old, new)
    joined = _join(connection, lineage_of(connection, new), lineage_of(connection, old))
    changes = take_visibility(connection, actor, old, new, fresh=fresh)
    before, after = load_extraction(connection, old), load_extraction(connection, new)
    changes += seal_changes(connection, new, carry_over(connection, before, after, actor))
    return Superseded(changes, list(dict.fromkeys([new, old, *joined])))


def _take_attachment(connection: Connection, old: str, new: str) -> None:
    """A version belongs to what the former one belonged to, where nothing else was said of it."""
    d = schema.document
    former = select(d.c.attached_to, d.c.attachment).where(d.c.id == old)
    of_old = connection.execute(former).one()._mapping
    fresh = d.c.attached_to.is_(None)
    connection.execute(update(d).where(d.c.id == new, fresh).values(**of_old))


def _join(connection: Connection, lineage: str, into: str) -> list[str]:
    """Put one chain behind another; gives the documents that it held."""
    if lineage == into:
        return []
    d = schema.document
    held = list(connection.scalars(select(d.c.id).where(d.c.lineage == lineage)))
    already = next_version(connection, into) - 1
    connection.execute(
        update(d).where(d.c.lineage == lineage).values(lineage=into, version=d.c.version + already)
    )
    return held


def separate(connection: Connection, document_id: str) -> list[str]:
    """Let a superseded document be one of its own again, with its former versions; gives them all.
    What was carried to the version that had taken its place stays there."""
    d = schema.document
    connection.execute(update(d).where(d.c.id == document_id).values(superseded_by=None))
    family = [document_id, *former_versions(connection, document_id)]
    rows = connection.execute(
        select(d.c.id).where(d.c.id.in_(family)).order_by(d.c.version, d.c.recorded_at)
    )
    ids = list(rows.scalars())
    for version, key in enumerate(ids, start=1):
        values = {"lineage": ids[0], "version": version}
        connection.execute(update(d).where(d.c.id == key).values(values))
    # Its events in people's calendars are now those of the other document.
    m = schema.milestone.c
    mine = select(m.id).where(m.document_id.in_(family))
    a = schema.calendar_anchor
    connection.execute(delete(a).where(a.c.milestone_id.in_(mine)))
    write_duties(connection, load_corrected(connection, document_id))
    return ids

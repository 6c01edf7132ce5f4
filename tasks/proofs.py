"""Which steps a piece of evidence proves, and the pieces that prove none: they are kept for a day, in
which whoever sent one may name it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from tasks import schema
from tasks.lifecycle import Command, Evidence
from tasks.store import Store, as_utc

KEPT_UNNAMED = timedelta(days=1)
"""How long a file is kept that no step names."""


def write_proofs(connection: Connection, seq: int, pieces: Iterable[Evidence]) -> None:
    """Record that the step of the log's entry `seq` names these, in the step's transaction."""
    rows = [{"sha256": key, "seq": seq} for key in dict.fromkeys(p.sha256 for p in pieces)]
    if rows:
        connection.execute(insert(schema.proof), rows)


def steps_naming(connection: Connection, sha256: str) -> list[tuple[str, Command]]:
    """The steps that a file proves, oldest first, each with the id of its milestone as it was."""
    a, p = schema.audit.c, schema.proof.c
    query = select(a.subject, a.detail).join(schema.proof, p.seq == a.seq)
    rows = connection.execute(query.where(p.sha256 == sha256).order_by(a.seq))
    return [(r.subject.partition("@")[0], Command.model_validate_json(r.detail)) for r in rows]


def see_again(connection: Connection, sha256: str) -> None:
    """Somebody sent a file once more: its day begins anew."""
    seen = schema.unnamed_evidence
    connection.execute(delete(seen).where(seen.c.sha256 == sha256))


def clear_unnamed(store: Store, now: datetime) -> int:
    """Remove the files that no step has named for `KEPT_UNNAMED` since they were first found so;
    gives how many. Call it now and then."""
    e, seen, at = schema.evidence, schema.unnamed_evidence, now.astimezone(UTC)
    unnamed = select(e.c.sha256).where(e.c.sha256.not_in(select(schema.proof.c.sha256)))
    with store.reading() as connection:
        if connection.scalar(unnamed.limit(1)) is None:
            return 0
    with store.writing() as connection:
        since = {row.sha256: as_utc(row.since) for row in connection.execute(select(seen))}
        keys = list(connection.scalars(unnamed))
        gone = [key for key in keys if key in since and since[key] <= at - KEPT_UNNAMED]
        for key in gone:
            connection.execute(delete(e).where(e.c.sha256 == key))
        connection.execute(delete(seen))
        left = [{"sha256": key, "since": since.get(key, at)} for key in keys if key not in gone]
        if left:
            connection.execute(insert(seen), left)
    return len(gone)

"""Taking out what entries of the audit log say, with the chain kept whole.

An entry that held the words of an erased document keeps its number, time, actor, hash and link; its
action, words and values go. The entry of the erasure, which is in the chain like any other, names each
entry that was redacted with its hash and the digest of what is left of it. So a redaction that no act
of the log accounts for is an alteration, and so is any change of what was left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text, update

from kb.errors import SecretError
from tasks import audit, schema
from tasks.audit import Entry

_GUARD = "audit_no_update"


def redact(connection: Connection, entries: Iterable[Entry], by: int) -> dict[str, list[str]]:
    """Take out what entries say, in the caller's transaction.

    Args:
        connection: a transaction that writes.
        entries: as they are in the log.
        by: the number of the entry that will account for it (`audit.REDACTIONS` in its detail).

    Returns:
        By the number of an entry its hash and the digest of what is left of it.
    """
    left = {entry.seq: _without_words(entry, by) for entry in entries}
    a = schema.audit
    with _unguarded(connection):
        for seq, entry in left.items():
            values = audit.row_of(entry)
            connection.execute(update(a).where(a.c.seq == seq).values(**values))
    return {
        str(seq): [entry.hash, audit.digest(entry.model_dump(mode="json", exclude={"hash"}))]
        for seq, entry in left.items()
    }


def refuse_erased(connection: Connection, sha256: str) -> None:
    """Refuse bytes of a document that was erased.

    Raises:
        SecretError: nothing of them may be kept.
    """
    for entry in list(audit.read(connection, action=audit.ERASED)):
        if sha256 in entry.detail["documents"].values():
            raise SecretError(
                f"这份文件已于 {entry.at[:10]} 由 {entry.actor} 彻底删除, 不再收入, 未保存任何内容 / this file was "
                f"erased by {entry.actor} on {entry.at[:10]}: it is not taken in again, nothing of it was kept",
                hint=f"删除理由: {entry.reason} / erased because: {entry.reason}",
            )


def _without_words(entry: Entry, by: int) -> Entry:
    detail: dict[str, Any] = {"action": entry.action, "by": by}
    if entry.action == audit.REDACTED:  # by a former erasure of what it was also about
        detail = {**entry.detail, "by": by}
    elif isinstance(key := entry.detail.get("id"), str) and entry.action == audit.CORRECTED:
        detail["id"] = key
    fields: Mapping[str, Any] = {
        "action": audit.REDACTED, "detail": detail, "before": None, "after": None, "reason": "",
        "subject": entry.subject.partition("@")[0],
    }  # fmt: skip
    return entry.model_copy(update=fields)


@contextmanager
def _unguarded(connection: Connection) -> Iterator[None]:
    """Without the trigger that refuses changes of the log; an error rolls all of it back."""
    own = connection.dialect.name
    if own == "sqlite":
        connection.execute(text(f"DROP TRIGGER {_GUARD}"))
    else:
        connection.execute(text(f"ALTER TABLE {schema.audit.name} DISABLE TRIGGER {_GUARD}"))
    yield
    if own == "sqlite":
        connection.execute(text(schema.TRIGGERS[own][_GUARD]))
    else:
        connection.execute(text(f"ALTER TABLE {schema.audit.name} ENABLE TRIGGER {_GUARD}"))

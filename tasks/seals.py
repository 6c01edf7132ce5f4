"""Digests of what the store holds, written into the audit log by each act: what is changed beside the
log then differs from what the log says (see `tasks.verify`).

All are SHA-256 over stored rows in the log's canonical form (`tasks.audit.canonical`), never over
models, so that a migration can compute them too and a newer program finds the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, select

from kb.identifiers import sha256_hex
from tasks import audit, schema

READ = ("id", "sha256", "name", "title", "document_number", "issuer", "written_on", "body")
"""The columns of `document` that a reading fills."""
STANDING = tuple(c.name for c in schema.document.c if c.name not in READ)
"""Its other columns: each is what the last act that changed it made it, which the act's entry says
under `standings`, beside `visibility`."""
SEALED = "document.sealed"
"""The action by which a migration seals a document that was recorded before there were seals."""
STORE_SEALED = "store.sealed"
"""Likewise people, addresses and tokens; the detail has them by table and key."""
_FACT = ("kind", "ordinal", "id", "start", "end", "body")


def plain(value: Any) -> Any:
    """A column's value as JSON has it: days and moments in ISO 8601, moments in UTC."""
    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware.isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, date) else value


def row_sha256(row: Mapping[str, Any]) -> str:
    """The digest of a whole row."""
    return hashlib.sha256(audit.canonical({k: plain(v) for k, v in row.items()})).hexdigest()


def document_seal(connection: Connection, document_id: str) -> dict[str, str]:
    """`text_sha256` (of the text in UTF-8) and `facts_sha256`: of the lines of the columns `READ` as
    an object, then each fact as a list, by kind and ordinal. Empty where there is no such row."""
    d, f = schema.document.c, schema.fact.c
    row = connection.execute(select(*(d[name] for name in READ)).where(d.id == document_id)).first()
    if row is None:
        return {}
    facts = connection.execute(select(*(f[n] for n in _FACT)).where(f.document_id == document_id))
    whole = hashlib.sha256(audit.canonical({k: plain(v) for k, v in row._mapping.items()}))
    for fact in sorted(facts, key=lambda fact: (fact.kind, fact.ordinal)):
        whole.update(b"\n" + audit.canonical(list(fact)))
    text = json.loads(row.body).get("text", "").encode("utf-8", "surrogatepass")
    return {"text_sha256": sha256_hex(text), "facts_sha256": whole.hexdigest()}


def standing(connection: Connection, document_id: str, *columns: str) -> dict[str, Any]:
    """What an act made of columns of a document (`STANDING` or `visibility`; all where none is
    named)."""
    d, v = schema.document.c, schema.visibility
    wanted = columns or (*STANDING, "visibility")
    row = connection.execute(
        select(d.id, *(d[name] for name in STANDING)).where(d.id == document_id)
    ).one()
    found = {name: plain(row._mapping[name]) for name in STANDING if name in wanted}
    if "visibility" in wanted:
        seen = connection.execute(select(v).where(v.c.document_id == document_id)).first()
        found["visibility"] = [seen.level, seen.units] if seen else None
    return found


def standings_of(connection: Connection, documents: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What an act made of all of these documents: their chain, visibility, whether tracked."""
    return {key: standing(connection, key) for key in documents}


def duty_sha256(connection: Connection, document_id: str, task_id: str) -> str:
    """The digest of the facts of a duty as they are corrected now: the task's row as it was read
    (its milestones and targets are in it) and the corrections of it that hold, in their order.
    Empty where the document has no such task: that of a re-opened correction may be gone."""
    f, c = schema.fact.c, schema.correction.c
    fact = connection.scalar(
        select(f.body).where(f.document_id == document_id, f.kind == "tasks", f.id == task_id)
    )
    if fact is None:
        return ""
    active = connection.scalars(
        select(c.body)
        .where(c.document_id == document_id, c.task_id == task_id, c.status == "active")
        .order_by(c.ordinal)
    )
    return duty_digest(fact, active)


def duty_digest(fact: str, corrections: Iterable[str]) -> str:
    """As `duty_sha256`, of the bodies of the rows."""
    return hashlib.sha256(audit.canonical([fact, list(corrections)])).hexdigest()


def correction_seal(before: str | None, after: str) -> dict[str, str]:
    """What the entry of a correction holds: digests of the row's body before and after."""
    found = {"correction_sha256": sha256_hex(after.encode())}
    return found if before is None else found | {"before_sha256": sha256_hex(before.encode())}


def seal_changes(
    connection: Connection, document_id: str, changes: Sequence[audit.Change]
) -> list[audit.Change]:
    """The changes that a new version or reading brought with it, each with the digests of the
    duties that it is about as they are now; call it when all is written, the duties' rows too."""
    m = schema.milestone.c
    rows = connection.execute(select(m.id, m.task_id).where(m.document_id == document_id))
    owners = {row.id: row.task_id for row in rows}
    known: dict[str, str] = {}

    def digest_of(task_id: str) -> str:
        if task_id not in known:
            known[task_id] = duty_sha256(connection, document_id, task_id)
        return known[task_id]

    sealed: list[audit.Change] = []
    for change in changes:
        more: dict[str, Any] = {}
        if change.action == audit.CARRIED:
            new = (owners[m] for m in change.detail["milestones"].values() if m in owners)
            more = {"duties": {key: digest_of(key) for key in new}}
        elif change.action.startswith("correction."):
            more = {"duty_sha256": digest_of(change.subject)}
        sealed.append(change.model_copy(update={"detail": change.detail | more}))
    return sealed

"""Digests of what is in the store, in the log: from here on what is changed beside the log is seen.

Nothing can be known of what was changed before. The computations are those of `tasks.seals` and
`tasks.audit` as they were when this was written.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_READ = ("id", "sha256", "name", "title", "document_number", "issuer", "written_on", "body")
_FACT = ("kind", "ordinal", "id", "start", "end", "body")


def upgrade() -> None:
    """Append one entry for each document, one for people, addresses and tokens."""
    connection = op.get_bind()
    tables = sa.MetaData()
    tables.reflect(
        connection,
        only=["document", "fact", "visibility", "correction", "person", "person_unit", "address",
              "token", "version_doubt", "audit"],
    )  # fmt: skip
    t = tables.tables
    entries = [
        ("document.sealed", row.id, _document(connection, t, row))
        for row in connection.execute(sa.select(t["document"]).order_by(t["document"].c.id)).all()
    ]
    rest = {
        "person": _people(connection, t),
        "address": {f"{r.unit}\0{r.channel}": _row(r) for r in connection.execute(sa.select(t["address"]))},
        "token": {r.id: _row(r) for r in connection.execute(sa.select(t["token"]))},
        "version_doubt": {
            r.id: r.status for r in connection.execute(sa.select(t["version_doubt"]))
        },
    }  # fmt: skip
    if any(rest.values()):
        entries.append(("store.sealed", "store", rest))
    _append(connection, t["audit"], entries)


def downgrade() -> None:
    """The entries stay: the log is append-only, and to the former version they are words."""


def _document(connection: sa.Connection, t: Any, row: Any) -> dict[str, Any]:
    fields = row._mapping
    f, v, c = t["fact"].c, t["visibility"].c, t["correction"].c
    facts = connection.execute(sa.select(*(f[n] for n in _FACT)).where(f.document_id == row.id))
    whole = hashlib.sha256(_canonical({name: _plain(fields[name]) for name in _READ}))
    for fact in sorted(facts, key=lambda fact: (fact.kind, fact.ordinal)):
        whole.update(b"\n" + _canonical(list(fact)))
    seen = connection.execute(sa.select(v.level, v.units).where(v.document_id == row.id)).first()
    standing = {name: _plain(value) for name, value in fields.items() if name not in _READ}
    corrections = connection.execute(sa.select(c.id, c.body).where(c.document_id == row.id))
    return {
        "text_sha256": _sha256(json.loads(row.body).get("text", "").encode("utf-8", "surrogatepass")),
        "facts_sha256": whole.hexdigest(),
        "standings": {row.id: standing | {"visibility": list(seen) if seen else None}},
        "corrections": {r.id: _sha256(r.body.encode()) for r in corrections},
    }  # fmt: skip


def _people(connection: sa.Connection, t: Any) -> dict[str, Any]:
    units: dict[str, list[str]] = {}
    for row in connection.execute(sa.select(t["person_unit"])):
        units.setdefault(row.login, []).append(row.unit)
    return {
        row.login: {
            "name": row.name, "role": row.role, "active": bool(row.active),
            "units": sorted(units.get(row.login, [])),
            "password_sha256": _sha256(row.password.encode()) if row.password else None,
        }
        for row in connection.execute(sa.select(t["person"]))
    }  # fmt: skip


def _append(
    connection: sa.Connection, audit: sa.Table, entries: list[tuple[str, str, dict[str, Any]]]
) -> None:
    last = connection.execute(
        sa.select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
    ).first()
    seq, previous = (last.seq, last.hash) if last else (0, "0" * 64)
    now = connection.execute(sa.select(sa.func.now())).scalar_one()
    for action, subject, detail in entries:
        seq += 1
        fields: dict[str, Any] = {
            "seq": seq, "at": _plain(now), "actor": "system", "action": action, "subject": subject,
            "detail": detail, "before": None, "after": None, "reason": "", "previous": previous,
        }  # fmt: skip
        previous = _sha256(_canonical(fields))
        printed = {"detail": _canonical(detail).decode(), "hash": previous}
        connection.execute(sa.insert(audit), fields | printed)


def _row(row: Any) -> str:
    return _sha256(_canonical({name: _plain(value) for name, value in row._mapping.items()}))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware.isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, date) else value


def _canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

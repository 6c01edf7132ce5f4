"""Duties: the rows they are asked for by, people's corrections, progress, events and evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, select

from kb.identifiers import sha256_hex
from kb.wording import in_both, phrase, wording
from tasks import schema
from tasks.document_rows import DUTIES, standing_rows
from tasks.models import Extraction
from tasks.seals import duty_digest, plain
from tasks.verify.ledger import Ledger
from tasks.verify.report import BODY, LOG, Findings
from tasks.versions import life_row

_NAMES = wording(
    "tasks",
    "verified_tables",
    ("assignment", "milestone", "target", "task", "member", "clause", "life", "occasion", "proof"),
)
_FACTS = in_both(phrase("tasks", "facts_and_corrections"))
_STEPS = in_both(phrase("tasks", "steps_in_the_log"))


def check_projections(connection: Connection, corrected: Extraction, found: Findings) -> None:
    """The rows that duties of a document are asked for by, computed again."""
    document_id = corrected.document.id
    for table, wanted in zip(DUTIES, standing_rows(connection, corrected), strict=True):
        kept = connection.execute(select(table).where(table.c.document_id == document_id))
        _check_rows(table, kept, wanted, _FACTS, found)


def check_corrections(connection: Connection, ledger: Ledger, found: Findings) -> None:
    """Each correction against the log's digest of it, its columns against its whole value, the
    order against that of the log."""
    c = schema.correction
    order = ledger.made
    rows = connection.execute(select(c).order_by(c.c.ordinal)).all()
    found.count("更正 / corrections", len(rows))
    for key in order.keys() - {row.id for row in rows}:
        found.missing("correction", key, LOG)
    for row in rows:
        if row.id not in order:
            found.stray("correction", row.id, LOG)
            continue
        try:
            body = json.loads(row.body)
            expected = {name: body[name] for name in ("id", "document_id", "task_id", "status")}
        except (ValueError, KeyError, TypeError) as error:
            found.unreadable("correction", row.id, error)
            continue
        expected["ordinal"] = order[row.id]
        found.compare("correction", row.id, expected, dict(row._mapping), BODY)
        now = sha256_hex(row.body.encode())
        if row.id in ledger.corrections and ledger.corrections[row.id][1] != now:
            seq, was = ledger.corrections[row.id]
            found.differs(
                "correction", row.id, "body", was, now, f"日志第 {seq} 条 / entry {seq} of the log"
            )


def check_duties(connection: Connection, ledger: Ledger, found: Findings) -> None:
    """The facts of each duty against the digest in the last act on it."""
    f, c = schema.fact, schema.correction
    held: dict[tuple[str, str], list[str]] = {}
    for row in connection.execute(select(c).where(c.c.status == "active").order_by(c.c.ordinal)):
        held.setdefault((row.document_id, row.task_id), []).append(row.body)
    for task, (seq, was) in sorted(ledger.duties.items()):
        home = ledger.homes.get(task)
        if home is None:
            continue
        fact = connection.scalar(
            select(f.c.body).where(f.c.document_id == home, f.c.kind == "tasks", f.c.id == task)
        )
        now = duty_digest(fact or "", held.get((home, task), []))
        found.count("办理所依据的事项 / facts that acts rest on")
        if now != was:
            found.differs(
                "fact", task, "body", was, now,
                f"日志第 {seq} 条办理时 / entry {seq} of the log, an act on it,",
            )  # fmt: skip


def check_progress(connection: Connection, ledger: Ledger, found: Findings) -> None:
    """Lives and events replayed from the log against the rows."""
    lives = [life_row(life) for life in ledger.lives.values()]
    kept = list(connection.execute(select(schema.life)))
    _check_rows(schema.life, kept, lives, _STEPS, found, parsed=("body",))
    events = [
        {"milestone_id": m, "label": label, **days} for (m, label), days in ledger.occasions.items()
    ]
    _check_rows(schema.occasion, connection.execute(select(schema.occasion)), events, _STEPS, found)


def check_evidence(connection: Connection, ledger: Ledger, found: Findings) -> None:
    """Which steps name which files, and that each is there with its bytes. A file that no step
    names may have been cleared; while it is there its bytes must be its own."""
    wanted = [{"sha256": key, "seq": seq} for key, seq in ledger.proofs]
    _check_rows(schema.proof, connection.execute(select(schema.proof)), wanted, _STEPS, found)
    e = schema.evidence
    there = set(connection.scalars(select(e.c.sha256)))
    named = {key: (seq, *piece) for (key, seq), piece in ledger.proofs.items()}
    for key in sorted(named.keys() - there):
        seq, name, _ = named[key]
        found.missing(
            "evidence", key, f"日志第 {seq} 条（{name}） / entry {seq} of the log ({name})"
        )
    for key in sorted(there):
        data = connection.scalar(select(e.c.data).where(e.c.sha256 == key)) or b""
        found.count("证明材料 / pieces of evidence")
        if sha256_hex(data) != key:
            found.differs("evidence", key, "data", key, sha256_hex(data), "摘要 / its digest")
        elif key in named and len(data) != named[key][2]:
            found.differs("evidence", key, "data", named[key][2], len(data), LOG)


def _check_rows(
    table: Table,
    kept: Any,
    wanted: list[dict[str, Any]],
    why: str,
    found: Findings,
    *,
    parsed: tuple[str, ...] = (),
) -> None:
    """Rows against those they should be, by primary key; `parsed` columns are JSON, compared by
    value."""
    there = {_key(table, r._mapping): _plain(r._mapping, parsed) for r in kept}
    expected = {_key(table, row): _plain(row, parsed) for row in wanted}
    found.count(in_both(_NAMES[table.name]), len(there))
    for key in sorted(expected.keys() - there.keys()):
        found.missing(table.name, key, why)
    for key in sorted(there.keys() - expected.keys()):
        found.stray(table.name, key, why)
    for key in sorted(expected.keys() & there.keys()):
        if expected[key] != there[key]:
            found.compare(table.name, key, expected[key], there[key], why)


def _key(table: Table, row: Mapping[str, Any]) -> str:
    return "/".join(str(row[c.name]) for c in table.primary_key)


def _plain(row: Mapping[str, Any], parsed: tuple[str, ...]) -> dict[str, Any]:
    values = {name: plain(value) for name, value in row.items()}
    for name in parsed:
        try:
            values[name] = json.loads(values[name])
        except ValueError:
            continue
    return values

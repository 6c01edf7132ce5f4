"""The audit log: append-only, each entry chained to the one before by SHA-256.

An entry's hash covers all its fields in a canonical form: JSON with sorted keys, no spaces, UTF-8,
which for strings, whole numbers, booleans and null is that of RFC 8785. Changing, removing,
inserting or reordering entries breaks the chain at that place; cutting off the tail is found by a
checkpoint kept elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from pydantic import Field
from sqlalchemy import Connection, insert, select

from kb.models import Fact
from tasks import schema

GENESIS = "0" * 64
"""What the first entry is chained to."""
STEPPED = "milestone.step"
"""The action of a milestone's step; its detail is the whole command."""
CARRIED = "document.carried"
"""Duties that went over to a new version; the detail maps old ids to new ones."""


class Entry(Fact):
    """One change: who, when (UTC), what, before, after, why."""

    seq: int
    at: str
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str
    previous: str
    hash: str


class Change(Fact):
    """What an entry records, before it has a place in the chain. `subject` is an id, for an
    occurrence of a milestone with `@` and the occurrence."""

    actor: str
    action: str
    subject: str
    detail: dict[str, Any] = Field(default_factory=dict)
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    reason: str = ""


class Checkpoint(Fact):
    """The chain's length and last hash, to keep elsewhere."""

    count: int
    head: str


class Fault(Fact):
    """An entry that is not as it was written."""

    seq: int
    message: str


class Audited(Fact):
    """How many entries were checked, the head, and what is wrong (nothing: all is well)."""

    count: int
    head: str
    faults: tuple[Fault, ...]


def canonical(value: Any) -> bytes:
    """The bytes that are hashed."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def digest(fields: dict[str, Any]) -> str:
    """An entry's hash from its other fields, `previous` among them."""
    return hashlib.sha256(canonical(fields)).hexdigest()


def append(connection: Connection, at: datetime, changes: Iterable[Change]) -> list[Entry]:
    """Write changes at the end of the log, in the caller's transaction, which must already hold
    the right to write (`Store.writing`): the head read here is then the head."""
    row = connection.execute(
        select(schema.audit.c.seq, schema.audit.c.hash).order_by(schema.audit.c.seq.desc()).limit(1)
    ).first()
    seq, previous = (row[0], row[1]) if row else (0, GENESIS)
    written: list[Entry] = []
    stamp = at.astimezone(UTC).isoformat(timespec="microseconds")
    for change in changes:
        seq += 1
        fields: dict[str, Any] = {"seq": seq, "at": stamp, "previous": previous}
        fields |= json.loads(json.dumps(change.model_dump(mode="json")))
        entry = Entry(**fields, hash=digest(fields))
        written.append(entry)
        previous = entry.hash
    if written:
        connection.execute(insert(schema.audit), [_row(e) for e in written])
    return written


def read(connection: Connection, *, subject: str = "", after: int = 0) -> Iterator[Entry]:
    """Entries in order; those of one subject (and its occurrences), those after a number."""
    query = select(schema.audit).where(schema.audit.c.seq > after).order_by(schema.audit.c.seq)
    if subject:
        query = query.where(
            (schema.audit.c.subject == subject)
            | schema.audit.c.subject.startswith(f"{subject}@", autoescape=True)
        )
    for row in connection.execute(query):
        yield _entry(row)


def verify_chain(connection: Connection, checkpoints: Iterable[Checkpoint] = ()) -> Audited:
    """Check every entry and its link, and that the log still holds each checkpoint."""
    faults: list[Fault] = []
    expected, previous, count = 1, GENESIS, 0
    wanted = {c.count: c for c in checkpoints}
    found: set[int] = set()
    for row in connection.execute(select(schema.audit).order_by(schema.audit.c.seq)):
        count += 1
        if row.seq > expected:
            gone = f"{expected}" if row.seq == expected + 1 else f"{expected}–{row.seq - 1}"
            faults.append(
                Fault(seq=expected, message=f"第 {gone} 条不见了 / entry {gone} is missing")
            )
        fault = _fault(row, previous, after_gap=row.seq != expected)
        if fault:
            faults.append(Fault(seq=row.seq, message=fault))
        if row.seq in wanted:
            found.add(row.seq)
            if wanted[row.seq].head != row.hash:
                faults.append(
                    Fault(
                        seq=row.seq,
                        message=f"第 {row.seq} 条与留存的校验点不符 / entry {row.seq} differs from the checkpoint",
                    )
                )
        expected, previous = row.seq + 1, row.hash
    for number in sorted(set(wanted) - found - {0}):
        message = (
            f"校验点有 {number} 条, 现存 {count} 条: 末尾被删 / the checkpoint counts {number}, "
            f"the log {count}: its tail was cut"
        )
        faults.append(Fault(seq=number, message=message))
    return Audited(count=count, head=previous, faults=tuple(faults))


def _fault(row: Any, previous: str, *, after_gap: bool) -> str:
    try:
        entry = _entry(row)
        whole = digest(entry.model_dump(exclude={"hash"})) == entry.hash
    except (ValueError, TypeError):
        whole = False
    if not whole:
        return f"第 {row.seq} 条被改过 / entry {row.seq} was altered"
    if row.previous != previous and not after_gap:
        return (
            f"第 {row.seq} 条不接上一条: 有插入、调换或改写 / entry {row.seq} does not follow the "
            "one before: inserted, reordered or rewritten"
        )
    return ""


def _row(entry: Entry) -> dict[str, Any]:
    plain = entry.model_dump()
    for name in ("detail", "before", "after"):
        plain[name] = None if plain[name] is None else canonical(plain[name]).decode()
    return plain


def _entry(row: Any) -> Entry:
    fields = dict(row._mapping)
    for name in ("detail", "before", "after"):
        fields[name] = None if fields[name] is None else json.loads(fields[name])
    return Entry.model_validate(fields)

"""The audit log: append-only, each entry chained to the one before by SHA-256.

An entry's hash covers all its fields in a canonical form: JSON with sorted keys, no spaces, UTF-8,
which for strings, whole numbers, booleans and null is that of RFC 8785. Changing, removing,
inserting or reordering entries breaks the chain at that place; cutting off the tail, or computing
the whole chain anew, is found by a checkpoint kept elsewhere.

An entry whose words were taken out (`tasks.redaction`) keeps its hash and its link; the entry that
accounts for it holds the digest of what is left.

Triggers of the database refuse UPDATE, DELETE and, on PostgreSQL, TRUNCATE; on SQLite also an
INSERT OR REPLACE of an entry that is there. They stop mistakes and honest programs: whoever owns
the database can drop the triggers or the table, and only the chain and the checkpoints show it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from pydantic import Field, ValidationError
from sqlalchemy import Connection, Row, insert, select

from kb.errors import DubanError
from kb.models import Fact
from tasks import schema

GENESIS = "0" * 64
"""What the first entry is chained to."""
STEPPED = "milestone.step"
"""The action of a milestone's step; its detail is the whole command."""
CARRIED = "document.carried"
"""Duties that went over to a new version; the detail maps old ids to new ones."""
CORRECTED = "correction.made"
"""A person's correction of what was read."""
ERASED = "document.erased"
"""A document that was erased, with its versions; the detail accounts for the entries about it."""
REDACTED = "entry.redacted"
"""What became of the action of such an entry; its detail has the former one."""
REDACTIONS = "redactions"
"""The key of that account: by the number of an entry its hash and the digest of what is left."""
LEFT = "milestone.left"
"""What was reported on a milestone that nothing in the new version continues: it stays where it
is."""

_JSON = ("detail", "before", "after")
_BATCH = 2000
"""Rows fetched at a time: the log is read in a stream, however long it is."""

_POINT = re.compile(r"[^{]*?(\d{1,15})[^{\d]{1,20}([0-9a-f]{64})")
_NEAR = 8
"""How far from its place a moved entry is looked for."""


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

    count: int = Field(ge=0)
    head: str = Field(pattern="^[0-9a-f]{64}$")


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
    the right to write (`Store.writing`): the head read here is then the head.

    Raises:
        ValueError: `at` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("an entry's time needs a time zone")
    a = schema.audit
    row = connection.execute(select(a.c.seq, a.c.hash).order_by(a.c.seq.desc()).limit(1)).first()
    seq, previous = (row[0], row[1]) if row else (0, GENESIS)
    written: list[Entry] = []
    stamp = at.astimezone(UTC).isoformat(timespec="microseconds")
    for change in changes:
        seq += 1
        fields: dict[str, Any] = {"seq": seq, "at": stamp, "previous": previous}
        fields |= change.model_dump(mode="json")
        entry = Entry(**fields, hash=digest(fields))
        written.append(entry)
        previous = entry.hash
    if written:
        connection.execute(insert(a), [row_of(entry) for entry in written])
    return written


def read(
    connection: Connection,
    *,
    subject: str = "",
    subjects: Collection[str] | None = None,
    action: str = "",
    after: int = 0,
) -> Iterator[Entry]:
    """Entries in order; those of one subject (and its occurrences), of just these subjects, of one
    action, those after a number."""
    query = select(schema.audit).where(schema.audit.c.seq > after).order_by(schema.audit.c.seq)
    if subjects is not None:
        query = query.where(schema.audit.c.subject.in_(sorted(subjects)))
    if subject:
        query = query.where(
            (schema.audit.c.subject == subject)
            | schema.audit.c.subject.startswith(f"{subject}@", autoescape=True)
        )
    if action:
        query = query.where(schema.audit.c.action == action)
    for row in connection.execute(query, execution_options={"yield_per": _BATCH}):
        yield Entry.model_validate(_fields(row))


def verify_chain(connection: Connection, checkpoints: Iterable[Checkpoint] = ()) -> Audited:
    """Check every entry and its link, and that the log still holds each checkpoint.

    Each fault names the entry by its number. Two entries that do not fit together are both named:
    which of them was rewritten cannot be told from the chain alone.
    """
    faults: list[Fault] = []
    wanted: dict[int, set[str]] = {}
    for point in checkpoints:
        wanted.setdefault(point.count, set()).add(point.head)
    if wanted.pop(0, {GENESIS}) != {GENESIS}:
        faults.append(Fault(seq=0, message=_differs(0)))
    last, previous, count, sound, shift = 0, GENESIS, 0, True, 0
    redacted = _redactions(connection)
    query = select(schema.audit).order_by(schema.audit.c.seq)
    for row in connection.execute(query, execution_options={"yield_per": _BATCH}):
        count += 1
        if row.seq > last + 1:
            faults.append(Fault(seq=last + 1, message=_missing(last + 1, row.seq - 1)))
        number = _number(row, shift, redacted.get(row.seq))
        if number is None:
            message = f"第 {row.seq} 条被改过 / entry {row.seq} was altered"
            faults.append(Fault(seq=row.seq, message=message))
        elif number != row.seq:
            shift = row.seq - number
            if sound:  # the first that was pushed on: what stands in its place was put there
                faults.extend(Fault(seq=n, message=_inserted(n)) for n in range(number, row.seq))
            message = (
                f"第 {row.seq} 条原是第 {number} 条: 被挪动 / entry {row.seq} was entry {number}: it "
                "was moved"
            )
            faults.append(Fault(seq=row.seq, message=message))
        elif row.seq < 1:
            faults.append(Fault(seq=row.seq, message=_inserted(row.seq)))
        elif row.seq == last + 1 and row.previous != previous and sound:
            message = (
                f"第 {row.seq} 条不接第 {last} 条: 两条之一被改写、插入或调换 / entry {row.seq} does "
                f"not follow entry {last}: one of the two was rewritten, inserted or reordered"
            )
            faults.append(Fault(seq=row.seq, message=message))
        if not wanted.pop(row.seq, {row.hash}) <= {row.hash}:
            faults.append(Fault(seq=row.seq, message=_differs(row.seq)))
        if row.seq >= 1:
            last, previous, sound = row.seq, row.hash, number == row.seq
    for number in sorted(wanted):
        message = (
            f"校验点有 {number} 条, 现存 {count} 条: 末尾被删 / the checkpoint counts {number}, "
            f"the log {count}: its tail was cut"
            if number > last
            else f"校验点的第 {number} 条不见了 / entry {number} of the checkpoint is missing"
        )
        faults.append(Fault(seq=number, message=message))
    return Audited(count=count, head=previous, faults=tuple(faults))


def last_checkpoint(connection: Connection) -> Checkpoint:
    """The log's length and last hash as they stand, unchecked."""
    a = schema.audit.c
    row = connection.execute(select(a.seq, a.hash).order_by(a.seq.desc()).limit(1)).first()
    return Checkpoint(count=row.seq, head=row.hash) if row else Checkpoint(count=0, head=GENESIS)


def render_checkpoint(point: Checkpoint) -> str:
    """A checkpoint as one line of JSON, to keep in a file or on paper."""
    return canonical(point.model_dump()).decode()


def read_checkpoint(text: str) -> Checkpoint:
    """A checkpoint from what `render_checkpoint` gave, or from a line of words that ends in the
    number of entries and the head, as a digest's foot has it.

    Raises:
        DubanError: it is none.
    """
    words = _POINT.fullmatch(text.strip())
    if words is not None:
        return Checkpoint(count=int(words[1]), head=words[2])
    try:
        return Checkpoint.model_validate_json(text)
    except ValidationError as error:
        raise DubanError(
            f"不是校验点: {text.strip()[:80]} / this is no checkpoint",
            hint="duban audit checkpoint > 文件 / duban audit checkpoint > FILE",
        ) from error


def _missing(first: int, final: int) -> str:
    gone = f"{first}" if first == final else f"{first}–{final}"
    return f"第 {gone} 条不见了 / entry {gone} is missing"


def _differs(number: int) -> str:
    return f"第 {number} 条与留存的校验点不符 / entry {number} differs from the checkpoint that was kept"


def _inserted(number: int) -> str:
    return f"第 {number} 条是插入的 / entry {number} was inserted"


def _redactions(connection: Connection) -> dict[int, set[tuple[str, str]]]:
    """What the log accounts for: of each redacted entry its hash and the digests of what was left. An
    account that was altered is a fault itself."""
    found: dict[int, set[tuple[str, str]]] = {}
    query = select(schema.audit.c.detail).where(schema.audit.c.action == ERASED)
    for detail in connection.scalars(query):
        try:
            for seq, (kept, left) in json.loads(detail).get(REDACTIONS, {}).items():
                found.setdefault(int(seq), set()).add((kept, left))
        except (ValueError, TypeError, AttributeError):
            continue
    return found


def _number(row: Row[Any], shift: int, redacted: set[tuple[str, str]] | None) -> int | None:
    """The number under which an entry was written: that for which its hash is right (tried: its
    own, then as far away as the entry before it was, then near by); None where none is. Of a redacted
    one the digest of what is left of it is right. The fields must be spelt as they were hashed: another
    spelling of the same JSON is an alteration too."""
    try:
        fields = _fields(row)
        if any(
            fields[name] is not None and canonical(fields[name]).decode() != getattr(row, name)
            for name in _JSON
        ):
            return None
        hashed = fields.pop("hash")
        if redacted is not None and row.action == REDACTED:
            return row.seq if (hashed, digest(fields)) in redacted else None
        near = (0, shift, *(n for k in range(1, _NEAR + 1) for n in (k, -k)))
        return next(
            (row.seq - n for n in near if digest(fields | {"seq": row.seq - n}) == hashed), None
        )
    except (ValueError, TypeError):
        return None


def row_of(entry: Entry) -> dict[str, Any]:
    """An entry as the table has it."""
    plain = entry.model_dump()
    for name in _JSON:
        plain[name] = None if plain[name] is None else canonical(plain[name]).decode()
    return plain


def _fields(row: Row[Any]) -> dict[str, Any]:
    fields = dict(row._mapping)
    for name in _JSON:
        fields[name] = None if fields[name] is None else json.loads(fields[name])
    return fields

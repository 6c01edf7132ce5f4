"""Documents: their bytes, text and facts against the log's digests, the bytes read again, and what
the log says became of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from kb.errors import DubanError
from kb.identifiers import sha256_hex
from kb.models import Document, Span
from kb.wording import in_both, phrase
from tasks import schema
from tasks.document_rows import document_row, fact_rows, text_reading, with_name_warnings
from tasks.fact_ids import identify
from tasks.models import Extraction, Recognised
from tasks.recognition import read_recognised
from tasks.seals import STANDING, document_seal, plain, standing
from tasks.verify.ledger import Ledger, Reading
from tasks.verify.report import BODY, LOG, Findings
from tasks.version_doubts import doubt_id

Decode = Callable[[bytes, str, str], str]
"""(bytes, media type, file name) → text, as `ingest.pipeline.decode_source`."""

_UNSAID = {"attached_to": None, "attachment": None}
"""What a document is of which no entry says it, in logs of before these columns too."""
_KEPT_ANCHOR = re.compile("at-[0-9a-f]{12}")
_BYTES = in_both(phrase("tasks", "the_source"))


@dataclass(frozen=True, slots=True)
class Reader:
    """The reader that is installed: `version` (`ingest.reader_version`; empty: none is known),
    `extract` from (bytes, file name), and by `recognised=` from what a model read in its pictures,
    for a document of which that is stored."""

    version: str = ""
    extract: Callable[..., Extraction] | None = None


def check_document(
    connection: Connection, document_id: str, extraction: Extraction | None, decode: Decode,
    reader: Reader, ledger: Ledger, found: Findings,
) -> None:  # fmt: skip
    """Check one document; `extraction` is what its rows give as they were read, None where they
    cannot be read."""
    found.count("文件 / documents")
    d, s = schema.document, schema.source
    row = connection.execute(select(d).where(d.c.id == document_id)).one()
    data = connection.scalar(select(s.c.data).where(s.c.sha256 == row.sha256))
    _check_standing(connection, document_id, ledger, found)
    if data is None:
        found.missing("source", row.sha256, "文件 / the document")
    elif sha256_hex(data) != row.sha256:
        message = "文件字节的 SHA-256 与记录不符 / the bytes' SHA-256 differs"
        found.add("source", row.sha256, message, column="data", document_id=document_id)
    if extraction is None:
        return
    found.compare("document", document_id, _columns(extraction.document), dict(row._mapping), BODY)
    _check_fact_columns(connection, document_id, found)
    known = ledger.readings.get(document_id)
    if known is None:
        found.stray("document", document_id, LOG)
        return
    before = len(found.differences)
    if data is not None:
        stored = read_recognised(connection, document_id)
        _check_text(bytes(data), extraction, decode, stored, found)
        if reader.extract is not None and reader.version and known.reader == reader.version:
            _read_again(connection, bytes(data), row.reading, extraction, reader, stored, found)
    if known.reader is not None and (known.reader or None) != row.reader:
        found.differs("document", document_id, "reader", known.reader, row.reader, LOG)
    _check_seal(connection, document_id, known, found, named=len(found.differences) > before)


def check_gone(connection: Connection, ledger: Ledger, found: Findings) -> None:
    """Documents of which the log knows and the store does not."""
    there = set(connection.scalars(select(schema.document.c.id)))
    for key in ledger.readings.keys() - there:
        found.missing("document", key, LOG)


def check_sources(connection: Connection, ledger: Ledger, found: Findings) -> None:
    """Bytes of which there is no document: nobody brought them. (Those of a document are compared
    with it.)"""
    d, s = schema.document.c, schema.source.c
    rows = connection.execute(select(d.id, d.sha256))
    known = {row.sha256 for row in rows if row.id in ledger.readings}
    for key in connection.scalars(select(s.sha256).order_by(s.sha256)):
        found.count("原件 / sources")
        if key not in known:
            found.stray("source", key, LOG)


def check_recognised(connection: Connection, ledger: Ledger, found: Findings) -> None:
    """What a model read in pictures, against the digest of the entry by which the document came."""
    r = schema.recognised.c
    there: set[str] = set()
    for row in connection.execute(select(r.document_id, r.model, r.body).order_by(r.document_id)):
        found.count("图片文字的识别结果 / texts recognised in pictures")
        there.add(row.document_id)
        if row.document_id not in ledger.recognised:
            found.stray("recognised", row.document_id, LOG)
            continue
        seq, digest = ledger.recognised[row.document_id]
        now = Recognised(model=row.model, body=row.body).sha256
        if now != digest:
            entry = f"日志第 {seq} 条 / entry {seq} of the log"
            found.differs("recognised", row.document_id, "body", digest, now, entry)
    for key in sorted(ledger.recognised.keys() - there):
        found.missing("recognised", key, LOG)


def check_anchors(connection: Connection, ledger: Ledger, found: Findings) -> None:
    """What calendar ids are made of: a milestone's own id in its first version, or what a migration
    kept (`at-`). No act is logged for these rows, which come of the versions as progress does: one
    that names what no document and no entry of the log knows was put there; one that is gone, or
    names another milestone that there is, is not found."""
    known = {*ledger.owners, *ledger.named, *connection.scalars(select(schema.milestone.c.id))}
    a = schema.calendar_anchor
    for row in connection.execute(select(a).order_by(a.c.milestone_id)):
        found.count("日历编号 / ids in calendars")
        if row.milestone_id not in known:
            found.stray("calendar_anchor", row.milestone_id, "文件和日志 / documents and log")
        elif row.anchor not in known and not _KEPT_ANCHOR.fullmatch(row.anchor):
            found.add(
                "calendar_anchor", row.milestone_id,
                f"日历编号 {row.anchor} 不是任何里程碑的 / the calendar id {row.anchor} is of no milestone",
                column="anchor", found=row.anchor,
            )  # fmt: skip


def check_doubts(connection: Connection, ledger: Ledger, found: Findings) -> None:
    """What a person is to settle of versions, or settled."""
    v = schema.version_doubt.c
    whole = connection.execute(select(v.id, v.status, v.document_id, v.other_id)).all()
    rows = {row.id: row.status for row in whole}
    found.count("版本关系 / questions of versions", len(rows))
    for key in sorted(ledger.doubts.keys() - rows.keys()):
        found.missing("version_doubt", key, LOG)
    for row in whole:
        if row.id != doubt_id(row.document_id, row.other_id):
            found.add(
                "version_doubt", row.id,
                f"版本关系 {row.id} 不是关于 {row.document_id} 和 {row.other_id} 的 / {row.id} is no question of "
                f"{row.document_id} and {row.other_id}",
                column="document_id", found=row.document_id,
            )  # fmt: skip
    for key, status in sorted(rows.items()):
        if key not in ledger.doubts:
            found.stray("version_doubt", key, LOG)
        elif status != ledger.doubts[key]:
            found.add(
                "version_doubt", key,
                f"版本关系 {key} 的结论不是日志所记的 / what was said of {key} is not what the log says",
                column="status", expected=ledger.doubts[key], found=status,
            )  # fmt: skip


def check_quotes(extraction: Extraction, found: Findings) -> int:
    """Every fact's quote against the text at its span; gives how many there are."""
    text, count = extraction.document.text, 0
    for kind, fact_id, span, quote in _quotes(extraction):
        count += 1
        if span.end > len(text) or span.slice(text) != quote:
            found.add(
                "fact", fact_id,
                f"{kind} 应为“{quote}”, 原文是“{span.slice(text)}” / {kind}: the source differs",
                column=kind, expected=span.slice(text), found=quote,
                document_id=extraction.document.id, span=span,
            )  # fmt: skip
    return count


def _columns(document: Document) -> dict[str, Any]:
    row = document_row(document)
    row.pop("body")
    return row


def _check_standing(
    connection: Connection, document_id: str, ledger: Ledger, found: Findings
) -> None:
    expected = _UNSAID | ledger.standings.get(document_id, {})
    there = standing(connection, document_id)
    found.count("文件的版本、撤回和可见范围 / standings of documents")
    for column in (*STANDING, "visibility"):
        if column in expected and expected[column] != there[column]:
            table = "visibility" if column == "visibility" else "document"
            found.differs(table, document_id, column, expected[column], there[column], LOG)


def _check_text(
    data: bytes, extraction: Extraction, decode: Decode, stored: Recognised | None, found: Findings
) -> None:
    """The text against the bytes; one that was read in pictures against what was read then."""
    document = extraction.document
    try:
        text = stored.text if stored else decode(data, document.media_type, document.name)
    except (DubanError, KeyError, ValueError) as error:
        told = error.message if isinstance(error, DubanError) else str(error)
        found.add("document", document.id, f"文件解不开 / cannot be decoded: {told}", column="body")
        return
    if text != document.text:
        place = next(
            (i for i, (a, b) in enumerate(zip(text, document.text, strict=False)) if a != b),
            min(len(text), len(document.text)),
        )
        message = f"正文在第 {place} 字起不同 / the text differs from character {place}"
        found.add("document", document.id, message, column="body", document_id=document.id)


def _check_fact_columns(connection: Connection, document_id: str, found: Findings) -> None:
    """What a fact's columns repeat of its whole value."""
    f = schema.fact
    for row in connection.execute(select(f).where(f.c.document_id == document_id)):
        body = json.loads(row.body)
        start, end = body["span"] or (None, None)
        expected = {"id": body.get("id"), "start": start, "end": end}
        found.compare("fact", _key(row._mapping), expected, dict(row._mapping), BODY)


def _read_again(
    connection: Connection,
    data: bytes,
    reading: int,
    extraction: Extraction,
    reader: Reader,
    stored: Recognised | None,
    found: Findings,
) -> None:
    document = extraction.document
    given = {} if stored is None else {"recognised": stored}
    assert reader.extract is not None  # noqa: S101 - asked before
    found.count("由原件重新读取的文件 / documents read again from their bytes")
    try:
        first = text_reading(connection, document.sha256, reading, document.text)
        fresh = identify(reader.extract(data, document.name, **given), reading, text_of=first)
    except DubanError as error:
        found.add("document", document.id, f"文件读不出 / cannot be read: {error.message}")
        return
    fresh = with_name_warnings(fresh, extraction)
    want = {k: plain(v) for k, v in document_row(fresh.document).items()}
    d, f = schema.document, schema.fact
    row = connection.execute(select(*(d.c[k] for k in want)).where(d.c.id == document.id)).one()
    there = {k: plain(v) for k, v in row._mapping.items()}
    if fresh.document.text != document.text:
        want.pop("body")  # told already, by the place where it differs
    found.compare("document", document.id, want, there, _BYTES)
    kept = connection.execute(select(f).where(f.c.document_id == document.id))
    rows = {_key(r._mapping): dict(r._mapping) for r in kept}
    wanted = {_key(r): r for r in fact_rows(fresh)}
    for key in sorted(wanted.keys() - rows.keys()):
        found.missing("fact", key, _BYTES)
    for key in sorted(rows.keys() - wanted.keys()):
        found.stray("fact", key, _BYTES)
    for key in sorted(wanted.keys() & rows.keys()):
        found.compare("fact", key, wanted[key], rows[key], _BYTES)


def _check_seal(
    connection: Connection, document_id: str, known: Reading, found: Findings, *, named: bool
) -> None:
    now = document_seal(connection, document_id)
    found.count("正文和事项的摘要 / digests of texts and facts", 2)
    entry = f"日志第 {known.seq} 条 / entry {known.seq} of the log"
    for column, was in (("text_sha256", known.text), ("facts_sha256", known.facts)):
        if now[column] != was and not named:
            found.differs("document", document_id, column, was, now[column], entry)


def _key(row: Any) -> str:
    return f"{row['document_id']}/{row['kind']}/{row['ordinal']}"


def _quotes(extraction: Extraction) -> Iterator[tuple[str, str, Span, str]]:
    for task in extraction.tasks:
        for a in task.responsibilities:
            yield "assignment", f"{task.id}:{a.unit}", a.span, a.quote
        for m in task.milestones:
            yield "milestone", m.id, m.span, m.quote
        for t in task.targets:
            yield "target", t.id, t.span, t.quote
    for member in extraction.members:
        yield "member", member.unit, member.span, member.quote
    for policy in extraction.policies:
        yield "policy", policy.title, policy.span, policy.quote
    for repair in extraction.repairs:
        yield "repair", repair.rule, repair.span, repair.raw

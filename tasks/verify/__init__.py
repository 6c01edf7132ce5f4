"""One verification of a store: all that it holds against its own log, and the log against itself.

The database is asked for its own faults first (`tasks.verify.integrity`): whoever reads by an index
that was exchanged is shown other rows than there are. Then the log's chain is checked, and folded once (`tasks.verify.ledger`) into what the store
should hold; each table is compared with that. Facts are also read again from the documents' bytes
where the reader that is installed is the one that the log names.

A row that nothing accounts for is a difference: facts, sources, progress, evidence, people, tokens,
addresses, deliveries and the copies of them by the log; views, triggers, rules and columns by the
schema, which is ours alone (tables beside ours are let be). Some rows come of no logged act:
- `calendar_anchor`, `job`, `job_input` are compared with themselves and the documents;
- `unnamed_evidence`, `session`, `known_address`, `conversation`, `turn` are not compared: they say
  nothing of a duty, and give nobody more than a password, checked again, gave.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from kb.errors import DubanError
from kb.wording import in_both, phrase
from tasks import audit, schema
from tasks.audit import Audited, Checkpoint
from tasks.corrections import apply_corrections
from tasks.document_rows import load_extraction
from tasks.models import Extraction
from tasks.store import Store
from tasks.undated import track_undated
from tasks.verify.documents import (
    Decode,
    Reader,
    check_anchors,
    check_document,
    check_doubts,
    check_gone,
    check_quotes,
    check_recognised,
    check_sources,
)
from tasks.verify.duties import (
    check_corrections,
    check_duties,
    check_evidence,
    check_progress,
    check_projections,
)
from tasks.verify.integrity import check_integrity, check_references
from tasks.verify.ledger import Ledger
from tasks.verify.people import check_jobs, check_outgoing, check_people
from tasks.verify.report import Checked, Difference, Findings, Report, Verified
from tasks.verify.shape import check_shape
from tasks.versions import read_corrections

__all__ = ["Checked", "Decode", "Difference", "Reader", "Report", "Verified", "verify_store"]

_DOCUMENTS = in_both(phrase("tasks", "documents"))
_BROKEN = (DubanError, ValueError, KeyError, TypeError, AttributeError, LookupError)
"""What a row raises that holds what no program of ours writes."""


def verify_store(
    store: Store,
    decode: Decode,
    *,
    reader: Reader | None = None,
    checkpoints: Iterable[Checkpoint] = (),
    report: Report = lambda *_: None,
) -> Verified:
    """Check everything, as it is at one moment; changes nothing.

    Args:
        store: opened without bringing its schema up to date (`Store.open(…, migrate=False)`), so
            that one of another revision is told and not changed.
        decode: the text of stored bytes.
        reader: the reader that is installed.
        checkpoints: kept elsewhere, which the log must still hold.
        report: told of progress.
    """
    kept = list(checkpoints)
    found = Findings(report)
    chain, documents, facts = Audited(count=0, head=audit.GENESIS, faults=()), 0, 0
    with store.reading() as connection:
        check_integrity(connection, found)
        try:
            chain, documents, facts = _compare(connection, decode, reader or Reader(), kept, found)
        except SQLAlchemyError as error:
            if not found.differences:
                raise  # out of reach, not damaged
            found.unreadable(connection.dialect.name, "", error)
    if not kept:
        found.unknown.append(
            "没有另存的校验点：整个库连同日志被一并重写，或日志末尾被删而各表随之改写，无从发现 / no checkpoint was kept: that the "
            "whole store was written anew with its log, or the log's tail cut and the tables with it, "
            "cannot be known"
        )
    else:
        found.unknown.append(
            f"最后一个校验点（第 {max(p.count for p in kept)} 条）之后的整体重写无从发现 / that all after the last "
            f"checkpoint (entry {max(p.count for p in kept)}) was written anew cannot be known"
        )
    return _result(chain, found, documents, facts)


def _compare(
    connection: Connection, decode: Decode, reader: Reader, kept: list[Checkpoint], found: Findings
) -> tuple[Audited, int, int]:
    """Shape, log and rows; gives the log and how many documents and facts there are."""
    whole = check_shape(connection, found)
    if not connection.dialect.has_table(connection, schema.audit.name):
        return Audited(count=0, head=audit.GENESIS, faults=()), 0, 0
    chain = audit.verify_chain(connection, kept)
    found.count("日志条目 / entries of the log", chain.count)
    if not whole:
        return chain, 0, 0
    check_references(connection, found)
    _check_empty(connection, chain, found)
    return chain, *_check_all(connection, decode, reader, found)


def _result(chain: Audited, found: Findings, documents: int, facts: int) -> Verified:
    return Verified(
        count=chain.count,
        head=chain.head,
        documents=documents,
        facts=facts,
        checked=found.checked,
        faults=chain.faults,
        differences=tuple(found.differences),
        unknown=tuple(found.unknown),
    )


def _check_empty(connection: Connection, chain: Audited, found: Findings) -> None:
    """A store in which anything is has a log."""
    if chain.count:
        return
    for table in (schema.document, schema.person, schema.life, schema.correction, schema.evidence):
        if connection.scalar(select(func.count()).select_from(table)):
            found.add(
                "audit", "",
                f"日志是空的，而 {table.name} 表有记录：日志被清空 / the log is empty though there are rows in "
                f"{table.name}: it was emptied",
            )  # fmt: skip


def _check_all(
    connection: Connection, decode: Decode, reader: Reader, found: Findings
) -> tuple[int, int]:
    d = schema.document.c
    # A fact that several readings of the same bytes have is the last one's.
    keys = list(connection.scalars(select(d.id).order_by(d.sha256, d.reading)))
    facts = 0
    owners: dict[str, str] = {}
    homes: dict[str, str] = {}
    for number, key in enumerate(keys):
        found.report("事项 / facts", number, len(keys))
        extraction = _loaded(connection, key, found)
        if extraction is None:
            continue
        facts += check_quotes(extraction, found)
        corrected = _corrected(connection, extraction, found)
        for one in (extraction, corrected):
            for task in one.tasks if one else ():
                homes[task.id] = key
                owners.update((m.id, task.id) for m in task.milestones)
        if corrected is not None:
            check = partial(check_projections, connection, corrected, found)
            _guarded("milestone", found, check, key)
    found.count("事项原文 / quotes of facts", facts)
    ledger = Ledger(found, owners, homes)
    _guarded("audit", found, lambda: ledger.read(audit.read(connection)))
    for number, key in enumerate(keys):
        found.report(_DOCUMENTS, number, len(keys))
        loaded = _loaded(connection, key)
        check = partial(check_document, connection, key, loaded, decode, reader, ledger, found)
        _guarded("document", found, check, key)
    checks = {
        "document": check_gone,
        "source": check_sources,
        "recognised": check_recognised,
        "calendar_anchor": check_anchors,
        "version_doubt": check_doubts,
        "correction": check_corrections,
        "fact": check_duties,
        "life": check_progress,
        "evidence": check_evidence,
        "person": check_people,
        "delivery": check_outgoing,
    }
    for table, one_check in checks.items():
        found.report(table, 0, 0)
        _guarded(table, found, partial(one_check, connection, ledger, found))
    found.report("job", 0, 0)
    _guarded("job", found, partial(check_jobs, connection, found))
    current = frozenset(connection.scalars(select(d.id).where(schema.CURRENT)))
    _tell_unknown(ledger, reader, current, found)
    return len(keys), facts


def _guarded(table: str, found: Findings, check: Callable[[], None], row: str = "") -> None:
    """Run a check; a row that cannot even be read is a difference, not an error of the check."""
    try:
        check()
    except _BROKEN as error:
        found.unreadable(table, row, error)


def _loaded(
    connection: Connection, document_id: str, found: Findings | None = None
) -> Extraction | None:

    try:
        return load_extraction(connection, document_id)
    except _BROKEN as error:
        if found is not None:
            found.unreadable("document", document_id, error)
        return None


def _corrected(
    connection: Connection, extraction: Extraction, found: Findings
) -> Extraction | None:
    try:
        corrections = read_corrections(connection, extraction.document.id)
        return track_undated(apply_corrections(extraction, corrections))
    except _BROKEN as error:
        found.unreadable("correction", extraction.document.id, error)
        return None


def _tell_unknown(
    ledger: Ledger, reader: Reader, current: Collection[str], found: Findings
) -> None:
    older = [r.seq for r in ledger.readings.values() if r.reader is None]
    if older:
        found.unknown.append(
            f"{len(older)} 份文件自日志第 {min(older)} 条起才有摘要：此前的改动无从发现 / {len(older)} document(s) are "
            f"sealed from entry {min(older)} of the log on: what was altered before cannot be known"
        )
    others = [k for k, r in ledger.readings.items() if r.reader not in (None, reader.version)]
    again = sum(key in current for key in others)
    if others:
        zh, en = (f"（现行的 {again} 份可重新读取: duban reread）", f" (of the {again} current ones duban reread does that)")  # fmt: skip
        found.unknown.append(
            f"{len(others)} 份文件由另一版本的读取程序读出，只核对了摘要，没有由原件重新读取{zh if again else ''} / "
            f"{len(others)} document(s) were read by another version of the reader: compared by digests, "
            f"not read again from their bytes{en if again else ''}"
        )
    found.unknown.append(
        "登录会话和来处、对话记录、待清理文件的起算时间、版本疑问的依据和提出时间不在核对之列；上传作业和日历编号不入日志，只核对是否自相"
        "一致、与文件相符（上传的时间、内容和读取结果除外） / sessions, known addresses, conversations, since when a file "
        "waits to be cleared, why and when a question of versions came up are not checked; uploads and "
        "ids in calendars have no entries in the log: they are compared with themselves and the documents "
        "only (not an upload's moment, bytes and what was read)"
    )

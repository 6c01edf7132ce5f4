"""Erasing a document (彻底删除): what must not be in the store at all, such as a file whose marking of
secrecy was seen after it came in.

All versions and readings of it go, with the bytes, what was recognised in pictures, the facts, and what
quotes or rests on them: reports and their evidence, corrections, conversations, uploads, copies of
digests. What the audit log said of them is redacted (`tasks.redaction`); one entry stays that says by
whom and why a document with these digests was erased. The index and the freed space of the database are
its callers' (`api.erasing`). What went out by mail or to other systems, and backups, are beyond reach:
the deliveries are told.
"""

from __future__ import annotations

import html
import json
import zlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, select, update

from kb.errors import ConflictError, NotFoundError, TransitionError
from kb.identifiers import sha256_hex
from kb.models import Fact
from tasks import audit, schema
from tasks.attachments import ATTACHED
from tasks.audit import Change, Entry
from tasks.authorisation import Action, Actor, require
from tasks.document_rows import load_extraction
from tasks.fields import check_words
from tasks.redaction import redact
from tasks.seals import standing
from tasks.versions import load_corrected

if TYPE_CHECKING:
    from tasks.store import Store

_LEAST = 6
"""Characters of words that tell a quotation of a document; shorter ones stand anywhere."""


class SentDigest(Fact):
    """A digest that quoted an erased document and may have arrived: it is to be recalled by hand."""

    unit: str
    week: str
    channel: str
    status: str


class Erased(Fact):
    """What erasing did. `documents` are all versions and readings, with the digests of their bytes;
    `detached` documents that were its attachments (they stay); the numbers count rows that went, and
    entries of the log that were redacted; `before`: it was erased before this."""

    documents: dict[str, str]
    detached: tuple[str, ...] = ()
    milestones: int = 0
    corrections: int = 0
    evidence: int = 0
    conversations: int = 0
    uploads: int = 0
    digest_copies: int = 0
    entries: int = 0
    sent: tuple[SentDigest, ...] = ()
    before: bool = False


def erase_document(
    store: Store,
    actor: Actor,
    document_id: str,
    reason: str,
    at: datetime,
    *,
    versions: bool = False,
) -> Erased:
    """Erase a document, in one transaction. One that was erased is told again, as it was recorded.

    Args:
        store: where it is.
        actor: who erases it.
        document_id: any version or reading of it.
        reason: why; it stays in the log.
        at: now.
        versions: whether versions of other bytes go too: without them none goes.

    Raises:
        DeniedError: the actor may not.
        NotFoundError: there is no such document, and none was erased.
        ConflictError: it has versions of other bytes, or an unfinished upload holds its bytes.
        TransitionError: there is no reason.
        FieldError: the reason cannot be kept.
    """
    require(actor, Action.ERASE)
    if not (reason := check_words("理由", "reason", reason)):
        raise TransitionError("要写明理由 / a reason is needed", hint="--reason")
    with store.writing() as connection:
        d = schema.document.c
        rows = connection.execute(select(d.id, d.sha256, d.lineage)).all()
        own = next((row for row in rows if row.id == document_id), None)
        if own is None:
            return _erased_before(connection, document_id)
        family = _family(rows, own)
        if not versions and (others := sorted({r.id for r in family if r.sha256 != own.sha256})):
            raise ConflictError(
                f"该文件另有版本 {'、'.join(others)}, 各版本一并删除, 须加确认 / it has other versions, "
                f"{', '.join(others)}: they are erased with it, which is to be confirmed",
                hint="--versions",
            )
        erasing = _Erasing(connection, {row.id: row.sha256 for row in family})
        return erasing.run(actor, document_id, reason, at)


def _family(rows: Collection[Any], own: Any) -> list[Any]:
    """All versions and readings: of its chain, and of the same bytes elsewhere."""
    lineages, digests = {own.lineage}, {own.sha256}
    while True:
        found = [row for row in rows if row.lineage in lineages or row.sha256 in digests]
        before = len(lineages), len(digests)
        lineages |= {row.lineage for row in found}
        digests |= {row.sha256 for row in found}
        if (len(lineages), len(digests)) == before:
            return found


def _erased_before(connection: Connection, document_id: str) -> Erased:
    for entry in list(audit.read(connection, action=audit.ERASED)):
        if document_id in entry.detail["documents"]:
            return Erased(documents=entry.detail["documents"], before=True)
    raise NotFoundError(
        f"没有文件 {document_id} / no document {document_id}", hint="duban documents"
    )


@dataclass(slots=True)
class _Known:
    """Ids of facts, and words by which a quotation of the documents is known."""

    tasks: set[str] = field(default_factory=set)
    milestones: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)


class _Erasing:
    def __init__(self, connection: Connection, documents: dict[str, str]) -> None:
        self._connection = connection
        self._documents = documents
        self._known = _Known()
        self._corrections = self._find(schema.correction.c.id, schema.correction.c.document_id)
        for key in documents:
            self._learn(key)
        c = schema.correction.c
        for body in self._find(c.body, c.id, self._corrections):
            made = json.loads(body)
            self._known.tasks.add(made["task_id"])
            self._known.milestones |= {made["fact_id"]} - {""}

    def run(self, actor: Actor, subject: str, reason: str, at: datetime) -> Erased:
        connection, gone = self._connection, sorted(self._known.milestones)
        self._refuse_open()
        entries = [e for e in audit.read(connection) if self._is_about(e)]
        steps = {e.seq for e in entries}
        doubts = self._doubts()
        copies = self._copies()
        sent = self._sent(copies)
        detached = self._detach()
        counts = {
            "milestones": len(gone), "corrections": len(self._corrections),
            "evidence": self._drop_evidence(steps), "conversations": self._drop_conversations(),
            "uploads": self._drop_jobs(), "digest_copies": len(copies), "entries": len(entries),
        }  # fmt: skip
        self._drop(schema.digest_copy.c.sha256, copies)
        self._drop(schema.correction.c.id, self._corrections)
        for column in (
            schema.life.c.milestone_id, schema.occasion.c.milestone_id, schema.calendar_anchor.c.milestone_id,
        ):  # fmt: skip
            self._drop(column, gone)
        d = schema.document
        own = d.c.id.in_(self._documents)
        connection.execute(update(d).where(own).values(superseded_by=None))
        self._drop(d.c.id, self._documents)  # with all that refers to it
        self._drop(schema.source.c.sha256, set(self._documents.values()))
        by = audit.last_checkpoint(connection).count + 1
        detail = {
            "documents": self._documents, "milestones": gone, "corrections": sorted(self._corrections),
            "version_doubts": doubts, "digest_copies": sorted(copies), "counts": counts,
            audit.REDACTIONS: redact(connection, entries, by),
            "standings": {key: standing(connection, key, "attached_to", "attachment") for key in detached},
        }  # fmt: skip
        change = Change(
            actor=actor.login, action=audit.ERASED, subject=subject, detail=detail, reason=reason
        )
        audit.append(connection, at, [change])
        return Erased(documents=self._documents, detached=detached, sent=sent, **counts)

    # ---- what it is about

    def _learn(self, document_id: str) -> None:
        connection, known = self._connection, self._known
        for extraction in (load_extraction(connection, document_id), load_corrected(connection, document_id)):  # fmt: skip
            document = extraction.document
            known.words |= {document.title, document.document_number or ""}
            known.words |= {plan.title for plan in extraction.plans}
            for task in extraction.tasks:
                known.tasks.add(task.id)
                known.milestones |= {m.id for m in task.milestones}
                known.words |= {task.title, *(m.commitment for m in task.milestones)}
        m = schema.milestone.c
        known.milestones |= self._find(m.id, m.document_id)
        for entry in audit.read(connection, subject=document_id, action=audit.CARRIED):
            moved = entry.detail["milestones"]
            known.milestones |= {*moved, *moved.values()}
        known.words = {words for words in known.words if len(words) >= _LEAST}

    def _is_about(self, entry: Entry) -> bool:
        """Whether an entry may hold words of a document; what only maps ids to ids holds none."""
        if entry.action in (audit.CARRIED, audit.ERASED):
            return False
        detail, known = entry.detail, self._known
        named = {
            entry.subject.partition("@")[0],
            detail.get("document_id"),
            detail.get("milestone_id"),
        }
        named |= {(entry.before or {}).get("task_id"), detail.get("id")}
        if entry.action == ATTACHED:
            named.add((entry.after or {}).get("attached_to"))
        return not named.isdisjoint(
            {*self._documents, *known.tasks, *known.milestones, *self._corrections}
        )

    def _quotes(self, said: str) -> bool:
        known = self._known
        marks = {*self._documents, *known.tasks, *known.milestones, *known.words}
        return any(mark in said for mark in marks)

    # ---- what goes

    def _refuse_open(self) -> None:
        """An upload of the same bytes that is not finished would bring them in again."""
        i, j = schema.job_input, schema.job
        for row in self._connection.execute(
            select(i.c.data, j.c.body).join(j, j.c.id == i.c.job_id)
        ):
            body = json.loads(row.body)
            if (
                sha256_hex(row.data) in self._documents.values()
                or body.get("rereads") in self._documents
            ):
                raise ConflictError(
                    f"作业 {body.get('id')} 正在读取该文件, 请先取消或等其结束 / job {body.get('id')} reads it: cancel it "
                    "or wait for its end",
                    hint="duban serve: 管理 / jobs",
                )  # fmt: skip

    def _doubts(self) -> list[str]:
        v = schema.version_doubt.c
        return sorted(self._find(v.id, v.document_id) | self._find(v.id, v.other_id))

    def _copies(self) -> set[str]:
        """Copies of digests that quote it."""
        c = schema.digest_copy
        return {
            row.sha256
            for row in self._connection.execute(select(c))
            if self._quotes(html.unescape(zlib.decompress(row.page).decode("utf-8", "replace")) + row.subject)
        }  # fmt: skip

    def _sent(self, copies: Collection[str]) -> tuple[SentDigest, ...]:
        d = schema.delivery
        query = select(d).where(d.c.sha256.in_(copies)).order_by(d.c.week, d.c.unit, d.c.channel)
        return tuple(
            SentDigest(unit=row.unit, week=row.week, channel=row.channel, status=row.status)
            for row in self._connection.execute(query)
        )

    def _detach(self) -> tuple[str, ...]:
        d = schema.document
        apart = d.c.attached_to.in_(self._documents), d.c.id.not_in(self._documents)
        keys = tuple(self._connection.scalars(select(d.c.id).where(*apart).order_by(d.c.id)))
        empty = {"attached_to": None, "attachment": None}
        self._connection.execute(update(d).where(d.c.id.in_(keys)).values(**empty))
        return keys

    def _drop_evidence(self, steps: Collection[int]) -> int:
        """Files that only steps on its duties name."""
        p = schema.proof.c
        named = self._find(p.sha256, p.seq, steps)
        self._drop(p.seq, steps)
        alone = named - self._find(p.sha256, p.sha256, named)
        for column in (schema.evidence.c.sha256, schema.unnamed_evidence.c.sha256):
            self._drop(column, alone)
        return len(alone)

    def _drop_conversations(self) -> int:
        """Conversations with a turn that quotes it, whole: what follows a turn speaks of it too."""
        t, c = schema.turn.c, schema.conversation.c
        rows = self._connection.execute(select(t.conversation_id, t.question, t.answer))
        found = {row.conversation_id for row in rows if self._quotes(f"{row.question}\n{_plain(row.answer)}")}  # fmt: skip
        rows = self._connection.execute(select(c.id, c.title))
        found |= {row.id for row in rows if self._quotes(row.title)}
        self._drop(c.id, found)
        return len(found)

    def _drop_jobs(self) -> int:
        """Uploads that brought it or read it again: their reports quote it."""
        j = schema.job.c
        rows = self._connection.execute(select(j.id, j.body))
        found = {row.id for row in rows if any(key in row.body for key in self._documents)}
        self._drop(j.id, found)
        return len(found)

    def _find(self, wanted: Any, column: Any, keys: Collection[Any] | None = None) -> set[Any]:
        keys = self._documents if keys is None else keys
        found: set[Any] = set()
        for part in _parts(keys):
            found |= set(self._connection.scalars(select(wanted).where(column.in_(part))))
        return found

    def _drop(self, column: Any, keys: Collection[Any]) -> None:
        for part in _parts(keys):
            self._connection.execute(delete(column.table).where(column.in_(part)))


def _plain(answer: str) -> str:
    """The words of a kept answer, as they read."""
    try:
        return json.dumps(json.loads(answer), ensure_ascii=False)
    except ValueError:
        return answer


def _parts(keys: Iterable[Any], size: int = 500) -> Iterable[list[Any]]:
    """Few enough for one statement's variables."""
    rest = list(keys)
    return (rest[at : at + size] for at in range(0, len(rest), size))

"""Adding a document: is it new, a new version of one that is there, or there already?

The same bytes are the same document, whatever the file is called, and whether it holds or a later
one does: brought once more, they change nothing. Other bytes are a new version only of the one
current document that prints the same number and the same title and no later day, or where a person
says so. Weaker evidence makes no version, nor does an earlier day: it is kept as a doubt (see
`tasks.version_doubts`). So a text of an earlier day takes no other's place by being brought last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, update

from kb.errors import ConflictError
from kb.models import Document, Fact, Finding, Span
from tasks import audit, schema
from tasks.audit import Change
from tasks.document_rows import (
    clear_duties,
    insert_document,
    load_extraction,
    text_reading,
    write_duties,
)
from tasks.fact_ids import identify, same_facts
from tasks.home import take_up
from tasks.models import Extraction
from tasks.recognition import recognised_seal
from tasks.redaction import refuse_erased
from tasks.seals import document_seal, standing, standings_of
from tasks.superseding import (
    Superseded,
    current_version,
    lineage_of,
    next_version,
    require_current,
    supersede,
)
from tasks.version_doubts import PossibleVersion, find_versions, note_doubts
from tasks.versions import load_corrected

REFRESHED = "document.refreshed"
"""Bytes that are there were read again and gave other facts."""
CONFIRMED = "document.confirmed"
"""Bytes that are there were read again by another reader and gave the same."""
Settle = Callable[[Connection, str], None]


class Added(Fact):
    """What adding a document did.

    `status`: `added`; `new-version` of the document `superseded`; `re-read`: another reading of the
    bytes of `superseded`; `unchanged`: they are there already (where they were read again by another
    reader with the same outcome, that is noted); `superseded`: they are those of a
    former version, `replaced_by` is the current one; `withdrawn`: they were withdrawn, which only
    `tasks.withdrawal` undoes. The last three change nothing. `possible_versions` are current
    documents that it may be a new version of, or they of it: a person settles that. `tracked`: its
    duties are the house's (see `tasks.tracking`); `findings` say what a person should know of that.
    """

    document_id: str
    status: Literal["added", "unchanged", "new-version", "re-read", "superseded", "withdrawn"]
    superseded: str | None = None
    replaced_by: str | None = None
    possible_versions: tuple[PossibleVersion, ...] = ()
    tracked: bool = True
    findings: tuple[Finding, ...] = ()


class TextRepair(Fact):
    """What a person says that recognised characters are, and why."""

    span: Span
    words: str
    reason: str


def add_document(
    connection: Connection,
    extraction: Extraction,
    source: bytes,
    *,
    recorded_at: datetime,
    refresh: bool,
    replaces: str | None,
    actor: str,
    reader: str,
    settle: Settle | None,
    government: str,
    changes: Sequence[Mapping[str, Any]] = (),
    repair: TextRepair | None = None,
) -> Added:
    """See `Store.add`; in the caller's transaction."""
    adding = _Adding(connection, recorded_at, actor, reader, settle, government, repair)
    d = schema.document
    known = connection.execute(
        select(d).where(d.c.sha256 == extraction.document.sha256).order_by(d.c.reading)
    ).all()
    if replaces is not None and replaces not in {row.id for row in known}:
        require_current(connection, replaces)
    else:
        replaces = None
    if not known:
        refuse_erased(connection, extraction.document.sha256)
        return adding.new(extraction, source, replaces)
    current = next((row for row in known if row.superseded_by is None), None)
    if current is None:
        return adding.former(known[-1], replaces)
    if current.withdrawn_at is not None:
        return Added(document_id=current.id, status="withdrawn")
    if replaces is not None:
        return adding.version(current.id, replaces)
    if refresh and not same_facts(load_extraction(connection, current.id), extraction):
        return adding.again(extraction, current.id, [(r.id, r.reading) for r in known], changes)
    if refresh and reader and reader != current.reader:
        adding.confirm(current)
    tracked = current.tracked_since is not None
    return Added(document_id=current.id, status="unchanged", tracked=tracked)


class _Adding:
    def __init__(
        self,
        connection: Connection,
        at: datetime,
        actor: str,
        reader: str,
        settle: Settle | None,
        government: str,
        repair: TextRepair | None = None,
    ) -> None:
        self._repair = repair
        self._connection, self._at, self._actor = connection, at, actor
        self._reader, self._government = reader, government
        self._settle = settle or (lambda _connection, _key: None)

    def new(self, extraction: Extraction, source: bytes, replaces: str | None) -> Added:
        """Bytes that were not there."""
        document, seal = extraction.document, recognised_seal(extraction)
        connection = self._connection
        connection.execute(insert(schema.source), {"sha256": document.sha256, "data": source})
        candidates = [] if replaces else find_versions(connection, document)
        sure = [c.document_id for c in candidates if c.is_sure]
        old = replaces or (sure[0] if len(sure) == 1 else None)
        if old is not None:
            self._insert(extraction, lineage_of(connection, old), 1)
            return self._version(document, old, "new-version", fresh=True, more=seal)
        self._insert(extraction, document.id, 1)
        note_doubts(connection, document.id, candidates, self._at)
        added = Added(document_id=document.id, status="added", possible_versions=tuple(candidates))
        return self._record(document, added, fresh=True, more=seal)

    def again(
        self,
        extraction: Extraction,
        current: str,
        known: Sequence[tuple[str, int]],
        told: Sequence[Mapping[str, Any]],
    ) -> Added:
        """Another reading of bytes whose facts are there, which stay as they were; what both have
        stands in the new one. `known` are all readings so far, `told` what the log is to say."""
        connection, document = self._connection, extraction.document
        reading = known[-1][1] + 1
        first = text_reading(connection, document.sha256, reading, document.text)
        extraction = identify(extraction, reading, text_of=first)
        alike = self._newly_alike(document, current) if self._repair else []
        before = [key for key, _ in known]
        clear_duties(connection, before)
        self._insert(extraction, lineage_of(connection, current), reading)
        for key in before:
            if key != current:  # whose rows are written when its place is taken
                write_duties(connection, load_corrected(connection, key))
        more: dict[str, Any] = {"changes": [dict(change) for change in told]} if told else {}
        more |= recognised_seal(extraction)
        if self._repair is not None:
            span, text = self._repair.span, extraction.document.text
            more["repaired"] = {
                "span": [span.start, span.end], "raw": span.slice(text), "words": self._repair.words,
            }  # fmt: skip
        document = extraction.document
        note_doubts(connection, document.id, alike, self._at)
        return self._version(document, current, "re-read", fresh=True, more=more, alike=alike)

    def _newly_alike(self, document: Document, current: str) -> list[PossibleVersion]:
        """Documents that print the number or title to which a person corrected this one's: its former
        reading did not, so that nobody was asked yet."""
        former = load_extraction(self._connection, current).document
        asked = {v.document_id for v in find_versions(self._connection, former)}
        found = find_versions(self._connection, document)
        return [v for v in found if v.document_id not in asked]

    def confirm(self, row: Any) -> None:
        """Note that this reader gives the facts that are there."""
        d, connection, key = schema.document, self._connection, str(row.id)
        connection.execute(update(d).where(d.c.id == key).values(reader=self._reader))
        change = Change(
            actor=self._actor, action=CONFIRMED, subject=key,
            detail={"name": row.name, "sha256": row.sha256, "reader": self._reader}
            | document_seal(connection, key)
            | {"standings": {key: standing(connection, key, "reader")}},
            before={"reader": row.reader}, after={"reader": self._reader},
        )  # fmt: skip
        audit.append(connection, self._at, [change])
        self._settle(connection, key)

    def former(self, row: Any, replaces: str | None) -> Added:
        """Bytes of a former version: current again where a person says so, and in no other way."""
        head = current_version(self._connection, row.id)
        if replaces not in (None, head):
            raise ConflictError(
                f"这些字节是 {head} 的旧版本, 不能另作 {replaces} 的新版本 / these bytes are a former "
                f"version of {head} and cannot be a new one of {replaces}"
            )
        if replaces is None:
            tracked = row.tracked_since is not None
            return Added(document_id=row.id, status="superseded", replaced_by=head, tracked=tracked)
        return self.version(row.id, head)

    def version(self, document_id: str, old: str) -> Added:
        """A document that is there takes the place of another."""
        document = load_extraction(self._connection, document_id).document
        return self._version(document, old, "new-version", fresh=False)

    def _insert(self, extraction: Extraction, lineage: str, reading: int) -> None:
        insert_document(
            self._connection, extraction, lineage=lineage, reading=reading,
            version=next_version(self._connection, lineage), recorded_at=self._at,
            reader=self._reader,
        )  # fmt: skip

    def _version(
        self,
        document: Document,
        old: str,
        status: Literal["new-version", "re-read"],
        *,
        fresh: bool,
        more: Mapping[str, Any] | None = None,
        alike: Sequence[PossibleVersion] = (),
    ) -> Added:
        added = Added(
            document_id=document.id, status=status, superseded=old, possible_versions=tuple(alike)
        )
        done = supersede(self._connection, old, document.id, self._actor, fresh=fresh)
        return self._record(document, added, done, fresh=fresh, more=more)

    def _record(
        self,
        document: Document,
        added: Added,
        done: Superseded | None = None,
        *,
        fresh: bool,
        more: Mapping[str, Any] | None = None,
    ) -> Added:
        """Decide whose its duties are; write the log, then what followed from it."""
        connection, old = self._connection, added.superseded
        taken = take_up(connection, document, self._government, old, self._at)
        added = added.model_copy(update=dict(taken))
        doubts = [v.doubt(document.id) for v in added.possible_versions]
        possible = [old for new, old in doubts if new == document.id]
        later = [new for new, old in doubts if old == document.id]
        touched = done.touched if done else (document.id,)
        told: dict[str, Any] = {"reader": self._reader} if fresh else {}
        change = Change(
            actor=self._actor,
            action=REFRESHED if added.status == "re-read" else "document.added",
            subject=document.id,
            detail={"name": document.name, "sha256": document.sha256}
            | {"lineage": lineage_of(connection, document.id)}
            | ({"possible_versions": possible} if possible else {})
            | ({"possible_successors": later} if later else {})
            | document_seal(connection, document.id)
            | told
            | dict(more or {})
            | {"standings": standings_of(connection, touched)},
            before={"document_id": old} if old else None,
            after={"document_id": document.id, "status": added.status, "tracked": added.tracked},
            reason=self._repair.reason if self._repair else "",
        )
        audit.append(connection, self._at, [change, *(done.changes if done else ())])
        self._settle(connection, document.id)
        return added

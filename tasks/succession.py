"""What a milestone was before, and what it is now: its own kind in other versions of its document.

What was reported went over by the log (`audit.CARRIED`, by a person's word too); everything else by
where the words stand (`tasks.matching`), as when the versions were made. Where the date is the same
in no milestone, the duty in whose place another stands is named without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from pydantic import Field
from sqlalchemy import Connection, select

from kb.models import Fact
from tasks import audit, schema
from tasks.authorisation import Actor
from tasks.document_rows import load_extraction
from tasks.matching import Matches, match_versions
from tasks.store import Store, as_utc
from tasks.visibility import visible_documents

ACTS = ("document.", "version.")
"""Beginnings of the actions by which one version takes another's place."""


class Kin(Fact):
    """A duty of another version; `milestone_id` is empty where its date is not the same."""

    milestone_id: str
    task_id: str
    document_id: str
    title: str
    commitment: str


class Replacement(Fact):
    """One version of a document took another's place: the log's entry of that (number, time UTC,
    who, what was done), and the milestone's `successor` or `predecessor` by it. What else the entry
    says is of the document, and left out."""

    seq: int
    at: str
    actor: str
    action: str
    subject: str
    detail: dict[str, str] = Field(default_factory=dict)
    before: None = None
    after: None = None
    reason: str = ""
    successor: Kin | None = None
    predecessor: Kin | None = None

    @property
    def kin(self) -> Kin:
        """Which of the two it is."""
        found = self.successor or self.predecessor
        assert found is not None  # noqa: S101 - made with one of them
        return found


def former_milestone(store: Store, actor: Actor, prefix: str) -> str:
    """The whole id of a milestone of a former version that `actor` may see from its beginning;
    empty where none, or several, begin so."""
    m, d = schema.milestone.c, schema.document
    query = select(m.id).join(d, d.c.id == m.document_id).where(d.c.superseded_by.is_not(None))
    mine = m.id.startswith(prefix, autoescape=True)
    with store.reading() as connection:
        found = list(connection.scalars(query.where(mine).limit(2)))
    if len(found) != 1 or not visible_documents(store, actor, [former_document(store, found[0])]):
        return ""
    return found[0] if prefix else ""


def former_document(store: Store, milestone_id: str) -> str:
    """The document of which a newer version took the place and in which a milestone stands; empty
    where there is none."""
    m, d = schema.milestone.c, schema.document
    query = select(d.c.id).join(schema.milestone, m.document_id == d.c.id)
    with store.reading() as connection:
        found = connection.scalar(query.where(m.id == milestone_id, d.c.superseded_by.is_not(None)))
    return str(found or "")


def read_replacements(store: Store, actor: Actor, milestone_id: str) -> list[Replacement]:
    """All that a milestone was and became in documents that `actor` may see, in the order of the
    log."""
    with store.reading() as connection:
        replacements = _Line(store, connection, milestone_id).replacements()
    seen = visible_documents(
        store, actor, [replacement.kin.document_id for replacement in replacements]
    )
    return [replacement for replacement in replacements if replacement.kin.document_id in seen]


class _Line:
    """Follows one milestone through the versions of its document."""

    def __init__(self, store: Store, connection: Connection, milestone_id: str) -> None:
        self._store, self._connection = store, connection
        m = schema.milestone
        self._row = connection.execute(select(m).where(m.c.id == milestone_id)).first()
        d = schema.document.c
        rows = connection.execute(select(d.id, d.superseded_by, d.recorded_at, d.sha256)).all()
        self._bytes = {row.id: row.sha256 for row in rows}
        self._after = {row.id: row.superseded_by for row in rows}
        self._recorded = {row.id: as_utc(row.recorded_at).isoformat() for row in rows}
        carried = audit.read(connection, action=audit.CARRIED)
        moves = [e.detail["milestones"].items() for e in carried]
        self._carried = [{k: v for k, v in moved if k != v} for moved in moves]

    def replacements(self) -> list[Replacement]:
        """Both ways from where it stands."""
        if self._row is None:
            return []
        start = Kin(
            milestone_id=self._row.id, task_id=self._row.task_id, title=self._row.title,
            document_id=self._row.document_id, commitment=self._row.commitment,
        )  # fmt: skip
        found, kin, at = list[Replacement](), start, start.document_id
        while new := self._after[at]:
            if not self._is_kept(kin, at, new):
                if not (after := self._next(kin, at, new)):
                    break
                found.append(self._act(at, new).model_copy(update={"successor": after}))
                kin = after
            at = new
        waiting = [(start, start.document_id)]
        for kin, at in waiting:
            for old in [key for key, new in self._after.items() if new == at]:
                if self._is_kept(kin, old, at) or self._is_same(kin.task_id, old, at):
                    waiting.append((kin, old))
                elif before := self._former(kin, old, at):
                    replacement = self._act(old, at)
                    found.append(replacement.model_copy(update={"predecessor": before}))
                    waiting.append((before, old))
        return sorted(found, key=lambda replacement: replacement.seq)

    def _is_kept(self, kin: Kin, old: str, new: str) -> bool:
        """Whether two readings of the same bytes have it under one id."""
        return self._is_same(kin.milestone_id or kin.task_id, old, new)

    def _is_same(self, key: str, old: str, new: str) -> bool:
        return self._matches(old, new).same.get(key) == key

    def _next(self, kin: Kin, old: str, new: str) -> Kin | None:
        matches = self._matches(old, new)
        told = next((c[kin.milestone_id] for c in reversed(self._carried) if kin.milestone_id in c), "")  # fmt: skip
        same = self._kin(told, "") or self._kin(matches.same.get(kin.milestone_id, ""), "")
        return same or self._kin("", _partner(matches, kin.task_id))

    def _former(self, kin: Kin, old: str, new: str) -> Kin | None:
        matches = self._matches(old, new)
        same = {new: was for was, new in matches.same.items()}
        near = {new: was for was, new in matches.near.items()}
        told = [was for c in self._carried for was, new in c.items() if new == kin.milestone_id]
        found = [self._kin(key, "") for key in (*reversed(told), same.get(kin.milestone_id, ""))]
        # By its row, which is the last reading's that has it.
        there = {old, *(key for key in self._after if self._bytes[key] == self._bytes[old])}
        here = [one for one in found if one and one.document_id in there]
        if here:
            return here[0]
        return self._kin("", same.get(kin.task_id) or near.get(kin.task_id, ""))

    def _matches(self, old: str, new: str) -> Matches:
        return _matches(self._store, old, new)

    def _kin(self, milestone_id: str, task_id: str) -> Kin | None:
        if not (milestone_id or task_id):
            return None
        m = schema.milestone
        mine = m.c.id == milestone_id if milestone_id else m.c.task_id == task_id
        row = self._connection.execute(select(m).where(mine).order_by(m.c.ordinal)).first()
        if row is None:
            return None
        return Kin(
            milestone_id=milestone_id, task_id=row.task_id, document_id=row.document_id,
            title=row.title, commitment=row.commitment if milestone_id else "",
        )  # fmt: skip

    def _act(self, old: str, new: str) -> Replacement:
        """By what act `new` took the place of `old`."""
        for entry in reversed(list(audit.read(self._connection, subject=new))):
            moved = entry.detail.get("standings", {}).get(old, {}).get("superseded_by") == new
            if entry.action.startswith(ACTS) and (
                moved or (entry.before or {}).get("document_id") == old
            ):
                return Replacement(
                    seq=entry.seq, at=entry.at, actor=entry.actor, action=entry.action, subject=new
                )
        return Replacement(
            seq=0, at=self._recorded[new], actor="", action="document.added", subject=new
        )


def _partner(matches: Matches, task_id: str) -> str:
    both: Mapping[str, str] = {**matches.near, **matches.same}
    return both.get(task_id, "")


@lru_cache(maxsize=32)
def _matches(store: Store, old: str, new: str) -> Matches:
    """Kept, since the text and the facts of a reading never change."""
    with store.reading() as connection:
        return match_versions(load_extraction(connection, old), load_extraction(connection, new))

"""The current documents with their facts as corrected, read again where the log says that they
changed, and a register for each set of them that somebody may see."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, not_, or_, select

from tasks import schema
from tasks.listing import lives_on
from tasks.models import Extraction
from tasks.queries import Register
from tasks.store import Store

SETS = 8
"""Sets of visible documents kept ready (each for those told of lives, and for others); as a rule
there are one or two."""
_ELSEWHERE = (
    "address.", "digest.", "milestone.", "person.", "review.", "schedule.", "session.", "token.",
    "document.visibility",
)  # fmt: skip
"""How entries of the log begin that leave the documents and their facts as they were. One of a
kind that is not known here counts as a change, so that nothing old is ever shown for new."""


class Held(NamedTuple):
    """The current documents by id, when each was recorded (UTC, ISO 8601), those whose duties are
    for reference, and what names this state of them: the hash of the last entry of the log that
    changed one."""

    version: str
    extractions: dict[str, Extraction]
    recorded: dict[str, str]
    reference: frozenset[str] = frozenset()


class Holdings:
    """The current documents of a store. Everything here may be called from several threads.

    Args:
        store: where they are.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._lock = threading.RLock()
        self._seen = -1
        self._held = Held("", {}, {})
        self._registers: OrderedDict[tuple[frozenset[str], bool], Register] = OrderedDict()

    def current(self) -> Held:
        """All current documents. Only those that changed are read again."""
        with self._lock:
            with self.store.reading() as connection:
                last = connection.scalar(select(func.max(schema.audit.c.seq))) or 0
                version, changed = self._held.version, set[str]()
                if last != self._seen:
                    version = version_of(connection)
                    if version != self._held.version and self._seen >= 0:
                        changed = set(connection.scalars(_changes(self._seen)))
            if self._seen < 0 or version != self._held.version:
                self._held = self._read(version, changed)
                self._registers.clear()
            self._seen = last
            return self._held

    def register(self, ids: frozenset[str], *, told: bool) -> Register:
        """Those of the current documents, with their facts as corrected; `told`: whether it is for
        somebody who may know of lives (`tasks.disclosure`)."""
        with self._lock:
            held = self.current()
            ids = ids.intersection(held.extractions)
            known = ids, told
            if known not in self._registers:
                found = [e for key, e in held.extractions.items() if key in ids]
                self._registers[known] = Register(
                    found,
                    lambda day: lives_on(self.store, day),
                    reference=held.reference,
                    told=told,
                )
                while len(self._registers) > SETS:
                    self._registers.popitem(last=False)
            self._registers.move_to_end(known)
            return self._registers[known]

    def recorded(self, document_id: str) -> str:
        """When a document was recorded, as last read: asked of each item of a list, so the store is
        not asked anew."""
        return self._held.recorded.get(document_id, "")

    def whole(self) -> Register:
        """All current documents."""
        return self.register(frozenset(self.current().extractions), told=True)

    def _read(self, version: str, changed: set[str]) -> Held:
        """As it is now. `changed` are the subjects of the entries since: documents and tasks."""
        before = self._held.extractions
        places = {t.id: key for key, e in before.items() for t in e.tasks}
        stale = {places.get(subject, subject) for subject in changed}
        stored = self.store.documents()
        ids = [d.document.id for d in stored]
        read = {key: self._load(key) for key in ids if key in stale or key not in before}
        known = {*places, *before, *(t.id for e in read.values() for t in e.tasks), *read}
        if not changed <= known:  # about something else: nothing is taken for granted
            before = {}
        found = {key: read.get(key) or before.get(key) or self._load(key) for key in ids}
        return Held(
            version,
            found,
            {d.document.id: d.recorded_at.isoformat() for d in stored},
            frozenset(d.document.id for d in stored if not d.tracked),
        )

    def _load(self, key: str) -> Extraction:
        return self.store.load(key, corrected=True)


def version_of(connection: Connection) -> str:
    """What names the present state of all documents and their facts."""
    a = schema.audit.c
    query = select(a.hash).where(not_(_elsewhere())).order_by(a.seq.desc()).limit(1)
    return str(connection.scalar(query) or "")


def _changes(seen: int) -> Select[tuple[str]]:
    a = schema.audit.c
    return select(a.subject).where(a.seq > seen, not_(_elsewhere()))


def _elsewhere() -> ColumnElement[bool]:
    return or_(*(schema.audit.c.action.startswith(part) for part in _ELSEWHERE))

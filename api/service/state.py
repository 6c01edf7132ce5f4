"""What the running service holds: the store, and an assistant for each set of documents that
somebody may see."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import date, datetime

from anyio import Semaphore
from sqlalchemy import func, select

from api.assistant.answer import Assistant
from api.assistant.model import WordedAssistant
from api.assistant.reply import Answer
from api.assistant.search import Found, chunks_of
from api.knowledge import open_assistant, open_index
from api.service.limits import RateLimit
from api.service.turns import Turns
from api.settings import Settings
from kb.index import Report
from tasks import audit, schema
from tasks.access import Access
from tasks.authorisation import Action, Actor, authorise
from tasks.due import DUE_SOON, DueItem
from tasks.listing import Wanted, list_standings, lives_on
from tasks.models import Extraction
from tasks.people import People
from tasks.queries import Register
from tasks.settling import SETTLED, UNSETTLED
from tasks.store import Store
from tasks.tracker import Tracker
from tasks.visibility import visible_documents

log = logging.getLogger("duban.service")
_SETS = 8
"""Sets of visible documents kept ready; as a rule there are one or two."""
_STEPS = (audit.STEPPED, "session.opened", "milestone.event", SETTLED, UNSETTLED)
"""Entries of the log that leave the documents and their facts as they were."""


class Service:
    """The store and what is made from it. Everything here may be called from several threads."""

    def __init__(self, settings: Settings, store: Store, *, public_read: bool) -> None:
        self.settings = settings
        self.store = store
        self.public_read = public_read
        self.access = Access(store)
        self.people = People(store)
        self.tracker = Tracker(store)
        self.sign_in_limit = RateLimit(10, 300)
        self.ask_limit = RateLimit(60, 60)
        self.warm = threading.Event()
        self._lock = threading.RLock()
        self.turns = Turns()
        self.heartbeat = 10.0
        """Seconds between two signs of life of a stream that waits for its answer."""
        self.sheets = Semaphore(1)
        """Held while a sheet is read."""
        self._seen = -1
        self._extractions: dict[str, Extraction] = {}
        self._recorded: dict[str, str] = {}
        self._registers: OrderedDict[frozenset[str], Register] = OrderedDict()
        self._assistants: dict[frozenset[str], Assistant | WordedAssistant] = {}

    def now(self) -> datetime:
        """The present moment in the settings' time zone."""
        return self.settings.now()

    def today(self) -> date:
        """Today there."""
        return self.settings.today()

    # ---- documents

    def visible(self, actor: Actor) -> frozenset[str]:
        """Ids of the current documents that `actor` may see; none where they may not read."""
        if not authorise(actor, Action.READ).allowed:
            return frozenset()
        return visible_documents(self.store, actor, list(self._current()))

    def register(self, actor: Actor) -> Register:
        """The documents that `actor` may see, with their facts as corrected."""
        with self._lock:
            extractions = self._current()
            ids = self.visible(actor)
            if ids not in self._registers:
                held = [e for key, e in extractions.items() if key in ids]
                self._registers[ids] = Register(held, lambda day: lives_on(self.store, day))
                while len(self._registers) > _SETS:
                    gone, _ = self._registers.popitem(last=False)
                    self._assistants.pop(gone, None)
            self._registers.move_to_end(ids)
            return self._registers[ids]

    def place(self, document_id: str) -> tuple[str, str]:
        """Orders the current documents as they came in: when (UTC), then by id."""
        return self._recorded.get(document_id, ""), document_id

    def standings(
        self, actor: Actor, as_of: date, wanted: Wanted | None = None, *, days: int = DUE_SOON
    ) -> list[DueItem]:
        """Milestones of the documents that `actor` may see."""
        ids = self.visible(actor)
        whole = len(ids) == len(self._current())
        # The query over everything is the quicker one; what came in since is left out after it.
        chosen = wanted if whole else self.narrowed(actor, wanted)
        found = list_standings(self.store, as_of, chosen, days=days)
        return [item for item in found if item.document_id in ids]

    def narrowed(self, actor: Actor, wanted: Wanted | None = None) -> Wanted:
        """A filter of milestones, kept to the documents that `actor` may see."""
        return (wanted or Wanted()).model_copy(update={"documents": self.visible(actor)})

    def _current(self) -> dict[str, Extraction]:
        """All current documents, read again where the log says that they changed."""
        with self._lock:
            with self.store.reading() as connection:
                last = connection.scalar(select(func.max(schema.audit.c.seq))) or 0
                actions = schema.audit.c.action
                changed = self._seen < 0 or connection.scalar(
                    select(func.count())
                    .where(schema.audit.c.seq > self._seen)
                    .where(actions.not_in(_STEPS))
                )
            if changed:
                self._extractions = {e.document.id: e for e in self.store.extractions()}
                self._recorded = {
                    d.document.id: d.recorded_at.isoformat() for d in self.store.documents()
                }
                self._registers.clear()
                self._assistants.clear()
            self._seen = last
            return self._extractions

    # ---- asking

    def warm_up(self) -> None:
        """Load the models and the index, so that the first question need not wait for them."""
        try:
            with self.turns:
                self._assistant_over(self.register_of_all()).ask("预热", as_of=self.today())
        except Exception:
            log.exception(
                "the assistant could not be made ready; the first question will try again"
            )
        self.warm.set()

    def register_of_all(self) -> Register:
        """All current documents."""
        with self._lock:
            ids = frozenset(self._current())
            if ids not in self._registers:
                held = list(self._extractions.values())
                self._registers[ids] = Register(held, lambda day: lives_on(self.store, day))
            return self._registers[ids]

    def update_index(self, report: Report) -> int:
        """Bring the index in step with the documents; gives the number of passages. Questions
        wait meanwhile: one at a time uses the index."""
        chunks = list(chunks_of(self.register_of_all()))
        with self.turns:
            open_index(self.settings, log.info).vectors(chunks, report)
        return len(chunks)

    def ask(self, actor: Actor, question: str, as_of: date, context: Sequence[str] = ()) -> Answer:
        """Answer from the documents that `actor` may see, and from no others."""
        assistant = self._assistant(actor)
        with self.turns:
            return assistant.ask(question, as_of=as_of, context=context)

    def search(self, actor: Actor, query: str, limit: int) -> list[Found]:
        """Passages of the documents that `actor` may see, the nearest to a query first."""
        assistant = self._assistant(actor)
        if not assistant.search.chunks:
            return []
        with self.turns:
            return assistant.search.find(query, limit)

    def _assistant(self, actor: Actor) -> Assistant | WordedAssistant:
        with self._lock:
            return self._assistant_over(self.register(actor))

    def _assistant_over(self, register: Register) -> Assistant | WordedAssistant:
        ids = frozenset(e.document.id for e in register.extractions)
        with self._lock:
            if ids not in self._assistants:
                # Of the same reading as the register: a second one might be of newer documents.
                whole = list(chunks_of(Register(list(self._extractions.values()))))
                self._assistants[ids] = open_assistant(
                    self.settings, register, log.info, whole=whole
                )
            return self._assistants[ids]

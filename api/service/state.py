"""What the running service holds: the store, and an assistant for each set of documents that
somebody may see."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Sequence
from datetime import date, datetime

from anyio import Semaphore

from api.assistant.answer import WARMING
from api.assistant.reply import Answer
from api.assistant.search import Found
from api.service.assistants import Assistants
from api.service.holdings import Holdings
from api.service.limits import FailureLimit, Pace, RateLimit
from api.service.rendering import Rendering
from api.service.turns import Turns
from api.settings import Settings
from kb.index import Report
from tasks.access import Access
from tasks.authorisation import Action, Actor, authorise
from tasks.disclosure import Part, may_know
from tasks.due import DueItem
from tasks.erasure import Erased
from tasks.listed import list_standings
from tasks.people import People
from tasks.queries import Register
from tasks.query import Query
from tasks.run import Result, run
from tasks.store import Store
from tasks.topics import About, needs_search
from tasks.tracker import Tracker
from tasks.visibility import visible_documents, visible_units

log = logging.getLogger("duban.service")
_FREE_TRIES = 5
"""Wrong passwords of one account from one address before delays begin (OWASP's guide on
authentication takes three to ten)."""
_HOME_SECONDS, _HOME_HELD = 2.0, 8
"""After the free tries, seconds between two passwords of an account that are checked at an address
it is known at (43,200 a day; its owner waits two seconds), and how many may wait so at once: each
keeps one of the 40 threads that answer."""
_ASKERS = 32
"""Questions in hand at once where each waits seconds for a language model."""


class Service:
    """The store and what is made from it. Everything here may be called from several threads.

    Args:
        settings: of the run.
        store: the system of record.
        public_read: whether public documents are read without signing in.
        beside: whether questions are answered while documents are embedded; else the first
            question after a change embeds what is new.
    """

    def __init__(
        self, settings: Settings, store: Store, *, public_read: bool, beside: bool = False
    ) -> None:
        self.settings = settings
        self.store = store
        self.public_read = public_read
        self.access = Access(store)
        self.people = People(store)
        self.tracker = Tracker(store)
        self.sign_in_limit = FailureLimit(_FREE_TRIES)
        self.address_limit = FailureLimit(_FREE_TRIES * 6)
        self.home_pace = Pace(_HOME_SECONDS, _HOME_HELD)
        self.ask_limit = RateLimit(60, 60)
        self.rendering = Rendering()
        self.warm = threading.Event()
        self.turns = Turns(_ASKERS) if settings.llm_url else Turns()
        self.heartbeat = 10.0
        """Seconds between two signs of life of a stream that waits for its answer."""
        self.sheets = Semaphore(1)
        """Held while a sheet is read."""
        self.holdings = Holdings(store)
        self._assistants = Assistants(settings, self.holdings, self.turns, beside=beside)

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
        return visible_documents(self.store, actor, list(self.holdings.current().extractions))

    def register(self, actor: Actor) -> Register:
        """The documents that `actor` may see, with their facts as corrected, and the lives of
        their duties as far as `actor` may know them."""
        return self.holdings.register(self.visible(actor), told=may_know(actor, Part.LIFE))

    def register_of_all(self) -> Register:
        """All current documents."""
        return self.holdings.whole()

    def place(self, document_id: str) -> tuple[str, str]:
        """Orders the current documents as they came in: when (UTC), then by id."""
        return self.holdings.recorded(document_id), document_id

    def standings(self, actor: Actor, as_of: date, query: Query | None = None) -> list[DueItem]:
        """Milestones of the documents that `actor` may see, as far as they may know how they stand."""
        if not authorise(actor, Action.READ).allowed:
            return []
        return list_standings(self.store, as_of, query, reader=actor, today=self.today())

    def run(self, actor: Actor, query: Query, as_of: date | None = None) -> Result:
        """What a query gives to `actor`; what a topic in it means is searched for as for a question."""
        day = as_of or self.today()
        about = self._finder(actor, day) if needs_search(query) else None
        return run(self.store, query, reader=actor, as_of=day, today=self.today(), about=about)

    def _finder(self, actor: Actor, day: date) -> About:
        find = self._assistants.over(self.register(actor)).finder(actor, day)

        def found(query: Query) -> Query | None:
            with self.turns:
                return find(query)

        return found

    def unit_meant(self, actor: Actor, words: str, document: str = "") -> str | None:
        """The id of the unit that a filter names; None where it names none.

        Raises:
            UnknownUnitError: no tracked duty in the documents that `actor` may see names such a
                unit, nor one of the document for reference that is named.
            AmbiguousUnitError: several units have the name.
        """
        if not words.strip():
            return None
        with self.store.reading() as connection:
            return visible_units(connection, actor, document).one(words).id

    # ---- asking

    def warm_up(self) -> None:
        """Load the models and the index, so that the first question need not wait for them."""
        try:
            for text in WARMING:
                self._assistants.over(self.register_of_all()).ask(text, as_of=self.today())
        except Exception:
            log.exception(
                "the assistant could not be made ready; the first question will try again"
            )
        # What the models hold never goes: collections need not look through it.
        gc.collect()
        gc.freeze()
        self.warm.set()
        self._assistants.read_ahead()

    def update_index(self, report: Report) -> int:
        """Bring the index in step with the documents; gives the number of passages. Questions are
        answered meanwhile."""
        return self._assistants.update(report)

    def erase(self, actor: Actor, document_id: str, reason: str, *, versions: bool) -> Erased:
        """Erase a document from the store and all that is made of it."""
        return self._assistants.erase(actor, document_id, reason, versions=versions)

    def ask(self, actor: Actor, question: str, as_of: date, context: Sequence[str] = ()) -> Answer:
        """Answer from the documents that `actor` may see, and from no others."""
        assistant = self._assistants.over(self.register(actor))
        return assistant.ask(question, as_of=as_of, context=context, reader=actor)

    def search(self, actor: Actor, query: str, limit: int) -> list[Found]:
        """Passages of the documents that `actor` may see, the nearest to a query first."""
        assistant = self._assistants.over(self.register(actor))
        if not assistant.search.chunks:
            return []
        with self.turns:
            return assistant.search.find(query, limit)

"""Assistants over sets of documents, and the vectors they search by.

The vectors are those of one generation of the index: made beside while questions are answered from
the one before, then put in its place. A document that came in since is found by its words and, as
all lists are queries over the facts, complete in them; its vectors join as soon as they are there.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np

from api.assistant.answer import Assistant
from api.assistant.model import WordedAssistant
from api.assistant.plan import Plan
from api.assistant.reply import Answer
from api.assistant.search import chunks_of
from api.erasing import erase_everywhere
from api.knowledge import open_index, search_over, worded
from api.service.holdings import SETS, Holdings
from api.service.sharing import SharingEmbedder
from api.service.turns import Turns
from api.settings import Settings
from kb.chunks import Chunk
from kb.embedding.encoders import Embedder, Vectors
from kb.expansion import QueryExpander
from kb.index import KINDS, Report, VectorIndex
from kb.retrieval import HybridRetriever
from tasks.authorisation import Actor
from tasks.erasure import Erased
from tasks.queries import Register

log = logging.getLogger("duban.service")


class PatientAssistant(Assistant):
    """An assistant that waits for its turn: the models and what a search keeps are one's at a
    time. Whoever words its answers holds no turn while a language model is waited for."""

    turn: Turns

    def ask(
        self,
        text: str,
        *,
        as_of: date,
        identifier: str | None = None,
        context: Sequence[str] = (),
        plan: Plan | None = None,
        reader: Actor | None = None,
    ) -> Answer:
        """As `Assistant.ask`."""
        with self.turn:
            return super().ask(
                text, as_of=as_of, identifier=identifier, context=context, plan=plan, reader=reader
            )


class Generation(NamedTuple):
    """The rows of chunks by what they say, and the matrices (rows, dimension) of `KINDS`."""

    rows: dict[tuple[str, str, str], int]
    vectors: dict[str, Vectors]

    def holds(self, chunks: Sequence[Chunk]) -> bool:
        """Whether all of them have their vectors."""
        return all(_said(chunk) in self.rows for chunk in chunks)

    def of(self, chunks: Sequence[Chunk]) -> dict[str, Vectors]:
        """The matrices of `chunks`, in their order; zeros, which no search finds, where a chunk
        has no vectors yet."""
        rows = np.array([self.rows.get(_said(chunk), -1) for chunk in chunks], np.intp)
        if len(rows) == len(self.rows) and (rows == np.arange(len(rows))).all():
            return self.vectors  # all of them: nothing is copied
        found = {}
        for kind, matrix in self.vectors.items():
            taken = np.zeros((len(rows), matrix.shape[1]), np.float32)
            taken[rows >= 0] = matrix[rows[rows >= 0]]
            found[kind] = taken
        return found


_Set = tuple[frozenset[str], bool]
"""Ids of documents, and whether whoever asks is told of the lives of their duties."""


class _Made(NamedTuple):
    """An assistant with what it was made of. `whole`: all its chunks had their vectors."""

    register: Register
    generation: Generation | None
    whole: bool
    assistant: PatientAssistant | WordedAssistant


class Assistants:
    """One assistant for each set of documents that somebody may see, and for each again where they
    are not told of lives.

    Args:
        settings: of the run.
        holdings: the documents.
        turns: taken whenever a model is used.
        beside: whether questions are answered while documents are embedded; else the first
            question after a change embeds what is new.
    """

    def __init__(
        self, settings: Settings, holdings: Holdings, turns: Turns, *, beside: bool
    ) -> None:
        self._settings, self._holdings, self._turns = settings, holdings, turns
        self._beside = beside
        self._lock = threading.Lock()
        self._making: dict[_Set, threading.Lock] = {}
        self._indexing = threading.Lock()
        self._generation: Generation | None = None
        self._made: OrderedDict[_Set, _Made] = OrderedDict()

    def over(self, register: Register) -> PatientAssistant | WordedAssistant:
        """The assistant over a register, made now where it is not at hand. Others ask meanwhile."""
        ids = frozenset(e.document.id for e in register.extractions), register.told
        with self._lock:
            if (found := self._ready(ids, register)) is not None:
                return found
            making = self._making.setdefault(ids, threading.Lock())
        with making:
            with self._lock:
                if (found := self._ready(ids, register)) is not None:
                    return found
            chunks = list(chunks_of(register))
            generation = self._generation_for(chunks)
            made = self._make(register, chunks, generation)
            with self._lock:
                whole = generation is not None and generation.holds(chunks)
                self._made[ids] = _Made(register, generation, whole, made)
                while len(self._made) > SETS:
                    gone, _ = self._made.popitem(last=False)
                    self._making.pop(gone, None)
            return made

    def update(self, report: Report) -> int:
        """Bring the index in step with the documents, after any other process that does; gives the
        number of passages.

        Raises:
            IndexStateError: it is damaged, or the disk does not allow it.
        """
        count = self._update(report, beside=False)
        self.read_ahead()
        return count

    def read_ahead(self) -> None:
        """Make the assistant over all documents and the vectors of their sentences, a few at a time
        beside questions, so that no question has to."""
        whole = self._holdings.whole()
        search = self.over(whole).search
        with self._indexing:
            if self._holdings.whole() is whole:  # else something was erased or came in meanwhile
                search.read_ahead(lambda small: SharingEmbedder(small, self._turns))

    def erase(self, actor: Actor, document_id: str, reason: str, *, versions: bool) -> Erased:
        """Erase a document (`api.erasing`); nothing is embedded or searched by it any more.

        Raises:
            DubanError: as there.
        """
        with self._indexing:
            erased = erase_everywhere(
                self._settings, self._holdings.store, actor, document_id, reason,
                versions=versions, index=self._index,
            )  # fmt: skip
            self._generation = None
        with self._lock:
            self._made.clear()
        return erased

    def _ready(self, ids: _Set, register: Register) -> PatientAssistant | WordedAssistant | None:
        made = self._made.get(ids)
        if made is None or made.register is not register:
            return None
        if made.generation is not self._generation and not made.whole:
            return None
        self._made.move_to_end(ids)
        return made.assistant

    def _generation_for(self, chunks: Sequence[Chunk]) -> Generation | None:
        """The vectors to search `chunks` by; embeds what is missing where nobody else does."""
        if not chunks:
            return self._generation
        found = self._generation
        if found is not None and (found.holds(chunks) or self._follow()):
            return found
        with self._indexing:  # whoever waited finds what the one before made
            found = self._generation
        if found is None or not (self._beside or found.holds(chunks)):
            self._update(lambda *_: None, beside=True)
        return self._generation

    def _follow(self) -> bool:
        """Begin to embed what came in, where that is done beside questions and nobody does it
        already; False where the question does it."""
        if self._beside and not self._indexing.locked():
            threading.Thread(target=self._catch_up, name="duban-index", daemon=True).start()
        return self._beside

    def _catch_up(self) -> None:
        try:
            self._update(lambda *_: None, beside=True)
        except Exception:
            log.exception("the index could not be brought in step; the next question tries again")

    def _update(self, report: Report, *, beside: bool) -> int:
        with self._indexing:
            chunks = list(chunks_of(self._holdings.whole()))
            if self._generation is None or not self._same(chunks):
                vectors = self._index().vectors(
                    chunks, report, beside=beside,
                    latest=lambda: list(chunks_of(self._holdings.whole())),
                )  # fmt: skip
                rows = {_said(chunk): row for row, chunk in enumerate(chunks)}
                self._generation = Generation(rows, {kind: vectors[kind] for kind in KINDS})
            return len(chunks)

    def _same(self, chunks: Sequence[Chunk]) -> bool:
        found = self._generation
        return found is not None and len(found.rows) == len(chunks) and found.holds(chunks)

    def _index(self) -> VectorIndex:
        def shared(embedder: Embedder) -> Embedder:
            return SharingEmbedder(embedder, self._turns)

        return open_index(self._settings, log.info, through=shared)

    def _make(
        self, register: Register, chunks: Sequence[Chunk], generation: Generation | None
    ) -> PatientAssistant | WordedAssistant:
        def build(asked: Sequence[Chunk], expander: QueryExpander) -> HybridRetriever:
            vectors = generation.of(asked) if generation is not None else {}
            return search_over(self._settings, asked, vectors, expander)

        assistant = PatientAssistant(register, build, self._holdings.store)
        assistant.turn = self._turns
        if chunks:
            _ = assistant.search.retriever  # made here, while nobody's turn is taken
        return worded(self._settings, assistant)


def _said(chunk: Chunk) -> tuple[str, str, str]:
    return chunk.id, chunk.titled, chunk.text

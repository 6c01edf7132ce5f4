"""Finds the clauses that a question is about, and says how far they cover it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from typing import NamedTuple

from api.assistant.asked import Asked
from api.assistant.function_words import english_words
from ingest.numbering import find_marker
from ingest.reading import normalize_characters
from ingest.wrapping import ends_open
from kb.characters import HAN
from kb.chunks import Chunk, chunk_clauses, flatten
from kb.embedding.encoders import Embedder
from kb.expansion import QueryExpander, translate
from kb.language.jurisdictions import place_stem
from kb.lexical import tokenize
from kb.models import Citation, Clause, Span
from kb.retrieval import HybridRetriever, Standing
from tasks.models import Extraction
from tasks.queries import Register
from tasks.units import jurisdiction_of

_SHORT = 40
_SENTENCES = 60
"""Sentences of a clause that are looked at."""
_REMEMBERED = 4096
"""Words whose weights and other forms are kept: 3 MB."""
_WRAPPED = 18
"""Characters of a line that may have been broken by the width of the page."""
_CHINESE = re.compile(rf"[{HAN}]+")
_SENTENCE = re.compile(r"[^。；;!?！？\n]+(?:[。；;!?！？]+|\n|$)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a clause; `text` is on one line, in half-width characters."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """A clause found (None: text outside clauses, such as the header) with its score."""

    extraction: Extraction
    clause: Clause | None
    chunk: Chunk
    score: float
    parts: dict[str, float]

    def citation(self) -> Citation | None:
        """The clause as a citation, or the characters of text outside clauses; None for text that
        stands nowhere in the source."""
        span = self.clause.span if self.clause else self.chunk.span
        return self.cite(span) if span is not None else None

    def cite(self, span: Span) -> Citation:
        """Characters of the clause, or of the text outside clauses, as a citation."""
        return Citation(
            document_id=self.extraction.document.id,
            clause_id=self.clause.id if self.clause else None,
            path=self.clause.path if self.clause else "",
            span=span,
            quote=span.slice(self.extraction.document.text),
        )


class _Word(NamedTuple):
    """A word of a question, also in lower case: how rare it is, words that say the `same`, `others`
    that it may be mistyped for too, its tokens of two characters or more, whether it is all Chinese."""

    word: str
    low: str
    weight: float
    same: tuple[str, ...]
    others: tuple[str, ...]
    pairs: tuple[str, ...]
    chinese: bool

    def held(self, text: str, low: str) -> float:
        """How much of the word a text holds, 0…1; `low` is the text in lower case."""
        if self.low in low or any(other in text for other in self.others):
            return 1.0
        if len(self.pairs) > 1:
            if len(text) <= _SHORT and all(c in text for c in self.word):
                return 0.9  # 防溺水, 溺水防范
            # Two Chinese characters side by side are a token wherever they stand.
            tokens = text if self.chinese else frozenset(tokenize(text))
            return (sum([p in tokens for p in self.pairs]) / len(self.pairs)) ** 2
        if len(self.word) == 2 and _CHINESE.match(self.word):
            return 0.4 * sum([c in text for c in self.word]) / 2
        return 0.0


class ClauseSearch:
    """Retrieval over the clauses of a register.

    Args:
        register: the documents.
        build: chunks → retriever; called when the first question needs it.
        units: names of organisations, for the segmenter.
    """

    def __init__(
        self,
        register: Register,
        build: Callable[[Sequence[Chunk], QueryExpander], HybridRetriever],
        units: Sequence[str] = (),
    ) -> None:
        self._register, self._build, self._units = register, build, units
        self.only: frozenset[str] | None = None
        self._known: dict[str, _Word] = {}

    @cached_property
    def chunks(self) -> list[Chunk]:
        """What is searched."""
        return list(chunks_of(self._register))

    @cached_property
    def expander(self) -> QueryExpander:
        """Understands the words of a question."""
        titles = [e.document.title for e in self._register.extractions]
        return QueryExpander(self._units, [*titles, *(chunk.heading for chunk in self.chunks)])

    @cached_property
    def retriever(self) -> HybridRetriever:
        """The retriever; the index is brought in step with the store when it is first used."""
        made = self._build(self.chunks, self.expander)

        def attested(word: str) -> bool:
            return all(
                made.lexical.holds(t) for t in tokenize(word) if len(t) > 1 or len(word) == 1
            )

        self.expander.attested = attested
        return made

    @property
    def abolished(self) -> Collection[str]:
        """Ids of documents that another one abolishes or takes the place of."""
        return self._register.abolished.keys()

    def within(self, register: Register) -> ClauseSearch:
        """The same index, of which only passages of these documents are found."""
        found = ClauseSearch(register, lambda _chunks, _expander: self.retriever, self._units)
        found.chunks, found.expander = self.chunks, self.expander
        found.only = frozenset(e.document.id for e in register.extractions)
        return found

    def find(
        self, query: str, limit: int = 12, *, keep: Callable[[Chunk], bool] | None = None
    ) -> list[Found]:
        """Clauses, best first, each once."""
        found: dict[str, Found] = {}
        only = self.only

        def kept(chunk: Chunk) -> bool:
            return (only is None or chunk.document_id in only) and (keep is None or keep(chunk))

        for hit in self.retriever.search(query, limit * 2, keep=kept if only or keep else None):
            chunk = hit.chunk
            if chunk.clause_id in self._register.clauses:
                extraction, clause = self._register.clauses[chunk.clause_id]
                item = Found(extraction, clause, chunk, hit.score, hit.parts)
            else:
                extraction = self._register.document_of(chunk.document_id)
                item = Found(extraction, None, chunk, hit.score, hit.parts)
            found.setdefault(chunk.clause_id or chunk.id, item)
        return list(found.values())[:limit]

    def items_of(self, f: Found, found: Sequence[Found]) -> list[Found]:
        """The clauses below one that ends open (…下列条件：) and are not among those found, with its
        score."""
        if f.clause is None or not f.chunk.text.rstrip().endswith((":", "：")):
            return []
        known = {other.clause.id for other in found if other.clause}
        return [
            Found(f.extraction, clause, self._chunk_of[clause.id], f.score, f.parts)
            for clause in f.extraction.clauses
            if clause.parent_id == f.clause.id
            and clause.id not in known
            and clause.id in self._chunk_of
        ]

    @cached_property
    def _chunk_of(self) -> dict[str, Chunk]:
        return {chunk.clause_id: chunk for chunk in self.chunks if chunk.clause_id}

    def sentences_of(self, chunk: Chunk) -> list[Sentence]:
        """The sentences of the clause that a passage is of, or of the passage, where it is of none."""
        extraction, clause = self._register.clauses.get(chunk.clause_id, (None, None))
        text = (extraction or self._register.document_of(chunk.document_id)).document.text
        span = clause.span if clause else chunk.span
        return sentences_in(text, span)[:_SENTENCES] if span else []

    def read_ahead(self, through: Callable[[Embedder], Embedder] = lambda small: small) -> None:
        """Have the vectors of all sentences made and kept, so that no question waits for them;
        `through` says by what they are embedded."""
        if self.chunks and (small := self.retriever.small):
            for _, chunks in groupby(self.chunks, key=lambda chunk: chunk.document_id):
                said = [s.text for chunk in chunks for s in self.sentences_of(chunk)]
                self.retriever.meanings(through(small), said)

    def fact(self, words: Sequence[str], asked: frozenset[Asked], f: Found, span: Span) -> float:
        """How near a fact that was read in a sentence comes to what is asked: the best share of
        `words` that the words of a deadline, target or duty of the kinds asked for hold; 0…1."""
        if f.clause is None:
            return 0.0
        tasks = [p.task for p in self._register.tasks_in(f.clause.id)]
        texts: list[str] = []
        if Asked.TIME in asked:
            texts += [f"{m.commitment} {m.quote}" for t in tasks for m in t.milestones if m.span.overlaps(span)]  # fmt: skip
        if asked & {Asked.MEASURED, Asked.COUNT, Asked.MONEY, Asked.RATIO}:
            texts += [f"{x.scope or ''}{x.metric} {x.quote}" for t in tasks for x in t.targets if x.span.overlaps(span)]  # fmt: skip
        if Asked.PARTY in asked:
            owned = [t for t in tasks if t.responsibilities and t.span.overlaps(span)]
            texts += [f"{f.clause.heading} {t.title}" for t in owned]
        return max((self.coverage(words, text) for text in texts), default=0.0)

    def standing(self, query: str, chunk: Chunk, place: int) -> dict[str, Standing]:
        """How a passage stands in each list of the retrieval."""
        return self.retriever.standing(query, chunk, place)

    def words(self, query: str) -> list[str]:
        """What a question is about, as Chinese words; English words that the glossary does not
        know stay English."""
        query = self.expander.correct(query)
        terms, _ = translate(query)
        words = [w for w in self.expander.words(query) if not (w.isascii() and w.isalpha())]
        if re.search(r"[A-Za-z]{2}", query):
            words += terms
            skip = english_words() | self._places
            words += [w for w in self.expander.english(query) if not skip.issuperset(w.split())]
        return list(dict.fromkeys(words))

    @cached_property
    def _places(self) -> frozenset[str]:
        """The documents' own places as English writes them: wanzhou, chongqing."""
        from pypinyin import lazy_pinyin  # noqa: PLC0415

        places: set[str] = set()
        for extraction in self._register.extractions:
            own = jurisdiction_of(extraction.document)
            places |= {place for place in (own.place, *own.parents) if place}
        return frozenset("".join(lazy_pinyin(place_stem(place))) for place in places)

    def coverage(self, words: Sequence[str], text: str) -> float:
        """How much of `words`, weighed by how rare they are, `text` holds: 0…1."""
        if not words:
            return 0.0
        total = held = 0.0
        low = text.lower()
        for word in map(self._word, words):
            total += word.weight
            held += word.weight * word.held(text, low)
        return held / total if total else 0.0

    def absent(self, words: Sequence[str]) -> float:
        """The share of `words`, weighed by rarity, that no clause at all holds: 0…1."""
        weights = [self.rarity(word) for word in words]
        lost = [w for word, w in zip(words, weights, strict=True) if not self._stands(word)]
        return sum(lost) / sum(weights) if weights else 1.0

    def _stands(self, word: str) -> bool:
        """Whether any clause has a word, or another that says the same."""
        holds = self.retriever.lexical.holds
        forms = [word, *self._word(word).same]
        return any(
            all(holds(t) for t in tokenize(form) if len(t) > 1 or len(form) == 1) for form in forms
        )

    def _word(self, word: str) -> _Word:
        if found := self._known.get(word):
            return found
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        same = (*self.expander.synonyms_in(word), *self._in_chinese(word))
        others = (*same, *self.expander.heard(word))
        pairs = tuple(t for t in tokenize(word) if len(t) > 1)
        chinese = _CHINESE.fullmatch(word) is not None
        found = _Word(word, word.lower(), self._rarity(word, pairs), same, others, pairs, chinese)
        self._known[word] = found
        return found

    def _in_chinese(self, word: str) -> tuple[str, ...]:
        """The Chinese words of an English one."""
        return self.expander.english(word).get(word, ()) if word[0].isascii() else ()

    def rarity(self, word: str) -> float:
        """How rare a word is in what is searched: the inverse frequency of its rarest part, about 0…8;
        of an English one the mean of its Chinese words."""
        return self._word(word).weight

    def _rarity(self, word: str, pairs: Sequence[str]) -> float:
        if chinese := self._in_chinese(word):
            return sum(map(self.rarity, chinese)) / len(chinese)
        lexical = self.retriever.lexical
        known = [lexical.rarity(t) for t in pairs or tokenize(word) if lexical.holds(t)]
        if known:
            return max(known)
        if re.fullmatch(r"[a-z'\-]+", word):
            return 1.5
        return 4.0 if len(word) > 1 else 1.0


def chunks_of(register: Register) -> Iterator[Chunk]:
    """The chunks of all current documents, with the units and years of their tasks."""
    for extraction in register.extractions:
        units: dict[str, set[str]] = {}
        years: dict[str, set[int]] = {}
        for task in extraction.tasks:
            units.setdefault(task.clause_id, set()).update(a.unit for a in task.responsibilities)
            dates = [m.due.date for m in task.milestones if m.due.date]
            years.setdefault(task.clause_id, set()).update(d.year for d in dates)

        def metadata(
            clause: Clause,
            units: dict[str, set[str]] = units,
            years: dict[str, set[int]] = years,
        ) -> dict[str, str | int | float | bool]:
            return {
                "units": "|".join(sorted(units.get(clause.id, ()))),
                "years": "|".join(map(str, sorted(years.get(clause.id, ())))),
            }

        yield from chunk_clauses(
            extraction.document, extraction.plans, extraction.clauses, metadata
        )


def sentences(extraction: Extraction, clause: Clause) -> list[Sentence]:
    """The sentences of a clause with their places in the document."""
    return sentences_in(extraction.document.text, clause.span)


def sentences_in(text: str, span: Span) -> list[Sentence]:
    """The sentences at `span` of a document's text."""
    return _sentences(text, span.start, span.end)


@lru_cache(maxsize=4096)
def _sentences(text: str, start: int, end: int) -> list[Sentence]:
    found = []
    begin = start
    for match in _SENTENCE.finditer(text, start, end):
        if match.end() < end and _goes_on(match.group(), text[match.end() : match.end() + 40]):
            continue
        printed = text[begin : match.end()]
        if stripped := printed.strip():
            at = begin + printed.index(stripped[0])
            line = normalize_characters(flatten(stripped))
            found.append(Sentence(Span(at, at + len(stripped)), line))
        begin = match.end()
    return found


def _goes_on(line: str, following: str) -> bool:
    """Whether a line that ends without a mark goes on in the next one."""
    if not line.endswith("\n") or len(line) < _WRAPPED or not ends_open(line.rstrip()):
        return False
    return find_marker(following) is None and following[:1] not in "（(|\n"

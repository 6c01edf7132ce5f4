"""What stands around a quantity of a clause: the named structural features by which its use (target,
standard, condition, nothing) is decided.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from functools import lru_cache

from ingest.surroundings import PARTS, STOPS, Surroundings, crossed
from kb.language.engine import Grammar, Token, best
from kb.language.quantities import Quantity
from kb.language.times import Time, TimeKind
from kb.lexicon import WordEntry, load_lexicon

_FAR = 60
"""Characters of a sentence looked at on each side."""


class Around(StrEnum):
    """What a word near a quantity, or in the title of its document, says of it."""

    BUILD = "build"  # its object is counted: 新建
    REACH = "reach"  # leads to a level: 达到
    GIVE = "give"  # an amount is given: 补助
    PENALTY = "penalty"
    PAST = "past"
    APPLY = "apply"  # says whom something applies to: 年满
    RULE = "rule"  # a rule or a parameter: 有效期
    NOUN_AFTER = "noun-after"  # the quantity is an attribute: 以上的企业
    MONEY_AFTER = "money-after"
    PLAN = "genre-plan"
    RULES = "genre-rule"
    NOTICE = "genre-notice"
    REPORT = "genre-report"


class AroundWords(WordEntry):
    """Words of a kind, with sentences in which they are that and in which they are not."""

    kind: Around


_GENRES = frozenset({Around.PLAN, Around.RULES, Around.NOTICE, Around.REPORT})
_BESIDE = frozenset(kind.value for kind in Around if kind not in _GENRES)


@lru_cache
def _grammar(*, genres: bool) -> Grammar:
    grammar = Grammar()
    for entry in load_lexicon("quantity_contexts", AroundWords):
        if (entry.kind in _GENRES) is genres:
            for word in entry.words:
                grammar.word(word, entry.kind.value)
    return grammar


def find_around(text: str) -> list[Token]:
    """The words of `text` that say something of the numbers near them or, in a title, of the kind
    of its document."""
    return [*_beside(text), *_of_genre(text)]


def _beside(text: str) -> list[Token]:
    return best(_grammar(genres=False).words_in(text), _BESIDE)


def _of_genre(text: str) -> list[Token]:
    return best(_grammar(genres=True).words_in(text), frozenset(kind.value for kind in _GENRES))


@lru_cache(maxsize=64)
def genre_of(title: str) -> str:
    """What kind of document a title names, by its last word that says so; - where none does."""
    found = _of_genre(title)
    wholes = [t for t in found if t.kind != Around.NOTICE] or found
    return wholes[-1].kind if wholes else "-"


class QuantityScene(Surroundings):
    """A clause's text with its quantities and times. `issued` is the document's day, `title` what
    it or its plan is called, `numbered` the family of the clause's number."""

    def __init__(
        self,
        text: str,
        quantities: Sequence[Quantity],
        times: Sequence[Time],
        *,
        issued: date | None,
        title: str,
        heading: str,
    ) -> None:
        super().__init__(text, _beside(text), _FAR)
        self.quantities = quantities
        self.times = times
        self.issued = issued
        self.genre = genre_of(title)
        self.heading = genre_of(heading) if heading else "-"
        self._starts = [q.start for q in quantities]
        self._time_starts = [t.start for t in times]

    def features(self, place: int) -> list[str]:
        """The features of the quantity at `place`, and those of two together."""
        found = list(self._features(place))
        return [*found, *crossed(found, _CROSSED)]

    def _features(self, place: int) -> Iterator[str]:
        q, text = self.quantities[place], self.text
        yield f"form={q.form.value}"
        yield f"measure={q.kind.value if q.kind else 'form' if q.measured else 'none'}"
        yield f"bound={q.comparator.value if q.comparator else 'none'}"
        yield f"genre={self.genre}"
        yield f"heading={self.heading}"
        for name in ("approximate", "chinese", "growth", "measured"):
            if getattr(q, name):
                yield name
        if q.per:
            yield "per"
        if q.of:
            yield "of"
        yield f"end={q.role or '-'}"
        size = abs(q.value)
        yield f"size={'small' if size < 5 else 'ten' if size < 10 else 'hundred' if size < 100 else 'large'}"
        part, stop = self.edge_before(q.from_, PARTS), self.edge_after(q.until, PARTS)
        begin, end = self.edge_before(q.from_, STOPS), self.edge_after(q.until, STOPS)
        before = self.words_from(part, q.start)
        yield f"word-before={before[-1].kind if before else '-'}"
        near = [w.kind for w in before if w.end >= q.from_ - 2]
        yield f"just-before={near[-1] if near else '-'}"
        after = self.words_from(q.end, stop)
        yield f"word-after={after[0].kind if after else '-'}"
        following = [w.kind for w in after if w.start <= q.until + 1]
        yield f"just-after={following[0] if following else '-'}"
        for kind in sorted({w.kind for w in self.words_from(begin, q.start)}):
            yield f"sentence-before:{kind}"
        for kind in sorted({w.kind for w in self.words_from(q.end, end)}):
            yield f"sentence-after:{kind}"
        yield f"left={_class_of(text[q.from_ - 1 : q.from_])}"
        yield f"right={_class_of(text[q.until : q.until + 1])}"
        yield f"time={self._time(begin, q.start)}"
        bracket = text.rfind("(", max(0, q.start - 60), q.start)
        yield f"bracket={'yes' if bracket > text.rfind(')', max(0, q.start - 60), q.start) else 'no'}"
        quoted = text.count(_QUOTE, part, q.start) % 2
        yield f"quoted={'yes' if quoted else 'no'}"
        cell = text[max(0, q.from_ - 1) : q.from_] in _CELL and text[q.until : q.until + 1] in _CELL
        yield f"cell={'yes' if cell else 'no'}"
        others = bisect_left(self._starts, end) - bisect_left(self._starts, begin)
        yield f"others={'one' if others == 1 else 'few' if others < 4 else 'many'}"
        previous = self.quantities[place - 1] if place else None
        same = previous is not None and previous.start >= begin and previous.measure == q.measure
        yield f"series={'yes' if same else 'no'}"

    def _time(self, begin: int, at: int) -> str:
        """What kind of time governs a place: the nearest before it in its sentence, and whether it
        had passed when the document was issued."""
        place = bisect_right(self._time_starts, at) - 1
        if place < 0 or self.times[place].start < begin:
            return "none"
        time = self.times[place]
        if time.kind is TimeKind.RECURRING:
            return "recurring"
        if time.last is None and time.first is None:
            return "length"
        if self.issued is None:
            return "dated"
        day = time.last or time.first
        return "past" if day is not None and day < self.issued else "coming"


_QUOTE = '"'
_CELL = ("", "\n", "\t", "|", " ")
_CROSSED = (
    ("form", "bound"), ("measure", "bound"), ("genre", "bound"), ("genre", "form"), ("genre", "time"),
    ("genre", "word-before"), ("genre", "measure"), ("word-before", "word-after"), ("word-before", "bound"),
    ("word-before", "measure"), ("word-before", "time"), ("word-after", "bound"), ("word-after", "measure"),
    ("just-before", "bound"), ("just-before", "just-after"), ("just-after", "bound"), ("time", "bound"),
    ("time", "form"), ("left", "right"), ("right", "bound"), ("size", "measure"), ("cell", "measure"),
    ("cell", "genre"), ("quoted", "size"), ("left", "size"), ("right", "measure"), ("heading", "bound"),
)  # fmt: skip


def _class_of(character: str) -> str:
    if not character:
        return "edge"
    if character in "。;!?\n":
        return "stop"
    if character in "\t| ":
        return "cell"
    if character in "的":
        return "of"
    if character in ",:、()":
        return {",": "comma", ":": "colon", "、": "list", "(": "open", ")": "close"}[character]
    if "一" <= character <= "龥":
        return "word"
    if character.isascii() and character.isalnum():
        return "latin"
    return "mark"

"""Rules over typed tokens: a bottom-up chart parser for the small grammars of times and quantities.

A grammar has words (data of `corpus/lexicon/`) and productions (code). Words and numerals give the
first tokens; a production joins neighbours of the kinds it names into a token of a new kind with a
reading of its own. All readings of all stretches are kept until `best` takes those that together
explain the text best: a score decides between readings, not the order in which rules were written.

The chart is filled from the end of the text to its beginning, so that all that may follow a token
is known when the token is met. At most `MOST` tokens begin at a place and a production joins at most
as many tokens as it names, so that the work is linear in the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from enum import StrEnum

MOST = 48
"""Tokens that may begin at one place: three times what the richest place has of the notice, the State
Council's documents and 24 more (15)."""
_SPACES = 4
"""White space that may stand between two neighbours: files of scanned or set text put single ones."""


@dataclass(frozen=True, slots=True)
class Token:
    """`text[start:end]` read as a `kind` with the reading `value`; `rule` made it of `parts`.

    `score` is added to the characters covered when readings compete: below zero for what is seldom
    meant.
    """

    start: int
    end: int
    kind: str
    value: Any = None
    rule: str = ""
    score: float = 0.0
    parts: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """What a production makes: kind and reading, and how likely it is against others."""

    kind: str
    value: Any = None
    score: float = 0.0


Build = Callable[..., "Made | None"]


@dataclass(frozen=True, slots=True)
class _Production:
    name: str
    kinds: tuple[str, ...]
    places: tuple[int, ...]  # which arguments of `build` the tokens are
    arity: int
    build: Build


class Worded(Protocol):
    """A lexicon's entry: words of one kind."""

    @property
    def kind(self) -> StrEnum:
        """What its words are."""

    @property
    def words(self) -> tuple[str, ...]:
        """As they are printed."""


class Grammar:
    """Words with their kinds, and productions over kinds."""

    def __init__(self, words: Iterable[tuple[str, str]] = ()) -> None:
        """`words` with their kinds, as `word` takes them."""
        self._by_first: dict[str, list[_Production]] = defaultdict(list)
        self._words: dict[str, list[tuple[str, str, Any, float]]] = defaultdict(list)
        self._firsts: re.Pattern[str] | None = None  # any character that a word begins with
        for word, kind in words:
            self.word(word, kind)

    @classmethod
    def of(cls, entries: Iterable[Worded]) -> Grammar:
        """The words of a lexicon's entries, each of its entry's kind."""
        return cls((word, entry.kind.value) for entry in entries for word in entry.words)

    def word(self, word: str, kind: str, value: Any = None, *, score: float = 0.0) -> None:
        """Let `word` be a token of `kind`. A word of no kind of this grammar (年级 beside 年) is
        given too: it competes, and so keeps its characters from being read as something else."""
        self._words[word[0]].append((word, kind, value, score))
        self._firsts = None

    def rule(self, *kinds: str, name: str = "") -> Callable[[Build], Build]:
        """A production: neighbouring tokens of `kinds` (`kind?`: may be missing, given as None),
        each an argument of the decorated function, which returns what they make or None."""

        def register(build: Build) -> Build:
            choices = [(True, False) if kind.endswith("?") else (True,) for kind in kinds]
            for taken in product(*choices):
                places = tuple(place for place, there in enumerate(taken) if there)
                if places:
                    production = _Production(
                        name or build.__name__.strip("_").replace("_", "-"),
                        tuple(kinds[place].rstrip("?") for place in places),
                        places,
                        len(kinds),
                        build,
                    )
                    self._by_first[production.kinds[0]].append(production)
            return build

        return register

    def words_of(self, kind: str) -> Iterator[str]:
        """The words of one kind."""
        for words in self._words.values():
            yield from (word for word, its, _, _ in words if its == kind)

    def words_in(self, text: str) -> Iterator[Token]:
        """The words of the grammar in `text`, overlapping ones too."""
        if not self._words:
            return
        if self._firsts is None:
            self._firsts = re.compile(f"[{re.escape(''.join(self._words))}]")
        words = self._words
        for match in self._firsts.finditer(text):
            start = match.start()
            for word, kind, value, score in words[text[start]]:
                if text.startswith(word, start):
                    yield Token(start, start + len(word), kind, value, "word", score)

    def parse(self, text: str, given: Iterable[Token] = ()) -> list[Token]:
        """All tokens of `text`: its words, those `given` (numerals, say) and all that productions
        make of them, by start."""
        waiting: dict[int, list[Token]] = defaultdict(list)
        for token in (*self.words_in(text), *given):
            waiting[token.start].append(token)
        chart: dict[int, list[Token]] = {}
        for start in sorted(waiting, reverse=True):
            here: list[Token] = []
            seen: set[tuple[int, str, Any]] = set()
            agenda = waiting[start]
            while agenda and len(here) < MOST:
                token = agenda.pop(0)
                here.append(token)
                for production in self._by_first.get(token.kind, ()):
                    for parts in _sequences(production.kinds, (token,), chart, text):
                        made = _apply(production, parts)
                        if made is not None and (made.end, made.kind, made.value) not in seen:
                            seen.add((made.end, made.kind, made.value))
                            agenda.append(made)
            chart[start] = here
        return [token for start in sorted(chart) for token in chart[start]]


def _sequences(
    kinds: Sequence[str], parts: tuple[Token, ...], chart: Mapping[int, list[Token]], text: str
) -> Iterator[tuple[Token, ...]]:
    if len(parts) == len(kinds):
        yield parts
        return
    wanted = kinds[len(parts)]
    for place in _next_places(text, parts[-1].end):
        for token in chart.get(place, ()):
            if token.kind == wanted:
                yield from _sequences(kinds, (*parts, token), chart, text)


def _next_places(text: str, end: int) -> Iterator[int]:
    yield end
    after = end
    while after < len(text) and after - end < _SPACES and text[after] in " \t":
        after += 1
    if after > end:
        yield after


def _apply(production: _Production, parts: tuple[Token, ...]) -> Token | None:
    arguments: list[Token | None] = [None] * production.arity
    for place, part in zip(production.places, parts, strict=True):
        arguments[place] = part
    made = production.build(*arguments)
    if made is None:
        return None
    return Token(
        parts[0].start,
        parts[-1].end,
        made.kind,
        made.value,
        production.name,
        made.score + sum(part.score for part in parts),
        parts,
    )


PIECE = 4000
"""Characters that are parsed together; the chart of a longer text would take a hundred times its
size in memory (measured: 110 MB for 1 MB of duties)."""
_ENDS = re.compile("[\n。]")


def pieces(text: str) -> Iterator[tuple[int, str]]:
    """`text` in pieces of about `PIECE` characters with the places where they begin, cut after a
    sentence or a line, across which no token reaches."""
    start = 0
    while start < len(text):
        stop = len(text)
        if stop - start > PIECE and (mark := _ENDS.search(text, start + PIECE)):
            stop = mark.end()
        yield start, text[start:stop]
        start = stop


def best(tokens: Iterable[Token], kinds: frozenset[str]) -> list[Token]:
    """Of the tokens of `kinds` those without overlap that explain the most: each counts the
    characters it covers plus its score, less a half, so that one reading of a stretch is worth
    more than two halves of it. In order."""
    wanted = sorted((t for t in tokens if t.kind in kinds), key=lambda t: (t.end, t.start))
    ends = [t.end for t in wanted]
    value: list[float] = [0.0]
    taken: list[tuple[int, bool]] = [(0, False)]
    for place, token in enumerate(wanted):
        before = bisect_right(ends, token.start, 0, place)
        with_it = value[before] + (token.end - token.start) + token.score - 0.5
        if with_it > value[place]:
            value.append(with_it)
            taken.append((before, True))
        else:
            value.append(value[place])
            taken.append((place, False))
    chosen: list[Token] = []
    place = len(wanted)
    while place:
        before, there = taken[place]
        if there:
            chosen.append(wanted[place - 1])
        place = before
    return chosen[::-1]

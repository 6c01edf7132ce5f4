"""From the text of one version of a document to the text of another: which characters stayed.

White space counts for nothing, nor do the numbers that lines begin with, so that a text set in
other lines is the same and a renumbered clause is. The rest is matched by units that stand *once*
in both texts: lines, then sentences, phrases, and in what lies between runs of characters; from
each match its equal neighbours are taken in as far as they go. What could be two others (the same
words twice, one of them gone) is left out: nothing is ever matched by order or by count.

Units that are unique in both, and the longest chain of them that keeps its order, are patience
diff (Bram Cohen). The work grows with the length of the texts: stretches too long to be read
character by character and without a phrase in common are taken for different.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from kb.language.numerals import HUNDREDS, ZEROS
from kb.models import Span

_NUMBERING = re.compile(
    rf"[^\S\n]*(?:\d{{1,3}}[、.．)）](?!\d)|[(（]\d{{1,3}}[)）]|[{HUNDREDS}]{{1,4}}、|[(（][{HUNDREDS}]{{1,4}}[)）]|第[\d{HUNDREDS}{ZEROS}]{{1,5}}[章节条款])"
)
"""What a numbered line begins with; 2026.6.30 and 3.5亿元 are no numbering."""
_CUTS = (re.compile(r"[^。；;！？!?]+"), re.compile(r"[^。；;！？!?，,、：:]+"))
"""Sentences and phrases, without the mark at their end."""
_RUNS = (16, 8, 4)
"""Lengths of the runs of characters that are looked for between matched units. 4: three characters
of official prose (`年底前`) stand by chance in what has nothing in common."""
_LARGEST = 20_000
"""Characters on one side of a stretch that is still looked into run by run."""
_MOVED = 10
"""Characters of a unit that is known again in another place; a shorter one (`完成整改`) may stand
there by chance."""

_Range = tuple[int, int]
_Pairs = list[tuple[int, int]]


class _Unit(NamedTuple):
    """A range of solid characters, and these."""

    start: int
    end: int
    key: str


class _Solid:
    """A text without its white space and numbering, and where its characters stand."""

    def __init__(self, text: str) -> None:
        self.places: list[int] = []
        self.lines: list[_Unit] = []
        at = 0
        for line in text.splitlines(keepends=True):
            numbering = _NUMBERING.match(line)
            skipped = numbering.end() if numbering else 0
            start = len(self.places)
            self.places += [at + i for i, c in enumerate(line) if i >= skipped and not c.isspace()]
            if start < len(self.places):
                key = "".join(line[skipped:].split())
                self.lines.append(_Unit(start, len(self.places), key))
            at += len(line)
        self.text = "".join(unit.key for unit in self.lines)

    def range(self, span: Span) -> _Range:
        """The solid characters of a span."""
        return bisect_left(self.places, span.start), bisect_left(self.places, span.end)

    def pieces(self, cut: re.Pattern[str]) -> list[_Unit]:
        """The lines, cut into smaller units."""
        return [
            _Unit(line.start + m.start(), line.start + m.end(), m.group())
            for line in self.lines
            for m in cut.finditer(line.key)
        ]


class TextMap:
    """Which characters of the text `old` are which of `new`."""

    def __init__(self, old: str, new: str) -> None:
        self.identical = old == new
        self._old, self._new = _Solid(old), _Solid(new)
        if self._old.text == self._new.text:
            self._to = list(range(len(self._old.text)))
        else:
            self._to = _Aligner(self._old, self._new).align()

    def range(self, span: Span) -> _Range | None:
        """Where in the new text (as `place` says it) the characters of a span of the old one stand;
        None unless all of them do, in one piece."""
        start, end = self._old.range(span)
        if start == end:
            return None
        to = self._to[start]
        if to < 0 or any(self._to[at] != to + at - start for at in range(start, end)):
            return None
        return to, to + end - start

    def place(self, span: Span) -> _Range:
        """A span of the new text, white space and numbering aside."""
        return self._new.range(span)

    def size(self, span: Span) -> int:
        """How many characters a span of the old text has, white space aside."""
        start, end = self._old.range(span)
        return end - start

    def stayed(self, span: Span) -> Iterator[int]:
        """The places, as `place` says them, of those characters of an old span that stayed."""
        start, end = self._old.range(span)
        return (to for to in self._to[start:end] if to >= 0)


class _Aligner:
    def __init__(self, old: _Solid, new: _Solid) -> None:
        self._old, self._new = old, new
        self._to = [-1] * len(old.text)
        self._back = [-1] * len(new.text)

    def align(self) -> list[int]:
        """The place in the new text of each solid character of the old one, -1 for none."""
        self._match(self._old.lines, self._new.lines)
        for cut in _CUTS:
            self._match(self._old.pieces(cut), self._new.pieces(cut))
        for length in _RUNS:
            for left, right in self._stretches():
                self._take(_runs(self._old.text, left, self._new.text, right, length))
            self._spread()
        return self._to

    def _match(self, a: Sequence[_Unit], b: Sequence[_Unit]) -> None:
        """Match units that are unique among those not matched yet, then their neighbours."""
        at = {unit.start: number for number, unit in enumerate(b)}
        known: _Pairs = []
        for i, unit in enumerate(a):
            j = at.get(self._to[unit.start])
            if j is not None and b[j].key == unit.key:
                known.append((i, j))
        free_a = [i for i, unit in enumerate(a) if self._is_free(self._to, unit)]
        free_b = [j for j, unit in enumerate(b) if self._is_free(self._back, unit)]
        fresh = _unique(((a[i].key, i) for i in free_a), ((b[j].key, j) for j in free_b))
        chain = set(_longest_chain(sorted([*known, *fresh])))
        taken = [(i, j) for i, j in fresh if (i, j) in chain or len(a[i].key) >= _MOVED]
        bonds = [*known, *taken]
        loose_a, loose_b = set(free_a), set(free_b)
        for i, j in taken:
            loose_a.discard(i)
            loose_b.discard(j)

        def alike(i: int, j: int) -> bool:
            return i in loose_a and j in loose_b and a[i].key == b[j].key

        near = _neighbours([(-1, -1), *bonds, (len(a), len(b))], alike)
        for i, j in [*taken, *near]:
            self._take(zip(range(*a[i][:2]), range(*b[j][:2]), strict=True))

    @staticmethod
    def _is_free(taken: Sequence[int], unit: _Unit) -> bool:
        return all(taken[at] < 0 for at in range(unit.start, unit.end))

    def _stretches(self) -> Iterator[tuple[list[_Range], list[_Range]]]:
        """Unmatched stretches of the old text with those of the new one beside the same matches.
        One that lies beside two is looked at together with both."""
        spaces = dict(_holes(self._back))
        starts = {end: start for start, end in spaces.items()}
        groups: dict[int, tuple[list[_Range], list[_Range]]] = {}
        for hole in _holes(self._to):
            after = self._to[hole[0] - 1] + 1 if hole[0] else 0
            before = self._to[hole[1]] if hole[1] < len(self._to) else len(self._back)
            beside = {after, starts.get(before, -1)} & spaces.keys()
            olds, news = [hole], {(start, spaces[start]) for start in beside}
            for start in beside & groups.keys():
                olds = [*groups[start][0], *olds]
                news |= {*groups[start][1]}
            group = sorted(set(olds)), sorted(news)
            for start, _ in news:
                groups[start] = group
        for number, found in groups.items():
            sizes = [sum(end - start for start, end in side) for side in found]
            if number == found[1][0][0] and max(sizes) <= _LARGEST:
                yield found

    def _spread(self) -> None:
        """Take in equal characters beside the matched ones."""
        old, new = self._old.text, self._new.text

        def alike(i: int, j: int) -> bool:
            return (
                0 <= i < len(old) and 0 <= j < len(new)
                and self._to[i] < 0 and self._back[j] < 0 and old[i] == new[j]
            )  # fmt: skip

        edges = [
            (i, j)
            for i, j in enumerate(self._to)
            if j >= 0
            and (alike(i + 1, j + 1) or alike(i - 1, j - 1))
        ]  # fmt: skip
        self._take(_neighbours([(-1, -1), *edges, (len(old), len(new))], alike))

    def _take(self, pairs: Iterable[tuple[int, int]]) -> None:
        for i, j in pairs:
            self._to[i], self._back[j] = j, i


def _unique(a: Iterable[tuple[str, int]], b: Iterable[tuple[str, int]]) -> _Pairs:
    """The numbers of what is there once in both."""
    here, there = _once(a), _once(b)
    return [(i, there[key]) for key, i in here.items() if key in there]


def _once(items: Iterable[tuple[str, int]]) -> dict[str, int]:
    listed = list(items)
    counts = Counter(key for key, _ in listed)
    return {key: number for key, number in listed if counts[key] == 1}


def _longest_chain(pairs: Sequence[tuple[int, int]]) -> _Pairs:
    """Of pairs in the order of their first numbers, the most that the second ones agree with."""
    tops: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for number, (_, j) in enumerate(pairs):
        place = bisect_left(tops, j)
        before.append(last[place - 1] if place else -1)
        if place == len(tops):
            tops.append(j)
            last.append(number)
        else:
            tops[place], last[place] = j, number
    found: _Pairs = []
    at = last[-1] if last else -1
    while at >= 0:
        found.append(pairs[at])
        at = before[at]
    return found[::-1]


def _neighbours(bonds: Iterable[tuple[int, int]], alike: Callable[[int, int], bool]) -> _Pairs:
    """What follows and precedes matched pairs as far as it is `alike`, each with one other only."""
    claims: set[tuple[int, int]] = set()
    for i, j in bonds:
        for step in (1, -1):
            x, y = i + step, j + step
            while alike(x, y):
                claims.add((x, y))
                x, y = x + step, y + step
    return _one_to_one(claims)


def _one_to_one(claims: set[tuple[int, int]]) -> _Pairs:
    first = Counter(i for i, _ in claims)
    second = Counter(j for _, j in claims)
    return [(i, j) for i, j in claims if first[i] == second[j] == 1]


def _runs(old: str, left: Sequence[_Range], new: str, right: Sequence[_Range], length: int) -> _Pairs:  # fmt: skip
    """Characters of runs that stand once on either side, in the same order on both."""

    def inside(text: str, ranges: Sequence[_Range]) -> Iterator[tuple[str, int]]:
        return ((text[at : at + length], at) for start, end in ranges for at in range(start, end - length + 1))  # fmt: skip

    chain = _longest_chain(sorted(_unique(inside(old, left), inside(new, right))))
    return _one_to_one({(i + step, j + step) for i, j in chain for step in range(length)})


def _holes(taken: Sequence[int]) -> Iterator[_Range]:
    """The stretches of what is not taken."""
    start = -1
    for at, to in enumerate(taken):
        if to >= 0 and start >= 0:
            yield start, at
            start = -1
        elif to < 0 and start < 0:
            start = at
    if start >= 0:
        yield start, len(taken)

"""Whether a sentence that a language model wrote says only what a cited sentence says.

A sentence rests on one sentence of the ground as a whole. All of it is accounted for: each unit
with its role, each number with its measure and comparator, each time with its kind, each denial and
each word that says how far stands in that sentence as it is said; the words that are left stand
there too, in that order, beside what they stood beside. What cannot be told is refused: the facts'
own answer stands first anyway.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from api.assistant.grounds import Ground, GroundSentence, plain
from api.assistant.reading import Bearers, Claim, Numbers, numbers_in, scopes, signs
from api.assistant.support_english import is_english, is_supported_in_english
from api.assistant.support_words import WordUse, pattern
from tasks.models import Target

_ADDRESS = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://\S+|\S+@\S+|(?:[\w-]+\.)+[A-Za-z]{2,}\b|\]\(|<\s*[A-Za-z/!]"
)
_PART = re.compile(r"(?:[^,;。!?:]|(?<=\d)[,:](?=\d))+")
_IN_BRACKETS = re.compile(r"(?:[^,;。!?:()]|(?<=\d)[,:](?=\d))+")
_MARKER = re.compile(
    r"\d{1,2}\.(?!\d)|\([一二三四五六七八九十\d]{1,3}\)|[一二三四五六七八九十]{1,3}[、.]"
)
_EACH = "分别"
"""Where values are dealt out to several, only the facts tell which is whose."""
_BREAK = re.compile(r"[,、;:]|和|及")
_RUN = re.compile(r"[一-龥〇A-Za-z0-9.%]+")
_SHORTEST = 2
"""Characters of a word: a single one stands in any text."""


class _Place(NamedTuple):
    """A stretch of the ground's sentence, `[start, end)`."""

    start: int
    end: int

    def holds(self, other: _Place) -> bool:
        return self.start <= other.start and other.end <= self.end


def is_supported(sentence: str, ground: Ground, finder: Bearers) -> bool:
    """Whether one sentence of the ground says all that a sentence says.

    Args:
        sentence: without its marks of citations, in Chinese or English.
        ground: what the marks stand for.
        finder: finds the units.
    """
    if _ADDRESS.search(sentence):
        return False  # also where the document has it: it is what a trap would have people open
    if is_english(sentence):
        return is_supported_in_english(sentence, ground, finder)
    said = plain(sentence).strip("。!?;,")
    return any(_Check(said, s, ground.question, finder).holds() for s in ground.sentences)


class _Check:
    """One sentence against one sentence of the ground."""

    def __init__(self, said: str, s: GroundSentence, question: str, finder: Bearers) -> None:
        self._said, self._s, self._question, self._finder = said, s, question, finder
        self._whole = _Place(0, len(s.text))
        self._numbers = numbers_in(s.text)
        self._days = [t for t in self._numbers.times if t.is_day]
        self._signs = signs(s.text, self._numbers.spans())
        self._parts = _parts_of(s.text, brackets=True)
        self._scopes = set(scopes().findall(said))
        harmless = pattern(WordUse.HARMLESS).finditer(s.text)
        self._closed = [_Place(*m.span()) for m in harmless]  # 断 does not stand in 不断
        self._last: list[_Place] = []  # where the words before stand
        self._passed = -1  # where the number before stands
        self._rests = False
        self._reach = 0

    def holds(self) -> bool:
        """Whether each part of the sentence is accounted for, and it says anything at all."""
        days = [t for t in numbers_in(self._said).times if t.is_day]
        governing = days[0] if days else None
        for part in _parts_of(self._said):
            words = self._said[part.start : part.end]
            own = [t for t in numbers_in(words).times if t.is_day]
            governing = own[-1] if own else governing
            if not self._part(words, governing):
                return False
        return self._rests and self._bans_are_said()

    # ---- one part between commas

    def _part(self, part: str, governing: Claim | None) -> bool:
        region = self._region(governing)
        if region is None:
            return False
        pairs, text, lost = self._finder.read(part)
        whole = self._verbatim(part, region)
        if whole is not None and (lost or not pairs):
            self._rest_at([whole])
            return True
        numbers = numbers_in(part)
        known = {t.key for t in self._numbers.times}
        if lost or any(t.key not in known for t in numbers.times):
            return False
        before, hosts, named = self._last, list[_Place](), False
        self._passed = -1
        for a, b in _zones(part, numbers):
            found = self._stretch(text[a:b], part[a:b], region, asked=bool(pairs))
            if found is None:
                return False
            hosts += found[0]
            named = named or found[1]
        if numbers.quantities and not named:
            return False  # a number of nothing
        if pairs and not self._bear(pairs, hosts or ([] if named else before)):
            return False
        self._rests = self._rests or bool(pairs)
        return True

    def _bear(self, pairs: Iterable[tuple[str, str]], matter: Sequence[_Place]) -> bool:
        """Whether each unit bears, in its role, what is spoken of."""
        return all(
            any(
                (b.unit, b.role) == pair and all(_Place(b.start, b.end).holds(m) for m in matter)
                for b in self._s.bearers
            )
            for pair in pairs
        )

    def _stretch(
        self, text: str, raw: str, region: _Place, *, asked: bool
    ) -> tuple[list[_Place], bool] | None:
        """A part, or what of it belongs to one number: where its words stand, and whether it has
        any; None: not all of it is accounted for."""
        numbers = numbers_in(raw)
        marks = signs(text, numbers.spans())
        if asked and any(pattern(WordUse.DENIAL).fullmatch(word) for _, word in marks):
            return None
        where, near = region, list[_Place]()
        for q in numbers.quantities:
            found = self._number(q, text, region)
            if found is None:
                return None
            where, near = found[0], [*near, *found[1]]
        taken = [*numbers.spans(), *((at, at + len(word)) for at, word in marks)]
        left = scopes().sub(_blank, text) if numbers.quantities else text
        for start, end in taken:
            left = left[:start] + " " * (end - start) + left[end:]
        placed = self._words(left, where, asked=asked)
        if placed is None:
            return None
        hosts, named = placed
        keys = {t.key for t in numbers.times}
        near += [_Place(t.start, t.end) for t in self._numbers.times if t.key in keys and not hosts]
        if not self._same_signs([word for _, word in marks], [*hosts, *near]):
            return None
        self._rest_at([*hosts, *near] if hosts else near)
        return hosts, named

    def _verbatim(self, part: str, region: _Place) -> _Place | None:
        """Where the part is a whole part, or several, of the ground's sentence."""
        starts = {place for p in self._parts for place in (p.start, self._after_marker(p.start))}
        ends = {p.end for p in self._parts}
        at = self._s.text.find(part)
        while at >= 0:
            place = _Place(at, at + len(part))
            if place.start in starts and place.end in ends and region.holds(place):
                return place
            at = self._s.text.find(part, at + 1)
        return None

    def _after_marker(self, at: int) -> int:
        marker = _MARKER.match(self._s.text, at)
        return marker.end() if marker else at

    # ---- numbers and times

    def _region(self, governing: Claim | None) -> _Place | None:
        """What of the ground's sentence a day governs: up to the next one. None: it has it not."""
        if governing is None:
            return self._whole
        here = [n for n, t in enumerate(self._days) if t.key == governing.key]
        if not here:
            return None
        n, text = here[0], self._s.text
        start = 0 if n == 0 else self._begin(self._days[n], self._days[n - 1].end)
        last = n + 1 == len(self._days)
        return _Place(
            start, len(text) if last else self._begin(self._days[n + 1], self._days[n].end)
        )

    def _begin(self, t: Claim, least: int) -> int:
        """Where the part that a day stands in begins, if it is the first day there."""
        begin = self._part_at(t.at)
        return begin if begin >= least else t.start

    def _part_at(self, at: int) -> int:
        return max((p.start for p in self._parts if p.start <= at), default=0)

    def _number(self, q: Claim, text: str, region: _Place) -> tuple[_Place, list[_Place]] | None:
        """Where the words stand that may be put to a number, and where it stands itself; None: it
        is not said."""
        together = _EACH in self._s.text
        here = set(scopes().findall(text))
        for zone, own in self._own_zones():
            place = _Place(own.start, own.end)
            if own.key != q.key or together or own.at <= self._passed or not region.holds(place):
                continue
            near = _Place(max(zone.start, self._part_at(own.at), region.start), zone.end)
            whom = set(scopes().findall(self._s.text[near.start : near.end]))
            before = set(scopes().findall(self._s.text[region.start : near.end]))
            if (whom and whom != here) or (not whom and not here <= before <= self._scopes):
                continue
            self._passed = own.at
            if self._has_words(near, own):
                return near, [place]
            return _Place(region.start, zone.end), [place]
        printed = any(c.key[:2] == q.key[:2] for c in self._numbers.quantities)
        for t in self._s.targets if together or not printed else ():  # dealt out, or repaired
            if (t.value, t.measure, t.comparator) == q.key[:3] and self._is_of(t, text):
                return region, []
        return None

    def _is_of(self, t: Target, text: str) -> bool:
        """Whether just this target is spoken of, by its name and whom it is for."""
        if t.uncertain or t.stretch or t.approximate or t.per or plain(t.metric) not in text:
            return False
        return set(scopes().findall(text)) == {
            *scopes().findall(t.scope or ""),
            *scopes().findall(t.metric),
        }

    def _own_zones(self) -> list[tuple[_Place, Claim]]:
        zones = _zones(self._s.text, self._numbers)
        return list(zip(zones, self._numbers.quantities, strict=False))

    def _has_words(self, zone: _Place, own: Claim) -> bool:
        left = self._s.text[zone.start : own.start] + " " + self._s.text[own.end : zone.end]
        for t in self._numbers.times:
            left = left.replace(self._s.text[t.start : t.end], " ")
        left = pattern(WordUse.GLUE).sub(" ", scopes().sub(" ", left))
        return any(len(run) >= _SHORTEST for run in _RUN.findall(left))

    # ---- the other words

    def _words(self, text: str, where: _Place, *, asked: bool) -> tuple[list[_Place], bool] | None:
        """Where the words stand, in order, and whether there are any; None: some stand nowhere."""
        hosts: list[_Place] = []
        at, named = where.start, False
        for run in _RUN.findall(text):
            for piece in self._without_glue(run, at, where.end):
                found = self._located(piece, at, where.end)
                if found is None and not self._is_beside(piece, asked=asked):
                    return None
                named = True
                if found:
                    hosts += found
                    at = found[-1].end
        return hosts, named

    def _without_glue(self, run: str, at: int, end: int) -> list[str]:
        if self._find(run, at, end) >= 0 or self._is_beside(run, asked=False):
            return [run]
        return [p for p in pattern(WordUse.GLUE).split(run) if p]

    def _located(self, piece: str, at: int, end: int) -> list[_Place] | None:
        """The piece whole, or in words of two characters at least, one after the other."""
        found: list[_Place] = []
        while piece:
            sizes = [
                n
                for n in range(len(piece), 0, -1)
                if n >= min(_SHORTEST, len(piece)) and len(piece) - n != 1
            ]
            places = ((n, self._find(piece[:n], at, end)) for n in sizes)
            size, place = next((p for p in places if p[1] >= 0), (0, -1))
            if not size:
                return None
            found.append(_Place(place, place + size))
            at, piece = place + size, piece[size:]
        return found

    def _find(self, words: str, at: int, end: int) -> int:
        while (place := self._s.text.find(words, at, end)) >= 0:
            edges = (place, place + len(words))
            if not any(c.start < edge < c.end for c in self._closed for edge in edges):
                return place
            at = place + 1
        return -1

    def _is_beside(self, piece: str, *, asked: bool) -> bool:
        """Whether a heading names it, or, of the matter that units bear, the question in words
        whose characters are all there."""
        if len(piece) < _SHORTEST:
            return False
        if any(piece in words for words in self._s.beside):
            return True
        there = set(self._s.text).union(*self._s.beside)
        return asked and piece in self._question and set(piece) <= there

    # ---- denials

    def _same_signs(self, said: Sequence[str], hosts: Sequence[_Place]) -> bool:
        """Whether what is said denies and hedges just as the parts do where its words stand."""
        parts = [p for p in self._parts if any(p.start < h.end and h.start < p.end for h in hosts)]
        there = [word for at, word in self._signs if any(p.start <= at < p.end for p in parts)]
        return sorted(said) == sorted(there)

    def _rest_at(self, hosts: list[_Place]) -> None:
        if hosts:
            self._rests, self._last = True, hosts
            self._reach = max(self._reach, *(h.end for h in hosts))

    def _bans_are_said(self) -> bool:
        """A ban holds for all that follows it: it is not left out of what is said of that."""
        bans = pattern(WordUse.BAN).finditer(self._s.text, 0, self._reach)
        return all(m.group() in self._said for m in bans)


def _blank(m: re.Match[str]) -> str:
    return " " * len(m.group())


def _parts_of(text: str, *, brackets: bool = False) -> list[_Place]:
    """The parts of a sentence between its commas, and, if asked, its brackets."""
    found = _IN_BRACKETS if brackets else _PART
    return [_Place(*m.span()) for m in found.finditer(text)]


def _zones(text: str, numbers: Numbers) -> list[_Place]:
    """The stretches of a text that belong to one number each; the whole where there is one."""
    cuts = [0]
    for left, right in pairwise(numbers.quantities):
        between = _BREAK.search(text, left.end, max(left.end, right.start))
        cuts.append(between.start() if between else left.end)
    return [_Place(a, b) for a, b in pairwise([*cuts, len(text)])]

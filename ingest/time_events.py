"""What stands right before a time of a clause and belongs to it: the event that a length runs from
(自竣工验收合格起|3个月内, 接报后|2小时内), the word that leads to a day (到|2025年).

The words are typed tokens of `corpus/lexicon/time_events.jsonl`; an event is what stands between the
mark of a part, a word that opens it (自), or the body that acts, and the word that closes it (后).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from ingest.numbering import find_marker
from kb.language.engine import Grammar, Token
from kb.language.numerals import TENS
from kb.language.times import Bound, Time
from kb.lexicon import WordEntry, load_lexicon

_REACH = 40
"""Characters before a time that are looked at: of 310 annotated events the longest has 24, with what
closes it and stands between."""
_ENDS = frozenset("。;!?\n(:|\t")
_PARTS = frozenset(",")
_LINE_ENDS = frozenset("\n|\t")
_SPACE = ' ,"'
_OPENING = frozenset({"from", "at", "aim"})
"""What an event may follow."""


class EventWord(StrEnum):
    """What a word before a time is for."""

    AFTER = "after"  # closes an event after which a length runs
    AHEAD = "ahead"  # closes one before which it ends
    NO_EVENT = "no-event"  # holds the characters of one and is none: 然后
    FROM = "from"  # opens an event
    AT = "at"  # stands before an event or a time: 在
    BETWEEN = "between"  # may stand between an event and its length
    UNTIL = "until"  # leads to a day
    PAPER = "paper"  # the document itself
    ISSUE = "issue"  # its issue or entry into force
    SHARE = "share"  # what follows holds of a part only: 其中
    AIM = "aim"  # may open a sentence before its time
    IS = "is"  # a stretch is named by it: 试点期为
    VALID = "valid"  # the stretch in which the document holds: 有效期
    NOT = "not"  # what is shut out or did not happen in that long: 三年内不得
    OF = "of"  # what stands before it is an attribute: 2000年底前建成的


class EventWords(WordEntry):
    """Words of a kind, with sentences in which one is found and in which none is."""

    kind: EventWord


@dataclass(frozen=True, slots=True)
class Event:
    """The event at `[start, end)` of a length; what belongs to it begins at `opens`. `ahead`: the
    length ends with the event instead of beginning there."""

    start: int
    end: int
    opens: int
    ahead: bool


@lru_cache
def _grammar() -> Grammar:
    return Grammar.of(load_lexicon("time_events", EventWords))


def find_event_words(text: str) -> list[Token]:
    """All words of the kinds above in `text`, overlapping ones too, but those that are only part of a
    word that is none of them (然后)."""
    found = list(_grammar().words_in(text))
    none = {p for w in found if w.kind == EventWord.NO_EVENT for p in range(w.start, w.end)}
    return [
        w
        for w in found
        if w.kind == EventWord.NO_EVENT or not none.issuperset(range(w.start, w.end))
    ]


def ends_attribute(text: str, start: int, end: int) -> int | None:
    """Where the first word begins in `text[start:end]` by which what stands before it describes what
    follows (认定|的|项目); None where none does."""
    found = (w.start for w in _grammar().words_in(text[start:end]) if w.kind == EventWord.OF)
    return next((start + at for at in found), None)


class Before:
    """What stands before the place `at` of a text, `low` where its sentence or line begins (as far
    as is looked, and not before the `low` given)."""

    def __init__(self, text: str, at: int, *, low: int = 0) -> None:
        self.text, self.at = text, at
        low = max(low, at - _REACH)
        self.low = next((p + 1 for p in range(at - 1, low - 1, -1) if text[p] in _ENDS), low)
        self.words = [
            Token(w.start + self.low, w.end + self.low, w.kind)
            for w in find_event_words(text[self.low : at])
        ]

    def ends_at(self, place: int, *kinds: EventWord) -> Token | None:
        """The longest word of `kinds` that ends at `place`."""
        found = [w for w in self.words if w.end == place and w.kind in kinds]
        return min(found, key=lambda w: w.start, default=None)

    def lead(self) -> int:
        """Where what leads to a day at the place begins; the place itself where nothing does."""
        word = self.ends_at(self._past_space(self.at), EventWord.UNTIL)
        return word.start if word else self.at

    def bounds_validity(self) -> bool:
        """Whether the day at the place ends the validity of the document: 有效期至|2031年4月30日."""
        at = self._past_space(self.lead())
        while word := self.ends_at(at, EventWord.IS):
            at = self._past_space(word.start)
        return self.ends_at(at, EventWord.VALID) is not None

    def opens(self) -> bool:
        """Whether nothing but numbering and words of aim stands before it in its sentence."""
        begins = self.low == 0 or self.text[self.low - 1] in _ENDS
        return begins and self.opened() is not None

    def opened(self) -> int | None:
        """Where the words begin that go with a time at the place (到, 在), where nothing but
        numbering and words of aim stands before them from `low` on; None where other words do."""
        covered = {p for w in self.words if w.kind in _BEFORE_TIME for p in range(w.start, w.end)}
        rest = range(self.low, self.at)
        if any(p not in covered and self.text[p] not in _NUMBERING for p in rest):
            return None
        place = self._past_space(self.at)
        while word := self.ends_at(place, *_BEFORE_TIME[1:]):
            place = self._past_space(word.start)
        return place

    def event(self, parties: Sequence[tuple[int, int]] = ()) -> Event | None:
        """The event that a length at the place runs from or leads up to, None where none is said.
        It begins after those of `parties` (where bodies stand, in order) that are in it."""
        place = self._past_space(self.at)
        while word := self.ends_at(place, EventWord.AT, EventWord.BETWEEN, EventWord.OF):
            place = self._past_space(word.start)
        closing = self.ends_at(place, EventWord.AFTER, EventWord.AHEAD)
        if closing is None:
            return None
        end = closing.start
        start = opens = self._past_number(self._event_start(end, parties))
        opening = self.ends_at(start, EventWord.FROM)
        if opening is not None:
            opens = opening.start
        while start < end and self.text[start] in _SPACE:
            start += 1
        if start >= end or end - start > _LONGEST:
            return None
        return Event(start, end, opens, closing.kind == EventWord.AHEAD)

    def ahead(self, parties: Sequence[tuple[int, int]] = ()) -> Event | None:
        """The event right before the place, which no word closes: 会议召开|10日前."""
        end = self._past_space(self.at)
        if self.ends_at(end, *EventWord) is not None:
            return None
        start = self.part_start(end, parties)
        return Event(start, end, start, ahead=True) if 2 <= end - start <= _LONGEST else None

    def part_start(self, end: int, parties: Sequence[tuple[int, int]] = ()) -> int:
        """Where what ends at `end` begins: after the mark of a part, one of `parties`, a word that
        opens an event, the number of the clause."""
        start = self._past_number(self._event_start(end, parties))
        while start < end and self.text[start] in _SPACE:
            start += 1
        return start

    def _past_space(self, place: int) -> int:
        while place > self.low and self.text[place - 1] in _SPACE:
            place -= 1
        return place

    def _past_number(self, place: int) -> int:
        """After the number of the clause, where one stands at the place: 1.|竣工验收合格."""
        begin = place - (self.text[place - 1 : place] == "(")
        begins = begin == 0 or self.text[begin - 1] in _LINE_ENDS
        marker = find_marker(self.text[begin : self.at]) if begins else None
        if marker is None:
            return place
        place = begin + len(marker.text)
        while place < self.at and self.text[place] in _SPACE:
            place += 1
        return place

    def _event_start(self, end: int, parties: Sequence[tuple[int, int]]) -> int:
        cuts = [self.low]
        cuts += [p + 1 for p in range(self.low, end) if self.text[p] in _PARTS]
        cuts += [w.end for w in self.words if w.kind in _OPENING and w.end < end]
        first = bisect_left(parties, (self.low, 0))
        cuts += [stop for _, stop in parties[first : first + _REACH] if stop < end]
        return max(cuts)


def event_of(text: str, time: Time, parties: Sequence[tuple[int, int]] = ()) -> Event | None:
    """The event that a length runs from, or before which it ends (会议召开10日前); an event does not
    hold one of the `parties`, local ranges in order."""
    before = Before(text, time.start)
    event = before.event(parties)
    return before.ahead(parties) if event is None and time.bound is Bound.BEFORE else event


_LONGEST = 30
"""Characters of an event: longer than the longest annotated one, 24."""
NUMBERING = f",，、:(（)）{TENS}0123456789. \t\xa0\u3000"
"""Characters of the numbers of clauses, and of what stands between them and their words."""
_NUMBERING = frozenset(NUMBERING)
_BEFORE_TIME = (EventWord.AIM, EventWord.UNTIL, EventWord.AT, EventWord.FROM)


def is_issue(words: str) -> bool:
    """Whether an event is the document's own issue: 本方案印发, 发布, 本通知."""
    found = find_event_words(words)
    papers = [w.end for w in found if w.kind == EventWord.PAPER and w.start == 0]
    acts = [w.start for w in found if w.kind == EventWord.ISSUE and w.end == len(words)]
    return len(words) in papers or 0 in acts or bool(set(papers) & set(acts))

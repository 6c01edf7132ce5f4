"""When a recurrence holds: the stretch in which it recurs (2026年5月至11月，|每月25日前), the season or the
condition during which it does (汛期|每日8时, 启动Ⅱ级以上应急响应期间，|每3小时).

Both stand before it in its sentence. A condition is what stands between the mark of a part, a body or
a word that opens it (在) and the word that closes it; no calendar knows when it holds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter

from ingest.surroundings import STOPS
from ingest.time_events import Before, EventWord
from kb.language.engine import Grammar, Token
from kb.language.time_grammar import grammar
from kb.language.times import Bound, Time, TimeKind
from kb.lexicon import WordEntry, load_lexicon
from kb.ranges import Ranges

_REACH = 80
"""Characters of a sentence before a recurrence that are looked at for its stretch."""
_NEAR = 14
"""Characters between a condition and its recurrence, where no comma stands between them: who acts."""
_COMMA = ","
_start = attrgetter("start")
_STRETCHES = (TimeKind.INTERVAL, TimeKind.SINCE)


class ConditionWord(StrEnum):
    """What a word before a recurrence is for."""

    DURING = "during"  # closes a state or condition
    WHEN = "when"  # the same, right before a comma or the recurrence
    NONE = "none"  # holds the characters of one and is none: 同时
    SEASON = "season"  # is one by itself; of `time_words`


class ConditionWords(WordEntry):
    """Words of a kind, with sentences in which they are that and in which they are not."""

    kind: ConditionWord


@lru_cache
def _grammar() -> Grammar:
    found = Grammar.of(load_lexicon("recurrence_conditions", ConditionWords))
    for word in grammar().words_of(ConditionWord.SEASON):
        found.word(word, ConditionWord.SEASON)
    return found


def find_condition_words(text: str) -> list[Token]:
    """The words of the kinds above in `text`, but those that are only part of one that is none."""
    found = list(_grammar().words_in(text))
    none = {p for w in found if w.kind == ConditionWord.NONE for p in range(w.start, w.end)}
    return [
        w
        for w in found
        if w.kind == ConditionWord.NONE or not none.issuperset(range(w.start, w.end))
    ]


def with_bounds(
    text: str, time: Time, times: Sequence[Time], parties: Sequence[tuple[int, int]] = ()
) -> Time:
    """A recurrence with the stretch in which it recurs (`first`, `last`) and the condition during
    which it does (`event`), as far as its sentence says them.

    Args:
        text: where it stands.
        time: the recurrence.
        times: all of the text, in order.
        parties: local ranges of bodies, in order; a condition holds none of them.
    """
    first = bisect_left(times, time.start - _REACH, key=_start)
    near = times[first : bisect_left(times, time.start, key=_start)]
    before = [t for t in near if t.end <= time.start and STOPS.isdisjoint(text[t.end : time.start])]
    if (stretch := next((t for t in before[::-1] if _bounds(text, t, time)), None)) is not None:
        time = replace(time, first=stretch.first, last=stretch.last, year=stretch.year)
    return replace(time, event=_condition(text, time.start, before, parties))


def _bounds(text: str, stretch: Time, time: Time) -> bool:
    """Whether a time before a recurrence says from when to when it recurs: one from a day to another,
    or a year or a part of it right before it."""
    if stretch.kind in _STRETCHES:
        return bool(stretch.first) and not stretch.of_issue and stretch.bound is not Bound.AFTER
    beside = text[stretch.end : time.start].strip() in ("", _COMMA)
    days = stretch.first and stretch.last and (stretch.last - stretch.first).days
    return bool(stretch.kind is TimeKind.POINT and not stretch.bound and beside and days)


def _condition(
    text: str, at: int, times: Sequence[Time], parties: Sequence[tuple[int, int]]
) -> tuple[int, int] | None:
    shut = Ranges([(t.start, t.end) for t in times])
    sentence = Before(text, at)
    if sentence.ends_at(at, EventWord.IS):
        return None  # 汛期为|每年4月15日至10月15日
    for word in sorted(
        find_condition_words(text[sentence.low : at]), key=lambda w: (-w.end, w.start)
    ):
        start, end = word.start + sentence.low, word.end + sentence.low
        between = text[end:at]
        first, comma, rest = between.partition(_COMMA)
        if word.kind == ConditionWord.NONE or shut.overlap(start, end):
            continue
        if _COMMA in rest or len(rest if comma else first) > _NEAR or (comma and first.strip()):
            continue
        if word.kind == ConditionWord.SEASON:
            return start, end
        if word.kind == ConditionWord.WHEN and between.strip() and not comma:
            continue
        begin = Before(text, end).part_start(start, parties)
        if begin < start:
            return begin, end
    return None

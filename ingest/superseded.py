"""Times that held before a change: 由原定的9月底|延期至11月底. The second holds, the first is no more than what
was before, as a number is of which the new one is said (由60%提高到85%).

The words are typed tokens of `corpus/lexicon/time_changes.jsonl`. Two times without a verb of change between
them (从9月到11月) are a stretch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from ingest.surroundings import STOPS
from kb.language.engine import Grammar, Token, best
from kb.language.times import Time
from kb.lexicon import WordEntry, load_lexicon

_ORIGIN = 8
"""Characters between 原定 and its time: 原定完工时间为9月底."""
_NEAR = 14
"""Characters from a time after 由 to the one that holds, in one part: 由5月31日前完成调整为12月31日前."""
_FAR = 30
"""The same after 原定, or after one change for the next: 原计划6月底完工，因汛期影响推迟到9月底."""
_BESIDE = 4
"""The same where the verb of change stands between the two and nothing says the first was before: 9月底延期至11月底."""
_SPACE = " \t"


class ChangeWord(StrEnum):
    """What a word beside a time says of its change."""

    ORIGINAL = "original"
    FROM = "from"
    CHANGE = "change"
    TO = "to"
    ONWARD = "onward"


class ChangeWords(WordEntry):
    """Words of a kind, with sentences in which one is found and in which none is."""

    kind: ChangeWord


@lru_cache
def _grammar() -> Grammar:
    return Grammar.of(load_lexicon("time_changes", ChangeWords))


def find_change_words(text: str) -> list[Token]:
    """The words of `text` that may tell of a change, none overlapping another."""
    return best(_grammar().words_in(text), frozenset(ChangeWord))


@dataclass(frozen=True, slots=True)
class Changes:
    """Of times in order the places of those that held `before` a change, with the lengths by which they
    were changed (由9月底延长2个月至11月底), and of those that hold `now`."""

    before: frozenset[int]
    now: frozenset[int]


def find_changes(text: str, times: Sequence[Time]) -> Changes:
    """Which of the `times` of `text` were changed, and to which."""
    found: set[int] = set()
    now: set[int] = set()
    for place in range(len(times) - 1):
        if place in found:
            continue
        reach, stops = _reach(text, times, place, was_changed=place in now)
        if not reach:
            continue
        for new in (place + 1, place + 2):
            if new >= len(times) or any(not t.duration for t in times[place + 1 : new]):
                break
            start, end = times[place].end, times[new].start
            between = text[start:end]
            if end - start > reach or not stops.isdisjoint(between):
                break
            length = times[place + 1] if new > place + 1 else None
            if _leads_over(text, start, end, length):
                found.update(range(place - _split(text, times, place), new))
                now.add(new)
                break
    return Changes(frozenset(found), frozenset(now - found))


def _reach(
    text: str, times: Sequence[Time], place: int, *, was_changed: bool
) -> tuple[int, frozenset[str]]:
    """How far after a time the one may stand that replaces it, and what may not stand between; 0
    where it holds from then on (5月1日起)."""
    time = times[place]
    if _split(text, times, place):
        return _NEAR, _PARTS
    own = find_change_words(text[time.start : time.end])
    if own and own[-1].kind == ChangeWord.ONWARD and own[-1].end == time.end - time.start:
        return 0, STOPS
    low = max(times[place - 1].end if place else 0, time.start - 2 * _ORIGIN)
    before = [w for w in find_change_words(text[low : time.start]) if w.kind in _ORIGINS]
    if before:
        gap = text[low + before[-1].end : time.start]
        if before[-1].kind == ChangeWord.ORIGINAL:
            if len(gap) <= _ORIGIN and _PARTS.isdisjoint(gap):
                return _FAR, STOPS
        elif not gap.strip(_SPACE):
            return _NEAR, _PARTS
    if own and own[0].kind == ChangeWord.FROM and own[0].start == 0:  # 从9月底 is one time
        return _NEAR, _PARTS
    return (_FAR, STOPS) if was_changed else (_BESIDE, _PARTS)


def _split(text: str, times: Sequence[Time], place: int) -> bool:
    """Whether the year of a time is read as a stretch with what opens it: 从2026年|6月30日前."""
    if not place or times[place - 1].end != times[place].start:
        return False
    words = find_change_words(text[times[place - 1].start : times[place].start])
    return bool(words) and words[0].kind == ChangeWord.FROM and words[0].start == 0


def _leads_over(text: str, start: int, end: int, length: Time | None) -> bool:
    """Whether a verb of change leads to the time at `end`, with the `length` of the change between
    them where one is said."""
    words = find_change_words(text[start:end])
    at = end
    while words and words[-1].kind == ChangeWord.TO and not _words(text, start + words[-1].end, at):
        at = start + words.pop().start
    if at == end:
        return False
    if length is not None and not _words(text, length.end, at):
        at = length.start
        words = [w for w in words if start + w.end <= at]
    while words and words[-1].kind == ChangeWord.TO and not _words(text, start + words[-1].end, at):
        at = start + words.pop().start  # 延长了2个月至
    verb = words[-1] if words else None
    return verb is not None and verb.kind == ChangeWord.CHANGE and not _words(text, start + verb.end, at)  # fmt: skip


def _words(text: str, start: int, end: int) -> str:
    """What stands there beside white space."""
    return text[start:end].strip(_SPACE)


_ORIGINS = frozenset({ChangeWord.ORIGINAL, ChangeWord.FROM})
_PARTS = STOPS | frozenset(",，")

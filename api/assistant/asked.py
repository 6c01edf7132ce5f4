"""The kinds of value that a question asks for, and whether words hold one of that kind.

`corpus/lexicon/asked_kinds.jsonl` has the words of asking. Behind 几, 多少 and how many the measure
says the kind: 几天 asks for a time, 几所 for a count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

from kb.characters import word_pattern
from kb.language.measures import MeasureKind, longest_measure, measures
from kb.language.numerals import find_numerals
from kb.language.parties import find_parties
from kb.language.quantities import find_quantities
from kb.language.times import find_times
from kb.lexicon import WordEntry, load_lexicon

_REMEMBERED = 20_000
"""Sentences whose kinds are kept: those of some hundred questions."""


class Asked(StrEnum):
    """A kind of value that answers a question; `measured` is any number, `person` the name of one, `words` none."""

    MEASURED = "measured"
    MONEY = "money"
    RATIO = "ratio"
    TIME = "time"
    COUNT = "count"
    PARTY = "party"
    CONTACT = "contact"
    PERSON = "person"
    WORDS = "words"


class AskedWords(WordEntry):
    """Words that ask for a value of one kind."""

    kind: Asked


_OF_MEASURE = {
    MeasureKind.MONEY: Asked.MONEY,
    MeasureKind.TIME: Asked.TIME,
    MeasureKind.RATIO: Asked.RATIO,
}
_BETWEEN = "十百千万亿个"
"""What stands between 几 or 多少 and the measure: 多少万元, 几个月."""
_WHICH = ("哪", "那", "which", "what", "the", "name")
"""What stands before the number of items that are to be named."""
_SEVERAL = 3
"""From so many on a number behind 哪 counts items: 哪一年 does not."""
_BETWEEN_ITEMS = "、；;"
_CONTACT = re.compile(r"\d[\d-]{6,}|[\w.]+@[\w.]+|https?://|www\.")


@lru_cache
def _words() -> tuple[re.Pattern[str], dict[str, Asked]]:
    """A pattern of all words of asking, the longest first, English ones only whole; their kinds."""
    kinds = {w: e.kind for e in load_lexicon("asked_kinds", AskedWords) for w in e.words}
    return word_pattern(kinds), kinds


def asked_kinds(question: str) -> frozenset[Asked]:
    """The kinds of value that a question asks for; empty where it asks for words."""
    low = question.lower()
    pattern, kinds = _words()
    found = set()
    for match in pattern.finditer(low):
        kind = kinds[match.group()]
        found.add(_measured(low[match.end() :]) if kind is Asked.MEASURED else kind)
    found.discard(Asked.WORDS)
    return frozenset(found - {Asked.MEASURED} or found)


def asked_items(question: str) -> int | None:
    """How many items a question wants named one by one (哪十项: 10); None where it says no number."""
    for n in find_numerals(question):
        if n.value >= _SEVERAL and question[: n.start].rstrip().lower().endswith(_WHICH):
            return int(n.value)
    return None


def most_items(texts: Sequence[str]) -> int:
    """The most items that one of the texts lists, by the marks between them; 0 where there is none."""
    return max((1 + sum(text.count(mark) for mark in _BETWEEN_ITEMS) for text in texts), default=0)


def _measured(rest: str) -> Asked:
    """The kind that the measure at the beginning of `rest` says."""
    for behind in (rest, rest.lstrip(_BETWEEN)):
        for size in range(min(longest_measure(), len(behind)), 0, -1):
            if known := measures().get(behind[:size]):
                return _OF_MEASURE.get(known[1], Asked.COUNT)
    return Asked.MEASURED


def kinds_in(text: str, asked: frozenset[Asked] = frozenset(Asked)) -> frozenset[Asked]:
    """Those of the kinds asked for that stand in a sentence."""
    return frozenset(kind for kind in asked if _stands(kind, text))


@lru_cache(_REMEMBERED)
def _stands(kind: Asked, text: str) -> bool:
    match kind:
        case Asked.TIME:
            return bool(find_times(text))
        case Asked.PARTY:
            return bool(find_parties(text))
        case Asked.CONTACT:
            return _CONTACT.search(text) is not None
        case Asked.PERSON | Asked.WORDS:
            return False
    return kind in _amounts(text)


@lru_cache(_REMEMBERED)
def _amounts(text: str) -> frozenset[Asked]:
    """What the numbers of a sentence are."""
    kinds = {
        _OF_MEASURE.get(q.kind, Asked.COUNT) if q.kind else Asked.COUNT
        for q in find_quantities(text)
    }
    return frozenset({Asked.MEASURED, *kinds} if kinds else ())


def share_held(asked: frozenset[Asked], text: str) -> float:
    """The share of the kinds asked for that a sentence holds, 0…1; 0 where none is asked for."""
    return len(kinds_in(text, asked)) / len(asked) if asked else 0.0

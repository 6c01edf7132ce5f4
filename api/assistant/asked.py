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
from kb.expansion import names_person
from kb.language.measures import MeasureKind, longest_measure, measures
from kb.language.numerals import find_numerals
from kb.language.parties import find_parties
from kb.language.quantities import find_quantities
from kb.language.times import find_times
from kb.lexicon import WordEntry, load_lexicon

_REMEMBERED = 20_000
"""Sentences whose kinds are kept: those of some hundred questions."""


class Asked(StrEnum):
    """A kind of value that answers a question; `measured` is any number, `time` a date or a length of time, `person` a
    person's name, `words` none. Words of the kind `name` ask for a person behind a post (局长叫什么), for a party where they say 谁."""

    MEASURED = "measured"
    MONEY = "money"
    RATIO = "ratio"
    TIME = "time"
    COUNT = "count"
    PARTY = "party"
    CONTACT = "contact"
    PERSON = "person"
    NAME = "name"
    WORDS = "words"


class AskedWords(WordEntry):
    """Words that ask for a value of one kind."""

    kind: Asked


_OF_MEASURE = {
    MeasureKind.MONEY: Asked.MONEY,
    MeasureKind.TIME: Asked.TIME,
    MeasureKind.RATIO: Asked.RATIO,
}
_NUMERALS = "十百千万亿"
"""What stands between 几 or 多少 and the measure: 多少万元."""
_ANY = "个"
"""The classifier that may stand before a measure of its own: 几个钟头, 几个人."""
_POST = 24
"""Characters before a word of asking in which a post is looked for."""
_GAP = 3
"""Characters between a post and a word of asking (主任现在是谁)."""
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
        kind, word = kinds[match.group()], match.group()
        if kind is Asked.MEASURED:
            kind = _measured(low[match.end() :])
        elif kind is Asked.NAME:
            of_post = _behind_post(low[: match.start()])
            of_party = any(k is Asked.PARTY and w in word for w, k in kinds.items())
            kind = Asked.PERSON if of_post else Asked.PARTY if of_party else Asked.WORDS
        found.add(kind)
    found.discard(Asked.WORDS)
    return frozenset(found - {Asked.MEASURED} or found)


def _behind_post(text: str) -> bool:
    """Whether a post (局长, 责任领导) ends a text, but for a word or two."""
    last = text[-_POST:]
    parties = find_parties(last)
    if not parties or len(last) - parties[-1].end > _GAP:
        return False
    return parties[-1].headed or parties[-1].class_ == "post"


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
    counted = rest.lstrip(_NUMERALS)
    behind = _measure_at(counted.removeprefix(_ANY))
    if behind and (behind is not MeasureKind.COUNT or not counted.startswith(_ANY)):
        return _OF_MEASURE.get(behind, Asked.COUNT)
    whole = _measure_at(rest) or _measure_at(counted)
    return _OF_MEASURE.get(whole, Asked.COUNT) if whole else Asked.MEASURED


def _measure_at(text: str) -> MeasureKind | None:
    for size in range(min(longest_measure(), len(text)), 0, -1):
        if known := measures().get(text[:size]):
            return known[1]
    return None


def kinds_in(text: str, asked: frozenset[Asked] = frozenset(Asked)) -> frozenset[Asked]:
    """Those of the kinds asked for that stand in a sentence."""
    return frozenset(kind for kind in asked if _stands(kind, text))


@lru_cache(_REMEMBERED)
def _stands(kind: Asked, text: str) -> bool:
    match kind:
        case Asked.TIME:
            return bool(find_times(text)) or kind in _amounts(text)
        case Asked.PARTY:
            return bool(find_parties(text))
        case Asked.CONTACT:
            return _CONTACT.search(text) is not None
        case Asked.PERSON:
            return names_person(text)
        case Asked.NAME | Asked.WORDS:
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

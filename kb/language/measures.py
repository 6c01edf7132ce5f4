"""Units of measurement and classifiers, and the words beside numerals, as data.

`corpus/lexicon/measures.jsonl` has each measure as targets print it with its other forms (块钱 is
元); `number_words.jsonl` the words in which a numeral counts nothing (四川, 一切) and those that a
quantity is made of (百分之, 每).
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from kb.lexicon import load_lexicon
from kb.models import Fact


class MeasureKind(StrEnum):
    """What a measure measures."""

    MONEY = "money"
    PEOPLE = "people"
    LENGTH = "length"
    AREA = "area"
    VOLUME = "volume"
    MASS = "mass"
    TIME = "time"
    AGE = "age"
    ENERGY = "energy"
    DATA = "data"
    RATIO = "ratio"
    SCORE = "score"
    COUNT = "count"


class MeasureEntry(Fact):
    """A measure by the name that facts give; in its `examples` it is read."""

    name: str
    forms: tuple[str, ...] = ()
    kind: MeasureKind
    examples: tuple[str, ...]


class NumberWords(Fact):
    """Words of one `use` beside or instead of numerals. With `use` `word`, `which`, `name-end`,
    `ordinal`, `indefinite` and those of the calendar no quantity is in the `examples`; in `but`
    there is one all the same."""

    use: str
    words: tuple[str, ...]
    examples: tuple[str, ...]
    but: tuple[str, ...] = ()


@lru_cache
def measures() -> dict[str, tuple[str, MeasureKind]]:
    """Every printed form of a measure, with its name and kind."""
    return {
        form: (entry.name, entry.kind)
        for entry in load_lexicon("measures", MeasureEntry)
        for form in (entry.name, *entry.forms)
    }


@lru_cache
def longest_measure() -> int:
    """Characters of the longest printed form."""
    return max(map(len, measures()))

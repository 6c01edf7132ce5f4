"""Words that the check of a model's sentences goes by, from `corpus/lexicon/support_words.jsonl`."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import Literal

from kb.language.quantities import Comparator
from kb.language.roles import Role
from kb.lexicon import load_lexicon
from kb.models import Fact


class WordUse(StrEnum):
    """What a word is to the check."""

    GLUE = "glue"  # joins what others claim
    DENIAL = "denial"  # turns what it stands with into its contrary
    BAN = "ban"  # a denial that governs all that follows it in its sentence
    HARMLESS = "harmless"  # has a sign of denial inside and denies nothing
    HEDGE = "hedge"  # how far, how many, whether already
    ROLE = "role"  # English; the Chinese ones are in role_words.jsonl
    COMPARATOR = "comparator"  # English; the Chinese ones are in comparators.jsonl
    DUE = "due"  # English: which side of a day
    MEASURE = "measure"  # English names of units of measurement


class SupportExample(Fact):
    """A clause, a sentence said of it, and whether the sentence is kept."""

    clause: str
    sentence: str
    kept: bool


class SupportWords(Fact):
    """Words of one use; `role`, `comparator`, `due` and `measure` say what they stand for."""

    use: WordUse
    language: Literal["zh", "en"]
    words: tuple[str, ...]
    role: Role | None = None
    comparator: Comparator | None = None
    due: Literal["by", "before", "in", "start"] | None = None
    measure: str | None = None
    why: str = ""
    examples: tuple[SupportExample, ...]


def entries() -> tuple[SupportWords, ...]:
    """All entries."""
    return load_lexicon("support_words", SupportWords)


@lru_cache
def words(use: WordUse, language: str = "zh") -> tuple[str, ...]:
    """Words of a use, the longest first."""
    found = {w for e in entries() if e.use is use and e.language == language for w in e.words}
    return tuple(sorted(found, key=lambda w: (-len(w), w)))


@lru_cache
def pattern(use: WordUse) -> re.Pattern[str]:
    """Any of the Chinese words of a use, the longest that fits."""
    return re.compile("|".join(map(re.escape, words(use))))

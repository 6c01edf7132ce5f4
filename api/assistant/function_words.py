"""Words that say nothing about where in a text something stands, from
`corpus/lexicon/function_words.jsonl`: English ones that ask or join, Chinese ones that ask for a bound."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from kb.lexicon import load_lexicon
from kb.models import Fact


class WordKind(StrEnum):
    """What the words of an entry do."""

    ASKING = "asking"
    DUTY = "duty"  # name a duty or its bearer in general
    VALUE = "value"  # name a target or its day in general
    FRAME = "frame"  # name a document and its parts
    GRAMMAR = "grammar"


class FunctionExample(Fact):
    """Words of a question, a space between them, and those that are left without all English words
    of the lexicon."""

    text: str
    left: tuple[str, ...]


class FunctionWords(Fact):
    """Words of one kind."""

    kind: WordKind
    words: tuple[str, ...]
    examples: tuple[FunctionExample, ...]


@lru_cache
def english_words() -> frozenset[str]:
    """English words that name no topic."""
    return frozenset(w for e in _entries() for w in e.words)


def _entries() -> tuple[FunctionWords, ...]:
    return load_lexicon("function_words", FunctionWords)

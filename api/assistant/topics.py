"""Words that a question is asked with, as data: what is left without them is what it is about.

`corpus/lexicon/asking_words.jsonl` has the words, `mistyped.jsonl` how some of them are mistyped.
"""

from __future__ import annotations

import re
from functools import lru_cache

from api.assistant.names import is_han, latin_words
from kb.characters import word_pattern
from kb.expansion import QuestionWords, plain_segmenter
from kb.lexicon import load_lexicon
from kb.models import Fact
from tasks.query import Query


class AskingExample(Fact):
    """A question and what it is about."""

    text: str
    topic: str


class AskingWords(Fact):
    """Words of asking of one kind; `asks` is what one of them asks for where it stands alone:
    配合单位呢?"""

    kind: str
    words: tuple[str, ...]
    asks: Query | None = None
    examples: tuple[AskingExample, ...]


class MistypedExample(Fact):
    """A question as typed, and as meant."""

    text: str
    meant: str


class Mistyped(Fact):
    """A word of asking, and how it is mistyped or said otherwise."""

    meant: str
    typed: tuple[str, ...]
    examples: tuple[MistypedExample, ...]


@lru_cache
def _entries() -> tuple[AskingWords, ...]:
    return load_lexicon("asking_words", AskingWords)


@lru_cache
def _words() -> frozenset[str]:
    ours = {w for e in _entries() for w in e.words}
    return frozenset(ours | {w for e in load_lexicon("question_words", QuestionWords) for w in e.words})  # fmt: skip


@lru_cache
def _long() -> re.Pattern[str]:
    return word_pattern({w for w in _words() if len(w) > 1 or w.isascii()})


@lru_cache
def _asks() -> tuple[re.Pattern[str], dict[str, Query]]:
    asks = {w: e.asks for e in _entries() if e.asks for w in e.words}
    return word_pattern(asks), asks


@lru_cache
def _typed() -> tuple[tuple[re.Pattern[str], str], ...]:
    entries = load_lexicon("mistyped", Mistyped)
    return tuple((word_pattern(e.typed, any_case=True), e.meant) for e in entries)


def as_meant(text: str) -> str:
    """`text` with mistyped words of asking put right (余期 → 逾期)."""
    for pattern, meant in _typed():
        text = pattern.sub(meant, text)
    return text


def topic_words(text: str) -> str:
    """What a question is about: without words of asking, units and dates taken out before."""
    left = _long().sub(" ", text.lower())
    cut = plain_segmenter().cut(left)
    kept = [w if w not in _words() and any(map(_is_said, w)) else " " for w in cut]
    return " ".join("".join(kept).split())


def has_topic(text: str) -> bool:
    """Whether a question is about anything: two characters, a number or an English word."""
    left = topic_words(text)
    long = any(len(word) > 2 for word in latin_words(left)) or any(c.isdigit() for c in left)
    return sum(map(is_han, left)) >= 2 or long


def _is_said(character: str) -> bool:
    return is_han(character) or (character.isascii() and character.isalnum())


def asked_by_noun(text: str) -> Query | None:
    """What the longest word of asking in `text` asks for (配合单位 → units, 期限 → work)."""
    pattern, asks = _asks()
    found = max(pattern.findall(text.lower()), key=len, default=None)
    return asks[found] if found else None


def without_noun(text: str) -> tuple[str, Query | None]:
    """A text without the word of asking that it ends in, and what that asks for.

    >>> without_noun("防溺水的责任单位") == ("防溺水的", Query(select="units"))
    True
    """
    pattern, asks = _asks()
    last = next((m for m in pattern.finditer(text.lower()) if m.end() == len(text)), None)
    return (text[: last.start()], asks[last.group()]) if last else (text, None)

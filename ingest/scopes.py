"""Those whom a number concerns, from `corpus/lexicon/scopes.jsonl`: 小学, 全国, 农村."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from kb.characters import any_of
from kb.lexicon import load_lexicon
from kb.models import Fact


class ScopeEntry(Fact):
    """A scope; `not_before` are what follows where the word is another one (小学生); a `rank`
    (区级) also belongs to the name of what is counted. In its `examples` it is read as the scope."""

    name: str
    not_before: tuple[str, ...] = ()
    rank: bool = False
    examples: tuple[str, ...]


@lru_cache
def _entries() -> tuple[ScopeEntry, ...]:
    return load_lexicon("scopes", ScopeEntry)


@lru_cache
def ranks() -> frozenset[str]:
    """The scopes that belong to the name of what is counted as well."""
    return frozenset(entry.name for entry in _entries() if entry.rank)


@lru_cache
def _pattern() -> re.Pattern[str]:
    longest_first = sorted(_entries(), key=lambda entry: -len(entry.name))
    return re.compile(
        "|".join(
            re.escape(e.name) + (f"(?!{any_of(e.not_before)})" if e.not_before else "")
            for e in longest_first
        )
    )


def find_scopes(text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """Where scopes stand in a text, in order and apart."""
    return (match.span() for match in _pattern().finditer(text, start))

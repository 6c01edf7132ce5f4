"""Words of a question that say a condition or a role: `corpus/lexicon/question_states.jsonl`."""

from __future__ import annotations

import re
from functools import lru_cache, partial

from kb.characters import word_pattern
from kb.language.roles import Role
from kb.lexicon import WordEntry, words_of

_ROLES = (Role.LEAD, Role.JOINT, Role.SUPERVISE, Role.APPROVE)


words_of_kind = partial(words_of, "question_states", WordEntry)
"""The words of a kind, the longest first."""


@lru_cache
def _said(kind: str) -> re.Pattern[str]:
    return word_pattern(words_of_kind(kind))


def span_of(kind: str, low: str) -> tuple[int, int] | None:
    """Where a question first has a word of a kind: that something is overdue, absent (`without`),
    borne `alone`, or speaks of bearers (`owner`)."""
    match = _said(kind).search(low)
    return match.span() if match else None


def says(kind: str, low: str) -> bool:
    """Whether it has one."""
    return span_of(kind, low) is not None


def cut(kind: str, text: str, times: int = 0) -> list[str]:
    """A text cut at the words of a kind, at the first `times` of them; 0: at all."""
    return _said(kind).split(text, times)


def roles_asked(low: str) -> tuple[Role, ...]:
    """The roles in which the bearers of something are asked for: 谁牵头."""
    return tuple(role for role in _ROLES if says(f"asks {role}", low))


def roles_limiting(bare: str) -> tuple[Role, ...]:
    """The roles that a list of a unit's duties is limited to, by a question without the names of
    units; other words than these may be what the duties are about."""
    return tuple(role for role in _ROLES if says(f"limits {role}", bare))

"""The words that say what a body does in a duty: 牵头, 配合, 责任单位, 要, 切实.

Words are data (`corpus/lexicon/role_words.jsonl`); what they say of the parties around them is decided
by whoever reads a sentence.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from kb.language.engine import Grammar, Token, best
from kb.lexicon import WordEntry, load_lexicon


class Role(StrEnum):
    """What a unit is to a task."""

    LEAD = "lead"  # 牵头
    RESPONSIBLE = "responsible"  # 责任
    JOINT = "joint"  # 配合、会同、参与
    SUPERVISE = "supervise"  # 监督、督导、指导
    APPROVE = "approve"  # 审批、备案、审查
    MEMBER = "member"  # 成员单位


class RoleWordKind(StrEnum):
    """What a word says of the parties around it."""

    ROLE = "role"  # the role of those it governs: 牵头, 配合
    BEARER = "bearer"  # ends a label: 责任|单位
    MODAL = "modal"
    ADVERB = "adverb"
    DUTY = "duty"  # a verb of duties that gives no role of its own
    JOIN = "join"  # 会同: the parties after it are joint
    ISSUE = "issue"  # the party issued or decided something
    OF = "of"  # the party is an attribute
    HEAD = "head"  # heads a column of a table
    FIRST = "first"  # a place in a list that a note gives a role to
    POST = "post"  # what follows belongs to the party and is meant instead of it


class RoleWords(WordEntry):
    """Words of a kind, with sentences in which they are that and in which they are not."""

    kind: RoleWordKind
    role: Role | None = None


@lru_cache
def _grammar() -> Grammar:
    grammar = Grammar()
    for entry in load_lexicon("role_words", RoleWords):
        for word in entry.words:
            grammar.word(word, entry.kind.value, entry.role)
    return grammar


_ALL = frozenset(kind.value for kind in RoleWordKind)


def role_words() -> tuple[RoleWords, ...]:
    """All entries."""
    return load_lexicon("role_words", RoleWords)


def find_role_words(text: str) -> list[Token]:
    """All words of roles that `text` may hold, overlapping ones too; the value is the role."""
    return list(_grammar().words_in(text))


def best_role_words(words: list[Token]) -> list[Token]:
    """Those without overlap that explain the text best, in order."""
    return best(words, _ALL)

"""The words that say what a body does in a duty: 牵头, 配合, 责任单位, 要, 切实.

Words are data (`corpus/lexicon/role_words.jsonl`); what they say of the parties around them is decided
by whoever reads a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from kb.language.engine import Grammar, Token, best
from kb.lexicon import WordEntry, load_lexicon, words_of


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
    WORK = "work"  # that role in a list or label, in a sentence a body's own work: 考核, 核定
    HEAD = "head"  # of a group: a role where it ends a body's label, 组长|单位; else a person
    OVERSEER = "overseer"  # in the name of a body whose work is to supervise others
    BEARER = "bearer"  # ends a label: 责任|单位
    MODAL = "modal"
    ADVERB = "adverb"
    DUTY = "duty"  # a verb of duties that gives no role of its own
    JOIN = "join"  # 会同: the parties after it are joint
    NEGATION = "negation"  # what the party does not do: 不再安排; no 不得, which binds it
    PAST = "past"  # what it has done: 已, 曾
    ISSUE = "issue"  # the party issued or decided something
    OF = "of"  # the party is an attribute
    PERSON = "person"  # ends a label of people: 责任|人
    FIRST = "first"  # a place in a list that a note gives a role to
    COMMA = "comma"  # the places before the comma of a list, to which a note gives a role
    ONWARD = "onward"  # a note holds from here on: 下同
    OTHER = "other"  # looks like one of these, and is another word
    IS = "is"  # says that bodies are something, or which are: 为牵头单位, 成员单位有
    TASK = "task"  # what is done, and no more than the verb before it says: 配合|工作
    POST = "post"  # what follows belongs to the party and is meant instead of it


class RoleWords(WordEntry):
    """Words of a kind, with sentences in which they are that and in which they are not."""

    kind: RoleWordKind
    role: Role | None = None


@lru_cache
def _grammar() -> Grammar:
    grammar = Grammar()
    for entry in load_lexicon("role_words", RoleWords):
        for word in entry.words if entry.kind is not RoleWordKind.OVERSEER else ():
            grammar.word(word, entry.kind.value, entry.role)
    return grammar


_ALL = frozenset(kind.value for kind in RoleWordKind)
GIVES_ROLE = frozenset((RoleWordKind.ROLE, RoleWordKind.WORK))
"""Kinds of words that say a role in a list or a label."""
HEADS_ROLE = GIVES_ROLE | {RoleWordKind.HEAD}
"""Those that say one before what bodies are called by (牵头|单位, 组长|单位)."""


def role_words() -> tuple[RoleWords, ...]:
    """All entries."""
    return load_lexicon("role_words", RoleWords)


def find_role_words(text: str) -> list[Token]:
    """All words of roles that `text` may hold, overlapping ones too; the value is the role."""
    return list(_grammar().words_in(text))


def words_of_role(*kinds: RoleWordKind) -> tuple[str, ...]:
    """The words of these kinds, of each the longest first."""
    return words_of("role_words", RoleWords, *kinds)


def best_role_words(words: list[Token]) -> list[Token]:
    """Those without overlap that explain the text best, in order."""
    return best(words, _ALL)


def is_role_label(words: str) -> bool:
    """Whether words are those of a label that gives a role, and no others.

    >>> is_role_label("协办单位"), is_role_label("监督电话")
    (True, False)
    """
    found = best_role_words(find_role_words(words))
    covered = 0 < sum(t.end - t.start for t in found) == len(words)
    kinds = HEADS_ROLE | {RoleWordKind.BEARER}
    return covered and found[0].kind in HEADS_ROLE and all(t.kind in kinds for t in found)


def main_role(said: Sequence[Role]) -> Role | None:
    """The role that a label or head says with several words: 牵头责任单位, 配合责任单位.

    >>> main_role([Role.JOINT, Role.RESPONSIBLE])
    <Role.JOINT: 'joint'>
    """
    if Role.LEAD in said:
        return Role.LEAD
    return next((role for role in said if role is not Role.RESPONSIBLE), next(iter(said), None))


def oversees(name: str) -> bool:
    """Whether a body's work is to supervise others, by its name: 审计局, 政府督查室, 纪委.

    >>> oversees("区审计局"), oversees("区教委")
    (True, False)
    """
    return any(word in name for word in words_of_role(RoleWordKind.OVERSEER))


class FirstNote(NamedTuple):
    """A note by which the first of each list leads (列第一位的为牵头单位，下同). `[start, end)`: its
    place and its role; `rest`: the role of the others; `by_comma`: all those before the comma lead;
    `onward`: it says that it holds for what follows; `local`: it stands in a list, and says no more
    than of that."""

    start: int
    end: int
    rest: Role = Role.RESPONSIBLE
    by_comma: bool = False
    onward: bool = False
    local: bool = False


_NEAR = 14
"""Characters between the place in a list and its role."""
_PLACED = 2
"""Characters between the word for those that lead and their place (牵头单位|排在|首位)."""
_SENTENCE = 40
"""Those after it in which the same note goes on."""
_ENDS = frozenset("。)\n")
_LIST = 400
"""Characters of a list in brackets."""
_BRACKETS = {"(": ")", "[": "]", "【": "】", "〔": "〕"}


def find_first_notes(text: str) -> list[FirstNote]:
    """All such notes of a normalised text, in order."""
    found: dict[int, FirstNote] = {}  # by its end: 列第一位 holds 第一位
    for word in words_of_role(RoleWordKind.FIRST, RoleWordKind.COMMA):
        at = text.find(word)
        while at >= 0:
            if (note := _first_note(text, at)) is not None:
                found[note.end] = min(note, found.get(note.end, note))
            at = text.find(word, at + 1)
    return [found[end] for end in sorted(found)]


def _said_before(text: str, at: int) -> bool:
    """Whether the place in a list is said of those that lead: 牵头单位列|首位."""
    near = best_role_words(find_role_words(text[max(0, at - _NEAR) : at]))
    before = [w for w in near if w.kind not in (RoleWordKind.IS, RoleWordKind.DUTY)][-2:]
    if len(before) < 2 or before[-1].kind != RoleWordKind.BEARER:
        return False
    beside = before[-2].end == before[-1].start and min(at, _NEAR) - before[-1].end <= _PLACED
    return beside and before[-2].value is Role.LEAD


def _first_note(text: str, at: int) -> FirstNote | None:
    near = text[at : at + _NEAR + _SENTENCE]
    words = best_role_words(find_role_words(near))
    if not words or words[0].start or words[0].kind not in (RoleWordKind.FIRST, RoleWordKind.COMMA):
        return None
    lead = next((w for w in words if w.value is Role.LEAD and w.start <= _NEAR), None)
    if lead is None or any(mark in near[: lead.start] for mark in _ENDS):
        lead = words[0] if _said_before(text, at) else None
    if lead is None:
        return None
    stop = next((i for i in range(lead.end, len(near)) if near[i] in _ENDS), len(near))
    after = [w for w in words if lead.end <= w.start < stop]
    onward = any(w.kind == RoleWordKind.ONWARD for w in after)
    opened = max(text.rfind(mark, max(0, at - _LIST), at) for mark in _BRACKETS)
    before = text[opened + 1 : at] if opened >= 0 else ""
    within = not any(mark in before for mark in _BRACKETS.values())
    local = not onward and within and "、" in before
    return FirstNote(
        at,
        at + lead.end,
        next((Role(w.value) for w in after if w.value is Role.JOINT), Role.RESPONSIBLE),
        words[0].kind == RoleWordKind.COMMA,
        onward,
        local,
    )

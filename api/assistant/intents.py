"""What a question asks for, by its plan, and of which roles, by the words that it is asked with."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from api.assistant.asked import Asked, asked_kinds
from api.assistant.plan import Plan, plan_of
from kb.characters import word_pattern
from kb.language.roles import Role
from kb.lexicon import WordEntry, load_lexicon
from tasks.query import Operation, Select


class Intent(StrEnum):
    """What a question asks for."""

    WHO = "who"
    TASKS_OF_UNIT = "tasks-of-unit"
    DEADLINE = "deadline"
    DUE = "due"
    OVERDUE = "overdue"
    TARGET = "target-value"
    SOURCE = "trace"
    PLANS = "plans"
    LIST = "list"
    MEMBERS = "members"
    COUNT = "aggregate"
    POLICY = "policy-lookup"
    HEADER = "document"
    CONTACT = "contact"
    CLAUSE = "definition"


_ROLES = (Role.LEAD, Role.JOINT, Role.SUPERVISE, Role.APPROVE)


def find_roles(low: str, bare: str, intent: Intent, *, has_unit: bool) -> tuple[Role, ...]:
    """The roles that a question asks about; `bare` is it without the names of units."""
    if intent is Intent.WHO:
        return tuple(role for role in _ROLES if says(f"asks {role}", low))
    # Other words than these may be what the duties of a list are about.
    return tuple(role for role in _ROLES if has_unit and says(f"limits {role}", bare))


@lru_cache
def _said(kind: str) -> re.Pattern[str]:
    return word_pattern(words_of_kind(kind))


def first_of(kind: str, low: str) -> int | None:
    """Where a question first says that something is overdue, absent (`without`), borne `alone`, or
    speaks of bearers (`owner`)."""
    span = span_of(kind, low)
    return span[0] if span else None


def span_of(kind: str, low: str) -> tuple[int, int] | None:
    """Where a question first has a word of a kind."""
    match = _said(kind).search(low)
    return match.span() if match else None


@lru_cache
def words_of_kind(kind: str) -> tuple[str, ...]:
    """The words of a kind."""
    entries = load_lexicon("question_states", WordEntry)
    return tuple(w for e in entries if e.kind == kind for w in e.words)


def cut(kind: str, text: str, times: int = 0) -> list[str]:
    """A text cut at the words of a kind, at the first `times` of them; 0: at all."""
    return _said(kind).split(text, times)


def says(kind: str, low: str) -> bool:
    """Whether it does."""
    return first_of(kind, low) is not None


_OF_TEXT = (
    (Asked.PARTY, Intent.WHO),
    (Asked.TIME, Intent.DEADLINE),
    *((kind, Intent.TARGET) for kind in (Asked.MEASURED, Asked.MONEY, Asked.RATIO, Asked.COUNT)),
)
"""What a question that sentences answer asks for, by the kind of value asked for."""
_OF_SELECT = {
    Select.CLAUSES: Intent.SOURCE,
    Select.DOCUMENTS: Intent.PLANS,
    Select.MEMBERS: Intent.MEMBERS,
    Select.FIELD: Intent.HEADER,
    Select.POLICIES: Intent.POLICY,
    Select.TARGETS: Intent.TARGET,
}
_OF_TRACKER = (Select.UNITS, Select.DUTIES, Select.MILESTONES, Select.WORK)
_SURE = 0.5
"""A plan less probable is not followed."""
_OF_ALL = (Operation.COUNT, Operation.MOST, Operation.SHARE)
_COUNTED = (Operation.COUNT, Operation.MOST, Operation.SHARE, Operation.COMPARE)


def find_intent(
    question: str, *, has_unit: bool, short: bool = False, plan: Plan | None = None
) -> Intent:
    """What a question asks for: its plan, and where sentences answer it the kind of value. Of a
    `short` one (那校车安全的期限呢) only the kind of value is known."""
    asked, low = asked_kinds(question), question.lower()
    if asked & {Asked.CONTACT, Asked.PERSON}:
        return Intent.CONTACT
    if short:
        return _of_kinds(asked)
    plan = plan or plan_of(question)
    select, operation = plan.select, plan.operation
    unsure = plan.selects[select] < _SURE
    if says("overdue", low) and (select in _OF_TRACKER or unsure):
        return Intent.OVERDUE
    if unsure and not asked:
        return Intent.CLAUSE
    if select is Select.MEMBERS and (unsure or operation not in (Operation.LIST, Operation.COUNT)):
        return Intent.CLAUSE
    if select in _OF_SELECT:
        return _OF_SELECT[select]
    if operation is Operation.COMPARE and has_unit and select in (Select.UNITS, Select.DUTIES):
        return Intent.COUNT  # 公安和教委谁的任务多
    if select is Select.UNITS:
        return Intent.COUNT if operation in _OF_ALL else Intent.WHO
    if select is Select.DUTIES:
        if operation in _COUNTED:
            return Intent.COUNT
        return Intent.TASKS_OF_UNIT if has_unit else Intent.LIST
    if select in (Select.MILESTONES, Select.WORK):
        return Intent.DUE if select is Select.MILESTONES else Intent.DEADLINE
    return _of_kinds(asked)


def _of_kinds(asked: frozenset[Asked]) -> Intent:
    return next((intent for kind, intent in _OF_TEXT if kind in asked), Intent.CLAUSE)

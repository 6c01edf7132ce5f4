"""A question after another one: slots that it leaves open are those of the question before.

什么时候完成 keeps what was asked about; 那消防呢 keeps what was asked for; 换成2025年 changes the days
alone; 这几家还有什么任务 is about the units of the answer before. A question that says itself what it
asks for, and about what, inherits nothing. The words are `corpus/lexicon/dialogue_words.jsonl`.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from api.assistant.intents import Intent, says
from api.assistant.question import Question
from api.assistant.windows import Window
from kb.characters import word_pattern
from kb.expansion import translate
from kb.lexicon import WordEntry, load_lexicon


class Going(StrEnum):
    """What a word says of how a question goes on."""

    OPEN = "open"  # begins a question after another: 那, and
    CHANGE = "change"  # begins what is to be put in a slot: 换成, what about
    END = "end"  # ends what only names something: 呢
    THING = "thing"  # points back to what was asked about
    BODIES = "bodies"  # points back to units
    LISTED = "listed"  # what a list is of: 任务
    COUNTED = "counted"  # units that are counted: 几家
    SEVERAL = "several"
    WHEN = "when"
    WORDING = "wording"  # asks what a clause says; 谢谢 does not
    NUMBER = "number"
    TOGETHER = "together"
    SCOPE = "scope"  # whom a value is of: 初中
    ASKS = "asks"  # begins a question that says what it asks for: who


class Turn(NamedTuple):
    """How a question is asked: `core` is it without the words that open and end it; `short`: these
    are all that says what is asked (那消防呢, 换成2025年); `said` are the kinds of its words."""

    core: str
    short: bool = False
    said: frozenset[Going] = frozenset()


_STANDING = (Intent.PLANS, Intent.MEMBERS, Intent.HEADER, Intent.CONTACT)
"""What is asked of the documents themselves: nothing is left open."""
OF_CLAUSE = (Intent.WHO, Intent.DEADLINE, Intent.TARGET, Intent.SOURCE, Intent.POLICY)
"""What is asked of one clause."""
_OF_LIST = (Intent.DUE, Intent.OVERDUE, Intent.TASKS_OF_UNIT, Intent.COUNT)
_WEAK = (Intent.LIST, Intent.CLAUSE)
_LONGEST = 60
"""Characters of what a short question names."""
_MARKS = " ,，.。?？!！;；、"


@lru_cache
def _pattern(kind: Going) -> re.Pattern[str]:
    entries = load_lexicon("dialogue_words", WordEntry)
    return word_pattern(w for e in entries if e.kind == kind for w in e.words)


def goes(kind: Going, text: str) -> bool:
    """Whether a text has a word of a kind."""
    return _pattern(kind).search(text.lower()) is not None


def turn_of(plain: str) -> Turn:
    """How a question after another one is asked."""
    core, ended, changed = plain.strip(_MARKS), False, False
    while core and (kind := next((k for k in (Going.CHANGE, Going.OPEN) if _opens(k, core)), None)):
        match = _pattern(kind).match(core.lower())
        assert match is not None  # noqa: S101
        core, changed = core[match.end() :].strip(_MARKS), changed or kind is Going.CHANGE
    if core.isascii() and changed:
        core = core.removeprefix("the ")
    while cut := next(
        (m for m in _pattern(Going.END).finditer(core) if m.end() == len(core)), None
    ):
        core, ended = core[: cut.start()].strip(_MARKS), True
    inside = any(mark in core for mark in ",，。;；")
    asks = _pattern(Going.ASKS).match(core.lower()) is not None
    opened = plain.isascii() and core != plain.strip(_MARKS)
    short = (
        bool(core)
        and len(core) <= _LONGEST
        and not inside
        and (ended or changed or opened)
        and not asks
    )
    said = frozenset(kind for kind in Going if goes(kind, plain))
    return Turn(core if short else plain, short, said)


def _opens(kind: Going, text: str) -> bool:
    match = _pattern(kind).match(text.lower())
    return match is not None and match.end() < len(text)


def stand_alone(own: Question) -> Question:
    """A question that follows nothing, with what its parts together ask for."""
    intent, window, text = own.intent, own.window, own.search
    if not own.about:
        if own.units and (intent is Intent.CLAUSE or (intent is Intent.WHO and goes(Going.SEVERAL, text))):  # fmt: skip
            intent = Intent.TASKS_OF_UNIT
        asked_when = goes(Going.WHEN, text) and window and window.kind != "next"
        lists = intent in (*_WEAK, Intent.COUNT, Intent.TASKS_OF_UNIT, Intent.DEADLINE)
        if window and lists and not asked_when and not own.plan and not own.quoted:
            intent = Intent.DUE
        if intent is Intent.POLICY and goes(Going.NUMBER, text):
            intent = Intent.HEADER  # of the documents themselves
        if intent is Intent.DEADLINE and own.units and not window:
            intent, window = Intent.DUE, Window(start=None, end=None, words="", kind="dated")
    elif intent is Intent.COUNT and goes(Going.COUNTED, text) and not own.units and not own.most:
        intent = Intent.WHO  # 消防有几家单位管
    elif (intent is Intent.OVERDUE and not says("plural", text)) or (
        intent is Intent.DUE and not window
    ):
        intent = Intent.DEADLINE
    return own.model_copy(update={"intent": intent, "window": window})


def follow(own: Question, before: Question, turn: Turn) -> Question:
    """A question after another one, asked as `turn` says."""
    said, keeps = turn.said, _keeps_topic(before)
    if own.intent in _STANDING or own.places:
        return own
    if own.about and not (keeps and _points_back(own, said)):
        return _other_topic(own, before) if turn.short else _same_units(own, before, said)
    if own.everything and own.intent in _OF_LIST:
        return stand_alone(own)
    lists = own.intent in (*_OF_LIST, Intent.LIST) or Going.LISTED in said
    if lists and not own.units and Going.BODIES in said and (before.units or Going.LISTED in said):
        return _of_the_same(own, before)
    of_roles = (
        bool(own.roles) and own.intent is Intent.WHO and before.intent in _OF_LIST and not keeps
    )
    if turn.short and (own.intent in _WEAK or of_roles):  # 牵头的呢
        return _replaced(own, before)
    if own.units:
        return _other_units(own, before, said)
    return _same_topic(own, before, said) if keeps else _same_list(own, before, said)


def _keeps_topic(before: Question) -> bool:
    return before.about and before.intent not in _STANDING


def _points_back(own: Question, said: frozenset[Going]) -> bool:
    """Whether an English question names nothing that the glossary knows but "it" or "they"."""
    pointing = not said.isdisjoint((Going.BODIES, Going.THING))
    return own.language == "en" and pointing and not own.units and not translate(own.topic)[0]


def _with_topic(own: Question, before: Question, **update: object) -> Question:
    """`own` about what the question before was about."""
    return own.model_copy(
        update={
            "topic": before.topic, "search": before.search, "about": True, "quoted": before.quoted,
            "subject": before.subject, "documents": own.documents or before.documents,
            "plan": own.plan or before.plan, "anchor": before.anchor or before, **update,
        }
    )  # fmt: skip


def _replaced(own: Question, before: Question) -> Question:
    """换成2025年, 区公安局呢, 牵头的呢: the question before with what is named in its slot."""
    slots = {
        k: v
        for k in ("units", "roles", "window", "year", "plan", "documents")
        if (v := getattr(own, k))
    }
    if not slots:
        return _same_topic(own, before, frozenset()) if _keeps_topic(before) else stand_alone(own)
    if _keeps_topic(before) and before.intent not in _OF_LIST and "plan" not in slots:
        return _with_topic(own, before, intent=before.intent, roles=own.roles or before.roles)
    if before.intent in _STANDING:
        return stand_alone(own)
    intent = before.intent
    if "window" in slots and not _keeps_topic(before):
        later = before.until and own.until and own.until > before.until
        late = before.intent is Intent.OVERDUE and own.until and not later
        intent = Intent.OVERDUE if late else Intent.DUE
    kept = {"text": own.text, "own": own.own, "language": own.language, "intent": intent, "first": own.first}  # fmt: skip
    search = before.topic if _keeps_topic(before) else own.search
    return stand_alone(before.model_copy(update={**kept, "search": search, **slots}))


def _other_topic(own: Question, before: Question) -> Question:
    """那消防呢: another topic, the same asked of it."""
    intent = own.intent
    units = own.units
    if intent in _WEAK:
        intent = before.intent
        if intent in (Intent.DUE, Intent.OVERDUE):
            intent = (
                Intent.DUE if before.window and before.intent is Intent.DUE else Intent.DEADLINE
            )
        elif intent in (Intent.TASKS_OF_UNIT, Intent.COUNT):
            intent = Intent.WHO
            units = own.units or before.units
        elif intent in _STANDING:
            intent = own.intent
    elif intent is Intent.OVERDUE:
        intent = Intent.DEADLINE
    topic = search = own.search if not own.units else own.topic
    scope = _pattern(Going.SCOPE).fullmatch(own.search.lower())
    if before.intent in (Intent.TARGET, Intent.DEADLINE, Intent.SOURCE) and scope:
        topic = search = f"{own.search} {_pattern(Going.SCOPE).sub(' ', before.topic)}"
    return own.model_copy(
        update={
            "intent": intent, "topic": topic, "subject": topic, "search": search, "units": units,
            "roles": own.roles or (before.roles if intent is Intent.WHO else ()),
            "plan": own.plan or (before.plan if scope else ""), "window": own.window or before.window,
            "year": own.year or before.year,
        }
    )  # fmt: skip


def _same_units(own: Question, before: Question, said: frozenset[Going]) -> Question:
    """它跟信访办一起负责的是哪一项: a question of its own that points back to units."""
    own = stand_alone(own)
    if said.isdisjoint((Going.OPEN, Going.THING, Going.BODIES)):
        return own
    units = own.units
    if Going.BODIES in said and before.units:
        units = tuple(dict.fromkeys([*before.units, *own.units]))
    intent = before.intent if own.intent is Intent.CLAUSE else own.intent
    return own.model_copy(
        update={
            "units": units, "plan": own.plan or before.plan, "documents": own.documents or before.documents, "intent": intent,
            "together": Going.TOGETHER in said and len(units) > 1,
        }
    )  # fmt: skip


def _of_the_same(own: Question, before: Question) -> Question:
    """它还有哪些任务, 这几家还有什么任务: what the units bear that were named, or answered."""
    intent = own.intent if own.intent in _OF_LIST else Intent.TASKS_OF_UNIT
    update: dict[str, object] = {"intent": intent, "units": before.units}
    if not before.units:
        update |= {"whose": before.anchor or before, "units": ()}
    return stand_alone(own.model_copy(update=update))


def _other_units(own: Question, before: Question, said: frozenset[Going]) -> Question:
    """区公安局参与吗, 它跟信访办一起做什么: other units, the same asked of them."""
    if Going.BODIES in said and before.units:
        units = tuple(dict.fromkeys([*before.units, *own.units]))
        together = Going.TOGETHER in said and len(units) > 1
        intent = own.intent if own.intent not in (*_WEAK, Intent.WHO) else Intent.TASKS_OF_UNIT
        return stand_alone(own.model_copy(update={"units": units, "together": together, "intent": intent, "plan": own.plan or before.plan, "documents": own.documents or before.documents}))  # fmt: skip
    if _keeps_topic(before) and own.intent in (*OF_CLAUSE, Intent.CLAUSE):
        return _with_topic(own, before)
    return stand_alone(own)


def _same_topic(own: Question, before: Question, said: frozenset[Going]) -> Question:
    """什么时候完成: something else asked of what was asked about."""
    intent = before.intent if own.intent in _WEAK and own.window else own.intent
    if intent is Intent.COUNT and Going.COUNTED in said:  # 有几家单位
        return _with_topic(own, before, intent=Intent.WHO)
    if intent in (Intent.DUE, Intent.OVERDUE, Intent.COUNT) and Going.LISTED in said:
        return stand_alone(own)
    if intent is Intent.OVERDUE or (intent is Intent.DUE and not own.window):
        return _with_topic(own, before, intent=Intent.DEADLINE)
    if intent in (*OF_CLAUSE, Intent.DUE):
        return _with_topic(own, before, intent=intent)
    if intent in _WEAK and Going.WORDING in said:
        return _with_topic(own, before, intent=Intent.CLAUSE)
    return stand_alone(own)


def _same_list(own: Question, before: Question, said: frozenset[Going]) -> Question:
    """哪个最久, 有逾期的吗: something else asked of the units of a list."""
    if own.intent is Intent.COUNT and Going.COUNTED in said:
        return stand_alone(own)  # of all units: those of the list were named
    if before.intent in _OF_LIST and own.first and own.intent in _WEAK:
        return own.model_copy(update={"intent": before.intent, "units": before.units, "roles": before.roles, "window": before.window})  # fmt: skip
    if before.units and own.intent in (*_OF_LIST, Intent.LIST, Intent.DEADLINE):
        intent = Intent.TASKS_OF_UNIT if own.intent is Intent.LIST else own.intent
        return stand_alone(own.model_copy(update={"intent": intent, "units": before.units, "plan": own.plan or before.plan, "documents": own.documents or before.documents}))  # fmt: skip
    return stand_alone(own)

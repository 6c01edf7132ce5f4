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

from api.assistant.cues import says
from api.assistant.plan import COUNT, OVERDUE
from api.assistant.question import OF_CLAUSE, Question
from api.assistant.windows import Window
from kb.characters import word_pattern
from kb.expansion import translate
from kb.lexicon import WordEntry, words_of
from tasks.query import Query, Select


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


_WHO, _DUTIES, _DUE, _WHEN, _TEXT = (
    Query(select=select)
    for select in (Select.UNITS, Select.DUTIES, Select.MILESTONES, Select.WORK, Select.TEXT)
)
_NUMBER = Query(select=Select.FIELD, field="title")
_LONGEST = 60
"""Characters of what a short question names."""
_MARKS = " ,，.。?？!！;；、"


@lru_cache
def _pattern(kind: Going) -> re.Pattern[str]:
    return word_pattern(words_of("dialogue_words", WordEntry, kind))


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
    asks, window, text = own.asks, own.window, own.search
    if not own.about:
        if own.units and (own.weak or (asks.select is Select.UNITS and goes(Going.SEVERAL, text))):
            asks = _DUTIES
        asked_when = goes(Going.WHEN, text) and window and window.kind != "next"
        lists = own.weak or asks.select in (Select.DUTIES, Select.WORK)
        if window and lists and not asked_when and not own.plan and not own.quoted:
            asks = _DUE
        if asks.select is Select.POLICIES and goes(Going.NUMBER, text):
            asks = _NUMBER  # of the documents themselves
        if asks.select is Select.WORK and own.units and not window:
            asks, window = _DUE, Window(start=None, end=None, words="", kind="dated")
    elif own.counts and goes(Going.COUNTED, text) and not own.units and not own.most:
        asks = _WHO  # 消防有几家单位管
    elif asks.select is Select.MILESTONES and not (
        says("plural", text) if own.asks.states else window
    ):
        asks = _WHEN
    return own.model_copy(update={"asks": asks, "window": window})


def follow(own: Question, before: Question, turn: Turn) -> Question:
    """A question after another one, asked as `turn` says: its slots, and where it leaves some open
    those of the question before."""
    said, keeps = turn.said, before.about and not before.standing
    if own.standing or own.places:
        return own
    if own.everything and own.lists and not own.about:
        return stand_alone(own)
    if own.about and not (keeps and _points_back(own, said)):
        return _other_topic(own, before) if turn.short else _same_units(own, before, said)
    lists = own.select in (Select.DUTIES, Select.MILESTONES) or Going.LISTED in said
    if Going.BODIES in said and before.units and (own.units or lists):
        return stand_alone(_of_bodies(own, before, said))
    if Going.BODIES in said and Going.LISTED in said and not own.units:
        asks = own.asks if own.select in (Select.DUTIES, Select.MILESTONES) else _DUTIES
        return stand_alone(own.model_copy(update={"asks": asks, "whose": before.anchor or before}))
    of_roles = own.roles and own.select is Select.UNITS and before.lists and not keeps
    if turn.short and (own.weak or of_roles):  # 牵头的呢
        return _replaced(own, before, keeps=keeps)
    if own.units:  # 区公安局参与吗
        same = keeps and (own.select in OF_CLAUSE or own.weak)
        return _with_topic(own, before, own.asks) if same else stand_alone(own)
    return _same_topic(own, before, said) if keeps else _same_list(own, before, said)


def _points_back(own: Question, said: frozenset[Going]) -> bool:
    """Whether an English question names nothing that the glossary knows but "it" or "they"."""
    pointing = not said.isdisjoint((Going.BODIES, Going.THING))
    return own.language == "en" and pointing and not own.units and not translate(own.topic)[0]


def _with_topic(own: Question, before: Question, asks: Query) -> Question:
    """`own` about what the question before was about."""
    kept = ("topic", "search", "quoted", "subject")
    return _within(own, before, asks).model_copy(
        update={"about": True, "anchor": before.anchor or before, **{k: getattr(before, k) for k in kept}}
    )  # fmt: skip


def _within(own: Question, before: Question, asks: Query, **update: object) -> Question:
    """`own` about the documents and the plan of the question before, where it names none."""
    place = {"plan": own.plan or before.plan, "documents": own.documents or before.documents}
    return own.model_copy(update={"asks": asks, **place, **update})


def _replaced(own: Question, before: Question, *, keeps: bool) -> Question:
    """换成2025年, 区公安局呢, 牵头的呢: the question before with what is named in its slot."""
    named = ("units", "roles", "window", "year", "plan", "documents")
    slots = {k: v for k in named if (v := getattr(own, k))}
    if not slots:
        return _same_topic(own, before, frozenset()) if keeps else stand_alone(own)
    if keeps and not before.lists and "plan" not in slots:
        roles = own.roles or before.roles
        return _with_topic(own, before, before.asks).model_copy(update={"roles": roles})
    if before.standing:
        return stand_alone(own)
    asks = before.asks
    if "window" in slots and not keeps:
        later = before.until and own.until and own.until > before.until
        asks = OVERDUE if before.overdue and own.until and not later else _DUE
    kept = {k: getattr(own, k) for k in ("text", "own", "language", "first")}
    search = before.topic if keeps else own.search
    return stand_alone(before.model_copy(update={**kept, "asks": asks, "search": search, **slots}))


def _other_topic(own: Question, before: Question) -> Question:
    """那消防呢: another topic, the same asked of it."""
    asks, units = own.asks, own.units
    if own.weak and before.select is Select.MILESTONES:
        asks = _DUE if before.window and not before.overdue else _WHEN
    elif own.weak and (before.of_bearers or before.counts):
        asks, units = _WHO, own.units or before.units
    elif own.weak and not before.standing:
        asks = before.asks
    elif own.overdue:
        asks = _WHEN
    topic = own.search if not own.units else own.topic
    scope = _pattern(Going.SCOPE).fullmatch(own.search.lower())
    if before.select in (Select.TARGETS, Select.WORK, Select.CLAUSES) and scope:
        topic = f"{own.search} {_pattern(Going.SCOPE).sub(' ', before.topic)}"
    return own.model_copy(
        update={
            "asks": asks, "topic": topic, "subject": topic,
            "search": topic, "units": units,
            "roles": own.roles or (before.roles if asks.select is Select.UNITS else ()),
            "plan": own.plan or (before.plan if scope else ""),
            "window": own.window or before.window, "year": own.year or before.year,
        }
    )  # fmt: skip


def _same_units(own: Question, before: Question, said: frozenset[Going]) -> Question:
    """它跟信访办一起负责的是哪一项: a question of its own that points back to units."""
    own = stand_alone(own)
    if said.isdisjoint((Going.OPEN, Going.THING, Going.BODIES)):
        return own
    bare = own.select is Select.TEXT and not own.private
    asks = before.asks if bare else own.asks
    return _of_bodies(own, before, said).model_copy(update={"asks": asks})


def _of_bodies(own: Question, before: Question, said: frozenset[Going]) -> Question:
    """它还有哪些任务, 它跟信访办一起做什么: with the units of the question before, where it points back
    to them."""
    units = own.units
    if Going.BODIES in said:
        units = tuple(dict.fromkeys([*before.units, *own.units]))
    together = Going.TOGETHER in said and len(units) > 1
    asks = _DUTIES if own.weak or own.select is Select.UNITS else own.asks
    return _within(own, before, asks, units=units, together=together)


def _same_topic(own: Question, before: Question, said: frozenset[Going]) -> Question:
    """什么时候完成: something else asked of what was asked about."""
    weak = own.weak and not own.window
    asks = before.asks if own.weak and own.window else own.asks
    counts = asks == COUNT
    if counts and Going.COUNTED in said:  # 有几家单位
        return _with_topic(own, before, _WHO)
    if (asks.select is Select.MILESTONES or counts) and Going.LISTED in said:
        return stand_alone(own)
    if asks.states or (asks.select is Select.MILESTONES and not own.window):
        return _with_topic(own, before, _WHEN)
    if asks.select in (*OF_CLAUSE, Select.MILESTONES):
        return _with_topic(own, before, asks)
    if weak and Going.WORDING in said:
        return _with_topic(own, before, _TEXT)
    return stand_alone(own)


def _same_list(own: Question, before: Question, said: frozenset[Going]) -> Question:
    """哪个最久, 有逾期的吗: something else asked of the units of a list."""
    if own.counts and Going.COUNTED in said:
        return stand_alone(own)  # of all units: those of the list were named
    if before.lists and own.first and own.weak:
        kept = {k: getattr(before, k) for k in ("asks", "units", "roles", "window")}
        return own.model_copy(update=kept)
    if before.units and own.select in (Select.DUTIES, Select.MILESTONES, Select.WORK):
        return stand_alone(_within(own, before, own.asks, units=before.units))
    return stand_alone(own)

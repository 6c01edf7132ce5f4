"""A question that goes on from the one before: what it leaves open is taken from there.

什么时候完成？ keeps what was asked about; 那消防呢？ keeps what was asked for; 明年到期的呢？ keeps
whose duties were asked for. What names nothing and follows nothing is asked back.
"""

from __future__ import annotations

import re

from api.assistant.intents import Intent
from api.assistant.question import Question
from api.assistant.windows import Window
from kb.expansion import translate

_STANDING = (Intent.PLANS, Intent.MEMBERS, Intent.HEADER, Intent.CONTACT)
"""What is asked of the documents themselves: nothing is left open."""
OF_CLAUSE = (Intent.WHO, Intent.DEADLINE, Intent.TARGET, Intent.SOURCE, Intent.POLICY)
"""What is asked of one clause."""
_OF_LIST = (Intent.DUE, Intent.OVERDUE, Intent.TASKS_OF_UNIT, Intent.COUNT)
_WEAK = (Intent.LIST, Intent.CLAUSE)
_SHORT = re.compile(
    r"^(?:请问|那么|那|还有|另外|再问一下|对了|麻烦问下|[,，\s])*(?P<zh>[^,，。;；]{1,24}?)(?:方面)?(?:的话)?(?:[呢咧捏]|怎么样|如何)[?？。!！\s]*$"
    r"|^(?:and|what about|how about|and what about|ok and|okay and|so what about)\s+(?:the\s+|for\s+)?(?P<en>[^?]{2,60}?)\s*\??$",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"^(?:who|which|what|when|where|how|is|are|does|do|did|has|have|any|by|out)\b", re.IGNORECASE
)
_FOLLOW = re.compile(
    r"^(?:那么?|还有|另外|and\b|what about|how about|but\b|so\b)|它们?|他们|该(?:单位|部门|项)|这(?:些|个|项|几)|其中|"
    r"\b(?:it|its|they|them|those|these|that one|the same)\b"
)
_PRONOUN = re.compile(r"它们?|他们|该(?:单位|部门)|\b(?:it|they|them|those|its|their)\b")
_TOGETHER = re.compile(r"一块儿?|一起|共同|同时|联合|都(?:要|有|参与)|\bboth\b|together|jointly")
_OF_ALL = re.compile(
    r"哪些(?:任务|工作|事项|指标|目标)|什么任务|\b(?:which|what|any|list)(?: (?:the|all))? (?:tasks|items|duties|milestones)\b"
)
_ASKED_WHEN = re.compile(r"什么时候|何时|哪一?年|几月|\bwhen\b|what year")
_WHICH = re.compile(r"哪些|什么|哪几|几项|清单|\b(?:which|what|list)\b")
_OF_ITS_WORDS = re.compile(
    r"内容|原文|全文|具体|详细|怎么|如何|为什么|为啥|咋|规定|要求|措施|哪些|什么|继续|还有|\b(?:details?|text|wording|says?|how|why|what|more)\b"
)
"""Asks what a clause says; 谢谢 does not."""
_UNITS = re.compile(r"单位|部门|几家|\b(?:units|departments|agencies|bodies)\b")
_NUMBER = re.compile(r"文号|document number|reference number|number of the (?:document|notice)")
_SCOPE = re.compile(
    r"小学|初中|高中|中职|幼儿园|农村|城镇|城区|一贯制学校|primary|junior|rural|urban"
)


def short_question(plain: str) -> str | None:
    """What a short question names that is asked with 呢 or "what about"; None for others."""
    match = _SHORT.search(plain)
    if match is None:
        return None
    rest = (match.group("zh") or match.group("en") or "").strip()
    return None if not rest or (match.group("en") and _QUESTION.match(rest)) else rest


def stand_alone(own: Question) -> Question:
    """A question that follows nothing, with what its parts together ask for."""
    low = own.search.lower()
    intent, window = own.intent, own.window
    if not own.about:
        if own.units and intent is Intent.WHO and _WHICH.search(low):
            intent = Intent.TASKS_OF_UNIT
        if own.units and intent is Intent.CLAUSE:
            intent = Intent.TASKS_OF_UNIT
        asked_when = _ASKED_WHEN.search(low) and window and window.kind != "next"
        lists = intent in (*_WEAK, Intent.COUNT, Intent.TASKS_OF_UNIT, Intent.DEADLINE)
        if window and lists and not asked_when and not own.plan and not own.quoted:
            intent = Intent.DUE
        if intent is Intent.POLICY and _NUMBER.search(low):
            intent = Intent.HEADER  # of the documents themselves
        if intent is Intent.DEADLINE and own.units and not window:
            intent, window = Intent.DUE, Window(start=None, end=None, words="", kind="dated")
    elif intent is Intent.COUNT and _UNITS.search(low) and not own.units and not own.most:
        intent = Intent.WHO  # 消防有几家单位管
    elif intent is Intent.OVERDUE or (intent is Intent.DUE and not window):
        intent = Intent.DEADLINE
    return own.model_copy(update={"intent": intent, "window": window})


def follow(own: Question, before: Question, *, short: bool) -> Question:
    """A question after another one. `short`: it is one with 呢 or "what about"."""
    if own.intent in _STANDING or own.places:
        return own
    if own.about and not (_keeps_topic(before) and _points_back(own)):
        return _other_topic(own, before) if short else _same_units(own, before)
    if own.everything and own.intent in _OF_LIST:
        return stand_alone(own)
    if own.units:
        return _other_units(own, before, short=short)
    return _open(own, before, short=short)


def _points_back(own: Question) -> bool:
    """Whether an English question names nothing that the glossary knows but "it" or "they"."""
    low = own.search.lower()
    return (
        own.language == "en"
        and bool(_PRONOUN.search(low))
        and not own.units
        and not translate(own.topic)[0]
    )


def _keeps_topic(before: Question) -> bool:
    return before.about and before.intent not in _STANDING


def _with_topic(own: Question, before: Question, **update: object) -> Question:
    """`own` about what the question before was about."""
    return own.model_copy(
        update={
            "topic": before.topic, "search": before.search, "about": True, "quoted": before.quoted,
            "plan": own.plan or before.plan, "anchor": before.anchor or before, **update,
        }
    )  # fmt: skip


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
    scope = _SCOPE.fullmatch(own.search.lower())
    if before.intent in (Intent.TARGET, Intent.DEADLINE, Intent.SOURCE) and scope:
        topic = search = f"{own.search} {_SCOPE.sub(' ', before.topic)}"
    return own.model_copy(
        update={
            "intent": intent, "topic": topic, "search": search, "units": units,
            "roles": own.roles or (before.roles if intent is Intent.WHO else ()),
            "plan": own.plan or (before.plan if scope else ""), "window": own.window or before.window,
            "year": own.year or before.year,
        }
    )  # fmt: skip


def _same_units(own: Question, before: Question) -> Question:
    """它跟信访办一起负责的是哪一项: a question of its own that points back to units."""
    own = stand_alone(own)
    low = own.search.lower()
    if not _FOLLOW.search(low):
        return own
    units = own.units
    if _PRONOUN.search(low) and before.units:
        units = tuple(dict.fromkeys([*before.units, *own.units]))
    intent = before.intent if own.intent is Intent.CLAUSE else own.intent
    return own.model_copy(
        update={
            "units": units, "plan": own.plan or before.plan, "intent": intent,
            "together": bool(_TOGETHER.search(low)) and len(units) > 1,
        }
    )  # fmt: skip


def _other_units(own: Question, before: Question, *, short: bool) -> Question:
    """区公安局呢, 区公安局参与吗, 它跟信访办一起做什么: other units, the same asked of them."""
    low = own.search.lower()
    if _PRONOUN.search(low) and before.units:
        units = tuple(dict.fromkeys([*before.units, *own.units]))
        together = bool(_TOGETHER.search(low)) and len(units) > 1
        intent = own.intent if own.intent not in (*_WEAK, Intent.WHO) else Intent.TASKS_OF_UNIT
        return stand_alone(own.model_copy(update={"units": units, "together": together, "intent": intent, "plan": own.plan or before.plan}))  # fmt: skip
    keeps = _keeps_topic(before)
    if short and own.intent in _WEAK:
        if keeps and before.intent not in _OF_LIST:
            return _with_topic(own, before, intent=before.intent, roles=before.roles)
        if before.intent in _OF_LIST:
            window = own.window or before.window
            return stand_alone(own.model_copy(update={"intent": before.intent, "window": window, "roles": before.roles}))  # fmt: skip
    if keeps and own.intent in (*OF_CLAUSE, Intent.CLAUSE):
        return _with_topic(own, before)
    return stand_alone(own)


def _open(own: Question, before: Question, *, short: bool) -> Question:
    """A question that names neither topic nor unit."""
    low = own.search.lower()
    intent = own.intent
    keeps = _keeps_topic(before)
    if (
        _PRONOUN.search(low) and before.units and intent in (*_OF_LIST, Intent.LIST)
    ):  # 它还有哪些任务
        update: dict[str, object] = {"units": before.units}
        if intent is Intent.LIST:
            search = f"{before.search} {own.search}"
            update |= {"intent": Intent.TASKS_OF_UNIT, "search": search}
        return stand_alone(own.model_copy(update=update))
    if intent in _WEAK and own.window:  # 明年呢
        if before.intent in _OF_LIST and not keeps:
            intent = Intent.OVERDUE if before.intent is Intent.OVERDUE else Intent.DUE
            if own.until is None or (before.until and own.until > before.until):
                intent = Intent.DUE
            return own.model_copy(update={"intent": intent, "units": before.units, "roles": before.roles, "plan": before.plan})  # fmt: skip
        intent = before.intent if keeps else intent
    listed = before.intent in _OF_LIST and not keeps
    if listed and own.first and intent in _WEAK:  # 哪个最久
        return own.model_copy(update={"intent": before.intent, "units": before.units, "roles": before.roles, "window": before.window})  # fmt: skip
    if listed and short and own.roles and before.units:  # 牵头的呢
        return before.model_copy(update={"text": own.text, "own": own.own, "language": own.language, "roles": own.roles, "search": own.search})  # fmt: skip
    if keeps:
        if intent is Intent.COUNT and _UNITS.search(low):  # 有几家单位
            return _with_topic(own, before, intent=Intent.WHO)
        if intent in (Intent.DUE, Intent.OVERDUE, Intent.COUNT) and _OF_ALL.search(low):
            return stand_alone(own)
        if intent is Intent.OVERDUE or (intent is Intent.DUE and not own.window):
            return _with_topic(own, before, intent=Intent.DEADLINE)
        if intent in (*OF_CLAUSE, Intent.DUE):
            return _with_topic(own, before, intent=intent)
        if intent in _WEAK and _OF_ITS_WORDS.search(low):
            return _with_topic(own, before, intent=Intent.CLAUSE)
        return stand_alone(own)
    if before.units and intent in (*_OF_LIST, Intent.LIST, Intent.DEADLINE):
        intent = Intent.TASKS_OF_UNIT if intent is Intent.LIST else intent
        return stand_alone(own.model_copy(update={"intent": intent, "units": before.units, "plan": own.plan or before.plan}))  # fmt: skip
    return stand_alone(own)

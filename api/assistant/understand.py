"""A question → what is asked (intent) and about what (topic, units, days), without a model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from api.assistant.dialogue import OF_CLAUSE, Going, Turn, follow, goes, stand_alone, turn_of
from api.assistant.intents import Intent, cut, find_intent, find_roles, first_of, says
from api.assistant.names import find_places, find_plan, find_units, without_own_places
from api.assistant.orders import Instruction, without_instructions
from api.assistant.plan import Plan, plan_of
from api.assistant.quantities import find_conditions
from api.assistant.question import Question
from api.assistant.scope import Scope
from api.assistant.topics import as_meant, asked_by_noun, has_topic
from api.assistant.windows import find_window
from kb.expansion import simplify, translate
from kb.language.numerals import normalize_number
from kb.language.organisations import Organisations
from tasks.models import PolicyRelation
from tasks.query import Select

__all__ = [
    "REMEMBERED",
    "Instruction",
    "Intent",
    "Question",
    "understand",
    "without_instructions",
]

REMEMBERED = 20
"""Questions of a conversation that count, the last ones."""
_HEARD = 2
"""Questions before whose words are looked for with those of a question: 那这会儿交了从哪天起算."""
_BEGINNING = 300
"""Characters of an earlier question that are read: twenty of 2,000 digits would take seconds."""
_ENGLISH = re.compile(
    r"\b(?:what|which|who|whom|whose|when|where|how|why|is|are|was|were|does|do|did|has|have|the"
    r"|of|to|for|by|in|on|must|should|list|show|tell)\b"
)
"""Words that make a sentence English, whatever names stand in it."""
_WORD = re.compile(r"\b[A-Za-z][a-z]{2,}\b")
"""A word of a sentence, no abbreviation."""
_QUOTED = re.compile(r"[“\"《「][^”\"》」]*[”\"》」]")
_N = r"\d{1,3}|[一二两三四五六七八九十]{1,3}"
_FIRST = re.compile(
    rf"(?P<much>(?:逾期|超期|拖)?得?(?:时间)?(?:最久|最长|最严重|最厉害|最早))(?:的)?(?:是)?(?:前)?(?P<a>{_N})?(?P<c>[项个条件])?|前(?P<b>{_N})[项个条件名]"
)
_FIRST_EN = re.compile(
    r"\b(?:top|first)\s+(?P<a>\d{1,3}|three|five|ten)\b"
    r"|\b(?:(?P<b>\d{1,3}|two|three|five|ten)\s+)?(?P<much>most\s+(?:overdue|late|delayed)|longest|oldest|worst|furthest behind)(?:\s+overdue)?"
)
_ENGLISH_N = {"two": 2, "three": 3, "five": 5, "ten": 10}
_FEW = 5
_RELATIONS = tuple(r for r in PolicyRelation if r is not PolicyRelation.CITES)
_CONDITIONS = (
    "dated",
    "numbered",
    "owner",
    "without",
    "alone",
    "single",
    "most",
    "overdue",
    "each",
)
_BESIDE = 8
"""Characters between 没有 and what is missing."""


def understand(
    text: str,
    organisations: Sequence[Organisations],
    *,
    as_of: date,
    context: Sequence[str] = (),
    plan: Plan | None = None,
    scope: Scope | None = None,
) -> Question:
    """Read a question. `organisations` are those of the documents' governments; `context` holds
    the questions asked before it, oldest first, of which the last 20 count; `plan` is what it asks
    for, where somebody says it; `scope` knows the documents by their names."""
    before: Question | None = None
    for asked in context[-REMEMBERED:]:
        question = _next(asked[:_BEGINNING], before, organisations, as_of, None, scope)
        if not question.unclear:  # 谢谢 does not end what was talked about
            before = question
    question = _next(text, before, organisations, as_of, plan, scope)
    plain = as_meant(without_instructions(simplify(text).strip()))
    if turn_of(plain).short and question.about and not question.anchor:
        return question  # 那消防呢: another topic
    heard = " ".join(simplify(asked[:_BEGINNING]) for asked in context[-_HEARD:])
    return question.model_copy(update={"before": heard}) if heard else question


def _next(
    asked: str,
    before: Question | None,
    organisations: Sequence[Organisations],
    as_of: date,
    asks: Plan | None,
    scope: Scope | None,
) -> Question:
    """A question after `before`."""
    plain = as_meant(without_instructions(simplify(asked).strip()))
    turn = turn_of(plain) if before else Turn(plain)
    own = read(asked, turn.core, organisations, as_of, short=turn.short, asks=asks, scope=scope)
    if turn.short:
        own = own.model_copy(update={"language": _language(plain)})
    if before and own.intent in (Intent.CLAUSE, Intent.LIST) and not own.about:
        noun = asked_by_noun(own.topic)
        if noun and (turn.short or noun in OF_CLAUSE):
            roles = find_roles(plain.lower(), plain.lower(), noun, has_unit=False)
            own = own.model_copy(update={"intent": noun, "roles": roles})
    return follow(own, before, turn) if before else stand_alone(own)


def _language(plain: str) -> str:
    """The language that a question is asked in: names in Chinese characters do not make an English
    sentence Chinese, nor does PISA a Chinese one English."""
    low = plain.lower()
    if not re.search(r"[a-z]{2}", low):
        return "zh"
    bare = _QUOTED.sub(" ", plain)
    words = len(_WORD.findall(bare)) >= 3 and not says("chinese", bare)
    sentence = len(_ENGLISH.findall(bare.lower())) >= 2 or words
    return "en" if sentence or len(re.findall(r"[一-龥]", plain)) < 4 else "zh"


def _after(
    plain: str, low: str, units: Sequence[str], organisations: Sequence[Organisations]
) -> tuple[str, ...]:
    """The units that a question wants to be absent: those named behind 没有, 除了, without."""
    place = first_of("without", low)
    if place is None or not units:
        return ()
    behind, _ = find_units(plain[place:], organisations)
    return tuple(u for u in behind if u in units)


def _owned(low: str) -> bool | None:
    """Whether duties with (True) or without (False) a bearer written are asked for."""
    place = first_of("owner", low)
    if place is None:
        return None
    without = first_of("without", low)
    return without is None or not 0 <= place - without <= _BESIDE


def _first(low: str) -> tuple[int | None, str]:
    """(how many of the first ones are asked for, the text without saying so)."""
    for pattern in (_FIRST, _FIRST_EN):
        if match := pattern.search(low):
            g = match.groupdict()
            printed = g["a"] or g["b"]
            if printed and not (g.get("c") is None and pattern is _FIRST and g["a"]):
                count = _ENGLISH_N.get(printed) or int(normalize_number(printed) or 1)
            else:
                count = _FEW if says("plural", low) else 1
            return max(count, 1), low[: match.start()] + " " + low[match.end() :]
    return None, low


def read(
    text: str,
    plain: str,
    organisations: Sequence[Organisations],
    as_of: date,
    *,
    short: bool = False,
    asks: Plan | None = None,
    scope: Scope | None = None,
) -> Question:
    """A question by itself; a `short` one (那消防呢) does not say what it asks for."""
    low = plain.lower()
    asks = asks or plan_of(plain)
    window, topic = find_window(plain, as_of)
    units, topic = find_units(topic, organisations)
    bare = topic
    intent = find_intent(plain, has_unit=bool(units), short=short, plan=asks)
    each = intent in (Intent.DUE, Intent.OVERDUE) and any(says("each", u) for u in units)
    if each:  # all units are asked about, not a group of this name
        units = tuple(u for u in units if not says("each", u))
    plan, topic = find_plan(topic) if intent is not Intent.POLICY else ("", topic)
    documents = scope.documents(plain) if scope else frozenset[str]()
    quantities, said = find_conditions(topic, low)
    subject = said if asks.select is Select.TARGETS and quantities else topic
    subject = scope.without_documents(subject, documents) if scope else subject
    for kind in _CONDITIONS:  # what is said as a condition is not what it is about
        subject = " ".join(cut(kind, subject)) if says(kind, low) else subject
    first, _ = _first(topic.lower())
    _, left = _first(subject.lower())
    _, unknown = translate(low)
    return Question(
        text=text,
        own=plain,
        language=_language(plain),
        intent=intent,
        search=plain,
        topic=topic.strip(),
        about=has_topic(without_own_places(left, organisations)),
        units=tuple(u for u in units if u not in _after(plain, low, units, organisations)),
        roles=find_roles(low, bare.lower(), intent, has_unit=bool(units)),
        window=window,
        year=window.year if window else None,
        plan=plan,
        together=goes(Going.TOGETHER, low) and len(units) > 1,
        alone=says("single", low) or (bool(units) and says("alone", low)),
        without=_after(plain, low, units, organisations),
        owned=_owned(low),
        most=each or says("most", low),
        first=first,
        everything=says("everything", low),
        documents=tuple(sorted(documents)),
        subject=subject.strip(),
        select=asks.select,
        operation=asks.operation,
        quantities=quantities,
        relations=tuple(r for r in _RELATIONS if says(f"relation {r.value}", low)),
        places=find_places(find_units(plain, organisations)[1], organisations),
        quoted=tuple(re.findall(r"[“\"'《「]([^”\"'》」]{2,40})[”\"'》」]", plain)),
        unknown=tuple(unknown),
    )

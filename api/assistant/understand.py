"""A question → what is asked for (a query) and about what (topic, units, days), without a model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from api.assistant.cues import cut, roles_asked, roles_limiting, says, span_of, words_of_kind
from api.assistant.dialogue import Going, Turn, follow, goes, stand_alone, turn_of
from api.assistant.names import (
    find_places,
    find_plan,
    find_units,
    is_han,
    latin_words,
    without_own_places,
)
from api.assistant.orders import without_instructions
from api.assistant.plan import CYCLE, Plan, plan_of, query_of
from api.assistant.quantities import find_conditions
from api.assistant.question import OF_CLAUSE, Question
from api.assistant.scope import Scope
from api.assistant.topics import as_meant, asked_by_noun, has_topic
from api.assistant.window_words import tokens_in
from api.assistant.windows import Window, find_window
from kb.expansion import simplify
from kb.language.numerals import find_numerals
from kb.language.organisations import Organisations
from kb.language.roles import Role
from tasks.models import PolicyRelation
from tasks.query import Query, Select

REMEMBERED = 20
"""Questions of a conversation that count, the last ones."""
_HEARD = 2
"""Questions before whose words are looked for with those of a question: 那这会儿交了从哪天起算."""
_BEGINNING = 300
"""Characters of an earlier question that are read: twenty of 2,000 digits would take seconds."""
_OPEN, _CLOSE = "“\"'《「", "”\"'》」"
_QUOTED = range(2, 41)
_NUMBERS = ("n", "english-number")
_YEARS = range(1900, 2100)
"""Numbers that are printed years."""
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
    *CYCLE,
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
    if before and own.weak and not own.about:
        noun = asked_by_noun(own.topic)
        if noun and (turn.short or noun.select in OF_CLAUSE):
            roles = roles_asked(plain.lower()) if noun.select is Select.UNITS else ()
            own = own.model_copy(update={"asks": noun, "roles": roles})
    return follow(own, before, turn) if before else stand_alone(own)


def _language(plain: str) -> str:
    """The language that a question is asked in: names in Chinese characters do not make an English
    sentence Chinese, nor does PISA a Chinese one English."""
    if not any(len(word) > 1 for word in latin_words(plain.lower())):
        return "zh"
    bare = plain
    for phrase in quoted_in(plain):
        bare = bare.replace(phrase, " ")
    long = [w for w in latin_words(bare) if len(w) > 2 and w[1:].islower()]
    words = len(long) >= 3 and not says("chinese", bare)
    sentence = len(cut("english", bare.lower())) > 2 or words
    return "en" if sentence or sum(map(is_han, plain)) < 4 else "zh"


def quoted_in(text: str) -> list[str]:
    """What stands in quotation marks."""
    found, begins = [], None
    for at, c in enumerate(text):
        if begins is not None and c in _CLOSE:
            found.append(text[begins:at])
            begins = None
        elif c in _OPEN:
            begins = at + 1
    return found


def _after(
    plain: str, low: str, units: Sequence[str], organisations: Sequence[Organisations]
) -> tuple[str, ...]:
    """The units that a question wants to be absent: those named behind 没有, 除了, without."""
    place = span_of("without", low)
    if place is None or not units:
        return ()
    behind, _ = find_units(plain[place[0] :], organisations)
    return tuple(u for u in behind if u in units)


def _owned(low: str) -> bool | None:
    """Whether duties with (True) or without (False) a bearer written are asked for."""
    place, without = span_of("owner", low), span_of("without", low)
    if place is None:
        return None
    return without is None or not 0 <= place[0] - without[0] <= _BESIDE


def _roles(low: str, bare: str, asks: Query, *, of_units: bool) -> tuple[Role, ...]:
    if asks.select is Select.UNITS:
        return roles_asked(low)
    return roles_limiting(bare) if of_units or says("most", low) or says("least", low) else ()


def _year(window: Window | None) -> int | None:
    """The year that a question names in words or figures; 国庆前 and 二季度 name none."""
    if window is None:
        return None
    for numeral in find_numerals(window.words):
        if numeral.value in _YEARS:
            return int(numeral.value)
    return window.year if "年" in window.words or "year" in window.words.lower() else None


def _first(low: str) -> tuple[int | None, str]:
    """(how many of the first ones are asked for, the text without saying so)."""
    much = span_of("furthest", low)
    start, end = much or span_of("first", low) or (-1, -1)
    if start < 0:
        return None, low
    after = end
    for kind in ("beside number", "beside number", "first") if much else ():
        after += next((len(w) for w in words_of_kind(kind) if low.startswith(w, after)), 0)
    numbers = [t for t in tokens_in(low) if t.kind in _NUMBERS]
    numbers.sort(key=lambda t: (t.start, -t.end))
    behind = next((t for t in numbers if low[after : t.start].isspace() or t.start == after), None)
    if behind:
        to = behind.end + next(
            (len(w) for w in words_of_kind("counter") if low.startswith(w, behind.end)), 0
        )
        if to > behind.end or low[start:end].isascii():
            return max(behind.value, 1), f"{low[:start]} {low[to:]}"
    if much is None:
        return None, low
    if before := next((t for t in numbers if low[t.end : start].isspace()), None):
        return before.value, f"{low[: before.start]} {low[end:]}"
    return _FEW if says("plural", low) else 1, f"{low[:start]} {low[end:]}"


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
    query = query_of(plain, asks, of_units=bool(units), short=short)
    each = query.select is Select.MILESTONES and any(says("each", u) for u in units)
    if each:  # all units are asked about, not a group of this name
        units = tuple(u for u in units if not says("each", u))
    plan, topic = find_plan(topic) if query.select is not Select.POLICIES else ("", topic)
    documents = scope.documents(plain) if scope else frozenset[str]()
    quantities, said = find_conditions(topic, low)
    if asks.select is not Select.TARGETS and not says("targets", low):
        quantities, said = (), topic  # 60周岁以上的老人能领多少: no condition on a figure
    subject = scope.without_documents(said, documents) if scope else said
    for kind in _CONDITIONS:  # what is said as a condition is not what it is about
        subject = " ".join(cut(kind, subject)) if says(kind, low) else subject
    first, _ = _first(topic.lower())
    _, left = _first(subject.lower())
    return Question(
        text=text,
        own=plain,
        language=_language(plain),
        asks=query,
        search=plain,
        topic=topic.strip(),
        about=has_topic(without_own_places(left, organisations)),
        units=tuple(u for u in units if u not in _after(plain, low, units, organisations)),
        roles=_roles(low, bare.lower(), query, of_units=bool(units)),
        window=window,
        year=_year(window),
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
        quantities=quantities,
        relations=tuple(r for r in _RELATIONS if says(f"relation {r.value}", low)),
        places=find_places(find_units(plain, organisations)[1], organisations),
        quoted=tuple(q for q in quoted_in(plain) if len(q) in _QUOTED),
    )

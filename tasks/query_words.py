"""A query in words, so that whoever asked sees how they were understood: every condition of it, none
left out. One function for all fronts: answers and their heads, `--explain`, the page and HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum

from kb.language.comparators import Comparator
from kb.wording import Names, wording
from tasks.abolished import RELATION_NAMES
from tasks.due import State
from tasks.lifecycle import STATUS_NAMES, Status
from tasks.models import DueKind, TargetClass, TaskKind
from tasks.query import (
    DayWindow,
    Group,
    Has,
    Match,
    Operation,
    Quantity,
    Query,
    QueryOrder,
    Select,
    UnitFilter,
)
from tasks.words import describe_ends, describe_number, role_name

Call = Callable[[str], str]
"""An id → what people call it: a unit, a plan, a document."""

_SELECTS = wording("tasks", "query_selects", Select)
_OPERATIONS = wording("tasks", "query_operations", Operation)
_MATCHES = wording("tasks", "query_matches", Match)
_HAS = wording("tasks", "query_has", Has)
_LACKS = wording("tasks", "query_lacks", Has)
_GROUPS = wording("tasks", "query_groups", Group)
_ORDERS = wording("tasks", "query_orders", QueryOrder)
_STATES = wording("tasks", "states", State)
_KINDS = wording("tasks", "task_kinds", TaskKind)
_DEADLINES = wording("tasks", "due_kinds", DueKind)
_CLASSES = wording("tasks", "target_classes", TargetClass)
_COMPARED = wording("tasks", "comparisons", Comparator)
COUNTS = wording("tasks", "query_counts", Select)
"""How many there are of what is selected."""
FIELD_NAMES = wording(
    "tasks",
    "header_fields",
    ("title", "document_number", "index_number", "issuer", "written_on", "published_on", "subject",
     "validity", "addressee", "approval", "attachment"),
)  # fmt: skip
"""What a document says of itself (`kb.models.HeaderValue`)."""


class Said(StrEnum):
    """Sentences of conditions, in which the names of what is meant are put."""

    TOPIC = "topic"
    TEXT = "text"
    PLACES = "places"
    CLAUSES = "clauses"
    IDS = "ids"
    DUE = "due"
    UNTIL = "until"
    SINCE = "since"
    INHERITED = "inherited"
    OWN = "own"
    REFERENCE = "reference"
    AND = "and"
    MINUS = "minus"
    OTHER = "other"
    WHOLE = "whole"
    GROUPED = "grouped"
    ORDERED = "ordered"
    FIRST = "first"
    AS_OF = "as_of"
    ROLES = "roles"
    LISTED = "listed"


_CONDITIONS = wording("tasks", "query_conditions", Said)


class _Speaker:
    def __init__(self, call: Call, language: str) -> None:
        self.call, self._side = call, 0 if language == "zh" else 1
        self.join = "、" if language == "zh" else ", "

    def of(self, names: Names) -> str:
        return names[self._side]

    def say(self, sentence: Said, *words: object) -> str:
        return self.of(_CONDITIONS[sentence]).format(*words)

    def named(self, ids: tuple[str, ...]) -> str:
        return self.join.join(map(self.call, ids))

    def titled(self, ids: tuple[str, ...]) -> str:
        return self.join.join(dict.fromkeys(f"《{self.call(key)}》" for key in ids))

    def unit(self, asked: UnitFilter) -> str:
        language = "zh" if self._side == 0 else "en"
        roles = self.join.join(role_name(role, language) for role in asked.roles)
        if not asked.ids:
            return self.say(Said.ROLES, roles) if roles else self.say(Said.LISTED)
        said = self.of(_MATCHES[asked.match]).format(self.named(asked.ids))
        return said + (f"（{roles}）" if self._side == 0 else f" [{roles}]") * bool(roles)

    def due(self, window: DayWindow) -> str:
        if window.start and window.end:
            span = describe_ends(window.start, window.end, "zh" if self._side == 0 else "en")
            return self.say(Said.DUE, span)
        return self.say(Said.SINCE, window.start) if window.start else self.say(Said.UNTIL, window.end)  # fmt: skip

    def quantity(self, asked: Quantity) -> str:
        value = f"{describe_number(asked.value)}{asked.measure or ''}"
        return self.of(_COMPARED[asked.comparator]).format(value)

    def where(self, query: Query) -> Iterator[str]:
        """Its conditions, one by one."""
        if query.documents or query.plans:
            yield self.titled((*query.documents, *query.plans))
        if query.places:
            yield self.say(Said.PLACES, self.join.join(query.places))
        if query.topic:
            yield self.say(Said.TOPIC, query.topic)
        if query.text:
            yield self.say(Said.TEXT, query.text)
        if query.clauses and not query.topic:
            yield self.say(Said.CLAUSES, len(query.clauses))
        if query.ids:
            units = query.select in (Select.UNITS, Select.MEMBERS)
            yield self.named(query.ids) if units else self.say(Said.IDS, len(query.ids))
        yield from map(self.unit, query.units)
        yield from (self.of(_HAS[part]) for part in query.has)
        yield from (self.of(_LACKS[part]) for part in query.lacks)
        yield from map(self.quantity, query.quantities)
        yield from (self.of(_KINDS[kind]) for kind in query.kinds)
        yield from (self.of(_DEADLINES[kind]) for kind in query.deadlines)
        yield from (self.of(_CLASSES[kind]) for kind in query.classes)
        if query.relations:
            yield self.join.join(self.of(RELATION_NAMES[relation]) for relation in query.relations)
        if query.due:
            yield self.due(query.due)
        if query.states:
            yield self.join.join(self.of(_state(state)) for state in query.states)
        if query.inherited is not None:
            yield self.say(Said.INHERITED if query.inherited else Said.OWN)
        if query.reference:
            yield self.say(Said.REFERENCE)
        yield from (self.say(Said.AND, self.inside(part)) for part in query.and_)
        yield from (self.say(Said.MINUS, self.inside(part)) for part in query.minus)

    def inside(self, query: Query) -> str:
        """A query within another one."""
        return self.join.join([*self.where(query), self.of(_SELECTS[query.select])])


def _state(state: Status | State) -> Names:
    return _STATES[state] if isinstance(state, State) else STATUS_NAMES[state]


def describe_conditions(query: Query, call: Call, language: str) -> str:
    """What a query is limited to; empty where it is of all."""
    speaker = _Speaker(call, language)
    return speaker.join.join(speaker.where(query))


def describe_operation(query: Query, language: str) -> str:
    """What is done with what is selected: 任务最多的."""
    s = _Speaker(str, language)
    return s.of(_OPERATIONS[query.operation]).format(s.of(_SELECTS[query.select]))


def describe_query(query: Query, call: Call, language: str) -> str:
    """The whole of a query: what is selected and done with it, its conditions, groups and order.

    Args:
        query: the question.
        call: what people call a unit, plan or document by its id.
        language: `zh`, or English.
    """
    s = _Speaker(call, language)
    what = s.of(_SELECTS[query.select])
    if query.field is not None:
        what += s.of(("：", ": ")) + s.of(_field(query.field))
    parts = [s.of(_OPERATIONS[query.operation]).format(what), *s.where(query)]
    if query.other:
        parts.append(s.say(Said.OTHER, s.inside(query.other)))
    if query.whole:
        parts.append(s.say(Said.WHOLE, s.inside(query.whole)))
    if query.group_by:
        parts.append(s.say(Said.GROUPED, s.of(_GROUPS[query.group_by])))
    if query.order_by:
        parts.append(s.say(Said.ORDERED, s.of(_ORDERS[query.order_by])) + "↓" * query.descending)
    if query.limit is not None:
        parts.append(s.say(Said.FIRST, query.limit))
    if query.as_of is not None:
        parts.append(s.say(Said.AS_OF, query.as_of))
    return s.of(("；", "; ")).join(parts)


def _field(name: str) -> Names:
    return FIELD_NAMES.get(name, (name, name))

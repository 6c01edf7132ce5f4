"""What a query narrows by, as conditions over the tables of facts."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select
from sqlalchemy.sql.elements import SQLColumnExpression

from kb.language.comparators import Comparator
from kb.language.jurisdictions import detect_jurisdiction
from kb.language.roles import Role
from tasks import schema
from tasks.models import DueKind
from tasks.query import DayKind, Has, Match, Quantity, Query, QueryError, Select, UnitFilter

BEARING = (Role.LEAD, Role.RESPONSIBLE, Role.JOINT)
"""Roles that bear a duty: their officers may report on it, and it stands in their digests."""

Condition = ColumnElement[bool]
Where = Sequence[Condition]


def holds(column: SQLColumnExpression[str], words: str) -> Condition:
    """Whether a text has these characters, the same to the letter on every database (LIKE is not)."""
    return func.replace(column, words, "") != column


def of_documents(
    connection: Connection, query: Query, hidden: Collection[str], *, tracked: bool
) -> Iterator[Condition]:
    """Over `schema.document`: current ones, none that is `hidden` from who asks. Where `tracked`,
    those whose duties are the house's own, unless the query names what to list."""
    d = schema.document.c
    yield schema.CURRENT
    if hidden:
        yield d.id.not_in(sorted(hidden))
    if query.documents:
        yield d.id.in_(query.documents)
    named = query.documents or (query.ids and query.select is not Select.UNITS)
    if tracked and not (named or query.reference):
        yield schema.TRACKED
    if query.places:
        yield d.id.in_(_of_places(connection, query.places))


def _of_places(connection: Connection, places: Collection[str]) -> list[str]:
    d = schema.document.c
    rows = connection.execute(
        select(d.id, d.issuer, d.title, d.document_number).where(schema.CURRENT)
    )
    found = ((r.id, detect_jurisdiction(r.issuer, r.title, r.document_number)) for r in rows)
    return [key for key, jurisdiction in found if jurisdiction.place in places]


def of_tasks(query: Query) -> Iterator[Condition]:
    """Over `schema.task`: where a duty stands, who bears it, what it has."""
    t, a, g = schema.task.c, schema.assignment.c, schema.target.c
    targets = query.select is Select.TARGETS
    if query.plans:
        yield t.plan_id.in_(query.plans)
    if query.clauses:
        yield t.clause_id.in_(query.clauses)
    if query.kinds:
        yield t.kind.in_([k.value for k in query.kinds])
    for asked in query.units:
        yield _borne(asked)
    if query.text is not None and not targets and query.select in _BY_DUTY:
        yield or_(holds(t.title, query.text), holds(t.heading, query.text))
    for condition in () if targets else of_targets(query):
        yield _among(g.task_id, condition)
    m = schema.milestone.c
    known = {
        Has.OWNER: _among(a.task_id, a.role.in_([r.value for r in BEARING])),
        Has.DATE: _among(m.task_id, m.kind != DueKind.NONE.value),
        Has.TARGET: _among(g.task_id),
    }
    yield from (known[part] for part in query.has)
    yield from (~known[part] for part in query.lacks)


def _among(task_id: ColumnElement[str], *conditions: Condition) -> Condition:
    """Whether a duty is among those of the rows of facts that conditions leave. Not whether such a
    row exists for it: SQLite then goes through the rows of a unit anew for every duty."""
    return schema.task.c.id.in_(select(task_id).where(*conditions).correlate(None))


_BY_DUTY = (Select.UNITS, Select.DUTIES, Select.MILESTONES, Select.WORK)


def _borne(asked: UnitFilter) -> Condition:
    a = schema.assignment.c

    def there(*more: Condition) -> Condition:
        return _among(a.task_id, *in_roles(asked), *more)

    if not asked.ids:
        return there()
    some = there(a.unit_id.in_(asked.ids))
    if asked.match is Match.ANY:
        return some
    if asked.match is Match.WITHOUT:
        return ~some
    each = [there(a.unit_id == key) for key in asked.ids]
    if asked.match is Match.TOGETHER:
        return and_(*each)
    return and_(*each, ~there(a.unit_id.not_in(asked.ids)))


def in_roles(asked: UnitFilter) -> list[Condition]:
    """Over `schema.assignment`: the roles asked for, and how they are printed."""
    a, found = schema.assignment.c, list[Condition]()
    if asked.roles:
        found.append(a.role.in_([r.value for r in asked.roles]))
    if asked.basis:
        found.append(a.basis.in_([b.value for b in asked.basis]))
    return found


def of_targets(query: Query) -> Iterator[Condition]:
    """Over `schema.target`: numbers and what they are."""
    g = schema.target.c
    if query.classes:
        yield g["class"].in_([c.value for c in query.classes])
    yield from map(_compared, query.quantities)


def _compared(asked: Quantity) -> Condition:
    number, value = schema.target.c.number, float(asked.value)
    found: Condition = {
        Comparator.AT_LEAST: number >= value, Comparator.AT_MOST: number <= value,
        Comparator.MORE: number > value, Comparator.LESS: number < value,
        Comparator.EQUAL: number == value,
        Comparator.ABOUT: number.between(value - abs(value) / 10, value + abs(value) / 10),
    }[asked.comparator]  # fmt: skip
    if asked.measure is None:
        return found
    return and_(found, schema.target.c.measure == asked.measure)


def of_milestones(query: Query) -> Iterator[Condition]:
    """Over `schema.milestone`: what the text alone says of its day."""
    m, due = schema.milestone.c, query.due
    if query.deadlines:
        yield m.kind.in_([k.value for k in query.deadlines])
    if query.inherited is not None:
        yield m.inherited == int(query.inherited)
    if due is not None and due.day is DayKind.PRINTED:
        if due.start is not None:
            yield m.due >= due.start
        if due.end is not None:
            yield m.due <= due.end


def needs_turns(query: Query) -> bool:
    """Whether it asks for what only the day and the work on a milestone tell."""
    return bool(query.states) or (query.due is not None and query.due.day is DayKind.GOVERNING)


def narrows_duties(query: Query) -> bool:
    """Whether it says anything of duties; what holds duties is then narrowed by them."""
    given = (query.units, query.due, query.states, query.kinds, query.deadlines, query.classes)
    more = (query.quantities, query.has, query.lacks)
    return query.inherited is not None or any(given) or any(more)


def printed_in(column: SQLColumnExpression[str], words: str) -> Condition:
    """Whether a fact's JSON has these characters in one of its values. Its names are Latin letters.

    Raises:
        QueryError: the words have such letters only, so that names would be found for values.
    """
    if words.isascii():
        raise QueryError(
            f"text 在这里要有汉字: {words} / here text needs a character that is not Latin: {words}"
        )
    return holds(column, json.dumps(words, ensure_ascii=False)[1:-1])

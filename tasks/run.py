"""Runs a query over the store: rows with their evidence, a count, groups.

Lists, filters, counts, groups, order and pages are the database's work; only what is on the page is
read. Who asks sees what `tasks.visibility` lets them see and knows what `tasks.disclosure` lets them
know; both are decided here, once, for every front.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, distinct, func, select
from sqlalchemy import Select as Statement

from kb.days import Day
from kb.language.roles import Role
from kb.models import Citation, Fact
from tasks import schema
from tasks.abolished import Ending, abolished_in
from tasks.authorisation import Action, Actor, require
from tasks.citing import Place, cite
from tasks.due import State
from tasks.lifecycle import Status
from tasks.listing import plan_titles
from tasks.places import behind
from tasks.query import Group, Operation, Query, QueryError, QueryOrder, Select
from tasks.selections import Selection, grouped, select_rows
from tasks.store import Store
from tasks.topics import About, Topic, bind
from tasks.turns import STEPS, Moment
from tasks.units import Units
from tasks.visibility import hidden_from, visible_units

_PROOFS = 20
"""Citations of one unit; all its duties are a query of their own."""


class Side(StrEnum):
    """On which side of a comparison something stands."""

    FIRST = "first"
    BOTH = "both"
    SECOND = "second"


class Row(Fact):
    """One of what was selected. `id` is the unit's, duty's, milestone's …; `citations` are where it
    stands: of a unit where it is named. `state`, `status` and `due` are of a milestone as it stands
    for who asks (`status` is None for who is not told), `value` of a target or a document's field,
    `roles` how many tasks a unit bears in which role, `side` of a comparison. `abolished_by` is the id
    of the document that abolishes, or takes the place of, the one in which it stands."""

    id: str
    label: str
    occurrence: str = ""
    citations: tuple[Citation, ...] = ()
    due: Day | None = None
    state: State | None = None
    status: Status | None = None
    value: str | None = None
    count: int | None = None
    roles: dict[Role, int] | None = None
    side: Side | None = None
    abolished_by: str | None = None


class GroupRow(Fact):
    """How many there are of one unit, plan …; of a share also how many in the whole."""

    key: str
    label: str
    count: int
    whole: int | None = None
    share: float | None = None


class Result(Fact):
    """What a query gives: `total` of all that was selected (of groups: how many groups), the rows or
    groups of the page; `holds` of a check; `topics`: what each topic in it was limited to."""

    as_of: Day
    total: int
    rows: tuple[Row, ...] = ()
    groups: tuple[GroupRow, ...] = ()
    whole: int | None = None
    holds: bool | None = None
    topics: tuple[Topic, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """A reader's moment in a transaction, in which queries are run: `hidden` are the documents that
    they may not see, `abolished` those that others end."""

    connection: Connection
    moment: Moment
    hidden: frozenset[str]
    abolished: Mapping[str, Ending]

    def selection(self, query: Query) -> Selection:
        """The statement of a query."""
        return select_rows(self.connection, query, self.moment, self.hidden, self.abolished.keys())

    def count(self, query: Query) -> int:
        """How many there are of what a query selects."""
        found = self.selection(query)
        counted = found.key if found.counted is None else found.counted
        statement = select(func.count(distinct(counted))).select_from(found.source)
        return self.connection.scalar(statement.where(*found.where)) or 0

    def keys(self, query: Query, after: Sequence[Any] = ()) -> Sequence[Any]:
        """Rows of the page, as the database gives them; with `after`, those behind that place."""
        found = self.selection(query)
        place = found.place(query)
        columns = found.columns
        if not found.grouped:
            columns = (*columns, *(c.label(f"place_{n}") for n, c in enumerate(place)))
        statement: Statement[Any] = select(*columns).select_from(found.source)
        statement = statement.where(*found.where, *([behind(place, after)] if after else []))
        if found.grouped:
            statement = statement.group_by(found.key)
        ordered = found.order(query)
        statement = statement.order_by(*ordered).offset(query.offset)
        if query.limit is not None:
            statement = statement.limit(query.limit)
        elif query.offset:
            statement = statement.limit(_ENDLESS)
        return self.connection.execute(statement).all()

    def units(self) -> Units:
        """The units that the reader may see."""
        return visible_units(self.connection, self.moment.reader)

    def late(self, group: Group | None) -> Collection[str]:
        """The groups that are documents which others abolish, or plans in such."""
        if group is Group.DOCUMENT or not self.abolished:
            return self.abolished.keys()
        if group is not Group.PLAN:
            return ()
        f = schema.fact.c
        inside = f.document_id.in_(sorted(self.abolished))
        return set(self.connection.scalars(select(f.id).where(f.kind == "plans", inside)))


_ENDLESS = 2**31 - 1
"""SQLite takes no offset without a limit."""


def run(
    store: Store,
    query: Query,
    *,
    reader: Actor,
    as_of: date,
    today: date | None = None,
    about: About | None = None,
) -> Result:
    """What the query gives to `reader`.

    Args:
        store: where it is asked.
        query: the question; its own `as_of` counts before the argument.
        reader: who asks.
        as_of: the day asked about.
        today: the present day, where it is known: from then on work stands as it stands now.
        about: finds what speaks of a topic; without it a topic is refused.

    Raises:
        DeniedError: `reader` may read nothing.
        QueryError: this cannot be run: it needs clauses found by meaning.
    """
    require(reader, Action.READ)
    bound, topics = bind(query, about) if about is not None else (query, ())
    with store.reading() as connection:
        found = run_in(connection, bound, reader=reader, as_of=as_of, today=today)
    return found.model_copy(update={"topics": topics}) if topics else found


def run_in(
    connection: Connection, query: Query, *, reader: Actor, as_of: date, today: date | None = None
) -> Result:
    """As `run`, in the caller's transaction."""
    made = begin(connection, query, reader, as_of, today)
    day = made.moment.as_of
    if query.operation is Operation.COMPARE:
        return _compare(made, query, day)
    if query.group_by is not None:
        return _group(made, query, day)
    total = made.count(query)
    if query.operation is Operation.CHECK:
        return Result(as_of=day, total=total, holds=total > 0, rows=_rows(made, query))
    if query.operation is Operation.COUNT:
        return Result(as_of=day, total=total)
    if query.whole is not None:
        return Result(as_of=day, total=total, whole=made.count(query.whole))
    return Result(as_of=day, total=total, rows=_rows(made, query))


def begin(
    connection: Connection, query: Query, reader: Actor, as_of: date, today: date | None
) -> Run:
    """Begins a run for a reader.

    Raises:
        DeniedError: they may read nothing.
    """
    require(reader, Action.READ)
    moment = Moment(query.as_of or as_of, query.near, reader, today)
    hidden = hidden_from(connection, reader)
    return Run(connection, moment, hidden, abolished_in(connection, hidden))


def _rows(made: Run, query: Query) -> tuple[Row, ...]:
    found = made.keys(query)
    if query.select in (Select.UNITS, Select.MEMBERS):
        return _unit_rows(made, query, found)
    places = [Place.of(row) for row in found]
    cited = cite(made.connection, places)
    return tuple(
        _row(query.select, row, cited[n], made.abolished.get(row.document_id))
        for n, row in enumerate(found)
    )


def _row(what: Select, row: Any, citation: Citation | None, ended: Ending | None) -> Row:
    given: dict[str, Any] = {}
    if what in (Select.PLANS, Select.POLICIES, Select.FIELD):
        body = json.loads(row.body)
        label = body["field"] if what is Select.FIELD else body["title"]
        value = {Select.FIELD: "value", Select.POLICIES: "document_number"}.get(what, "")
        given = {"label": label, "value": body.get(value)}
    else:
        given = {"label": row.label}
    if what in (Select.MILESTONES, Select.WORK):
        given |= {
            "occurrence": row.occurrence,
            "due": row.due,
            "state": row.state,
            "status": row.status,
        }
    elif what is Select.TARGETS:
        given["value"] = row.value
    by = ended.id if ended else None
    return Row(id=row.key, citations=(citation,) if citation else (), abolished_by=by, **given)


def _unit_rows(made: Run, query: Query, found: Sequence[Any]) -> tuple[Row, ...]:
    units, keys = made.units(), [row.key for row in found]
    named = made.selection(query).named(made.connection, keys, _PROOFS)
    places = [Place.of(row) for row in named]
    proofs: dict[str, list[Citation]] = {}
    roles: dict[str, dict[Role, int]] = {}
    for row, citation in zip(named, cite(made.connection, places), strict=True):
        if citation is not None:
            proofs.setdefault(row.key, []).append(citation)
    for row in made.selection(query).roles(made.connection, keys):
        roles.setdefault(row.key, {})[Role(row.role)] = row.many
    return tuple(
        Row(
            id=row.key, label=units.label(row.key), count=row.many,
            citations=tuple(proofs.get(row.key, ())), roles=roles.get(row.key) or None,
        )
        for row in found
    )  # fmt: skip


def _group(made: Run, query: Query, day: date) -> Result:
    counts = dict(_counts(made, query))
    wholes = dict(_counts(made, query.whole)) if query.whole is not None else {}
    names = _names(made, query, {*counts, *wholes})
    rows = [
        GroupRow(key=key, label=names.get(key, key), count=counts.get(key, 0),
                 whole=wholes.get(key), share=counts.get(key, 0) / wholes[key] if wholes else None)
        for key in (wholes or counts)
    ]  # fmt: skip
    rows = _ordered(rows, query)
    late = made.late(query.group_by)
    rows.sort(key=lambda row: row.key in late)
    if query.operation in (Operation.MOST, Operation.LEAST) and rows:
        rows = [row for row in rows if row.key not in late] or rows
        best = max if query.operation is Operation.MOST else min
        edge = best(row.count for row in rows)
        rows = [row for row in rows if row.count == edge]
    end = None if query.limit is None else query.offset + query.limit
    return Result(as_of=day, total=len(rows), groups=tuple(rows[query.offset : end]))


def _ordered(rows: list[GroupRow], query: Query) -> list[GroupRow]:
    if query.group_by is Group.DAYS or query.order_by is QueryOrder.TEXT:
        return sorted(rows, key=lambda r: r.key, reverse=query.descending)
    rows = sorted(rows, key=lambda r: (r.label, r.key))
    fewest_first = query.order_by is QueryOrder.COUNT and not query.descending
    sign = 1 if fewest_first else -1
    return sorted(rows, key=lambda r: sign * (r.count if r.share is None else r.share))


def _counts(made: Run, query: Query) -> list[tuple[str, int]]:
    statement = grouped(made.selection(query), query, made.moment)
    return [(str(key), many) for key, many in made.connection.execute(statement)]


def _names(made: Run, query: Query, keys: Collection[str]) -> Mapping[str, str]:
    if query.group_by is Group.UNIT:
        units = made.units()
        return {key: units.label(key) for key in keys}
    if query.group_by is Group.PLAN:
        return plan_titles(made.connection)
    if query.group_by is Group.DOCUMENT:
        d = schema.document.c
        rows = made.connection.execute(select(d.id, d.title).where(d.id.in_(sorted(keys))))
        return {row.id: row.title for row in rows}
    if query.group_by is Group.DUTY:
        t = schema.task.c
        rows = made.connection.execute(select(t.id, t.title).where(t.id.in_(sorted(keys))))
        return {row.id: row.title for row in rows}
    if query.group_by is Group.DAYS:
        steps = [*(f"≤ {step}" for step in STEPS), f"> {STEPS[-1]}"]
        return {str(n): name for n, name in enumerate(steps)}
    return {}


def _compare(made: Run, query: Query, day: date) -> Result:
    first, second = query, query.other
    if second is None:
        raise QueryError("other: 缺少 / is missing")
    plain = {"operation": Operation.LIST, "other": None, "limit": None, "offset": 0}
    first = first.model_copy(update=plain)
    sides = (
        (Side.FIRST, first.model_copy(update={"minus": (*first.minus, second)})),
        (Side.BOTH, first.model_copy(update={"and_": (*first.and_, second)})),
        (Side.SECOND, second.model_copy(update={"minus": (*second.minus, first)})),
    )
    total, rows = 0, list[Row]()
    ahead, left = query.offset, query.limit
    for side, part in sides:
        many = made.count(part)
        total += many
        if ahead < many and left != 0:
            shown = _rows(made, part.model_copy(update={"offset": ahead, "limit": left}))
            rows += [row.model_copy(update={"side": side}) for row in shown]
            left = None if left is None else left - len(shown)
        ahead = max(ahead - many, 0)
    return Result(as_of=day, total=total, rows=tuple(rows))

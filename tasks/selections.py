"""What a query selects, as one statement: its tables joined, its conditions, its order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Date,
    FromClause,
    String,
    Table,
    case,
    cast,
    distinct,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy import Select as Statement

from tasks import schema
from tasks.conditions import (
    Condition,
    holds,
    in_roles,
    narrows_duties,
    needs_turns,
    of_documents,
    of_milestones,
    of_targets,
    of_tasks,
    printed_in,
)
from tasks.listing import plan_titles
from tasks.query import DayKind, Group, Match, Query, QueryError, QueryOrder, Select
from tasks.topics import needs_search
from tasks.turns import Moment, step_of, turns

_OF_DAYS = (Group.STATE, Group.MONTH, Group.DAYS)
_NO_DAY = date.max
_D = schema.document.c
_ARRIVED = (_D.recorded_at, _D.id)


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of `source` that meet `where`. `key` is the id of what is selected, `counted` what each
    is counted by, `orders` what each order goes by, the first the one of old; `late` is 1 of what
    stands in documents that others abolish, behind all else; `grouped`: several rows are one, by its
    key."""

    source: FromClause
    where: tuple[Condition, ...]
    key: ColumnElement[Any]
    columns: tuple[ColumnElement[Any], ...]
    orders: Mapping[QueryOrder, tuple[ColumnElement[Any], ...]]
    counted: ColumnElement[Any] | None = None
    grouped: bool = False
    holder: Table | None = None
    groups: Mapping[Group, ColumnElement[Any]] = field(default_factory=dict)
    borne: tuple[Condition, ...] = ()
    late: ColumnElement[int] = literal(0)  # noqa: RUF009 - nothing changes it

    @property
    def _late(self) -> ColumnElement[int]:
        return func.min(self.late) if self.grouped else self.late

    def order(self, query: Query) -> list[ColumnElement[Any]]:
        """What rows go by, so that none stands before or behind another by chance."""
        wanted = query.order_by or next(iter(self.orders))
        first, *rest = self.orders[wanted]
        if not query.descending:
            return [self._late, first, *rest]
        # What has no day stands last either way.
        undated = [first == literal(_NO_DAY, Date)] if isinstance(first.type, Date) else []
        return [self._late, *undated, first.desc(), *rest]

    def place(self, query: Query) -> tuple[ColumnElement[Any], ...]:
        """What each row is placed by in a list that is read on from behind one of them."""
        return self._late, *self.orders[query.order_by or next(iter(self.orders))]

    def named(self, connection: Connection, keys: Collection[str], most: int) -> Sequence[Any]:
        """Where units are named, of each the first `most`."""
        if self.holder is None:
            return []
        h, t = self.holder.c, schema.task.c
        bears = self.holder is schema.assignment
        clause, path = (t.clause_id, t.path) if bears else (null(), literal(""))
        place = func.row_number().over(
            partition_by=h.unit_id, order_by=(self.late, *_ARRIVED, h.start, h.ordinal)
        )
        inner = select(
            h.unit_id.label("key"), _D.id.label("document_id"), clause.label("clause_id"),
            path.label("path"), h.start, h.end, place.label("number"),
        )  # fmt: skip
        each = inner.select_from(self.source).where(*self.where, h.unit_id.in_(keys)).subquery()
        wanted = select(each).where(each.c.number <= most).order_by(each.c.key, each.c.number)
        return connection.execute(wanted).all()

    def roles(self, connection: Connection, keys: Collection[str]) -> Sequence[Any]:
        """How many tasks each unit bears in each role."""
        if self.holder is not schema.assignment:
            return []
        a = schema.assignment.c
        many = func.count(distinct(a.task_id)).label("many")
        counted = select(a.unit_id.label("key"), a.role, many).select_from(self.source)
        counted = counted.where(*self.where, a.unit_id.in_(keys))
        return connection.execute(counted.group_by(a.unit_id, a.role).order_by(a.role)).all()


def select_rows(
    connection: Connection,
    query: Query,
    moment: Moment,
    hidden: Collection[str],
    abolished: Collection[str] = (),
) -> Selection:
    """The statement of a query; `hidden` are the documents that who asks may not see, what stands in
    `abolished` ones comes last.

    Raises:
        QueryError: only who finds by meaning can run it.
    """
    if needs_search(query):
        raise QueryError(
            "select=text 由问答检索作答, topic 只用于能检索的入口; 也可写条款编号 (clauses) / select=text is for "
            "the assistant, and a topic needs a search: name the clauses by their ids"
        )
    made = _Maker(connection, query, moment, hidden).make()
    return replace(made, late=case((_D.id.in_(sorted(abolished)), 1), else_=0))


def grouped(found: Selection, query: Query, moment: Moment) -> Statement[Any]:
    """How many of a selection fall to each key of its group."""
    group = query.group_by
    if group is None:
        raise QueryError("group_by: 缺少 / is missing")
    a, t = schema.assignment.c, schema.task.c
    source, where = found.source, found.where
    if group in (Group.UNIT, Group.ROLE) and found.holder is not schema.assignment:
        source = source.join(schema.assignment, a.task_id == t.id)
        where = (*where, *found.borne)
    known: dict[Group, ColumnElement[Any]] = {
        Group.UNIT: a.unit_id, Group.ROLE: a.role, Group.DOCUMENT: _D.id, Group.DUTY: t.id,
        **found.groups,
    }  # fmt: skip
    key = known[group]
    if group is Group.DAYS:
        key = case((key.is_not(None), step_of(key, moment.as_of)))
    many = func.count(distinct(found.key if found.counted is None else found.counted))
    statement: Statement[Any] = select(key, many).select_from(source)
    return statement.where(*where, key.is_not(None)).group_by(key)


class _Maker:
    def __init__(
        self, connection: Connection, query: Query, moment: Moment, hidden: Collection[str]
    ) -> None:
        self._connection, self._query, self._moment = connection, query, moment
        self._hidden = hidden

    def make(self) -> Selection:
        made = {
            Select.UNITS: self._units, Select.DUTIES: self._duties, Select.TARGETS: self._targets,
            Select.MILESTONES: self._milestones, Select.WORK: self._milestones,
            Select.CLAUSES: self._clauses, Select.PLANS: self._plans,
            Select.DOCUMENTS: self._documents, Select.MEMBERS: self._members,
            Select.POLICIES: self._facts, Select.FIELD: self._facts,
        }[self._query.select]()  # fmt: skip
        key, more = made.key, list[Condition]()
        counted = key if made.counted is None else made.counted
        if self._query.ids:
            more.append(key.in_(self._query.ids))
        more += [counted.in_(self._keys(part)) for part in self._query.and_]
        more += [counted.not_in(self._keys(part)) for part in self._query.minus]
        where = (*made.where, *more)
        return Selection(
            made.source, where, key, made.columns, made.orders, made.counted, made.grouped,
            made.holder, made.groups, made.borne,
        )  # fmt: skip

    def _keys(self, part: Query) -> Statement[Any]:
        found = _Maker(self._connection, part, self._moment, self._hidden).make()
        counted = found.key if found.counted is None else found.counted
        return select(counted).select_from(found.source).where(*found.where).correlate(None)

    def _in_documents(self, *, tracked: bool) -> list[Condition]:
        return list(of_documents(self._connection, self._query, self._hidden, tracked=tracked))

    # ---- duties

    def _task_conditions(self) -> list[Condition]:
        """Of a duty, with what its milestones must be."""
        m, t = schema.milestone.c, schema.task.c
        found = list(of_tasks(self._query))
        own = list(of_milestones(self._query))
        if needs_turns(self._query):
            turn = self._turns()
            source = turn.join(schema.milestone, m.id == turn.c.milestone_id)
            inner = select(m.task_id).select_from(source).where(*own, *self._standing(turn))
            found.append(t.id.in_(inner.correlate(None)))
        elif own:
            found.append(t.id.in_(select(m.task_id).where(*own).correlate(None)))
        return found

    def _turns(self) -> CTE:
        """Of the milestones that the rest of the query leaves."""
        m, t = schema.milestone.c, schema.task.c
        where = [*self._in_documents(tracked=True), *of_milestones(self._query)]
        if conditions := list(of_tasks(self._query)):
            inner = select(t.id).where(*conditions).correlate(None)
            where.append(m.task_id.in_(inner))
        if self._query.ids and self._query.select in (Select.MILESTONES, Select.WORK):
            where.append(m.id.in_(self._query.ids))
        return turns(self._connection, where, self._moment)

    def _standing(self, turn: CTE) -> Iterator[Condition]:
        due = self._query.due
        if self._query.states:
            asked = {state.value for state in self._query.states}
            if "overdue" in asked:  # as much of that as who asks may know
                asked.add("passed")
            yield turn.c.state.in_(sorted(asked)) | turn.c.status.in_(sorted(asked))
        if due is not None and due.day is DayKind.GOVERNING:
            if due.start is not None:
                yield turn.c.due >= due.start
            if due.end is not None:
                yield turn.c.due <= due.end

    def _of_tasks(self) -> tuple[FromClause, list[Condition]]:
        t = schema.task
        source = t.join(schema.document, _D.id == t.c.document_id)
        return source, [*self._in_documents(tracked=True), *self._task_conditions()]

    def _borne(self) -> tuple[Condition, ...]:
        """Over `schema.assignment`: the roles that a query asks of whoever it is."""
        return tuple(c for asked in self._query.units if not asked.ids for c in in_roles(asked))

    def _units(self) -> Selection:
        a, t = schema.assignment.c, schema.task.c
        source, where = self._of_tasks()
        source = source.join(schema.assignment, a.task_id == t.id)
        many = func.count(distinct(a.task_id))
        return Selection(
            source, (*where, *self._borne()), a.unit_id,
            (a.unit_id.label("key"), many.label("many")),
            {QueryOrder.COUNT: (many if self._query.order_by else -many, self._plain(a.unit_id))},
            grouped=True, holder=schema.assignment, groups={Group.PLAN: t.plan_id},
        )  # fmt: skip

    def _duties(self) -> Selection:
        t = schema.task.c
        turn = None
        if self._query.group_by in _OF_DAYS:
            source, where, turn = self._joined()
        else:
            source, where = self._of_tasks()
        return Selection(
            source, tuple(where), t.id, (t.id.label("key"), *_placed(schema.task), t.title.label("label")),
            {QueryOrder.TEXT: (*_ARRIVED, t.start, t.end, self._plain(t.id))},
            groups=self._task_groups(turn), borne=self._borne(),
        )  # fmt: skip

    def _task_groups(self, turn: CTE | None) -> dict[Group, ColumnElement[Any]]:
        groups: dict[Group, ColumnElement[Any]] = {Group.PLAN: schema.task.c.plan_id}
        if turn is not None:
            month = func.substr(cast(turn.c.due, String), 1, 7)
            groups |= {Group.STATE: turn.c.state, Group.MONTH: month, Group.DAYS: turn.c.due}
        return groups

    def _joined(self) -> tuple[FromClause, list[Condition], CTE]:
        m, t, turn = schema.milestone, schema.task, self._turns()
        source = turn.join(m, m.c.id == turn.c.milestone_id)
        source = source.join(t, t.c.id == m.c.task_id)
        source = source.join(schema.document, _D.id == t.c.document_id)
        return source, list(self._standing(turn)), turn

    def _milestones(self) -> Selection:
        m = schema.milestone.c
        source, where, turn = self._joined()
        key = turn.c.milestone_id
        rest = [self._plain(c) for c in (_D.id, m.path, key, turn.c.occurrence)]
        return Selection(
            source, tuple(where), key,
            (key.label("key"), turn.c.occurrence, turn.c.due, turn.c.state, turn.c.status,
             *_placed(schema.task), m.commitment.label("label")),
            {QueryOrder.DUE: (_last_without(turn.c.due), *rest),
             QueryOrder.TEXT: (*_ARRIVED, m.ordinal, _last_without(turn.c.due), self._plain(turn.c.occurrence))},
            counted=key + "@" + turn.c.occurrence, groups=self._task_groups(turn),
            borne=self._borne(),
        )  # fmt: skip

    def _targets(self) -> Selection:
        g, t, m = schema.target.c, schema.task.c, schema.milestone.c
        source = schema.target.join(schema.task, t.id == g.task_id)
        source = source.join(schema.document, _D.id == t.document_id)
        where = [
            *self._in_documents(tracked=True),
            *of_tasks(self._query),
            *of_targets(self._query),
        ]
        own = list(of_milestones(self._query))
        if needs_turns(self._query):
            turn = self._turns()
            inner = turn.join(schema.milestone, m.id == turn.c.milestone_id)
            ids = select(m.id).select_from(inner).where(*own, *self._standing(turn))
            where.append(g.milestone_id.in_(ids.correlate(None)))
        elif own:
            where.append(g.milestone_id.in_(select(m.id).where(*own).correlate(None)))
        if self._query.text is not None:
            where.append(holds(g.words, self._query.text) | holds(t.heading, self._query.text))
        place = (*_ARRIVED, t.start, t.end, self._plain(t.id), g.start, self._plain(g.id))
        return Selection(
            source, tuple(where), g.id,
            (g.id.label("key"), g.value, g.metric.label("label"), t.document_id, t.clause_id, t.path,
             g.start, g.end),
            {QueryOrder.TEXT: place, QueryOrder.VALUE: (g.number, *place)},
            groups={Group.PLAN: t.plan_id}, borne=self._borne(),
        )  # fmt: skip

    # ---- documents and their parts

    def _holding(self, column: ColumnElement[Any], of_task: ColumnElement[Any]) -> list[Condition]:
        """Where duties are spoken of: of what holds such duties."""
        if not narrows_duties(self._query):
            return []
        source, where = self._of_tasks()
        return [column.in_(select(of_task).select_from(source).where(*where).correlate(None))]

    def _clauses(self) -> Selection:
        c, query = schema.clause.c, self._query
        source = schema.clause.join(schema.document, _D.id == c.document_id)
        where = [*self._in_documents(tracked=False), *self._holding(c.id, schema.task.c.clause_id)]
        if query.clauses:
            where.append(c.id.in_(query.clauses))
        if query.plans:
            where.append(c.plan_id.in_(query.plans))
        if query.text is not None:
            where.append(holds(c.text, query.text))
        return Selection(
            source, tuple(where), c.id,
            (c.id.label("key"), c.heading.label("label"), c.document_id, c.id.label("clause_id"), c.path,
             c.start, c.end),
            {QueryOrder.TEXT: (*_ARRIVED, c.start, self._plain(c.id))}, groups={Group.PLAN: c.plan_id},
        )  # fmt: skip

    def _plans(self) -> Selection:
        f, query = schema.fact.c, self._query
        found = self._facts()
        where = [*found.where, *self._holding(f.id, schema.task.c.plan_id)]
        if query.plans:
            where.append(f.id.in_(query.plans))
        if query.clauses:
            c = schema.clause.c
            inner = select(c.plan_id).where(c.id.in_(query.clauses))
            where.append(f.id.in_(inner.correlate(None)))
        if query.text is not None:
            titles = plan_titles(self._connection)
            where.append(f.id.in_([key for key, title in titles.items() if query.text in title]))
        columns = (f.id.label("key"), *found.columns[1:])
        return Selection(found.source, tuple(where), f.id, columns, found.orders)

    def _documents(self) -> Selection:
        query = self._query
        tracked = narrows_duties(query)
        where = [
            *self._in_documents(tracked=tracked),
            *self._holding(_D.id, schema.task.c.document_id),
        ]
        c, f = schema.clause.c, schema.fact.c
        if query.clauses:
            inner = select(c.document_id).where(c.id.in_(query.clauses))
            where.append(_D.id.in_(inner.correlate(None)))
        if query.plans:
            inner = select(f.document_id).where(f.kind == "plans", f.id.in_(query.plans))
            where.append(_D.id.in_(inner.correlate(None)))
        if query.text is not None:
            where.append(holds(_D.title, query.text))
        return Selection(
            schema.document, tuple(where), _D.id,
            (_D.id.label("key"), _D.title.label("label"), _D.id.label("document_id"),
             null().label("clause_id"), literal("").label("path"), null().label("start"), null().label("end")),
            {QueryOrder.TEXT: _ARRIVED, QueryOrder.WRITTEN: (_last_without(_D.written_on), *_ARRIVED)},
        )  # fmt: skip

    def _members(self) -> Selection:
        h, query = schema.member.c, self._query
        source = schema.member.join(schema.document, _D.id == h.document_id)
        where = self._in_documents(tracked=False)
        for asked in query.units:
            named = h.unit_id.in_(asked.ids)
            where.append(~named if asked.match is Match.WITHOUT else named)
        if query.text is not None:
            where.append(holds(h.unit, query.text))
        first = (func.min(_D.recorded_at), func.min(_D.id), func.min(h.start))
        return Selection(
            source, tuple(where), h.unit_id,
            (h.unit_id.label("key"), func.count(distinct(h.document_id)).label("many")),
            {QueryOrder.TEXT: (*first, self._plain(h.unit_id))}, grouped=True, holder=schema.member,
        )  # fmt: skip

    def _facts(self) -> Selection:
        """Facts that have no table of their own: plans, policies, values of the header."""
        f, query = schema.fact.c, self._query
        kind = {Select.PLANS: "plans", Select.FIELD: "header"}.get(query.select, "policies")
        source = schema.fact.join(schema.document, _D.id == f.document_id)
        where = [*self._in_documents(tracked=False), f.kind == kind]
        if query.field is not None:
            where.append(f.body.startswith(f'{{"field":"{query.field}",', autoescape=True))
        if query.text is not None and query.select is not Select.PLANS:
            where.append(printed_in(f.body, query.text))
        if query.relations:
            where.append(or_(*(holds(f.body, f'"relation":"{r.value}"') for r in query.relations)))
        key = f.document_id + "/" + cast(f.ordinal, String)
        return Selection(
            source, tuple(where), key,
            (key.label("key"), f.body, f.document_id, null().label("clause_id"),
             literal("").label("path"), f.start, f.end),
            {QueryOrder.TEXT: (*_ARRIVED, f.ordinal)},
        )  # fmt: skip

    def _plain(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """A text in the order of its characters, not in that of a language."""
        return column if self._connection.dialect.name == "sqlite" else column.collate("C")


def _last_without(day: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(day, literal(_NO_DAY, Date), type_=Date)


def _placed(table: Table) -> tuple[ColumnElement[Any], ...]:
    c = table.c
    return c.document_id, c.clause_id, c.path, c.start, c.end

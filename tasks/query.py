"""The one typed question of the house: what is selected, where, and what is done with it.

Organisations, plans, documents and everything else are named by their ids, never by a name. A query
that cannot be run as it stands is refused where it is made; nothing in it is ever left out of
account. `tasks.run` runs it; `tasks.query_parts` has the words that it is written with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from kb.days import AskedDay
from kb.errors import DubanError
from kb.language.roles import Role
from kb.models import Fact
from tasks.due import DUE_SOON, State
from tasks.lifecycle import Status
from tasks.models import DueKind, PolicyRelation, TargetClass, TaskKind
from tasks.query_parts import (
    DayKind,
    DayWindow,
    Group,
    Has,
    Ids,
    Match,
    Operation,
    Quantity,
    QueryOrder,
    Select,
    UnitFilter,
    Words,
)

DEEPEST = 4
"""Queries within queries: no question that people were seen to ask needs more than two."""


class Query(Fact):
    """A question; every field narrows, and what is empty or None does not.

    Args:
        ids: of what is selected (of units, unit ids).
        units: each holds, so that roles of several units can be asked for.
        places: of the documents' issuers (万州区).
        due: the days in which a milestone of it falls.
        states: of the deadline or of the cycle; one of them.
        inherited: whether the day is only the plan's own; None for both.
        quantities: numbers of the duty; of `targets` its own. All hold.
        relations: of `policies`, how the document is related to them; one of them.
        text: characters that stand in its title or heading (of `clauses` in the clause, of
            `targets` in the number's words).
        topic: what it is about, in words, several with 、 between them: it is limited to the clauses
            that speak of them, which only who searches by meaning can find (`tasks.topics`).
        reference: duties of documents for reference too. They are listed as well where `documents`
            or `ids` name what to list.
        and_: those that these give too; `minus`: those that these do not give.
        other: what is compared with; `whole`: what a share is of.
        field: of `field`, which one (`kb.models.HeaderValue`).
        as_of: the day asked about; `near`: how many days from it on are near.
        limit, offset: the page.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True,
        json_schema_extra={
            "examples": [
                {"select": "duties", "states": ["overdue"],
                 "units": [{"ids": ["万州区/education"], "roles": ["lead"]}]},
                {"select": "milestones", "operation": "most", "group_by": "unit"},
            ]
        },
    )  # fmt: skip

    select: Select
    operation: Operation = Operation.LIST
    field: Words | None = None
    ids: Ids = ()
    units: Annotated[tuple[UnitFilter, ...], Field(max_length=20)] = ()
    plans: Ids = ()
    documents: Ids = ()
    clauses: Ids = ()
    places: Ids = ()
    due: DayWindow | None = None
    states: tuple[Status | State, ...] = ()
    kinds: tuple[TaskKind, ...] = ()
    deadlines: tuple[DueKind, ...] = ()
    classes: tuple[TargetClass, ...] = ()
    inherited: bool | None = None
    quantities: Annotated[tuple[Quantity, ...], Field(max_length=20)] = ()
    has: tuple[Has, ...] = ()
    lacks: tuple[Has, ...] = ()
    relations: tuple[PolicyRelation, ...] = ()
    text: Words | None = None
    topic: Words | None = None
    reference: bool = False
    and_: Annotated[tuple[Query, ...], Field(alias="and", max_length=10)] = ()
    minus: Annotated[tuple[Query, ...], Field(max_length=10)] = ()
    other: Query | None = None
    whole: Query | None = None
    group_by: Group | None = None
    order_by: QueryOrder | None = None
    descending: bool = False
    limit: Annotated[int, Field(ge=1, le=100_000)] | None = None
    offset: Annotated[int, Field(ge=0, le=100_000_000)] = 0
    as_of: AskedDay | None = None
    near: Annotated[int, Field(ge=1, le=3650)] = DUE_SOON

    @model_validator(mode="after")
    def _can_be_run(self) -> Self:
        if faults := [*self._strange(), *self._parts()]:
            raise ValueError("; ".join(faults))
        return self

    def _strange(self) -> Iterator[str]:
        """What this selection has no such condition for."""
        for name in OF_DUTIES if self.select in _PLAIN else ():
            given = getattr(self, name) not in (None, (), False) or (
                name == "inherited" and self.inherited is not None
            )
            if given and not (self.select is Select.MEMBERS and name == "units"):
                yield _refused(name, self.select)
        roles = any(
            u.roles or u.basis or u.match in (Match.ALONE, Match.TOGETHER) for u in self.units
        )
        if self.select is Select.MEMBERS and roles:
            yield _refused("units", self.select)
        for name in ("plans", "clauses") if self.select in _PLAIN else ():
            if getattr(self, name):
                yield _refused(name, self.select)
        if self.topic is not None and self.select in (Select.MEMBERS, Select.FIELD):
            yield _refused("topic", self.select)
        if (self.field is not None) is not (self.select is Select.FIELD):
            yield "field: 只用于、也必用于 select=field / goes with select=field, always"
        if self.relations and self.select is not Select.POLICIES:
            yield _refused("relations", self.select)
        if self.ids and self.select in (Select.POLICIES, Select.FIELD, Select.TEXT):
            yield _refused("ids", self.select)
        if self.group_by and self.group_by not in _GROUPS.get(self.select, _PLACED):
            yield _refused(f"group_by={self.group_by.value}", self.select)
        orders = _ORDERS.get(self.select, {QueryOrder.TEXT}) | (
            {QueryOrder.COUNT} if self.group_by else set()
        )
        if self.order_by and self.order_by not in orders:
            yield _refused(f"order_by={self.order_by.value}", self.select)

    def _parts(self) -> Iterator[str]:
        """What does not go together."""
        grouped = (Operation.MOST, Operation.LEAST)
        if self.operation in grouped and self.group_by is None:
            yield f"operation={self.operation.value}: 要写 group_by / needs group_by"
        if self.group_by and self.operation in (Operation.COMPARE, Operation.CHECK):
            yield f"group_by: 与 operation={self.operation.value} 不能并用 / does not go with it"
        for name, part, wanted in (
            ("other", self.other, Operation.COMPARE), ("whole", self.whole, Operation.SHARE),
        ):  # fmt: skip
            if (part is not None) is not (self.operation is wanted):
                yield f"{name}: 只用于、也必用于 operation={wanted.value} / goes with it, always"
        for part in self.parts():
            if _SAME.get(part.select, part.select) is not _SAME.get(self.select, self.select):
                yield (
                    f"select={part.select.value}: 不能与 {self.select.value} 合并或比较 / "
                    f"cannot be joined or compared with {self.select.value}"
                )
            apart = part.group_by is not None and part is not self.whole
            if part.limit is not None or part.offset or part.order_by or apart:
                yield "and, minus, other, whole: 不分组、不排序、不分页 / have no group, order or page"
            if part.operation is not Operation.LIST:
                yield "and, minus, other, whole: operation 只能是 list / their operation is list"
        if self.whole is not None and self.whole.group_by is not self.group_by:
            yield "whole: group_by 要相同 / its group_by must be the same"
        if depth_of(self) > DEEPEST:
            yield f"最多 {DEEPEST} 层 / at most {DEEPEST} levels"

    def parts(self) -> tuple[Query, ...]:
        """The queries inside this one."""
        return (*self.and_, *self.minus, *(q for q in (self.other, self.whole) if q))


OF_DUTIES = (
    "units", "due", "states", "kinds", "deadlines", "classes", "inherited", "quantities", "has",
    "lacks", "reference",
)  # fmt: skip
"""Conditions on duties; of what holds duties (clauses, plans, documents) those that hold such."""
_PLAIN = (Select.MEMBERS, Select.POLICIES, Select.FIELD, Select.TEXT)
"""What has no duties."""
_SAME = {Select.MEMBERS: Select.UNITS, Select.WORK: Select.MILESTONES}
"""What has the same ids."""
_PLACED = frozenset({Group.DOCUMENT})
_OF_TASKS = frozenset({Group.UNIT, Group.PLAN, Group.DOCUMENT, Group.ROLE, Group.DUTY})
_OF_TURNS = frozenset(Group)
_GROUPS = {
    Select.DUTIES: _OF_TURNS, Select.MILESTONES: _OF_TURNS, Select.WORK: _OF_TURNS,
    Select.TARGETS: _OF_TASKS, Select.UNITS: frozenset({Group.PLAN, Group.DOCUMENT, Group.ROLE, Group.DUTY}),
    Select.CLAUSES: frozenset({Group.PLAN, Group.DOCUMENT}), Select.DOCUMENTS: frozenset[Group](),
    Select.TEXT: frozenset[Group](),
}  # fmt: skip
_ORDERS = {
    Select.MILESTONES: {QueryOrder.TEXT, QueryOrder.DUE}, Select.WORK: {QueryOrder.TEXT, QueryOrder.DUE},
    Select.TARGETS: {QueryOrder.TEXT, QueryOrder.VALUE}, Select.UNITS: {QueryOrder.COUNT},
    Select.DOCUMENTS: {QueryOrder.TEXT, QueryOrder.WRITTEN},
}  # fmt: skip


def borne_by(unit: str | None, roles: Iterable[Role] = ()) -> tuple[UnitFilter, ...]:
    """A query's `units`: of one unit, in some roles, of anybody in them, or of whomever."""
    asked = tuple(roles)
    return (UnitFilter(ids=(unit,) if unit else (), roles=asked),) if unit or asked else ()


def milestones_of(ids: Iterable[str]) -> Query:
    """The milestones with these ids, at least one."""
    return Query(select=Select.MILESTONES, ids=tuple(sorted(ids)))


def in_year(year: int | None) -> DayWindow | None:
    """Days of a year by the text."""
    if year is None:
        return None
    return DayWindow(start=date(year, 1, 1), end=date(year, 12, 31), day=DayKind.PRINTED)


def in_states(query: Query, states: Iterable[Status | State], *, overdue: bool = False) -> Query:
    """A query of milestones in one of these states (none: in any) that are, if so asked, `overdue`
    too."""
    asked = tuple(states)
    if overdue and asked:
        both = (
            Query(select=query.select, states=(State.OVERDUE,), near=query.near, reference=True),
        )
        return query.model_copy(update={"states": asked, "and_": (*query.and_, *both)})
    return query.model_copy(update={"states": (State.OVERDUE,) if overdue else asked})


class QueryError(DubanError):
    """A query that cannot be run as it stands; it says why."""


def depth_of(query: Query) -> int:
    """How deep queries stand in each other; 1 for one alone."""
    return 1 + max((depth_of(part) for part in query.parts()), default=0)


def read_query(printed: str | bytes) -> Query:
    """A query from its JSON.

    Raises:
        QueryError: it is none, or one that cannot be run; names each fault and its place.
    """
    try:
        return Query.model_validate_json(printed)
    except ValidationError as error:
        told = "; ".join(_told(fault) for fault in error.errors()[:8])
        raise QueryError(f"查询不合要求: {told} / not a query that can be run: {told}") from error


def _told(fault: Any) -> str:
    place = ".".join(map(str, fault["loc"]))
    words = str(fault["msg"]).replace(" / ", "/")
    return f"{place}: {words}" if place else words


def _refused(name: str, select: Select) -> str:
    return f"{name}: select={select.value} 没有这个条件 / is no condition of {select.value}"


__all__ = [
    "DayKind",
    "DayWindow",
    "Group",
    "Has",
    "Match",
    "Operation",
    "Quantity",
    "Query",
    "QueryError",
    "QueryOrder",
    "Select",
    "UnitFilter",
    "borne_by",
    "depth_of",
    "in_states",
    "in_year",
    "milestones_of",
    "read_query",
]  # fmt: skip

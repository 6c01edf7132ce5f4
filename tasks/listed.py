"""Pages of lists: the ids and places of what a query selects, units with their counts, and milestones
as they stand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from tasks import schema
from tasks.authorisation import CONSOLE, Actor
from tasks.due import DueItem
from tasks.listing import AT_ONCE
from tasks.places import read_place, write_place
from tasks.queries import UnitCount
from tasks.query import Query, Select
from tasks.run import begin
from tasks.store import Store
from tasks.turns import Moment, read_items


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list: how many there are in all, the rows selected, and whether it goes on."""

    total: int
    rows: Sequence[Any]
    more: bool

    @property
    def ids(self) -> list[tuple[str, str]]:
        """The ids with their occurrences, which only milestones have."""
        return [(row.key, getattr(row, "occurrence", "")) for row in self.rows]

    @property
    def places(self) -> list[list[Any]]:
        """The place of each in the list as JSON values."""
        return [write_place(row) for row in self.rows]


def list_ids(
    connection: Connection,
    query: Query,
    *,
    reader: Actor,
    as_of: date,
    today: date | None = None,
    after: Sequence[Any] = (),
) -> Listed:
    """The ids of a page; with `after`, of what stands behind that place.

    Raises:
        QueryError: `after` is no place of this list.
    """
    made = begin(connection, query, reader, as_of, today)
    place = read_place(made.selection(query).place(query), after) if after else ()
    wider = query.limit and query.model_copy(update={"limit": query.limit + 1})
    rows = made.keys(wider or query, place)
    more = query.limit is not None and len(rows) > query.limit
    rows = rows[: query.limit]
    paged = query.limit is not None or query.offset or after
    many = made.count(query) if paged else len(rows)
    return Listed(many, rows, more)


def items_of(
    connection: Connection,
    query: Query,
    ids: Collection[tuple[str, str]],
    *,
    reader: Actor,
    as_of: date,
    today: date | None = None,
) -> list[DueItem]:
    """Milestones that `list_ids` gave, as they stand, in that order."""
    moment = Moment(query.as_of or as_of, query.near, reader, today)
    m = schema.milestone.c
    wanted = sorted({key for key, _ in ids})
    found: dict[tuple[str, str], DueItem] = {}
    for start in range(0, len(wanted), AT_ONCE):
        some = m.id.in_(wanted[start : start + AT_ONCE])
        found |= read_items(connection, [schema.CURRENT, some], moment)
    return [found[key] for key in ids]


def count_units(
    connection: Connection, query: Query, *, reader: Actor, as_of: date, today: date | None = None
) -> list[UnitCount]:
    """The units that a query of `units` gives with their tasks by role, those with most first."""
    made = begin(connection, query, reader, as_of, today)
    units = {unit.id: unit for unit in made.units().all()}
    rows = [row for row in made.keys(query) if row.key in units]
    roles: dict[str, dict[str, int]] = {row.key: {} for row in rows}
    for row in made.selection(query).roles(connection, list(roles)):
        roles[row.key][row.role] = row.many
    found = [
        UnitCount(**units[row.key].model_dump(exclude={"id", "name"}), unit=units[row.key].name,
                  unit_id=row.key, tasks=row.many, roles=roles[row.key])
        for row in rows
    ]  # fmt: skip
    return sorted(found, key=lambda c: (-c.tasks, c.label))


def list_standings(
    store: Store,
    as_of: date,
    query: Query | None = None,
    *,
    today: date | None = None,
    reader: Actor = CONSOLE,
) -> list[DueItem]:
    """The milestones of a query as they stand; all by default, soonest first."""
    asked = query or Query(select=Select.MILESTONES)
    with store.reading() as connection:
        return standings_in(connection, asked, as_of, today=today, reader=reader)


def standings_in(
    connection: Connection,
    query: Query,
    as_of: date,
    *,
    today: date | None = None,
    reader: Actor = CONSOLE,
) -> list[DueItem]:
    """As `list_standings`, in the caller's transaction."""
    ids = list_ids(connection, query, reader=reader, as_of=as_of, today=today).ids
    return items_of(connection, query, ids, reader=reader, as_of=as_of, today=today)

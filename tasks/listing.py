"""Lists of duties straight from the store's rows, quick however many there are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, or_, select
from sqlalchemy import Row as SqlRow

from kb.language.roles import Role
from kb.models import Fact
from tasks import schema
from tasks.authorisation import CONSOLE, Actor
from tasks.disclosure import disclose
from tasks.due import (
    DUE_SOON,
    Bearer,
    DueItem,
    Lives,
    Row,
    Started,
    add_duration,
    by_date,
    standings,
)
from tasks.fields import FieldError
from tasks.lifecycle import Life
from tasks.models import Certainty, Counting, DueKind
from tasks.queries import Register
from tasks.replay import replay_some
from tasks.store import Store, as_utc
from tasks.units import Units

BEARING = (Role.LEAD, Role.RESPONSIBLE, Role.JOINT)
"""Roles that bear a duty: their officers may report on it, and it stands in their digests."""

_STEPS = (30, 90, 365)
"""Days that are counted up to."""
_NAMED = 2000
"""Tasks asked for by their ids; of more, all are read (SQLite takes 32,766 variables)."""


class Wanted(Fact):
    """Which milestones of current documents are listed; what is None or empty does not narrow.

    `unit` is a unit's id (see `tasks.units`). `until` leaves out those whose day by the text is later (extensions only make it later, so what
    is due by then is in the list). Duties for reference (`schema.TRACKED`) are listed only where one
    document or milestones are named: whoever names them asks for them.
    """

    unit: str | None = None
    roles: tuple[Role, ...] = ()
    document_id: str | None = None
    documents: frozenset[str] | None = None
    plans: frozenset[str] | None = None
    milestones: frozenset[str] | None = None
    until: date | None = None


def list_standings(
    store: Store,
    as_of: date,
    wanted: Wanted | None = None,
    *,
    days: int = DUE_SOON,
    today: date | None = None,
    reader: Actor = CONSOLE,
) -> list[DueItem]:
    """How the milestones stand on `as_of`, soonest first, those without a day last, as far as
    `reader` may know (which documents they may see, `wanted` says).

    For a day in the past their progress is what it was then. `today`, where it is known: from then
    on it is what it is, whatever days the steps say (a clock may have been ahead).
    """
    with store.reading() as connection:
        rows = read_rows(connection, wanted or Wanted())
        lives = disclose(reader, read_lives(connection, as_of, wanted or Wanted(), today=today))
    return by_date(standings(rows, lives, as_of, days=days))


def lives_on(store: Store, as_of: date) -> Lives:
    """The lives of all milestones as they were at the end of the day `as_of`."""
    with store.reading() as connection:
        return read_lives(connection, as_of)


def read_register(store: Store) -> Register:
    """The current documents of a store with their facts as corrected."""
    return Register(
        store.extractions(), lambda day: lives_on(store, day), reference=store.reference()
    )


def read_rows(connection: Connection, wanted: Wanted) -> list[Row]:
    """The milestones wanted, with their units and occasions, in the order of the documents."""
    m, d = schema.milestone, schema.document
    query = _chosen(wanted).add_columns(d.c.recorded_at)
    rows = connection.execute(query.order_by(d.c.recorded_at, d.c.id, m.c.ordinal)).all()
    units = _bearers(connection, {row.task_id for row in rows})
    occasions = _occasions(connection)
    kinds = {kind.value: kind for kind in DueKind}
    certainties: dict[str, tuple[Certainty, ...]] = {}
    found: list[Row] = []
    for row in rows:
        if row.certainty not in certainties:
            certainties[row.certainty] = tuple(Certainty(c) for c in row.certainty.split(",") if c)
        found.append(
            Row(
                id=row.id, task_id=row.task_id, document_id=row.document_id, plan_id=row.plan_id,
                clause_id=row.clause_id, path=row.path, title=row.title, commitment=row.commitment,
                kind=kinds[row.kind], due=row.due, certainty=certainties[row.certainty],
                rrule=row.rrule, duration=row.duration, first=row.first, last=row.last,
                recorded_at=as_utc(row.recorded_at),
                units=units.get(row.task_id, ()),
                occasions=tuple(
                    Started(label, on, _due_after(row, on, kept))
                    for label, on, kept in occasions.get(row.id, ())
                ),
                counting=Counting(row.counting),
            )
        )  # fmt: skip
    return found


def _bearers(connection: Connection, tasks: set[str]) -> dict[str, tuple[Bearer, ...]]:
    """Who bears each of the tasks, in what role: each pair once, as printed."""
    a = schema.assignment
    query = select(a.c.task_id, a.c.unit, a.c.unit_id, a.c.role).order_by(a.c.task_id, a.c.ordinal)
    if len(tasks) <= _NAMED:
        query = query.where(a.c.task_id.in_(sorted(tasks)))
    known: dict[tuple[str, str, str], Bearer] = {}
    found: dict[str, dict[tuple[str, str], Bearer]] = {}
    for task_id, unit, unit_id, role in connection.execute(query):
        key = unit, unit_id, role
        if key not in known:
            known[key] = Bearer(unit=unit, unit_id=unit_id, role=Role(role))
        found.setdefault(task_id, {}).setdefault((unit_id, role), known[key])
    return {task_id: tuple(pairs.values()) for task_id, pairs in found.items()}


def _due_after(row: SqlRow[Any], happened_on: date, recorded: date) -> date:
    """The day that follows an event by the deadline as it reads now: a correction of it, or an
    arrangement of holidays announced since, moves the day that was told when it was recorded."""
    try:
        return add_duration(happened_on, row.duration or "", Counting(row.counting))
    except FieldError:
        return recorded


def _occasions(connection: Connection) -> dict[str, list[tuple[str, date, date]]]:
    o = schema.occasion
    found: dict[str, list[tuple[str, date, date]]] = {}
    query = select(o.c.milestone_id, o.c.label, o.c.happened_on, o.c.due).order_by(
        o.c.due, o.c.label
    )
    for key, label, happened_on, due in connection.execute(query):
        found.setdefault(key, []).append((label, happened_on, due))
    return found


def read_lives(
    connection: Connection, as_of: date, wanted: Wanted | None = None, *, today: date | None = None
) -> Lives:
    """The lives of the milestones wanted as they were at the end of the day `as_of`; from `today`
    on, where that is known, as they are."""
    life = schema.life
    query = select(life.c.body)
    if wanted is not None and wanted != Wanted():
        chosen = _chosen(wanted).with_only_columns(schema.milestone.c.id)
        query = query.where(life.c.milestone_id.in_(chosen))
    found = [Life.model_validate_json(body) for body in connection.scalars(query)]
    lives = {one.key: one for one in found}
    # The others have done nothing since: they stand as they stood.
    past = today is None or as_of < today
    later = [one.key for one in found if past and one.updated_on and one.updated_on > as_of]
    then = replay_some(connection, later, as_of) if later else {}
    for key in later:
        lives.pop(key)
    return lives | then


def count_standings(
    items: Iterable[DueItem], by: str, titles: Mapping[str, str], units: Units
) -> list[tuple[str, int]]:
    """How many milestones fall to each name, most first; one that several units bear counts for
    each.

    Args:
        items: the milestones.
        by: `unit`, `plan`, `role` or `days` (before or after the day, in steps, in the order of
            the items).
        titles: of the plans by id.
        units: what units are called.
    """
    counts: dict[str, int] = {}
    for item in items:
        for name in dict.fromkeys(_names(item, by, titles, units)):
            counts[name] = counts.get(name, 0) + 1
    found = list(counts.items())
    return found if by == "days" else sorted(found, key=lambda c: (-c[1], c[0]))


def _names(item: DueItem, by: str, titles: Mapping[str, str], units: Units) -> Iterator[str]:
    if by == "plan":
        yield titles.get(item.plan_id, item.plan_id)
    elif by == "days":
        days = abs(item.days or 0)
        steps = [step for step in _STEPS if days <= step]
        yield f"≤ {steps[0]}" if steps else f"> {_STEPS[-1]}"
    elif by == "unit":
        yield from (units.label(b.unit_id) for b in item.units)
    else:
        yield from (b.role.value for b in item.units)


def plan_titles(connection: Connection, *, listed: bool = False) -> dict[str, str]:
    """Titles of all plans by id; `listed`: of those whose duties stand in lists."""
    f = schema.fact.c
    query = select(f.id, f.body).where(f.kind == "plans")
    # Of one that several readings have, the last one's title.
    query = query.join(schema.document, schema.document.c.id == f.document_id)
    query = query.order_by(schema.document.c.reading)
    if listed:
        query = query.where(schema.CURRENT, schema.TRACKED)
    rows = connection.execute(query)
    return {key: json.loads(body)["title"] for key, body in rows}


def _chosen(wanted: Wanted) -> Select[tuple[object, ...]]:
    m, a, d = schema.milestone, schema.assignment, schema.document
    conditions: list[ColumnElement[bool]] = [schema.CURRENT]
    if wanted.unit is not None:
        held = a.c.role.in_([r.value for r in wanted.roles or Role])
        conditions.append(
            m.c.task_id.in_(select(a.c.task_id).where(a.c.unit_id == wanted.unit, held))
        )
    elif wanted.roles:
        held = a.c.role.in_([r.value for r in wanted.roles])
        conditions.append(m.c.task_id.in_(select(a.c.task_id).where(held)))
    if wanted.document_id is not None:
        conditions.append(m.c.document_id == wanted.document_id)
    if wanted.document_id is None and wanted.milestones is None:
        conditions.append(schema.TRACKED)
    if wanted.documents is not None:
        conditions.append(m.c.document_id.in_(wanted.documents))
    if wanted.plans is not None:
        conditions.append(m.c.plan_id.in_(wanted.plans))
    if wanted.milestones is not None:
        conditions.append(m.c.id.in_(wanted.milestones))
    if wanted.until is not None:
        moving = m.c.kind.in_([DueKind.RECURRING.value, DueKind.RELATIVE.value])
        conditions.append(or_(moving, m.c.due <= wanted.until))
    return select(m).join(d, d.c.id == m.c.document_id).where(*conditions)

"""Lists of duties straight from the store's rows, quick however many there are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy import Row as SqlRow

from kb.language.roles import Role
from tasks import schema
from tasks.conditions import Where
from tasks.due import (
    Bearer,
    Lives,
    Row,
    Started,
    add_duration,
)
from tasks.fields import FieldError
from tasks.lifecycle import Life
from tasks.models import Certainty, Counting, DueKind
from tasks.queries import Register
from tasks.replay import replay_some
from tasks.store import Store, as_utc


def lives_on(store: Store, as_of: date) -> Lives:
    """The lives of all milestones as they were at the end of the day `as_of`."""
    with store.reading() as connection:
        return read_lives(connection, as_of)


def read_register(store: Store) -> Register:
    """The current documents of a store with their facts as corrected."""
    return Register(
        store.extractions(), lambda day: lives_on(store, day), reference=store.reference()
    )


def read_rows(connection: Connection, where: Where, *, borne: bool = True) -> list[Row]:
    """The milestones that conditions over `schema.milestone` and `schema.document` leave, with their
    occasions and (if `borne`) their units, in the order of the documents."""
    m, d = schema.milestone, schema.document
    query = select(m, d.c.recorded_at).join(d, d.c.id == m.c.document_id).where(*where)
    rows = connection.execute(query.order_by(d.c.recorded_at, d.c.id, m.c.ordinal)).all()
    named = among(where, [row.id for row in rows])
    units = _bearers(connection, named) if borne else {}
    occasions = _occasions(connection, named)
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


AT_ONCE = 10_000
"""Ids in one statement: SQLite takes 32,766 variables."""


def among(where: Where, milestones: Sequence[str]) -> Where:
    """Conditions that leave the milestones which `where` was found to leave: by their ids, unless they
    are many."""
    return [schema.milestone.c.id.in_(milestones)] if len(milestones) <= AT_ONCE else where


def _bearers(connection: Connection, where: Where) -> dict[str, tuple[Bearer, ...]]:
    """Who bears each of the tasks of the milestones that `where` leaves (see `read_rows`), in what
    role: each pair once, as printed."""
    a, m, d = schema.assignment, schema.milestone, schema.document
    query = select(a.c.task_id, a.c.unit, a.c.unit_id, a.c.role).order_by(a.c.task_id, a.c.ordinal)
    chosen = select(m.c.task_id).join(d, d.c.id == m.c.document_id).where(*where)
    query = query.where(a.c.task_id.in_(chosen))
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


def _occasions(connection: Connection, where: Where) -> dict[str, list[tuple[str, date, date]]]:
    o, m, d = schema.occasion, schema.milestone, schema.document
    found: dict[str, list[tuple[str, date, date]]] = {}
    source = o.join(m, m.c.id == o.c.milestone_id).join(d, d.c.id == m.c.document_id)
    query = select(o.c.milestone_id, o.c.label, o.c.happened_on, o.c.due).select_from(source)
    query = query.where(*where).order_by(o.c.due, o.c.label)
    for key, label, happened_on, due in connection.execute(query):
        found.setdefault(key, []).append((label, happened_on, due))
    return found


def read_lives(
    connection: Connection, as_of: date, where: Where = (), *, today: date | None = None
) -> Lives:
    """The lives of the milestones that `where` leaves (see `read_rows`) as they were at the end of
    the day `as_of`; from `today` on, where that is known, as they are."""
    life, m, d = schema.life, schema.milestone, schema.document
    query = select(life.c.body)
    if where:
        chosen = select(m.c.id).join(d, d.c.id == m.c.document_id).where(*where)
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

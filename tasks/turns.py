"""Milestones and their occurrences as a table of a query: which day of each holds, how it stands.

A milestone with one day and the life that it has now is worked out by the database. What moves
(recurring and relative ones, whose days are reckoned) and what has taken a step since the day asked
about is worked out here by `tasks.due.standings` and joined to them, so that both are narrowed,
counted and ordered as one.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Date,
    FromClause,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB

from tasks import schema
from tasks.authorisation import Actor
from tasks.conditions import Where
from tasks.disclosure import disclose
from tasks.due import DueItem, State, last_of, standings
from tasks.lifecycle import FINISHED, Status
from tasks.listing import among, read_lives, read_rows
from tasks.models import DueKind

MOVING = (DueKind.RECURRING.value, DueKind.RELATIVE.value)
"""Kinds whose days are reckoned and stand in no column."""
_COLUMNS = ("milestone_id", "occurrence", "due", "printed", "state", "status")
_DAYS = ("due", "printed")


@dataclass(frozen=True, slots=True)
class Moment:
    """How milestones are seen: on which day, by whom, how many days count as near; `today`, where
    it is known: from then on they are as they are now."""

    as_of: date
    near: int
    reader: Actor
    today: date | None = None

    @property
    def told(self) -> bool:
        """Whether the reader knows of lives."""
        return disclose(self.reader, {}) is not None

    @property
    def past(self) -> bool:
        """Whether steps taken since do not count."""
        return self.today is None or self.as_of < self.today


def read_items(
    connection: Connection, where: Where, moment: Moment, *, borne: bool = True
) -> dict[tuple[str, str], DueItem]:
    """The milestones as they stand, by id and occurrence; `where` is over `schema.milestone` and
    `schema.document`; `borne`: with their units."""
    rows = read_rows(connection, where, borne=borne)
    named = among(where, [row.id for row in rows])
    lives = read_lives(connection, moment.as_of, named, today=moment.today) if moment.told else None
    found = standings(rows, lives, moment.as_of, days=moment.near)
    return {(item.milestone_id, item.occurrence): item for item in found}


def turns(connection: Connection, where: Where, moment: Moment) -> CTE:
    """A table of (milestone_id, occurrence, due, printed, state, status): the day that holds and the
    one by the text, null where there is none; `status` is null for who is not told."""
    m = schema.milestone.c
    moves: ColumnElement[bool] = m.kind.in_(MOVING)
    if moment.told and moment.past:
        life = schema.life.c
        since = select(life.milestone_id).where(life.updated_on > moment.as_of)
        moves = or_(moves, m.id.in_(since))
    fixed = _fixed([*where, not_(moves)], moment)
    found = read_items(connection, [*where, moves], moment, borne=False)
    if not found:
        return fixed.cte()
    return union_all(fixed, _listed(connection, found.values())).cte()


def _fixed(where: Where, moment: Moment) -> Select[Any]:
    m, life = schema.milestone, schema.life
    printed = case((m.c.kind == DueKind.START.value, null()), else_=m.c.due)
    source: FromClause = m.join(schema.document, schema.document.c.id == m.c.document_id)
    status: ColumnElement[Any] = cast(null(), String)
    due: ColumnElement[Any] = printed
    since: ColumnElement[Any] = cast(null(), Date)
    if moment.told:
        own = and_(life.c.milestone_id == m.c.id, life.c.occurrence == "")
        source = source.outerjoin(life, own)
        status = func.coalesce(life.c.status, Status.ASSIGNED.value)
        # An approved extension never brings a day forward that the text has moved since.
        due = case((life.c.due > printed, life.c.due), else_=func.coalesce(printed, life.c.due))
        since = life.c.since
    state = _state(due, status, since, moment)
    columns = (m.c.id, literal(""), due, printed, state, status)
    labelled = (c.label(name) for c, name in zip(columns, _COLUMNS, strict=True))
    return select(*labelled).select_from(source).where(*where)


def _state(
    due: ColumnElement[Any], status: ColumnElement[Any], since: ColumnElement[Any], moment: Moment
) -> ColumnElement[str]:
    """As `tasks.due.standings` has it, of what has one day."""
    as_of, last = moment.as_of, last_of(moment.as_of, moment.near)
    over = State.OVERDUE if moment.told else State.PASSED
    in_time = or_(func.coalesce(since, due) <= due, literal(as_of, Date) <= due)
    undated = schema.milestone.c.kind == DueKind.NONE.value
    found: ColumnElement[str] = case(
        (status.in_([s.value for s in sorted(FINISHED)]), State.FINISHED.value),
        (and_(due.is_(None), undated), State.UNDATED.value),
        (due.is_(None), State.NEVER.value),
        (and_(status == Status.REPORTED.value, in_time), State.REVIEW.value),
        (due < as_of, over.value),
        (due <= last, State.DUE_SOON.value),
        else_=State.LATER.value,
    )
    return found


def _listed(connection: Connection, items: Collection[DueItem]) -> Select[Any]:
    """Rows that were worked out, handed over as one JSON value: however many there are, a database
    takes one variable."""
    rows = [
        [i.milestone_id, i.occurrence, i.due and i.due.isoformat(), i.printed and i.printed.isoformat(),
         i.state.value, i.status and i.status.value]
        for i in items
    ]  # fmt: skip
    given = bindparam("turns", json.dumps(rows), String, unique=True)
    if connection.dialect.name == "sqlite":
        each = func.json_each(given).table_valued("value")
        parts = [func.json_extract(each.c.value, f"$[{n}]") for n in range(len(_COLUMNS))]
        typed: list[Any] = [type_coerce(p, Date if name in _DAYS else String) for p, name in zip(parts, _COLUMNS, strict=True)]  # fmt: skip
    else:
        rows_of = func.jsonb_array_elements(cast(given, JSONB)).table_valued("value")
        value = type_coerce(rows_of.c.value, JSONB)
        texts = [value[n].as_string() for n in range(len(_COLUMNS))]
        typed = [cast(p, Date) if name in _DAYS else p for p, name in zip(texts, _COLUMNS, strict=True)]  # fmt: skip
    found: Select[Any] = select(*(p.label(name) for p, name in zip(typed, _COLUMNS, strict=True)))
    return found


STEPS = (30, 90, 365)
"""Days before or after the day asked about that are counted up to."""


def step_of(due: ColumnElement[Any], as_of: date) -> ColumnElement[int]:
    """Which of the steps a day is in, from 0; the number of steps where it is beyond them."""
    near = [(due.between(as_of - timedelta(n), as_of + timedelta(n)), at) for at, n in enumerate(STEPS)]  # fmt: skip
    found: ColumnElement[int] = case(*near, else_=len(STEPS))
    return found

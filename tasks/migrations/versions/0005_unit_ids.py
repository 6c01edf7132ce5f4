"""People, restricted documents, addresses and deliveries are bound to units by id, not by name."""

from __future__ import annotations

import json
from collections import defaultdict

from alembic import op
from sqlalchemy import Connection, delete, func, insert, select, update

from tasks import audit, schema
from tasks.audit import Change
from tasks.jurisdictions import detect_jurisdiction
from tasks.store import as_utc
from tasks.units import unit_key, unsettled_name

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Put the id for a name that exactly one unit of the store has. A name of several units, or of
    none, is kept and means nobody until an administrator picks: nobody may do or see more than
    before."""
    connection = op.get_bind()
    changed: dict[str, dict[str, object]] = defaultdict(dict)
    ids = _ids(connection)

    def settled(name: str, where: str) -> str:
        found = ids.get(name, set())
        key = next(iter(found)) if len(found) == 1 else unsettled_name(name)
        changed[where][name] = key if len(found) == 1 else None
        return key

    person = schema.person_unit
    bound: dict[str, list[str]] = defaultdict(list)
    for login, unit in connection.execute(select(person.c.login, person.c.unit)).all():
        bound[login].append(settled(unit, f"person:{login}"))
    connection.execute(delete(person))
    rows = [{"login": k, "unit": unit} for k, units in bound.items() for unit in dict.fromkeys(units)]  # fmt: skip
    if rows:
        connection.execute(insert(person), rows)

    seen = schema.visibility
    for key, units in connection.execute(select(seen.c.document_id, seen.c.units)).all():
        found = [settled(unit, f"document:{key}") for unit in json.loads(units)]
        printed = json.dumps(list(dict.fromkeys(found)))
        connection.execute(update(seen).where(seen.c.document_id == key).values(units=printed))

    _rename(connection, "address", ("channel",), settled)
    _rename(connection, "delivery", ("week", "channel"), settled)
    _record(connection, {k: v for k, v in changed.items() if k.partition(":")[0] != "delivery"})


def downgrade() -> None:
    """The ids stay: to the former version they are names that nobody has."""


def _ids(connection: Connection) -> dict[str, set[str]]:
    """The units of the store by the names that its documents print."""
    d, a = schema.document.c, schema.assignment.c
    places = {
        row.id: detect_jurisdiction(row.issuer, row.title).place
        for row in connection.execute(select(d.id, d.issuer, d.title))
    }
    found: dict[str, set[str]] = defaultdict(set)
    # The column still holds what the lexicon said; the rows are written anew after this.
    for row in connection.execute(select(a.document_id, a.unit, a.unit_id).distinct()):
        found[row.unit].add(unit_key(places[row.document_id], row.unit, row.unit_id))
    return found


def _rename(connection: Connection, name: str, rest: tuple[str, ...], settled: object) -> None:
    """Give a table's units their ids; where two names are one unit now, the first row has it and
    the other stays as it was, by a name that means nobody."""
    assert callable(settled)  # noqa: S101 - given above
    table = schema.metadata.tables[name]
    taken: set[tuple[str, ...]] = set()
    for row in connection.execute(select(table.c.unit, *(table.c[c] for c in rest)).order_by(table.c.unit)).all():  # fmt: skip
        if row.unit == "总览":
            continue
        key = settled(row.unit, f"{name}:{':'.join(row[1:])}")
        if (key, *row[1:]) in taken:
            key = unsettled_name(row.unit)
        taken.add((key, *row[1:]))
        mine = [table.c[c] == value for c, value in zip(("unit", *rest), row, strict=True)]
        connection.execute(update(table).where(*mine).values(unit=key))


def _record(connection: Connection, changed: dict[str, dict[str, object]]) -> None:
    """Say in the log whose units were given which ids; null: the name means nobody now."""
    if not changed:
        return
    now = as_utc(connection.execute(select(func.now())).scalar_one())
    audit.append(connection, now, [
        Change(actor="system", action="units.bound", subject=subject, after=dict(found))
        for subject, found in changed.items()
    ])  # fmt: skip

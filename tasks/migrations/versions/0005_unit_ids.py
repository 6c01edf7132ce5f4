"""People, restricted documents, addresses and deliveries are bound to units by id, not by name."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_WORDS: dict[str, list[str]] = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
"""The words of places as they were known then."""
_ANY = {kind: f"(?:{'|'.join(words)})" for kind, words in _WORDS.items()}
_HAN = r"[\u4e00-\u9fa5]"
_PLACE = re.compile(
    rf"((?:{_HAN}{{2,3}}{_ANY['provinces']}|{_ANY['regions']}))?"
    rf"({_HAN}{{2,12}}?{_ANY['prefectures']}|(?!{_ANY['no_places']}){_HAN}{{2,5}}?{_ANY['cities']})?"
    rf"((?!{_ANY['no_places']}){_HAN}{{1,9}}?{_ANY['districts']})?"
    rf"(?={_ANY['after']}|$|{_HAN}{{0,8}}{_ANY['offices']})"
)
_STATE = re.compile(rf"{_ANY['central']}|{_HAN}{{2,8}}{_ANY['central_offices']}$")
_BARE = tuple(_WORDS["bare"])
"""How ids of the lexicon begin that say no place."""


def upgrade() -> None:
    """Put the id for a name that exactly one unit of the store has. A name of several units, or of
    none, is kept and means nobody until an administrator picks: nobody may do or see more than
    before."""
    connection = op.get_bind()
    changed: dict[str, dict[str, object]] = defaultdict(dict)
    ids = _ids(connection)

    def settled(name: str, where: str) -> str:
        found = ids.get(name, set())
        key = next(iter(found)) if len(found) == 1 else name.replace("/", "／")
        changed[where][name] = key if len(found) == 1 else None
        return key

    person = _table("person_unit", "login", "unit")
    bound: dict[str, list[str]] = defaultdict(list)
    for login, unit in connection.execute(sa.select(person.c.login, person.c.unit)).all():
        bound[login].append(settled(unit, f"person:{login}"))
    connection.execute(sa.delete(person))
    rows = [{"login": k, "unit": unit} for k, units in bound.items() for unit in dict.fromkeys(units)]  # fmt: skip
    if rows:
        connection.execute(sa.insert(person), rows)

    seen = _table("visibility", "document_id", "units")
    for key, units in connection.execute(sa.select(seen.c.document_id, seen.c.units)).all():
        found = [settled(unit, f"document:{key}") for unit in json.loads(units)]
        printed = json.dumps(list(dict.fromkeys(found)))
        connection.execute(sa.update(seen).where(seen.c.document_id == key).values(units=printed))

    _rename(connection, "address", ("channel",), settled)
    _rename(connection, "delivery", ("week", "channel"), settled)
    _record(connection, {k: v for k, v in changed.items() if k.partition(":")[0] != "delivery"})


def downgrade() -> None:
    """The ids stay: to the former version they are names that nobody has."""


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in columns))


def _ids(connection: sa.Connection) -> dict[str, set[str]]:
    """The units of the store by the names that its documents print."""
    d = _table("document", "id", "issuer", "title").c
    a = _table("assignment", "document_id", "unit", "unit_id").c
    places = {
        row.id: _place(row.issuer, row.title)
        for row in connection.execute(sa.select(d.id, d.issuer, d.title))
    }
    found: dict[str, set[str]] = defaultdict(set)
    # The column still holds what the lexicon said; the rows are written anew after this.
    for row in connection.execute(sa.select(a.document_id, a.unit, a.unit_id).distinct()):
        found[row.unit].add(_key(places[row.document_id], row.unit, row.unit_id))
    return found


def _key(place: str | None, unit: str, unit_id: str | None) -> str:
    if unit_id is None:
        return f"{place or '-'}/{''.join(unit.split())}"
    return f"{place}/{unit_id}" if place and unit_id.partition("/")[0] in _BARE else unit_id


def _place(issuer: str | None, title: str) -> str | None:
    """The place whose government issued a document, by its issuer, else by its title."""
    for printed in (issuer or "", title):
        name = re.sub(r"\s", "", printed)
        if _STATE.match(name):
            return "国家"
        match = _PLACE.match(re.sub(rf"^{_ANY['parties']}", "", name))
        if match and match.group():
            province, city, district = match.groups()
            if province is None and city and not district:
                inner = re.match(
                    rf"({_HAN}{{2,4}}?{_ANY['city']})({_HAN}{{2,5}}{_ANY['city']})$", city
                )
                district = inner.group(2) if inner else None
            return district or city or province
    return None


def _rename(connection: sa.Connection, name: str, rest: tuple[str, ...], settled: object) -> None:
    """Give a table's units their ids; where two names are one unit now, the first row has it and
    the other stays as it was, by a name that means nobody."""
    assert callable(settled)  # noqa: S101 - given above
    table = _table(name, "unit", *rest)
    taken: set[tuple[str, ...]] = set()
    for row in connection.execute(sa.select(*table.c).order_by(table.c.unit)).all():
        if row.unit == "总览":
            continue
        key = settled(row.unit, f"{name}:{':'.join(row[1:])}")
        if (key, *row[1:]) in taken:
            key = row.unit.replace("/", "／")
        taken.add((key, *row[1:]))
        mine = [column == value for column, value in zip(table.c, row, strict=True)]
        connection.execute(sa.update(table).where(*mine).values(unit=key))


def _record(connection: sa.Connection, changed: dict[str, dict[str, object]]) -> None:
    """Say in the log whose units were given which ids; null: the name means nobody now."""
    audit = _table(
        "audit", "seq", "at", "actor", "action", "subject", "detail", "before", "after", "reason",
        "previous", "hash",
    )  # fmt: skip
    a = audit.c
    last = connection.execute(sa.select(a.seq, a.hash).order_by(a.seq.desc()).limit(1)).first()
    seq, previous = (last.seq, last.hash) if last else (0, "0" * 64)
    now = connection.execute(sa.select(sa.func.now())).scalar_one()
    if isinstance(now, str):
        now = datetime.fromisoformat(now)
    at = (now if now.tzinfo else now.replace(tzinfo=UTC)).astimezone(UTC)
    for subject, after in changed.items():
        seq += 1
        fields: dict[str, object] = {
            "seq": seq, "at": at.isoformat(timespec="microseconds"), "actor": "system",
            "action": "units.bound", "subject": subject, "detail": {}, "before": None,
            "after": after, "reason": "", "previous": previous,
        }  # fmt: skip
        previous = hashlib.sha256(_canonical(fields).encode()).hexdigest()
        row = fields | {"detail": "{}", "after": _canonical(after), "hash": previous}
        connection.execute(sa.insert(audit), row)


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

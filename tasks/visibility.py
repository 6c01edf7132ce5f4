"""Who may see a document. One decision for every path: pages, API, ask, graph, exports, digests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, insert, select

from kb.errors import DubanError, NotFoundError
from kb.models import Fact
from tasks import audit, schema
from tasks.audit import Change
from tasks.authorisation import Action, Actor, Decision, PersonRole, require
from tasks.fields import LONGEST_UNIT, check_words
from tasks.seals import standing
from tasks.units import Units, is_unit_id, read_units, title_of

if TYPE_CHECKING:
    from tasks.store import Store


class Level(StrEnum):
    """How far a document is open."""

    PUBLIC = "public"  # 公开: everyone who may read
    INTERNAL = "internal"  # 内部: those signed in
    RESTRICTED = "restricted"  # 限定: supervisors, auditors, administrators, officers of its units


class Visibility(Fact):
    """A document's level; `units` are the ids of those that see a restricted one. A name among
    them (see `tasks.units.unsettled_name`) opens it to nobody."""

    level: Level = Level.PUBLIC
    units: tuple[str, ...] = ()

    @property
    def unit_names(self) -> tuple[str, ...]:
        """Full names of the units."""
        return tuple(title_of(unit) for unit in self.units)

    @property
    def unsettled(self) -> tuple[str, ...]:
        """Names of which nobody has said yet whom they mean."""
        return tuple(unit for unit in self.units if not is_unit_id(unit))


def narrower(one: Visibility, other: Visibility) -> Visibility:
    """What only those may see who may see both: the narrower level, of two restricted ones the
    units that are in both (with none, only those see it who see all)."""
    order = list(Level)
    if one.level is not other.level:
        return max(one, other, key=lambda seen: order.index(seen.level))
    units = tuple(unit for unit in one.units if unit in other.units)
    return one.model_copy(update={"units": units})


ANONYMOUS = Actor(login="", roles=frozenset({PersonRole.READER}))
"""Someone who has not signed in, where reading is open to all."""
NOBODY = Actor(login="", roles=frozenset())
"""Someone who has not signed in, where it is not."""
_ALWAYS = frozenset({PersonRole.SUPERVISOR, PersonRole.AUDITOR, PersonRole.ADMIN})


def may_see(actor: Actor, seen: Visibility) -> Decision:
    """Whether `actor` may see a document, and why."""
    if not actor.roles:
        return Decision(allowed=False, zh="请先登录", en="sign in first")
    if seen.level is Level.PUBLIC:
        return Decision(allowed=True, zh="文件公开", en="the document is public")
    if not actor.login:
        return Decision(
            allowed=False, zh="文件只供登录后查看", en="the document is for those signed in"
        )
    if seen.level is Level.INTERNAL or actor.roles & _ALWAYS:
        return Decision(allowed=True, zh="已登录", en="signed in")
    if any(is_unit_id(unit) and unit in seen.units for unit in actor.units):
        return Decision(allowed=True, zh="文件发给其单位", en="the document is for their unit")
    return Decision(
        allowed=False, zh="文件限定单位查看", en="the document is for certain units only"
    )


def set_visibility(
    store: Store, actor: Actor, document_id: str, seen: Visibility, at: datetime
) -> Visibility:
    """Open or close a version of a document; gives who may see it, units by id. What it closes is
    closed in its former versions too; what it opens is opened in no other.

    Raises:
        DeniedError: the actor may not ingest documents.
        NotFoundError: there is no such document.
        DubanError: a restricted document without units.
        UnknownUnitError: there is no such unit.
        AmbiguousUnitError: a name that several units have.
    """
    require(actor, Action.INGEST)
    check_visibility(seen)
    with store.writing() as connection:
        known = schema.document.c.id
        if connection.scalar(select(known).where(known == document_id)) is None:
            raise NotFoundError(f"没有文件 {document_id} / no document {document_id}")
        return write_visibility(connection, actor, document_id, seen, at)


def check_visibility(seen: Visibility) -> None:
    """Check what can be checked without the document.

    Raises:
        DubanError: a restricted document without units, or a unit that cannot be kept.
    """
    units = [check_words("单位", "unit", unit, longest=LONGEST_UNIT) for unit in seen.units]
    if seen.level is Level.RESTRICTED and not any(units):
        raise DubanError("限定的文件要写明单位 / a restricted document needs its units")


def bind_visibility(store: Store, seen: Visibility) -> Visibility:
    """The same with the ids of its units, before there is a document.

    Raises:
        UnknownUnitError: there is no such unit.
        AmbiguousUnitError: a name that several units have.
    """
    if not seen.units:
        return seen
    with store.reading() as connection:
        bound = read_units(connection).bind_all(seen.units)
    return seen.model_copy(update={"units": bound})


def write_visibility(
    connection: Connection,
    actor: Actor,
    document_id: str,
    seen: Visibility,
    at: datetime,
    *,
    alone: bool = False,
) -> Visibility:
    """As `set_visibility`, of a document that is there, in the caller's transaction; `alone`: its
    former versions stay as they are."""
    known = read_levels(connection)
    before = known.get(document_id, Visibility())
    bound = read_units(connection).bind_all(seen.units, before.units)
    seen = seen.model_copy(update={"units": bound})
    changes = [_put(connection, actor.login, document_id, before, seen)]
    for key in () if alone else former_versions(connection, document_id):
        then = known.get(key, Visibility())
        # A former version may say what the new one leaves out: it is never opened by the way.
        if (narrowed := narrower(then, seen)) != then:
            changes.append(_put(connection, actor.login, key, then, narrowed))
    audit.append(connection, at, changes)
    return seen


def take_visibility(
    connection: Connection, actor: str, old: str, new: str, *, fresh: bool
) -> list[Change]:
    """Let a new version be seen by those only who may see the one that it replaces; one that was
    there before (not `fresh`) is not opened by that."""
    known = read_levels(connection)
    before = known.get(new, Visibility())
    former = known.get(old, Visibility())
    seen = former if fresh else narrower(before, former)
    return [] if seen == before else [_put(connection, actor, new, before, seen)]


def _put(
    connection: Connection, actor: str, document_id: str, before: Visibility, seen: Visibility
) -> Change:
    table = schema.visibility
    row = {"level": seen.level.value, "units": json.dumps(seen.units)}
    connection.execute(delete(table).where(table.c.document_id == document_id))
    connection.execute(insert(table), row | {"document_id": document_id})
    return Change(
        actor=actor, action="document.visibility", subject=document_id,
        detail={"standings": {document_id: standing(connection, document_id, "visibility")}},
        before=before.model_dump(mode="json"), after=seen.model_dump(mode="json"),
    )  # fmt: skip


def former_versions(connection: Connection, document_id: str) -> list[str]:
    """The versions that this one replaced, and those that they had replaced."""
    d = schema.document.c
    replaced: dict[str, list[str]] = {}
    for key, by in connection.execute(
        select(d.id, d.superseded_by).where(d.superseded_by.is_not(None))
    ):
        replaced.setdefault(by, []).append(key)
    found: list[str] = []
    waiting = [document_id]
    while waiting:
        earlier = [key for key in replaced.get(waiting.pop(), []) if key not in found]
        found += earlier
        waiting += earlier
    return [key for key in found if key != document_id]


def read_levels(connection: Connection) -> dict[str, Visibility]:
    """What was set, of documents that are not plainly public."""
    return {
        row.document_id: Visibility(level=row.level, units=tuple(json.loads(row.units)))
        for row in connection.execute(select(schema.visibility))
    }


def read_visibility(connection: Connection) -> dict[str, Visibility]:
    """The documents that are not plainly public. A withdrawn one is for those only who see all."""
    found = read_levels(connection)
    d = schema.document.c
    withdrawn = connection.scalars(select(d.id).where(d.withdrawn_at.is_not(None)))
    return found | {key: Visibility(level=Level.RESTRICTED) for key in withdrawn}


def hidden_from(connection: Connection, actor: Actor) -> frozenset[str]:
    """The documents that `actor` may not see: what a query leaves out."""
    known = read_visibility(connection)
    return frozenset(key for key, seen in known.items() if not may_see(actor, seen).allowed)


def visible_units(connection: Connection, actor: Actor, document: str = "") -> Units:
    """The units of what `actor` may see, to be found by whatever people call them: of the documents
    whose duties are tracked, and of one for reference where it is named. The one resolver of every
    front."""
    known = frozenset(connection.scalars(select(schema.document.c.id).where(schema.CURRENT)))
    return read_units(connection, known - hidden_from(connection, actor), named=document)


def visible_documents(store: Store, actor: Actor, ids: Sequence[str]) -> frozenset[str]:
    """Those of the documents that `actor` may see."""
    with store.reading() as connection:
        known = read_visibility(connection)
    return frozenset(key for key in ids if may_see(actor, known.get(key, Visibility())).allowed)

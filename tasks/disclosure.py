"""What a reader may know of the life of a duty. One decision for every front: pages, API, answers,
exports, digests, calendars, tools for language models.

Which documents somebody may see is `tasks.visibility`'s matter. Of the duties in a document that
they may see there are two kinds of knowledge:

- what the document says, and what follows from it and from the date: who bears a duty, by which
  day, how much, and that this day has passed. Whoever may see the document knows this.
- the life: what was reported, asked for, granted, sent back, cancelled, by whom, with what proof,
  and whatever follows from any of it: the state in the cycle, overdue or not, behind, finished.
  It is for those who are signed in.

Whoever is not told of lives gets the same bytes whether a duty was never touched or is long
closed: a list that left the finished ones out, or moved an extended one, would tell of them. So
their lists say 时限已过 (its day has passed), never 逾期 (overdue), which only who knows the life
can say.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy import select

from kb.errors import NotFoundError
from tasks import audit, schema
from tasks.authorisation import Actor, PersonRole
from tasks.due import Lives
from tasks.proofs import steps_naming
from tasks.replay import later_ids
from tasks.store import Store
from tasks.visibility import Visibility, may_see, read_visibility


class Part(StrEnum):
    """A part of what is known of a duty beside its document."""

    LIFE = "life"  # 状态、进展、实际值、延期、退回: how it stands and what was reported
    HISTORY = "history"  # 经过: who did what, when, in what words
    EVIDENCE = "evidence"  # 证明材料: names and bytes of files
    CORRECTIONS = "corrections"  # 更正: who corrected what was read, and why
    PEOPLE = "people"  # 经办人: names of those who work on it
    ALL_DELIVERIES = "all_deliveries"  # 发送记录: of all units, with the copies kept


_KNOWN = frozenset(PersonRole)
_SEES_ALL = frozenset({PersonRole.SUPERVISOR, PersonRole.AUDITOR, PersonRole.ADMIN})
DISCLOSED: Mapping[Part, frozenset[PersonRole]] = MappingProxyType(
    {
        Part.LIFE: _KNOWN,
        Part.HISTORY: _KNOWN,
        Part.EVIDENCE: _KNOWN,
        Part.CORRECTIONS: _KNOWN,
        Part.PEOPLE: _KNOWN,
        Part.ALL_DELIVERIES: _SEES_ALL,
    }
)
"""Who is told which part, of documents that they may see; nobody who is not signed in is told any.
An officer of another unit knows of a duty in a document open to them what its bearers know: units
that share a document work by it. What is not for them stands in a restricted document. The audit log is
an action of its own (`tasks.authorisation.Action.READ_AUDIT`)."""


def may_know(reader: Actor, part: Part) -> bool:
    """Whether `reader` is told this part of duties in documents that they may see."""
    return bool(reader.login) and not reader.roles.isdisjoint(DISCLOSED[part])


def disclose(reader: Actor, lives: Lives) -> Lives | None:
    """The lives as `reader` may know them; None where they are told of none, which is not the same
    as that nothing was ever reported (see `tasks.due.standings`)."""
    return lives if may_know(reader, Part.LIFE) else None


def name_of_evidence(store: Store, reader: Actor, sha256: str) -> str:
    """The name under which a step that `reader` may know of has a file. They may have a file who may
    see what was reported with it: who is told that part of lives, of the milestone as it was when
    the step was taken, or as one that took its place has its history, in a document open to them.

    Raises:
        NotFoundError: there is no such file, or none that they may know of: the two are not told
            apart.
    """
    m = schema.milestone.c
    with store.reading() as connection:
        steps = steps_naming(connection, sha256)
        carried = list(audit.read(connection, action=audit.CARRIED)) if steps else []
        lines = [(later_ids(carried, key), command) for key, command in steps]
        query = select(m.id, m.document_id).where(
            m.id.in_({key for ids, _ in lines for key in ids})
        )
        places = {row.id: row.document_id for row in connection.execute(query)}
        levels = read_visibility(connection)
    seen = {
        key
        for key, place in places.items()
        if may_see(reader, levels.get(place, Visibility())).allowed
    }
    for ids, command in lines if may_know(reader, Part.EVIDENCE) else ():
        if not seen.isdisjoint(ids):
            for piece in command.evidence:
                if piece.sha256 == sha256:
                    return piece.name
    raise NotFoundError(f"没有附件 {sha256} / no evidence {sha256}")

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

from tasks.authorisation import Actor, PersonRole
from tasks.due import Lives


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

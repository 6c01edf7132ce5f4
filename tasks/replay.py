"""Progress computed anew from the audit log alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import TypeVar

from sqlalchemy import Connection

from tasks import audit
from tasks.lifecycle import Command, Life, carry_life, take_step

_NAMED = 2000
"""Lives whose steps are asked for by name; of more, all steps are read."""


def replay(
    entries: Iterable[audit.Entry], *, until: date | None = None
) -> dict[tuple[str, str], Life]:
    """Lives computed anew from the audit log alone; with `until`, from the steps up to that day.

    Documents read again since then count as read: their duties go by their present ids.
    """
    lives: dict[tuple[str, str], Life] = {}
    for entry in entries:
        advance(lives, entry, until=until)
    return lives


def advance(
    lives: dict[tuple[str, str], Life], entry: audit.Entry, *, until: date | None = None
) -> None:
    """Lives after one more entry; of a step after `until` nothing."""
    if entry.action == audit.STEPPED:
        command = Command.model_validate(entry.detail)
        if until is not None and command.on > until:
            return
        key = command.milestone_id, command.occurrence
        before = lives.get(key) or Life(milestone_id=key[0], occurrence=key[1])
        lives[key] = take_step(before, command)
    elif entry.action == audit.CARRIED:
        _carry(lives, entry)


def brief(life: Life) -> dict[str, object]:
    """What an entry of the log says of a life before and after a step."""
    wanted = {"status", "due", "percent", "values", "reports", "asked"}
    return {k: v for k, v in life.model_dump(mode="json").items() if k in wanted}


def replay_some(
    connection: Connection, keys: Collection[tuple[str, str]], until: date
) -> dict[tuple[str, str], Life]:
    """As `replay`, of these lives only: of the log just their own steps are read, and where
    documents carried them."""
    carried = list(audit.read(connection, action=audit.CARRIED))
    known = {key: {key} for key, _ in keys}
    for entry in reversed(carried):
        came: dict[str, set[str]] = {}
        for old, new in entry.detail["milestones"].items():
            came.setdefault(new, set()).add(old)
        for ids in known.values():
            ids.update(*(came[new] for new in ids & came.keys()))
    former = set().union(*known.values())
    subjects = {f"{m}@{o}" if o else m for key, o in keys for m in known[key]}
    steps: list[audit.Entry] = []
    if len(subjects) <= _NAMED:
        steps += audit.read(connection, action=audit.STEPPED, subjects=subjects)
    else:
        every = audit.read(connection, action=audit.STEPPED)
        steps += (e for e in every if e.subject.partition("@")[0] in former)
    entries = sorted([*carried, *steps], key=lambda entry: entry.seq)
    then = replay(entries, until=until)
    return {key: then[key] for key in keys if key in then}


def former_ids(entries: Iterable[audit.Entry], milestone_id: str) -> set[str]:
    """All ids that a milestone had in earlier versions of its document, its own among them."""
    known = {milestone_id}
    for entry in reversed([e for e in entries if e.action == audit.CARRIED]):
        known |= {old for old, new in entry.detail["milestones"].items() if new in known}
    return known


_Kept = TypeVar("_Kept")


def rename(
    kept: dict[tuple[str, str], _Kept], moved: Mapping[str, str]
) -> dict[tuple[str, str], _Kept]:
    """What is kept by milestone and occurrence under the milestones' new ids, all at once: what was
    left under an id that is taken goes."""
    taken = set(moved.values())
    stays = {key: v for key, v in kept.items() if key[0] not in moved and key[0] not in taken}
    return stays | {(moved[m], o): v for (m, o), v in kept.items() if m in moved}


def _carry(lives: dict[tuple[str, str], Life], entry: audit.Entry) -> None:
    """Rename all at once, as the store does: what was left under an id that is taken goes."""
    moved, targets = entry.detail["milestones"], entry.detail["targets"]
    leaving = [lives.pop(key) for key in list(lives) if key[0] in moved]
    taken = set(moved.values())
    for key in [key for key in lives if key[0] in taken]:
        del lives[key]
    for life in leaving:
        fresh = carry_life(life, moved, targets)
        lives[fresh.key] = fresh

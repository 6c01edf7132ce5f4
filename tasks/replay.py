"""Progress computed anew from the audit log alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

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
        if entry.action == audit.STEPPED:
            command = Command.model_validate(entry.detail)
            if until is not None and command.on > until:
                continue
            key = command.milestone_id, command.occurrence
            before = lives.get(key) or Life(milestone_id=key[0], occurrence=key[1])
            lives[key] = take_step(before, command)
        elif entry.action == audit.CARRIED:
            _carry(lives, entry)
    return lives


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

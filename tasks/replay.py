"""Progress computed anew from the audit log alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from tasks import audit
from tasks.lifecycle import Command, Life, carry_life, take_step


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

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
            moved, targets = entry.detail["milestones"], entry.detail["targets"]
            for key in [k for k in lives if k[0] in moved]:
                life = carry_life(lives.pop(key), moved, targets)
                lives[life.key] = life
    return lives

"""Progress computed anew from the audit log alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TypeVar

from sqlalchemy import Connection, func, select

from tasks import audit, schema
from tasks.lifecycle import Command, Life, carry_life, take_step

_NAMED = 2000
"""Lives whose steps are asked for by name; of more, all steps are read."""


def latest_day(at: datetime) -> date:
    """The day that a moment is where it is latest on earth, UTC+14: no later one has come."""
    return (at.astimezone(UTC) + timedelta(hours=14)).date()


def replay(
    entries: Iterable[audit.Entry],
    *,
    until: date | None = None,
    days: Mapping[int, date] | None = None,
) -> dict[tuple[str, str], Life]:
    """Lives computed anew from the audit log alone; with `until`, as they were at the end of that
    day: the order of the steps is the log's, so a life is then what the last of its steps of that
    day or before made of it.

    Documents read again since then count as read: their duties go by their present ids.

    Args:
        entries: of the whole log, or (with `days`) those of the lives that are wanted.
        until: the day; None: all steps.
        days: on what days the steps were really taken whose day is ahead of the log (by number, see
            `days_ahead`); by default as `entries` tell.
    """
    if until is not None and days is None:
        entries = list(entries)
        days = _days_told(entries)
    whole: dict[tuple[str, str], Life] = {}
    then = whole if until is None else dict[tuple[str, str], Life]()
    for entry in entries:
        advance(whole, entry)
        if until is None:
            continue
        if entry.action == audit.STEPPED:
            command = Command.model_validate(entry.detail)
            key = command.milestone_id, command.occurrence
            if (days or {}).get(entry.seq, command.on) <= until:
                then[key] = whole[key]
        elif entry.action == audit.CARRIED:
            _carry(then, entry)
    return then


def days_ahead(connection: Connection, steps: Iterable[audit.Entry]) -> dict[int, date]:
    """The days on which those of the steps were taken, by number, whose clock was ahead: they say a
    day that had not come when a later entry was written. They were taken by the time of the first
    such entry; where there is none yet, nothing is known but what they say. What follows later
    changes none of these days."""
    a, before = schema.audit.c, schema.audit.alias().c
    turns = connection.execute(
        select(a.seq, a.at).where(before.seq == a.seq - 1, a.at < before.at).order_by(a.seq)
    ).all()
    back: list[tuple[int, str]] = []
    for seq, at in turns:
        earlier = select(func.count()).select_from(schema.audit).where(a.seq < seq)
        total = connection.scalar(earlier) or 0
        if _is_sound(connection.scalar(earlier.where(a.at > at)) or 0, total):
            back.append((seq, at))
    return _dated(steps, back)


def _days_told(entries: Sequence[audit.Entry]) -> dict[int, date]:
    """As `days_ahead`, of a whole log that is at hand."""
    back = [
        (entry.seq, entry.at)
        for place, (former, entry) in enumerate(pairwise(entries), start=1)
        if entry.at < former.at and _is_sound(sum(e.at > entry.at for e in entries[:place]), place)
    ]
    return _dated((e for e in entries if e.action == audit.STEPPED), back)


def _is_sound(later: int, total: int) -> bool:
    """Whether an entry that is earlier than the one before it was written by a sound clock: of the
    `total` entries before it few are `later`. Else it is its own clock that was behind."""
    return 2 * later <= total


def _dated(steps: Iterable[audit.Entry], back: Sequence[tuple[int, str]]) -> dict[int, date]:
    """Days of the steps that entries at which the log's time went `back` show to be ahead."""
    found: dict[int, date] = {}
    for step in steps if back else ():
        at = next((at for seq, at in back if seq > step.seq and at < step.at), None)
        if at is not None and _day(step) > (day := latest_day(datetime.fromisoformat(at))):
            found[step.seq] = day
    return found


def _day(step: audit.Entry) -> date:
    return date.fromisoformat(step.detail["on"])


def advance(lives: dict[tuple[str, str], Life], entry: audit.Entry) -> None:
    """Lives after one more entry."""
    if entry.action == audit.STEPPED:
        command = Command.model_validate(entry.detail)
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
    then = replay(entries, until=until, days=days_ahead(connection, steps))
    return {key: then[key] for key in keys if key in then}


def later_ids(carried: Iterable[audit.Entry], milestone_id: str) -> list[str]:
    """The ids that a milestone had from this one on, in the order of the log; `carried` are the
    entries of that kind, oldest first."""
    found = [milestone_id]
    for entry in carried:
        after = entry.detail["milestones"].get(found[-1])
        if after is not None:
            found.append(after)
    return found


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

"""What exports say, in Chinese and English: names of roles, states and colours; deadlines in a line
(targets and numbers: `tasks.words`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kb.wording import Names, wording
from tasks.deadline_words import NO_DEADLINE, ONGOING, describe_arrangements
from tasks.due import Colour, State
from tasks.lifecycle import STATUS_NAMES
from tasks.models import Certainty, DueKind
from tasks.undated import is_ongoing
from tasks.words import NOT_TOLD

if TYPE_CHECKING:
    from tasks.exports.rows import ExportRow

STATE_TITLES = wording("tasks", "states", State)
COLOUR_TITLES = wording("tasks", "colours", Colour)
_CERTAINTIES = wording("tasks", "certainties", set(Certainty) - {Certainty.EXPLICIT})


def side(names: Names, language: str) -> str:
    """One of the two languages."""
    return names[1 if language == "en" else 0]


def describe_status(row: ExportRow, language: str) -> str:
    """Where it stands in the cycle, or that its reader is not told."""
    return side(STATUS_NAMES[row.status] if row.status else NOT_TOLD, language)


def describe_deadline(row: ExportRow, language: str) -> str:
    """The deadline as printed, with its kind and certainty said where they are not plain."""
    notes: list[Names] = []
    if row.deadline_kind is DueKind.START:
        notes.append(("起始时间，不计逾期", "a start: never overdue"))
    elif row.deadline_kind is DueKind.RECURRING:
        during = (f"仅在：{row.event}", f"only during: {row.event}")
        notes.append(during if row.event else ("每期", "recurring"))
    elif row.deadline_kind is DueKind.RELATIVE:
        event = row.event or row.deadline_text
        waits = (f"待事件：{event}", f"waits for: {event}")
        if not row.told:  # whether it happened is part of the life
            waits = (f"从事件起算：{event}", f"runs from: {event}")
        notes.append((row.occurrence, row.occurrence) if row.occurrence else waits)
    elif row.deadline_kind is DueKind.NONE:
        notes.append(ONGOING if is_ongoing(row.deadline_kind, row.certainty) else NO_DEADLINE)
    elif row.deadline_kind is DueKind.IN:
        notes.append(("在此期间", "within that time"))
    notes += [_CERTAINTIES[c] for c in row.certainty if c in _CERTAINTIES]
    if rests := describe_arrangements(row.arrangements, language):
        notes.append((rests, rests))
    if row.extended:
        notes.append((f"延期至 {row.due}", f"extended to {row.due}"))
    printed = "".join(row.deadline_text.split()) or str(row.due_by_text or "")
    return printed + _bracket([side(n, language) for n in notes], language)


def describe_days(row: ExportRow, language: str) -> str:
    """How many days it is overdue, or how many are left; empty where that means nothing."""
    if row.days_overdue:
        return side((f"逾期{row.days_overdue}天", f"{row.days_overdue} days overdue"), language)
    if row.days_left is not None and row.state is State.DUE_SOON:
        return side((f"还有{row.days_left}天", f"in {row.days_left} days"), language)
    return ""


def _bracket(notes: list[str], language: str) -> str:
    if not notes:
        return ""
    return f"（{'；'.join(notes)}）" if language == "zh" else f" ({'; '.join(notes)})"

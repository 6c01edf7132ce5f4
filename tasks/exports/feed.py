"""Deadlines as an iCalendar feed (RFC 5545), all-day events that any office calendar shows.

To-dos (VTODO) would say more exactly what a deadline is, but most calendars that offices use show
events only. Each occurrence is an event of its own: its progress is its own. An event keeps its
UID over new versions of the document (see `rows.read_anchors`), its SEQUENCE grows with every change in
the audit log and with every new version, and DTSTAMP is the moment of the last change, so equal
state gives equal bytes. Its colour category follows the day asked about and leaves SEQUENCE alone.
What was cancelled is in the feed as CANCELLED, what is completed is no longer in it; for those who
are not told (`tasks.disclosure`) it stays, as the text has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from icalendar import Alarm, Calendar, Event

from tasks.abolished import marked
from tasks.due import State
from tasks.exports.cells import plain
from tasks.exports.rows import ExportRow
from tasks.exports.words import COLOUR_TITLES, describe_deadline, describe_status, side
from tasks.exports.workbook import Heading
from tasks.lifecycle import Status
from tasks.words import ROLE_TITLES, describe_target

REMIND_DAYS = 7
"""Days before a deadline that a calendar reminds of it, at nine in the morning there."""
_NINE = timedelta(hours=9)
_LONGEST = 80
"""Characters of an event's title."""


def render_ics(
    rows: Sequence[ExportRow], heading: Heading, *, remind_days: int | None = REMIND_DAYS
) -> bytes:
    """The feed's bytes; without a reminder where `remind_days` is None.

    Rows without a day (a mere start, an event not recorded yet) have no place in a calendar.
    """
    calendar = Calendar()
    name = plain(f"{heading.scope}督办时限" if heading.language == "zh" else f"Deadlines {heading.scope}".strip())  # fmt: skip
    calendar.add("prodid", "-//duban//duban exports//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", timedelta(days=1), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "P1D")
    for row in sorted(in_calendar(rows), key=lambda r: (str(r.due), r.uid)):
        calendar.add_component(_event(row, heading, remind_days))
    found: bytes = calendar.to_ical(sorted=True)
    return found


def in_calendar(rows: Sequence[ExportRow]) -> list[ExportRow]:
    """The rows that have a place in a calendar: those with a day that are not done with; what was
    cancelled stays, so that calendars take it out."""
    return [r for r in rows if r.due and (r.state is not State.FINISHED or _cancelled(r))]


def _cancelled(row: ExportRow) -> bool:
    return row.status is Status.CANCELLED


def _event(row: ExportRow, heading: Heading, remind_days: int | None) -> Event:
    assert row.due is not None  # noqa: S101 - the caller's choice
    event = Event()
    event.add("uid", row.uid)
    event.add("sequence", row.sequence)
    event.add("dtstamp", row.changed_at.replace(microsecond=0))
    event.add("last-modified", row.changed_at.replace(microsecond=0))
    event.add("dtstart", row.due)
    event.add("dtend", row.due + timedelta(days=1))
    event.add("summary", _title(row))
    event.add("description", _description(row, heading.language))
    event.add("status", "CANCELLED" if _cancelled(row) else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    colour = side(COLOUR_TITLES[row.colour], heading.language)
    event.add("categories", [heading.pick("督办", "duban"), *([colour] if colour else [])])
    if heading.base_url:
        event.add("url", row.link(heading.base_url))
    if remind_days is not None and not _cancelled(row):
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", _title(row))
        alarm.add("trigger", _NINE - timedelta(days=remind_days))
        event.add_component(alarm)
    return event


def _title(row: ExportRow) -> str:
    text = plain(" ".join(row.commitment.split())) or plain(" ".join(row.title.split()))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _description(row: ExportRow, language: str) -> str:
    zh = language == "zh"
    lines = [row.task]
    for role, names in ROLE_TITLES.items():
        if units := row.bearing(role):
            lines.append(f"{side(names, language)}{'：' if zh else ': '}{'、'.join(units)}")
    lines.append(f"{'时限：' if zh else 'deadline: '}{describe_deadline(row, language)}")
    lines += [
        f"{'目标：' if zh else 'target: '}{describe_target(t, language)}" for t in row.targets
    ]
    if row.told:
        done = "" if row.percent is None else f" {row.percent}%"
        state = describe_status(row, language)
        silent = side(("未报告进展", "no progress reported"), language)
        lines.append(
            f"{'状态：' if zh else 'status: '}{state}{done}{'' if row.reports else f' {silent}'}"
        )
    number = row.document_number or row.document
    source = marked(f"{number} {row.plan} {row.path}", row.abolished_by, language)
    lines.append(f"{'来源：' if zh else 'source: '}{source}")
    return plain("\n".join(lines))

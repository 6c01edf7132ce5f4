"""Recurrences and lengths of time in words: 每季度 for `FREQ=MONTHLY;INTERVAL=3`, 3个月 for `P3M`."""

from __future__ import annotations

import re

_EVERY = {
    "YEARLY": ("年", "year"),
    "MONTHLY": ("月", "month"),
    "WEEKLY": ("周", "week"),
    "DAILY": ("天", "day"),
}
_COUNTED = {"MONTHLY": "个月"}
_NAMED = {
    ("MONTHLY", "3"): ("每季度", "every quarter"),
    ("MONTHLY", "6"): ("每半年", "every half year"),
}
SPANS = {"Y": ("年", "years"), "M": ("个月", "months"), "W": ("周", "weeks"), "D": ("天", "days")}
"""The letters of an ISO 8601 duration of whole days and more, named in both languages."""
DURATION = re.compile(r"P(\d+)([YMWD])")
"""A duration that is counted in one of `SPANS`."""


def describe_recurrence(rrule: str, language: str) -> str:
    """An RFC 5545 rule in words: 每年6月, or every year, month 6. The rule itself where words fail."""
    parts = dict(part.split("=", 1) for part in rrule.split(";") if "=" in part)
    freq, step = parts.get("FREQ", ""), parts.get("INTERVAL", "1")
    months = parts.get("BYMONTH", "").replace(",", "、")
    if named := _NAMED.get((freq, step)):
        zh, en = named
    elif names := _EVERY.get(freq):
        zh = f"每{names[0]}" if step == "1" else f"每{step}{_COUNTED.get(freq, names[0])}"
        en = f"every {names[1]}" if step == "1" else f"every {step} {names[1]}s"
    else:
        return rrule
    if language == "zh":
        return f"{zh}{months}月" if months else zh
    return f"{en}, month {months}" if months else en


def describe_length(duration: str, language: str) -> str:
    """An ISO 8601 duration in words: 3个月, or 3 months. As it is where words fail."""
    parts = DURATION.fullmatch(duration)
    if parts is None:
        return duration
    zh, en = SPANS[parts[2]]
    if language == "zh":
        return f"{parts[1]}{zh}"
    return f"{parts[1]} {en.removesuffix('s') if parts[1] == '1' else en}"


def describe_relative(event: str, duration: str, language: str) -> str:
    """A time after an event: 竣工验收合格起 3个月内, or within 3 months of 竣工验收合格."""
    length = describe_length(duration, language)
    if language == "zh":
        return f"{event}起 {length}内"
    return f"within {length} of {event or 'the event'}"

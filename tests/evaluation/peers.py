"""Compares our readings of times and numbers with the `policy` reading of the peer cases."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from kb.language.times import Bound, Time, TimeKind, find_times


def load_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def time_row_right(row: dict[str, Any]) -> bool:
    """Whether every expected mention of a time case is read as policy text means it."""
    reference = date.fromisoformat(row["reference_date"]) if row["reference_date"] else None
    found = find_times(row["text"], reference=reference)
    expected = row["expected"].get("mentions", [row["expected"]])
    return all(_time_matches(e["policy"], e, found) for e in expected)


def _time_matches(policy: dict[str, Any], expected: dict[str, Any], found: list[Time]) -> bool:
    start = expected["offset"]
    end = start + len(expected["mention"])
    overlapping = [_reading(t) for t in found if t.start < end and start < t.end]
    if policy.get("start", 1) is None and policy.get("end", 1) is None:
        return not any(r.get("start") or r.get("end") for r in overlapping)
    return any(_same_time(policy, r) for r in overlapping)


def _reading(time: Time) -> dict[str, Any]:
    """A time in the keys of the peer cases, with only those that it has."""
    result: dict[str, Any] = {}
    if time.rrule:
        return {"rrule": time.rrule}
    opened = time.kind is TimeKind.DURATION or time.bound not in (Bound.EDGE, Bound.WITHIN)
    if time.first and opened:
        result["start"] = time.first.isoformat()
    if time.last:
        result["end"] = time.last.isoformat()
    if time.duration_max or time.bound in (Bound.AT_LEAST, Bound.AT_MOST):
        low = time.bound is not Bound.AT_MOST
        result |= {"min_duration": time.duration if low else None,
                   "max_duration": time.duration_max if low else time.duration}  # fmt: skip
    elif time.duration and not (time.first and time.last):
        result["duration"] = time.duration
    return result


def _same_time(policy: dict[str, Any], reading: dict[str, Any]) -> bool:
    slack = policy.get("tolerance_days", 0)
    for key in ("start", "end"):
        if (policy.get(key) is None) != (reading.get(key) is None):
            return False
        if policy.get(key):
            days = abs((date.fromisoformat(policy[key]) - date.fromisoformat(reading[key])).days)
            if days > slack:
                return False
    for key in ("min_duration", "max_duration", "rrule"):
        if policy.get(key) != reading.get(key):
            return False
    if "duration" in policy and "end" not in policy:
        return reading.get("duration") in (policy["duration"], *policy.get("accept", ()))
    return True

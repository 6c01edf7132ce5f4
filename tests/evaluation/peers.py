"""Compares our readings of times and numbers with the `policy` reading of the peer cases."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any


def load_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def time_row_right(row: dict[str, Any]) -> bool:
    """Whether every expected mention of a time case is read as policy text means it."""
    from ingest.dates import find_times, reading_of

    reference = date.fromisoformat(row["reference_date"]) if row["reference_date"] else None
    found = find_times(row["text"], reference=reference)
    expected = row["expected"].get("mentions", [row["expected"]])
    return all(_time_matches(e["policy"], e, found, reading_of) for e in expected)


def _time_matches(
    policy: dict[str, Any], expected: dict[str, Any], found: Any, reading: Any
) -> bool:
    start = expected["offset"]
    end = start + len(expected["mention"])
    overlapping = [reading(m) for m in found if m.at < end and start < m.to]
    if policy.get("start", 1) is None and policy.get("end", 1) is None:
        return not any(r.get("start") or r.get("end") for r in overlapping)
    return any(_same_time(policy, r) for r in overlapping)


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

"""Number cases of two public projects, judged by their reading for policy text.

Left out: rows whose policy reading is not one quantity (`note` says why) and salaries in colloquial
shorthand (15k, 30w), which policy text does not use.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from ingest.quantities import normalize_quantity


def belongs(row: dict[str, Any]) -> bool:
    """Whether policy text uses this kind of case."""
    return "policy" in row["expected"] and not re.search(r"\d[kKwW](?![a-zA-Z])", row["text"])


def number_row_right(row: dict[str, Any]) -> bool:
    """Whether the case is read as its policy reading says."""
    expected = row["expected"].get("policy")
    found = normalize_quantity(row["expected"].get("mention") or row["text"])
    whole = normalize_quantity(row["text"])
    return _same(expected, found) or _same(expected, whole)


def _same(expected: Any, found: dict[str, Any] | None) -> bool:
    if expected is None or expected.get("target") is False or expected.get("value", 0) is None:
        return found is None
    if found is None:
        return False
    for key in ("value", "min", "max"):
        if key in expected and (
            key not in found or abs(Decimal(str(expected[key])) - found[key]) > Decimal("1e-9")
        ):
            return False
    if expected.get("unit") and expected["unit"] != found.get("unit"):
        return False
    if "comparator" in expected and expected["comparator"] != found.get("comparator"):
        return bool(expected.get("approx") and found.get("approx"))
    return all(
        expected[key] == found.get(key)
        for key in ("min_inclusive", "max_inclusive")
        if key in expected
    )

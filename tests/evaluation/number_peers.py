"""Number cases of two public projects, judged by their reading for policy text.

Left out: rows whose policy reading is not one quantity (`note` says why) and salaries in colloquial
shorthand (15k, 30w), which policy text does not use.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from kb.language.quantities import Comparator, Quantity, QuantityForm, find_quantities

# As the cases print them, where targets are printed otherwise.
_UNITS = {"个百分点": "百分点", "周岁": "岁", "块": "元"}
_LOWER = {Comparator.AT_LEAST: True, Comparator.MORE: False}
_UPPER = {Comparator.AT_MOST: True, Comparator.LESS: False}


def belongs(row: dict[str, Any]) -> bool:
    """Whether policy text uses this kind of case."""
    return "policy" in row["expected"] and not re.search(r"\d[kKwW](?![a-zA-Z])", row["text"])


def number_row_right(row: dict[str, Any]) -> bool:
    """Whether the case is read as its policy reading says."""
    expected = row["expected"].get("policy")
    found = read_one(row["expected"].get("mention") or row["text"])
    whole = read_one(row["text"])
    return _same(expected, found) or _same(expected, whole)


def read_one(text: str) -> dict[str, Any] | None:
    """The quantities of a short text in the shape of the cases: one value, or both ends of a range."""
    found = find_quantities(text)
    if not found:
        return None
    if len(found) > 1 and (bounds := _bounds(found)) is not None:
        return bounds
    q = found[0]
    if q.form is QuantityForm.FRACTION:
        return {"value": q.value / 100, "unit": None} | _how(q)
    return {"value": q.value, "unit": _UNITS.get(q.measure or "", q.measure)} | _how(q)


def _bounds(found: list[Quantity]) -> dict[str, Any] | None:
    """Two bounds on one number: 大于20的同时小于等于35, and the ends of a range."""
    low = next((q for q in found if q.comparator in _LOWER), None)
    high = next((q for q in found if q.comparator in _UPPER), None)
    if low is None or high is None or low.value > high.value:
        return None
    assert low.comparator
    assert high.comparator
    unit = high.measure or low.measure
    return {
        "min": low.value,
        "max": high.value,
        "min_inclusive": _LOWER[low.comparator],
        "max_inclusive": _UPPER[high.comparator],
        "unit": _UNITS.get(unit or "", unit),
    }


def _how(q: Quantity) -> dict[str, Any]:
    said = {"comparator": q.comparator.value} if q.comparator else {}
    return said | ({"approx": True} if q.approximate else {})


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

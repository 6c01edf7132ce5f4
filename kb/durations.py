"""Lengths of time by ISO 8601: `P3M`, `P2Y6M`, `P0.5D`, `PT15M`, and what a calendar of days makes of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from dateutil.relativedelta import relativedelta

DATE_UNITS = ("Y", "M", "W", "D")
TIME_UNITS = ("TH", "TM", "TS")
UNITS = (*DATE_UNITS, *TIME_UNITS)
"""The units of a length from the longest: years, months, weeks, days, then hours, minutes and seconds,
which stand after the T of ISO 8601."""

_AMOUNT = r"(?:(\d{1,5}(?:\.\d{1,2})?)%s)?"
_FORM = re.compile(
    r"P(?=[\dT])" + "".join(_AMOUNT % unit for unit in DATE_UNITS)
    + r"(?:T(?=\d)" + "".join(_AMOUNT % unit[1] for unit in TIME_UNITS) + ")?"
)  # fmt: skip
_HOURS = {"TH": Decimal(24), "TM": Decimal(24 * 60), "TS": Decimal(24 * 60 * 60)}
"""How many of a unit a day has."""
_MONTH = 30
"""Days that stand for a part of a month (1.5个月 is a month and 15 days)."""


def parse_duration(printed: str) -> dict[str, Decimal] | None:
    """The amounts of a duration by unit, longest first, below zero for one that runs backwards
    (`-P30D`, as RFC 5545 writes it); None where it is none.

    >>> parse_duration("P1DT12H")
    {'D': Decimal('1'), 'TH': Decimal('12')}
    """
    match = _FORM.fullmatch(printed.removeprefix("-"))
    if match is None:
        return None
    sign = -1 if printed.startswith("-") else 1
    found = zip(UNITS, match.groups(), strict=True)
    return {unit: sign * Decimal(amount) for unit, amount in found if amount}


def print_duration(amounts: Iterable[tuple[str, Decimal]]) -> str:
    """The duration of some amounts above zero by unit, longest first.

    >>> print_duration([("TM", Decimal(15))])
    'PT15M'
    """
    printed, clock = "P", False
    for unit, amount in amounts:
        if unit in TIME_UNITS and not clock:
            printed, clock = printed + "T", True
        printed += f"{amount:f}{unit[-1]}"
    return printed


def within_a_day(amounts: Iterable[str]) -> bool:
    """Whether it is counted in hours, minutes or seconds only: it has no day of its own until the
    hour of its event is known."""
    return all(unit in TIME_UNITS for unit in amounts)


def days_step(amounts: Mapping[str, Decimal]) -> relativedelta:
    """The whole days, months and years of a length. Of hours the full days count and what is over
    is left out: from a day whose hour is not known 15分钟 ends on the day itself, 24小时 on the next."""
    years = int(amounts.get("Y", Decimal(0)))
    month_sum = amounts.get("M", Decimal(0)) + 12 * (amounts.get("Y", Decimal(0)) - years)
    months = int(month_sum)
    days = (
        amounts.get("W", Decimal(0)) * 7
        + amounts.get("D", Decimal(0))
        + _MONTH * (month_sum - months)
    )
    days += sum((amounts.get(unit, Decimal(0)) / many for unit, many in _HOURS.items()), Decimal(0))
    return relativedelta(years=years, months=months, days=int(days))

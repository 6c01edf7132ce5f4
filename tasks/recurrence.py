"""Recurring deadlines by the rules of RFC 5545: on which days they fall, month ends among them.

RFC 5545 leaves out a month that lacks the day (BYMONTHDAY=31 has no occurrence in April); 每月31日前
means the month's last day there. A rule that says so in the standard's own terms is the last of the
days 28 to 31 (`BYMONTHDAY=28,29,30,31;BYSETPOS=-1`), which every calendar reads alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache

from dateutil.rrule import rrulestr

from tasks.models import Deadline

_SHORTEST = {2: 28, 4: 30, 6: 30, 9: 30, 11: 30}
_LONGEST = {**_SHORTEST, 2: 29}


def parse_rule(rrule: str) -> dict[str, str]:
    """The parts of a rule by name, in order."""
    return dict(part.split("=", 1) for part in rrule.split(";") if "=" in part)


def print_rule(parts: Mapping[str, str]) -> str:
    """The rule of some parts."""
    return ";".join(f"{name}={value}" for name, value in parts.items())


def month_end_rule(rrule: str) -> str:
    """The rule with a day that some of its months lack put on their last day: one occurrence a month,
    on the day or the month's end, whichever comes first. A rule that needs nothing of the kind stays.

    >>> month_end_rule("FREQ=MONTHLY;BYMONTHDAY=30")
    'FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1'
    """
    parts = parse_rule(rrule)
    if parts.get("FREQ") not in ("MONTHLY", "YEARLY") or {"BYSETPOS", "BYDAY"} & parts.keys():
        return rrule
    try:
        days = sorted({int(day) for day in parts.get("BYMONTHDAY", "").split(",")})
        months = [int(month) for month in parts.get("BYMONTH", "").split(",") if month]
    except ValueError:
        return rrule
    months = months or list(range(1, 13))
    shortest = min(_SHORTEST.get(month, 31) for month in months)
    late = [day for day in days if day > shortest]
    if len(late) != 1 or days[0] < 0:
        return rrule  # nothing to mend, or (29,31) nothing that one rule can say
    [day] = late
    early = [str(one) for one in days if one <= shortest]
    if day >= max(_LONGEST.get(month, 31) for month in months):
        return print_rule(parts | {"BYMONTHDAY": ",".join([*early, "-1"])})
    if parts["FREQ"] == "YEARLY" and len(months) > 1:
        if parts.get("INTERVAL", "1") != "1":
            return rrule
        # A position counts within the rule's own period: the month's, not the year's.
        parts = {
            "FREQ": "MONTHLY",
            **{n: v for n, v in parts.items() if n not in ("FREQ", "INTERVAL")},
        }
    ends = [str(one) for one in range(shortest, day + 1) if str(one) not in early]
    places = [str(place) for place in range(1, len(early) + 1)]
    return print_rule(
        parts | {"BYMONTHDAY": ",".join([*early, *ends]), "BYSETPOS": ",".join([*places, "-1"])}
    )


def occurrences(deadline: Deadline, first: date, last: date) -> list[date]:
    """The due days of a recurring deadline in `[first, last]`, in order.

    A rule that names no day is due on the last day of its period: YEARLY on 31 December, with a
    month on that month's last day, MONTHLY on the month's last day, WEEKLY on Sunday; a rule for
    every third or sixth month on the last day of the quarter or half.
    """
    if deadline.rrule is None or first > last:
        return []
    return list(_days_of_rule(deadline.rrule, first, last))


@lru_cache(maxsize=4096)
def _days_of_rule(printed: str, first: date, last: date) -> tuple[date, ...]:
    parts = parse_rule(month_end_rule(printed))
    freq = parts["FREQ"]
    if "BYMONTHDAY" not in parts:
        if freq == "YEARLY":
            parts.setdefault("BYMONTH", "12")
            parts["BYMONTHDAY"] = "-1"
        elif freq == "MONTHLY":
            parts["BYMONTHDAY"] = "-1"
        elif freq == "WEEKLY":
            parts.setdefault("BYDAY", "SU")
    step = int(parts.get("INTERVAL", "1"))
    at_the_end = freq == "MONTHLY" and parts["BYMONTHDAY"] == "-1"
    if at_the_end and step > 1 and 12 % step == 0 and "BYMONTH" not in parts:
        months = ",".join(str(month) for month in range(step, 13, step))
        parts |= {"FREQ": "YEARLY", "BYMONTH": months}
        parts.pop("INTERVAL")
    start = datetime(first.year, 1, 1)  # noqa: DTZ001 - days, no time zone in them
    until = datetime(last.year, last.month, last.day)  # noqa: DTZ001
    found = rrulestr(print_rule(parts), dtstart=start).between(start, until, inc=True)
    return tuple(day.date() for day in found if first <= day.date() <= last)

"""On which days a recurring deadline falls."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache

from dateutil.rrule import rrulestr

from kb.recurrence import month_end_rule, parse_rule, print_rule
from tasks.models import Deadline

_WITHIN_A_DAY = frozenset({"HOURLY", "MINUTELY"})


def occurrences(deadline: Deadline, first: date, last: date) -> list[date]:
    """The due days of a recurring deadline in `[first, last]`, in order.

    A rule that names no day is due on the last day of its period: YEARLY on 31 December, with a
    month on that month's last day, MONTHLY on the month's last day, WEEKLY on Sunday; a rule for
    every third or sixth month on the last day of the quarter or half. Of what recurs within a day
    (每2小时, 每日8时) the days are given.
    """
    if deadline.rrule is None or first > last:
        return []
    return list(_days_of_rule(deadline.rrule, first, last))


@lru_cache(maxsize=4096)
def _days_of_rule(printed: str, first: date, last: date) -> tuple[date, ...]:
    parts = parse_rule(month_end_rule(printed))
    for clock in ("BYHOUR", "BYMINUTE"):
        parts.pop(clock, None)
    freq = parts["FREQ"]
    if freq in _WITHIN_A_DAY:
        freq = parts["FREQ"] = "DAILY"
        parts.pop("INTERVAL", None)
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

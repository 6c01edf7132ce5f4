"""Working days of China: Monday to Friday, less the days off and plus the make-up days (调休) that the
State Council's General Office announces for each year, usually in November of the year before.

The arrangements are those of the package `holidays`. For a year that is not announced yet it knows
the statutory holidays only (全国年节及纪念日放假办法), without the days that will be moved: a count that
goes through such a year is provisional, and said to be.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from kb.models import Fact

_FRIDAY = 4


_MOST = 2600
"""Working days that are counted: ten years of them."""


class Arrangement(Fact):
    """The year of an arrangement of holidays that a count rests on, and whether it is announced."""

    year: int
    published: bool


class _Year(NamedTuple):
    off: frozenset[date]
    made_up: frozenset[date]


@lru_cache(maxsize=512)
def _year(year: int) -> _Year:
    from holidays import country_holidays  # noqa: PLC0415 - only where working days are counted

    # The next year's arrangement may move a day of December (31 December 2011 was worked).
    known = country_holidays("CN", years=(year, year + 1))
    made_up = frozenset(day for day in known.weekend_workdays if day.year == year)
    return _Year(frozenset(day for day in known if day.year == year), made_up)


def is_workday(day: date) -> bool:
    """Whether offices work on a day."""
    year = _year(day.year)
    return day in year.made_up or (day.weekday() <= _FRIDAY and day not in year.off)


def add_workdays(day: date, count: int) -> date:
    """The `count`th working day after `day` (before it where negative): the day after the event is
    the first that may count.

    >>> add_workdays(date(2026, 11, 27), 5)
    datetime.date(2026, 12, 4)

    Raises:
        OverflowError: it lies beyond the calendar.
    """
    if abs(count) > _MOST:
        raise OverflowError(f"{count} working days are over {_MOST}")
    step = timedelta(days=1 if count > 0 else -1)
    left = abs(count)
    while left:
        day += step
        left -= is_workday(day)
    return day


def arrangements_for(start: date, end: date) -> tuple[Arrangement, ...]:
    """The arrangements that a count of working days from the event on `start` to `end` rests on."""
    first = start + timedelta(days=1)
    years = range(min(first, end).year, max(start, end).year + 1)
    # Every arrangement since there are any (2001) has made up for days off on a weekend; a year
    # without one is not announced yet.
    return tuple(Arrangement(year=year, published=bool(_year(year).made_up)) for year in years)


def holiday(name: str, year: int) -> date | None:
    """The first day of the statutory holiday `name` (春节, 端午节) of a year: for the traditional
    feasts the day by the lunar calendar. None where the year has no holiday of that name."""
    return _holidays_by_name(year).get(name)


@lru_cache(maxsize=512)
def _holidays_by_name(year: int) -> dict[str, date]:
    from holidays import country_holidays  # noqa: PLC0415 - only where a feast is named

    known = country_holidays("CN", years=year, language="zh_CN")
    first: dict[str, date] = {}
    for day, names in sorted(known.items()):
        for name in names.split("; "):
            first.setdefault(name, day)
    return first

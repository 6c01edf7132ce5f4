"""ISO 8601 weeks: Monday to Sunday, numbered within the year that holds their Thursday."""

from __future__ import annotations

import re
from datetime import date, timedelta

from kb.errors import DubanError
from kb.models import Fact

_PRINTED = re.compile(r"([0-9]{4})-?[Ww]([0-9]{1,2})")


class Week(Fact):
    """A week. Make one with `week_of` or `parse_week`: they know how many a year has."""

    year: int
    number: int

    @property
    def monday(self) -> date:
        """Its first day."""
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def sunday(self) -> date:
        """Its last day."""
        return date.fromisocalendar(self.year, self.number, 7)

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.monday <= day <= self.sunday

    def __str__(self) -> str:
        return f"{self.year:04}-W{self.number:02}"

    def nearest(self, day: date) -> date:
        """The day of this week that is nearest to `day`: itself, the Monday or the Sunday."""
        return min(max(day, self.monday), self.sunday)


def week_of(day: date) -> Week:
    """The week that holds a day: 1 January 2027 is in 2026-W53."""
    year, number, _ = day.isocalendar()
    return Week(year=year, number=number)


def parse_week(printed: str) -> Week:
    """A week written `2026-W48`.

    Raises:
        DubanError: it is written otherwise, or the year has no such week.
    """
    found = _PRINTED.fullmatch(printed.strip())
    if found is None:
        raise DubanError(
            f"周次要写作 2026-W48, 不是“{printed}” / a week is written 2026-W48, not {printed!r}"
        )
    week = Week(year=int(found[1]), number=int(found[2]))
    try:
        whole = week.sunday - week.monday == timedelta(days=6)
    except ValueError:
        whole = False
    if not whole:
        last = _weeks_in(week.year)
        raise DubanError(
            f"{week.year} 年没有第 {week.number} 周{f', 只有第 1 到 {last} 周' if last else ''}"
            f" / {week.year} has no week {week.number}{f', only 1 to {last}' if last else ''}"
        )
    return week


def _weeks_in(year: int) -> int | None:
    # 28 December is always in the year's last week (ISO 8601).
    return date(year, 12, 28).isocalendar().week if 1 <= year < 9999 else None

"""Days as people and programs write them: 2026-11-24 and nothing else. A number is no day (0 is not
1970-01-01), and neither is 20261124, 2026-1-1, a week or a moment: whoever wrote one of these meant
something else, or left it to us to guess."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from kb.errors import DubanError

_WRITTEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class DayError(DubanError, ValueError):
    """What should be a day is none."""


def read_day(printed: object) -> date:
    """A day as written (ISO 8601, the extended form), or a day.

    Raises:
        DayError: it is none; also a number, a moment, and a day that no calendar has.
    """
    if type(printed) is date:
        return printed
    if isinstance(printed, str) and _WRITTEN.fullmatch(printed):
        try:
            return date.fromisoformat(printed)
        except ValueError:
            pass  # 2026-02-30
    shown = ascii(printed)[:40] if not isinstance(printed, str) else printed[:40]
    raise DayError(f"不是日期: {shown}, 要写成 2026-11-24 / not a day: {shown}; write 2026-11-24")


Day = Annotated[date, BeforeValidator(read_day)]
"""A field that holds a day; see `read_day`."""
_LAST_YEAR = 2999
"""The last year that lists are made for: what recurs is looked for a year beyond the day asked."""


def check_asked(day: date) -> date:
    """A day that lists can be made for.

    Raises:
        DayError: it is too far away.
    """
    if day.year > _LAST_YEAR:
        raise DayError(f"日期最晚到 {_LAST_YEAR} 年 / the last year is {_LAST_YEAR}: {day}")
    return day


AskedDay = Annotated[Day, AfterValidator(check_asked)]
"""A day that somebody asks about."""

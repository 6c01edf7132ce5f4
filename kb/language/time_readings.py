"""What a time expression says before a calendar is laid on it: points, stretches, recurrences, lengths.

The readings are what the productions of `time_grammar` make; `times` turns them into days. They are
values: two that say the same are equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from enum import StrEnum

from kb.durations import print_duration
from kb.models import Fact

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
"""The days of the week by the names of RFC 5545, from Monday."""


class Bound(StrEnum):
    """How a time bounds what it is said of."""

    NONE = ""
    BEFORE = "before"  # 前, 之前, 及以前
    EDGE = "edge"  # 底, 末, 截至: up to the end of what is named
    WITHIN = "within"  # 内, 以内
    SINCE = "since"  # 自, 起, 以来: from its first day
    AFTER = "after"  # 后, 之后: from the day after it
    AHEAD = "ahead"  # 提前: so long before what is to happen
    AT_LEAST = "at_least"  # 以上
    AT_MOST = "at_most"  # 以下


class TimeExample(Fact):
    """A text and the times in it, as printed, in order."""

    text: str
    times: tuple[str, ...]


class TimeWord(Fact):
    """Words of one kind for the grammar of times.

    `kind` is a terminal of the grammar; `other`: words that hold the characters of a time and are
    none (年级, 起草). What the rest holds depends on the kind: `number` a shift, an edge or a place,
    `months` and `days` first and last (-1 the last of the month), `holiday` a feast by its name in
    the calendar of holidays, `rrule` a recurrence, `unit` Y, M, Q, W, D, B (working days),
    TH, TM or TS (hours, minutes, seconds) or a whole length. `base` text: counted from the year printed before. `score`: see the engine.
    """

    words: tuple[str, ...]
    kind: str
    number: int | None = None
    length: int = 1
    base: str = "reference"
    months: tuple[int, int] | None = None
    days: tuple[int, int] | None = None
    edge: int = 0
    holiday: str | None = None
    rrule: str | None = None
    unit: str = ""
    half: bool = False
    inclusive: bool = False
    approximate: bool = False
    score: float = 0.0
    examples: tuple[TimeExample, ...]


class PlanningPeriod(Fact):
    """A named stretch of years: 十四五 → 2021–2025."""

    name: str
    start: int
    end: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Numeral:
    """A whole number as printed: `digits` is how many figures name it one by one (2025, 二〇二五:
    4), 0 for 二十五."""

    value: int
    digits: int
    arabic: bool
    near: bool = False  # two figures of a year near the reference, no round number


@dataclass(frozen=True, slots=True)
class Point:
    """A stretch of the calendar with one name: 2027年, 6月上旬, 下季度, 2027年春节.

    The year is printed (`year`, two figures below 100), relative (`shift`, from the year printed
    before where `from_text`) or missing. Within it `months` and `days`, first and last, or a feast;
    `moved` months or quarters from the reference; `years` of a planning period.
    """

    year: int | None = None
    shift: int | None = None
    length: int = 1
    from_text: bool = False
    months: tuple[int, int] | None = None
    days: tuple[int, int] | None = None
    moved: tuple[str, int] | None = None
    holiday: str | None = None
    feast: bool = False
    years: tuple[int, int] | None = None
    today: bool = False
    edge: int = 0
    tail: str = ""
    clock: time | None = None
    approximate: bool = False

    @property
    def names_year(self) -> bool:
        """Whether words say which year."""
        return self.year is not None or self.shift is not None or self.years is not None

    @property
    def only_year(self) -> bool:
        """Whether a year is all that it names."""
        return self.names_year and not (
            self.months or self.days or self.moved or self.holiday or self.years or self.edge
        )

    @property
    def size(self) -> str:
        """What is counted by it: days, months, years."""
        if self.feast or self.years or self.today:
            return ""
        if self.moved:
            return self.moved[0]
        if self.days and not self.edge:
            return "day" if self.days[0] == self.days[1] else "third"
        if self.months is None or (self.edge and self.months[0] == 1 and not self.days):
            return "year"
        return "month" if self.months[0] == self.months[1] else "quarter"

    @property
    def one_month(self) -> int | None:
        """The month, where it is one and whole."""
        if self.months and not self.days and not self.edge and self.months[0] == self.months[1]:
            return self.months[0]
        return None

    @property
    def one_day(self) -> int | None:
        """The day of its month, where it is one."""
        if self.days and self.days[0] == self.days[1] and not self.feast:
            return self.days[0]
        return None


@dataclass(frozen=True, slots=True)
class Dated:
    """A point with what bounds it."""

    point: Point
    bound: Bound = Bound.NONE
    tail: str = ""
    inclusive: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one point to another, both included; `rrule` where something recurs in it."""

    first: Point
    last: Point
    bound: Bound = Bound.NONE
    rrule: str | None = None


@dataclass(frozen=True, slots=True)
class Every:
    """A recurrence by the parts of RFC 5545. `freq` empty: one that no rule can say (每学期)."""

    freq: str
    interval: int = 1
    months: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    weekdays: tuple[str, ...] = ()
    open_month: bool = False  # the last of `months` has no day of its own yet
    quarterly: bool = False
    clocks: tuple[time, ...] = ()
    bound: Bound = Bound.NONE

    @property
    def rrule(self) -> str | None:
        """The rule, None where there is none."""
        if not self.freq:
            return None
        parts = [f"FREQ={self.freq}"]
        if self.interval > 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.months:
            parts.append("BYMONTH=" + ",".join(map(str, sorted(set(self.months)))))
        if self.days:
            ordered = sorted(set(self.days), key=lambda day: (day < 0, day))
            parts.append("BYMONTHDAY=" + ",".join(map(str, ordered)))
        if self.weekdays:
            parts.append("BYDAY=" + ",".join(self.weekdays))
        if self.clocks:
            parts.append("BYHOUR=" + ",".join(str(clock.hour) for clock in self.clocks))
            if minute := self.clocks[0].minute:
                parts.append(f"BYMINUTE={minute}")
        return ";".join(parts)


@dataclass(frozen=True, slots=True)
class Length:
    """A length of time: amounts by the units of `kb.durations`; `upper` the same of a range's upper end."""

    amounts: tuple[tuple[str, Decimal], ...]
    upper: tuple[tuple[str, Decimal], ...] = ()
    working: bool = False
    bound: Bound = Bound.NONE
    ahead: int = 0  # 1 未来, 今后; -1 近, 过去
    approximate: bool = False
    tail: str = ""

    @property
    def duration(self) -> str:
        """ISO 8601: P3M, P2Y6M, P1.5Y, PT15M."""
        return print_duration(self.amounts)


Reading = Dated | Stretch | Every | Length

"""Times of policy text: days, stretches, recurrences and lengths, each with its exact place.

2025年 is 2025-01-01…2025-12-31; X年前 ends on X-12-31 (and is marked ambiguous: it may mean before
the year begins); the ends of years, quarters and months are their last day; 年初 is January and
February, 月初 the first five days, 年中 June, a third of a month (上旬) ten days. X前 holds X itself,
but a feast is not before itself: 春节前 ends on the eve. One reader for documents, questions and the
tracker; which of the times bind a duty is not decided here.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from enum import StrEnum
from functools import lru_cache

from dateutil.relativedelta import relativedelta

from kb.durations import days_step, print_duration, within_a_day
from kb.language.engine import Token, best, pieces
from kb.language.time_grammar import BEFORE_SEASON, LABELLED, SINCE_ISSUE, grammar
from kb.language.time_readings import (
    Bound,
    Dated,
    Every,
    Length,
    Point,
    Reading,
    Stretch,
    TimeWord,
)
from kb.language.time_tokens import figures_in, numerals_in, periods_in, shown_in
from kb.lexicon import load_lexicon
from kb.recurrence import month_end_rule
from kb.workdays import add_workdays, holiday

__all__ = ["Bound", "Time", "TimeKind", "YearSource", "find_times"]

_KINDS = frozenset({"time", "other"})
_PLAIN = {ord("　"): " ", ord("\xa0"): " "} | {
    ord(wide): chr(ord(wide) - 0xFEE0) for wide in "０１２３４５６７８９：（）～－／．"
}


_END_OF_SENTENCE = re.compile(r"[。!?！？\n]")
_TITLE = 60
"""Characters of a title before a year in it: the longest of 157 titles of the corpus and the open
documents has 50 (one of four has over 26)."""


class TimeKind(StrEnum):
    """What a time is."""

    POINT = "point"  # one name of the calendar: a day, a month, a year
    INTERVAL = "interval"  # from one to another, or a planning period
    BEFORE = "before"
    SINCE = "since"
    RECURRING = "recurring"
    DURATION = "duration"


class YearSource(StrEnum):
    """Where the year of a time is from."""

    PRINTED = "printed"
    CARRIED = "carried"  # a year printed before it in the text
    RELATIVE = "relative"  # 今年, 次年: words for it, counted from the reference
    REFERENCE = "reference"  # no word for it: the reference's
    NONE = ""  # it has no year: recurrences and lengths


@dataclass(frozen=True, slots=True)
class Time:
    """A time at `[start, end)` of the text.

    `first` and `last` bound it, both days included; None where it is open or where no reference
    says its year. A recurrence has `rrule` (RFC 5545; None for 每学期, which no rule says), a length
    `duration` and for a range `duration_max` (ISO 8601), in `working_days` or not. `ambiguous`: X年前.
    `rule` names the production that made it. `event`: where the season stands before which it is
    (2027年汛|前), of which no calendar says the day; `last` is then that of its year.
    """

    start: int
    end: int
    kind: TimeKind
    first: date | None = None
    last: date | None = None
    rrule: str | None = None
    duration: str | None = None
    duration_max: str | None = None
    working_days: bool = False
    clock: time | None = None
    bound: Bound = Bound.NONE
    tail: str = ""
    year: YearSource = YearSource.NONE
    ambiguous: bool = False
    approximate: bool = False
    rule: str = ""
    event: tuple[int, int] | None = None

    @property
    def printed_year(self) -> bool:
        """Whether the words name a year by its number."""
        return self.year is YearSource.PRINTED

    @property
    def of_issue(self) -> bool:
        """Whether it is the day of the document's own issue, which the reference is taken for."""
        return self.rule == SINCE_ISSUE

    @property
    def assumed(self) -> bool:
        """Whether the year is the reference's, though 今年 may stand there."""
        return self.year in (YearSource.RELATIVE, YearSource.REFERENCE)

    @property
    def yearless(self) -> bool:
        """Whether neither the words nor the text before them say a year."""
        return self.year is YearSource.REFERENCE


def find_times(
    text: str,
    *,
    reference: date | None = None,
    carry: bool = True,
    shown: Sequence[tuple[int, int]] = (),
) -> list[Time]:
    """All times in `text`, in order, without overlap.

    Args:
        text: any text; positions are its code points.
        reference: resolves 今年, 年底, 本月, 未来5年 and years of two figures.
        carry: a printed year governs the dates after it that print none (see `_Governing`).
        shown: ranges in which times stand and so figures alone are one (2026.5, 202605): the cells
            of a column of times.
    """
    plain = text.translate(_PLAIN)
    chosen: list[Token] = []
    seasons: dict[int, int] = {}  # where those end that a time is before, by where it begins
    for begin, piece in pieces(plain):
        given = [*numerals_in(piece, reference), *periods_in(piece), *figures_in(piece)]
        for start, end in shown:
            given += shown_in(piece, max(0, start - begin), max(0, end - begin))
        for t in best(grammar().parse(piece, given), _KINDS):
            if t.rule == BEFORE_SEASON:
                seasons[t.start + begin] = t.parts[-1].start + begin
            if t.kind == "time":
                chosen.append(replace(t, start=_begin(t) + begin, end=t.end + begin, parts=()))
    governing = _Governing(plain, reference) if carry else None
    found: list[Time] = []
    values: list[Reading] = []
    for token in chosen:
        made = _read(token, reference, governing.year_at(token.start) if governing else None)
        if made is None:
            continue
        if token.start in seasons:
            made = replace(made, event=(token.start, seasons[token.start]))
        found.append(made)
        values.append(token.value)
        if governing:
            governing.see(token.value, made)
    lengths = {t.start for t in found if t.duration}
    # The issue that a length runs from (印发之日起|30日内) is no time beside it.
    return [t for t in _shared(plain, found, values) if not (t.of_issue and t.end in lengths)]


def _begin(token: Token) -> int:
    """Where a time begins: after the label that shows it to be one."""
    return token.parts[2].start if token.rule == LABELLED else token.start


class _Governing:
    """The printed year that governs the dates after it: one printed with a month or a day until
    another stands, a year alone (2027年，3月底前…) to the end of its sentence. Years of titles and
    stretches of years govern nothing, nor does one before the reference's: it tells of the past."""

    def __init__(self, text: str, reference: date | None) -> None:
        self._text = text
        self._first = reference.year if reference else 0
        self._year: int | None = None
        self._alone = False
        self._seen = 0

    def year_at(self, place: int) -> int | None:
        """The year that governs what begins at `place`, which lies after all that was seen."""
        if self._alone and _END_OF_SENTENCE.search(self._text, self._seen, place):
            self._year = None
        self._seen = place
        return self._year

    def see(self, value: Reading, made: Time) -> None:
        """Take in a time that was read."""
        if isinstance(value, Stretch):
            point, day = value.last if value.last.year else value.first, made.last
            if point.year and value.last.year is None:
                day = made.first
        elif isinstance(value, Dated):
            point, day = value.point, made.last or made.first
        else:
            return
        alone = point.only_year or point.size == "year"
        ahead = point.shift is not None and point.shift > 0  # 明年…，下半年…
        if (point.year is None and not ahead) or day is None:
            return
        if self._first and self._in_title(made.start):
            return  # where the reference says no year, that of a title is better than none
        if alone and isinstance(value, Stretch):
            return
        self._year = day.year if day.year >= self._first else None
        self._alone = alone
        self._seen = made.end

    def _in_title(self, place: int) -> bool:
        before = self._text[max(0, place - _TITLE) : place]
        return before.rfind("《") > before.rfind("》")


def _shared(text: str, found: list[Time], values: list[Reading]) -> list[Time]:
    """What bounds the last of a list (6月、9月和12月底前) bounds all of it."""
    for place in range(len(found) - 2, -1, -1):
        one, following = found[place], found[place + 1]
        a, b = values[place], values[place + 1]
        if not isinstance(a, Dated) or not isinstance(b, Dated) or a.bound or not one.last:
            continue
        if following.bound not in (Bound.BEFORE, Bound.EDGE) or a.point.size != b.point.size:
            continue
        if text[one.end : following.start].strip() not in _list_words():
            continue
        before = following.kind is TimeKind.BEFORE
        found[place] = replace(
            one, kind=following.kind, bound=following.bound, first=None if before else one.first,
            tail=following.tail, ambiguous=before and a.point.only_year, rule="list",
        )  # fmt: skip
    return found


@lru_cache
def _list_words() -> frozenset[str]:
    entries = (e for e in load_lexicon("time_words", TimeWord) if e.kind == "and")
    return frozenset(word for entry in entries for word in entry.words)


def _read(token: Token, reference: date | None, carried: int | None) -> Time | None:
    value = token.value
    try:
        if isinstance(value, Dated):
            made = _dated(value, reference, carried)
        elif isinstance(value, Stretch):
            made = _stretch(value, reference, carried)
        elif isinstance(value, Every):
            made = _recurring(value)
        else:
            made = _length(value, reference)
    except (ValueError, OverflowError):
        return None  # 2月30日, 未来8000年: no day of the calendar
    return replace(made, start=token.start, end=token.end, rule=token.rule) if made else None


def _dated(value: Dated, reference: date | None, carried: int | None) -> Time | None:
    point = value.point
    first, last, year = _days(point, reference, carried)
    made = Time(0, 0, TimeKind.POINT, first, last, clock=point.clock, bound=value.bound,
                tail=value.tail, year=year, approximate=point.approximate)  # fmt: skip
    if point.years and not value.bound:
        return replace(made, kind=TimeKind.INTERVAL)
    if value.bound is Bound.SINCE:
        return replace(made, kind=TimeKind.SINCE, last=None)
    if value.bound is Bound.AFTER:
        after = last and (first if value.inclusive else last + timedelta(days=1))
        bound = Bound.SINCE if value.inclusive else Bound.AFTER
        return replace(made, kind=TimeKind.SINCE, first=after, last=None, bound=bound)
    if value.bound is Bound.BEFORE:
        if last and (point.feast or point.years) and first:
            last = first - timedelta(days=1)
        ambiguous = point.only_year and not value.inclusive
        return replace(made, kind=TimeKind.BEFORE, first=None, last=last, ambiguous=ambiguous)
    return made


def _stretch(value: Stretch, reference: date | None, carried: int | None) -> Time | None:
    a, b = value.first, value.last
    first, ends, year = _days(a, reference, carried)
    if a.names_year or a.today:
        base = first.year if first else None
        if b.names_year:
            start_year = base if b.from_text else carried
            _, last, source = _days(b, reference, start_year)
            year = source if a.today else year
        else:
            _, last, source = _days(b, reference, base)
            year = source if a.today else year
            if last and ends and last < ends and base is not None:
                _, last, _ = _days(b, reference, base + 1)
    else:
        begins, last, year = _days(b, reference, carried)
        if b.names_year and last and begins:
            first, ends, _ = _days(a, reference, last.year)
            if first and first > last:
                first, ends, _ = _days(a, reference, last.year - 1)
        elif first and last and last < first:
            _, last, _ = _days(b, reference, first.year + 1)
    if first and last and last < first:
        return None
    if a.edge < 0 and first and ends:
        first = ends.replace(day=1)  # 2026年底至2027年初
    rule = month_end_rule(value.rrule) if value.rrule else None
    return Time(0, 0, TimeKind.INTERVAL, first, last, rrule=rule, bound=value.bound, year=year,
                clock=b.clock, approximate=a.approximate or b.approximate)  # fmt: skip


def _recurring(value: Every) -> Time:
    rule = month_end_rule(value.rrule) if value.rrule else None
    return Time(
        0,
        0,
        TimeKind.RECURRING,
        rrule=rule,
        clock=min(value.clocks, default=None),
        bound=value.bound,
    )


def _length(value: Length, reference: date | None) -> Time:
    first = last = None
    amounts = dict(value.upper or value.amounts)  # 3至6个月内 ends with the longer
    if reference is not None and not within_a_day(amounts):
        length = days_step(amounts)
        if value.bound is Bound.WITHIN or value.ahead > 0:
            count = int(amounts.get("D", 0))
            last = add_workdays(reference, count) if value.working else reference + length
        elif value.bound is Bound.AFTER:
            first = last = reference + length
            if value.amounts[-1][0] == "Y":
                first, last = date(first.year, 1, 1), date(first.year, 12, 31)
        elif value.bound is Bound.BEFORE:
            first = last = reference - length
    upper = print_duration(value.upper) if value.upper else None
    return Time(0, 0, TimeKind.DURATION, first, last, duration=value.duration, duration_max=upper,
                working_days=value.working, bound=value.bound, tail=value.tail,
                approximate=value.approximate)  # fmt: skip


Days = tuple[date | None, date | None, YearSource]


def _days(point: Point, reference: date | None, carried: int | None) -> Days:
    """First and last day of a point, None where nothing says its year, and where its year is from.

    Raises:
        ValueError: no calendar has such a day.
    """
    if point.years:
        return date(point.years[0], 1, 1), date(point.years[1], 12, 31), YearSource.PRINTED
    if point.today:
        return reference, reference, YearSource.REFERENCE
    if point.moved:
        if reference is None:
            return None, None, YearSource.REFERENCE
        return *_moved(point, reference), YearSource.REFERENCE
    year, source = _year(point, reference, carried)
    if year is None:
        _check(point)
        return None, None, source
    if point.holiday or point.feast:
        day = _feast(point, year)
        if source is YearSource.REFERENCE and reference and day and day < reference:
            day = _feast(point, year + 1)  # 春节前 of a document of November: the next
        return day, day, source
    first, last = _in_year(point, year)
    return first, last.replace(year=last.year + point.length - 1), source


def _year(
    point: Point, reference: date | None, carried: int | None
) -> tuple[int | None, YearSource]:
    if point.year is not None:
        year = point.year
        if year < 100:
            near = reference.year if reference else 2020
            year = min((century + year for century in (1900, 2000, 2100)), key=lambda y: abs(y - near))  # fmt: skip
        return year, YearSource.PRINTED
    if point.shift is not None:
        base = carried if point.from_text and carried else reference.year if reference else None
        source = YearSource.CARRIED if point.from_text and carried else YearSource.RELATIVE
        return (base + point.shift if base else None), source
    if carried is not None:
        return carried, YearSource.CARRIED
    return (reference.year if reference else None), YearSource.REFERENCE


def _check(point: Point) -> None:
    """Refuse days that no year has (2月30日).

    Raises:
        ValueError: it is one.
    """
    if point.months and point.days:
        for day in point.days:
            date(2024, point.months[1], day if day > 0 else 1)  # a leap year has every day


def _in_year(point: Point, year: int) -> tuple[date, date]:
    begin, end = point.months or (1, 12)
    last_day = calendar.monthrange(year, end)[1]
    if point.days is None:
        return date(year, begin, 1), date(year, end, last_day)
    first, last = point.days
    return date(year, begin, first), date(year, end, last_day if last == -1 else last)


def _feast(point: Point, year: int) -> date | None:
    if point.holiday:
        return holiday(point.holiday, year)
    return _in_year(point, year)[0]


def _moved(point: Point, reference: date) -> tuple[date, date]:
    assert point.moved is not None  # noqa: S101 - the caller looked
    unit, shift = point.moved
    if unit == "month":
        month = reference + relativedelta(months=shift)
        months = replace(point, moved=None, months=(month.month, month.month))
        return _in_year(months, month.year)
    index = (reference.month - 1) // 3 + shift
    year, quarter = reference.year + index // 4, index % 4
    months_of = (quarter * 3 + (3 if point.edge else 1), quarter * 3 + 3)
    return _in_year(replace(point, moved=None, months=months_of), year)


_TIMELY = re.compile(r"[年月日号天周季期旬度时分早晚今明昨后前节末底\d]")


def may_hold_times(text: str) -> bool:
    """Whether `text` holds a figure or a character of the calendar."""
    return _TIMELY.search(text) is not None

"""A small grammar of days as questions name them, in Chinese and English, over typed words.

The words are `corpus/lexicon/window_words.jsonl` and `date_phrases.jsonl`, the productions are here;
`kb.language.engine` joins them. Dates as documents print them are read by `kb.language.times`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from dateutil.relativedelta import relativedelta

from api.assistant.window_words import (
    EARLIEST,
    LATEST,
    Count,
    DatePhrase,
    Period,
    Point,
    phrases,
    tokens_in,
    words_of,
)
from kb.language.engine import Grammar, Made, Token
from kb.workdays import add_workdays
from tasks.due import DUE_SOON, last_of

_MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}
_DAYS = {"day": 1, "week": 7, "fortnight": 14}


class Days(NamedTuple):
    """What a stretch of text means: first and last day (None: open) and of what kind it is."""

    start: date | None
    end: date | None
    kind: str


def period_of(period: Period, shift: int, as_of: date) -> tuple[date, date]:
    """First and last day of the week (from Monday), month, quarter, half or year that lies `shift`
    periods from the one that `as_of` lies in."""
    if period == "day":
        day = as_of + timedelta(days=shift)
        return day, day
    if period == "week":
        monday = as_of - timedelta(days=as_of.weekday()) + timedelta(weeks=shift)
        return monday, monday + timedelta(days=6)
    months = _MONTHS[period]
    first = as_of.replace(month=(as_of.month - 1) // months * months + 1, day=1)
    first += relativedelta(months=months * shift)
    return first, first + relativedelta(months=months) - timedelta(days=1)


def find_days(text: str, as_of: date) -> Iterator[tuple[int, int, Days]]:
    """The stretches of a text, in lower case, that name days relative to `as_of` or in English; they
    may overlap."""
    grammar = _Rules(text, as_of).grammar
    for token in grammar.parse(text, tokens_in(text)):
        if token.kind == "days":
            yield token.start, token.end, token.value


class _Rules:
    """The productions of one question."""

    def __init__(self, text: str, as_of: date) -> None:
        self._as_of = as_of
        self._looks_back = any(word in text for word in words_of("looks-back"))
        self.grammar = Grammar()
        self._add_counts()
        self._add_periods()
        self._add_points()

    def _made(self, start: date | None, end: date | None, kind: str) -> Made | None:
        if start and end and start > end:
            return None
        return Made("days", Days(start, end, kind))

    # ---- 未来7天, within two weeks

    def _add_counts(self) -> None:
        rule = self.grammar.rule
        for lead in ("ahead", "back", "near"):
            rule(lead, name=lead)(lambda t, lead=lead: Made("lead", lead))
        for tail in ("inside", "since-then"):
            rule(tail, name=tail)(lambda t, tail=tail: Made("tail", tail))
        for number in ("n", "number", "english-number"):
            rule(number, name="count")(lambda t: Made("count", Count(t.value)))
        rule("n", "piece", "half")(lambda n, *_: Made("count", Count(n.value, half=True)))
        rule("half", "piece?")(lambda *_: Made("count", Count(0, half=True)))
        rule("lead?", "of?", "count", "unit", "tail?")(self._counted)
        rule("within?", "lead", "count", "english-of?", "unit")(
            lambda _in, lead, count, _of, unit: self._counted(lead, None, count, unit, None)
        )
        rule("within", "the?", "count", "english-of?", "unit")(
            lambda _in, _the, count, _of, unit: self._around(count.value, unit.value, back=False)
        )

    def _counted(
        self, lead: Token | None, _of: Any, count: Token, unit: Token, tail: Token | None
    ) -> Made | None:
        said = lead.value if lead else ""
        ends = tail.value if tail else ""
        near = said == "near"
        back = said == "back" or ends == "since-then" or (near and self._looks_back)
        if not (said or back or ends == "inside"):
            return None
        if count.value.number == 0 and count.value.half and unit.value not in _MONTHS:
            return None
        return self._around(count.value, unit.value, back=back)

    def _around(self, count: Count, unit: str, *, back: bool) -> Made | None:
        other = self._far_end(count, unit, back=back)
        return self._made(*((other, self._as_of) if back else (self._as_of, other)), "counted")

    def _far_end(self, count: Count, unit: str, *, back: bool) -> date:
        """The other end of so many days, weeks, months of which the day itself is the first (the
        last, where they lie `back`): 未来7天 from 27 November end on 3 December, 未来一个月 on
        26 December."""
        as_of, sign = self._as_of, -1 if back else 1
        if unit == "workday":
            before = as_of - timedelta(days=sign)
            return add_workdays(before, sign * min(max(count.number, 1), 5000))
        months = _MONTHS.get(unit)
        try:
            if months is None:
                days = max(_DAYS[unit] * count.number, 1) - 1
                moved = as_of + sign * timedelta(days=days)
            else:
                step = relativedelta(
                    months=months * count.number + (months // 2 if count.half else 0),
                    days=15 if count.half and months == 1 else 0,
                )
                day = timedelta(days=1)
                moved = max(as_of + step - day, as_of) if sign > 0 else min(as_of - step + day, as_of)  # fmt: skip
        except (OverflowError, ValueError):
            return EARLIEST if back else LATEST
        return min(max(moved, EARLIEST), LATEST)

    # ---- 下周五前, 本月底, by the end of the quarter

    def _add_periods(self) -> None:
        rule = self.grammar.rule
        rule("phrase", "of?", "edge?", "before?", "inside?")(
            lambda p, _of, edge, before, inside: self._period(
                p.value, up_to=bool(before), at_end=bool(edge or inside)
            )
        )
        rule("bare", "edge", "before?")(lambda b, edge, before: self._bare(b, up_to=bool(before)))
        rule("bare", "inside")(lambda b, _inside: self._bare(b, up_to=False))
        for kind in ("phrase", "bounded"):
            rule("up-to?", "the?", "end-of?", kind, "edge?", name=f"english-{kind}")(
                lambda up_to, _the, end, p, edge, kind=kind: (
                    self._period(p.value, up_to=bool(up_to), at_end=bool(end or edge))
                    if kind == "phrase" or up_to or end or edge
                    else None
                )
            )
        rule("turn?", "week", "weekday", "late?", "before?")(
            lambda turn, _week, day, _late, before: self._weekday(
                day.value, turn.value if turn else 0, named=turn is not None, up_to=bool(before)
            )
        )
        for turn in ("english-turn", "coming"):
            rule("up-to?", "in?", f"{turn}?", "english-weekday", name=f"{turn}-weekday")(
                lambda up_to, _in, turn, day: self._weekday(
                    day.value,
                    (turn.value or 0) if turn else 0,
                    named=turn is not None and turn.kind != "coming",
                    up_to=bool(up_to),
                )
            )

    def _bare(self, bare: Token, *, up_to: bool) -> Made | None:
        present = next(p for p in phrases().values() if p.period == bare.value and not p.shift and p.length == 1)  # fmt: skip
        return self._period(present, up_to=up_to, at_end=True)

    def _period(self, phrase: DatePhrase, *, up_to: bool, at_end: bool) -> Made | None:
        as_of = self._as_of
        if phrase.period in ("soon", "next"):
            end = last_of(as_of, DUE_SOON) if phrase.period == "soon" else None
            return self._made(as_of, end, phrase.period)
        start, _ = period_of(phrase.period, phrase.shift, as_of)
        _, last = period_of(phrase.period, phrase.shift + phrase.length - 1, as_of)
        if up_to or (at_end and phrase.shift == 0):
            # What is asked before a near end looks ahead; what an end that has passed has
            # before it is all that went before.
            return self._made(as_of if last >= as_of else None, last, "calendar")
        return self._made(start, last, "calendar")

    def _weekday(self, place: int, weeks: int, *, named: bool, up_to: bool) -> Made | None:
        as_of = self._as_of
        day = as_of + timedelta(weeks=weeks, days=place - as_of.weekday())
        if not named and day < as_of:
            day += timedelta(weeks=1)
        start = day if not up_to else as_of if day >= as_of else None
        return self._made(start, day, "calendar")

    # ---- by 30 June 2027, in Q3, between January and March

    def _add_points(self) -> None:
        rule = self.grammar.rule
        rule("y")(lambda y: Made("year", y.value))
        rule("relative-year")(lambda y: Made("year", self._as_of.year + y.value))
        rule("y", name="year-point")(lambda y: Made("point", Point(y.value)))
        rule("n", "day-end?", "english-of?", "month", "comma?", "y?")(
            lambda n, _end, _of, month, _comma, y: self._day(n, month, y)
        )
        rule("month", "n", "day-end?", "comma?", "y?")(
            lambda month, n, _end, _comma, y: self._day(n, month, y)
        )
        rule("month", "english-of?", "comma?", "year?")(
            lambda month, of, _comma, year: Made(
                "point", Point(_year(year), month.value, months=1, alone=bool(of and year))
            )
        )
        for part, months in (("quarter", 3), ("half", 6)):
            word = {"half": "half-year"}.get(part, part)
            rule(f"{part}-number", "english-of?", "the?", "year?", name=f"{part}-number")(
                lambda n, _of, _the, year, months=months: self._part(n, year, months)
            )
            rule("ordinal", word, "english-of?", "the?", "year?", name=f"{part}-ordinal")(
                lambda n, _word, _of, _the, year, months=months: self._part(n, year, months)
            )
        rule("point")(lambda p: self._dated(p, p) if p.value.alone else None)
        rule("in", "the?", "end-of?", "point")(lambda _in, _the, _end, p: self._dated(p, p))
        rule("up-to", "the?", "end-of?", "point")(lambda _to, _the, _end, p: self._dated(None, p))
        rule("since", "the?", "point")(lambda _since, _the, p: self._dated(p, None))
        rule("after", "the?", "end-of?", "point")(lambda _after, _the, _end, p: self._after(p))
        rule("from?", "the?", "point", "to", "the?", "point")(
            lambda _from, _the, first, _to, _also, last: self._dated(first, last)
        )

    def _day(self, number: Token, month: Token, year: Token | None) -> Made | None:
        point = Point(_year(year), month.value, number.value)
        return Made("point", point) if number.value > 0 and point.bounds(self._as_of.year) else None

    def _part(self, number: Token, year: Token | None, months: int) -> Made | None:
        month = (number.value - 1) * months + 1
        return Made("point", Point(_year(year), month, months=months)) if month <= 12 else None  # fmt: skip

    def _dated(self, first: Token | None, last: Token | None) -> Made | None:
        ends = last.value.bounds(self._as_of.year) if last else None
        year = ends[0].year if ends else self._as_of.year
        begins = first.value.bounds(year) if first else None
        if (first and not begins) or (last and not ends):
            return None
        return self._made(begins and begins[0], ends and ends[1], "dated")

    def _after(self, point: Token) -> Made | None:
        bounds = point.value.bounds(self._as_of.year)
        return self._made(bounds[1] + timedelta(days=1), None, "dated") if bounds else None


def _year(token: Token | None) -> int | None:
    return int(token.value) if token else None

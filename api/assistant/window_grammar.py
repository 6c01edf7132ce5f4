"""A small grammar of days as questions name them, in Chinese and English, over typed words.

The words are `corpus/lexicon/window_words.jsonl` and `date_phrases.jsonl`, the productions are here;
`kb.language.engine` joins them. Dates as documents print them are read by `kb.language.times`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from dateutil.relativedelta import relativedelta

from kb.language.engine import Grammar, Made, Token
from kb.language.time_tokens import numerals_in
from kb.lexicon import load_lexicon
from kb.models import Fact
from kb.workdays import add_workdays
from tasks.due import DUE_SOON, last_of

Period = Literal["day", "week", "month", "quarter", "half", "year", "soon", "next"]
EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
"""What lies beyond is no day of a policy: 99999天内 ends here."""
_FIGURES = 5
"""Digits of a number at most."""
_MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}
_DAYS = {"day": 1, "week": 7, "fortnight": 14}
_ISO = len("2026-11-24")


class WindowExample(Fact):
    """A question asked on Tuesday 2026-11-24, and the window that it means."""

    text: str
    start: date | None
    end: date | None


class DatePhrase(Fact):
    """Words for `length` periods of the calendar, the first `shift` periods from the present one;
    `bounded` ones name it only with an end (by the end of the month)."""

    words: tuple[str, ...]
    bounded: tuple[str, ...] = ()
    period: Period
    shift: int
    length: int = 1
    examples: tuple[WindowExample, ...]


class WindowWords(Fact):
    """Words of one kind; `value`: the number, or the length of time, that they are."""

    kind: str
    words: tuple[str, ...]
    value: int | str | None = None
    examples: tuple[WindowExample, ...] = ()


class Days(NamedTuple):
    """What a stretch of text means: first and last day (None: open) and of what kind it is."""

    start: date | None
    end: date | None
    kind: str


class _Count(NamedTuple):
    """So many, and half a one more."""

    number: int
    half: bool = False


class _Point(NamedTuple):
    """A year, part of one, month or day of an English date; `alone`: it is one without a word before."""

    year: int | None
    month: int = 1
    day: int | None = None
    months: int = 12
    alone: bool = True

    def bounds(self, year: int) -> tuple[date, date] | None:
        """Its first and last day, in `year` where it names none; None where there is no such day."""
        own = self.year or year
        try:
            first = date(own, self.month, self.day or 1)
        except ValueError:
            return None
        after = relativedelta(days=1) if self.day else relativedelta(months=self.months)
        return first, first + after - timedelta(days=1)


@lru_cache
def phrases() -> dict[str, DatePhrase]:
    """The phrases of the calendar by their words."""
    known = load_lexicon("date_phrases", DatePhrase)
    return {w: entry for entry in known for w in (*entry.words, *entry.bounded)}


@lru_cache
def words_of(kind: str) -> tuple[str, ...]:
    """The words of one kind."""
    found = (e for e in load_lexicon("window_words", WindowWords) if e.kind == kind)
    return tuple(w for entry in found for w in entry.words)


@lru_cache
def english_numbers() -> dict[str, int]:
    """Numbers as English words."""
    known = load_lexicon("window_words", WindowWords)
    return {w: int(e.value or 0) for e in known if e.kind == "english-number" for w in e.words}


@lru_cache
def _vocabulary() -> Grammar:
    made = Grammar()
    for entry in load_lexicon("window_words", WindowWords):
        for word in entry.words:
            made.word(word, entry.kind, entry.value)
    for phrase in load_lexicon("date_phrases", DatePhrase):
        for word in phrase.words:
            made.word(word, "phrase", phrase)
        for word in phrase.bounded:
            made.word(word, "bounded", phrase)
    return made


def _tokens_in(text: str) -> Iterator[Token]:
    """Words, whole ones where they are Latin, and numbers."""
    words = list(_vocabulary().words_in(text))
    barred = {(t.start, t.kind.removeprefix("no-")) for t in words if t.kind.startswith("no-")}
    for token in words:
        apart = token.kind in ("day-end", "edge") or not _is_latin(text, token.start - 1, token.start)  # fmt: skip
        whole = apart and not _is_latin(text, token.end - 1, token.end)
        begins = token.kind != "bare" or _begins(text, token.start)
        if whole and begins and (token.start, token.kind) not in barred:
            yield token
    yield from _numbers_in(text)


def _is_latin(text: str, one: int, other: int) -> bool:
    """Whether two neighbours are one word: Latin letters or figures both."""
    pair = text[max(one, 0) : other + 1]
    return one >= 0 and len(pair) == 2 and pair.isascii() and pair.isalnum()


def _begins(text: str, at: int) -> bool:
    """Whether 年 or 月 is a word by itself here: 年底, 到月底."""
    before = text[at - 1] if at else " "
    han = "\u4e00" <= before <= "\u9fa5"
    return not (han or before.isdigit()) or before in words_of("leads-bare")


def _numbers_in(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        end = at
        while end < len(text) and text[end].isascii() and text[end].isdigit():
            end += 1
        if at < end <= at + _FIGURES:
            yield Token(at, end, "n", int(text[at:end]), "figures")
            iso = text[at : at + _ISO]
            if end == at + 4 and (day := _iso(iso)) and not text[at + _ISO : at + _ISO + 1].isdigit():  # fmt: skip
                point = _Point(day.year, day.month, day.day)
                yield Token(at, at + _ISO, "point", point, "iso")
            elif end == at + 4 and text[at : at + 2] == "20" and _apart(text, at, end):
                yield Token(at, end, "y", int(text[at:end]), "year")
        at = max(end, at + 1)
    for token in numerals_in(text, None):
        if token.kind == "few":
            yield Token(token.start, token.end, "count", _Count(token.value[1]), "few")
        elif token.kind == "n" and not token.value.arabic:
            yield Token(token.start, token.end, "n", token.value.value, "numeral")


def _apart(text: str, at: int, end: int) -> bool:
    """Whether no letter, figure or character touches a number."""
    return not any(c.isalnum() for c in text[max(at - 1, 0) : at] + text[end : end + 1])


def _year(token: Token | None) -> int | None:
    return int(token.value) if token else None


def _iso(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == _ISO else None
    except ValueError:
        return None


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
    for token in grammar.parse(text, _tokens_in(text)):
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
            rule(number, name="count")(lambda t: Made("count", _Count(t.value)))
        rule("n", "piece", "half")(lambda n, *_: Made("count", _Count(n.value, half=True)))
        rule("half", "piece?")(lambda *_: Made("count", _Count(0, half=True)))
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

    def _around(self, count: _Count, unit: str, *, back: bool) -> Made | None:
        other = self._far_end(count, unit, back=back)
        return self._made(*((other, self._as_of) if back else (self._as_of, other)), "counted")

    def _far_end(self, count: _Count, unit: str, *, back: bool) -> date:
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
        rule("y", name="year-point")(lambda y: Made("point", _Point(y.value)))
        rule("n", "day-end?", "english-of?", "month", "comma?", "y?")(
            lambda n, _end, _of, month, _comma, y: self._day(n, month, y)
        )
        rule("month", "n", "day-end?", "comma?", "y?")(
            lambda month, n, _end, _comma, y: self._day(n, month, y)
        )
        rule("month", "english-of?", "comma?", "year?")(
            lambda month, of, _comma, year: Made(
                "point", _Point(_year(year), month.value, months=1, alone=bool(of and year))
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
        point = _Point(_year(year), month.value, number.value)
        return Made("point", point) if number.value > 0 and point.bounds(self._as_of.year) else None

    def _part(self, number: Token, year: Token | None, months: int) -> Made | None:
        month = (number.value - 1) * months + 1
        return Made("point", _Point(_year(year), month, months=months)) if month <= 12 else None  # fmt: skip

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

"""The grammar of times: productions over calendar words (`time_words.jsonl`) and numerals.

What a production makes is a reading of `time_readings`, with no reference day yet. Tokens of the kind
`time` are whole expressions; `other` are words that compete with them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from functools import lru_cache
from itertools import pairwise

from kb.language.engine import Grammar, Made, Token
from kb.language.time_counts import add_lengths, add_recurrences
from kb.language.time_readings import (
    WEEKDAYS,
    Bound,
    Dated,
    Numeral,
    Point,
    Stretch,
    TimeWord,
)
from kb.language.time_tokens import few
from kb.lexicon import load_lexicon

SINCE_ISSUE = "since-issue"
"""The production that reads the day of a document's own issue (自印发之日起): the reference."""

LABELLED = "labelled"
"""The production that reads figures after a label of times (完成时限:6.30), which is none of them."""
BEFORE_SEASON = "before-season"
"""The production that reads what is to be done before a season of a year (2027年汛前), of which no calendar
says the day."""
_FIGURES = -2.5
"""Score of a day in figures against the words that begin as what closes it does (前期, 起草)."""


def clocks(hour: int, minute: int) -> time | None:
    """A time of day; 24:00 is the last minute of the day."""
    if (hour, minute) == (24, 0):
        return time(23, 59)
    return time(hour, minute) if 0 <= hour < 24 and 0 <= minute < 60 else None


@lru_cache
def grammar() -> Grammar:
    """The grammar with its words and productions."""
    g = Grammar()
    for entry in load_lexicon("time_words", TimeWord):
        for word in entry.words:
            g.word(word, entry.kind, entry, score=entry.score)
    for character, kind in (
        (":", "colon"),
        ("(", "open"),
        (")", "close"),
        ('"', "quote"),
        ("“", "quote"),
        ("”", "quote"),
    ):
        g.word(character, kind)
    for character in "-/.":
        g.word(character, "sep", character)
    _calendar(g)
    _pieces(g)
    _clock(g)
    _dated(g)
    _figures(g)
    _stretches(g)
    add_recurrences(g)
    add_lengths(g)
    return g


def _touching(*tokens: Token) -> bool:
    return all(a.end == b.start for a, b in pairwise(tokens))


def _calendar(g: Grammar) -> None:
    """Years, and days printed in figures."""

    @g.rule("n", "year-unit")
    def _year(n: Token, unit: Token) -> Made | None:
        number: Numeral = n.value
        if 1900 <= number.value <= 2199 and number.digits in (0, 4):
            return Made("year", Point(year=number.value))
        if number.digits != 2:
            return None
        if not number.arabic and few(number.value):
            return None
        # 98年, 零八年, 九七年; which of two figures without a month is a year, `near` says.
        solid = not number.arabic or number.value < 10
        return Made("year" if solid else "short-year", Point(year=number.value), 0.2 if number.near else -1.5)  # fmt: skip

    @g.rule("relative-year")
    def _relative_year(word: Token) -> Made:
        entry: TimeWord = word.value
        return Made(
            "year",
            Point(shift=entry.number, length=entry.length, from_text=entry.base == "text"),
        )

    @g.rule("n", "sep", "n", "sep", "n", name="numeric-date")
    def _numeric(year: Token, one: Token, month: Token, two: Token, day: Token) -> Made | None:
        parts = (year.value, month.value, day.value)
        if not _touching(year, one, month, two, day) or one.value != two.value:
            return None
        if not all(p.arabic for p in parts) or parts[0].digits != 4 or parts[1].digits > 2 or parts[2].digits > 2:  # fmt: skip
            return None
        if not (1900 <= parts[0].value <= 2199 and 1 <= parts[1].value <= 12):
            return None
        return Made("point", Point(year=parts[0].value, months=(parts[1].value,) * 2, days=(parts[2].value,) * 2))  # fmt: skip


def _pieces(g: Grammar) -> None:
    """Parts of a year."""

    @g.rule("n", "month-unit")
    def _month(n: Token, unit: Token) -> Made | None:
        number: Numeral = n.value
        if not 1 <= number.value <= 12 or number.digits > 2:
            return None
        return Made("piece", Point(months=(number.value,) * 2))

    @g.rule("piece", "n", "day-unit", name="day")
    def _day(month: Token, n: Token, unit: Token) -> Made | None:
        return _with_days(month.value, n.value.value, n.value.value)

    @g.rule("piece", "n", name="day-by-numeral")
    def _bare_day(month: Token, n: Token) -> Made | None:
        # 八月十五: both in characters, a number that no month or count of few has.
        number: Numeral = n.value
        if number.arabic or number.digits or number.value <= 10 or not _touching(month, n):
            return None
        made = _with_days(month.value, number.value, number.value)
        return made and Made(made.kind, made.value, -0.3)

    @g.rule("piece", "third")
    def _third(month: Token, third: Token) -> Made | None:
        return _with_days(month.value, *(third.value.days or (1, -1)))

    @g.rule("piece", "of?", "edge", name="edge-of-month")
    def _edge(piece: Token, of: Token | None, word: Token) -> Made | None:
        point: Point = piece.value
        edge = word.value.number
        if point.days or point.edge or point.holiday or (of and word.end - word.start < 3):
            return None
        tail = "底" if edge < 0 else "初"
        if point.one_month or (point.moved and point.moved[0] == "month"):
            days = (1, -1) if edge < 0 else (1, 5)
            return Made("piece", replace(point, days=days, edge=min(edge, 0), tail=tail))
        if edge > 0 or not (point.months or point.moved):
            return None
        months = (point.months[1],) * 2 if point.months else None
        return Made("piece", replace(point, months=months, edge=edge, tail=tail))

    @g.rule("part", name="part-of-year")
    def _part(word: Token) -> Made:
        e: TimeWord = word.value
        tail = e.words[0][-1] if e.edge else ""
        return Made("piece", Point(months=e.months, edge=e.edge, tail=tail, approximate=e.approximate))  # fmt: skip

    @g.rule("feast")
    def _feast(word: Token) -> Made:
        e: TimeWord = word.value
        return Made("piece", Point(months=e.months, days=e.days, holiday=e.holiday, feast=True, approximate=e.approximate))  # fmt: skip

    @g.rule("quote", "feast", "quote", name="feast-in-quotes")
    def _quoted_feast(opened: Token, word: Token, closed: Token) -> Made | None:
        # alone it may be a name (“八一”路), with 前 or a year it is the day
        made = _feast(word) if _touching(opened, word, closed) else None
        return made and Made(made.kind, made.value, word.score)

    @g.rule("ordinal?", "n", "quarter-unit")
    def _quarter(ordinal: Token | None, n: Token, unit: Token) -> Made | None:
        number = n.value.value
        counted = ordinal is None and unit.end - unit.start > 2  # 三个季度 is a length
        if not 1 <= number <= 4 or counted:
            return None
        return Made("piece", Point(months=(number * 3 - 2, number * 3)))

    @g.rule("first-of", "n", "quarter-unit")
    def _first_quarters(first: Token, n: Token, unit: Token) -> Made | None:
        number = n.value.value
        return Made("piece", Point(months=(1, number * 3))) if 1 <= number <= 3 else None

    # Without a year (合同期满前3个月) it is a length before an event.
    @g.rule("first-of", "n", "month-count")
    def _first_months(first: Token, n: Token, unit: Token) -> Made | None:
        number = n.value.value
        return Made("nth-month", Point(months=(1, number))) if 1 <= number <= 11 else None

    @g.rule("ordinal", "n", "month-count")
    def _nth_month(ordinal: Token, n: Token, unit: Token) -> Made | None:
        number = n.value.value
        return Made("nth-month", Point(months=(number, number))) if 1 <= number <= 12 else None

    for kind in ("month", "quarter"):

        @g.rule(f"relative-{kind}", name=f"relative-{kind}")
        def _moved(word: Token, kind: str = kind) -> Made:
            return Made("piece", Point(moved=(kind, word.value.number)))


def _with_days(month: Point, first: int, last: int) -> Made | None:
    plain = month.one_month or (month.moved and month.moved[0] == "month" and not month.days)
    if not plain or month.edge or not 1 <= first <= 31 or not (first <= last <= 31 or last == -1):
        return None
    return Made("piece", replace(month, days=(first, last)))


def _clock(g: Grammar) -> None:
    """Times of day, and what stands in brackets after a day."""

    @g.rule("n", "colon", "n", name="clock")
    def _figures(hour: Token, colon: Token, minute: Token) -> Made | None:
        if not _touching(hour, colon, minute) or minute.value.digits != 2:
            return None
        clock = clocks(hour.value.value, minute.value.value)
        return Made("clock", clock) if clock else None

    @g.rule("clock", "colon", "n", name="clock")
    def _seconds(clock: Token, colon: Token, second: Token) -> Made | None:
        return Made("clock", clock.value) if second.value.digits == 2 else None

    @g.rule("n", "hour-unit", "sharp?", name="clock")
    def _hour(hour: Token, unit: Token, sharp: Token | None) -> Made | None:
        clock = clocks(hour.value.value, 0) if hour.value.digits <= 2 else None
        return Made("clock", clock) if clock else None

    @g.rule("n", "hour-unit", "n", "minute-unit", name="clock")
    def _minutes(hour: Token, unit: Token, minute: Token, _: Token) -> Made | None:
        clock = clocks(hour.value.value, minute.value.value)
        return Made("clock", clock) if clock else None

    @g.rule("day-part", "clock", name="clock")
    def _of_part(part: Token, clock: Token) -> Made:
        hour: time = clock.value
        shift = part.value.number if hour.hour < 12 else 0
        return Made("clock", hour.replace(hour=(hour.hour + shift) % 24))

    @g.rule("week", "n")
    def _weekday(week: Token, n: Token) -> Made | None:
        number: Numeral = n.value
        if number.arabic or number.digits or not 1 <= number.value <= 6:
            return None
        return Made("weekday", WEEKDAYS[number.value - 1])

    @g.rule("week", "sunday")
    def _sunday(week: Token, sunday: Token) -> Made | None:
        return Made("weekday", "SU") if _touching(week, sunday) else None

    @g.rule("open", "weekday", "close", name="weekday-in-brackets")
    def _aside(opened: Token, day: Token, close: Token) -> Made:
        return Made("aside", day.value)

    @g.rule("open", "remark", "close", name="remark-in-brackets")
    def _remark(opened: Token, word: Token, close: Token) -> Made:
        return Made("aside")


def _dated(g: Grammar) -> None:
    """Points with what bounds them."""

    @g.rule("year", "of?", "piece", name="point")
    def _point(year: Token, of: Token | None, piece: Token) -> Made | None:
        return _joined(year.value, piece.value)

    @g.rule("short-year", "piece", name="point")
    def _short_point(year: Token, piece: Token) -> Made | None:
        made = _joined(year.value, piece.value)
        return made and Made(made.kind, made.value, -year.score)

    @g.rule("year", "of?", "nth-month", name="point")
    def _nth_point(year: Token, of: Token | None, piece: Token) -> Made | None:
        return _joined(year.value, piece.value)

    @g.rule("year", "edge", name="edge-of-year")
    def _edge(year: Token, word: Token) -> Made | None:
        return _year_edge(year, word)

    @g.rule("short-year", "edge", name="edge-of-year")
    def _short_edge(year: Token, word: Token) -> Made | None:
        made = _year_edge(year, word)
        return made and Made(made.kind, made.value, -year.score)

    @g.rule("year", "of?", "season", "before", name=BEFORE_SEASON)
    def _before_season(year: Token, of: Token | None, season: Token, before: Token) -> Made:
        e: TimeWord = before.value
        return Made("time", Dated(year.value, Bound.BEFORE, e.words[0], inclusive=True))

    @g.rule("short-year", name="year")
    def _short(year: Token) -> Made:
        return Made("time", Dated(year.value))

    @g.rule("year", name="year")
    def _year(year: Token) -> Made:
        return Made("point", year.value)

    @g.rule("piece", name="piece")
    def _piece(piece: Token) -> Made:
        return Made("point", piece.value)

    @g.rule("plan", "plan-noun?", "stage?", name="planning-period")
    def _plan(plan: Token, noun: Token | None, stage: Token | None) -> Made:
        first = plan.value.years[0]
        number = stage.value.number if stage else 0
        approximate = stage is not None and stage.value.approximate
        if number == -1:
            return Made("point", replace(plan.value, edge=-1, tail="末"))
        if number > 0:
            year = first + number - 1
            return Made("point", replace(plan.value, years=(year, year), approximate=approximate))
        return Made("point", replace(plan.value, tail="期间" if stage else "规划"))

    @g.rule("point", "clock", name="point-of-day")
    def _at(point: Token, clock: Token) -> Made | None:
        value: Point = point.value
        if not value.one_day or value.clock:
            return None
        return Made("point", replace(value, clock=clock.value))

    @g.rule("point", "aside", name="point-with-aside")
    def _with_aside(point: Token, aside: Token) -> Made | None:
        return Made("point", point.value) if point.value.one_day else None

    @g.rule("point", "about", name="about")
    def _about(point: Token, about: Token) -> Made:
        return Made("point", replace(point.value, approximate=True))

    @g.rule("point", name="point")
    def _alone(point: Token) -> Made:
        value: Point = point.value
        within = value.edge and not value.days and value.tail == "内"
        bound = Bound.WITHIN if within else Bound.EDGE if value.edge else Bound.NONE
        return Made("time", Dated(value, bound, value.tail))

    for kind, bound in (
        ("before", Bound.BEFORE), ("after", Bound.AFTER), ("since", Bound.SINCE),
        ("within", Bound.WITHIN), ("during", Bound.NONE),
    ):  # fmt: skip

        @g.rule("point", kind, name=kind)
        def _bounded(point: Token, word: Token, bound: Bound = bound) -> Made:
            e: TimeWord = word.value
            return Made("time", Dated(point.value, bound, e.words[0], e.inclusive))

    @g.rule("from", "point", "since?", name="since")
    def _from(word: Token, point: Token, since: Token | None) -> Made:
        tail = since.value.words[0] if since else ""
        return Made("time", Dated(point.value, Bound.SINCE, tail))

    @g.rule("from", "point", "after", name="since")
    def _from_after(word: Token, point: Token, after: Token) -> Made:
        e: TimeWord = after.value
        return Made("time", Dated(point.value, Bound.AFTER, e.words[0], e.inclusive))

    @g.rule("from?", "issue-day", name=SINCE_ISSUE)
    def _since_issue(word: Token | None, issue: Token) -> Made:
        return Made("time", Dated(Point(today=True), Bound.SINCE))

    @g.rule("as-of", "to?", "point", name="as-of")
    def _as_of(word: Token, to: Token | None, point: Token) -> Made:
        return Made("time", Dated(point.value, Bound.EDGE, point.value.tail))

    @g.rule("as-of", "to?", "point", "before", name="before")
    def _as_of_before(word: Token, to: Token | None, point: Token, before: Token) -> Made:
        e: TimeWord = before.value
        return Made("time", Dated(point.value, Bound.BEFORE, e.words[0], e.inclusive))


def _figures(g: Grammar) -> None:
    """Days and months in figures (6/30, 7.15, 2026.6): only where a word or a label says that a time
    stands there."""

    @g.rule("ordinal", "figures", name="ordinal")
    def _place(ordinal: Token, figures: Token) -> Made:
        return Made("other", score=2)  # 第3.2条

    @g.rule("figures", "edge", name="edge-of-month")
    def _edge(figures: Token, word: Token) -> Made | None:
        point: Point = figures.value
        if point.days or word.value.number > 0 or word.end - word.start > 1:
            return None
        made = replace(point, days=(1, -1), edge=-1, tail=word.value.words[0])
        return Made("figures", made)

    @g.rule("figures", "to", "figures", name="figures-to")
    def _to(first: Token, to: Token, last: Token) -> Made | None:
        if bool(first.value.days) != bool(last.value.days):
            return None
        return Made("figures-to", Stretch(first.value, last.value))

    @g.rule("figures", name="edge-of-month")
    def _edged(figures: Token) -> Made | None:
        point: Point = figures.value
        return Made("time", Dated(point, Bound.EDGE, point.tail), _FIGURES) if point.edge else None

    @g.rule("figures", "before", name="before")
    def _before(figures: Token, word: Token) -> Made:
        return _bounded(figures, word, Bound.BEFORE)

    @g.rule("as-of", "to?", "figures", "before?", name="before")
    def _as_of(word: Token, to: Token | None, figures: Token, before: Token | None) -> Made:
        if before:
            return _bounded(figures, before, Bound.BEFORE)
        return Made("time", Dated(figures.value, Bound.EDGE), _FIGURES)

    @g.rule("from", "figures", "since", name="since")
    def _since(word: Token, figures: Token, since: Token) -> Made:
        return _bounded(figures, since, Bound.SINCE)

    @g.rule("from?", "figures-to", "during", name="stretch")
    def _during(word: Token | None, stretch: Token, during: Token) -> Made:
        return Made("time", stretch.value, _FIGURES)

    @g.rule("from?", "figures-to", "to-end", name="stretch")
    def _until(word: Token | None, stretch: Token, end: Token) -> Made:
        return Made("time", stretch.value, _FIGURES)

    @g.rule("from", "figures-to", name="stretch")
    def _from_to(word: Token, stretch: Token) -> Made:
        return Made("time", stretch.value, _FIGURES)

    @g.rule("date-label", "colon", "figures", name=LABELLED)
    def _labelled(label: Token, colon: Token, figures: Token) -> Made:
        return Made("time", Dated(figures.value), _FIGURES)

    @g.rule("date-label", "colon", "figures-to", name=LABELLED)
    def _labelled_stretch(label: Token, colon: Token, stretch: Token) -> Made:
        return Made("time", stretch.value, _FIGURES)

    @g.rule("shown", name="shown")
    def _shown(figures: Token) -> Made:
        return Made("time", Dated(figures.value), _FIGURES)

    for kind in ("shown", "figures"):

        @g.rule("shown", "month-unit", name="shown-month")
        def _shown_month(figures: Token, unit: Token, kind: str = kind) -> Made | None:
            return Made(kind, figures.value) if figures.value.one_month else None

    for first, last in (("shown", "shown"), ("shown", "point"), ("point", "shown")):

        @g.rule(first, "to", last, name="stretch")
        def _shown_to(first: Token, to: Token, last: Token) -> Made:
            return Made("time", Stretch(first.value, last.value), _FIGURES)

    @g.rule("shown", "to", "n", name="stretch")
    def _shown_to_month(first: Token, to: Token, last: Token) -> Made | None:
        point, number = first.value, last.value
        later = point.one_month is not None and point.one_month < number.value <= 12
        if not later or not number.arabic or number.digits > 2:
            return None
        end = replace(point, months=(number.value,) * 2)
        return Made("time", Stretch(point, end), _FIGURES)


def _bounded(figures: Token, word: Token, bound: Bound) -> Made:
    e: TimeWord = word.value
    return Made("time", Dated(figures.value, bound, e.words[0], e.inclusive), _FIGURES)


def _joined(year: Point, piece: Point) -> Made | None:
    if piece.moved or piece.years or piece.today:
        return None
    return Made("point", replace(piece, year=year.year, shift=year.shift, length=year.length, from_text=year.from_text))  # fmt: skip


def _year_edge(year: Token, word: Token) -> Made | None:
    if word.end - word.start > 1:
        return None  # 2025年月底
    edge = word.value.number
    months = (1, 12) if edge < 0 else (1, 2)
    return Made("point", replace(year.value, months=months, edge=edge, tail="底" if edge < 0 else "初"))  # fmt: skip


def _stretches(g: Grammar) -> None:
    """From one point to another."""

    @g.rule("point", "since?", "to", "point", name="stretch")
    def _between(first: Token, since: Token | None, to: Token, last: Token) -> Made | None:
        if since is not None and since.value.number != 1:
            return None
        return Made("stretch", Stretch(first.value, last.value))

    @g.rule("today", "since?", "to", "point", name="stretch")
    def _from_today(today: Token, since: Token | None, to: Token, last: Token) -> Made:
        return Made("stretch", Stretch(Point(today=True), last.value))

    @g.rule("point", "and", "point", "between", name="between")
    def _between_two(first: Token, link: Token, last: Token, between: Token) -> Made | None:
        return Made("time", Stretch(first.value, last.value)) if link.value.number == 2 else None

    @g.rule("n", "to", "point", name="stretch")
    def _years_or_months(n: Token, to: Token, last: Token) -> Made | None:
        number: Numeral = n.value
        point: Point = last.value
        if point.only_year and point.year and number.digits == 4 and 1900 <= number.value <= 2199:
            return Made("stretch", Stretch(Point(year=number.value), point))
        if point.one_month and not point.names_year and 1 <= number.value <= 12 and number.digits <= 2:  # fmt: skip
            return Made("stretch", Stretch(Point(months=(number.value,) * 2), point))
        return None

    @g.rule("n", "to", "short-year", name="stretch")
    def _short_years(n: Token, to: Token, last: Token) -> Made | None:
        if n.value.digits != 2 or not n.value.near or last.score < 0:
            return None
        return Made("stretch", Stretch(Point(year=n.value.value), last.value))

    @g.rule("point", "n", "to", "point", name="stretch")
    def _months_of_year(year: Token, n: Token, to: Token, last: Token) -> Made | None:
        first, point = n.value, last.value
        if not year.value.only_year or not point.one_month or point.names_year:
            return None
        if not 1 <= first.value <= 12 or first.digits > 2:
            return None
        return Made("stretch", Stretch(replace(year.value, months=(first.value,) * 2), point))

    @g.rule("point", "n", "to", "n", "day-unit", name="stretch")
    def _days_of_month(month: Token, n: Token, to: Token, m: Token, unit: Token) -> Made | None:
        first = _with_days(month.value, n.value.value, n.value.value)
        last = _with_days(month.value, m.value.value, m.value.value)
        if not first or not last or n.value.value > m.value.value:
            return None
        return Made("stretch", Stretch(first.value, last.value))

    @g.rule("point", "to", "n", "day-unit", "aside?", name="stretch")
    def _to_day(first: Token, to: Token, n: Token, unit: Token, aside: Token | None) -> Made | None:
        point: Point = first.value
        if not point.one_day or n.value.value <= point.one_day:
            return None
        bare = replace(point, days=None, clock=None)
        last = _with_days(bare, n.value.value, n.value.value)
        return last and Made("stretch", Stretch(point, last.value))

    @g.rule("from?", "stretch", name="stretch")
    def _stretch(word: Token | None, stretch: Token) -> Made:
        return Made("time", stretch.value)

    for kind, bound in (
        ("between", Bound.NONE), ("to-end", Bound.NONE), ("within", Bound.NONE), ("before", Bound.BEFORE),
    ):  # fmt: skip

        @g.rule("from?", "stretch", kind, name="stretch")
        def _ended(
            word: Token | None, stretch: Token, end: Token, bound: Bound = bound
        ) -> Made | None:
            return Made("time", replace(stretch.value, bound=bound))

    @g.rule("stretch", "every", name="recurring-stretch")
    def _recurring(stretch: Token, every: Token) -> Made | None:
        rule = every.value.rrule
        return Made("time", replace(stretch.value, rrule=rule)) if rule else None

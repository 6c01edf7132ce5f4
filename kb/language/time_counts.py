"""What the grammar of times counts: recurrences (每, 按, 逐) and lengths.

The readings are those of `time_readings`; the words are in `time_words.jsonl`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from decimal import Decimal

from kb.durations import TIME_UNITS, UNITS, parse_duration
from kb.language.engine import Grammar, Made, Token
from kb.language.time_readings import (
    WEEKDAYS,
    Bound,
    Every,
    Length,
    Numeral,
    Point,
    TimeWord,
)
from kb.recurrence import parse_rule

_HALVES = {"Y": ("M", Decimal(6)), "M": ("D", Decimal(15)), "TH": ("TM", Decimal(30))}
"""What half of a unit is in the next."""
_MOST_PARTS = 12
"""Months, days or weekdays that one recurrence lists."""
_LONGEST_STEP = 99
"""The most units from one occurrence to the next: 每90分钟."""


def add_recurrences(g: Grammar) -> None:
    """每, 按 and 逐 with a unit of the calendar, and the days in it."""

    @g.rule("each", "n?", "every-unit", name="every")
    def _every(word: Token, n: Token | None, unit: Token) -> Made | None:
        e: TimeWord = unit.value
        count = n.value.value if n else 1
        if not 1 <= count <= _LONGEST_STEP or (n and (not e.rrule or e.half)):
            return None
        return Made("every", _from_rule(e.rrule, count))

    @g.rule("frequency")
    def _frequency(word: Token) -> Made:
        return Made("every", _from_rule(word.value.rrule, 1))

    @g.rule("next-month", "n", "day-unit", name="every")
    def _next_month(word: Token, n: Token, unit: Token) -> Made | None:
        # 于次月5日前: every month, of what was done in the one before
        return _with_day(_from_rule(word.value.rrule, 1), n.value.value)

    @g.rule("next-month", "edge", name="every")
    def _next_month_end(word: Token, edge: Token) -> Made | None:
        return _with_day(_from_rule(word.value.rrule, 1), -1) if edge.value.number < 0 else None

    @g.rule("each", "weekday", name="every-weekday")
    def _every_weekday(word: Token, day: Token) -> Made:
        return Made("every-weekday", Every("WEEKLY", weekdays=(day.value,)))

    @g.rule("every-weekday", "and?", "weekday", name="every-weekday")
    def _more_weekdays(every: Token, _: Token | None, day: Token) -> Made | None:
        value: Every = every.value
        if day.value in value.weekdays:
            return None
        return Made("every-weekday", replace(value, weekdays=(*value.weekdays, day.value)))

    @g.rule("every-weekday", "and", "n", name="every-weekday")
    def _listed_weekday(every: Token, _: Token, n: Token) -> Made | None:
        number: Numeral = n.value
        if number.arabic or number.digits or not 1 <= number.value <= 6:
            return None
        day = WEEKDAYS[number.value - 1]
        if WEEKDAYS.index(every.value.weekdays[-1]) >= number.value - 1:
            return None
        return Made("every-weekday", replace(every.value, weekdays=(*every.value.weekdays, day)))

    @g.rule("every-weekday", "to", "weekday", name="every-weekday")
    def _weekday_range(every: Token, to: Token, day: Token) -> Made | None:
        return _until_weekday(every.value, WEEKDAYS.index(day.value))

    @g.rule("every-weekday", "to", "n", name="every-weekday")
    def _short_weekday_range(every: Token, to: Token, n: Token) -> Made | None:
        number: Numeral = n.value
        plain = not number.arabic and not number.digits and number.value <= 6
        return _until_weekday(every.value, number.value - 1) if plain else None

    @g.rule("every-weekday", name="every")
    def _as_every(every: Token) -> Made:
        return Made("every", every.value)

    @g.rule("every", "of?", "piece", name="every")
    def _every_piece(every: Token, of: Token | None, piece: Token) -> Made | None:
        value: Every = every.value
        return None if value.months or value.days else _with_piece(value, piece.value)

    @g.rule("every", "and", "piece", name="every")
    def _more_pieces(every: Token, _: Token, piece: Token) -> Made | None:
        value: Every = every.value
        return _with_piece(value, piece.value) if value.months else None

    @g.rule("every", "to", "piece", name="every")
    def _to_piece(every: Token, to: Token, piece: Token) -> Made | None:
        value, point = every.value, piece.value
        if value.freq == "YEARLY" and len(value.months) == len(value.days) == 1 and point.one_day:
            # 每年9月1日至9月30日 is due at its end.
            return _with_piece(replace(value, months=(), days=()), point)
        if value.freq != "YEARLY" or not value.open_month or not point.months or point.feast:
            return None
        if not value.months or point.months[0] <= value.months[-1]:
            return None
        between = tuple(range(value.months[-1] + 1, point.months[0]))
        return _with_piece(replace(value, months=(*value.months, *between)), point)

    @g.rule("every", "n", "to", "piece", name="every")
    def _months(every: Token, n: Token, to: Token, piece: Token) -> Made | None:
        value, last = every.value, piece.value.one_month
        if value.freq != "YEARLY" or value.months or not last or not 1 <= n.value.value < last:
            return None
        months = tuple(range(n.value.value, last + 1))
        return Made("every", replace(value, months=months, open_month=True))

    @g.rule("every", "of?", "n", "day-unit", name="every")
    def _day_of_month(every: Token, of: Token | None, n: Token, unit: Token) -> Made | None:
        return None if every.value.days else _with_day(every.value, n.value.value)

    @g.rule("every", "n", "and", "n", "day-unit", name="every")
    def _days_of_month(every: Token, n: Token, _: Token, m: Token, unit: Token) -> Made | None:
        first = None if every.value.days else _with_day(every.value, n.value.value)
        return first and _with_day(first.value, m.value.value)

    @g.rule("every", "and", "n", "day-unit", name="every")
    def _more_days(every: Token, _: Token, n: Token, unit: Token) -> Made | None:
        return _with_day(every.value, n.value.value) if every.value.days else None

    @g.rule("every", "to", "n", "day-unit", name="every")
    def _to_day(every: Token, to: Token, n: Token, unit: Token) -> Made | None:
        value: Every = every.value
        if len(value.days) != 1 or not value.days[0] < n.value.value <= 31:
            return None
        return Made("every", replace(value, days=(n.value.value,)))

    @g.rule("every", "third", name="every")
    def _every_third(every: Token, third: Token) -> Made | None:
        return _with_day(every.value, (third.value.days or (1, -1))[1])

    @g.rule("every", "of?", "edge", name="every")
    def _every_edge(every: Token, of: Token | None, word: Token) -> Made | None:
        value: Every = every.value
        if value.days or value.weekdays or (of and word.end - word.start < 3):
            return None
        end = word.value.number < 0
        if value.freq == "YEARLY" and not value.months:
            return Made("every", replace(value, months=(12,), days=(31,)) if end else value)
        return Made("every", replace(value, days=(-1,), open_month=False) if end else value)

    @g.rule("every", "month-of-quarter", name="every")
    def _month_of_quarter(every: Token, word: Token) -> Made | None:
        value: Every = every.value
        if not value.quarterly or value.months or value.days:
            return None
        place = word.value.number
        return Made("every", replace(value, freq="YEARLY", interval=1, months=tuple(range(place, 13, 3)), open_month=True))  # fmt: skip

    @g.rule("every", "clock", name="every")
    def _every_clock(every: Token, clock: Token) -> Made | None:
        return None if every.value.clocks else _at(every.value, clock.value)

    @g.rule("every", "and", "clock", name="every")
    def _more_clocks(every: Token, _: Token, clock: Token) -> Made | None:
        return _at(every.value, clock.value) if every.value.clocks else None

    @g.rule("every", "clock", "to", "clock", name="every")
    def _hours(every: Token, first: Token, to: Token, last: Token) -> Made | None:
        # 每日8时至20时 says how long, not by when
        return None if every.value.clocks else Made("every", every.value)

    @g.rule("every", name="every")
    def _alone(every: Token) -> Made:
        return Made("time", every.value)

    @g.rule("every", "before", name="every")
    def _every_before(every: Token, before: Token) -> Made | None:
        value: Every = every.value
        if not (value.months or value.days or value.weekdays or value.clocks):
            return None  # 每年前三季度
        if value.open_month and not value.days:
            value = replace(value, days=(-1,))
        return Made("time", replace(value, bound=Bound.BEFORE))


def _until_weekday(value: Every, last: int) -> Made | None:
    """A recurrence on the days after its last up to the weekday `last`, counted from Monday, too."""
    first = WEEKDAYS.index(value.weekdays[-1])
    more = WEEKDAYS[first + 1 : last + 1]
    return (
        Made("every-weekday", replace(value, weekdays=(*value.weekdays, *more))) if more else None
    )


def _from_rule(rrule: str | None, count: int) -> Every:
    if rrule is None:
        return Every("")
    parts = parse_rule(rrule)
    interval = int(parts.get("INTERVAL", "1"))
    return Every(
        parts["FREQ"],
        interval * count,
        days=tuple(int(day) for day in parts.get("BYMONTHDAY", "").split(",") if day),
        weekdays=tuple(filter(None, parts.get("BYDAY", "").split(","))),
        quarterly=interval == 3 and count == 1,
    )


def _with_piece(value: Every, point: Point) -> Made | None:
    """A recurrence on the months (and the day) of `point` too: one rule has one day for all."""
    if value.freq != "YEARLY" or point.holiday or point.moved or not point.months:
        return None
    if len(value.months) >= _MOST_PARTS:
        return None
    spread = point.months[0] != point.months[1]
    last = _last_day(point)
    months = (point.months[1],) if spread else (point.months[0],)
    days = value.days
    if last is not None:
        if days and days != (last,):
            if not _month_ends(value.months, days) or not _month_ends(months, (last,)):
                return None
            last = -1
        days = (last,)
    elif days:
        return None
    return Made("every", replace(value, months=(*value.months, *months), days=days, open_month=last is None))  # fmt: skip


def _last_day(point: Point) -> int | None:
    if point.days is not None:
        return point.days[1]
    if point.edge < 0 and point.months == (1, 12):
        return 31
    assert point.months is not None  # noqa: S101 - `_with_piece` looked
    return -1 if point.edge < 0 or point.months[0] != point.months[1] else None


def _month_ends(months: tuple[int, ...], days: tuple[int, ...]) -> bool:
    lengths = {2: (28, 29), 4: (30,), 6: (30,), 9: (30,), 11: (30,)}
    return all(day == -1 or day in lengths.get(m, (31,)) for m in months for day in days)


def _at(value: Every, clock: time) -> Made | None:
    """A recurrence at `clock` too: one rule has one minute for all its hours."""
    known = value.clocks
    if value.freq in ("", "HOURLY", "MINUTELY") or len(known) >= _MOST_PARTS:
        return None
    if known and (clock <= known[-1] or clock.minute != known[0].minute):
        return None
    return Made("every", replace(value, clocks=(*known, clock)))


def _with_day(value: Every, day: int) -> Made | None:
    if not (value.freq == "MONTHLY" or (value.freq == "YEARLY" and value.open_month)):
        return None
    if not (1 <= day <= 31 or day == -1) or len(value.days) >= _MOST_PARTS:
        return None
    return Made("every", replace(value, days=(*value.days, day)))


def add_lengths(g: Grammar) -> None:
    """Lengths of time."""

    @g.rule("n", "many?", "length-unit", name="length")
    def _length(n: Token, many: Token | None, unit: Token) -> Made | None:
        number: Numeral = n.value
        if unit.value.unit == "Y" and (number.digits == 4 or (number.digits == 2 and not number.arabic)):  # fmt: skip
            return None
        if unit.value.unit == "Y" and number.arabic and number.digits == 2 and number.value < 10:
            return None
        made = _amount(Decimal(number.value), unit.value)
        if made is None:
            return None
        return Made("length", replace(made, approximate=made.approximate or bool(many)))

    @g.rule("ordinal", "n", "length-unit", name="ordinal")
    def _place(ordinal: Token, n: Token, unit: Token) -> Made | None:
        # 第三年, 第一个工作日: one of many, no length
        return Made("other", score=0.4) if n.value.digits < 4 else None

    @g.rule("few", "length-unit", name="length-range")
    def _some(few: Token, unit: Token) -> Made | None:
        low, high = (_amount(Decimal(value), unit.value) for value in few.value)
        if not low or not high:
            return None
        return Made("length", replace(low, upper=high.amounts, approximate=True))

    @g.rule("decimal", "length-unit", name="length")
    def _decimal(number: Token, unit: Token) -> Made | None:
        made = _amount(number.value, unit.value)
        return Made("length", made) if made else None

    @g.rule("n", "to", "n", "length-unit", name="length-range")
    def _range(n: Token, to: Token, m: Token, unit: Token) -> Made | None:
        low, high = _amount(Decimal(n.value.value), unit.value), _amount(Decimal(m.value.value), unit.value)  # fmt: skip
        if not low or not high or n.value.value >= m.value.value or n.value.digits == 4:
            return None
        return Made("length", replace(low, upper=high.amounts))

    @g.rule("length", "to", "length", name="length-range")
    def _from_length(low: Token, to: Token, high: Token) -> Made | None:
        # 3个月至6个月, 半年至一年
        a: Length = low.value
        b: Length = high.value
        if a.upper or b.upper or a.tail or b.ahead or a.approximate or a.working != b.working:
            return None
        if not _days_of(a) < _days_of(b):
            return None
        return Made("length", replace(a, upper=b.amounts, tail=b.tail))

    @g.rule("length-word", name="length")
    def _word(word: Token) -> Made:
        return Made("length", Length(tuple((parse_duration(word.value.unit) or {}).items())))

    @g.rule("length", "half", name="length-and-half")
    def _half(length: Token, half: Token) -> Made | None:
        value: Length = length.value
        if value.upper or value.working or value.tail or len(value.amounts) != 1:
            return None
        more = _HALVES.get(value.amounts[0][0])
        return Made("length", replace(value, amounts=(*value.amounts, more))) if more else None

    @g.rule("length", "length", name="length-and-length")
    def _sum(first: Token, second: Token) -> Made | None:
        a: Length = first.value
        b: Length = second.value
        if a.upper or b.upper or a.working or b.working or a.tail or b.ahead:
            return None
        if UNITS.index(a.amounts[-1][0]) >= UNITS.index(b.amounts[0][0]):
            return None
        # 6月5日24小时内 is a day and a length rather than 5 days and 24 hours
        clock = b.amounts[0][0] in TIME_UNITS
        return Made("length", replace(a, amounts=(*a.amounts, *b.amounts), tail=b.tail), -0.2 if clock else 0)  # fmt: skip

    @g.rule("ahead", "length", name="length")
    def _ahead(word: Token, length: Token) -> Made | None:
        value: Length = length.value
        return None if value.ahead else Made("length", replace(value, ahead=word.value.number))

    @g.rule("in-advance", "length", name="length-in-advance")
    def _in_advance(word: Token, length: Token) -> Made | None:
        value: Length = length.value
        if value.ahead:
            return None
        return Made("time", replace(value, bound=Bound.AHEAD, tail=word.value.words[0]))

    @g.rule("length", "about", name="length")
    def _about(length: Token, about: Token) -> Made:
        return Made("length", replace(length.value, approximate=True, tail="左右"))

    @g.rule("length", "time-noun", name="length")
    def _noun(length: Token, noun: Token) -> Made:
        return Made("length", replace(length.value, tail=length.value.tail or "时间"))

    @g.rule("length", name="length")
    def _alone(length: Token) -> Made:
        return Made("time", length.value)

    for kind, bound in (
        ("within", Bound.WITHIN), ("before", Bound.BEFORE), ("after", Bound.AFTER),
        ("at-least", Bound.AT_LEAST), ("at-most", Bound.AT_MOST),
    ):  # fmt: skip

        @g.rule("length", kind, name=f"length-{kind}")
        def _bounded(length: Token, word: Token, bound: Bound = bound) -> Made:
            tail = word.value.words[0]
            return Made("time", replace(length.value, bound=bound, tail=tail))

    @g.rule("length", "at-least", "length", "at-most", name="length-range")
    def _from_to(low: Token, _: Token, high: Token, __: Token) -> Made:
        return Made("time", replace(low.value, upper=high.value.amounts))


_DAYS = {"Y": 365, "M": 30, "W": 7, "D": 1, "TH": 1 / 24, "TM": 1 / 1440, "TS": 1 / 86400}


def _days_of(length: Length) -> float:
    """About how many days a length has, to tell which of two is longer."""
    return sum(float(amount) * _DAYS[unit] for unit, amount in length.amounts)


def _amount(value: Decimal, unit: TimeWord) -> Length | None:
    if value <= 0:
        return None
    code = {"B": "D", "Q": "M"}.get(unit.unit, unit.unit)
    amounts: tuple[tuple[str, Decimal], ...] = ((code, value * 3 if unit.unit == "Q" else value),)
    if unit.half:
        amounts = (*amounts, _HALVES[code])
    return Length(amounts, working=unit.unit == "B", approximate=unit.approximate)

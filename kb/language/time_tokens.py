"""The tokens that the grammar of times is given beside its words: numerals and planning periods."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import lru_cache

from kb.language.engine import Token
from kb.language.numerals import NUMERALS, small_number
from kb.language.time_readings import Numeral, PlanningPeriod, Point
from kb.lexicon import load_lexicon

_NUMERAL = re.compile(rf"(?P<arabic>\d+)|[{NUMERALS}]+")
_DECIMAL = re.compile(r"(?<![\d.])\d{1,3}\.\d(?![\d.])")
# 6/30, 7.15 and 2026.6 by their form alone: no part of a longer number, a code or a share.
_FIGURES = re.compile(
    r"(?<![\w./])(?:(?P<year>(?:19|20)\d\d)[./](?P<of>1[0-2]|0?[1-9])"
    r"|(?P<month>1[0-2]|0?[1-9])[./](?P<day>3[01]|[12]\d|0?[1-9]))(?![\d./%a-zA-Z])",
    re.ASCII,
)
# The same in a cell or after a label of times, where nothing else stands: also 2026-05, 202605,
# 20260531 and a year alone.
_SHOWN = re.compile(
    r"(?<![\w./])(?:(?P<year>(?:19|20)\d\d)(?:[./](?P<of>1[0-2]|0?[1-9])|-(?P<dashed>1[0-2]|0?[1-9])(?!-\d))"
    r"|(?P<packed>(?:19|20)\d\d)(?P<in>1[0-2]|0[1-9])(?P<on>3[01]|[12]\d|0[1-9])?"
    r"|(?P<month>1[0-2]|0?[1-9])[./](?P<day>3[01]|[12]\d|0?[1-9])"
    r"|(?P<alone>20\d\d)(?!年))(?![\d%a-zA-Z]|[./]\d)",
    re.ASCII,
)
_LONGEST = 8
"""Characters of a numeral: 二千零二十六 has six; a longer one is no number of a time."""
_NEAR = 10
"""Years around the reference for which 24年 alone is read as 2024 and not as 24 years: so far lie the
plans of policy. Round numbers (10年, 40年, 70年: all of the corpus) are lengths."""
_DEFAULT_YEAR = 2020
"""Where nothing says when a text was written: amid the corpus's documents (2007 to 2026)."""
_COUNTED = frozenset("十百千两")
_ZEROS = frozenset("0零〇○")


def numerals_in(text: str, reference: date | None) -> Iterator[Token]:
    """The numerals of `text` as tokens: `n` whole numbers, `few` two at a time (一两, 三五), `decimal`
    those with one figure after the point. A number of five figures and more is none of a time."""
    year = reference.year if reference else _DEFAULT_YEAR
    for match in _NUMERAL.finditer(text):
        printed = match.group()
        length = len(printed)
        if match.group("arabic"):
            value: int | None = int(printed) if length <= 4 else None
            digits = length
        else:
            value = small_number(printed) if length <= _LONGEST else None
            digits = length if length > 1 and not set(printed) & _COUNTED else 0
            if length == 2 and (pair := _pair(printed)):
                yield Token(*match.span(), "few", pair, "few")
        if value is not None:
            near = digits == 2 and _is_near(value, year, printed)
            numeral = Numeral(value, digits, bool(match.group("arabic")), near)
            yield Token(*match.span(), "n", numeral, "n")
    for match in _DECIMAL.finditer(text):
        yield Token(*match.span(), "decimal", Decimal(match.group()), "decimal")


def figures_in(text: str) -> Iterator[Token]:
    """Days and months printed as two numbers (`figures`: 6/30, 7.15, 2026.6): days only where the
    grammar finds that a time stands there, for a share (1/3) or a section (3.2) looks the same."""
    for match in _FIGURES.finditer(text):
        if match["year"]:
            point = Point(year=int(match["year"]), months=(int(match["of"]),) * 2)
        else:
            point = Point(months=(int(match["month"]),) * 2, days=(int(match["day"]),) * 2)
        yield Token(*match.span(), "figures", point, "figures")


def shown_in(text: str, start: int, end: int) -> Iterator[Token]:
    """The days, months and years in figures of `text[start:end]`, where it is known that times stand:
    `shown`, and as far as `figures_in` has no such form `figures` too."""
    for match in _SHOWN.finditer(text, start, end):
        months = match["of"] or match["dashed"] or match["in"] or match["month"]
        days = match["on"] or match["day"]
        year = match["year"] or match["packed"] or match["alone"]
        point = Point(
            year=int(year) if year else None,
            months=(int(months),) * 2 if months else None,
            days=(int(days),) * 2 if days else None,
        )
        yield Token(*match.span(), "shown", point, "shown")
        if months and not _FIGURES.fullmatch(match.group()):
            yield Token(*match.span(), "figures", point, "figures")


def _pair(printed: str) -> tuple[int, int] | None:
    low, high = small_number(printed[0]), small_number(printed[1])
    return (low, high) if low and high and few(low * 10 + high) else None


def few(value: int) -> bool:
    """Whether two figures are so many or so many: 三四, 三五."""
    return value // 10 > 0 and (value % 10 - value // 10 == 1 or value == 35)


def _is_near(value: int, year: int, printed: str) -> bool:
    if printed[0] in _ZEROS:
        return True  # 08年
    return abs(2000 + value - year) <= _NEAR and value % 5 != 0


def periods_in(text: str) -> Iterator[Token]:
    """The planning periods named in `text`, quoted or not; 一九九五年 holds none."""
    for match in _period_names().finditer(text):
        entry = _periods()[match.group("name")]
        end = match.end() if match.group("open") else match.end("name")
        point = Point(years=(entry.start, entry.end))
        yield Token(match.start(), end, "plan", point, "planning-period")


@lru_cache
def _periods() -> dict[str, PlanningPeriod]:
    return {entry.name: entry for entry in load_lexicon("periods", PlanningPeriod)}


@lru_cache
def _period_names() -> re.Pattern[str]:
    names = "|".join(sorted(_periods(), key=len, reverse=True))
    numeral = f"[{NUMERALS}]"
    return re.compile(rf'(?P<open>["“])?(?<!{numeral})(?P<name>{names})(?!{numeral})["”]?')

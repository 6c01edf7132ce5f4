"""Dates of English questions: by the end of 2025, in Q3 2027, between March and June 2027."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

UP_TO = r"as\s+of|as\s+at|no\s+later\s+than|not\s+later\s+than|prior\s+to|up\s+to|before|by|until|till|through"
_MONTHS = {name.lower(): n for n, name in enumerate(calendar.month_name) if name} | {
    name.lower(): n for n, name in enumerate(calendar.month_abbr) if name
}
_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "last": 4}  # fmt: skip
_Y = r"(?:20\d\d)"
_M = "|".join(sorted(_MONTHS, key=len, reverse=True))
_THIS = r"this year|next year|last year|the year"


def _english_point(n: str) -> str:
    return (
        rf"(?:(?P<iso{n}>{_Y}-\d\d?-\d\d?)(?!\d)"
        rf"|(?P<d{n}>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s+(?P<dm{n}>{_M})\.?,?\s*(?P<dy{n}>{_Y})?"
        rf"|(?P<mm{n}>{_M})\.?\s+(?P<md{n}>\d{{1,2}})(?:st|nd|rd|th)?(?!\d),?\s*(?P<my{n}>{_Y})?"
        rf"|(?P<m{n}>{_M})\.?(?:\s+of)?,?\s*(?P<y{n}>{_Y}|{_THIS})?"
        rf"|(?:q(?P<q{n}>[1-4])|(?P<qo{n}>first|second|third|fourth|last|1st|2nd|3rd|4th)\s+quarter)(?:\s+of)?,?\s*(?:the\s+)?(?P<qy{n}>{_Y}|{_THIS})?"
        rf"|(?:h(?P<h{n}>[12])|(?P<ho{n}>first|second)\s+half)(?:\s+of)?,?\s*(?:the\s+)?(?P<hy{n}>{_Y}|{_THIS})?"
        rf"|(?P<yy{n}>{_Y}))\b"
    )


_ENGLISH_DATED = re.compile(
    rf"\b(?:(?P<upto>{UP_TO})|(?P<since>since|after|from|starting)|in|on|at|during|for|of)\s+(?:the\s+)?(?P<edge>end\s+of\s+|close\s+of\s+)?(?:the\s+)?{_english_point('')}"
)
_ENGLISH_PART = re.compile(
    rf"\b(?=q[1-4]|h[12]\b|(?:\w+)\s+(?:quarter|half)\b|(?:{_M})\.?\s+(?:\d|of)|\d){_english_point('')}"
)
_ENGLISH_YEAR = re.compile(rf"\b(?P<y>{_Y})\b(?!-\d)")
_ENGLISH_RANGE = re.compile(
    rf"\b(?:(?:from|between)\s+)?{_english_point('1')}\s*(?:-|–|to|and|until|through)\s*{_english_point('2')}"
)


Dated = tuple[int, int, date | None, date | None]
"""Where a date stands in the text, its first and last day."""


def find_english_dates(low: str, as_of: date) -> Iterator[Dated]:
    """The dates of an English question in lower case; they may overlap."""
    for match in _ENGLISH_RANGE.finditer(low):
        second = _english_bounds(match, "2", as_of)
        first = _english_bounds(match, "1", second[0] if second else as_of)
        if first and second:
            yield match.start(), match.end(), first[0], second[1]
    for match in _ENGLISH_DATED.finditer(low):
        bounds = _english_bounds(match, "", as_of)
        if bounds is None:
            continue
        start: date | None = bounds[0]
        end: date | None = bounds[1]
        if match.group("upto"):
            start = None
        elif since := match.group("since"):
            start, end = bounds[1] + timedelta(days=1) if since == "after" else start, None
        yield match.start(), match.end(), start, end
    for match in _ENGLISH_PART.finditer(low):
        bounds = _english_bounds(match, "", as_of)
        if bounds:
            yield match.start(), match.end(), *bounds
    for match in _ENGLISH_YEAR.finditer(low):
        year = int(match.group("y"))
        yield match.start(), match.end(), date(year, 1, 1), date(year, 12, 31)


def _english_bounds(match: re.Match[str], n: str, as_of: date) -> tuple[date, date] | None:
    g = {k: v for k, v in match.groupdict().items() if v}

    def year_of(key: str) -> int:
        printed = g.get(key + n, "")
        shift = {"next year": 1, "last year": -1}.get(printed, 0)
        return int(printed) if printed.isdigit() else as_of.year + shift

    try:
        if iso := g.get("iso" + n):
            day = date(*map(int, iso.split("-")))
            return day, day
        for month, number, year in (("dm", "d", "dy"), ("mm", "md", "my")):
            if name := g.get(month + n):
                day = date(year_of(year), _MONTHS[name], int(g[number + n]))
                return day, day
    except ValueError:
        return None
    first, months = None, 12
    if name := g.get("m" + n):
        first, months = date(year_of("y"), _MONTHS[name], 1), 1
    elif ("q" + n) in g or ("qo" + n) in g:
        quarter = int(g.get("q" + n) or _ORDINALS[g["qo" + n]])
        first, months = date(year_of("qy"), quarter * 3 - 2, 1), 3
    elif ("h" + n) in g or ("ho" + n) in g:
        half = int(g.get("h" + n) or _ORDINALS[g["ho" + n]])
        first, months = date(year_of("hy"), half * 6 - 5, 1), 6
    elif printed := g.get("yy" + n):
        first = date(int(printed), 1, 1)
    if first is None:
        return None
    return first, first + relativedelta(months=months) - timedelta(days=1)

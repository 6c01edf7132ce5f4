"""Numbers of a workbook as its program shows them: a value and its format code → words.

Format codes: ECMA-376 18.8.30 and 18.8.31; the built-in codes 27 to 36 and 50 to 58 are those of
the Chinese edition, and 14 and 22 follow the system's date, which in China is 2023/3/15.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

GENERAL = "General"
BUILTIN = {
    0: GENERAL, 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
    12: "# ?/?", 13: "# ??/??", 14: "yyyy/m/d", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy",
    18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy/m/d h:mm",
    27: 'yyyy"年"m"月"', 28: 'm"月"d"日"', 29: 'm"月"d"日"', 30: "m-d-yy", 31: 'yyyy"年"m"月"d"日"',
    32: 'h"时"mm"分"', 33: 'h"时"mm"分"ss"秒"', 34: '上午/下午h"时"mm"分"',
    35: '上午/下午h"时"mm"分"ss"秒"', 36: 'yyyy"年"m"月"', 37: "#,##0;-#,##0", 38: "#,##0;-#,##0",
    39: "#,##0.00;-#,##0.00", 40: "#,##0.00;-#,##0.00", 41: "#,##0;-#,##0;-", 42: "¥#,##0;¥-#,##0;¥-",
    43: "#,##0.00;-#,##0.00;-", 44: "¥#,##0.00;¥-#,##0.00;¥-", 45: "mm:ss", 46: "[h]:mm:ss",
    47: "mm:ss.0", 48: "##0.0E+0", 49: "@", 50: 'yyyy"年"m"月"', 51: 'm"月"d"日"', 52: 'yyyy"年"m"月"',
    53: 'm"月"d"日"', 54: 'm"月"d"日"', 55: '上午/下午h"时"mm"分"', 56: '上午/下午h"时"mm"分"ss"秒"',
    57: 'yyyy"年"m"月"', 58: 'm"月"d"日"',
}  # fmt: skip
"""Codes that a file names by number only."""
LOCAL = frozenset({14, 22, *range(27, 37), *range(50, 59)})
"""Numbers whose codes depend on the edition of the program."""
_LAST_DAY = 2_958_465
"""Of the year 9999, counted from 1900."""
_LONGEST_CODE = 255
_EXACT = Context(prec=1000)
"""As many figures as a number of a workbook (up to 1e308) with the decimals of the longest code has."""
_PART = re.compile(
    r'"(?P<quoted>[^"]*)"?|[\\!](?P<escaped>.)|_.|\*.|\[(?P<bracket>[^\]]*)\]|(?P<general>General|G/通用格式)'
    r"|(?P<half>AM/PM|A/P|上午/下午)|(?P<week>aaaa?|AAAA?)|(?P<time>y+|Y+|m+|M+|d+|D+|h+|H+|s+|S+|e+)"
    r"|(?P<exponent>[Ee][+-])|(?P<mark>[0#?.,%/@])|(?P<other>.)",
    re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)")
_TESTS = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "=": operator.eq, "<>": operator.ne,
}  # fmt: skip
_FIGURES = {"1": "〇一二三四五六七八九", "2": "零壹贰叁肆伍陆柒捌玖", "3": "０１２３４５６７８９"}
_PLACES = {"1": ("", "十", "百", "千"), "2": ("", "拾", "佰", "仟")}
_GROUPS = ("", "万", "亿", "万亿")
_WEEKDAYS = "一二三四五六日"
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of a code: `kind` is the group of `_PART` that it is, `words` what stands there."""

    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class _Section:
    """What stands between semicolons: its parts, its condition, the set of its figures."""

    parts: tuple[_Part, ...]
    condition: tuple[str, float] | None
    figures: str

    @property
    def is_time(self) -> bool:
        return any(part.kind in ("time", "half", "week", "elapsed") for part in self.parts)


def shown_number(value: float, code: str, *, from_1904: bool = False) -> str:
    """A number as `code` shows it.

    Args:
        value: the number; of a date the days since the end of 1899, or of 1903 (`from_1904`).
        code: `0.0%`, `yyyy"年"m"月"d"日"`; one that cannot be followed shows the plain number.
    """
    section, negative = _section_of(value, code)
    if section is None:
        return _general(value)
    if section.is_time:
        day = value + (1462 if from_1904 else 0)
        return "".join(_time_words(section, day)) if 0 <= day <= _LAST_DAY else _general(value)
    if any(part.kind == "general" for part in section.parts) or not section.parts:
        number = _general(abs(value) if negative else value)
        if section.figures and number.isdecimal():
            number = _in_figures(int(number), section.figures)
        kept = [p for p in section.parts if p.kind in ("general", "literal")]
        return "".join(number if p.kind == "general" else p.words for p in kept) or number
    return _number_words(section, abs(value) if negative else value)


def _general(value: float) -> str:
    """What a cell without a format shows, as wide as it needs; 11 digits where it is no whole
    number (0.1 + 0.2 is 0.3)."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    words = format(Decimal(f"{value:.11g}"), "f")
    return words if len(words) <= 24 else f"{value:.6g}"


def _section_of(value: float, code: str) -> tuple[_Section | None, bool]:
    """The section for a value, and whether its sign is in the section's hands."""
    sections = _sections(code)
    if not sections:
        return None, False
    if any(section.condition for section in sections):
        for place, section in enumerate(sections):
            test = section.condition
            if test is None or _TESTS[test[0]](value, test[1]):
                return section, place == 1 and value < 0
        return None, False
    if len(sections) > 1 and value < 0:
        return sections[1], True
    if len(sections) > 2 and value == 0:
        return sections[2], False
    return sections[0], False


@lru_cache(maxsize=512)
def _sections(code: str) -> tuple[_Section, ...]:
    """The sections for numbers; none of a code for text, or one that no program writes."""
    if len(code) > _LONGEST_CODE or code.strip() in ("", "@"):
        return ()
    found: list[_Section] = []
    parts: list[_Part] = []
    condition: tuple[str, float] | None = None
    figures = ""
    for match in _PART.finditer(code):
        kind, words = match.lastgroup or "", match.group()
        if kind == "other" and words == ";":
            found.append(_Section(tuple(parts), condition, figures))
            parts, condition, figures = [], None, ""
        elif kind == "bracket":
            inside = match["bracket"]
            if told := _CONDITION.fullmatch(inside):
                condition = told[1], float(told[2])
            elif inside.lower().startswith("dbnum") and inside[5:6] in _FIGURES:
                figures = inside[5]
            elif inside.startswith("$") and (sign := inside[1:].split("-")[0]):
                parts.append(_Part("literal", sign))
            elif inside and set(inside.lower()) in ({"h"}, {"m"}, {"s"}):
                parts.append(_Part("elapsed", inside.lower()))
        elif kind in ("quoted", "escaped", "other"):
            parts.append(_Part("literal", match[kind]))
        elif kind:
            parts.append(_Part(kind, words))
    found.append(_Section(tuple(parts), condition, figures))
    return tuple(found[:3])


# --- dates and times


def _time_words(section: _Section, value: float) -> Iterator[str]:
    parts = section.parts
    fractions = _fraction_places(parts)
    unit = 10**fractions
    ticks = int(
        (Decimal(repr(value)) * 86400 * unit).to_integral_value(rounding=ROUND_HALF_UP)
    )  # a second is shown whole, not cut
    seconds = ticks // unit
    days, second = divmod(seconds, 86400)
    # The program counts a 29th of February 1900 that never was.
    day = datetime(1899, 12, 30) + timedelta(days=days + (days < 60))  # noqa: DTZ001 - a day, no moment
    halves = any(part.kind == "half" for part in parts)
    hour, minute = second // 3600, second // 60 % 60
    after_point = False
    for place, part in enumerate(parts):
        letter, width = part.words[0].lower() if part.words else "", len(part.words)
        if part.kind == "literal":
            yield part.words
        elif part.kind == "elapsed":
            whole = {"h": seconds // 3600, "m": seconds // 60, "s": seconds}[letter]
            yield str(whole).zfill(width)
        elif part.kind == "half":
            am, pm = part.words.split("/")
            yield am if hour < 12 else pm
        elif part.kind == "week":
            yield ("星期" if width > 3 else "周") + _WEEKDAYS[day.weekday()]
        elif part.kind == "time":
            if letter == "h":
                told = (hour % 12 or 12) if halves else hour
            elif letter == "s":
                told = second % 60
            elif letter == "m" and _is_minute(parts, place):
                told = minute
            else:
                yield _calendar(day, letter, width, section.figures)
                continue
            yield _figured(told, section.figures) or str(told).zfill(min(width, 2))
        elif part.kind == "mark" and part.words == "." and fractions:
            after_point = True
            yield "." + str(ticks % unit).zfill(fractions)
        elif part.kind == "mark" and not (after_point and part.words == "0"):
            yield part.words if part.words in "/,.%" else ""


def _calendar(day: date, letter: str, width: int, figures: str) -> str:
    """A part of a day's date: y, m or d so many times."""
    if letter in "ye":
        year = str(day.year) if width > 2 or letter == "e" else f"{day.year % 100:02}"
        return "".join(_FIGURES[figures][int(c)] for c in year) if figures else year
    if letter == "m":
        if width >= 3:
            return _MONTHS[day.month - 1][: 1 if width == 5 else 3]
        return _figured(day.month, figures) or str(day.month).zfill(width)
    if width >= 3:
        return _DAYS[day.weekday()]
    return _figured(day.day, figures) or str(day.day).zfill(width)


def _is_minute(parts: Sequence[_Part], place: int) -> bool:
    """Whether an m is of minutes: hours stand before it, or seconds after it."""
    marks = [(n, p.words[0].lower()) for n, p in enumerate(parts) if p.kind in ("time", "elapsed")]
    at = next(n for n, (where, _) in enumerate(marks) if where == place)
    return (at > 0 and marks[at - 1][1] == "h") or (at + 1 < len(marks) and marks[at + 1][1] == "s")


def _fraction_places(parts: Sequence[_Part]) -> int:
    """The zeros after the point of seconds."""
    for place, (before, part) in enumerate(pairwise(parts)):
        if before.kind == "time" and before.words[0] in "sS" and part.words == ".":
            rest = parts[place + 2 :]
            return next((n for n, p in enumerate(rest) if p.words != "0"), len(rest))
    return 0


# --- numbers


def _number_words(section: _Section, value: float) -> str:
    """A number by its marks: figures, thousands, percent, an exponent, a fraction."""
    parts = section.parts
    marks = [n for n, p in enumerate(parts) if p.kind == "mark" and p.words in "0#?"]
    if not marks:
        return "".join(p.words for p in parts if p.kind == "literal")
    exponent = next((n for n, p in enumerate(parts) if p.kind == "exponent"), None)
    slash = next((n for n, p in enumerate(parts) if p.words == "/" and p.kind == "mark"), None)
    number = Decimal(f"{value:.15g}")
    if slash is not None and exponent is None and marks[0] < slash:
        return _fraction(parts, number, slash)
    point = next((n for n, p in enumerate(parts) if p.kind == "mark" and p.words == "."), None)
    commas = [n for n, p in enumerate(parts) if p.kind == "mark" and p.words == ","]
    last_whole = max((n for n in marks if point is None or n < point), default=marks[0])
    thousands = any(marks[0] < n < last_whole for n in commas)
    number *= Decimal(100) ** sum(p.kind == "mark" and p.words == "%" for p in parts)
    number /= Decimal(1000) ** sum(n > last_whole for n in commas if n - 1 in (*marks, *commas))
    end = len(parts) if exponent is None else exponent
    whole = [n for n in marks if n < (end if point is None else point)]
    after = [n for n in marks if point is not None and point < n < end]
    power = 0
    if exponent is not None:
        power = number.adjusted() if number else 0
        number = number.scaleb(-power)
    number = number.quantize(Decimal(1).scaleb(-len(after)), rounding=ROUND_HALF_UP, context=_EXACT)
    figures, _, decimals = format(abs(number), "f").partition(".")
    figures = figures.lstrip("0")
    written = dict(_whole(parts, whole, figures, thousands=thousands))
    kept = len(decimals.rstrip("0"))
    for n, figure in zip(after, decimals, strict=False):
        needed = parts[n].words == "0" or after.index(n) < kept
        written[n] = figure if needed else ""
    shown = []
    for n, part in enumerate(parts):
        if part.kind == "literal" or (part.kind == "mark" and part.words == "%"):
            shown.append(part.words)
        elif n == point:
            shown.append(".")
        elif part.kind == "exponent":
            sign = "-" if power < 0 else "+" if part.words[1] == "+" else ""
            least = sum(parts[m].words == "0" for m in marks if m > n)
            shown.append(f"{part.words[0]}{sign}{str(abs(power)).zfill(least)}")
        elif n in written:
            shown.append(written[n])
    words = "".join(shown)
    if section.figures and not after and figures:
        words = words.replace(figures, _in_figures(int(figures), section.figures))
    return f"-{words}" if number < 0 else words


def _whole(
    parts: Sequence[_Part], places: Sequence[int], figures: str, *, thousands: bool
) -> Iterator[tuple[int, str]]:
    """The figures before the point at their marks: the first mark takes those that are left."""
    left = figures
    for at, n in reversed([*enumerate(places)]):
        if at == 0:
            figure, left = left or ("0" if parts[n].words == "0" else ""), ""
        else:
            figure, left = left[-1:] or ("0" if parts[n].words == "0" else ""), left[:-1]
        below = len(places) - 1 - at
        if thousands and figure:
            grouped = ""
            for k, c in enumerate(reversed(figure)):
                grouped = c + ("," if (below + k) and (below + k) % 3 == 0 else "") + grouped
            figure = grouped
        yield n, figure


def _fraction(parts: Sequence[_Part], number: Decimal, slash: int) -> str:
    below = "".join(p.words for p in parts[slash + 1 :] if p.kind in ("mark", "literal"))
    most = 10 ** max(1, sum(c in "0#?" for c in below)) - 1
    told = re.match(r"\s*([1-9]\d*)", below)
    value = Fraction(abs(number))
    whole = int(value) if sum(p.words in "0#?" for p in parts[:slash]) > 1 else 0
    rest = value - whole
    if told:
        rest = Fraction(round(rest * int(told[1])), int(told[1]))
    else:
        rest = rest.limit_denominator(most)
    if rest == 1 and whole:
        whole, rest = whole + 1, Fraction(0)
    shown = [str(whole)] if whole or not rest else []
    if rest:
        shown.append(f"{rest.numerator}/{rest.denominator}")
    return ("-" if number < 0 else "") + " ".join(shown)


# --- Chinese figures


def _figured(value: int, figures: str) -> str:
    return _in_figures(value, figures) if figures else ""


def _in_figures(value: int, figures: str) -> str:
    """A whole number in Chinese: 2 五, 25 二十五, 10500 一万〇五百."""
    digits = _FIGURES[figures]
    if figures == "3" or value >= 10**16:
        return "".join(digits[int(c)] for c in str(value))
    if value == 0:
        return digits[0]
    places, words, gap = _PLACES[figures], "", False
    text = str(value)
    for at, c in enumerate(text):
        rank = len(text) - 1 - at
        if c == "0":
            gap = bool(words)
        else:
            words += (digits[0] if gap else "") + digits[int(c)] + places[rank % 4]
            gap = False
        if rank % 4 == 0 and rank and any(d != "0" for d in text[max(0, at - 3) : at + 1]):
            words += _GROUPS[rank // 4]
    return words[1:] if figures == "1" and words.startswith("一十") else words

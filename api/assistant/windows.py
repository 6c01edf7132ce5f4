"""A question → the days that it asks about: 下个月, 10天内, 2025年底前, by the end of the quarter.

What phrases there are is data (`corpus/lexicon/date_phrases.jsonl`); the arithmetic is here. Dates
as documents print them are read by `kb.language.times`, as in the documents.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from dateutil.relativedelta import relativedelta

from api.assistant.english_dates import UP_TO, find_english_dates
from kb.language.numerals import normalize_number
from kb.language.times import Bound, TimeKind, find_times
from kb.lexicon import load_lexicon
from kb.models import Fact
from kb.workdays import add_workdays
from tasks.due import DUE_SOON, last_of
from tasks.words import describe_ends

Period = Literal["day", "week", "month", "quarter", "half", "year", "soon", "next"]
Kind = Literal["calendar", "counted", "soon", "next", "dated"]


class WindowExample(Fact):
    """A question asked on Tuesday 2026-11-24, and the window that it means."""

    text: str
    start: date | None
    end: date | None


class DatePhrase(Fact):
    """Words for `length` periods of the calendar, the first `shift` periods from the present one."""

    words: tuple[str, ...]
    period: Period
    shift: int
    length: int = 1
    examples: tuple[WindowExample, ...]


class Window(Fact):
    """The days that a question asks about, both ends included.

    `start` None: all that went before; `end` None: all that comes. `words` is the phrase as asked.
    `kind`: a period of the calendar, a number of days, 快到期 (`soon`), the next one, or a date as
    documents print it. `as_at`: how things stood at its end is asked for (截至…).
    """

    start: date | None
    end: date | None
    words: str
    kind: Kind
    as_at: bool = False

    def holds(self, day: date) -> bool:
        """Whether a day lies in it."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)

    @property
    def year(self) -> int | None:
        """The year that it names, where it names one."""
        last = self.end or self.start
        return last.year if last and self.kind in ("calendar", "dated") else None


NEAR = timedelta(days=31)
"""Overdue "this week" is asked of all that is overdue; overdue "in 2025" of what was due then."""


def soon(as_of: date) -> Window:
    """The days that are near."""
    return Window(start=as_of, end=last_of(as_of, DUE_SOON), words="", kind="soon")


class _Found(Fact):
    """A window at `[at, to)` of the text."""

    at: int
    to: int
    window: Window


_EARLIEST, _LATEST = date(1900, 1, 1), date(2199, 12, 31)
"""What lies beyond is no day of a policy: 99999天内 ends here."""
_BEFORE = r"之前|以前|结束前|截止前|前(?!期|景|提|沿|往)|为止"
_UNIT = r"工作日|天|日|周|星期|礼拜|个?月|个?季度|年"
_COUNT = r"\d{1,5}|[一二两三四五六七八九十百]{1,5}|半|几"
_COUNTED = re.compile(
    r"(?P<ahead>未来|今后|接下来|往后|后续|再过|从(?:今天|今日|现在)(?:起|开始|算起)|从今往后)?(?P<back>过去|此前|之前|前)?(?P<near>最近|近|这)?的?"
    rf"(?P<n>{_COUNT})来?个?(?P<half>半)?(?P<unit>{_UNIT})(?P<tail>之内|以内|内(?!容)|里(?!面)|来|以来|间)?"
)
_ENGLISH_NUMBERS = dict(
    zip(
        ["a", "an", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "couple", "few", "several"],
        [1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 2, 3, 3], strict=True,
    )
)  # fmt: skip
_ENGLISH_UNIT = r"(?P<unit>working day|business day|day|week|fortnight|month|quarter|year)s?\b"
_ENGLISH_COUNTED = re.compile(
    r"\b(?:(?:in|within|over|during|for|inside)\s+)?(?:the\s+)?(?P<way>next|coming|following|last|past|previous)\s+"
    rf"(?P<n>\d{{1,5}}|{'|'.join(_ENGLISH_NUMBERS)})\s+(?:of\s+)?{_ENGLISH_UNIT}"
    rf"|\b(?:in|within|inside)\s+(?:the\s+)?(?:(?:a\s+)?(?P<n2>\d{{1,5}}|{'|'.join(_ENGLISH_NUMBERS)})\s+(?:of\s+)?){_ENGLISH_UNIT.replace('unit', 'unit2')}(?!\s+(?:of|after|from the))"
)
_DAYS_OF_WEEK = "一二三四五六日"
_WEEKDAY = re.compile(
    rf"(?P<rel>本|这个?|下下个?|下个?|上个?)?(?:周|星期|礼拜)(?P<d>[{_DAYS_OF_WEEK}天末])(?:晚|下班)?(?P<before>{_BEFORE})?"
)
_ENGLISH_WEEKDAY = re.compile(
    rf"\b(?:(?P<before>by|before|until|till)\s+|on\s+)?(?P<rel>this|next|last|coming)?\s*(?P<d>{'|'.join(d.lower() for d in calendar.day_name)})\b"
)
_JOINED = re.compile(r"\s*(?:和|与|及|跟|、|到|至|或|以及|and|or|to)\s*(?:the\s+)?")
_LOOKS_BACK = re.compile(r"逾期|超期|过期|overdue|missed|late\b")
_AS_AT = re.compile(r"截[至止]|\bas\s+(?:of|at)\b")


@lru_cache
def phrases() -> dict[str, DatePhrase]:
    """The phrases of the calendar by their words."""
    return {w: entry for entry in load_lexicon("date_phrases", DatePhrase) for w in entry.words}


@lru_cache
def _named() -> re.Pattern[str]:
    known = sorted(phrases(), key=len, reverse=True)
    chinese = "|".join(re.escape(w) for w in known if not w.isascii())
    english = "|".join(re.escape(w).replace(r"\ ", r"\s+") for w in known if w.isascii())
    return re.compile(
        rf"(?P<zh>{chinese}|(?<![一-龥\d])(?:年(?=[底末内终])|月(?=[底末内])|季(?=末))|(?<=[在到于至])(?:年|月)(?=[底末]))(?:的)?"
        rf"(?P<edge>年?(?:底|末|尾|终))?(?P<before>{_BEFORE})?(?P<within>之内|以内|内(?!容)|里(?!面))?"
        rf"|\b(?:(?P<upto>{UP_TO})\s+)?(?:the\s+)?(?P<end>end\s+of\s+)?(?P<en>{english})\b(?P<edge2>[-\s]end\b)?(?!\s+(?:day|week|month|quarter|half|year))"
    )


def find_window(text: str, as_of: date) -> tuple[Window | None, str]:
    """The window that a question names, and the question without its dates.

    Args:
        text: the question, in half-width simplified characters.
        as_of: the day that 今天, 下周 and the like count from.
    """
    low = text.lower()
    dated = list(_dated(low, as_of))
    found = [*_counted(low, as_of), *_weekdays(low, as_of), *_of_calendar(low, as_of), *dated]
    kept: list[_Found] = []
    for item in sorted(found, key=lambda f: (f.at - f.to, f.at)):
        if all(item.to <= k.at or k.to <= item.at for k in kept):
            kept.append(item)
    kept.sort(key=lambda k: k.at)
    # 快到期 says less than a date beside it.
    exact = [k for k in kept if k.window.kind not in ("soon", "next")] or kept
    rest = text
    for item in reversed(kept):
        rest = rest[: item.at] + " " + rest[item.to :]
    if not exact:
        return None, rest
    chosen = exact[-1]
    if len(exact) > 1 and _JOINED.fullmatch(low[exact[-2].at : exact[-1].at][exact[-2].to - exact[-2].at :]):  # fmt: skip
        chosen = _union(low, exact[-2], exact[-1])
    window = chosen.window
    if _AS_AT.search(low[max(chosen.at - 3, 0) : chosen.to]):
        window = window.model_copy(update={"as_at": True, "start": None})
    return window, rest


def _union(low: str, first: _Found, second: _Found) -> _Found:
    a, b = first.window, second.window
    start = min(a.start, b.start) if a.start and b.start else None
    end = max(a.end, b.end) if a.end and b.end else None
    window = Window(start=start, end=end, words=low[first.at : second.to].strip(), kind=b.kind)
    return _Found(at=first.at, to=second.to, window=window)


def period_of(period: Period, shift: int, as_of: date) -> tuple[date, date]:
    """First and last day of the week (from Monday), month, quarter, half or year that lies `shift`
    periods from the one that `as_of` lies in."""
    if period == "day":
        day = as_of + timedelta(days=shift)
        return day, day
    if period == "week":
        monday = as_of - timedelta(days=as_of.weekday()) + timedelta(weeks=shift)
        return monday, monday + timedelta(days=6)
    months = {"month": 1, "quarter": 3, "half": 6, "year": 12}[period]
    first = as_of.replace(month=(as_of.month - 1) // months * months + 1, day=1)
    first += relativedelta(months=months * shift)
    return first, first + relativedelta(months=months) - timedelta(days=1)


def _made(
    low: str, at: int, to: int, start: date | None, end: date | None, kind: Kind
) -> _Found | None:
    if start and end and start > end:
        return None
    words = re.sub(r"\s+", " ", low[at:to]).strip()
    window = Window(start=start, end=end, words=words, kind=kind)
    return _Found(at=at, to=to, window=window)


def _of_calendar(low: str, as_of: date) -> Iterator[_Found]:
    for match in _named().finditer(low):
        g = match.groupdict()
        word = re.sub(r"\s+", " ", g["en"]) if g["en"] else g["zh"]
        bare = {"年": "今年", "月": "本月", "季": "本季度"}.get(word, word)
        entry = phrases()[bare]
        up_to = bool(g["before"] or g["upto"])
        at_end = bool(g["edge"] or g["end"] or g["edge2"] or g["within"])
        if entry.period in ("soon", "next"):
            end = last_of(as_of, DUE_SOON) if entry.period == "soon" else None
            made = _made(low, match.start(), match.end(), as_of, end, entry.period)
        elif word in ("month", "quarter", "year", "the month", "the quarter", "the year", "the week") and not (up_to or at_end):  # fmt: skip
            continue  # how many a year: no period
        else:
            start, _ = period_of(entry.period, entry.shift, as_of)
            _, last = period_of(entry.period, entry.shift + entry.length - 1, as_of)
            opened: date | None = start
            if up_to or (at_end and entry.shift == 0):
                # What is asked before a near end looks ahead; what an end that has passed has
                # before it is all that went before.
                opened = as_of if last >= as_of else None
            made = _made(low, match.start(), match.end(), opened, last, "calendar")
        if made:
            yield made


def _far_end(as_of: date, count: int, unit: str, *, half: bool, back: bool) -> date:
    """The other end of so many days, weeks, months of which `as_of` is the first (the last, where
    they lie `back`): 未来7天 from 27 November end on 3 December, 未来一个月 on 26 December."""
    sign = -1 if back else 1
    if unit in ("工作日", "working day", "business day"):
        before = as_of - timedelta(days=sign)
        return add_workdays(before, sign * min(max(count, 1), 5000))
    months = {"月": 1, "month": 1, "季度": 3, "quarter": 3, "年": 12, "year": 12}.get(unit)
    days = {"周": 7, "星期": 7, "礼拜": 7, "week": 7, "fortnight": 14}.get(unit, 1)
    try:
        if months is None:
            moved = as_of + sign * timedelta(days=max(days * count, 1) - 1)
        else:
            step = relativedelta(
                months=months * count + (months // 2 if half else 0),
                days=15 if half and months == 1 else 0,
            )
            day = timedelta(days=1)
            moved = max(as_of + step - day, as_of) if sign > 0 else min(as_of - step + day, as_of)
    except (OverflowError, ValueError):
        return _EARLIEST if back else _LATEST
    return min(max(moved, _EARLIEST), _LATEST)


def _counted(low: str, as_of: date) -> Iterator[_Found]:
    for match in _COUNTED.finditer(low):
        g = match.groupdict()
        unit = g["unit"].removeprefix("个")
        inside = g["tail"] in ("之内", "以内", "内", "里", "间")
        back = bool(
            g["back"] or g["tail"] in ("来", "以来") or (g["near"] and _LOOKS_BACK.search(low))
        )
        if not (g["ahead"] or g["near"] or back or inside):
            continue
        if g["near"] == "这" and not inside and unit not in ("天", "日", "周", "月"):
            continue
        half_of = g["n"] == "半"
        count = 0 if half_of else 3 if g["n"] == "几" else _number(g["n"])
        if half_of and unit not in ("月", "年", "季度"):
            continue
        yield from _around(low, match, as_of, count, unit, half=half_of or bool(g["half"]), back=back)  # fmt: skip
    for match in _ENGLISH_COUNTED.finditer(low):
        g = match.groupdict()
        printed, unit = g["n"] or g["n2"] or "", g["unit"] or g["unit2"] or ""
        count = _ENGLISH_NUMBERS.get(printed) or int(printed)
        back = g["way"] in ("last", "past", "previous")
        yield from _around(low, match, as_of, count, unit, half=False, back=back)


def _number(printed: str) -> int:
    if re.fullmatch(r"[一二两三四五六七八九][二两三四五六七八九]", printed):
        printed = printed[1]  # 一两周, 三五天: the longer one
    return int(normalize_number(printed) or 0)


def _around(
    low: str, match: re.Match[str], as_of: date, count: int, unit: str, *, half: bool, back: bool
) -> Iterator[_Found]:
    other = _far_end(as_of, count, unit, half=half, back=back)
    start, end = (other, as_of) if back else (as_of, other)
    if made := _made(low, match.start(), match.end(), start, end, "counted"):
        yield made


def _weekdays(low: str, as_of: date) -> Iterator[_Found]:
    monday = as_of - timedelta(days=as_of.weekday())
    names = [d.lower() for d in calendar.day_name]
    for pattern in (_WEEKDAY, _ENGLISH_WEEKDAY):
        for match in pattern.finditer(low):
            g = match.groupdict()
            place = names.index(g["d"]) if g["d"] in names else min("一二三四五六日".find({"天": "日", "末": "日"}.get(g["d"], g["d"])), 6)  # fmt: skip
            rel = g["rel"] or ""
            weeks = 2 if rel.startswith("下下") else 1 if rel.startswith(("下", "next")) else -1 if rel.startswith(("上", "last")) else 0  # fmt: skip
            day = monday + timedelta(weeks=weeks, days=place)
            if (not rel or rel == "coming") and day < as_of:
                day += timedelta(weeks=1)
            start = as_of if g["before"] and day >= as_of else None if g["before"] else day
            if made := _made(low, match.start(), match.end(), start, day, "calendar"):
                yield made


def _dated(low: str, as_of: date) -> Iterator[_Found]:
    for mention in find_times(low, reference=as_of):
        if not (mention.first or mention.last) or mention.of_issue:
            continue
        start, end = mention.first, mention.last
        named = _named().search(low[mention.start : mention.end])
        near = mention.yearless or (named is not None and named.group("zh") is not None)
        counted = mention.kind is TimeKind.DURATION
        if mention.kind is TimeKind.BEFORE or (
            mention.bound in (Bound.EDGE, Bound.WITHIN) and near and not counted
        ):
            start = as_of if near and end and end >= as_of else None
        elif mention.bound is Bound.WITHIN and counted:
            start, end = as_of, max(as_of, end - timedelta(days=1)) if end else None
        kind: Kind = "counted" if counted else "calendar" if near else "dated"
        if made := _made(low, mention.start, mention.end, start, end, kind):
            yield made
    for at, to, first, last in find_english_dates(low, as_of):
        if made := _made(low, at, to, first, last, "dated"):
            yield made


def describe_window(window: Window, language: str) -> str:
    """2026-12-01 至 2026-12-31（下个月）."""
    zh = language == "zh"
    if window.start and window.end:
        span = describe_ends(window.start, window.end, language)
    elif window.end:
        span = f"{window.end} 及以前" if zh else f"up to {window.end}"
    elif window.start:
        span = f"{window.start} 起" if zh else f"from {window.start}"
    else:
        span = "所有日期" if zh else "on any day"
    words = window.words if bool(re.search(r"[一-龥]", window.words)) == zh else ""
    if window.kind == "next":
        words = ""
    elif window.kind == "soon":
        words = f"未来 {DUE_SOON} 天" if zh else f"the next {DUE_SOON} days"
    return f"{span}（{words}）" if words and zh else f"{span} ({words})" if words else span

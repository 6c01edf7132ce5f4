"""Time expressions of policy text, read as closed ranges of days, recurrences and durations.

2025年 is 2025-01-01…2025-12-31; X年前 ends on X-12-31 (and is marked ambiguous: it may mean before
the year begins); year ends, quarters and halves end on their last day.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

from dateutil.relativedelta import relativedelta

from kb.language.numerals import normalize_number, small_number
from kb.lexicon import load_lexicon
from kb.models import Fact
from tasks.recurrence import month_end_rule
from tasks.workdays import add_workdays

_N = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})"
_Y4 = r"(?:(?:19|20)\d\d|[一二两][零〇○一二三四五六七八九]{3}|两千零?[一二三四五六七八九十]{1,3})"
_Y2 = r"(?:(?<!\d)\d\d|(?<![零〇○一二三四五六七八九十百千])[零〇○一二三四五六七八九]{2})"
_RY = r"(?:今年|本年度?|当年|明年|次年|翌年|下一年|后年|去年|上一年|前年)"
_RM = r"(?:本月|当月|这个月|下个?月|上个?月)"
_YEAR = rf"(?:(?P<y>{_Y4}|{_Y2})\s*年(?!级|龄|代|轻|画|均|会|检|报|金|货|来)|(?P<ry>{_RY}))"
_PART = (
    r"(?:(?P<half>[上下前后]半年)"
    r"|(?P<q>(?:第?[一二三四1-4]|首)个?季度|前[一二两三]个?季度|(?:本|上个?|下个?)季度)"
    r"|(?P<firstm>前(?:\d{1,2}|[一二两三四五六七八九十]{1,2})个月)"
    r"|第(?P<nthm>\d{1,2}|[一二三四五六七八九十]{1,2})个月"
    rf"|(?:(?P<m>{_N})\s*月(?!均)份?|(?P<rm>{_RM}))(?:\s*+(?:(?P<d>{_N})\s*(?:日|号)|(?P<x>上旬|中旬|下旬|月?初|月?底|月?末)|(?P<db>十[一二三四五六七八九]|二十[一二三四五六七八九]?|三十一?)(?![一-龥])))?"
    r")"
)
_EDGE = r"(?P<edge>年?年?初|年?年?底|年?年?末)"
_BARE = r"(?:(?<![一-龥])年(?P<bare>底|末|初)|(?P<bare2>年底|年末|年初))"
_ISO = r"(?P<iso>(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.](?:[0-2]?\d|3[01])(?!\d))"
_NOTHING_MORE = r"(?(y)|(?(ry)|(?!)))"
_POINT = rf"(?:{_ISO}|(?:{_YEAR}(?:\s*+的)?\s*+)?(?:{_PART}(?P<qe>末|底)?|(?(y){_EDGE}|(?(ry){_EDGE}2|{_BARE}))|{_NOTHING_MORE}))"
_POINT = _POINT.replace("2|(?:(?<!", "|(?:(?<!", 1).replace(
    "(?(ry)(?P<edge>", "(?(ry)(?P<edge2>", 1
)
_SEP = r"\s*+(?:-{1,2}|—{1,2}|－|–|~|～|至|到|与|和)\s*+"
# White space before a time is taken from where it begins, so that a run of it is read once.
_SPACE = r"(?<!\s)\s*+|(?<=\s)"


def _named(pattern: str, suffix: str) -> str:
    pattern = re.sub(r"\(\?P<(\w+)>", rf"(?P<\g<1>{suffix}>", pattern)
    return re.sub(r"\(\?\((\w+)\)", rf"(?(\g<1>{suffix})", pattern)


_BEFORE = r"(?P<before>(?:及|或)(?:者)?(?:之前|以前)|之?以?前(?![一二两三\d]个?(?:季度|月)|后|期|沿|景|往|提))"
_SINCE = r"(?P<since>(?:及|或)?(?:之后|以后)|以来|起至今|起始|开始|起(?!草|点|步|到|来|诉|伏|义))"
_RANGE = re.compile(
    rf"(?:从|自)?(?:{_named(_POINT, '1')}|(?P<ly>(?:19|20)\d\d|(?<!\d)\d{{2}}(?=\s*[-—~至到]))|(?:(?P<my>{_Y4})\s*年)?(?P<lm>{_N}))(?:起)?{_SEP}(?:{_named(_POINT, '2')}|(?P<ld>{_N})(?:日|号))(?:之间|间|期间|止)?"
)
_SINGLE = re.compile(
    rf"(?:(?P<pre>截[至止](?:到|于)?|从|自从|自)\s*+|{_SPACE}){_POINT}(?:左右)?(?:(?P<tail>期间|以内|之内|内)|{_BEFORE}|{_SINCE})?"
)
_DURATION_N = r"(?:(?<!\d)\d++(?:\.\d++)?+|[一二两三四五六七八九十百]{1,5}|半)"
_DURATION = re.compile(
    rf"(?:(?:未来|今后|近)\s*+|{_SPACE})(?P<n>{_DURATION_N})(?:(?:~|-|—|－|–|至|到)(?P<n2>{_DURATION_N}))?\s*(?P<u>个多?工作日|工作日|个?多?月|个季度|年(?!级|龄|代|度|前夕)|周|星期|天|日(?!常|前|均))(?P<half>半)?(?:零?(?P<n3>{_DURATION_N})个月)?"
    r"(?P<tail>以内|之内|内|以上|以下|之?后|之?前|左右时间|左右|的?时间)?"
)
_EVERY = re.compile(
    rf"每(?:(?P<k>[两二三四五\d])个?)?(?:(?P<half>半年)|(?P<u>学年|学期|年度|年|个?月|季度?|个季度|周|星期|天|日))(?:的)?\s*(?:(?:的)?(?P<m>{_N})\s*月份?(?:[-—~至到](?P<m2>{_N})月份?)?(?:(?P<d>{_N})[日号]|(?P<x>月?底|月?末|月?初|上旬|中旬|下旬))?|(?P<md>{_N})[日号]|(?P<edge>年?底|年?末|年?初|末|底))?(?P<before>之?以?前)?"
)
_UNITS = {"年": "Y", "月": "M", "季度": "Q", "周": "W", "星期": "W", "天": "D", "日": "D"}


class PlanningPeriod(Fact):
    """A named stretch of years: 十四五 → 2021–2025."""

    name: str
    start: int
    end: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimeMention:
    """A time at `[at, to)` of the text. `start` and `end` bound it, both days included; one of
    them is None where it is open. A recurrence has `rrule`, a length `duration` (ISO 8601).
    `yearless`: no year is printed; `assumed`: the year is the reference's, though 今年 may stand
    there."""

    at: int
    to: int
    start: date | None = None
    end: date | None = None
    rrule: str | None = None
    duration: str | None = None
    duration_max: str | None = None
    workdays: bool = False
    ambiguous: bool = False
    bound: str = ""
    tail: str = ""
    yearless: bool = False
    assumed: bool = False


@lru_cache
def _periods() -> tuple[re.Pattern[str], dict[str, PlanningPeriod]]:
    entries = {entry.name: entry for entry in load_lexicon("periods", PlanningPeriod)}
    names = "|".join(sorted(entries, key=len, reverse=True))
    pattern = rf'["“]?(?:(?P<name>{names})(?!年|月|日|万|[一二三四五六七八九十])["”]?(?:规划)?(?P<when>时期末|期间|时期|末期|末|期末|规划期内|规划期末|以来|之?前|初)?)'
    return re.compile(pattern), entries


def find_times(text: str, *, reference: date | None = None) -> list[TimeMention]:
    """All times in `text`, in order, without overlap. `reference` resolves 今年, 年底, 本月."""
    found = [m for match in _EVERY.finditer(text) if (m := _recurrence(match))]
    taken = [(m.at, m.to) for m in found]
    pattern, periods = _periods()
    found.extend(
        _planning(match, periods[match.group("name")])
        for match in pattern.finditer(text)
        if not _overlaps(taken, match)
    )
    taken = sorted((m.at, m.to) for m in found)
    ranges = []
    for match in _RANGE.finditer(text):
        if not _overlaps(taken, match) and (mention := _range(match, reference)):
            ranges.append(replace(mention, assumed=_assumed(match)))
    found.extend(ranges)
    taken = sorted([*taken, *((m.at, m.to) for m in ranges)])
    singles = []
    for match in _SINGLE.finditer(text):
        if not _overlaps(taken, match) and (mention := _single(match, reference)):
            singles.append(replace(mention, assumed=_assumed(match)))
    found.extend(singles)
    taken = sorted([*taken, *((m.at, m.to) for m in singles)])
    for match in _DURATION.finditer(text):
        if not _overlaps(taken, match) and (mention := _length(match, reference)):
            found.append(mention)
    return sorted(found, key=lambda m: m.at)


_PRINTED_YEARS = ("y", "iso", "y1", "iso1", "y2", "iso2", "ly", "my")


def _assumed(match: re.Match[str]) -> bool:
    """Whether an expression prints no year: 6月底前, 今年年底, 本季度."""
    g = match.groupdict()
    return not any(g.get(name) for name in _PRINTED_YEARS)


def _overlaps(taken: list[tuple[int, int]], match: re.Match[str]) -> bool:
    from bisect import bisect_left  # noqa: PLC0415

    place = bisect_left(taken, (match.start(), match.start()))
    before = taken[place - 1] if place else (0, 0)
    after = taken[place] if place < len(taken) else (10**12, 10**12)
    return before[1] > match.start() or after[0] < match.end()


def normalize_time(text: str, reference: date | None = None) -> dict[str, object]:
    """The reading of one expression as a plain dict: start, end, duration, rrule, ambiguous."""
    mentions = find_times(text, reference=reference)
    return reading_of(mentions[0]) if mentions else {}


def reading_of(mention: TimeMention) -> dict[str, object]:
    """A mention as a dict with only the keys that it has."""
    result: dict[str, object] = {}
    if mention.rrule:
        return {"rrule": mention.rrule}
    if mention.start and mention.bound not in ("before", "edge", "within"):
        result["start"] = mention.start.isoformat()
    if mention.end and mention.bound != "since":
        result["end"] = mention.end.isoformat()
    if mention.duration_max:
        result |= {"min_duration": mention.duration, "max_duration": mention.duration_max}
    elif mention.duration and mention.tail in ("以上", "以下"):
        low = mention.tail == "以上"
        result |= {
            "min_duration": mention.duration if low else None,
            "max_duration": None if low else mention.duration,
        }
    elif mention.duration and not (mention.start and mention.end):
        result["duration"] = mention.duration
        if mention.workdays:
            result["workdays"] = True
    if mention.ambiguous:
        result["ambiguous"] = True
    return result


def _year_of(groups: dict[str, str | None], suffix: str, reference: date | None) -> int | None:
    text, relative = groups.get("y" + suffix), groups.get("ry" + suffix)
    if relative:
        if reference is None:
            return None
        shift = {"明": 1, "次": 1, "翌": 1, "下": 1, "后": 2, "去": -1, "上": -1, "前": -2}
        return reference.year + shift.get(relative[0], 0)
    if text is None:
        return None
    if text.startswith("两千"):
        value = normalize_number(text)
        return int(value) if value else None
    value = normalize_number(text)
    if value is None:
        return None
    year = int(value)
    if year < 100:
        pivot = (reference.year if reference else 2020) % 100 + 30
        year += 2000 if year <= pivot else 1900
    return year


def _month(year: int, month: int) -> tuple[date, date] | None:
    if not 1 <= month <= 12:
        return None
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def _bounds(
    match: re.Match[str], suffix: str, reference: date | None, default: int | None = None
) -> tuple[date, date] | None:
    """First and last day of a point expression; None where it is no date."""
    g = {k: v for k, v in match.groupdict().items() if v is not None}

    def get(name: str) -> str | None:
        return g.get(name + suffix)

    if iso := get("iso"):
        try:
            day = date(*map(int, re.split(r"[-/.]", iso)))
        except ValueError:
            return None
        return day, day
    year = _year_of(g, suffix, reference)
    if year is None:
        year = default or (reference.year if reference else None)
    if year is None:
        return None
    if (half := get("half")) is not None:
        first = half[0] in "上前"
        return date(year, 1 if first else 7, 1), date(year, 6 if first else 12, 30 if first else 31)
    if quarter := get("q"):
        return _quarter(year, quarter, reference, get("qe"))
    if count := get("firstm"):
        months = small_number(count[1:-2])
        last = _month(year, months or 0)
        return (date(year, 1, 1), last[1]) if last else None
    month = small_number(get("m") or get("nthm") or "")
    if relative := get("rm"):
        if reference is None:
            return None
        shift = {"下": 1, "上": -1}.get(relative[0], 0)
        moved = reference + relativedelta(months=shift)
        year, month = moved.year, moved.month
    if month is not None:
        return _in_month(year, month, get("d") or get("db"), get("x"))
    edge = get("edge") or get("edge2") or get("bare") or get("bare2")
    if edge and "初" in edge:
        return date(year, 1, 1), _month(year, 2)[1]  # type: ignore[index]
    return date(year, 1, 1), date(year, 12, 31)


def _quarter(
    year: int, text: str, reference: date | None, ends: str | None
) -> tuple[date, date] | None:
    if text[0] in "本上下":
        if reference is None:
            return None
        index = (reference.month - 1) // 3 + {"上": -1, "下": 1}.get(text[0], 0)
        year, first = reference.year + index // 4, index % 4
        last = first
    elif text[0] == "前":
        first, last = 0, {"一": 0, "二": 1, "两": 1, "三": 2}[text[1]]
    else:
        number = 1 if text[0] == "首" else small_number(re.sub(r"[第个季度]", "", text)) or 1
        first = last = number - 1
    end_month = last * 3 + 3
    start_month = end_month if ends else first * 3 + 1
    return date(year, start_month, 1), _month(year, end_month)[1]  # type: ignore[index]


def _in_month(year: int, month: int, day: str | None, part: str | None) -> tuple[date, date] | None:
    whole = _month(year, month)
    if whole is None:
        return None
    if day is not None:
        try:
            exact = date(year, month, small_number(day) or 0)
        except ValueError:
            return None
        return exact, exact
    thirds = {"上旬": (1, 10), "中旬": (11, 20)}
    if part in thirds:
        return date(year, month, thirds[part][0]), date(year, month, thirds[part][1])
    if part == "下旬":
        return date(year, month, 21), whole[1]
    if part and "初" in part:
        return whole[0], date(year, month, 5)
    return whole


def _single(match: re.Match[str], reference: date | None) -> TimeMention | None:
    bounds = _bounds(match, "", reference)
    if bounds is None:
        return None
    start, end = bounds
    at = match.start() + (len(match.group()) - len(match.group().lstrip()))
    g = match.groupdict()
    pre = g["pre"] or ""
    yearless = not (g["y"] or g["ry"] or g["iso"])
    only_year = not any(
        g[k]
        for k in ("half", "q", "firstm", "nthm", "m", "rm", "edge", "edge2", "iso", "bare", "bare2")
    )
    to = match.end()
    if pre.startswith(("从", "自")) and not g["since"] and not g["before"]:
        if pre == "自从" or g["tail"] is None:
            return TimeMention(at, to, start, None, bound="since", yearless=yearless)
        at = match.start() + len(pre)
    if g["since"]:
        after = g["since"] in ("之后", "以后")
        first = end + timedelta(days=1) if after else start
        return TimeMention(at, to, first, None, bound="since", tail=g["since"], yearless=yearless)
    if g["before"]:
        ambiguous = only_year and not g["before"].startswith(("及", "或"))
        return TimeMention(
            at, to, None, end, bound="before", ambiguous=ambiguous, yearless=yearless
        )
    edge = g["edge"] or g["edge2"] or g["bare"] or g["bare2"]
    if edge or pre.startswith("截") or (g["x"] and g["x"][-1] in "底末"):
        return TimeMention(
            at, to, start, end, bound="edge", tail=edge or g["x"] or "", yearless=yearless
        )
    if g["tail"] in ("内", "以内", "之内"):
        return TimeMention(at, to, start, end, bound="within", tail="内", yearless=yearless)
    return TimeMention(at, to, start, end, tail=g["tail"] or "", yearless=yearless)


def _range(match: re.Match[str], reference: date | None) -> TimeMention | None:
    g = match.groupdict()
    year: int | None = None
    if g["ly"]:
        second = _bounds(match, "2", reference)
        if second is None or not (g["y2"] and second[0].month == 1 and second[1].month == 12):
            return None
        value = int(g["ly"]) if len(g["ly"]) == 4 else int(str(second[0].year)[:2] + g["ly"])
        first: tuple[date, date] | None = (date(value, 1, 1), date(value, 12, 31))
    elif g["lm"]:
        if not g["m2"] or g["y2"]:
            return None
        year = (
            int(normalize_number(g["my"]) or 0)
            if g["my"]
            else (reference.year if reference else None)
        )
        first = _month(year, small_number(g["lm"]) or 0) if year else None
        second = _bounds(match, "2", reference, year)
    else:
        first = _bounds(match, "1", reference)
        if first is None:
            return None
        if g["ld"]:
            if not g["d1"]:
                return None
            second = _in_month(first[0].year, first[0].month, g["ld"], None)
        else:
            same = first[0].year if not (g["y2"] or g["ry2"] or g["iso2"]) else None
            second = _bounds(match, "2", reference, same)
            if second and second[1] < first[0] and same:
                second = _bounds(match, "2", reference, same + 1)
    if first is None or second is None or second[1] < first[0]:
        return None
    if re.search(r"和|与", match.group()) and not match.group().endswith("间"):
        return None
    return TimeMention(match.start(), match.end(), first[0], second[1], bound="range")


def _planning(match: re.Match[str], period: PlanningPeriod) -> TimeMention:
    when = match.group("when") or ""
    start, end = date(period.start, 1, 1), date(period.end, 12, 31)
    bound = "edge" if "末" in when else ("since" if when == "以来" else "")
    return TimeMention(match.start(), match.end(), start, end, bound=bound, tail=when or "规划")


def _length(match: re.Match[str], reference: date | None) -> TimeMention | None:
    unit = re.sub(r"[个多]", "", match.group("u"))
    workdays = unit == "工作日"
    code = "D" if workdays else _UNITS.get(unit)
    first = normalize_number(match.group("n")) if match.group("n") != "半" else None
    if code is None or (first is None and match.group("n") != "半"):
        return None
    half = bool(match.group("half"))
    duration = _iso(first, code, half, match.group("n3"))
    if duration is None:
        return None
    second = match.group("n2")
    upper = _iso(normalize_number(second), code, half=False, months=None) if second else None
    tail = match.group("tail") or ""
    end = start = None
    if (reference is not None and first is not None) or tail:
        ahead = tail.endswith("内") or match.group().startswith(("未来", "今后"))
        try:
            length = _delta(duration)
            if reference and ahead:
                end = add_workdays(reference, int(first or 0)) if workdays else reference + length
            elif reference and tail in ("后", "之后"):
                moved = reference + length
                start, end = (
                    (moved, moved)
                    if code != "Y"
                    else (date(moved.year, 1, 1), date(moved.year, 12, 31))
                )
            elif reference and tail in ("前", "之前"):
                start = end = reference - length
        except (ValueError, OverflowError):
            return None  # 未来8000年: beyond the calendar
    bound = "within" if tail.endswith("内") else ""
    at = match.start() + len(match.group()) - len(match.group().lstrip())
    return TimeMention(at, match.end(), start, end, duration=duration, duration_max=upper, workdays=workdays,
                       bound=bound, tail={"以上": "以上", "以下": "以下"}.get(tail, tail or "length"))  # fmt: skip


def _iso(number: object, code: str, half: bool, months: str | None) -> str | None:
    if number is None:
        return {"Y": "P6M", "M": "P15D", "W": None, "D": None}.get(code)
    value = str(number)
    if code == "Q":
        return f"P{int(value) * 3}M"
    result = f"P{value}{code}"
    if half:
        result += {"Y": "6M", "M": "15D"}.get(code, "")
    elif months and code == "Y":
        result += f"{small_number(months)}M"
    return result


def _delta(duration: str) -> relativedelta:
    parts = {code: float(n) for n, code in re.findall(r"([\d.]+)([YMWD])", duration)}
    return relativedelta(
        years=int(parts.get("Y", 0)),
        months=int(parts.get("M", 0)),
        weeks=int(parts.get("W", 0)),
        days=int(parts.get("D", 0)),
    )


def _recurrence(match: re.Match[str]) -> TimeMention | None:
    g = match.groupdict()
    step = small_number(g["k"]) if g["k"] else None
    if g["half"]:
        rule, step = "FREQ=MONTHLY;INTERVAL=6", None
    else:
        unit = re.sub(r"[个度]", "", g["u"])
        rule = {"年": "FREQ=YEARLY", "学年": "FREQ=YEARLY", "学期": "FREQ=MONTHLY;INTERVAL=6", "月": "FREQ=MONTHLY",
                "季": "FREQ=MONTHLY;INTERVAL=3", "周": "FREQ=WEEKLY", "星期": "FREQ=WEEKLY", "天": "FREQ=DAILY",
                "日": "FREQ=DAILY"}[unit]  # fmt: skip
    if step and "INTERVAL" not in rule:
        rule += f";INTERVAL={step}"
    to = match.end()
    if g["m"]:
        first, last = small_number(g["m"]) or 1, small_number(g["m2"] or g["m"]) or 1
        rule += ";BYMONTH=" + ",".join(map(str, range(first, last + 1)))
        if g["d"]:
            rule += f";BYMONTHDAY={small_number(g['d'])}"
        elif (g["x"] and g["x"][-1] in "底末") or (g["before"] and not g["x"]):
            rule += ";BYMONTHDAY=-1"
    elif g["md"]:
        rule += f";BYMONTHDAY={small_number(g['md'])}"
    elif g["edge"] and "初" not in g["edge"] and "YEARLY" in rule:
        rule += ";BYMONTH=12;BYMONTHDAY=31"
    elif g["edge"] and "初" not in g["edge"] and "MONTHLY" in rule:
        rule += ";BYMONTHDAY=-1"
    elif g["before"]:
        to = match.end() - len(g["before"])
    return TimeMention(match.start(), to, rrule=month_end_rule(rule), bound="every")

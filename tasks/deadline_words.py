"""Recurrences, lengths of time and what a count of working days rests on, in words: 每季度 for
`FREQ=MONTHLY;INTERVAL=3`, 3个月 for `P3M`, 5个工作日 for `P5D` in working days."""

from __future__ import annotations

from collections.abc import Sequence

from kb.durations import parse_duration
from kb.recurrence import month_end_rule, parse_rule
from kb.workdays import Arrangement
from tasks.models import Counting

_EVERY = {
    "YEARLY": ("年", "year"),
    "MONTHLY": ("月", "month"),
    "WEEKLY": ("周", "week"),
    "DAILY": ("天", "day"),
    "HOURLY": ("小时", "hour"),
    "MINUTELY": ("分钟", "minute"),
}
_COUNTED = {"MONTHLY": "个月"}
_NAMED = {
    ("MONTHLY", "3"): ("每季度", "every quarter"),
    ("MONTHLY", "6"): ("每半年", "every half year"),
}
_WEEKDAYS = {
    "MO": ("周一", "Monday"),
    "TU": ("周二", "Tuesday"),
    "WE": ("周三", "Wednesday"),
    "TH": ("周四", "Thursday"),
    "FR": ("周五", "Friday"),
    "SA": ("周六", "Saturday"),
    "SU": ("周日", "Sunday"),
}
SPANS = {
    "Y": ("年", "years"), "M": ("个月", "months"), "W": ("周", "weeks"), "D": ("天", "days"),
    "TH": ("小时", "hours"), "TM": ("分钟", "minutes"), "TS": ("秒", "seconds"),
}  # fmt: skip
"""The units of a duration (see `kb.durations`), named in both languages."""
WORKDAYS = ("个工作日", "working days")
NO_DEADLINE = ("无时限", "no deadline")
ONGOING = ("持续推进", "ongoing")
"""What is said of a duty that goes on (see `tasks.undated.is_ongoing`)."""
ASSUMED_YEAR = ("年份据文件", "the year is the document's")
"""What is said of a date whose year is not printed (see `Certainty.ASSUMED_YEAR`)."""


def describe_recurrence(rrule: str, language: str) -> str:
    """An RFC 5545 rule in words: 每年6月15日, or every year, month 6, day 15; a day that a month lacks
    is its last (see `tasks.recurrence`). The rule itself where words fail."""
    parts = parse_rule(month_end_rule(rrule))
    freq, step = parts.get("FREQ", ""), parts.get("INTERVAL", "1")
    if named := _NAMED.get((freq, step)):
        zh, en = named
    elif names := _EVERY.get(freq):
        zh = f"每{names[0]}" if step == "1" else f"每{step}{_COUNTED.get(freq, names[0])}"
        en = f"every {names[1]}" if step == "1" else f"every {step} {names[1]}s"
    else:
        return rrule
    days = _days_in_words(parts)
    if days is None:
        return rrule
    if months := parts.get("BYMONTH", ""):
        if freq == "MONTHLY":
            zh, en = "每年", "every year"
        zh, en = f"{zh}{months.replace(',', '、')}月", f"{en}, month {months.replace(',', ', ')}"
    times = _times_in_words(parts)
    return zh + days[0] + times[0] if language == "zh" else en + days[1] + times[1]


def _times_in_words(parts: dict[str, str]) -> tuple[str, str]:
    """The times of day of a rule after its days, in both languages."""
    hours = [hour for hour in parts.get("BYHOUR", "").split(",") if hour]
    if not hours:
        return "", ""
    clocks = [f"{hour}:{int(parts.get('BYMINUTE', 0)):02d}" for hour in hours]
    return "、".join(clocks), f", at {' and '.join(clocks)}"


def _days_in_words(parts: dict[str, str]) -> tuple[str, str] | None:
    """The days of a rule after its period, in both languages; None where words fail."""
    if printed := parts.get("BYDAY"):
        named = [_WEEKDAYS[day] for day in printed.split(",") if day in _WEEKDAYS]
        if {"BYSETPOS", "BYMONTHDAY"} & parts.keys() or len(named) != printed.count(",") + 1:
            return None
        zh = "、".join(name for name, _ in named)
        zh = zh.removeprefix("周") if parts["FREQ"] == "WEEKLY" else zh
        return zh, f", {', '.join(name for _, name in named)}"
    days = [int(day) for day in parts.get("BYMONTHDAY", "").split(",") if day]
    if not days:
        return "", ""
    last = 0
    if "BYSETPOS" in parts:
        # Some days by their place, and the last of those that end the month.
        places = parts["BYSETPOS"].split(",")
        early, ends = days[: len(places) - 1], days[len(places) - 1 :]
        if places[-1] != "-1" or ends != list(range(ends[0], ends[-1] + 1)):
            return None
        days, last = [*early, ends[-1]], ends[-1]
    if min(days) < -1:
        return None
    zh = "、".join("最后一天" if day == -1 else f"{day}日" for day in days)
    en = " and ".join("the last day" if day == -1 else f"day {day}" for day in days)
    if last:
        zh += f"（没有{last}日的月份为月末）"
        en += f" (the last day of a month without day {last})"
    return zh, f", {en}"


def describe_length(duration: str, language: str, counting: Counting = Counting.DAYS) -> str:
    """An ISO 8601 duration in words: 3个月, or 3 months; 1小时30分钟. As it is where it is none."""
    amounts = parse_duration(duration)
    if not amounts:
        return duration
    working = counting is Counting.WORKING_DAYS
    words = [(f"{n:f}", WORKDAYS if working else SPANS[unit]) for unit, n in amounts.items()]
    if language == "zh":
        return "".join(f"{n}{zh}" for n, (zh, _) in words)
    return " ".join(f"{n} {en.removesuffix('s') if n == '1' else en}" for n, (_, en) in words)


def describe_relative(
    event: str,
    duration: str,
    language: str,
    counting: Counting = Counting.DAYS,
    *,
    ahead: bool = False,
) -> str:
    """A time after an event: 竣工验收合格起 3个月内, or within 3 months of 竣工验收合格; `ahead`: before
    it, 合同期满前 提前30天."""
    length = describe_length(duration, language, counting)
    if ahead and language == "zh":
        return f"{event}前 提前{length}" if event else f"提前{length}"
    if ahead:
        return f"{length} before {event or 'the event'}"
    if language == "zh":
        return f"{event}起 {length}内" if event else f"{length}内"
    return f"within {length} of {event or 'the event'}"


def describe_arrangements(found: Sequence[Arrangement], language: str) -> str:
    """What a count of working days rests on; empty where none were counted.

    依据国务院办公厅2026年节假日安排；2027年节假日安排尚未公布，暂按周末和法定节假日推算.
    """
    published = [str(a.year) for a in found if a.published]
    awaited = [str(a.year) for a in found if not a.published]
    said: list[str] = []
    if language == "zh":
        if published:
            said.append(f"依据国务院办公厅{'、'.join(published)}年节假日安排")
        if awaited:
            said.append(f"{'、'.join(awaited)}年节假日安排尚未公布，暂按周末和法定节假日推算")
        return "；".join(said)
    if published:
        said.append(f"by the State Council's holiday arrangement for {', '.join(published)}")
    if awaited:
        said.append(
            f"the arrangement for {', '.join(awaited)} is not announced yet: provisional, by weekends "
            "and statutory holidays"
        )
    return "; ".join(said)

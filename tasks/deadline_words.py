"""Recurrences, lengths of time and what a count of working days rests on, in words: 每季度 for
`FREQ=MONTHLY;INTERVAL=3`, 3个月 for `P3M`, 5个工作日 for `P5D` in working days."""

from __future__ import annotations

from collections.abc import Sequence

from kb.durations import parse_duration
from kb.recurrence import month_end_rule, parse_rule
from kb.wording import phrase, wording
from kb.workdays import Arrangement
from tasks.models import Counting, Deadline

_FREQUENCIES = {
    "YEARLY": "Y", "MONTHLY": "M", "WEEKLY": "W", "DAILY": "D", "HOURLY": "TH", "MINUTELY": "TM",
}  # fmt: skip
_NAMED = wording("tasks", "periods", ("MONTHLY/3", "MONTHLY/6"))
WEEKDAYS = wording("tasks", "weekdays", ("MO", "TU", "WE", "TH", "FR", "SA", "SU"))
SPANS = wording("tasks", "lengths", ("Y", "M", "W", "D", "TH", "TM", "TS"))
"""The units of a duration (see `kb.durations`), named in both languages."""
WORKDAYS = phrase("tasks", "working_days")
NO_DEADLINE = phrase("tasks", "no_deadline")
ONGOING = phrase("tasks", "ongoing")
"""What is said of a duty that goes on (see `tasks.undated.is_ongoing`)."""
ASSUMED_YEAR = phrase("tasks", "assumed_year")
"""What is said of a date whose year is not printed (see `Certainty.ASSUMED_YEAR`)."""


def describe_recurrence(rrule: str, language: str) -> str:
    """An RFC 5545 rule in words: 每年6月15日, or every year, month 6, day 15; a day that a month lacks
    is its last (see `tasks.recurrence`). The rule itself where words fail."""
    parts = parse_rule(month_end_rule(rrule))
    freq, step = parts.get("FREQ", ""), parts.get("INTERVAL", "1")
    if named := _NAMED.get(f"{freq}/{step}"):
        zh, en = named
    elif unit := _FREQUENCIES.get(freq):
        zh, en = SPANS[unit]
        one = step == "1"
        zh = f"每{zh.removeprefix('个')}" if one else f"每{step}{zh}"
        en = f"every {en.removesuffix('s')}" if one else f"every {step} {en}"
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


def describe_recurring(due: Deadline, language: str) -> str:
    """A recurrence with the season or condition and the stretch in which it recurs: 汛期每日,
    2026-05-01至2026-11-30每月25日."""
    said = describe_recurrence(due.rrule or "", language)
    if language == "zh":
        stretch = f"{due.start or ''}至{due.date}" if due.date else f"{due.start}起"
        return f"{stretch if due.start or due.date else ''}{due.event or ''}{said}"
    start, end = (
        (f" from {due.start}" if due.start else ""),
        (f" to {due.date}" if due.date else ""),
    )
    return f"{said}{f' during “{due.event}”' if due.event else ''}{start}{end}"


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
        named = [WEEKDAYS[day] for day in printed.split(",") if day in WEEKDAYS]
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
    it, 合同期满前 提前30天; without a length 2027年汛前."""
    if ahead and event and not any((parse_duration(duration) or {}).values()):
        return f"{event}前" if language == "zh" else f"before {event}"
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

"""On which days a recurring deadline falls: month ends, by the text, by rules stored before, by hand."""

import calendar
from datetime import UTC, date, datetime, timedelta

from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from kb.language.times import find_times
from kb.recurrence import month_end_rule
from tasks.deadline_words import describe_recurrence
from tasks.models import Deadline, DueKind
from tasks.recurrence import occurrences

FIRST, LAST = date(2023, 1, 1), date(2028, 12, 31)  # two leap years


def falls_on(rule: str, first: date = FIRST, last: date = LAST) -> list[date]:
    return occurrences(Deadline(kind=DueKind.RECURRING, rrule=rule), first, last)


def last_day(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


MONTHS = [(year, month) for year in range(FIRST.year, LAST.year + 1) for month in range(1, 13)]


@given(st.integers(1, 31))
def test_every_month_has_one_occurrence_on_the_day_or_on_its_last(number):
    """Of 每月N日前 as read, of the plain rule as documents were read before, and of the rule read by
    the standard alone, as a calendar does."""
    [mention] = find_times(f"每月{number}日前报送")
    wanted = [date(y, m, min(number, last_day(y, m))) for y, m in MONTHS]
    assert falls_on(mention.rrule) == wanted
    assert falls_on(f"FREQ=MONTHLY;BYMONTHDAY={number}") == wanted
    start = datetime(FIRST.year, 1, 1, tzinfo=UTC)
    until = datetime(LAST.year, 12, 31, tzinfo=UTC)
    standard = rrulestr(mention.rrule, dtstart=start).between(start, until, inc=True)
    assert [moment.date() for moment in standard] == wanted
    assert month_end_rule(mention.rrule) == mention.rrule


@given(st.integers(1, 12), st.integers(1, 31))
def test_every_year_has_one_occurrence_in_the_month(month, number):
    [mention] = find_times(f"每年{month}月{number}日前报送")
    years = range(FIRST.year, LAST.year + 1)
    wanted = [date(y, month, min(number, last_day(y, month))) for y in years]
    assert falls_on(mention.rrule) == wanted


@given(
    st.sets(st.integers(1, 28), max_size=3),
    st.integers(29, 31),
    st.sets(st.integers(1, 12), min_size=1),
)
def test_days_beside_a_month_end_and_some_months_only(early, late, months):
    by_day = ",".join(map(str, [*sorted(early), late]))
    by_month = ",".join(map(str, sorted(months)))
    wanted = sorted(
        {
            date(y, m, min(d, last_day(y, m)))
            for y, m in MONTHS
            if m in months
            for d in (*early, late)
        }
    )
    for freq in ("YEARLY", "MONTHLY"):
        assert falls_on(f"FREQ={freq};BYMONTH={by_month};BYMONTHDAY={by_day}") == wanted


def test_the_rules_are_those_of_the_standard():
    cases = [
        ("每月31日前报送", "FREQ=MONTHLY;BYMONTHDAY=-1"),
        ("每月30日前调度", "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1"),
        ("每月29日前调度", "FREQ=MONTHLY;BYMONTHDAY=28,29;BYSETPOS=-1"),
        ("每月28日前调度", "FREQ=MONTHLY;BYMONTHDAY=28"),
        ("每月底前报送", "FREQ=MONTHLY;BYMONTHDAY=-1"),
        ("每季度末报送", "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=-1"),
        ("每年2月30日前报送", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1"),
        ("每年2月29日前报送", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1"),
        ("每年4月31日前报送", "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=-1"),
        ("每年6月30日前报送", "FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=30"),
    ]
    assert [(text, find_times(text)[0].rrule) for text, _ in cases] == cases


def test_quarters_and_halves_end_on_their_last_day():
    for step in (3, 6):
        wanted = [date(y, m, last_day(y, m)) for y, m in MONTHS if m % step == 0]
        assert falls_on(f"FREQ=MONTHLY;INTERVAL={step}") == wanted
        assert falls_on(f"FREQ=MONTHLY;INTERVAL={step};BYMONTHDAY=-1") == wanted


def test_the_words_say_the_day():
    cases = [
        ("FREQ=MONTHLY", "每月", "every month"),
        ("FREQ=MONTHLY;BYMONTHDAY=5", "每月5日", "every month, day 5"),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "每月最后一天", "every month, the last day"),
        ("FREQ=MONTHLY;BYMONTHDAY=30", "每月30日（没有30日的月份为月末）",
         "every month, day 30 (the last day of a month without day 30)"),
        ("FREQ=MONTHLY;BYMONTHDAY=15,30", "每月15日、30日（没有30日的月份为月末）",
         "every month, day 15 and day 30 (the last day of a month without day 30)"),
        ("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=-1", "每季度最后一天", "every quarter, the last day"),
        ("FREQ=YEARLY;BYMONTH=1,7;BYMONTHDAY=15", "每年1、7月15日", "every year, month 1, 7, day 15"),
        ("FREQ=YEARLY;BYMONTH=1,2;BYMONTHDAY=30", "每年1、2月30日（没有30日的月份为月末）",
         "every year, month 1, 2, day 30 (the last day of a month without day 30)"),
        ("FREQ=WEEKLY;BYDAY=TU,TH", "每周二、周四", "every week, Tuesday, Thursday"),
        ("FREQ=MONTHLY;BYDAY=2MO", "FREQ=MONTHLY;BYDAY=2MO", "FREQ=MONTHLY;BYDAY=2MO"),
    ]  # fmt: skip
    said = [(r, describe_recurrence(r, "zh"), describe_recurrence(r, "en")) for r, _, _ in cases]
    assert said == cases


def test_no_occurrence_is_left_out_at_the_ends_of_the_window():
    [found] = falls_on("FREQ=MONTHLY;BYMONTHDAY=31", date(2026, 11, 30), date(2026, 11, 30))
    assert found == date(2026, 11, 30)
    assert (
        falls_on("FREQ=MONTHLY;BYMONTHDAY=31", found + timedelta(days=1), date(2026, 12, 30)) == []
    )

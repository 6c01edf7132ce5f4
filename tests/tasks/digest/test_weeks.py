from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import DubanError
from tasks.digest import parse_week, week_of


@pytest.mark.parametrize(
    ("printed", "monday", "sunday"),
    [
        ("2026-W48", "2026-11-23", "2026-11-29"),
        ("2026-W53", "2026-12-28", "2027-01-03"),  # a year of 53 weeks
        ("2027-W01", "2027-01-04", "2027-01-10"),
        ("2025-W01", "2024-12-30", "2025-01-05"),  # begins in the year before
        ("2026W5", "2026-01-26", "2026-02-01"),
        (" 2026-w48 ", "2026-11-23", "2026-11-29"),
    ],
)
def test_a_week_runs_from_monday_to_sunday(printed, monday, sunday):
    week = parse_week(printed)
    assert (week.monday.isoformat(), week.sunday.isoformat()) == (monday, sunday)
    assert week.monday in week
    assert week.sunday in week
    assert week.monday - timedelta(days=1) not in week
    assert week.sunday + timedelta(days=1) not in week


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("2025-W53", "只有第 1 到 52 周"),
        ("2026-W54", "只有第 1 到 53 周"),
        ("2026-W00", "没有第 0 周"),
        ("2026-48", "要写作 2026-W48"),
        ("48", "要写作 2026-W48"),
        ("", "要写作 2026-W48"),
        ("2026-W４８", "要写作 2026-W48"),  # other digits
        ("2026-W48\n2026-W49", "要写作 2026-W48"),
        ("9999-W52", "没有第 52 周"),  # its Sunday is no day of any calendar
        ("0000-W01", "没有第 1 周"),
    ],
)
def test_what_is_no_week_is_refused(printed, said):
    with pytest.raises(DubanError, match=said):
        parse_week(printed)


@given(st.dates(min_value=date(1, 1, 1), max_value=date(9999, 12, 20)))
def test_each_day_is_in_its_week_and_the_week_reads_back(day):
    week = week_of(day)
    assert day in week
    assert parse_week(str(week)) == week
    assert week.nearest(day) == day


@pytest.mark.parametrize(
    ("today", "nearest"),
    [("2026-11-20", "2026-11-23"), ("2026-11-25", "2026-11-25"), ("2026-12-09", "2026-11-29")],
)
def test_the_day_of_a_week_that_is_nearest_to_today(today, nearest):
    assert parse_week("2026-W48").nearest(date.fromisoformat(today)).isoformat() == nearest

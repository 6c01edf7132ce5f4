"""Lengths of time and relative deadlines in words; recurrences are with the names of the screens."""

from datetime import date

import pytest

from kb.workdays import Arrangement
from tasks.deadline_words import (
    describe_arrangements,
    describe_length,
    describe_recurrence,
    describe_recurring,
    describe_relative,
)
from tasks.models import Counting, Deadline, DueKind


@pytest.mark.parametrize(
    ("duration", "zh", "en"),
    [
        ("P3M", "3个月", "3 months"),
        ("P1M", "1个月", "1 month"),
        ("P2Y", "2年", "2 years"),
        ("P15D", "15天", "15 days"),
        ("P1W", "1周", "1 week"),
        ("PT4H", "4小时", "4 hours"),
        ("PT1M", "1分钟", "1 minute"),
        ("PT1H30M", "1小时30分钟", "1 hour 30 minutes"),
        ("P2Y6M", "2年6个月", "2 years 6 months"),
        ("P0.5D", "0.5天", "0.5 days"),
        ("4H", "4H", "4H"),  # what is no duration stays as it is
    ],
)
def test_lengths_of_time(duration, zh, en):
    assert (describe_length(duration, "zh"), describe_length(duration, "en")) == (zh, en)


@pytest.mark.parametrize(
    ("rule", "zh", "en"),
    [
        ("FREQ=HOURLY;INTERVAL=2", "每2小时", "every 2 hours"),
        ("FREQ=MINUTELY", "每分钟", "every minute"),
        ("FREQ=DAILY;BYHOUR=8,20", "每天8:00、20:00", "every day, at 8:00 and 20:00"),
        ("FREQ=WEEKLY;BYDAY=TH;BYHOUR=7;BYMINUTE=5", "每周四7:05", "every week, Thursday, at 7:05"),
    ],
)
def test_recurrences_within_a_day(rule, zh, en):
    assert (describe_recurrence(rule, "zh"), describe_recurrence(rule, "en")) == (zh, en)


def test_a_time_after_an_event():
    assert describe_relative("竣工验收", "P3M", "zh") == "竣工验收起 3个月内"
    assert describe_relative("竣工验收", "P1M", "en") == "within 1 month of 竣工验收"
    assert describe_relative("", "P15D", "en") == "within 15 days of the event"
    assert describe_relative("合同期满", "P30D", "zh", ahead=True) == "合同期满前 提前30天"
    assert describe_relative("", "PT24H", "en", ahead=True) == "24 hours before the event"
    assert describe_relative("2027年汛", "P0D", "zh", ahead=True) == "2027年汛前"
    assert describe_relative("2027年汛", "P0D", "en", ahead=True) == "before 2027年汛"


def test_a_recurrence_with_its_stretch_and_its_condition():
    daily = Deadline(kind=DueKind.RECURRING, rrule="FREQ=DAILY", event="汛期")
    assert describe_recurring(daily, "zh") == "汛期每天"
    assert describe_recurring(daily, "en") == "every day during “汛期”"
    said = {"start": date(2026, 5, 1), "date": date(2026, 11, 30)}
    monthly = Deadline(kind=DueKind.RECURRING, rrule="FREQ=MONTHLY", **said)
    assert describe_recurring(monthly, "zh") == "2026-05-01至2026-11-30每月"
    assert describe_recurring(monthly, "en") == "every month from 2026-05-01 to 2026-11-30"


def test_working_days_and_what_they_rest_on():
    assert describe_length("P5D", "zh", Counting.WORKING_DAYS) == "5个工作日"
    assert describe_length("P1D", "en", Counting.WORKING_DAYS) == "1 working day"
    assert (
        describe_relative("收到申请", "P5D", "zh", Counting.WORKING_DAYS)
        == "收到申请起 5个工作日内"
    )
    known, awaited = (Arrangement(year=y, published=p) for y, p in ((2026, True), (2027, False)))
    cases = [
        ((), "", ""),
        ((known,), "依据国务院办公厅2026年节假日安排", "by the State Council's holiday arrangement for 2026"),
        ((awaited,), "2027年节假日安排尚未公布，暂按周末和法定节假日推算",
         "the arrangement for 2027 is not announced yet: provisional, by weekends and statutory holidays"),
    ]  # fmt: skip
    said = [
        (f, describe_arrangements(f, "zh"), describe_arrangements(f, "en")) for f, _, _ in cases
    ]
    assert said == cases
    both = describe_arrangements((known, awaited), "zh")
    assert both == f"{cases[1][1]}；{cases[2][1]}"

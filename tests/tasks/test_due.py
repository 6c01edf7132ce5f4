from datetime import date

import pytest

from ingest.pipeline import extract_bytes
from tasks.due import State, due_items, due_soon, occurrences, overdue, state_on
from tasks.models import Deadline, DueKind


def recurring(rule: str) -> Deadline:
    return Deadline(kind=DueKind.RECURRING, rrule=rule)


@pytest.mark.parametrize(
    ("rule", "first", "last", "days"),
    [
        ("FREQ=YEARLY", "2022-03-01", "2023-12-31", ["2022-12-31", "2023-12-31"]),
        ("FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=-1", "2022-07-01", "2023-12-31", ["2023-06-30"]),
        ("FREQ=YEARLY;BYMONTH=2", "2024-01-01", "2024-12-31", ["2024-02-29"]),  # a leap year
        ("FREQ=YEARLY;BYMONTH=2", "2025-01-01", "2025-12-31", ["2025-02-28"]),
        ("FREQ=MONTHLY", "2024-01-15", "2024-02-29", ["2024-01-31", "2024-02-29"]),
        ("FREQ=MONTHLY;INTERVAL=6", "2024-01-01", "2024-12-31", ["2024-06-30", "2024-12-31"]),
        ("FREQ=MONTHLY;INTERVAL=3", "2024-04-01", "2024-09-30", ["2024-06-30", "2024-09-30"]),
        ("FREQ=WEEKLY", "2026-11-23", "2026-11-29", ["2026-11-29"]),
        ("FREQ=YEARLY", "2024-01-01", "2023-01-01", []),
    ],
)
def test_occurrences(rule, first, last, days):
    found = occurrences(recurring(rule), date.fromisoformat(first), date.fromisoformat(last))
    assert [day.isoformat() for day in found] == days


@pytest.mark.parametrize(
    ("as_of", "state"),
    [
        ("2025-11-30", State.LATER),
        ("2025-12-01", State.DUE_SOON),  # thirty days ahead
        ("2025-12-31", State.DUE_SOON),  # the day itself is not overdue
        ("2026-01-01", State.OVERDUE),
    ],
)
def test_overdue_begins_the_day_after(as_of, state):
    assert state_on(date(2025, 12, 31), date.fromisoformat(as_of)) is state


PLAN = """某区校园建设行动计划（2022—2027年）
一、主要任务
1.控制班额。2022年开始，起始年级班额不超过50人。
2.移交校舍。自竣工验收合格起3个月内移交区教委。
3.消除大班额。2023年底前，全面消除大班额。
4.开展演练。每年6月底前，组织一次演练。
5.加强宣传。加强校园安全宣传教育，营造良好氛围。
"""


@pytest.fixture
def extraction():
    return extract_bytes(PLAN.encode(), "plan.txt")


def by_path(items):
    return {item.path.rpartition("/")[2]: (item.due.isoformat(), item.inherited) for item in items}


def test_starts_and_relative_dates_are_never_overdue(extraction):
    assert by_path(overdue([extraction], date(2024, 1, 1))) == {
        "3": ("2023-12-31", False),
        "4": ("2023-06-30", False),
    }


def test_inherited_dates_are_told_apart(extraction):
    late = by_path(overdue([extraction], date(2028, 1, 1)))
    assert late["5"] == ("2027-12-31", True)
    assert set(late) == {"3", "4", "5"}


def test_due_soon_counts_both_ends(extraction):
    assert by_path(due_soon([extraction], date(2023, 12, 31), days=0)) == {
        "3": ("2023-12-31", False)
    }
    assert by_path(due_soon([extraction], date(2023, 6, 1), days=29)) == {
        "4": ("2023-06-30", False)
    }
    assert by_path(due_soon([extraction], date(2023, 6, 1), days=28)) == {}


def test_soonest_first(extraction):
    items = due_items([extraction], date(2024, 1, 1))
    assert [item.due for item in items] == sorted(item.due for item in items)

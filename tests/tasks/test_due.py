from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.pipeline import extract_bytes
from tasks.due import (
    Colour,
    Row,
    Started,
    State,
    add_duration,
    days_of,
    due_items,
    holding_day,
    occurrences,
    overdue,
    rows_of,
    standings,
    state_on,
)
from tasks.fields import FieldError
from tasks.lifecycle import Life, Status
from tasks.models import Certainty, Counting, Deadline, DueKind
from tasks.words import describe_item


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
        (
            "FREQ=MINUTELY;INTERVAL=15",
            "2024-02-28",
            "2024-03-01",
            ["2024-02-28", "2024-02-29", "2024-03-01"],
        ),
        ("FREQ=DAILY;BYHOUR=8,20", "2024-01-01", "2024-01-02", ["2024-01-01", "2024-01-02"]),
    ],
)
def test_occurrences(rule, first, last, days):
    found = occurrences(recurring(rule), date.fromisoformat(first), date.fromisoformat(last))
    assert [day.isoformat() for day in found] == days


@pytest.mark.parametrize(
    ("as_of", "state"),
    [
        ("2025-11-30", State.LATER),
        ("2025-12-01", State.LATER),
        ("2025-12-02", State.DUE_SOON),  # the last of thirty days
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
    def soon(as_of, days):
        items = due_items([extraction], as_of, days=days)
        return by_path([item for item in items if item.state is State.DUE_SOON])

    assert soon(date(2023, 12, 31), 1) == {"3": ("2023-12-31", False)}
    assert soon(date(2023, 6, 1), 30) == {"4": ("2023-06-30", False)}
    assert soon(date(2023, 6, 1), 29) == {}


def test_soonest_first(extraction):
    items = due_items([extraction], date(2024, 1, 1))
    assert [item.due for item in items] == sorted(item.due for item in items)


def test_a_recurrence_ends_with_its_stretch_and_waits_for_its_condition():
    text = (
        "某县防汛工作方案\n某县水利局\n2026年4月1日\n一、主要任务\n"
        "1.报送进展。2026年5月至7月，县水利局每月25日前报送进展。\n"
        "2.加强巡查。汛期县水利局每日巡查水库2次。\n"
    )
    found = extract_bytes(text.encode(), "a.txt")
    items = standings(rows_of(found), None, date(2027, 3, 1))
    daily = [i for i in items if i.path.endswith("2")]
    assert [(i.state, i.due) for i in daily] == [(State.WAITING, None)]
    assert not [i for i in overdue([found], date(2027, 3, 1)) if i.path.endswith("2")]
    rows = [r for r in rows_of(found) if r.path.endswith("1") and r.rrule]
    assert [str(d) for r in rows for d in days_of(r, date(2027, 3, 1))] == [
        "2026-05-25",
        "2026-06-25",
        "2026-07-25",
    ]


def row(**fields) -> Row:
    plain = {
        "id": "m", "task_id": "t", "document_id": "d", "plan_id": "p", "clause_id": "c",
        "path": "1", "title": "", "commitment": "", "kind": DueKind.BY, "due": None,
        "certainty": (), "rrule": None, "duration": None, "first": None, "last": None,
    }  # fmt: skip
    return Row(**(plain | fields))


def day(printed: str) -> date:
    return date.fromisoformat(printed)


def stands(one: Row, as_of: str, *lives: Life, days: int = 30):
    return list(standings([one], {life.key: life for life in lives}, day(as_of), days=days))


BY = row(due=date(2025, 6, 30), first=date(2025, 1, 1))
S = Status


@pytest.mark.parametrize(
    ("status", "fields", "as_of", "state"),
    [
        (S.ASSIGNED, {}, "2025-06-30", State.DUE_SOON),
        (S.ASSIGNED, {}, "2025-07-01", State.OVERDUE),
        (S.REPORTED, {"since": "2025-06-30"}, "2025-07-01", State.REVIEW),  # in time
        (S.REPORTED, {"since": "2025-07-01"}, "2025-07-02", State.OVERDUE),  # a day late
        (S.REPORTED, {"since": "2025-07-01", "due": "2025-07-31"}, "2025-08-01", State.REVIEW),
        (S.RETURNED, {"since": "2025-07-05"}, "2025-07-06", State.OVERDUE),
        (S.COMPLETED, {}, "2026-01-01", State.FINISHED),
        (S.CLOSED, {}, "2026-01-01", State.FINISHED),
        (S.CANCELLED, {}, "2026-01-01", State.FINISHED),
        (S.EXTENDED, {"due": "2025-09-30"}, "2025-07-01", State.LATER),
        (S.EXTENDED, {"due": "2025-09-30"}, "2025-09-30", State.DUE_SOON),
        (S.EXTENDED, {"due": "2025-09-30"}, "2025-10-01", State.OVERDUE),
        (S.EXTENSION_REQUESTED, {"asked": "2025-09-30"}, "2025-07-01", State.OVERDUE),
    ],
)
def test_state_by_progress(status, fields, as_of, state):
    life = Life.model_validate({"milestone_id": "m", "status": status, **fields})
    [item] = stands(BY, as_of, life)
    assert item.state is state
    assert item.printed == BY.due
    assert item.due == (life.due or BY.due)
    assert item.days == (day(as_of) - item.due).days


@pytest.mark.parametrize(
    ("extended", "printed", "holds"),
    [
        (None, "2025-06-30", "2025-06-30"),
        ("2025-09-30", "2025-06-30", "2025-09-30"),
        ("2025-09-30", "2025-12-31", "2025-12-31"),  # the text's day was put later since
        ("2025-09-30", None, "2025-09-30"),
    ],
)
def test_which_day_holds(extended, printed, holds):
    life = Life.model_validate({"milestone_id": "m", "due": extended})
    assert holding_day(life, day(printed) if printed else None) == day(holds)


@pytest.mark.parametrize(
    ("fields", "as_of", "behind"),
    [
        ({}, "2025-06-29", False),  # silent: nothing is known, so nothing is said
        ({"percent": 50}, "2025-04-01", False),  # exactly half the time is gone
        ({"percent": 50}, "2025-04-02", True),
        ({"percent": 0}, "2025-01-01", False),
        ({"percent": 100}, "2025-06-30", False),
        ({"refused": True}, "2025-01-02", True),
    ],
)
def test_behind(fields, as_of, behind):
    one = row(due=date(2025, 6, 30), first=date(2025, 1, 1))
    [item] = stands(one, as_of, Life(milestone_id="m", status=S.IN_PROGRESS, **fields))
    assert item.behind is behind
    assert (item.colour is Colour.YELLOW) is behind


def test_overdue_is_red_whatever_else():
    [item] = stands(BY, "2025-07-01", Life(milestone_id="m", refused=True))
    assert item.colour is Colour.RED
    assert not item.behind


YEARLY = row(
    kind=DueKind.RECURRING, rrule="FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=-1",
    first=date(2022, 3, 1), last=date(2027, 12, 31),
)  # fmt: skip


def turns(items):
    return [(i.occurrence, i.state.value, i.missed) for i in items]


def test_of_a_recurring_one_the_last_and_the_next_are_shown():
    assert turns(stands(YEARLY, "2025-01-01")) == [
        ("2024-06-30", "overdue", 2),
        ("2025-06-30", "later", 0),
    ]
    assert turns(stands(YEARLY, "2022-06-30")) == [("2022-06-30", "due-soon", 0)]
    assert turns(stands(YEARLY, "2022-07-01")) == [
        ("2022-06-30", "overdue", 0),
        ("2023-06-30", "later", 0),
    ]
    assert turns(stands(YEARLY, "2030-01-01")) == [("2027-06-30", "overdue", 5)]


def test_each_occurrence_has_a_life_of_its_own():
    done = Life(milestone_id="m", occurrence="2023-06-30", status=S.CLOSED)
    late = Life(milestone_id="m", occurrence="2022-06-30", status=S.ACCEPTED)
    assert turns(stands(YEARLY, "2025-01-01", done, late)) == [
        ("2022-06-30", "overdue", 0),
        ("2023-06-30", "finished", 0),
        ("2024-06-30", "overdue", 0),
        ("2025-06-30", "later", 0),
    ]


def test_an_occurrence_is_behind_by_its_own_time():
    half = Life(milestone_id="m", occurrence="2026-06-30", status=S.IN_PROGRESS, percent=50)
    assert not stands(YEARLY, "2025-09-01", half)[-1].behind, "a sixth of its year is gone"
    assert stands(YEARLY, "2026-03-01", half)[-1].behind


def test_without_a_beginning_a_recurring_one_runs_from_when_it_was_recorded():
    one = row(
        kind=DueKind.RECURRING, rrule="FREQ=MONTHLY",
        recorded_at=datetime(2025, 1, 15, tzinfo=UTC),
    )  # fmt: skip
    assert turns(stands(one, "2025-03-10")) == [
        ("2025-02-28", "overdue", 1),
        ("2025-03-31", "due-soon", 0),
    ]


def test_a_relative_one_waits_for_its_event():
    one = row(kind=DueKind.RELATIVE, duration="P3M")
    assert turns(stands(one, "2025-01-01")) == [("", "waiting", 0)]
    two = row(
        kind=DueKind.RELATIVE, duration="P3M",
        occasions=(
            Started("一小", date(2024, 11, 30), date(2025, 2, 28)),
            Started("二小", date(2025, 3, 30), date(2025, 6, 30)),
        ),
    )  # fmt: skip
    done = Life(milestone_id="m", occurrence="一小", status=S.COMPLETED)
    assert turns(stands(two, "2025-07-01")) == [("一小", "overdue", 0), ("二小", "overdue", 0)]
    assert turns(stands(two, "2025-06-30", done)) == [("一小", "finished", 0), ("二小", "due-soon", 0)]  # fmt: skip


def test_a_relative_one_is_behind_by_the_time_since_its_event():
    one = row(
        kind=DueKind.RELATIVE, duration="P3M", first=date(2020, 1, 1),
        occasions=(Started("一小", date(2025, 1, 30), date(2025, 4, 30)),),
    )  # fmt: skip
    life = Life(milestone_id="m", occurrence="一小", status=S.IN_PROGRESS, percent=50)
    assert not stands(one, "2025-02-15", life)[0].behind
    assert stands(one, "2025-04-15", life)[0].behind


@pytest.mark.parametrize("kind", [DueKind.START, DueKind.BY])
def test_without_a_day_nothing_is_ever_overdue(kind):
    [item] = stands(row(kind=kind), "2099-01-01")
    assert (item.state, item.due, item.days) == (State.NEVER, None, None)


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("2024-01-31", "P1M", "2024-02-29"),  # a leap year
        ("2025-01-31", "P1M", "2025-02-28"),
        ("2024-02-29", "P1Y", "2025-02-28"),
        ("2024-02-29", "P4Y", "2028-02-29"),
        ("2024-11-30", "P3M", "2025-02-28"),
        ("2024-02-28", "P1D", "2024-02-29"),
        ("2024-02-01", "P30D", "2024-03-02"),
        ("2024-12-31", "P2W", "2025-01-14"),
        ("2023-08-31", "P1Y6M", "2025-02-28"),
        ("2023-08-31", "P1.5Y", "2025-02-28"),
        ("2024-02-28", "PT15M", "2024-02-28"),  # the hour of the event is not known: the same day
        ("2024-02-28", "PT24H", "2024-02-29"),
        ("2024-02-28", "PT72H", "2024-03-02"),
        ("2024-02-28", "P1DT12H", "2024-02-29"),
        ("2024-03-01", "-P1D", "2024-02-29"),
        ("2024-03-01", "-PT2H", "2024-03-01"),
        ("2024-03-31", "-P1M", "2024-02-29"),
    ],
)
def test_durations(start, duration, end):
    assert add_duration(day(start), duration) == day(end)


@pytest.mark.parametrize("duration", ["", "P", "PT", "3M", "P3", "PT5D", "P1H", "P-1M", "P9999Y"])
def test_what_is_no_duration_is_refused(duration):
    with pytest.raises(FieldError, match="时长"):
        add_duration(date(2024, 1, 1), duration)


@given(st.dates(date(1990, 1, 1), date(2060, 1, 1)), st.integers(0, 50), st.integers(0, 400))
def test_a_longer_time_never_ends_earlier(start, months, days):
    assert add_duration(start, f"P{months}M") <= add_duration(start, f"P{months}M{days}D")


def test_a_year_that_is_the_documents_counts_like_a_printed_one():
    text = """某区防汛工作通知
某区人民政府办公室
2026年1月12日

一、主要任务
1.整治隐患。6月底前整治隐患点20处。（责任单位：区水利局）
"""
    extraction = extract_bytes(text.encode(), "a.txt")
    [item] = overdue([extraction], date(2026, 7, 1))
    assert (item.due, item.certainty) == (date(2026, 6, 30), (Certainty.ASSUMED_YEAR,))
    assert not item.inherited
    assert "年份据文件" in describe_item(item, "zh")
    assert "the year is the document's" in describe_item(item, "en")


def test_working_days_are_counted_in_days_only():
    assert add_duration(date(2026, 11, 27), "P5D", Counting.WORKING_DAYS) == date(2026, 12, 4)
    for duration in ("P1M", "P1W", "P1Y5D"):
        with pytest.raises(FieldError, match="工作日只按天计"):
            add_duration(date(2026, 11, 27), duration, Counting.WORKING_DAYS)
    assert add_duration(date(2026, 11, 27), "P0.5D", Counting.WORKING_DAYS) == date(2026, 11, 30)
    assert add_duration(date(2026, 11, 30), "-P1D", Counting.WORKING_DAYS) == date(2026, 11, 27)
    with pytest.raises(FieldError, match="时长过长"):
        add_duration(date.max, "P1D", Counting.WORKING_DAYS)

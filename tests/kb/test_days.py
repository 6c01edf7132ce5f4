"""What is a day, and what only looks like one."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from kb.days import Day, DayError, check_asked, read_day

NO_DAYS = (
    0, 1, 20260101, 1767225600, 1.5, True, "", "0", "1767225600", "20260101", "2026-1-1", "2026-001",
    "2026-W01-1", "2026-01", "2026-01-01T00:00:00", "2026-01-01 ", " 2026-01-01", "2026-02-30",
    "2026-13-01", "0000-01-01", "２０２６-01-01", "2026年1月1日", "2026/01/01", b"2026-01-01",
    datetime(2026, 1, 1, tzinfo=UTC), [], {},
)  # fmt: skip
"""Pydantic takes the numbers for seconds since 1970, Python's own reader some of the strings."""


class Asked(BaseModel):
    """As fields of requests are."""

    as_of: Day | None = None


@pytest.mark.parametrize("printed", NO_DAYS, ids=repr)
def test_what_is_no_day(printed):
    with pytest.raises(DayError, match=r"不是日期.* / not a day"):
        read_day(printed)
    with pytest.raises(ValidationError):
        Asked.model_validate({"as_of": printed})


@given(st.dates())
def test_every_day_is_read_as_it_is_written(day):
    assert read_day(day.isoformat()) == read_day(day) == day
    assert Asked.model_validate_json(Asked(as_of=day).model_dump_json()).as_of == day


def test_a_field_is_told_as_a_date():
    told = Asked.model_json_schema()["properties"]["as_of"]["anyOf"]
    assert told == [{"format": "date", "type": "string"}, {"type": "null"}]
    assert Asked(as_of=None).as_of is None
    assert type(Asked(as_of=date(2026, 1, 1)).as_of) is date


def test_lists_are_made_for_days_that_have_a_year_after_them():
    assert check_asked(date(2999, 12, 31)) == date(2999, 12, 31)
    with pytest.raises(DayError, match="2999"):
        check_asked(date(9999, 12, 31))

"""Durations of ISO 8601: read, printed, and laid on a calendar of days."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.durations import UNITS, days_step, parse_duration, print_duration, within_a_day

AMOUNTS = st.dictionaries(
    st.sampled_from(UNITS), st.decimals("0.5", "999", places=1), min_size=1
).map(lambda found: {unit: found[unit] for unit in UNITS if unit in found})


@given(AMOUNTS)
def test_what_is_printed_is_read_again(amounts):
    assert parse_duration(print_duration(amounts.items())) == amounts


@pytest.mark.parametrize(
    "printed", ["", "P", "PT", "P5", "5D", "PT5D", "P5H", "P1D2M", "P-1D", "P1DT"]
)
def test_what_is_no_duration(printed):
    assert parse_duration(printed) is None


@given(AMOUNTS)
def test_a_length_of_less_than_a_day_needs_the_hour_of_its_event(amounts):
    assert within_a_day(amounts) == print_duration(amounts.items()).startswith("PT")


@given(st.integers(1, 2000), st.sampled_from([("TH", 24), ("TM", 1440), ("TS", 86400)]))
def test_full_days_of_hours_count(many, unit):
    name, of_a_day = unit
    step = days_step({name: Decimal(many)})
    assert date(2026, 1, 1) + step == date.fromordinal(
        date(2026, 1, 1).toordinal() + many // of_a_day
    )

"""Working days of China: days off, make-up days, and years whose arrangement is not announced."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kb.workdays import Arrangement, add_workdays, arrangements_for, holiday, is_workday


def day(printed: str) -> date:
    return date.fromisoformat(printed)


def test_the_arrangement_of_2026():
    """Days off and make-up days of 国办发明电 for 2026, and plain days beside them."""
    worked = ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10",
              "2026-11-27", "2026-02-13", "2026-02-24"]  # fmt: skip
    off = ["2026-01-01", "2026-01-02", "2026-01-03", "2026-02-16", "2026-02-20", "2026-02-23", "2026-04-06",
           "2026-05-05", "2026-06-19", "2026-09-25", "2026-10-07", "2026-11-28", "2026-11-29"]  # fmt: skip
    assert [d for d in worked if not is_workday(day(d))] == []
    assert [d for d in off if is_workday(day(d))] == []


def test_a_make_up_day_that_the_next_years_arrangement_puts_into_december():
    assert is_workday(day("2011-12-31"))


def test_counts_of_working_days():
    """The day after the event is the first that may count."""
    cases = [
        ("2026-11-27", 5, "2026-12-04"),  # from a Friday
        ("2026-11-28", 1, "2026-11-30"),  # from a Saturday
        ("2026-01-12", 20, "2026-02-09"),
        ("2026-02-13", 1, "2026-02-14"),  # a Saturday that is worked
        ("2026-02-14", 1, "2026-02-24"),  # the Spring Festival after it
        ("2026-09-30", 3, "2026-10-10"),
        ("2026-04-30", 4, "2026-05-09"),
        ("2026-11-27", 0, "2026-11-27"),
        ("2026-12-04", -5, "2026-11-27"),
    ]
    assert [(s, n, str(add_workdays(day(s), n))) for s, n, _ in cases] == cases


def test_a_year_that_is_not_announced_counts_by_weekends_and_statutory_days():
    """The arrangement of a year far ahead is announced in no release of the library."""
    assert not is_workday(day("2090-01-01")) or day("2090-01-01").weekday() > 4
    assert not is_workday(day("2090-10-03"))
    assert arrangements_for(day("2026-12-30"), day("2026-12-31")) == (
        Arrangement(year=2026, published=True),
    )
    assert arrangements_for(day("2089-12-30"), day("2090-01-05")) == (
        Arrangement(year=2089, published=False),
        Arrangement(year=2090, published=False),
    )
    # An event on the year's last day: what is counted lies in the next one.
    assert [a.year for a in arrangements_for(day("2025-12-31"), day("2026-01-05"))] == [2026]


days = st.dates(date(2001, 1, 1), date(2040, 12, 31))


@given(days, st.integers(1, 60))
def test_a_count_ends_on_a_working_day_with_as_many_in_it(start, count):
    end = add_workdays(start, count)
    between = (start + timedelta(days=n) for n in range(1, (end - start).days + 1))
    assert is_workday(end)
    assert sum(is_workday(one) for one in between) == count


def test_feasts_of_the_lunar_calendar():
    cases = [("春节", 2027, "2027-02-06"), ("端午节", 2026, "2026-06-19"), ("中秋节", 2026, "2026-09-25")]  # fmt: skip
    assert [(name, year, str(holiday(name, year))) for name, year, _ in cases] == cases
    assert holiday("端午节", 1990) is None  # no holiday yet

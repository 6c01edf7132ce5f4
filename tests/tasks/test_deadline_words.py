"""Lengths of time and relative deadlines in words; recurrences are with the names of the screens."""

import pytest

from tasks.deadline_words import describe_length, describe_relative


@pytest.mark.parametrize(
    ("duration", "zh", "en"),
    [
        ("P3M", "3个月", "3 months"),
        ("P1M", "1个月", "1 month"),
        ("P2Y", "2年", "2 years"),
        ("P15D", "15天", "15 days"),
        ("P1W", "1周", "1 week"),
        ("PT4H", "PT4H", "PT4H"),  # what cannot be said in words stays as it is
    ],
)
def test_lengths_of_time(duration, zh, en):
    assert (describe_length(duration, "zh"), describe_length(duration, "en")) == (zh, en)


def test_a_time_after_an_event():
    assert describe_relative("竣工验收", "P3M", "zh") == "竣工验收起 3个月内"
    assert describe_relative("竣工验收", "P1M", "en") == "within 1 month of 竣工验收"
    assert describe_relative("", "P15D", "en") == "within 15 days of the event"

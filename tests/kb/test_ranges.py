"""Ranges asked by sorted places, against the same asked of each range."""

from hypothesis import given
from hypothesis import strategies as st

from kb.ranges import Prevailing, Ranges

SPANS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)).map(sorted).map(tuple))


@given(SPANS, st.integers(-1, 21), st.integers(1, 5))
def test_what_overlaps(spans, start, length):
    end = start + length
    held = [span for span in spans if span[0] < span[1]]
    assert Ranges(held).overlap(start, end) == any(a < end and start < b for a, b in held)


@given(SPANS, st.data())
def test_what_prevails(spans, data):
    ranks = st.tuples(st.integers(-3, 3), st.integers(-3, 3))
    ranked = [(a, b, data.draw(ranks)) for a, b in spans]
    prevailing = Prevailing(ranked)
    for place in range(-1, 22):
        holding = [rank for a, b, rank in ranked if a <= place < b]
        assert prevailing.at(place) == max(holding, default=None)

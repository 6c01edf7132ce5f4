"""Sorted ranges of a text, asked in logarithmic time: a line may be megabytes long."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate


class Ranges:
    """Half-open ranges, in any order, overlapping or not."""

    __slots__ = ("_reach", "_starts")

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(ranges)
        self._starts = [start for start, _ in ordered]
        self._reach = list(accumulate((end for _, end in ordered), max))

    def overlap(self, start: int, end: int) -> bool:
        """Whether any of the ranges shares a character with `[start, end)`."""
        place = bisect_left(self._starts, end)
        return place > 0 and self._reach[place - 1] > start

    def strictly_hold(self, position: int) -> bool:
        """Whether a range begins before `position` and ends after it."""
        place = bisect_left(self._starts, position)
        return place > 0 and self._reach[place - 1] > position


def between(starts: list[int], low: int, high: int) -> slice:
    """The places in sorted `starts` that lie in `[low, high)`."""
    return slice(bisect_left(starts, low), bisect_right(starts, high - 1))

"""Sorted ranges of a text, asked in logarithmic time: a line may be megabytes long."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from heapq import heappop, heappush
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


class Prevailing:
    """Half-open ranges with a rank each: which of those that hold a place ranks highest."""

    __slots__ = ("_cuts", "_ranks")

    def __init__(self, ranges: Iterable[tuple[int, int, tuple[int, ...]]]) -> None:
        """`ranges` are (start, end, rank); ranks compare as tuples. Empty ranges hold nothing."""
        ordered = sorted(r for r in ranges if r[0] < r[1])
        self._cuts = sorted({cut for start, end, _ in ordered for cut in (start, end)})
        self._ranks: list[tuple[int, ...] | None] = []
        open_: list[tuple[tuple[int, ...], int, tuple[int, ...]]] = []  # highest rank first
        coming = 0
        for cut in self._cuts:
            while coming < len(ordered) and ordered[coming][0] <= cut:
                _, end, rank = ordered[coming]
                heappush(open_, (tuple(-part for part in rank), end, rank))
                coming += 1
            while open_ and open_[0][1] <= cut:
                heappop(open_)
            self._ranks.append(open_[0][2] if open_ else None)

    def at(self, position: int) -> tuple[int, ...] | None:
        """The highest rank of the ranges that hold `position`; None where none does."""
        place = bisect_right(self._cuts, position)
        return self._ranks[place - 1] if place else None


def between(starts: list[int], low: int, high: int) -> slice:
    """The places in sorted `starts` that lie in `[low, high)`."""
    return slice(bisect_left(starts, low), bisect_right(starts, high - 1))

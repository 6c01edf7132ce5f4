"""Rate limits: so many requests of one caller in a sliding window."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from api.service.problems import TooManyError

_CALLERS = 10_000
"""Callers remembered; those silent longest are forgotten first."""


class RateLimit:
    """At most `most` requests of one caller in `seconds`. One process; several processes behind
    one address each count their own."""

    def __init__(
        self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, caller: str) -> None:
        """Count a request.

        Raises:
            TooManyError: it is one too many; it is then not counted.
        """
        now = self._clock()
        with self._lock:
            times = self._seen.setdefault(caller, deque())
            self._seen.move_to_end(caller)
            while times and times[0] <= now - self._seconds:
                times.popleft()
            if len(times) >= self._most:
                wait = max(1, int(times[0] + self._seconds - now) + 1)
                raise TooManyError(
                    f"请求过多, {wait} 秒后再试 / too many requests, try again in {wait} s", wait
                )
            times.append(now)
            while len(self._seen) > _CALLERS:
                self._seen.popitem(last=False)

    def take_back(self, caller: str) -> None:
        """Uncount a caller's last request: it was no guess."""
        with self._lock:
            if times := self._seen.get(caller):
                times.pop()

    def forget(self, caller: str) -> None:
        """Start a caller's count anew (after a sign-in that succeeded)."""
        with self._lock:
            self._seen.pop(caller, None)

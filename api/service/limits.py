"""Rate limits: so many requests of one caller in a sliding window; growing delays after failures."""

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


class FailureLimit:
    """Growing delays after failures: the first `free` of a caller cost nothing, each further one
    doubles the wait, up to `longest` seconds; without a failure for `memory` seconds a caller
    starts anew. One process; several behind one address each count their own."""

    def __init__(
        self,
        free: int,
        longest: float = 900,
        memory: float = 24 * 3600,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._free, self._longest, self._memory, self._clock = free, longest, memory, clock
        self._seen: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, caller: str) -> None:
        """Count a try as failed until `forget` or `take_back` says otherwise, so that tries at the
        same moment count too.

        Raises:
            TooManyError: the wait after the last failure is not over; it is then not counted.
        """
        now = self._clock()
        with self._lock:
            count, last = self._seen.get(caller, (0, now))
            if now - last > self._memory:
                count = 0
            over = count - self._free
            wait = last + min(self._longest, 2.0 ** min(over, 30)) - now if over >= 0 else 0.0
            if wait > 0:
                seconds = int(wait) + 1
                raise TooManyError(
                    f"尝试次数过多, {seconds} 秒后再试 / too many tries, try again in {seconds} s",
                    seconds,
                )
            self._seen[caller] = count + 1, now
            self._seen.move_to_end(caller)
            while len(self._seen) > _CALLERS:
                self._seen.popitem(last=False)

    def take_back(self, caller: str) -> None:
        """Uncount a caller's last try: it did not fail. Those before it still count."""
        with self._lock:
            count, last = self._seen.get(caller, (0, 0.0))
            if count > 1:
                self._seen[caller] = count - 1, last
            else:
                self._seen.pop(caller, None)

    def forget(self, caller: str) -> None:
        """Start a caller's count anew."""
        with self._lock:
            self._seen.pop(caller, None)

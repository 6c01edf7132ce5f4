"""Rate limits: so many requests of one caller in a sliding window; growing delays after failures;
one at a time at a bounded pace."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
            count, wait = self._state(caller, now)
            if wait > 0:
                raise _too_many(wait)
            self._note(caller, count + 1, now)

    def count(self, caller: str) -> TooManyError | None:
        """Count a try as failed, whatever the wait after the one before it; gives what tells the
        caller to wait, None for a try that was free."""
        now = self._clock()
        with self._lock:
            count, _ = self._state(caller, now)
            self._note(caller, count + 1, now)
            _, wait = self._state(caller, now)
        return _too_many(wait) if count >= self._free else None

    def _state(self, caller: str, now: float) -> tuple[int, float]:
        """How many tries failed, and the seconds until the next is let in."""
        count, last = self._seen.get(caller, (0, now))
        if now - last > self._memory:
            count = 0
        over = count - self._free
        wait = last + min(self._longest, 2.0 ** min(over, 30)) - now if over >= 0 else 0.0
        return count, wait

    def _note(self, caller: str, count: int, now: float) -> None:
        self._seen[caller] = count, now
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


class Pace:
    """One at a time for each caller, `seconds` between two: who comes sooner is held until its turn
    comes, which is at most `seconds` away; one that comes while another is held is told to come
    again then. So whoever tries one after another is never refused, and nobody is quicker.

    One process; several behind one address each count their own.
    """

    def __init__(
        self,
        seconds: float,
        held: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`held`: callers held at once at the most, each of which keeps a thread."""
        self._seconds, self._held = seconds, held
        self._clock, self._sleep = clock, sleep
        self._last: OrderedDict[str, float] = OrderedDict()
        self._inside: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, caller: str) -> Iterator[None]:
        """Hold a caller until its turn, and others of it off until it leaves.

        Raises:
            TooManyError: another of this caller is inside, or as many callers as may be.
        """
        with self._lock:
            if caller in self._inside or len(self._inside) >= self._held:
                raise _too_many(self._seconds)
            self._inside.add(caller)
            wait = self._last.get(caller, -self._seconds) + self._seconds - self._clock()
        try:
            if wait > 0:
                self._sleep(min(wait, self._seconds))
            yield
        finally:
            with self._lock:
                self._inside.discard(caller)
                self._last[caller] = self._clock()
                self._last.move_to_end(caller)
                while len(self._last) > _CALLERS:
                    self._last.popitem(last=False)


def _too_many(wait: float) -> TooManyError:
    seconds = int(wait) + 1
    return TooManyError(
        f"尝试次数过多, {seconds} 秒后再试 / too many tries, try again in {seconds} s", seconds
    )

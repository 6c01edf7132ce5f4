"""Exports and digests are made by few threads of their own: each takes tens of megabytes while it is
made, and threads that come and go would keep them."""

from __future__ import annotations

import ctypes
import gc
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from api.service.limits import RateLimit
from api.service.problems import TooManyError

_T = TypeVar("_T")
WORKERS = 2
"""Files made at the same time."""
WAITING = 30
"""Files that wait for their turn; one more is refused."""
PER_MINUTE = 60
"""Files of one caller in a minute."""
_RETRY = 5
_LARGE = 0.2
"""Seconds of the processor after which a file counts as a large one, whose leftovers are worth a collection:
by the clock, a busy machine would collect after every file."""


class Rendering:
    """Makes files, a bounded number at a time.

    Args:
        most: files of one caller in a minute.
    """

    def __init__(self, most: int = PER_MINUTE) -> None:
        self.limit = RateLimit(most, 60)
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="duban-render")
        self._places = threading.BoundedSemaphore(WORKERS + WAITING)

    def make(self, caller: str, work: Callable[[], _T]) -> _T:
        """Do the work in the pool and wait for it.

        Raises:
            TooManyError: the caller asked for too many, or too many wait already.
        """
        self.limit.check(caller)
        if not self._places.acquire(blocking=False):
            raise TooManyError(
                f"导出繁忙, {_RETRY} 秒后再试 / exports are busy, try again in {_RETRY} s", _RETRY
            )
        try:
            return self._pool.submit(_and_trim, work).result()
        finally:
            self._places.release()

    def close(self) -> None:
        """End; what is being made is finished."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _and_trim(work: Callable[[], _T]) -> _T:
    began = time.thread_time()
    try:
        return work()
    finally:
        if time.thread_time() - began > _LARGE:
            _give_back()


def _give_back() -> None:
    """Give memory back to the system. A Word file is a tree whose parts know each other: without a
    collection 20 of them at once left 98 MB behind, with it 15 (the notice, 160 rows)."""
    gc.collect()
    trim = getattr(_LIBRARY, "malloc_trim", None)  # glibc has it
    if trim is not None:
        trim(0)


_LIBRARY = ctypes.CDLL(None)

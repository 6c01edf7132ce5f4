"""Answering takes the models, so questions take turns, in the order they came."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

from api.assistant.wanted import is_wanted
from kb.errors import DubanError

P = ParamSpec("P")
R = TypeVar("R")
_THREADS = 2
"""One that answers and one that reads the question or writes the answer meanwhile."""


class UnwantedError(DubanError):
    """Whoever asked has left; raised where it would have been their turn."""


class Turns:
    """A lock that is given to whoever has waited longest. Python's own is given to whoever asks
    just when it is free, so that under load some wait many times as long as others.

    Args:
        threads: how many questions `run` has in hand at once, most of which wait: for their turn,
            or for a language model.
    """

    def __init__(self, threads: int = _THREADS) -> None:
        self._guard = threading.Lock()
        self._held = False
        self._waiting: deque[threading.Lock] = deque()
        self._limiter = CapacityLimiter(threads)

    def __enter__(self) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        mine.acquire()  # whoever holds the turn now lets go of it
        if not is_wanted():
            self.__exit__()
            raise UnwantedError("没有人再等这个回答 / nobody waits for this answer any more")

    def __exit__(self, *_: object) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a function that takes turns. Those that wait hold no thread: a hundred questions
        leave the lists as quick as they were."""
        call = partial(function, *args, **kwargs)
        return await to_thread.run_sync(call, limiter=self._limiter)

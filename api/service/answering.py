"""Answers that take a while: a stream says meanwhile that it lives, and whoever leaves is not
worked for any more."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from threading import Event
from typing import Any, Generic, ParamSpec, TypeVar

from fastapi import Request

from api.assistant.wanted import leave_by
from api.service.problems import problem_of
from api.service.state import Service

P = ParamSpec("P")
R = TypeVar("R")
log = logging.getLogger("duban.service")
BEAT = ": 稍候 / one moment\n\n"
"""A comment of the stream, which every reader of Server-Sent Events passes over; proxies that cut
off silent connections see that this one is not."""
_LOOK = 1.0
"""Seconds between two looks at whether a client is still there."""


class LeftError(Exception):
    """The client left before it was answered; nobody reads what is sent now."""


class Answering(Generic[R]):
    """A question on its way: it waits for its turn and is answered in a thread.

    Args:
        service: whose turns it takes.
        function: makes the answer.
        args: of the function.
    """

    def __init__(
        self, service: Service, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        self._beat = service.heartbeat
        self._left = Event()

        async def run() -> R:
            leave_by(self._left)
            return await service.turns.run(function, *args, **kwargs)

        self._task = asyncio.create_task(run())
        self._task.add_done_callback(_seen)

    async def is_done(self, seconds: float) -> bool:
        """Whether it is answered, or has failed, within so many seconds."""
        return bool((await asyncio.wait({self._task}, timeout=seconds))[0])

    async def result(self) -> R:
        """The answer."""
        return await self._task

    async def beats(self) -> AsyncIterator[str]:
        """Comments for a stream, one every few seconds until there is an answer or a failure."""
        while not await self.is_done(self._beat):
            yield BEAT

    async def for_client(self, request: Request) -> R:
        """The answer, for a client that may leave meanwhile.

        Raises:
            LeftError: it left.
        """
        try:
            while not await self.is_done(_LOOK):
                if await request.is_disconnected():
                    raise LeftError
            return await self.result()
        finally:
            self.leave()

    def leave(self) -> None:
        """Nobody waits for it any more: if it still waits for its turn it never gets one, and a
        language model is asked no further."""
        self._left.set()
        self._task.cancel()


def _seen(task: asyncio.Task[Any]) -> None:
    """Look at a failure, or Python complains that nobody did."""
    with suppress(asyncio.CancelledError):
        task.exception()


def event(name: str, data: Any) -> str:
    """One Server-Sent Event."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def failure(error: Exception) -> dict[str, Any]:
    """What a stream tells of an error: the problem that an answer without a stream would be. What
    nobody foresaw goes into the log."""
    told = problem_of(error)
    if told.status == 500:
        log.error("in a stream", exc_info=error)
    return told.model_dump(exclude_none=True)

"""Whether somebody still waits for the answer that this thread is making."""

from __future__ import annotations

from contextvars import ContextVar
from threading import Event

_LEFT: ContextVar[Event | None] = ContextVar("left", default=None)


def leave_by(left: Event) -> None:
    """From here on, in this context and the threads it starts by anyio: nobody waits any more once
    `left` is set."""
    _LEFT.set(left)


def is_wanted() -> bool:
    """Whether it is worth going on."""
    left = _LEFT.get()
    return left is None or not left.is_set()

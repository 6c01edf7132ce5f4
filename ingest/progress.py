"""How far the reading of a file is, for whoever gives it up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import TypeVar

T = TypeVar("T")


class Stage(Enum):
    """What is being done: in Chinese, in English."""

    DECODING = ("把字节读成文字", "decoding its bytes")
    OUTLINE = ("读结构", "reading its outline")
    CLAUSES = ("读条款和任务", "reading clauses and their duties")
    CHECKING = ("核对引文", "checking quotes")


Tell = Callable[[Stage, int, int], None]
"""Is told the stage, how many of its parts are done and how many there are (0: not known)."""


def untold(stage: Stage, done: int, total: int) -> None:
    """Nobody wants to know."""


def counted(parts: Sequence[T], stage: Stage, tell: Tell) -> Iterator[T]:
    """`parts` one by one, each told of before it is done."""
    for done, part in enumerate(parts):
        tell(stage, done, len(parts))
        yield part

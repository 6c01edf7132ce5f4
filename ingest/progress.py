"""How far the reading of a file is, for whoever gives it up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import TypeVar

from kb.wording import wording

T = TypeVar("T")


class Stage(StrEnum):
    """What is being done."""

    DECODING = "decoding"
    RECOGNISING = "recognising"
    OUTLINE = "outline"
    CLAUSES = "clauses"
    CHECKING = "checking"


STAGE_NAMES = wording("ingest", "stages", Stage)


Tell = Callable[[Stage, int, int], None]
"""Is told the stage, how many of its parts are done and how many there are (0: not known)."""


def untold(stage: Stage, done: int, total: int) -> None:
    """Nobody wants to know."""


def counted(parts: Sequence[T], stage: Stage, tell: Tell) -> Iterator[T]:
    """`parts` one by one, each told of before it is done."""
    for done, part in enumerate(parts):
        tell(stage, done, len(parts))
        yield part

"""How pages that are pictures are recognised, for whoever starts the reading of a file: a page takes
seconds, so that who waits wants to be told, and what was done is kept for another try.

Readers of files take bytes and a name only; what is set here holds for what is read inside `with`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from ingest.progress import Tell, untold

MOST_PAGES = 300
"""Pages of one file that are recognised unasked: a quarter of an hour and more."""


def _allowed(pages: int) -> None:
    """Nobody counts what the pages take."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """`tell` is told of each page; `keep` is a folder in which recognised pages are kept, so that a
    reading that was stopped goes on where it was; `most`: files of more such pages are refused; `allow` is told how many pages are
    going to be recognised, before the first is. `glance`: the first page is enough. `kept`: what was
    kept of the file so far."""

    tell: Tell = untold
    keep: Path | None = None
    most: int = MOST_PAGES
    allow: Callable[[int], None] = _allowed
    glance: bool = False
    kept: list[Path] = field(default_factory=list)

    def forget(self) -> None:
        """Remove what was kept of the file: nothing of it may stay."""
        while self.kept:
            self.kept.pop().unlink(missing_ok=True)


_UNASKED = Recognition()
_set: ContextVar[Recognition] = ContextVar("recognition", default=_UNASKED)


def recognition() -> Recognition:
    """What is set now."""
    return _set.get()


@contextmanager
def recognising(how: Recognition) -> Iterator[None]:
    """Set it for what is read inside."""
    token = _set.set(how)
    try:
        yield
    finally:
        _set.reset(token)

"""How far a verification is, on standard error; nothing where it is no terminal."""

from __future__ import annotations

from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from api.cli.output import Output
from tasks.verify import Report


class VerifyProgress:
    """A bar for what is being checked."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=out.errors,
            transient=True, disable=not out.errors.is_terminal,
        )  # fmt: skip
        self._bar: Any = None

    def __enter__(self) -> Report:
        self._progress.start()
        return self._tell

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _tell(self, what: str, done: int, total: int) -> None:
        shown = self._out.side(what)
        if self._bar is None:
            self._bar = self._progress.add_task(shown)
        self._progress.update(self._bar, description=shown, completed=done, total=total or None)

"""Prints results: tables for people, JSON for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.cli.printing import RARE, shows


class Output:
    """Standard output in one language; `as_json` prints only JSON."""

    def __init__(self, *, as_json: bool, language: str) -> None:
        self.as_json = as_json
        self.language = language
        # A pipe has no width: tables must not be cut there.
        width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 160
        self.console = Console(width=width, highlight=False)
        self.errors = Console(stderr=True, highlight=False)
        # Nor must a line: a path that is broken in two is found by nobody.
        self._whole = not sys.stdout.isatty()

    def say(self, chinese: str, english: str) -> None:
        """A line for people, in the run's language."""
        if not self.as_json:
            self.console.print(Text(self.pick(chinese, english)), soft_wrap=self._whole)

    def pick(self, chinese: str, english: str) -> str:
        """The text in the run's language."""
        return english if self.language == "en" else chinese

    def side(self, bilingual: str) -> str:
        """One side of `中文 / English`."""
        chinese, separator, english = bilingual.partition(" / ")
        return (english if self.language == "en" else chinese) if separator else bilingual

    def complain(self, text: str) -> None:
        """A line on standard error."""
        self.errors.print(Text(text), soft_wrap=not self.errors.is_terminal)

    def json(self, value: Any) -> None:
        """Print a value as JSON."""
        # Escapes of JSON's own where the terminal lacks a character: it stays JSON.
        print(json.dumps(value, ensure_ascii=not shows(RARE), indent=1, default=str))

    def table(
        self, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]], title: str = ""
    ) -> None:
        """A table; columns are (Chinese, English) headings."""
        table = Table(title=title or None, show_edge=False, title_justify="left")
        for place, (chinese, english) in enumerate(columns):
            table.add_column(self.pick(chinese, english), overflow="fold", no_wrap=place == 0)
        for row in rows:
            table.add_row(*(Text(str(cell)) for cell in row))
        self.console.print(table)

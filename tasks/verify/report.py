"""What a verification found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kb.models import Fact, Span
from kb.wording import in_both, phrase
from tasks.audit import Fault

LOG = in_both(phrase("tasks", "the_log"))
BODY = in_both(phrase("tasks", "whole_row"))
"""What a row is compared with."""
Report = Callable[[str, int, int], None]
"""Told (what is being checked, done, of how many)."""


class Difference(Fact):
    """A row that is not what its source, the log or the facts say. `row` is its key, parts joined by
    `/`; `column` is empty where the whole row is meant."""

    table: str
    row: str
    column: str = ""
    expected: str = ""
    found: str = ""
    message: str
    document_id: str = ""
    span: Span | None = None


class Checked(Fact):
    """A kind of thing that was checked (`文件 / documents`) and how many of it."""

    what: str
    count: int


class Verified(Fact):
    """How much was checked, and what differs (nothing: all is as the log says it was written).

    `count` and `head` are the log's; `faults` where its chain is broken; `unknown` says what no
    check of this store can know.
    """

    count: int
    head: str
    documents: int
    facts: int
    checked: tuple[Checked, ...]
    faults: tuple[Fault, ...]
    differences: tuple[Difference, ...]
    unknown: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing differs."""
        return not (self.faults or self.differences)


class Findings:
    """Differences and counts as they are found."""

    def __init__(self, report: Report = lambda *_: None) -> None:
        self.report = report
        self.differences: list[Difference] = []
        self.unknown: list[str] = []
        self._counts: dict[str, int] = {}

    def count(self, what: str, number: int = 1) -> None:
        """So many more of a kind were checked."""
        self._counts[what] = self._counts.get(what, 0) + number

    @property
    def checked(self) -> tuple[Checked, ...]:
        """All counts."""
        return tuple(Checked(what=what, count=count) for what, count in self._counts.items())

    def add(self, table: str, row: str, message: str, **more: Any) -> None:
        """A difference of another kind than two values."""
        self.differences.append(Difference(table=table, row=row, message=message, **more))

    def differs(
        self, table: str, row: str, column: str, expected: object, found: object, why: str
    ) -> None:
        """A value is not what `why` (`日志 / the log`) says."""
        zh, _, en = why.partition(" / ")
        shown = shorten(expected), shorten(found)
        message = f"{column}: {zh}为“{shown[0]}”，现为“{shown[1]}” / {column}: “{shown[0]}” by {en}, now “{shown[1]}”"
        self.add(table, row, message, column=column, expected=shown[0], found=shown[1])

    def missing(self, table: str, row: str, why: str) -> None:
        """A row is not there."""
        zh, _, en = why.partition(" / ")
        self.add(table, row, f"{zh}有这一行，现已不见 / {en} has this row: it is gone")

    def stray(self, table: str, row: str, why: str) -> None:
        """A row that should not be there."""
        zh, _, en = why.partition(" / ")
        self.add(table, row, f"{zh}没有这一行 / {en} has no such row")

    def unreadable(self, table: str, row: str, error: BaseException) -> None:
        """A row that cannot be read at all."""
        told = shorten(str(error) or type(error).__name__)
        self.add(table, row, f"读不出: {told} / cannot be read: {told}")

    def compare(
        self,
        table: str,
        row: str,
        expected: dict[str, Any],
        found: dict[str, Any],
        why: str,
    ) -> None:
        """Each column of `expected` against the row's."""
        for column, value in expected.items():
            if found.get(column) != value:
                self.differs(table, row, column, value, found.get(column), why)


def shorten(value: object, most: int = 80) -> str:
    """A value for a message: on one line, its beginning."""
    text = "—" if value is None else " ".join(str(value).split())
    return text if len(text) <= most else f"{text[:most]}…"

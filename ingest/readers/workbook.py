"""A workbook as its file has it: sheets of cells as the program shows them, with what is merged, hidden and
in error; within limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from kb.errors import SourceError

MOST_CELLS = 200_000
"""Cells with words; the tables of a whole province's plan have 20,000."""
MOST_CHARACTERS = 20_000_000
"""In all cells together: one text may stand in many (18.4.8 of ECMA-376 shares them)."""
_MOST_STEPS = 4_000_000
"""Cells that are looked at for words under merged ones: half a second."""


class Span(NamedTuple):
    """Merged cells: rows and columns from 0, the last ones included."""

    top: int
    left: int
    bottom: int
    right: int

    def holds(self, at: tuple[int, int]) -> bool:
        """Whether a cell is one of them."""
        return self.top <= at[0] <= self.bottom and self.left <= at[1] <= self.right


@dataclass
class Sheet:
    """A sheet as its file has it: words by row and column (from 0), as the program shows them.

    `merged`: by its first cell. `formulas`: cells whose formula has no kept value. `errors`: cells that show an error (#REF!).
    `covered`: words under a merged cell (`uncover`).
    """

    name: str = ""
    hidden: bool = False
    words: dict[tuple[int, int], str] = field(default_factory=dict)
    merged: dict[tuple[int, int], Span] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    formulas: list[tuple[int, int]] = field(default_factory=list)
    errors: list[tuple[int, int]] = field(default_factory=list)
    covered: dict[tuple[int, int], str] = field(default_factory=dict)

    def uncover(self, name: str) -> None:
        """Put aside the words that stand under a merged cell, which programs keep and do not show.

        Raises:
            SourceError: the merged cells of the file `name` are too many or too large.
        """
        steps = 0
        for start, span in self.merged.items():
            if start not in self.words:
                continue  # nothing would be shown: read what is there
            area = (span.bottom - span.top + 1) * (span.right - span.left + 1)
            steps += min(area, len(self.words))
            if steps > _MOST_STEPS:
                raise SourceError(
                    f"工作表“{self.name}”的合并单元格过多 / too many merged cells in the sheet “{self.name}”",
                    hint="请取消合并后再导入 / unmerge them and try again",
                    path=name,
                )
            places: Iterable[tuple[int, int]] = (
                [at for at in self.words if span.holds(at)]
                if area > len(self.words)
                else product(range(span.top, span.bottom + 1), range(span.left, span.right + 1))
            )
            for at in places:
                if at != start and at in self.words:
                    self.covered[at] = self.words.pop(at)

    def shown(self) -> Iterator[tuple[int, int]]:
        """The cells with words whose row and column are shown."""
        for row, column in self.words:
            if not (self.hidden or row in self.hidden_rows or column in self.hidden_columns):
                yield row, column


class Measure:
    """Counts the cells of a workbook while it is read."""

    def __init__(self, name: str) -> None:
        self._name, self._cells, self._characters = name, 0, 0

    def add(self, sheet: str, row: int, column: int, words: str) -> None:
        """One more cell with words.

        Raises:
            SourceError: there are too many.
        """
        self._cells += 1
        self._characters += len(words)
        if self._cells > MOST_CELLS or self._characters > MOST_CHARACTERS:
            at = place_name(sheet, row, column)
            raise SourceError(
                f"表格的单元格超过 {MOST_CELLS} 个或文字超过 {MOST_CHARACTERS} 字 (至 {at}) / over "
                f"{MOST_CELLS} cells or {MOST_CHARACTERS} characters (at {at})",
                hint="请删去数据部分, 或拆成几个文件 / leave the data out, or cut it into several files",
                path=self._name,
            )


def cell_name(row: int, column: int) -> str:
    """The name of a cell by its row and column from 0: (6, 1) is B7."""
    letters, left = "", column + 1
    while left:
        left, rest = divmod(left - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row + 1}"


def place_name(sheet: str, row: int, column: int) -> str:
    """A cell as people are told of it: 分工表!B7."""
    return f"{sheet}!{cell_name(row, column)}" if sheet else cell_name(row, column)


def one_line(words: str) -> str:
    """The words of a cell without its breaks."""
    return " ".join(words.split())

"""A table of any format as lines of text: a row a line, a tab between its cells.

In a table of duties or of figures, from its head on, an empty cell keeps its place, so that a column
is the same one in every row, and a cell that stands beside several rows is written in each, where it
says who, by when or in what. Of other tables the cells that hold words are written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ingest.columns import ColumnKind, read_column
from ingest.tables import is_head

_HEAD_ROWS = 4
"""Rows at the top among which the head is looked for: a caption may stand over it."""
_MOST_COLUMNS = 30
LONGEST_HEAD = 60
"""Characters of the head of a column."""
_LONGEST_AGAIN = 300
"""Characters of a cell that is written again in the rows beside it."""
_AGAIN = frozenset({ColumnKind.UNITS, ColumnKind.PERSON, ColumnKind.TIME, ColumnKind.MEASURE})
_MOST_SPAN = 1000


class GridCell(NamedTuple):
    """A cell as its row holds it: its words, and how many rows and columns it stands beside."""

    words: str
    rows: int = 1
    columns: int = 1


class FlowCell(NamedTuple):
    """A cell as a flow of paragraphs has it: its words, the number of its first paragraph, over how many
    columns it stands; whether it begins one that goes on below, goes on with the one over it, or with
    the one before it."""

    words: str
    paragraph: int
    columns: int = 1
    begins: bool = True
    over: bool = False
    beside: bool = False


class Written(NamedTuple):
    """A cell of a line: its words (none where it keeps a place only), and which cell of the grid
    they are of, by row and by place in the row."""

    words: str
    row: int
    place: int


@dataclass(frozen=True, slots=True)
class _Spanned:
    """A cell that still stands beside `below` rows, with what is written there."""

    below: int
    cell: Written


def headed_rows(
    rows: int, cells: Callable[[int], Sequence[GridCell]], heads: Callable[[int], Sequence[str]]
) -> dict[int, list[Written]]:
    """The rows (by number) of a table that has a head, from that on, each with all columns; none of
    another table.

    Args:
        rows: how many the table has.
        cells: the cells of a row.
        heads: the words of a row's cells as far as they may head a column (`LONGEST_HEAD`).
    """
    for first in range(min(rows, _HEAD_ROWS)):
        words = heads(first)
        if not is_head("\t".join(words)):
            continue
        again: list[bool] = []
        for cell, head in zip(cells(first), words, strict=True):
            column = read_column(head)
            again.append(column is not None and column.kind in _AGAIN)
            again += [False] * (_span(cell.columns) - 1)
        if len(again) <= _MOST_COLUMNS:
            return _filled(range(first, rows), cells, again)
    return {}


def merged_cells(
    rows: Sequence[Sequence[FlowCell]],
) -> tuple[list[list[GridCell]], list[list[int]]]:
    """The cells of each row, one that stands beside several rows in its first only; and the number
    of the first paragraph of each. What goes on but holds words of its own is a cell of its own."""
    grid: list[list[GridCell]] = []
    places: list[list[int]] = []
    begun: dict[int, tuple[int, int]] = {}
    for row in rows:
        line: list[GridCell] = []
        at: list[int] = []
        column = 0
        for cell in row:
            if cell.over and not cell.words and column in begun:
                above, index = begun[column]
                grid[above][index] = grid[above][index]._replace(rows=grid[above][index].rows + 1)
            elif cell.beside and not cell.words and line:
                line[-1] = line[-1]._replace(columns=line[-1].columns + cell.columns)
            else:
                begun.pop(column, None)
                if cell.begins:
                    begun[column] = (len(grid), len(line))
                line.append(GridCell(cell.words, 1, cell.columns))
                at.append(cell.paragraph)
            column += cell.columns
        grid.append(line)
        places.append(at)
    return grid, places


def line_of(cells: Sequence[Written]) -> str:
    """The line that a row becomes."""
    return "\t".join(cell.words for cell in cells).rstrip("\t")


def _span(told: int) -> int:
    return min(max(told, 1), _MOST_SPAN)


def _filled(
    rows: range, cells: Callable[[int], Sequence[GridCell]], again: list[bool]
) -> dict[int, list[Written]]:
    """`again`: whether the cells of a column are written in each row that they stand beside."""
    found: dict[int, list[Written]] = {}
    spanned: dict[int, _Spanned] = {}
    for row in rows:
        line: list[Written] = []
        for place, cell in enumerate(cells(row)):
            while len(line) in spanned:
                line.append(_take(spanned, len(line)))
            at = len(line)
            width = min(_span(cell.columns), max(1, len(again) - at))
            empty = Written("", row, place)
            line += [Written(cell.words, row, place), *[empty] * (width - 1)]
            if at < len(again) and (below := _span(cell.rows) - 1) > 0:
                told = row > rows.start and again[at] and len(cell.words) <= _LONGEST_AGAIN
                beside = dict.fromkeys(
                    range(at, min(at + width, len(again))), _Spanned(below, empty)
                )
                spanned |= beside
                spanned[at] = _Spanned(below, line[at] if told else empty)
        for at in range(len(line), len(again)):
            line.append(_take(spanned, at) if at in spanned else Written("", row, -1))
        found[row] = line
    return found


def _take(spanned: dict[int, _Spanned], column: int) -> Written:
    kept = spanned.pop(column)
    if kept.below > 1:
        spanned[column] = _Spanned(kept.below - 1, kept.cell)
    return kept.cell

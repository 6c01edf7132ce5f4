"""Tables of WordprocessingML: the cells of its rows as a grid (ECMA-376 part 1, 17.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lxml import etree

from ingest.readers.docx_package import W
from ingest.readers.docx_styles import number
from ingest.readers.grid import GridCell

_MOST_COLUMNS = 1000


class TableCell(NamedTuple):
    """A cell: its words, the number of its first paragraph, over how many columns it stands; that it
    begins a cell over several rows, or goes on with one."""

    words: str
    paragraph: int
    columns: int
    begins: bool = False
    goes_on: bool = False


def read_cell(cell: etree._Element, words: str, paragraph: int) -> TableCell:
    """A `w:tc` with its words."""
    told = cell.find(f"{W}tcPr")
    if told is None or not len(told):
        return TableCell(words, paragraph, 1)
    width = min(max(number(told, "gridSpan") or 1, 1), _MOST_COLUMNS)
    merge = told.find(f"{W}vMerge")
    if merge is None:
        return TableCell(words, paragraph, width)
    begins = merge.get(f"{W}val") == "restart"
    return TableCell(words, paragraph, width, begins, not begins)


def before_row(properties: etree._Element | None, paragraph: int) -> TableCell | None:
    """The columns that a row leaves free at its start, as a cell without words."""
    if properties is None:
        return None
    skipped = min(number(properties, "gridBefore") or 0, _MOST_COLUMNS)
    return TableCell("", paragraph, skipped) if skipped > 0 else None


def grid_of(rows: Sequence[Sequence[TableCell]]) -> tuple[list[list[GridCell]], list[list[int]]]:
    """The cells of each row, one that stands beside several rows in its first only; and the number
    of the first paragraph of each."""
    grid: list[list[GridCell]] = []
    places: list[list[int]] = []
    begun: dict[int, tuple[int, int]] = {}
    for row in rows:
        line: list[GridCell] = []
        at: list[int] = []
        column = 0
        for cell in row:
            if cell.goes_on and column in begun and not cell.words:
                above, index = begun[column]
                found = grid[above][index]
                grid[above][index] = found._replace(rows=found.rows + 1)
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

"""Tables of RTF: the cells of its rows as a grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ingest.readers.grid import GridCell

_NEAR = 30
"""Twips between two edges of cells that are one."""


class Edge(NamedTuple):
    """A cell by the row's definition: its right edge in twips; that it goes on from the cell over or
    before it, or begins one that others go on from."""

    right: int
    over: bool
    beside: bool


@dataclass(slots=True)
class Row:
    """A row: the words of its cells, their edges, and the numbers of their paragraphs."""

    cells: list[str]
    edges: list[Edge]
    paragraphs: list[int]


def grid_of(rows: Sequence[Row]) -> tuple[list[list[GridCell]], list[list[int]]]:
    """The cells of rows, over how many columns each stands by the edges of all rows."""
    columns: dict[int, int] = {}
    last = None
    for right in sorted({edge.right for row in rows for edge in row.edges}):
        if last is None or right - last > _NEAR:
            last = right
        columns[right] = len(set(columns.values())) if last == right else columns[last]
    grid: list[list[GridCell]] = []
    places: list[list[int]] = []
    begun: dict[int, tuple[int, int]] = {}
    for row in rows:
        line: list[GridCell] = []
        at: list[int] = []
        column = 0
        for words, place, edge in zip(row.cells, row.paragraphs, _edges(row), strict=False):
            width = max(1, columns[edge.right] + 1 - column) if edge else 1
            if edge and edge.over and not words and column in begun:
                above, index = begun[column]
                grid[above][index] = grid[above][index]._replace(rows=grid[above][index].rows + 1)
            elif edge and edge.beside and not words and line:
                line[-1] = line[-1]._replace(columns=line[-1].columns + width)
            else:
                begun[column] = (len(grid), len(line))
                line.append(GridCell(words, 1, width))
                at.append(place)
            column += width
        grid.append(line)
        places.append(at)
    return grid, places


def _edges(row: Row) -> list[Edge | None]:
    """An edge for each cell; none where the definition does not go with the cells."""
    return [*row.edges] if len(row.edges) == len(row.cells) else [None] * len(row.cells)

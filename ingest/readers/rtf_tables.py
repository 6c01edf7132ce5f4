"""Tables of RTF: the cells of its rows by their edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ingest.readers.grid import FlowCell

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


def flow_cells(rows: Sequence[Row]) -> list[list[FlowCell]]:
    """The cells of rows, over how many columns each stands by the edges of all rows."""
    columns: dict[int, int] = {}
    last = None
    for right in sorted({edge.right for row in rows for edge in row.edges}):
        if last is None or right - last > _NEAR:
            last = right
        columns[right] = len(set(columns.values())) if last == right else columns[last]
    found: list[list[FlowCell]] = []
    for row in rows:
        column, line = 0, list[FlowCell]()
        for words, place, edge in zip(row.cells, row.paragraphs, _edges(row), strict=False):
            width = max(1, columns[edge.right] + 1 - column) if edge else 1
            over, beside = (edge.over, edge.beside) if edge else (False, False)
            line.append(FlowCell(words, place, width, over=over, beside=beside))
            column += width
        found.append(line)
    return found


def _edges(row: Row) -> list[Edge | None]:
    """An edge for each cell; none where the definition does not go with the cells."""
    return [*row.edges] if len(row.edges) == len(row.cells) else [None] * len(row.cells)

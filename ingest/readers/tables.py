"""The rows of a page's tables of duties and of figures: each has all columns.

In a table with a head an empty cell keeps its place, so that a column is the same one in every row,
and one that stands beside several rows is written in each, where it says who, by when or in what.
"""

from __future__ import annotations

from collections.abc import Iterator

from bs4 import Tag

from ingest.columns import ColumnKind, read_column
from ingest.readers.elements import Elements
from ingest.tables import is_head

_CELLS = frozenset(["td", "th"])
_PARTS = frozenset(["thead", "tbody", "tfoot"])
_HEAD_ROWS = 4
"""Rows at the top among which the head is looked for: a caption may stand over it."""
_MOST_COLUMNS = 30
_LONGEST_HEAD = 60
"""Characters of the head of a column."""
_LONGEST_AGAIN = 300
"""Characters of a cell that is written again in the rows beside it."""
_AGAIN = frozenset({ColumnKind.UNITS, ColumnKind.PERSON, ColumnKind.TIME, ColumnKind.MEASURE})


def read_table(page: Elements, table: Tag) -> dict[int, str]:
    """The lines of the rows (by `id`) of a table with a head, from that on, with tabs between their
    cells; empty for another table."""
    rows = [*_rows(page, table)]
    for index, row in enumerate(rows[:_HEAD_ROWS]):
        cells = _cells(page, row)
        if is_head("\t".join(_head(page, cell) for cell in cells)):
            again: list[bool] = []
            for cell in cells:
                column = read_column(_head(page, cell))
                again.append(column is not None and column.kind in _AGAIN)
                again += [False] * (_number(cell, "colspan") - 1)
            if len(again) <= _MOST_COLUMNS:
                return _read_rows(page, again, rows[index:])
    return {}


def _head(page: Elements, cell: Tag) -> str:
    """The words of a cell that may head a column; none of one that holds whole tables."""
    return " ".join(page.text(cell).split()) if page.length(cell) <= _LONGEST_HEAD else "。"


def _rows(page: Elements, table: Tag) -> Iterator[Tag]:
    for child in page.children(table):
        if isinstance(child, Tag) and child.name == "tr":
            yield child
        elif isinstance(child, Tag) and child.name in _PARTS:
            yield from (c for c in page.children(child) if isinstance(c, Tag) and c.name == "tr")


def _cells(page: Elements, row: Tag) -> list[Tag]:
    return [c for c in page.children(row) if isinstance(c, Tag) and c.name in _CELLS]


def _number(cell: Tag, name: str) -> int:
    told = str(cell.get(name) or "1")
    return min(max(int(told), 1), 1000) if told.isascii() and told.isdigit() else 1


def _read_rows(page: Elements, again: list[bool], rows: list[Tag]) -> dict[int, str]:
    """`again`: whether the cells of a column are written in each row that they stand beside."""
    found: dict[int, str] = {}
    spanned: dict[int, tuple[int, str]] = {}  # column → rows that its cell still stands beside
    for place, row in enumerate(rows):
        cells: list[str] = []
        for cell in _cells(page, row):
            while len(cells) in spanned:
                cells.append(_take(spanned, len(cells)))
            at = len(cells)
            width = min(_number(cell, "colspan"), max(1, len(again) - at))
            cells += [" ".join(page.text(cell).split()), *[""] * (width - 1)]
            if at < len(again) and (below := _number(cell, "rowspan") - 1) > 0:
                told = place > 0 and again[at] and len(cells[at]) <= _LONGEST_AGAIN
                spanned |= dict.fromkeys(range(at, min(at + width, len(again))), (below, ""))
                spanned[at] = below, cells[at] if told else ""
        for at in range(len(cells), len(again)):
            cells.append(_take(spanned, at) if at in spanned else "")
        found[id(row)] = "\t".join(cells).rstrip("\t")
    return found


def _take(spanned: dict[int, tuple[int, str]], column: int) -> str:
    below, words = spanned.pop(column)
    if below > 1:
        spanned[column] = below - 1, words
    return words

"""The rows of a page's tables of duties and of figures: each has all columns (`ingest.readers.grid`)."""

from __future__ import annotations

from collections.abc import Iterator

from bs4 import Tag

from ingest.readers.elements import Elements
from ingest.readers.grid import LONGEST_HEAD, GridCell, headed_rows, line_of

_CELLS = frozenset(["td", "th"])
_PARTS = frozenset(["thead", "tbody", "tfoot"])


def read_table(page: Elements, table: Tag) -> dict[int, str]:
    """The lines of the rows (by `id`) of a table with a head, from that on, with tabs between their
    cells; empty for another table."""
    rows = [*_rows(page, table)]

    def cells(row: int) -> list[GridCell]:
        return [
            GridCell(" ".join(page.text(c).split()), _number(c, "rowspan"), _number(c, "colspan"))
            for c in _cells(page, rows[row])
        ]

    def heads(row: int) -> list[str]:
        return [_head(page, cell) for cell in _cells(page, rows[row])]

    return {
        id(rows[row]): line_of(line) for row, line in headed_rows(len(rows), cells, heads).items()
    }


def _head(page: Elements, cell: Tag) -> str:
    """The words of a cell that may head a column; none of one that holds whole tables."""
    return " ".join(page.text(cell).split()) if page.length(cell) <= LONGEST_HEAD else "。"


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
    return int(told[:9]) if told.isascii() and told.isdigit() else 1

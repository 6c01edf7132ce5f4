"""The rows of a page's tables of duties: each says by itself who is responsible.

In a table whose head names a column of units (责任单位), a cell of that column is written with
its head, in the brackets in which running text has it: （责任单位：区教委）. One that stands
beside several rows is written in each. The other cells keep their places: an empty one stays, so
that a column is the same one in every row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from bs4 import Tag

from ingest.columns import names_units
from ingest.duty_tables import is_head
from ingest.readers.elements import Elements

_CELLS = frozenset(["td", "th"])
_PARTS = frozenset(["thead", "tbody", "tfoot"])
_HEAD_ROWS = 4
"""Rows at the top among which the head is looked for: a caption may stand over it."""
_MOST_COLUMNS = 30
_LONGEST_HEAD = 60
"""Characters of the head of a column."""
_LONGEST_UNITS = 300
"""Characters of a cell of units that is written again in the rows beside it."""


@dataclass(slots=True)
class Row:
    """How a row is written: `heads` names the column of a cell of units (by `id`); `before` has
    the cells to write before it, `after` those at the end of the row."""

    heads: dict[int, str] = field(default_factory=dict)
    before: dict[int, tuple[str, ...]] = field(default_factory=dict)
    after: tuple[str, ...] = ()


def read_table(page: Elements, table: Tag) -> dict[int, Row]:
    """The rows (by `id`) under the head of a table of duties; empty for another table."""
    rows = [*_rows(page, table)]
    for index, row in enumerate(rows[:_HEAD_ROWS]):
        cells = _cells(page, row)
        if is_head("\t".join(_head(page, cell) for cell in cells)):
            columns = [
                names_units(_head(page, cell)) if not at else None
                for cell in cells
                for at in range(_number(cell, "colspan"))
            ]
            if len(columns) <= _MOST_COLUMNS:
                return _read_rows(page, columns, rows[index + 1 :])
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


def _read_rows(page: Elements, columns: list[str | None], rows: list[Tag]) -> dict[int, Row]:
    found: dict[int, Row] = {}
    spanned: dict[int, tuple[int, str]] = {}  # column → rows that its cell still stands beside
    for row in rows:
        written = Row()
        column = 0
        missing: list[str] = []
        for cell in _cells(page, row):
            missing = []
            while column in spanned and column < len(columns):
                missing.append(_take(spanned, column))
                column += 1
            if missing:
                written.before[id(cell)] = tuple(missing)
            head = columns[column] if column < len(columns) else None
            if head is not None and page.length(cell):
                written.heads[id(cell)] = head
            for at in range(column, min(column + _number(cell, "colspan"), len(columns))):
                if (below := _number(cell, "rowspan") - 1) > 0:
                    words = " ".join(page.text(cell).split()) if head and at == column else ""
                    kept = words and len(words) <= _LONGEST_UNITS
                    spanned[at] = below, labelled(head or "", words) if kept else ""
            column += _number(cell, "colspan")
        rest = [_take(spanned, at) if at in spanned else "" for at in range(column, len(columns))]
        written.after = tuple(rest)
        found[id(row)] = written
    return found


def _take(spanned: dict[int, tuple[int, str]], column: int) -> str:
    below, words = spanned.pop(column)
    if below > 1:
        spanned[column] = below - 1, words
    return words


def labelled(head: str, words: str) -> str:
    """A cell of units with the head of its column.

    >>> labelled("责任单位", "区教委")
    '（责任单位：区教委）'
    """
    return words if head in words else f"（{head}：{words}）"

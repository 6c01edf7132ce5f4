"""Sheets of cells → lines: titles and notes as paragraphs, tables row by row, what is hidden told.

A sheet is read as it is shown. Blank rows part it into blocks. The rows of a block that hold one cell
only, at its top and at its foot (titles, units of measurement, notes), are paragraphs, one for each
line in the cell; what stands between is a table. Rows after a blank one without a head of their own
go on with the table above.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ingest.readers.grid import GridCell
from ingest.readers.source import BlockKind, Draft, Read
from ingest.readers.workbook import Sheet, Span, cell_name, one_line, place_name
from ingest.readers.workbook_findings import ALL_HIDDEN, find_left_out
from ingest.tables import is_head
from kb.errors import SourceError
from kb.models import Finding

_HEAD_ROWS = 4
_MOST_AREA = 2_000_000
"""Rows by columns of one table, empty cells included."""
_UNNAMED = re.compile(r"(?:sheet|工作表|table)\s*\d+", re.IGNORECASE)
"""What programs call a sheet that nobody named."""


def write_workbook(sheets: Sequence[Sheet], name: str, findings: Iterable[Finding] = ()) -> Read:
    """All sheets that are shown, in their order, each with its name over it where there are several.

    Raises:
        SourceError: no cell holds words.
    """
    told = list(findings)
    for sheet in sheets:
        sheet.uncover(name)
    filled = [sheet for sheet in sheets if sheet.words]
    if not filled:
        raise SourceError(
            "工作簿里没有内容 / the workbook is empty",
            hint="请核对文件是否完整 / check that the file is whole",
            path=name,
        )
    if not any(at for sheet in filled for at in sheet.shown()):
        told.append(ALL_HIDDEN)
        filled = [
            replace(sheet, hidden=False, hidden_rows=set(), hidden_columns=set())
            for sheet in filled
        ]
    shown = [not sheet.hidden for sheet in filled]
    draft = Draft()
    for sheet in filled:
        if not sheet.hidden:
            _Layout(sheet, draft, name).write(named=sum(shown) > 1)
        told += find_left_out(sheet)
    return draft.read(told)


class _Cell(NamedTuple):
    """A cell that is shown: where its words stand in the sheet, and the last row and column that it
    stands beside."""

    row: int
    column: int
    bottom: int
    right: int
    words: str


@dataclass(frozen=True, slots=True)
class _Row:
    """A row that is shown, by its number in the sheet. `covered`: a cell above stands beside it."""

    number: int
    cells: tuple[_Cell, ...]
    covered: bool

    @property
    def is_single(self) -> bool:
        """Whether it is one cell with nothing beside it."""
        return len(self.cells) == 1 and not self.covered

    def heads(self) -> bool:
        """Whether it is the head of a table of duties or of figures."""
        return is_head("\t".join(one_line(cell.words) for cell in self.cells))


class _Layout:
    """One sheet while it is written."""

    def __init__(self, sheet: Sheet, draft: Draft, name: str) -> None:
        self._sheet, self._draft, self._name = sheet, draft, name
        self._hidden_rows = sorted(sheet.hidden_rows)
        self._table: list[_Row] = []

    def write(self, *, named: bool) -> None:
        """All blocks of the sheet, under its name where it is `named` and says something."""
        sheet = self._sheet
        rows = self._rows()
        title = one_line(sheet.name)
        first = one_line(rows[0].cells[0].words) if rows else ""
        if named and rows and title and title != first and not _UNNAMED.fullmatch(title):
            self._draft.run(title, sheet=sheet.name)
            self._draft.end_line(BlockKind.HEADING, level=1)
        for block in self._blocks(rows):
            self._write_block(block)
        self._end_table()

    def _rows(self) -> list[_Row]:
        """The rows with words that are shown. A merged cell stands in the first of its rows that is
        shown and, in a row, at the first of its columns that is."""
        sheet = self._sheet
        by_row: dict[int, list[_Cell]] = {}
        for (row, column), words in sheet.words.items():
            span = sheet.merged.get((row, column), Span(row, column, row, column))
            top = self._first_shown(span.top, span.bottom)
            left = next(
                (c for c in range(column, span.right + 1) if c not in sheet.hidden_columns), None
            )
            if top is not None and left is not None:
                cell = _Cell(row, column, span.bottom, span.right, words)
                by_row.setdefault(top, []).append(cell)
        rows: list[_Row] = []
        reach = -1
        for number in sorted(by_row):
            cells = sorted(by_row[number])
            rows.append(_Row(number, tuple(sorted(cells, key=_column_of)), number <= reach))
            reach = max(reach, *(cell.bottom for cell in cells))
        return rows

    def _first_shown(self, top: int, bottom: int) -> int | None:
        """The first row from `top` to `bottom` that is shown."""
        for at in range(bisect_left(self._hidden_rows, top), len(self._hidden_rows)):
            if self._hidden_rows[at] != top or top > bottom:
                break
            top += 1
        return top if top <= bottom else None

    def _blocks(self, rows: Sequence[_Row]) -> Iterator[list[_Row]]:
        """Rows with no blank row between them; rows before the head of another table are apart."""
        block: list[_Row] = []
        reach = -1
        for row in rows:
            if block and (self._is_apart(block[-1].number, row.number, reach)):
                yield block
                block = []
            block.append(row)
            reach = max(reach, *(cell.bottom for cell in row.cells))
        if block:
            yield block

    def _is_apart(self, above: int, below: int, reach: int) -> bool:
        hidden = bisect_left(self._hidden_rows, below) - bisect_right(self._hidden_rows, above)
        return reach < below and below - above - 1 - hidden > 0

    def _write_block(self, block: Sequence[_Row]) -> None:
        if self._goes_on(block):
            self._table += block
            return
        self._end_table()
        first, last = 0, len(block)
        while first < last and block[first].is_single:
            first += 1
        left = min((row.cells[0].column for row in block[first:last]), default=0)
        while first < last and block[last - 1].is_single:
            cell = block[last - 1].cells[0]
            if cell.column > left and cell.right == cell.column:
                break
            last -= 1
        self._write_lines(block[:first])
        for at in range(first, last):
            row = block[at]
            if self._table and row.is_single and at + 1 < last and block[at + 1].heads():
                self._end_table()
            if not self._table and row.is_single:
                self._write_lines([row])
            else:
                self._table.append(row)
        if block[last:]:
            self._end_table()
            self._write_lines(block[last:])

    def _goes_on(self, block: Sequence[_Row]) -> bool:
        """Whether rows after a blank one are the rest of the table above: that has a head, they have
        none, and stand in its columns."""
        if not any(row.heads() for row in self._table[:_HEAD_ROWS]):
            return False
        if all(row.is_single for row in block) or any(row.heads() for row in block[:_HEAD_ROWS]):
            return False
        columns = [cell.column for row in self._table for cell in row.cells]
        return all(
            min(columns) <= cell.column <= max(columns) for row in block for cell in row.cells
        )

    def _write_lines(self, rows: Iterable[_Row]) -> None:
        for row in rows:
            for cell in row.cells:
                for line in cell.words.splitlines():
                    if words := line.replace("\t", " ").strip():
                        self._draft.run(words, **self._place(cell))
                        self._draft.end_line()

    def _place(self, cell: _Cell) -> dict[str, str | None]:
        return {
            "sheet": self._sheet.name or None,
            "cell": cell_name(cell.row, cell.column),
        }

    def _end_table(self) -> None:
        """Write the rows of a table: each of its columns with words in every row, but where a cell
        above or before stands beside it."""
        rows, self._table = self._table, []
        if not rows:
            return
        columns = sorted({cell.column for row in rows for cell in row.cells})
        numbers = [row.number for row in rows]
        if len(rows) * len(columns) > _MOST_AREA:
            start = place_name(self._sheet.name, rows[0].number, columns[0])
            raise SourceError(
                f"从 {start} 起的表格有 {len(rows)} 行、{len(columns)} 列, 超过上限 / the table from {start} on has "
                f"{len(rows)} rows and {len(columns)} columns, over the limit",
                hint="请删去数据部分再导入 / leave the data out and try again",
                path=self._name,
            )
        free = [0] * len(columns)  # the first row in which a column is not covered
        grid: list[list[GridCell]] = []
        where: list[list[_Cell | None]] = []
        for at, row in enumerate(rows):
            said = {cell.column: cell for cell in row.cells}
            line: list[GridCell] = []
            cells: list[_Cell | None] = []
            place = 0
            while place < len(columns):
                cell = said.get(columns[place])
                if cell is None:
                    if free[place] <= at:
                        line.append(GridCell(""))
                        cells.append(None)
                    place += 1
                    continue
                below = bisect_right(numbers, cell.bottom) - at
                width = max(1, bisect_right(columns, cell.right) - place)
                width = next((n for n in range(1, width) if columns[place + n] in said), width)
                line.append(GridCell(one_line(cell.words), max(1, below), width))
                cells.append(cell)
                free[place : place + width] = [at + max(1, below)] * width
                place += width
            grid.append(line)
            where.append(cells)

        def placed(row: int, place: int) -> dict[str, str | None]:
            cell = where[row][place]
            return self._place(cell) if cell is not None else {}

        self._draft.table(grid, placed)


def _column_of(cell: _Cell) -> int:
    return cell.column

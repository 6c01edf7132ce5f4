"""Sheets of cells → lines: titles and notes as paragraphs, tables row by row, what is hidden told.

A sheet is read as it is shown. Blank rows part it into blocks. The rows of a block that hold one cell
only, at its top and at its foot (titles, units of measurement, notes), are paragraphs, one for each
line in the cell; what stands between is a table. Rows after a blank one without a head of their own
go on with the table above.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import NamedTuple

from ingest.readers.grid import GridCell
from ingest.readers.source import BlockKind, Draft, Read
from ingest.tables import is_head
from kb.errors import SourceError
from kb.models import Finding

MOST_CELLS = 200_000
"""Cells with words; the tables of a whole province's plan have 20,000."""
MOST_CHARACTERS = 20_000_000
"""In all cells together: one text may stand in many (18.4.8 of ECMA-376 shares them)."""
_HEAD_ROWS = 4
_MOST_STEPS = 4_000_000
"""Cells that are looked at for words under merged ones: half a second."""
_MOST_AREA = 2_000_000
"""Rows by columns of one table, empty cells included."""
_UNNAMED = re.compile(r"(?:sheet|工作表|table)\s*\d+", re.IGNORECASE)
"""What programs call a sheet that nobody named."""


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
        told.append(_ALL_HIDDEN)
        filled = [
            replace(sheet, hidden=False, hidden_rows=set(), hidden_columns=set())
            for sheet in filled
        ]
    shown = [not sheet.hidden for sheet in filled]
    draft = Draft()
    for sheet in filled:
        if not sheet.hidden:
            _Layout(sheet, draft, name).write(named=sum(shown) > 1)
        told += _findings(sheet)
    return draft.read(told)


_ALL_HIDDEN = Finding(
    code="hidden-text",
    message="工作簿的内容全部设为隐藏, 仍已读入, 请核对 / all of the workbook is hidden; it was read all the "
    "same, check it",
)


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
        return is_head("\t".join(_one_line(cell.words) for cell in self.cells))


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
        title = _one_line(sheet.name)
        first = _one_line(rows[0].cells[0].words) if rows else ""
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
                line.append(GridCell(_one_line(cell.words), max(1, below), width))
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


def _one_line(words: str) -> str:
    return " ".join(words.split())


# --- what is not in the text


def _findings(sheet: Sheet) -> Iterator[Finding]:
    """What a person should know of a sheet: what is hidden in it, what its formulas lack."""
    at = sheet.name or "1"
    if sheet.hidden:
        told = (f"工作表“{at}”是隐藏的, 未读入", f"the sheet “{at}” is hidden and was left out")
        yield _cells_finding("hidden-sheet", told, sheet.words)
        return
    rows, columns = dict[tuple[int, int], str](), dict[tuple[int, int], str]()
    for cell in sheet.words.keys() - {*sheet.shown()}:
        if not _reaches_out(sheet, cell):
            hidden = rows if cell[0] in sheet.hidden_rows else columns
            hidden[cell] = sheet.words[cell]
    for code, found, chinese, english in (
        ("hidden-rows", rows, "隐藏的行未读入", "hidden rows that were left out"),
        ("hidden-columns", columns, "隐藏的列未读入", "hidden columns that were left out"),
        ("hidden-cells", sheet.covered, "合并单元格盖住的文字未读入", "words under merged cells that were left out"),
        ("formula-without-value", dict.fromkeys(sheet.formulas, ""),
         "公式没有存下结果, 无值可读; 请用表格程序打开后保存再导入",
         "formulas without a kept value; open the file, save it and try again"),
        ("formula-error", {c: sheet.words.get(c, "") for c in sheet.errors},
         "公式出错, 照原样读入", "formulas in error, read as they are shown"),
    ):  # fmt: skip
        if found:
            yield _cells_finding(
                code, (f"工作表“{at}”: {chinese}", f"sheet “{at}”: {english}"), found
            )


def _reaches_out(sheet: Sheet, cell: tuple[int, int]) -> bool:
    """Whether a merged cell whose first row or column is hidden is shown all the same."""
    span = sheet.merged.get(cell)
    return (
        span is not None
        and any(row not in sheet.hidden_rows for row in range(span.top, span.bottom + 1))
        and any(c not in sheet.hidden_columns for c in range(span.left, span.right + 1))
    )


def _cells_finding(
    code: str, told: tuple[str, str], cells: Mapping[tuple[int, int], str]
) -> Finding:
    """A finding about cells of a sheet, each with its words."""
    listed = [
        f"{cell_name(*at)} {_one_line(words)}".rstrip() for at, words in sorted(cells.items())
    ]
    return left_out(code, told, listed)


COMMENTS = ("批注未读入", "comments that were left out")
TEXT_BOXES = ("文本框未读入", "text boxes that were left out")


def left_out(code: str, told: tuple[str, str], listed: Sequence[str]) -> Finding:
    """A finding that lists what is not in the text, with its words."""
    words, count = "\n".join(listed).replace(" / ", "/"), len(listed)
    return Finding(
        code=code, message=f"{told[0]} ({count} 处):\n{words} / {told[1]} ({count}):\n{words}"
    )

"""Pages of characters with boxes → the text: lines in the order of reading, joined into paragraphs, tables
row by row, furniture of the pages left out and told.

One reader of layout for all formats that have pages: PDF, OFD and recognised pictures give
`PageContent`, this gives `Read`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from ingest.numbering import find_marker
from ingest.readers.page_content import GlyphRun, PageContent, turn_box, upright
from ingest.readers.page_furniture import find_furniture, told
from ingest.readers.page_labels import join_values
from ingest.readers.page_lines import Line, drop_doubles, find_rows, in_reading_order
from ingest.readers.page_paragraphs import is_title, join_lines, size_of_body, words_of
from ingest.readers.page_tables import (
    PageTable,
    TableCell,
    find_tables,
    grid_cells,
    put_in_cells,
)
from ingest.readers.printed_forms import PrintedForms
from ingest.readers.source import BlockKind, Draft, Read
from kb.models import Finding


def lay_out(
    pages: Sequence[PageContent], *, findings: Sequence[Finding] = (), model: str | None = None
) -> Read:
    """The text of pages.

    Args:
        pages: in order, those without text too.
        findings: of the reader, before those of the layout.
        model: digest of what recognised the characters.
    """
    return _Layout(pages).read(findings, model)


class _Layout:
    """Pages while they are laid out."""

    def __init__(self, pages: Sequence[PageContent]) -> None:
        self._sizes = tuple(page.size for page in pages)
        self._pages = {page.number: upright(page) for page in pages}
        self._drawings: list[int] = []
        self._draft = Draft()
        self._forms = PrintedForms()
        self._tables: dict[int, list[PageTable]] = {}
        self._left_out: list[Line] = []
        self._gutters: list[float] = []

    def read(self, findings: Sequence[Finding], model: str | None) -> Read:
        body = self._body()
        size = size_of_body([line for item in body if isinstance(item, list) for line in item])
        widths = {number: page.size.width for number, page in self._pages.items()}
        repeated = carried = 0
        for item in body:
            if isinstance(item, PageTable):
                self._write_table(item)
                repeated += item.dropped
                carried += item.carried
            else:
                for lines in join_lines(item, size, widths):
                    self._write_paragraph(lines, size)
        own = [*told(self._left_out), *self._forms.findings()]
        if repeated:
            own.append(
                Finding(
                    code="repeated-table-head",
                    message=f"跨页表格重复的表头未重复读入: {repeated} 处 / heads of tables that are "
                    f"printed again on the next page are read once: {repeated}",
                )
            )
        if carried:
            own.append(
                Finding(
                    code="merged-over-pages",
                    message=f"跨页的合并单元格在下一页没有文字, 按上一页的文字读取, 请核对: {carried} 处 / merged cells that "
                    f"go on over the end of a page without words are read as above, check them: {carried}",
                )
            )
        if self._drawings:
            listed = "、".join(map(str, self._drawings[:20]))
            own.append(
                Finding(
                    code="page-drawing",
                    message=f"第 {listed} 页线条过多, 未按表格读取 / too many lines on page {listed} "
                    "for tables: their text is read line by line",
                )
            )
        return self._draft.read((*findings, *own), pages=self._sizes, model=model)

    def _body(self) -> list[list[Line] | PageTable]:
        """What is written, in order: runs of lines (over pages), and tables."""
        rows: dict[int, list[Line]] = {}
        for number, page in self._pages.items():
            runs = drop_doubles(run for run in page.runs if run.text.strip())
            self._tables[number], drawing = (
                find_tables(number, page.rulings) if page.rulings else ([], False)
            )
            if drawing:
                self._drawings.append(number)
            rows[number] = find_rows(number, put_in_cells(self._tables[number], runs))
            self._tables[number] = [
                table for table in self._tables[number] if any(cell.runs for cell in table.cells)
            ]
        furniture = find_furniture(rows, {n: page.size for n, page in self._pages.items()})
        found: list[list[Line] | PageTable] = []
        regions = count(1)
        for number, lines in rows.items():
            self._left_out += [line for line in lines if id(line) in furniture]
            kept = join_values([line for line in lines if id(line) not in furniture])
            self._add_page(found, kept, self._tables[number], regions)
        return found

    def _add_page(
        self,
        found: list[list[Line] | PageTable],
        lines: list[Line],
        tables: list[PageTable],
        regions: Iterator[int],
    ) -> None:
        place = 0
        for table in tables:
            first = place
            while place < len(lines) and lines[place].middle < table.box.top:
                place += 1
            _add_lines(found, in_reading_order(lines[first:place], regions, self._gutters))
            last = found[-1] if found else None
            if (
                isinstance(last, PageTable)
                and last.last_page == table.page - 1
                and last.continued(table)
            ):
                continue
            found.append(table)
        _add_lines(found, in_reading_order(lines[place:], regions, self._gutters))

    def _where(self, run: GlyphRun, number: int) -> dict[str, Any]:
        page = self._pages[number]
        box = turn_box(run.box, page.size, page.turn) if page.turn else run.box
        return {"page": number, "box": box, "confidence": run.confidence}

    def _write_paragraph(self, lines: Sequence[Line], body: float) -> None:
        start = self._draft.length
        words = []
        for piece, run, page in words_of(lines):
            text = self._forms.normalized(piece, self._draft.length)
            words.append(text)
            self._draft.run(text, **(self._where(run, page) if run else {}))
        marker = find_marker("".join(words))
        if self._draft.length == start:
            return
        if is_title(lines, body):
            self._draft.end_line(BlockKind.HEADING, level=1)
        elif marker is not None:
            self._draft.end_line(BlockKind.LIST_ITEM, number=marker.text.strip())
        else:
            self._draft.end_line()

    def _write_table(self, table: PageTable) -> None:
        table.measure_columns()
        rows = grid_cells(table.rows())

        def pieces(row: int, place: int) -> list[tuple[str, dict[str, Any]]]:
            cell = rows[row][place][1]
            return self._cell_pieces(cell) if cell else []

        self._draft.table([[cell for cell, _ in row] for row in rows], pieces=pieces)

    def _cell_pieces(self, cell: TableCell) -> list[tuple[str, dict[str, Any]]]:
        found: list[tuple[str, dict[str, Any]]] = []
        start = self._draft.length
        for words, run, page in cell.pieces():
            shown = self._forms.normalized(words, start)
            start += len(shown)
            found.append((shown, self._where(run, page) if run else {}))
        return found


def _add_lines(found: list[list[Line] | PageTable], lines: list[Line]) -> None:
    if not lines:
        return
    if found and isinstance(found[-1], list):
        found[-1] += lines
    else:
        found.append(lines)

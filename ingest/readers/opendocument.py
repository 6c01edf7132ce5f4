"""The content of an ODS workbook → its sheets (OpenDocument 1.3 part 3, 9)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingest.readers.number_formats import shown_number
from ingest.readers.packages import Package, attribute, encrypted, local_name
from ingest.readers.workbook import Measure, Sheet, Span
from ingest.readers.workbook_findings import COMMENTS, left_out
from kb.models import Finding

_MOST_ROW, _MOST_COLUMN = 1_048_576, 16_384
_HIDDEN = frozenset({"collapse", "filter"})
_CELLS = frozenset({"table-cell", "covered-table-cell"})
_MANIFEST, _CONTENT = "META-INF/manifest.xml", "content.xml"
_NO_TEXT = frozenset({"annotation", "shapes", "table", "frame", "custom-shape"})


def read_sheets(package: Package) -> tuple[list[Sheet], list[Finding]]:
    """The sheets in their order, and the comments on cells, which are told and left out.

    Raises:
        SourceError: the package is damaged or encrypted, or there are more cells than the limit.
    """
    if _MANIFEST in package and any(
        local_name(e) == "encryption-data" for e in package.tree(_MANIFEST).iter()
    ):
        raise encrypted(package.name)
    reader = _Content(package)
    return [*reader.sheets()], [*reader.findings()]


class _Content:
    """The tables of a content while it is read."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._measure = Measure(package.name)
        self._hidden_styles: set[str] = set()
        self._comments: list[str] = []

    def sheets(self) -> Iterator[Sheet]:
        """Each table of the workbook; one that stands in a cell of another is no sheet."""
        sheet: Sheet | None = None
        table: Any = None
        row = column = 0
        parts = self._package.elements(_CONTENT, "style", "table-column", "table-row", "table")
        for element in parts:
            name = local_name(element)
            if name == "style":
                if any(attribute(e, "display") == "false" for e in element if local_name(e) == "table-properties"):  # fmt: skip
                    self._hidden_styles.add(attribute(element, "name"))
                continue
            owner = element if name == "table" else _table_of(element)
            if owner is None or _table_of(owner) is not None:
                continue
            if owner is not table:
                table, row, column = owner, 0, 0
                hidden = attribute(owner, "style-name") in self._hidden_styles
                sheet = Sheet(attribute(owner, "name"), hidden)
            assert sheet is not None  # noqa: S101 - made with its table
            if name == "table-column":
                count = _count(element, "number-columns-repeated", _MOST_COLUMN)
                if attribute(element, "visibility") in _HIDDEN and column < _MOST_COLUMN:
                    sheet.hidden_columns |= {*range(column, column + count)}
                column += count
            elif name == "table-row":
                row += self._read_row(sheet, element, row)
            else:
                yield sheet

    def _read_row(self, sheet: Sheet, element: Any, row: int) -> int:
        """Read the cells of a row; gives how many rows it stands for."""
        count = _count(element, "number-rows-repeated", _MOST_ROW)
        cells = [*self._cells(sheet, element, row)]
        hidden = attribute(element, "visibility") in _HIDDEN
        for at in range(row, row + (count if cells else 0)):
            if hidden:
                sheet.hidden_rows.add(at)
            for column, words, bottom, right in cells:
                self._measure.add(sheet.name, at, column, words)
                sheet.words[at, column] = words
                if bottom or right:
                    sheet.merged[at, column] = Span(at, column, at + bottom, column + right)
        return count

    def _cells(self, sheet: Sheet, row: Any, at: int) -> Iterator[tuple[int, str, int, int]]:
        """Column, words, and how many rows and columns a cell with words stands beside."""
        column = 0
        for cell in row:
            if local_name(cell) not in _CELLS:
                continue
            count = _count(cell, "number-columns-repeated", _MOST_COLUMN)
            words = self._words(cell)
            if words.strip():
                below = _count(cell, "number-rows-spanned", _MOST_ROW) - 1
                beside = _count(cell, "number-columns-spanned", _MOST_COLUMN) - 1
                if words.startswith(("#", "Err:")) and attribute(cell, "formula"):
                    sheet.errors.append((at, column))
                for place in range(column, min(column + count, _MOST_COLUMN)):
                    yield place, words, below, beside
            elif attribute(cell, "formula") and not attribute(cell, "value-type"):
                sheet.formulas.append((at, column))
            column += count

    def _words(self, cell: Any) -> str:
        """What a cell shows: its paragraphs, else its value."""
        lines = []
        for child in cell:
            name = local_name(child)
            if name == "annotation":
                told = " ".join(_text(p) for p in child if local_name(p) == "p")
                self._comments.append(" ".join(told.split()))
            elif name in ("p", "h"):
                lines.append(_text(child))
            elif name == "list":
                lines += [_text(e) for e in child.iter() if local_name(e) == "p"]
        if lines:
            return "\n".join(lines)
        kind, value = attribute(cell, "value-type"), attribute(cell, "value")
        if kind == "date":
            return attribute(cell, "date-value").replace("T", " ").removesuffix(" 00:00:00")
        if kind in ("float", "percentage", "currency") and value:
            try:
                return shown_number(float(value), "0.##########%" if kind == "percentage" else "General").replace(".%", "%")  # fmt: skip
            except (ValueError, OverflowError):
                return value
        return attribute(cell, "string-value") or attribute(cell, "boolean-value")

    def findings(self) -> Iterator[Finding]:
        """Comments on cells."""
        if self._comments:
            yield left_out("comment", COMMENTS, self._comments)


def _table_of(element: Any) -> Any:
    """The table that an element stands in."""
    return next((e for e in element.iterancestors() if local_name(e) == "table"), None)


def _count(element: Any, name: str, most: int) -> int:
    told = attribute(element, name, "1")
    return (
        min(max(int(told), 1), most) if told.isascii() and told.isdigit() and len(told) < 10 else 1
    )


def _text(paragraph: Any) -> str:
    """The words of a paragraph, its spaces, tabs and line breaks written out."""
    words: list[str] = [paragraph.text or ""]
    for child in paragraph:
        name = local_name(child)
        if name == "s":
            words.append(" " * _count(child, "c", 1000))
        elif name == "tab":
            words.append(" ")
        elif name == "line-break":
            words.append("\n")
        elif name not in _NO_TEXT:
            words.append(_text(child))
        words.append(child.tail or "")
    return "".join(words)

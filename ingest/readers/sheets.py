"""Workbooks and tables of commas: XLSX, XLS and ET, ODS, CSV → lines of text, each cell with its place."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import xlrd
from xlrd.biffh import (
    XL_CELL_BOOLEAN,
    XL_CELL_DATE,
    XL_CELL_ERROR,
    XL_CELL_NUMBER,
    error_text_from_code,
)

from ingest.readers import opendocument, spreadsheetml
from ingest.readers.encoding import decode_bytes
from ingest.readers.number_formats import BUILTIN, GENERAL, LOCAL, shown_number
from ingest.readers.packages import Package, encrypted
from ingest.readers.source import Read
from ingest.readers.workbook import Measure, Sheet, Span, place_name
from ingest.readers.workbook_findings import COMMENTS, left_out
from ingest.readers.workbook_layout import write_workbook
from kb.errors import SourceError, both
from kb.models import Finding

_DELIMITERS = (",", "\t", ";", "|", "，")
_SAMPLED = 40
"""Rows by which the delimiter is told."""
_LONGEST_FIELD = 1_000_000


def read_xlsx(data: bytes, name: str) -> Read:
    """The sheets of an XLSX workbook that are shown.

    Raises:
        SourceError: it is damaged, empty, or over a limit.
    """
    package = Package(data, name)
    sheets, findings = spreadsheetml.read_sheets(package)
    return write_workbook(sheets, name, findings)


def read_ods(data: bytes, name: str) -> Read:
    """The sheets of an ODS workbook that are shown.

    Raises:
        SourceError: it is damaged, encrypted, empty, or over a limit.
    """
    package = Package(data, name)
    sheets, findings = opendocument.read_sheets(package)
    return write_workbook(sheets, name, findings)


def read_csv(data: bytes, name: str) -> Read:
    """A table of commas, tabs or semicolons, by whichever parts most rows alike.

    Raises:
        SourceError: a field has no end, or there are too many cells.
    """
    decoded = decode_bytes(data, name)
    text = decoded.text.replace("\x00", "")
    delimiter = _delimiter(text)
    sheet, measure = Sheet(), Measure(name)
    rows = _csv_rows(text, delimiter)
    row = 0
    try:
        for row, fields in enumerate(rows):
            for column, words in enumerate(fields):
                if words.strip():
                    measure.add("", row, column, words)
                    sheet.words[row, column] = words
    except csv.Error as error:
        raise SourceError(
            both(f"第 {row + 2} 行起读不成表格", f"from row {row + 2} on it is no table", error),
            hint="请核对引号是否成对 / check that its quotation marks are paired",
            path=name,
        ) from error
    return write_workbook([sheet], name, decoded.findings)


def _csv_rows(text: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(_LONGEST_FIELD)
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _delimiter(text: str) -> str:
    """The mark by which most of the first rows have as many fields, more than one."""
    best = (0, 0, ",")
    for rank, mark in enumerate(_DELIMITERS):
        counts: list[int] = []
        try:
            for fields in _csv_rows(text, mark):
                counts.append(len(fields))
                if len(counts) == _SAMPLED:
                    break
        except csv.Error:
            pass
        usual = max((n for n in counts if n > 1), key=counts.count, default=0)
        best = max(best, (counts.count(usual) if usual else 0, -rank, mark))
    return best[2]


def read_xls(data: bytes, name: str) -> Read:
    """The sheets of an XLS or ET workbook (BIFF) that are shown.

    Raises:
        SourceError: it is damaged, encrypted, empty, or over a limit.
    """
    try:
        book = xlrd.open_workbook(
            file_contents=data, formatting_info=True, ragged_rows=True, logfile=io.StringIO()
        )
        sheets = [*_xls_sheets(book, name)]
        findings = [*_xls_comments(book)]
    except SourceError:
        raise
    except Exception as error:  # the library raises what its parts raise
        if "encrypted" in str(error).lower():
            raise encrypted(name) from error
        raise SourceError(
            both("表格文件损坏或不完整", "the workbook is damaged or incomplete", repr(error)),
            hint="请用表格程序打开, 另存为 XLSX 再导入 / open it, save it as XLSX and try again",
            path=name,
        ) from error
    return write_workbook(sheets, name, findings)


def _xls_sheets(book: Any, name: str) -> Iterator[Sheet]:
    measure = Measure(name)
    for page in book.sheets():
        sheet = Sheet(page.name, page.visibility != 0)
        sheet.hidden_rows = {row for row, info in page.rowinfo_map.items() if info.hidden}
        sheet.hidden_columns = {c for c, info in page.colinfo_map.items() if info.hidden}
        for top, bottom, left, right in page.merged_cells:
            sheet.merged[top, left] = Span(top, left, bottom - 1, right - 1)
        for row in range(page.nrows):
            for column, cell in enumerate(page.row(row)):
                words = _xls_words(book, cell)
                if not words.strip():
                    continue
                if cell.ctype == XL_CELL_ERROR:
                    sheet.errors.append((row, column))
                measure.add(page.name, row, column, words)
                sheet.words[row, column] = words
        yield sheet


def _xls_words(book: Any, cell: Any) -> str:
    """What a cell shows, by its kind and format."""
    if cell.ctype in (XL_CELL_NUMBER, XL_CELL_DATE):
        key = book.xf_list[cell.xf_index].format_key
        kept = book.format_map.get(key)
        code = BUILTIN[key] if key in LOCAL else kept.format_str if kept else BUILTIN.get(key)
        return shown_number(float(cell.value), code or GENERAL, from_1904=book.datemode == 1)
    if cell.ctype == XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == XL_CELL_ERROR:
        return str(error_text_from_code.get(cell.value, "#N/A"))
    return str(cell.value)


def _xls_comments(book: Any) -> Iterator[Finding]:
    told = [
        f"{place_name(page.name, *at)} {' '.join(note.text.split())}"
        for page in book.sheets()
        for at, note in sorted(page.cell_note_map.items())
        if note.text.strip()
    ]
    if told:
        yield left_out("comment", COMMENTS, told)

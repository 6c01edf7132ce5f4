"""Workbooks that tests write: rows of cells with merged ranges, as XLSX, ODS and CSV."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

Rows = Sequence[Sequence[object]]

ODS_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content'
    ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
)
ODS_KIND = "application/vnd.oasis.opendocument.spreadsheet"


def fill(sheet: Worksheet, rows: Rows, merged: Sequence[str] = ()) -> None:
    for row in rows:
        sheet.append([None if cell == "" else cell for cell in row])
    for name in merged:
        sheet.merge_cells(name)


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xlsx(rows: Rows, merged: Sequence[str] = ()) -> bytes:
    book = Workbook()
    fill(book.worksheets[0], rows, merged)
    return saved(book)


def package(parts: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, words in parts.items():
            archive.writestr(zipfile.ZipInfo(name), words, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def ods_content(content: str, styles: str = "") -> bytes:
    whole = (
        f"{ODS_HEAD}<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{content}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    return package({"mimetype": ODS_KIND, "content.xml": whole})


def ods(rows: Rows, spans: Mapping[tuple[int, int], tuple[int, int]]) -> bytes:
    """`spans`: row and column (from 0) of a cell → how many rows and columns it stands beside."""
    covered = {
        (row + down, column + right)
        for (row, column), (tall, wide) in spans.items()
        for down in range(tall)
        for right in range(wide)
    } - spans.keys()
    lines = []
    for r, row in enumerate(rows):
        cells = []
        for c, words in enumerate(row):
            tall, wide = spans.get((r, c), (1, 1))
            name = "covered-table-cell" if (r, c) in covered else "table-cell"
            shown = f"<text:p>{escape(str(words))}</text:p>" if words != "" else ""
            cells.append(
                f'<table:{name} table:number-rows-spanned="{tall}"'
                f' table:number-columns-spanned="{wide}">{shown}</table:{name}>'
            )
        lines.append(f"<table:table-row>{''.join(cells)}</table:table-row>")
    return ods_content(f'<table:table table:name="Sheet1">{"".join(lines)}</table:table>')


def csv_bytes(rows: Rows) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()

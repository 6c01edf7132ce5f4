"""Workbooks that tests write: rows of cells with merged ranges, as XLSX, ODS and CSV."""

from __future__ import annotations

import csv
import io
import struct
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


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _words(words: str, size: str = "<H") -> bytes:
    return struct.pack(size, len(words)) + b"\x01" + words.encode("utf-16-le")


def xls(
    rows: Rows,
    *,
    codes: Mapping[tuple[int, int], str] | None = None,
    merged: Sequence[tuple[int, int, int, int]] = (),
    hidden_rows: Sequence[int] = (),
    hidden_columns: Sequence[int] = (),
    visible: int = 0,
) -> bytes:
    """A stream of BIFF8 records ([MS-XLS] 2.4) with one sheet.

    Args:
        codes: the format codes of cells.
        merged: first and last row, first and last column.
        visible: 0 shown, 1 hidden.
    """
    codes = codes or {}
    formats = sorted(set(codes.values()))
    bof = struct.pack("<HHHHII", 0x600, 0x5, 0x1000, 0x7CC, 0, 6)
    font = struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 134, 0) + _words("宋体", "<B")
    head = _record(0x809, bof) + _record(0x42, struct.pack("<H", 1200)) + _record(0x31, font) * 5
    for n, code in enumerate(formats):
        head += _record(0x41E, struct.pack("<H", 164 + n) + _words(code))
    for key in (0, *(164 + n for n in range(len(formats)))):
        head += _record(0xE0, struct.pack("<HHH", 0, key, 1) + bytes(14))
    name = bytes([1, 1]) + "表".encode("utf-16-le")
    at = len(head) + 4 + 6 + len(name) + 4
    head += _record(0x85, struct.pack("<IBB", at, visible, 0) + name) + _record(0xA, b"")
    body = _record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0x1000, 0x7CC, 0, 6))
    for column in hidden_columns:
        body += _record(0x7D, struct.pack("<HHHHHH", column, column, 2000, 0, 1, 0))
    for row in hidden_rows:
        body += _record(0x208, struct.pack("<HHHHHHI", row, 0, 9, 300, 0, 0, 0x120))
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            style = 1 + formats.index(codes[r, c]) if (r, c) in codes else 0
            place = struct.pack("<HHH", r, c, style)
            if isinstance(value, bool):
                body += _record(0x205, place + struct.pack("<BB", value, 0))
            elif isinstance(value, bytes):  # the code of an error
                body += _record(0x205, place + value + b"\x01")
            elif isinstance(value, int | float):
                body += _record(0x203, place + struct.pack("<d", value))
            elif value != "":
                body += _record(0x204, place + _words(str(value)))
    if merged:
        ranges = b"".join(struct.pack("<HHHH", *range_) for range_ in merged)
        body += _record(0xE5, struct.pack("<H", len(merged)) + ranges)
    return head + body + _record(0xA, b"")

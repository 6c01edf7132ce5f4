"""A sheet that came back: from bytes to rows of text, whatever the file turns out to be.

The bytes are anybody's. A workbook is a zip archive of XML: the sizes in its directory are checked
before anything is unpacked, document type declarations (entities) are refused by defusedxml, which
openpyxl reads XML by, macros and links to other files are never looked at, and reading stops after a
long run of empty rows.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import openpyxl
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.numbers import is_date_format
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS

from kb.errors import SourceError
from kb.wording import wording
from tasks.exports.cells import decode_cell, unguard
from tasks.exports.sheet import FILLED_IN, HEADINGS, Part

LARGEST = 50 * 1024 * 1024
"""Bytes of a file."""
LARGEST_UNPACKED = 300 * 1024 * 1024
"""Bytes of all its parts unpacked: 100,000 rows need about half of it."""
HIGHEST_RATIO = 200
"""Unpacked to packed bytes of a part above a megabyte. Deflate reaches 1032; rows of a real sheet,
empty ones that are only formatted among them, stay below 100."""
MOST_PARTS = 2000
MOST_ROWS = 200_000
EMPTY_ROWS = 5_000
"""Empty rows in a run after which nothing more is read."""
_MOST_COLUMNS = 200
_HEADER_WITHIN = 30
"""Rows from the top among which the headings stand."""
_NEEDED = (Part.KEY, *FILLED_IN)
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*?\bref=[\"']([A-Z]+\d+:[A-Z]+\d+)[\"']")


@dataclass(frozen=True, slots=True)
class FilledRow:
    """A row of a sheet as it came back: its number in the file (1-based), its cells as text
    without surrounding space. `faults` says what of it cannot be read, bilingually."""

    number: int
    cells: Mapping[Part, str]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filled:
    """All rows with a key or with anything filled in, and the name of their sheet (empty: CSV)."""

    sheet: str
    rows: tuple[FilledRow, ...]


def read_filled(data: bytes, name: str) -> Filled:
    """Read a 任务分解表 (.xlsx) or a CSV of ours that was filled in.

    Args:
        data: the file's bytes.
        name: its name, for messages and to tell CSV.

    Raises:
        SourceError: it is none of both, damaged, dangerous or too large, or has not the sheet or
            the columns; names the file and the place.
    """
    if len(data) > LARGEST:
        raise _refused(name, f"有 {len(data)} 字节, 最多 {LARGEST}", f"it has {len(data)} bytes; {LARGEST} are allowed")  # fmt: skip
    if data[:4] == b"PK\x03\x04":
        check_archive(data, name)
        return _read_workbook(data, name)
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise _refused(name, "是加密的或旧版 .xls 文件", "it is encrypted or of the old .xls kind", hint="请另存为不加密的 .xlsx / save it as .xlsx without a password")  # fmt: skip
    if name.lower().endswith(".csv"):
        return _read_csv(data, name)
    raise _refused(
        name, "不是 .xlsx 文件", "it is no .xlsx file", hint="duban export --format xlsx"
    )


def check_archive(data: bytes, name: str) -> None:
    """Refuse an archive by its directory alone, before anything is unpacked. What a directory
    understates is cut off there when it is read, and then fails its checksum.

    Raises:
        SourceError: no archive, encrypted, or too large when unpacked.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _refused(name, "文件已损坏", f"it is damaged: {error}") from error
    whole = sum(part.file_size for part in parts)
    if len(parts) > MOST_PARTS or whole > LARGEST_UNPACKED:
        raise _refused(
            name,
            f"解压后有 {len(parts)} 部分 {whole} 字节, 太大",
            f"unpacked it has {len(parts)} parts, {whole} bytes: too large",
        )
    for part in parts:
        if part.flag_bits & 1:
            raise _refused(name, "已加密", "it is encrypted")
        if part.file_size > 2**20 and part.file_size > HIGHEST_RATIO * max(1, part.compress_size):
            raise _refused(
                name,
                f"{part.filename} 压缩比异常, 疑为压缩炸弹",
                f"{part.filename} unpacks to over {HIGHEST_RATIO} times its size: a zip bomb?",
            )


class _Reader(ExcelReader):  # type: ignore[misc]
    """openpyxl's reader, except that strings stay as written: it drops `x005F_` from them, by which
    `_x005F_x0041_` (the text `_x0041_`) could not be told from `_x0041_` (the letter A)."""

    def read_strings(self) -> None:
        part = self.package.find(SHARED_STRINGS)
        if part is None:
            return
        with self.archive.open(part.PartName[1:]) as source:
            self.shared_strings = list(_strings(source))


def _strings(source: Any) -> Iterator[str]:
    from openpyxl.cell.text import Text  # noqa: PLC0415 - only here
    from openpyxl.xml.functions import iterparse  # noqa: PLC0415

    for _, node in iterparse(source):
        if node.tag == f"{{{SHEET_MAIN_NS}}}si":
            yield Text.from_tree(node).content
            node.clear()


def _read_workbook(data: bytes, name: str) -> Filled:
    if not openpyxl.DEFUSEDXML:
        raise _refused(name, "缺少 defusedxml, 不读外来的表", "defusedxml is missing: no foreign workbook is read")  # fmt: skip
    try:
        with warnings.catch_warnings():
            # What openpyxl does not know (validation extensions, pictures) is none of ours.
            warnings.simplefilter("ignore")
            reader = _Reader(
                io.BytesIO(data), read_only=True, keep_vba=False, data_only=True, keep_links=False
            )
            reader.read()
            found = _find_sheet(reader.wb, data, name)
            reader.archive.close()
            return found
    except (SourceError, MemoryError):
        raise
    except Exception as error:  # a damaged file makes openpyxl raise almost anything
        raise _refused(
            name, "表格读不出, 可能已损坏", f"it cannot be read: {type(error).__name__}: {error}"
        ) from error


def _find_sheet(book: Any, data: bytes, name: str) -> Filled:
    partly: tuple[str, int, dict[Part, int]] | None = None
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # as written by the file: it may promise a billion cells
        heads = sheet.iter_rows(max_row=_HEADER_WITHIN, max_col=_MOST_COLUMNS)
        for number, cells in enumerate(heads, start=1):
            texts = [_text(cell) for cell in cells]
            columns = _columns(texts, name, sheet.title, number)
            if Part.KEY in columns and all(part in columns for part in _NEEDED):
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    merged = _merged(archive.read(sheet._worksheet_path), number)
                rows = _sheet_rows(sheet, number, columns, merged, name)
                return Filled(sheet.title, tuple(rows))
            if len(columns) >= 2 and (partly is None or len(columns) > len(partly[2])):
                partly = sheet.title, number, columns
    if partly is None:
        shown = "、".join(book.sheetnames[:10])
        raise _refused(
            name,
            f"没有任务分解表; 有工作表: {shown}",
            f"it has no sheet of duties; its sheets: {shown}",
            hint="请用 duban export --format xlsx 导出的表 / use a sheet that duban export wrote",
        )
    title, number, columns = partly
    raise _missing(name, title, number, columns)


def _columns(texts: Sequence[str], name: str, sheet: str, number: int) -> dict[Part, int]:
    """Where each known heading stands in a row.

    Raises:
        SourceError: one that is needed stands there twice.
    """
    found: dict[Part, int] = {}
    for at, text in enumerate(texts):
        for part, headings in HEADINGS.items():
            if text in headings:
                if part in found and part in _NEEDED:
                    first, second = get_column_letter(found[part] + 1), get_column_letter(at + 1)
                    raise _refused(
                        name,
                        f"工作表“{sheet}”第 {number} 行: {first}、{second} 列都是“{text}”",
                        f"sheet {sheet!r}, row {number}: columns {first} and {second} are both {text!r}",
                    )
                found.setdefault(part, at)
    return found


def _missing(name: str, sheet: str, number: int, columns: Mapping[Part, int]) -> SourceError:
    gone = [column for column in _NEEDED if column not in columns]
    shown = "、".join(min(HEADINGS[part], key=str.isascii) for part in gone)
    where = (f"工作表“{sheet}”", f"sheet {sheet!r}, ") if sheet else ("", "")
    return _refused(
        name,
        f"{where[0]}第 {number} 行缺少列: {shown}",
        f"{where[1]}row {number} lacks columns: {shown}",
        hint="隐藏的标识列也要保留 / the hidden key column must stay too",
    )


def _sheet_rows(
    sheet: Any, header: int, columns: Mapping[Part, int], merged: Mapping[int, set[int]], name: str
) -> Iterator[FilledRow]:
    empty = 0
    rows = sheet.iter_rows(min_row=header + 1, max_col=max(columns.values()) + 1)
    for number, cells in enumerate(rows, start=header + 1):
        if number > MOST_ROWS:
            raise _refused(name, f"超过 {MOST_ROWS} 行", f"it has more than {MOST_ROWS} rows")
        chosen = {part: cells[at] for part, at in columns.items() if at < len(cells)}
        texts = {part: _text(chosen[part]) if part in chosen else "" for part in columns}
        if not any(texts[part] for part in _NEEDED):
            empty += 1
            if empty > EMPTY_ROWS:
                return
            continue
        empty = 0
        faults = [_cell_fault(part, cell) for part, cell in chosen.items() if part in _NEEDED]
        faults += [
            _at(columns[part], "是合并单元格, 请拆分后再填", "is a merged cell: split it first")
            for part in _NEEDED
            if columns[part] in merged.get(number, ())
        ]
        for part in (Part.PERCENT, Part.ACTUALS):
            if part in chosen:
                texts[part] = _percent(chosen[part], texts[part])
        yield FilledRow(number, texts, tuple(f for f in faults if f))


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, str):
        return decode_cell(value).strip()
    return str(value).strip()


def _percent(cell: Any, text: str) -> str:
    """A number under a per cent format as it is shown: 0.985 under 0.0% is 98.5%."""
    form = re.sub(r'"[^"]*"|\\.', "", str(cell.number_format or ""))
    if isinstance(cell.value, (int, float)) and not isinstance(cell.value, bool) and "%" in form:
        # From the shortest decimal of the number: 0.29 * 100 is no 29 in binary.
        shown = (Decimal(repr(cell.value)) * 100).normalize()
        return f"{shown:f}%"
    return text


def _cell_fault(part: Part, cell: Any) -> str:
    at = getattr(cell, "column", 1) - 1
    if getattr(cell, "data_type", "") == "e":
        return _at(at, f"是错误值 {cell.value}", f"holds the error {cell.value}", row=cell.row)
    typed = cell.value is not None and not isinstance(cell.value, str)
    if typed and part in _NUMBERS and is_date_format(cell.number_format or ""):
        zh, en = _NUMBERS[part]
        return _at(at, f"是日期, 不是{zh}", f"is a date, not {en}", row=cell.row)
    return ""


_NUMBERS = wording("tasks", "typed", (Part.PERCENT, Part.ACTUALS))


def _at(column: int, chinese: str, english: str, *, row: int = 0) -> str:
    letter = get_column_letter(column + 1)
    if row:
        return f"单元格 {letter}{row} {chinese} / cell {letter}{row} {english}"
    return f"{letter} 列{chinese} / column {letter} {english}"


def _merged(part: bytes, header: int) -> dict[int, set[int]]:
    """Row → columns (0-based) that merged cells below the headings cover."""
    found: dict[int, set[int]] = {}
    for match in _MERGED.finditer(part):
        left, top, right, bottom = range_boundaries(match.group(1).decode())
        for row in range(max(top, header + 1), min(bottom, MOST_ROWS) + 1):
            found.setdefault(row, set()).update(range(left - 1, min(right, _MOST_COLUMNS)))
    return found


_LONGEST_FIELD = 131_072
"""Characters of a field: four times what a cell of a workbook may hold."""


def _read_csv(data: bytes, name: str) -> Filled:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")  # as Excel saves it in China
        except UnicodeDecodeError as error:
            raise _refused(name, "不是 UTF-8 或 GB18030", "it is neither UTF-8 nor GB18030") from error  # fmt: skip
    csv.field_size_limit(_LONGEST_FIELD)  # the module's own, which other readers set too
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        heads = next(reader, [])
        columns = _columns([head.strip() for head in heads], name, "", 1)
        if not all(part in columns for part in _NEEDED):
            raise _missing(name, "", 1, columns)
        return Filled("", tuple(_csv_rows(reader, columns, name)))
    except csv.Error as error:
        raise _refused(
            name,
            f"第 {reader.line_num} 行不是 CSV",
            f"line {reader.line_num} is no CSV: {error}",
        ) from error


def _csv_rows(
    reader: Iterable[Sequence[str]], columns: Mapping[Part, int], name: str
) -> Iterator[FilledRow]:
    for number, cells in enumerate(reader, start=2):
        if number > MOST_ROWS:
            raise _refused(name, f"超过 {MOST_ROWS} 行", f"it has more than {MOST_ROWS} rows")
        texts = {p: unguard(cells[at]).strip() if at < len(cells) else "" for p, at in columns.items()}  # fmt: skip
        if any(texts[part] for part in _NEEDED):
            yield FilledRow(number, texts)


def _refused(name: str, chinese: str, english: str, *, hint: str = "") -> SourceError:
    return SourceError(f"{chinese} / {english}", hint=hint, path=name)

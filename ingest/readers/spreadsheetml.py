"""The parts of an XLSX workbook → its sheets (ECMA-376 part 1, 18).

Sheets are read from their XML in one pass: openpyxl makes a cell of every place in a merged range and
python-calamine one of every place up to the last, which a file of a kilobyte drives to gigabytes, and
openpyxl refuses style sheets that other programs write.
"""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Iterator
from typing import Any

from ingest.readers.number_formats import BUILTIN, GENERAL, LOCAL, shown_number
from ingest.readers.packages import Package, attribute, local_name
from ingest.readers.workbook import Measure, Sheet, Span, place_name
from ingest.readers.workbook_findings import COMMENTS, TEXT_BOXES, left_out
from kb.errors import SourceError
from kb.models import Finding

MOST_ROW, MOST_COLUMN = 1_048_576, 16_384
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_CELL = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
_HIDDEN = frozenset({"hidden", "veryHidden"})
_TRUE = frozenset({"1", "true", "on"})


def read_sheets(package: Package) -> tuple[list[Sheet], list[Finding]]:
    """The sheets in the order of the workbook, and what stands beside the cells (comments, text
    boxes), which is told and left out.

    Raises:
        SourceError: a part is missing or damaged, or there are more cells than the limit.
    """
    book = _Workbook(package)
    return [*book.sheets()], [*_beside(package)]


class _Workbook:
    """What the sheets of a workbook share: texts, formats, the first day."""

    def __init__(self, package: Package) -> None:
        self._package = package
        part = next(_targets(package, "", "officeDocument"), "xl/workbook.xml")
        if part.endswith(".bin"):
            raise SourceError(
                "不能读 XLSB 文件 / XLSB files are not read",
                hint="请另存为 XLSX 再导入 / save it as XLSX and try again",
                path=package.name,
            )
        self._root = package.tree(part)
        self._folder = posixpath.dirname(part)
        self._relations = _relations(package, part)
        shared = next((t for kind, t in self._relations.values() if kind == "sharedStrings"), "")
        styles = next((t for kind, t in self._relations.values() if kind == "styles"), "")
        self._texts = [*_shared_texts(package, shared)] if shared in package else []
        self._formats = _formats(package, styles) if styles in package else []
        self._from_1904 = any(
            attribute(e, "date1904") in _TRUE
            for e in self._root.iter()
            if local_name(e) == "workbookPr"
        )
        self._measure = Measure(package.name)

    def sheets(self) -> Iterator[Sheet]:
        """Sheets of cells; charts and macros have none."""
        for element in self._root.iter():
            if local_name(element) != "sheet":
                continue
            kind, part = self._relations.get(attribute(element, "id"), ("", ""))
            if kind != "worksheet":
                continue
            sheet = Sheet(attribute(element, "name"), attribute(element, "state") in _HIDDEN)
            self._read(sheet, part)
            yield sheet

    def _read(self, sheet: Sheet, part: str) -> None:
        rows = _Rows(sheet)
        for element in self._package.elements(part, "c", "row", "col", "mergeCell"):
            name = local_name(element)
            if name == "c":
                self._read_cell(sheet, element, rows.cell(element))
            elif name == "row":
                rows.enter(element)
            elif name == "col" and attribute(element, "hidden") in _TRUE:
                first, last = _whole(attribute(element, "min")), _whole(attribute(element, "max"))
                if first and last and first - 1 not in sheet.hidden_columns:
                    sheet.hidden_columns |= {*range(first - 1, min(last, MOST_COLUMN))}
            elif name == "mergeCell":
                a, _, b = attribute(element, "ref").partition(":")
                start, end = _cell_at(a), _cell_at(b)
                if start and end and end[0] >= start[0] and end[1] >= start[1]:
                    sheet.merged[start] = Span(*start, *end)

    def _read_cell(self, sheet: Sheet, element: Any, at: tuple[int, int]) -> None:
        value: str | None = None
        words, formula = "", False
        kind = attribute(element, "t", "n")
        for child in element:
            name = local_name(child)
            if name == "v":
                value = child.text or ""
            elif name == "f":
                formula = True
            elif name == "is":
                words = _text_of(child)
        if value:
            words = self._words(sheet, kind, value, attribute(element, "s"), at)
        elif value is None and formula:
            sheet.formulas.append(at)
        if words.strip():
            if kind == "e":
                sheet.errors.append(at)
            self._measure.add(sheet.name, *at, words)
            sheet.words[at] = words

    def _words(self, sheet: Sheet, kind: str, value: str, style: str, at: tuple[int, int]) -> str:
        if kind == "s":
            number = _whole(value)
            if number is None or number >= len(self._texts):
                raise self._package.damaged(place_name(sheet.name, *at))
            return self._texts[number]
        if kind in ("str", "e"):
            return _unescaped(value)
        if kind == "b":
            return "TRUE" if value.strip() in _TRUE else "FALSE"
        number = _whole(style)
        code = self._formats[number] if number is not None and number < len(self._formats) else ""
        if kind == "d":
            return value.replace("T", " ").removesuffix(" 00:00:00")
        try:
            found = float(value)
        except ValueError:
            return value
        if not math.isfinite(found):
            return value
        return shown_number(found, code or GENERAL, from_1904=self._from_1904)


class _Rows:
    """Where the cells of a sheet stand that is read: by their names, else after the one before."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._element: Any = None
        self._row = self._column = -1

    def enter(self, element: Any) -> None:
        """Be in a row."""
        if element is self._element:
            return
        number = _whole(attribute(element, "r"))
        self._element, self._column = element, -1
        self._row = number - 1 if number else self._row + 1
        if attribute(element, "hidden") in _TRUE:
            self._sheet.hidden_rows.add(self._row)

    def cell(self, element: Any) -> tuple[int, int]:
        """The place of a cell."""
        parent = element.getparent()
        if parent is not None:
            self.enter(parent)
        at = _cell_at(attribute(element, "r")) or (self._row, self._column + 1)
        self._column = at[1]
        return at


def _whole(told: str) -> int | None:
    told = told.strip()
    return int(told) if told.isascii() and told.isdigit() and len(told) < 10 else None


def _cell_at(name: str) -> tuple[int, int] | None:
    """Row and column from 0 of a cell's name: B7 is (6, 1)."""
    match = _CELL.fullmatch(name)
    if match is None:
        return None
    column = 0
    for letter in match[1].upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    row = int(match[2])
    return (row - 1, column - 1) if 0 < row <= MOST_ROW and column <= MOST_COLUMN else None


def _unescaped(words: str) -> str:
    """`_x000D_` is a character that XML cannot have (ECMA-376 22.9.2.19)."""
    if "_x" not in words:
        return words
    return _ESCAPED.sub(lambda m: chr(int(m[1], 16)) if int(m[1], 16) < 0xD800 else " ", words)


def _text_of(element: Any) -> str:
    """The text of a shared or inline string: its runs, without how they are pronounced."""
    words = []
    for child in element:
        name = local_name(child)
        if name == "t":
            words.append(child.text or "")
        elif name == "r":
            words += [t.text or "" for t in child if local_name(t) == "t"]
    return _unescaped("".join(words))


def _shared_texts(package: Package, part: str) -> Iterator[str]:
    for element in package.elements(part, "si"):
        yield _text_of(element)


def _formats(package: Package, part: str) -> list[str]:
    """The code of each cell style, by its number."""
    root = package.tree(part)
    own: dict[int, str] = {}
    found: list[str] = []
    for element in root.iter():
        name = local_name(element)
        if name == "numFmt" and (number := _whole(attribute(element, "numFmtId"))) is not None:
            if number not in LOCAL:
                own.setdefault(number, attribute(element, "formatCode"))
        elif name == "xf" and local_name(element.getparent()) == "cellXfs":
            number = _whole(attribute(element, "numFmtId")) or 0
            found.append(own.get(number) or BUILTIN.get(number, GENERAL))
    return found


def _relations(package: Package, part: str) -> dict[str, tuple[str, str]]:
    """Id → kind and part, of what a part names inside the package."""
    folder, file = posixpath.split(part)
    listed = posixpath.join(folder, "_rels", f"{file}.rels")
    if listed not in package:
        return {}
    found: dict[str, tuple[str, str]] = {}
    for element in package.tree(listed).iter():
        if local_name(element) != "Relationship" or attribute(element, "TargetMode") == "External":
            continue
        kind = attribute(element, "Type").rpartition("/")[2]
        target = attribute(element, "Target")
        path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
        found[attribute(element, "Id")] = kind, path
    return found


def _targets(package: Package, part: str, kind: str) -> Iterator[str]:
    return (path for found, path in _relations(package, part).values() if found == kind)


_BESIDE = (
    (re.compile(r"xl/comments[^/]*\.xml|xl/comments/[^/]+\.xml"), "comment", "comment", COMMENTS),
    (re.compile(r"xl/drawings/drawing[^/]*\.xml"), "sp", "text-box", TEXT_BOXES),
)


def _beside(package: Package) -> Iterator[Finding]:
    for parts, end, code, told in _BESIDE:
        found: list[str] = []
        for part in package.names():
            if parts.fullmatch(part):
                found += _words_beside(package, part, end)
        if found:
            yield left_out(code, told, found)


def _words_beside(package: Package, part: str, end: str) -> Iterator[str]:
    for element in package.elements(part, end):
        words = "".join(e.text or "" for e in element.iter() if local_name(e) == "t")
        if words := " ".join(words.split()):
            yield f"{attribute(element, 'ref')} {words}".strip()

"""The 任务分解表 as an Excel workbook: to print, to filter, and to fill in and send back.

Text is always stored as text (never as a formula, see `cells`). The sheet is protected without a
password: what a unit fills in is open, filters and column widths can be used, the rest stays
together with the hidden key by which `filled` and `progress` know each row again.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from tasks.due import PAST, Colour, State
from tasks.exports.cells import encode_cell, is_risky, plain
from tasks.exports.rows import ExportRow
from tasks.exports.sheet import DUTIES, FILLED_IN, SETTABLE, SHEET, SOURCES, Part
from tasks.exports.words import side

HEADER = 3
"""The row of the headings; above it the title and the day."""
_MOST_LINKS = 65_530
"""Links that Excel opens on one sheet."""
_HIGHEST = 409.0
"""Points that a row may be high (Excel's limit)."""
_FONT = "宋体"
_THIN = Side(style="thin", color="B4B4B4")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_FILLS = {
    Colour.RED: PatternFill("solid", fgColor="F8CBC6"),
    Colour.YELLOW: PatternFill("solid", fgColor="FFE8A3"),
    Colour.BLUE: PatternFill("solid", fgColor="CFE2F5"),
}
_HEAD = PatternFill("solid", fgColor="DCE6EE")
_OPEN = PatternFill("solid", fgColor="FFFDF2")
_WRAP = Alignment(vertical="center", wrap_text=True)
_CENTRE = Alignment(horizontal="center", vertical="center", wrap_text=True)


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands over an export: of whom it is (`scope`, may be empty), as of when, in which
    language, and the address that links lead to (empty: the workbook's own sheet of sources)."""

    as_of: date
    scope: str = ""
    language: str = "zh"
    base_url: str = ""

    def pick(self, chinese: str, english: str) -> str:
        """One of the two languages."""
        return side((chinese, english), self.language)


def count_line(rows: Sequence[ExportRow], heading: Heading) -> str:
    """As of when, and how many rows there are by state."""
    late = sum(r.state in PAST for r in rows)
    near = sum(r.state is State.DUE_SOON for r in rows)
    done = sum(r.state is State.FINISHED for r in rows)
    silent = sum(r.reports == 0 for r in rows)
    day = f"{heading.as_of:%Y年}{heading.as_of.month}月{heading.as_of.day}日"
    if not all(r.told for r in rows):
        return heading.pick(
            f"截至{day}　共{len(rows)}项，时限已过{late}项，将到期{near}项（办理情况不公开）",
            f"As of {heading.as_of}: {len(rows)} in all, the day of {late} has passed, {near} due "
            "soon (progress is not public)",
        )
    return heading.pick(
        f"截至{day}　共{len(rows)}项，"
        f"逾期{late}项，将到期{near}项，已结束{done}项，未报告进展{silent}项",
        f"As of {heading.as_of}: {len(rows)} in all, {late} overdue, {near} due soon, "
        f"{done} finished, {silent} without a report",
    )


def render_xlsx(rows: Sequence[ExportRow], heading: Heading) -> bytes:
    """The workbook's bytes: the sheet of duties and the sheet of the clauses they come from."""
    book = Workbook()
    duties = book.active
    assert isinstance(duties, Worksheet)  # noqa: S101 - a new workbook has one
    duties.title = side(DUTIES, heading.language)
    sources = book.create_sheet(side(SOURCES, heading.language))
    places = _write_sources(sources, rows, heading)
    _write_head(duties, rows, heading)
    for at, row in enumerate(rows, start=HEADER + 1):
        _write_row(duties, at, row, heading, f"'{sources.title}'!A{places[row.clause_id]}")
    _set_up(duties, rows, heading)
    name = heading.pick("任务分解表", "Duties")
    book.properties.title = name + (f" {plain(heading.scope)}" if heading.scope else "")
    book.properties.subject = heading.pick(f"截至 {heading.as_of}", f"as of {heading.as_of}")
    book.properties.creator = "duban"
    book.properties.created = datetime.combine(heading.as_of, time())
    book.properties.language = heading.pick("zh-CN", "en")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _write_head(sheet: Worksheet, rows: Sequence[ExportRow], heading: Heading) -> None:
    last = len(SHEET) - 1
    title = heading.pick("任务分解表", "Duties")
    scope = heading.scope
    _put(sheet.cell(1, 1), f"{scope}{title}" if heading.language == "zh" else f"{title}: {scope}" if scope else title)  # fmt: skip
    _put(sheet.cell(2, 1), count_line(rows, heading))
    for at in (1, 2):
        sheet.merge_cells(start_row=at, end_row=at, start_column=1, end_column=last)
    sheet["A1"].font = Font(_FONT, size=18, bold=True)
    sheet["A1"].alignment = Alignment(horizontal="center", vertical="center")
    sheet["A2"].font = Font(_FONT, size=11)
    sheet["A2"].alignment = Alignment(horizontal="center", vertical="center")
    sheet.row_dimensions[1].height = 32
    sheet.row_dimensions[2].height = 20
    for column, spec in enumerate(SHEET, start=1):
        cell = sheet.cell(HEADER, column)
        _put(cell, side(spec.heading, heading.language))
        cell.font, cell.fill = Font(_FONT, size=10.5, bold=True), _HEAD
        cell.alignment, cell.border = _CENTRE, _BOX
        sheet.column_dimensions[get_column_letter(column)].width = spec.width
    sheet.row_dimensions[HEADER].height = 30


_BODY, _LINK = Font(_FONT, size=10), Font(_FONT, size=10, color="1F4E8C", underline="single")
_UNLOCKED = Protection(locked=False)


def _write_row(sheet: Worksheet, at: int, row: ExportRow, heading: Heading, place: str) -> None:
    texts = {spec.part: spec.text(row, heading.language) for spec in SHEET}
    shown = ((texts[spec.part], spec.width) for spec in SHEET if spec.part is not Part.KEY)
    sheet.row_dimensions[at].height = _height(shown)
    for column, spec in enumerate(SHEET, start=1):
        cell = sheet.cell(at, column)
        cell.font, cell.border = _BODY, _BOX
        cell.alignment = _CENTRE if spec.centred else _WRAP
        if spec.part in FILLED_IN:
            cell.protection, cell.fill = _UNLOCKED, _OPEN
        if spec.part is Part.NUMBER:
            cell.value = row.number
        elif spec.part is Part.DUE:
            cell.value, cell.number_format = row.due, "yyyy-mm-dd"
        elif spec.part is Part.PERCENT:
            cell.value, cell.number_format = row.percent, "0"
        else:
            _put(cell, texts[spec.part])
        if spec.part is Part.DUE and row.colour in _FILLS:
            cell.fill = _FILLS[row.colour]
        elif spec.part is Part.ACTUALS:
            cell.number_format = "@"  # as text, “85%” and “1.50” stay as they were typed
        elif spec.part is Part.KEY:
            cell.alignment = Alignment(wrap_text=False)
        elif spec.part is Part.SOURCE and at - HEADER <= _MOST_LINKS:
            cell.font = _LINK
            cell.hyperlink = (
                Hyperlink(ref=cell.coordinate, target=row.link(heading.base_url))
                if heading.base_url
                else Hyperlink(ref=cell.coordinate, location=place)
            )


def _height(texts: Iterable[tuple[str, float]]) -> float:
    """How high a row must be (points) for its wrapped texts, given with their columns' widths.

    Neither Excel nor LibreOffice fits rows by itself when it opens or prints a file made elsewhere.
    A Chinese character at 10 points takes 1.8 of the units that widths are measured in.
    """
    lines = 1
    for text, width in texts:
        room = max(1.0, width - 1.2)
        wide = (sum(1.8 if ord(c) > 0x2E7F else 1.05 for c in line) for line in text.split("\n"))
        lines = max(lines, sum(max(1, math.ceil(w / room)) for w in wide))
    return min(_HIGHEST, lines * 13.5 + 5)


def _set_up(sheet: Worksheet, rows: Sequence[ExportRow], heading: Heading) -> None:
    last = HEADER + max(1, len(rows))
    letters = {spec.part: get_column_letter(at) for at, spec in enumerate(SHEET, start=1)}
    shown = get_column_letter(len(SHEET) - 1)
    sheet.column_dimensions[letters[Part.KEY]].hidden = True
    sheet.auto_filter.ref = f"A{HEADER}:{shown}{last}"
    sheet.freeze_panes = f"C{HEADER + 1}"
    percent = DataValidation(
        "whole", operator="between", formula1="0", formula2="100", allow_blank=True,
        showErrorMessage=True, errorTitle=heading.pick("进展", "Progress"),
        error=heading.pick("请填 0 到 100 的整数", "a whole number from 0 to 100"),
    )  # fmt: skip
    choices = ",".join(side(names, heading.language) for names in SETTABLE.values())
    status = DataValidation(
        "list", formula1=f'"{choices}"', allow_blank=True, showErrorMessage=True,
        errorTitle=heading.pick("状态", "Status"),
        error=heading.pick(
            "只能改为签收、承办或报送办结，其余由督办部门办理",
            "only accepted, in progress or submit as completed",
        ),
    )  # fmt: skip
    for rule, letter in ((percent, letters[Part.PERCENT]), (status, letters[Part.STATUS])):
        rule.add(f"{letter}{HEADER + 1}:{letter}{last}")
        sheet.add_data_validation(rule)
    lock = sheet.protection
    lock.sheet, lock.autoFilter, lock.formatColumns, lock.formatRows = True, False, False, False
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    margins = sheet.page_margins
    margins.left = margins.right = 0.4
    margins.top = margins.bottom = 0.6
    margins.header = margins.footer = 0.3
    sheet.print_options.horizontalCentered = True
    sheet.print_title_rows = f"{HEADER}:{HEADER}"
    sheet.print_area = f"A1:{shown}{last}"
    sheet.oddFooter.center.text = heading.pick("第 &P 页，共 &N 页", "page &P of &N")


def _write_sources(sheet: Worksheet, rows: Sequence[ExportRow], heading: Heading) -> dict[str, int]:
    """Write each clause once; gives the row of each."""
    heads = (
        (("条款", "Clause"), 14), (("原文", "Text"), 70), (("计划", "Plan"), 20), (("文件", "Document"), 28),
        (("文号", "Number"), 16), (("起", "Start"), 7), (("止", "End"), 7), (("SHA-256", "SHA-256"), 36),
        (("文件名", "File"), 18),
    )  # fmt: skip
    for column, (names, width) in enumerate(heads, start=1):
        cell = sheet.cell(1, column)
        _put(cell, side(names, heading.language))
        cell.font, cell.fill, cell.border = Font(_FONT, size=10.5, bold=True), _HEAD, _BOX
        cell.alignment = _CENTRE
        sheet.column_dimensions[get_column_letter(column)].width = width
    places: dict[str, int] = {}
    for row in rows:
        if row.clause_id in places:
            continue
        at = places[row.clause_id] = len(places) + 2
        found = (
            row.path, row.clause_text, row.plan, row.document, row.document_number or "",
            row.clause_span.start, row.clause_span.end, row.sha256, row.document_name,
        )  # fmt: skip
        widths = [width for _, width in heads]
        sheet.row_dimensions[at].height = _height(zip(map(str, found), widths, strict=True))
        for column, value in enumerate(found, start=1):
            cell = sheet.cell(at, column)
            cell.font, cell.alignment, cell.border = _BODY, _WRAP, _BOX
            if isinstance(value, str):
                _put(cell, value)
            else:
                cell.value = value
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(heads))}{max(2, len(places) + 1)}"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:1"
    sheet.protection.sheet, sheet.protection.autoFilter = True, False
    sheet.protection.formatColumns = False
    return places


def _put(cell: Cell, text: str) -> None:
    """Put text into a cell as text, whatever it begins with."""
    if not text:
        return
    cell.value = encode_cell(text)
    cell.data_type = "s"
    if is_risky(text):
        cell.quotePrefix = True

"""The digest as an Excel file: a sheet of numbers, a sheet of lines to filter and sort."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from kb.language.roles import Role
from kb.wording import wording
from tasks.abolished import marked
from tasks.digest import words
from tasks.digest.models import Digest, Line
from tasks.digest.packed import moment_of, repack
from tasks.digest.view import View, link_to, view_of
from tasks.due import State
from tasks.exports.cells import encode_cell
from tasks.lifecycle import STATUS_NAMES
from tasks.words import NOT_TOLD

Value = str | int | date | None

_WIDTHS = {
    "section": 16, "own_role": 11, "duty": 48, "lead": 18, "responsible": 24, "joint": 20,
    "others": 20, "due": 12, "notes": 34, "inherited": 13, "days_overdue": 10, "status": 11,
    "percent": 11, "reported_on": 13, "progress": 36, "targets": 36, "document_number": 20, "plan": 36,
    "clause": 16, "milestone": 26, "occurrence": 12,
}  # fmt: skip
_COLUMNS = wording("tasks", "duty_columns", _WIDTHS)
_FILLS = {"red": "F9DEDC", "yellow": "FCE8C8", "blue": "DCE9F9"}


def render_xlsx(digest: Digest, language: str, base_url: str = "") -> bytes:
    """The file. Equal digests give equal bytes; no text in it runs as a formula."""
    view = view_of(digest, language, base_url)
    zh = language == "zh"
    book = Workbook()
    summary = book.active
    assert isinstance(summary, Worksheet)  # noqa: S101 - a new workbook has one sheet
    summary.title = "汇总" if zh else "Summary"
    _summary(summary, view, zh)
    if not digest.all_clear:
        _lines(book.create_sheet("清单" if zh else "Duties"), digest, view, language, base_url)
    book.properties.title = encode_cell(view.subject)[:255]
    book.properties.creator = book.properties.lastModifiedBy = "duban"
    book.properties.created = book.properties.modified = moment_of(digest.as_of)
    out = BytesIO()
    # Workbook.save would write the present moment over `modified`.
    ExcelWriter(book, ZipFile(out, "w", ZIP_DEFLATED)).save()
    return repack(out.getvalue())


def _summary(sheet: Worksheet, view: View, zh: bool) -> None:
    _put(sheet, 1, 1, f"{view.heading} {view.week}")
    sheet.cell(1, 1).font = Font(bold=True, size=14)
    _put(sheet, 2, 1, f"{view.name}{'，' if zh else ', '}{view.as_of}")
    place = 4
    for line in (view.all_clear,) if view.all_clear else view.notes:
        _put(sheet, place, 1, line)
        place += 1
    if not view.all_clear:
        place += 1
        for label, number, colour in view.tiles:
            _put(sheet, place, 1, label)
            _put(sheet, place, 2, number)
            if number and colour in _FILLS:
                _tint(sheet, place, 2, colour)
            place += 1
    if view.unit_rows:
        place += 1
        _head(sheet, place, view.unit_columns)
        first = place
        for row in view.unit_rows:
            place += 1
            for column, value in enumerate(row, 1):
                _put(sheet, place, column, value)
        sheet.auto_filter.ref = f"A{first}:{get_column_letter(len(view.unit_columns))}{place}"
    _put(sheet, place + 2, 1, view.more_units or None)
    _put(sheet, place + 3, 1, view.footer)
    sheet.column_dimensions["A"].width = 28
    for column in range(2, 8):
        sheet.column_dimensions[get_column_letter(column)].width = 14


def _lines(sheet: Worksheet, digest: Digest, view: View, language: str, base_url: str) -> None:
    side = 0 if language == "zh" else 1
    _head(sheet, 1, [names[side] for names in _COLUMNS.values()])
    joint = ("配合事项：", "joint: ")[side]
    groups: list[tuple[str, str, Sequence[Line]]] = [
        (prefix + words.SECTION_NAMES[s.kind][side].format(digest.within), v.colour, s.lines)
        for prefix, sections, views in (("", digest.sections, view.sections), (joint, digest.joint, view.joint))
        for s, v in zip(sections, views, strict=True)
    ]  # fmt: skip
    if digest.longest:
        groups.append((view.longest_title, view.longest_colour, digest.longest))
    place = 1
    for name, colour, lines in groups:
        for line in lines:
            place += 1
            for column, value in enumerate(_values(name, line, language), 1):
                _put(sheet, place, column, value)
            if colour in _FILLS:
                _tint(sheet, place, 1, colour)
            if link := link_to(line, base_url):
                clause = sheet.cell(place, 19)
                clause.hyperlink = link
                clause.font = Font(color="1A5FB4", underline="single")
    for column, width in enumerate(_WIDTHS.values(), 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = "D2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(_COLUMNS))}{place}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:1"


def _values(section: str, line: Line, language: str) -> tuple[Value, ...]:
    item, source, zh = line.item, line.detail.source, language == "zh"
    others = [
        f"{words.role_title(role, language)} {words.join_names(line.units(role))}"
        for role in (Role.SUPERVISE, Role.APPROVE, Role.MEMBER)
        if line.units(role)
    ]
    goals = [f"{goal}：{stands}" for goal, stands in (words.goal_words(g, language) for g in line.detail.goals)]  # fmt: skip
    return (
        section,
        "、".join(words.role_title(role, language) for role in line.roles),
        item.commitment,
        *(words.join_names(line.units(role)) for role in (Role.LEAD, Role.RESPONSIBLE, Role.JOINT)),
        "；".join(others),
        item.due,
        "；".join(words.deadline_notes(line, language)),
        ("是" if zh else "yes") if item.inherited else "",
        item.days if item.state is State.OVERDUE else None,
        (STATUS_NAMES[item.status] if item.status else NOT_TOLD)[0 if zh else 1],
        item.life.percent,
        item.life.reported_on,
        "；".join(words.progress_notes(item, language)),
        "\n".join(goals),
        source.document_number or "",
        marked(source.plan_title, line.abolished_by, language),
        source.path,
        item.milestone_id,
        item.occurrence,
    )


def _head(sheet: Worksheet, place: int, names: Sequence[str]) -> None:
    for column, name in enumerate(names, 1):
        _put(sheet, place, column, name)
        cell = sheet.cell(place, column)
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="F1F3F4")


def _tint(sheet: Worksheet, place: int, column: int, colour: str) -> None:
    sheet.cell(place, column).fill = PatternFill("solid", fgColor=_FILLS[colour])


def _put(sheet: Worksheet, place: int, column: int, value: Value) -> None:
    """Write a cell. Text stays text: its type is set after its value, which openpyxl would
    take for a formula when it begins with `=`, and Excel keeps it so by the quote prefix."""
    if value is None or value == "":
        return
    cell = sheet.cell(place, column)
    if isinstance(value, str):
        cell.value = encode_cell(value)
        cell.data_type = "s"
        cell.quotePrefix = True
        if sheet.title in ("清单", "Duties"):
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        return
    cell.value = value
    if sheet.title in ("清单", "Duties"):
        cell.alignment = Alignment(vertical="top")
    if isinstance(value, date):
        cell.number_format = "yyyy-mm-dd"

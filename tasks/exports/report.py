"""The report on duties as a Word file, by plan or by unit, to hand to a leader."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time
from enum import StrEnum
from typing import Any

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import Table, _Cell, _Row
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from kb.language.numerals import chinese_ordinal
from tasks.abolished import marked
from tasks.due import PAST, Colour, State
from tasks.exports.cells import plain
from tasks.exports.rows import ExportRow, ExportTarget
from tasks.exports.words import (
    describe_days,
    describe_deadline,
    describe_status,
    side,
)
from tasks.exports.workbook import Heading, count_line
from tasks.lifecycle import Verdict
from tasks.words import ROLE_TITLES, describe_number, describe_target

# The faces of official documents (GB/T 9704-2012, 7.2 and 5.2): title, heads, body.
_TITLE, _HEAD, _BODY, _LATIN = "方正小标宋简体", "黑体", "仿宋_GB2312", "Times New Roman"
_SHADES = {Colour.RED: "F8CBC6", Colour.YELLOW: "FFE8A3", Colour.BLUE: "CFE2F5"}
_WIDTHS = (13, 64, 40, 39, 43, 40, 28)
"""Millimetres of the columns; together what A4 across leaves between its margins."""


class By(StrEnum):
    """What a report has a table for."""

    PLAN = "plan"
    UNIT = "unit"


def render_docx(rows: Sequence[ExportRow], heading: Heading, *, by: By = By.PLAN) -> bytes:
    """The report's bytes. By unit, a duty stands with every unit that bears it (in the line over
    all it counts once), the units with most overdue first; duties that no unit bears come last."""
    document = docx.Document()
    _set_up(document)
    title = heading.pick("督办任务进展情况报告", "Report on duties")
    over = f"{heading.scope}{title}" if heading.language == "zh" else f"{title}: {heading.scope}" if heading.scope else title  # fmt: skip
    _line(document, over, _TITLE, 22, centred=True)
    _line(document, count_line(rows, heading), _BODY, 12, centred=True)
    groups = _groups(rows, by, heading)
    if len(groups) > 1:
        _totals(document, groups, by, heading)
    for place, (name, members) in enumerate(groups, start=1):
        head = _line(document, f"{place}. {name}" if heading.language == "en" else f"{chinese_ordinal(place) if place < 100 else place}、{name}", _HEAD, 15)  # fmt: skip
        head.paragraph_format.keep_with_next = True
        head.paragraph_format.space_before = Pt(12)
        _duties(document, members, heading)
    if not rows:
        _line(
            document, heading.pick("没有符合条件的任务。", "There are no such duties."), _BODY, 12
        )
    properties = document.core_properties
    properties.title, properties.author = plain(over), "duban"
    properties.language = heading.pick("zh-CN", "en")
    # The day it is about: nothing here reads the clock.
    properties.created = properties.modified = datetime.combine(heading.as_of, time(), UTC)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _groups(
    rows: Sequence[ExportRow], by: By, heading: Heading
) -> list[tuple[str, list[ExportRow]]]:
    nobody = heading.pick("未明确承办单位", "borne by no named unit")
    found: dict[str, list[ExportRow]] = {}
    for row in rows:
        for key in [row.plan] if by is By.PLAN else row.bearer_ids or (nobody,):
            found.setdefault(key, []).append(row)
    if by is By.PLAN:
        return list(found.items())
    names = {u.unit_id: u.unit for row in reversed(rows) for u in row.units}
    # What a leader asks first: who has most overdue.
    ordered = sorted(found.items(), key=lambda group: (group[0] == nobody, -_late(group[1])))
    return [(names.get(key, key), members) for key, members in ordered]


def _late(rows: Sequence[ExportRow]) -> int:
    return sum(row.state in PAST for row in rows)


def _totals(
    document: Document, groups: Sequence[tuple[str, list[ExportRow]]], by: By, heading: Heading
) -> None:
    told = all(row.told for _, members in groups for row in members)
    first = heading.pick("计划", "Plan") if by is By.PLAN else heading.pick("单位", "Unit")
    counted: list[tuple[str, Callable[[ExportRow], bool]]] = [
        (heading.pick("任务", "Duties"), lambda r: True),
        (heading.pick("逾期", "Overdue") if told else heading.pick("时限已过", "Day passed"), lambda r: r.state in PAST),
        (heading.pick("将到期", "Due soon"), lambda r: r.state is State.DUE_SOON),
    ]  # fmt: skip
    if told:
        counted += [
            (heading.pick("待审核", "For review"), lambda r: r.state is State.REVIEW),
            (heading.pick("已结束", "Finished"), lambda r: r.state is State.FINISHED),
            (heading.pick("未报告进展", "No report"), lambda r: r.reports == 0),
        ]
    width = 162 // len(counted)
    table = _table(document, [first, *(head for head, _ in counted)], (105, *[width] * len(counted)))  # fmt: skip
    for name, members in groups:
        cells = _cells(table)
        _fill(cells[0], name)
        for cell, (_, test) in zip(cells[1:], counted, strict=True):
            _fill(cell, str(sum(map(test, members))), centred=True)
    _finish(table)


def _duties(document: Document, rows: Sequence[ExportRow], heading: Heading) -> None:
    heads = [
        heading.pick(*names)
        for names in (("序号", "No."), ("任务", "Duty"), ("承办单位", "Units"), ("时限", "Deadline"),
                      ("目标与实际", "Targets"), ("进展", "Progress"), ("条款", "Clause"))
    ]  # fmt: skip
    table = _table(document, heads, _WIDTHS)
    language = heading.language
    for place, row in enumerate(rows, start=1):
        cells = _cells(table)
        due = "" if row.due is None else str(row.due)
        _fill(cells[0], str(place), centred=True)
        _fill(cells[1], row.task)
        _fill(cells[2], _units(row, language))
        _fill(cells[3], _lines(due, describe_deadline(row, language), describe_days(row, language)))
        _fill(cells[4], _lines(*(_goal(t, language) for t in row.targets)))
        _fill(cells[5], _progress(row, language))
        _fill(cells[6], marked(row.path, row.abolished_by, language))
        if shade := _SHADES.get(row.colour):
            _shade(cells[3], shade)
    _finish(table)


def _units(row: ExportRow, language: str) -> str:
    mark = "：" if language == "zh" else ": "
    return _lines(
        *(
            f"{side(names, language)}{mark}{'、'.join(row.bearing(role))}"
            for role, names in ROLE_TITLES.items()
            if row.bearing(role)
        )
    )


def _goal(target: ExportTarget, language: str) -> str:
    zh = language == "zh"
    goal = describe_target(target, language)
    if target.verdict is Verdict.WITHHELD:
        return goal
    if target.actual is None:
        return f"{goal}{'，未报实际值' if zh else ', no value reported'}"
    actual = f"{describe_number(target.actual)}{target.measure or ''}"
    if target.verdict is Verdict.MET:
        return f"{goal}{f'，实际 {actual}，达标' if zh else f', actual {actual}: met'}"
    gap = f"{describe_number(target.gap or target.value * 0)}{target.measure or ''}"
    return f"{goal}{f'，实际 {actual}，差 {gap}' if zh else f', actual {actual}: short by {gap}'}"


def _progress(row: ExportRow, language: str) -> str:
    state = describe_status(row, language)
    if not row.told:
        return state
    if not row.reports:
        return _lines(state, side(("未报告进展", "no progress reported"), language))
    done = "" if row.percent is None else f" {row.percent}%"
    return _lines(f"{state}{done}", row.report, f"（{row.reported_on}）" if row.reported_on else "")


def _lines(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


def _set_up(document: Document) -> None:
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(297), Mm(210)
    section.left_margin = section.right_margin = Mm(15)
    section.top_margin, section.bottom_margin = Mm(20), Mm(18)
    style = document.styles["Normal"]
    style.font.name, style.font.size = _LATIN, Pt(10.5)
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _BODY)
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(foot, "— ", _BODY, 10.5)
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        run = _run(foot, "", _BODY, 10.5)
        element = OxmlElement("w:instrText" if text else "w:fldChar")
        if text:
            element.text = text
        else:
            element.set(qn("w:fldCharType"), kind)
        run._r.append(element)
    _run(foot, " —", _BODY, 10.5)


def _line(
    document: Document, text: str, face: str, size: float, *, centred: bool = False
) -> Paragraph:
    paragraph = document.add_paragraph()
    if centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.space_after = Pt(6)
    _run(paragraph, plain(text), face, size)
    return paragraph


def _run(paragraph: Paragraph, text: str, face: str, size: float) -> Run:
    run = paragraph.add_run(text)
    run.font.name, run.font.size = _LATIN, Pt(size)
    run.font.color.rgb = RGBColor(0, 0, 0)
    run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), face)
    return run


def _table(document: Document, heads: Sequence[str], widths: Sequence[int]) -> Table:
    table: Table = document.add_table(rows=1, cols=len(heads))
    table.style = "Table Grid"
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    first = table.rows[0]
    for cell, head in zip(first.cells, heads, strict=True):
        _fill(cell, head, centred=True, face=_HEAD)
        _shade(cell, "DCE6EE")
    first._tr.get_or_add_trPr().append(_mark("w:tblHeader"))  # again on each page
    return table


def _cells(table: Table) -> tuple[_Cell, ...]:
    """The cells of a new row."""
    row: _Row = table.add_row()  # type: ignore[no-untyped-call]
    return row.cells


def _finish(table: Table) -> None:
    """Word goes by the cells' own widths; no row is split between pages."""
    widths = [column.width for column in table.columns]
    for row in table.rows:
        row._tr.get_or_add_trPr().append(_mark("w:cantSplit"))
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = width


def _mark(name: str) -> Any:
    element = OxmlElement(name)
    element.set(qn("w:val"), "true")
    return element


def _fill(cell: _Cell, text: str, *, centred: bool = False, face: str = _BODY) -> None:
    cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
    paragraph = cell.paragraphs[0]
    if centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(2)
    _run(paragraph, plain(text), face, 10.5)


def _shade(cell: _Cell, colour: str) -> None:
    shade = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", colour)):
        shade.set(qn(f"w:{name}"), value)
    cell._tc.get_or_add_tcPr().append(shade)

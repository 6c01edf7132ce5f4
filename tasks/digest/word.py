"""The digest as a Word file: A4, Chinese fonts named, a table for each section."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.table import Table, _Cell, _Row
from docx.text.paragraph import Paragraph

from tasks.digest.chart import render_png
from tasks.digest.models import Digest
from tasks.digest.packed import moment_of, repack
from tasks.digest.view import LineView, SectionView, View, view_of
from tasks.exports.cells import plain

_BODY, _HEAD, _LATIN = "仿宋", "黑体", "Times New Roman"
_COLOURS = {"red": "B3261E", "yellow": "8A5200", "blue": "1A5FB4", "plain": "222222"}
_GREY = "5F6368"
_WIDTHS = (1.25, 5.75, 3.3, 3.5, 3.4)
"""Centimetres of the columns of lines; together the width of an A4 page between its margins."""
_UNIT_WIDTHS = (5.2, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0)


def render_docx(digest: Digest, language: str, base_url: str = "") -> bytes:
    """The file. Equal digests give equal bytes."""
    view = view_of(digest, language, base_url)
    document = Document()
    _set_page(document)
    _set_styles(document)
    _set_properties(document, digest, view)
    _footer(document)
    title = document.add_paragraph(style="Title")
    _say(title, view.heading)
    line = document.add_paragraph()
    line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _say(line, view.week)
    line = document.add_paragraph()
    line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _say(line, view.name, bold=True, size=14)
    _say(line, f"{'，' if language == 'zh' else ', '}{view.as_of}")
    if view.all_clear:
        _say(document.add_paragraph(), view.all_clear)
    else:
        _body(document, view)
    _say(document.add_paragraph(), view.footer, size=9, colour=_GREY)
    out = BytesIO()
    document.save(out)
    return repack(out.getvalue())


def _body(document: WordDocument, view: View) -> None:
    _tiles(document, view)
    for note in view.notes:
        _say(document.add_paragraph(), note)
    if view.chart:
        picture = document.add_paragraph()
        picture.paragraph_format.space_before = Pt(6)
        shape = picture.add_run().add_picture(BytesIO(render_png(view.chart)), width=Cm(15.5))
        said = shape._inline.docPr
        said.set("title", plain(view.chart.title))
        said.set("descr", plain(view.chart.description))
        _say(document.add_paragraph(), view.chart.description, size=9, colour=_GREY)
    if view.unit_rows:
        _heading(document, view.unit_title, 1, "plain")
        _units(document, view)
    if view.more_units:
        _say(document.add_paragraph(), view.more_units, size=9, colour=_GREY)
    if view.longest:
        _heading(document, view.longest_title, 1, view.longest_colour)
        _lines(document, view, view.longest, (), "")
    for section in view.sections:
        _section(document, view, section, 1)
    if view.joint:
        _heading(document, view.joint_title, 1, "plain")
        for section in view.joint:
            _section(document, view, section, 2)


def _set_page(document: WordDocument) -> None:
    page = document.sections[0]
    page.orientation = WD_ORIENT.PORTRAIT
    page.page_width, page.page_height = Cm(21.0), Cm(29.7)
    page.left_margin = page.right_margin = Cm(1.9)
    page.top_margin, page.bottom_margin = Cm(2.0), Cm(1.8)


def _set_styles(document: WordDocument) -> None:
    for name, font, size in (
        ("Normal", _BODY, 11.0),
        ("Title", _HEAD, 22.0),
        ("Heading 1", _HEAD, 14.0),
        ("Heading 2", _HEAD, 12.0),
    ):
        style = document.styles[name]
        assert isinstance(style, ParagraphStyle)  # noqa: S101 - the template that the library ships
        style.font.name, style.font.size = _LATIN, Pt(size)
        style.font.color.rgb = RGBColor.from_string("222222")
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:eastAsia"), font)
        style.paragraph_format.space_after = Pt(3)
    title = document.styles["Title"]
    assert isinstance(title, ParagraphStyle)  # noqa: S101
    title.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for border in title.element.iter(qn("w:pBdr")):
        border.getparent().remove(border)
        break
    languages = document.styles["Normal"].element.get_or_add_rPr()
    lang = OxmlElement("w:lang")
    lang.set(qn("w:val"), "en-US")
    lang.set(qn("w:eastAsia"), "zh-CN")
    languages.append(lang)


def _set_properties(document: WordDocument, digest: Digest, view: View) -> None:
    properties = document.core_properties
    properties.title = plain(view.subject)[:255]
    properties.author = properties.last_modified_by = "duban"
    properties.comments = ""
    properties.language = "zh-CN" if view.language == "zh" else "en"
    properties.created = properties.modified = moment_of(digest.as_of)
    properties.revision = 1


def _footer(document: WordDocument) -> None:
    """The page's number, counted by Word."""
    line = document.sections[0].footer.paragraphs[0]
    line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = line.add_run()
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(qn("w:fldCharType"), kind)
        else:
            part.text = text
        run._r.append(part)


def _heading(document: WordDocument, text: str, level: int, colour: str) -> None:
    line = document.add_paragraph(style=f"Heading {level}")
    line.paragraph_format.space_before = Pt(12)
    _say(line, text, colour=_COLOURS[colour], font=_HEAD)


def _section(document: WordDocument, view: View, section: SectionView, level: int) -> None:
    _heading(document, section.title, level, section.colour)
    _lines(document, view, section.dated, section.inherited, section.inherited_title)


def _tiles(document: WordDocument, view: View) -> None:
    table = document.add_table(rows=2, cols=len(view.tiles))
    _shape(table, [17.2 / len(view.tiles)] * len(view.tiles))
    for place, (label, number, colour) in enumerate(view.tiles):
        for row, text, size, bold in ((0, str(number), 18, True), (1, label, 9, False)):
            line = table.cell(row, place).paragraphs[0]
            line.alignment = WD_ALIGN_PARAGRAPH.CENTER
            _say(line, text, size=size, bold=bold, colour=_COLOURS[colour if number else "plain"])
    document.add_paragraph().paragraph_format.space_after = Pt(0)


def _units(document: WordDocument, view: View) -> None:
    table = document.add_table(rows=1, cols=len(view.unit_columns))
    _head(table, view.unit_columns)
    for cells in view.unit_rows:
        row = _row(table)
        for place, cell in enumerate(cells):
            line = row[place].paragraphs[0]
            if place:
                line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            _say(line, str(cell), size=10)
    _shape(table, _UNIT_WIDTHS[: len(view.unit_columns)])


def _lines(
    document: WordDocument,
    view: View,
    dated: Sequence[LineView],
    inherited: Sequence[LineView],
    inherited_title: str,
) -> None:
    table = document.add_table(rows=1, cols=len(view.columns))
    _head(table, view.columns)
    for line in dated:
        _line(table, line)
    if inherited:
        cells = _row(table)
        whole = cells[0].merge(cells[-1])
        _say(whole.paragraphs[0], inherited_title, size=9, colour=_GREY)
        for line in inherited:
            _line(table, line)
    _shape(table, _WIDTHS)


def _line(table: Table, line: LineView) -> None:
    number, duty, units, due, progress = _row(table)
    _say(number.paragraphs[0], str(line.number), size=10)
    _say(duty.paragraphs[0], line.duty, size=10.5, bold=True)
    if line.own_role:
        _say(_next(duty), line.own_role, size=9)
    for goal, stands, _ in line.goals:
        _say(_next(duty), f"{goal}：{stands}", size=9)
    source = _next(duty)
    if line.link:
        _link(source, line.source, line.link)
    else:
        _say(source, line.source, size=9, colour=_GREY)
    _fill(units, [(f"{role} {names}".strip(), 10, "222222") for role, names in line.units])
    said = [(line.due, 10.5, "222222")]
    said += [(line.distance, 9, _COLOURS["plain"])] if line.distance else []
    _fill(due, said + [(note, 9, _GREY) for note in line.due_notes])
    colours = [_COLOURS["red"] if line.alarm else "222222"] + ["222222"] * len(line.progress)
    _fill(progress, [(note, 9.5, c) for note, c in zip(line.progress, colours, strict=False)])


def _fill(cell: _Cell, said: Sequence[tuple[str, float, str]]) -> None:
    for place, (text, size, colour) in enumerate(said):
        line = _next(cell) if place else cell.paragraphs[0]
        _say(line, text, size=size, colour=colour)


def _row(table: Table) -> tuple[_Cell, ...]:
    """The cells of a new row."""
    row: _Row = table.add_row()  # type: ignore[no-untyped-call]
    return row.cells


def _next(cell: _Cell) -> Paragraph:
    line: Paragraph = cell.add_paragraph()
    return line


def _head(table: Table, columns: Sequence[str]) -> None:
    """The first row: repeated on each page, shaded."""
    row = table.rows[0]
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(repeat)
    for place, name in enumerate(columns):
        cell = row.cells[place]
        shade = OxmlElement("w:shd")
        shade.set(qn("w:val"), "clear")
        shade.set(qn("w:color"), "auto")
        shade.set(qn("w:fill"), "F1F3F4")
        cell._tc.get_or_add_tcPr().append(shade)
        _say(cell.paragraphs[0], name, size=10, bold=True, font=_HEAD)


def _shape(table: Table, widths: Sequence[float]) -> None:
    """Lines around cells, fixed widths, rows whole on one page, no space between paragraphs."""
    table.style = "Table Grid"
    table.autofit = False
    margins = OxmlElement("w:tblCellMar")
    for side, twips in (("top", 45), ("left", 85), ("bottom", 55), ("right", 85)):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(twips))
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    properties = table._tbl.tblPr
    look = properties.find(qn("w:tblLook"))
    if look is None:
        properties.append(margins)
    else:
        look.addprevious(margins)  # the schema has it before the look
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    for place, width in enumerate(widths):
        table.columns[place].width = Cm(width)
    for row in table.rows:
        whole = OxmlElement("w:cantSplit")
        row._tr.get_or_add_trPr().insert(0, whole)
        merged = len({id(cell._tc) for cell in row.cells}) == 1
        for place, cell in enumerate(row.cells):
            if not merged:
                cell.width = Cm(widths[place])
            for line in cell.paragraphs:
                line.paragraph_format.space_after = Pt(0)


def _say(
    line: Paragraph,
    text: str,
    *,
    size: float | None = None,
    bold: bool = False,
    colour: str = "",
    font: str = "",
) -> None:
    run = line.add_run(plain(text))
    run.bold = bold or None
    if size is not None:
        run.font.size = Pt(size)
    if colour:
        run.font.color.rgb = RGBColor.from_string(colour)
    if font:
        run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)


def _link(line: Paragraph, text: str, address: str) -> None:
    reference = line.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    link = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), reference)
    _say(line, text, size=9, colour=_COLOURS["blue"])
    link.append(line.runs[-1]._r)
    line._p.append(link)

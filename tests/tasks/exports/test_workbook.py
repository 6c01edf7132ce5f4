"""The Excel sheet, read again by openpyxl as anyone's program would."""

import io
import zipfile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.exports.cells import decode_cell
from tasks.exports.filled import read_filled
from tasks.exports.keys import actual_lines, row_key
from tasks.exports.sheet import FILLED_IN, HEADINGS, SHEET, Part
from tasks.exports.workbook import HEADER, Heading, render_xlsx
from tasks.lifecycle import Step
from tasks.store import Store
from tests.stores import new_store
from tests.tasks.export_samples import (
    HEADING,
    TODAY,
    put,
    row_of,
    rows_of,
    take,
    with_shared_strings,
)

COLUMN = {spec.part: at for at, spec in enumerate(SHEET, start=1)}


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    with Store.open(new_store(tmp_path_factory.mktemp("x"))) as store:
        put(store)
        row = row_of(store, "缩小差异")
        take(store, row, Step.ACCEPT)
        take(store, row, Step.REPORT, text="=1+1", percent=40, values={row.targets[0].id: 1})
        yield rows_of(store)


def opened(data: bytes):
    return openpyxl.load_workbook(io.BytesIO(data))


def test_one_row_for_each_milestone(rows):
    sheet = opened(render_xlsx(rows, HEADING))["任务分解表"]
    heads = [cell.value for cell in sheet[HEADER]]
    for wanted in ("序号", "任务", "牵头单位", "责任单位", "配合单位", "时限", "截止日期", "目标值", "状态", "进展（%）", "进展情况", "实际值", "来源条款"):  # fmt: skip
        assert wanted in heads
    found = list(sheet.iter_rows(min_row=HEADER + 1, values_only=True))
    assert len(found) == len(rows)
    for cells, row in zip(found, rows, strict=True):
        by = dict(zip([spec.part for spec in SHEET], cells, strict=True))
        assert by[Part.NUMBER] == row.number
        assert by[Part.DUTY] == row.task
        assert (by[Part.DUE].date() if by[Part.DUE] else None) == row.due
        assert by[Part.PERCENT] == row.percent
        assert (by[Part.RESPONSIBLE] or "") == "\n".join(r.unit for r in row.units if r.role == "responsible")  # fmt: skip
        assert by[Part.KEY] == row_key(row)
    [drill] = [r for r in found if r[COLUMN[Part.DUE] - 1] and "2026-06-30" in str(r[COLUMN[Part.DUE] - 1])]  # fmt: skip
    assert (drill[COLUMN[Part.LEAD] - 1], drill[COLUMN[Part.JOINT] - 1]) == ("区应急局", "区教委")
    assert "逾期1项" not in sheet["A2"].value
    assert "逾期2项" in sheet["A2"].value


def test_it_is_set_up_to_filter_to_print_and_to_fill_in(rows):
    book = opened(render_xlsx(rows, HEADING))
    sheet = book["任务分解表"]
    last = HEADER + len(rows)
    assert sheet.auto_filter.ref == f"A{HEADER}:O{last}"
    assert sheet.freeze_panes == f"C{HEADER + 1}"
    assert sheet.print_title_rows == f"${HEADER}:${HEADER}"
    assert (sheet.page_setup.orientation, int(sheet.page_setup.paperSize)) == ("landscape", 9)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.column_dimensions["P"].hidden
    assert sheet.protection.sheet
    for spec in SHEET:
        cell = sheet.cell(HEADER + 1, COLUMN[spec.part])
        assert cell.protection.locked is (spec.part not in FILLED_IN), spec.part
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    percent = rules[f"K{HEADER + 1}:K{last}"]
    assert (percent.type, percent.formula1, percent.formula2) == ("whole", "0", "100")
    assert rules[f"J{HEADER + 1}:J{last}"].formula1 == '"签收,承办,报送办结"'
    assert (book.properties.title, book.properties.language) == ("任务分解表 某区", "zh-CN")
    assert all(sheet.column_dimensions[c].width > 4 for c in "ABCDEFGHIJKLMNO")


def test_links_lead_to_the_clause(rows):
    book = opened(render_xlsx(rows, HEADING))
    sheet, sources = book["任务分解表"], book["来源"]
    for at, row in enumerate(rows, start=HEADER + 1):
        place = sheet.cell(at, COLUMN[Part.SOURCE]).hyperlink.location
        target = sources[place.removeprefix("'来源'!")].row
        path, text, plan, document, _, start, end, digest, name = (
            cell.value for cell in sources[target]
        )
        assert (path, text, plan) == (row.path, row.clause_text, row.plan)
        assert (document, digest, name) == (row.document, row.sha256, "plan.txt")
        assert (start, end) == tuple(row.clause_span)
    book = opened(render_xlsx(rows, Heading(TODAY, base_url="https://duban.example")))
    cell = book["任务分解表"].cell(HEADER + 1, COLUMN[Part.SOURCE])
    assert cell.hyperlink.target == rows[0].link("https://duban.example")


def test_english(rows):
    book = opened(render_xlsx(rows, Heading(TODAY, "区教委", "en")))
    assert book.sheetnames == ["Duties", "Sources"]
    heads = [cell.value for cell in book["Duties"][HEADER]]
    assert heads[:4] == ["No.", "Duty", "Lead", "Responsible"]
    assert not [h for h in heads if not h.isascii()]
    assert book["Duties"].cell(HEADER + 1, COLUMN[Part.STATUS]).value == "assigned"


def test_nothing_is_a_formula(rows):
    hostile = [r.model_copy(update=dict.fromkeys(("title", "commitment", "plan", "path", "report", "clause_text", "document", "document_name"), "=cmd|' /C calc'!A0")) for r in rows]  # fmt: skip
    data = render_xlsx(hostile, Heading(TODAY, "=1+1"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            assert b"<f>" not in archive.read(name)
    for sheet in opened(data):
        for cells in sheet.iter_rows():
            for cell in cells:
                assert cell.data_type != "f"
                if isinstance(cell.value, str) and cell.value.startswith("="):
                    assert cell.quotePrefix


@settings(max_examples=40, deadline=None)
@given(text=st.text(max_size=200) | st.text(st.sampled_from("=-\r\n\t_x005F_x0041_\x01 😀'"), max_size=40))  # fmt: skip
def test_any_report_comes_back(rows, text):
    row = rows[0].model_copy(update={"report": text, "title": text or "x", "commitment": ""})
    data = render_xlsx([row], HEADING)
    for form in (data, with_shared_strings(data)):
        [back] = read_filled(form, "x.xlsx").rows
        assert back.faults == ()
        assert back.cells[Part.REPORT] == text.strip()
        assert back.cells[Part.KEY] == row_key(row)


def test_what_comes_back_is_what_was_written(rows):
    for heading in (HEADING, Heading(TODAY, "", "en")):
        filled = read_filled(render_xlsx(rows, heading), "x.xlsx")
        assert [f.number for f in filled.rows] == [HEADER + r.number for r in rows]
        for back, row in zip(filled.rows, rows, strict=True):
            assert back.cells[Part.PERCENT] == ("" if row.percent is None else str(row.percent))
            assert back.cells[Part.ACTUALS] == actual_lines(row)
            assert back.cells[Part.DUTY] == decode_cell(row.task).strip()


def test_no_rows_at_all():
    data = render_xlsx([], HEADING)
    assert read_filled(data, "x.xlsx").rows == ()
    assert opened(data)["任务分解表"]["A1"].value == "某区任务分解表"


def test_headings_are_known_in_both_languages():
    for spec in SHEET:
        assert set(spec.heading) < HEADINGS[spec.part]
    every = [h for names in HEADINGS.values() for h in names]
    assert len(every) == len(set(every))

"""The Word report, read again by python-docx."""

import io

import docx
import pytest
from docx.oxml.ns import qn

from tasks.exports.report import By, render_docx
from tasks.exports.workbook import Heading
from tasks.lifecycle import Step
from tasks.store import Store
from tests.stores import new_store
from tests.tasks.export_samples import HEADING, TODAY, put, row_of, rows_of, take
from tests.tasks.samples import unit_of


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    with Store.open(new_store(tmp_path_factory.mktemp("r"))) as store:
        put(store)
        row = row_of(store, "缩小差异")
        take(store, row, Step.ACCEPT)
        values = dict(zip([t.id for t in row.targets], ("0.48", "0.5"), strict=True))
        take(store, row, Step.REPORT, text="已抽查\x0b四所", percent=60, values=values)
        yield rows_of(store)


def read(data: bytes):
    return docx.Document(io.BytesIO(data))


def grid(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_by_plan(rows):
    document = read(render_docx(rows, HEADING))
    words = [p.text for p in document.paragraphs]
    assert words[0] == "某区督办任务进展情况报告"
    assert words[1].startswith("截至2026年3月2日　共6项，逾期2项")
    assert "一、某区防汛工作方案" in words
    [table] = document.tables
    cells = grid(table)
    assert cells[0] == ["序号", "任务", "承办单位", "时限", "目标与实际", "进展", "条款"]
    assert len(cells) == 1 + len(rows)
    found = next(line for line in cells if "缩小差异" in line[1])
    assert found[2] == "责任：区教委"
    assert found[3].startswith("2026-12-31\n到2026年")
    assert "实际 0.48，达标" in found[4]
    assert "实际 0.5，差 0.05" in found[4]
    assert found[5] == "承办 60%\n已抽查\ufffd四所\n（2026-03-02）"
    assert found[6] == rows[4].path
    late = next(line for line in cells if "整治隐患" in line[1])
    assert late[3].endswith("逾期61天")
    assert late[5] == "交办\n未报告进展"


def test_by_unit_each_bearer_has_a_table_and_totals_count(rows):
    document = read(render_docx(rows, HEADING, by=By.UNIT))
    totals, *tables = map(grid, document.tables)
    assert totals[0][0] == "单位"
    counted = {line[0]: int(line[1]) for line in totals[1:]}
    assert counted["区教委"] == sum(unit_of("区教委") in r.bearer_ids for r in rows) > 1
    assert [len(t) - 1 for t in tables] == list(counted.values())
    assert {line[0]: int(line[2]) for line in totals[1:]}["区水利局"] == 1
    alone = rows[0].model_copy(update={"units": ()})
    words = [p.text for p in read(render_docx([alone, rows[1]], HEADING, by=By.UNIT)).paragraphs]
    assert words[-1].endswith("未明确承办单位"), "last, whatever their order"


def test_it_is_set_for_paper(rows):
    document = read(render_docx(rows, HEADING))
    section = document.sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (297, 210)
    table = document.tables[0]
    assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    assert sum(round(c.width.mm) for c in table.rows[1].cells) <= 297 - 30
    faces = {
        run._r.rPr.rFonts.get(qn("w:eastAsia"))
        for cell in table.rows[1].cells
        for p in cell.paragraphs
        for run in p.runs
    }
    assert faces == {"仿宋_GB2312"}
    assert document.paragraphs[0].runs[0]._r.rPr.rFonts.get(qn("w:eastAsia")) == "方正小标宋简体"
    shades = [c._tc.tcPr.find(qn("w:shd")) for c in table.rows[1].cells]
    assert [s.get(qn("w:fill")) for s in shades if s is not None] == ["F8CBC6"]
    assert "PAGE" in section.footer._element.xml


def test_english_and_nothing(rows):
    document = read(render_docx(rows, Heading(TODAY, "区教委", "en")))
    assert document.paragraphs[0].text == "Report on duties: 区教委"
    assert grid(document.tables[0])[0][1] == "Duty"
    assert any("no progress reported" in line[5] for line in grid(document.tables[0]))
    words = [p.text for p in read(render_docx([], HEADING)).paragraphs]
    assert words[-1] == "没有符合条件的任务。"

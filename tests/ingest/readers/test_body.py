"""The body of a page holds the document, its paragraphs and its tables, however they are nested."""

from __future__ import annotations

import pytest

from ingest.pipeline import extract_bytes
from ingest.readers.html import read_html

NOTICE = "".join(
    f"<p>{line}</p>"
    for line in (
        "某区人民政府办公室",
        "关于印发校园食品安全工作方案的通知",
        "某府办〔2025〕12号",
        "各镇乡人民政府：",
        "《校园食品安全工作方案》已经区政府同意，现印发给你们，请认真贯彻执行。",
        "校园食品安全工作方案",
        "一、工作目标",
        "到2026年底，全区学校食堂“明厨亮灶”覆盖率达到100%。",
        "二、主要任务",
        "（一）完善设施。2026年9月30日前完成120所学校食堂改造。（责任单位：区教委）",
        "（二）加强监管。区市场监管局每季度开展1次专项检查。",
    )
)
SHORT = (
    "<p>某区人民政府办公室关于印发任务分解表的通知</p><p>某府办〔2025〕12号</p>"
    "<p>各镇乡人民政府：</p><p>现将任务分解表印发给你们，请认真执行。</p>"
)
HEAD = "<tr><th>序号</th><th>任务</th><th>责任单位</th><th>完成时限</th></tr>"
TABLE = (
    f"<table>{HEAD}"
    + "".join(
        f"<tr><td>{n}</td><td>完成第{n}项食堂改造</td><td>区教委</td><td>2026年{n % 12 + 1}月20日前</td></tr>"
        for n in range(1, 31)
    )
    + "</table>"
)
NAV = "<div class='nav'><a href='/'>首页</a></div>"


@pytest.mark.parametrize("notice", [NOTICE, SHORT], ids=["notice", "short notice"])
@pytest.mark.parametrize(
    "page",
    [
        "{notice}{table}",
        "{table}{notice}",
        "{nav}<div id='zoom'>{notice}{table}</div>",
        "{notice}<div class='content'>{table}</div>",
        "<div><div>{notice}</div><div>{table}</div></div>",
        "<table><tr><td>{notice}{table}</td></tr></table>",
        "{nav}<div>{notice}<div><div>{table}</div></div></div>",
    ],
)
def test_paragraphs_and_table_are_one_document(page: str, notice: str) -> None:
    markup = page.format(notice=notice, table=TABLE, nav=NAV)
    found = extract_bytes(f"<html><body>{markup}</body></html>".encode(), "page.html")
    assert found.document.document_number == "某府办〔2025〕12号"
    assert found.document.title.startswith("某区人民政府办公室关于印发")
    assert "首页" not in found.document.text
    duties = {task.title: task for task in found.tasks}
    for n in range(1, 31):
        task = duties[f"完成第{n}项食堂改造"]
        assert [r.unit for r in task.responsibilities] == ["区教委"]
        assert [m.due.date.month for m in task.milestones if m.due.date] == [n % 12 + 1]
    if notice == NOTICE:
        assert {"完善设施", "加强监管", "工作目标"} <= duties.keys()


def _lines(table: str) -> list[str]:
    page = f"<html><body><div id='zoom'>{NOTICE}<table>{table}</table></div></body></html>"
    return read_html(page.encode(), "page.html").text.splitlines()[11:]


def _rows(*rows: str) -> str:
    return "".join(f"<tr>{row}</tr>" for row in rows)


def test_a_row_is_one_line() -> None:
    rows = _rows("<td>1</td><td>改造食堂</td><td><p>区教委</p><p>区财政局</p></td><td>3<br>月</td>")
    assert _lines(HEAD + rows) == [
        "序号\t任务\t责任单位\t完成时限",
        "1\t改造食堂\t区教委 区财政局\t3 月",
    ]


def test_a_cell_beside_several_rows_is_in_each() -> None:
    rows = _rows(
        "<td rowspan=2>1</td><td>改造</td><td rowspan='3'>区教委</td><td>3月</td>",
        "<td>扩建</td><td>4月</td>",
        "<td>2</td><td>新建</td><td></td>",
        "<td>3</td><td>拆除</td><td>区住建委</td>",
    )
    assert _lines(HEAD + rows)[1:] == [
        "1\t改造\t区教委\t3月",
        "\t扩建\t区教委\t4月",
        "2\t新建\t区教委",
        "3\t拆除\t区住建委",
    ]


def test_a_table_of_indicators_has_its_cells() -> None:
    head = "<tr><th>指标</th><th>单位</th><th>2025年</th></tr>"
    assert _lines(head + _rows("<td>学校</td><td>所</td><td>20</td>")) == [
        "指标\t单位\t2025年",
        "学校\t所\t20",
    ]


def test_notes_under_a_page_are_no_document() -> None:
    markup = f"<div>{NOTICE * 2}</div><p>本网站由某区政府主办。</p><p>未经许可不得转载。</p>"
    read = read_html(f"<html><body>{markup}</body></html>".encode(), "page.html")
    assert "转载" not in read.text

"""The numbers of lists that a browser prints and no text of the page holds."""

from __future__ import annotations

import pytest

from ingest.pipeline import extract_source
from ingest.readers import read_bytes

_HEAD = "某区养老服务方案印发给你们。请认真执行。"


def _text(inside: str) -> str:
    page = f"<html><body><div><p>{_HEAD}</p>{inside}</div></body></html>"
    return read_bytes(page.encode(), "page.html").text.removeprefix(_HEAD).strip()


@pytest.mark.parametrize(
    ("inside", "lines"),
    [
        ("<ol><li>新建服务站20个。</li><li>改造5所。</li></ol>", "1.新建服务站20个。\n2.改造5所。"),
        ('<ol start="3" type="a"><li><p>甲。</p></li><li value="9">乙。<li>丙。</ol>', "c.甲。\ni.乙。\nj.丙。"),
        ("<ol reversed><li>甲。<li>乙。</ol>", "2.甲。\n1.乙。"),
        ('<ol type="I"><li>甲。<li>乙。</ol>', "I.甲。\nII.乙。"),
        ("<ol><li>甲。<ol><li>内。</li></ol></li><li>乙。</li></ol>", "1.甲。\n1.内。\n2.乙。"),
        ("<ol><li></li><li>乙。</li></ol>", "2.乙。"),
        ("<ol><li><!-- 1.a -->甲。<li>乙。</ol>", "1.甲。\n2.乙。"),
        ("<ol><li>甲。<li><button>返回</button></ol><p>后文。</p>", "1.甲。\n后文。"),
        # no number is shown, or the words bring one of their own
        ('<ol style="list-style: none"><li>甲。<li>乙。</ol>', "甲。\n乙。"),
        ("<ol><li>一、甲。<li>二、乙。</ol>", "一、甲。\n二、乙。"),
        ("<ul><li>甲。<li>乙。</ul>", "甲。\n乙。"),
        ('<ol start="x"><li value="y">甲。</ol>', "1.甲。"),
    ],
)  # fmt: skip
def test_numbers_that_only_the_list_carries(inside: str, lines: str):
    assert _text(inside) == lines


def test_items_of_a_list_are_clauses():
    page = (
        f"<html><body><div><p>{_HEAD}</p><p>一、主要任务</p>"
        "<ol><li>新建服务站20个。</li><li>改造敬老院5所。</li></ol></div></body></html>"
    )
    clauses = extract_source(read_bytes(page.encode(), "page.html")).clauses
    assert [c.path.split("/", 1)[1] for c in clauses if "一" in c.path] == ["一", "一/1", "一/2"]

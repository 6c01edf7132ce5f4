"""What each line of a source is, and where it stands."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.layout import LineKind, find_lines, is_period_line, is_title, strip_period


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("一、总体要求", LineKind.MARKED),
        ("（一）加强领导。", LineKind.MARKED),
        ("各单位要高度重视，抓好落实。", LineKind.TEXT),
        ("责任单位：区教委、区公安局", LineKind.TEXT),
        ("某区校园安全行动方案", LineKind.TITLE),
        ("（2022—2027年）", LineKind.PERIOD),
        ("2022-2027年", LineKind.PERIOD),
        ("领导小组成员单位", LineKind.MEMBERS),
        ("附件：1.任务清单", LineKind.ATTACHMENT),
        ("附件2", LineKind.ATTACHMENT),
        ("2022年12月16日", LineKind.CLOSING),
        ("二〇二二年十二月十六日", LineKind.CLOSING),
        ("抄送：区委办公室，区人大常委会办公室。", LineKind.CLOSING),
        ("某区人民政府办公室 2022年12月16日印发", LineKind.CLOSING),
        # A masthead or the line of printing, its parts at the two edges of the page.
        (f"某区人民政府办公室{' ' * 36}2022年12月16日", LineKind.CLOSING),
        (f"某区人民政府办公室{'　' * 30}2022年12月16日印发", LineKind.CLOSING),
        ("共印60份", LineKind.CLOSING),
        ("扫一扫在手机打开当前页", LineKind.FURNITURE),
        ("【打印】", LineKind.FURNITURE),
        ("责任编辑：某某", LineKind.FURNITURE),
        ("- 3 -", LineKind.FURNITURE),
        ("第 3 页", LineKind.FURNITURE),
        ("一、总体要求……………………1", LineKind.FURNITURE),  # a line of a table of contents
        ("（此件公开发布）", LineKind.FURNITURE),
    ],
)
def test_the_kind_of_a_line(line: str, kind: LineKind) -> None:
    [found] = find_lines(f"\n　　{line}  \r\n\n")
    assert found.text == line
    assert found.kind is kind


@pytest.mark.parametrize(
    ("printed", "text", "kind"),
    [
        ("## 一、加强巡查", "一、加强巡查", LineKind.MARKED),
        ("  ### 某县养老服务三年行动方案 ", "某县养老服务三年行动方案", LineKind.TITLE),
        ("#1号楼改造", "#1号楼改造", LineKind.TEXT),
    ],
)
def test_marks_of_a_heading_in_markdown_are_no_text(printed, text, kind) -> None:
    source = f"前文\n{printed}\n后文"
    _, found, _ = find_lines(source)
    assert (found.text, found.kind) == (text, kind)
    assert source[found.start : found.end] == text


@pytest.mark.parametrize(
    "line",
    [
        "落实“互联网＋政务服务”要求，在首页显著位置公布举报电话，安排专人值守并定期通报办理结果，"
        "对相关链接失效、打印本页功能异常等问题限期整改，确保群众反映的问题件件有着落、事事有回音。",
        "建立附件资料档案。",
    ],
)
def test_words_of_furniture_inside_a_sentence_are_text(line: str) -> None:
    [found] = find_lines(line)
    assert found.kind is LineKind.TEXT


@pytest.mark.parametrize(
    ("title", "bare"),
    [
        ("某区行动方案（2022—2027年）", "某区行动方案"),
        ("某区行动方案(2022-2027)", "某区行动方案"),
        ("某区行动方案2022年至2027年", "某区行动方案"),
        ("某区2022年行动方案", "某区2022年行动方案"),
    ],
)
def test_a_title_without_its_years(title: str, bare: str) -> None:
    assert strip_period(title) == bare


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("某区校园安全行动方案", True),
        ("某区“双减”工作实施意见（试行）", True),
        ("制定工作方案。", False),
        ("方案", False),
        ("各单位要按照本方案，制定实施计划", False),
    ],
)
def test_titles(line: str, expected: bool) -> None:
    assert is_title(line) is expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [("(2022-2027年)", True), ("2022年", False), ("到2022—2027年底完成", False)],
)
def test_period_lines(line: str, expected: bool) -> None:
    assert is_period_line(line) is expected


@given(
    st.text(alphabet="一、第章（1）.附件：目录方案2022年—-\n\r \u3000\ufeff\u200b", max_size=120)
)
def test_lines_stand_where_they_say(text: str) -> None:
    lines = find_lines(text)
    for line in lines:
        assert text[line.start : line.end] == line.text
        assert line.text.strip() == line.text != ""
        assert "\n" not in line.text
    for one, two in pairwise(lines):
        assert one.end < two.start


@pytest.mark.parametrize(
    ("lines", "kinds"),
    [
        # a form that says by labels who handles it, before any sentence
        (["主办单位：区城管局", "协办单位：区水务局"], [LineKind.TEXT, LineKind.TEXT]),
        # who runs the page
        (
            ["主办单位：区人民政府", "承办单位：区信息中心"],
            [LineKind.FURNITURE, LineKind.FURNITURE],
        ),
    ],
)
def test_who_handles_and_who_publishes(lines: list[str], kinds: list[LineKind]) -> None:
    text = "\n".join([*lines, "办理要求：尽快办结。"])
    assert [line.kind for line in find_lines(text)][: len(lines)] == kinds

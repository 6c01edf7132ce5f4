"""Markers of every family of numbering, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.numbering import RANK, chinese_ordinal, find_marker, normalize_ordinal


@pytest.mark.parametrize(
    ("line", "text", "family", "ordinal", "part"),
    [
        ("第一章 总则", "第一章", "chapter", 1, "第一章"),
        ("第十二编　附则", "第十二编", "chapter", 12, "第十二编"),
        ("第三节 监督", "第三节", "section", 3, "第三节"),
        ("第一百零二条 本办法自发布之日起施行。", "第一百零二条", "article", 102, "第一百零二条"),
        ("第12条 各单位应当", "第12条", "article", 12, "第12条"),
        ("一、总体要求", "一、", "cn", 1, "一"),
        ("二十一、保障措施", "二十一、", "cn", 21, "二十一"),
        ("三．主要任务", "三．", "cn", 3, "三"),
        ("(一)指导思想", "(一)", "cn-bracket", 1, "(一)"),
        ("（十二）完善机制。", "（十二）", "cn-bracket", 12, "(十二)"),
        ("1.开展培训", "1.", "number", 1, "1"),
        ("10．开展培训", "10．", "number", 10, "10"),
        ("3、开展培训", "3、", "number", 3, "3"),
        ("1.2025年底前完成", "1.", "number", 1, "1"),
        ("二、2024年工作目标", "二、", "cn", 2, "二"),
        ("(2)开展培训", "(2)", "number-bracket", 2, "(2)"),
        ("（12）开展培训", "（12）", "number-bracket", 12, "(12)"),
        ("4)开展培训", "4)", "half-bracket", 4, "4)"),
        ("①开展培训", "①", "circle", 1, "①"),
        ("⑳开展培训", "⑳", "circle", 20, "⑳"),
        ("——全面建成", "——", "dash", None, "——"),
        ("、主要任务", "、", "lost", None, ""),
    ],
)
def test_a_marker_is_read(
    line: str, text: str, family: str, ordinal: int | None, part: str
) -> None:
    marker = find_marker(line)
    assert marker is not None
    assert (marker.text, marker.family, marker.ordinal) == (text, family, ordinal)
    assert marker.part == part


@pytest.mark.parametrize(
    "line",
    [
        "2025年前完成",  # a year
        "3.5万平方米",  # a decimal
        "0.50、0.45",
        "一是加强领导",
        "十四五期间",
        "第一批试点",
        "第一时间上报",
        "第三产业",
        "一般公共预算",
        "、加强领导，完善机制。",  # a list that broke here is no heading
        "附件：1.任务清单",
        "（责任单位：区教委）",
        "(2022-2027年)",
        "",
    ],
)
def test_no_marker(line: str) -> None:
    assert find_marker(line) is None


def test_ranks_follow_the_standard() -> None:
    """GB/T 9704-2012, 7.3.3, below the chapters and articles of regulations."""
    order = [
        "chapter",
        "section",
        "article",
        "cn",
        "cn-bracket",
        "number",
        "number-bracket",
        "circle",
    ]
    assert sorted(order, key=RANK.__getitem__) == order
    assert RANK["lost"] == RANK["cn"]


@given(st.integers(min_value=1, max_value=99))
def test_ordinals_come_back(number: int) -> None:
    assert normalize_ordinal(chinese_ordinal(number)) == number
    marker = find_marker(f"{chinese_ordinal(number)}、任务")
    assert marker is not None
    assert marker.ordinal == number


@pytest.mark.parametrize("text", ["——", "", "、"])
def test_no_ordinal(text: str) -> None:
    assert normalize_ordinal(text) is None


@given(st.text(alphabet="第一二十百章条节、.．()（）123①—的 建", max_size=12))
def test_a_marker_is_a_prefix(line: str) -> None:
    marker = find_marker(line)
    assert marker is None or (marker.text and line.startswith(marker.text))

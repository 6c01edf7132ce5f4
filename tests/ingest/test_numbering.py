"""Markers of every family of numbering, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.numbering import (
    RANK,
    NumberedWords,
    find_marker,
    normalize_ordinal,
    settle,
)
from kb.language.numerals import chinese_ordinal
from kb.lexicon import load_lexicon


@pytest.mark.parametrize(
    ("line", "text", "family", "ordinal", "part"),
    [
        ("第一章 总则", "第一章", "chapter", 1, "第一章"),
        ("第十二编　附则", "第十二编", "part", 12, "第十二编"),
        ("第二部分　重点任务", "第二部分", "part", 2, "第二部分"),
        ("⒊实行动态管理", "⒊", "number", 3, "⒊"),
        ("５．开展培训", "５．", "number", 5, "５"),
        ("5.9月底前更换座椅", "5.", "number", 5, "5"),
        ("⑵选址", "⑵", "number-bracket", 2, "⑵"),
        ("㈢选址", "㈢", "cn-bracket", 3, "㈢"),
        ("❹选址", "❹", "circle", 4, "❹"),
        ("B类：科技创新券。", "B类：", "letter", None, "B类"),
        ("▍基本信息", "▍", "bullet", None, "▍"),
        ("- 新建泊位30个", "- ", "bullet", None, "-"),
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
        "-5℃以下停工",
        "2.1亿元",
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
        "part",
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


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["1 总则", "1.1 编制目的", "1.2 适用范围", "2 职责", "2.1 指挥部"], "number decimal-2 decimal-2 number decimal-2"),
        (["2.1总则", "2.1.1依据", "2.1.2范围", "2.2职责"], "decimal-2 decimal-3 decimal-3 decimal-2"),
        (["1.建校", "2.5G基站全覆盖", "3.120急救"], "number number number"),
        (["面积", "2.5万平方米", "3.1亿元"], "- - -"),
        (["2.5G基站全覆盖"], "-"),
        (["1 总则", "2 职责"], "- -"),
        (["一、总体要求", "二，主要任务", "三、保障措施"], "cn cn cn"),
        (["四、督查考核。", "五：附则"], "cn cn"),
        (["四、督查考核", "五，附则", "五、附则"], "cn - cn"),
        (["1.排查。", "2、整改。", "3，验收。", "4.销号。"], "number number number number"),
        (["6.县水利局。", "7 县交通局负责桥涵。", "8.县住建局。"], "number number number"),
        (["1.补助标准。", "2,000元以上的", "2：30集中"], "number - -"),
        (["一、任务。", "、措施", "三，保障。"], "cn lost cn"),
        (["6.县水利局负责", "7 个乡镇的水库"], "number -"),
        (["一、任务", "1.排查", "二、保障", "2，验收"], "cn number cn -"),
        (["1.排查隐患", "2，整治", "3.验收"], "number number number"),
    ],
)  # fmt: skip
def test_marks_that_a_line_alone_does_not_tell(lines: list[str], expected: str) -> None:
    found = settle(lines, [find_marker(line) for line in lines])
    assert [m.family if m else "-" for m in found] == expected.split()
    for line, marker in zip(lines, found, strict=True):
        assert marker is None or line.startswith(marker.text)


def test_words_that_a_number_makes_a_block(subtests) -> None:
    for entry in load_lexicon("numbered_words", NumberedWords):
        for line, holds in [*((x, True) for x in entry.holds), *((x, False) for x in entry.not_)]:
            with subtests.test(line=line):
                marker = find_marker(line)
                family = "block" if entry.kind in ("block", "step") else entry.kind
                assert (marker is not None and marker.family == family) is holds

"""Which line breaks stand inside a paragraph."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.layout import LineKind, find_breaks, find_lines
from ingest.reading import read_span
from ingest.wrapping import find_margin, width_of
from kb.lexicon import corpus_path
from kb.models import Span

TEXTS = Path(__file__).parents[1] / "evaluation" / "texts"
OWN = sorted(TEXTS.glob("*.txt"))
PROSE = (
    "lenglian-jihua",
    "urban-renewal-scheme",
    "lingxi-rural-water",
    "ministries-elderfriendly-opinions",
)
"""Texts of paragraphs; tables are not set to a width."""


def set_to(text: str, characters: int) -> str:
    """Each paragraph in lines of so many columns, as a word processor sets it: no line begins with
    a closing mark."""
    lines = []
    for paragraph in text.splitlines():
        line = ""
        for character in paragraph.strip():
            if width_of(line + character) > 2 * characters and character not in "，。；：、）》”":
                lines.append(line)
                line = ""
            line += character
        lines.append(line)
    return "\n".join(lines)


def words(text: str) -> list[str]:
    """The paragraphs of a text as read."""
    lines = find_lines(text)
    return read_span(text, Span(0, len(text)), (), find_breaks(text, lines)).text.split("\n")


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_texts_with_a_paragraph_a_line_have_no_margin(path: Path) -> None:
    on = [line.text for line in find_lines(path.read_text("utf-8")) if line.goes_on]
    assert on == []


@pytest.mark.parametrize("characters", [24, 28, 35, 44])
@pytest.mark.parametrize("slug", PROSE)
def test_a_text_set_to_a_width_reads_as_before(slug: str, characters: int) -> None:
    plain = "\n".join(
        line
        for raw in (TEXTS / f"{slug}.txt").read_text("utf-8").splitlines()
        if (line := raw.strip())
    )
    joined, whole = words(set_to(plain, characters)), words(plain)
    # A sentence may end just where its line does; whether its paragraph does, none can tell.
    told = "\n".join(joined).replace("。\n", "。").replace("；\n", "；").replace("：\n", "：")
    expected = "\n".join(whole).replace("。\n", "。").replace("；\n", "；").replace("：\n", "：")
    assert abs(told.count("\n") - expected.count("\n")) <= 0.1 * expected.count("\n") + 3
    assert told.replace("\n", "") == expected.replace("\n", "")


def test_the_notice_that_ships_is_not_set_to_a_width() -> None:
    text = (corpus_path() / "documents" / "wanzhou-fuban-2022-30.txt").read_text("utf-8")
    assert not any(line.goes_on for line in find_lines(text))


PAGES = (
    "一、任务\n区教育局要会同有关部门在各镇街加快推进标准化学\n云府办发〔2026〕3号\n- {0} -\n\n校建设。\n"
    "二、目标\n区财政局要在收到申请之日起十个工作日内拨付补助资\n云府办发〔2026〕3号\n- {1} -\n金。\n"
    "三、保障\n各镇街要落实属地责任并按月报送进度情况\n云府办发〔2026〕3号\n- {2} -\n责任单位：区教育局\n"
)


@pytest.mark.parametrize("numbers", [(1, 2, 3), (7, 8, 9)])
def test_feet_and_heads_of_pages_inside_a_sentence(numbers: tuple[int, int, int]) -> None:
    text = PAGES.format(*numbers)
    assert words(text) == [
        "一、任务",
        "区教育局要会同有关部门在各镇街加快推进标准化学校建设。",
        "二、目标",
        "区财政局要在收到申请之日起十个工作日内拨付补助资金。",
        "三、保障",
        "各镇街要落实属地责任并按月报送进度情况",
        "责任单位:区教育局",
        "",
    ]


@given(st.lists(st.tuples(st.integers(1, 200), st.booleans()), max_size=40))
def test_a_margin_is_the_width_of_a_broken_line(lines: list[tuple[int, bool]]) -> None:
    margin = find_margin([w for w, _ in lines], [broken for _, broken in lines])
    assert margin is None or (margin, True) in lines


def test_no_line_goes_on_after_a_page_of_the_web() -> None:
    text = "区教育局要会同有关部门加快推进标准化学\n扫一扫在手机打开当前页\n校建设。\n"
    assert [x.kind for x in find_lines(text)][1] is LineKind.FURNITURE
    assert not any(line.goes_on for line in find_lines(text))


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("责任单位：市教育局、\n市财政局\n", True),
        ("（责任单位：市教育局、市公安\n局）\n", True),
        ("给予补助\n，且服务企业20家\n", True),
        ("于2026年12\n月31日前通过验收\n", True),
        ("合格率达到95\n%以上\n", True),
        ("新增学位120\n2026年底前完成\n", False),
        ("供养形式\n区民政部门\n", False),
        ("（一）任务\n（二）目标\n", False),
        ("市教育局（牵头\n\n市财政局）\n", False),
        ("建校，\n完成时限：6月\n", False),
    ],
)
def test_marks_that_say_that_a_sentence_goes_on(text: str, joined: bool) -> None:
    assert [line.goes_on for line in find_lines(text)] == [False, joined]


def test_measures_of_one_length_are_no_margin() -> None:
    text = "某区工作方案\n一、加强管理\n1.2025年底前建成学校20所。（责任单位：区教委）\n" * 8
    assert not any(line.goes_on for line in find_lines(text))

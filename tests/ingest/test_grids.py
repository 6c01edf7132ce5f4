"""Rows and columns printed in a text."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.grids import Grids, HeadKind, HeadWords, find_heads, measure_of
from kb.lexicon import load_lexicon

TABS = "指标\t单位\t2025年实际\t2026年\t2030年\n人均预期寿命\t岁\t79.2\t79.4\t80.5\n"
STROKES = (
    "| 序号 | 指标 | 单位 | 2020年现状值 | 2025年目标值 |\n| --- | --- | --- | --- | --- |\n"
    "| 1 | 用水总量 | 亿立方米 | 23.4 | ≤24.0 |\n"
)
GAPS = "街道      修缮面积（万平方米）      疏浚河道（公里）\n北渡街道        4.8          1.1\n"
NOTE = "下达情况（单位：亩）\n苏木\t乔木\t灌木\n巴彦\t4200\t7000\n"


@pytest.mark.parametrize(
    ("text", "printed", "head", "kind", "row", "measure"),
    [
        (TABS, "79.2", "2025年实际", HeadKind.BASELINE, "人均预期寿命", "岁"),
        (TABS, "80.5", "2030年", None, "人均预期寿命", "岁"),
        (STROKES, "23.4", "2020年现状值", HeadKind.BASELINE, "用水总量", "亿立方米"),
        (STROKES, "24.0", "2025年目标值", HeadKind.GOAL, "用水总量", "亿立方米"),
        (STROKES, "1 ", "序号", HeadKind.NUMBER, "用水总量", "亿立方米"),
        (GAPS, "4.8", "修缮面积（万平方米）", None, "北渡街道", "万平方米"),
        (GAPS, "1.1", "疏浚河道（公里）", None, "北渡街道", "公里"),
        (NOTE, "7000", "灌木", None, "巴彦", "亩"),
    ],
)
def test_a_cell_knows_its_column_and_its_row(text, printed, head, kind, row, measure):
    cell = Grids(text).at(text.index(printed))
    assert cell is not None
    assert (cell.head, cell.kind, cell.measure) == (head, kind, measure)
    if kind is not HeadKind.NUMBER:
        assert cell.row == row


@pytest.mark.parametrize(
    "text", ["全市新建学校20所。", "责任单位\t区教委\n", "一、总则  二、附则\n"]
)
def test_running_text_has_no_cells(text):
    columns = Grids(text)
    assert not any(columns.at(at) for at in range(len(text)))


def test_a_year_that_had_passed_heads_what_was():
    text = "指标\t2025年\t2027年\n里程\t198\t260\n"
    known, unknown = Grids(text, date(2026, 3, 1)), Grids(text)
    at = text.index("198")
    assert known.at(at).kind is HeadKind.BASELINE
    assert unknown.at(at).kind is None


@pytest.mark.parametrize(
    ("words", "value"), [("亿立方米", "100000000 立方米"), ("岁", "1 岁"), ("属性", None)]
)
def test_what_one_of_a_measure_is(words, value):
    one = measure_of(words)
    assert (f"{one.value} {one.measure}" if one else None) == value


def test_words_of_heads(subtests):
    for entry in load_lexicon("columns", HeadWords):
        for head, holds in [(h, True) for h in entry.holds] + [(h, False) for h in entry.not_]:
            with subtests.test(kind=entry.kind, head=head):
                assert (entry.kind in find_heads(head)) is holds


@given(st.text(alphabet="指标年2|\t \n。1", max_size=60), st.integers(0, 60))
def test_a_cell_holds_the_place_asked_for(text, at):
    cell = Grids(text).at(at)
    assert cell is None or cell.start <= at < cell.end <= len(text)

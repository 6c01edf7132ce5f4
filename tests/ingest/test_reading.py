"""A reading gives clean text whose every stretch leads back to the source."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.reading import Breaks, RepairIndex, read_span
from ingest.repairs import find_repairs
from kb.models import Repair, Span


def whole(text: str, repairs: list[Repair] | None = None):
    found = find_repairs(text)[0] if repairs is None else repairs
    return read_span(text, Span(0, len(text)), found)


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("到20279月，达到２０％", "到2027年9月,达到20%"),
        ("按40%30%30%下达", "按40%、30%、30%下达"),
        ("供养形式\n区民政部门", "供养形式\n区民政部门"),  # a heading has no final mark either
        ("各区人民政府<br>市国资委", "各区人民政府\n市国资委"),
        ("第一段。\n第二段。", "第一段。\n第二段。"),  # paragraphs stay apart
        ("小标题\n\n正文。", "小标题\n正文。"),
        ("甲。\r\n  乙", "甲。\n乙"),
        ("责 任 单 位：市 民 政 局", "责任单位:市民政局"),
        ("姓 名 王 某某", "姓 名 王 某某"),
    ],
)
def test_reading(text: str, reading: str) -> None:
    assert whole(text).text == reading


def test_a_repaired_range_leads_back_to_the_raw_characters() -> None:
    text = "到20279月，达到"
    reading = whole(text)
    start = reading.text.index("2027年9月")
    assert reading.span(start, start + 7).slice(text) == "20279月"
    assert reading.span(start, start + 5).slice(text) == "2027"
    assert reading.is_repaired(start, start + 7)
    assert not reading.is_repaired(0, 1)


def test_a_supplied_character_alone_still_stands_somewhere() -> None:
    reading = whole("到20279月")
    place = reading.text.index("年")
    assert len(reading.span(place, place + 1)) == 1


def test_a_flagging_repair_changes_nothing() -> None:
    repair = Repair(span=Span(0, 1), raw="甲", repaired="甲", rule="x")
    assert whole("甲乙", [repair]).text == "甲乙"


@pytest.mark.parametrize(("start", "end"), [(1, 1), (2, 1), (0, 99)])
def test_a_range_outside_the_reading_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="not inside"):
        whole("甲乙").span(start, end)


@given(st.text(alphabet="2027年9月.05%40\n。,，甲（", min_size=1, max_size=50))
def test_spans_are_ordered_and_inside(text: str) -> None:
    reading = whole(text)
    assert len(reading.text) == len(reading.starts) == len(reading.ends)
    for i in range(len(reading.text)):
        span = reading.span(i, i + 1)
        assert 0 <= span.start < span.end <= len(text)
    assert list(reading.starts) == sorted(reading.starts)


def test_repair_index_gives_what_begins_inside() -> None:
    repairs = [Repair(span=Span(i, i + 2), raw="ab", repaired="abc", rule="x") for i in (0, 10, 20)]
    assert [r.span.start for r in RepairIndex(repairs).within(Span(5, 20))] == [10]


def test_breaks_inside_a_paragraph_and_marks_are_left_out() -> None:
    text = "完成**3**项\n- 4 -\n任务。\n下一段"
    head, foot = text.index("**"), text.index("\n- 4")
    skipped = [(head, head + 2), (head + 3, head + 5), (foot, foot + 6)]
    reading = read_span(text, Span(0, len(text)), (), Breaks([foot + 6], skipped))
    assert reading.text == "完成3项任务。\n下一段"
    assert reading.span(2, 4).slice(text) == "3**项"
    assert reading.span(4, 6).slice(text) == "任务"


@given(st.text(alphabet="任务3*\n ", min_size=1, max_size=30), st.data())
def test_what_is_skipped_is_not_read(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    reading = read_span(text, Span(0, len(text)), (), Breaks((), [(start, end)]))
    kept = [i for i in reading.starts if not start <= i < end]
    assert kept == list(reading.starts)

"""Pages of characters with boxes become text: nothing lost, each character in its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.readers.page_content import GlyphRun, PageContent, turn_box, upright
from ingest.readers.page_furniture import is_print_line
from ingest.readers.page_layout import lay_out
from ingest.readers.page_lines import drop_doubles
from ingest.readers.printed_forms import ordinary
from ingest.readers.source import Box, PageSize

A4 = PageSize(595, 842)


def _run(text: str, left: float, top: float, size: float = 16, **more: object) -> GlyphRun:
    width = sum(size / 2 if c < "\u2000" else size for c in text)
    return GlyphRun(text, Box(left, top, left + width, top + size), size, **more)  # type: ignore[arg-type]


def _lines(*pages: list[GlyphRun]) -> list[str]:
    return lay_out([PageContent(n, A4, runs) for n, runs in enumerate(pages, 1)]).text.splitlines()


_RUNS = st.lists(
    st.builds(
        _run,
        st.text("区教委，。（一）1234ab", min_size=1, max_size=12),
        st.floats(0, 500),
        st.floats(0, 800),
        st.sampled_from([10.5, 16.0, 22.0]),
    ),
    max_size=30,
)


@settings(max_examples=30)
@given(st.lists(_RUNS, min_size=1, max_size=3), st.sampled_from([0, 90, 180, 270]))
def test_every_character_is_placed_or_told(pages: list[list[GlyphRun]], turn: int) -> None:
    contents = [PageContent(n, A4, runs, (), turn) for n, runs in enumerate(pages, 1)]
    read = lay_out(contents)
    again = lay_out(contents)
    assert (read.text, tuple(read.places)) == (again.text, tuple(again.places))
    placed = [c for place in read.places for c in read.text[place.start : place.end]]
    assert placed == [c for c in read.text if not c.isspace()]
    kept = sum(len(run.text) for page in contents for run in drop_doubles(page.runs))
    assert len(placed) <= kept
    if not any(f.code == "page-furniture" for f in read.findings):
        assert len(placed) == kept


@given(st.sampled_from([0, 90, 180, 270]), st.floats(0, 500), st.floats(0, 800))
def test_a_page_turned_and_turned_back_is_the_same(turn: int, left: float, top: float) -> None:
    page = PageContent(1, A4, [_run("区教委", left, top)], (), turn)
    turned = upright(page)
    back = turn_box(turned.runs[0].box, turned.size, turned.turn)
    assert back == pytest.approx(page.runs[0].box)


@pytest.mark.parametrize(
    ("runs", "line"),
    [
        ([_run("总", 100, 100), _run("则", 148, 100)], "总 则"),
        ([_run("商务部", 100, 100), _run("教育部", 156, 100)], "商务部 教育部"),
        ([_run("区教委", 100, 100), _run("牵头", 150, 100)], "区教委牵头"),
        ([_run("到", 100, 100), _run("2025", 120, 100), _run("年", 156, 100)], "到2025年"),
        ([_run("in", 100, 100), _run("2025", 120, 100)], "in 2025"),
        ([_run("第", 100, 100, blank=True), _run("条", 120, 100, blank=True)], "第 条"),
    ],
)
def test_blanks(runs: list[GlyphRun], line: str) -> None:
    assert _lines(runs) == [line]


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("word", "word", "word word"),
        ("imple\u00ad", "ment", "implement"),
        ("20", "25年", "2025年"),
        ("区教", "委", "区教委"),
    ],
)
def test_lines_of_a_paragraph(first: str, second: str, joined: str) -> None:
    full = "各单位要高度重视切实加强组织领导认真抓好落实确保按期完成"
    body = [_run(full, 80, 60 + 28 * n) for n in range(4)]
    own = 80 + 16 * 27 - sum(8 if c < "\u2000" else 16 for c in first)
    (line,) = _lines([*body, _run(full[:5], 80, 172), _run(first, own, 172), _run(second, 80, 200)])
    assert line.endswith(joined)


@pytest.mark.parametrize("number", ["0.50.45", "0.45", "12:30", "1,234,567", "2025/2026"])
def test_a_number_that_moved_to_the_next_line_as_a_whole_is_of_its_paragraph(number: str) -> None:
    full = "各单位要高度重视切实加强组织领导认真抓好落实确保按期完成"
    body = [_run(full, 80, 60 + 28 * n) for n in range(4)]
    short = _run(full[: len(full) - (len(number) + 1) // 2], 80, 172)
    (line,) = _lines([*body, short, _run(number + "以上", 80, 200)])
    assert line.endswith(number + "以上")


def test_items_that_fill_their_lines_stay_apart() -> None:
    full = "、各单位要高度重视切实加强组织领导认真抓好落实确保按期完成"
    runs = [_run(f"{n}{full}", 80, 60 + 28 * n) for n in range(1, 6)]
    assert len(_lines(runs)) == 5


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        ("https://www.gov.cn/a_1.htm 1/8", True),
        ("2026/7/25 10:30 关于印发方案的通知", True),
        ("11/28/26, 5:17 AM 通知", True),
        ("网址：https://www.gov.cn", False),
        ("2026年7月25日", False),
    ],
)
def test_print_lines(words: str, printed: bool) -> None:
    assert is_print_line(words) is printed


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ("⺠", "民"),
        ("⻓", "长"),
        ("⼀", "一"),
        ("ﬁ", "fi"),
        ("金", "金"),
        ("①", "①"),
        ("（", "（"),
        ("民", "民"),
    ],
)
def test_printed_forms(printed: str, read: str) -> None:
    assert ordinary(printed) == read

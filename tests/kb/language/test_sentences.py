import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.language.sentences import (
    LONGEST,
    STOPS,
    after_label,
    first_sentence,
    parts,
    sentence_around,
)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("1.新建泵站3座，清淤20公里；巡查河道。", "1.新建泵站3座，清淤20公里"),
        ("。，\n 由市水务局负责\n下一行", "由市水务局负责"),
        (") → 审查(3日)→", "审查(3日)→"),
        ("。；\n", ""),
        ("● 每日通报火点", "每日通报火点"),
        ("罚款100元(县卫健局;县疾控中心)；其他", "罚款100元(县卫健局;县疾控中心)"),
        ("一(甲；乙\n二)", "一(甲"),  # a bracket that nothing closes in its line
        ("", ""),
    ],
)
def test_the_first_sentence_has_no_marks_at_its_edges(text, first):
    assert text[slice(*first_sentence(text, 0, len(text)))] == first


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("甲（乙，丙），丁", ["甲（乙，丙）", "丁"]),
        ("《甲,乙》,丙", ["《甲,乙》", "丙"]),
        ("甲),乙,", ["甲)", "乙", ""]),  # a bracket that nothing opened closes none
    ],
)
def test_a_part_ends_at_a_comma_that_stands_in_no_bracket(text, cut):
    assert [text[slice(*part)] for part in parts(text, 0, len(text))] == cut


def test_a_sentence_holds_a_bracket_with_stops_whole():
    text = "前；改造管网（市水务局；市财政局），建泵站；后"
    for word in ("改造", "市财政局", "市水务局", "建泵站"):
        at = text.index(word)
        assert text[slice(*sentence_around(text, at, at + 2, 0, len(text)))] == text[2:-2]


def test_what_follows_a_label():
    assert after_label("总体目标：到2027年", 0, 5) == 5
    assert after_label("到2027年", 0, 0) == 0


def test_a_sentence_without_end_is_cut_at_a_comma():
    text = "甲乙丙丁，" * 400
    start, end = sentence_around(text, 1000, 1002, 0, len(text))
    assert text[start - 1] == "，" == text[end]
    assert 1000 - LONGEST <= start < end <= 1002 + LONGEST


@given(st.text(alphabet="甲乙，。；(\n:", max_size=60), st.data())
def test_a_sentence_holds_its_place_and_no_stop(text, data):
    at = data.draw(st.integers(0, len(text)))
    start, end = sentence_around(text, at, at, 0, len(text))
    stops = set(text[start:end]) & STOPS
    assert not stops or "(" in text
    assert all(a >= start and b <= end for a, b in parts(text, start, end))

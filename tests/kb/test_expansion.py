"""What a question's words mean in policy text."""

import pytest

from kb.expansion import QueryExpander, may_name, simplify, translate


@pytest.fixture(scope="module")
def expander():
    return QueryExpander(
        ["区消防救援支队"], ["切实抓好消防工作", "做好校园欺凌防范", "加强交通安全管理"]
    )


@pytest.mark.parametrize(
    ("query", "token"),
    [
        ("孩子被霸凌", "欺凌"),
        ("肖防找谁", "消防"),
        ("交通安荃谁管", "安全"),
        ("校園欺凌", "校园"),
        ("who handles school bullying", "欺凌"),
    ],
)
def test_tokens_that_are_added(expander, query, token):
    assert expander(query)[token] > 0.5


def test_words_of_asking_weigh_little(expander):
    weights = expander("消防由谁负责")
    assert weights["消防"] == 1.0
    assert weights["谁"] < 0.2


@pytest.mark.parametrize(
    ("query", "right"),
    [("肖防归谁管", "消防归谁管"), ("消防归谁管", "消防归谁管"), ("大学归谁管", "大学归谁管")],
)
def test_only_what_is_no_word_is_put_right(expander, query, right):
    assert expander.correct(query) == right


def test_traditional_characters():
    assert simplify("請問責任單位") == "请问责任单位"
    assert simplify("abc") == "abc"


def test_english_terms_and_what_is_left():
    found, unknown = translate("Who supervises fire safety drills in 2025?")
    assert "消防安全" in found
    assert "supervises" in unknown
    assert translate("消防")[0] == []


@pytest.mark.parametrize(
    ("stem", "named"),
    [
        ("重庆", True), ("万州", True), ("哈", True), ("孟屿", True), ("张家", True),
        ("安全", False), ("学校", False), ("统筹", False), ("市场", False),
    ],
)  # fmt: skip
def test_what_may_be_a_name(stem, named):
    assert may_name(stem) is named

"""Numerals as policy text writes them, exactly."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.language.numerals import find_numerals, normalize_number, small_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", "0"),
        ("20", "20"),
        ("1,234.5", "1234.5"),
        ("１２０", "120"),
        ("０．５０", "0.50"),
        ("十", "10"),
        ("十二", "12"),
        ("二十", "20"),
        ("一百零五", "105"),
        ("一百一十", "110"),
        ("两千四百五", "2450"),  # the unit left out is the next below
        ("一万三", "13000"),
        ("一万零三", "10003"),
        ("两万五千", "25000"),
        ("3万4000", "34000"),
        ("2万亿", "2000000000000"),
        ("4.78万亿", "4780000000000"),
        ("1.5亿", "150000000"),
        ("一亿二千万", "120000000"),
        ("二〇二五", "2025"),
        ("二○二五", "2025"),
        ("三点五", "3.5"),
        ("零点零一", "0.01"),
        ("伍仟", "5000"),
    ],
)
def test_the_value_of_a_numeral(text: str, value: str) -> None:
    assert normalize_number(text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["", " ", "万", "几", "若干", "多", "百分之", "1.2.3", "三三百", "20所", "点五个", "-"]
)
def test_no_numeral(text: str) -> None:
    assert normalize_number(text) is None


@pytest.mark.parametrize(("text", "value"), [("十二", 12), ("3", 3), ("1.5", None), ("某", None)])
def test_small_whole_numbers(text: str, value: int | None) -> None:
    assert small_number(text) == value


def chinese(number: int) -> str:
    """The numeral in full, as 一千零二十, by the rules of the language; written for this test."""
    digits, words, pending = "零一二三四五六七八九", "", False
    for power, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // power % 10
        if digit:
            words += ("零" if pending and words else "") + digits[digit] + unit
            pending = False
        else:
            pending = True
    return words or "零"


@given(st.integers(min_value=1, max_value=9999))
def test_every_numeral_in_full(number: int) -> None:
    assert normalize_number(chinese(number)) == number
    assert normalize_number(f"{chinese(number)}万") == number * 10_000


@given(st.decimals(min_value=0, max_value=10**9, places=2))
def test_printed_digits_are_exact(value: Decimal) -> None:
    assert normalize_number(str(value)) == value


@given(st.text(alphabet="零一二十百千万亿两点0123.,几", max_size=12))
def test_never_raises(text: str) -> None:
    normalize_number(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2.3千克", ["2.3千", "2.3"]),  # 千 may belong to the measure
        ("10亿千瓦", ["10亿", "10", "千"]),
        ("一百千瓦", ["一百", "一", "千"]),
        ("十四五", ["十四", "五"]),  # as far as it is well-formed
        ("5万4千6百", ["5万4千6百", "5万4千6"]),
        ("1,250,000人", ["1,250,000"]),
        ("1,2", ["1", "2"]),
        ("大陆的队伍", []),  # forms of cheques only with a scale
        ("贰拾伍元", ["贰拾伍"]),
        ("百个，千亿", ["百", "千亿", "千"]),
        ("3" * 60, []),
    ],
)
def test_the_numerals_of_a_text(text: str, found: list[str]) -> None:
    assert [text[n.start : n.end] for n in find_numerals(text)] == found


@given(st.text("一二三十百千万亿零两点12,. 个", max_size=60))
def test_numerals_lie_in_the_text(text: str) -> None:
    for numeral in find_numerals(text):
        assert 0 <= numeral.start < numeral.end <= len(text)
        assert numeral.value >= 0

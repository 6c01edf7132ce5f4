"""Numbers of lists as word processors print them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers.list_numbers import _FORMATS, format_number, gap_after


@pytest.mark.parametrize(
    ("format_", "printed"),
    [
        ("decimal", {1: "1", 12: "12"}),
        ("decimalZero", {3: "03", 12: "12"}),
        ("decimalFullWidth", {12: "１２"}),
        ("decimalEnclosedCircle", {1: "①", 20: "⑳", 21: "㉑", 51: "51"}),
        ("decimalEnclosedCircleChinese", {3: "③"}),
        ("decimalEnclosedParen", {1: "⑴", 20: "⒇", 21: "21"}),
        ("decimalEnclosedFullstop", {2: "⒉"}),
        ("upperLetter", {1: "A", 26: "Z", 27: "AA", 28: "BB"}),
        ("lowerLetter", {3: "c", 53: "aaa"}),
        ("upperRoman", {4: "IV", 49: "XLIX", 1994: "MCMXCIV"}),
        ("lowerRoman", {9: "ix"}),
        ("chineseCounting", {1: "一", 10: "十", 11: "十一", 20: "二十", 21: "二十一", 101: "一○一"}),
        ("chineseCountingThousand", {10: "十", 15: "十五", 100: "一百", 101: "一百零一", 115: "一百一十五"}),
        ("chineseCountingThousand", {1001: "一千零一", 10010: "一万零一十", 20500: "二万零五百"}),
        ("taiwaneseCounting", {12: "十二"}),
        ("japaneseCounting", {10: "十", 110: "百十", 101: "百一"}),
        ("ideographDigital", {10: "一〇", 12: "一二"}),
        ("ideographTraditional", {1: "甲", 10: "癸", 11: "11"}),
        ("ideographZodiac", {12: "亥"}),
        ("ideographZodiacTraditional", {1: "甲子", 13: "丙子", 60: "癸亥"}),
        ("chineseLegalSimplified", {12: "壹拾贰"}),
        ("numberInDash", {2: "- 2 -"}),
        ("ordinal", {1: "1st", 2: "2nd", 11: "11th", 23: "23rd"}),
        ("none", {1: ""}),
        ("bullet", {7: "•"}),
        ("of a later standard", {7: "7"}),
    ],
)  # fmt: skip
def test_formats_of_the_standard(format_: str, printed: dict[int, str]) -> None:
    assert {number: format_number(number, format_) for number in printed} == printed


@given(st.sampled_from(sorted(_FORMATS)), st.integers(-5, 10**9))
def test_every_number_is_printed_in_few_characters(format_: str, number: int) -> None:
    assert len(format_number(number, format_)) <= 45
    assert bool(format_number(number, format_)) is (format_ != "none")


@given(st.integers(1, 9999))
def test_chinese_numbers_differ(number: int) -> None:
    name = "chineseCountingThousand"
    assert format_number(number, name) != format_number(number + 1, name)


@pytest.mark.parametrize(
    ("printed", "gap"),
    [("一、", ""), ("（一）", ""), ("1.", ""), ("①", ""), ("2.1", " "), ("第一条", " ")],
)
def test_a_space_stands_where_a_number_has_no_mark_of_its_own(printed: str, gap: str) -> None:
    assert gap_after(printed) == gap

"""Numbers of a workbook as its program shows them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers.number_formats import BUILTIN, shown_number

DAY = 45000  # 2023-03-15, a Wednesday


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (0.95, "0%", "95%"),
        (0.955, "0%", "96%"),
        (0.9554, "0.0%", "95.5%"),
        (0.1 + 0.2, "General", "0.3"),
        (45.0, "General", "45"),
        (310101199001011.0, "General", "310101199001011"),
        (1234567.891, "#,##0.00", "1,234,567.89"),
        (999.5, "#,##0", "1,000"),
        (0, "#,##0", "0"),
        (0, "#", ""),
        (7, "000", "007"),
        (2.5, "0", "3"),  # half up, as programs show it
        (1.005, "0.00", "1.01"),
        (1.5, "0.0#", "1.5"),
        (12, '0"所"', "12所"),
        (12, "0\\所", "12所"),
        (12.0, "0_ ", "12"),
        (-3, "0;[Red](0)", "(3)"),
        (-3, "0.0", "-3.0"),
        (0, '0;-0;"无"', "无"),
        (12345678, '0.00,,"百万"', "12.35百万"),
        (123456, '0!.0,"万元"', "12.3万元"),  # how 万元 is made of 元
        (1200, "[$¥-804]#,##0", "¥1,200"),
        (80, '[>=60]"合格";"不合格"', "合格"),
        (50, '[>=60]"合格";"不合格"', "不合格"),
        (12345, "0.00E+00", "1.23E+04"),
        (1.25, "# ?/?", "1 1/4"),
        (0.75, "# ?/?", "3/4"),
        (25, "[DBNum1][$-804]General", "二十五"),
        (10500, "[DBNum1][$-804]General", "一万〇五百"),
        (25, "[DBNum2][$-804]General", "贰拾伍"),
        (100000000, "[DBNum1]0", "一亿"),
        (5551234, "000-0000", "555-1234"),
        (3, "@", "3"),
        (3, '0"件";-0"件";0"件";@', "3件"),
        (DAY, 'yyyy"年"m"月"d"日"', "2023年3月15日"),
        (DAY, 'yyyy"年"m"月"d"日";@', "2023年3月15日"),
        (DAY, "[$-804]yyyy\\年m\\月d\\日;@", "2023年3月15日"),
        (DAY, "yyyy-mm-dd", "2023-03-15"),
        (DAY, BUILTIN[14], "2023/3/15"),
        (DAY, BUILTIN[57], "2023年3月"),
        (DAY, '[DBNum1][$-804]yyyy"年"m"月"d"日"', "二〇二三年三月十五日"),
        (DAY, "aaaa", "星期三"),
        (DAY, "yyyy/m/d aaa", "2023/3/15 周三"),
        (DAY, "d-mmm-yy", "15-Mar-23"),
        (DAY + 0.75, "yyyy/m/d h:mm", "2023/3/15 18:00"),
        (0.75, "h:mm AM/PM", "6:00 PM"),
        (0.75, '上午/下午h"时"mm"分"', "下午6时00分"),
        (1.5, "[h]:mm", "36:00"),
        (0.5 / 86400, "mm:ss.0", "00:00.5"),
        (1, "yyyy/m/d", "1900/1/1"),
        (61, "yyyy/m/d", "1900/3/1"),
        (-1, "yyyy/m/d", "-1"),
        (1e300, "yyyy/m/d", "1e+300"),
    ],
)
def test_a_number_by_its_format(value: float, code: str, shown: str) -> None:
    assert shown_number(value, code) == shown


def test_days_may_be_counted_from_1904() -> None:
    assert shown_number(43538, "yyyy/m/d", from_1904=True) == "2023/3/15"


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.text("0#?.,%;/@-ymdhs\"'[]EGe+*_\\ 年>1", max_size=12),
)
def test_no_code_fails(value: float, code: str) -> None:
    assert isinstance(shown_number(value, code), str)


@given(st.integers(-(10**9), 10**9), st.integers(0, 4))
def test_decimals_are_as_many_as_the_code_has(value: int, places: int) -> None:
    shown = shown_number(value / 100, "0." + "0" * places if places else "0")
    assert len(shown.partition(".")[2]) == places

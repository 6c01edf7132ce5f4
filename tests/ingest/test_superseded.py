"""Times that held before a change, told from stretches and from times of their own."""

from __future__ import annotations

from datetime import date

import pytest

from ingest.superseded import find_changes
from kb.language.times import find_times


def superseded(text: str) -> list[str]:
    times = find_times(text, reference=date(2026, 1, 10))
    return [text[times[i].start : times[i].end] for i in sorted(find_changes(text, times).before)]


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("由原定的9月底延期至11月底完工", ["9月底"]),
        ("完成时限由2026年5月31日调整为2026年12月31日", ["2026年5月31日"]),
        ("由2026年5月31日前完成调整为2026年12月31日前完成", ["2026年5月31日前"]),
        ("从9月底提前至8月底", ["从9月底"]),
        ("原定9月底完工,现延期至11月底", ["9月底"]),
        ("原定完工时间为9月底,因汛期影响推迟到11月底", ["9月底"]),
        ("报送时间由每月5日前改为每月10日前", ["每月5日前"]),
        ("由9月底延长2个月至11月底", ["9月底", "2个月"]),
        ("从2026年6月30日前顺延至2026年8月31日前", ["从2026年", "6月30日前"]),
        ("由6月底顺延至9月底,再延至11月底", ["6月底", "9月底"]),
        # Stretches, and times of their own.
        ("从2026年6月1日到9月30日开展排查", []),
        ("由9月底至11月底", []),
        ("自2026年5月1日起调整至9月底", []),
        ("6月底前完成方案,9月底前调整到位", []),
        ("由区教委6月底前完成,9月底前延期至年底", ["9月底前"]),
        ("完工时间9月底延期至11月底", ["9月底"]),
        ("5月底前完成调整到9月底", []),
        ("原定9月底完工。延期至11月底", []),
        ("延期至11月底完工", []),
    ],
)
def test_what_a_time_was_before_a_change(text: str, before: list[str]) -> None:
    assert superseded(text) == before

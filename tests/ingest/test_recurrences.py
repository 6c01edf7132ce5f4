"""The stretch in which a recurrence recurs and the condition during which it does, by its sentence."""

from __future__ import annotations

from datetime import date

import pytest

from ingest.reading import normalize_characters
from ingest.recurrences import with_bounds
from kb.language.parties import find_parties
from kb.language.times import Time, find_times

REFERENCE = date(2026, 4, 1)


def bounded(text: str) -> tuple[str, Time]:
    """The last recurrence of a text, with what bounds it."""
    plain = normalize_characters(text)
    times = find_times(plain, reference=REFERENCE)
    parties = [(p.start, p.end) for p in find_parties(plain)]
    last = [t for t in times if t.rrule][-1]
    return plain, with_bounds(plain, last, times, parties)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026年5月至11月，各单位每月25日前报送进展。", "2026-05-01", "2026-11-30"),
        ("自5月20日起至6月30日，巡查队24小时巡查，每两小时上报一次。", "2026-05-20", "2026-06-30"),
        ("“十五五”期间，每年培训100人。", "2026-01-01", "2030-12-31"),
        ("2026年，每月25日前报送进展。", "2026-01-01", "2026-12-31"),
        ("自2027年起每年3月底前报送。", "2027-01-01", None),
        # Another sentence, a day beside it, a day of birth.
        ("2026年5月至11月开展整治。每月25日前报送进展。", None, None),
        ("6月底前制定方案，每月25日前报送进展。", None, None),
        ("1967年1月1日以后出生，每年工作不少于6个月。", None, None),
    ],
)
def test_the_stretch_in_which_it_recurs(text: str, first: str | None, last: str | None) -> None:
    _, time = bounded(text)
    found = [day and day.isoformat() for day in (time.first, time.last)]
    assert found == [first, last]


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("县气象局：汛期每日8时、20时报送预报。", "汛期"),
        ("启动Ⅱ级以上应急响应期间，每3小时报送1次雨情。", "启动Ⅱ级以上应急响应期间"),
        ("负责监测，启动Ⅲ级响应期间，工作组每周至少下村2次。", "启动Ⅲ级响应期间"),
        ("汛期每日巡查不少于2次，高水位时每日不少于4次。", "高水位时"),
        ("水位超警戒0.5米以上时每2小时巡查一次。", "水位超警戒0.5米以上时"),
        ("县水利局在启动Ⅱ级响应期间每日会商。", "启动Ⅱ级响应期间"),
        ("主汛期各乡镇每日巡查。", "主汛期"),
        # What says nothing of when it recurs.
        ("同时，每月报送进展。", None),
        ("汛期为每年4月15日至10月15日。", None),
        ("做好汛期值守，加强巡查，完善台账，每日报送。", None),
        ("响应期间值班。每日报送情况。", None),
        ("每日16时前汇总响应期间灾情。", None),
        ("“十四五”期间每年评选10个。", None),
    ],
)
def test_the_condition_during_which_it_recurs(text: str, event: str | None) -> None:
    plain, time = bounded(text)
    assert (plain[slice(*time.event)] if time.event else None) == event

"""Times as policy text writes them: each of a kind, words that are none, places, and linear work."""

from __future__ import annotations

from datetime import date, time

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from kb.language.times import Bound, Time, TimeKind, YearSource, find_times

REFERENCE = date(2026, 11, 27)


def said(text: str, reference: date | None = REFERENCE) -> list[tuple[str, str]]:
    """Each time as printed, and what it says in one word."""
    return [(text[t.start : t.end], _value(t)) for t in find_times(text, reference=reference)]


def _value(t: Time) -> str:
    if t.rrule and t.kind is TimeKind.RECURRING:
        return t.rrule
    if t.duration:
        upper = f"-{t.duration_max}" if t.duration_max else ""
        return t.duration + upper + ("w" if t.working_days else "")
    return f"{t.first or ''}..{t.last or ''}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2025年", "2025-01-01..2025-12-31"),
        ("2027 年 3 月", "2027-03-01..2027-03-31"),  # spaces of set text
        ("２０２７年３月", "2027-03-01..2027-03-31"),
        ("二〇二六年十二月三十一日", "2026-12-31..2026-12-31"),
        ("二○○七年四月十三日", "2007-04-13..2007-04-13"),
        ("两千零四年八月十五", "2004-08-15..2004-08-15"),
        ("2026.12.31", "2026-12-31..2026-12-31"),
        ("2026/12/31", "2026-12-31..2026-12-31"),
        ("2026-12-31", "2026-12-31..2026-12-31"),
        ("26年底", "2026-01-01..2026-12-31"),
        ("98年4月", "1998-04-01..1998-04-30"),  # the nearest of the centuries
        ("明年", "2027-01-01..2027-12-31"),
        ("今明两年", "2026-01-01..2027-12-31"),
        ("本月", "2026-11-01..2026-11-30"),
        ("下季度", "2027-01-01..2027-03-31"),
        ("本季度末", "2026-12-01..2026-12-31"),
        ("年中", "2026-06-01..2026-06-30"),
        ("上半年", "2026-01-01..2026-06-30"),
        ("一季度末", "2026-03-01..2026-03-31"),
        ("前三季度", "2026-01-01..2026-09-30"),
        ("6月上旬", "2026-06-01..2026-06-10"),
        ("2月下旬", "2026-02-21..2026-02-28"),
        ("6月月末", "2026-06-01..2026-06-30"),
        ("8月初", "2026-08-01..2026-08-05"),
        ("2027年“五一”前", "..2027-04-30"),
        ("“十五五”期间", "2026-01-01..2030-12-31"),
        ("“十五五”中期", "2028-01-01..2028-12-31"),
        ("“十五五”开局之年", "2026-01-01..2026-12-31"),
        ("“十四五”收官之年", "2025-01-01..2025-12-31"),
        ("“十四五”时期", "2021-01-01..2025-12-31"),
        ("2026年底至2027年初", "2026-12-01..2027-02-28"),
        ("十四五末", "2021-01-01..2025-12-31"),
        ("2019年1月1日至12月31日", "2019-01-01..2019-12-31"),
        ("2018-2020年", "2018-01-01..2020-12-31"),
        ("2025～2026年", "2025-01-01..2026-12-31"),
        ("2026年9月至次年2月", "2026-09-01..2027-02-28"),
        ("8月至2月", "2026-08-01..2027-02-28"),
        ("11月至2027年3月", "2026-11-01..2027-03-31"),
        ("2019年4月12-19日", "2019-04-12..2019-04-19"),
        ("2026年8月1日（星期六）至8月5日（星期三）", "2026-08-01..2026-08-05"),
        ("即日起至2027年4月30日", "2026-11-27..2027-04-30"),
        ("2015年和2018年之间", "2015-01-01..2018-12-31"),
        ("自2020-05-26起至2020-05-29止", "2020-05-26..2020-05-29"),
    ],
)
def test_days_and_stretches(text: str, value: str) -> None:
    assert said(text) == [(text, value)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2025年底前", "..2025-12-31"),
        ("12月月底前", "..2026-12-31"),
        ("三季度前", "..2026-09-30"),
        ("2026年12月31日（含）前", "..2026-12-31"),
        ("4月20日(星期五)前", "..2026-04-20"),
        ("2012年1月7日或之前", "..2012-01-07"),
        ("2026年6月的最后一天前", "..2026-06-30"),
        ("国庆节前", "..2027-09-30"),  # the next one: this year's has passed
        ("6/30前", "..2026-06-30"),
        ("7.15之前", "..2026-07-15"),
        ("截止9.10", "2026-09-10..2026-09-10"),
        ("自3.1至3.15", "2026-03-01..2026-03-15"),
        ("2027.6前", "..2027-06-30"),
        ("2027/12底前", "..2027-12-31"),
        ("2027.12底", "2027-12-01..2027-12-31"),
        ("春节前", "..2027-02-05"),  # by the lunar calendar, on the eve
        ("2027年端午节前", "..2027-06-08"),
        ("高考前", "..2027-06-06"),
        ("五一前", "..2027-04-30"),
        ("元旦前", "..2026-12-31"),
        ("自2025年起", "2025-01-01.."),
        ("2018年之后", "2019-01-01.."),
        ("2015年1月1日及之后", "2015-01-01.."),
        ("2015年以来", "2015-01-01.."),
    ],
)
def test_open_on_one_side(text: str, value: str) -> None:
    assert said(text) == [(text, value)]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("每周二、周四", "FREQ=WEEKLY;BYDAY=TU,TH"),
        ("每周一、三、五", "FREQ=WEEKLY;BYDAY=MO,WE,FR"),
        ("每周一至周五", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("每星期日", "FREQ=WEEKLY;BYDAY=SU"),
        ("每个工作日17时前", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=17"),
        ("每季度", "FREQ=MONTHLY;INTERVAL=3"),
        ("每半年", "FREQ=MONTHLY;INTERVAL=6"),
        ("按季度", "FREQ=MONTHLY;INTERVAL=3"),
        ("按月", "FREQ=MONTHLY"),
        ("逐月", "FREQ=MONTHLY"),
        ("每两年", "FREQ=YEARLY;INTERVAL=2"),
        ("每年3月、9月底前", "FREQ=YEARLY;BYMONTH=3,9;BYMONTHDAY=-1"),
        ("每年1月15日、7月15日前", "FREQ=YEARLY;BYMONTH=1,7;BYMONTHDAY=15"),
        ("每年6月30日和12月31日前", "FREQ=YEARLY;BYMONTH=6,12;BYMONTHDAY=-1"),
        ("每年9月到11月", "FREQ=YEARLY;BYMONTH=9,10,11"),
        ("每年5-7月", "FREQ=YEARLY;BYMONTH=5,6,7"),
        ("每年第一季度", "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=-1"),
        ("每年国庆节前", "FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=1"),
        ("每季度末月底前", "FREQ=YEARLY;BYMONTH=3,6,9,12;BYMONTHDAY=-1"),
        ("每季度首月10日前", "FREQ=YEARLY;BYMONTH=1,4,7,10;BYMONTHDAY=10"),
        ("每季度最后一个月20日前", "FREQ=YEARLY;BYMONTH=3,6,9,12;BYMONTHDAY=20"),
        ("每月5日前", "FREQ=MONTHLY;BYMONTHDAY=5"),
        ("每月5日、20日前", "FREQ=MONTHLY;BYMONTHDAY=5,20"),
        ("每月5、20日", "FREQ=MONTHLY;BYMONTHDAY=5,20"),
        ("每双月5日前", "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=5"),
        ("每旬", "FREQ=MONTHLY;BYMONTHDAY=10,20,-1"),
        ("次月末前", "FREQ=MONTHLY;BYMONTHDAY=-1"),
        ("每周一至五", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("每两小时", "FREQ=HOURLY;INTERVAL=2"),
        ("每90分钟", "FREQ=MINUTELY;INTERVAL=90"),
        ("每天8时、20时前", "FREQ=DAILY;BYHOUR=8,20"),
        ("每日7:40、16:40", "FREQ=DAILY;BYHOUR=7,16;BYMINUTE=40"),
        ("每日8时至20时", "FREQ=DAILY"),  # how long it is open, not by when
        ("每年6月、12月的25日前", "FREQ=YEARLY;BYMONTH=6,12;BYMONTHDAY=25"),
        ("每月1日至5日", "FREQ=MONTHLY;BYMONTHDAY=5"),
        ("每年9月1日至9月20日", "FREQ=YEARLY;BYMONTH=9;BYMONTHDAY=20"),
        ("每月上旬", "FREQ=MONTHLY;BYMONTHDAY=10"),
    ],
)
def test_recurrences(text: str, rule: str) -> None:
    [found] = find_times(text + "报送")
    assert (text, rule) == (text[found.start : found.end], found.rrule)
    assert found.kind is TimeKind.RECURRING
    assert rrulestr(rule, dtstart=None)


def test_recurrences_that_no_rule_or_not_one_rule_says() -> None:
    [term] = find_times("每学期开展一次")
    assert (term.kind, term.rrule) == (TimeKind.RECURRING, None)
    assert said("每年1月15日、7月20日前")[0] == (
        "每年1月15日",
        "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=15",
    )


def test_a_stretch_in_which_something_recurs() -> None:
    [found] = find_times("2026—2028年每年培育10家")
    assert (found.kind, found.rrule) == (TimeKind.INTERVAL, "FREQ=YEARLY")
    assert (found.first, found.last) == (date(2026, 1, 1), date(2028, 12, 31))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5个工作日", "P5Dw"),
        ("60个工作日内", "P60Dw"),
        ("三年内", "P3Y"),
        ("两年之内", "P2Y"),
        ("5—10年左右", "P5Y-P10Y"),
        ("三至五年", "P3Y-P5Y"),
        ("一两年", "P1Y-P2Y"),
        ("三五年", "P3Y-P5Y"),
        ("半年内", "P6M"),
        ("一年半", "P1Y6M"),
        ("两个半月", "P2M15D"),
        ("四年六个月", "P4Y6M"),
        ("五个季度", "P15M"),
        ("30日内", "P30D"),
        ("40年", "P40Y"),  # no year 2040
        ("10余年", "P10Y"),
        ("1.5年", "P1.5Y"),
        ("3年以上7年以下", "P3Y-P7Y"),
        ("未来三年", "P3Y"),
        ("5—10年", "P5Y-P10Y"),
        ("5年-10年", "P5Y-P10Y"),
        ("3个月至6个月", "P3M-P6M"),
        ("半年至一年", "P6M-P1Y"),
        ("36小时至3天", "PT36H-P3D"),
        ("3至5个工作日", "P3D-P5Dw"),
    ],
)
def test_lengths(text: str, value: str) -> None:
    assert said(text) == [(text, value)]
    assert find_times(text)[0].kind is TimeKind.DURATION


def test_a_range_of_lengths_ends_with_the_longer_and_goes_up() -> None:
    (within,) = find_times("3个月至6个月内", reference=date(2026, 3, 2))
    assert within.last == date(2026, 9, 2)
    assert [t.duration for t in find_times("6个月到3个月")] == ["P6M", "P3M"]


def test_before_and_within_of_lengths() -> None:
    [ahead] = find_times("于会议召开15日前发出书面通知")
    assert (ahead.duration, ahead.bound) == ("P15D", Bound.BEFORE)
    [within] = find_times("自印发之日起30日内")
    assert (within.duration, within.bound, within.last) == ("P30D", Bound.WITHIN, None)
    [counted] = find_times("15个工作日内", reference=date(2026, 11, 27))
    assert counted.last == date(2026, 12, 18)


def test_the_first_months_of_a_year_and_months_before_an_event() -> None:
    assert said("今年前五个月") == [("今年前五个月", "2026-01-01..2026-05-31")]
    assert said("合同期满前3个月提出") == [("3个月", "P3M")]


def test_the_clock_is_kept() -> None:
    cases = [
        ("6月20日18:00前", time(18)),
        ("6月20日下午6点前", time(18)),
        ("6月30日24时前", time(23, 59)),
        ("5月22日15时30分", time(15, 30)),
        ("2025-10-17 09:00:00", time(9)),
        ("每天17：00前", time(17)),
    ]
    assert [(text, find_times(text, reference=REFERENCE)[0].clock) for text, _ in cases] == cases
    assert [said(text)[0][0] for text, _ in cases] == [text for text, _ in cases]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("完成时限：6.30", "6.30"),
        ("报名时间：3.1-3.15，逾期不候", "3.1-3.15"),
        ("截止日期:2027.6底", "2027.6底"),
        ("办结时限：7.5小时", "7.5小时"),
    ],
)
def test_a_label_of_times_shows_that_figures_are_one_and_is_none_of_it(
    text: str, found: str
) -> None:
    assert [place for place, _ in said(text)] == [found]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2026.5", "2026-05-01..2026-05-31"),
        ("2026.05", "2026-05-01..2026-05-31"),
        ("2026-05", "2026-05-01..2026-05-31"),
        ("2026/5", "2026-05-01..2026-05-31"),
        ("2026.5月", "2026-05-01..2026-05-31"),
        ("202605", "2026-05-01..2026-05-31"),
        ("20260531", "2026-05-31..2026-05-31"),
        ("2026-05底前", "None..2026-05-31"),
        ("2027", "2027-01-01..2027-12-31"),
        ("2026.1-2026.12", "2026-01-01..2026-12-31"),
        ("2026.1-12", "2026-01-01..2026-12-31"),
        ("2026.3-12月", "2026-03-01..2026-12-31"),
        ("2026年3月-2026.12", "2026-03-01..2026-12-31"),
        ("2026-05至2026-12", "2026-05-01..2026-12-31"),
        ("2026-2027", "2026-01-01..2027-12-31"),
    ],
)
def test_figures_are_a_time_where_times_stand(text: str, days: str) -> None:
    [time] = find_times(text, reference=REFERENCE, shown=[(0, len(text))])
    assert (time.start, time.end, f"{time.first}..{time.last}") == (0, len(text), days)


@pytest.mark.parametrize("text", ["30%", "1.5亿元", "12345678", "202613", "G60.5", "3.2.1"])
def test_other_figures_are_none_there_either(text: str) -> None:
    assert find_times(text, reference=REFERENCE, shown=[(0, len(text))]) == []


@given(
    st.integers(1, 12),
    st.integers(1, 31),
    st.sampled_from("./"),
    st.sampled_from(
        ["", "节", "%", "万元", "G基站", "以上", "前列", "前期", "前移至8", "的村", "倍", ".4前", "/5/6/7前"]
    ),
    st.sampled_from(["", "占比", "第", "表", "V", "pH", "20.", "按照", "温差："]),
)  # fmt: skip
def test_a_share_a_decimal_a_section_and_a_code_are_no_day(
    month: int, day: int, mark: str, after: str, before: str
) -> None:
    assert find_times(f"{before}{month}{mark}{day}{after}", reference=REFERENCE) == []


@pytest.mark.parametrize(
    "text",
    [
        "三年级学生", "六十年代建成的小区", "年龄在18周岁以上", "建校100周年", "天然气管道", "日常检查",
        "校园周边整治", "聘请月嫂", "期间费用", "国发〔2025〕11号", "2月30日", "2027年2月29日前", "13月",
        "五一路", "八一小学", "几年内", "3日均值", "6月龄婴儿", "1234年", "12025年", "来自各区", "每个学校",
    ],
)  # fmt: skip
def test_no_time(text: str) -> None:
    assert find_times(text, reference=REFERENCE) == []


def test_words_of_other_meaning_take_their_characters_back() -> None:
    cases = [
        ("2026年前期工作", "2026年"), ("2026年后续管护", "2026年"), ("6月起草办法", "6月"),
        ("到2025年均达到90%", "2025年"), ("到2025年中国", "2025年"), ("2026年初步形成", "2026年"),
        ("2026年内部审计", "2026年"), ("6月30日到位资金", "6月30日"), ("2026年底数归集", "2026年"),
    ]  # fmt: skip
    assert [(text, said(text)[0][0]) for text, _ in cases] == cases


def test_a_printed_year_governs_what_follows() -> None:
    text = "2027年3月31日前制定方案，6月30日前完成；2028年1月启动，春节前验收。"
    days = [(t.last, t.year) for t in find_times(text, reference=REFERENCE)]
    assert days == [
        (date(2027, 3, 31), YearSource.PRINTED),
        (date(2027, 6, 30), YearSource.CARRIED),
        (date(2028, 1, 31), YearSource.PRINTED),
        (date(2028, 1, 25), YearSource.CARRIED),
    ]
    [_, carried] = find_times("2027年1月底前试点，2月底前推广", reference=REFERENCE)
    assert (carried.last, carried.printed_year, carried.assumed) == (
        date(2027, 2, 28),
        False,
        False,
    )
    [_, later] = find_times("明年开展评选，下半年公布结果", reference=REFERENCE)
    assert later.last == date(REFERENCE.year + 1, 12, 31)
    [_, alone] = find_times("2027年1月底前试点，2月底前推广", reference=REFERENCE, carry=False)
    assert (alone.last, alone.assumed) == (date(2026, 2, 28), True)


def test_a_year_of_the_past_governs_nothing() -> None:
    [_, due] = find_times("2025年已建成20个，12月底前再建5个", reference=REFERENCE)
    assert (due.last, due.year) == (date(2026, 12, 31), YearSource.REFERENCE)


def test_horizons_and_titles_govern_nothing_beyond_them() -> None:
    cases = [
        ("2027年，3月底前完成试点，6月底前推广。", "2027-06-30"),
        ("到2030年，建成网络。6月底前制定方案。", "2026-06-30"),
        ("落实《行动计划（2026—2030年）》，6月底前制定方案", "2026-06-30"),
        ("落实《2028年3月工作要点》，6月底前制定方案", "2026-06-30"),
        ("2026—2030年分步实施，6月底前制定方案", "2026-06-30"),
    ]
    got = [(text, str(find_times(text, reference=REFERENCE)[-1].last)) for text, _ in cases]
    assert got == cases
    [_, due] = find_times("按照《2007年1月工作任务分解表》，于4月20日前上报")
    assert due.last == date(2007, 4, 20)  # no reference: the title's year is better than none


def test_where_nothing_says_the_year_there_is_no_day() -> None:
    [found] = find_times("6月底前完成")
    assert (found.first, found.last, found.year) == (None, None, YearSource.REFERENCE)
    assert found.kind is TimeKind.BEFORE


def test_what_bounds_the_last_of_a_list_bounds_all_of_it() -> None:
    found = find_times("6月、9月和12月底前报送", reference=date(2026, 1, 1))
    assert [t.last for t in found] == [date(2026, 6, 30), date(2026, 9, 30), date(2026, 12, 31)]
    assert {t.kind for t in found} == {TimeKind.BEFORE}


def test_which_doubts_are_said() -> None:
    cases = [("2025年前", True, False), ("2025年底前", False, False), ("2020年3月左右", False, True),
             ("2026年年中", False, True), ("20多天", False, True), ("2013年及以前", False, False)]  # fmt: skip
    got = [(text, t.ambiguous, t.approximate) for text, *_ in cases for t in find_times(text)]
    assert got == cases


_PIECES = (
    "2025", "年", "10", "月", "底", "前", "每", "、", "至", "-", "一", "十五", "日", "周", "二", "内",
    "半年", "十四五", "“", "”", "春节", "18:00", "(", ")", " ", "工作日", "个", "起", "自", "第", "季度",
    "末", "的", "今年", "次年", "上旬", "约", "\n", "０９", ".", "/", "以上", "左右", "后", "截至", "即日",
)  # fmt: skip


@given(
    st.lists(st.sampled_from(_PIECES), max_size=30).map("".join),
    st.one_of(st.none(), st.dates(date(1990, 1, 1), date(2090, 12, 31))),
)
def test_places_are_in_the_text_in_order_without_overlap(text: str, reference: date | None) -> None:
    found = find_times(text, reference=reference)
    places = [0, *(place for t in found for place in (t.start, t.end)), len(text)]
    assert places == sorted(places)
    for t in found:
        assert t.start < t.end
        assert t.first is None or t.last is None or t.first <= t.last
        assert text[t.start : t.end].strip() == text[t.start : t.end]


@given(st.text(max_size=60))
def test_never_raises(text: str) -> None:
    find_times(text, reference=date.max)
    find_times(text)


@given(st.dates(date(1950, 1, 1), date(2150, 12, 31)), st.sampled_from(["{0.year}年{0.month}月{0.day}日", "{0:%Y-%m-%d}", "{0:%Y.%m.%d}"]))  # fmt: skip
def test_every_day_is_read_as_it_is_printed(day: date, form: str) -> None:
    [found] = find_times(form.format(day))
    assert (found.first, found.last, found.printed_year) == (day, day, True)

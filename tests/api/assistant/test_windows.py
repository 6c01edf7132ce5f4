"""The days that a question asks about."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.assistant.window_grammar import period_of
from api.assistant.window_words import WindowWords, phrases
from api.assistant.windows import find_window
from ingest.reading import normalize_characters
from kb.expansion import simplify
from kb.lexicon import load_lexicon

TODAY = date(2026, 11, 24)  # a Tuesday


def window(text, as_of=TODAY):
    return find_window(normalize_characters(simplify(text)), as_of)[0]


CASES = [
    # weeks, Monday to Sunday
    ("本周有什么到期", "2026-11-23", "2026-11-29"),
    ("这个星期要交什么", "2026-11-23", "2026-11-29"),
    ("这礼拜有啥要办的", "2026-11-23", "2026-11-29"),
    ("下周要干什么", "2026-11-30", "2026-12-06"),
    ("下個星期有甚麼到期", "2026-11-30", "2026-12-06"),
    ("下下周到期的", "2026-12-07", "2026-12-13"),
    ("上周到期的办了吗", "2026-11-16", "2026-11-22"),
    ("本周和下周到期的", "2026-11-23", "2026-12-06"),
    ("下周五前要交什么", "2026-11-24", "2026-12-04"),
    ("周五之前要交什么", "2026-11-24", "2026-11-27"),
    ("周一要交什么", "2026-11-30", "2026-11-30"),  # this week's has passed
    ("本周末要交什么", "2026-11-29", "2026-11-29"),
    # months, quarters, halves, years
    ("本月有什么到期", "2026-11-01", "2026-11-30"),
    ("本月底前要完成什么", "2026-11-24", "2026-11-30"),
    ("月底之前要收尾的", "2026-11-24", "2026-11-30"),
    ("下个月有什么到期", "2026-12-01", "2026-12-31"),
    ("下月10号前要交的", "2026-11-24", "2026-12-10"),
    ("上个月到期的", "2026-10-01", "2026-10-31"),
    ("本季度要办结哪些", "2026-10-01", "2026-12-31"),
    ("季末前要办结哪些", "2026-11-24", "2026-12-31"),
    ("下季度到期的", "2027-01-01", "2027-03-31"),
    ("上个季度到期的", "2026-07-01", "2026-09-30"),
    ("今年三季度到期的", "2026-07-01", "2026-09-30"),
    ("上半年要完成哪些", "2026-01-01", "2026-06-30"),
    ("明年上半年到期的", "2027-01-01", "2027-06-30"),
    ("今年要完成什么", "2026-01-01", "2026-12-31"),
    ("年底前要完成什么", "2026-11-24", "2026-12-31"),
    ("年内要完成的", "2026-11-24", "2026-12-31"),
    ("明年到期的", "2027-01-01", "2027-12-31"),
    ("明年底前要完成的", "2026-11-24", "2027-12-31"),
    ("今明两年要完成什么", "2026-01-01", "2027-12-31"),
    ("去年到期的", "2025-01-01", "2025-12-31"),
    # so many days, weeks, months, of which today is the first (or the last)
    ("10天内到期的", "2026-11-24", "2026-12-03"),
    ("十天之内到期的", "2026-11-24", "2026-12-03"),
    ("未来两周到期的", "2026-11-24", "2026-12-07"),
    ("接下来一个月要办的", "2026-11-24", "2026-12-23"),
    ("半个月内到期的", "2026-11-24", "2026-12-08"),
    ("一个半月内到期的", "2026-11-24", "2027-01-07"),
    ("未来3个月到期的", "2026-11-24", "2027-02-23"),
    ("三五天内到期的", "2026-11-24", "2026-11-28"),
    ("5个工作日内到期的", "2026-11-24", "2026-11-30"),
    ("近三个月逾期的", "2026-08-25", "2026-11-24"),
    ("过去30天逾期的", "2026-10-26", "2026-11-24"),
    ("今后7天到期的", "2026-11-24", "2026-11-30"),
    ("过去一周逾期的", "2026-11-18", "2026-11-24"),
    ("未来1天到期的", "2026-11-24", "2026-11-24"),
    ("99999天内到期的", "2026-11-24", "2199-12-31"),
    # near
    ("有没有啥快到期的", "2026-11-24", "2026-12-23"),
    ("最近有什么要到期的", "2026-11-24", "2026-12-23"),
    ("临近期限的有哪些", "2026-11-24", "2026-12-23"),
    ("下一个到期的是哪项", "2026-11-24", None),
    ("快到期的，10天内", "2026-11-24", "2026-12-03"),  # the number says more
    # dates as documents print them
    ("2025年底前要完成什么", None, "2025-12-31"),
    ("2027年前要完成什么", None, "2027-12-31"),
    ("二〇二七年底前要完成什么", None, "2027-12-31"),
    ("27年底前要完成啥", None, "2027-12-31"),
    ("2027年到期的", "2027-01-01", "2027-12-31"),
    ("2027年3月到期的", "2027-03-01", "2027-03-31"),
    ("2026年12月1日到2027年3月31日到期的", "2026-12-01", "2027-03-31"),
    ("2026-12-31前到期的", None, "2026-12-31"),
    ("2025-2027年到期的", "2025-01-01", "2027-12-31"),
    ("2027年以后到期的", "2028-01-01", None),
    ("十四五期间要完成什么", "2021-01-01", "2025-12-31"),
    ("截至2025年底逾期的", None, "2025-12-31"),
    # English
    ("What is due this week?", "2026-11-23", "2026-11-29"),
    ("Which tasks are due next week?", "2026-11-30", "2026-12-06"),
    ("by next Friday", "2026-11-24", "2026-12-04"),
    ("What is due this month?", "2026-11-01", "2026-11-30"),
    ("by the end of the month", "2026-11-24", "2026-11-30"),
    ("What falls due next quarter?", "2027-01-01", "2027-03-31"),
    ("by year end", "2026-11-24", "2026-12-31"),
    ("due before the end of next year", "2026-11-24", "2027-12-31"),
    ("in the next 10 days", "2026-11-24", "2026-12-03"),
    ("within two weeks", "2026-11-24", "2026-12-07"),
    ("over the next few weeks", "2026-11-24", "2026-12-14"),
    ("in the past 30 days", "2026-10-26", "2026-11-24"),
    ("What is due soon?", "2026-11-24", "2026-12-23"),
    ("When is the next deadline?", "2026-11-24", None),
    ("due by the end of 2025", None, "2025-12-31"),
    ("due before 2027", None, "2027-12-31"),
    ("due after 2027", "2028-01-01", None),
    ("due since 2025", "2025-01-01", None),
    ("due in 2027", "2027-01-01", "2027-12-31"),
    ("due by 30 June 2027", None, "2027-06-30"),
    ("due by June 30, 2027", None, "2027-06-30"),
    ("due in March 2027", "2027-03-01", "2027-03-31"),
    ("due in Q3 2027", "2027-07-01", "2027-09-30"),
    ("in the first half of 2027", "2027-01-01", "2027-06-30"),
    ("the first quarter of next year", "2027-01-01", "2027-03-31"),
    ("between January and March 2027", "2027-01-01", "2027-03-31"),
    ("from 2026 to 2027", "2026-01-01", "2027-12-31"),
    ("overdue as of 2025-12-31", None, "2025-12-31"),
]


@pytest.mark.parametrize(("text", "start", "end"), CASES)
def test_windows(text, start, end):
    found = window(text)
    assert found is not None
    read = tuple(day.isoformat() if day else None for day in (found.start, found.end))
    assert read == (start, end)


@pytest.mark.parametrize(
    "text",
    [
        "防溺水由谁负责", "有没有3年以上的", "每周几节体育课", "每百名学生几名骨干教师",
        "年度考核由谁负责", "前景如何", "How many hours per week?", "May I ask who leads?",
        "一年级有几个班", "逾期最久的", "国办发〔2018〕127号里财政部的任务", "教基[2022]3号是什么",
    ],
)  # fmt: skip
def test_no_window(text):
    assert window(text) is None


@pytest.mark.parametrize("text", ["本周", "明年", "90天内", "next month", "9999-12-31前"])
def test_a_day_at_the_end_of_the_calendar(text):
    assert find_window(text, date.max)[0] is not None


def test_a_date_that_is_none_is_not_read():
    assert (
        window("due by 31 February 2027") is None or window("due by 31 February 2027").year == 2027
    )
    assert find_window("2027-02-31前", TODAY)[1]


def test_the_question_is_left_without_its_dates():
    assert find_window("区教委下个月要完成什么", TODAY)[1] == "区教委 要完成什么"
    assert find_window("What is due next week?", TODAY)[1].split() == ["What", "is", "due", "?"]


@pytest.mark.parametrize(
    ("text", "as_at"),
    [("截至2025年底逾期的", True), ("overdue as of 2025-12-31", True), ("2025年底前逾期的", False)],
)
def test_as_at(text, as_at):
    assert window(text).as_at is as_at


def test_seven_days_are_seven_days():
    """The day itself and six more, in both languages, in words and in digits."""
    for text in (
        "未来7天内到期的任务有哪些？", "7日内到期的", "七天内要完成的", "未来一周到期的", "未来７天到期的",
        "due within 7 days", "in the next seven days", "within a week",
    ):  # fmt: skip
        found = window(text, date(2026, 11, 27))
        assert (found.start, found.end) == (date(2026, 11, 27), date(2026, 12, 3)), text


def test_a_near_end_that_has_passed_has_all_before_it():
    assert (window("6月底前到期的").start, window("6月底前到期的").end) == (None, date(2026, 6, 30))


days = st.dates(date(1990, 1, 1), date(2150, 12, 31))
words = st.sampled_from(sorted(phrases()))


@given(words, days, st.sampled_from(["", "底前", "前", "内", "到期的"]))
def test_a_window_begins_before_it_ends_and_lies_near(word, day, after):
    found = window(f"{word}{after}要完成什么" if not word.isascii() else f"due {word}", day)
    if found is None:  # "year" alone is no window
        return
    assert found.start is None or found.end is None or found.start <= found.end
    for edge in (found.start, found.end):
        assert edge is None or abs((edge - day).days) <= 3 * 366


@given(days, st.integers(0, 99999), st.sampled_from(["天", "周", "个月", "年"]))
def test_counted_windows_begin_on_the_day_itself(day, count, unit):
    found = window(f"未来{count}{unit}到期的", day)
    assert found.start == day
    assert day <= found.end <= date(2199, 12, 31)


@given(
    st.sampled_from(["day", "week", "month", "quarter", "half", "year"]), st.integers(-20, 20), days
)
def test_periods_follow_one_another(period, shift, day):
    first, last = period_of(period, shift, day)
    assert first <= last
    assert period_of(period, shift + 1, day)[0] == last + timedelta(days=1)
    assert shift != 0 or first <= day <= last


@given(st.text(max_size=60), days)
def test_any_text_is_read_without_failing(text, day):
    found, rest = find_window(normalize_characters(text), day)
    assert found is None or found.start is None or found.end is None or found.start <= found.end
    assert isinstance(rest, str)


def test_every_text_of_the_words_of_days_has_one_of_them():
    for entry in load_lexicon("window_words", WindowWords):
        for text in entry.holds:
            assert any(word in text for word in entry.words), entry

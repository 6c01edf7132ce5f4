"""What stands before a time and belongs to it: its event, the word that leads to a day."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.time_events import Before, is_issue
from tests.effort import calls_of


def split(marked: str) -> tuple[str, int]:
    """The text without its mark | and the place of the mark."""
    return marked.replace("|", ""), marked.index("|")


@pytest.mark.parametrize(
    ("marked", "event", "opens"),
    [
        ("自竣工验收合格起|3个月内移交", "竣工验收合格", "自"),
        ("应当自收到申请之日起|5日内答复", "收到申请", "自"),
        ("发现险情的,接报后|2小时内到场", "接报", "接"),
        ("在接到转移指令后|2小时内撤离", "接到转移指令", "接"),
        ("确保接到转移指令后|2小时内撤离", "接到转移指令", "接"),
        ("接到报告后应在|30分钟内启动", "接到报告", "接"),
        ("收到通知后,应当|15日内提供", "收到通知", "收"),
        ("验收合格之日起的|30日内", "验收合格", "验"),
        ("自查后|5日内上报", "自查", "自"),  # 自 opens nothing there
        ("雨后|24小时内查看", "雨", "雨"),
        # The number of the clause is none of it; what only looks like one is.
        ("1.竣工验收合格后|30日内移交", "竣工验收合格", "竣"),
        ("(一)自公布之日起|5日内", "公布", "自"),
        ("第三条 收到通知后|3日内", "收到通知", "收"),
        ("10日培训结束后|3日内", "10日培训结束", "1"),
    ],
)
def test_an_event_is_what_its_words_enclose(marked: str, event: str, opens: str) -> None:
    text, at = split(marked)
    found = Before(text, at).event()
    assert found is not None
    assert text[found.start : found.end] == event
    assert text[found.opens] == opens
    assert not found.ahead


@pytest.mark.parametrize(
    ("marked", "event"),
    [
        ("于会议召开|10日前通知", "会议召开"),
        ("项目单位应于开工|15日前报送", "开工"),
        ("请于|10日前报送", None),
        ("应当|10日前报送", None),
    ],
)
def test_an_event_that_no_word_closes(marked: str, event: str | None) -> None:
    text, at = split(marked)
    found = Before(text, at).ahead()
    assert (text[found.start : found.end] if found else None) == event


@pytest.mark.parametrize(
    "marked",
    [
        "|3个月内移交",
        "然后|2小时内到场",
        "目前|3年内的指标",
        "后|3日内",
        "验收后。|3日内",
        "会后报送\n|3日内",
    ],
)
def test_without_an_event(marked: str) -> None:
    assert Before(*split(marked)).event() is None


def test_an_event_before_which_a_length_ends() -> None:
    text, at = split("合同期满前|30日内申请")
    found = Before(text, at).event()
    assert found is not None
    assert (text[found.start : found.end], found.ahead) == ("合同期满", True)


def test_the_body_that_acts_is_no_part_of_the_event() -> None:
    text, at = split("安全环保部接报后|30分钟内报告")
    found = Before(text, at).event([(0, 5)])
    assert found is not None
    assert text[found.start : found.end] == "接报"


@pytest.mark.parametrize(
    ("marked", "lead"),
    [
        ("到|2025年", "到"),
        ("截至|2025年", "截至"),
        ("力争到 |2025年", "到 "),
        ("建成于|2025年", ""),
    ],
)
def test_what_leads_to_a_day(marked: str, lead: str) -> None:
    text, at = split(marked)
    assert text[Before(text, at).lead() : at] == lead


@pytest.mark.parametrize(
    ("marked", "opens"),
    [
        ("|2025年底前完成", True),
        ("完成改造。力争到|2025年", True),
        ("(一)|2025年底前完成", True),
        ("改造小区,|2025年底前完成", False),
    ],
)
def test_opening_a_sentence(marked: str, opens: bool) -> None:
    assert Before(*split(marked)).opens() is opens


@pytest.mark.parametrize(
    ("words", "holds"),
    [("本方案印发", True), ("印发", True), ("本通知", True), ("结果公布", False), ("验收", False)],
)
def test_the_issue_of_the_document_itself(words: str, holds: bool) -> None:
    assert is_issue(words) is holds


PIECES = st.sampled_from([*"自在后起前应的,。(:|接报 收到", "之日起", "然后", "确保"])


@given(st.lists(PIECES, max_size=60).map("".join), st.integers(0, 60))
def test_an_event_stands_before_its_length(text: str, at: int) -> None:
    at = min(at, len(text))
    before = Before(text, at)
    assert before.lead() <= at
    found = before.event()
    assert found is None or found.opens <= found.start < found.end <= at


def test_a_line_without_end_costs_the_same_at_its_end() -> None:
    Before("接报后", 3).event()  # loads the lexicon
    short, long = ("接报后" * times for times in (1_000, 300_000))
    assert calls_of(lambda: Before(long, len(long)).event()) == calls_of(
        lambda: Before(short, len(short)).event()
    )

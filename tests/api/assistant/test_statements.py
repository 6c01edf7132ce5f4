"""What each line of an answer rests on, over the notice and over documents made for it."""

import re
from datetime import date

import pytest

from api.assistant.statements import Line, Lines, Stating, joined, with_marks
from kb.language.jurisdictions import Jurisdiction, Level
from kb.language.organisations import organisations_for
from kb.models import Citation, Span
from tasks.queries import Register
from tests.evaluation.questions import assistant
from tests.tasks.samples import plan, read

TODAY = date(2026, 11, 24)
QUESTIONS = (
    "哪些部门负责防溺水？",
    "区水利局要干哪些事？",
    "生均教学仪器设备值要达到多少？",
    "2027年8月底前要完成哪些任务",
    "有哪些计划？",
    "领导小组成员单位有哪些？",
    "一共有多少个单位？",
    "区教委和区公安局共同负责哪些任务？",
    "哪些任务逾期？",
    "“生均教学仪器设备值2000元”出自哪一条？",
    "防溺水和消防的责任单位有什么不同？",
    "Who is responsible for drowning prevention?",
    "发布日期是什么时候？",
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_citation_is_marked_in_reading_order_and_each_text_is_whole(question):
    answer = assistant().ask(question, as_of=TODAY)
    assert answer.citations
    marked = [n for s in answer.statements for p in s.pieces for n in p.citations]
    assert list(dict.fromkeys(marked)) == list(range(len(answer.citations)))
    assert [s.text for s in answer.statements] == [
        x for x in answer.answer.split("\n") if x.strip()
    ]
    for s in answer.statements:
        assert "".join(p.text for p in s.pieces) == s.text
        assert set(s.citations) == {n for p in s.pieces for n in p.citations}


@pytest.mark.parametrize(
    ("question", "line"),
    [
        # a value, its sentence and its clause
        ("生均教学仪器设备值要达到多少？", r"· 小学生均教学仪器设备值 ≥ 2000元[^\[]*\[1\]"),
        ("生均教学仪器设备值要达到多少？", r"· 初中生均教学仪器设备值 ≥ 2500元[^\[]*\[2\]"),
        ("生均教学仪器设备值要达到多少？", r"原文：.*\[3\]"),
        ("哪些部门负责防溺水？", r"“切实抓好溺水防范”涉及 5 个单位：区委政法委\[1\]（责任）、区教委\[2\].*"),
        ("哪些部门负责防溺水？", r"依据：.*10/二/\(四\)/5 切实抓好溺水防范\[7\]"),
        ("区水利局要干哪些事？", r"· \[责任\] 切实抓好溺水防范（.*）\[1\]"),
        ("有哪些计划？", r"7\. 万州区中小学校教育装备与信息化行动计划\[7\]"),
    ],
)  # fmt: skip
def test_lines_carry_the_marks_of_what_proves_them(question, line):
    lines = list(with_marks(assistant().ask(question, as_of=TODAY).statements))
    assert any(re.fullmatch(line, shown) for shown in lines), lines


def test_a_deadline_and_a_sentence_are_linked_only_where_they_are_the_answers():
    answer = assistant().ask("2027年8月底前要完成哪些任务", as_of=TODAY)
    first, *rest = ([p.day for p in s.pieces if p.day] for s in answer.statements)
    assert first == [date(2027, 8, 31)]  # the time asked about
    assert all(len(days) == 1 for days in rest)
    answer = assistant().ask("发布日期是什么时候？", as_of=TODAY)
    assert not any(p.day for s in answer.statements for p in s.pieces)


TEXT = plan(
    "加强防汛。到2025年，全区新建泵站20座。(责任单位：区水利局、区应急局、某河道管护中心、学校)"
)
DISTRICT = Jurisdiction(place="某区", level=Level.DISTRICT)


@pytest.fixture(scope="module")
def stating():
    extraction, _ = read(TEXT)
    return Stating(Register([extraction]), [organisations_for(DISTRICT)])


@pytest.mark.parametrize(
    ("line", "linked"),
    [
        ("由区水利局、区应急局负责。", ["区水利局", "区应急局"]),
        ("《区水利局关于防汛的通知》由区应急局印发", ["区应急局"]),  # inside a title
        ("全区水利局势良好", []),  # inside longer words
        ("中小学校安全", []),  # a group inside another word
        ("责任单位：学校、区水利局", ["学校", "区水利局"]),
        ("某河道管护中心、学校", ["某河道管护中心", "学校"]),  # no entry of the lexicon
        ("某河道管护中心主任办公会", []),
        ("区教委负责", []),  # has no duty here, and so no page
    ],
)
def test_units_are_linked_where_the_resolver_finds_them(stating, line, linked):
    units = tuple((unit, "responsible") for unit in ("某河道管护中心", "区水利局", "学校"))
    _, [statement] = stating.state(Lines((Line(line),), units))
    assert [p.unit for p in statement.pieces if p.unit] == linked


def test_two_answers_one_under_the_other_keep_their_marks(stating):
    extraction = stating._register.extractions[0]
    clause = extraction.clauses[-1]
    one = stating._register.cite(extraction, clause, clause.span)
    other = Citation(document_id=one.document_id, clause_id=None, path="", span=Span(0, 4), quote=TEXT[:4])  # fmt: skip
    first = stating.state(Lines((Line.of("甲", one),)))
    second = stating.state(Lines((Line.of("乙", other, one),)))
    citations, statements = joined([first, second])
    assert citations == (one, other)
    assert list(with_marks(statements)) == ["甲[1]", "乙[2][1]"]

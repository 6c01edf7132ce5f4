"""Answers over the notice: right, complete, cited; a refusal where the documents are silent."""

import json
import re
from datetime import date

import pytest

from api.assistant.reply import AnswerOutcome
from kb.models import verify_quote
from kb.retrieval import WEIGHTS
from tests.evaluation.questions import (
    OTHER,
    OTHER_DOCUMENT,
    OWN,
    SHARED,
    assistant,
    assistant_over,
    figures,
    judge,
    ranks,
)

TODAY = date(2026, 11, 24)


def ask(text, *context, as_of=TODAY):
    return assistant().ask(text, as_of=as_of, context=context)


def units(answer):
    return {u.unit for u in answer.units}


def test_who_else_leaves_out_whom_the_question_names():
    everybody = units(ask("防溺水由哪些单位负责？"))
    assert {"区水利局", "区教委"} <= everybody
    assert units(ask("防溺水除了水利局还有哪些单位负责？")) == everybody - {"区水利局"}


@pytest.fixture(scope="module")
def judged():
    return list(judge(OWN))


def test_the_share_of_right_answers(judged):
    assert sum(j.right for j in judged) / len(judged) >= 0.9


def test_no_forbidden_unit_is_named(judged):
    assert all(j.checks.get("no forbidden unit", True) for j in judged)


def test_every_citation_quotes_its_source(judged):
    cited = [c for j in judged for c in j.answer.citations]
    assert len(cited) > 100
    for citation in cited:
        document = assistant().register.document_of(citation.document_id).document
        verify_quote(document.text, citation.span, citation.quote)


def test_what_is_quoted_is_cited_and_a_refusal_quotes_nothing(judged):
    for j in judged:
        quotes = j.answer.outcome in (AnswerOutcome.CERTAIN, AnswerOutcome.RELATED)
        assert bool(j.answer.citations) is quotes, j.row["question"]
        assert j.answer.answerable is (j.answer.outcome is AnswerOutcome.CERTAIN)


def test_the_plan_of_another_city():
    judged = list(judge(OTHER, OTHER_DOCUMENT))
    assert sum(j.right for j in judged) / len(judged) >= 0.9
    assert all(j.right for j in judged if j.row["type"] == "unanswerable")


@pytest.mark.skipif(not SHARED.exists(), reason="the shared questions are absent")
def test_the_shared_questions():
    judged = list(judge(SHARED))
    assert sum(j.right for j in judged) / len(judged) >= 0.9
    assert all(j.right for j in judged if j.row["type"] in ("unanswerable", "adversarial"))


def test_retrieval_finds_the_clause():
    mrr, hit = figures(ranks(OWN, dict(WEIGHTS)))
    assert mrr >= 0.8
    assert hit >= 0.9


def test_drowning_prevention_in_both_languages():
    for text in (
        "哪些部门负责防溺水？",
        "which departments are responsible for drowning prevention",
    ):
        answer = ask(text)
        assert units(answer) == {"区委政法委", "区教委", "区公安局", "区水利局", "各镇乡街道"}
        assert any("溺水防范" in c.quote for c in answer.citations)
    assert "Water Resources Bureau" in answer.answer


def test_a_claim_is_checked():
    answer = ask("区交通局负责防溺水吗？")
    assert "没有写区交通局" in answer.answer
    assert "区交通局" not in units(answer)
    assert ask("区水利局参与防溺水吗？").answer.startswith("是")


def test_a_duty_inside_a_clause_is_its_own_units():
    assert units(ask("谁负责发极端天气预警？")) == {"区气象局", "区应急局"}


@pytest.mark.parametrize(
    ("text", "first", "rows"),
    [
        ("安全稳定行动计划有哪些任务？", "《万州区中小学校安全稳定行动计划》：共 25 项任务。", 25),
        ("党建计划有哪些任务", "《万州区中小学校党建及干部队伍建设行动计划》：共 18 项任务。", 18),
        ("教育经费保障计划的工作有哪些？", "《万州区中小学校教育经费保障行动计划》：共 11 项任务。", 11),
        ("规范招生行动计划共有多少项任务？", "《万州区中小学校规范招生行动计划》：共 8 项任务。", 8),
        ("what tasks are in the safety plan?", "《万州区中小学校安全稳定行动计划》: 25 task(s).", 25),
        ("教师队伍建设行动计划有哪些目标值？", "《万州区中小学校教师队伍建设行动计划》：共 15 个目标值。", 15),
        ("2025年要达到哪些指标？", "2025-01-01 至 2025-12-31到期：共 7 个目标值。", 7),
        ("万州区2025年的目标值有哪些", "2025-01-01 至 2025-12-31到期：共 7 个目标值。", 7),
        ("list the targets for 2025", "due 2025-01-01 to 2025-12-31: 7 target(s).", 7),
        ("区教委有哪些目标值？", "区教委：共 11 个目标值。", 11),
    ],
)  # fmt: skip
def test_whole_lists_of_a_plan_a_year_or_a_unit(text, first, rows):
    answer = ask(text)
    lines = answer.answer.split("\n")
    assert lines[0] == first
    assert sum(line.startswith("· ") for line in lines) == rows
    assert answer.citations


@pytest.mark.parametrize(
    ("text", "first", "tasks"),
    [
        ("区财政局牵头哪些任务？", "文件没有写由区财政局牵头的任务。以其他角色承担的如下。", 4),
        ("区教委牵头几项任务？", "文件没有写由区教委牵头的任务。以其他角色承担的如下。", 35),
        ("Which tasks does the Finance Bureau lead?",
         "No task is written with 区财政局 (Finance Bureau) as lead. What is written in other roles:", 4),
        ("区公安局牵头几项任务？", "文件没有写由区公安局牵头的任务。以其他角色承担的如下。", 9),
    ],
)  # fmt: skip
def test_a_role_that_a_unit_has_nowhere_is_said_so(text, first, tasks):
    answer = ask(text)
    assert answer.answer.split("\n")[0] == first
    assert len(answer.tasks) == tasks


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("防溺水工作由谁牵头", "10/二/(四)/5", "这一条没有写明牵头单位。"),
        ("施工环节由谁监督？", "5/二/(三)", "区住房城乡建委"),
        ("who handles school bullying?", "10/二/(四)/10", "区司法局"),
        ("起始年级招生计划班额控制在多少人以内？", "5/二/(四)", "起始年级招生计划班额 ≤ 50人"),
        ("小学起始年级班额上限多少人", "5/二/(四)", "小学起始年级招生计划班额 ≤ 45人"),
    ],
)
def test_the_clause_that_is_asked_about(text, path, said):
    answer = ask(text)
    assert said in answer.answer
    assert answer.citations[0].path == path


def test_the_documents_own_places_are_no_topic_in_english():
    words = assistant().search.words("who in Wanzhou, Chongqing handles bullying")
    assert words
    assert not {"wanzhou", "chongqing"} & set(words)
    assert "kaizhou" in assistant().search.words("who in Kaizhou handles bullying")


def test_what_holds_for_others_is_no_answer():
    assert "初中起始年级" not in ask("小学起始年级班额上限多少人").answer.split("\n")[0]


def test_comparisons():
    answer = ask("消防和防溺水的责任单位有什么不同？")
    assert {"区消防救援支队", "区水利局"} <= units(answer)
    assert "两者都有：区教委" in answer.answer
    answer = ask("区公安局和区教委谁的任务多？")
    first, second = (line for line in answer.answer.splitlines() if line.startswith("·"))
    assert "区教委" in first
    assert "区公安局" in second
    answer = ask("小学和初中的生均设备值哪个高？")
    assert "2000元" in answer.answer
    assert "2500元" in answer.answer


def test_nothing_is_called_undone_for_want_of_a_report():
    answer = ask("有哪些任务逾期？")
    assert "未报告进展" in answer.answer
    assert "未完成" not in answer.answer


def test_a_repaired_or_ambiguous_date_is_said_so():
    assert "已修复" in ask("学校规模不超过2000人的时间节点是哪个月？").answer
    assert "两解" in ask("学校章程制定修订的期限是什么时候？").answer


def test_a_lost_value_is_not_guessed():
    answer = ask("国家质量监测里学生学业水平要达到几级以上？")
    assert not answer.answerable
    assert "缺字" in answer.answer


@pytest.mark.parametrize(
    "text",
    [
        "开州区防溺水由谁负责？",
        "教委主任的电话是多少？",
        "2030年骨干教师每百名学生几个人？",
        "？",
        "   ",
        "谁负责火星探测？",
        "今天天气怎么样？",
        "明天会下雨吗？",
    ],
)
def test_refusals(text):
    answer = ask(text)
    assert not answer.answerable
    assert answer.units == ()
    assert answer.outcome is AnswerOutcome.RELATED or answer.citations == ()
    assert answer.answer


def test_a_refusal_names_the_nearest_clauses():
    assert "最接近的条款" in ask("谁负责火星探测？").answer


def test_the_same_question_gets_the_same_answer():
    first, second = ask("消防由谁负责？"), ask("消防由谁负责？")
    assert first.model_copy(update={"elapsed_ms": 0}) == second.model_copy(update={"elapsed_ms": 0})


def test_markup_in_a_question_is_only_text():
    answer = ask("<script>alert(1)</script> {{7*7}} '; DROP TABLE tasks; -- 消防由谁负责？")
    json.dumps(answer.model_dump(mode="json"))
    assert "49" not in answer.answer


WHO = "防溺水由谁负责？"


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        ((WHO, "什么时候完成？"), "2027-12-31"),
        ((WHO, "有没有逾期的？"), "没有逾期"),
        ((WHO, "由谁牵头？"), "没有写明牵头单位"),
        ((WHO, "配合单位呢？"), "没有写明配合单位"),
        ((WHO, "目标是多少？"), "没有写数值目标"),
        ((WHO, "什么时候完成？", "出自哪一条"), "溺水防范"),
        (("Who is responsible for drowning prevention?", "by when?"), "2027-12-31"),
        (("Who is responsible for drowning prevention?", "any overdue?"), "Not overdue"),
    ],
)
def test_a_follow_up_stays_with_the_clause_of_the_turn_before(turns, said):
    first, answer = ask(turns[0]), ask(turns[-1], *turns[:-1])
    assert said in answer.answer
    assert {c.clause_id for c in answer.citations} <= {first.citations[0].clause_id}
    assert answer.citations or not answer.answerable


def test_after_a_refusal_nothing_is_guessed():
    assert not ask("什么时候完成？", "火星探测由谁负责？").answerable


def test_a_topic_limits_a_list_of_days():
    answer = ask("消防方面下个月有什么到期？")
    assert "到期：0 项" in answer.answer
    assert "消防" in answer.citations[0].quote


@pytest.mark.parametrize(
    "text",
    [
        "防溺水由区财政局负责吗？", "消防由区水利局负责吗？", "校车安全由区公安局负责吗？", "食品安全由区市场监管局负责吗？",
        "地质灾害由区气象局负责吗？", "防溺水是区公安局牵头吗？", "编制由区委编办牵头吗？", "消防谁来审批？",
    ],
)  # fmt: skip
def test_what_is_denied_stands_nowhere_in_the_clause(text):
    """这一条没有写X, and 原文以“等”结尾: only where the clause cited bears it out."""
    answer = ask(text)
    whole = ""
    for cited in answer.citations:
        if cited.clause_id:
            extraction, clause = assistant().register.clauses[cited.clause_id]
            whole += clause.span.slice(extraction.document.text)
    for unit in re.findall(r"这一条没有写(?!明)(.+?)。", answer.answer):
        assert unit.removeprefix("区") not in whole
    for role in re.findall(r"这一条没有写明(.+?)单位。", answer.answer):
        assert role not in whole
    assert "以“等”结尾" not in answer.answer or "等" in whole


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        (
            "安全计划列了责任单位的一共多少条？",
            "《万州区中小学校安全稳定行动计划》、列有责任单位：共",
        ),
        ("只由区教委一家负责的任务有几项", "只由区教委：共"),
        ("一共有多少个单位？", "共 47 个单位"),
        ("区教委和区公安局共同负责哪些任务？", "区教委"),
        ("区教委2025年有哪些任务", "2025-01-01 至 2025-12-31"),
    ],
)
def test_a_count_says_what_it_counts(text, condition):
    assert condition in ask(text).answer.split("\n")[0]


def test_a_person_is_named_only_where_what_is_cited_names_one():
    made = assistant_over(("baicheng-minsheng-flat",))
    found = made.ask("新增公共泊位的责任领导叫什么", as_of=TODAY)
    assert "纪长风" in found.answer
    silent = ask("区教委主任叫什么名字？")
    assert not silent.answerable
    assert not silent.units

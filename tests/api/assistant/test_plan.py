"""What a question selects and what is done with it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.assistant.asked import asked_items, most_items
from api.assistant.plan import LONGEST, pieces_of, plain, plan_model, plan_of
from kb.lexicon import corpus_path
from tasks.query import Operation, Select


@pytest.mark.parametrize(
    ("question", "select", "operation"),
    [
        ("防溺水归谁管", Select.UNITS, Operation.LIST),
        ("請問一下校車安全歸哪個部門管", Select.UNITS, Operation.LIST),
        ("区交通局要干哪些事", Select.DUTIES, Operation.LIST),
        ("教育局和卫健委谁的任务多", Select.DUTIES, Operation.COMPARE),
        ("下个月哪些要到期", Select.MILESTONES, Operation.LIST),
        ("2500元出自哪一条", Select.CLAUSES, Operation.LIST),
        ("库里有哪些文件", Select.DOCUMENTS, Operation.LIST),
        ("领导小组成员单位有哪些", Select.MEMBERS, Operation.LIST),
        ("这个通知的文号是多少", Select.FIELD, Operation.LIST),
        ("盲道改造完成了吗", Select.WORK, Operation.CHECK),
        ("高龄补贴一个月多少钱", Select.TEXT, Operation.LIST),
        ("how much is the allowance", Select.TEXT, Operation.LIST),
        ("which tasks are overdue", Select.MILESTONES, Operation.LIST),
    ],
)
def test_everyday_questions(question, select, operation):
    plan = plan_of(question)
    assert plan.select is select
    assert plan.operation is operation


@given(st.text(max_size=900))
def test_every_text_has_a_plan(text):
    plan = plan_of(text)
    for shares in (plan.selects, plan.operations):
        assert abs(sum(shares.values()) - 1) < 1e-9
        assert all(0 <= share <= 1 for share in shares.values())
    # The examples label what is least as what is most, and plans as documents.
    assert set(plan.selects) == set(Select) - {Select.PLANS}
    assert set(plan.operations) == set(Operation) - {Operation.LEAST}


@given(st.text(max_size=40))
def test_a_question_is_read_in_any_width_and_case(text):
    assert plain(plain(text)) == plain(text)
    assert all(1 <= len(piece) <= LONGEST for piece in pieces_of(text))


def test_the_figures_are_those_of_the_weights():
    rows = [
        json.loads(line)
        for line in (corpus_path() / "questions" / "development.jsonl")
        .read_text("utf-8")
        .splitlines()
    ]
    right = [plan_of(r["question"]).select.value == r["query"]["select"] for r in rows]
    assert len(rows) == plan_model().figures["questions"]
    assert round(sum(right) / len(rows), 3) == plan_model().figures["select"]
    fitted = {
        json.loads(line)["question"]
        for name in ("training", "everyday")
        for line in (corpus_path() / "questions" / f"{name}.jsonl").read_text("utf-8").splitlines()
    }
    assert fitted.isdisjoint(r["question"] for r in rows)


@pytest.mark.parametrize(
    ("question", "count"),
    [
        ("十项严禁具体是哪十项", 10),
        ("资助的7类儿童分别是哪7类", 7),
        ("要建哪些学校", None),
        ("哪个单位负责", None),
        ("Name the 15 schools", 15),
        ("共有12项任务吗", None),
    ],
)
def test_how_many_items_are_to_be_named(question, count):
    assert asked_items(question) == count


def test_items_are_counted_by_the_marks_between_them():
    assert most_items(["小学、初中、高中", "其他"]) == 3
    assert most_items([]) == 0

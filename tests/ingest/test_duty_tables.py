"""Tables of duties: what heads a column of units, which lines are rows, what a row asks for; the
rows are clauses wherever the table stands."""

from __future__ import annotations

import pytest

from ingest.duty_tables import duty_of, find_rows, is_head, names_units
from ingest.pipeline import extract_bytes
from tasks.models import Extraction

HEAD = "序号\t任务\t责任单位\t完成时限"
ROWS = "".join(f"{n}\t完成第{n}批食堂改造\t区教委\t2026年{n}月20日前\n" for n in range(1, 6))
PLAN = (
    "某区食堂改造工作方案\n一、工作目标\n改造食堂5批。\n二、主要任务\n"
    "（一）完善设施。区教委2026年9月30日前完成120所学校食堂改造。\n"
)


@pytest.mark.parametrize(
    ("words", "head"),
    [
        ("责任单位", "责任单位"),
        (" 责任\n单位 ", "责任单位"),
        ("主要责任单位", "责任单位"),
        ("牵头部门（第一位）", "牵头部门"),
        ("任务", None),
        ("单位", None),  # the measure of an indicator as often
        ("责任单位考核办法", None),
    ],
)
def test_the_head_of_a_column_of_units(words: str, head: str | None) -> None:
    assert names_units(words) == head


@pytest.mark.parametrize(
    ("line", "head"),
    [
        (HEAD, True),
        ("任务\t责任单位", True),
        ("牵头单位\t配合单位\t工作内容（含目标）", True),
        ("序号\t 目标任务 \t2025年目标\t责任　单位\t备注", True),
        ("责任单位：区教委", False),
        ("责任单位\t区教委", False),  # a label and its value
        ("责任单位\t区教委\t完成时限\t2026年6月底前", False),
        ("牵头单位\t区教委\t配合单位\t区财政局", False),
        ("1\t做好试点\t区教委", False),
        ("一、任务\t20所\t责任单位和完成时限见附件。", False),
    ],
)
def test_the_head_of_a_table(line: str, head: bool) -> None:
    assert is_head(line) == head


def test_rows_end_where_lines_have_no_cells() -> None:
    lines = ["指标\t20", HEAD, "1\t建校\t区教委", "2\t扩建\t区教委", "注：下同", "3\t其他"]
    assert find_rows(lines) == ({1}, {2, 3})


def test_a_row_asks_for_its_first_words() -> None:
    assert duty_of("1\t（责任单位：区教委）\t完成食堂改造\t3月") == "完成食堂改造"


def _clauses(found: Extraction) -> list[str]:
    return [clause.span.slice(found.document.text) for clause in found.clauses]


@pytest.mark.parametrize(
    "text",
    [
        f"{PLAN}三、任务分解\n{HEAD}\n{ROWS}",
        f"{PLAN}附件：任务分解表\n{HEAD}\n{ROWS}",
        f"{PLAN}某区人民政府\n2026年1月5日\n{HEAD}\n{ROWS}",
        f"{HEAD}\n{ROWS}{PLAN}",
        f"{HEAD}\n{ROWS}",
    ],
    ids=["in a clause", "attached", "after the signature", "before the plan", "alone"],
)
def test_each_row_is_a_clause_wherever_its_table_stands(text: str) -> None:
    found = extract_bytes(text.encode(), "plan.txt")
    clauses = _clauses(found)
    for row in ROWS.splitlines():
        assert clauses.count(row) == 1
    assert not any(HEAD in clause for clause in clauses)
    assert found.document.title != HEAD
    if PLAN in text:
        assert found.document.title == "某区食堂改造工作方案"
    duties = {task.title: task for task in found.tasks}
    for n in range(1, 6):
        [milestone] = duties[f"完成第{n}批食堂改造"].milestones
        assert str(milestone.due.date) == f"2026-0{n}-20"
    assert "text-left-out" not in {finding.code for finding in found.warnings}


def test_what_follows_a_table_is_no_part_of_its_last_row() -> None:
    text = f"{PLAN}三、任务分解\n{HEAD}\n{ROWS}各单位要在每月底前报送进度，逾期的通报批评。\n"
    clauses = _clauses(extract_bytes(text.encode(), "plan.txt"))
    assert clauses[-1] == "各单位要在每月底前报送进度，逾期的通报批评。"

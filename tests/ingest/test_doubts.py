"""What makes the reading of a whole document doubtful."""

from __future__ import annotations

import pytest

from ingest.classifier import OTHER, LinearModel, Models
from ingest.doubts import Doubts
from ingest.layout import find_lines
from ingest.owners import OWNER
from ingest.pipeline import extract_bytes, read_document
from ingest.readers import read_bytes


def told(text: str) -> dict[str, str]:
    """Code → the words of its place, of the findings about the whole document."""
    extraction = extract_bytes(text.encode(), "plan.txt")
    return {w.code: w.span.slice(text) if w.span else "" for w in extraction.warnings}


CELLS = "某区重点任务清单\n序号\n任务\n单位\n时限\n1\n建校\n区教委\n6月\n2\n修路\n区交通局\n8月\n3\n植树\n区林业局\n9月\n"
ROWS = (
    "某区重点任务清单\n一、任务\n建校\t3所\t区教委\n修路\t5公里\t区交通局\n植树\t200亩\t区林业局\n"
)
GOODS = "某区路灯采购参数\n一、参数\n" + "".join(
    f"{n}.{words}。\n"
    for n, words in enumerate(
        ("灯杆高度8米", "光源功率60瓦", "色温4000开", "防护等级IP65", "杆体壁厚4毫米", "质保期5年"),
        1,
    )
)
GOOD = "某区行动方案\n一、任务\n（一）建校3所。（责任单位：区教委）\n（二）修路5公里。（牵头单位：区交通局）\n"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        pytest.param(CELLS, "cells-as-clauses", "序号", id="a table in lines of its cells"),
        pytest.param(GOODS, "duties-without-verb", "1.灯杆高度8米。", id="specifications"),
        pytest.param(ROWS, "table-without-head", "建校\t3所\t区教委", id="a table without a head"),
    ],
)
def test_what_is_doubtful_is_told_with_its_place(text: str, code: str, words: str) -> None:
    assert told(text).get(code) == words


def test_a_plan_as_it_should_be_is_not_doubted() -> None:
    duties = "".join(f"（{n}）排查隐患{n}0处，整治到位。\n" for n in "三四五六七八")
    assert not told(GOOD + duties).keys() & {
        "duties-without-verb",
        "few-owners",
        "cells-as-clauses",
        "table-without-head",
        "bracket-not-read",
    }


def test_messages_are_in_two_languages() -> None:
    for text in (CELLS, ROWS, GOODS):
        for warning in extract_bytes(text.encode(), "plan.txt").warnings:
            assert " / " in warning.message


NOBODY = LinearModel((OTHER, OWNER), (0.0, 0.0), {})
"""Decides that no mention is anything."""
UNFITTED = Models(NOBODY, NOBODY, NOBODY, why=True)


@pytest.mark.parametrize(
    ("bracket", "expected"),
    [
        ("（牵头单位：区教委）", ["bracket-not-read"]),
        ("（区教委、区财政局负责）", ["bracket-not-read"]),
        ("（含区教委直属学校）", []),
        ("（2026年6月底前）", []),
    ],
)
def test_brackets_of_owners_that_gave_nobody(bracket: str, expected: list[str]) -> None:
    text = f"一、建校3所{bracket}。"
    doubts = Doubts()
    source = read_bytes(text.encode(), "plan.txt")
    for item in read_document(source, models=UNFITTED).readings:
        doubts.see(item)
    found = list(doubts.findings(find_lines(text), (), text))
    assert [f.code for f in found] == expected
    assert [f.span.slice(text) for f in found if f.span] == [bracket] * len(expected)


def test_the_share_of_brackets_read_is_told_where_it_is_small() -> None:
    text = "".join(f"{n}.建校{n}所（牵头单位：区教委）。\n" for n in range(1, 9))
    doubts = Doubts()
    for item in read_document(read_bytes(text.encode(), "plan.txt"), models=UNFITTED).readings:
        doubts.see(item)
    codes = [f.code for f in doubts.findings(find_lines(text), (), text)]
    assert codes == ["few-owners", "few-brackets-read", *["bracket-not-read"] * 8]
    assert "few-brackets-read" not in told(text)


def test_bodies_that_are_named_and_bear_nothing() -> None:
    text = "".join(f"{n}.区教委开展第{n}项工作并报送情况。\n" for n in range(1, 9))
    doubts = Doubts()
    for item in read_document(read_bytes(text.encode(), "plan.txt"), models=UNFITTED).readings:
        doubts.see(item)
    assert [f.code for f in doubts.findings(find_lines(text), (), text)] == ["few-owners"]

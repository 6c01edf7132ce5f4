"""Cells without marks between them: the columns that go best with what they hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.alignment import Part, align, kind_of
from ingest.columns import Column, read_column

HEADS = ("序号", "重点任务", "责任领导", "牵头单位", "配合单位", "完成时限")
COLUMNS = [column for head in HEADS if (column := read_column(head)) is not None]


def columns_of(words: list[str], columns: list[Column] = COLUMNS) -> list[list[str]]:
    """The head of each part's column, by row."""
    text = "\n".join(words)
    at = 0
    parts = []
    for place, word in enumerate(words):
        parts.append(Part(place, at, word))
        at += len(word) + 1
    rows = align(parts, columns)
    assert all(text[c.start : c.end] in words for row in rows for c in row.cells)
    return [[c.column.head for c in row.cells] for row in rows]


FULL = ["1", "改造管网30公里，漏损率低于9%", "周明远", "区水务局", "区教委", "6月底"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (FULL, [list(HEADS)]),
        (FULL * 3, [list(HEADS)] * 3),
        (FULL[:4] + FULL[5:], [[*HEADS[:4], HEADS[5]]]),
        ([*FULL[:2], *FULL[3:]], [[*HEADS[:2], *HEADS[3:]]]),
        ([*FULL[:5], "区财政局", "6月底"], [[*HEADS[:5], HEADS[4], HEADS[5]]]),
        ([*FULL[:4], "—", "长期坚持"], [list(HEADS)]),
        ([*FULL, "注：本表任务由区政府督查室督办。"], [list(HEADS)]),
        ([*FULL, "各单位要在每月底前报送进度，逾期的通报批评。"], [list(HEADS)]),
        (["各单位要抓好落实，逾期的予以通报批评。", "请结合实际认真组织实施，确保取得实效。"], []),
    ],
    ids=[
        "whole",
        "three rows",
        "no joint unit",
        "no person",
        "two joint units",
        "nothing and always",
        "a note after it",
        "a sentence after it",
        "no table",
    ],
)
def test_columns(words: list[str], expected: list[list[str]]) -> None:
    assert columns_of(words) == expected


def test_the_units_that_lead_are_fewer_than_those_that_join() -> None:
    head = [c for name in ("配合单位", "牵头单位") if (c := read_column(name)) is not None]
    assert columns_of(["区教委", "区财政局", "区水务局"], head) == [
        ["配合单位", "配合单位", "牵头单位"]
    ]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("12", "number"),
        ("A001", "number"),
        ("2026年6月底前", "time"),
        ("区教委、区财政局", "units"),
        ("8500以上", "figure"),
        ("何静", "tiny"),
        ("管网改造提升工程", "short"),
        ("存量档案数字化，每年完成18万卷", "words"),
    ],
)
def test_what_a_part_holds(words: str, kind: str) -> None:
    assert kind_of(words) == kind


@given(st.lists(st.sampled_from([*FULL, "—", "x", "某某"]), max_size=24))
def test_columns_go_from_left_to_right(words: list[str]) -> None:
    for row in columns_of(words):
        places = [HEADS.index(head) for head in row]
        assert places == sorted(places)

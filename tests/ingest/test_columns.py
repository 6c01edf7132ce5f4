"""The columns of tables of duties: what their heads say, and the cell at a place."""

from __future__ import annotations

import pytest

from ingest.columns import (
    Cell,
    Cells,
    Column,
    ColumnKind,
    measure_in,
    measure_of,
    names_units,
    read_column,
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
    ("words", "kind", "role"),
    [
        ("序号", ColumnKind.ORDINAL, None),
        ("重点任务", ColumnKind.TASK, None),
        ("牵头责任单位", ColumnKind.UNITS, "lead"),
        ("责任科室（单位）", ColumnKind.UNITS, "responsible"),
        ("牵头/责任单位", ColumnKind.UNITS, "lead"),
        ("牵头、配合单位", ColumnKind.UNITS, None),
        ("配合责任单位", ColumnKind.UNITS, "joint"),
        ("责任单位/责任人", ColumnKind.UNITS, "responsible"),
        ("协同部门", ColumnKind.UNITS, "joint"),
        ("考核单位", ColumnKind.UNITS, "supervise"),
        ("责任领导", ColumnKind.PERSON, None),
        ("责任人", ColumnKind.PERSON, None),
        ("完成时限", ColumnKind.TIME, None),
        ("2025年完成数", ColumnKind.BASELINE, None),
        ("2026年任务数", ColumnKind.TARGET, None),
        ("2026年度", ColumnKind.YEAR, None),
        ("前三季度", ColumnKind.YEAR, None),
        ("牵头", ColumnKind.UNITS, "lead"),
        ("单位", ColumnKind.MEASURE, None),
        ("上年完成", ColumnKind.BASELINE, None),
        ("计划完成", ColumnKind.TARGET, None),
    ],
)
def test_what_the_head_of_a_column_says(words: str, kind: ColumnKind, role: str | None) -> None:
    column = read_column(words)
    assert column is not None
    assert (column.kind, column.role and column.role.value) == (kind, role)


@pytest.mark.parametrize("words", ["区教委", "12月底前", "6月", "每月", "建设单位", "完善设施", ""])
def test_what_heads_no_column(words: str) -> None:
    assert read_column(words) is None


def test_the_cell_at_a_place() -> None:
    column = Column(ColumnKind.TIME, "完成时限")
    cells = Cells([Cell(2, 5, column), Cell(6, 8, column)])
    assert [cells.at(place) and cells.at(place).start for place in (1, 2, 4, 5, 6, 8)] == [  # type: ignore[union-attr]
        None, 2, 2, None, 6, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "value"), [("亿立方米", "100000000 立方米"), ("岁", "1 岁"), ("属性", None)]
)
def test_what_one_of_a_measure_is(words: str, value: str | None) -> None:
    one = measure_of(words)
    assert (f"{one.value} {one.measure}" if one else None) == value


def test_the_measure_in_the_brackets_of_a_head() -> None:
    assert measure_in("修缮面积（万平方米）") == "万平方米"
    assert measure_in("责任单位（第一位）") == ""

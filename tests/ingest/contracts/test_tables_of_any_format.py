"""One table gives the same duties whatever the format it is written in: units with their roles,
deadlines, targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import pytest

from ingest.pipeline import extract_bytes
from tasks.models import Extraction
from tests.ingest.readers.workbooks import csv_bytes, ods, xlsx

Spans = Mapping[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Sheet:
    """Rows of cells; `spans`: row and column of a cell → rows and columns that it stands beside."""

    title: str
    rows: Sequence[Sequence[str]]
    spans: Spans = field(default_factory=dict)

    @property
    def filled(self) -> list[list[str]]:
        """The rows with the words of a merged cell in each row beside it: a format of text has no
        merged cells."""
        rows = [[*row] for row in self.rows]
        for (row, column), (tall, _) in self.spans.items():
            for below in range(row + 1, row + tall):
                rows[below][column] = rows[row][column]
        return rows


TABLES = {
    "tasks": Sheet(
        "某区2025年重点任务分解表",
        [
            ["序号", "工作任务", "牵头单位", "配合单位", "完成时限"],
            [
                "1",
                "新建公办幼儿园3所，新增学位900个",
                "区教委",
                "区财政局、区住建委",
                "2025年8月底前",
            ],
            ["2", "改造农村学校食堂12个", "", "区市场监管局", "2025年10月底前"],
            ["3", "建成区级养老服务中心1个", "区民政局", "区卫生健康委", "2025年12月31日前"],
            ["4", "新增公共停车位2000个", "区城市管理局", "", "2025年6月底前"],
        ],
        {(1, 2): (2, 1)},
    ),
    "indicators": Sheet(
        "某区教育发展主要指标",
        [
            ["指标", "单位", "2023年", "2024年", "2025年", "责任单位"],
            ["学前教育毛入园率", "%", "91", "92", "93", "区教委"],
            ["普惠性幼儿园覆盖率", "%", "85", "86", "88", "区教委"],
            ["每千人口拥有3岁以下婴幼儿托位数", "个", "3.5", "4", "4.5", "区卫生健康委"],
        ],
    ),
    "duties": Sheet(
        "某区防溺水工作责任分工表",
        [
            ["责任单位", "工作职责", "完成时限"],
            ["区水利局", "在水库、河道设置警示标志", "2025年5月底前"],
            ["区教委", "开展防溺水专题教育", "2025年6月底前"],
            ["区公安局", "加强重点水域巡逻", "2025年7月1日前"],
        ],
    ),
}


def as_html(sheet: Sheet) -> bytes:
    covered = {
        (row + down, column + right)
        for (row, column), (tall, wide) in sheet.spans.items()
        for down in range(tall)
        for right in range(wide)
    } - sheet.spans.keys()
    lines = []
    for r, row in enumerate(sheet.rows):
        cells = []
        for c, words in enumerate(row):
            if (r, c) not in covered:
                tall, wide = sheet.spans.get((r, c), (1, 1))
                cells.append(f'<td rowspan="{tall}" colspan="{wide}">{escape(words)}</td>')
        lines.append(f"<tr>{''.join(cells)}</tr>")
    page = f"<html><body><p>{sheet.title}</p><table>{''.join(lines)}</table></body></html>"
    return page.encode()


def name_of(row: int, column: int) -> str:
    return f"{chr(ord('A') + column)}{row + 1}"


def as_xlsx(sheet: Sheet) -> bytes:
    merged = [
        f"{name_of(r + 1, c)}:{name_of(r + tall, c + wide - 1)}"
        for (r, c), (tall, wide) in sheet.spans.items()
    ]
    return xlsx([[sheet.title], *sheet.rows], merged)


def as_ods(sheet: Sheet) -> bytes:
    return ods([[sheet.title], *sheet.rows], {(r + 1, c): s for (r, c), s in sheet.spans.items()})


def as_csv(sheet: Sheet) -> bytes:
    return csv_bytes([[sheet.title], *sheet.filled])


def as_text(sheet: Sheet) -> bytes:
    return "\n".join([sheet.title, *("\t".join(row) for row in sheet.filled)]).encode()


FORMATS: dict[str, Callable[[Sheet], bytes]] = {
    "html": as_html,
    "xlsx": as_xlsx,
    "ods": as_ods,
    "csv": as_csv,
    "txt": as_text,
}
"""Suffix → what writes a table so."""


def facts(found: Extraction) -> tuple[set[object], set[object], set[object]]:
    """Units with their roles, deadlines, targets."""
    return (
        {(a.unit, a.role) for t in found.tasks for a in t.responsibilities},
        {(m.due.kind, m.due.date) for t in found.tasks for m in t.milestones},
        {(g.metric, g.comparator, g.value, g.measure) for t in found.tasks for g in t.targets},
    )


EXPECTED_UNITS = {
    "tasks": {
        ("区教委", "lead"), ("区民政局", "lead"), ("区城市管理局", "lead"), ("区财政局", "joint"),
        ("区住建委", "joint"), ("区市场监管局", "joint"), ("区卫生健康委", "joint"),
    },
    "indicators": {("区教委", "responsible"), ("区卫生健康委", "responsible")},
    "duties": {("区水利局", "responsible"), ("区教委", "responsible"), ("区公安局", "responsible")},
}  # fmt: skip


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", TABLES)
def test_a_table_gives_the_same_duties_in_every_format(name: str, suffix: str) -> None:
    sheet = TABLES[name]
    found = facts(extract_bytes(FORMATS[suffix](sheet), f"table.{suffix}"))
    assert found == facts(extract_bytes(as_text(sheet), "table.txt"))
    assert {(unit, role.value) for unit, role in found[0]} == EXPECTED_UNITS[name]  # type: ignore[attr-defined, misc]
    assert all(found if name != "duties" else found[:2])

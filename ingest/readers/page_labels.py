"""Labels with values beside them that take several lines, without ruling lines: the box of a
document's particulars (索引号：, 发文机关：, 成文日期：) at the top or the bottom of a printed page.

Read row by row, the lines of a value would stand among those of the next. What is read is a label
with its whole value, one a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ingest.readers.page_content import GlyphRun
from ingest.readers.page_lines import Line

_COLONS = ("：", ":")
_LEAST_LABELS = 2
"""In a column; and two columns at least."""
_LONGEST = 10.0
"""Of the em: the widest label."""
_ALIGNED, _ENDS = 0.4, 1.0
"""Of the em: by how much the beginnings of the labels of a column differ, and their colons (labels of
two characters are spread to the width of those of four)."""
_BLOCK = 1.6
"""Of the em: the distance of lines of one value."""


class _Label(NamedTuple):
    row: int
    runs: list[GlyphRun]

    @property
    def middle(self) -> float:
        box = self.runs[-1].box
        return (box.top + box.bottom) / 2


class _Column(NamedTuple):
    left: float
    right: float
    labels: list[_Label]


def join_values(rows: Sequence[Line]) -> list[Line]:
    """The rows of a page, those of a box of labels as one line a label."""
    columns = _columns(rows)
    if len(columns) < 2:
        return list(rows)
    em = columns[0].labels[0].runs[-1].size
    first = min(column.labels[0].row for column in columns)
    last = max(column.labels[-1].row for column in columns)
    edge = columns[0].right - _ALIGNED * em
    while first and rows[first - 1].left >= edge and _is_next(rows[first - 1], rows[first]):
        first -= 1
    while (
        last + 1 < len(rows)
        and rows[last + 1].left >= edge
        and _is_next(rows[last], rows[last + 1])
    ):
        last += 1
    band = rows[first : last + 1]
    labelled = {label.row for column in columns for label in column.labels}
    if all(row in labelled for row in range(first, last + 1)):
        return list(rows)  # each value is one line
    if any(row.left < columns[0].left - em for row in band):
        return list(rows)  # text stands among the labels
    found: list[tuple[float, float, Line]] = []
    for number, column in enumerate(columns):
        end = columns[number + 1].left - _ALIGNED * em if number + 1 < len(columns) else 1e9
        for label, values in zip(column.labels, _values(band, column, end), strict=True):
            line = Line(rows[first].page, [*label.runs, *values], alone=True)
            found.append((round(label.middle / em), column.left, line))
    joined = [line for _, _, line in sorted(found, key=lambda item: item[:2])]
    return [*rows[:first], *joined, *rows[last + 1 :]]


def _is_next(before: Line, after: Line) -> bool:
    return after.middle - before.middle < 2 * _BLOCK * before.size


def _columns(rows: Sequence[Line]) -> list[_Column]:
    """Columns of labels: their colons stand one below another, and so do their beginnings."""
    colons = [
        (run.box.right, number, place)
        for number, row in enumerate(rows)
        for place, run in enumerate(row.runs)
        if run.text.endswith(_COLONS)
    ]
    found: list[_Column] = []
    group: list[tuple[float, int, int]] = []
    for colon in [*sorted(colons), (float("inf"), -1, -1)]:
        if group and colon[0] - group[-1][0] > _ENDS * rows[group[0][1]].size:
            if len(group) >= _LEAST_LABELS and (column := _column(rows, group)):
                found.append(column)
            group = []
        group.append(colon)
    return found


def _column(rows: Sequence[Line], group: Sequence[tuple[float, int, int]]) -> _Column | None:
    right = max(at for at, _, _ in group)
    starts = [rows[row].runs[place].box.left for _, row, place in group]
    left = min(starts)
    size = rows[group[0][1]].size
    if right - left > _LONGEST * size:
        return None
    labels = []
    for _, row, place in sorted(group, key=lambda colon: colon[1]):
        runs = [
            run for run in rows[row].runs[: place + 1] if run.box.left >= left - _ALIGNED * size
        ]
        if abs(runs[0].box.left - left) > _ALIGNED * size:
            return None
        labels.append(_Label(row, runs))
    return _Column(left, right, labels)


def _values(band: Sequence[Line], column: _Column, end: float) -> list[list[GlyphRun]]:
    """The runs of the value of each label of a column, in the order of reading."""
    blocks: list[list[tuple[float, list[GlyphRun]]]] = []
    for row in band:
        runs = [r for r in row.runs if column.right <= r.box.left + 0.1 and r.box.left < end]
        if not runs:
            continue
        middle = (runs[0].box.top + runs[0].box.bottom) / 2
        if blocks and middle - blocks[-1][-1][0] <= _BLOCK * runs[0].size:
            blocks[-1].append((middle, runs))
        else:
            blocks.append([(middle, runs)])
    values: list[list[GlyphRun]] = [[] for _ in column.labels]
    for block in blocks:
        top, bottom = block[0][0], block[-1][0]
        inside = [
            n for n, label in enumerate(column.labels) if top - 2 <= label.middle <= bottom + 2
        ]
        for middle, runs in block:
            at = middle if len(inside) > 1 else (top + bottom) / 2
            nearest = min(
                inside or range(len(column.labels)),
                key=lambda n: abs(column.labels[n].middle - at),
            )
            values[nearest] += runs
    return values

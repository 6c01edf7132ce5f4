"""Cells whose column is not told by their place: which of the columns of a head each of them is in, and
where a row ends.

Of all ways to give each part a column, from left to right and on to the next row, `align` takes the one
that goes best with what the parts hold: a cell may be missing, and may take several parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ingest.columns import LONGEST_NAME, Cell, Column, ColumnKind, Row
from ingest.reading import normalize_characters
from kb.language.parties import find_parties
from kb.language.roles import Role
from kb.language.times import find_times

MOST = 16
"""Columns."""


class Part(NamedTuple):
    """What may be a cell: a line or a stretch between white space. `opens`: whether it begins a row
    (None where nothing tells)."""

    line: int
    start: int
    words: str
    opens: bool | None = None


_SKIPPED = 0.7
"""What a cell that is missing costs."""
_MORE, _MORE_WORDS, _MORE_OF_OTHERS = 0.4, 0.6, 1.0
"""What another part in the same cell costs: of units, of words, of others; one leads more often than
several do."""
_HINTED = 2.0
"""What a row costs that begins where nothing shows it, while blank lines show the others."""
_LOST = 8.0
"""A table has ended where its rows are so much worse than what it had before."""
_LONGEST_UNITS = 200
"""Characters of a cell of units."""
_SHORT, _TINY = 12, 5
"""Characters of a part that may be a name or a word for a time (长期坚持), and of the shortest."""
_COVERED = 0.5
"""The share of a part that its times or its names cover where it is a time or units."""
_CODE = re.compile(r"[A-Z]{0,2}\d{1,4}[.、．]?")
_BLANK = re.compile(r"[-—–/\\\s]+")
_COLON = re.compile(r"^[^：:，。]{1,5}[：:]")


def align(parts: Iterable[Part], columns: Sequence[Column]) -> list[Row]:
    """The rows that the parts, from the first on, make under these columns: of all ways to give each
    part a column, from left to right and on to the next row, the one that goes best with what they
    hold. What follows the best end is no part of the table."""
    width = len(columns)
    scores: list[float] = []
    taken: list[Part] = []
    back: list[list[tuple[int, bool]]] = []  # of each part and column: the column before, a new row
    ended, best_end, best = -1, 0.0, -1
    for part in parts:
        fits = fits_of(part.words, columns)
        closed = [score - _SKIPPED * (width - 1 - at) for at, score in enumerate(scores)] or [0.0]
        last = closed.index(max(closed)) if taken else -1
        hint = _HINTED if taken and part.opens is False else 0.0
        steps: list[tuple[float, int, bool]] = []
        for column in range(width):
            options = [(closed[last] - _SKIPPED * column - hint, last, True)]
            for before, score in enumerate(scores[: column + 1]):
                cost = _HINTED if part.opens else 0.0
                if column > before:
                    cost += _SKIPPED * (column - before - 1)
                else:
                    cost += _MORE_OF_OTHERS if part.opens else _more(columns[column])
                options.append((score - cost, before, False))
            steps.append(max(options, key=lambda option: option[0]))
        scores = [score + fit for (score, _, _), fit in zip(steps, fits, strict=True)]
        taken.append(part)
        back.append([(before, row) for _, before, row in steps])
        end, column = max((s - _SKIPPED * (width - 1 - c), -c) for c, s in enumerate(scores))
        if end > best_end:
            ended, best_end, best = len(taken) - 1, end, -column
        if max(scores) < best_end - _LOST or (len(taken) == MOST and ended < 0):
            break
    return _rows_of(taken[: ended + 1], back, best, columns)


def _more(column: Column) -> float:
    if column.kind is ColumnKind.UNITS:
        return _MORE + (0.1 if column.role is Role.LEAD else 0.0)
    return _MORE_WORDS if column.kind is ColumnKind.TASK else _MORE_OF_OTHERS


def _rows_of(
    taken: Sequence[Part],
    back: Sequence[Sequence[tuple[int, bool]]],
    column: int,
    columns: Sequence[Column],
) -> list[Row]:
    rows: list[Row] = []
    cells: list[Cell] = []
    last = taken[-1].line if taken else 0
    for place in range(len(taken) - 1, -1, -1):
        part = taken[place]
        cells.append(Cell(part.start, part.start + len(part.words), columns[column]))
        column, row = back[place][column]
        if row:
            rows.append(Row(part.line, last, tuple(reversed(cells))))
            cells, last = [], taken[place - 1].line
    return rows[::-1]


def fits_of(words: str, columns: Sequence[Column]) -> list[float]:
    """How well a part goes with each column, by what it holds."""
    if _COLON.match(words):
        return [-4.0] * len(columns)
    if _BLANK.fullmatch(words):
        return [0.5] * len(columns)
    default, fits = _FITS[kind_of(words)]
    return [fits.get(column.kind, default) for column in columns]


def kind_of(words: str) -> str:
    """What a part holds: number, time, units, figure, words, or something short or tiny."""
    if _CODE.fullmatch(words):
        return "number"
    plain = normalize_characters(words)
    if len(words) <= LONGEST_NAME:
        times = find_times(plain)
        if sum(t.end - t.start for t in times) > _COVERED * len(plain):
            return "time"
    if len(words) <= _LONGEST_UNITS and "。" not in words:
        named = sum(p.end - p.start for p in find_parties(plain))
        if named > _COVERED * len(_MARKED.sub("", plain)):
            return "units"
    if len(words) <= _SHORT:
        if not "".join(words.split()).isalpha():
            return "figure"
        return "tiny" if len(words) <= _TINY else "short"
    return "words"


_MARKED = re.compile(r"[、,;\s]")
_K = ColumnKind
_NUMBERS = dict.fromkeys((_K.TARGET, _K.BASELINE, _K.YEAR, _K.AMOUNT, _K.TOTAL), 1.0)
_NO_NUMBERS = {_K.ORDINAL: -2.0} | dict.fromkeys(_NUMBERS, -0.5)
_FITS: dict[str, tuple[float, dict[ColumnKind, float]]] = {
    "number": (-1.5, {**_NUMBERS, _K.ORDINAL: 2.0, _K.TASK: -0.5}),
    "time": (-1.2, {_K.TIME: 1.5, _K.NOTE: 0.0, _K.OTHER: 0.0}),
    "units": (-1.5, {_K.UNITS: 1.5, _K.OTHER: 0.6, _K.TASK: -0.4}),
    "figure": (-1.2, {**_NUMBERS, _K.MEASURE: 0.5, _K.TASK: 0.3, _K.TIME: 0.2, _K.OTHER: 0.0, _K.NOTE: 0.0}),
    "short": (0.0, {**_NO_NUMBERS, _K.PERSON: 0.6, _K.MEASURE: 0.6, _K.TASK: 0.4, _K.TIME: -0.3, _K.UNITS: 0.4}),
    "tiny": (0.0, {**_NO_NUMBERS, _K.PERSON: 0.8, _K.MEASURE: 0.6, _K.TASK: 0.4, _K.TIME: 0.5, _K.UNITS: 0.4}),
    "words": (-1.4, {_K.TASK: 0.8, _K.TIME: -0.5, _K.NOTE: 0.0, _K.OTHER: 0.0, _K.ORDINAL: -2.0}),
}  # fmt: skip
"""How well what a part holds goes with any column, and with some kinds. Set by hand on the tables among
the project's own texts; of their rows all are read."""

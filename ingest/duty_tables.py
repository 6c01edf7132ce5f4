"""Tables that divide up duties: which lines name their columns, which are their rows, and the column
that each cell stands in.

A head is a row of cells, or of lines, most of which name a column, one of them of units. Cells are
told apart by tabs, by `|`, by white space, or stand on a line each. Where a tab or `|` sets them
apart, a cell's place in its row is its column; elsewhere a cell may be missing or take several
lines, and the rows are those whose cells go with their columns best (`ingest.alignment`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.alignment import MOST, Part, Row, align, kind_of
from ingest.columns import (
    LONGEST_NAME,
    Cell,
    Column,
    ColumnKind,
    bare_head,
    names_units,
    read_column,
)
from kb.language.roles import RoleWordKind, words_of_role

_SHARE = 0.65
"""Of the cells of a head, those whose words are known: a column or two may be named otherwise, the
cells of labels with their values are half."""
_LEAST_CELLS = 2
_LEAST_ALONE = 3
"""Cells of a head that only white space or line breaks set apart."""
_LEAST_WORDS = 5
"""Characters of a cell that may say what is to be done; 序号 and 3月 have fewer."""
_LONGEST_HEAD = 200
"""Characters; a row that names its columns is short."""
_LEAST_WITHIN = 60
"""Characters of a line that holds a whole table."""
_LOOKED = 12
"""Lines after a head in which blank lines between rows are looked for, for each column."""


@dataclass(frozen=True, slots=True)
class Table:
    """The lines `[first, last]` (indices) name the columns of the rows. In a text without line breaks
    head and rows are stretches of one line: `head` is the head's (start, end)."""

    first: int
    last: int
    rows: tuple[Row, ...]
    head: tuple[int, int] | None = None


def _read_head(cells: Sequence[str], least: int) -> tuple[Column, ...] | None:
    """The columns that a row of cells names; None where it is no head."""
    if not least <= sum(1 for cell in cells if bare_head(cell)) <= MOST:
        return None
    known = [read_column(cell) for cell in cells]
    named = [column for column in known if column is not None]
    if not any(column.kind is ColumnKind.UNITS for column in named):
        return None
    said = sum(1 for cell in cells if cell.strip())
    if len(named) < _SHARE * said and not (len(named) >= _LEAST_ALONE and 2 * len(named) > said):
        return None
    return tuple(
        column or Column(ColumnKind.OTHER, cell.strip())
        for column, cell in zip(known, cells, strict=True)
    )


def is_head(line: str) -> bool:
    """Whether a line with tabs is the head of such a table."""
    return "\t" in line and _head_of(line) is not None


def _head_of(line: str) -> tuple[Column, ...] | None:
    """The columns that a line names, whatever sets its cells apart."""
    if len(line) > _LONGEST_HEAD or "。" in line:
        return None
    mark = _mark_of(line)
    if mark is None:
        return None
    cells = [words for _, words in _split(line, mark)]
    return _read_head(cells, _LEAST_CELLS if mark in _MARKS else _LEAST_ALONE)


_MARKS = ("\t", "|")
_SPACE = " "
_SPACES = re.compile(r"\s+")
_PIPES = re.compile(r"[|｜]")
_EDGES = re.compile(r"\s*[|｜]?(.*?)[|｜]?\s*")
_RULE = re.compile(r"[\s|｜:\-—]*-[\s|｜:\-—]*")


def _mark_of(line: str) -> str | None:
    """What sets the cells of a line apart: a tab, `|` or white space."""
    if "\t" in line:
        return "\t"
    if _PIPES.search(line.strip("|｜ ")):
        return "|"
    return _SPACE if _SPACES.search(line) else None


def _split(line: str, mark: str) -> list[tuple[int, str]]:
    """(offset, words) of the cells of a line, empty ones too where a mark sets them apart."""
    if mark == "\t":
        parts, at = line.split("\t"), 0
    elif mark == "|":
        edges = _EDGES.fullmatch(line)
        at, parts = (edges.start(1), _PIPES.split(edges.group(1))) if edges else (0, [line])
    else:
        return [(m.start(), m.group()) for m in re.finditer(r"\S+", line)]
    found = []
    for part in parts:
        words = part.strip()
        found.append((at + (part.index(words) if words else 0), words))
        at += len(part) + 1
    return found


def find_tables(text: str, lines: Sequence[tuple[int, str]]) -> list[Table]:
    """The tables among the lines of a text, (offset, words) each, in order. A line of nothing but
    `|` belongs to the one before it."""
    places = [place for place, (_, words) in enumerate(lines) if not words or _bare(words)]
    shown = [lines[place] for place in places]
    ends = [*(place - 1 for place in places[1:]), len(lines) - 1]
    found: list[Table] = []
    at = 0
    floor = 0
    while at < len(shown):
        table = _across(shown, at) or _down(text, shown, at, floor) or _within(shown, at)
        if table is None:
            at += 1
            continue
        floor = at = 1 + (table.rows[-1].last if table.rows else table.last)
        rows = tuple(Row(places[r.first], ends[r.last], r.cells) for r in table.rows)
        found.append(Table(places[table.first], ends[table.last], rows, table.head))
    return found


def _across(lines: Sequence[tuple[int, str]], at: int) -> Table | None:
    """The table whose head is one line."""
    line = lines[at][1]
    columns = _head_of(line)
    mark = _mark_of(line)
    if columns is None or mark is None:
        return None
    last = at
    if at + 1 < len(lines) and mark == "|" and _RULE.fullmatch(lines[at + 1][1]):
        last = at + 1
    if mark == _SPACE:
        rows = _spaced_rows(lines, last + 1, columns)
        return Table(at, last, rows) if rows else None
    return Table(at, last, tuple(_marked_rows(lines, last + 1, columns, mark)))


def _marked_rows(
    lines: Sequence[tuple[int, str]], first: int, columns: Sequence[Column], mark: str
) -> Iterator[Row]:
    """Rows whose cells a mark sets apart; a line without it between two of them (the title of a
    part of the table) is none."""
    place = first
    while place < len(lines):
        start, line = lines[place]
        if _mark_of(line) != mark:
            after = lines[place + 1][1] if place + 1 < len(lines) else ""
            if _mark_of(after) != mark or len(_split(after, mark)) != len(columns):
                return
            place += 1
            continue
        if _head_of(line) is not None:
            return
        yield Row(place, place, tuple(_marked_cells(start, _split(line, mark), columns)))
        place += 1


def _marked_cells(
    start: int, cells: Sequence[tuple[int, str]], columns: Sequence[Column]
) -> Sequence[Cell]:
    """The cells of a row by their places; of one that has fewer than the head (a cell that stands
    beside several rows is written in the first) by what they hold."""
    if len(cells) < len(columns):
        said = [cell for cell in cells if cell[1]]
        parts = [Part(0, start + at, words, opens=not n) for n, (at, words) in enumerate(said)]
        rows = align(parts, columns)
        if len(rows) == 1 and len(rows[0].cells) == len(said):
            return rows[0].cells
    return [
        Cell(start + at, start + at + len(words), column)
        for (at, words), column in zip(cells, columns, strict=False)
        if words
    ]


def _spaced_rows(
    lines: Sequence[tuple[int, str]], first: int, columns: Sequence[Column]
) -> tuple[Row, ...]:
    """Rows of a line each, whose cells white space sets apart."""
    rows: list[Row] = []
    for place in range(first, len(lines)):
        start, line = lines[place]
        parts = [
            Part(place, start + at, words, opens=at == 0) for at, words in _split(line, _SPACE)
        ]
        aligned = align(parts, columns) if _LEAST_CELLS < len(parts) <= MOST * 2 else []
        if len(aligned) != 1 or len(aligned[0].cells) < len(parts):
            if _again(lines, place, columns):
                continue
            break
        rows += aligned
    return tuple(rows)


def _again(lines: Sequence[tuple[int, str]], place: int, columns: Sequence[Column]) -> bool:
    """Whether a line is the title of a part of a table: short, and a row after it."""
    if place + 1 >= len(lines) or len(lines[place][1]) > LONGEST_NAME:
        return False
    start, line = lines[place + 1]
    parts = [Part(place, start + at, w, opens=at == 0) for at, w in _split(line, _SPACE)]
    if not _LEAST_CELLS < len(parts) <= MOST * 2:
        return False
    rows = align(parts, columns)
    return len(rows) == 1 and len(rows[0].cells) == len(parts)


def _down(text: str, lines: Sequence[tuple[int, str]], at: int, floor: int) -> Table | None:
    """The table each of whose cells is a line; the line `at` heads a column of units."""
    if len(lines[at][1]) > LONGEST_NAME or names_units(_bare(lines[at][1])) is None:
        return None
    first = last = at
    piped = lines[at][1].endswith("|")

    def heads(place: int) -> bool:
        """Whether a line may head a column: by its words, or between two that do."""
        words = lines[place][1] if 0 <= place < len(lines) else ""
        return len(words) <= LONGEST_NAME and read_column(_bare(words)) is not None

    def unknown(place: int) -> bool:
        """Whether a line is neither a time nor a unit: a head that no word tells."""
        return kind_of(_bare(lines[place][1])) in ("tiny", "short", "figure")

    while (
        first > floor
        and last - first < MOST
        and (
            heads(first - 1)
            or (
                piped
                and lines[first - 1][1].endswith("|")
                and len(lines[first - 1][1]) < LONGEST_NAME
            )
        )
    ):
        first -= 1
    while last - first < MOST and (heads(last + 1) or (heads(last + 2) and unknown(last + 1))):
        last += 1
    columns = _read_head([_bare(words) for _, words in lines[first : last + 1]], _LEAST_ALONE)
    if columns is None:
        return None
    rows = _rows_down(text, lines, last + 1, columns)
    return Table(first, last, rows) if rows else None


def _within(lines: Sequence[tuple[int, str]], at: int) -> Table | None:
    """The table that stands in one line with its head and what is around it."""
    start, line = lines[at]
    if len(line) < _LEAST_WITHIN or not any(
        word in line for word in words_of_role(RoleWordKind.BEARER)
    ):
        return None
    parts = [Part(at, start + place, words) for place, words in _split(line, _SPACE)]
    known = [read_column(part.words) for part in parts]
    first = 0
    while first < len(parts):
        last = first
        while last < len(parts) and known[last] is not None and last - first < MOST:
            last += 1
        columns = [column for column in known[first:last] if column is not None]
        units = sum(1 for column in columns if column.kind is ColumnKind.UNITS)
        if units and len(columns) > _LEAST_ALONE and (rows := align(parts[last:], columns)):
            before = parts[last - 1]
            head = parts[first].start, before.start + len(before.words)
            return Table(at, at, tuple(rows), head)
        first = last + 1
    return None


def _bare(words: str) -> str:
    """A line without the `|` at its end."""
    return words.strip("|｜ \u3000")


def _rows_down(
    text: str, lines: Sequence[tuple[int, str]], first: int, columns: Sequence[Column]
) -> tuple[Row, ...]:
    """Rows whose cells are lines. Blank lines tell where rows begin, where some of the lines have
    one before them."""

    def blank(place: int) -> bool:
        end = lines[place - 1][0] + len(lines[place - 1][1])
        return text.count("\n", end, lines[place][0]) > 1

    near = range(first + 1, min(len(lines), first + _LOOKED * len(columns)))
    blanks = sum(1 for place in near if blank(place))
    told = 0 < blanks * 2 <= len(near)
    parts = (
        Part(place, lines[place][0], _bare(lines[place][1]), blank(place) if told else None)
        for place in range(first, len(lines))
    )
    return tuple(align(parts, columns))


def duty_of(row: str, cells: Sequence[Cell]) -> str:
    """What a row asks for, whose `cells` have tabs between them: its first cell of words that are no
    units; the whole row where there is none."""
    said = list(zip(cells, row.split("\t"), strict=False))
    long = [
        words
        for kind in (ColumnKind.TASK, ColumnKind.OTHER)
        for cell, words in said
        if cell.column.kind is kind and len(words) >= _LEAST_WORDS
    ]
    short = [words for cell, words in said if cell.column.kind is ColumnKind.TASK]
    return next(iter((*long, *short)), row)

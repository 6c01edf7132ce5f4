"""Tables that divide up duties: what heads their columns, which lines are their rows, and the column
that each cell stands in.

A head is a row of cells, or of lines, most of which name a column, one of them of units. Cells are
told apart by tabs, by `|`, by white space, or stand on a line each. Where a tab or `|` sets them
apart, a cell's place in its row is its column; elsewhere a cell may be missing or take several
lines, and the rows are those whose cells go with their columns best (`_align`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from ingest.reading import normalize_characters
from kb.language.parties import find_parties
from kb.language.roles import (
    GIVES_ROLE,
    Role,
    RoleWordKind,
    best_role_words,
    find_role_words,
    role_words,
)
from kb.language.times import find_times
from kb.lexicon import WordEntry, load_lexicon

_NOTE = re.compile(r"\s|[(（][^()（）]*[)）]|[*_#]")
_YEAR = re.compile(r"(?:19|20)\d\d年度?")
_BEFORE = 8
"""Characters that may stand before the word that names a column (完成|时限)."""
_BEFORE_UNITS = 4
"""Those before the role of a column of units (主要|责任单位)."""
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
_LONGEST_NAME = 20
"""Characters of the head of one column."""
_MOST = 16
"""Columns."""


class ColumnKind(StrEnum):
    """What the cells of a column hold."""

    ORDINAL = "ordinal"
    TASK = "task"
    MEASURE = "measure"  # the unit of measurement
    UNITS = "units"
    PERSON = "person"
    TIME = "time"
    TARGET = "target"
    BASELINE = "baseline"  # what was reached before
    YEAR = "year"
    NOTE = "note"
    OTHER = "other"


class Column(NamedTuple):
    """A column: what it holds, its head as printed and, of units, the role that the head gives."""

    kind: ColumnKind
    head: str
    role: Role | None = None


class ColumnHead(WordEntry):
    """Words that head columns of one kind, with heads of tables that have such a column."""

    column: ColumnKind


class Cell(NamedTuple):
    """`text[start:end]` stands in `column`."""

    start: int
    end: int
    column: Column


@dataclass(frozen=True, slots=True)
class Row:
    """The lines `[first, last]` (indices) are a row; its cells that are not empty, in order."""

    first: int
    last: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The lines `[first, last]` (indices) name the columns of the rows. In a text without line breaks
    head and rows are stretches of one line: `head` is the head's (start, end)."""

    first: int
    last: int
    rows: tuple[Row, ...]
    head: tuple[int, int] | None = None


class Cells:
    """Cells of a text in order, asked by place."""

    __slots__ = ("_cells", "_starts")

    def __init__(self, cells: Sequence[Cell] = ()) -> None:
        self._cells = tuple(cells)
        self._starts = [cell.start for cell in cells]

    def __bool__(self) -> bool:
        return bool(self._cells)

    def __iter__(self) -> Iterator[Cell]:
        return iter(self._cells)

    def at(self, position: int) -> Cell | None:
        """The cell that holds a place."""
        place = bisect_right(self._starts, position) - 1
        return self._cells[place] if place >= 0 and position < self._cells[place].end else None

    def features(self, position: int) -> list[str]:
        """What the column of the cell that holds a place says of a mention there."""
        cell = self.at(position)
        return [] if cell is None else [f"column={cell.column.kind.value}"]


NO_CELLS = Cells()


@lru_cache
def _bearers() -> tuple[str, ...]:
    return tuple(w for e in role_words() if e.kind is RoleWordKind.BEARER for w in e.words)


@lru_cache
def _heads() -> tuple[tuple[str, ColumnKind], ...]:
    """What heads the columns that hold no units, the longest word first."""
    entries = load_lexicon("column_heads", ColumnHead)
    return tuple(
        sorted(((w, e.column) for e in entries for w in e.words), key=lambda p: -len(p[0]))
    )


@lru_cache(maxsize=4096)
def read_column(words: str) -> Column | None:
    """The column that a cell heads; None where its words name none.

    >>> read_column("主要责任 单位（排第一的牵头）").role.value, read_column("完成时限").kind.value
    ('responsible', 'time')
    """
    bare = _NOTE.sub("", words)
    if not bare or len(bare) > _LONGEST_NAME:
        return None
    if bare.endswith(_bearers()):
        found = best_role_words(find_role_words(bare))
        roles = [t for t in found if t.kind in GIVES_ROLE]
        if roles and roles[0].start <= _BEFORE_UNITS and found[-1].kind == RoleWordKind.BEARER:
            used = [t for t in found if t.start >= roles[0].start]
            whole = sum(t.end - t.start for t in used) == len(bare) - roles[0].start
            said = [t.value for t in roles]
            if whole and len(used) == len(roles) + 1:
                role = Role.LEAD if Role.LEAD in said else said[-1]
                return Column(ColumnKind.UNITS, bare[roles[0].start :], role)
    if _YEAR.fullmatch(bare):
        return Column(ColumnKind.YEAR, bare)
    return next(
        (
            Column(kind, bare)
            for word, kind in _heads()
            if bare.endswith(word) and len(bare) - len(word) <= _BEFORE
        ),
        None,
    )


def names_units(words: str) -> str | None:
    """The head of a column that holds units, without white space and what it says in brackets;
    None for another.

    >>> names_units("主要责任 单位（排第一的牵头）"), names_units("任务")
    ('责任单位', None)
    """
    column = read_column(words)
    return column.head if column is not None and column.kind is ColumnKind.UNITS else None


def _read_head(cells: Sequence[str], least: int) -> tuple[Column, ...] | None:
    """The columns that a row of cells names; None where it is no head."""
    if not least <= sum(1 for cell in cells if _NOTE.sub("", cell)) <= _MOST:
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
        parts = [_Part(0, start + at, words, opens=not n) for n, (at, words) in enumerate(said)]
        rows = _align(parts, columns)
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
            _Part(place, start + at, words, opens=at == 0) for at, words in _split(line, _SPACE)
        ]
        aligned = _align(parts, columns) if _LEAST_CELLS < len(parts) <= _MOST * 2 else []
        if len(aligned) != 1 or len(aligned[0].cells) < len(parts):
            if _again(lines, place, columns):
                continue
            break
        rows += aligned
    return tuple(rows)


def _again(lines: Sequence[tuple[int, str]], place: int, columns: Sequence[Column]) -> bool:
    """Whether a line is the title of a part of a table: short, and a row after it."""
    if place + 1 >= len(lines) or len(lines[place][1]) > _LONGEST_NAME:
        return False
    start, line = lines[place + 1]
    parts = [_Part(place, start + at, w, opens=at == 0) for at, w in _split(line, _SPACE)]
    if not _LEAST_CELLS < len(parts) <= _MOST * 2:
        return False
    rows = _align(parts, columns)
    return len(rows) == 1 and len(rows[0].cells) == len(parts)


def _down(text: str, lines: Sequence[tuple[int, str]], at: int, floor: int) -> Table | None:
    """The table each of whose cells is a line; the line `at` heads a column of units."""
    if len(lines[at][1]) > _LONGEST_NAME or names_units(_bare(lines[at][1])) is None:
        return None
    first = last = at
    piped = lines[at][1].endswith("|")

    def heads(place: int) -> bool:
        """Whether a line may head a column: by its words, or between two that do."""
        words = lines[place][1] if 0 <= place < len(lines) else ""
        return len(words) <= _LONGEST_NAME and read_column(_bare(words)) is not None

    def unknown(place: int) -> bool:
        """Whether a line is neither a time nor a unit: a head that no word tells."""
        return _kind_of(_bare(lines[place][1])) in ("tiny", "short", "figure")

    while (
        first > floor
        and last - first < _MOST
        and (
            heads(first - 1)
            or (
                piped
                and lines[first - 1][1].endswith("|")
                and len(lines[first - 1][1]) < _LONGEST_NAME
            )
        )
    ):
        first -= 1
    while last - first < _MOST and (heads(last + 1) or (heads(last + 2) and unknown(last + 1))):
        last += 1
    columns = _read_head([_bare(words) for _, words in lines[first : last + 1]], _LEAST_ALONE)
    if columns is None:
        return None
    rows = _rows_down(text, lines, last + 1, columns)
    return Table(first, last, rows) if rows else None


def _within(lines: Sequence[tuple[int, str]], at: int) -> Table | None:
    """The table that stands in one line with its head and what is around it."""
    start, line = lines[at]
    if len(line) < _LEAST_WITHIN or not any(word in line for word in _bearers()):
        return None
    parts = [_Part(at, start + place, words) for place, words in _split(line, _SPACE)]
    known = [read_column(part.words) for part in parts]
    first = 0
    while first < len(parts):
        last = first
        while last < len(parts) and known[last] is not None and last - first < _MOST:
            last += 1
        columns = [column for column in known[first:last] if column is not None]
        units = sum(1 for column in columns if column.kind is ColumnKind.UNITS)
        if units and len(columns) > _LEAST_ALONE and (rows := _align(parts[last:], columns)):
            before = parts[last - 1]
            head = parts[first].start, before.start + len(before.words)
            return Table(at, at, tuple(rows), head)
        first = last + 1
    return None


def _bare(words: str) -> str:
    """A line without the `|` at its end."""
    return words.strip("|｜ \u3000")


# --- cells whose column is not told by their place -------------------------------------------------


class _Part(NamedTuple):
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
_LOOKED = 12
"""Lines after a head in which blank lines between rows are looked for, for each column."""
_SHORT, _TINY = 12, 5
"""Characters of a part that may be a name or a word for a time (长期坚持), and of the shortest."""
_COVERED = 0.5
"""The share of a part that its times or its names cover where it is a time or units."""
_CODE = re.compile(r"[A-Z]{0,2}\d{1,4}[.、．]?")
_BLANK = re.compile(r"[-—–/\\\s]+")
_COLON = re.compile(r"^[^：:，。]{1,5}[：:]|^\d?注")


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
        _Part(place, lines[place][0], _bare(lines[place][1]), blank(place) if told else None)
        for place in range(first, len(lines))
    )
    return tuple(_align(parts, columns))


def _align(parts: Iterator[_Part] | Sequence[_Part], columns: Sequence[Column]) -> list[Row]:
    """The rows that the parts, from the first on, make under these columns: of all ways to give each
    part a column, from left to right and on to the next row, the one that goes best with what they
    hold. What follows the best end is no part of the table."""
    width = len(columns)
    scores: list[float] = []
    taken: list[_Part] = []
    back: list[
        list[tuple[int, bool]]
    ] = []  # for each part and column: the column before, a new row
    ended, best_end, best = -1, 0.0, -1
    for part in parts:
        fits = _fits(part.words, columns)
        new: list[float] = []
        came: list[tuple[int, bool]] = []
        for column in range(width):
            options: list[tuple[float, int, bool]] = []
            if not taken:
                options.append((-_SKIPPED * column, -1, True))
            for before, score in enumerate(scores):
                if column >= before and part.opens is not True:
                    cost = (
                        _more(columns[column])
                        if column == before
                        else _SKIPPED * (column - before - 1)
                    )
                    options.append((score - cost, before, False))
                elif column >= before:
                    cost = _SKIPPED * (column - before - 1) if column > before else _MORE_OF_OTHERS
                    options.append((score - cost - _HINTED, before, False))
                cost = _SKIPPED * (width - 1 - before + column)
                hint = _HINTED if part.opens is False else 0.0
                options.append((score - cost - hint, before, True))
            reached, before, row = max(options, key=lambda option: option[0])
            new.append(reached + fits[column])
            came.append((before, row))
        scores = new
        taken.append(part)
        back.append(came)
        for column, score in enumerate(scores):
            closed = score - _SKIPPED * (width - 1 - column)
            if closed > best_end:
                ended, best_end, best = len(taken) - 1, closed, column
        if max(scores) < best_end - _LOST or (len(taken) == _MOST and ended < 0):
            break
    return _rows_of(taken[: ended + 1], back, best, columns)


def _more(column: Column) -> float:
    if column.kind is ColumnKind.UNITS:
        return _MORE + (0.1 if column.role is Role.LEAD else 0.0)
    return _MORE_WORDS if column.kind is ColumnKind.TASK else _MORE_OF_OTHERS


def _rows_of(
    taken: Sequence[_Part],
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
            cells = []
            last = taken[place - 1].line if place else 0
    return rows[::-1]


def _fits(words: str, columns: Sequence[Column]) -> list[float]:
    """How well a part goes with each column, by what it holds."""
    if _COLON.match(words):
        return [-4.0] * len(columns)
    if _BLANK.fullmatch(words):
        return [0.5] * len(columns)
    kind = _kind_of(words)
    return [_FITS.get((kind, column.kind), _FITS.get((kind, None), 0.0)) for column in columns]


def _kind_of(words: str) -> str:
    """What a part holds: number, time, units, figure, words, or something short or tiny."""
    if _CODE.fullmatch(words):
        return "number"
    plain = normalize_characters(words)
    if len(words) <= _LONGEST_NAME:
        times = find_times(plain)
        if sum(t.end - t.start for t in times) > _COVERED * len(plain):
            return "time"
    if len(words) <= _LONGEST_HEAD and "。" not in words:
        named = sum(p.end - p.start for p in find_parties(plain))
        if named > _COVERED * len(_MARKED.sub("", plain)):
            return "units"
    if len(words) <= _SHORT:
        if not "".join(words.split()).isalpha():
            return "figure"
        return "tiny" if len(words) <= _TINY else "short"
    return "words"


_MARKED = re.compile(r"[、,;\s]")
_FITS: dict[tuple[str, ColumnKind | None], float] = {
    ("number", ColumnKind.ORDINAL): 2.0,
    ("number", ColumnKind.TARGET): 1.0,
    ("number", ColumnKind.BASELINE): 1.0,
    ("number", ColumnKind.YEAR): 1.0,
    ("number", ColumnKind.TASK): -0.5,
    ("number", None): -1.5,
    ("time", ColumnKind.TIME): 1.5,
    ("time", ColumnKind.NOTE): 0.0,
    ("time", ColumnKind.OTHER): 0.0,
    ("time", None): -1.2,
    ("units", ColumnKind.UNITS): 1.5,
    ("units", ColumnKind.OTHER): 0.6,
    ("units", ColumnKind.TASK): -0.4,
    ("units", None): -1.5,
    ("figure", ColumnKind.TARGET): 1.0,
    ("figure", ColumnKind.BASELINE): 1.0,
    ("figure", ColumnKind.YEAR): 1.0,
    ("figure", ColumnKind.MEASURE): 0.5,
    ("figure", ColumnKind.TASK): 0.3,
    ("figure", ColumnKind.TIME): 0.2,
    ("figure", ColumnKind.OTHER): 0.0,
    ("figure", ColumnKind.NOTE): 0.0,
    ("figure", None): -1.2,
    ("short", ColumnKind.ORDINAL): -2.0,
    ("short", ColumnKind.PERSON): 0.6,
    ("short", ColumnKind.MEASURE): 0.6,
    ("short", ColumnKind.TASK): 0.4,
    ("short", ColumnKind.TIME): -0.3,
    ("short", ColumnKind.UNITS): 0.4,
    ("short", ColumnKind.TARGET): -0.5,
    ("short", ColumnKind.BASELINE): -0.5,
    ("short", ColumnKind.YEAR): -0.5,
    ("tiny", ColumnKind.ORDINAL): -2.0,
    ("tiny", ColumnKind.PERSON): 0.8,
    ("tiny", ColumnKind.MEASURE): 0.6,
    ("tiny", ColumnKind.TASK): 0.4,
    ("tiny", ColumnKind.TIME): 0.5,
    ("tiny", ColumnKind.UNITS): 0.4,
    ("tiny", ColumnKind.TARGET): -0.5,
    ("tiny", ColumnKind.BASELINE): -0.5,
    ("tiny", ColumnKind.YEAR): -0.5,
    ("words", ColumnKind.TASK): 0.8,
    ("words", ColumnKind.TIME): -0.5,
    ("words", ColumnKind.NOTE): 0.0,
    ("words", ColumnKind.OTHER): 0.0,
    ("words", ColumnKind.ORDINAL): -2.0,
    ("words", None): -1.4,
}
"""How well what a part holds goes with a kind of column. Set by hand on the tables among the
project's own texts; of their rows all are read."""


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

"""The columns of tables: what their heads say, which cell stands in which, and what a row says of the
numbers in it: their name, what they are measured in, what was before."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import NamedTuple

from ingest.reading import normalize_characters
from kb.characters import HAN
from kb.language.measures import measures
from kb.language.parties import find_parties
from kb.language.quantities import Quantity, find_quantities
from kb.language.roles import (
    HEADS_ROLE,
    Role,
    RoleWordKind,
    best_role_words,
    find_role_words,
    main_role,
    words_of_role,
)
from kb.language.times import Time, TimeKind, YearSource, find_times, may_hold_times
from kb.lexicon import WordEntry, load_lexicon

_NOTE = re.compile(r"\s|[(（][^()（）]*[)）]|[*_#]")
_BRACKET = re.compile(r"[(（]([^()（）]{1,12})[)）]")
_LABELS = re.compile(r"[:：()（）\s]")
_OPENING = ("[", "〔")
_NUMERAL = re.compile(r"\d")
_HAN = re.compile(f"[{HAN}]")
_BEFORE = 8
"""Characters that may stand before the word that names a column (完成|时限)."""
_BEFORE_UNITS = 4
"""Those before the role of a column of units (主要|责任单位)."""
_LONG_TIME = 80
"""Days of a time that heads a column where nothing else shows it: a quarter and more."""
LONGEST_NAME = 20
"""Characters of the head of one column."""
_FEW = 4
"""Chinese characters in a cell that holds a number alone: 不低于3.2左右."""
_LEAST_WORDS = 5
"""Characters of a cell that may say what is to be done; 序号 and 3月 have fewer."""


class ColumnKind(StrEnum):
    """What the cells of a column hold."""

    ORDINAL = "ordinal"
    TASK = "task"  # what a row is about: a duty, an indicator
    PROBLEM = "problem"  # what was found wrong; what the row is about where nothing else says it
    MEASURE = "measure"  # the unit of measurement
    UNITS = "units"
    PERSON = "person"
    TIME = "time"
    START = "start"  # the time at which a row begins: 开工时间
    TARGET = "target"
    BASELINE = "baseline"  # what was: 2025年实际, 现状, 完成情况
    YEAR = "year"  # what is to be in a time, which is the head
    AMOUNT = "amount"  # money that is spent
    NOTE = "note"
    PLACE = "place"  # where: 位置, 建设地点
    OTHER = "other"
    TOTAL = "total"  # the sum of others; in a cell, the row of sums
    ABOVE = "above"  # no column: 同上
    EXAMPLE = "example"  # no column: what shows how a form is filled in


FIGURES = frozenset(
    {
        ColumnKind.TARGET,
        ColumnKind.BASELINE,
        ColumnKind.YEAR,
        ColumnKind.AMOUNT,
        ColumnKind.MEASURE,
        ColumnKind.TOTAL,
    }
)
"""Columns of tables of figures."""
TIMED = frozenset({ColumnKind.YEAR, ColumnKind.TARGET})
"""Columns whose numbers are to be reached in the time that their head names."""
DATED = frozenset({ColumnKind.TIME, ColumnKind.START})
"""Columns in whose cells a time stands."""
_BETWEEN_ROLES = str.maketrans("", "", "、/")
_WHOLE = frozenset(
    {
        ColumnKind.MEASURE,
        ColumnKind.YEAR,
        ColumnKind.TOTAL,
        ColumnKind.ABOVE,
        ColumnKind.EXAMPLE,
    }
)
"""Kinds that a head names only by all its words: 责任单位 is no measure."""


class Column(NamedTuple):
    """A column: what it holds, its head, of units the role that the head gives; the words of its head
    with their places in the text, those of a second row last; in what its numbers are measured by
    its head."""

    kind: ColumnKind
    head: str
    role: Role | None = None
    printed: tuple[tuple[int, str], ...] = ()
    measure: str = ""


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
    """The lines `[first, last]` (indices) are a row; its cells that are not empty, in order.

    `columns` are those of its table, `caption` the line over it, `measure` that of the row above or
    of the note over the table where it has none of its own; `said_above`: cells that say only that (同上), with the words there.
    `placed`: whether each cell was given a column; `asks`: whether anything is to be done; `sums`:
    whether it says so of itself (合计); `example`: whether it only shows how a form is filled in.
    """

    first: int
    last: int
    cells: tuple[Cell, ...]
    columns: tuple[Column, ...] = ()
    caption: str = ""
    measure: str = ""
    said_above: tuple[tuple[Cell, str], ...] = ()
    placed: bool = True
    asks: bool = True
    sums: bool = False
    example: bool = False

    def has(self, kind: ColumnKind) -> bool:
        """Whether its table has a column of a kind."""
        return any(column.kind is kind for column in self.columns)


_NO_ROW = Row(0, 0, ())


class Cells:
    """The cells of a row in order, asked by place in `text`, in which they stand."""

    def __init__(self, cells: Sequence[Cell] = (), text: str = "", row: Row = _NO_ROW) -> None:
        self._cells = tuple(cells)
        self._starts = [cell.start for cell in cells]
        self._text = text
        self.row = row

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
        if cell is None:
            return []
        kind = ColumnKind.TIME if cell.column.kind in DATED else cell.column.kind
        return [f"column={kind.value}"]

    def words(self, cell: Cell) -> str:
        """What a cell says."""
        return self._text[cell.start : cell.end]

    def is_bare(self, cell: Cell) -> bool:
        """Whether a cell holds a number alone, with what it is measured in (28微克/立方米)."""
        words = self.words(cell)
        return len(_HAN.findall(words)) <= _FEW or is_number(words)

    @cached_property
    def naming(self) -> Cell | None:
        """The cell of what the row is about: that of the last such column, else its first words."""
        named = [c for c in self._cells if c.column.kind is ColumnKind.TASK]
        words = ((c, self.words(c)) for c in self._cells)
        others = (c for c, said in words if len(said) > 1 and not _NUMERAL.match(said))
        if named:  # of several lines of a cell the first
            return next(c for c in named if c.column == named[-1].column)
        return next(others, None)

    @property
    def name(self) -> str:
        """What the row is about."""
        return self.words(self.naming) if self.naming else ""

    @property
    def is_of_task(self) -> bool:
        """Whether a column says what the row is about."""
        return self.naming is not None and self.naming.column.kind is ColumnKind.TASK

    @cached_property
    def is_of_body(self) -> bool:
        """Whether the row is named by a body: what it is about stands elsewhere."""
        of_units = self.naming is not None and self.naming.column.kind is ColumnKind.UNITS
        return of_units or (not self.is_of_task and is_body(self.name))

    def measure(self, cell: Cell) -> str:
        """What the number of a cell is measured in: by the head over it, the row, the name of the row
        (床位占比（%）), the row above or the note over the table; one in brackets, which is a sum, not by
        its head."""
        own = [self.words(c) for c in self._cells if c.column.kind is ColumnKind.MEASURE]
        head = "" if self.words(cell)[:1] in _OPENING else cell.column.measure
        return head or next(iter(own), measure_in(self.name) or self.row.measure)


NO_CELLS = Cells()


@lru_cache(maxsize=256)
def is_body(words: str) -> bool:
    """Whether words are the name of a body and nothing else."""
    return sum(p.end - p.start for p in find_parties(words)) == len(words) > 0


@lru_cache(maxsize=1024)
def is_number(words: str) -> bool:
    """Whether words are a number with its measure and its comparator and nothing else."""
    if len(words) > LONGEST_NAME or not _NUMERAL.search(words):
        return False
    found = find_quantities(normalize_characters(words))
    return len(found) == 1 and (found[0].from_, found[0].until) == (0, len(words))


@lru_cache(maxsize=1024)
def time_of(column: Column, reference: date | None) -> Time | None:
    """The time that the head of a column names, at its place in the document; years that are not
    printed are counted from `reference`. 全年, 年度目标 are of the year of it."""
    for start, printed in column.printed[::-1]:
        words = normalize_characters(printed)
        for time in find_times(words, reference=reference):
            return replace(time, start=start + time.start, end=start + time.end)
        of_year = next((w for w, kind in _heads() if kind is ColumnKind.YEAR and w in words), "")
        if of_year and reference is not None:
            first, last = date(reference.year, 1, 1), date(reference.year, 12, 31)
            at, assumed = start + words.index(of_year), YearSource.REFERENCE
            end = at + len(of_year)
            return Time(at, end, TimeKind.POINT, first=first, last=last, year=assumed)
    return None


def with_past(row: Row, reference: date | None) -> tuple[Cell, ...]:
    """The cells of a row where a column of a time that had passed holds what was: before the year of
    `reference`, or not after that of which another column says what was (“十四五”目标 beside
    2025年完成情况)."""
    times = {c: t.last for c in row.columns if (t := time_of(c, reference)) and t.last}
    past = [last for c, last in times.items() if c.kind is ColumnKind.BASELINE]
    past += [date(reference.year - 1, 12, 31)] if reference else []
    done = max(past, default=date.min)
    return tuple(
        cell._replace(column=cell.column._replace(kind=ColumnKind.BASELINE))
        if cell.column.kind in TIMED and times.get(cell.column, date.max) <= done
        else cell
        for cell in row.cells
    )


@lru_cache(maxsize=256)
def measure_of(words: str) -> Quantity | None:
    """What one of a measure is: 亿立方米 is 100000000 立方米; None where `words` are no measure."""
    if len(words) > LONGEST_NAME or _NUMERAL.search(words):
        return None
    found = find_quantities(f"1{words}")
    whole = found and found[0].end == len(words) + 1 and found[0].measure in measures()
    return found[0] if whole else None


def measure_in(head: str) -> str:
    """The measure that stands in brackets in a head: 修缮面积（万平方米）."""
    found = (inside for inside in _BRACKET.findall(head) if measure_of(inside))
    return next(found, "")


@lru_cache
def _heads() -> tuple[tuple[str, ColumnKind], ...]:
    """What heads the columns that hold no units, the longest word first."""
    entries = load_lexicon("column_heads", ColumnHead)
    return tuple(
        sorted(((w, e.column) for e in entries for w in e.words), key=lambda p: -len(p[0]))
    )


def is_example(words: str) -> bool:
    """Whether a cell says that its row shows how a form is filled in: 示例：某市, 某市（示例）."""
    said = (read_column(part) for part in _LABELS.split(words))
    return any(column is not None and column.kind is ColumnKind.EXAMPLE for column in said)


def bare_head(words: str) -> str:
    """The words of a head without white space, marks of emphasis and what stands in brackets."""
    return _NOTE.sub("", words)


def is_time(words: str, least: int = 0) -> bool:
    """Whether words are a time of so many days, without a bound, and nothing else: 2030年, 上半年."""
    for time in find_times(words) if may_hold_times(words) else ():
        whole = (time.start, time.end) == (0, len(words)) and not time.bound
        if not whole or time.kind not in (TimeKind.POINT, TimeKind.INTERVAL):
            return False
        if time.first is not None and time.last is not None:
            return (time.last - time.first).days >= least
        return not least or not _NUMERAL.search(words)  # of no year that is known
    return False


@lru_cache(maxsize=4096)
def read_column(words: str) -> Column | None:
    """The column that a cell heads; None where its words name none.

    >>> read_column("主要责任 单位（排第一的牵头）").role.value, read_column("完成时限").kind.value
    ('responsible', 'time')
    """
    bare = bare_head(words)
    if not bare or len(bare) > LONGEST_NAME:
        return None
    if (column := _of_units(bare)) is not None:
        return column
    if is_time(bare, _LONG_TIME):
        return Column(ColumnKind.YEAR, bare)
    return next(
        (
            Column(kind, bare)
            for word, kind in _heads()
            if bare.endswith(word) and len(bare) - len(word) <= (0 if kind in _WHOLE else _BEFORE)
        ),
        None,
    )


def _of_units(bare: str) -> Column | None:
    """A head of units: roles with what bears them (责任单位, 牵头/责任单位), or a role alone (牵头)."""
    joined = bare.translate(_BETWEEN_ROLES)
    several = joined != bare
    if bare.endswith(words_of_role(RoleWordKind.BEARER)):
        bare = joined
    found = best_role_words(find_role_words(bare))
    roles = [t for t in found if t.kind in HEADS_ROLE]
    if not roles or roles[0].start > _BEFORE_UNITS:
        return None
    used = [t for t in found if t.start >= roles[0].start]
    whole = sum(t.end - t.start for t in used) == len(bare) - roles[0].start
    borne = (
        bare.endswith(words_of_role(RoleWordKind.BEARER)) and used[-1].kind == RoleWordKind.BEARER
    )
    alone = len(found) == 1 and found[0].kind == RoleWordKind.ROLE and not found[0].start
    if not whole or not (alone or (borne and len(used) == len(roles) + 1)):
        return None
    said = [Role(t.value) for t in roles]
    role = main_role(said)
    if several and Role.JOINT in said:  # 牵头、配合单位: which is which it does not say
        role = None
    return Column(ColumnKind.UNITS, bare[roles[0].start :], role)


def names_units(words: str) -> str | None:
    """The head of a column that holds units, without white space and what it says in brackets;
    None for another.

    >>> names_units("主要责任 单位（排第一的牵头）"), names_units("任务")
    ('责任单位', None)
    """
    column = read_column(words)
    return column.head if column is not None and column.kind is ColumnKind.UNITS else None


def asks(caption: str) -> bool:
    """Whether the line over a table says that it is one of tasks: 造林任务分配表."""
    asking = (ColumnKind.TASK, ColumnKind.PROBLEM, ColumnKind.TARGET)
    return any(kind in asking and word in caption for word, kind in _heads())


def duty_of(row: str, cells: Sequence[Cell]) -> str:
    """What a row asks for, whose `cells` have tabs between them: its first cell of words that are no
    units; its first words of two characters where there is none."""
    said = list(zip(cells, row.split("\t"), strict=False))
    long = [
        words
        for kind in (ColumnKind.TASK, ColumnKind.OTHER)
        for cell, words in said
        if cell.column.kind is kind and len(words) >= _LEAST_WORDS and _HAN.search(words)
    ]
    short = [words for cell, words in said if cell.column.kind is ColumnKind.TASK]
    named = [words for _, words in said if len(words) > 1 and not _NUMERAL.match(words)]
    return next(iter((*long, *short, *named)), row)

"""The columns of tables that divide up duties: what their heads say, and which cell stands in which."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from kb.language.roles import (
    HEADS_ROLE,
    Role,
    RoleWordKind,
    best_role_words,
    find_role_words,
    words_of_role,
)
from kb.lexicon import WordEntry, load_lexicon

_NOTE = re.compile(r"\s|[(（][^()（）]*[)）]|[*_#]")
_YEAR = re.compile(r"(?:19|20)\d\d年度?")
_BEFORE = 8
"""Characters that may stand before the word that names a column (完成|时限)."""
_BEFORE_UNITS = 4
"""Those before the role of a column of units (主要|责任单位)."""
LONGEST_NAME = 20
"""Characters of the head of one column."""


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
def _heads() -> tuple[tuple[str, ColumnKind], ...]:
    """What heads the columns that hold no units, the longest word first."""
    entries = load_lexicon("column_heads", ColumnHead)
    return tuple(
        sorted(((w, e.column) for e in entries for w in e.words), key=lambda p: -len(p[0]))
    )


def bare_head(words: str) -> str:
    """The words of a head without white space, marks of emphasis and what stands in brackets."""
    return _NOTE.sub("", words)


@lru_cache(maxsize=4096)
def read_column(words: str) -> Column | None:
    """The column that a cell heads; None where its words name none.

    >>> read_column("主要责任 单位（排第一的牵头）").role.value, read_column("完成时限").kind.value
    ('responsible', 'time')
    """
    bare = bare_head(words)
    if not bare or len(bare) > LONGEST_NAME:
        return None
    if bare.endswith(words_of_role(RoleWordKind.BEARER)):
        found = best_role_words(find_role_words(bare))
        roles = [t for t in found if t.kind in HEADS_ROLE]
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


def names_column(words: str) -> bool:
    """Whether a cell heads a column that holds no units; the value of a label (责任单位, 区教委) heads
    none."""
    column = read_column(words)
    return column is not None and column.kind is not ColumnKind.UNITS

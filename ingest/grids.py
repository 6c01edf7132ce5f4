"""Rows and columns printed in a text: under which head a cell stands, what its row is called and in
what its numbers are measured.

A row is a line of cells between tabs, strokes or wide gaps; a table is a run of rows, headed by the
first of them where that holds words only. Cells are found when they are asked for.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from kb.characters import HAN
from kb.language.engine import Grammar, best
from kb.language.measures import measures
from kb.language.quantities import Quantity, find_quantities
from kb.lexicon import WordEntry, load_lexicon

_LINE = re.compile(r"[^\r\n]+")
_GAP = re.compile(r"\t|[|｜]|[ \u3000]{2,}")
_STROKES = re.compile(r"[\t|｜]")
_RULE = re.compile(r"[\s|:｜-]+")
_EDGES = " \t\u3000|｜*"
_HAN = re.compile(f"[{HAN}]")
_NUMERAL = re.compile(r"\d")
_YEAR = re.compile(r"(?:19|20)\d\d")
_YEARS = re.compile(r"((?:19|20)\d\d)年?度?$")
_BRACKET = re.compile(r"[(（]([^()（）]{1,12})[)）]")
_NOTE = re.compile(r"[:：]\s*([^\s:：,，。)）]{1,8})[)）。]?\s*$")
_LEAST = 3
"""Cells of a row; a label with its value has two."""
_LONGEST = 24
"""Characters of a cell that heads a column."""
_FEW = 4
"""Chinese characters in a cell that holds a number alone: 不低于3.2左右."""


class HeadKind(StrEnum):
    """What stands in a column, by the words of its head."""

    BASELINE = "baseline"  # what was: 2025年实际, 现状
    GOAL = "goal"  # what is to be: 目标值
    MEASURE = "measure"  # in what the numbers of a row are measured
    NAME = "name"  # what a row is about
    AMOUNT = "amount"  # money that is spent: 总投资
    NUMBER = "number"  # of the row: 序号


class HeadWords(WordEntry):
    """Words that head columns of one kind."""

    kind: HeadKind


@dataclass(frozen=True, slots=True)
class GridCell:
    """A cell: the head of its column with its kind and the year it names, the words that name its
    row, what its number is measured in (by the column of measures, the brackets of its head or the
    note above the table), whether it holds a number alone, and the cells of its row that say what
    was."""

    start: int
    end: int
    head: str
    kind: HeadKind | None
    year: int | None
    row: str
    measure: str
    printed: bool = False
    bare: bool = False
    baselines: tuple[tuple[int, int], ...] = ()


@lru_cache
def _grammar() -> Grammar:
    entries = load_lexicon("columns", HeadWords)
    return Grammar((word, entry.kind.value) for entry in entries for word in entry.words)


def find_heads(head: str) -> list[HeadKind]:
    """The kinds of the words of a head, in order."""
    tokens = best(_grammar().words_in(head), frozenset(kind.value for kind in HeadKind))
    return [HeadKind(token.kind) for token in tokens]


@lru_cache(maxsize=256)
def _kind_of(head: str) -> HeadKind | None:
    bare = _BRACKET.sub("", head).strip()
    found = find_heads(bare)
    if HeadKind.MEASURE in found and bare not in _measure_heads():
        found = [kind for kind in found if kind is not HeadKind.MEASURE]  # 责任单位 is none
    return found[-1] if found else None


@lru_cache
def _measure_heads() -> frozenset[str]:
    return frozenset(_grammar().words_of(HeadKind.MEASURE))


@lru_cache(maxsize=256)
def measure_of(words: str) -> Quantity | None:
    """What one of a measure is: 亿立方米 is 100000000 立方米; None where `words` are no measure."""
    if len(words) > _LONGEST or _NUMERAL.search(words):
        return None
    found = find_quantities(f"1{words}")
    whole = found and found[0].end == len(words) + 1 and found[0].measure in measures()
    return found[0] if whole else None


class Grids:
    """The rows of a text that stand in tables, in order."""

    def __init__(self, text: str, issued: date | None = None) -> None:
        """`issued` tells the years that had passed: of columns headed by years alone, the last of
        them is what was where others are to come."""
        self._text = text
        self._year = issued.year if issued else None
        self._rows: list[tuple[int, int]] = []
        self._heads: list[tuple[tuple[int, int], str]] = []
        head: tuple[int, int] | None = None
        before = note = ""
        for match in _LINE.finditer(text):
            line = match.group()
            if not line.strip() or (_RULE.fullmatch(line) and head):
                continue
            if not _is_row(line):
                head, before = None, line
                continue
            if head is None:
                head, said = match.span(), _NOTE.search(before[-40:])
                note = said.group(1) if said and measure_of(said.group(1)) else ""
            self._rows.append(match.span())
            self._heads.append((head, note))
        self._starts = [start for start, _ in self._rows]
        self._read, self._cells = -1, list[GridCell]()

    def __bool__(self) -> bool:
        return bool(self._rows)

    def at(self, offset: int) -> GridCell | None:
        """The cell in which a character of the text stands; None outside the rows of a table."""
        place = bisect_right(self._starts, offset) - 1
        if place < 0 or offset >= self._rows[place][1]:
            return None
        if place != self._read:
            self._read, self._cells = place, list(self._cells_of(place))
        at = bisect_right(self._cells, offset, key=lambda cell: cell.start) - 1
        return self._cells[at] if at >= 0 and offset < self._cells[at].end else None

    def _cells_of(self, place: int) -> Iterator[GridCell]:
        (begin, end), note = self._heads[place]
        headed = begin != self._rows[place][0] and _heads_columns(self._text[begin:end])
        heads = self._words(begin, end) if headed else []
        cells = list(_cells(self._text, *self._rows[place]))
        if len(cells) != len(heads) and not _STROKES.search(self._text, *self._rows[place]):
            heads = []  # an empty cell between wide gaps shows nowhere
        kinds = self._kinds(heads)
        words = [self._text[a:b].strip(_EDGES) for a, b in cells]
        by_kind = dict(zip(kinds, words, strict=False))
        baselines = tuple(
            cell for cell, kind in zip(cells, kinds, strict=False) if kind is HeadKind.BASELINE
        )
        named = by_kind.get(HeadKind.NAME, "")
        for at, cell in enumerate(cells):
            head = heads[at] if at < len(heads) else ""
            inside, year = _BRACKET.search(head), _YEAR.search(head)
            yield GridCell(
                *cell,
                head=head,
                kind=kinds[at] if at < len(kinds) else None,
                year=int(year.group()) if year else None,
                row=named,
                measure=by_kind.get(HeadKind.MEASURE)
                or (inside.group(1) if inside else "")
                or note,
                printed=bool(by_kind.get(HeadKind.MEASURE)),
                bare=len(_HAN.findall(words[at])) <= _FEW,
                baselines=baselines,
            )
            if not named and len(words[at]) > 1 and not _NUMERAL.match(words[at]):
                named = words[at]

    def _kinds(self, heads: Sequence[str]) -> list[HeadKind | None]:
        kinds = [_kind_of(head) for head in heads]
        years = {at: int(m.group(1)) for at, head in enumerate(heads) if (m := _YEARS.match(head))}
        if self._year is not None and years and max(years.values()) >= self._year:
            for at, year in years.items():
                if year < self._year and kinds[at] is None:
                    kinds[at] = HeadKind.BASELINE
        return kinds

    def _words(self, start: int, end: int) -> list[str]:
        return [self._text[a:b].strip(_EDGES) for a, b in _cells(self._text, start, end)]


def _is_row(line: str) -> bool:
    if "。" in line and "\t" not in line and "|" not in line:
        return False
    gaps = len(_GAP.findall(line.strip(_EDGES)))
    return gaps >= _LEAST - 1


def _heads_columns(line: str) -> bool:
    cells = [line[a:b].strip(_EDGES) for a, b in _cells(line, 0, len(line))]
    return all(
        len(cell) <= _LONGEST and not _NUMERAL.search(_YEAR.sub("", _BRACKET.sub("", cell)))
        for cell in cells
    )


def _cells(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The cells of a line; the strokes around a row of Markdown are no cells."""
    marks: Sequence[tuple[int, int]] = [m.span() for m in _GAP.finditer(text, start, end)]
    tabs = any(text[a] in "\t|｜" for a, _ in marks)
    cuts = [(a, b) for a, b in marks if not tabs or text[a] in "\t|｜"]
    at = start
    framed = bool(cuts) and not text[start : cuts[0][0]].strip() and text[cuts[0][0]] != "\t"
    if framed:
        at, cuts = cuts[0][1], cuts[1:]
    for a, b in cuts:
        yield at, a
        at = b
    if text[at:end].strip():
        yield at, end

"""Tables of duties and of figures: which lines name their columns, which are their rows, and the column
that each cell stands in.

A head is a row of cells, or of lines, most of which name a column, one of them of units; or a row of
words over rows with numbers; two rows of heads are read as one. Cells are told apart by tabs, by
`|`, by white space, or stand on a line each. Where a mark sets them apart, a cell's place in its row
is its column; elsewhere a cell may be missing or take several lines, and the rows are those whose
cells go with their columns best (`ingest.alignment`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice, zip_longest

from ingest.alignment import MOST, Part, align, fits_of, kind_of
from ingest.columns import (
    FIGURES,
    LONGEST_NAME,
    Cell,
    Column,
    ColumnKind,
    Row,
    asks,
    bare_head,
    is_example,
    is_time,
    measure_in,
    measure_of,
    read_column,
)
from ingest.wrapping import width_of
from kb.language.roles import Role, RoleWordKind, words_of_role

_SHARE = 0.65
"""Of the cells of a head, those whose words are known: a column or two may be named otherwise, the
cells of labels with their values are half."""
_LEAST_CELLS = 2
_LEAST_ALONE = 3
"""Cells of a head that only white space or line breaks set apart, or of which no word is known."""
_LONGEST_HEAD = 200
"""Characters; a row that names its columns is short."""
_LONGEST_CELL = 24
"""Characters of the head of a column of figures."""
_LONGEST_CAPTION = 60
_LEAST_WITHIN = 60
"""Characters of a line that holds a whole table."""
_LOOKED = 12
"""Lines after a head in which blank lines between rows are looked for, for each column; rows by which
is told what a column holds that its head leaves open."""
_MISFIT = -0.5
"""How badly a cell may go with its column in a row that is whole: a word for a number (待定)."""
_NAMING = 2
"""Cells at the head of a row of which one names it: its number, what it is about."""
_BESIDE = 3
"""Rows after a head of which one has a number."""
_MARKS = ("\t", "|")
_SPACE, _WIDE = " ", "  "
_UPRIGHT = "|｜│┃║"
"""What sets cells apart in Markdown and in boxes."""
_PIPES = re.compile(rf"[{_UPRIGHT}]")
_FRAME = f"{_UPRIGHT} \u3000" + "".join(map(chr, range(0x2500, 0x2580)))
"""What a line that holds no cell is made of, the lines of boxes among it."""
_WORDS, _GAPS = re.compile(r"\S+"), re.compile(r"\S+(?:[ \u3000]\S+)*")
_EDGES = re.compile(rf"\s*[{_UPRIGHT}]?(.*?)[{_UPRIGHT}]?\s*")
_RULE = re.compile(r"[\s|｜:\-—]*-[\s|｜:\-—]*")
_NUMERAL = re.compile(r"\d")
_NOTE = re.compile(r"[:：]\s*([^\s:：,，。)）]{1,8})[)）。]?\s*$")
_OPEN = frozenset({"tiny", "short", "figure"})
"""What a line may hold that is the head of a column though no word tells: no time, no unit."""
_ASKING = frozenset(
    {ColumnKind.TASK, ColumnKind.PROBLEM, ColumnKind.TARGET, ColumnKind.YEAR, ColumnKind.TIME}
)
_UNKNOWN = Column(ColumnKind.OTHER, "")

Words = Sequence[tuple[int, str]]
"""Cells or lines by where they begin in the text."""


@dataclass(frozen=True, slots=True)
class Table:
    """The lines `[first, last]` (indices) name the columns of the rows. In a text without line breaks
    head and rows are stretches of one line: `head` is the head's (start, end)."""

    first: int
    last: int
    rows: tuple[Row, ...]
    head: tuple[int, int] | None = None


class _Line:
    """A line with its cells: `mark` is what sets them apart (None: it is one), `first` and `last` the
    indices of the lines that it is; `new_page`: a page begins with it; `ruled`: the line of a box
    closes it."""

    def __init__(self, place: int, start: int, words: str, *, new_page: bool) -> None:
        self.first = self.last = place
        self.start, self.words, self.new_page = start, words, new_page
        self.bare = words.strip(_FRAME)
        self.ruled = False

    @cached_property
    def mark(self) -> str | None:
        if "\t" in self.words:
            return "\t"
        if _PIPES.search(self.bare):
            return "|"
        gaps = len(self.split(_SPACE)) > 1
        return (_WIDE if len(self.split(_WIDE)) >= _LEAST_ALONE else _SPACE) if gaps else None

    @cached_property
    def cells(self) -> Words:
        """Empty ones too, where a mark sets them apart."""
        return self.split(self.mark or _WIDE)

    def split(self, mark: str) -> Words:
        """The cells between marks of a kind."""
        if mark not in _MARKS:
            pattern = _WORDS if mark == _SPACE else _GAPS
            return [(self.start + m.start(), m.group()) for m in pattern.finditer(self.words)]
        edges = _EDGES.fullmatch(self.words) if mark == "|" else None
        parts = _PIPES.split(edges[1]) if edges else self.words.split(mark)
        at = self.start + (edges.start(1) if edges else 0)
        found = []
        for part in parts:
            words = part.strip(" \u3000*")
            found.append((at + (part.index(words) if words else 0), words))
            at += len(part) + 1
        return found

    @cached_property
    def heads_duties(self) -> bool:
        """Whether it names columns, one of them of units, whatever sets them apart."""
        if len(self.words) > _LONGEST_HEAD or "。" in self.words or self.mark is None:
            return False
        marked = self.mark in _MARKS
        cells = self.cells if marked else self.split(_SPACE)
        return _names_duties(cells, _LEAST_CELLS if marked else _LEAST_ALONE)

    @cached_property
    def is_words(self) -> bool:
        """Whether all its cells are words, or times."""
        return len(self.words) <= _LONGEST_HEAD and all(
            len(cell) <= _LONGEST_CELL and "。" not in cell and _names_no_number(bare_head(cell))
            for _, cell in self.cells
        )

    @cached_property
    def names_figures(self) -> bool:
        """Whether its words name two columns at least, one of them of figures."""
        kinds = [c.kind for _, words in self.cells if (c := read_column(words)) is not None]
        return self.is_words and len(kinds) > 1 and not FIGURES.isdisjoint(kinds)

    @property
    def has_number(self) -> bool:
        """Whether one of its cells but the first is a number."""
        later = (cell for _, cell in self.cells[1:])
        return any(_NUMERAL.search(c) and kind_of(c) in ("number", "figure") for c in later)


def _names_no_number(bare: str) -> bool:
    """Whether all numerals of a head are of the time that opens it: 2030年目标."""
    ends = [at + 1 for at, c in enumerate(bare) if not c.isdigit()]
    return not _NUMERAL.search(bare) or any(
        is_time(bare[:end]) and not _NUMERAL.search(bare[end:]) for end in ends[::-1]
    )


def _columns(cells: Words) -> list[Column]:
    return [
        (read_column(words) or Column(ColumnKind.OTHER, bare_head(words)))._replace(
            printed=((at, words),), measure=measure_in(words)
        )
        for at, words in cells
    ]


def _names_duties(cells: Words, least: int) -> bool:
    """Whether a row of cells names columns, one of them of units."""
    said = [words for _, words in cells if bare_head(words)]
    named = [column for column in map(read_column, said) if column is not None]
    known = len(named) >= _SHARE * len(said) or len(said) < 2 * len(named) >= 2 * _LEAST_ALONE
    of_units = any(column.kind is ColumnKind.UNITS for column in named)
    return least <= len(said) <= MOST and of_units and known


def is_head(line: str) -> bool:
    """Whether a line with tabs is the head of a table of duties, or by its words of figures."""
    head = _Line(0, 0, line, new_page=False)
    return head.mark == "\t" and (head.heads_duties or head.names_figures)


def find_tables(text: str, lines: Words, pages: Collection[int] = ()) -> list[Table]:
    """The tables among the lines of a text, (offset, words) each, in order; `pages` are the places
    of feet and heads of pages, which stand in no row. A line of nothing but `|` belongs to the one
    before it."""
    shown: list[_Line] = []
    for place, (start, words) in enumerate(lines):
        line = _Line(place, start, words, new_page=place - 1 in pages)
        if line.bare or not words:
            if place not in pages:
                shown.append(line)
        elif shown:
            shown[-1].last, shown[-1].ruled = place, True
    reader = _Reader(text, shown)
    found: list[Table] = []
    at = 0
    while at < len(shown):
        if (table := reader.table_at(at)) is None:
            at += 1
            continue
        reader.floor = at = 1 + (table.rows[-1].last if table.rows else table.last)
        over = [line.words for line in shown[max(0, table.first - 2) : table.first]]
        rows = tuple(
            replace(row, first=shown[row.first].first, last=shown[row.last].last)
            for row in _completed(text, table.rows, over)
        )
        first, last = shown[table.first].first, shown[table.last].last
        found.append(Table(first, last, rows, table.head))
    return found


class _Reader:
    """Tables and rows by the indices of `lines`; `floor`: where the last table ended."""

    def __init__(self, text: str, lines: Sequence[_Line]) -> None:
        self._text = text
        self._lines = lines
        self.floor = 0

    def table_at(self, at: int) -> Table | None:
        """The table whose head begins with a line, or which a line holds."""
        return self._across(at) or self._down(at) or self._within(at)

    def _line(self, at: int) -> _Line:
        inside = 0 <= at < len(self._lines)
        return self._lines[at] if inside else _Line(at, 0, "", new_page=False)

    # --- one row a line ----------------------------------------------------------------------------

    def _across(self, at: int) -> Table | None:
        """The table whose head is one line, or two."""
        head = self._lines[at]
        if head.heads_duties and head.mark not in _MARKS:
            rows = tuple(self._spaced_rows(at + 1, _columns(head.split(_SPACE))))
            return Table(at, at, rows) if rows else None
        if not head.heads_duties and not self._heads_figures(at):
            return None
        last = self._under_rule(at)
        columns = self._two_rows(head, self._line(last + 1))
        if columns:
            last = self._under_rule(last + 1)
        rows = tuple(self._marked_rows(last + 1, head, columns or _columns(head.cells)))
        return Table(at, last, rows)

    def _under_rule(self, at: int) -> int:
        """A line, or the rule of Markdown under it."""
        return at + 1 if _RULE.fullmatch(self._line(at + 1).words) else at

    def _heads_figures(self, at: int) -> bool:
        """Whether a line of words stands over rows with numbers in as many cells."""
        head, before = self._lines[at], self._line(at - 1)
        said = [words for _, words in head.cells if words]
        if head.mark in (None, _SPACE) or not _LEAST_CELLS <= len(said) <= MOST:
            return False
        if (at > self.floor and before.mark == head.mark) or not head.is_words:
            return False
        known = [column and column.kind for column in map(read_column, said)]
        under = self._under_rule(at) + 1
        rows = [row for row in self._lines[under : under + _BESIDE] if row.mark == head.mark]
        apart = any(known[::2]) and not any(known[1::2])  # labels with their values
        if apart and not any(_NUMERAL.search(w) for row in rows for _, w in row.cells[::2]):
            return False
        named = len(said) >= _LEAST_ALONE or not FIGURES.isdisjoint(filter(None, known))
        width = len(head.cells)
        return named and any(1 < len(row.cells) <= width and row.has_number for row in rows)

    def _two_rows(self, upper: _Line, lower: _Line) -> list[Column]:
        """The columns of a head whose second row names the parts of a column of the first (进度安排:
        上半年, 全年); none where it is no such row."""
        if upper.mark not in _MARKS or lower.mark != upper.mark or not lower.is_words:
            return []
        rows = [*zip_longest(upper.cells, lower.cells[: len(upper.cells)], fillvalue=(0, ""))]
        if not any(low and not high for (_, high), (_, low) in rows):
            return []
        columns: list[Column] = []
        group: list[tuple[int, str]] = []
        for high, low in rows:
            group = [high] if high[1] else group if low[1] else []
            told = [*group, *([low] if low[1] else [])]
            whole = "".join(bare_head(words) for _, words in told)
            column = read_column(low[1]) or read_column(whole) or Column(ColumnKind.OTHER, whole)
            measure = next((m for _, words in told[::-1] if (m := measure_in(words))), "")
            columns.append(column._replace(head=whole, printed=tuple(told), measure=measure))
        return columns

    def _marked_rows(self, first: int, head: _Line, columns: Sequence[Column]) -> Iterator[Row]:
        """Rows whose cells a mark sets apart; a line without it between two of them (the title of a
        part of the table) is none. A row that goes on over the break of a page is one."""
        row: Row | None = None
        for place in range(first, len(self._lines)):
            line, after = self._lines[place], self._line(place + 1)
            short = head.mark == _WIDE and len(line.cells) > 1 and "。" not in line.words
            if line.mark != head.mark and not short:
                if after.mark != head.mark or len(after.cells) != len(columns):
                    break
                continue
            if line.words == head.words or line.heads_duties or line.names_figures:
                break
            made = self._placed(place, head.mark, columns)
            open_ = line.new_page or self._is_in_box(place)
            if row and open_ and len(row.cells) < MOST and _goes_on(made, columns):
                row = replace(row, last=place, cells=(*row.cells, *made.cells))
                continue
            if row is not None:
                yield row
            row = made
        if row is not None:
            yield row

    def _is_in_box(self, place: int) -> bool:
        """Whether a line begins with an empty cell and no line of its box stands over it."""
        return not self._lines[place].cells[0][1] and not self._line(place - 1).ruled

    def _placed(self, place: int, mark: str | None, columns: Sequence[Column]) -> Row:
        """The cells of a row by their places; of one with fewer than the head (a cell that stands
        beside several rows is written in the first) or more by what they hold, where their places
        do not fit."""
        cells = self._lines[place].cells
        said = [cell for cell in cells if cell[1]]
        row: Sequence[Column] = columns
        placed = len(cells) <= len(columns)
        if len(cells) < len(columns) and mark == _WIDE:
            row = [self._over(at, words, columns) for at, words in said]
            placed = len(set(row)) == len(row)
        elif not placed or any(
            words and column.kind is not ColumnKind.OTHER and fits_of(words, [column])[0] < 0
            for (_, words), column in zip(cells, columns, strict=False)
            if len(cells) < len(columns)
        ):
            parts = [Part(place, at, words, opens=not n) for n, (at, words) in enumerate(said)]
            rows = align(parts, columns)
            if len(rows) == 1 and len(rows[0].cells) == len(said):
                return replace(rows[0], placed=placed)
        row = [*row, *[_UNKNOWN] * (len(cells) - len(row))]
        told = (c for c in zip(cells, row, strict=False) if c[0][1])
        found = tuple(Cell(at, at + len(words), column) for (at, words), column in told)
        return Row(place, place, found, placed=placed)

    def _over(self, at: int, words: str, columns: Sequence[Column]) -> Column:
        """The column whose head begins, ends or has its middle nearest to that of a cell, in
        widths."""

        def extent(start: int, end: int) -> tuple[int, int]:
            begin = self._text.rfind("\n", 0, start) + 1
            return width_of(self._text[begin:start]), width_of(self._text[begin:end])

        left, right = extent(at, at + len(words))

        def distance(column: Column) -> float:
            start, head = column.printed[0]
            a, b = extent(start, start + len(head))
            return min(abs(a - left), abs(b - right), abs(a + b - left - right) / 2)

        return min(columns, key=distance)

    def _spaced_rows(self, first: int, columns: Sequence[Column]) -> Iterator[Row]:
        """Rows of a line each, whose cells white space sets apart; a short line before one is the
        title of a part of the table."""
        for place in range(first, len(self._lines)):
            if (row := self._spaced_row(place, columns)) is not None:
                yield row
            elif (
                len(self._lines[place].words) > LONGEST_NAME
                or self._spaced_row(place + 1, columns) is None
            ):
                return

    def _spaced_row(self, place: int, columns: Sequence[Column]) -> Row | None:
        cells = self._line(place).split(_SPACE)
        parts = [Part(place, at, words, opens=not n) for n, (at, words) in enumerate(cells)]
        rows = align(parts, columns) if _LEAST_CELLS < len(parts) <= MOST * 2 else []
        return rows[0] if len(rows) == 1 and len(rows[0].cells) == len(parts) else None

    # --- one cell a line, one table a line ---------------------------------------------------------

    def _down(self, at: int) -> Table | None:
        """The table each of whose cells is a line: its head names units, or what the rows are about
        and numbers of two kinds."""

        def heads(place: int) -> bool:
            line = self._line(place)
            return len(line.words) <= LONGEST_NAME and read_column(line.bare) is not None

        def may_head(place: int) -> bool:
            bare = self._line(place).bare
            return heads(place + 1) and (
                kind_of(bare) in _OPEN or bare.endswith(words_of_role(RoleWordKind.BEARER))
            )

        words = self._lines[at].words
        piped = words.endswith("|") and len(words) <= LONGEST_NAME and heads(at + 1)
        if not (heads(at) or piped):
            return None
        last = at
        while last - at < MOST and (heads(last + 1) or (last > at and may_head(last + 1))):
            last += 1
        cells = [(line.start, line.bare) for line in self._lines[at : last + 1]]
        columns = _columns(cells)
        kinds = [column.kind for column in columns]
        figures = ColumnKind.TASK in kinds and sum(kind in FIGURES for kind in kinds) > 1
        duties = _names_duties(cells, _LEAST_ALONE)
        if not duties and (not figures or len(cells) < _LEAST_ALONE):
            return None
        rows = self._rows_down(last + 1, columns)
        whole = bool(rows) and len(rows[0].cells) == len(columns)
        return Table(at, last, tuple(rows)) if rows and (duties or whole) else None

    def _rows_down(self, first: int, columns: Sequence[Column]) -> list[Row]:
        """Rows whose cells are lines. Blank lines tell where rows begin, where some of the lines have
        one before them."""
        lines, width = self._lines, len(columns)

        def blank(place: int) -> bool:
            before = lines[place - 1]
            end = before.start + len(before.words)
            return self._text.count("\n", end, lines[place].start) > 1

        near = range(first + 1, min(len(lines), first + _LOOKED * width))
        blanks = sum(1 for place in near if blank(place))
        told = 0 < blanks * 2 <= len(near)
        parts = (
            Part(n, lines[n].start, lines[n].bare, blank(n) if told else None)
            for n in range(first, len(lines))
        )
        rows = align(parts, columns)
        whole: list[Row] = []  # rows that lack no cell and have none twice
        for at in range(first, len(lines) - width + 1, width) if not told else ():
            said = [*zip(lines[at : at + width], columns, strict=True)]
            if any(fits_of(line.bare, [column])[0] < _MISFIT for line, column in said):
                break
            cells = tuple(Cell(x.start, x.start + len(x.bare), column) for x, column in said)
            whole.append(Row(at, at + width - 1, cells))
        return whole if whole and (not rows or whole[-1].last >= rows[-1].last) else rows

    def _within(self, at: int) -> Table | None:
        """The table that stands in one line with its head and what is around it."""
        line = self._lines[at]
        if len(line.words) < _LEAST_WITHIN or not any(
            word in line.words for word in words_of_role(RoleWordKind.BEARER)
        ):
            return None
        cells = line.split(_SPACE)
        known = [read_column(words) is not None for _, words in cells]
        first = 0
        while first < len(cells):
            last = first
            while last < len(cells) and known[last] and last - first < MOST:
                last += 1
            head = cells[first:last]
            if len(head) > _LEAST_ALONE and _names_duties(head, _LEAST_ALONE):
                rows = align((Part(at, *cell) for cell in cells[last:]), _columns(head))
                if rows:
                    end = head[-1][0] + len(head[-1][1])
                    return Table(at, at, tuple(rows), (head[0][0], end))
            first = last + 1
        return None


def _goes_on(row: Row, columns: Sequence[Column]) -> bool:
    """Whether a row after the break of a page, or inside a box, is the rest of the one before it: it
    has no number, and at most half of its cells."""
    numbered = any(column.kind is ColumnKind.ORDINAL for column in columns)
    own = any(cell.column.kind is ColumnKind.ORDINAL for cell in row.cells)
    return numbered and not own and 2 * len(row.cells) <= len(columns)


def _completed(text: str, rows: Sequence[Row], over: Sequence[str]) -> Iterator[Row]:
    """The rows with what is said once for several: what a column holds that its head leaves open, the
    measure in the note over the table or in the row above, what 同上 stands for."""
    caption = over[-1] if over and len(over[-1]) <= _LONGEST_CAPTION else ""
    said = _NOTE.search(caption)
    note = said[1] if said and measure_of(said[1]) else ""
    if note and not bare_head(caption) and len(over) > 1:
        caption = over[0]
    held: dict[Column, Counter[str]] = {}
    for row in islice(rows, _LOOKED):
        for cell in row.cells:
            held.setdefault(cell.column, Counter())[kind_of(text[cell.start : cell.end])] += 1
    settled: dict[Column, Column] = {}
    for column, kinds in held.items():
        rest = {other.kind for other in held if other != column}
        asking = asks(caption) or not _ASKING.isdisjoint(rest)
        settled[column] = _settled(column, kinds.most_common(1)[0][0], rest, asking=asking)
    columns = tuple(settled.values())
    asking = asks(caption) or any(column.kind in (*_ASKING, ColumnKind.UNITS) for column in columns)
    measured = next((c for c in columns if c.kind is ColumnKind.MEASURE), None)
    above: dict[Column, str] = {}
    for row in rows:
        cells = [c._replace(column=settled.get(c.column, c.column)) for c in row.cells]
        dittos: list[tuple[Cell, str]] = []
        sums = False
        for place, cell in enumerate(cells):
            words = text[cell.start : cell.end]
            kind = told.kind if (told := read_column(words)) is not None else None
            if kind is not ColumnKind.ABOVE:
                above[cell.column] = words
            elif cell.column in above:
                dittos.append((cell, above[cell.column]))
            if kind is ColumnKind.TOTAL:
                sums = sums or not place
                cells[place] = cell._replace(column=_UNKNOWN)
        own = any(cell.column == measured for cell in cells)
        yield replace(
            row,
            cells=tuple(cells),
            columns=columns,
            caption=bare_head(caption),
            measure=note if measured is None else "" if own else above.get(measured, note),
            said_above=tuple(dittos),
            asks=asking,
            sums=sums,
            example=any(is_example(text[c.start : c.end]) for c in cells[:_NAMING]),
        )


def _settled(column: Column, most: str, rest: Collection[ColumnKind], *, asking: bool) -> Column:
    """A column whose head leaves it open, by what most of its cells hold, beside the `rest`: 单位 or
    乡镇 over bodies are those who are responsible in a table that is `asking` for something, 任务
    over numbers what is to be reached."""
    if column.kind is ColumnKind.PROBLEM and ColumnKind.TASK not in rest:
        column = column._replace(kind=ColumnKind.TASK)
    open_ = column.kind in (ColumnKind.MEASURE, ColumnKind.OTHER, ColumnKind.TASK)
    named = column.kind is ColumnKind.OTHER and column.head.endswith(
        words_of_role(RoleWordKind.BEARER)
    )
    if most == "units" and (named or (open_ and asking and ColumnKind.UNITS not in rest)):
        role = Role.JOINT if ColumnKind.UNITS in rest else Role.RESPONSIBLE
        return column._replace(kind=ColumnKind.UNITS, role=role)
    if column.kind is ColumnKind.MEASURE and most == "units":
        return column._replace(kind=ColumnKind.OTHER)
    if column.kind is ColumnKind.TASK and most in ("number", "figure") and ColumnKind.TASK in rest:
        return column._replace(kind=ColumnKind.TARGET)
    return column

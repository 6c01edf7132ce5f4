"""Ruling lines of a page → tables with their cells, and tables that go on over pages."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ingest.readers.grid import GridCell
from ingest.readers.page_borders import SNAP, edge_of, has_border, open_ends, open_sides
from ingest.readers.page_content import GlyphRun
from ingest.readers.page_lines import Line, are_words, find_rows, first_unit, is_narrow
from ingest.readers.printed_forms import read_as
from ingest.readers.source import Box

_MOST_CROSSINGS = 250_000
"""Pairs of level and upright lines: more are a drawing (a table of 100 rows and 20 columns has
2,000), and looking at each pair of 250,000 takes a tenth of a second."""
_MOST_POINTS = 4000
_SLACK = 0.6
"""Of the em: what a full line of a head may lack."""
_CLOSE = 0.1
"""Of the em: what the next character may lack of the room at the end of a line that ends there by will."""
_HEADS = 3
"""Rows of a head that is printed again on the next page."""


@dataclass(slots=True)
class TableCell:
    """A cell, or the part of one that stands on a page."""

    page: int
    box: Box
    runs: list[GlyphRun] = field(default_factory=list)
    shift: float = 0.0
    """How far below the top of its page it stands where all pages of its table are one long page."""
    open_top: bool = False
    open_bottom: bool = False
    """No border is printed there: the cell goes on over the end of the page."""
    more: list[TableCell] = field(default_factory=list)
    """The rest of it, on the next pages."""

    @property
    def parts(self) -> list[TableCell]:
        """The cell on each of its pages."""
        return [self, *self.more]

    column: tuple[float, float] | None = None
    """The room that the furthest line of its column leaves at the right, and the width of the widest;
    None of a head, and while it is not known."""

    def pieces(self) -> Iterator[tuple[str, GlyphRun | None, int]]:
        """Its words, each with its run and page: lines that are full are joined, a blank stands
        after others."""
        before: Line | None = None
        above = self
        for part in self.parts:
            for line in find_rows(part.page, part.runs):
                if before is not None and self._are_apart(above, before, line):
                    yield " ", None, part.page
                for words, run in line.pieces():
                    yield words, run, part.page
                before, above = line, part

    def _are_apart(self, part: TableCell, before: Line, line: Line) -> bool:
        """Whether two lines are two paragraphs: the first leaves room that the next needs."""
        last, first = before.runs[-1].text[-1], line.runs[0].text[0]
        if is_narrow(last) and is_narrow(first):
            return are_words(last, first)
        left, right = before.left - part.box.left, part.box.right - before.right
        if self.column is None:
            return right - min(left, before.size) > first_unit(line) + _SLACK * before.size
        room = right - self.column[0]
        if abs(left - right) < 0.5 * before.size:  # in the middle
            room = self.column[1] - (before.right - before.left)
        return room > first_unit(line) - _CLOSE * before.size

    @property
    def words(self) -> str:
        """Its words as one line."""
        return "".join(words for words, _, _ in self.pieces())


@dataclass(slots=True)
class PageTable:
    """Cells that border one another; on several pages where the table goes on."""

    page: int
    box: Box
    cells: list[TableCell]
    last_page: int = 0
    height: float = 0.0
    dropped: int = 0
    """Rows of heads that are printed again."""
    carried: int = 0
    """Cells that go on over the end of a page though a border is printed on both sides of it."""

    def rows(self) -> list[list[TableCell | None]]:
        """The grid: the same cell at each row and column that it stands beside, None where the
        ruling lines leave no cell."""
        parts = [(cell, part) for cell in self.cells for part in cell.parts]
        xs = _edges([x for _, part in parts for x in (part.box.left, part.box.right)])
        ys = _edges([y + part.shift for _, part in parts for y in (part.box.top, part.box.bottom)])
        grid: list[list[TableCell | None]] = [
            [None] * (len(xs) - 1) for _ in range(max(0, len(ys) - 1))
        ]
        for cell, part in parts:
            first, last = _nearest(xs, part.box.left), _nearest(xs, part.box.right)
            top = _nearest(ys, part.box.top + part.shift)
            bottom = _nearest(ys, part.box.bottom + part.shift)
            for row in range(top, bottom):
                for column in range(first, last):
                    if grid[row][column] is None:
                        grid[row][column] = cell
        # The halves of a row that is parted by the end of a page are one.
        return [
            row
            for number, row in enumerate(grid)
            if not number
            or any(a is not b or a is None for a, b in zip(row, grid[number - 1], strict=True))
        ]

    def measure_columns(self) -> None:
        """Tell each cell below the head how far the lines of its column reach."""
        columns: dict[tuple[int, int], list[TableCell]] = {}
        for cell in self.cells:
            if cell.page != self.page or cell.box.top - self.box.top > SNAP:
                key = (round(cell.box.left / SNAP), round(cell.box.right / SNAP))
                columns.setdefault(key, []).append(cell)
        for cells in columns.values():
            lines = [
                (part.box.right - line.right, line.right - line.left)
                for cell in cells
                for part in cell.parts
                for line in find_rows(part.page, part.runs)
            ]
            if lines:
                reach = min(room for room, _ in lines), max(width for _, width in lines)
                for cell in cells:
                    cell.column = reach

    def continued(self, other: PageTable) -> bool:
        """Whether a table at the top of the next page goes on with this one: their borders stand at
        the same places at both sides. If so it is taken in, without the head printed again; a cell
        without a border at the end of the page goes on in the one below, and so does one that stands
        beside several rows, of which the next page has the borders and no words."""
        if abs(self.box.left - other.box.left) > 2 * SNAP or (
            abs(self.box.right - other.box.right) > 2 * SNAP
        ):
            return False
        mine, theirs = self.rows(), other.rows()
        head = _same_head(mine, theirs)
        edge = max((cell.box.bottom for cell in head), default=other.box.top)
        ending = [
            cell
            for cell in self.cells
            if (last := cell.parts[-1]).page == self.last_page
            and abs(last.box.bottom + last.shift - self.height) <= SNAP
        ]
        below = [cell for cell in other.cells if cell.box.top >= edge - 1]
        known = [*self.cells, *below]
        for cell in below:
            cell.shift = self.height - edge
            above = next((above for above in ending if _in_column(above, cell)), None)
            if above is None or cell.box.top - edge > SNAP:
                self.cells.append(cell)
            # Below a head that is printed again, its border stands at the top in any case.
            elif above.parts[-1].open_bottom and (cell.open_top or head):
                above.more.append(cell)
            elif _is_rest(above, cell, _rows_of(above, mine), _rows_of(cell, theirs), known):
                above.more.append(cell)
                self.carried += 1
            else:
                self.cells.append(cell)
        self.dropped += 1 if head else 0
        self.height += other.box.bottom - edge
        self.last_page = other.page
        return True


def _in_column(above: TableCell, cell: TableCell) -> bool:
    return (
        abs(above.box.left - cell.box.left) <= SNAP
        and abs(above.box.right - cell.box.right) <= SNAP
    )


def _rows_of(cell: TableCell, rows: Sequence[Sequence[TableCell | None]]) -> int:
    """How many rows a cell stands beside."""
    return sum(any(other is cell for other in row) for row in rows)


def _is_rest(
    above: TableCell, cell: TableCell, above_rows: int, rows: int, known: Sequence[TableCell]
) -> bool:
    """Whether an empty cell at the top of a page is the rest of the one above it: it stands beside
    several rows itself, or beside one, where that one does and no other of the column is empty."""
    if cell.words or not above.words:
        return False
    if rows > 1:
        return True
    others = (other for other in known if other is not cell and _in_column(other, cell))
    return above_rows > 1 and all(other.words for other in others)


def find_tables(page: int, rulings: Sequence[Box]) -> tuple[list[PageTable], bool]:
    """The tables that ruling lines make, from the top, and whether the lines are too many to be
    looked at (a drawing). One cell alone, a frame around text, is no table."""
    edges = [edge for ruling in rulings if (edge := edge_of(ruling))]
    if len({edge["orientation"] for edge in edges}) < 2:
        return [], False
    from pdfplumber import table as plumber  # noqa: PLC0415 - half a second, needed for tables only

    if len(edges) > 4 * _MOST_POINTS:
        return [], True
    edges = plumber.merge_edges(edges, SNAP, SNAP, SNAP, SNAP)
    printed = [edge for edge in edges if edge["orientation"] == "h"]
    edges += open_sides(edges)
    edges += open_ends(edges)
    level = sum(edge["orientation"] == "h" for edge in edges)
    if level * (len(edges) - level) > _MOST_CROSSINGS:
        return [], True
    points = plumber.edges_to_intersections(edges, SNAP, SNAP)
    if len(points) > _MOST_POINTS:
        return [], True
    found = []
    for boxes in plumber.cells_to_tables(plumber.intersections_to_cells(points)):
        cells = [TableCell(page, Box(*map(float, box))) for box in boxes]
        if len(cells) < 2:
            continue
        box = Box(
            min(cell.box.left for cell in cells),
            min(cell.box.top for cell in cells),
            max(cell.box.right for cell in cells),
            max(cell.box.bottom for cell in cells),
        )
        for cell in cells:
            cell.open_top = cell.box.top - box.top <= SNAP and not has_border(
                printed, cell.box, cell.box.top
            )
            cell.open_bottom = box.bottom - cell.box.bottom <= SNAP and not has_border(
                printed, cell.box, cell.box.bottom
            )
        found.append(PageTable(page, box, cells, page, box.bottom))
    return sorted(found, key=lambda table: (table.box.top, table.box.left)), False


def put_in_cells(tables: Sequence[PageTable], runs: Sequence[GlyphRun]) -> list[GlyphRun]:
    """Put each run into the cell in whose box its middle stands; the rest is given back."""
    rest: list[GlyphRun] = []
    tops = [sorted(table.cells, key=lambda cell: cell.box.top) for table in tables]
    keys = [[cell.box.top for cell in cells] for cells in tops]
    for run in runs:
        x, y = (run.box.left + run.box.right) / 2, (run.box.top + run.box.bottom) / 2
        place = next(
            (
                cell
                for table, cells, key in zip(tables, tops, keys, strict=True)
                if table.box.left <= x <= table.box.right and table.box.top <= y <= table.box.bottom
                for cell in cells[: bisect_left(key, y)]
                if cell.box.left <= x <= cell.box.right and y <= cell.box.bottom
            ),
            None,
        )
        if place is None:
            rest.append(run)
        else:
            place.runs.append(run)
    return rest


def grid_cells(
    rows: Sequence[Sequence[TableCell | None]],
) -> list[list[tuple[GridCell, TableCell | None]]]:
    """The cells of each row as `ingest.readers.grid` takes them, each with the cell of the page; one
    that stands beside several rows is in its first row only."""
    found = []
    for number, row in enumerate(rows):
        line: list[tuple[GridCell, TableCell | None]] = []
        for column, cell in enumerate(row):
            if cell is None:
                line.append((GridCell(""), None))
                continue
            if (column and row[column - 1] is cell) or (
                number and rows[number - 1][column] is cell
            ):
                continue
            columns = sum(1 for other in row[column:] if other is cell)
            below = 1
            while number + below < len(rows) and rows[number + below][column] is cell:
                below += 1
            line.append((GridCell(read_as(cell.words), below, columns), cell))
        found.append(line)
    return found


def _edges(places: Sequence[float]) -> list[float]:
    """Places of borders, those of one border once."""
    found: list[float] = []
    for place in sorted(places):
        if not found or place - found[-1] > SNAP:
            found.append(place)
    return found


def _nearest(edges: Sequence[float], place: float) -> int:
    at = bisect_left(edges, place - SNAP - 0.01)
    return min(at, len(edges) - 1)


def _same_head(
    rows: Sequence[Sequence[TableCell | None]], again: Sequence[Sequence[TableCell | None]]
) -> list[TableCell]:
    """The cells of the rows at the top of a table that are the same as at the top of another."""
    found: list[TableCell] = []
    for row, other in zip(rows[:_HEADS], again, strict=False):
        words = [cell.words if cell else "" for cell in row]
        if not any(words) or words != [cell.words if cell else "" for cell in other]:
            break
        found += [cell for cell in other if cell]
    return found

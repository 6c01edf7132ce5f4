"""Ruling lines of a page → tables with their cells, and tables that go on over pages."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ingest.readers.grid import GridCell
from ingest.readers.page_content import GlyphRun
from ingest.readers.page_lines import Line, are_words, find_rows, first_unit, is_narrow
from ingest.readers.printed_forms import read_as
from ingest.readers.source import Box

_SNAP = 3.0
"""Points by which lines of one border differ (what pdfplumber takes too)."""
_THICK = 3.0
"""Points; a border is thinner, a coloured bar is not."""
_SHORTEST = 4.0
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
            if cell.page != self.page or cell.box.top - self.box.top > _SNAP:
                key = (round(cell.box.left / _SNAP), round(cell.box.right / _SNAP))
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
        without a border at the end of the page goes on in the one below."""
        if abs(self.box.left - other.box.left) > 2 * _SNAP or (
            abs(self.box.right - other.box.right) > 2 * _SNAP
        ):
            return False
        head = _same_head(self.rows(), other.rows())
        edge = max((cell.box.bottom for cell in head), default=other.box.top)
        waiting = [
            cell
            for cell in self.cells
            if (last := cell.parts[-1]).open_bottom
            and last.page == self.last_page
            and abs(last.box.bottom + last.shift - self.height) <= _SNAP
        ]
        for cell in other.cells:
            if cell.box.top < edge - 1:
                continue
            cell.shift = self.height - edge
            above = next(
                (
                    above
                    for above in waiting
                    if abs(above.box.left - cell.box.left) <= _SNAP
                    and abs(above.box.right - cell.box.right) <= _SNAP
                ),
                None,
            )
            # Below a head that is printed again, its border stands at the top in any case.
            if above and (cell.open_top or head) and cell.box.top - edge <= _SNAP:
                above.more.append(cell)
            else:
                self.cells.append(cell)
        self.dropped += 1 if head else 0
        self.height += other.box.bottom - edge
        self.last_page = other.page
        return True


def find_tables(page: int, rulings: Sequence[Box]) -> tuple[list[PageTable], bool]:
    """The tables that ruling lines make, from the top, and whether the lines are too many to be
    looked at (a drawing). One cell alone, a frame around text, is no table."""
    edges = [edge for ruling in rulings if (edge := _edge(ruling))]
    if len({edge["orientation"] for edge in edges}) < 2:
        return [], False
    from pdfplumber import table as plumber  # noqa: PLC0415 - half a second, needed for tables only

    if len(edges) > 4 * _MOST_POINTS:
        return [], True
    edges = plumber.merge_edges(edges, _SNAP, _SNAP, _SNAP, _SNAP)
    printed = [edge for edge in edges if edge["orientation"] == "h"]
    edges += _open_sides(edges)
    edges += _open_ends(edges)
    level = sum(edge["orientation"] == "h" for edge in edges)
    if level * (len(edges) - level) > _MOST_CROSSINGS:
        return [], True
    points = plumber.edges_to_intersections(edges, _SNAP, _SNAP)
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
            cell.open_top = cell.box.top - box.top <= _SNAP and not _has_border(
                printed, cell.box, cell.box.top
            )
            cell.open_bottom = box.bottom - cell.box.bottom <= _SNAP and not _has_border(
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


def _edge(ruling: Box) -> dict[str, float | str] | None:
    """A ruling line as pdfplumber's functions take it."""
    width, height = ruling.right - ruling.left, ruling.bottom - ruling.top
    if min(width, height) > _THICK or max(width, height) < _SHORTEST:
        return None
    if width >= height:
        middle = (ruling.top + ruling.bottom) / 2
        return {
            "x0": ruling.left, "x1": ruling.right, "top": middle, "bottom": middle,
            "width": width, "height": 0.0, "orientation": "h",
        }  # fmt: skip
    middle = (ruling.left + ruling.right) / 2
    return {
        "x0": middle, "x1": middle, "top": ruling.top, "bottom": ruling.bottom,
        "width": 0.0, "height": height, "orientation": "v",
    }  # fmt: skip


def _open_sides(edges: Sequence[dict[str, float | str]]) -> list[dict[str, float | str]]:
    """Borders at the sides of tables that are printed without: three level lines or more that begin
    (or end) at one place, with an upright line somewhere between them."""
    upright = sorted(float(edge["x0"]) for edge in edges if edge["orientation"] == "v")
    found: list[dict[str, float | str]] = []
    for side in ("x0", "x1"):
        level = sorted(
            (edge for edge in edges if edge["orientation"] == "h"),
            key=lambda edge: float(edge[side]),
        )
        first = 0
        for last in range(1, len(level) + 1):
            if last < len(level) and float(level[last][side]) - float(level[first][side]) <= _SNAP:
                continue
            group, first = level[first:last], last
            at = float(group[0][side])
            inside = bisect_left(upright, float(group[0]["x1"])) - bisect_left(
                upright, float(group[0]["x0"])
            )
            near = bisect_left(upright, at + 2 * _SNAP) - bisect_left(upright, at - 2 * _SNAP)
            if len(group) >= 3 and inside and not near:
                top = min(float(edge["top"]) for edge in group)
                bottom = max(float(edge["top"]) for edge in group)
                found.append(
                    {
                        "x0": at, "x1": at, "top": top, "bottom": bottom,
                        "width": 0.0, "height": bottom - top, "orientation": "v",
                    }
                )  # fmt: skip
    return found


def _open_ends(edges: Sequence[dict[str, float | str]]) -> list[dict[str, float | str]]:
    """Borders at the top and bottom of tables that go on over the end of a page: two upright lines or
    more that end at one height."""
    found: list[dict[str, float | str]] = []
    for end in ("top", "bottom"):
        upright = sorted(
            (edge for edge in edges if edge["orientation"] == "v"),
            key=lambda edge: (float(edge[end]), float(edge["x0"])),
        )
        first = 0
        for last in range(1, len(upright) + 1):
            if last < len(upright) and (
                float(upright[last][end]) - float(upright[first][end]) <= _SNAP
            ):
                continue
            group, first = upright[first:last], last
            left = min(float(edge["x0"]) for edge in group)
            right = max(float(edge["x0"]) for edge in group)
            if right - left > _SNAP:
                at = float(group[0][end])
                found.append(
                    {
                        "x0": left, "x1": right, "top": at, "bottom": at,
                        "width": right - left, "height": 0.0, "orientation": "h",
                    }
                )  # fmt: skip
    # Where a border is printed, the two are one line.
    return found


def _has_border(printed: Sequence[dict[str, float | str]], box: Box, height: float) -> bool:
    """Whether a level line is printed along a cell at a height."""
    middle = (box.left + box.right) / 2
    return any(
        abs(float(edge["top"]) - height) <= _SNAP
        and float(edge["x0"]) <= middle <= float(edge["x1"])
        for edge in printed
    )


def _edges(places: Sequence[float]) -> list[float]:
    """Places of borders, those of one border once."""
    found: list[float] = []
    for place in sorted(places):
        if not found or place - found[-1] > _SNAP:
            found.append(place)
    return found


def _nearest(edges: Sequence[float], place: float) -> int:
    at = bisect_left(edges, place - _SNAP - 0.01)
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

"""What a reader gives: one text, where each stretch of it stands in the file, and its blocks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from ingest.readers.grid import GridCell, Written, headed_rows
from kb.models import Finding, Repair


class Box(NamedTuple):
    """A rectangle on a page in points (1/72 inch), from the left upper corner of the page as it is
    shown, its rotation applied."""

    left: float
    top: float
    right: float
    bottom: float


class Place(NamedTuple):
    """Where `text[start:end]` stands in its file.

    On pages: `page` (from 1) with the box of a run of characters of one line. In a flow of
    paragraphs: `paragraph`, from 1 in the order of the file, its tables' included. In a workbook:
    `sheet` with `cell` (B7). `confidence` from 0 to 1, of recognised characters.
    """

    start: int
    end: int
    page: int | None = None
    box: Box | None = None
    paragraph: int | None = None
    sheet: str | None = None
    cell: str | None = None
    confidence: float | None = None

    def cut(self, start: int, end: int) -> Place:
        """The part of the place that `text[start:end]` takes; the box of a run is cut by shares of
        its length, as Chinese characters are of one width."""
        first, last = max(start, self.start), min(end, self.end)
        box = self.box
        if box is not None and (first, last) != (self.start, self.end):
            each = (box.right - box.left) / (self.end - self.start)
            left = box.left + each * (first - self.start)
            box = box._replace(left=left, right=box.left + each * (last - self.start))
        return self._replace(start=first, end=last, box=box)


class Places:
    """Places of a text in order, none overlapping another."""

    def __init__(self, places: Sequence[Place] = ()) -> None:
        self._places = tuple(places)
        self._ends = [place.end for place in self._places]
        for before, after in zip(self._places, self._places[1:], strict=False):
            if after.start < before.end:
                raise ValueError(f"places overlap at {after.start}")

    def __iter__(self) -> Iterator[Place]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def of(self, start: int, end: int) -> tuple[Place, ...]:
        """Where `text[start:end]` stands, in order, each place cut to it."""
        found = []
        for index in range(bisect_left(self._ends, start + 1), len(self._places)):
            place = self._places[index]
            if place.start >= end:
                break
            found.append(place.cut(start, end))
        return tuple(found)


class BlockKind(StrEnum):
    """What a stretch of text is on its page."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE = "table"
    CAPTION = "caption"
    FOOTNOTE = "footnote"
    COMMENT = "comment"
    HEADER = "header"
    FOOTER = "footer"
    TEXT_BOX = "text_box"


class CellBlock(NamedTuple):
    """A cell of a table: `text[start:end]` (empty for an empty cell) at `row`, `column` (from 0),
    beside `rows` and over `columns` of them."""

    start: int
    end: int
    row: int
    column: int
    rows: int = 1
    columns: int = 1


class Block(NamedTuple):
    """`text[start:end]` and what it is: a heading of `level` 1 to 9, a list item with its `number` as
    printed, a table with its cells."""

    kind: BlockKind
    start: int
    end: int
    level: int | None = None
    number: str | None = None
    cells: tuple[CellBlock, ...] = ()


class PageSize(NamedTuple):
    """Width and height of a page in points, as it is shown."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Read:
    """The text of a file with its places and blocks, and what its reader could not settle or left
    out. `pages`: the sizes of its pages, of a kind that has pages. `model`: the digest of what
    recognised the characters, where they were not read from the file; `repairs`: what a person says
    they are."""

    text: str
    findings: tuple[Finding, ...] = ()
    places: Places = field(default_factory=Places)
    blocks: tuple[Block, ...] = ()
    pages: tuple[PageSize, ...] = ()
    model: str | None = None
    repairs: tuple[Repair, ...] = ()


class Draft:
    """A reading while it is written, line by line: runs of characters with their places, then the
    end of the line, which makes a block."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._line = 0
        self._places: list[Place] = []
        self._blocks: list[Block] = []

    @property
    def length(self) -> int:
        """Characters that were written."""
        return self._length

    def run(self, words: str, **where: Any) -> None:
        """Characters of the line that is being written; `where` has the fields of `Place`. Breaks of
        lines in them become spaces."""
        words = (
            " ".join(words.splitlines()) if len(words.splitlines()) > 1 else words.rstrip("\r\n")
        )
        if words:
            self._pieces.append(words)
            if where:
                self._places.append(Place(self._length, self._length + len(words), **where))
            self._length += len(words)

    def end_line(
        self,
        kind: BlockKind | None = BlockKind.PARAGRAPH,
        *,
        level: int | None = None,
        number: str | None = None,
    ) -> None:
        """End the line; an empty one makes no block (None: neither does this)."""
        if kind is not None and self._length > self._line:
            self._blocks.append(Block(kind, self._line, self._length, level, number))
        self._pieces.append("\n")
        self._length += 1
        self._line = self._length

    def table(
        self,
        rows: Sequence[Sequence[GridCell]],
        where: Callable[[int, int], dict[str, Any]] = lambda _row, _place: {},
        *,
        pieces: Callable[[int, int], Sequence[tuple[str, dict[str, Any]]]] | None = None,
    ) -> None:
        """A table: a row a line, as `ingest.readers.grid` has it.

        Args:
            rows: the cells of each row; one that stands beside several is in its first row only.
            where: row and place in the row → the fields of `Place` of a cell's words.
            pieces: row and place in the row → a cell's words in pieces, each with its own fields of
                `Place`, where one box would not hold them (the lines of a cell).
        """
        start, cells = self._length, []
        headed = headed_rows(len(rows), rows.__getitem__, lambda row: [c.words for c in rows[row]])
        for number, row in enumerate(rows):
            line = headed.get(number) or [
                Written(cell.words, number, place) for place, cell in enumerate(row) if cell.words
            ]
            while line and not line[-1].words:
                line = line[:-1]
            for column, cell in enumerate(line):
                if column:
                    self.run("\t")
                at = self._length
                if cell.words:
                    if pieces is None:
                        self.run(cell.words, **where(cell.row, cell.place))
                    else:
                        for words, fields in pieces(cell.row, cell.place):
                            self.run(words, **fields)
                    spans = rows[cell.row][cell.place]
                    cells.append(
                        CellBlock(at, self._length, number, column, spans.rows, spans.columns)
                    )
            self.end_line(None)
        if cells:
            self._blocks.append(Block(BlockKind.TABLE, start, self._length - 1, cells=tuple(cells)))

    def read(
        self,
        findings: Sequence[Finding] = (),
        *,
        pages: Sequence[PageSize] = (),
        model: str | None = None,
    ) -> Read:
        """All that was written."""
        return Read(
            "".join(self._pieces),
            tuple(findings),
            Places(self._places),
            tuple(self._blocks),
            tuple(pages),
            model,
        )

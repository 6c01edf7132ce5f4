"""Where the characters of a document stand in its file: pages with boxes, cells of sheets.

Of files of text there is nothing to say beyond the text itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ingest.pipeline import read_places
from ingest.readers.recorded import line_at, repaired_words
from ingest.readers.source import BlockKind, Place, Read
from kb.errors import DubanError
from kb.models import Document, Span
from tasks.store import Store

MOST_ROWS = 300
"""Rows of one table that a page shows as a grid."""
_MARGIN = 6.0
"""Points around a line in its picture."""
_MOST_LIT = 500
"""Boxes lit on one page."""


class Lit(NamedTuple):
    """A rectangle on a page in points, from the page's left upper corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class ShownPage:
    """A page of the file, from 1, its size in points and what is lit on it; `of` is how many there
    are, `recognised` whether it was read from its picture."""

    number: int
    of: int
    width: float
    height: float
    lit: tuple[Lit, ...]
    recognised: bool


class ShownCell(NamedTuple):
    """A cell as it is shown: its words, its name in the sheet (B7), whether it is lit, and how many
    rows and columns it takes."""

    words: str
    name: str
    lit: bool
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of a sheet: row by row, `rest` rows left out."""

    sheet: str
    rows: tuple[tuple[ShownCell, ...], ...]
    rest: int


def reading_of(store: Store, document: Document) -> Read | None:
    """The file as its reader sees it; None where it is text, cannot be read any more, or is read
    otherwise than when it came."""
    if document.media_type.startswith("text/"):
        return None
    read = _reading(store, document.id, document.sha256, document.media_type, document.name)
    return read if read is not None and read.text == document.text else None


@lru_cache(maxsize=8)
def _reading(
    store: Store, document_id: str, _digest: str, media_type: str, name: str
) -> Read | None:
    try:
        recognised = store.recognised(document_id)
        return read_places(store.source(document_id), media_type, name, recognised)
    except DubanError:
        return None


def page_of(read: Read, hit: Span | None, asked: int | None) -> ShownPage | None:
    """The page to show: that asked for, else that of what is lit, else the first; None where the file
    has no pages."""
    if not read.pages:
        return None
    places = [p for p in read.places.of(hit.start, hit.end) if p.page] if hit else []
    number = asked or next((p.page for p in places if p.page), 1) or 1
    number = min(max(number, 1), len(read.pages))
    size = read.pages[number - 1]
    recognised = any(p.page == number and p.confidence is not None for p in read.places)
    lit = tuple(_lit(places, number))
    return ShownPage(number, len(read.pages), size.width, size.height, lit, recognised)


@dataclass(frozen=True, slots=True)
class Mending:
    """A line of recognised text that a person may correct: its characters as they are read now, and
    where on the shown page its picture is (points; of a line over two pages what is on this one)."""

    start: int
    end: int
    words: str
    x: float
    y: float
    width: float
    height: float


def mending_of(read: Read, hit: Span, page: int) -> Mending | None:
    """The line of what is lit, where a picture of it is on the page."""
    line = line_at(read.text, hit.start)
    if line is None:
        return None
    boxes = [
        p.box for p in read.places.of(line.start, line.end)
        if p.page == page and p.box is not None and p.confidence is not None
    ]  # fmt: skip
    if not boxes:
        return None
    left, top = min(b.left for b in boxes) - _MARGIN, min(b.top for b in boxes) - _MARGIN
    right, bottom = max(b.right for b in boxes) + _MARGIN, max(b.bottom for b in boxes) + _MARGIN
    words = repaired_words(read, line)
    return Mending(line.start, line.end, words, left, top, right - left, bottom - top)


def _lit(places: list[Place], page: int) -> Iterator[Lit]:
    here = [p.box for p in places if p.page == page and p.box is not None]
    for box in here[:_MOST_LIT]:
        yield Lit(box.left, box.top, box.right - box.left, box.bottom - box.top)


def grids_of(read: Read, part: Span, hit: Span | None) -> Iterator[Grid]:
    """The tables of a workbook that stand in a part of the text; what is asked for is lit."""
    for block in read.blocks:
        if block.kind is not BlockKind.TABLE or block.end <= part.start or block.start >= part.end:
            continue
        first = next(iter(read.places.of(block.start, block.end)), None)
        if first is None or first.sheet is None:
            continue
        rows: dict[int, list[ShownCell]] = {}
        for cell in block.cells:
            place = next(iter(read.places.of(cell.start, cell.end)), None)
            name = place.cell if place is not None and place.cell else ""
            lit = hit is not None and cell.start < hit.end and hit.start < cell.end
            row = rows.setdefault(cell.row, [])
            missing = cell.column - sum(c.columns for c in row)
            row += [ShownCell("", "", lit=False, rows=1, columns=1)] * max(0, missing)
            row.append(ShownCell(read.text[cell.start : cell.end], name, lit, 1, 1))
        shown = [tuple(rows[number]) for number in sorted(rows)]
        yield Grid(first.sheet, tuple(shown[:MOST_ROWS]), max(0, len(shown) - MOST_ROWS))


def said_place(read: Read | None, hit: Span | None) -> tuple[int | None, str]:
    """Where a passage stands, for people: its page, or its sheet and cell; empty where neither is
    known."""
    places = read.places.of(hit.start, hit.end) if read and hit else ()
    first = next(iter(places), None)
    if first is None:
        return None, ""
    return first.page, f"{first.sheet}!{first.cell}" if first.sheet and first.cell else ""

"""What stands on a page, whatever the format: characters with their boxes, and ruling lines.

Readers of pages (PDF, OFD, recognised pictures) give this; `ingest.readers.page_layout` makes lines,
paragraphs and tables of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ingest.readers.source import Box, PageSize


class GlyphRun(NamedTuple):
    """Characters of one line that stand side by side.

    Args:
        text: the characters, in reading order, without blanks at the ends; a blank between
            two runs is told by the room between their boxes.
        box: in points on the page as it is shown; as wide as the characters' advance, as high as
            the em of the font (or the ink, where nothing better is known).
        size: of the font in points (of recognised text: the height of its box).
        bold: whether the font is.
        confidence: 0 to 1, of recognised characters.
    """

    text: str
    box: Box
    size: float
    bold: bool = False
    confidence: float | None = None


class PageContent(NamedTuple):
    """One page.

    Args:
        number: from 1.
        size: in points, as the page is shown.
        runs: in the order of the file; the layout finds the order of reading.
        rulings: boxes of straight lines, upright or level, that may border cells.
        turn: degrees clockwise (0, 90, 180, 270) by which the page as shown must be turned so that
            its text stands upright: a table drawn sideways.
    """

    number: int
    size: PageSize
    runs: Sequence[GlyphRun]
    rulings: Sequence[Box] = ()
    turn: int = 0


def turn_box(box: Box, size: PageSize, turn: int) -> Box:
    """A box after its page of `size` is turned clockwise by `turn` degrees."""
    left, top, right, bottom = box
    width, height = size
    if turn == 90:
        return Box(height - bottom, left, height - top, right)
    if turn == 180:
        return Box(width - right, height - bottom, width - left, height - top)
    if turn == 270:
        return Box(top, width - right, bottom, width - left)
    return box


def upright(page: PageContent) -> PageContent:
    """The page turned so that its text stands upright; `turn` then says how to turn it back."""
    if not page.turn:
        return page
    size = page.size if page.turn == 180 else PageSize(page.size.height, page.size.width)
    return PageContent(
        page.number,
        size,
        [run._replace(box=turn_box(run.box, page.size, page.turn)) for run in page.runs],
        [turn_box(ruling, page.size, page.turn) for ruling in page.rulings],
        360 - page.turn,
    )

"""What stands on a page, whatever the format: characters with their boxes, and ruling lines.

Readers of pages (PDF, OFD, recognised pictures) give this; `ingest.readers.page_layout` makes lines,
paragraphs and tables of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from ingest.readers.source import Box, PageSize

THIN = 3.0
"""Points: a bar that is thinner is a line."""


class GlyphRun(NamedTuple):
    """Characters of one line that stand side by side.

    Args:
        text: the characters, in reading order, without blanks at the ends; a blank between
            two runs is told by the room between their boxes, or by `blank`.
        box: in points on the page as it is shown; as wide as the characters' advance, as high as
            the em of the font (or the ink, where nothing better is known).
        size: of the font in points (of recognised text: the height of its box).
        bold: whether the font is.
        confidence: 0 to 1, of recognised characters.
        blank: whether a blank is typed before it: between Chinese characters it is kept.
    """

    text: str
    box: Box
    size: float
    bold: bool = False
    confidence: float | None = None
    blank: bool = False


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


def rulings_of_path(
    points: Sequence[tuple[float, float]], *, stroke: bool, fill: bool
) -> list[Box]:
    """The straight lines that a path of corners paints: itself where it is thin, else its sides.

    Args:
        points: x and y in points from the left upper corner, in order, the first again where it is closed.
        stroke: whether its outline is painted.
        fill: whether its inside is.
    """
    if len(points) < 2:
        return []
    around = _around(points)
    if min(around.right - around.left, around.bottom - around.top) <= THIN:
        return [around] if stroke or fill else []
    if not stroke:
        return []
    sides = [_around(side) for side in pairwise(points)]
    return [side for side in sides if min(side.right - side.left, side.bottom - side.top) <= THIN]


def _around(points: Sequence[tuple[float, float]]) -> Box:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return Box(min(xs), min(ys), max(xs), max(ys))


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

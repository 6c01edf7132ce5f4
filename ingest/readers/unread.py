"""Ink of a page where nothing was read: characters outside every line that was found, and inside a
line that is too wide for what was read in it."""

from __future__ import annotations

from statistics import median
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.readers.ink import find_parts, ink_of
from ingest.readers.ocr import Recognised, TextLine
from ingest.readers.source import Box

_MARGIN = 0.02
"""Share of a side at the edge of a page: shadows of the lid, holes of a punch."""
_PRINT = 0.011
"""Size of the print as a share of the page's longer side where no line says it: 9 points of A4."""
_RULE = 2.5
"""Sizes of the print: a stroke so long is a ruling line."""
_LEAST, _MOST = 0.5, 6.0
"""Height of what may be print, in sizes of the print."""
_DENSE = (0.08, 0.75)
"""Share of ink in the box of print: less is a frame or a scratch, more a bar or a picture."""
_MOST_PARTS = 5000
_REACH = 0.9
"""Sizes of the print to both sides of a character that is read: columns of the model are coarse."""


class Unread(NamedTuple):
    """A box (pixels of the ready picture) with ink that was not read; `inside`: the line it is in."""

    box: Box
    inside: int | None


def find_unread(page: Recognised) -> tuple[Unread, ...]:
    """Where there is ink that looks like print and no character was read."""
    ink = ink_of(page.ready.pixels)
    height, width = ink.shape
    sizes = [line.size for line in page.lines]
    size = float(median(sizes)) if sizes else _PRINT * max(ink.shape)
    _clear_rules(ink, max(8, round(_RULE * size)))
    for line in page.lines:
        _clear_line(ink, line)
    rows, columns = round(height * _MARGIN), round(width * _MARGIN)
    ink[:rows] = ink[height - rows :] = 0
    ink[:, :columns] = ink[:, width - columns :] = 0
    step = max(3, round(size / 2)) | 1
    ink = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)).astype(np.uint8)
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((step, step), np.uint8))
    found = []
    for part in find_parts(joined.astype(np.uint8, copy=False), _MOST_PARTS):
        left, top, wide, high = part[:4]
        if not (_LEAST * size <= high <= _MOST * size and wide >= _LEAST * size):
            continue
        share = float((ink[top : top + high, left : left + wide][part.mask] > 0).sum()) / (
            wide * high
        )
        if _DENSE[0] <= share <= _DENSE[1]:
            box = Box(left, top, left + wide, top + high)
            found.append(Unread(box, _line_of(box, page.lines)))
    return tuple(found)


def _clear_rules(ink: NDArray[np.uint8], length: int) -> None:
    for shape in ((1, length), (length, 1)):
        rules = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(shape, np.uint8))
        ink[cv2.dilate(rules, np.ones((5, 5), np.uint8)) > 0] = 0


def _clear_line(ink: NDArray[np.uint8], line: TextLine) -> None:
    """Take out the ink of the characters that were read, over the height of their line."""
    reach = _REACH * line.size
    tall = line.box.bottom - line.box.top > line.box.right - line.box.left
    for character in line.characters:
        box = character.box
        across, along = (reach, 0.15 * line.size)
        dx, dy = (along, across) if tall and len(line.characters) > 1 else (across, along)
        left, right = max(0, round(box.left - dx)), max(0, round(box.right + dx))
        top, bottom = max(0, round(box.top - dy)), max(0, round(box.bottom + dy))
        ink[top:bottom, left:right] = 0


def _line_of(box: Box, lines: tuple[TextLine, ...]) -> int | None:
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    for index, line in enumerate(lines):
        b = line.box
        if b.left <= x <= b.right and b.top <= y <= b.bottom:
            return index
    return None

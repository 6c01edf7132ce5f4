"""Ruling lines in the picture of a page: level and upright strokes longer than any of a character."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.readers.images import Pixels
from ingest.readers.ink import find_parts, ink_of
from ingest.readers.source import Box

_LEVEL, _UPRIGHT = 3.0, 1.4
"""Lengths in sizes of the print: a dash of two characters (——) is 2 wide, no stroke of a character is
higher than 1, and a row of a table has 1.6."""
_GAP = 7
"""Pixels of a gap in a stroke that is closed: dropouts of a scan."""
_THICK = 0.5
"""Of the size of the print: more is a bar."""
_MOST = 2000


def find_rulings(page: Pixels, size: float) -> tuple[Box, ...]:
    """The middles of the ruling lines of an upright page, as boxes in its pixels; none where
    there are more than any table has.

    Args:
        page: the picture.
        size: the size of its print in pixels.
    """
    ink = ink_of(page, smooth=False)
    level = _strokes(ink, max(20, round(_LEVEL * size)), size, upright=False)
    if len(level) < 2:
        return ()
    upright = _strokes(ink, max(12, round(_UPRIGHT * size)), size, upright=True)
    if len(level) + len(upright) > _MOST:
        return ()
    reach = size / 3
    # An upright stroke of a large character meets no level line, that of a table two.
    upright = [u for u in upright if sum(_meet(v, u, reach) for v in level) >= 2]
    level = [v for v in level if any(_meet(v, u, reach) for u in upright)]
    return (*level, *upright) if len(level) >= 2 else ()


def _meet(level: Box, upright: Box, reach: float) -> bool:
    return (
        level.left - reach <= upright.left <= level.right + reach
        and upright.top - reach <= level.top <= upright.bottom + reach
    )


def _strokes(ink: NDArray[np.uint8], length: int, size: float, *, upright: bool) -> list[Box]:
    along = (1, length) if not upright else (length, 1)
    gap = (1, _GAP) if not upright else (_GAP, 1)
    thick = (3, 1) if not upright else (1, 3)
    # A line that is not quite level steps from one row of pixels to the next.
    wide = cv2.dilate(ink, np.ones(thick, np.uint8))
    closed = cv2.morphologyEx(wide, cv2.MORPH_CLOSE, np.ones(gap, np.uint8))
    found = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones(along, np.uint8))
    boxes = []
    for left, top, width, height, area, *_ in find_parts(
        found.astype(np.uint8, copy=False), _MOST + 1
    ):
        long, short = (height, width) if upright else (width, height)
        if area / max(long, 1) > max(_THICK * size, 6.0) or long < 2 * short:
            continue
        if upright:
            middle = left + width / 2
            boxes.append(Box(middle - 0.5, top, middle + 0.5, top + height))
        else:
            middle = top + height / 2
            boxes.append(Box(left, middle - 0.5, left + width, middle + 0.5))
    return boxes

"""A page's picture made ready for recognition: seals made pale, turned upright, its skew taken out;
and where a point of the ready picture lies on the page as it is shown."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.readers.images import Pixels
from ingest.readers.ink import find_parts, ink_of
from ingest.readers.source import Box

PAGE_WIDTH, PAGE_HEIGHT = 595.28, 841.89
"""A4 in points (ISO 216)."""
READ_SIDE = 2000
"""Pixels of the longer side of the ready picture: at 2339 (A4 at 200 dpi) print of 9 and of 16 points
is read no better (.24 and .57 % of characters wrong on noisy pages against .21 and .65 %), in a third
more time and 130 MB more of memory."""

_MOST_SKEW = 3.0
_LEAST_SKEW = 0.25
"""Degrees: less is no more than the height of a stroke over the width of a page, and turning blurs."""
_COARSE, _FINE = 0.5, 0.05
"""Degrees between turns that are tried: lines of print are as high as 1 degree over the width of a page."""
_SKEW_SIDE = 800
"""Pixels of the longer side of the copy on which the angle is looked for."""

_RED = 40
"""By how much red is over green and blue in the ink of a seal: grey and yellowed paper stay below 25
and the palest print of a seal on the scans of the tests is 60."""
_SEAL = (22.0, 85.0)
"""Millimetres across: official seals have 38 to 50, the largest 60 (国发〔1999〕25号), and a picture's
scale is only known from its being a page."""
_SEAL_GAP = 3.0
"""Millimetres between parts of one seal: its rim, characters and star."""
_LONGEST_SIDE = 1.5
"""Of a seal's box: a red head is a line, many times as long as it is high."""
_MOST_PARTS = 2000
_ON_RIM = 0.5
"""Share of a seal's ink outside half its radius."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """From pixels of the ready picture to pixels of the page as shown: 2 × 3, as `cv2.transform`
    takes it."""

    matrix: NDArray[np.float64]

    def box(self, box: Box) -> Box:
        """The upright box around what a box of the ready picture becomes."""
        corners = np.array(
            [[box.left, box.top], [box.right, box.top], [box.right, box.bottom], [box.left, box.bottom]]
        )  # fmt: skip
        points = corners @ self.matrix[:, :2].T + self.matrix[:, 2]
        left, top = (float(v) for v in points.min(axis=0))
        right, bottom = (float(v) for v in points.max(axis=0))
        return Box(left, top, right, bottom)


@dataclass(frozen=True, slots=True)
class Ready:
    """A picture ready for recognition, `back` from its pixels to the page's, and the seals that were
    made pale, in the page's pixels."""

    pixels: Pixels
    back: Mapping
    quarters: int
    skew: float
    seals: tuple[Box, ...]


def make_ready(page: Pixels, quarters: int = 0) -> Ready:
    """The page turned by quarters of a circle (counter-clockwise, as shown), seals pale, straight."""
    small, scale = _shrunk(page)
    clean, seals = fade_seals(small)
    turned = np.ascontiguousarray(np.rot90(clean, quarters % 4))
    matrix = _unturned(small.shape[1], small.shape[0], quarters % 4)
    skew = find_skew(turned)
    if skew:
        turned, unskewed = _rotated(turned, skew)
        whole = np.vstack([matrix, [0.0, 0.0, 1.0]]) @ np.vstack([unskewed, [0.0, 0.0, 1.0]])
        matrix = whole[:2]
    where = tuple(Box(*(value / scale for value in box)) for box in seals)
    return Ready(turned, Mapping(matrix / scale), quarters % 4, skew, where)


def _shrunk(page: Pixels) -> tuple[Pixels, float]:
    longer = max(page.shape[:2])
    if longer <= READ_SIDE:
        return page, 1.0
    height, width = (max(1, round(side * READ_SIDE / longer)) for side in page.shape[:2])
    small = cv2.resize(page, (width, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False), READ_SIDE / longer


def _unturned(width: int, height: int, quarters: int) -> NDArray[np.float64]:
    """From a picture turned by `np.rot90` back to the one of `width` × `height`."""
    return np.array(
        [
            [[1, 0, 0], [0, 1, 0]],
            [[0, -1, width], [1, 0, 0]],
            [[-1, 0, width], [0, -1, height]],
            [[0, 1, 0], [-1, 0, height]],
        ][quarters],
        dtype=np.float64,
    )


def _rotated(page: Pixels, degrees: float) -> tuple[Pixels, NDArray[np.float64]]:
    """The page turned about its middle, on white, and the matrix back. Corners that leave the picture
    are the margin of a page."""
    height, width = page.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turned = cv2.warpAffine(
        page, matrix, (width, height), flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT, borderValue=(255, 255, 255),
    )  # fmt: skip
    back = cv2.invertAffineTransform(matrix)
    return turned.astype(np.uint8, copy=False), back.astype(np.float64)


def find_skew(page: Pixels) -> float:
    """By how many degrees the page must be turned (counter-clockwise) so that its lines are level;
    0 where no turn makes them more so.

    The turn is the one with the greatest sum of squared differences between the ink of neighbouring
    rows (Postl 1986); looked for within 3 degrees.
    """
    ink = ink_of(page)
    scale = _SKEW_SIDE / max(ink.shape)
    if scale < 1:
        size = (max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale)))
        small = cv2.resize(ink, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    else:
        small = ink.astype(np.float32)
    if not small.any():
        return 0.0
    coarse = max(
        np.arange(-_MOST_SKEW, _MOST_SKEW + _COARSE, _COARSE), key=lambda a: _level(small, a)
    )
    around = coarse + np.arange(-_COARSE / 2, _COARSE / 2 + _FINE, _FINE)
    best = float(max(around, key=lambda a: _level(small, a)))
    if abs(best) < _LEAST_SKEW or _level(small, best) < 1.02 * _level(small, 0.0):
        return 0.0
    return round(best, 2)


def _level(ink: NDArray[np.float32], degrees: float) -> float:
    height, width = ink.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), float(degrees), 1.0)
    rows = cv2.warpAffine(ink, matrix, (width, height), flags=cv2.INTER_LINEAR).sum(axis=1)
    return float(np.square(np.diff(rows)).sum())


def fade_seals(page: Pixels) -> tuple[Pixels, tuple[Box, ...]]:
    """The page with the red of its seals as white as paper, black print under them as it was; and
    where they are. Red print that is no seal (a red head) stays."""
    reds, greens, blues = cv2.split(page)
    over = cv2.subtract(reds, cv2.max(greens, blues))
    red = cv2.threshold(over, _RED, 1, cv2.THRESH_BINARY)[1].astype(np.uint8, copy=False)
    seals = find_seals(red)
    if not seals:
        return page, ()
    faded = page.copy()
    for box in seals:
        left, top, right, bottom = (round(v) for v in box)
        part, mask = faded[top:bottom, left:right], red[top:bottom, left:right]
        shade = part[:, :, 0].astype(np.float32)
        # What is red all over has this much red: it becomes white, and what lies darker beneath
        # keeps its share.
        level = float(np.median(shade[mask > 0]))
        near = cv2.dilate(mask, np.ones((3, 3), np.uint8)) > 0
        pale = np.clip(shade * (255.0 / max(level, 1.0)), 0, 255).astype(np.uint8)
        part[near] = pale[near][:, None]
    return faded, seals


def find_seals(red: NDArray[np.uint8]) -> tuple[Box, ...]:
    """Where seals are among red pixels (1 where red): a rim with something in it, as high as wide, or
    cut by the edge of the page."""
    height, width = red.shape
    millimetre = _pixels_per_point(width, height) * 72 / 25.4
    step = max(1, round(_SEAL_GAP * millimetre / 2)) * 2 + 1
    joined = cv2.morphologyEx(red, cv2.MORPH_CLOSE, np.ones((step, step), np.uint8))
    least, most = (side * millimetre for side in _SEAL)
    found = []
    for part in find_parts(joined.astype(np.uint8, copy=False), _MOST_PARTS):
        left, top, wide, high = part[:4]
        long, short = max(wide, high), min(wide, high)
        at_edge = left <= 2 or top <= 2 or left + wide >= width - 2 or top + high >= height - 2
        if not least <= long <= most or (long > _LONGEST_SIDE * short and not at_edge):
            continue
        own = red[top : top + high, left : left + wide].astype(bool) & part.mask
        if at_edge or _has_rim(own):
            found.append(Box(left, top, left + wide, top + high))
    return tuple(found)


def _has_rim(part: NDArray[np.bool_]) -> bool:
    rows, columns = np.nonzero(part)
    high, wide = part.shape
    far = np.hypot((rows - high / 2) / (high / 2), (columns - wide / 2) / (wide / 2))
    return bool(len(far)) and float((far > 0.5).mean()) >= _ON_RIM


def _pixels_per_point(width: int, height: int) -> float:
    """Pixels a point of a page that is A4, whichever way it lies; of a part of one, the most that it
    can be."""
    return max(min(width, height) / PAGE_WIDTH, max(width, height) / PAGE_HEIGHT)

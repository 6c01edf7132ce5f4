"""Ink on a picture: which pixels are print, and the parts that hang together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.readers.images import Pixels


class Part(NamedTuple):
    """Pixels that hang together, corners included: their box, how many they are; `mask` is the box with
    their own pixels true."""

    left: int
    top: int
    width: int
    height: int
    area: int
    labels: NDArray[np.int32]
    label: int

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Rows × columns of the box."""
        return np.equal(self.labels, self.label)


def ink_of(page: Pixels, *, smooth: bool = True) -> NDArray[np.uint8]:
    """Rows × columns: 255 where there is ink on paper, whatever the light on the paper; `smooth`:
    without specks and hairlines."""
    grey = cv2.cvtColor(page, cv2.COLOR_RGB2GRAY)
    grey = cv2.medianBlur(grey, 3) if smooth else grey
    around = max(15, min(grey.shape) // 40) | 1
    found = cv2.adaptiveThreshold(
        grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, around, 25
    )
    return found.astype(np.uint8, copy=False)


def find_parts(ink: NDArray[np.uint8], most: int) -> Iterator[Part]:
    """The parts of what is not 0, at most so many, from the top. Only the box around all ink is looked
    through: labelling a page takes 17 ms, and most pages have no seal, ruling line or unread ink."""
    left, top, width, height = cv2.boundingRect(ink)
    if not width:
        return
    inner = ink[top : top + height, left : left + width]
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inner, connectivity=8)
    for index in range(1, min(count, most + 1)):
        x, y, wide, high, area = (int(v) for v in stats[index])
        own = labels[y : y + high, x : x + wide].astype(np.int32, copy=False)
        yield Part(left + x, top + y, wide, high, area, own, index)

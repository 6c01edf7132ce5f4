"""What is drawn on a page of an OFD file → characters with boxes and ruling lines.

GB/T 33190-2016: 7.4 and 8.5 (matrices and boundaries), 9.1 (paths), 11.2 and 11.3 (text objects, text
codes and the distances of their characters), 13 (composite objects). Lengths in the file are
millimetres, from the left upper corner.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any

from ingest.readers.matrices import SAME, Matrix, through, times
from ingest.readers.packages import local_name
from ingest.readers.page_content import GlyphRun, rulings_of_path
from ingest.readers.page_lines import is_narrow
from ingest.readers.source import Box

POINTS = 72 / 25.4
"""Of a millimetre."""
_ABOVE, _BELOW = 0.88, 0.12
_NARROW = 0.5
"""Of the em: the width of a Latin character whose font is not measured."""
_MOST_CHARACTERS = 200_000
_MOST_OBJECTS = 100_000
_MOST_PICTURES = 500
"""Scans are cut into strips by some programs."""
_DEEPEST = 12
_BOLD = 600
_DEFAULT_SIZE = 3.5


class TooMuch(Exception):  # noqa: N818 - says what is wrong of a page, not an error of its own
    """A page holds more than is read."""


def floats(text: str | None) -> list[float]:
    """The numbers of a list; what is none, or no finite one, is left out."""
    found = []
    for word in (text or "").split():
        try:
            value = float(word)
        except ValueError:
            continue
        if math.isfinite(value) and abs(value) < 1e7:
            found.append(value)
    return found


def distances(text: str | None, count: int) -> list[float]:
    """The distances between characters: `g n v` is `n` times `v` (11.3, table 46).

    >>> distances("5 g 3 2.5 4", 9)
    [5.0, 2.5, 2.5, 2.5, 4.0]
    """
    words = (text or "").split()
    found: list[float] = []
    place = 0
    while place < len(words) and len(found) < count:
        if words[place] == "g" and place + 2 < len(words):
            times, value = floats(words[place + 1]), floats(words[place + 2])
            if times and value:
                found += value * min(max(int(times[0]), 0), count)
            place += 3
        else:
            found += floats(words[place])
            place += 1
    return found[:count]


class Drawn:
    """Objects of a page while they are read: `runs` (each with its direction in degrees clockwise) and
    `rulings` in points on the page, `pictures` by their ID and from the unit square to points."""

    def __init__(self, composite: Callable[[str], Any | None]) -> None:
        self.runs: list[tuple[GlyphRun, int | None]] = []
        self.rulings: list[Box] = []
        self.pictures: list[tuple[str, Matrix]] = []
        self._composite = composite
        self._objects = self._characters = 0

    def read(self, layer: Any, around: Matrix = SAME, depth: int = 0) -> None:
        """Read the objects in an element.

        Raises:
            TooMuch: there are over 100,000 of them, or over 200,000 characters.
        """
        for thing in layer:
            kind = local_name(thing)
            self._objects += 1
            if self._objects > _MOST_OBJECTS or depth > _DEEPEST:
                raise TooMuch
            if thing.get("Visible") in {"false", "0"}:
                continue
            if kind == "TextObject":
                self._read_text(thing, around)
            elif kind == "PathObject":
                self._read_path(thing, around)
            elif kind == "ImageObject":
                self._add_picture(thing, around)
            elif kind == "CompositeObject":
                unit = self._composite(thing.get("ResourceID") or "")
                if unit is not None:
                    self.read(unit, times(_matrix(thing), around), depth + 1)
            elif kind in {"PageBlock", "Layer", "Content"}:
                self.read(thing, around, depth + 1)

    def _read_text(self, thing: Any, around: Matrix) -> None:
        matrix = times(_matrix(thing), around)
        size = (floats(thing.get("Size")) or [_DEFAULT_SIZE])[0]
        scale = (floats(thing.get("HScale")) or [1.0])[0] or 1.0
        bold = (floats(thing.get("Weight")) or [400.0])[0] >= _BOLD
        x = y = 0.0
        for code in thing:
            if local_name(code) != "TextCode":
                continue
            text = "".join(code.itertext())
            self._characters += len(text)
            if self._characters > _MOST_CHARACTERS:
                raise TooMuch
            x = (floats(code.get("X")) or [x])[0]
            y = (floats(code.get("Y")) or [y])[0]
            wide = [_width(c) * size * scale for c in text]
            across = distances(code.get("DeltaX"), len(text))
            down = distances(code.get("DeltaY"), len(text))
            if not across and not any(down):
                across = wide
            else:
                wide = [*map(_narrowed, text, wide, [*across, *wide[len(across) :]])]
            xs = _places(x, across, len(text))
            ys = _places(y, down, len(text))
            self._add(text, xs, ys, wide, size, matrix, bold=bold)

    def _add(
        self,
        text: str,
        xs: Sequence[float],
        ys: Sequence[float],
        wide: Sequence[float],
        size: float,
        matrix: Matrix,
        *,
        bold: bool,
    ) -> None:
        """Characters that stand evenly are one run; blanks part runs."""
        first = 0
        blank = False
        direction = _direction(matrix)
        for place in range(1, len(text) + 1):
            if place < len(text) and not text[first].isspace() and not text[place].isspace():
                step, own = xs[place] - xs[place - 1], wide[place - 1]
                even = (
                    abs(wide[place] - own) < 0.06 * size and abs(ys[place] - ys[first]) < 0.1 * size
                )
                near = place == first + 1 or abs(step - (xs[first + 1] - xs[first])) < 0.06 * size
                if even and near and 0 < step < own + 0.6 * size:
                    continue
            words = text[first:place]
            if words.isspace():
                blank = True
            elif words:
                # As wide as the next character allows: Latin characters are narrower than half an em
                # where their distance says so.
                step = xs[first + 1] - xs[first] if first + 1 < len(xs) else wide[first]
                each = min(wide[first], step) if step > 0 else wide[first]
                last = xs[place - 1] + each
                box = _boxed(
                    (xs[first], ys[first] - _ABOVE * size, last, ys[first] + _BELOW * size), matrix
                )
                points = size * math.hypot(matrix[2], matrix[3]) * POINTS
                run = GlyphRun(words, box, round(points, 2) or 1.0, bold, None, blank)
                self.runs.append((run, direction))
                blank = False
            first = place

    def _add_picture(self, thing: Any, around: Matrix) -> None:
        """A picture fills the unit square of its object's coordinates (10, table 46); where no matrix
        says how large that is, it fills the boundary."""
        matrix = _matrix(thing)
        if thing.get("CTM") is None:
            _, _, width, height, *_ = [*floats(thing.get("Boundary")), 0.0, 0.0, 0.0, 0.0]
            matrix = times((width, 0.0, 0.0, height, 0.0, 0.0), matrix)
        matrix = times(matrix, times(around, (POINTS, 0.0, 0.0, POINTS, 0.0, 0.0)))
        if len(self.pictures) >= _MOST_PICTURES:
            raise TooMuch
        self.pictures.append((thing.get("ResourceID") or "", matrix))

    def _read_path(self, thing: Any, around: Matrix) -> None:
        matrix = times(_matrix(thing), around)
        stroke = thing.get("Stroke") not in {"false", "0"}
        fill = thing.get("Fill") in {"true", "1"}
        for child in thing:
            if local_name(child) == "AbbreviatedData":
                for part in _parts("".join(child.itertext())):
                    corners = [through(point, matrix) for point in part]
                    scaled = [(x * POINTS, y * POINTS) for x, y in corners]
                    self.rulings += rulings_of_path(scaled, stroke=stroke, fill=fill)


def _parts(data: str) -> Iterator[list[tuple[float, float]]]:
    """The straight parts of a path (9.1, table 35)."""
    points: list[tuple[float, float]] = []
    words = data.split()
    takes = {"S": 2, "M": 2, "L": 2, "Q": 4, "B": 6, "A": 7, "C": 0}
    place = 0
    while place < len(words):
        command = words[place]
        place += 1
        if command not in takes:
            continue
        values = floats(" ".join(words[place : place + takes[command]]))
        place += takes[command]
        if command == "C":
            if points:
                points.append(points[0])
        elif len(values) < takes[command]:
            continue
        elif command == "L":
            points.append((values[0], values[1]))
        else:  # moves, and curves, after which a straight part begins anew
            yield points
            points = [(values[-2], values[-1])]
    yield points


def _narrowed(character: str, width: float, step: float) -> float:
    """The width of a Latin character, whose font is not measured, by the distance of the next."""
    return step if is_narrow(character) and 0 < step < 1.6 * width else width


def _width(character: str) -> float:
    return _NARROW if is_narrow(character) else 1.0


def _places(start: float, steps: Sequence[float], count: int) -> list[float]:
    """Where each character stands; after the last distance all stand at one place."""
    found = list(accumulate([start, *steps]))[:count]
    return found + [found[-1]] * (count - len(found)) if found else []


def _direction(matrix: Matrix) -> int | None:
    angle = math.degrees(math.atan2(matrix[1], matrix[0]))
    nearest = round(angle / 90) * 90
    return nearest % 360 if abs(angle - nearest) < 5 else None


def _matrix(thing: Any) -> Matrix:
    """From an object's own coordinates to those around it: its matrix, then its boundary's corner."""
    told = floats(thing.get("CTM"))
    a, b, c, d, e, f = told if len(told) == 6 else SAME
    x, y, *_ = [*floats(thing.get("Boundary")), 0.0, 0.0]
    return (a, b, c, d, e + x, f + y)


def _boxed(corners: tuple[float, float, float, float], matrix: Matrix) -> Box:
    """The box, in points, around a box in an object's own coordinates."""
    left, top, right, bottom = corners
    points = [
        through(p, matrix) for p in ((left, top), (right, top), (left, bottom), (right, bottom))
    ]
    xs, ys = [x * POINTS for x, _ in points], [y * POINTS for _, y in points]
    return Box(min(xs), min(ys), max(xs), max(ys))

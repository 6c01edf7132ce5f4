"""The straight lines of a page of a PDF: strokes, thin bars and thin pictures."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ingest.readers.source import Box

_THIN = 3.0
"""Points: a bar that is painted is a line."""
_SHORTEST = 4.0
_MOST_OBJECTS = 50_000
_MOST_SEGMENTS = 400
"""Of one path: more is a drawing."""
_DEEPEST = 6

_Matrix = tuple[float, float, float, float, float, float]
_Point = tuple[float, float]
_SAME: _Matrix = (1, 0, 0, 1, 0, 0)


def find_rulings(
    page: pdfium.PdfPage, shown: Callable[[float, float, float, float], Box]
) -> list[Box]:
    """The boxes of the level and upright lines of a page.

    Args:
        page: the page.
        shown: left, bottom, right and top in its own coordinates → its box on the page as shown.
    """
    found = []
    for left, bottom, right, top in _lines(page):
        width, height = right - left, top - bottom
        if min(width, height) <= _THIN and max(width, height) >= _SHORTEST:
            found.append(shown(left, bottom, right, top))
    return found


def _lines(page: pdfium.PdfPage) -> Iterator[tuple[float, float, float, float]]:
    for thing, matrix in _objects(page):
        kind = pdfium_c.FPDFPageObj_GetType(thing)
        if kind == pdfium_c.FPDF_PAGEOBJ_PATH:
            yield from _of_path(thing, matrix)
        elif kind == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            own = _matrix(thing)
            yield _around([_through(_through(p, own), matrix) for p in ((0.0, 0.0), (1.0, 1.0))])


def _objects(page: pdfium.PdfPage) -> Iterator[tuple[Any, _Matrix]]:
    """The paths and pictures of a page, those of its forms too, each with the matrix around it."""
    waiting: list[tuple[Any, int, _Matrix]] = []
    left = _MOST_OBJECTS
    for index in range(min(pdfium_c.FPDFPage_CountObjects(page.raw), left)):
        waiting.append((pdfium_c.FPDFPage_GetObject(page.raw, index), 0, _SAME))
    while waiting and left > 0:
        thing, depth, matrix = waiting.pop()
        left -= 1
        kind = pdfium_c.FPDFPageObj_GetType(thing)
        if kind == pdfium_c.FPDF_PAGEOBJ_FORM:
            if depth < _DEEPEST:
                inner = _times(_matrix(thing), matrix)
                for index in range(min(pdfium_c.FPDFFormObj_CountObjects(thing), left)):
                    waiting.append((pdfium_c.FPDFFormObj_GetObject(thing, index), depth + 1, inner))
        elif kind != pdfium_c.FPDF_PAGEOBJ_TEXT:
            yield thing, matrix


def _of_path(path: Any, around: _Matrix) -> Iterator[tuple[float, float, float, float]]:
    count = pdfium_c.FPDFPath_CountSegments(path)
    if not 0 < count <= _MOST_SEGMENTS:
        return
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium_c.FPDFPath_GetDrawMode(path, fill, stroke)
    matrix = _times(_matrix(path), around)
    part: list[_Point] = []
    curved = False
    x, y = ctypes.c_float(), ctypes.c_float()
    for index in range(count):
        segment = pdfium_c.FPDFPath_GetPathSegment(path, index)
        kind = pdfium_c.FPDFPathSegment_GetType(segment)
        pdfium_c.FPDFPathSegment_GetPoint(segment, x, y)
        point = _through((x.value, y.value), matrix)
        if kind == pdfium_c.FPDF_SEGMENT_MOVETO:
            yield from _of_part(part, curved, bool(stroke.value), bool(fill.value))
            part, curved = [], False
        curved = curved or kind == pdfium_c.FPDF_SEGMENT_BEZIERTO
        part.append(point)
        if pdfium_c.FPDFPathSegment_GetClose(segment):
            part.append(part[0])
    yield from _of_part(part, curved, bool(stroke.value), bool(fill.value))


def _of_part(
    part: list[_Point],
    curved: bool,
    stroke: bool,
    fill: bool,
) -> Iterator[tuple[float, float, float, float]]:
    if len(part) < 2 or curved:
        return
    around = _around(part)
    if min(around[2] - around[0], around[3] - around[1]) <= _THIN:
        if stroke or fill:
            yield around
    elif stroke:
        for before, after in pairwise(part):
            yield _around([before, after])


def _matrix(thing: Any) -> _Matrix:
    matrix = pdfium_c.FS_MATRIX()
    if not pdfium_c.FPDFPageObj_GetMatrix(thing, matrix):
        return _SAME
    return (matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f)


def _times(first: _Matrix, then: _Matrix) -> _Matrix:
    a, b, c, d, e, f = first
    return (
        a * then[0] + b * then[2],
        a * then[1] + b * then[3],
        c * then[0] + d * then[2],
        c * then[1] + d * then[3],
        e * then[0] + f * then[2] + then[4],
        e * then[1] + f * then[3] + then[5],
    )


def _through(point: _Point, matrix: _Matrix) -> _Point:
    a, b, c, d, e, f = matrix
    return point[0] * a + point[1] * c + e, point[0] * b + point[1] * d + f


def _around(points: list[_Point]) -> tuple[float, float, float, float]:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)

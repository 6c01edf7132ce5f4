"""The straight lines of a page of a PDF (strokes, thin bars and thin pictures), and its pictures."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ingest.readers.matrices import SAME, Matrix, through, times
from ingest.readers.page_content import rulings_of_path
from ingest.readers.source import Box

_SHORTEST = 4.0
_MOST_OBJECTS = 50_000
_MOST_SEGMENTS = 400
"""Of one path: more is a drawing."""
_DEEPEST = 6

_Point = tuple[float, float]


def find_drawn(
    page: pdfium.PdfPage, shown: Callable[[float, float, float, float], Box]
) -> tuple[list[Box], list[Box]]:
    """The boxes of the level and upright lines of a page, and those of its pictures.

    Args:
        page: the page.
        shown: left, bottom, right and top in its own coordinates → its box on the page as shown.
    """
    found: list[Box] = []
    pictures: list[Box] = []
    for thing, matrix in _objects(page):
        kind = pdfium_c.FPDFPageObj_GetType(thing)
        if kind == pdfium_c.FPDF_PAGEOBJ_PATH:
            found += _of_path(thing, matrix)
        elif kind == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            own = times(_matrix(thing), matrix)
            corners = [through(p, own) for p in ((0.0, 0.0), (1.0, 1.0))]
            if thin := rulings_of_path(corners, stroke=False, fill=True):
                found += thin
            else:
                xs, ys = zip(*corners, strict=True)
                pictures.append(shown(min(xs), min(ys), max(xs), max(ys)))
    long = (box for box in found if max(box.right - box.left, box.bottom - box.top) >= _SHORTEST)
    return [shown(*box) for box in long], pictures


def _objects(page: pdfium.PdfPage) -> Iterator[tuple[Any, Matrix]]:
    """The paths and pictures of a page, those of its forms too, each with the matrix around it."""
    waiting: list[tuple[Any, int, Matrix]] = []
    left = _MOST_OBJECTS
    for index in range(min(pdfium_c.FPDFPage_CountObjects(page.raw), left)):
        waiting.append((pdfium_c.FPDFPage_GetObject(page.raw, index), 0, SAME))
    while waiting and left > 0:
        thing, depth, matrix = waiting.pop()
        left -= 1
        kind = pdfium_c.FPDFPageObj_GetType(thing)
        if kind == pdfium_c.FPDF_PAGEOBJ_FORM:
            if depth < _DEEPEST:
                inner = times(_matrix(thing), matrix)
                for index in range(min(pdfium_c.FPDFFormObj_CountObjects(thing), left)):
                    waiting.append((pdfium_c.FPDFFormObj_GetObject(thing, index), depth + 1, inner))
        elif kind != pdfium_c.FPDF_PAGEOBJ_TEXT:
            yield thing, matrix


def _of_path(path: Any, around: Matrix) -> Iterator[Box]:
    """The lines of a path; boxes have the lower edge as their top, as in the file."""
    count = pdfium_c.FPDFPath_CountSegments(path)
    if not 0 < count <= _MOST_SEGMENTS:
        return
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium_c.FPDFPath_GetDrawMode(path, fill, stroke)
    matrix = times(_matrix(path), around)
    x, y = ctypes.c_float(), ctypes.c_float()
    parts: list[list[_Point]] = [[]]
    curved = False
    for index in range(count):
        segment = pdfium_c.FPDFPath_GetPathSegment(path, index)
        kind = pdfium_c.FPDFPathSegment_GetType(segment)
        pdfium_c.FPDFPathSegment_GetPoint(segment, x, y)
        if kind == pdfium_c.FPDF_SEGMENT_MOVETO:
            parts.append([])
            curved = False
        elif kind == pdfium_c.FPDF_SEGMENT_BEZIERTO:
            parts[-1] = []
            curved = True
        if not curved:
            parts[-1].append(through((x.value, y.value), matrix))
            if pdfium_c.FPDFPathSegment_GetClose(segment):
                parts[-1].append(parts[-1][0])
    for part in parts:
        yield from rulings_of_path(part, stroke=bool(stroke.value), fill=bool(fill.value))


def _matrix(thing: Any) -> Matrix:
    matrix = pdfium_c.FS_MATRIX()
    if not pdfium_c.FPDFPageObj_GetMatrix(thing, matrix):
        return SAME
    return (matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f)

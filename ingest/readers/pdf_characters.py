"""A page of a PDF → its characters with boxes and its ruling lines, by pdfium."""

from __future__ import annotations

import ctypes
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ingest.readers.page_content import GlyphRun, PageContent, turn_box
from ingest.readers.page_lines import is_narrow
from ingest.readers.pdf_rulings import find_drawn
from ingest.readers.printed_forms import UNREADABLE, is_unreadable
from ingest.readers.source import Box, PageSize
from kb.errors import SourceError

_ABOVE, _BELOW = 0.88, 0.12
"""Of the em, above and below the base line (the em box of Chinese fonts)."""
_MOST_CHARACTERS = 200_000
"""A page of newsprint has 10,000."""
_TOUCH = 0.15
"""Of the em: room between characters of a run."""
_SPREAD = 0.6
"""The same of Chinese characters that are spread evenly over a line."""
_ALIKE = 0.06
_BLANKS = frozenset(
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff"
) | frozenset(map(chr, range(0x2000, 0x200C)))
_HYPHEN = "\x02"
"""What pdfium gives for a hyphen at the end of a line."""
_INVISIBLE = 3
"""Rendering mode of text that is not painted (ISO 32000-1, 9.3.6): what was recognised under a
picture."""
_UNREADABLE_SHARE = 0.3
_LARGE = 0.1
"""Of a page: a picture that may hold a table or text; emblems, seals and signatures are smaller."""


class PdfPage(NamedTuple):
    """A page: its content, the words that stand at another angle, how many characters lie outside it
    and how many are not painted, how many large pictures it has, and whether it is empty."""

    content: PageContent
    turned: str
    outside: int
    invisible: int
    pictures: int
    blank: bool

    @property
    def has_text(self) -> bool:
        """Whether it has text that can be read."""
        characters = sum(len(run.text) for run in self.content.runs)
        lost = sum(is_unreadable(c) for run in self.content.runs for c in run.text)
        return characters > 0 and lost <= _UNREADABLE_SHARE * characters


class _Style(NamedTuple):
    """What the characters of a text object share: size in points, direction in degrees clockwise on
    the page as shown (None: none of the four), bold, whether it is painted."""

    size: float
    direction: int | None
    bold: bool
    painted: bool


class _Glyph(NamedTuple):
    text: str
    box: Box
    style: _Style


def read_page(page: pdfium.PdfPage, number: int, name: str) -> PdfPage:
    """The characters of a page, with boxes on the page as it is shown.

    Raises:
        SourceError: it has over 200,000 characters.
    """
    shown = Shown(page)
    glyphs: list[_Glyph] = []
    outside = invisible = 0
    words = page.get_textpage()
    try:
        count = pdfium_c.FPDFText_CountChars(words.raw)
        if count > _MOST_CHARACTERS:
            raise SourceError(
                f"第 {number} 页有 {count} 个字符, 超过上限 {_MOST_CHARACTERS} / page {number} has "
                f"{count} characters, over the limit of {_MOST_CHARACTERS}",
                hint="请拆分后再导入 / split it and try again",
                path=name,
            )
        for glyph in _glyphs(words.raw, count, shown):
            if glyph.text != " " and not shown.holds(glyph.box):
                outside += 1
                continue
            invisible += not glyph.style.painted
            glyphs.append(glyph)
    finally:
        words.close()
    directions = Counter(glyph.style.direction for glyph in glyphs if glyph.text != " ")
    known = {d: n for d, n in directions.items() if d is not None}
    upright = max(known, key=lambda d: (known[d], -d), default=0)
    kept = (glyph for glyph in glyphs if glyph.style.direction == upright)
    runs = _upright_runs(kept, shown.size, -upright % 360)
    turned = "".join(glyph.text for glyph in glyphs if glyph.style.direction != upright)
    rulings, pictures = find_drawn(page, shown.box)
    content = PageContent(number, shown.size, runs, rulings, -upright % 360)
    whole = shown.size.width * shown.size.height
    large = sum((b.right - b.left) * (b.bottom - b.top) >= _LARGE * whole for b in pictures)
    blank = not count and not pdfium_c.FPDFPage_CountObjects(page.raw)
    return PdfPage(content, " ".join(turned.split()), outside, invisible, large, blank)


class Shown:
    """Coordinates of a page (from the left lower corner, upwards, before its rotation) → points from the
    left upper corner of the page as it is shown."""

    def __init__(self, page: pdfium.PdfPage) -> None:
        rect = pdfium_c.FS_RECTF()
        if pdfium_c.FPDF_GetPageBoundingBox(page.raw, rect):
            self._frame = (rect.left, rect.bottom, rect.right, rect.top)
        else:
            self._frame = (0.0, 0.0, page.get_width(), page.get_height())
        self.turn = page.get_rotation() % 360
        width, height = self._frame[2] - self._frame[0], self._frame[3] - self._frame[1]
        self.size = PageSize(height, width) if self.turn % 180 else PageSize(width, height)

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """A box of the page on the page as shown."""
        x0, y0, x1, y1 = self._frame
        if self.turn == 0:
            return Box(left - x0, y1 - top, right - x0, y1 - bottom)
        if self.turn == 90:
            return Box(bottom - y0, left - x0, top - y0, right - x0)
        if self.turn == 180:
            return Box(x1 - right, bottom - y0, x1 - left, top - y0)
        return Box(y1 - top, x1 - right, y1 - bottom, x1 - left)

    def holds(self, box: Box) -> bool:
        """Whether the middle of a box is on the page."""
        x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        return 0 <= x <= self.size.width and 0 <= y <= self.size.height


def _glyphs(words: Any, count: int, shown: Shown) -> Iterator[_Glyph]:
    """The characters of a page in the order of its file; blanks as U+0020."""
    rect = pdfium_c.FS_RECTF()
    x, y = ctypes.c_double(), ctypes.c_double()
    styles: dict[int | None, _Style] = {}
    high = 0
    for index in range(count):
        code = pdfium_c.FPDFText_GetUnicode(words, index)
        if 0xD800 <= code < 0xDC00:
            high = code
            continue
        if high and 0xDC00 <= code < 0xE000:
            code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00)
        high = 0
        if pdfium_c.FPDFText_IsGenerated(words, index) == 1:
            continue
        owner = ctypes.cast(pdfium_c.FPDFText_GetTextObject(words, index), ctypes.c_void_p).value
        style = styles.get(owner)
        if style is None:
            style = styles[owner] = _style(words, index, shown.turn)
        pdfium_c.FPDFText_GetLooseCharBox(words, index, rect)
        box = (rect.left, rect.bottom, rect.right, rect.top)
        if style.direction == shown.turn:  # along the lines of the page as it is in the file
            pdfium_c.FPDFText_GetCharOrigin(words, index, x, y)
            base = y.value
            box = (rect.left, base - _BELOW * style.size, rect.right, base + _ABOVE * style.size)
        character = _character(code, pdfium_c.FPDFText_HasUnicodeMapError(words, index) == 1)
        if character:
            yield _Glyph(character, shown.box(*box), style)


def _character(code: int, unknown: bool) -> str:
    """The character of a code: a blank for all blanks, nothing for what has no width."""
    character = chr(code) if code < 0x110000 else UNREADABLE
    if character in _BLANKS:
        return " "
    if character in {_HYPHEN, "\u00ad"}:
        return character
    if unknown or code < 0x20 or 0x7F <= code < 0xA0 or code & 0xFFFE == 0xFFFE:
        return UNREADABLE
    if 0xD800 <= code < 0xE000:
        return UNREADABLE
    return character


def _style(words: Any, index: int, turn: int) -> _Style:
    matrix = pdfium_c.FS_MATRIX()
    pdfium_c.FPDFText_GetMatrix(words, index, matrix)
    size = pdfium_c.FPDFText_GetFontSize(words, index)
    size *= math.hypot(matrix.c, matrix.d) or 1.0
    angle = turn - math.degrees(math.atan2(matrix.b, matrix.a))
    nearest = round(angle / 90) * 90
    weight = pdfium_c.FPDFText_GetFontWeight(words, index)
    owner = pdfium_c.FPDFText_GetTextObject(words, index)
    mode = pdfium_c.FPDFTextObj_GetTextRenderMode(owner) if owner else 0
    return _Style(
        round(size, 2) or 1.0,
        nearest % 360 if abs(angle - nearest) < 5 else None,
        600 <= weight <= 1000,
        mode != _INVISIBLE,
    )


def _upright_runs(glyphs: Iterator[_Glyph], size: PageSize, turn: int) -> list[GlyphRun]:
    """Runs of characters of one direction, found where it is level, with boxes as shown."""
    if not turn:
        return [*_runs(glyphs)]
    turned = size if turn == 180 else PageSize(size.height, size.width)
    level = (glyph._replace(box=turn_box(glyph.box, size, turn)) for glyph in glyphs)
    return [run._replace(box=turn_box(run.box, turned, 360 - turn)) for run in _runs(level)]


def _runs(glyphs: Iterator[_Glyph]) -> Iterator[GlyphRun]:
    """Characters of one style that stand side by side, evenly: of one run each takes the same share of
    its box."""
    run: list[_Glyph] = []
    gap = width = 0.0
    blank = False
    for glyph in glyphs:
        if glyph.text == " ":
            if run:
                yield _run(run, blank)
            run, blank = [], True
            continue
        own = glyph.box.right - glyph.box.left
        if run:
            last = run[-1]
            em = last.style.size
            room = glyph.box.left - last.box.right
            even = len(run) == 1 or abs(room - gap) < _ALIKE * em
            wide = not is_narrow(last.text) and not is_narrow(glyph.text)
            if (
                glyph.style == last.style
                and abs(glyph.box.bottom - last.box.bottom) < 0.1 * em
                and abs(own - width) < _ALIKE * em
                and even
                and -_TOUCH * em < room < (_SPREAD if wide else _TOUCH) * em
            ):
                gap = room if len(run) == 1 else gap
                run.append(glyph)
                continue
            yield _run(run, blank)
            blank = False
        run, width = [glyph], own
    if run:
        yield _run(run, blank)


def _run(glyphs: list[_Glyph], blank: bool) -> GlyphRun:
    first, last = glyphs[0], glyphs[-1]
    return GlyphRun(
        "".join(glyph.text for glyph in glyphs),
        Box(
            min(first.box.left, last.box.left),
            min(first.box.top, last.box.top),
            max(first.box.right, last.box.right),
            max(first.box.bottom, last.box.bottom),
        ),
        first.style.size,
        first.style.bold,
        None,
        blank,
    )

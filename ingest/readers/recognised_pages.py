"""A page after recognition, in points, as the layout takes it; with all that is told of it. It is kept
as JSON, so that a page is recognised once however often the reading of its file is tried."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from ingest.readers.images import Pixels
from ingest.readers.ocr import Character, TextLine, model_digest, recognise
from ingest.readers.page_content import GlyphRun, PageContent
from ingest.readers.page_lines import are_words
from ingest.readers.rulings import find_rulings
from ingest.readers.source import Box, PageSize
from ingest.readers.unread import find_unread

DOUBTFUL = 0.9
"""Confidence under which a character is doubtful: on noisy pages one of 1,000 that are right is below
it (of Chinese characters and figures), and so are the wrong ones that were seen."""
_LOOKALIKES = frozenset("()（）[]【】〔〕《》〈〉「」『』\"'“”‘’,，;；:：-—–―·.．。、 ")
"""Marks between whose forms (half or full width) the model is in doubt on every page, and a fact does
not hang on them; beside a figure they count (0.5, 1,000, 2022-2027)."""
_LONGEST_RUN = 12
"""Characters of a run: on a page with a skew of 3 degrees the box of one is then half a line high."""
_GAP = 0.6
"""Of the size: room between the boxes of two characters that begins a new run."""
_LEAST_PRINT = 24.0
"""Pixels: size of the print where no line says it."""
_MOST_KEPT = 2000
"""Pages, of 20 kB each; the oldest go."""
_VERSION = 1


@dataclass(frozen=True, slots=True)
class RecognisedPage:
    """One page.

    Args:
        number: from 1.
        shown: its size in points, as it is shown.
        size: the same once it stands upright.
        back: six numbers a, b, c, d, e, f: a point (x, y) of the upright page is shown at
            (ax + by + c, dx + ey + f).
        runs, rulings: on the upright page, in points.
        unread: boxes with ink of which nothing was read, and whether in the midst of a line.
        seals: boxes of seals, as shown.
        quarters: of a circle by which the page was turned counter-clockwise to stand upright.
        skew: degrees by which it was then turned.
    """

    number: int
    shown: PageSize
    size: PageSize
    back: tuple[float, ...]
    runs: tuple[GlyphRun, ...]
    rulings: tuple[Box, ...]
    unread: tuple[tuple[Box, bool], ...]
    seals: tuple[Box, ...]
    quarters: int
    skew: float

    @property
    def content(self) -> PageContent:
        """As the layout takes it."""
        return PageContent(self.number, self.size, self.runs, self.rulings)

    def put_back(self, box: Box) -> Box:
        """Where a box of the upright page is shown."""
        a, b, c, d, e, f = self.back
        corners = [(x, y) for x in (box.left, box.right) for y in (box.top, box.bottom)]
        xs = [a * x + b * y + c for x, y in corners]
        ys = [d * x + e * y + f for x, y in corners]
        return Box(*(round(v, 2) for v in (min(xs), min(ys), max(xs), max(ys))))


def recognise_page(
    pixels: Pixels,
    number: int,
    shown: PageSize,
    keep: Path | None = None,
    kept: Callable[[Path], None] = lambda _path: None,
) -> RecognisedPage:
    """Recognise a page, or take what was kept of one with the same pixels.

    Args:
        pixels: the page as it is shown.
        number: from 1.
        shown: its size in points.
        keep: folder of what is kept; it need not be there.
        kept: is told where that of this page is.

    Raises:
        ocr.TooMuchError: there are more lines on it than any page has.
    """
    path = keep / f"{_key(pixels, shown)}.json" if keep is not None else None
    if path is not None:
        kept(path)
        if (before := _load(path, number)) is not None:
            return before
    found = _recognise(pixels, number, shown)
    if path is not None:
        _save(path, found)
    return found


def is_doubtful(words: str, confidence: float | None) -> bool:
    """Whether characters that were recognised together are in doubt, beyond the form of a mark."""
    return (
        confidence is not None
        and confidence < DOUBTFUL
        and not all(c in _LOOKALIKES for c in words)
    )


def _recognise(pixels: Pixels, number: int, shown: PageSize) -> RecognisedPage:
    page = recognise(pixels)
    ready = page.ready
    height, width = ready.pixels.shape[:2]
    # Points of a pixel of the ready picture; pages are shown without distortion.
    turned = ready.quarters % 2 == 1
    each = (shown.height if turned else shown.width) / width
    print_size = median([line.size for line in page.lines]) if page.lines else _LEAST_PRINT
    rulings = find_rulings(ready.pixels, print_size)
    upright = [box for box in rulings if box.bottom - box.top > box.right - box.left]
    runs = [run for line in page.lines for run in _runs(line, upright, each)]
    matrix = ready.back.matrix
    across, down = shown.width / pixels.shape[1], shown.height / pixels.shape[0]
    back = (
        *(float(v) * across / each for v in matrix[0, :2]), float(matrix[0, 2]) * across,
        *(float(v) * down / each for v in matrix[1, :2]), float(matrix[1, 2]) * down,
    )  # fmt: skip
    return RecognisedPage(
        number=number,
        shown=shown,
        size=PageSize(round(width * each, 2), round(height * each, 2)),
        back=tuple(round(v, 6) for v in back),
        runs=tuple(runs),
        rulings=tuple(_scaled(box, each) for box in rulings),
        unread=tuple((_scaled(u.box, each), u.inside is not None) for u in find_unread(page)),
        seals=tuple(
            Box(*(round(v * (across, down)[n % 2], 2) for n, v in enumerate(box)))
            for box in ready.seals
        ),
        quarters=ready.quarters,
        skew=ready.skew,
    )


def _scaled(box: Box, each: float) -> Box:
    return Box(*(round(value * each, 2) for value in box))


def _runs(line: TextLine, upright: Sequence[Box], each: float) -> Iterator[GlyphRun]:
    """The characters of a line as runs: parted where there is room between two or a ruling line, and
    where doubt begins and ends."""
    middle = (line.box.top + line.box.bottom) / 2
    cuts = [box.left for box in upright if box.top <= middle <= box.bottom]
    doubts = [*_doubts(line.characters)]
    run: list[Character] = []
    doubtful = False
    for character, doubt in zip(line.characters, doubts, strict=True):
        if run and (
            doubt != doubtful
            or len(run) >= _LONGEST_RUN
            or character.box.left - run[-1].box.right > _GAP * line.size
            or any(_middle(run[-1]) < cut < _middle(character) for cut in cuts)
        ):
            yield _run(run, line.size, each)
            run = []
        doubtful = doubt
        run.append(character)
    if run:
        yield _run(run, line.size, each)


def _doubts(characters: Sequence[Character]) -> Iterator[bool]:
    """Of each character whether it is doubtful; a mark only beside a figure."""
    for index, character in enumerate(characters):
        unsure = character.confidence < DOUBTFUL
        if unsure and character.word in _LOOKALIKES:
            before = characters[index - 1].word if index else ""
            after = characters[index + 1].word if index + 1 < len(characters) else ""
            unsure = character.word in ".．,，-—–" and before.isdigit() and after.isdigit()
        yield unsure


def _middle(character: Character) -> float:
    return (character.box.left + character.box.right) / 2


def _run(characters: Sequence[Character], size: float, each: float) -> GlyphRun:
    words = characters[0].word
    for before, after in pairwise(characters):
        words += " " * (after.blank and are_words(before.word, after.word)) + after.word
    left = min(c.box.left for c in characters)
    right = max(c.box.right for c in characters)
    middle = sum(c.box.top + c.box.bottom for c in characters) / len(characters) / 2
    box = _scaled(Box(left, middle - size / 2, right, middle + size / 2), each)
    # The form of a mark says nothing of the characters beside it.
    sure = [c.confidence for c in characters if c.word not in _LOOKALIKES]
    confidence = min(sure or [c.confidence for c in characters])
    if any(_doubts(characters)):
        confidence = min(confidence, *(c.confidence for c in characters))
    return GlyphRun(words, box, round(size * each, 2), confidence=confidence)


def _key(pixels: Pixels, shown: PageSize) -> str:
    whole = hashlib.sha256(f"{_VERSION} {model_digest()} {pixels.shape} {tuple(shown)}".encode())
    whole.update(np.ascontiguousarray(pixels).tobytes())
    return whole.hexdigest()


def _save(path: Path, page: RecognisedPage) -> None:
    """Keep a page; a full disk only costs another recognition."""
    body = {name: getattr(page, name) for name in page.__slots__}
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = sorted(path.parent.glob("*.json"), key=lambda other: other.stat().st_mtime)
        for old in kept[: max(0, len(kept) - _MOST_KEPT)]:
            old.unlink(missing_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(body, ensure_ascii=False), "utf-8")
        part.replace(path)
    except OSError:
        return


def _load(path: Path, number: int) -> RecognisedPage | None:
    """What is kept of a page, None where there is nothing or it is damaged."""
    try:
        body: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return RecognisedPage(
            number=number,
            shown=PageSize(*body["shown"]),
            size=PageSize(*body["size"]),
            back=tuple(body["back"]),
            runs=tuple(GlyphRun(text, Box(*box), *more) for text, box, *more in body["runs"]),
            rulings=tuple(Box(*box) for box in body["rulings"]),
            unread=tuple((Box(*box), bool(inside)) for box, inside in body["unread"]),
            seals=tuple(Box(*box) for box in body["seals"]),
            quarters=int(body["quarters"]),
            skew=float(body["skew"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None

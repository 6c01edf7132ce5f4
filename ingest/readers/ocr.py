"""Recognition: the picture of a page → its lines, each character with its place and confidence.

The models are those of the rapidocr wheel (PP-OCRv6, Apache-2.0), named by their paths, so that
nothing is ever fetched; they run in onnxruntime on one thread, which makes the same characters of
the same pixels.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import cv2
import numpy as np

from ingest.readers.images import Pixels
from ingest.readers.source import Box
from ingest.readers.straighten import READ_SIDE, Ready, make_ready

GOOD = 0.85
"""Mean confidence of a page that stands upright: of 14 pages of two scanned notices the lowest had .99,
and the highest of the same pages upside down .78."""
MOST_COLUMNS = 400_000
"""Pixels of all lines of a page at the height of 48 at which they are recognised: 30,000 take a
second on one core, and a full page of small print has 90,000."""
MOST_LINES = 900
_HEIGHT = 48
_JUDGED = 8
"""Lines by which it is judged whether a page is the right way up: the longest."""
_PAGE_NUMBER = re.compile(r"[-—–一]\s*\d{1,4}\s*[-—–一]")
_OVER, _ABOUT = 1.2, 0.3
"""By how much the box of a line is higher than its print, where the page does not tell; and how much
the heights of boxes around lines of one size differ (1.27 times as high around `.50.45`)."""
_STEPS = 3
"""Steps between characters of which the size of the print is told."""
_TALL = 1.5
"""A box so much higher than wide holds a line that runs down the page (as rapidocr has it)."""
_MODELS = ("PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx")


class Character(NamedTuple):
    """A character with its box in pixels of the ready picture and its confidence, 0 to 1; `blank`:
    one was read before it."""

    word: str
    box: Box
    confidence: float
    blank: bool = False


class TextLine(NamedTuple):
    """A line as it was found: its box in pixels of the ready picture, its characters from left to
    right, and the size of its print in pixels."""

    box: Box
    characters: tuple[Character, ...]
    size: float

    @property
    def text(self) -> str:
        """Its characters."""
        return "".join(c.word for c in self.characters)


class Recognised(NamedTuple):
    """A page after recognition, with the picture on which its lines were found."""

    ready: Ready
    lines: tuple[TextLine, ...]


class TooMuchError(Exception):
    """A page with more on it than can be recognised in time; `lines` found on it."""

    def __init__(self, lines: int) -> None:
        super().__init__(lines)
        self.lines = lines


def recognise(page: Pixels) -> Recognised:
    """The lines of a page, in no order that matters. Where they run down it, or are badly read, the
    page is turned by quarters of a circle, and the way that is read best is taken, as its longest
    lines tell.

    Raises:
        TooMuchError: there are more lines on it than any page has.
    """
    ready = make_ready(page)
    found = _detect(ready.pixels)
    on_side = found.tall > 0.5
    lines = () if on_side else tuple(_read(found))
    if not found.boxes or (not on_side and _mean(lines) >= GOOD):
        return Recognised(ready, lines)
    best = (0.0 if on_side else _judge(found), ready, found)
    for quarters in (1, 3) if on_side else (2, 1, 3):
        turned = make_ready(page, quarters)
        again = _detect(turned.pixels)
        mean = _judge(again) if again.tall <= 0.5 else 0.0
        best = max(best, (mean, turned, again), key=lambda one: one[0])
        if mean >= GOOD:
            break
    _, ready, found = best
    return Recognised(ready, tuple(_read(found)))


def _mean(lines: Sequence[TextLine]) -> float:
    """The mean confidence by character."""
    seen = [character.confidence for line in lines for character in line.characters]
    return float(np.mean(seen)) if seen else 0.0


def model_digest() -> str:
    """SHA-256 over the models, the version of the library that runs them and how pages are made
    ready for them: readings of other digests may differ."""
    return _digest()


@lru_cache(maxsize=1)
def _digest() -> str:
    whole = hashlib.sha256()
    for path in _model_paths():
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    for library in ("rapidocr", "onnxruntime", "opencv-python-headless", "numpy"):
        whole.update(f"{library} {version(library)} ".encode())
    here = Path(__file__)
    for own in ("ocr.py", "straighten.py", "ink.py", "images.py"):
        whole.update(hashlib.sha256(here.with_name(own).read_bytes()).digest())
    return whole.hexdigest()


class _Found(NamedTuple):
    """Boxes (4 corners each) with what they cut out of the page; `tall`: share of the lines' length
    that runs down."""

    boxes: Sequence[Any]
    crops: Sequence[Any]
    tall: float


def _model_paths() -> tuple[Path, ...]:
    import rapidocr  # noqa: PLC0415 - a second, only where a page is recognised

    folder = Path(rapidocr.__file__).parent / "models"
    return tuple(folder / name for name in _MODELS)


@lru_cache(maxsize=1)
def _engine() -> Any:
    from rapidocr import RapidOCR  # noqa: PLC0415

    detection, recognition = _model_paths()
    return RapidOCR(
        params={
            "Global.use_cls": False,
            "Global.text_score": 0.0,
            "Global.max_side_len": READ_SIDE,
            "Global.return_word_box": True,
            "Global.log_level": "error",
            "Det.model_path": str(detection),
            "Rec.model_path": str(recognition),
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def _detect(pixels: Pixels) -> _Found:
    from rapidocr.main import RapidOCRError  # noqa: PLC0415

    engine = _engine()
    picture = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    try:
        crops, found = engine.detect_and_crop(picture, {})
    except RapidOCRError:  # no line
        return _Found((), (), 0.0)
    boxes = found.boxes
    # A picture very much wider than high is put on a larger ground first.
    padding = (found.img.shape[0] - picture.shape[0]) // 2
    boxes[:, :, 1] -= padding
    columns = sum(_HEIGHT * max(c.shape[:2]) / max(min(c.shape[:2]), 1) for c in crops)
    if len(crops) > MOST_LINES or columns > MOST_COLUMNS:
        raise TooMuchError(len(crops))
    lengths = [(_length(box), _is_tall(box)) for box in boxes]
    down = sum(length for length, tall in lengths if tall)
    return _Found(list(boxes), list(crops), down / max(sum(n for n, _ in lengths), 1.0))


def _length(box: Any) -> float:
    return float(max(np.linalg.norm(box[0] - box[1]), np.linalg.norm(box[0] - box[3])))


def _is_tall(box: Any) -> bool:
    return float(np.linalg.norm(box[0] - box[3])) >= _TALL * float(np.linalg.norm(box[0] - box[1]))


def _judge(found: _Found) -> float:
    """The mean confidence of the longest lines, by character."""
    longest = sorted(range(len(found.crops)), key=lambda i: -_length(found.boxes[i]))[:_JUDGED]
    result = _engine().recognize_txt([found.crops[i] for i in longest])
    seen = [c for info in result.word_results for c in (info.confs or ())]
    return float(np.mean(seen)) if seen else 0.0


class _Words(NamedTuple):
    """A line as the model gives it: its corners, characters (each with its confidence and whether a
    blank was read before it) and the middles of these as shares of its length."""

    corners: Any
    words: list[tuple[str, float, bool]]
    centres: list[float]

    @property
    def tall(self) -> bool:
        """Whether it runs down the page."""
        return _is_tall(self.corners)

    @property
    def height(self) -> float:
        """Of its box, in pixels."""
        a, b, _, d = self.corners
        return float(np.linalg.norm(a - b) if self.tall else np.linalg.norm(a - d))

    def size(self) -> float | None:
        """The size of the print: the step from one Chinese character to the next; None of a line
        with few such steps."""
        length = _length(self.corners)
        steps = [
            (after - before) * length
            for ((a, _, _), before), ((b, _, _), after) in pairwise(
                zip(self.words, self.centres, strict=True)
            )
            if _is_wide(a) and _is_wide(b)
        ]
        if len(steps) < _STEPS:
            return None
        # One step is a few columns of the model and never exact; many are together.
        usual = median(steps)
        alike = [step for step in steps if abs(step - usual) <= usual / 3]
        return min(sum(alike) / len(alike), self.height) if alike else None


def _read(found: _Found) -> list[TextLine]:
    if not found.boxes:
        return []
    result = _engine().recognize_txt(list(found.crops))
    read = zip(found.boxes, result.txts, result.word_results, strict=True)
    lines = [_words(corners, text, info) for corners, text, info in read if text.strip()]
    sizes = [line.size() for line in lines]
    known = [(size, line.height) for size, line in zip(sizes, lines, strict=True) if size]
    usual = median([size for size, _ in known]) if known else 0.0
    over = median([height / size for size, height in known]) if known else _OVER
    return [
        _line(line, size or _likely(line.height / over, usual))
        for line, size in zip(lines, sizes, strict=True)
    ]


def _likely(size: float, usual: float) -> float:
    """The size of a line that does not tell it: that of the page where its height is about the same,
    for marks and figures are lower and higher than characters."""
    return usual if abs(size - usual) <= _ABOUT * usual else size


def _words(corners: Any, text: str, info: Any) -> _Words:
    if _PAGE_NUMBER.fullmatch(text.strip()):
        text = text.replace("一", "—")  # dashes around the number of a page; they look alike
    read = zip(text, info.confs, " " + text, strict=False)
    words = [(c, float(f), before.isspace()) for c, f, before in read if not c.isspace()]
    columns = [column for run in info.word_cols for column in run]
    across = max(float(info.line_txt_len), columns[-1] + 1.0)
    return _Words(corners, words, [(column + 0.5) / across for column in columns])


def _line(line: _Words, size: float) -> TextLine:
    """A line with its characters placed by the columns of the model in which they were found."""
    corners, centres = line.corners, line.centres
    left, top = (float(v) for v in corners.min(axis=0))
    right, bottom = (float(v) for v in corners.max(axis=0))
    half = size / 2 / max(_length(corners), 1.0)
    middles = [0.0, *((a + b) / 2 for a, b in pairwise(centres)), 1.0]
    characters = []
    for index, (word, confidence, blank) in enumerate(line.words):
        at = centres[index]
        start, end = max(at - half, middles[index]), min(at + half, middles[index + 1])
        box = _part(corners, start, end, tall=line.tall)
        characters.append(Character(word, box, round(confidence, 3), blank))
    return TextLine(Box(left, top, right, bottom), tuple(characters), size)


def _part(corners: Any, start: float, end: float, *, tall: bool) -> Box:
    """The part of a box from one share of its length to another."""
    a, b, c, d = corners
    points = (
        [a + (d - a) * start, b + (c - b) * start, a + (d - a) * end, b + (c - b) * end]
        if tall
        else [a + (b - a) * start, d + (c - d) * start, a + (b - a) * end, d + (c - d) * end]
    )
    xs, ys = [float(p[0]) for p in points], [float(p[1]) for p in points]
    return Box(min(xs), min(ys), max(xs), max(ys))


def _is_wide(word: str) -> bool:
    return "\u4e00" <= word <= "\u9fff"

"""Pictures: bytes → pixels as they are shown, with limits before anything is unpacked."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, ImageSequence

from kb.errors import SourceError

Pixels = NDArray[np.uint8]
"""Rows × columns × 3, red, green and blue."""

LEAST_SIDE = 16
"""Pixels: nothing that can be read is lower than a line of the smallest print."""
MOST_SIDE = 20_000
MOST_PIXELS = 80_000_000
"""An A3 page at 600 dpi has 70 million; as pixels in memory this is 240 MB."""
WORKING_SIDE = 2400
"""Pixels of the longer side that is kept: A4 at 200 dpi has 2339, and of more nothing is read (see
`straighten.READ_SIDE`)."""
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
_BROKEN = (OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, EOFError)
"""What the library raises of files that are cut off or damaged (`struct.error` apart)."""


def pages_of(data: bytes, name: str, most: int, least: int = LEAST_SIDE) -> Iterator[Pixels]:
    """The pictures of a file one by one: the pages of a TIFF, the first frame of a moving picture.
    Each is turned as its EXIF says, put on white where it is transparent, and no larger than
    `WORKING_SIDE`.

    Raises:
        SourceError: damaged, a side under `least` pixels, too large to be read, over `most` pages.
    """
    for number, picture in enumerate(_frames(data, name, most, least), start=1):
        yield _guarded(lambda picture=picture: _pixels(picture), name, number)


def join_pages(files: Sequence[tuple[bytes, str]], most: int) -> bytes:
    """Pictures that are the pages of one document, in their order, as one TIFF file without loss.

    Args:
        files: bytes and name of each.
        most: pages that one document may have.

    Raises:
        SourceError: one of them is damaged, too small or too large; names it.
    """
    pages = [
        Image.fromarray(pixels) for data, name in files for pixels in pages_of(data, name, most)
    ]
    written = io.BytesIO()
    first, *rest = pages
    first.save(written, "TIFF", save_all=True, append_images=rest, compression="tiff_adobe_deflate")
    return written.getvalue()


def count_pages(data: bytes, name: str) -> int:
    """How many pictures a file has that are pages."""
    picture = _opened(data, name)
    with picture:
        if picture.format != "TIFF":
            return 1
        return int(_guarded(lambda: getattr(picture, "n_frames", 1), name, 1))


def shrunk(picture: Image.Image) -> Image.Image:
    """A picture whose longer side is at most `WORKING_SIDE`."""
    longer = max(picture.size)
    if longer <= WORKING_SIDE:
        return picture
    size = [max(1, round(side * WORKING_SIDE / longer)) for side in picture.size]
    return picture.resize((size[0], size[1]), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _frames(data: bytes, name: str, most: int, least: int) -> Iterator[Image.Image]:
    with _opened(data, name) as picture:
        if picture.format != "TIFF":
            check_size(picture.size, name, 1, least)
            yield picture
            return
        frames = ImageSequence.Iterator(picture)
        number = 0
        while True:
            number += 1
            frame = _guarded(lambda: next(frames, None), name, number)
            if frame is None:
                return
            if number > most:
                raise SourceError(f"超过 {most} 页 / over {most} pages", path=name)
            check_size(frame.size, name, number, least)
            yield frame


def _opened(data: bytes, name: str) -> Image.Image:
    def opened() -> Image.Image:
        Image.init()  # the formats that it knows by themselves are not all
        return Image.open(io.BytesIO(data), formats=_FORMATS)

    picture: Image.Image = _guarded(opened, name, 1)
    return picture


def check_size(size: tuple[int, int], name: str, number: int, least: int) -> None:
    """Refuse a picture of so many pixels, before it is unpacked.

    Raises:
        SourceError: a side is under `least` pixels, or there are more than are read.
    """
    width, height = size
    told = f"第 {number} 页为 {width}×{height} 像素"
    english = f"page {number} has {width}×{height} pixels"
    if min(width, height) < least:
        raise SourceError(
            f"图片太小, 读不出文字: {told} / the picture is too small to be read: {english}",
            hint="请换用原图再导入 / use the original picture",
            path=name,
        )
    if max(width, height) > MOST_SIDE or width * height > MOST_PIXELS:
        raise _too_large(told, english, name)


def _too_large(told: str, english: str, name: str) -> SourceError:
    return SourceError(
        f"图片太大: {told} (边长不超过 {MOST_SIDE}, 总数不超过 {MOST_PIXELS} 像素) / the picture is too large: "
        f"{english} (no side over {MOST_SIDE} pixels, {MOST_PIXELS} in all)",
        hint="请按页切开, 或用 200 dpi 重新扫描 / cut it into pages, or scan it again at 200 dpi",
        path=name,
    )


def _pixels(picture: Image.Image) -> Pixels:
    if picture.format == "JPEG":
        picture.draft("RGB", (WORKING_SIDE, WORKING_SIDE))
    turned = ImageOps.exif_transpose(picture)
    if turned.mode.startswith("I") or turned.mode == "F":
        turned = _eight_bits(turned)
    turned = shrunk(turned if turned.mode not in ("1", "P", "PA") else turned.convert("RGBA"))
    if turned.mode in ("RGBA", "LA", "La", "RGBa"):
        clear = turned.convert("RGBA")
        white = Image.new("RGBA", clear.size, "white")
        turned = Image.alpha_composite(white, clear)
    return np.ascontiguousarray(np.asarray(turned.convert("RGB"), dtype=np.uint8))


def _eight_bits(picture: Image.Image) -> Image.Image:
    """A picture of 16 or 32 bits a pixel, its range stretched to 8: conversion would cut it off."""
    values = np.asarray(picture, dtype=np.float32)
    low, high = float(values.min()), float(values.max())
    scaled = (values - low) * (255.0 / max(high - low, 1.0))
    return Image.fromarray(scaled.astype(np.uint8))


def _guarded(work: Any, name: str, number: int) -> Any:
    """What `work` gives; what the library raises becomes an error that names the page."""
    try:
        with warnings.catch_warnings():
            # Damaged EXIF and TIFF tags; the limit on size is our own.
            warnings.simplefilter("ignore")
            return work()
    except (SourceError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(f"第 {number} 页", f"page {number}", name) from error
    except Exception as error:
        known = isinstance(error, _BROKEN)
        told = str(error) if known else type(error).__name__
        raise SourceError(
            f"第 {number} 页的图片损坏或不完整 / the picture of page {number} is damaged or cut off: {told}",
            hint="请重新取得或重新扫描 / get or scan it anew",
            path=name,
        ) from error

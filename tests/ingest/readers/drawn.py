"""Pages drawn like those of office documents, to be recognised: small ones, so that a test is quick."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pylopdf_fonts_zh_cn
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE = 44
"""Pixels of 16 points at 200 dpi."""
_FONTS = Path(pylopdf_fonts_zh_cn.__file__).parent
WIDTH, HEIGHT = 1654, 2339
"""A4 at 200 dpi."""


def font(size: int = SIZE) -> ImageFont.FreeTypeFont:
    """A Chinese font."""
    return ImageFont.truetype(str(_FONTS / "NotoSerifSC-Regular.otf"), size)


def page(
    lines: list[tuple[int, int, str]], width: int = WIDTH, height: int = HEIGHT, size: int = SIZE
) -> Image.Image:
    """Lines at (left, top) on white."""
    drawn = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(drawn)
    for left, top, words in lines:
        pen.text((left, top), words, font=font(size), fill=(20, 20, 20))
    return drawn


def wrapped(
    text: str, width: int = 1222, left: int = 216, top: int = 300
) -> list[tuple[int, int, str]]:
    """A paragraph as lines: indented by two characters, 28 points apart."""
    each, lines, x = font(), [], 2 * SIZE
    words = ""
    for character in text:
        step = each.getlength(character)
        if x + step > width and character not in "，。、；：）":
            lines.append(words)
            words, x = "", 0
        words += character
        x += step
    lines.append(words)
    return [
        (left + (2 * SIZE if number == 0 else 0), top + 78 * number, line)
        for number, line in enumerate(lines)
    ]


def sealed(drawn: Image.Image, x: int, y: int, radius: int = 230) -> Image.Image:
    """With a red round seal; its ink lets the print below through."""
    layer = Image.new("RGB", drawn.size, "white")
    pen = ImageDraw.Draw(layer)
    red = (214, 45, 50)
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=red, width=12)
    star = [(x, y - 80), (x + 76, y - 25), (x + 47, y + 65), (x - 47, y + 65), (x - 76, y - 25)]
    pen.polygon([star[i] for i in (0, 2, 4, 1, 3)], fill=red)
    pen.text((x - 150, y + 110), "某某区人民政府", font=font(SIZE), fill=red)
    mixed = np.asarray(drawn, np.float32) * np.asarray(layer, np.float32) / 255
    return Image.fromarray(mixed.astype(np.uint8))


def headed(drawn: Image.Image, words: str, top: int = 120) -> Image.Image:
    """With a red head: who issues it in large red characters, and a red line below."""
    pen, shown = ImageDraw.Draw(drawn), font(2 * SIZE)
    left = (drawn.width - shown.getlength(words)) / 2
    pen.text((left, top), words, font=shown, fill=(205, 30, 40))
    pen.rectangle((180, top + 150, drawn.width - 180, top + 156), fill=(205, 30, 40))
    return drawn


def scanned(drawn: Image.Image, skew: float = 2.0, noise: float = 10.0) -> Image.Image:
    """Like a scan: turned by `skew` degrees, not sharp, with noise, as JPEG."""
    turned = drawn.rotate(skew, resample=Image.Resampling.BICUBIC, fillcolor="white")
    values = np.asarray(turned.filter(ImageFilter.GaussianBlur(0.8)), np.float32)
    grain = np.random.default_rng(1).normal(0, noise, values.shape[:2])
    values = np.clip(values * 0.94 + 8 + grain[:, :, None], 0, 255)
    return Image.open(io.BytesIO(as_bytes(Image.fromarray(values.astype(np.uint8)), "JPEG")))


def as_bytes(drawn: Image.Image, kind: str = "PNG", **more: object) -> bytes:
    """The bytes of a file."""
    written = io.BytesIO()
    drawn.save(written, kind, **more)
    return written.getvalue()


def pixels(drawn: Image.Image) -> np.ndarray:
    """As the readers take it."""
    return np.ascontiguousarray(np.asarray(drawn.convert("RGB"), dtype=np.uint8))

"""Pages of an OFD file that are pictures → one picture a page, as it is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image

from ingest.readers.images import pages_of, shrunk
from ingest.readers.jbig2 import is_jbig2, read_jbig2
from ingest.readers.matrices import Matrix
from ingest.readers.packages import Package
from ingest.readers.source import PageSize
from kb.errors import SourceError, joined

_FLAT = 1e-6
"""Pixels: a picture of less area is not drawn."""


def draw(
    package: Package, size: PageSize, pictures: Sequence[tuple[str, Matrix]], scale: float
) -> Image.Image:
    """A page of pictures.

    Args:
        package: the file.
        size: in points.
        pictures: from below upwards, the part of each and its matrix from the unit square to points.
        scale: pixels a point.

    Raises:
        SourceError: a picture is damaged, too large, or of a kind that is not read.
    """
    sheet = Image.new("RGB", (round(size.width * scale), round(size.height * scale)), "white")
    for part, matrix in pictures:
        _paste(sheet, _open(package, part), matrix, scale)
    return sheet


def _open(package: Package, part: str) -> Image.Image:
    data = package.read(part)
    try:
        if is_jbig2(data):
            return shrunk(read_jbig2(data, package.name, 1)).convert("RGB")
        return Image.fromarray(next(pages_of(data, package.name, 1, 1)))
    except SourceError as error:
        raise SourceError(
            joined(f"图片 {part} 不能读 / the picture {part} cannot be read", error.message),
            hint="请用 OFD 阅读器打印为 PDF 再导入 / print it to PDF in an OFD reader and try again",
            path=package.name,
        ) from error


def _paste(sheet: Image.Image, picture: Image.Image, matrix: Matrix, scale: float) -> None:
    """Put a picture on the sheet: what is outside is cut off."""
    a, b, c, d, e, f = (value * scale for value in matrix)
    area = a * d - b * c
    if abs(area) < _FLAT:
        return
    wide, high = (max(1, round(math.hypot(*side))) for side in ((a, b), (c, d)))
    # First to about its size on the page: what comes then leaves out pixels of a larger one.
    small = picture.resize(
        (min(wide, picture.width), min(high, picture.height)), Image.Resampling.LANCZOS
    )
    # From pixels of the sheet back to those of the picture.
    across, down = small.width / area, small.height / area
    back = (
        d * across, -c * across, (c * f - d * e) * across,
        -b * down, a * down, (b * e - a * f) * down,
    )  # fmt: skip
    how = (sheet.size, Image.Transform.AFFINE, back, Image.Resampling.BICUBIC)
    mask = Image.new("L", small.size, 255).transform(*how[:3], Image.Resampling.NEAREST)
    sheet.paste(small.transform(*how), mask=mask)

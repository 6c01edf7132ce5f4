"""Pictures of pages, for screens and for recognition: the same pixels for both, so that boxes fit."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from ingest.readers.images import pages_of
from ingest.readers.kinds import OFD, PDF, PICTURES
from ingest.readers.ofd import ofd_picture
from ingest.readers.pdf_file import open_pdf
from kb.errors import SourceError

if TYPE_CHECKING:
    import pypdfium2 as pdfium
    from PIL.Image import Image

SCALE = 200 / 72
"""Pixels a point: 200 dots an inch, at which recognition reads."""
_MOST_PIXELS = 40_000_000
"""Of one page: A3 at 350 dots an inch."""


def has_pictures(media_type: str, *, recognised: bool) -> bool:
    """Whether pictures are made of such pages: of an OFD file only of those that were `recognised`."""
    return media_type == PDF or media_type in PICTURES or (media_type == OFD and recognised)


def page_picture(data: bytes, media_type: str, page: int, scale: float = SCALE) -> bytes:
    """A page as PNG.

    Args:
        data: the bytes of the file.
        media_type: its kind; PDF, OFD, or a picture, which is given as recognition saw it.
        page: from 1.
        scale: pixels a point. A `Box` of a place, which is in points from the left upper corner of the
            page as shown, times `scale` gives pixels.

    Raises:
        SourceError: of this kind no pictures are made, there is no such page, or it is too large.
    """
    if media_type == PDF:
        with open_pdf(data, "PDF") as document:
            picture = render_page(document, page, scale)
    elif media_type in PICTURES:
        picture = _picture(data, page)
    elif media_type == OFD:
        picture = ofd_picture(data, page, scale)
    else:
        raise SourceError(
            f"不能生成 {media_type} 的页面图 / no pictures of pages are made of {media_type}"
        )
    written = io.BytesIO()
    picture.save(written, format="PNG")
    return written.getvalue()


def _picture(data: bytes, page: int) -> Image:
    from PIL import Image as images  # noqa: PLC0415, N813 - only where a picture is asked for

    for number, pixels in enumerate(pages_of(data, "", page), 1):
        if number == page:
            return images.fromarray(pixels)
    raise SourceError(f"没有第 {page} 页 / there is no page {page}")


def render_page(document: pdfium.PdfDocument, page: int, scale: float = SCALE) -> Image:
    """A page of an open document in colour, its rotation applied, stamps and notes drawn.

    Raises:
        SourceError: there is no such page, or it is too large.
    """
    if not 1 <= page <= len(document):
        raise SourceError(
            f"没有第 {page} 页, 共 {len(document)} 页 / there is no page {page} of {len(document)}"
        )
    shown = document[page - 1]
    try:
        width, height = shown.get_size()
        if width * scale * height * scale > _MOST_PIXELS:
            raise SourceError(
                f"第 {page} 页太大 ({width:.0f}×{height:.0f} 点) / page {page} is too large "
                f"({width:.0f} by {height:.0f} points)"
            )
        picture: Image = shown.render(scale=scale).to_pil().convert("RGB")
    finally:
        shown.close()
    return picture

"""Pictures in JBIG2 (ITU-T T.88), black and white, as scanners put them into OFD files: decoded by
pdfium, as the one picture of a PDF file (ISO 32000-1, 7.4.7)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from ingest.readers.images import LEAST_SIDE, check_size
from ingest.readers.pdf_file import open_pdf
from kb.errors import SourceError

if TYPE_CHECKING:
    from PIL.Image import Image

MAGIC = b"\x97JB2\r\n\x1a\n"
_GENERIC, _PAGE, _STRIPE, _END = 38, 48, 50, 51
"""Kinds of segments (7.3): a region of pixels, what a page is, the end of a stripe, of the file."""
_ENDS = (49, _END)
_OPEN = 0xFFFFFFFF
"""Stands for a length or a height that is not known yet."""
_MOST_SEGMENTS = 10_000
_REGION = 18
"""Bytes of a region before its pixels: place, size and how it is coded (7.4.6)."""
_PDF = b"""%%PDF-1.5
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</XObject<</P 5 0 R>>>>>>endobj
4 0 obj<</Length 5>>stream
/P Do
endstream endobj
5 0 obj<</Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 1/ColorSpace/DeviceGray\
/Filter/JBIG2Decode/Length %d>>stream
%s
endstream endobj
trailer<</Root 1 0 R>>
%%%%EOF
"""


class _Segment(NamedTuple):
    """A segment (7.2): its header and its data as they stand, its kind, the page that it is of (0: all)."""

    header: bytes
    kind: int
    page: int
    data: bytes


def is_jbig2(data: bytes) -> bool:
    """Whether bytes are a JBIG2 file, or the segments of one without the file's header."""
    if data.startswith(MAGIC):
        return True
    try:
        return any(segment.kind == _PAGE for segment in _segments(data))
    except (struct.error, ValueError):
        return False


def read_jbig2(data: bytes, name: str, least: int = LEAST_SIDE) -> Image:
    """The first page of a file, its segments one behind the other or after all their headers (annexes D.1,
    D.2), or of segments without a file's header as they stand in other files (D.3).

    Raises:
        SourceError: it is damaged, cut off or too large.
    """
    try:
        segments = _segments(data)
        page = next(segment for segment in segments if segment.kind == _PAGE)
        width, height = struct.unpack_from(">II", page.data)
        own = [s for s in segments if s.page in (0, page.page) and s.kind not in _ENDS]
        if height == _OPEN:
            ends = [struct.unpack(">I", s.data)[0] for s in own if s.kind == _STRIPE]
            height = max(ends) + 1
    except (struct.error, ValueError, StopIteration) as error:
        raise _damaged(name) from error
    check_size((width, height), name, 1, least)
    stream = b"".join(segment.header + segment.data for segment in own)
    try:
        with open_pdf(_PDF % (width, height, len(stream), stream), name) as document:
            picture: Image = next(iter(document[0].get_objects())).get_bitmap().to_pil()
            return picture.copy()  # its pixels are pdfium's
    except (SourceError, StopIteration) as error:
        raise _damaged(name) from error


def _segments(data: bytes) -> list[_Segment]:
    """All segments.

    Raises:
        ValueError, struct.error: they do not come to an end with the bytes.
    """
    whole = data.startswith(MAGIC)
    flags = data[8] if data[8:9] and whole else 1
    at = 0 if not whole else 9 if flags & 2 else 13  # the number of pages may be left out
    apart = not flags & 1
    found: list[_Segment] = []
    while at < len(data) and len(found) < _MOST_SEGMENTS:
        segment, length, at = _header(data, at)
        if not apart:
            length = _length(data, at, segment.kind, length)
            segment, at = segment._replace(data=_bytes(data, at, length)), at + length
        found.append(segment._replace(header=segment.header + struct.pack(">I", length)))
        if segment.kind == _END:
            break
    if whole and (not found or found[-1].kind != _END):
        raise ValueError("no end")
    for place, segment in enumerate(found if apart else ()):
        (length,) = struct.unpack(">I", segment.header[-4:])
        length = _length(data, at, segment.kind, length)
        header = segment.header[:-4] + struct.pack(">I", length)
        found[place] = segment._replace(header=header, data=_bytes(data, at, length))
        at += length
    if not whole and at != len(data):
        raise ValueError("no segments")
    return found


def _header(data: bytes, at: int) -> tuple[_Segment, int, int]:
    """A header at a place, without its length, which is given beside it; and where it ends."""
    start = at
    number, flags, referred = struct.unpack_from(">IBB", data, at)
    count, at = referred >> 5, at + 6
    if count == 7:  # more than four, which are counted in four bytes, a bit for each behind them
        count = struct.unpack_from(">I", data, at - 1)[0] & 0x1FFFFFFF
        at += 3 + (count + 8) // 8
    at += count * (1 if number <= 256 else 2 if number <= 65_536 else 4)
    page, length = struct.unpack_from(">II" if flags & 64 else ">BI", data, at)
    at += 8 if flags & 64 else 5
    return _Segment(data[start : at - 4], flags & 63, page, b""), length, at


def _length(data: bytes, at: int, kind: int, length: int) -> int:
    """How long the data of a segment are: of a region whose length was not known when it was begun, as
    far as the marker of its end and the number of its rows (7.2.7)."""
    if length != _OPEN:
        return length
    if kind != _GENERIC:
        raise ValueError("no length")
    coded = _bytes(data, at, _REGION)[-1]
    return data.index(b"\0\0" if coded & 1 else b"\xff\xac", at + _REGION) + 6 - at


def _bytes(data: bytes, at: int, length: int) -> bytes:
    if at + length > len(data):
        raise ValueError("cut off")
    return data[at : at + length]


def _damaged(name: str) -> SourceError:
    return SourceError(
        "JBIG2 图片损坏或不完整 / the JBIG2 picture is damaged or cut off",
        hint="请重新取得或重新扫描 / get or scan it anew",
        path=name,
    )

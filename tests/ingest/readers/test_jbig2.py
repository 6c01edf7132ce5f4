"""JBIG2 pictures are decoded pixel by pixel, or refused."""

import io
import struct

import pytest
from PIL import Image, ImageChops, ImageDraw

from ingest.readers.jbig2 import MAGIC, is_jbig2, read_jbig2
from kb.errors import SourceError

DRAWN = Image.new("1", (300, 120), "white")
ImageDraw.Draw(DRAWN).rectangle((20, 20, 200, 60), fill=0)


ROWS = 120


def header(number: int, kind: int, length: int, page: int = 1, *, large: bool = False) -> bytes:
    if large:  # the page and the number of segments that it refers to in four bytes
        return struct.pack(">IBIBII", number, kind | 64, 7 << 29, 0, page, length)
    return struct.pack(">IBBBI", number, kind, 0, page, length)


def jbig2(
    picture: Image.Image,
    *,
    flags: int = 1,
    size: tuple[int, int] | None = None,
    bare: bool = False,
    length: int | None = None,
    large: bool = False,
) -> bytes:
    """A file of one region, coded as in fax (ITU-T T.88, 6.2.6), which Pillow writes. `flags`: of the
    file; `bare`: its segments alone; `length`: as it is told of the region."""
    written = io.BytesIO()
    # Pillow codes what is 0 as white.
    ImageChops.invert(picture).save(
        written, "TIFF", compression="group4", tiffinfo={278: picture.height}
    )
    with Image.open(io.BytesIO(written.getvalue())) as tiff:
        at, count = tiff.tag_v2[273][0], tiff.tag_v2[279][0]
    width, height = size or picture.size
    coded = written.getvalue()[at : at + count]
    page = struct.pack(">IIIIBH", width, height, 0, 0, 0, 0x8000 | ROWS if height > 1e9 else 0)
    region = struct.pack(">IIIIBB", *picture.size, 0, 0, 0, 1) + coded
    if length is not None:
        region += b"\0\0" + struct.pack(">I", picture.height)
    stripe = [(50, struct.pack(">I", picture.height - 1), 1)] if height > 1e9 else []
    segments = [(48, page, 1), (38, region, 1), *stripe, (49, b"", 1), (51, b"", 0)]
    headers = [
        header(n, kind, len(data) if kind != 38 or length is None else length, of, large=large and kind == 38)
        for n, (kind, data, of) in enumerate(segments)
    ]  # fmt: skip
    datas = [data for _, data, _ in segments]
    if bare:
        return b"".join(map(bytes.__add__, headers[:-1], datas))
    pages = b"" if flags & 2 else struct.pack(">I", 1)
    start = MAGIC + bytes([flags]) + pages
    if flags & 1:
        return start + b"".join(map(bytes.__add__, headers, datas))
    return start + b"".join(headers) + b"".join(datas)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"flags": 3},  # how many pages is left out
        {"flags": 0},  # all headers first
        {"flags": 2},
        {"bare": True},  # as in other files: without the file's header
        {"large": True},
        {"length": 0xFFFFFFFF},  # not known when it was begun
        {"length": 0xFFFFFFFF, "flags": 0},
        {"size": (300, 0xFFFFFFFF)},  # by stripes
    ],
    ids=str,
)
def test_its_pixels_are_those_that_were_coded(how) -> None:
    data = jbig2(DRAWN, **how)
    assert is_jbig2(data)
    assert read_jbig2(data, "a.jb2").convert("L").tobytes() == DRAWN.convert("L").tobytes()


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 40, b"BM" + bytes(60), b"\x89PNG\r\n\x1a\n" + bytes(99)]
)
def test_what_is_none(data: bytes) -> None:
    assert not is_jbig2(data)


WHOLE = jbig2(DRAWN)


@pytest.mark.parametrize(
    "data",
    [
        *(WHOLE[:length] for length in (8, 12, 20, 40, len(WHOLE) - 11, len(WHOLE) - 1)),
        MAGIC + bytes(100),
        jbig2(DRAWN, flags=0)[:-9],
        jbig2(DRAWN, bare=True)[:-30],
        jbig2(DRAWN, size=(21_000, 120)),
        jbig2(DRAWN, size=(19_000, 19_000)),
        WHOLE.replace(struct.pack(">IB", 1, 38), struct.pack(">IB", 1, 4)),  # a region of text
    ],
)
def test_what_is_refused(data: bytes) -> None:
    with pytest.raises(SourceError, match=r"JBIG2|大") as error:
        read_jbig2(data, "a.jb2")
    assert error.value.hint
    assert error.value.path == "a.jb2"

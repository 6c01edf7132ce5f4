"""JBIG2 pictures are decoded pixel by pixel, or refused."""

import io
import struct

import pytest
from PIL import Image, ImageChops, ImageDraw

from ingest.readers.jbig2 import MAGIC, read_jbig2
from kb.errors import SourceError

DRAWN = Image.new("1", (300, 120), "white")
ImageDraw.Draw(DRAWN).rectangle((20, 20, 200, 60), fill=0)


def segment(number: int, kind: int, data: bytes, page: int = 1) -> bytes:
    return struct.pack(">IBBBI", number, kind, 0, page, len(data)) + data


def jbig2(picture: Image.Image, *, flags: int = 1, size: tuple[int, int] | None = None) -> bytes:
    """A file of one region, coded as in fax (ITU-T T.88, 6.2.6), which Pillow writes."""
    written = io.BytesIO()
    # Pillow codes what is 0 as white.
    ImageChops.invert(picture).save(
        written, "TIFF", compression="group4", tiffinfo={278: picture.height}
    )
    with Image.open(io.BytesIO(written.getvalue())) as tiff:
        at, length = tiff.tag_v2[273][0], tiff.tag_v2[279][0]
    width, height = size or picture.size
    coded = written.getvalue()[at : at + length]
    page = struct.pack(">IIIIBH", width, height, 0, 0, 0, 0)
    region = struct.pack(">IIIIBB", *picture.size, 0, 0, 0, 1) + coded
    pages = b"" if flags & 2 else struct.pack(">I", 1)
    segments = [(48, page, 1), (38, region, 1), (49, b"", 1), (51, b"", 0)]
    return MAGIC + bytes([flags]) + pages + b"".join(segment(n, *s) for n, s in enumerate(segments))


@pytest.mark.parametrize("flags", [1, 3])
def test_its_pixels_are_those_that_were_coded(flags: int) -> None:
    found = read_jbig2(jbig2(DRAWN, flags=flags), "a.jb2")
    assert found.convert("L").tobytes() == DRAWN.convert("L").tobytes()


WHOLE = jbig2(DRAWN)


@pytest.mark.parametrize(
    "data",
    [
        *(WHOLE[:length] for length in (8, 12, 20, 40, len(WHOLE) - 11, len(WHOLE) - 1)),
        MAGIC + bytes(100),
        jbig2(DRAWN, flags=0),  # all headers first
        jbig2(DRAWN, size=(21_000, 120)),
        jbig2(DRAWN, size=(19_000, 19_000)),
        WHOLE.replace(struct.pack(">IB", 1, 38), struct.pack(">IB", 1, 4)),  # a region of text
    ],
)
def test_what_is_refused(data: bytes) -> None:
    with pytest.raises(SourceError) as error:
        read_jbig2(data, "a.jb2")
    assert error.value.hint
    assert error.value.path == "a.jb2"

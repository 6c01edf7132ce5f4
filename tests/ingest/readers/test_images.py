"""Pictures are opened within limits, as they are shown."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from ingest.readers.images import WORKING_SIDE, count_pages, pages_of
from kb.errors import SourceError
from tests.ingest.readers.drawn import as_bytes


def first(data: bytes) -> np.ndarray:
    return next(iter(pages_of(data, "a.png", 10)))


def png(width: int, height: int) -> bytes:
    """A PNG that claims a size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checked = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checked)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\x00" * 100))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (png(1, 1), "too small"),
        (png(3000, 5), "too small"),
        (png(30_000, 30_000), "too large"),
        (png(30_000, 40), "too large"),
        (png(2_000_000_000, 2_000_000_000), "too large|damaged"),
        (png(400, 400), "damaged"),
        (b"\x89PNG\r\n\x1a\nno picture", "damaged"),
        (b"II*\x00\xff\xff\xff\x7f", "damaged"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 40, "damaged"),
        (b"BM" + b"\x00" * 60, "damaged"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "damaged"),
        (b"GIF89a\xff\xff", "damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_page(data, says):
    with pytest.raises(SourceError, match=says) as raised:
        first(data)
    assert "1" in raised.value.message
    assert raised.value.hint


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP"])
def test_truncated_files_are_refused_or_read(kind):
    noise = np.random.default_rng(0).integers(0, 255, (90, 90, 3), dtype=np.uint8)
    data = as_bytes(Image.fromarray(noise), kind)
    for cut in range(0, len(data), 1024):
        try:
            found = [*pages_of(data[:cut], "cut", 10)]
        except SourceError:
            continue
        assert all(page.shape[2] == 3 for page in found)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F"])
def test_every_mode_becomes_red_green_and_blue(mode):
    kind = "TIFF" if mode in ("CMYK", "I;16", "F") else "PNG"
    found = first(as_bytes(Image.new(mode, (40, 30)), kind))
    assert (found.shape, found.dtype) == ((30, 40, 3), np.uint8)


def test_what_is_transparent_is_paper():
    clear = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
    clear.putpixel((5, 5), (0, 0, 0, 255))
    found = first(as_bytes(clear))
    assert found[0, 0].tolist() == [255, 255, 255]
    assert found[5, 5].tolist() == [0, 0, 0]


def test_it_is_turned_as_its_exif_says():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = as_bytes(Image.new("RGB", (60, 40), "white"), "JPEG", exif=exif)
    assert first(data).shape == (60, 40, 3)


def test_a_large_picture_is_made_smaller():
    assert max(first(as_bytes(Image.new("L", (4000, 3000), 255))).shape) == WORKING_SIDE


def test_each_page_of_a_tiff_is_one():
    pages = [Image.new("L", (40, 30 + n), 255) for n in range(3)]
    written = io.BytesIO()
    pages[0].save(written, "TIFF", save_all=True, append_images=pages[1:])
    data = written.getvalue()
    assert count_pages(data, "a.tif") == 3
    assert [page.shape[0] for page in pages_of(data, "a.tif", 3)] == [30, 31, 32]
    with pytest.raises(SourceError, match="over 2 pages"):
        [*pages_of(data, "a.tif", 2)]


def test_a_moving_picture_is_its_first_frame():
    frames = [Image.new("L", (40, 30), shade) for shade in (255, 0)]
    written = io.BytesIO()
    frames[0].save(written, "GIF", save_all=True, append_images=frames[1:])
    assert count_pages(written.getvalue(), "a.gif") == 1
    assert first(written.getvalue()).min() == 255

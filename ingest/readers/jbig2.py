"""Pictures in JBIG2 (ITU-T T.88), black and white, as scanners put them into OFD files: decoded by
pdfium, as the one picture of a PDF file (ISO 32000-1, 7.4.7)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from ingest.readers.images import LEAST_SIDE, check_size
from ingest.readers.pdf_file import open_pdf
from kb.errors import SourceError

if TYPE_CHECKING:
    from PIL.Image import Image

MAGIC = b"\x97JB2\r\n\x1a\n"
_PAGE, _END = 48, 51
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


def read_jbig2(data: bytes, name: str, least: int = LEAST_SIDE) -> Image:
    """The picture of a file of one page, its segments one behind the other (annex D.1).

    Raises:
        SourceError: it is damaged, cut off or otherwise ordered, or too large.
    """
    first = 9 if data[8:9] and data[8] & 2 else 13  # the number of pages may be left out
    try:
        kind, width, height = struct.unpack_from(">4xB6xII", data, first)
        (end,) = struct.unpack_from(">4xB", data, len(data) - 11)
    except struct.error as error:
        raise _damaged(name) from error
    if not data[8] & 1 or kind & 63 != _PAGE or end & 63 != _END:
        raise _damaged(name)
    check_size((width, height), name, 1, least)
    stream = data[first:]
    with open_pdf(_PDF % (width, height, len(stream), stream), name) as document:
        picture = next(iter(document[0].get_objects()), None)
        if picture is None:
            raise _damaged(name)
        found: Image = picture.get_bitmap().to_pil()
        return found.copy()  # its pixels are pdfium's


def _damaged(name: str) -> SourceError:
    return SourceError(
        "JBIG2 图片损坏或不完整 / the JBIG2 picture is damaged or cut off",
        hint="请重新取得或重新扫描 / get or scan it anew",
        path=name,
    )

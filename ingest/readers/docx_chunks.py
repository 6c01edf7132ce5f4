"""Files that stand in a Word file as a whole (ECMA-376 part 1, 17.17.2.1): systems that print web
pages into Word files write them."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from ingest.readers.docx_package import Package, Part
from ingest.readers.kinds import HTML, MHTML, RTF, TEXT, detect_media_type, reader_of
from ingest.readers.source import Read

KIND = "aFChunk"
"""Of the relationship by which a file is named."""
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_READ = frozenset({HTML, MHTML, RTF, TEXT})


def read_chunk(
    package: Package, parts: Iterable[Part], element: etree._Element, name: str
) -> Read | None:
    """The file that a `w:altChunk` names; None of a kind that is not read there.

    Raises:
        SourceError: it cannot be read; `name` is the whole file's.
    """
    part = next((p.name for p in parts if p.kind == KIND and p.id == element.get(_ID)), None)
    data = package.read(part) if part is not None else None
    kind = detect_media_type(data, name) if data else None
    return reader_of(kind)(data, name) if data and kind in _READ else None

"""Plain text: decoded as it stands, never altered."""

from __future__ import annotations

from ingest.readers.encoding import decode_bytes
from ingest.readers.source import Read


def read_text(data: bytes, name: str) -> Read:
    """The characters of a text file, line ends as they are.

    Raises:
        SourceError: the bytes are of no encoding that we know, or of two; names the byte offset
            and the line.
    """
    decoded = decode_bytes(data, name)
    return Read(decoded.text, decoded.findings)

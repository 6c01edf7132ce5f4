"""Word 97 files that tests write: the least that [MS-DOC] asks for, in a compound file of version 3
([MS-CFB])."""

from __future__ import annotations

import struct
from collections.abc import Mapping

_SECTOR, _LARGE = 512, 4096
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_CLX = 33
"""The place of fcClx among the pairs of FibRgFcLcb97 ([MS-DOC] 2.5.6)."""
_TEXT = 1024
"""Where the text begins in its stream."""
ENCRYPTED = 0x0100


def word97(text: str, *, flags: int = 0, clsid: bytes = bytes(16)) -> bytes:
    """A text as a Word 97 file: a paragraph a line, one piece of UTF-16."""
    words = text.replace("\n", "\r")
    words += "" if words.endswith("\r") else "\r"
    body = words.encode("utf-16-le")
    count = len(body) // 2
    pieces = struct.pack("<II", 0, count) + struct.pack("<HIH", 0, _TEXT, 0)
    clx = b"\x02" + struct.pack("<I", len(pieces)) + pieces
    pairs = [0] * (2 * 93)
    pairs[2 * _CLX : 2 * _CLX + 2] = 0, len(clx)
    longs = [0] * 22
    longs[0], longs[3] = _TEXT + len(body), count
    fib = struct.pack("<HHHHHHHIBB12x", 0xA5EC, 0xC1, 0, 0x0804, 0, 0x0200 | flags, 0xBF, 0, 0, 0)
    fib += struct.pack("<H14H", 14, *[0] * 14) + struct.pack("<H22I", 22, *longs)
    fib += struct.pack("<H186I", 93, *pairs) + struct.pack("<H", 0)
    return compound({"WordDocument": fib.ljust(_TEXT, b"\0") + body, "1Table": clx}, clsid=clsid)


def compound(streams: Mapping[str, bytes], *, clsid: bytes = bytes(16)) -> bytes:
    """Streams as a compound file; each is filled up to the size from which it has sectors of its own."""
    chains: list[int] = []
    entries, body = [], b""
    for name, content in streams.items():
        filled = content.ljust(max(_LARGE, -(-len(content) // _SECTOR) * _SECTOR), b"\0")
        first, count = len(chains), len(filled) // _SECTOR
        chains += [*range(first + 1, first + count), _END]
        body += filled
        entries.append((name, 2, first, len(filled)))
    directory = len(chains)
    records = [_entry("Root Entry", 5, _END, 0, child=1)]
    for place, (name, kind, first, size) in enumerate(entries, 1):
        after = place + 1 if place < len(entries) else _FREE
        records.append(_entry(name, kind, first, size, right=after))
    listing = b"".join(records)
    empty = bytes(68) + struct.pack("<III", _FREE, _FREE, _FREE) + bytes(48)
    listing += empty * (-len(records) % 4)
    count = len(listing) // _SECTOR
    chains += [*range(directory + 1, directory + count), _END]
    fat = 1
    while fat * 128 < len(chains) + fat:
        fat += 1
    first_fat = len(chains)
    table = [*chains, *[_FAT] * fat]
    table += [_FREE] * (fat * 128 - len(table))
    header = struct.pack(
        "<8s16sHHHHH6xIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", clsid, 0x3E, 3, 0xFFFE, 9, 6,
        0, fat, directory, 0, _LARGE, _END, 0, _END, 0,
    )  # fmt: skip
    header += struct.pack("<109I", *[*range(first_fat, first_fat + fat), *[_FREE] * (109 - fat)])
    return header + body + listing + struct.pack(f"<{len(table)}I", *table)


def _entry(
    name: str, kind: int, first: int, size: int, *, right: int = _FREE, child: int = _FREE
) -> bytes:
    wide = name.encode("utf-16-le")
    return struct.pack(
        "<64sHBBIII16sIQQIQ",
        wide, len(wide) + 2, kind, 1, _FREE, right, child, bytes(16), 0, 0, 0, first, size,
    )  # fmt: skip

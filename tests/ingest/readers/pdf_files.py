"""PDF files that tests write: words at places, lines, turned pages, encryption; the characters are
black boxes with their Unicode told (ISO 32000-1, 9.6.5 and 9.10)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

A4 = (595.0, 842.0)
_PAD = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")


class Words(NamedTuple):
    """Words at a place: the left end of their base line, in points from the upper left corner."""

    text: str
    x: float
    y: float
    size: float = 16.0
    angle: int = 0
    mode: int = 0
    printed: str | None = None
    """What the font says they are, where that is something else."""


class Rule(NamedTuple):
    """A line between two points."""

    x0: float
    y0: float
    x1: float
    y1: float


class Sheet(NamedTuple):
    """A page."""

    items: Sequence[Words | Rule]
    size: tuple[float, float] = A4
    rotate: int = 0


def grid(xs: Sequence[float], ys: Sequence[float]) -> list[Rule]:
    """The lines of a table with borders at these places."""
    level = [Rule(xs[0], y, xs[-1], y) for y in ys]
    return level + [Rule(x, ys[0], x, ys[-1]) for x in xs]


def paragraph(
    text: str, y: float, *, left: float = 80, width: int = 27, size: float = 16.0
) -> list[Words]:
    """Lines of a paragraph set to a width in characters, the first indented by two, 28 points apart."""
    lines = [Words("", left + 2 * size, y, size)]
    room = width - 2.0
    for character in text:
        own = 0.5 if character < "\u2000" else 1.0
        if room < own:
            lines.append(Words("", left, lines[-1].y + 28, size))
            room = float(width)
        lines[-1] = lines[-1]._replace(text=lines[-1].text + character)
        room -= own
    return lines


def write_pdf(sheets: Sequence[Sheet], *, password: str | None = None) -> bytes:
    """The file; `password`: encrypted (40 bits, revision 2), for a user with this password."""
    told: dict[str, str] = {}
    for sheet in sheets:
        for item in sheet.items:
            if isinstance(item, Words):
                told |= dict(zip(item.text, item.printed or item.text, strict=True))
    codes = {character: number for number, character in enumerate(sorted(told), start=1)}
    pages = [7 + 2 * number for number in range(len(sheets))]
    kids = " ".join(f"{number} 0 R" for number in pages)
    objects: list[tuple[bytes, bytes | None]] = [
        (b"<</Type/Catalog/Pages 2 0 R>>", None),
        (f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode(), None),
        (_font(codes), None),
        (b"", b"500 0 0 -120 500 880 d1 0 -120 500 1000 re f"),
        (b"", b"1000 0 0 -120 1000 880 d1 0 -120 1000 1000 re f"),
        (b"", _unicode(codes, told)),
    ]
    for sheet, number in zip(sheets, pages, strict=True):
        width, height = sheet.size
        objects.append(
            (
                f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} {height}]/Rotate {sheet.rotate}"
                f"/Contents {number + 1} 0 R/Resources<</Font<</F 3 0 R>>>>>>".encode(),
                None,
            )
        )
        objects.append((b"", _content(sheet, codes)))
    return _file(objects, password)


def _font(codes: dict[str, int]) -> bytes:
    """A font whose characters are black boxes, as wide as they should be (ISO 32000-1, 9.6.5)."""
    assert len(codes) < 256
    widths = " ".join("500" if c < "\u2000" else "1000" for c in codes)
    names = " ".join(f"/c{number}" for number in codes.values())
    drawn = " ".join(
        f"/c{number} {'4 0 R' if c < chr(0x2000) else '5 0 R'}" for c, number in codes.items()
    )
    return (
        "<</Type/Font/Subtype/Type3/FontBBox[0 -120 1000 880]/FontMatrix[.001 0 0 .001 0 0]"
        f"/CharProcs<<{drawn}>>/Encoding<</Type/Encoding/Differences[1 {names}]>>"
        f"/FirstChar 1/LastChar {max(len(codes), 1)}/Widths[{widths}]/Resources<<>>/ToUnicode 6 0 R>>"
    ).encode()


def _unicode(codes: dict[str, int], told: dict[str, str]) -> bytes:
    rows = [
        f"<{number:02x}> <{told[c].encode('utf-16-be').hex()}>"
        for c, number in codes.items()
        if told[c] != "\ufffd"
    ]
    blocks = "".join(
        f"{len(rows[n : n + 100])} beginbfchar\n" + "\n".join(rows[n : n + 100]) + "\nendbfchar\n"
        for n in range(0, len(rows), 100)
    )
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /T def /CMapType 2 def\n"
        f"1 begincodespacerange <00> <ff> endcodespacerange\n{blocks}endcmap end end"
    ).encode()


def _content(sheet: Sheet, codes: dict[str, int]) -> bytes:
    height = sheet.size[1]
    turns = {0: "1 0 0 1", 90: "0 -1 1 0", 180: "-1 0 0 -1", 270: "0 1 -1 0", 45: ".7 -.7 .7 .7"}
    parts = []
    for item in sheet.items:
        if isinstance(item, Rule):
            parts.append(f"{item.x0} {height - item.y0} m {item.x1} {height - item.y1} l S")
        else:
            shown = "".join(f"{codes[c]:02x}" for c in item.text)
            parts.append(
                f"BT /F {item.size} Tf {item.mode} Tr {turns[item.angle]} {item.x} {height - item.y} Tm "
                f"<{shown}> Tj ET"
            )
    return "\n".join(parts).encode()


def _file(objects: Sequence[tuple[bytes, bytes | None]], password: str | None) -> bytes:
    key, encrypt = b"", b""
    if password is not None:
        user = (password.encode() + _PAD)[:32]
        owner = _rc4(hashlib.md5(_PAD, usedforsecurity=False).digest()[:5], user)
        key = hashlib.md5(
            user + owner + (0xFFFFFFFC).to_bytes(4, "little") + b"0" * 16, usedforsecurity=False
        ).digest()[:5]
        mark = _rc4(key, _PAD)
        encrypt = (
            b"/Encrypt<</Filter/Standard/V 1/R 2/O<" + owner.hex().encode() + b">/U<"
            + mark.hex().encode() + b">/P -4>>/ID[<" + (b"0" * 16).hex().encode() + b"><"
            + (b"0" * 16).hex().encode() + b">]"
        )  # fmt: skip
    written = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, (value, stream) in enumerate(objects, start=1):
        places.append(len(written))
        body = value if stream is None else stream
        if stream is not None:
            if key:
                salt = number.to_bytes(3, "little") + b"\0\0"
                own = hashlib.md5(key + salt, usedforsecurity=False).digest()[:10]
                body = _rc4(own, stream)
            body = b"<</Length %d>>stream\n" % len(body) + body + b"\nendstream"
        written += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    written += b"".join(b"%010d 00000 n \n" % place for place in places)
    written += b"trailer<</Size %d/Root 1 0 R" % (len(objects) + 1) + encrypt
    return bytes(written + b">>\nstartxref\n%d\n%%%%EOF\n" % start)


def _rc4(key: bytes, data: bytes) -> bytes:
    state = [*range(256)]
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    found = bytearray()
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        found.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(found)

"""Plain text: decoded as it stands, never altered; a wrong or mixed encoding is an error with its place."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from kb.errors import SourceError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_COMMON = re.compile(
    r"[的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年]"
)
_SAMPLE = 200_000


def decode_text(data: bytes, name: str) -> str:
    """Decode `data`: UTF-8 (with or without BOM), UTF-16 with BOM, GB18030. No newline is changed.

    Raises:
        SourceError: the bytes are of no encoding that we know, or of two; names the byte offset
            and the line.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _strict(data[len(bom) :], encoding, name, len(bom))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as utf8:
        broken = utf8
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError as gb:
        first = broken if broken.start >= gb.start else gb
        raise _error(data, first.start, name) from first
    if _plausible(text) and _detected(data) in {"gb18030", "gb2312", "gbk", "cp936", "big5", None}:
        return text
    raise _error(data, broken.start, name) from broken


def _strict(data: bytes, encoding: str, name: str, skipped: int) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _error(data, error.start + skipped, name) from error


def _plausible(text: str) -> bool:
    """Whether decoded text reads as Chinese: common characters are common, no private use."""
    sample = text[:_SAMPLE]
    chinese = sum("\u4e00" <= c <= "\u9fff" for c in sample)
    odd = sum("\ue000" <= c <= "\uf8ff" or c == "\ufffd" or "\x80" <= c <= "\x9f" for c in sample)
    if chinese == 0:
        return odd == 0
    return len(_COMMON.findall(sample)) / chinese > 0.04 and odd <= len(sample) // 500


def _detected(data: bytes) -> str | None:
    best = from_bytes(data[:_SAMPLE]).best()
    return best.encoding.replace("_", "").lower() if best else None


def _error(data: bytes, offset: int, name: str) -> SourceError:
    line = data.count(b"\n", 0, offset) + 1
    around = data[max(0, offset - 8) : offset + 8].hex(" ")
    return SourceError(
        f"第 {line} 行 (字节 {offset}) 起编码不对, 既不全是 UTF-8 也不全是 GB18030: {around} / "
        f"from line {line} (byte {offset}) the bytes are neither all UTF-8 nor all GB18030",
        hint="请用原来的编码另存为 UTF-8 后再导入 / save the file as UTF-8 and try again",
        path=name,
    )

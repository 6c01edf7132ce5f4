"""Chinese written in ASCII alone: by codecs of seven bits (HZ, UTF-7), which are read, or by the
escapes of mail and web addresses, which are told. Letters and signs that stand for characters would
else be read as a text of their own.
"""

from __future__ import annotations

import base64
import binascii
import html
import quopri
import re
import urllib.parse
from collections.abc import Callable
from itertools import islice

from ingest.readers.plausibility import SAMPLE, count_chinese, plausibility

SEVEN_BIT = frozenset({"hz", "utf-7"})
_RUNS = {"hz": re.compile(rb"~\{[!-~]{2,}?~\}"), "utf-7": re.compile(rb"\+[A-Za-z0-9+/]{3,}")}
_SURE = 1.0
"""Plausibility between that of texts rightly decoded and of others, as `encoding` measured them."""
_FEWEST = 4
"""Characters from which on runs are Chinese, not words between signs."""
_MANY = 8
_MOST = 400
"""Runs that are decoded to see what they are."""
_PAIR = 2


def read_seven_bit(body: bytes) -> tuple[str, str] | None:
    """(characters, codec) of ASCII bytes that are Chinese in a codec of seven bits."""
    if not body.isascii():
        return None
    for codec, run in _RUNS.items():
        if run.search(body) is None:
            continue
        try:
            text = body.decode(codec)
        except UnicodeDecodeError:
            continue
        if count_chinese(text) >= _FEWEST and plausibility(text) >= _SURE:
            return text, codec
    return None


def find_unread(text: str, *, page: bool = False) -> tuple[int, str] | None:
    """(offset, how it is written) of Chinese that stands in the ASCII of a text by escapes, where
    the text has less Chinese than that; None for any other. In a `page` only codecs count: its
    addresses, entities and scripts have escapes of their own.

    >>> find_unread("http://x.cn/?q=%E9%80%9A%E7%9F%A5")  # a word is no text
    """
    plain = count_chinese(text)
    for name, run, decoded in _CODECS if page else (*_CODECS, *_ESCAPES):
        found = [*islice(run.finditer(text[:SAMPLE]), _MOST)]
        if not found:
            continue
        words = "".join(decoded(match.group()) for match in found)
        count = count_chinese(words)
        if count >= _MANY and count > plain and plausibility(words) >= _SURE:
            return found[0].start(), name
    return None


def _of_bytes(data: bytes) -> str:
    for codec in ("utf-8", "gb18030"):
        try:
            return data.decode(codec)
        except UnicodeDecodeError:
            continue
    return ""


def _of_hz(run: str) -> str:
    inner = run.removeprefix("~{").removesuffix("~}").encode()
    return bytes(b | 0x80 for b in inner[: len(inner) // _PAIR * _PAIR]).decode("gb2312", "ignore")


def _of_utf7(run: str) -> str:
    inner = run.removeprefix("+")
    inner = inner[: len(inner) // 4 * 4]
    return base64.b64decode(inner + "====").decode("utf-16-be", "ignore")


def _of_iso2022(run: str) -> str:
    if ")" not in run[:3]:
        return run.encode().decode("iso2022_jp_2", "ignore")  # the one codec with GB 2312 in it
    inner = run[4:].lstrip("\x0e").encode()
    return bytes(b | 0x80 for b in inner).decode("gb2312", "ignore")


def _of_base64(run: str) -> str:
    try:
        return _of_bytes(base64.b64decode(re.sub(r"\s", "", run)))
    except binascii.Error:
        return ""


_Way = tuple[str, re.Pattern[str], Callable[[str], str]]
_CODECS: tuple[_Way, ...] = (
    ("HZ", re.compile(r"~\{[!-~]{2,}"), _of_hz),
    ("UTF-7", re.compile(r"(?<![A-Za-z0-9+/])\+[A-Za-z0-9+/]{3,}"), _of_utf7),
    ("ISO-2022-CN", re.compile(r"\x1b\$\)?[AB]\x0e?[!-~]{2,}"), _of_iso2022),
)
_ESCAPES: tuple[_Way, ...] = (
    (
        "Quoted-Printable",
        re.compile(r"(?:=[0-9A-F]{2}(?:=\r?\n)?){3,}"),
        lambda run: _of_bytes(quopri.decodestring(run)),
    ),
    (
        "%XX",
        re.compile(r"(?:%[0-9A-Fa-f]{2}){3,}"),
        lambda run: _of_bytes(urllib.parse.unquote_to_bytes(run)),
    ),
    (
        "\\uXXXX",
        re.compile(r"(?:\\u[0-9A-Fa-f]{4})+"),
        lambda run: "".join(chr(int(f, 16)) for f in run[2:].split("\\u")),
    ),
    ("&#…;", re.compile(r"(?:&#(?:\d{5}|[xX][0-9A-Fa-f]{4});)+"), html.unescape),
    ("Base64", re.compile(r"(?:[A-Za-z0-9+/]{40,}+[\r\n]*+)++[A-Za-z0-9+/]*+={0,2}"), _of_base64),
)

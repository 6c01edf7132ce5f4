"""Names of files as they can be shown and stored: a name on disk is bytes, of any encoding."""

from __future__ import annotations

import re

_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_NO_UTF8 = re.compile(r"[^/]*[\udc80-\udcff][^/]*")


def printable(name: str) -> str:
    r"""`name` (of a file, or a path) with what no terminal, store or JSON can hold as an escape.

    A byte that is no UTF-8 comes from the file system as a lone surrogate (PEP 383); of a part of
    a path that has one, all bytes beyond ASCII are escaped, for those beside it are no UTF-8
    either. Control characters and marks that turn the direction of the text come as they are.

    >>> printable("文件/\udcd6\u0635\udce3.txt"), printable("通知\x1b[2J.txt")
    ('文件/\\xd6\\xd8\\xb5\\xe3.txt', '通知\\x1b[2J.txt')
    """
    return _UNPRINTABLE.sub(_escaped, _NO_UTF8.sub(_bytes, name))


def _bytes(match: re.Match[str]) -> str:
    raw = match.group().encode("utf-8", "surrogateescape" if _is_from_disk(match) else "replace")
    return "".join(chr(b) if b < 0x80 else f"\\x{b:02x}" for b in raw)


def _is_from_disk(match: re.Match[str]) -> bool:
    return re.search(r"[\ud800-\udc7f\udd00-\udfff]", match.group()) is None


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"

"""Names of files as they can be shown and stored: a name on disk is bytes, of any encoding."""

from __future__ import annotations

import re

_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(name: str) -> str:
    r"""`name` with what no terminal, store or JSON can hold written as an escape.

    A byte that is no UTF-8 comes from the file system as a lone surrogate (PEP 383); so do control
    characters and marks that turn the direction of the text come as they are.

    >>> printable("\udccd\udca8.txt"), printable("通知\x1b[2J.txt")
    ('\\xcd\\xa8.txt', '通知\\x1b[2J.txt')
    """
    return _UNPRINTABLE.sub(_escaped, name)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00  # the byte that stands for it
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"

"""Where the lines of a text end: one answer for all that read it.

Every character that ends a line anywhere does so here: CR, LF and both together, and what stands
for a line break in word processors and mainframes (vertical tab, form feed, NEL, the separators of
Unicode). The text itself stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_BREAKS = "\n\r\v\f\x1c-\x1e\x85\u2028\u2029"  # as for `str.splitlines`
_LINE = re.compile(f"[^{_BREAKS}]+")
_BREAK = re.compile(f"\r\n|[{_BREAKS}]")
_OTHER = re.compile(f"\r(?!\n)|[{_BREAKS.replace(chr(10) + chr(13), '')}]")
_BYTES_BREAK = re.compile(rb"\r\n?|\n")


def find_raw_lines(text: str) -> Iterator[tuple[int, str]]:
    """(offset, characters) of each line that is not empty, in order.

    >>> list(find_raw_lines("一、\\r\\n\\u2028二、"))
    [(0, '一、'), (5, '二、')]
    """
    for match in _LINE.finditer(text):
        yield match.start(), match.group()


def split_lines(text: str) -> list[str]:
    """The lines of a text, empty ones too."""
    return _BREAK.split(text)


def plain_breaks(text: str) -> str:
    """The text with a line feed for each other break, character for character: offsets are the
    same. CR before LF stays.

    >>> plain_breaks("一、\\r二、\\x0b三、")
    '一、\\n二、\\n三、'
    """
    return _OTHER.sub("\n", text)


def line_number(text: str | bytes, offset: int) -> int:
    """The number, from 1, of the line in which a character stands; of bytes, by CR and LF only."""
    if isinstance(text, bytes):
        return sum(1 for _ in _BYTES_BREAK.finditer(text, 0, offset)) + 1
    return sum(1 for _ in _BREAK.finditer(text, 0, offset)) + 1

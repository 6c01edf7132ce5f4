"""Text in cells: what a spreadsheet would run as a formula, and characters that XML cannot hold.

A program that opens a cell beginning with `= + - @`, a tab or a line end may run it as a formula
(CSV injection, OWASP), full-width forms and leading blanks included. In CSV such text gets an
apostrophe in front (`guard`), which `unguard` takes off again; in a workbook it is stored as text
under the “quote prefix” format, so that it stays as it is. Office Open XML writes characters that
XML does not allow as `_xHHHH_` (ECMA-376, ST_Xstring), which spreadsheets show as the character.
"""

from __future__ import annotations

import re

CELL_LIMIT = 32_767
"""UTF-16 units that one cell of a workbook holds (Excel's limit)."""

_RISKY = re.compile(r"'*[\s]*[=+\-@＝＋－＠]|'*[\t\r\n\v\f]")
_GUARDED = re.compile(r"'(?:'*[\s]*[=+\-@＝＋－＠]|'*[\t\r\n\v\f])")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def is_risky(text: str) -> bool:
    """Whether a spreadsheet may take the text for a formula."""
    return bool(_RISKY.match(text))


def guard(text: str) -> str:
    """Text for a CSV cell; `unguard` gives it back exactly, whatever it is."""
    return f"'{text}" if is_risky(text) else text


def unguard(text: str) -> str:
    """The text that `guard` was given."""
    return text[1:] if _GUARDED.match(text) else text


def encode_cell(text: str) -> str:
    """Text for a cell of a workbook: shortened to what a cell holds, the rest exact under
    `decode_cell`."""
    whole = _escape(text)
    if _units(whole) <= CELL_LIMIT:
        return whole
    kept = len(text)
    while _units(_escape(text[:kept])) > CELL_LIMIT - 1:
        kept = min(kept - 1, kept * (CELL_LIMIT - 1) // _units(_escape(text[:kept])))
    return _escape(text[:kept]) + "…"


def decode_cell(text: str) -> str:
    """The text that a cell of a workbook stands for."""
    return _ESCAPED.sub(lambda m: chr(int(m.group(1), 16)), text)


def plain(text: str) -> str:
    """Text for Word or a calendar: characters that neither can hold are shown as U+FFFD, byte order
    marks, which readers of both drop, are left out."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\ufeff", "")
    return _NO_XML.sub("\ufffd", text)


def _escape(text: str) -> str:
    return _UNWRITABLE.sub(lambda m: f"_x{ord(m.group(0)):04X}_", text)


def _units(text: str) -> int:
    return len(text) + sum(c > "\uffff" for c in text)

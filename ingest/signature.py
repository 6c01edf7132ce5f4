"""Who signed a document, and the day or month of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from ingest.layout import Line, LineKind, is_signatory
from ingest.metadata import DATE, PACKED, normalize_date
from ingest.wrapping import ends_open
from kb.models import HeaderValue, Span

DATED = 6
"""Lines at the head and at the end of a text of which one may be its day."""
MONTH = re.compile(r"((?:19|20)\d\d)\s*年\s*(\d{1,2})\s*月\s*$")
_CELL = 20
"""Characters of the cell of a table; over a signature stands a sentence or the name of an attachment."""
_NO_CELL = (LineKind.CLOSING, LineKind.TITLE)


def find_signature(lines: Sequence[Line]) -> tuple[Line, Line] | None:
    """The line with the signing body and that with its day: a name, then a date alone, or both on
    one line, after the end of a sentence or the name of an attachment. The first whose name is that
    of a body; else the last lines of the text."""
    for place, (before, line) in enumerate(pairwise(lines)):
        if line.kind is not LineKind.CLOSING or normalize_date(line.text) is None:
            continue
        if not _is_date(line.text):
            if is_signatory(DATE.sub("", line.text).strip(" \u3000\t()（）")):
                return line, line
            continue
        name = re.sub(r"\s+", "", before.text)
        if (
            not 2 < len(name) <= 30
            or re.search(r"[。，,；;：:、《\d]", name)
            or _is_cell(line.text)
        ):
            continue
        first = place
        while first and is_signatory(lines[first].text):
            first -= 1
        ended = first < place or place + 2 >= len(lines)
        over = lines[first if first < place else max(place - 1, 0)]
        attached = [x.kind for x in lines[max(0, first - DATED) : first + 1]]
        closed = not ends_open(over.text) or len(over.text) > _CELL or over.kind in _NO_CELL
        closed = closed or LineKind.ATTACHMENT in attached
        if ended and (closed or first == 0):
            return before, line
    return None


def find_dateline(lines: Sequence[Line]) -> Line | None:
    """The day of a text that nobody signs: a date alone, at the head or the end."""
    ends = [*lines[:DATED], *lines[max(DATED, len(lines) - DATED) :]]
    days = [x for x in ends if x.kind is LineKind.CLOSING and _is_date(x.text)]
    whole = [x for x in days if not _is_cell(x.text)]
    return whole[-1] if len(whole) == 1 else None


def find_month(lines: Sequence[Line]) -> tuple[date, HeaderValue] | None:
    """The month beside or under the name of the body that signs, where no day is printed."""
    ends = {*range(min(DATED, len(lines))), *range(max(0, len(lines) - DATED), len(lines))}
    for place in sorted(ends):
        line = lines[place]
        match = MONTH.search(line.text)
        if match is None:
            continue
        over = lines[place - 2 : place] if place > 1 else []
        under = over and is_signatory(over[1].text) and not ends_open(over[0].text)
        if not (is_signatory(line.text[: match.start()]) or (not match.start() and under)):
            continue
        year, number = int(match[1]), int(match[2])
        if 1 <= number <= 12:
            span = Span(line.start + match.start(), line.start + match.end())
            value = HeaderValue(field="written_on", value=f"{year}-{number:02}", span=span)
            return date(year, number, 1), value
    return None


def _is_date(text: str) -> bool:
    return bool(not DATE.sub("", text, count=1).strip(" \u3000\t()（）") or PACKED.match(text))


def _is_cell(text: str) -> bool:
    """Whether a date is written as in tables (2025-03-31); nobody signs so."""
    return "-" in text or "/" in text

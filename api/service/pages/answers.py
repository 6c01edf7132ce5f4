"""An answer as lines of words, links and numbered marks of citations.

`static/answer.js` lays out streamed answers in the same way; a test of the browser compares them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from api.service.pages.screen import unit_path

_DAY = r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)"
MOST_MARKS = 6
"""Marks in one line."""


class Piece(NamedTuple):
    """Words of an answer; with an address, a link; with a number, a citation's mark."""

    text: str
    href: str = ""
    number: int = 0


class Cited(NamedTuple):
    """A citation as it is shown: its number, its address, the address of the clause alone."""

    number: int
    path: str
    quote: str
    href: str
    clause: str


def cited(citations: Sequence[Mapping[str, Any]]) -> list[Cited]:
    """The citations of an answer, numbered from 1."""
    found = []
    for number, c in enumerate(citations, 1):
        start, end = c["span"]
        at = urlencode({"from": start, "to": end})
        base = f"/documents/{quote(c['document_id'])}"
        found.append(Cited(number, c["path"], c["quote"], f"{base}?{at}#here", f"{base}/clause?{at}"))  # fmt: skip
    return found


def lines_of(answer: Mapping[str, Any]) -> list[list[Piece]]:
    """The lines of an answer. A line gets the marks of the citations whose clause it names; what
    no line names is marked at the end of the first."""
    citations = cited(answer["citations"])
    lines = [line for line in answer["answer"].split("\n") if line.strip()]
    marks: list[list[Cited]] = [[c for c in citations if names(line, c.path)] for line in lines]
    placed = {c.number for found in marks for c in found[:MOST_MARKS]}
    rest = [c for c in citations if c.number not in placed]
    units = [u["unit"] for u in answer["units"]]
    out = []
    for place, line in enumerate(lines):
        shown = marks[place][:MOST_MARKS] + (rest if place == 0 else [])
        out.append([*pieces(line, units), *(Piece(str(c.number), c.href, c.number) for c in shown)])
    return out


def names(line: str, path: str) -> bool:
    """Whether a line names a clause by its path, as a whole: `1/二` does not stand in `1/二/3`."""
    at = line.find(path) if path else -1
    while at >= 0:
        before, after = line[at - 1 : at] if at else "", line[at + len(path) :][:1]
        if not re.match(r"[0-9/]", before) and not re.match(r"[0-9/(]", after):
            return True
        at = line.find(path, at + 1)
    return False


def pieces(line: str, units: Sequence[str]) -> Iterator[Piece]:
    """A line with its units and days as links."""
    wanted = sorted(set(units), key=len, reverse=True)
    pattern = "|".join([*(re.escape(u) for u in wanted), _DAY])
    at = 0
    for found in re.finditer(pattern, line):
        if found.start() > at:
            yield Piece(line[at : found.start()])
        words = found.group()
        yield Piece(words, unit_path(words) if words in wanted else f"/tasks?until={words}")
        at = found.end()
    if at < len(line):
        yield Piece(line[at:])

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
"""Marks at the end of one line."""
SHORT = 12
"""Characters of a citation that is called by its own words."""


class Piece(NamedTuple):
    """Words of an answer; with an address, a link; with a number, a citation's mark."""

    text: str
    href: str = ""
    number: int = 0


class Cited(NamedTuple):
    """A citation as it is shown: its number, the path of its clause, what to call it, its address
    and that of the clause alone."""

    number: int
    path: str
    quote: str
    label: str
    href: str
    clause: str


def cited(citations: Sequence[Mapping[str, Any]]) -> list[Cited]:
    """The citations of an answer, numbered from 1; a few words are called by themselves, more by
    the path of their clause."""
    found = []
    for number, c in enumerate(citations, 1):
        at = urlencode({"from": c["span"][0], "to": c["span"][1]})
        base = f"/documents/{quote(c['document_id'])}"
        words = "".join(c["quote"].split())
        label = words if len(words) <= SHORT else c["path"]
        found.append(Cited(number, c["path"], words, label, f"{base}?{at}#here", f"{base}/clause?{at}"))  # fmt: skip
    return found


def lines_of(answer: Mapping[str, Any]) -> list[list[Piece]]:
    """The lines of an answer. A unit gets the mark of the citation that is its name in the source,
    a line those of the citations whose clause it names; what is left is marked in the first line."""
    citations = cited(answer["citations"])
    units = [u["unit"] for u in answer["units"]]
    named = {c.quote: c for c in reversed(citations) if c.quote in units}
    out: list[list[Piece]] = []
    done: set[int] = set()
    lines = [line for line in answer["answer"].split("\n") if line.strip()]
    for line in lines:
        row: list[Piece] = []
        for piece in pieces(line, units):
            row.append(piece)
            found = named.pop(piece.text, None) if piece.href else None
            if found is not None:
                row.append(_mark(found))
                done.add(found.number)
        out.append(row)
    for line, row in zip(lines, out, strict=True):
        here = [c for c in citations if c.number not in done and names(line, c.path)][:MOST_MARKS]
        row += [_mark(c) for c in here]
        done |= {c.number for c in here}
    if out:
        out[0] += [_mark(c) for c in citations if c.number not in done]
    return out


def _mark(citation: Cited) -> Piece:
    return Piece(str(citation.number), citation.href, citation.number)


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

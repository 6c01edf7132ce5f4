"""An answer as lines of words, links and numbered marks of citations.

`static/answer.js` lays out streamed answers in the same way; a test of the browser compares them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from api.service.pages.screen import unit_path

SHORT = 12
"""Characters of a citation that is called by its own words."""
EDGE = 8
"""Characters of the beginning and of the end of a longer one."""


class Piece(NamedTuple):
    """Words of an answer; with an address, a link; with a number, a citation's mark, which is
    called by its label."""

    text: str
    href: str = ""
    number: int = 0
    label: str = ""


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
    the path of their clause and how they begin and end: several may be of one clause."""
    found = []
    for number, c in enumerate(citations, 1):
        at = urlencode({"from": c["span"][0], "to": c["span"][1]})
        base = f"/documents/{quote(c['document_id'])}"
        words = "".join(c["quote"].split())
        label = (
            words
            if len(words) <= SHORT
            else f"{c['path']} {words[:EDGE]}……{words[-EDGE:]}".lstrip()
        )
        found.append(Cited(number, c["path"], words, label, f"{base}?{at}#here", f"{base}/clause?{at}"))  # fmt: skip
    return found


def lines_of(answer: Mapping[str, Any]) -> list[list[Piece]]:
    """The lines of an answer as `api.assistant.statements` told them: a mark behind what its
    citation proves, units and deadlines as links. An answer kept before lines were told apart has
    all its marks in the first."""
    citations = cited(answer["citations"])
    if not answer.get("statements"):
        lines = [[Piece(line)] for line in answer["answer"].split("\n") if line.strip()]
        for first in lines[:1]:
            first += [_mark(c) for c in citations]
        return lines
    return [
        [shown for piece in s["pieces"] for shown in _shown(piece, citations)]
        for s in answer["statements"]
    ]


def _shown(piece: Mapping[str, Any], citations: Sequence[Cited]) -> Iterator[Piece]:
    href = unit_path(piece["unit"]) if piece["unit"] else ""
    if piece["day"]:
        href = f"/tasks?{urlencode({'until': piece['day']})}"
    yield Piece(piece["text"], href)
    yield from (_mark(citations[place]) for place in piece["citations"])


def _mark(citation: Cited) -> Piece:
    return Piece(str(citation.number), citation.href, citation.number, citation.label)

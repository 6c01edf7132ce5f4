"""A recognised document as a person corrected it: it is read whole in its corrected words (outline, head
and clauses alike), and what was read is carried back to the characters that were recognised, which stay.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from ingest.readers import Source
from kb.models import BY_PERSON, Document, Fact, Repair, Span
from tasks.models import Extraction


class _Piece(NamedTuple):
    """Characters `[start, end)` of what was recognised and `words` in their place; `said` by a person,
    else the same characters."""

    start: int
    end: int
    words: str
    said: bool

    @property
    def even(self) -> bool:
        """Whether each character has one in its place."""
        return len(self.words) == self.end - self.start


class Corrected:
    """A document with the repairs that a person made, not overlapping, applied.

    `source` is the document in its corrected words, on their own offsets. Its repairs say where a
    person put words and change nothing any more, but what rests on them is known to.
    """

    def __init__(self, recognised: Source) -> None:
        self._recognised = recognised
        self._pieces = list(_pieces(recognised.text, recognised.repairs))
        self._raw = [piece.start for piece in self._pieces]
        ends = list(accumulate(len(piece.words) for piece in self._pieces))
        self._fair = [0, *ends[:-1]]
        said = (
            Span(start, end)
            for piece, (start, end) in zip(self._pieces, pairwise([0, *ends]), strict=True)
            if piece.said and start < end
        )
        text = "".join(piece.words for piece in self._pieces)
        repairs = (
            Repair(span=s, raw=s.slice(text), repaired=s.slice(text), rule=BY_PERSON) for s in said
        )
        blocks = (b._replace(start=self._to(b.start), end=self._to(b.end), cells=()) for b in recognised.blocks)  # fmt: skip
        findings = (
            f.model_copy(update={"span": f.span and self._forward(f.span)})
            for f in recognised.findings
        )
        self.source = recognised.model_copy(
            update={
                "text": text, "repairs": tuple(repairs), "findings": tuple(findings),
                "blocks": tuple(blocks), "places": (),
            }
        )  # fmt: skip

    def carry_back(self, read: Extraction) -> Extraction:
        """What was read in `source`, on the characters that were recognised: each span takes in those
        for which its words stand, each quote is what was recognised."""
        back: Extraction = self._carried(read)
        ruled = (repair for repair in back.repairs if repair.rule != BY_PERSON)
        repairs = sorted([*ruled, *self._recognised.repairs], key=lambda r: (r.span.start, r.span.end))  # fmt: skip
        return back.model_copy(update={"repairs": tuple(repairs)})

    def _carried(self, value: Any) -> Any:
        if isinstance(value, Span):
            return self.back(value)
        if isinstance(value, tuple):
            return tuple(self._carried(item) for item in value)
        if not isinstance(value, Fact):
            return value
        text = self._recognised.text
        fields = {name: self._carried(getattr(value, name)) for name in type(value).model_fields}
        if isinstance(value, Document):
            fields["text"] = text
        elif (span := fields.get("span")) is not None:
            fields |= {name: span.slice(text) for name in ("quote", "raw") if name in fields}
        return value.model_copy(update=fields)

    def back(self, span: Span) -> Span:
        """The recognised characters for which those of a span of corrected words stand."""
        first = bisect_right(self._fair, span.start) - 1
        last = bisect_right(self._fair, span.end - 1) - 1
        start, end = self._pieces[first].start, self._pieces[last].end
        if self._pieces[first].even:
            start += span.start - self._fair[first]
        if self._pieces[last].even:
            end = self._pieces[last].start + span.end - self._fair[last]
        return Span(start, end)

    def _forward(self, span: Span) -> Span:
        """The corrected words for a span of recognised characters; where none are, one beside it."""
        start, end = self._to(span.start), self._to(span.end)
        return Span(start, end) if start < end else Span(max(0, start - 1), max(start, 1))

    def _to(self, offset: int) -> int:
        """The place in the corrected words of a place in what was recognised."""
        at = bisect_right(self._raw, offset) - 1
        start, end, words, _ = self._pieces[at]
        return self._fair[at] + (min(offset - start, len(words)) if offset < end else len(words))


def _pieces(text: str, repairs: Sequence[Repair]) -> Iterator[_Piece]:
    at = 0
    for repair in sorted(repairs, key=lambda repair: repair.span.start):
        start, end = repair.span
        if at < start:
            yield _Piece(at, start, text[at:start], said=False)
        yield _Piece(start, end, repair.repaired, said=True)
        at = end
    if at < len(text):
        yield _Piece(at, len(text), text[at:], said=False)

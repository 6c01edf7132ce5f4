"""Clauses → chunks, the units of retrieval: a clause with its trailing line of units; a long one
is split at the ends of sentences, its spans kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from pydantic import Field

from kb.identifiers import stable_id
from kb.models import Clause, Document, Fact, Plan, Span

LONGEST = 420
"""Characters; about what the encoders read of Chinese (512 tokens) with title and heading."""
_LONG_GAP = 80
_SENTENCE = re.compile(r"[^。；;!?！？\n]*(?:[。；;!?！？]+[”」』)）]*|\n+|$)")
Metadata = Mapping[str, str | int | float | bool]


class Chunk(Fact):
    """A piece of text to be found. `heading` is the plan's title and the headings down to the
    clause; `metadata` serves filters; `span` is None for text that has no document here."""

    id: str
    clause_id: str
    document_id: str
    text: str
    heading: str
    span: Span | None = None
    metadata: dict[str, str | int | float | bool] = Field(default_factory=dict)

    @property
    def titled(self) -> str:
        """The text with what stands above it."""
        return f"{self.heading} {self.text}" if self.heading else self.text


def chunk_clauses(
    document: Document,
    plans: Iterable[Plan],
    clauses: Sequence[Clause],
    metadata_of: Callable[[Clause], Metadata] = lambda _: {},
) -> Iterator[Chunk]:
    """The chunks of a document, in its order. Ids are the clause's, with `#2` and on for parts."""
    plans = list(plans)
    titles = {plan.id: plan.title for plan in plans}
    yield from _around(document, clauses)
    by_id = {clause.id: clause for clause in clauses}
    for clause in clauses:
        above: list[str] = []
        parent = clause.parent_id
        while parent:
            above.insert(0, by_id[parent].heading)
            parent = by_id[parent].parent_id
        names = [titles.get(clause.plan_id, ""), *above, clause.heading]
        heading = " ".join(dict.fromkeys(flatten(name) for name in names if name))
        metadata = {
            "document": document.id,
            "plan": clause.plan_id,
            "path": clause.path,
            "validity": document.validity or "",
            **metadata_of(clause),
        }
        for number, span in enumerate(split_span(document.text, clause.span), start=1):
            yield Chunk(
                id=clause.id if number == 1 else f"{clause.id}#{number}",
                clause_id=clause.id,
                document_id=document.id,
                text=flatten(span.slice(document.text)),
                heading=heading,
                span=span,
                metadata={**metadata, "start": span.start, "end": span.end},
            )


def _around(document: Document, clauses: Sequence[Clause]) -> Iterator[Chunk]:
    """Text that no clause holds: what stands before the first, and longer pieces between."""
    at = 0
    spans = [(c.span.start, c.span.end) for c in sorted(clauses, key=lambda c: c.span.start)]
    for start, end in [*spans, (len(document.text), len(document.text))]:
        gap = document.text[at:start]
        if len(gap.strip()) >= (_LONG_GAP if at else 1):
            head = at + len(gap) - len(gap.lstrip())
            for span in split_span(document.text, Span(head, at + len(gap.rstrip()))):
                yield Chunk(
                    id=stable_id("text", document.id, span.start),
                    clause_id="",
                    document_id=document.id,
                    text=flatten(span.slice(document.text)),
                    heading=flatten(document.title),
                    span=span,
                    metadata={"document": document.id, "start": span.start, "end": span.end},
                )
        at = max(at, end)


def split_span(text: str, span: Span, longest: int = LONGEST) -> list[Span]:
    """`span` cut at ends of sentences into parts of at most `longest` characters; a sentence
    longer than that stays whole up to `2 * longest` and is cut there."""
    if span.end - span.start <= longest:
        return [span]
    parts: list[Span] = []
    start = end = span.start
    for match in _SENTENCE.finditer(text, span.start, span.end):
        if match.end() == match.start():
            continue
        if match.end() - start > longest and end > start:
            parts.append(Span(start, end))
            start = end
        end = match.end()
        while end - start > 2 * longest:
            parts.append(Span(start, start + 2 * longest))
            start += 2 * longest
    if span.end > start:
        parts.append(Span(start, span.end))
    return parts


def flatten(text: str) -> str:
    """One line; white space inside Chinese text is a line break of the file and goes."""
    line = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])", "", line)

"""The source text of a document with its facts marked: cut into pieces that each lie wholly inside
or outside of every fact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from ingest.pipeline import decode_source
from kb.errors import DubanError
from kb.identifiers import sha256_hex
from kb.models import Clause, Span
from tasks.models import Extraction, Task

KINDS = ("owner", "due", "target", "policy", "member", "repair", "warning")
"""What is marked, in the order of the legend."""


class Mark(NamedTuple):
    """A fact at its characters. `note` is what a repair reads or a warning says (both languages)."""

    start: int
    end: int
    kind: str
    id: str
    title: str
    note: str = ""


class Piece(NamedTuple):
    """Characters that the same marks cover. `begins` are the ids of the facts that start here,
    `notes` those of repairs and warnings that end here; `hit` where it is what was asked for and
    `first` where it is the first such piece."""

    text: str
    kinds: tuple[str, ...]
    titles: tuple[str, ...]
    begins: tuple[str, ...]
    notes: tuple[tuple[str, str], ...]
    hit: bool
    first: bool


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of the text: a clause with the tasks drawn from it, or what stands between."""

    pieces: tuple[Piece, ...]
    clause: Clause | None = None
    tasks: tuple[Task, ...] = ()

    @property
    def blank(self) -> bool:
        """Whether nothing but space stands there."""
        return not any(piece.text.strip() for piece in self.pieces)


def marks_of(extraction: Extraction) -> list[Mark]:
    """All facts of a document with their characters."""
    found: list[Mark] = []
    text = extraction.document.text
    for plan in extraction.plans:
        # A plan begins with its title, a line of its own.
        end = text.find("\n", plan.span.start)
        found.append(
            Mark(plan.span.start, end if end > 0 else plan.span.end, "plan", plan.id, plan.title)
        )
    for task in extraction.tasks:
        for a in task.responsibilities:
            found.append(Mark(a.span.start, a.span.end, "owner", f"{task.id}-{a.unit}", a.unit))
        for m in task.milestones:
            if m.due.span is not None:
                found.append(Mark(m.due.span.start, m.due.span.end, "due", m.id, str(m.due.date or m.due.rrule or m.due.duration or "")))  # fmt: skip
        for t in task.targets:
            found.append(Mark(t.span.start, t.span.end, "target", t.id, t.metric))
    for p in extraction.policies:
        found.append(Mark(p.span.start, p.span.end, "policy", f"policy-{p.span.start}", p.title))
    for member in extraction.members:
        found.append(Mark(member.span.start, member.span.end, "member", f"member-{member.span.start}", member.unit))  # fmt: skip
    for r in extraction.repairs:
        found.append(Mark(r.span.start, r.span.end, "repair", f"repair-{r.span.start}", r.repaired, r.repaired))  # fmt: skip
    for w in extraction.warnings:
        if w.span is not None:
            found.append(Mark(w.span.start, w.span.end, "warning", f"warning-{w.span.start}", w.message, w.message))  # fmt: skip
    return sorted(found)


def span_of_fact(extraction: Extraction, fact_id: str) -> Span | None:
    """The exact characters of a fact, clause or plan by its id; None where there is none."""
    for task in extraction.tasks:
        if task.id == fact_id:
            return task.span
        for m in task.milestones:
            if m.id == fact_id:
                return m.due.span if m.due.span and m.span.contains(m.due.span) else m.span
        for t in task.targets:
            if t.id == fact_id:
                return t.span
    for clause in extraction.clauses:
        if clause.id == fact_id:
            return clause.span
    for mark in marks_of(extraction):
        if mark.id == fact_id:
            return Span(mark.start, mark.end)
    return None


def blocks_of(extraction: Extraction, hit: Span | None = None) -> Iterator[Block]:
    """The whole text, clause by clause; joined again it is the document's text."""
    text = extraction.document.text
    marks = marks_of(extraction)
    tasks: dict[str, list[Task]] = {}
    for task in extraction.tasks:
        tasks.setdefault(task.clause_id, []).append(task)
    at = 0
    for clause in sorted(extraction.clauses, key=lambda c: c.span.start):
        if clause.span.start > at:
            yield Block(_pieces(text, at, clause.span.start, marks, hit))
        start = max(at, clause.span.start)
        if clause.span.end > start:
            own = _pieces(text, start, clause.span.end, marks, hit)
            yield Block(own, clause, tuple(tasks.get(clause.id, ())))
        at = max(at, clause.span.end)
    if at < len(text):
        yield Block(_pieces(text, at, len(text), marks, hit))


def block_at(extraction: Extraction, hit: Span) -> Block:
    """The clause that holds `hit`, or the characters themselves where no clause does."""
    for clause in extraction.clauses:
        if clause.span.contains(hit):
            return block_of(extraction, clause, hit)
    return Block(_pieces(extraction.document.text, hit.start, hit.end, marks_of(extraction), hit))


def block_of(extraction: Extraction, clause: Clause, hit: Span | None = None) -> Block:
    """A clause with the tasks drawn from it."""
    text, marks = extraction.document.text, marks_of(extraction)
    drawn = tuple(t for t in extraction.tasks if t.clause_id == clause.id)
    return Block(_pieces(text, clause.span.start, clause.span.end, marks, hit), clause, drawn)


def is_intact(extraction: Extraction, source: bytes) -> bool:
    """Whether the stored bytes have the recorded digest and decode to the very text shown."""
    document = extraction.document
    if sha256_hex(source) != document.sha256:
        return False
    try:
        return decode_source(source, document.media_type, document.name) == document.text
    except DubanError:
        return False


def _pieces(
    text: str, start: int, end: int, marks: Sequence[Mark], hit: Span | None
) -> tuple[Piece, ...]:
    inside = [m for m in marks if m.start < end and m.end > start]
    cuts = {start, end}
    for m in inside:
        cuts |= {max(start, m.start), min(end, m.end)}
    if hit is not None:
        cuts |= {c for c in hit if start < c < end}
    points = sorted(cuts)
    return tuple(
        _piece(text, a, b, inside, hit) for a, b in pairwise(points)
    )  # fmt: skip


def _piece(text: str, a: int, b: int, marks: Iterable[Mark], hit: Span | None) -> Piece:
    held = [m for m in marks if m.start <= a and b <= m.end]
    return Piece(
        text=text[a:b],
        kinds=tuple(dict.fromkeys(m.kind for m in held)),
        titles=tuple(dict.fromkeys(m.title for m in held)),
        begins=tuple(dict.fromkeys(m.id for m in held if m.start == a)),
        notes=tuple(dict.fromkeys((m.kind, m.note) for m in held if m.note and m.end == b)),
        hit=hit is not None and hit.start <= a and b <= hit.end,
        first=hit is not None and hit.start == a,
    )

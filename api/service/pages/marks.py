"""The source text of a document with its facts marked: cut into pieces that each lie wholly inside
or outside of every fact."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from typing import NamedTuple

from ingest.pipeline import decode_source
from ingest.unclaimed import find_unclaimed
from kb.errors import DubanError
from kb.identifiers import sha256_hex
from kb.models import Clause, Span
from kb.wording import in_both
from tasks.abolished import RELATION_NAMES
from tasks.models import Extraction, Recognised, Task

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

    def facts(self, name: str) -> int:
        """How many facts of a kind (a field of `Task`) its tasks have."""
        return sum(len(getattr(task, name)) for task in self.tasks)

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
        told = f"{in_both(RELATION_NAMES[p.relation])}: {p.title}"
        found.append(Mark(p.span.start, p.span.end, "policy", f"policy-{p.span.start}", told))
    for member in extraction.members:
        found.append(Mark(member.span.start, member.span.end, "member", f"member-{member.span.start}", member.unit))  # fmt: skip
    for r in extraction.repairs:
        found.append(Mark(r.span.start, r.span.end, "repair", f"repair-{r.span.start}", r.repaired, r.repaired))  # fmt: skip
    for w in extraction.doubts:
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


class Marked:
    """A document with its marks and clauses in order, to look at any stretch of it quickly."""

    def __init__(self, extraction: Extraction) -> None:
        self.extraction = extraction
        self.marks = marks_of(extraction)
        self.clauses = sorted(extraction.clauses, key=lambda c: c.span.start)
        self.tasks: dict[str, list[Task]] = {}
        for task in extraction.tasks:
            self.tasks.setdefault(task.clause_id, []).append(task)
        self._starts = [m.start for m in self.marks]
        self._reach = list(accumulate((m.end for m in self.marks), max))
        self._clause_starts = [c.span.start for c in self.clauses]
        self.decodes: bool | None = None
        """Whether the source was found to decode to this text; None: not looked at yet."""

    @cached_property
    def counts(self) -> Counter[str]:
        """How many marks there are of each kind."""
        return Counter(m.kind for m in self.marks)

    @cached_property
    def unclaimed(self) -> list[Clause]:
        """Clauses that seem to ask for something though no task was drawn from them."""
        return find_unclaimed(self.extraction)

    def within(self, start: int, end: int) -> list[Mark]:
        """The marks that share a character with `[start, end)`."""
        first = bisect_right(self._reach, start)
        last = bisect_left(self._starts, end)
        return [m for m in self.marks[first:last] if m.end > start]

    def clause_at(self, at: int) -> Clause | None:
        """The clause that holds a character."""
        number = bisect_right(self._clause_starts, at) - 1
        clause = self.clauses[number] if number >= 0 else None
        return clause if clause and at < clause.span.end else None


class _ByIdentity:
    """A key that is equal to itself only: an extraction of a large document is long to hash."""

    __slots__ = ("of",)

    def __init__(self, of: Extraction) -> None:
        self.of = of

    def __hash__(self) -> int:
        return id(self.of)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and self.of is other.of


@lru_cache(maxsize=8)
def _marked(key: _ByIdentity) -> Marked:
    return Marked(key.of)


def marked(extraction: Extraction) -> Marked:
    """An extraction with its marks; kept for the documents last looked at."""
    return _marked(_ByIdentity(extraction))


LARGEST_PART = 60_000
"""Characters of a document that one page shows."""


def parts_of(extraction: Extraction, largest: int = LARGEST_PART) -> list[Span]:
    """A long text cut into parts, each shown as a page: at a plan's beginning where one lies in the
    second half of what fits, else before a clause."""
    size = len(extraction.document.text)
    plans = [p.span.start for p in extraction.plans]
    clauses = [c.span.start for c in marked(extraction).clauses]
    found: list[Span] = []
    start = 0
    while size - start > largest:
        end = _last(plans, start + largest // 2, start + largest)
        end = end or _last(clauses, start + 1, start + largest) or start + largest
        found.append(Span(start, end))
        start = end
    if start < size or not found:
        found.append(Span(start, size))
    return found


def _last(starts: Sequence[int], low: int, high: int) -> int | None:
    """The last of these in `[low, high]`."""
    number = bisect_right(starts, high) - 1
    return starts[number] if number >= 0 and starts[number] >= low else None


def blocks_of(
    extraction: Extraction, hit: Span | None = None, part: Span | None = None
) -> Iterator[Block]:
    """The text, or a part of it, clause by clause; joined again it is that text. A clause stands in
    the part that holds its first character."""
    m = marked(extraction)
    at, to = part or (0, len(extraction.document.text))
    first = bisect_left([c.span.start for c in m.clauses], at)
    if first and m.clauses[first - 1].span.end > at:
        first -= 1  # only a clause longer than a page goes on here
    for clause in m.clauses[first:]:
        if clause.span.start >= to:
            break
        if clause.span.start > at:
            yield _block(m, at, clause.span.start, hit)
        start, end = max(at, clause.span.start), min(to, clause.span.end)
        if end > start:
            yield _block(m, start, end, hit, clause)
        at = max(at, end)
    if at < to:
        yield _block(m, at, to, hit)


def block_at(extraction: Extraction, hit: Span) -> Block:
    """The clause that holds `hit`, or the characters themselves where no clause does."""
    m = marked(extraction)
    clause = m.clause_at(hit.start)
    if clause is not None and clause.span.contains(hit):
        return block_of(extraction, clause, hit)
    return _block(m, hit.start, hit.end, hit)


def block_of(extraction: Extraction, clause: Clause, hit: Span | None = None) -> Block:
    """A clause with the tasks drawn from it."""
    return _block(marked(extraction), clause.span.start, clause.span.end, hit, clause)


def _block(
    m: Marked, start: int, end: int, hit: Span | None, clause: Clause | None = None
) -> Block:
    pieces = _pieces(m.extraction.document.text, start, end, m.within(start, end), hit)
    drawn = tuple(m.tasks.get(clause.id, ())) if clause else ()
    return Block(pieces, clause, drawn)


def is_intact(
    extraction: Extraction, source: bytes, recognised: Callable[[str], Recognised | None]
) -> bool:
    """Whether the stored bytes have the recorded digest and decode to the very text shown; what a
    model read in their pictures (`recognised`, by the id of the document) is not read again. The
    digest is reckoned each time; bytes of that digest are decoded once."""
    document = extraction.document
    if sha256_hex(source) != document.sha256:
        return False
    known = marked(extraction)
    if known.decodes is None:
        try:
            stored = recognised(document.id)
            decoded = (
                stored.text if stored else decode_source(source, document.media_type, document.name)
            )
            known.decodes = decoded == document.text
        except (DubanError, ValueError):
            known.decodes = False
    return known.decodes


def _pieces(
    text: str, start: int, end: int, marks: Sequence[Mark], hit: Span | None
) -> tuple[Piece, ...]:
    cuts = {start, end}
    for m in marks:
        cuts |= {max(start, m.start), min(end, m.end)}
    if hit is not None:
        cuts |= {c for c in hit if start < c < end}
    points = sorted(cuts)
    return tuple(
        _piece(text, a, b, marks, hit) for a, b in pairwise(points)
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

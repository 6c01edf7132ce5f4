"""The ledger of a reading: every party, time, quantity and title of the clauses, what it is used
for and what decided; and how much of the text stands in some mention.

It is made on demand, by reading the document's text again; only findings are stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from ingest.classifier import EXPLAINED, OTHER, Decision, Models, Use
from ingest.clauses import ClauseReading
from ingest.owners import OWNER
from ingest.pipeline import read_document
from ingest.readers import Source
from kb.characters import HAN
from kb.language.numerals import NUMERALS
from kb.language.party_words import WordKind, party_words
from kb.language.quantities import find_uncounted
from kb.models import Fact, Span
from kb.ranges import Ranges
from tasks.models import Extraction

# The plain scan that coverage is measured by; it knows nothing of the mention readers.
_FIGURES = re.compile(r"\d[\d.,]*")
_COUNTED = re.compile(rf"[{NUMERALS}]+(?=[个名家所项条亩户人次年月日天元%])")
_BODY_ENDS = 3
"""Characters of an end that a body is known by without looking at what stands around it."""
_UNCLASSIFIED = "unclassified"


class Mention(Fact):
    """A mention with its use: `type` party, time, quantity, number or title; `reading` its value in words;
    `rule` the feature that decided most; `fact_id` the fact that it became."""

    span: Span
    type: str
    reading: str
    use: str
    rule: str
    fact_id: str | None = None


class Ledger(Fact):
    """All mentions in order, and the share of figures, counted numerals and bodies of the clauses
    that stand in one."""

    mentions: tuple[Mention, ...]
    coverage: float


def read_ledger(
    extraction: Extraction, source: Source | None = None, *, models: Models = EXPLAINED
) -> Ledger:
    """The ledger of a document that was extracted.

    Args:
        extraction: what was read in it.
        source: what it was read in, with its notes and heads of pages; None where it has none.
        models: as it was extracted with, with their reasons.
    """
    document = extraction.document
    readings = tuple(read_document(source or _plain(extraction), models=models).readings)
    facts = _facts(extraction)
    mentions = sorted(
        (m for item in readings for m in _mentions(item, facts)), key=lambda m: m.span.start
    )
    return Ledger(mentions=tuple(mentions), coverage=_coverage(document.text, readings, mentions))


def _plain(extraction: Extraction) -> Source:
    d = extraction.document
    return Source(name=d.name, sha256=d.sha256, media_type=d.media_type, text=d.text)


def _facts(extraction: Extraction) -> dict[tuple[str, int], str]:
    """The id of the fact of a type that ends at a place of the text."""
    found: dict[tuple[str, int], str] = {}
    for task in extraction.tasks:
        for a in task.responsibilities:
            found.setdefault(("party", a.span.end), task.id)
        for m in task.milestones:
            if m.due.span is not None:
                found.setdefault(("time", m.due.span.end), m.id)
        for t in task.targets:
            found.setdefault(("quantity", t.span.end), t.id)
    return found


def _mentions(item: ClauseReading, facts: dict[tuple[str, int], str]) -> Iterator[Mention]:
    def mention(
        kind: str, start: int, end: int, reading: str, decision: Decision, use: str, until: int
    ) -> Mention:
        span = item.reading.span(start, end)
        rule = decision.reasons[0][0] if decision.reasons else "bias"
        ends = item.reading.span(start, until).end
        known = facts.get((kind, ends)) if use not in (OTHER, _UNCLASSIFIED) else None
        return Mention(span=span, type=kind, reading=reading, use=use, rule=rule, fact_id=known)

    for start, end in item.names:
        if start < end:
            name = item.reading.text[start:end]
            span = item.reading.span(start, end)
            yield Mention(span=span, type="title", reading=name, use="document", rule="title")
    for party in item.owners.uses:
        label = party.decision.label or _UNCLASSIFIED
        use = f"owner({party.role.value})" if label == OWNER else label
        p = party.mention
        yield mention("party", p.start, p.end, p.name, party.decision, use, p.end)
    for time in item.times:
        t = time.mention
        length = f"{t.duration}..{t.duration_max}" if t.duration_max else t.duration
        read = t.rrule or length or f"{t.first}..{t.last}"
        use = time.decision.label or _UNCLASSIFIED
        yield mention("time", t.start, t.end, read, time.decision, use, t.end)
    for number in item.quantities:
        q = number.mention
        read = f"{q.comparator.value if q.comparator else ''}{q.value}{q.measure or ''}"
        use = number.decision.label or _UNCLASSIFIED
        yield mention("quantity", q.start, q.end, read, number.decision, use, max(q.until, q.end))
    yield from _uncounted(item)


def _uncounted(item: ClauseReading) -> Iterator[Mention]:
    """The numerals that no other mention holds: ordinals, codes, numbers of what is named."""
    parties, times = item.owners.uses, item.times
    held = [
        *item.names,
        *((u.mention.start, u.mention.end) for u in parties),
        *((u.mention.start, u.mention.end) for u in times),
    ]
    for q in (u.mention for u in item.quantities):
        held.append((min(q.from_, q.start), max(q.until, q.end)))
    for start, end, kind in find_uncounted(item.reading.text, closed=held):
        yield Mention(
            span=item.reading.span(start, end),
            type="number",
            reading=item.reading.text[start:end],
            use=_UNCLASSIFIED if kind is None else "ordinal" if kind == "ordinal" else "name",
            rule=kind or "none",
        )


@lru_cache
def _bodies() -> re.Pattern[str]:
    """Names that end as bodies do: two characters or more before one of the longer ends."""
    ends = {
        word
        for entry in party_words()
        if entry.kind is WordKind.SUFFIX and entry.class_ in ("office", "government", "group")
        for word in entry.words
        if len(word) >= _BODY_ENDS
    }
    return re.compile(rf"[{HAN}]{{2,14}}(?:{'|'.join(map(re.escape, sorted(ends)))})")


def _coverage(text: str, readings: tuple[ClauseReading, ...], mentions: list[Mention]) -> float:
    held = Ranges((m.span.start, m.span.end) for m in mentions)
    found = missed = 0
    for item in readings:
        span = item.clause.span
        begin = span.start + len(item.clause.marker)
        for pattern in (_FIGURES, _COUNTED, _bodies()):
            for match in pattern.finditer(text, begin, span.end):
                at = item.reading.index(match.start())
                if at >= len(item.reading.starts) or item.reading.starts[at] != match.start():
                    continue  # words of the page inside a clause, which are listed as left out
                found += 1
                missed += not held.overlap(match.start(), match.end())
    return 1.0 if not found else (found - missed) / found


def explain_mentions(source: Source, start: int, end: int) -> list[dict[str, Any]]:
    """What was decided of the mentions that overlap `[start, end)` of the text: use, probability,
    and the features that spoke for and against it, with their weights."""
    found: list[dict[str, Any]] = []
    for item in read_document(source, models=EXPLAINED).readings:
        if item.clause.span.start >= end or item.clause.span.end <= start:
            continue
        kinds: tuple[tuple[str, Sequence[Use[Any]]], ...] = (
            ("party", item.owners.uses), ("time", item.times), ("quantity", item.quantities),
        )  # fmt: skip
        for kind, use in ((kind, use) for kind, uses in kinds for use in uses):
            decision = use.decision
            span = item.reading.span(use.mention.start, use.mention.end)
            if span.start < end and start < span.end:
                found.append(
                    {
                        "type": kind,
                        "span": [span.start, span.end],
                        "quote": source.text[span.start : span.end],
                        "use": decision.label or _UNCLASSIFIED,
                        "probability": round(decision.probability, 3),
                        "features": [list(reason) for reason in decision.reasons],
                    }
                )
    return found

"""Bytes → facts: reads a file, parses its outline, extracts duties and checks every span."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from ingest.absences import find_attachments, find_emptiness
from ingest.classifier import INSTALLED, Models
from ingest.clauses import ClauseReading, read_clauses
from ingest.corrected import Corrected
from ingest.deadlines import parse_period
from ingest.doubted import doubted_spans, mark_doubted
from ingest.doubts import Doubts
from ingest.duties import extract_tasks
from ingest.header import Header, parse_header
from ingest.layout import Line, LineKind, find_lines
from ingest.lines import plain_breaks
from ingest.outline import Outline, parse_outline
from ingest.policies import find_policies
from ingest.progress import Stage, Tell, counted, untold
from ingest.readers import Source, decode, read_bytes, read_file
from ingest.readers.kinds import reader_of
from ingest.readers.recorded import read_recorded
from ingest.readers.source import Block, BlockKind, Read
from ingest.reading import RepairIndex, read_span
from ingest.recognising import recognising, recognition
from ingest.repairs import find_repairs
from kb.language.jurisdictions import Jurisdiction, detect_jurisdiction
from kb.language.organisations import Organisations, organisations_for
from kb.language.times import find_times
from kb.models import Document, Finding, Plan, Repair, Span, verify_quote
from kb.ranges import Ranges
from tasks.fact_ids import document_id_of, identify
from tasks.models import (
    Assignment,
    Baseline,
    Extraction,
    Member,
    Milestone,
    PolicyReference,
    Recognised,
    Target,
    Task,
)


def extract_file(path: Path, *, reading: int = 1) -> tuple[Extraction, bytes]:
    """Read the file at `path` and extract all that it says; also returns its bytes.

    `reading` counts how often these bytes were read into a store: the ids of each reading are its
    own (see `tasks.fact_ids`).

    Raises:
        SourceError: the file cannot be read; names the file and the place.
    """
    with _without_collector():
        source, data = read_file(path)
        return extract_source(source, reading=reading), data


def extract_bytes(
    data: bytes,
    name: str,
    tell: Tell = untold,
    *,
    reading: int = 1,
    recognised: Recognised | None = None,
) -> Extraction:
    """As `extract_file`, for bytes at hand; `name` is used for messages and its suffix, `tell` is
    told how far it is. `recognised`: what a model read in its pictures when it was brought, which
    is then its text; how those are recognised else is set by `ingest.recognising`.

    Raises:
        SourceError: as `extract_file`.
    """
    with _without_collector():
        tell(Stage.DECODING, 0, 0)
        with recognising(replace(recognition(), tell=tell)):
            source = read_bytes(data, name, recognised)
        return extract_source(source, tell, reading=reading)


@contextmanager
def _without_collector() -> Iterator[None]:
    """While facts are only added, none is garbage; the collector would look through all of them
    again and again, which grows faster than the document."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def decode_source(data: bytes, media_type: str, name: str) -> str:
    """The text of stored bytes, as when they were first read.

    Raises:
        SourceError: the bytes are not what they were.
    """
    return decode(data, media_type, name)


def read_places(data: bytes, media_type: str, name: str, recognised: Recognised | None) -> Read:
    """Stored bytes with the places of their characters, as when they were first read.

    Raises:
        SourceError: the bytes are not what they were.
    """
    return read_recorded(recognised, name) if recognised else reader_of(media_type)(data, name)


@dataclass(frozen=True)
class DocumentReading:
    """A document before its duties are made: header, outline, plans with their periods, and its
    clauses, each read when its turn comes and once."""

    document_id: str
    header: Header
    outline: Outline
    plans: tuple[Plan, ...]
    readings: Iterator[ClauseReading]
    repairs: tuple[Repair, ...]
    findings: tuple[Finding, ...]
    index: RepairIndex
    organisations: Organisations
    lines: Sequence[Line]


def read_document(
    source: Source,
    tell: Tell = untold,
    *,
    models: Models = INSTALLED,
) -> DocumentReading:
    """Text → header, outline and read clauses; models as for `extract_source`."""
    text = source.text
    tell(Stage.OUTLINE, 0, 0)
    plain = plain_breaks(text)  # for all that reads; quotes are of the text itself
    repairs, findings = find_repairs(plain)
    if source.repairs:  # a person knows better than a rule
        said = Ranges((r.span.start, r.span.end) for r in source.repairs)
        repairs = [r for r in repairs if not said.overlap(r.span.start, r.span.end)]
        findings = [f for f in findings if not (f.span and said.overlap(f.span.start, f.span.end))]
        repairs += source.repairs
    lines = _without_notes(find_lines(plain), source.blocks)
    header = parse_header(plain, lines)
    document_id = document_id_of(source.sha256)
    outline = parse_outline(plain, header, document_id, lines)
    repairs = sorted([*repairs, *outline.repairs], key=lambda r: (r.span.start, r.span.end))
    if plain != text:
        repairs = [r.model_copy(update={"raw": r.span.slice(text)}) for r in repairs]
    index = RepairIndex(repairs)
    organisations = organisations_for(_jurisdiction(header, outline))
    plans = tuple(_with_period(plain, plan, outline, index) for plan in outline.plans)
    clauses = counted(outline.clauses, Stage.CLAUSES, tell)
    readings = read_clauses(
        plain,
        clauses,
        index,
        organisations,
        outline.breaks,
        rows=outline.rows,
        issued=header.written_on,
        reference=header.written_on
        or header.published_on
        or header.month
        or _year_of(header, outline),
        titles={plan.id: f"{header.title or ''} {plan.title}" for plan in plans},
        plans={plan.id: plan.span for plan in plans},
        numbered=_first_numbered(outline),
        models=models,
    )
    return DocumentReading(
        document_id,
        header,
        outline,
        plans,
        readings,
        tuple(repairs),
        tuple(findings),
        index,
        organisations,
        lines,
    )


_NOTES = frozenset({BlockKind.FOOTNOTE, BlockKind.COMMENT, BlockKind.HEADER, BlockKind.FOOTER})


def _without_notes(lines: Sequence[Line], blocks: Sequence[Block]) -> list[Line]:
    """The lines, those of notes at the foot of pages and in margins none of the text: a duty is not
    laid down there."""
    notes = Ranges((b.start, b.end) for b in blocks if b.kind in _NOTES)
    return [
        replace(line, kind=LineKind.FURNITURE, marker=None)
        if notes.overlap(line.start, line.end)
        else line
        for line in lines
    ]


_PREAMBLE = 500
"""Characters before the first number: the longest preambles of the open documents have 248 and, in one
whose lines stand there twice, 490."""


def _first_numbered(outline: Outline) -> dict[str, int]:
    """Where the first numbered clause of each plan begins, of those that have one near their
    beginning: over a long text without numbers it is no mark of where the preamble ends."""
    found: dict[str, int] = {}
    begun: dict[str, int] = {}
    for clause in outline.clauses:
        begun.setdefault(clause.plan_id, clause.span.start)
        if clause.marker:
            found.setdefault(clause.plan_id, clause.span.start)
    return {plan: at for plan, at in found.items() if at - begun[plan] <= _PREAMBLE}


def extract_source(
    source: Source, tell: Tell = untold, *, reading: int = 1, models: Models = INSTALLED
) -> Extraction:
    """Document → facts and warnings. Pure: no clock, no files but the lexicon and the weights.

    `models`: others than the installation's, for measuring with documents left out.
    """
    if source.repairs:
        corrected = Corrected(source)
        found = corrected.carry_back(_read_source(corrected.source, tell, models))
    else:
        found = _read_source(source, tell, models)
    extraction = identify(found, reading)
    verify_extraction(extraction)
    return extraction


def _read_source(source: Source, tell: Tell, models: Models) -> Extraction:
    """All facts, with ids that are only unique. The reading of a clause, which takes more than its
    facts, ends when these are found."""
    read = read_document(source, tell, models=models)
    text, header, outline = source.text, read.header, read.outline
    plain = plain_breaks(text)
    document_id, plans, readings = read.document_id, read.plans, read.readings
    repairs, findings, index, organisations = (
        read.repairs, read.findings, read.index, read.organisations,
    )  # fmt: skip
    unsure = doubted_spans(source.findings)
    doubts = [f.span for f in findings if f.span] + unsure
    policies: list[PolicyReference] = []
    whole = Doubts()

    def one_by_one() -> Iterator[ClauseReading]:
        for item in readings:
            policies.extend(_policies(text, item))
            whole.see(item)
            yield item

    tasks, warnings = extract_tasks(
        text, plans, outline.clauses, one_by_one(), issued=header.written_on, doubts=doubts
    )
    tasks = mark_doubted(tasks, outline.clauses, unsure)
    tell(Stage.CHECKING, 0, 0)
    members = tuple(_members(text, outline.members, index, organisations))
    empty = find_emptiness(plain, len(outline.clauses), tasks)
    document = Document(
        id=document_id,
        title=header.title or (plans[0].title if plans else "") or source.name,
        document_number=header.document_number,
        index_number=header.index_number,
        issuer=header.issuer,
        written_on=header.written_on,
        published_on=header.published_on,
        sha256=source.sha256,
        media_type=source.media_type,
        subject=header.subject,
        validity=header.validity,
        title_printed=header.title_printed,
        number_printed=header.number_printed,
        name=source.name,
        text=text,
    )
    return Extraction(
        document=document,
        header=tuple(v.model_copy(update={"quote": v.span.slice(text)}) for v in header.values),
        plans=plans,
        clauses=tuple(outline.clauses),
        tasks=tasks,
        members=members,
        policies=tuple(policies),
        repairs=tuple(repairs),
        warnings=(
            *empty,
            *source.findings,
            *findings,
            *header.findings,
            *outline.findings,
            *find_attachments(plain),
            *whole.findings(read.lines, tasks, text),
            *warnings,
        ),
        recognised=source.recognised,
    )


def _year_of(header: Header, outline: Outline) -> date | None:
    """The first day of the year that the title names, else of that in the document's number
    (〔2026〕14号), where the document has no day of its own."""
    title = header.title or (outline.plans[0].title if outline.plans else "")
    named = next((t.first.year for t in find_times(title) if t.printed_year and t.first), None)
    if named is None and (number := _NUMBER_YEAR.search(header.document_number or "")):
        named = int(number[1])
    return date(named, 1, 1) if named else None


_NUMBER_YEAR = re.compile(r"〔((?:19|20)\d\d)〕")


def _jurisdiction(header: Header, outline: Outline) -> Jurisdiction:
    title = header.title or (outline.plans[0].title if outline.plans else "")
    return detect_jurisdiction(header.issuer, title, header.document_number)


def _with_period(text: str, plan: Plan, outline: Outline, index: RepairIndex) -> Plan:
    title = outline.titles[plan.number - 1]
    period = parse_period(read_span(text, title, index.within(title)))
    return plan.model_copy(update={"period": period})


def _members(
    text: str, spans: Sequence[Span], index: RepairIndex, organisations: Organisations
) -> Iterator[Member]:
    for span in spans:
        reading = read_span(plain_breaks(text), span, index.within(span))
        for mention in organisations.find(reading.text):
            place = reading.span(mention.start, mention.end)
            yield Member(
                unit=mention.name,
                unit_id=mention.unit.id if mention.unit else None,
                span=place,
                quote=place.slice(text),
            )


def _policies(text: str, item: ClauseReading) -> Iterator[PolicyReference]:
    for policy in find_policies(item):
        yield policy.model_copy(update={"quote": policy.span.slice(text)})


def verify_extraction(extraction: Extraction) -> None:
    """Check every quote of an extraction against the document's text.

    Raises:
        ProvenanceError: when a fact does not quote its source.
    """
    text = extraction.document.text
    for fact in (
        *extraction.header,
        *extraction.members,
        *extraction.policies,
        *_facts(extraction.tasks),
    ):
        verify_quote(text, fact.span, fact.quote)
    for repair in extraction.repairs:
        verify_quote(text, repair.span, repair.raw)


def _facts(tasks: Sequence[Task]) -> Iterator[Assignment | Milestone | Target | Baseline]:
    for task in tasks:
        yield from task.responsibilities
        yield from task.milestones
        yield from task.targets
        yield from (t.baseline for t in task.targets if t.baseline is not None)

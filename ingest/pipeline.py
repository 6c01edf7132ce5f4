"""Bytes → facts: reads a file, parses its outline, extracts duties and checks every span."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ingest.clauses import ClauseReading, read_clauses
from ingest.deadlines import parse_period
from ingest.duties import extract_tasks
from ingest.header import Header, parse_header
from ingest.outline import Outline, parse_outline
from ingest.policies import find_policies
from ingest.readers import READERS, Source, read_bytes, read_file
from ingest.reading import RepairIndex, read_span
from ingest.repairs import find_repairs
from kb.models import Document, Finding, Plan, Span, verify_quote
from tasks.fact_ids import document_id_of, identify
from tasks.jurisdictions import Jurisdiction, detect_jurisdiction
from tasks.models import Assignment, Extraction, Member, Milestone, PolicyReference, Target, Task
from tasks.organisations import Organisations, organisations_for

_ATTACHMENT = re.compile(r"^[ \u3000]*附\s*件\s*\d*\s*[:：][^\n]*", re.MULTILINE)


def extract_file(path: Path, *, reading: int = 1) -> tuple[Extraction, bytes]:
    """Read the file at `path` and extract all that it says; also returns its bytes.

    `reading` counts how often these bytes were read into a store: the ids of each reading are its
    own (see `tasks.fact_ids`).

    Raises:
        SourceError: the file cannot be read; names the file and the place.
    """
    source, data = read_file(path)
    return extract_source(source, reading=reading), data


def extract_bytes(data: bytes, name: str, *, reading: int = 1) -> Extraction:
    """As `extract_file`, for bytes at hand; `name` is used for messages and its suffix.

    Raises:
        SourceError: as `extract_file`.
    """
    return extract_source(read_bytes(data, name), reading=reading)


def decode_source(data: bytes, media_type: str, name: str) -> str:
    """The text of stored bytes, as when they were first read.

    Raises:
        SourceError: the bytes are not what they were.
    """
    return READERS[media_type](data, name)


def extract_source(source: Source, *, reading: int = 1) -> Extraction:
    """Document → facts and warnings. Pure: no clock, no files but the lexicon."""
    text = source.text
    repairs, findings = find_repairs(text)
    header = parse_header(text)
    document_id = document_id_of(
        source.sha256
    )  # it and the ids of all facts are only unique until `identify` below
    outline = parse_outline(text, header, document_id)
    repairs = sorted([*repairs, *outline.repairs], key=lambda r: (r.span.start, r.span.end))
    index = RepairIndex(repairs)
    organisations = organisations_for(_jurisdiction(header, outline))
    plans = tuple(_with_period(text, plan, outline, index) for plan in outline.plans)
    readings = list(read_clauses(text, outline.clauses, index, organisations))
    tasks, warnings = extract_tasks(
        text, plans, readings, issued=header.written_on, doubts=[f.span for f in findings if f.span]
    )
    members = tuple(_members(text, outline.members, index, organisations))
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
    extraction = Extraction(
        document=document,
        plans=plans,
        clauses=tuple(outline.clauses),
        tasks=tasks,
        members=members,
        policies=tuple(_policies(text, readings)),
        repairs=tuple(repairs),
        warnings=(*source.findings, *findings, *outline.findings, *_attachments(text), *warnings),
    )
    extraction = identify(extraction, reading)
    verify_extraction(extraction)
    return extraction


def _jurisdiction(header: Header, outline: Outline) -> Jurisdiction:
    title = header.title or (outline.plans[0].title if outline.plans else "")
    return detect_jurisdiction(header.issuer, title)


def _with_period(text: str, plan: Plan, outline: Outline, index: RepairIndex) -> Plan:
    title = outline.titles[plan.number - 1]
    period = parse_period(read_span(text, title, index.within(title)))
    return plan.model_copy(update={"period": period})


def _members(
    text: str, spans: Sequence[Span], index: RepairIndex, organisations: Organisations
) -> Iterator[Member]:
    for span in spans:
        reading = read_span(text, span, index.within(span))
        for mention in organisations.find(reading.text):
            place = reading.span(mention.start, mention.end)
            yield Member(
                unit=mention.name,
                unit_id=mention.unit.id if mention.unit else None,
                span=place,
                quote=place.slice(text),
            )


def _policies(text: str, readings: Sequence[ClauseReading]) -> Iterator[PolicyReference]:
    for item in readings:
        for policy in find_policies(item):
            yield policy.model_copy(update={"quote": policy.span.slice(text)})


def _attachments(text: str) -> Iterator[Finding]:
    """Attachments that the document names: their text may not be in the file."""
    for match in _ATTACHMENT.finditer(text):
        name = match.group().strip()
        yield Finding(
            code="attachment",
            message=f"文件列有附件, 请核对附件正文是否在内: {name} / "
            f"an attachment is named; check that its text is in the file",
            span=Span(match.start(), match.end()),
        )


def verify_extraction(extraction: Extraction) -> None:
    """Check every quote of an extraction against the document's text.

    Raises:
        ProvenanceError: when a fact does not quote its source.
    """
    text = extraction.document.text
    for fact in (*extraction.members, *extraction.policies, *_facts(extraction.tasks)):
        verify_quote(text, fact.span, fact.quote)
    for repair in extraction.repairs:
        verify_quote(text, repair.span, repair.raw)


def _facts(tasks: Sequence[Task]) -> Iterator[Assignment | Milestone | Target]:
    for task in tasks:
        yield from task.responsibilities
        yield from task.milestones
        yield from task.targets

"""Re-checks every stored fact against the bytes of its source."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kb.errors import DubanError
from kb.identifiers import sha256_hex
from kb.models import Fact, Span
from tasks.models import Extraction
from tasks.store import Store

Decode = Callable[[bytes, str, str], str]
"""(bytes, media type, file name) → text, as `ingest.pipeline.decode_source`."""


class Difference(Fact):
    """A place where the store and the source disagree."""

    document_id: str
    kind: str
    fact_id: str
    message: str
    span: Span | None = None


class Verified(Fact):
    """How much was checked, and what differs (nothing: all is as it was)."""

    documents: int
    facts: int
    differences: tuple[Difference, ...]


def verify_store(store: Store, decode: Decode) -> Verified:
    """Check each document, superseded ones too: the bytes' SHA-256, the text decoded from them
    again, and that every fact's quote is what stands at its span."""
    found: list[Difference] = []
    facts = documents = 0
    for stored in store.documents(superseded=True):
        documents += 1
        extraction = store.load(stored.document.id)
        found.extend(_source(store.source(stored.document.id), extraction, decode))
        for kind, fact_id, span, quote in _quotes(extraction):
            facts += 1
            text = extraction.document.text
            if span.end > len(text) or span.slice(text) != quote:
                message = f"应为“{quote}”, 原文是“{span.slice(text)}” / the source differs"
                found.append(
                    Difference(
                        document_id=extraction.document.id,
                        kind=kind,
                        fact_id=fact_id,
                        message=message,
                        span=span,
                    )
                )
    return Verified(documents=documents, facts=facts, differences=tuple(found))


def _source(data: bytes, extraction: Extraction, decode: Decode) -> Iterator[Difference]:
    document = extraction.document

    def difference(message: str) -> Difference:
        return Difference(
            document_id=document.id, kind="document", fact_id=document.id, message=message
        )

    if sha256_hex(data) != document.sha256:
        yield difference("文件字节的 SHA-256 与记录不符 / the bytes' SHA-256 differs")
    try:
        text = decode(data, document.media_type, document.name)
    except DubanError as error:
        yield difference(f"文件解不开 / cannot be decoded: {error.message}")
        return
    if text != document.text:
        place = next(
            (i for i, (a, b) in enumerate(zip(text, document.text, strict=False)) if a != b),
            min(len(text), len(document.text)),
        )
        yield difference(f"正文在第 {place} 字起不同 / the text differs from character {place}")


def _quotes(extraction: Extraction) -> Iterator[tuple[str, str, Span, str]]:
    for task in extraction.tasks:
        for a in task.responsibilities:
            yield "assignment", f"{task.id}:{a.unit}", a.span, a.quote
        for m in task.milestones:
            yield "milestone", m.id, m.span, m.quote
        for t in task.targets:
            yield "target", t.id, t.span, t.quote
    for member in extraction.members:
        yield "member", member.unit, member.span, member.quote
    for policy in extraction.policies:
        yield "policy", policy.title, policy.span, policy.quote
    for repair in extraction.repairs:
        yield "repair", repair.rule, repair.span, repair.raw

"""What a person should look at: warnings, doubtful readings, repairs, corrections re-opened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from kb.identifiers import stable_id
from kb.models import Fact, Span
from tasks.corrections import Correction, CorrectionStatus
from tasks.models import Certainty, Extraction, Task


class ReviewKind(StrEnum):
    """Why something is listed."""

    REOPENED = "reopened"  # a correction whose clause changed
    WARNING = "warning"  # what the reader could not settle
    AMBIGUOUS = "ambiguous"  # a deadline with two readings
    UNCERTAIN = "uncertain"  # a value that the damaged text leaves in doubt
    REPAIRED = "repaired"  # a reading of characters that the file lost


REVIEW_NAMES = {
    ReviewKind.REOPENED: ("更正待复核", "correction re-opened"),
    ReviewKind.WARNING: ("提醒", "warning"),
    ReviewKind.AMBIGUOUS: ("时限有两解", "ambiguous deadline"),
    ReviewKind.UNCERTAIN: ("数值存疑", "uncertain value"),
    ReviewKind.REPAIRED: ("缺字修复", "repaired"),
}


class ReviewItem(Fact):
    """One thing to look at: where it stands and what it is about. `fact_id` is the task, target,
    milestone or correction concerned, empty for a place in the text."""

    id: str
    kind: ReviewKind
    document_id: str
    path: str
    fact_id: str
    message: str
    span: Span | None
    quote: str


def find_reviews(
    extractions: Iterable[Extraction], corrections: Iterable[Correction]
) -> list[ReviewItem]:
    """All that needs a look in these documents (as corrected: a correction settles what it
    corrects), most urgent kind first, then in the order of the text."""
    found: list[ReviewItem] = []
    reopened: dict[str, list[Correction]] = {}
    for correction in corrections:
        if correction.status is CorrectionStatus.REOPENED:
            reopened.setdefault(correction.document_id, []).append(correction)
    for extraction in extractions:
        found.extend(_reopened(extraction, reopened.get(extraction.document.id, [])))
        found.extend(_warnings(extraction))
        for task in extraction.tasks:
            found.extend(_doubtful(extraction, task))
        found.extend(_repairs(extraction))
    order = list(ReviewKind)
    return sorted(found, key=lambda item: order.index(item.kind))


def _reopened(extraction: Extraction, corrections: list[Correction]) -> Iterator[ReviewItem]:
    for c in corrections:
        before = c.original or {}
        what = c.unit or before.get("quote") or c.quote
        yield _item(
            extraction, ReviewKind.REOPENED, c.id, None,
            f"{c.actor} {c.at[:10]} 的更正 ({c.aspect} {c.operation}: {what}; {c.reason}), 条款文字已变 / "
            f"correction by {c.actor} of {c.at[:10]} ({c.aspect} {c.operation}: {what}; {c.reason}): the clause changed",
        )  # fmt: skip


def _warnings(extraction: Extraction) -> Iterator[ReviewItem]:
    for warning in extraction.warnings:
        yield _item(extraction, ReviewKind.WARNING, "", warning.span, warning.message)


def _doubtful(extraction: Extraction, task: Task) -> Iterator[ReviewItem]:
    for m in task.milestones:
        if Certainty.AMBIGUOUS in m.due.certainty:
            message = f"读作 {m.due.date} / read as {m.due.date}"
            yield _item(extraction, ReviewKind.AMBIGUOUS, m.id, m.due.span, message, task.clause_id)
        if Certainty.REPAIRED in m.due.certainty:
            message = f"时限由修复后的文字读出: {m.due.date} / deadline read from repaired text: {m.due.date}"
            yield _item(extraction, ReviewKind.REPAIRED, m.id, m.due.span, message, task.clause_id)
    for t in task.targets:
        if t.uncertain:
            value = f"{t.value.normalize():f}{t.measure or ''}"
            message = f"{t.metric}: 读作 {value} / {t.metric}: read as {value}"
            yield _item(extraction, ReviewKind.UNCERTAIN, t.id, t.span, message, task.clause_id)


def _repairs(extraction: Extraction) -> Iterator[ReviewItem]:
    for repair in extraction.repairs:
        message = f"“{repair.raw}”读作“{repair.repaired}” ({repair.rule}) / {repair.raw!r} read as {repair.repaired!r} ({repair.rule})"
        yield _item(extraction, ReviewKind.REPAIRED, "", repair.span, message)


def _item(
    extraction: Extraction,
    kind: ReviewKind,
    fact_id: str,
    span: Span | None,
    message: str,
    clause_id: str = "",
) -> ReviewItem:
    clause = next(
        (
            c
            for c in extraction.clauses
            if c.id == clause_id or (not clause_id and span and c.span.contains(span))
        ),
        None,
    )
    return ReviewItem(
        id=stable_id("look", extraction.document.id, kind, fact_id, span, message),
        kind=kind,
        document_id=extraction.document.id,
        path=clause.path if clause else "",
        fact_id=fact_id,
        message=message,
        span=span,
        quote=span.slice(extraction.document.text) if span else "",
    )

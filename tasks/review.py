"""What a person should look at: warnings, doubtful readings, repairs, corrections re-opened."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from kb.identifiers import stable_id
from kb.models import Clause, Fact, Span
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
    milestone or correction concerned, empty for a place in the text. `id` is of this version of the
    document; `key` stays the same in later ones as long as the clause reads the same."""

    id: str
    key: str
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
        looks = _Looks(extraction)
        found.extend(looks.reopened(reopened.get(extraction.document.id, [])))
        found.extend(looks.warnings())
        for task in extraction.tasks:
            found.extend(looks.doubtful(task))
        found.extend(looks.repairs())
    order = list(ReviewKind)
    return sorted(found, key=lambda item: order.index(item.kind))


class _Looks:
    """What of one document needs a look."""

    def __init__(self, extraction: Extraction) -> None:
        self._extraction = extraction
        self._text = extraction.document.text
        self._by_id = {clause.id: clause for clause in extraction.clauses}
        self._clauses: Sequence[Clause] = sorted(extraction.clauses, key=lambda c: c.span.start)
        self._starts = [clause.span.start for clause in self._clauses]

    def reopened(self, corrections: Iterable[Correction]) -> Iterator[ReviewItem]:
        """Corrections whose clause changed."""
        clauses = {task.id: task.clause_id for task in self._extraction.tasks}
        spans = {task.id: task.span for task in self._extraction.tasks}
        for c in corrections:
            before = c.original or {}
            what = c.unit or before.get("quote") or c.quote
            yield self._item(
                ReviewKind.REOPENED, c.id, spans.get(c.task_id),
                f"{c.actor} {c.at[:10]} 的更正 ({c.aspect} {c.operation}: {what}; {c.reason}), 条款文字已变 / "
                f"correction by {c.actor} of {c.at[:10]} ({c.aspect} {c.operation}: {what}; {c.reason}): the clause changed",
                clauses.get(c.task_id, ""),
            )  # fmt: skip

    def warnings(self) -> Iterator[ReviewItem]:
        """What the reader could not settle."""
        for warning in self._extraction.doubts:
            yield self._item(ReviewKind.WARNING, "", warning.span, warning.message)

    def doubtful(self, task: Task) -> Iterator[ReviewItem]:
        """Dates and values of a task that are in doubt."""
        clause = task.clause_id
        for m in task.milestones:
            if Certainty.AMBIGUOUS in m.due.certainty:
                message = f"读作 {m.due.date} / read as {m.due.date}"
                yield self._item(ReviewKind.AMBIGUOUS, m.id, m.due.span, message, clause)
            if Certainty.REPAIRED in m.due.certainty:
                message = f"时限由修复后的文字读出: {m.due.date} / deadline read from repaired text: {m.due.date}"
                yield self._item(ReviewKind.REPAIRED, m.id, m.due.span, message, clause)
        for t in task.targets:
            if t.uncertain:
                value = f"{t.value.normalize():f}{t.measure or ''}"
                message = f"{t.metric}: 读作 {value} / {t.metric}: read as {value}"
                yield self._item(ReviewKind.UNCERTAIN, t.id, t.span, message, clause)

    def repairs(self) -> Iterator[ReviewItem]:
        """Characters that the file lost."""
        for repair in self._extraction.repairs:
            message = f"“{repair.raw}”读作“{repair.repaired}” / {repair.raw!r} read as {repair.repaired!r}"
            yield self._item(ReviewKind.REPAIRED, "", repair.span, message)

    def _item(
        self, kind: ReviewKind, fact_id: str, span: Span | None, message: str, clause_id: str = ""
    ) -> ReviewItem:
        document = self._extraction.document
        clause = self._by_id.get(clause_id) if clause_id else self._clause_at(span)
        at = span.start - clause.span.start if span and clause else -1
        said = clause.span.slice(self._text) if clause else document.id
        return ReviewItem(
            id=stable_id("look", document.id, kind, fact_id, span, message),
            key=stable_id("settle", document.name, kind, said, at, message),
            kind=kind,
            document_id=document.id,
            path=clause.path if clause else "",
            fact_id=fact_id,
            message=message,
            span=span,
            quote=span.slice(self._text) if span else "",
        )

    def _clause_at(self, span: Span | None) -> Clause | None:
        """The clause that holds a place; clauses do not overlap."""
        number = bisect_right(self._starts, span.start) - 1 if span else -1
        clause = self._clauses[number] if number >= 0 else None
        return clause if clause and span and clause.span.contains(span) else None

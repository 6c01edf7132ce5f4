"""What a person should look at: warnings, doubtful readings, repairs, corrections re-opened."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from kb.identifiers import stable_id
from kb.models import BY_PERSON, Clause, Fact, Span
from kb.wording import wording
from tasks.corrections import Correction, CorrectionStatus
from tasks.left import LeftLife
from tasks.models import Certainty, Extraction, Task
from tasks.rereading import PastChange
from tasks.version_doubts import EVIDENCE_NAMES, DoubtKind, VersionDoubt


class ReviewKind(StrEnum):
    """Why something is listed."""

    VERSION = "possible-version"  # of another document: a person says whether it is
    LEFT = "left"  # something reported on a duty that the new version no longer has
    REOPENED = "reopened"  # a correction whose clause changed
    REREAD = "reread"  # a duty that another version of the reader reads otherwise
    WARNING = "warning"  # what the reader could not settle
    AMBIGUOUS = "ambiguous"  # a deadline with two readings
    UNCERTAIN = "uncertain"  # a value that the damaged text leaves in doubt
    REPAIRED = "repaired"  # a reading of characters that the file lost


REVIEW_NAMES = wording("tasks", "reviews", ReviewKind)


class ReviewItem(Fact):
    """One thing to look at: where it stands and what it is about. `fact_id` is the task, target,
    milestone, correction or doubt concerned, empty for a place in the text; `other_id` the other
    document concerned: the one it may be a version of, the former version that had the duty. `id`
    is of this version of the document; `key` stays the same in later ones as long as the clause
    reads the same."""

    id: str
    key: str
    kind: ReviewKind
    document_id: str
    path: str
    fact_id: str
    message: str
    span: Span | None
    quote: str
    other_id: str = ""


def find_reviews(
    extractions: Iterable[Extraction],
    corrections: Iterable[Correction],
    lineages: Mapping[str, str],
    *,
    doubts: Iterable[VersionDoubt] = (),
    left: Iterable[LeftLife] = (),
    reread: Iterable[PastChange] = (),
) -> list[ReviewItem]:
    """All that needs a look in these documents (as corrected: a correction settles what it
    corrects), most urgent kind first, then in the order of the text. `lineages` are those of the
    documents, by id."""
    found: list[ReviewItem] = [
        *map(_of_versions, doubts),
        *(_of_left(one, lineages.get(one.document_id, "")) for one in left),
    ]
    reopened: dict[str, list[Correction]] = {}
    for correction in corrections:
        if correction.status is CorrectionStatus.REOPENED:
            reopened.setdefault(correction.document_id, []).append(correction)
    changes: dict[str, list[PastChange]] = {}
    for past in reread:
        changes.setdefault(past.document_id, []).append(past)
    for extraction in extractions:
        looks = _Looks(extraction, lineages[extraction.document.id])
        found.extend(looks.reopened(reopened.get(extraction.document.id, [])))
        found.extend(looks.reread(changes.get(extraction.document.id, [])))
        found.extend(looks.warnings())
        for task in extraction.tasks:
            found.extend(looks.doubtful(task))
        found.extend(looks.repairs())
    order = list(ReviewKind)
    return sorted(found, key=lambda item: order.index(item.kind))


def _of_versions(doubt: VersionDoubt) -> ReviewItem:
    """Two documents that may be versions of one."""
    evidence = [EVIDENCE_NAMES[e] for e in doubt.evidence]
    zh, en = "、".join(e[0] for e in evidence), ", ".join(e[1] for e in evidence)
    other = f"《{doubt.other_title}》{doubt.other_number or ''}"
    message = (
        f"可能是{other}的新版本（{zh}），请确认 / it may be a new version of {other} ({en})"
        if doubt.kind is DoubtKind.VERSION
        else f"以前按文件名作为{other}的新版本入库，请确认是否同一文件 / by its file's name it was taken "
        f"for a new version of {other}: are they one document?"
    )
    return ReviewItem(
        id=doubt.id, key=doubt.id, kind=ReviewKind.VERSION, document_id=doubt.document_id, path="",
        fact_id=doubt.id, message=message, span=None, quote="", other_id=doubt.other_id,
    )  # fmt: skip


def _of_left(left: LeftLife, lineage: str) -> ReviewItem:
    """Something reported on a duty that is not in the present version."""
    said = left.commitment or left.milestone_id
    message = (
        f"“{said}”{f'（时限 {left.due}）' if left.due else ''}已有办理记录，现行版本中没有对应任务 / "
        f"something was reported on “{said}”{f' (due {left.due})' if left.due else ''}, which the "
        "present version no longer has"
    )
    return ReviewItem(
        id=stable_id("look", left.document_id, ReviewKind.LEFT, left.milestone_id),
        key=stable_id("settle", lineage, ReviewKind.LEFT, left.milestone_id),
        kind=ReviewKind.LEFT, document_id=left.document_id, path=left.path,
        fact_id=left.milestone_id, message=message, span=None, quote="", other_id=left.former_id,
    )  # fmt: skip


class _Looks:
    """What of one document needs a look."""

    def __init__(self, extraction: Extraction, lineage: str) -> None:
        self._extraction, self._lineage = extraction, lineage
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

    def reread(self, changes: Iterable[PastChange]) -> Iterator[ReviewItem]:
        """What reading the document again changed: of a duty that is gone, in the reading before."""
        tasks = {task.id: task for task in self._extraction.tasks}
        for past in changes:
            change = past.change
            gone = change.kind == "gone"
            if gone is (change.task_id in tasks):
                continue  # a later reading undid it
            task = tasks.get(change.task_id)
            document_id, path = self._extraction.document.id, change.path
            yield ReviewItem(
                id=stable_id("look", document_id, ReviewKind.REREAD, change.task_id, change.said),
                key=stable_id("settle", self._lineage, ReviewKind.REREAD, change.task_id, change.said),
                kind=ReviewKind.REREAD, document_id=document_id, path=path,
                fact_id=change.task_id, message=change.said, span=task.span if task else None,
                quote=task.span.slice(self._text) if task else "",
                other_id=past.former_id if gone else "",
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
        """Characters that the file lost; what a person said of some needs no second look."""
        for repair in self._extraction.repairs:
            if repair.rule == BY_PERSON:
                continue
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
            key=stable_id("settle", self._lineage, kind, said, at, message),
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

"""The ids of a document's facts, each from where the fact stands; never from its ordinal.

A fact's id is its kind, its document and its span: of a plan, a clause, a task its own, of a
milestone its date's (with its task's where the date stands elsewhere), of a target its phrase's. So
one date more or less changes no other id. Where one span holds several facts (小学、初中分别不高于
0.50和0.45) what they say sets them apart, and only what is alike in all that they say is counted.

Extractors give ids that are only unique; `identify` puts the final ones in their place.

Each reading of the same bytes is a document of its own. Where their text is the same, facts of one
kind and span have the same id in all of them, so that what hangs on a fact stays there when its
document is read again. In another text a span says nothing: there ids are new ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from kb.identifiers import stable_id
from kb.models import Span
from tasks.matching import is_printed
from tasks.models import Extraction, Milestone, Task
from tasks.undated import track_undated


def document_id_of(sha256: str, reading: int = 1) -> str:
    """The id of a document: of its bytes, and of which reading of them it is (the first is 1)."""
    return stable_id("doc", sha256) if reading == 1 else stable_id("doc", sha256, reading)


def identify(extraction: Extraction, reading: int = 1, *, text_of: int | None = None) -> Extraction:
    """The extraction with the ids that it has as this reading of its bytes; `text_of` is the reading
    that first gave its text, by default this one (see `tasks.document_rows.text_reading`)."""
    document = extraction.document
    key = document_id_of(document.sha256, reading)
    named = _Names(document_id_of(document.sha256, reading if text_of is None else text_of))
    for plan in extraction.plans:
        named.add("plan", plan, plan.span)
    for clause in extraction.clauses:
        named.add("clause", clause, clause.span)
    for task in extraction.tasks:
        named.add("task", task, task.span)
        for milestone in task.milestones:
            named.add("milestone", milestone, *_where(task, milestone))
        for target in task.targets:
            named.add("target", target, target.span)
    ids = named.settle()
    return extraction.model_copy(
        update={
            "document": document.model_copy(update={"id": key}),
            "plans": tuple(_renamed(plan, ids, "id") for plan in extraction.plans),
            "clauses": tuple(
                _renamed(clause, ids, "id", "plan_id", "parent_id") for clause in extraction.clauses
            ),
            "tasks": tuple(_task(task, ids) for task in extraction.tasks),
            "policies": tuple(_renamed(p, ids, "clause_id") for p in extraction.policies),
        }
    )


def same_facts(one: Extraction, other: Extraction) -> bool:
    """Whether two readings of the same bytes say the same, whatever the ids and the file's name."""
    return _bare(one) == _bare(other)


_NOT_SAID = {"id", "plan_id", "parent_id", "clause_id", "milestone_id", "milestones", "targets"}


class _Names:
    """Facts of one text that are to have ids, by the ids that they have."""

    def __init__(self, document_id: str) -> None:
        self._document_id = document_id
        self._places: dict[str, tuple[Any, ...]] = {}
        self._facts: dict[str, Any] = {}

    def add(self, kind: str, fact: Any, *spans: object) -> None:
        """One, and where it stands."""
        places = [f"{s.start}-{s.end}" if isinstance(s, Span) else s for s in spans]
        self._places[fact.id] = (kind, self._document_id, *places)
        self._facts[fact.id] = fact

    def settle(self) -> dict[str, str]:
        """The final id of each: by its place, with what it says where several stand there."""
        found = self._apart(self._places, lambda key: (said_of(self._facts[key]),))
        seen: Counter[tuple[Any, ...]] = Counter()

        def number(key: str) -> tuple[Any, ...]:
            seen[found[key]] += 1
            return (seen[found[key]],)

        found = self._apart(found, number)
        return {key: stable_id(*parts) for key, parts in found.items()}

    @staticmethod
    def _apart(
        places: dict[str, tuple[Any, ...]], more: Callable[[str], tuple[Any, ...]]
    ) -> dict[str, tuple[Any, ...]]:
        several = {parts for parts, n in Counter(places.values()).items() if n > 1}
        return {k: parts + more(k) if parts in several else parts for k, parts in places.items()}


def _where(task: Task, milestone: Milestone) -> Iterable[object]:
    due = milestone.due
    at = [due.kind.value, due.span]
    return at if is_printed(task, milestone) else [*at, task.span]


def said_of(fact: Any) -> str:
    """What a fact says, without ids and without the facts inside it."""
    return str(fact.model_dump_json(exclude=_NOT_SAID))


def _task(task: Task, ids: dict[str, str]) -> Task:
    milestones = tuple(_renamed(m, ids, "id") for m in task.milestones)
    targets = tuple(_renamed(t, ids, "id", "milestone_id") for t in task.targets)
    named: Task = _renamed(task, ids, "id", "plan_id", "clause_id")
    return named.model_copy(update={"milestones": milestones, "targets": targets})


def _renamed(fact: Any, ids: dict[str, str], *fields: str) -> Any:
    before = {field: getattr(fact, field) for field in fields}
    return fact.model_copy(update={k: ids.get(v, v) for k, v in before.items() if v is not None})


def _bare(extraction: Extraction) -> Extraction:
    found = identify(track_undated(extraction))
    document = found.document
    # Without a printed title a document is called by its file.
    title = "" if document.title == document.name else document.title
    plain = document.model_copy(update={"name": "", "title": title})
    return found.model_copy(update={"document": plain, "recognised": None})

"""Complete lists from the responsibility graph: owners, a unit's tasks, targets, ids."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import TypeVar

from kb.errors import NotFoundError
from kb.language.roles import Role
from kb.models import Citation, Clause, Document, Fact, Plan, Span
from tasks.abolished import Ending, abolished_by
from tasks.due import (
    DUE_SOON,
    NO_LIVES,
    PAST,
    Bearer,
    DueItem,
    Lives,
    bearers,
    by_date,
    due_items,
    rows_of,
    standings,
)
from tasks.graph import Graph, build_graph
from tasks.lifecycle import Life
from tasks.models import Assignment, Extraction, Member, Milestone, Target, Task
from tasks.units import Unit, Units, jurisdiction_of, local_name, unit_key

_Named = TypeVar("_Named", Assignment, Member)


class Placed(Fact):
    """A task with the clause, plan and document that it stands in."""

    document: Document
    plan: Plan
    clause: Clause
    task: Task


class UnitCount(Fact):
    """How many tasks a unit bears, by role. `label` is its name, with its place where another
    unit has that name too; `resolved`: the lexicon knows it."""

    unit: str
    unit_id: str
    label: str
    resolved: bool
    tasks: int
    roles: dict[str, int]


class Register:
    """The current documents of a store and the graph over them."""

    def __init__(
        self,
        extractions: Sequence[Extraction],
        progress: Callable[[date], Lives] | None = None,
        *,
        reference: Collection[str] = (),
        told: bool = True,
        abolished: Mapping[str, Ending] | None = None,
    ) -> None:
        """Args:
        extractions: the documents; those that others abolish stand behind them.
        progress: gives the lives of milestones as they were on a day; without it nothing was
            ever reported.
        reference: ids of documents whose duties are for reference only (see `tracked`).
        told: whether its reader may know of lives (`tasks.disclosure`); else it gives nothing but
             what the documents say.
        abolished: which of them others abolish; without it, what they say of one another.
        """
        self.abolished = abolished_by(extractions) if abolished is None else abolished
        self.extractions = tuple(sorted(extractions, key=lambda e: e.document.id in self.abolished))
        self._progress = progress
        self.reference = frozenset(e.document.id for e in self.extractions).intersection(reference)
        self.told = told
        self._documents = {e.document.id: e for e in self.extractions}
        self._places = {e.document.id: jurisdiction_of(e.document).place for e in self.extractions}
        self._placed: dict[str, Placed] = {}
        self.clauses: dict[str, tuple[Extraction, Clause]] = {}
        for extraction in self.extractions:
            plans = {plan.id: plan for plan in extraction.plans}
            clauses = {clause.id: clause for clause in extraction.clauses}
            self.clauses |= {c.id: (extraction, c) for c in extraction.clauses}
            for task in extraction.tasks:
                self._placed[task.id] = Placed.model_construct(
                    document=extraction.document,
                    plan=plans[task.plan_id],
                    clause=clauses[task.clause_id],
                    task=task,
                )

    def without(self, documents: Collection[str]) -> Register:
        """The register of the other documents."""
        kept = [e for e in self.extractions if e.document.id not in documents]
        return self._of(kept)

    def _of(self, extractions: Sequence[Extraction]) -> Register:
        """The same of these documents."""
        return Register(
            extractions, self._progress,
            reference=self.reference, told=self.told, abolished=self.abolished,
        )  # fmt: skip

    @cached_property
    def tracked(self) -> Register:
        """The register of the documents whose duties are the house's own: every list and count of
        duties is made of it. What is cited, traced or asked for by its id is found in the whole."""
        return self.without(self.reference) if self.reference else self

    @cached_property
    def locally_named(self) -> Register:
        """The register in which a unit has one name wherever its document is of one place
        (`tasks.units.local_name`), not each that is printed: for what finds units in sentences."""
        named = [_locally_named(e) for e in self.extractions]
        if all(new is old for new, old in zip(named, self.extractions, strict=True)):
            return self
        return self._of(named)

    def asked_for(self, document_id: str) -> Register:
        """What is listed where a filter names one document, or none (empty): a document for
        reference is listed to whoever names it."""
        return self if document_id in self.reference else self.tracked

    def _lives(self, as_of: date) -> Lives | None:
        if not self.told:
            return None
        return self._progress(as_of) if self._progress else NO_LIVES

    @cached_property
    def graph(self) -> Graph:
        """The responsibility graph of all documents."""
        return build_graph(self.extractions)

    @cached_property
    def known(self) -> Units:
        """The units that bear a task, to be found by what people call them."""
        return Units(
            ((key, a.unit, 1) for _, a, key in self._assigned()),
            (jurisdiction_of(e.document) for e in self.extractions),
        )

    @cached_property
    def _in_graph(self) -> Units:
        """As `known`, with the members of groups, who bear nothing."""
        members = [
            (unit_key(self._places[e.document.id], m.unit, m.unit_id), m.unit, 1)
            for e in self.extractions for m in e.members
        ]  # fmt: skip
        return Units(
            [*((key, a.unit, 1) for _, a, key in self._assigned()), *members],
            (jurisdiction_of(e.document) for e in self.extractions),
        )

    def named(self, words: str) -> Unit:
        """The unit of the graph, one that bears a task or is a member only, that is meant.

        Raises:
            UnknownUnitError: there is none.
            AmbiguousUnitError: there are several.
        """
        return self._in_graph.one(words)

    def bearers_of(self, placed: Placed) -> tuple[Bearer, ...]:
        """Who bears a task, by id, in what role."""
        return bearers(placed.task.responsibilities, self._places[placed.document.id])

    def assigned(self, placed: Placed) -> list[tuple[Assignment, str]]:
        """The assignments of a task, each with its unit's id."""
        place = self._places[placed.document.id]
        return [(a, unit_key(place, a.unit, a.unit_id)) for a in placed.task.responsibilities]

    def _assigned(self) -> Iterator[tuple[Placed, Assignment, str]]:
        """Every assignment with its task and its unit's id."""
        for placed in self._placed.values():
            for a, key in self.assigned(placed):
                yield placed, a, key

    def due_items(self, as_of: date, *, days: int = DUE_SOON) -> list[DueItem]:
        """All dated milestones that are not finished on `as_of`, soonest first."""
        return self._in_force_first(
            due_items(self.extractions, as_of, days=days, lives=self._lives(as_of))
        )

    def standings(self, as_of: date) -> list[DueItem]:
        """How every milestone stands on `as_of`, finished ones too, soonest first."""
        rows = (row for extraction in self.extractions for row in rows_of(extraction))
        return self._in_force_first(by_date(standings(rows, self._lives(as_of), as_of)))

    def _in_force_first(self, items: Sequence[DueItem]) -> list[DueItem]:
        return sorted(items, key=lambda item: item.document_id in self.abolished)

    def life_of(self, milestone_id: str, as_of: date) -> Life | None:
        """How a milestone without occurrences stood on `as_of`; None where the reader is not told."""
        lives = self._lives(as_of)
        if lives is None:
            return None
        return lives.get((milestone_id, "")) or Life(milestone_id=milestone_id)

    def overdue(self, as_of: date) -> list[DueItem]:
        """Those whose day has passed, longest overdue first."""
        return [item for item in self.due_items(as_of) if item.state in PAST]

    def tasks(self) -> Iterator[Placed]:
        """All tasks, in the order of the documents."""
        yield from self._placed.values()

    def tasks_of(self, unit: str, roles: Iterable[Role] | None = None) -> list[Placed]:
        """All tasks that the unit bears, in the order of the documents: by its id; by a name, those
        of every unit that has it (`known` says whether it is one)."""
        wanted = set(roles) if roles is not None else set(Role)
        nodes = {unit, *(meant.id for meant in self.known.find(unit))}
        found = {
            task
            for node in nodes & self.graph.nodes
            for _, task, data in self.graph.out_edges(node, data=True)
            if task in self._placed and Role(data["type"]) in wanted
        }
        return [placed for key, placed in self._placed.items() if key in found]

    def tasks_in(self, clause_id: str) -> list[Placed]:
        """The tasks that a clause states."""
        return list(self._by_clause.get(clause_id, ()))

    @cached_property
    def _by_clause(self) -> dict[str, list[Placed]]:
        found: dict[str, list[Placed]] = {}
        for placed in self._placed.values():
            found.setdefault(placed.clause.id, []).append(placed)
        return found

    def owners_of(self, task_id: str) -> list[Assignment]:
        """Who bears a task, in what role."""
        return list(self._placed[task_id].task.responsibilities)

    def units(self) -> list[UnitCount]:
        """All units that bear a task, those with most first."""
        return list(self._counts)

    @cached_property
    def _counts(self) -> tuple[UnitCount, ...]:
        tasks: dict[str, dict[str, set[str]]] = {}
        for placed, a, key in self._assigned():
            tasks.setdefault(key, {}).setdefault(a.role.value, set()).add(placed.task.id)
        counts = [
            UnitCount(
                unit=unit.name,
                unit_id=unit.id,
                label=unit.label,
                resolved=unit.resolved,
                tasks=len(set().union(*tasks[unit.id].values())),
                roles={role: len(ids) for role, ids in sorted(tasks[unit.id].items())},
            )
            for unit in self.known.all()
        ]
        return tuple(sorted(counts, key=lambda c: (-c.tasks, c.label)))

    def targets(
        self, text: str = "", *, plan: str = "", year: int | None = None
    ) -> list[tuple[Placed, Target, Milestone | None]]:
        """Targets whose metric, scope or quote holds `text`, of plans whose title holds `plan`,
        due in `year`."""
        found = []
        for placed in self._placed.values():
            if plan and plan not in placed.plan.title:
                continue
            milestones = {m.id: m for m in placed.task.milestones}
            for target in placed.task.targets:
                milestone = milestones.get(target.milestone_id or "")
                words = (
                    f"{target.scope or ''}{target.metric} {target.quote} {placed.clause.heading}"
                )
                if text and text not in words:
                    continue
                if year and not (
                    milestone and milestone.due.date and milestone.due.date.year == year
                ):
                    continue
                found.append((placed, target, milestone))
        return found

    @cached_property
    def numbers(self) -> dict[str, tuple[Placed, Target, Milestone | None]]:
        """Every target by its id, with its place and its milestone."""
        return {row[1].id: row for row in self.targets()}

    def placed(self, task_id: str) -> Placed:
        """The task with its place.

        Raises:
            NotFoundError: no current document has it.
        """
        if task_id not in self._placed:
            raise NotFoundError(f"没有任务 {task_id} / no task {task_id}")
        return self._placed[task_id]

    def trace(self, words: str) -> list[tuple[Extraction, Clause, Span]]:
        """Where a fact's id (or its beginning) or a phrase stands: document, clause, characters.

        Raises:
            NotFoundError: neither a fact nor the text of any document has it.
        """
        found = list(self._facts(words)) or list(self._phrase(words))
        if not found:
            raise NotFoundError(
                f"没有编号或原文“{words}” / no id and no text {words!r}",
                hint="编号见 duban tasks、duban targets / ids are in duban tasks and duban targets",
            )
        return found

    def _facts(self, key: str) -> Iterator[tuple[Extraction, Clause, Span]]:
        if "-" not in key:
            return
        for placed in self._placed.values():
            extraction = self._documents[placed.document.id]
            task = placed.task
            facts: list[Task | Target | Milestone] = [task, *task.targets, *task.milestones]
            for fact in facts:
                if fact.id.startswith(key):
                    yield extraction, placed.clause, fact.span
        for extraction, clause in self.clauses.values():
            if clause.id.startswith(key):
                yield extraction, clause, clause.span

    def _phrase(self, words: str) -> Iterator[tuple[Extraction, Clause, Span]]:
        for extraction, clause in self.clauses.values():
            text = clause.span.slice(extraction.document.text)
            at = text.find(words)
            while words and at >= 0:
                start = clause.span.start + at
                yield extraction, clause, Span(start, start + len(words))
                at = text.find(words, at + 1)

    def cite(self, extraction: Extraction, clause: Clause, span: Span) -> Citation:
        """A citation of `span`; its quote is the document's own characters."""
        return Citation(
            document_id=extraction.document.id,
            clause_id=clause.id,
            path=clause.path,
            span=span,
            quote=span.slice(extraction.document.text),
        )

    def document_of(self, document_id: str) -> Extraction:
        """The extraction of a current document."""
        return self._documents[document_id]


def _locally_named(extraction: Extraction) -> Extraction:
    jurisdiction = jurisdiction_of(extraction.document)
    printed = {a.unit for t in extraction.tasks for a in t.responsibilities}
    printed |= {m.unit for m in extraction.members}
    names = {name: local for name in printed if (local := local_name(jurisdiction, name)) != name}
    if not names:
        return extraction

    def renamed(fact: _Named) -> _Named:
        return fact.model_copy(update={"unit": names[fact.unit]}) if fact.unit in names else fact

    tasks = (
        task.model_copy(update={"responsibilities": tuple(map(renamed, task.responsibilities))})
        for task in extraction.tasks
    )
    members = tuple(map(renamed, extraction.members))
    return extraction.model_copy(update={"tasks": tuple(tasks), "members": members})

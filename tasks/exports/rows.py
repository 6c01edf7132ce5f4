"""The rows of every export: one for each milestone, for each occurrence of a recurring one."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from sqlalchemy import Connection, select

from kb.identifiers import stable_id
from kb.language.roles import Role
from kb.models import Clause, Document, Fact, Span
from kb.workdays import Arrangement
from tasks import schema
from tasks.abolished import Ending, abolished_in
from tasks.authorisation import CONSOLE, Actor
from tasks.conditions import BEARING
from tasks.corrections import apply_corrections
from tasks.due import Bearer, Colour, DueItem, State
from tasks.exports.lineage import Changes, read_changes, subjects_of
from tasks.lifecycle import Status, Verdict, judge
from tasks.listed import standings_in
from tasks.models import Certainty, Counting, DueKind, Extraction, Milestone, Target, Task
from tasks.query import Query, QueryOrder, Select
from tasks.store import Store, as_utc
from tasks.units import Units
from tasks.versions import read_corrections
from tasks.visibility import hidden_from, visible_units

_MARKER = 6
"""Characters that a clause's marker may take before the title: `（十二）`, `12.`."""


class ExportTarget(Target):
    """A number to reach, the value last reported and how it stands (`gap` in the target's own
    measure)."""

    verdict: Verdict
    actual: Decimal | None
    gap: Decimal | None


class ExportRow(Fact):
    """One milestone, or one occurrence of it, as it stands on a day.

    `due` is the day that holds, `due_by_text` the day by the text, `deadline_text` the characters
    that say so; `days_overdue` and `days_left` are never negative (None where it has no day or the
    other holds). `report` is empty and `percent` None where nothing was reported. `revision`
    counts the steps taken; `sequence` only ever grows; `uid` is the same for the same milestone in
    whatever version of the document (see `read_anchors`). `told`: its reader knows the life; else
    `status` is None, all that is reported or counted of it is empty, and nothing here has changed
    by it. `abolished_by`: what ends its document, where the reader may see that.
    """

    number: int
    milestone_id: str
    occurrence: str
    told: bool
    revision: int
    plan: str
    path: str
    title: str
    commitment: str
    units: tuple[Bearer, ...]
    due: datetime.date | None
    due_by_text: datetime.date | None
    deadline_text: str
    deadline_kind: DueKind
    certainty: tuple[Certainty, ...]
    event: str | None
    duration: str | None
    counting: Counting
    arrangements: tuple[Arrangement, ...]
    rrule: str | None
    extended: bool
    state: State
    status: Status | None
    colour: Colour
    behind: bool
    days_overdue: int | None
    days_left: int | None
    missed: int
    percent: int | None
    report: str
    reported_on: datetime.date | None
    reports: int
    targets: tuple[ExportTarget, ...]
    document: str
    document_number: str | None
    document_name: str
    document_id: str
    abolished_by: Ending | None
    sha256: str
    plan_id: str
    clause_id: str
    task_id: str
    span: Span
    clause_span: Span
    clause_text: str
    recorded_at: datetime.datetime
    changed_at: datetime.datetime
    sequence: int
    uid: str

    def bearing(self, *roles: Role) -> tuple[str, ...]:
        """The units in any of these roles, as printed (with their place where another unit has that
        name too), each once."""
        return tuple(dict.fromkeys(u.unit for u in self.units if u.role in roles))

    @property
    def bearer_ids(self) -> tuple[str, ...]:
        """Ids of the units that bear the duty, those that lead first."""
        held = (u.unit_id for role in BEARING for u in self.units if u.role is role)
        return tuple(dict.fromkeys(held))

    @property
    def task(self) -> str:
        """Its title and, where that says more or other, the commitment."""
        title, commitment = self.title.strip(), self.commitment.strip()
        said, within = "".join(title.split()), "".join(commitment.split())
        if within in said:
            return title
        # The commitment often is the whole sentence, its marker first: “1.整治隐患点20处”.
        return commitment if said in within[: len(said) + _MARKER] else f"{title}\n{commitment}"

    def link(self, base_url: str) -> str:
        """The address of its clause."""
        return f"{base_url.rstrip('/')}/documents/{self.document_id}#{self.clause_id}"


def export_rows(
    store: Store, as_of: datetime.date, query: Query | None = None, *, reader: Actor = CONSOLE
) -> list[ExportRow]:
    """The milestones of a query as they stand on `as_of`, in the order of the documents.

    Args:
        store: where they are.
        as_of: the day asked about; their progress is what it was then.
        query: which milestones; all of tracked documents by default.
        reader: who gets the export, and may see and know so much of it (`tasks.visibility`,
            `tasks.disclosure`).
    """
    asked = (query or Query(select=Select.MILESTONES)).model_copy(
        update={"order_by": QueryOrder.TEXT}
    )
    with store.reading() as connection:
        items = standings_in(connection, asked, as_of, reader=reader)
        changes = read_changes(connection)
        known = visible_units(connection, reader)
        ended = abolished_in(connection, hidden_from(connection, reader))
        places = {
            document_id: _Place(connection, store, document_id, ended.get(document_id))
            for document_id in dict.fromkeys(item.document_id for item in items)
        }
    return [
        places[item.document_id].row(number, item, changes, known)
        for number, item in enumerate(items, start=1)
    ]


def read_anchors(connection: Connection, extraction: Extraction) -> dict[str, str]:
    """Milestone id → what its calendar ids are made of: the same in every version of the document
    in which it is the same milestone, so that a calendar moves the event instead of showing two.
    One that had no former version goes by its own id."""
    ids = {m.id for task in extraction.tasks for m in task.milestones}
    a, m = schema.calendar_anchor.c, schema.milestone.c
    query = (
        select(a.milestone_id, a.anchor)
        .join(schema.milestone, m.id == a.milestone_id)
        .where(m.document_id == extraction.document.id)
    )
    kept = {row.milestone_id: row.anchor for row in connection.execute(query)}
    return {key: kept.get(key, key) for key in ids}


class _Place:
    """One document, ready to say what its milestones rest on."""

    def __init__(
        self, connection: Connection, store: Store, document_id: str, ended: Ending | None
    ) -> None:
        self.ended = ended
        original = store.load(document_id, connection=connection)
        corrected = apply_corrections(original, read_corrections(connection, document_id))
        d = schema.document.c
        row = connection.execute(select(d.recorded_at, d.lineage).where(d.id == document_id)).one()
        self.recorded_at = as_utc(row.recorded_at)
        self.lineage = str(row.lineage)
        self.document: Document = original.document
        self.plans: Mapping[str, str] = {plan.id: plan.title for plan in original.plans}
        self.clauses: Mapping[str, Clause] = {clause.id: clause for clause in original.clauses}
        self.anchors = read_anchors(connection, corrected)
        self.milestones: Mapping[str, tuple[Task, Milestone]] = {
            m.id: (task, m) for task in corrected.tasks for m in task.milestones
        }

    def row(self, number: int, item: DueItem, changes: Changes, known: Units) -> ExportRow:
        """What an export says of one standing."""
        task, milestone = self.milestones[item.milestone_id]
        clause, life, deadline = self.clauses[item.clause_id], item.life, milestone.due
        text = self.document.text
        late = item.state is State.OVERDUE
        # When and how often something was reported is part of what was.
        subjects = tuple(subjects_of(item.milestone_id, item.occurrence, item.task_id)) if item.told else (item.task_id,)  # fmt: skip
        return ExportRow(
            number=number,
            milestone_id=item.milestone_id,
            occurrence=item.occurrence,
            told=item.told,
            revision=life.steps,
            plan=self.plans[item.plan_id],
            path=item.path,
            title=item.title,
            commitment=item.commitment,
            units=tuple(
                u.model_copy(update={"unit": known.printed(u.unit_id, u.unit)}) for u in item.units
            ),
            due=item.due,
            due_by_text=item.printed,
            deadline_text=deadline.span.slice(text) if deadline.span else "",
            deadline_kind=item.kind,
            certainty=item.certainty,
            event=deadline.event,
            duration=deadline.duration,
            counting=item.counting,
            arrangements=item.arrangements,
            rrule=deadline.rrule,
            extended=life.due is not None and life.due == item.due,
            state=item.state,
            status=item.status,
            colour=item.colour,
            behind=item.behind,
            days_overdue=item.days if late else None,
            days_left=-item.days if item.days is not None and item.days <= 0 else None,
            missed=item.missed,
            percent=life.percent,
            report=life.report,
            reported_on=life.reported_on,
            reports=life.reports,
            targets=tuple(_goals(targets_of(task, milestone.id), item)),
            document=self.document.title,
            document_number=self.document.document_number,
            document_name=self.document.name,
            document_id=item.document_id,
            abolished_by=self.ended,
            sha256=self.document.sha256,
            plan_id=item.plan_id,
            clause_id=item.clause_id,
            task_id=item.task_id,
            span=milestone.span,
            clause_span=clause.span,
            clause_text=clause.span.slice(text),
            recorded_at=self.recorded_at,
            changed_at=changes.changed_at(iter(subjects), self.recorded_at),
            sequence=changes.sequence(self.lineage, iter(subjects)),
            uid=self._uid(item),
        )

    def _uid(self, item: DueItem) -> str:
        anchor = self.anchors.get(item.milestone_id, item.milestone_id)
        return f"{stable_id('ev', anchor, item.occurrence)}@duban"


def targets_of(task: Task, milestone_id: str) -> list[Target]:
    """The targets of a milestone; those of its task without a milestone go with the first one, so
    that none is lost and none stands twice."""
    first = task.milestones[0].id == milestone_id
    return [
        t
        for t in task.targets
        if t.milestone_id == milestone_id or (t.milestone_id is None and first)
    ]


def _goals(targets: Iterable[Target], item: DueItem) -> Iterator[ExportTarget]:
    for target in targets:
        judged = judge(target, item.life.values.get(target.id), told=item.told)
        yield ExportTarget(
            **dict(target), verdict=judged.verdict, actual=judged.value, gap=judged.gap
        )

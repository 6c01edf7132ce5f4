"""What was read out of documents, as it is sent."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from api.assistant.reply import AnswerOutcome
from api.service.wire.base import Span, Wire
from kb.language.quantities import Comparator
from kb.language.roles import Role
from tasks import models
from tasks.models import (
    Basis,
    Certainty,
    Counting,
    DueKind,
    Pace,
    PolicyRelation,
    TargetClass,
    TaskKind,
)
from tasks.query import Query
from tasks.version_doubts import DoubtKind, Likeness, Order


class Citation(Wire):
    """Proof of a statement: the exact characters of a document."""

    document_id: str
    clause_id: str | None
    path: str
    span: Span
    quote: str


class Period(Wire):
    """The years that a plan covers, first day to last, and where it says so."""

    start: datetime.date
    end: datetime.date
    span: Span


class Plan(Wire):
    """One plan inside a document; a document without plans inside has one, itself."""

    id: str
    number: int
    title: str
    period: Period | None
    span: Span


class Clause(Wire):
    """The smallest numbered unit of a plan, or a heading; `path` joins the markers from the plan
    down, `10/二/(四)/5`."""

    id: str
    plan_id: str
    parent_id: str | None
    level: int
    marker: str
    path: str
    heading: str
    span: Span


class Finding(Wire):
    """Something a person should look at. `code` is stable, `message` is for people."""

    code: str
    message: str
    span: Span | None = None


class PossibleVersion(Wire):
    """A current document that another may be a new version of, and what speaks for it. `order`: how
    the other's printed day stands to this one's; where it is `earlier`, this one may be the other's
    new version."""

    document_id: str
    title: str
    document_number: str | None
    evidence: tuple[Likeness, ...]
    order: Order = Order.UNDATED


class VersionDoubt(Wire):
    """Whether `document_id` is a new version of `other_id`: a person is to say. Of kind `chain` it
    is taken for one now, by no more than its file's name."""

    id: str
    kind: DoubtKind
    document_id: str
    title: str
    document_number: str | None
    other_id: str
    other_title: str
    other_number: str | None
    evidence: tuple[Likeness, ...]


class Repair(Wire):
    """A reading of characters that the file lost; the text itself stays raw."""

    span: Span
    raw: str
    repaired: str
    rule: str


class Assignment(Wire):
    """A unit in a role on a task. `unit` is the canonical name, or as printed where no entry
    resolves it (`unit_id` is then null); `open_ended` marks 等相关部门."""

    unit: str
    unit_id: str | None
    role: Role
    basis: Basis
    open_ended: bool
    span: Span
    quote: str


class Deadline(Wire):
    """When a commitment is due: `date` is the last day for by, in and period; `start` the first
    for start, in and period; `rrule` is RFC 5545, from `start` to `date` and only during `event` where
    the text says so; `duration` ISO 8601 after `event` (its place `event_span`; before it
    where `ahead`), of days or of working days
    (`counting`); of a range the upper end, and `duration_from` the lower."""

    kind: DueKind
    date: datetime.date | None
    start: datetime.date | None
    rrule: str | None
    duration: str | None
    duration_from: str | None
    counting: Counting
    event: str | None
    event_span: Span | None
    ahead: bool
    certainty: tuple[Certainty, ...]
    span: Span | None


class Milestone(Wire):
    """One commitment with one deadline."""

    id: str
    commitment: str
    span: Span
    quote: str
    due: Deadline


class Baseline(Wire):
    """What a number was before, in the target's unit, and where it is printed."""

    value: Decimal
    span: Span
    quote: str


class Target(Wire):
    """A number that a duty must reach. `class`: a target to reach, a standard that holds whenever
    it applies, a condition that says whom something applies to; `unit` is the value's unit of
    measurement; `per` a rate's base as printed (`年`, `人·月`); `baseline` what it was; `stretch`
    marks 力争; `uncertain` a value that damaged text leaves in doubt."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    id: str
    milestone_id: str | None
    class_: TargetClass = Field(alias="class")
    metric: str
    scope: str | None
    comparator: Comparator
    value: Decimal
    unit: str | None
    per: str | None
    baseline: Baseline | None
    approximate: bool
    stretch: bool
    uncertain: bool
    span: Span
    quote: str

    @model_validator(mode="before")
    @classmethod
    def _of_fact(cls, value: Any) -> Any:
        """The one field that has another name inside, where a unit is an organisation."""
        if not isinstance(value, models.Target):
            return value
        return {n: getattr(value, "measure" if n == "unit" else n) for n in cls.model_fields}


class Task(Wire):
    """A duty: what one clause (or one bracketed part of it) asks for. `pace` is ongoing where its
    words say in place of a day that it goes on."""

    id: str
    plan_id: str
    clause_id: str
    title: str
    kind: TaskKind
    span: Span
    responsibilities: tuple[Assignment, ...]
    milestones: tuple[Milestone, ...]
    targets: tuple[Target, ...]
    pace: Pace | None


class Member(Wire):
    """A unit in a list of members (领导小组成员单位)."""

    unit: str
    unit_id: str | None
    span: Span
    quote: str


class PolicyReference(Wire):
    """A policy that a clause names: 《…》 and its document number where one follows, and how the
    document is related to it."""

    clause_id: str
    title: str
    document_number: str | None
    span: Span
    quote: str
    relation: PolicyRelation


class UnitCount(Wire):
    """How many tasks a unit bears, by role. `label` is its name, with its place where another
    unit has that name too; `resolved`: the lexicon knows it."""

    unit: str
    unit_id: str
    label: str
    resolved: bool
    tasks: int
    roles: dict[str, int]


class UnitRole(Wire):
    """A unit that an answer names, and as what."""

    unit: str
    role: str


class AnswerPiece(Wire):
    """Words of a statement, in reading order; `unit` and `day` where they are a unit's name or a
    deadline. The marks of `citations` stand behind them."""

    text: str
    unit: str | None
    day: datetime.date | None
    citations: tuple[int, ...]


class Statement(Wire):
    """A line of an answer. `citations` are the places, from 0, in the answer's `citations` of those
    that prove it; the texts of `pieces`, joined, are `text`."""

    text: str
    citations: tuple[int, ...]
    pieces: tuple[AnswerPiece, ...]


def _as_json(query: Any) -> Any:
    if isinstance(query, Query):
        return query.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return query


class Answer(Wire):
    """An answer. `outcome`: proved (`certain`, the only one that is `answerable`); sentences about
    it that prove none (`related`); nothing about it (`none`); to be asked in other words
    (`ask_back`). `units` are those that it names as bearing the duty asked about, `citations` the
    characters that it rests on, in reading order, `statements` its lines with what proves each.
    `id` is the kept answer's (that feedback is given on), null for those not signed in. `query` is how
    the question was understood (as `POST /api/v1/query` takes it),
    `understood` the same in words."""

    id: str | None
    question: str
    language: str
    intent: str
    outcome: AnswerOutcome
    answerable: bool
    answer: str
    units: tuple[UnitRole, ...]
    tasks: tuple[str, ...]
    citations: tuple[Citation, ...]
    statements: tuple[Statement, ...]
    as_of: datetime.date
    elapsed_ms: int
    query: Annotated[dict[str, Any] | None, BeforeValidator(_as_json)] = None
    understood: str = ""

    @model_validator(mode="before")
    @classmethod
    def _kept_before(cls, data: Any) -> Any:
        """Answers that were kept before outcomes were told apart have none."""
        if isinstance(data, dict) and "outcome" not in data:
            proved = data.get("answerable")
            outcome = AnswerOutcome.CERTAIN if proved else AnswerOutcome.NONE
            return {**data, "outcome": outcome}
        return data

"""The nouns of duty: organisations, tasks, assignments, milestones, deadlines, targets.

Shapes follow the JSON contract of `duban extract --json`: `model_dump(mode="json",
by_alias=True)` of an `Extraction` is that object (see `ingest.contract`).
"""

from __future__ import annotations

import json
from decimal import Decimal
from enum import StrEnum

from pydantic import ConfigDict, Field, field_validator

from kb.days import Day
from kb.identifiers import sha256_hex
from kb.language.quantities import Comparator
from kb.language.roles import Role
from kb.models import Clause, Document, Fact, Finding, HeaderValue, Plan, Repair, Span


class Basis(StrEnum):
    """What an assignment rests on."""

    LISTED = "listed"  # a 责任单位 list or a bracket
    STATED = "stated"  # the subject in running text
    INHERITED = "inherited"  # from the plan or the clause above
    MANUAL = "manual"  # a person's correction


class DueKind(StrEnum):
    """Kinds of deadline."""

    BY = "by"  # 到2025年, 2027年8月底前
    IN = "in"  # 2019年上半年
    START = "start"  # 2022年开始: never overdue
    RECURRING = "recurring"  # 每年6月底前
    RELATIVE = "relative"  # 自竣工验收合格起3个月内
    PERIOD = "period"  # the plan's own 2022-2027
    NONE = "none"  # no day is said anywhere (see `tasks.undated`): never overdue


class Certainty(StrEnum):
    """How sure the reading of a deadline is; several may hold."""

    EXPLICIT = "explicit"
    REPAIRED = "repaired"
    AMBIGUOUS = "ambiguous"
    ASSUMED_YEAR = "assumed_year"  # the year is the document's; holds like a printed date
    INHERITED = "inherited"  # from the plan's own period


class Counting(StrEnum):
    """What a deadline's duration counts."""

    DAYS = "days"
    WORKING_DAYS = "working_days"  # 5个工作日 is P5D in working days (see `kb.workdays`)


class Pace(StrEnum):
    """How a duty goes that has no day by its own words."""

    ONGOING = "ongoing"  # 长期坚持, 持续推进: never overdue


class TaskKind(StrEnum):
    """A duty to do, a goal to reach, or a safeguard (保障措施) around them."""

    ACTION = "action"
    GOAL = "goal"
    SAFEGUARD = "safeguard"


class Assignment(Fact):
    """A unit in a role on a task. `unit` is the canonical name, or as printed where no entry of
    the lexicon resolves it (`unit_id` is then None); `open_ended` marks 等相关部门."""

    unit: str
    unit_id: str | None
    role: Role
    basis: Basis
    open_ended: bool = False
    span: Span
    quote: str


class Deadline(Fact):
    """When a commitment is due. `date` is the last day for `by`, `in` and `period`; `start` the
    first day for `start`, `in` and `period`; `rrule` is RFC 5545, from `start` to `date` where the
    text says so, and where there is an `event` only during it (汛期每日); `duration` ISO 8601 after
    `event` (its place `event_span`), in days or working days (`counting`); of a range (3至5日内) it is
    the upper end, which counts, and `duration_from` the lower. `ahead`: it ends so long
    before the event (提前24小时) instead of after it. `span` is None only where nothing in the text
    gives a date."""

    kind: DueKind
    date: Day | None = None
    start: Day | None = None
    rrule: str | None = None
    duration: str | None = None
    duration_from: str | None = None
    counting: Counting = Counting.DAYS
    event: str | None = None
    event_span: Span | None = None
    ahead: bool = False
    certainty: tuple[Certainty, ...] = (Certainty.EXPLICIT,)
    span: Span | None = None


class Milestone(Fact):
    """One commitment with one deadline."""

    id: str
    commitment: str
    span: Span
    quote: str
    due: Deadline


class TargetClass(StrEnum):
    """What a number of a duty is."""

    TARGET = "target"  # a level, number or share to be reached or built
    STANDARD = "standard"  # a rule, limit, amount or rate that holds whenever it applies
    CONDITION = "condition"  # says whom or what something applies to


class Baseline(Fact):
    """What a number was before (由60%提高到85%, a column 2025年实际), in the target's measure."""

    value: Decimal
    span: Span
    quote: str


class Target(Fact):
    """A number that a duty must reach. `measure` is the value's unit of measurement (`unit` in
    JSON); `per` a rate's base as printed (`年`, `人·月`); `baseline` what it was; `stretch` marks
    力争; `uncertain` a value that the damaged text leaves in doubt."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    id: str
    milestone_id: str | None
    class_: TargetClass = Field(default=TargetClass.TARGET, alias="class")
    metric: str
    scope: str | None = None
    comparator: Comparator
    value: Decimal
    measure: str | None = Field(default=None, alias="unit")
    per: str | None = None
    baseline: Baseline | None = None
    approximate: bool = False
    stretch: bool = False
    uncertain: bool = False
    span: Span
    quote: str

    @field_validator("per")
    @classmethod
    def _as_printed(cls, per: str | None) -> str | None:
        """Versions before this one wrote year for 年 and knew no other."""
        return "年" if per == "year" else per


class Task(Fact):
    """A duty: what one clause (or one bracketed part of it) asks for. `pace` is set where its words
    say in place of a day that it goes on."""

    id: str
    plan_id: str
    clause_id: str
    title: str
    kind: TaskKind
    span: Span
    responsibilities: tuple[Assignment, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    targets: tuple[Target, ...] = ()
    pace: Pace | None = None


class Member(Fact):
    """A unit in a list of members (领导小组成员单位)."""

    unit: str
    unit_id: str | None
    span: Span
    quote: str


class PolicyRelation(StrEnum):
    """How a document is related to one that it names."""

    IMPLEMENTS = "implements"  # 依据
    CITES = "cites"  # 引用
    AMENDS = "amends"  # 修改
    REPLACES = "replaces"  # 替代
    ABOLISHES = "abolishes"  # 废止


class PolicyReference(Fact):
    """A policy that a clause names: 《…》 and its document number where one follows, and how the
    document is related to it."""

    clause_id: str
    title: str
    document_number: str | None
    span: Span
    quote: str
    relation: PolicyRelation = PolicyRelation.CITES


LEFT_OUT = "left-out"
"""Code of the findings that list what is no text of the document."""


class Recognised(Fact):
    """What a model read in the pictures of a document: `body` is JSON with the text and where it
    stands (`ingest.readers.recorded`), `model` the digest of the model. It is stored as it is, for
    another machine or release may read the same pictures otherwise."""

    model: str
    body: str

    @property
    def sha256(self) -> str:
        """The digest of model and body."""
        return sha256_hex(f"{self.model}\n{self.body}".encode("utf-8", "surrogatepass"))

    @property
    def text(self) -> str:
        """The text in the body.

        Raises:
            ValueError: there is none.
        """
        body = json.loads(self.body)
        text = body.get("text") if isinstance(body, dict) else None
        if not isinstance(text, str):
            raise ValueError("the body has no text")  # noqa: TRY004 - of what is stored, not of a call
        return text


class Extraction(Fact):
    """All that was read out of one document. `recognised`: its text was read in pictures; a reading
    that comes from the store is without it (`Store.recognised`)."""

    document: Document
    header: tuple[HeaderValue, ...] = ()
    plans: tuple[Plan, ...]
    clauses: tuple[Clause, ...]
    tasks: tuple[Task, ...]
    members: tuple[Member, ...] = ()
    policies: tuple[PolicyReference, ...] = ()
    repairs: tuple[Repair, ...] = ()
    warnings: tuple[Finding, ...] = ()
    recognised: Recognised | None = None

    @property
    def doubts(self) -> tuple[Finding, ...]:
        """The warnings that a person should look at."""
        return tuple(w for w in self.warnings if w.code != LEFT_OUT)

    @property
    def left_out(self) -> tuple[Finding, ...]:
        """What the reader passed over and has told: words of a page, formulas, names of
        attachments. Nothing to settle."""
        return tuple(w for w in self.warnings if w.code == LEFT_OUT)

"""How duties stand, what people did and said of them, as it is sent."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any, Self

from api.service.wire.base import Span, Wire
from api.service.wire.facts import Deadline
from kb.language.roles import Role
from tasks.corrections import Aspect, CorrectionStatus, Operation
from tasks.due import Colour, State
from tasks.lifecycle import Status, Verdict
from tasks.models import Certainty, Counting, DueKind
from tasks.review import ReviewKind


class Bearer(Wire):
    """A unit in a role: its name as printed, its id."""

    unit: str
    unit_id: str
    role: Role


class Life(Wire):
    """How a milestone stands in the cycle. `due` is the day that an approved extension set;
    `asked` the day that a pending one asks for; `since` the day the state began; `updated_on` the
    day of the last of its `steps`; `values` maps targets to the values reported."""

    milestone_id: str
    occurrence: str
    status: Status
    since: datetime.date | None
    due: datetime.date | None
    asked: datetime.date | None
    resume: Status | None
    refused: bool
    late_allowed: bool
    percent: int | None
    values: dict[str, Decimal]
    reported_on: datetime.date | None
    report: str
    reports: int
    updated_on: datetime.date | None
    steps: int


class Arrangement(Wire):
    """The holidays of a year that a count of working days rests on; where they are not announced yet
    (`published` false) the day is provisional."""

    year: int
    published: bool


class DueItem(Wire):
    """A milestone, or one occurrence of it, as it stands on a day. `due` is the day that holds,
    `printed` the day by the text; `days` as of minus due: positive where it has passed;
    `inherited`: the date is the plan's; `missed` earlier occurrences that took no step;
    `arrangements` what a day counted in working days rests on. Without
    signing in only what the document says is told: `life` is null, `state` is `passed` where the
    day by the text has, and `behind` and `missed` say nothing."""

    document_id: str
    plan_id: str
    clause_id: str
    task_id: str
    milestone_id: str
    occurrence: str
    path: str
    title: str
    commitment: str
    due: datetime.date | None
    printed: datetime.date | None
    kind: DueKind
    certainty: tuple[Certainty, ...]
    inherited: bool
    days: int | None
    state: State
    colour: Colour
    behind: bool
    missed: int
    recorded_at: datetime.datetime | None
    counting: Counting
    arrangements: tuple[Arrangement, ...]
    life: Life | None
    units: tuple[Bearer, ...]

    @classmethod
    def of(cls, fact: object) -> Self:
        """As it may be told: a blank life would say that nothing was reported."""
        sent = super().of(fact)
        return sent if getattr(fact, "told", True) else sent.model_copy(update={"life": None})


class Judged(Wire):
    """A target against the value reported. `gap` is how much is missing: 0 where met, null without
    a report; `withheld` without signing in."""

    target_id: str
    verdict: Verdict
    value: Decimal | None
    gap: Decimal | None
    uncertain: bool


class Occasion(Wire):
    """An event that starts a relative deadline, and the day that follows."""

    milestone_id: str
    label: str
    happened_on: datetime.date
    due: datetime.date
    counting: Counting
    arrangements: tuple[Arrangement, ...]


class Evidence(Wire):
    """A file that proves a step: its name as given, its SHA-256, its bytes' number."""

    name: str
    sha256: str
    size: int


class Correction(Wire):
    """A correction, with the extracted `original` (null where something is added). A re-opened
    one changes nothing until it is confirmed."""

    id: str
    document_id: str
    task_id: str
    aspect: Aspect
    operation: Operation
    fact_id: str
    unit: str
    unit_id: str | None
    role: Role | None
    new_unit: str
    new_role: Role | None
    deadline: Deadline | None
    values: dict[str, Any]
    quote: str
    reason: str
    original: dict[str, Any] | None
    actor: str
    at: str
    status: CorrectionStatus


class ReviewItem(Wire):
    """One thing to look at. `key` stays the same in later versions of the document as long as its
    clause reads the same: what is settled is named by it. `fact_id` is the task, target, milestone
    or correction concerned, empty for a place in the text; of a possible version the doubt to
    settle, and `other_id` the document that it may be a version of; of reports without a duty the
    milestone, and `other_id` the former version that had it."""

    id: str
    key: str
    kind: ReviewKind
    document_id: str
    path: str
    fact_id: str
    message: str
    span: Span | None
    quote: str
    other_id: str

"""What a person should look at, and their corrections of what was extracted."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from api.service.fields import Line, Number, Words
from api.service.identity import ServiceOf, SignedIn, Viewer, knows, needs
from api.service.paging import Cursor, Limit, Page, page_of
from api.service.problems import RESPONSES
from api.service.state import Service
from api.service.wire.progress import Correction, ReviewItem
from kb.days import Day
from kb.errors import NotFoundError
from kb.language.quantities import Comparator
from kb.language.roles import Role
from tasks import settling
from tasks.authorisation import Action
from tasks.corrections import Aspect, CorrectionStatus, Draft, Operation
from tasks.corrections import Correction as Corrected
from tasks.disclosure import Part
from tasks.left import hand_life
from tasks.models import Certainty, Counting, Deadline, DueKind
from tasks.review import ReviewItem as Look
from tasks.review import ReviewKind

router = APIRouter(tags=["review"], responses=RESPONSES)
Corrector = Annotated[Viewer, Depends(needs(Action.CORRECT))]
Bringer = Annotated[Viewer, Depends(needs(Action.INGEST))]


class DeadlineIn(BaseModel):
    """A deadline as a person sets it: `date` for by, in and period; `start` for start; `rrule`
    (RFC 5545) for recurring; `duration` (ISO 8601) and `event` for relative, counted in days or, a
    duration of days, in working days (`counting`)."""

    model_config = ConfigDict(extra="forbid")

    kind: DueKind = DueKind.BY
    date: Day | None = None
    start: Day | None = None
    rrule: Line | None = None
    duration: Annotated[str, Field(max_length=20)] | None = None
    counting: Counting = Counting.DAYS
    event: Line | None = None


class TargetFields(BaseModel):
    """The fields of a target that a person sets; those left out stay as they are."""

    model_config = ConfigDict(extra="forbid")

    metric: Line | None = None
    scope: Line | None = None
    comparator: Comparator | None = None
    value: Number | None = None
    unit: Line | None = None
    per: Line | None = None
    approximate: bool | None = None
    stretch: bool | None = None
    milestone_id: Line | None = None


class CorrectionIn(BaseModel):
    """A correction of one task. `fact_id`: the milestone or target meant; `unit` and `role`: the
    owner meant; `new_unit`, `new_role`, `deadline`, `values`: what shall stand; `quote`: the words
    of the clause that something added rests on."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"aspect": "owner", "operation": "change", "unit": "区教委", "new_unit": "区水利局",
                 "reason": "原文职责划分有误"}
            ]
        },
    )  # fmt: skip

    aspect: Aspect
    operation: Operation
    fact_id: Line = ""
    unit: Line = ""
    role: Role | None = None
    new_unit: Line = ""
    new_role: Role | None = None
    deadline: DeadlineIn | None = None
    values: TargetFields | None = None
    quote: Words = ""
    reason: Annotated[Words, Field(min_length=1)]


class SettleIn(BaseModel):
    """Which items of the list, by `key`, and why their readings may stand (or not)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"keys": ["settle-0123456789ab"], "reason": "已核对纸质原件"}]},
    )  # fmt: skip

    keys: Annotated[list[Line], Field(min_length=1, max_length=500)]
    reason: Annotated[Words, Field(min_length=1)]


class HandIn(BaseModel):
    """To which milestone of now, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"to": "milestone-ba9876543210", "reason": "同一任务, 时限顺延"}]
        },
    )

    to: Annotated[Line, Field(min_length=1)]
    reason: Annotated[Words, Field(min_length=1)]


class Handed(BaseModel):
    """From which milestone reports went to which."""

    milestone_id: str
    to: str


class SettledKeys(BaseModel):
    """The keys of the items that were settled, or put on the list again."""

    keys: list[str]


class WithdrawIn(BaseModel):
    """Why a correction is taken back."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "误改"}]})

    reason: Annotated[Words, Field(min_length=1)]


class ConfirmIn(WithdrawIn):
    """Why a re-opened correction still holds, and what it is about now where that changed."""

    task_id: Line = ""
    fact_id: Line = ""
    quote: Words = ""


@router.get("/review", summary="待复核 / what needs a look")
def review(
    viewer: SignedIn,
    service: ServiceOf,
    kind: ReviewKind | None = None,
    document: Annotated[str, Query(max_length=64)] = "",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Page[ReviewItem]:
    """Warnings, doubtful readings, repairs and re-opened corrections, most urgent kind first; those
    of a document for reference where it is named as `document`."""
    reference = service.register(viewer.actor).reference
    found = [
        item
        for item in settling.unsettled(service.store, _looks(service, viewer))
        if kind in (None, item.kind)
        and document in ("", item.document_id)
        and (document or item.document_id not in reference)
    ]
    order = list(ReviewKind)
    shown, after = page_of(
        found, limit, cursor,
        lambda item: [
            order.index(item.kind), *service.place(item.document_id),
            item.span.start if item.span else -1, item.id,
        ],
    )  # fmt: skip
    return Page(items=[ReviewItem.of(item) for item in shown], total=len(found), next=after)


@router.post("/review/settle", summary="读法无误 / settle what needs a look")
def settle(body: SettleIn, viewer: Corrector, service: ServiceOf) -> SettledKeys:
    """Note that items were looked at and may stand as they were read: all of them, or none. `keys`
    gives those that were still open. An item comes back once its clause reads otherwise."""
    chosen = settling.items_named(_looks(service, viewer), body.keys)
    now = service.now()
    fresh = settling.settle_all(service.store, viewer.actor, chosen, body.reason, now)
    return SettledKeys(keys=fresh)


@router.post("/review/open", summary="重新待复核 / list settled items again")
def open_again(body: SettleIn, viewer: Corrector, service: ServiceOf) -> SettledKeys:
    """Put settled items on the list again: all of them, or none."""
    chosen = [item.key for item in settling.items_named(_looks(service, viewer), body.keys)]
    settling.unsettle_all(service.store, viewer.actor, chosen, body.reason, service.now())
    return SettledKeys(keys=chosen)


@router.post("/review/hand/{milestone_id}", summary="转移办理记录 / hand reports over")
def hand(milestone_id: str, body: HandIn, viewer: Bringer, service: ServiceOf) -> Handed:
    """Give what was reported on a duty that the present version no longer has (`fact_id` of an
    item of kind `left`) to the one of now that is the same; its steps, values and evidence go with
    it."""
    now = service.now()
    hand_life(service.store, viewer.actor, milestone_id, body.to, body.reason, now)
    return Handed(milestone_id=milestone_id, to=body.to)


@router.post("/tasks/{task_id}/corrections", status_code=201, summary="更正 / correct a fact")
def correct(task_id: str, body: CorrectionIn, viewer: Corrector, service: ServiceOf) -> Correction:
    """Correct an owner, a role, a date or a target; it holds at once, the original is kept."""
    service.register(viewer.actor).placed(task_id)
    draft = Draft(
        **{k: getattr(body, k) for k in CorrectionIn.model_fields if k not in ("deadline", "values")},
        task_id=task_id, deadline=_deadline(body.deadline), values=_values(body.values),
    )  # fmt: skip
    return Correction.of(service.tracker.correct(viewer.actor, draft, service.now()))


@router.get("/corrections", summary="更正记录 / corrections")
def corrections(
    viewer: Annotated[Viewer, Depends(knows(Part.CORRECTIONS))],
    service: ServiceOf,
    task: Annotated[str, Query(max_length=64)] = "",
    status: CorrectionStatus | None = None,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Page[Correction]:
    """Corrections in documents that the viewer may see, oldest first."""
    found = [
        c
        for c in _seen(service, viewer)
        if task in ("", c.task_id) and status in (None, c.status)
    ]  # fmt: skip
    shown, after = page_of(found, limit, cursor, lambda c: [c.at, c.id])
    return Page(items=[Correction.of(c) for c in shown], total=len(found), next=after)


@router.post("/corrections/{correction_id}/withdraw", summary="撤回更正 / take it back")
def withdraw(
    correction_id: str, body: WithdrawIn, viewer: Corrector, service: ServiceOf
) -> Correction:
    """Take a correction back: what was extracted holds again."""
    _one(service, viewer, correction_id)
    now = service.now()
    return Correction.of(service.tracker.withdraw(viewer.actor, correction_id, body.reason, now))


@router.post("/corrections/{correction_id}/confirm", summary="确认更正 / let it hold again")
def confirm(
    correction_id: str, body: ConfirmIn, viewer: Corrector, service: ServiceOf
) -> Correction:
    """Let a correction that a new version re-opened hold for the text as it reads now."""
    _one(service, viewer, correction_id)
    kept = service.tracker.confirm(
        viewer.actor, correction_id, body.reason, service.now(),
        task_id=body.task_id, fact_id=body.fact_id, quote=body.quote,
    )  # fmt: skip
    return Correction.of(kept)


def _looks(service: Service, viewer: Viewer) -> list[Look]:
    extractions = service.register(viewer.actor).extractions
    return settling.read_reviews(service.store, viewer.actor, extractions)


def _seen(service: Service, viewer: Viewer) -> list[Corrected]:
    ids = service.visible(viewer.actor)
    return [c for c in service.tracker.corrections() if c.document_id in ids]


def _one(service: Service, viewer: Viewer, correction_id: str) -> Corrected:
    found = next((c for c in _seen(service, viewer) if c.id == correction_id), None)
    if found is None:
        raise NotFoundError(f"没有更正 {correction_id} / no correction {correction_id}")
    return found


def _deadline(given: DeadlineIn | None) -> Deadline | None:
    if given is None:
        return None
    return Deadline(**given.model_dump(), certainty=(Certainty.EXPLICIT,))


def _values(given: TargetFields | None) -> dict[str, Any]:
    """The fields set, decimals as text so that the audit log holds them exactly."""
    fields = given.model_dump(exclude_unset=True) if given else {}
    return {k: f"{v:f}" if isinstance(v, Decimal) else v for k, v in fields.items()}

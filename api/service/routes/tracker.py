"""The cycle of a milestone: steps, events, evidence, what happened to it."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.service.fields import Line, Number, Sha256, Words
from api.service.identity import ServiceOf, SignedIn, Viewer, knows
from api.service.jobs import JobsOf
from api.service.problems import RESPONSES
from api.service.sending import download
from api.service.state import Service
from api.service.uploads import clean_name, form_of, receive
from api.service.wire.governance import Told
from api.service.wire.progress import Evidence, Life, Occasion
from kb.days import Day
from kb.errors import DubanError, NotFoundError
from tasks.authorisation import Action, authorise, require
from tasks.disclosure import Part, name_of_evidence
from tasks.due import Row, holding_day
from tasks.lifecycle import STEP_NAMES, STEPS, Command, Step, obstacle
from tasks.lifecycle import Evidence as Proof
from tasks.proofs import steps_naming
from tasks.query import milestones_of
from tasks.succession import former_document, read_replacements
from tasks.tracker import bearing_units
from tasks.tracking import REFUSED
from tasks.visibility import visible_documents

router = APIRouter(tags=["tracker"], responses=RESPONSES)
LARGEST_EVIDENCE = 50 * 1024 * 1024
"""Bytes of one piece of evidence: it is kept in the store."""
_LARGEST_INLINE = 512 * 1024
_OPAQUE = "application/octet-stream"


class EvidenceIn(BaseModel):
    """A file that proves a step: one sent before (`sha256`), or a small one as it is (`base64`)."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=120)]
    sha256: Sha256 | None = None
    base64: Annotated[str, Field(max_length=_LARGEST_INLINE * 4 // 3 + 4)] | None = None


class StepIn(BaseModel):
    """A step. `occurrence` names which one of a recurring or relative milestone; `on` is the day
    of the step (today if left out); `values` maps a target's id to the measured value."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"step": "report", "text": "已整治隐患点12处", "percent": 60},
                {"step": "request_extension", "reason": "汛期提前", "new_date": "2027-03-31"},
            ]
        },
    )

    step: Step
    occurrence: Annotated[str, Field(max_length=120)] = ""
    on: Day | None = None
    text: Words = ""
    reason: Words = ""
    percent: Annotated[int, Field(ge=0, le=100)] | None = None
    values: dict[str, Number] = Field(default_factory=dict, max_length=200)
    evidence: list[EvidenceIn] = Field(default_factory=list, max_length=20)
    new_date: Day | None = None


class EventIn(BaseModel):
    """The event that a relative deadline waits for: which (`occasion`: 甲校验收) and when."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"occasion": "甲校竣工验收", "on": "2026-03-01"}]},
    )

    occasion: Annotated[str, Field(min_length=1, max_length=120)]
    on: Day | None = None


class StepChoice(BaseModel):
    """A step, whether this viewer may take it now, and why (not)."""

    step: Step
    zh: str
    en: str
    allowed: bool
    reason: str
    needs: tuple[str, ...]


@router.get("/milestones/{milestone_id}/steps", summary="可办的步骤 / steps to take")
def steps(
    milestone_id: str, viewer: SignedIn, service: ServiceOf, occurrence: Line = ""
) -> list[StepChoice]:
    """Every step of the cycle and whether this viewer may take it in the present state."""
    row = seen_milestone(service, viewer, milestone_id)
    today = service.today()
    items = service.standings(viewer.actor, today, milestones_of({row.id}))
    item = next((i for i in items if i.occurrence == occurrence), None)
    life = item.life if item else service.tracker.life(row.id, occurrence)
    due = item.due if item else holding_day(life, row.due)
    shut = REFUSED if row.document_id in service.register(viewer.actor).reference else None
    return [_choice(viewer, row, step, shut or obstacle(life, step, today, due)) for step in Step]


@router.post("/milestones/{milestone_id}/steps", summary="办一步 / take a step")
def take(milestone_id: str, body: StepIn, viewer: SignedIn, service: ServiceOf) -> Life:
    """Take a step of the cycle; gives how the milestone stands after it."""
    row = seen_milestone(service, viewer, milestone_id)
    require(viewer.actor, body.step, bearing_units(row))
    command = Command(
        step=body.step, milestone_id=row.id, occurrence=body.occurrence,
        on=body.on or service.today(), text=body.text, reason=body.reason, percent=body.percent,
        values=body.values, evidence=_evidence(service, viewer, body.evidence), new_date=body.new_date,
    )  # fmt: skip
    return Life.of(service.tracker.perform(viewer.actor, command, service.now()))


@router.post("/milestones/{milestone_id}/events", summary="记录事件 / record an event")
def event(milestone_id: str, body: EventIn, viewer: SignedIn, service: ServiceOf) -> Occasion:
    """Record the event that the deadline runs from; gives the day that follows."""
    row = seen_milestone(service, viewer, milestone_id)
    day = body.on or service.today()
    now = service.now()
    return Occasion.of(service.tracker.record_event(viewer.actor, row.id, body.occasion, day, now))


@router.get("/milestones/{milestone_id}/history", summary="经过 / what happened to it")
def history(
    milestone_id: str, viewer: Annotated[Viewer, Depends(knows(Part.HISTORY))], service: ServiceOf
) -> list[Told]:
    """What happened to a milestone, in former versions of its document too, oldest first, and what
    it was and became there. One of a former version has a history, too."""
    key = _seen_ever(service, viewer, milestone_id)
    replacements = read_replacements(service.store, viewer.actor, key)
    told = [Told.of(entry) for entry in (*service.tracker.history(key), *replacements)]
    return sorted(told, key=lambda entry: entry.seq)


def _seen_ever(service: Service, viewer: Viewer, milestone_id: str) -> str:
    """As `seen_milestone`, of former versions that the viewer may see too."""
    try:
        return seen_milestone(service, viewer, milestone_id).id
    except NotFoundError:
        former = former_document(service.store, milestone_id)
        if not former or not visible_documents(service.store, viewer.actor, [former]):
            raise
        return milestone_id


def _may_prove(viewer: SignedIn) -> Viewer:
    require(viewer.actor, Action.RECORD_EVENT, viewer.actor.units)
    return viewer


_UPLOAD = form_of()


@router.post(
    "/evidence", status_code=201, summary="上传佐证 / send evidence", openapi_extra=_UPLOAD
)
async def send_evidence(
    request: Request,
    viewer: Annotated[Viewer, Depends(_may_prove)],
    service: ServiceOf,
    jobs: JobsOf,
) -> Evidence:
    """Keep a file that proves something; name it by its `sha256` in a step afterwards. It is read
    by others once a step names it."""
    got = await receive(request, jobs.folder, LARGEST_EVIDENCE)

    def keep() -> Evidence:
        try:
            kept = service.tracker.keep_evidence([(got.name, got.path.read_bytes())])
            return Evidence.of(kept[0])
        finally:
            got.path.unlink(missing_ok=True)

    return await run_in_threadpool(keep)


@router.get(
    "/evidence/{sha256}", summary="佐证文件 / a piece of evidence", response_class=Response,
    responses={200: {"content": {_OPAQUE: {"schema": {"type": "string", "format": "binary"}}}}},
)  # fmt: skip
def evidence(
    sha256: Sha256, viewer: Annotated[Viewer, Depends(knows(Part.EVIDENCE))], service: ServiceOf
) -> Response:
    """A file that a step names, for those who may see what was reported on its milestone; its digest
    is checked first."""
    name = name_of_evidence(service.store, viewer.actor, sha256)
    return download(service.tracker.evidence(sha256), name, _OPAQUE)


def seen_milestone(service: Service, viewer: Viewer, milestone_id: str) -> Row:
    """A milestone of a document that the viewer may see.

    Raises:
        NotFoundError: there is none, or they may not: the two are not told apart.
    """
    register = service.register(viewer.actor)
    for placed in register.tasks():
        if any(m.id == milestone_id for m in placed.task.milestones):
            return service.tracker.row(milestone_id)
    raise NotFoundError(f"没有里程碑 {milestone_id} / no milestone {milestone_id}")


def _choice(viewer: Viewer, row: Row, step: Step, hindered: tuple[str, str] | None) -> StepChoice:
    zh, en = STEP_NAMES[step]
    decision = authorise(viewer.actor, step, bearing_units(row))
    allowed, reason = decision.allowed, decision.reason
    if allowed and hindered:
        allowed, reason = False, " / ".join(hindered)
    return StepChoice(
        step=step, zh=zh, en=en, allowed=allowed, reason=reason, needs=tuple(STEPS[step].needs)
    )


def _evidence(service: Service, viewer: Viewer, given: list[EvidenceIn]) -> tuple[Proof, ...]:
    found: list[Proof] = []
    for piece in given:
        name = clean_name(piece.name)
        if piece.sha256 is not None and piece.base64 is None:
            _check_known(service, viewer, piece.sha256)
            size = len(service.tracker.evidence(piece.sha256))
            found.append(Proof(name=name, sha256=piece.sha256, size=size))
        elif piece.base64 is not None and piece.sha256 is None:
            found += service.tracker.keep_evidence([(name, _bytes(piece.base64))])
        else:
            raise DubanError("佐证要有 sha256 或 base64 之一 / evidence needs sha256 or base64")
    return tuple(found)


def _bytes(printed: str) -> bytes:
    try:
        return base64.b64decode(printed, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DubanError("不是 base64 / this is no base64") from error


def _check_known(service: Service, viewer: Viewer, sha256: str) -> None:
    """Refuse what proves only things that the viewer may not know of: naming its digest in a step
    of one's own would open it.

    Raises:
        NotFoundError: there is no such file, as far as the viewer may know.
    """
    with service.store.reading() as connection:
        named = bool(steps_naming(connection, sha256))
    if named:
        name_of_evidence(service.store, viewer.actor, sha256)

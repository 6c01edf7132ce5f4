"""One task: who, by when, how much, on what words; its history; the steps that this user may take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Request, Response, UploadFile

from api.service.pages.documents import legend
from api.service.pages.marks import Block, block_at, block_of
from api.service.pages.screen import Reading, Screen, SignedIn, read_day
from api.service.sending import download
from kb.errors import DubanError, NotFoundError
from tasks.audit import Entry
from tasks.authorisation import Action, authorise
from tasks.due import DueItem
from tasks.lifecycle import STEPS, Command, Judged, Status, Step, judge
from tasks.listing import BEARING, Wanted
from tasks.models import DueKind, Extraction, Milestone, Target, Task
from tasks.queries import Placed
from tasks.tracker import Tracker

router = APIRouter()
LARGEST_EVIDENCE = 900_000
"""Bytes of a form's piece of evidence: the form has to stay within the limit of a request."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A milestone of the task (one occurrence of it) as it is shown, with what may be done."""

    milestone: Milestone
    item: DueItem
    printed: str
    steps: tuple[Step, ...]
    targets: tuple[Target, ...]


@router.get("/tasks/{task_id}")
def task(task_id: str, s: Reading) -> Response:
    """The page of a task."""
    register = s.service.register(s.viewer.actor)
    placed = register.placed(task_id)
    extraction = register.document_of(placed.document.id)
    items = _items(s, placed)
    shown = list(_shown(s, placed, items))
    waiting = [m for m in placed.task.milestones if m.due.kind is DueKind.RELATIVE]
    return s.show(
        "task.html", p=placed, task=placed.task, shown=shown, waiting=waiting if _may_record(s, placed) else [],
        judged=_judged(s, placed.task, items), block=_clause(extraction, placed),
        legend=legend(s), history=history(s, placed.task) if s.known else [], today=s.service.today(),
        largest=LARGEST_EVIDENCE // 1000, Status=Status, Step=Step, STEPS=STEPS,
    )  # fmt: skip


@router.post("/tasks/{task_id}/steps")
async def step(
    task_id: str,
    request: Request,
    s: SignedIn,
    milestone: Annotated[str, Form(max_length=60)],
    name: Annotated[Step, Form(alias="step")],
    occurrence: Annotated[str, Form(max_length=200)] = "",
    text: Annotated[str, Form(max_length=20_000)] = "",
    reason: Annotated[str, Form(max_length=20_000)] = "",
    percent: Annotated[str, Form(max_length=10)] = "",
    new_date: Annotated[str, Form(max_length=20)] = "",
    evidence: Annotated[UploadFile | None, File()] = None,
    csrf: Annotated[str, Form()] = "",
) -> Response:
    """Take one step of a milestone."""
    s.check(csrf)
    form = await request.form()
    values = {k.removeprefix("value-"): str(v) for k, v in form.items() if k.startswith("value-")}
    data = await evidence.read() if evidence is not None and evidence.filename else None
    file = (evidence.filename or "", data) if evidence is not None and data is not None else None
    from starlette.concurrency import run_in_threadpool  # noqa: PLC0415

    def act() -> None:
        placed = s.service.register(s.viewer.actor).placed(task_id)
        _own(placed, milestone)
        tracker = Tracker(s.service.store)
        command = Command(
            step=name, milestone_id=milestone, occurrence=occurrence, on=s.service.today(),
            text=text, reason=reason, percent=_whole(percent), values=_values(values),
            new_date=read_day(new_date),
        )  # fmt: skip
        if file is not None:
            bearing = [a.unit for a in placed.task.responsibilities if a.role in BEARING]
            if not authorise(s.viewer.actor, name, bearing).allowed:
                tracker.perform(s.viewer.actor, command, s.service.now())  # it says why not
            if len(file[1]) > LARGEST_EVIDENCE:
                raise DubanError("附件过大 / the evidence is too large")
            command = command.model_copy(update={"evidence": tracker.keep_evidence([file])})
        tracker.perform(s.viewer.actor, command, s.service.now())

    back = f"/tasks/{quote(task_id)}"
    done = s.t("已办理：{step}", step=s.names.step(name))
    return await run_in_threadpool(s.attempt, act, back, done)


@router.post("/tasks/{task_id}/events")
def event(
    task_id: str,
    s: SignedIn,
    milestone: Annotated[str, Form(max_length=60)],
    label: Annotated[str, Form(max_length=200)] = "",
    happened_on: Annotated[str, Form(max_length=20)] = "",
    csrf: Annotated[str, Form()] = "",
) -> Response:
    """Record the event that a relative deadline waits for."""
    s.check(csrf)
    _own(s.service.register(s.viewer.actor).placed(task_id), milestone)

    def act() -> None:
        day = read_day(happened_on)
        if day is None:
            raise DubanError("要写明日期 / a day is needed")
        Tracker(s.service.store).record_event(
            s.viewer.actor, milestone, label, day, s.service.now()
        )

    return s.attempt(act, f"/tasks/{quote(task_id)}", s.t("事件已记录"))


@router.get("/tasks/{task_id}/evidence/{sha256}")
def evidence(task_id: str, sha256: str, s: SignedIn) -> Response:
    """A file that proves a report on this task."""
    placed = s.service.register(s.viewer.actor).placed(task_id)
    for entry in history(s, placed.task):
        for file in entry.detail.get("evidence", ()):
            if file["sha256"] == sha256:
                data = Tracker(s.service.store).evidence(sha256)
                return download(data, file["name"], "application/octet-stream")
    raise NotFoundError(f"没有附件 {sha256} / no evidence {sha256}")


def history(s: Screen, task: Task) -> list[Entry]:
    """What happened to a task's milestones, the latest first."""
    tracker = Tracker(s.service.store)
    found = {e.seq: e for m in task.milestones for e in tracker.history(m.id)}
    return [found[seq] for seq in sorted(found, reverse=True)]


def _items(s: Screen, placed: Placed) -> list[DueItem]:
    ids = frozenset(m.id for m in placed.task.milestones)
    if not ids:
        return []
    return s.service.standings(s.viewer.actor, s.service.today(), Wanted(milestones=ids))


def _shown(s: Screen, placed: Placed, items: list[DueItem]) -> Iterator[Shown]:
    text = s.service.register(s.viewer.actor).document_of(placed.document.id).document.text
    bearing = [a.unit for a in placed.task.responsibilities if a.role in BEARING]
    for m in placed.task.milestones:
        printed = " ".join(m.due.span.slice(text).split()) if m.due.span else ""
        for item in (i for i in items if i.milestone_id == m.id):
            steps = tuple(
                step
                for step, rule in STEPS.items()
                if item.status in rule.sources and authorise(s.viewer.actor, step, bearing).allowed
            )
            if m.due.kind is DueKind.RELATIVE and not item.occurrence:
                steps = ()  # its event comes first
            targets = tuple(t for t in placed.task.targets if t.milestone_id in (m.id, None))
            yield Shown(m, item, printed, steps, targets)


def _clause(extraction: Extraction, placed: Placed) -> Block:
    """The task's clause; where it is only a part of it, that part is lit."""
    block = block_at(extraction, placed.task.span)
    whole = len(placed.task.span) >= 0.8 * len(placed.clause.span)
    return block_of(extraction, placed.clause) if whole else block


def _may_record(s: Screen, placed: Placed) -> bool:
    bearing = [a.unit for a in placed.task.responsibilities if a.role in BEARING]
    return authorise(s.viewer.actor, Action.RECORD_EVENT, bearing).allowed


def _judged(s: Screen, task: Task, items: list[DueItem]) -> list[tuple[Target, Judged]]:
    found: list[tuple[Target, Judged]] = []
    for target in task.targets:
        lives: list[Any] = [i.life for i in items if target.id in i.life.values] if s.known else []
        latest = max(lives, key=lambda x: (x.reported_on or date.min, x.occurrence), default=None)
        found.append((target, judge(target, latest.values[target.id] if latest else None)))
    return found


def _own(placed: Placed, milestone_id: str) -> None:
    if milestone_id not in {m.id for m in placed.task.milestones}:
        raise NotFoundError(f"该任务没有里程碑 {milestone_id} / the task has no {milestone_id}")


def _whole(printed: str) -> int | None:
    if not printed.strip():
        return None
    try:
        return int(printed.strip().rstrip("%"))
    except ValueError as error:
        raise DubanError(f"不是整数: {printed} / not a whole number: {printed}") from error


def _values(printed: dict[str, str]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for key, value in printed.items():
        if not value.strip():
            continue
        try:
            number = Decimal(value.strip())
        except InvalidOperation as error:
            raise DubanError(f"不是数: {value} / not a number: {value}") from error
        if not number.is_finite():
            raise DubanError(f"不是数: {value} / not a number: {value}")
        found[key] = number
    return found

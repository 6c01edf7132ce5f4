"""One task: who, by when, how much, on what words; its history; the steps that this user may take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from api.service.jobs import JobsOf
from api.service.pages.documents import document_seen, legend, versions_of
from api.service.pages.fixes import (
    KINDS,
    LENGTHS,
    RULES,
    SIGNS,
    due_fields,
    fixes_of,
    printed_of,
    said_due,
)
from api.service.pages.marks import Block, block_at, block_of
from api.service.pages.screen import Reading, Screen, SignedIn, fact_path, read_day
from api.service.sending import download
from api.service.uploads import Sent, receive_all
from kb.errors import DeniedError, DubanError, NotFoundError
from kb.language.roles import Role
from tasks import schema
from tasks.audit import Entry
from tasks.authorisation import Action, authorise, require
from tasks.conditions import BEARING
from tasks.disclosure import Part
from tasks.due import DueItem, bearers
from tasks.lifecycle import STEPS, Command, Judged, Party, Status, Step, judge, obstacle, take_step
from tasks.matching import match_versions
from tasks.models import Assignment, DueKind, Extraction, Milestone, Target, Task
from tasks.queries import Placed
from tasks.query import milestones_of
from tasks.succession import Replacement, read_replacements
from tasks.tracking import REFUSED
from tasks.units import jurisdiction_of, title_of
from tasks.words import describe_target

router = APIRouter()
LARGEST_EVIDENCE = 50 * 1024 * 1024
"""Bytes of one piece of evidence, as the API takes them; all of one form are within the limit of an
upload (`api.service.app.LARGEST_UPLOAD`)."""
LONGEST_WORDS = 20_000
"""Characters of a report or a reason."""
MOST_EVIDENCE = 20
"""Pieces of evidence of one step."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A milestone of the task (one occurrence of it) as it is shown: its deadline as printed and as
    read, the steps that this viewer may take now, and why not the others. `first`: the milestone's
    first occurrence on the page; `answer`: what the supervisors said of what was reported or asked
    for last, where that is still open."""

    milestone: Milestone
    item: DueItem
    printed: str
    said: str
    first: bool
    answer: str
    steps: tuple[Step, ...]
    others: tuple[tuple[Step, str], ...]
    targets: tuple[Target, ...]


@router.get("/tasks/{task_id}")
def task(task_id: str, s: Reading) -> Response:
    """The page of a task."""
    register = s.service.register(s.viewer.actor)
    try:
        placed = register.placed(task_id)
    except NotFoundError:
        if (there := _moved(s, task_id)) is None:
            raise
        return s.go(there)
    extraction = register.document_of(placed.document.id)
    items = _items(s, placed)
    shown = list(_shown(s, placed, items))
    waiting = [m for m in placed.task.milestones if m.due.kind is DueKind.RELATIVE]
    may_fix = s.may(Action.CORRECT)
    return s.show(
        "task.html", p=placed, ended=register.abolished.get(placed.document.id), reference=placed.document.id in register.reference, describe_target=describe_target, owners=_owners(placed.task), may_fix=may_fix,
        Part=Part, fixes=fixes_of(s, placed.task, placed.document.id), units=_known_units(s) if may_fix else [],
        due_fields=due_fields, said_due=said_due, KINDS=KINDS, RULES=RULES, SPANS=LENGTHS, SIGNS=SIGNS,
        people={p.login: p.name for p in s.service.people.list()} if s.knows(Part.PEOPLE) else {},
        commitments={m.id: m.commitment for m in placed.task.milestones},
        reported=_reported(placed.task, s.language), roles=list(Role), most=MOST_EVIDENCE, task=placed.task, shown=shown, waiting=waiting if _may_record(s, placed) else [],
        judged=_judged(s, placed.task, items), block=_clause(extraction, placed),
        legend=legend(s), history=_told(s, placed.task) if s.knows(Part.HISTORY) else [], today=s.service.today(),
        largest=LARGEST_EVIDENCE // (1024 * 1024), Status=Status, Step=Step, STEPS=STEPS,
    )  # fmt: skip


def _moved(s: Screen, task_id: str) -> str | None:
    """Where a task of a former version is now: the same task of the current one, or the one in its
    place (its history names both), else its words in the former; None where there was none that the viewer may see."""
    with s.service.store.reading() as connection:
        f = schema.fact.c
        document_id = connection.scalar(
            select(f.document_id)
            .join(schema.document, schema.document.c.id == f.document_id)
            .where(f.kind == "tasks", f.id == task_id)
            .order_by(schema.document.c.reading.desc())
            .limit(1)
        )
    if document_id is None:
        return None
    family = versions_of(s, document_id)
    if document_id not in {d.document.id for d in family}:
        return None
    old, new = (document_seen(s, key) for key in (document_id, family[0].document.id))
    matches = match_versions(old, new)
    same = matches.same.get(task_id) or matches.near.get(task_id)
    return f"/tasks/{quote(same)}" if same and same != task_id else fact_path(document_id, task_id)


def _may_step(task_id: str, s: SignedIn) -> Screen:
    """Only who may take some step of this task gets to send files at all."""
    placed = s.service.register(s.viewer.actor).placed(task_id)
    decisions = [authorise(s.viewer.actor, step, _bearing(placed)) for step in Step]
    if not any(decision.allowed for decision in decisions):
        raise DeniedError(f"没有权限: {decisions[0].zh} / not allowed: {decisions[0].en}")
    return s


@router.post("/tasks/{task_id}/steps")
async def step(
    task_id: str, request: Request, s: Annotated[Screen, Depends(_may_step)], jobs: JobsOf
) -> Response:
    """Take one step of a milestone; its evidence is streamed to disk."""
    sent = await receive_all(
        request, jobs.folder, field="evidence", most=LARGEST_EVIDENCE, files=MOST_EVIDENCE
    )
    back = f"/tasks/{quote(task_id)}"

    def act() -> Response:
        with sent:
            s.check(sent.field("csrf"))
            name = _step_named(sent.field("step"))
            done = s.t("已办理：{step}", step=s.names.step(name))
            return s.attempt(lambda: _take(s, task_id, name, sent), back, done)

    return await run_in_threadpool(act)


def _take(s: Screen, task_id: str, name: Step, sent: Sent) -> None:
    placed = s.service.register(s.viewer.actor).placed(task_id)
    milestone = sent.field("milestone")
    _own(placed, milestone)
    require(s.viewer.actor, name, _bearing(placed))
    values = {
        k.removeprefix("value-"): v[0] for k, v in sent.fields.items() if k.startswith("value-")
    }
    command = Command(
        step=name, milestone_id=milestone, occurrence=sent.field("occurrence"),
        on=s.service.today(), text=_said(sent, "text"), reason=_said(sent, "reason"),
        percent=_whole(sent.field("percent")), values=_values(values),
        new_date=read_day(sent.field("new_date")),
    )  # fmt: skip
    tracker = s.service.tracker
    if sent.files:
        if name in (Step.REPORT, Step.SUBMIT):
            # What the step itself refuses is refused before its files are kept.
            take_step(tracker.life(milestone, command.occurrence), command)
        files = [(file, path.read_bytes()) for file, path in sent.files]
        command = command.model_copy(update={"evidence": tracker.keep_evidence(files)})
    tracker.perform(s.viewer.actor, command, s.service.now())


def _said(sent: Sent, name: str) -> str:
    words = sent.field(name)
    if len(words) > LONGEST_WORDS:
        raise DubanError(f"最多 {LONGEST_WORDS} 字 / {LONGEST_WORDS} characters at most")
    return words


def _step_named(printed: str) -> Step:
    try:
        return Step(printed)
    except ValueError:
        raise DubanError(f"没有步骤 {printed[:40]} / no step {printed[:40]}") from None


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
        s.service.tracker.record_event(s.viewer.actor, milestone, label, day, s.service.now())

    return s.attempt(act, f"/tasks/{quote(task_id)}", s.t("事件已记录"))


@router.get("/tasks/{task_id}/evidence/{sha256}")
def evidence(task_id: str, sha256: str, s: SignedIn) -> Response:
    """A file that proves a report on this task."""
    if not s.knows(Part.EVIDENCE):
        raise NotFoundError(f"没有附件 {sha256} / no evidence {sha256}")
    placed = s.service.register(s.viewer.actor).placed(task_id)
    for entry in history(s, placed.task):
        for file in entry.detail.get("evidence", ()):
            if file["sha256"] == sha256:
                data = s.service.tracker.evidence(sha256)
                return download(data, file["name"], "application/octet-stream")
    raise NotFoundError(f"没有附件 {sha256} / no evidence {sha256}")


def history(s: Screen, task: Task) -> list[Entry]:
    """What happened to a task's milestones, the latest first (corrections of the task: `fixes`)."""
    tracker = s.service.tracker
    found = {e.seq: e for m in task.milestones for e in tracker.history(m.id)}
    return [found[seq] for seq in sorted(found, reverse=True)]


def _told(s: Screen, task: Task) -> list[Entry | Replacement]:
    """The history, with what the task's milestones were in former versions."""
    replacements = {
        (replacement.seq, replacement.kin): replacement
        for m in task.milestones
        for replacement in read_replacements(s.service.store, s.viewer.actor, m.id)
    }
    return sorted([*replacements.values(), *history(s, task)], key=lambda e: e.seq, reverse=True)


def _known_units(s: Screen) -> list[str]:
    return [u.unit for u in s.service.register(s.viewer.actor).tracked.units()]


def _reported(task: Task, language: str) -> dict[str, str]:
    """What a value in the history is of, by the target's id."""
    return {t.id: describe_target(t, language) for t in task.targets}


def _items(s: Screen, placed: Placed) -> list[DueItem]:
    ids = frozenset(m.id for m in placed.task.milestones)
    if not ids:
        return []
    return s.service.standings(s.viewer.actor, s.service.today(), milestones_of(ids))


def _shown(s: Screen, placed: Placed, items: list[DueItem]) -> Iterator[Shown]:
    extraction = s.service.register(s.viewer.actor).document_of(placed.document.id)
    told = history(s, placed.task) if s.knows(Part.HISTORY) else []
    for m in placed.task.milestones:
        targets = tuple(t for t in placed.task.targets if t.milestone_id in (m.id, None))
        for number, item in enumerate(i for i in items if i.milestone_id == m.id):
            waits = m.due.kind is DueKind.RELATIVE and not item.occurrence
            choices = {step: _why_not(s, placed, item, step, waits=waits) for step in STEPS}
            steps = tuple(step for step, why in choices.items() if not why)
            others = tuple((step, why) for step, why in choices.items() if why)
            printed = printed_of(extraction, m.due)
            yield Shown(m, item, printed, said_due(m.due, s.names), number == 0, _answer(told, item), steps, others, targets)  # fmt: skip


def _answer(told: list[Entry], item: DueItem) -> str:
    """Why a report was sent back or a request refused, until the unit acts again."""
    step = Step.RETURN if item.status is Status.RETURNED else Step.REFUSE_EXTENSION if item.life.refused else None  # fmt: skip
    subject = f"{item.milestone_id}@{item.occurrence}" if item.occurrence else item.milestone_id
    found = (e.reason for e in told if e.subject == subject and e.detail.get("step") == step)
    return next(found, "") if step else ""


def _why_not(s: Screen, placed: Placed, item: DueItem, step: Step, *, waits: bool) -> str:
    """Why this viewer may not take a step now, in a few words; empty where they may."""
    rule = STEPS[step]
    if not authorise(s.viewer.actor, step, _bearing(placed)).allowed:
        if not s.known:
            return s.t("登录后办理")
        if rule.party is Party.SUPERVISOR:
            return s.t("由督办人员办理")
        units = "、".join(title_of(unit) for unit in _bearing(placed))
        return (
            s.t("由{units}的经办人办理", units=units)
            if units
            else s.t("原文未写明单位，先补责任单位")
        )
    if placed.document.id in s.service.register(s.viewer.actor).reference:
        return s.side(REFUSED)
    if waits:
        return s.t("先记录事件")
    hindered = obstacle(item.life, step, s.service.today(), item.due)
    return s.side(hindered) if hindered else ""


def _clause(extraction: Extraction, placed: Placed) -> Block:
    """The task's clause; where it is only a part of it, that part is lit."""
    block = block_at(extraction, placed.task.span)
    whole = len(placed.task.span) >= 0.8 * len(placed.clause.span)
    return block_of(extraction, placed.clause) if whole else block


def _bearing(placed: Placed) -> list[str]:
    """Ids of the units that bear it."""
    place = jurisdiction_of(placed.document).place
    units = bearers(placed.task.responsibilities, place)
    return list(dict.fromkeys(b.unit_id for b in units if b.role in BEARING))


def _may_record(s: Screen, placed: Placed) -> bool:
    reference = s.service.register(s.viewer.actor).reference
    may = authorise(s.viewer.actor, Action.RECORD_EVENT, _bearing(placed)).allowed
    return may and placed.document.id not in reference


def _owners(task: Task) -> list[tuple[Assignment, list[Assignment]]]:
    """Each unit in a role once, with all places that name it so."""
    found: dict[tuple[str, Role], list[Assignment]] = {}
    for a in task.responsibilities:
        found.setdefault((a.unit_id or a.unit, a.role), []).append(a)
    return [(places[0], places) for places in found.values()]


def _judged(s: Screen, task: Task, items: list[DueItem]) -> list[tuple[Target, Judged]]:
    found: list[tuple[Target, Judged]] = []
    for target in task.targets:
        lives: list[Any] = [i.life for i in items if target.id in i.life.values]
        latest = max(lives, key=lambda x: (x.reported_on or date.min, x.occurrence), default=None)
        found.append(
            (target, judge(target, latest.values[target.id] if latest else None, told=s.sees_lives))
        )
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

"""What the commands of the cycle do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import typer
from sqlalchemy import select as sql_select

from api.cli.output import Output
from api.cli.state import Run, require_document, require_plan, say_reference
from api.files import write_whole
from kb.errors import NotFoundError, SourceError, both
from kb.language.roles import Role
from tasks import schema
from tasks.audit import Entry
from tasks.authorisation import Action, Actor, require
from tasks.deadline_words import ASSUMED_YEAR, describe_arrangements
from tasks.due import DueItem, State
from tasks.exports.words import STATE_TITLES
from tasks.lifecycle import STATUS_NAMES, STEP_NAMES, Command, Evidence, Life, Status, Step
from tasks.listed import list_standings
from tasks.listing import plan_titles
from tasks.models import Certainty
from tasks.query import Query, Select, borne_by
from tasks.store import Store
from tasks.succession import Replacement, former_milestone, read_replacements
from tasks.tracker import Tracker, bearing_units
from tasks.visibility import visible_units
from tasks.words import NOBODY, ROLE_ZH, describe_progress

LARGEST_EVIDENCE = 50 * 1024 * 1024
"""Bytes of one piece of evidence: it is kept in the store."""


def read_roles(printed: Sequence[str]) -> tuple[Role, ...]:
    """Roles by their Chinese or English names.

    Raises:
        typer.BadParameter: no such role.
    """
    names = {zh: role for role, zh in ROLE_ZH.items()} | {role.value: role for role in Role}
    unknown = [name for name in printed if name not in names]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]}: {' '.join(names)}", param_hint="--role")
    return tuple(names[name] for name in printed)


def wanted_milestones(
    store: Store,
    actor: Actor,
    unit: str | None,
    roles: Sequence[str],
    plan: str,
    document: str = "",
    select: Select = Select.MILESTONES,
) -> Query:
    """The query that the options name.

    Raises:
        NotFoundError: no listed plan has these words in its title, there is no such unit, or no
            such document.
        AmbiguousUnitError: several units have the name.
    """
    with store.reading() as connection:
        if document:
            known = connection.scalars(sql_select(schema.document.c.id).where(schema.CURRENT))
            require_document(document, known)
        if unit is not None:
            unit = visible_units(connection, actor, document).one(unit).id
        titles = plan_titles(connection, listed=not document) if plan else {}
    require_plan(plan, titles.values())
    return Query(
        select=select, units=borne_by(unit, read_roles(roles)),
        plans=tuple(key for key, title in titles.items() if plan in title),
        documents=(document,) if document else (),
    )  # fmt: skip


def milestones(
    run: Run,
    unit: str | None,
    roles: Sequence[str],
    plan: str,
    status: str,
    as_of: date | None,
    as_json: bool,
    document: str = "",
) -> None:
    """List milestones, finished ones too."""
    day, out = run.day(as_of), run.out(as_json)
    with run.acting() as (store, actor):
        require(actor, Action.READ)
        chosen = wanted_milestones(store, actor, unit, roles, plan, document)
        chosen = chosen.model_copy(update={"states": read_states([status] if status else [])})
        items = list_standings(store, day, chosen, today=run.day(None), reader=actor)
        reference = store.reference()
    if as_json:
        out.json([i.model_dump(mode="json") for i in items])
        return
    show_milestones(items, out)
    out.say(f"共 {len(items)} 项", f"{len(items)} milestone(s)")
    say_reference(reference, document, out)


def read_states(printed: Sequence[str]) -> tuple[State | Status, ...]:
    """States of the deadline or of the cycle by their Chinese or English names; of a name that both
    have, both.

    Raises:
        typer.BadParameter: no such state.
    """
    known: list[tuple[State | Status, tuple[str, ...]]] = [
        *((state, (state.value, *STATE_TITLES[state])) for state in State),
        *((status, (status.value, *STATUS_NAMES[status])) for status in Status),
    ]
    found: list[State | Status] = []
    for name in printed:
        meant = [key for key, names in known if name in names]
        if not meant:
            every = sorted({name for _, names in known for name in names})
            raise typer.BadParameter(f"{name}: {' '.join(every)}", param_hint="--status")
        found += meant
    return tuple(found)


def show_milestones(items: Sequence[DueItem], out: Output) -> None:
    """A table of milestones with ids, state and progress."""
    side = 1 if out.language == "en" else 0
    out.table(
        [("编号", "id"), ("时限", "due"), ("天数", "days"), ("情况", "state"), ("条款", "clause"),
         ("事项", "commitment"), ("单位", "units"), ("进展", "progress")],
        [
            (i.milestone_id, _due(i, side), i.days if i.days is not None else "",
             STATE_TITLES[i.state][side], i.path, i.commitment, units_by_role(i, out.language),
             describe_progress(i.life, out.language))
            for i in items
        ],
    )  # fmt: skip
    counted = {a.year: a for i in items for a in i.arrangements}
    if rests := describe_arrangements([counted[year] for year in sorted(counted)], out.language):
        out.say(f"工作日：{rests}", f"Working days: {rests}")


def _due(item: DueItem, side: int) -> str:
    if item.due is None:
        return item.occurrence
    notes = [("延期", "extended")] if item.life.due else []
    notes += [("计划期限", "plan's end")] if item.inherited else []
    notes += [ASSUMED_YEAR] if Certainty.ASSUMED_YEAR in item.certainty else []
    if item.arrangements:
        settled = all(a.published for a in item.arrangements)
        notes.append(
            ("按工作日", "working days")
            if settled
            else ("按工作日暂定", "working days, provisional")
        )
    shown = f"{item.due}" + "".join(f" {note[side]}" for note in notes)
    if item.occurrence and item.occurrence != item.due.isoformat():
        shown += f" {item.occurrence}"
    return shown


def units_by_role(item: DueItem, language: str) -> str:
    """牵头 区教委；配合 区财政局."""
    by_role: dict[Role, list[str]] = {}
    for bearer in item.units:
        by_role.setdefault(bearer.role, []).append(bearer.unit)
    if not by_role:
        return NOBODY[language != "zh"]
    if language == "en":
        return "; ".join(f"{role.value} {'、'.join(units)}" for role, units in by_role.items())
    return "；".join(f"{ROLE_ZH[role]} {'、'.join(units)}" for role, units in by_role.items())


def step(
    run: Run,
    name: str,
    key: str,
    as_json: bool,
    *,
    occurrence: str = "",
    on: date | None = None,
    values: Sequence[str] = (),
    evidence: Sequence[Path] = (),
    new_date: date | None = None,
    **fields: Any,
) -> None:
    """Take one step and say how the milestone stands after it."""
    out, now = run.out(as_json), run.settings.now()
    if on is not None and on > now.date():
        raise typer.BadParameter("不能是将来的日子 / not a day to come", param_hint="--on")
    with run.acting() as (store, actor):
        tracker = Tracker(store)
        row = tracker.row(key)
        # Before any file is stored: nobody keeps evidence for what they may not report on.
        require(actor, Step(name), bearing_units(row))
        command = Command(
            step=Step(name),
            milestone_id=row.id,
            occurrence=occurrence,
            on=on or now.date(),
            new_date=new_date,
            values=dict(_value(printed) for printed in values),
            evidence=tuple(_evidence(tracker, path) for path in evidence),
            **fields,
        )
        life = tracker.perform(actor, command, now)
    if as_json:
        out.json(life.model_dump(mode="json"))
        return
    done, state = STEP_NAMES[command.step], STATUS_NAMES[life.status]
    where = f"{life.milestone_id}{f' {life.occurrence}' if life.occurrence else ''}"
    out.say(f"{where} {done[0]}: 现为“{state[0]}”{_after(life, 0)}",
            f"{where} {done[1]}: now {state[1]}{_after(life, 1)}")  # fmt: skip


def _after(life: Life, side: int) -> str:
    if life.status is Status.EXTENDED and life.due:
        return (f", 时限改为 {life.due}", f", due {life.due}")[side]
    if life.status is Status.EXTENSION_REQUESTED and life.asked:
        return (f", 申请延到 {life.asked}", f", asks for {life.asked}")[side]
    return ""


def _value(printed: str) -> tuple[str, Decimal]:
    target, separator, number = printed.partition("=")
    try:
        value = Decimal(number)
    except InvalidOperation:
        separator = ""
    if not separator or not value.is_finite():
        raise typer.BadParameter(f"{printed}: 目标编号=数 / TARGET=NUMBER", param_hint="--value")
    return target, value


def _evidence(tracker: Tracker, path: Path) -> Evidence:
    try:
        size = path.stat().st_size
        if size > LARGEST_EVIDENCE:
            most = LARGEST_EVIDENCE // 1024 // 1024
            raise SourceError(
                f"佐证文件 {size} 字节, 最多 {most} MB / evidence may have {most} MB", path=path
            )
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(both("读不了", "cannot be read", error), path=path) from error
    return tracker.keep_evidence([(path.name, data)])[0]


def event(run: Run, key: str, occasion: str, on: date | None, as_json: bool) -> None:
    """Record an event and say when the duty is due after it."""
    out, now = run.out(as_json), run.settings.now()
    with run.acting() as (store, actor):
        tracker = Tracker(store)
        day = on or now.date()
        found = tracker.record_event(actor, tracker.resolve(key), occasion, day, now)
    if as_json:
        out.json(found.model_dump(mode="json"))
        return
    rests = describe_arrangements(found.arrangements, out.language)
    out.say(
        f"{found.label} {found.happened_on}: 时限 {found.due}{f'（{rests}）' if rests else ''}",
        f"{found.label} {found.happened_on}: due {found.due}{f' ({rests})' if rests else ''}",
    )


def history(run: Run, key: str, as_json: bool) -> None:
    """What happened to a milestone, oldest first, and what it was and became in other versions of
    its document: of a former version's too."""
    out = run.out(as_json)
    with run.acting() as (store, actor):
        require(actor, Action.READ)
        tracker = Tracker(store)
        found = _ever(store, actor, tracker, key)
        replacements = read_replacements(store, actor, found)
        told: list[Entry | Replacement] = [*tracker.history(found), *replacements]
    told.sort(key=lambda entry: entry.seq)
    if as_json:
        out.json([e.model_dump(mode="json") for e in told])
        return
    out.table(
        [("序", "no"), ("时间 (UTC)", "at (UTC)"), ("人", "who"), ("步骤", "step"), ("之后", "after"), ("说明", "words")],
        [_turned(e, out) if isinstance(e, Replacement) else _stepped(e, out) for e in told],
    )  # fmt: skip


def _ever(store: Store, actor: Actor, tracker: Tracker, key: str) -> str:
    """A milestone of a current document, else of a former version."""
    try:
        return tracker.resolve(key)
    except NotFoundError:
        if found := former_milestone(store, actor, key):
            return found
        raise


def _stepped(e: Entry, out: Output) -> tuple[object, ...]:
    side = 1 if out.language == "en" else 0
    name = e.detail.get("step")
    what = STEP_NAMES[Step(name)][side] if name else e.action
    after = (e.after or {}).get("status")
    state = STATUS_NAMES[Status(after)][side] if after else ""
    text = e.detail.get("text") or e.reason
    files = " ".join(f"{f['name']} sha256:{f['sha256']}" for f in e.detail.get("evidence", ()))
    return (e.seq, e.at[:19] + "Z", e.actor, what, state, f"{text} {files}".strip())


def _turned(replacement: Replacement, out: Output) -> tuple[object, ...]:
    kin = replacement.kin
    what = out.pick("新版本", "new version")
    told = out.pick("改为", "now") if replacement.successor else out.pick("原为", "formerly")
    words = f"{told} {kin.milestone_id or kin.task_id} {kin.title}"
    if kin.commitment and kin.commitment != kin.title:
        words += f"：{kin.commitment}" if out.language != "en" else f": {kin.commitment}"
    return (replacement.seq, replacement.at[:19] + "Z", replacement.actor, what, "", words)


def evidence(run: Run, sha256: str, target: Path) -> None:
    """Write a piece of evidence to a file."""
    with run.acting() as (store, actor):
        require(actor, Action.READ)
        data = Tracker(store).evidence(sha256)
    write_whole(target, data)

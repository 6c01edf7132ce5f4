"""The tracker: steps of milestones, events, corrections; each change and its entry in the audit
log are one transaction."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from dateutil.relativedelta import relativedelta
from sqlalchemy import Connection, func, insert, select, update

from kb.errors import DubanError, NotFoundError, TransitionError
from kb.identifiers import sha256_hex, stable_id
from kb.models import Fact
from tasks import audit, schema
from tasks.audit import Change, Entry
from tasks.authorisation import Action, Actor, require
from tasks.corrections import (
    Correction,
    CorrectionStatus,
    Draft,
    apply_corrections,
    correct_task,
)
from tasks.due import Row, days_of
from tasks.lifecycle import FINISHED, Command, Evidence, Life, take_step
from tasks.listing import BEARING, Wanted, read_rows
from tasks.models import DueKind, Extraction
from tasks.replay import replay
from tasks.store import Store, write_duties
from tasks.versions import read_corrections


class Occasion(Fact):
    """An event that starts a relative deadline: each school's acceptance starts its own."""

    milestone_id: str
    label: str
    happened_on: date
    due: date


class Outcome(Fact):
    """What became of one of many commands: the life after it, or why it was refused."""

    command: Command
    life: Life | None = None
    refused: str = ""


class Tracker:
    """Moves milestones through their cycle."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # ---- steps

    def perform(self, actor: Actor, command: Command, at: datetime) -> Life:
        """Take one step.

        Raises:
            NotFoundError: no such milestone or occurrence.
            DeniedError: the actor may not.
            TransitionError: the state does not allow it.
        """
        with self._store.writing() as connection:
            return self._perform(connection, actor, command, at)

    def perform_all(
        self, actor: Actor, commands: Sequence[Command], at: datetime, *, whole: bool
    ) -> list[Outcome]:
        """Take many steps in one transaction: with `whole`, all or none; else each that can be.

        With `whole`, one refusal undoes all: every outcome then has no life.
        """
        outcomes: list[Outcome] = []
        with self._store.writing() as connection, connection.begin_nested() as batch:
            for command in commands:
                try:
                    with connection.begin_nested():
                        life = self._perform(connection, actor, command, at)
                    outcomes.append(Outcome(command=command, life=life))
                except DubanError as error:
                    outcomes.append(Outcome(command=command, refused=error.message))
            if whole and any(o.refused for o in outcomes):
                batch.rollback()
                outcomes = [o.model_copy(update={"life": None}) for o in outcomes]
        return outcomes

    def _perform(
        self, connection: Connection, actor: Actor, command: Command, at: datetime
    ) -> Life:
        row = self._milestone(connection, command.milestone_id)
        occurrence, due = _occurrence(connection, row, command.occurrence, command.on)
        require(actor, command.step, bearing_units(row))
        life = _life(connection, row.id, occurrence)
        known = set(
            connection.scalars(
                select(schema.target.c.id).where(schema.target.c.task_id == row.task_id)
            )
        )
        if strange := sorted(set(command.values) - known):
            raise NotFoundError(
                f"该任务没有目标 {strange[0]} / the task has no target {strange[0]}",
                hint="duban targets",
            )
        command = command.model_copy(
            update={"milestone_id": row.id, "occurrence": occurrence, "due": life.due or due}
        )
        after = take_step(life, command)
        _keep(connection, after)
        change = Change(
            actor=actor.login,
            action=audit.STEPPED,
            subject=_subject(row.id, occurrence),
            detail=command.model_dump(mode="json", exclude_defaults=True),
            before=_brief(life),
            after=_brief(after),
            reason=command.reason,
        )
        audit.append(connection, at, [change])
        return after

    def keep_evidence(self, files: Iterable[tuple[str, bytes]]) -> tuple[Evidence, ...]:
        """Store files that prove something; equal bytes are stored once."""
        kept: list[Evidence] = []
        with self._store.writing() as connection:
            for name, data in files:
                key = sha256_hex(data)
                there = connection.scalar(
                    select(func.count()).where(schema.evidence.c.sha256 == key)
                )
                if not there:
                    connection.execute(insert(schema.evidence), {"sha256": key, "data": data})
                kept.append(Evidence(name=name, sha256=key, size=len(data)))
        return tuple(kept)

    def evidence(self, sha256: str) -> bytes:
        """The bytes of a piece of evidence, checked against their digest.

        Raises:
            NotFoundError: there is none.
            DubanError: the bytes were altered.
        """
        with self._store.reading() as connection:
            data = connection.scalar(
                select(schema.evidence.c.data).where(schema.evidence.c.sha256 == sha256)
            )
        if data is None:
            raise NotFoundError(f"没有附件 {sha256} / no evidence {sha256}")
        if hashlib.sha256(data).hexdigest() != sha256:
            raise DubanError(f"附件 {sha256} 被改动过 / evidence {sha256} was altered")
        return bytes(data)

    def life(self, milestone_id: str, occurrence: str = "") -> Life:
        """How a milestone stands."""
        with self._store.reading() as connection:
            return _life(connection, milestone_id, occurrence)

    def lives(self) -> dict[tuple[str, str], Life]:
        """All milestones that ever took a step."""
        with self._store.reading() as connection:
            rows = connection.scalars(select(schema.life.c.body))
            found = [Life.model_validate_json(body) for body in rows]
        return {life.key: life for life in found}

    def history(self, milestone_id: str) -> list[Entry]:
        """What happened to a milestone, its occurrences included, oldest first."""
        with self._store.reading() as connection:
            return list(audit.read(connection, subject=milestone_id))

    def resolve(self, prefix: str) -> str:
        """The whole id of a milestone from its beginning.

        Raises:
            NotFoundError: none, or several, begin so.
        """
        return self.row(prefix).id

    def row(self, prefix: str) -> Row:
        """A milestone with its place, deadline and units, from its id or the beginning of it.

        Raises:
            NotFoundError: none, or several, begin so.
        """
        with self._store.reading() as connection:
            return self._milestone(connection, prefix)

    @staticmethod
    def _milestone(connection: Connection, key: str) -> Row:
        m = schema.milestone.c.id
        found = connection.scalars(select(m).where(m == key)).all()
        if not found and key:
            found = connection.scalars(
                select(m).where(m.startswith(key, autoescape=True)).limit(2)
            ).all()
        if len(found) != 1:
            zh, en = ("不止一个", "several") if found else ("没有", "none")
            raise NotFoundError(
                f"里程碑 {key}: {zh} / milestone {key}: {en}",
                hint="编号见 duban overdue --json / ids are in duban overdue --json",
            )
        rows = read_rows(connection, Wanted(milestones=frozenset(found)))
        if not rows:
            raise NotFoundError(
                f"里程碑 {key} 属于已被取代的文件 / milestone {key} is of a superseded document"
            )
        return rows[0]

    # ---- events

    def record_event(
        self, actor: Actor, milestone_id: str, label: str, happened_on: date, at: datetime
    ) -> Occasion:
        """Record the event that a relative deadline waits for; gives the day that follows.

        Raises:
            TransitionError: the milestone has no relative deadline.
        """
        with self._store.writing() as connection:
            row = self._milestone(connection, milestone_id)
            require(actor, Action.RECORD_EVENT, bearing_units(row))
            if row.kind is not DueKind.RELATIVE or not row.duration:
                raise TransitionError(
                    "时限不是从事件起算的 / its deadline does not run from an event"
                )
            if not label.strip():
                raise TransitionError("要写明是哪一次 / the occasion needs a name")
            before = connection.execute(
                select(schema.occasion)
                .where(schema.occasion.c.milestone_id == row.id)
                .where(schema.occasion.c.label == label)
            ).first()
            due = add_duration(happened_on, row.duration)
            found = Occasion(milestone_id=row.id, label=label, happened_on=happened_on, due=due)
            if before is None:
                connection.execute(insert(schema.occasion), found.model_dump())
            else:
                connection.execute(
                    update(schema.occasion)
                    .where(schema.occasion.c.milestone_id == row.id)
                    .where(schema.occasion.c.label == label)
                    .values(happened_on=happened_on, due=due)
                )
            change = Change(
                actor=actor.login,
                action="milestone.event",
                subject=_subject(row.id, label),
                detail=found.model_dump(mode="json"),
                before={"due": before.due.isoformat()} if before else None,
                after={"due": due.isoformat()},
            )
            audit.append(connection, at, [change])
        return found

    # ---- corrections

    def correct(self, actor: Actor, draft: Draft, at: datetime) -> Correction:
        """Record a correction of an extracted fact; it holds at once.

        Raises:
            DeniedError, NotFoundError, TransitionError: as `correct_task`.
        """
        require(actor, Action.CORRECT)
        with self._store.writing() as connection:
            document_id = connection.scalar(
                select(schema.fact.c.document_id)
                .where(schema.fact.c.kind == "tasks")
                .where(schema.fact.c.id == draft.task_id)
            )
            if document_id is None:
                raise NotFoundError(f"没有任务 {draft.task_id} / no task {draft.task_id}")
            original = self._store.load(document_id, connection=connection)
            before = read_corrections(connection, document_id)
            now = apply_corrections(original, before)
            task = next(t for t in now.tasks if t.id == draft.task_id)
            _, replaced = correct_task(now, task, draft)
            correction = Correction(
                **draft.model_dump(),
                id=stable_id("fix", document_id, len(before), at.isoformat(), draft),
                document_id=document_id,
                original=replaced,
                actor=actor.login,
                at=at.isoformat(),
            )
            _store_correction(connection, correction)
            self._rewrite(connection, original)
            change = Change(
                actor=actor.login,
                action="correction.made",
                subject=draft.task_id,
                detail=correction.model_dump(mode="json"),
                before=replaced,
                after=draft.model_dump(mode="json", exclude={"reason"}, exclude_defaults=True),
                reason=draft.reason,
            )
            audit.append(connection, at, [change])
        return correction

    def withdraw(self, actor: Actor, correction_id: str, reason: str, at: datetime) -> Correction:
        """Take a correction back: what was extracted holds again."""
        require(actor, Action.CORRECT)
        with self._store.writing() as connection:
            body = connection.scalar(
                select(schema.correction.c.body).where(schema.correction.c.id == correction_id)
            )
            if body is None:
                raise NotFoundError(f"没有更正 {correction_id} / no correction {correction_id}")
            before = Correction.model_validate_json(body)
            after = before.model_copy(update={"status": CorrectionStatus.WITHDRAWN})
            _store_correction(connection, after)
            self._rewrite(connection, self._store.load(before.document_id, connection=connection))
            change = Change(
                actor=actor.login,
                action="correction.withdrawn",
                subject=before.task_id,
                detail={"id": correction_id},
                before={"status": before.status.value},
                after={"status": after.status.value},
                reason=reason,
            )
            audit.append(connection, at, [change])
        return after

    def corrections(self, document_id: str | None = None) -> list[Correction]:
        """All corrections, oldest first; of one document, or of all."""
        with self._store.reading() as connection:
            return read_corrections(connection, document_id)

    @staticmethod
    def _rewrite(connection: Connection, original: Extraction) -> None:
        corrections = read_corrections(connection, original.document.id)
        write_duties(connection, apply_corrections(original, corrections))

    # ---- replay

    def replay(self) -> dict[tuple[str, str], Life]:
        """All lives, computed anew from the audit log alone; equal to `lives()` in a store whose
        state was only ever changed through the tracker."""
        with self._store.reading() as connection:
            return replay(audit.read(connection))


def add_duration(day: date, duration: str) -> date:
    """A day and an ISO 8601 duration of years, months, weeks and days (`P3M`, `P30D`). The end of
    a shorter month stands for a day it lacks: 30 November and P3M give 28 February."""
    parts = dict.fromkeys("YMWD", 0)
    parts |= {unit: int(number) for number, unit in re.findall(r"(\d+)([YMWD])", duration)}
    step = relativedelta(years=parts["Y"], months=parts["M"], weeks=parts["W"], days=parts["D"])
    found: date = day + step
    return found


def _subject(milestone_id: str, occurrence: str) -> str:
    return f"{milestone_id}@{occurrence}" if occurrence else milestone_id


def _brief(life: Life) -> dict[str, object]:
    wanted = {"status", "due", "percent", "values", "reports", "asked"}
    return {k: v for k, v in life.model_dump(mode="json").items() if k in wanted}


def bearing_units(row: Row) -> list[str]:
    """The units that bear a milestone, leading ones first as printed."""
    return list(dict.fromkeys(u.unit for u in row.units if u.role in BEARING))


def _occurrence(connection: Connection, row: Row, wanted: str, on: date) -> tuple[str, date | None]:
    """Which occurrence a step is about, and its day by the text."""
    if row.kind is DueKind.RECURRING:
        return _recurrence(connection, row, wanted, on)
    if row.kind is DueKind.RELATIVE:
        if not row.occasions:
            raise TransitionError(
                "时限从事件起算, 先记录事件 / its deadline runs from an event: record that first",
                hint="duban event 编号 --occasion 名称 --on 日期 / duban event ID --occasion NAME --on DATE",
            )
        known = dict(row.occasions)
        if not wanted and len(known) == 1:
            [wanted] = known
        if wanted not in known:
            shown = "、".join(known)
            raise NotFoundError(
                f"没有记录“{wanted}”, 已有: {shown} / no occasion {wanted!r}; recorded: {shown}",
                hint="--occurrence",
            )
        return wanted, known[wanted]
    if wanted:
        raise NotFoundError("该项只有一期 / it has no occurrences")
    return "", row.due


def _recurrence(connection: Connection, row: Row, wanted: str, on: date) -> tuple[str, date | None]:
    days = days_of(row, on)
    if wanted:
        if wanted not in {day.isoformat() for day in days}:
            shown = "、".join(day.isoformat() for day in days[-6:])
            raise NotFoundError(
                f"没有 {wanted} 这一期, 有: {shown} / no occurrence {wanted}; there are: {shown}"
            )
        return wanted, date.fromisoformat(wanted)
    past = [day for day in days if day < on][-1:]
    ahead = [day for day in days if day >= on][:1]
    for day in (*past, *ahead):
        if _life(connection, row.id, day.isoformat()).status not in FINISHED:
            return day.isoformat(), day
    raise NotFoundError("没有未办结的一期 / no occurrence is open", hint="--occurrence")


def _life(connection: Connection, milestone_id: str, occurrence: str) -> Life:
    body = connection.scalar(
        select(schema.life.c.body)
        .where(schema.life.c.milestone_id == milestone_id)
        .where(schema.life.c.occurrence == occurrence)
    )
    if body is None:
        return Life(milestone_id=milestone_id, occurrence=occurrence)
    return Life.model_validate_json(body)


def _keep(connection: Connection, life: Life) -> None:
    values = {"status": life.status.value, "due": life.due, "body": life.model_dump_json()}
    done = connection.execute(
        update(schema.life)
        .where(schema.life.c.milestone_id == life.milestone_id)
        .where(schema.life.c.occurrence == life.occurrence)
        .values(**values)
    )
    if not done.rowcount:
        key = {"milestone_id": life.milestone_id, "occurrence": life.occurrence}
        connection.execute(insert(schema.life), key | values)


def _store_correction(connection: Connection, correction: Correction) -> None:
    values = {
        "document_id": correction.document_id,
        "task_id": correction.task_id,
        "status": correction.status.value,
        "body": json.dumps(correction.model_dump(mode="json"), ensure_ascii=False),
    }
    done = connection.execute(
        update(schema.correction).where(schema.correction.c.id == correction.id).values(**values)
    )
    if not done.rowcount:
        connection.execute(insert(schema.correction), values | {"id": correction.id})

"""The tracker: steps of milestones and events (corrections: `tasks.correcting`); each change and its
entry in the audit log are one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import Connection, func, insert, select, update

from kb.errors import DubanError, NotFoundError, TransitionError
from kb.identifiers import sha256_hex
from kb.models import Fact
from kb.workdays import Arrangement, arrangements_for
from tasks import audit, schema
from tasks.audit import Change, Entry
from tasks.authorisation import Action, Actor, require
from tasks.conditions import BEARING
from tasks.correcting import CorrectionDesk
from tasks.due import Row, add_duration, days_of, holding_day
from tasks.fields import LONGEST_NAME, check_words
from tasks.lifecycle import FINISHED, Command, Evidence, Life, take_step
from tasks.listing import read_rows
from tasks.models import Counting, DueKind
from tasks.proofs import see_again, write_proofs
from tasks.replay import brief, former_ids, latest_day, replay
from tasks.seals import duty_sha256
from tasks.tracking import refuse_reference
from tasks.versions import life_row


class Occasion(Fact):
    """An event that starts a relative deadline: each school's acceptance starts its own.
    `arrangements`: the holidays that a count of working days rests on."""

    milestone_id: str
    label: str
    happened_on: date
    due: date
    counting: Counting = Counting.DAYS
    arrangements: tuple[Arrangement, ...] = ()


class Outcome(Fact):
    """What became of one of many commands: the life after it, or why it was refused."""

    command: Command
    life: Life | None = None
    refused: str = ""


class Tracker(CorrectionDesk):
    """Moves milestones through their cycle, and takes corrections."""

    # ---- steps

    def perform(self, actor: Actor, command: Command, at: datetime) -> Life:
        """Take one step.

        Raises:
            NotFoundError: no such milestone, occurrence, target or evidence.
            DeniedError: the actor may not.
            TransitionError: the state does not allow it, or its day has not come yet.
            FieldError: its words cannot be kept.
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
        occurrence, printed = _occurrence(connection, row, command.occurrence, command.on)
        require(actor, command.step, bearing_units(row))
        refuse_reference(connection, row.document_id)
        _refuse_future(command.on, at)
        life = _life(connection, row.id, occurrence)
        _refuse_earlier(command.on, life, at)
        _check_named(connection, row, command)
        command = command.model_copy(
            update={
                "milestone_id": row.id,
                "occurrence": occurrence,
                "due": holding_day(life, printed),
                "text": check_words("情况", "text", command.text),
                "reason": check_words("理由", "reason", command.reason),
                "duty_sha256": duty_sha256(connection, row.document_id, row.task_id),
            }
        )
        after = take_step(life, command)
        _keep(connection, after)
        change = Change(
            actor=actor.login,
            action=audit.STEPPED,
            subject=_subject(row.id, occurrence),
            detail=command.model_dump(mode="json", exclude_defaults=True),
            before=brief(life),
            after=brief(after),
            reason=command.reason,
        )
        [entry] = audit.append(connection, at, [change])
        write_proofs(connection, entry.seq, command.evidence)
        return after

    def keep_evidence(self, files: Iterable[tuple[str, bytes]]) -> tuple[Evidence, ...]:
        """Store files that prove something; equal bytes are stored once.

        Raises:
            FieldError: a file's name cannot be kept.
        """
        files = [(check_words("文件名", "file name", name), data) for name, data in files]
        kept: list[Evidence] = []
        with self._store.writing() as connection:
            for name, data in files:
                key = sha256_hex(data)
                there = connection.scalar(
                    select(func.count()).where(schema.evidence.c.sha256 == key)
                )
                if not there:
                    connection.execute(insert(schema.evidence), {"sha256": key, "data": data})
                else:
                    see_again(connection, key)
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
        """What happened to a milestone, its occurrences and the earlier versions of its document
        included, oldest first."""
        with self._store.reading() as connection:
            ids = former_ids(audit.read(connection, action=audit.CARRIED), milestone_id)
            found = [e for key in ids for e in audit.read(connection, subject=key)]
        return sorted(found, key=lambda entry: entry.seq)

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
        rows = read_rows(connection, [schema.CURRENT, m == found[0]])
        if not rows:
            raise NotFoundError(
                f"里程碑 {key} 属于已被取代或撤回的文件 / milestone {key} is of a superseded or "
                "withdrawn document"
            )
        return rows[0]

    # ---- events

    def record_event(
        self, actor: Actor, milestone_id: str, label: str, happened_on: date, at: datetime
    ) -> Occasion:
        """Record the event that a relative deadline waits for; gives the day that follows.

        The same occasion again is recorded anew: its day moves, its progress stays.

        Raises:
            NotFoundError: no such milestone.
            DeniedError: the actor may not.
            TransitionError: the milestone has no relative deadline, the occasion no name, or the
                day has not come yet.
            FieldError: the name is too long.
        """
        with self._store.writing() as connection:
            row = self._milestone(connection, milestone_id)
            require(actor, Action.RECORD_EVENT, bearing_units(row))
            refuse_reference(connection, row.document_id)
            if row.kind is not DueKind.RELATIVE or not row.duration:
                raise TransitionError(
                    "时限不是从事件起算的 / its deadline does not run from an event"
                )
            if not row.duration.startswith("-"):  # what is due before its event knows a planned day
                _refuse_future(happened_on, at)
            label = check_words("名称", "name", label, longest=LONGEST_NAME)
            if not label:
                raise TransitionError("要写明是哪一次 / the occasion needs a name")
            before = connection.execute(
                select(schema.occasion)
                .where(schema.occasion.c.milestone_id == row.id)
                .where(schema.occasion.c.label == label)
            ).first()
            due = add_duration(happened_on, row.duration, row.counting)
            working = row.counting is Counting.WORKING_DAYS
            found = Occasion(
                milestone_id=row.id, label=label, happened_on=happened_on, due=due,
                counting=row.counting,
                arrangements=arrangements_for(happened_on, due) if working else (),
            )  # fmt: skip
            if before is not None and (before.happened_on, before.due) == (happened_on, due):
                return found
            if before is None:
                kept = found.model_dump(include=set(schema.occasion.c.keys()))
                connection.execute(insert(schema.occasion), kept)
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
                detail=found.model_dump(mode="json")
                | {"duty_sha256": duty_sha256(connection, row.document_id, row.task_id)},
                before=_dates_of(before.happened_on, before.due) if before else None,
                after=_dates_of(happened_on, due),
            )
            audit.append(connection, at, [change])
        return found

    # ---- replay

    def replay(self) -> dict[tuple[str, str], Life]:
        """All lives, computed anew from the audit log alone; equal to `lives()` in a store whose
        state was only ever changed through the tracker."""
        with self._store.reading() as connection:
            return replay(audit.read(connection))


def _subject(milestone_id: str, occurrence: str) -> str:
    return f"{milestone_id}@{occurrence}" if occurrence else milestone_id


def _dates_of(happened_on: date, due: date) -> dict[str, str]:
    return {"happened_on": happened_on.isoformat(), "due": due.isoformat()}


def _refuse_future(day: date, at: datetime) -> None:
    """A day that has come nowhere on earth yet is no day of a report; in which time zone the
    person lives only the edge knows."""
    if day > latest_day(at):
        raise TransitionError(f"{day} 还没有到 / {day} has not come yet")


def _refuse_earlier(day: date, life: Life, at: datetime) -> None:
    """A step follows the one before it, or what held on a day in between would depend on when it
    was entered. One that was taken under a clock that was ahead stays in the log as it is and
    holds up nobody: the order is the log's."""
    last = life.updated_on
    if last is not None and day < last <= latest_day(at):
        raise TransitionError(
            f"日期 {day} 早于上一步的 {last} / {day} is before the last step's day, {last}"
        )


def _check_named(connection: Connection, row: Row, command: Command) -> None:
    """The targets and pieces of evidence that a command names must be there."""
    t, e = schema.target.c, schema.evidence.c
    known = set(connection.scalars(select(t.id).where(t.task_id == row.task_id)))
    if strange := sorted(set(command.values) - known):
        raise NotFoundError(
            f"该任务没有目标 {strange[0]} / the task has no target {strange[0]}",
            hint="duban targets",
        )
    for piece in command.evidence:
        if connection.scalar(select(e.sha256).where(e.sha256 == piece.sha256)) is None:
            raise NotFoundError(f"没有附件 {piece.sha256} / no evidence {piece.sha256}")


def bearing_units(row: Row) -> list[str]:
    """Ids of the units that bear a milestone, leading ones first as printed."""
    return list(dict.fromkeys(u.unit_id for u in row.units if u.role in BEARING))


def _occurrence(connection: Connection, row: Row, wanted: str, on: date) -> tuple[str, date | None]:
    """Which occurrence a step is about, and its day by the text."""
    if row.kind is DueKind.RECURRING and row.rrule:
        return _recurrence(connection, row, wanted, on)
    if row.kind is DueKind.RELATIVE:
        if not row.occasions:
            raise TransitionError(
                "时限从事件起算, 先记录事件 / its deadline runs from an event: record that first",
                hint="duban event 编号 --occasion 名称 --on 日期 / duban event ID --occasion NAME --on DATE",
            )
        known = {label: due for label, _, due in row.occasions}
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
            shown = "、".join(day.isoformat() for day in _nearest(days, wanted))
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


def _nearest(days: Sequence[date], wanted: str, most: int = 6) -> list[date]:
    """The days nearest to the one that is wanted, in order; the last ones where that is no day."""
    try:
        day = date.fromisoformat(wanted)
    except ValueError:
        return list(days[-most:])
    return sorted(sorted(days, key=lambda d: abs(d - day))[:most])


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
    row, c = life_row(life), schema.life.c
    done = connection.execute(
        update(schema.life)
        .where(c.milestone_id == life.milestone_id, c.occurrence == life.occurrence)
        .values(row)
    )
    if not done.rowcount:
        connection.execute(insert(schema.life), row)

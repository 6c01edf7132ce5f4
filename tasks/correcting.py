"""Corrections in the store: made, confirmed again, withdrawn; each with its entry in the audit log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from kb.errors import NotFoundError, TransitionError
from kb.identifiers import stable_id
from tasks import audit, schema
from tasks.audit import Change
from tasks.authorisation import Action, Actor, require
from tasks.corrections import (
    Aspect,
    Correction,
    CorrectionStatus,
    Draft,
    Operation,
    apply_corrections,
    correct_task,
    resolve_owner,
)
from tasks.document_rows import write_duties
from tasks.fields import check_words
from tasks.models import Extraction, Task
from tasks.seals import duty_sha256
from tasks.store import Store
from tasks.undated import undated_of
from tasks.versions import read_corrections, write_correction

_ADDED = {Aspect.DATE: "milestone", Aspect.TARGET: "target"}
"""Kinds of the ids of facts that people add."""


class CorrectionDesk:
    """Takes people's corrections of a store's facts."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def correct(self, actor: Actor, draft: Draft, at: datetime) -> Correction:
        """Record a correction of an extracted fact; it holds at once.

        Raises:
            DeniedError: the actor may not.
            NotFoundError, ConflictError, TransitionError, FieldError: as `correct_task`.
        """
        require(actor, Action.CORRECT)
        with self._store.writing() as connection:
            original = self._original(connection, draft.task_id)
            document_id = original.document.id
            before = read_corrections(connection, document_id)
            now = apply_corrections(original, before)
            stamp = at.astimezone(UTC).isoformat()
            key = stable_id("fix", document_id, len(before), stamp, draft)
            draft = resolve_owner(original, draft)
            draft = _instead(_task_of(now, draft.task_id), draft)
            if draft.operation is Operation.ADD and draft.aspect in _ADDED:
                # Of the correction, not of the task: it stays in every version of the document.
                fact_id = stable_id(_ADDED[draft.aspect], key)
                draft = draft.model_copy(update={"fact_id": fact_id})
            _, replaced = correct_task(now, _task_of(now, draft.task_id), draft)
            correction = Correction(
                **dict(draft),
                id=key,
                document_id=document_id,
                original=replaced,
                actor=actor.login,
                at=stamp,
            )
            seal = write_correction(connection, correction)
            self._rewrite(connection, original)
            self._log(connection, "made", actor, correction, None, at, draft.reason, seal)
        return correction

    def confirm(
        self,
        actor: Actor,
        correction_id: str,
        reason: str,
        at: datetime,
        *,
        task_id: str = "",
        fact_id: str = "",
        quote: str = "",
    ) -> Correction:
        """Let a re-opened correction hold for the text as it reads now.

        Args:
            actor: a supervisor.
            correction_id: the correction.
            reason: why it still holds.
            at: now.
            task_id: the task it is about now; by default the one in the old one's place.
            fact_id: likewise the milestone or target.
            quote: likewise the words that something added rests on.

        Raises:
            DeniedError: the actor may not.
            NotFoundError: no such correction, or nothing stands in the old one's place.
            TransitionError: it is not re-opened, or there is no reason.
            ConflictError, FieldError: as `correct_task`.
        """
        require(actor, Action.CORRECT)
        with self._store.writing() as connection:
            before = _correction(connection, correction_id)
            if before.status is not CorrectionStatus.REOPENED:
                raise TransitionError(
                    f"更正 {correction_id} 不在待复核之列 / {correction_id} is not re-opened"
                )
            changes = {"task_id": task_id, "fact_id": fact_id, "quote": quote}
            asked = before.model_copy(update={k: v for k, v in changes.items() if v})
            original = self._original(connection, asked.task_id)
            known = read_corrections(connection, original.document.id)
            now = apply_corrections(original, known)
            _, replaced = correct_task(now, _task_of(now, asked.task_id), asked)
            after = asked.model_copy(
                update={
                    "status": CorrectionStatus.ACTIVE,
                    "document_id": original.document.id,
                    "original": replaced,
                }
            )
            seal = write_correction(connection, after)
            self._rewrite(connection, original)
            self._log(connection, "confirmed", actor, after, before, at, reason, seal)
        return after

    def withdraw(self, actor: Actor, correction_id: str, reason: str, at: datetime) -> Correction:
        """Take a correction back: what was extracted holds again.

        Raises:
            DeniedError: the actor may not.
            NotFoundError: no such correction.
            TransitionError: it is withdrawn already, or there is no reason.
        """
        require(actor, Action.CORRECT)
        with self._store.writing() as connection:
            before = _correction(connection, correction_id)
            if before.status is CorrectionStatus.WITHDRAWN:
                raise TransitionError(
                    f"更正 {correction_id} 已撤回 / {correction_id} is withdrawn already"
                )
            after = before.model_copy(update={"status": CorrectionStatus.WITHDRAWN})
            seal = write_correction(connection, after)
            self._rewrite(connection, self._store.load(before.document_id, connection=connection))
            self._log(connection, "withdrawn", actor, after, before, at, reason, seal)
        return after

    def _original(self, connection: Connection, task_id: str) -> Extraction:
        """The current document that has a task, as it was extracted."""
        f, d = schema.fact.c, schema.document.c
        document_id = connection.scalar(
            select(f.document_id)
            .join(schema.document, d.id == f.document_id)
            .where(f.kind == "tasks", f.id == task_id, schema.CURRENT)
        )
        if document_id is None:
            raise NotFoundError(
                f"没有任务 {task_id} / no task {task_id}",
                hint="编号见 duban tasks --json / ids are in duban tasks --json",
            )
        return self._store.load(document_id, connection=connection)

    @staticmethod
    def _log(
        connection: Connection,
        what: str,
        actor: Actor,
        after: Correction,
        before: Correction | None,
        at: datetime,
        reason: str,
        seal: dict[str, str],
    ) -> None:
        if not (reason := check_words("理由", "reason", reason)):
            raise TransitionError("要写明理由 / a reason is needed", hint="--reason")
        made = after.model_dump(mode="json", exclude={"reason"}, exclude_defaults=True)
        change = Change(
            actor=actor.login,
            action=f"correction.{what}",
            subject=after.task_id,
            detail=(made if before is None else {"id": after.id})
            | seal
            | {"duty_sha256": duty_sha256(connection, after.document_id, after.task_id)},
            before=_standing(before) if before else after.original,
            after=_standing(after) if before else made,
            reason=reason,
        )
        audit.append(connection, at, [change])

    def corrections(self, document_id: str | None = None) -> list[Correction]:
        """All corrections, oldest first; of one document, or of all."""
        with self._store.reading() as connection:
            return read_corrections(connection, document_id)

    @staticmethod
    def _rewrite(connection: Connection, original: Extraction) -> None:
        corrections = read_corrections(connection, original.document.id)
        write_duties(connection, apply_corrections(original, corrections))


def _standing(correction: Correction) -> dict[str, Any]:
    wanted = {"status", "task_id", "fact_id", "quote", "original"}
    return correction.model_dump(mode="json", include=wanted)


def _task_of(extraction: Extraction, task_id: str) -> Task:
    return next(task for task in extraction.tasks if task.id == task_id)


def _instead(task: Task, draft: Draft) -> Draft:
    """The first deadline that is added to a duty without one takes the place of none (补时限), so
    that what was reported stays with it."""
    undated = undated_of(task)
    adds = draft.aspect is Aspect.DATE and draft.operation is Operation.ADD
    if not adds or undated is None:
        return draft
    return draft.model_copy(update={"operation": Operation.CHANGE, "fact_id": undated.id})


def _correction(connection: Connection, correction_id: str) -> Correction:
    body = connection.scalar(
        select(schema.correction.c.body).where(schema.correction.c.id == correction_id)
    )
    if body is None:
        raise NotFoundError(
            f"没有更正 {correction_id} / no correction {correction_id}", hint="duban correct list"
        )
    return Correction.model_validate_json(body)

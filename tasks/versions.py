"""What goes over from one version of a document to the next: progress, events, corrections."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select, update

from tasks import audit, schema
from tasks.audit import Change
from tasks.corrections import Correction, CorrectionStatus, match_facts
from tasks.lifecycle import Life, carry_life
from tasks.models import Extraction


def read_corrections(connection: Connection, document_id: str | None = None) -> list[Correction]:
    """The corrections of a document (of all), oldest first."""
    query = select(schema.correction.c.body)
    if document_id is not None:
        query = query.where(schema.correction.c.document_id == document_id)
    found = [Correction.model_validate_json(body) for body in connection.scalars(query)]
    return sorted(found, key=lambda c: (c.at, c.id))


def carry_over(
    connection: Connection, old: Extraction, new: Extraction, actor: str
) -> list[Change]:
    """Take progress, events and corrections over to the duties that stayed the same; re-open the
    corrections of those that did not."""
    same = match_facts(old, new)
    changes: list[Change] = []
    milestones = {m.id: same[m.id] for t in old.tasks for m in t.milestones if m.id in same}
    targets = {t.id: same[t.id] for task in old.tasks for t in task.targets if t.id in same}
    moved = {a: b for a, b in milestones.items() if a != b}
    if moved:
        lives = 0
        for body in list(
            connection.scalars(
                select(schema.life.c.body).where(schema.life.c.milestone_id.in_(moved))
            )
        ):
            life = Life.model_validate_json(body)
            fresh = carry_life(life, moved, targets)
            connection.execute(
                update(schema.life)
                .where(schema.life.c.milestone_id == life.milestone_id)
                .where(schema.life.c.occurrence == life.occurrence)
                .values(milestone_id=fresh.milestone_id, body=fresh.model_dump_json())
            )
            lives += 1
        for before in list(
            connection.scalars(
                select(schema.occasion.c.milestone_id)
                .where(schema.occasion.c.milestone_id.in_(moved))
                .distinct()
            )
        ):
            connection.execute(
                update(schema.occasion)
                .where(schema.occasion.c.milestone_id == before)
                .values(milestone_id=moved[before])
            )
        changes.append(
            Change(
                actor=actor,
                action=audit.CARRIED,
                subject=new.document.id,
                detail={"milestones": moved, "targets": targets, "lives": lives},
            )
        )
    known = {t.id for t in new.tasks}
    for correction in read_corrections(connection, old.document.id):
        if correction.status is CorrectionStatus.WITHDRAWN:
            continue
        kept = correction.task_id in same and (
            not correction.fact_id
            or correction.fact_id in same
            or correction.fact_id.startswith(f"{correction.task_id}-")
        )
        if old.document.id == new.document.id and correction.task_id in known and kept:
            continue
        update_to: dict[str, Any] = {"document_id": new.document.id}
        if kept:
            task_id = same[correction.task_id]
            fact = correction.fact_id.replace(f"{correction.task_id}-", f"{task_id}-")
            update_to |= {"task_id": task_id, "fact_id": same.get(correction.fact_id, fact)}
        else:
            update_to |= {"status": CorrectionStatus.REOPENED}
        fresh_one = correction.model_copy(update=update_to)
        connection.execute(
            update(schema.correction)
            .where(schema.correction.c.id == correction.id)
            .values(
                document_id=fresh_one.document_id,
                task_id=fresh_one.task_id,
                status=fresh_one.status.value,
                body=fresh_one.model_dump_json(),
            )
        )
        changes.append(
            Change(
                actor=actor,
                action="correction.carried" if kept else "correction.reopened",
                subject=fresh_one.task_id,
                detail={"id": correction.id},
                before={"task_id": correction.task_id, "status": correction.status.value},
                after={"task_id": fresh_one.task_id, "status": fresh_one.status.value},
            )
        )
    return changes

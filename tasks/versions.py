"""What goes over from one version of a document to the next: progress, events, corrections."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from kb.errors import DubanError
from tasks import audit, schema
from tasks.audit import Change
from tasks.corrections import Correction, CorrectionStatus, Operation, correct_task
from tasks.lifecycle import Life, carry_life
from tasks.matching import match_facts, standing_in
from tasks.models import Extraction, Task
from tasks.seals import correction_seal


def read_corrections(connection: Connection, document_id: str | None = None) -> list[Correction]:
    """The corrections of a document (of all), in the order they were made."""
    query = select(schema.correction.c.body).order_by(schema.correction.c.ordinal)
    if document_id is not None:
        query = query.where(schema.correction.c.document_id == document_id)
    return [Correction.model_validate_json(body) for body in connection.scalars(query)]


def write_correction(connection: Connection, correction: Correction) -> dict[str, str]:
    """Write a correction, in place of what stood under its id; gives what its entry in the log must
    hold (see `tasks.seals`)."""
    c = schema.correction.c
    before = connection.scalar(select(c.body).where(c.id == correction.id))
    values = {
        "document_id": correction.document_id,
        "task_id": correction.task_id,
        "status": correction.status.value,
        "body": correction.model_dump_json(),
    }
    if before is not None:
        connection.execute(update(schema.correction).where(c.id == correction.id).values(values))
    else:
        last = connection.scalar(select(c.ordinal).order_by(c.ordinal.desc()).limit(1)) or 0
        row = values | {"id": correction.id, "ordinal": last + 1}
        connection.execute(insert(schema.correction), row)
    return correction_seal(before, values["body"])


def keep_visibility(connection: Connection, old: str, new: str) -> None:
    """Let those see a new version who may see the one that it replaces, unless it has a level of
    its own (it was there before)."""
    v = schema.visibility
    own = connection.execute(select(v).where(v.c.document_id == new)).first()
    row = connection.execute(select(v).where(v.c.document_id == old)).first()
    if own is None and row is not None:
        connection.execute(insert(v), dict(row._mapping) | {"document_id": new})


def carry_over(
    connection: Connection, old: Extraction, new: Extraction, actor: str
) -> list[Change]:
    """Take progress, events and corrections over to the duties that stayed the same; re-open the
    corrections of those that did not.

    Args:
        old: the version before, as it was extracted.
        new: the version that takes its place, as it was extracted.
        actor: who brought it.
    """
    same = match_facts(old, new)
    moved = {
        m.id: same[m.id]
        for task in old.tasks
        for m in task.milestones
        if same.get(m.id, m.id) != m.id
    }
    targets = {t.id: same[t.id] for task in old.tasks for t in task.targets if t.id in same}
    changes = _carry_progress(connection, moved, targets, new.document.id, actor)
    return changes + list(_carry_corrections(connection, old, new, same, actor))


def _carry_progress(
    connection: Connection,
    moved: Mapping[str, str],
    targets: Mapping[str, str],
    document_id: str,
    actor: str,
) -> list[Change]:
    """Rename the milestones of lives and occasions, all at once: an id that one leaves may be the
    one that another takes."""
    lives = [
        Life.model_validate_json(body)
        for body in _of(connection, schema.life, moved, schema.life.c.body)
    ]
    events = _of(connection, schema.occasion, moved, *schema.occasion.c)
    touched = {life.milestone_id for life in lives} | {row[0] for row in events}
    if not touched:
        return []
    milestones = {key: moved[key] for key in sorted(touched)}
    for table in (schema.life, schema.occasion):
        for part in _parts({*milestones, *milestones.values()}):
            connection.execute(delete(table).where(table.c.milestone_id.in_(part)))
    carried = [carry_life(life, milestones, targets) for life in lives]
    if carried:
        connection.execute(insert(schema.life), [life_row(life) for life in carried])
    if events:
        fresh = [row._asdict() | {"milestone_id": milestones[row.milestone_id]} for row in events]
        connection.execute(insert(schema.occasion), fresh)
    used = {key for life in lives for key in life.values}
    detail = {
        "milestones": milestones,
        "targets": {key: targets[key] for key in sorted(used) if key in targets},
    }
    return [Change(actor=actor, action=audit.CARRIED, subject=document_id, detail=detail)]


def life_row(life: Life) -> dict[str, Any]:
    """A life as the store keeps it."""
    return {
        "milestone_id": life.milestone_id,
        "occurrence": life.occurrence,
        "status": life.status.value,
        "due": life.due,
        "body": life.model_dump_json(),
    }


def _carry_corrections(
    connection: Connection,
    old: Extraction,
    new: Extraction,
    same: Mapping[str, str],
    actor: str,
) -> Iterator[Change]:
    former = read_corrections(connection, old.document.id)
    # Facts that people added keep their ids in every version.
    added = {c.fact_id for c in former if c.operation is Operation.ADD}
    tasks = {task.id: task for task in new.tasks}
    for before in former:
        if before.status is CorrectionStatus.WITHDRAWN:
            continue
        fact = before.fact_id
        if before.task_id in same and (not fact or fact in added or fact in same):
            update_to: dict[str, Any] = {
                "task_id": same[before.task_id],
                "fact_id": same.get(fact, fact),
                "values": _carried_values(before.values, same),
            }
        else:
            update_to = _in_its_place(old, new, before, added) | {
                "status": CorrectionStatus.REOPENED
            }
        after = before.model_copy(update={"document_id": new.document.id, **update_to})
        if after.status is CorrectionStatus.ACTIVE:
            try:
                task, original = correct_task(new, tasks[after.task_id], after)
                tasks[task.id] = task
                after = after.model_copy(update={"original": original})
            except DubanError:
                # The words are the same but not what was read in them.
                after = after.model_copy(update={"status": CorrectionStatus.REOPENED})
        if after == before:
            continue
        seal = write_correction(connection, after)
        opened = after.status is not before.status
        yield Change(
            actor=actor,
            action="correction.reopened" if opened else "correction.carried",
            subject=after.task_id,
            detail={"id": before.id} | seal,
            before={"task_id": before.task_id, "status": before.status.value},
            after={"task_id": after.task_id, "status": after.status.value},
        )


def _carried_values(values: Mapping[str, Any], same: Mapping[str, str]) -> dict[str, Any]:
    milestone = values.get("milestone_id")
    return {**values} | ({"milestone_id": same.get(milestone, milestone)} if milestone else {})


def _in_its_place(
    old: Extraction, new: Extraction, correction: Correction, added: Collection[str]
) -> dict[str, Any]:
    """Which task and fact of the new text a re-opened correction would be about, if confirmed."""
    task_id = standing_in(old, new, correction.task_id)
    if task_id is None:
        return {}
    fact = correction.fact_id
    if not fact or fact in added:
        return {"task_id": task_id}
    before = next(t for t in old.tasks if t.id == correction.task_id)
    after = next(t for t in new.tasks if t.id == task_id)
    number = _place_of(before, fact)
    facts: tuple[Any, ...] = after.milestones if fact.startswith("milestone") else after.targets
    found = facts[number].id if number is not None and number < len(facts) else ""
    return {"task_id": task_id, "fact_id": found}


def _place_of(task: Task, fact_id: str) -> int | None:
    kinds: tuple[tuple[Any, ...], ...] = (task.milestones, task.targets)
    places = {fact.id: number for facts in kinds for number, fact in enumerate(facts)}
    return places.get(fact_id)


def _of(connection: Connection, table: Any, keys: Collection[str], *columns: Any) -> list[Any]:
    """Rows (or the one column) of these milestones."""
    found: list[Any] = []
    for part in _parts(keys):
        rows = connection.execute(select(*columns).where(table.c.milestone_id.in_(part)))
        found.extend(rows.scalars() if len(columns) == 1 else rows)
    return found


def _parts(keys: Collection[str]) -> Iterator[list[str]]:
    """Parts of a size that every database takes in one statement."""
    whole = sorted(keys)
    for start in range(0, len(whole), 1000):
        yield whole[start : start + 1000]

"""What goes over from one version of a document to the next: progress, events, corrections."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from kb.errors import ConflictError, DubanError, NotFoundError
from tasks import audit, schema
from tasks.audit import Change
from tasks.authorisation import Actor
from tasks.corrections import (
    Correction,
    CorrectionStatus,
    Operation,
    apply_corrections,
    correct_task,
)
from tasks.document_rows import load_extraction, write_duties
from tasks.lifecycle import Life, carry_life
from tasks.matching import Matches, match_versions
from tasks.models import Extraction, Milestone
from tasks.seals import correction_seal
from tasks.undated import track_undated


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


def load_corrected(connection: Connection, document_id: str) -> Extraction:
    """A document with people's corrections laid over what was read.

    Raises:
        NotFoundError: the store has no such document.
    """
    extraction = load_extraction(connection, document_id)
    corrections = read_corrections(connection, document_id)
    return track_undated(apply_corrections(extraction, corrections))


def carry_over(
    connection: Connection, old: Extraction, new: Extraction, actor: str
) -> list[Change]:
    """Take progress, events and corrections over to the duties that are the same (see
    `tasks.matching`); re-open the corrections of those that are not. What has no successor stays
    where it is, and the log says so. The rows of both documents are written anew.

    Args:
        connection: a transaction that writes.
        old: the version before, as it was extracted.
        new: the version that takes its place, as it was extracted.
        actor: who brought it.
    """
    matches = match_versions(old, new)
    same = matches.same
    had = {m.id: m for e in (old, load_corrected(connection, old.document.id)) for t in e.tasks for m in t.milestones}  # fmt: skip
    moved = {key: same[key] for key in had if same.get(key, key) != key}
    targets = {t.id: same[t.id] for task in old.tasks for t in task.targets if t.id in same}
    stayed = {key: key for key in had if same.get(key) == key}
    changes = _carry_progress(connection, moved | stayed, targets, new.document.id, actor)
    changes += _carry_corrections(connection, old, new, matches, actor)
    for document_id in (old.document.id, new.document.id):
        write_duties(connection, load_corrected(connection, document_id))
    _keep_anchors(connection, _only_dates(old, new, matches) | moved)
    return changes + list(_left(connection, had, new.document.id, actor))


def _only_dates(old: Extraction, new: Extraction, matches: Matches) -> dict[str, str]:
    """The only milestones of tasks that stayed or stand in each other's place: an event in a
    calendar moves to the other day, whatever becomes of the reports."""
    partners = {**matches.near, **matches.same}
    single = {t.id: t.milestones[0].id for t in new.tasks if len(t.milestones) == 1}
    taken = set(matches.same.values())
    free = {task for task, milestone in single.items() if milestone not in taken}
    return {
        t.milestones[0].id: single[partners[t.id]]
        for t in old.tasks
        if len(t.milestones) == 1
        and t.milestones[0].id not in matches.same
        and partners.get(t.id) in free
    }


def _keep_anchors(connection: Connection, moved: Mapping[str, str]) -> None:
    """The same milestone has the same calendar ids in every version; one that had some before, in a
    version that comes back, keeps them."""
    a = schema.calendar_anchor.c
    query = (select(a.milestone_id, a.anchor).where(a.milestone_id.in_(part)) for part in _parts({*moved, *moved.values()}))  # fmt: skip
    known = {row.milestone_id: row.anchor for q in query for row in connection.execute(q)}
    fresh = [
        {"milestone_id": now, "anchor": known.get(then, then)}
        for then, now in moved.items()
        if now not in known
    ]
    if fresh:
        connection.execute(insert(schema.calendar_anchor), fresh)


def _left(
    connection: Connection, had: Mapping[str, Milestone], document_id: str, actor: str
) -> Iterator[Change]:
    """Lives and events of the former version that nothing in the new one continues."""
    found: dict[str, list[str]] = {}
    rows = rows_of(
        connection, schema.life, had, schema.life.c.milestone_id, schema.life.c.occurrence
    )
    rows += rows_of(connection, schema.occasion, had, schema.occasion.c.milestone_id, schema.occasion.c.label)  # fmt: skip
    for milestone_id, occurrence in rows:
        found.setdefault(milestone_id, []).append(occurrence)
    here = set(rows_of(connection, schema.milestone, found, schema.milestone.c.id, document_id=document_id))  # fmt: skip
    for milestone_id in sorted(found.keys() - here):
        m = had[milestone_id]
        yield Change(
            actor=actor,
            action=audit.LEFT,
            subject=milestone_id,
            detail={
                "document_id": document_id,
                "commitment": m.commitment,
                "due": m.due.date.isoformat() if m.due.date else None,
                "occurrences": sorted(set(found[milestone_id])),
            },
        )


def hand_over(connection: Connection, old: str, new: str, document_id: str, actor: Actor, reason: str) -> Change:  # fmt: skip
    """Give what was reported on a milestone that has no successor to one of the present version,
    because a person says that it is the same duty.

    Raises:
        ConflictError: something was reported on the other already.
        NotFoundError: nothing was reported on the first.
    """
    for table in (schema.life, schema.occasion):
        if rows_of(connection, table, [new], table.c.milestone_id):
            raise ConflictError(
                f"{new} 已有办理记录, 不能再接收 / something was reported on {new} already"
            )
    changes = _carry_progress(connection, {old: new}, {}, document_id, actor.login)
    if not changes:
        raise NotFoundError(f"{old} 没有办理记录 / nothing was reported on {old}")
    return changes[0].model_copy(update={"reason": reason})


def _carry_progress(
    connection: Connection,
    moved: Mapping[str, str],
    targets: Mapping[str, str],
    document_id: str,
    actor: str,
) -> list[Change]:
    """Rename the milestones of lives and occasions, all at once, and the targets of values reported
    on them, also where the milestone keeps its id. Where the other milestone has something of its
    own already, what was reported stays where it is: nothing is written over."""
    tables = (schema.life, schema.occasion)
    free = _free(connection, moved)
    found = rows_of(connection, schema.life, free, schema.life.c.body)
    lives = [Life.model_validate_json(body) for body in found]
    events = rows_of(connection, schema.occasion, free, *schema.occasion.c)
    touched = {life.milestone_id for life in lives if carry_life(life, free, targets) != life}
    touched |= {row[0] for row in events if free[row[0]] != row[0]}
    if not touched:
        return []
    milestones = {key: free[key] for key in sorted(touched)}
    lives = [life for life in lives if life.milestone_id in touched]
    events = [row for row in events if row[0] in touched]
    for table in tables:
        for part in _parts(milestones):
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


def _free(connection: Connection, moved: Mapping[str, str]) -> dict[str, str]:
    """Those of the moves whose other milestone has nothing of its own."""
    others = [new for old, new in moved.items() if new != old]
    tables = (schema.life, schema.occasion)
    taken = {key for t in tables for key in rows_of(connection, t, others, t.c.milestone_id)}
    return {old: new for old, new in moved.items() if old == new or new not in taken}


def lives_after(
    connection: Connection, had: Collection[str], same: Mapping[str, str]
) -> tuple[set[str], set[str]]:
    """Of milestones those with something reported on them, by what a new reading will do: kept
    (their new one has it), or left without a successor."""
    tables = (schema.life, schema.occasion)
    alive = {key for t in tables for key in rows_of(connection, t, had, t.c.milestone_id)}
    kept = _free(connection, {key: same[key] for key in alive if key in same}).keys()
    return set(kept), alive - kept


def life_row(life: Life) -> dict[str, Any]:
    """A life as the store keeps it."""
    return {
        "milestone_id": life.milestone_id,
        "occurrence": life.occurrence,
        "status": life.status.value,
        "due": life.due,
        "since": life.since,
        "updated_on": life.updated_on,
        "body": life.model_dump_json(),
    }


def _carry_corrections(
    connection: Connection,
    old: Extraction,
    new: Extraction,
    matches: Matches,
    actor: str,
) -> Iterator[Change]:
    same = matches.same
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
            update_to = _in_its_place(matches, before, added) | {
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
    matches: Matches, correction: Correction, added: Collection[str]
) -> dict[str, Any]:
    """Which task and fact of the new text a re-opened correction would be about, if confirmed; no
    fact where none has the old one's date or number, so that a person must name it."""
    task_id = matches.same.get(correction.task_id) or matches.near.get(correction.task_id)
    if task_id is None:
        return {}
    fact = correction.fact_id
    if not fact or fact in added:
        return {"task_id": task_id}
    return {"task_id": task_id, "fact_id": matches.same.get(fact, "")}


def rows_of(
    connection: Connection,
    table: Any,
    keys: Iterable[str],
    *columns: Any,
    document_id: str | None = None,
) -> list[Any]:
    """Rows (or the one column) of these milestones, of one document where it is given."""
    found: list[Any] = []
    key = table.c.id if table is schema.milestone else table.c.milestone_id
    for part in _parts(keys):
        query = select(*columns).where(key.in_(part))
        if document_id is not None:
            query = query.where(table.c.document_id == document_id)
        rows = connection.execute(query)
        found.extend(rows.scalars() if len(columns) == 1 else rows)
    return found


def _parts(keys: Iterable[str]) -> Iterator[list[str]]:
    """Parts of a size that every database takes in one statement."""
    whole = sorted(set(keys))
    for start in range(0, len(whole), 1000):
        yield whole[start : start + 1000]

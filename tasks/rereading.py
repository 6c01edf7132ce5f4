"""Reading documents that are there again, by the reader that is installed now.

The facts of the former reading stay as they were; the new reading takes their place as a new version
does (`tasks.adding`), where it finds anything else. What one span and kind say is the same fact and
keeps its id, with what was reported on it and corrected in it. Which facts changed is in the log's
entry, from which the list of what needs a look has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import Connection, select

from kb.errors import ConflictError, NotFoundError
from kb.models import Fact, Span
from kb.wording import wording
from tasks import audit, schema
from tasks.adding import REFRESHED, TextRepair, add_document
from tasks.authorisation import Action, Actor, require
from tasks.document_rows import load_extraction, text_reading, with_name_warnings
from tasks.fact_ids import identify, said_of, same_facts
from tasks.matching import Matches, match_versions
from tasks.models import Extraction, Recognised, Task
from tasks.store import Store, StoredDocument
from tasks.undated import track_undated
from tasks.version_doubts import PossibleVersion
from tasks.versions import lives_after, load_corrected
from tasks.words import describe_due, describe_target, role_name

Read = Callable[[bytes, str, Recognised | None], Extraction]
_LONGEST = 200
"""Characters of what a duty said before and says now that are told of it."""


class FactCounts(Fact):
    """Facts of one kind: those that say what they said, say something else, came, went."""

    kept: int = 0
    changed: int = 0
    new: int = 0
    gone: int = 0

    def __add__(self, other: FactCounts) -> FactCounts:
        mine, others = self.model_dump(), other.model_dump()
        return FactCounts(**{key: mine[key] + others[key] for key in mine})


class Change(Fact):
    """A duty that another reader reads otherwise: `task_id` and `span` are those of the new reading,
    of the former one where it is gone; `said` is what changed, in Chinese and English."""

    kind: Literal["changed", "new", "gone"]
    task_id: str
    path: str
    span: Span
    said: str


class Left(Fact):
    """A milestone with something reported on it that the new reading does not have."""

    milestone_id: str
    commitment: str
    due: str


class Reread(Fact):
    """What reading a document again did, or (`dry_run`) would do.

    `status`: `re-read`: other facts, now those of `document_id`, in place of `former_id`;
    `unchanged`: the same facts, which are now known to be this reader's; `current`: it is the
    reader that they are from, so nothing was read. `facts` count tasks, milestones, targets and
    clauses by kind; `lives_kept` milestones with something reported on them that are still there;
    `possible_versions` documents that print what the head of this one was corrected to.
    """

    document_id: str
    title: str
    status: Literal["re-read", "unchanged", "current"]
    dry_run: bool = False
    former_id: str | None = None
    former_reader: str | None = None
    reader: str = ""
    facts: dict[str, FactCounts] = Field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    lives_kept: int = 0
    lives_left: tuple[Left, ...] = ()
    possible_versions: tuple[PossibleVersion, ...] = ()

    @property
    def total(self) -> FactCounts:
        """The facts of all kinds."""
        return sum(self.facts.values(), FactCounts())


class PastChange(Fact):
    """A change by a reading of the past, in the present version of its document: `former_id` is the
    reading before."""

    document_id: str
    former_id: str
    change: Change


def find_older(store: Store, reader: str) -> list[StoredDocument]:
    """The current documents whose facts are of another reader, or of one that is not known."""
    return [stored for stored in store.documents() if stored.reader != reader]


def check_current(store: Store, document_id: str) -> str:
    """The file's name of a current document.

    Raises:
        NotFoundError: there is no such document.
        ConflictError: it is not current.
    """
    with store.reading() as connection:
        return str(_current(connection, document_id).name)


def check_older(store: Store, document_id: str, reader: str) -> str:
    """The file's name of a current document that another reader read.

    Raises:
        NotFoundError: there is no such document.
        ConflictError: it is not current, or `reader` read it.
    """
    with store.reading() as connection:
        row = _current(connection, document_id)
    if row.reader == reader:
        raise ConflictError(
            "该文件已由当前版本读取，无需重新读取 / the present version read it: there is nothing to read again"
        )
    return str(row.name)


def reread_document(
    store: Store,
    actor: Actor,
    document_id: str,
    read: Read,
    *,
    reader: str,
    at: datetime,
    government: str = "",
    dry_run: bool = False,
    settle: Callable[[Connection, str], None] | None = None,
    repair: TextRepair | None = None,
) -> Reread:
    """Read a current document again from its stored bytes, in one transaction once they are read.

    Args:
        store: where it is.
        actor: who asks for it.
        document_id: its id.
        read: (bytes, file name, what a model read in its pictures) → what the reader that is
            installed reads.
        reader: its version.
        at: now.
        government: the home government, as `Store.add` takes it.
        dry_run: whether nothing is written.
        settle: called in the transaction with the id of the document that is then current, where
            anything is written.
        repair: what a person corrected in recognised text, which `read` heeds: it is then read again
            whichever reader read it, and the log says what was corrected.

    Raises:
        DeniedError: the actor may not bring documents, or correct them.
        NotFoundError: there is no such document.
        ConflictError: it is withdrawn, a newer version took its place, or the stored bytes are not
            those that were brought.
    """
    require(actor, Action.INGEST if repair is None else Action.CORRECT)
    with store.reading() as connection:
        row = _current(connection, document_id)
    if row.reader == reader and repair is None:
        return Reread(
            document_id=document_id, title=row.title, status="current", dry_run=dry_run,
            former_reader=row.reader, reader=reader,
        )  # fmt: skip
    data = store.source(document_id)
    extraction = read(data, row.name, store.recognised(document_id))
    if extraction.document.sha256 != row.sha256:
        raise ConflictError(
            f"{document_id} 的原件与入库时的摘要不符，未重新读取 / the stored bytes of {document_id} are not "
            "those that were brought: not read again",
            hint="duban verify",
        )
    with store.reading() if dry_run else store.writing() as connection:
        row = _current(connection, document_id)
        former = load_extraction(connection, document_id)
        extraction = with_name_warnings(extraction, former)
        found = _compare(connection, row, former, extraction)
        found = found.model_copy(update={"reader": reader, "dry_run": dry_run})
        if dry_run:
            return found
        added = add_document(
            connection, extraction, data, recorded_at=at, refresh=True, replaces=None,
            actor=actor.login, reader=reader, settle=settle, government=government,
            changes=[change.model_dump(mode="json") for change in found.changes], repair=repair,
        )  # fmt: skip
    told = {"document_id": added.document_id, "possible_versions": added.possible_versions}
    return found.model_copy(update=told)


def read_past_changes(connection: Connection) -> list[PastChange]:
    """What readings of the past changed in documents that are current, oldest first; of other bytes
    than those that hold now it is of no interest any more."""
    entries = [e for e in audit.read(connection, action=REFRESHED) if e.detail.get("changes")]
    if not entries:
        return []
    d = schema.document.c
    rows = {
        row.id: row for row in connection.execute(select(d.id, d.sha256, d.superseded_by)).all()
    }
    found: list[PastChange] = []
    for entry in entries:
        now = entry.subject
        while now in rows and (after := rows[now].superseded_by):
            now = after
        if now not in rows or rows[now].sha256 != entry.detail["sha256"]:
            continue
        former = (entry.before or {}).get("document_id", "")
        found += (
            PastChange(document_id=now, former_id=former, change=Change.model_validate(change))
            for change in entry.detail["changes"]
        )
    return found


def _current(connection: Connection, document_id: str) -> Any:
    row = connection.execute(
        select(schema.document).where(schema.document.c.id == document_id)
    ).first()
    if row is None:
        raise NotFoundError(f"没有文件 {document_id} / no document {document_id}", hint="duban documents")  # fmt: skip
    if row.superseded_by is not None:
        raise ConflictError(
            f"{document_id} 不是现行版本，现行的是 {row.superseded_by} / {document_id} is not the current "
            f"version, {row.superseded_by} is"
        )
    if row.withdrawn_at is not None:
        raise ConflictError("该文件已撤回, 请先恢复 / it is withdrawn; put it back first")
    return row


# ---- what it does


def _compare(connection: Connection, row: Any, former: Extraction, fresh: Extraction) -> Reread:
    """What taking the place of `former` does."""
    told = {"document_id": row.id, "title": row.title, "former_reader": row.reader}
    if same_facts(former, fresh):
        facts = {kind: FactCounts(kept=len(items)) for kind, items in _facts(former).items()}
        corrected = load_corrected(connection, row.id)
        stayed = {m.id: m.id for t in corrected.tasks for m in t.milestones}
        kept, _ = lives_after(connection, stayed.keys(), stayed)
        return Reread(**told, status="unchanged", facts=facts, lives_kept=len(kept))
    text, reading = fresh.document.text, row.reading + 1
    first = text_reading(connection, row.sha256, reading, text)
    new = track_undated(identify(fresh, reading, text_of=first))
    matches = match_versions(former, new)
    had = {m.id: m for t in former.tasks for m in t.milestones}
    same = dict(matches.same)
    for task in load_corrected(connection, row.id).tasks:
        for m in task.milestones:  # one that a person added stays with its task
            if had.setdefault(m.id, m) is m and task.id in matches.same:
                same.setdefault(m.id, m.id)
    kept, left = lives_after(connection, had.keys(), same)
    return Reread(
        **told,
        status="re-read",
        former_id=row.id,
        facts=dict(_count(former, new, matches)),
        changes=tuple(_changes(former, new, matches)),
        lives_kept=len(kept),
        lives_left=tuple(
            Left(milestone_id=key, commitment=had[key].commitment, due=str(had[key].due.date or ""))
            for key in sorted(left)
        ),
    )


def _facts(extraction: Extraction) -> dict[str, list[Any]]:
    tasks = extraction.tasks
    return {
        "tasks": [*tasks],
        "milestones": [m for t in tasks for m in t.milestones],
        "targets": [x for t in tasks for x in t.targets],
        "clauses": [*extraction.clauses],
    }


def _count(old: Extraction, new: Extraction, matches: Matches) -> Iterator[tuple[str, FactCounts]]:
    before, after = _facts(old), _facts(new)
    clauses = {clause.id for clause in new.clauses}
    pairs = {**matches.near, **matches.same, **{c.id: c.id for c in old.clauses if c.id in clauses}}
    for kind, olds in before.items():
        news = {fact.id: fact for fact in after[kind]}
        held = [(fact, news[pairs[fact.id]]) for fact in olds if pairs.get(fact.id) in news]
        kept = sum(said_of(was) == said_of(now) for was, now in held)
        yield (
            kind,
            FactCounts(
                kept=kept, changed=len(held) - kept,
                new=len(news) - len(held), gone=len(olds) - len(held),
            ),
        )  # fmt: skip


def _changes(old: Extraction, new: Extraction, matches: Matches) -> Iterator[Change]:
    """The duties that changed, came and went, in the order of the text."""
    pairs = {**matches.near, **matches.same}
    before, after = {t.id: t for t in old.tasks}, {t.id: t for t in new.tasks}
    was_of = {now: key for key, now in pairs.items() if key in before and now in after}
    old_paths, new_paths = ({c.id: c.path for c in e.clauses} for e in (old, new))
    found: list[Change] = []
    for task in new.tasks:
        path = new_paths.get(task.clause_id, "")
        if (key := was_of.get(task.id)) is None:
            said = f"重新读取后新增的任务：{task.title} / a new task since it was read again: {task.title}"
            found.append(
                Change(kind="new", task_id=task.id, path=path, span=task.span, said=_cut(said))
            )
        elif differs := _differences(before[key], task):
            zh, en = "；".join(d[0] for d in differs), "; ".join(d[1] for d in differs)
            said = f"重新读取后有变化：{zh} / changed since it was read again: {en}"
            found.append(
                Change(kind="changed", task_id=task.id, path=path, span=task.span, said=said)
            )
    for task in old.tasks:
        if task.id not in was_of.values():
            said = (
                f"重新读取后不再识别为任务：{task.title} / no task any more since it was read again: "
                f"{task.title}"
            )
            path = old_paths.get(task.clause_id, "")
            found.append(Change(kind="gone", task_id=task.id, path=path, span=task.span, said=said))
    yield from sorted(found, key=lambda change: (change.span.start, change.span.end))


def _differences(was: Task, now: Task) -> list[tuple[str, str]]:
    """What two readings of a duty say differently, in Chinese and English."""
    found = [
        (f"{zh} {_listed(was, 'zh', of)} → {_listed(now, 'zh', of)}",
         f"{en}: {_listed(was, 'en', of)} → {_listed(now, 'en', of)}")
        for (zh, en), of in zip(_NAMES.values(), _TOLD.values(), strict=True)
        if _listed(was, "zh", of) != _listed(now, "zh", of)
    ]  # fmt: skip
    if found or _whole(was) == _whole(now):
        return found
    return [("原文位置、依据等细节", "details: places, grounds")]


def _whole(task: Task) -> tuple[str, list[str], list[str]]:
    return (
        said_of(task),
        [said_of(m) for m in task.milestones],
        [said_of(t) for t in task.targets],
    )


def _listed(task: Task, language: str, of: Callable[[Task, str], Iterable[str]]) -> str:
    none = "无" if language == "zh" else "none"
    return _cut(("、" if language == "zh" else ", ").join(of(task, language)) or none)


def _cut(words: str) -> str:
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"


_TOLD: Mapping[str, Callable[[Task, str], Iterable[str]]] = {
    "task": lambda task, _: [task.title],
    "units": lambda task, side: [f"{a.unit}（{role_name(a.role, side)}）" for a in task.responsibilities],
    "deadlines": lambda task, side: [describe_due(m.due, side) for m in task.milestones],
    "targets": lambda task, side: [describe_target(t, side) for t in task.targets],
}  # fmt: skip
"""What is told of a duty that changed, and how it is said."""
_NAMES = wording("tasks", "reread", _TOLD)

"""What the store keeps of a job, and how it may change there.

Several processes look at one job: its owner, who works on it; one that asks for its end; one that
finds its owner gone and takes it up. Each change looks at the row and writes it in one transaction;
what has ended stays as it ended, and only its owner takes a job further. What a job needs (the
bytes, what was asked of them) is in the store from the moment that it is, until it ends.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, update

from api.relating import relate_stored
from api.service.owners import Owner
from api.service.wire.facts import Finding, PossibleVersion
from ingest.apart import StoppedError
from ingest.attachments import Member, Part
from kb.errors import ConflictError, NotFoundError, joined
from kb.models import Fact
from tasks import schema
from tasks.adding import TextRepair
from tasks.authorisation import Actor
from tasks.models import Extraction
from tasks.rereading import Reread
from tasks.store import Added, Store, as_utc
from tasks.visibility import Visibility

_CUT_OFF = "服务在处理时停止, 请重新上传 / the service stopped meanwhile, please send it again"
_SPLIT = "检查文件, 或拆成几个再上传 / check the file, or cut it into several and send those"
_STORED = "文件已入库, 不能再取消 / the document is in the store already"


class JobStatus(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"  # 排队
    RUNNING = "running"  # 处理中
    DONE = "done"  # 完成
    FAILED = "failed"  # 失败
    INTERRUPTED = "interrupted"  # 中断
    CANCELLED = "cancelled"  # 已取消


class RereadReport(BaseModel):
    """What reading a document again did to its facts (tasks, milestones, targets, clauses):
    `kept` say what they said, `changed` something else; `changes` counts the duties that the list of
    what needs a look has; `lives_kept` milestones with something reported on them that are still
    there, `lives_left` those without a successor."""

    kept: int
    changed: int
    new: int
    gone: int
    changes: int
    lives_kept: int
    lives_left: int


class IngestReport(BaseModel):
    """What was read. `status` and what follows it as in `tasks.adding.Added`; `tracked`: its duties
    are the house's, else it is for reference; `kept_visibility`: who may see the document was not
    changed by the upload, because its bytes were there already. `indexed` counts the passages of
    the index afterwards; null where the index is brought in step by the next question. `reread`: of
    a document that was read again."""

    document_id: str
    status: Literal["added", "unchanged", "new-version", "re-read", "superseded", "withdrawn"]
    superseded: str | None
    tracked: bool = True
    replaced_by: str | None = None
    possible_versions: list[PossibleVersion] = []
    kept_visibility: bool = False
    title: str
    plans: int
    clauses: int
    tasks: int
    milestones: int
    targets: int
    repairs: int
    warnings: list[Finding]
    indexed: int | None = None
    reread: RereadReport | None = None


class Job(BaseModel):
    """A job: whose, of which file (that was uploaded, or is read again), how far (`done` of `total` in its `stage`), how it ended."""

    id: str
    login: str
    kind: Literal["ingest", "reread"] = "ingest"
    name: str
    status: JobStatus
    at: datetime
    stage: Literal["queued", "reading", "storing", "indexing", "finished"] = "queued"
    done: int = 0
    total: int = 0
    report: IngestReport | None = None
    error: str | None = None
    hint: str | None = None


class Delivered(Fact):
    """Which of the files that came together it is, by the fields of `ingest.attachments.Member`; `id`
    names what it came in."""

    id: str
    order: int
    name: str
    path: str
    part: Part
    number: int | None
    belongs_to: int | None

    @property
    def member(self) -> Member:
        """As it came, without its bytes."""
        return Member(
            self.name, self.path, b"", self.order, self.part, self.number, self.belongs_to
        )


def delivered(members: Sequence[Member], key: str = "") -> list[Delivered]:
    """What each of the members of one delivery is; `key` names that, where it has a name."""
    key = key or f"delivery-{secrets.token_hex(8)}"
    return [
        Delivered(
            id=key, order=m.order, name=m.name, path=m.path, part=m.part,
            number=m.number, belongs_to=m.belongs_to,
        )
        for m in members
    ]  # fmt: skip


class Order(Fact):
    """What is asked of an uploaded file or a stored document (`reread`: its id), kept with its bytes until its job ends: who brought it,
    what it is called, who may see the document (None: nothing is said of it), the document whose
    new version it is (None: that is for the document to say), with what it came (None: alone), what of
    its recognised text a person corrected (`repair`)."""

    actor: Actor
    name: str
    seen: Visibility | None = None
    replaces: str | None = None
    reread: str | None = None
    delivered: Delivered | None = None
    repair: TextRepair | None = None


class KeptJob(Job):
    """A job as the store has it: who works on it (None: whoever starts next may), when that one
    last gave a sign, who wants it stopped, how often it was begun, the document that came of it,
    the one that it reads again, with what it came."""

    owner: Owner | None = None
    alive_at: datetime | None = None
    unwanted_by: str | None = None
    attempts: int = 0
    stored: str | None = None
    rereads: str | None = None
    delivered: Delivered | None = None

    def told(self) -> Job:
        """What is told of it."""
        return Job(**self.model_dump(include=set(Job.model_fields)))


OPEN = (JobStatus.QUEUED, JobStatus.RUNNING)
"""States of a job that somebody works on or will."""


class JobRecords:
    """The rows of jobs in a store; `now` gives the present moment."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now

    def add(self, job: KeptJob, order: Order, data: bytes) -> None:
        """A new one with all it needs, in one transaction: from here on it is not lost."""
        row = {"id": job.id, "login": job.login, "kind": job.kind, "status": job.status.value}
        needed = {"job_id": job.id, "body": order.model_dump_json(), "data": data}
        with self._store.writing() as connection:
            body = job.model_dump_json()
            more = {"at": job.at, "delivery": job.delivered.id if job.delivered else None}
            connection.execute(insert(schema.job), row | more | {"body": body})
            connection.execute(insert(schema.job_input), needed)

    def needs(self, key: str) -> tuple[Order, bytes]:
        """What an unfinished job was asked, and the bytes.

        Raises:
            NotFoundError: they are gone with its end.
        """
        i = schema.job_input.c
        with self._store.reading() as connection:
            row = connection.execute(select(i.body, i.data).where(i.job_id == key)).first()
        if row is None:
            raise NotFoundError(f"任务 {key} 的文件已不在 / the file of job {key} is gone")
        return Order.model_validate_json(row.body), bytes(row.data)

    def get(self, key: str) -> KeptJob:
        """One.

        Raises:
            NotFoundError: there is none.
        """
        with self._store.reading() as connection:
            return _found(connection, key)

    def unfinished(self) -> list[KeptJob]:
        """Those that somebody works on, or left."""
        j = schema.job
        query = select(j).where(j.c.status.in_([s.value for s in OPEN]))
        with self._store.reading() as connection:
            return [_read(row) for row in connection.execute(query)]

    def page(self, limit: int, before: tuple[datetime, str] | None) -> tuple[list[KeptJob], int]:
        """The newest first, those behind a moment and an id; and how many there are in all."""
        j = schema.job
        query = select(j).order_by(j.c.at.desc(), j.c.id).limit(limit)
        if before is not None:
            at, key = before
            query = query.where(or_(j.c.at < at, and_(j.c.at == at, j.c.id > key)))
        with self._store.reading() as connection:
            found = [_read(row) for row in connection.execute(query)]
            return found, connection.scalar(select(func.count()).select_from(j)) or 0

    def step(self, job: KeptJob) -> None:
        """Its owner has come further; nothing where it has ended or is another's meanwhile."""
        with self._store.writing() as connection:
            now = _found(connection, job.id)
            if now.status in OPEN and now.owner == job.owner:
                _write(connection, _still_unwanted(job, now))

    def end(self, job: KeptJob) -> None:
        """Its owner has ended it; the bytes go. Of an owner that was only silent and held to be
        gone, it is the owner who knows, unless another took it up."""
        with self._store.writing() as connection:
            now = _found(connection, job.id)
            if now.status in (*OPEN, JobStatus.INTERRUPTED) and now.owner == job.owner:
                _finish(connection, _still_unwanted(job, now), self._now())

    def release(self, job: KeptJob) -> None:
        """Its owner ends and leaves it as it stands to whoever starts next."""
        with self._store.writing() as connection:
            now = _found(connection, job.id)
            if now.status not in OPEN or now.owner != job.owner:
                return
            if now.unwanted_by is not None and now.stored is None:
                _finish(connection, cancelled(now, now.unwanted_by), self._now())
            else:
                left = {"status": JobStatus.QUEUED, "owner": None, "done": 0, "total": 0}
                stage = job.stage if job.stored else "queued"
                _write(
                    connection, _still_unwanted(job, now).model_copy(update=left | {"stage": stage})
                )

    def settle(self, connection: Connection, job: KeptJob) -> None:
        """Say in the transaction that stores the document that it is this job's (`stored`).

        Raises:
            StoppedError: the job has ended, is another's, or is no longer wanted.
        """
        now = _found(connection, job.id)
        if now.status not in OPEN or now.owner != job.owner or now.unwanted_by is not None:
            raise StoppedError("已停止 / stopped")
        _write(connection, job)

    def sign(self, key: str, owner: Owner, at: datetime) -> KeptJob | None:
        """Its owner is still there at `at`; gives how it stands, None where it has ended or is
        another's."""
        with self._store.writing() as connection:
            now = _found(connection, key)
            if now.status not in OPEN or now.owner != owner:
                return None
            now = now.model_copy(update={"alive_at": at})
            _write(connection, now)
            return now

    def take_up(self, job: KeptJob, owner: Owner, at: datetime) -> KeptJob | None:
        """The job becomes `owner`'s, who found that the one it had is gone; None where that one
        gave a sign since `job` was read, another was quicker, or nothing is left to do: it was to
        be stopped, or it is of a time when the bytes were not kept."""
        i = schema.job_input.c
        with self._store.writing() as connection:
            now = _found(connection, job.id)
            if now.status not in OPEN or (now.owner, now.alive_at) != (job.owner, job.alive_at):
                return None
            kept = connection.scalar(select(i.job_id).where(i.job_id == job.id)) is not None
            if now.unwanted_by is not None and now.stored is None:
                _finish(connection, cancelled(now, now.unwanted_by), self._now())
                return None
            if not kept:
                _finish(connection, interrupted(now), self._now())
                return None
            now = now.model_copy(update={"owner": owner, "alive_at": at})
            _write(connection, now)
            return now

    def unwant(self, key: str, login: str, *, gone: bool) -> KeptJob:
        """Ask the owner to stop it; where the owner is `gone`, end it here.

        Raises:
            NotFoundError: there is no such job.
            ConflictError: it has ended, or its document is in the store.
        """
        with self._store.writing() as connection:
            now = _found(connection, key)
            if now.status not in OPEN:
                raise ConflictError("已经结束 / it has ended")
            if now.stored is not None:
                raise ConflictError(_STORED)
            now = now.model_copy(update={"unwanted_by": now.unwanted_by or login})
            if gone:
                now = cancelled(now, login)
                _finish(connection, now, self._now())
            else:
                _write(connection, now)
            return now


def _found(connection: Connection, key: str) -> KeptJob:
    row = connection.execute(select(schema.job).where(schema.job.c.id == key)).first()
    if row is None:
        raise NotFoundError(f"没有任务 {key} / no job {key}")
    return _read(row)


def _write(connection: Connection, job: KeptJob) -> None:
    j = schema.job
    values = {"status": job.status.value, "body": job.model_dump_json()}
    connection.execute(update(j).where(j.c.id == job.id).values(values))


def _finish(connection: Connection, job: KeptJob, at: datetime) -> None:
    """Write how it ended; what it needed is needed no more."""
    _write(connection, job)
    connection.execute(delete(schema.job_input).where(schema.job_input.c.job_id == job.id))
    if job.delivered is not None:
        _relate(connection, job.delivered, job.login, at)


def _relate(connection: Connection, last: Delivered, login: str, at: datetime) -> None:
    """Once none of what came together is open, its attachments belong to their documents."""
    j = schema.job
    rows = connection.execute(select(j).where(j.c.delivery == last.id))
    jobs = [(job.delivered, job) for job in map(_read, rows) if job.delivered is not None]
    if not any(job.status in OPEN for _, job in jobs):
        stored = {came.order: job.stored for came, job in jobs if job.stored is not None}
        relate_stored(connection, [came.member for came, _ in jobs], stored, login, at)


def _still_unwanted(job: KeptJob, now: KeptJob) -> KeptJob:
    """Another process may have said meanwhile that it is."""
    return job if job.unwanted_by else job.model_copy(update={"unwanted_by": now.unwanted_by})


def _read(row: Row[tuple[object, ...]]) -> KeptJob:
    job = KeptJob.model_validate_json(row.body)
    return job.model_copy(update={"at": as_utc(row.at)})


def interrupted(job: KeptJob) -> KeptJob:
    """Cut off, of a time when the bytes were not kept: it cannot be taken up again."""
    return job.model_copy(update={"status": JobStatus.INTERRUPTED, "error": _CUT_OFF})


def cancelled(job: KeptJob, login: str) -> KeptJob:
    """Stopped by somebody."""
    told = f"{login} 取消了, 库没有变动 / cancelled by {login}; the store is as it was"
    changes = {"status": JobStatus.CANCELLED, "stage": "finished", "error": told}
    return job.model_copy(update=changes)


def failed(job: KeptJob, message: str, hint: str) -> KeptJob:
    """Ended by an error."""
    changes = {"status": JobStatus.FAILED, "stage": "finished", "error": message}
    return job.model_copy(update=changes | {"hint": hint or None})


def given_up(job: KeptJob, why: str = "") -> KeptJob:
    """Ended since its reading was cut off again and again: whatever the file does, it would do it
    once more."""
    left = (
        ("原有事项未变", "its facts are as they were")
        if job.kind == "reread"
        else ("未入库", "it is not in the store")
    )
    told = (
        f"读取这份文件时 {job.attempts} 次中断, {left[0]}"
        f" / reading this file was cut off {job.attempts} times; {left[1]}"
    )
    return failed(job, joined(told, why) if why else told, _SPLIT)


def added_of(found: Reread) -> Added:
    """What reading a document again did, as adding one says it."""
    changed = found.status == "re-read"
    return Added(
        document_id=found.document_id, status="re-read" if changed else "unchanged",
        superseded=found.former_id,
    )  # fmt: skip


def reread_of(found: Reread) -> RereadReport:
    """The numbers of what reading a document again did."""
    return RereadReport(
        **found.total.model_dump(), changes=len(found.changes), lives_kept=found.lives_kept,
        lives_left=len(found.lives_left),
    )  # fmt: skip


def report_of(extraction: Extraction, added: Added, *, kept_visibility: bool) -> IngestReport:
    """What was read of a document."""
    tasks = extraction.tasks
    return IngestReport(
        document_id=added.document_id, status=added.status, superseded=added.superseded,
        tracked=added.tracked,
        replaced_by=added.replaced_by, kept_visibility=kept_visibility,
        possible_versions=[PossibleVersion.of(v) for v in added.possible_versions],
        title=extraction.document.title, plans=len(extraction.plans),
        clauses=len(extraction.clauses), tasks=len(tasks),
        milestones=sum(len(t.milestones) for t in tasks),
        targets=sum(len(t.targets) for t in tasks), repairs=len(extraction.repairs),
        warnings=[Finding.of(warning) for warning in (*added.findings, *extraction.warnings)],
    )  # fmt: skip

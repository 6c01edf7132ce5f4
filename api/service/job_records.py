"""What the store keeps of a job, and how it may change there.

Several processes look at one job: its owner, who works on it; one that asks for its end; one that
finds its owner gone. Each change looks at the row and writes it in one transaction, and what has
ended stays as it ended.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from api.service.owners import Owner
from api.service.wire.facts import Finding, PossibleVersion
from kb.errors import ConflictError, NotFoundError
from tasks import schema
from tasks.models import Extraction
from tasks.store import Added, Store, as_utc

_CUT_OFF = "服务在处理时停止, 请重新上传 / the service stopped meanwhile, please send it again"


class JobStatus(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"  # 排队
    RUNNING = "running"  # 处理中
    DONE = "done"  # 完成
    FAILED = "failed"  # 失败
    INTERRUPTED = "interrupted"  # 中断
    CANCELLED = "cancelled"  # 已取消


class IngestReport(BaseModel):
    """What was read. `status` and what follows it as in `tasks.adding.Added`; `kept_visibility`:
    who may see the document was not changed by the upload, because its bytes were there already.
    `indexed` counts the passages of the index afterwards; null where the index is brought in step
    by the next question."""

    document_id: str
    status: Literal["added", "unchanged", "new-version", "re-read", "superseded", "withdrawn"]
    superseded: str | None
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


class Job(BaseModel):
    """A job: whose, of which file, how far (`done` of `total` in its `stage`), how it ended."""

    id: str
    login: str
    kind: Literal["ingest"] = "ingest"
    name: str
    status: JobStatus
    at: datetime
    stage: Literal["queued", "reading", "storing", "indexing", "finished"] = "queued"
    done: int = 0
    total: int = 0
    report: IngestReport | None = None
    error: str | None = None
    hint: str | None = None


class KeptJob(Job):
    """A job as the store has it."""

    owner: Owner | None = None
    alive_at: datetime | None = None
    unwanted_by: str | None = None

    def told(self) -> Job:
        """What is told of it."""
        return Job(**self.model_dump(include=set(Job.model_fields)))


OPEN = (JobStatus.QUEUED, JobStatus.RUNNING)
"""States of a job that somebody works on or will."""


class JobRecords:
    """The rows of jobs in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, job: KeptJob) -> None:
        """A new one."""
        row = {"id": job.id, "login": job.login, "kind": job.kind, "status": job.status.value}
        with self._store.writing() as connection:
            body = job.model_dump_json()
            connection.execute(insert(schema.job), row | {"at": job.at, "body": body})

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
        """Its owner has come further; nothing where it has ended meanwhile."""
        with self._store.writing() as connection:
            now = _found(connection, job.id)
            if now.status in OPEN:
                _write(connection, _still_unwanted(job, now))

    def end(self, job: KeptJob) -> None:
        """Its owner has ended it. Of an owner that was only silent and held to be gone, it is the
        owner who knows."""
        with self._store.writing() as connection:
            now = _found(connection, job.id)
            if now.status in (*OPEN, JobStatus.INTERRUPTED):
                _write(connection, _still_unwanted(job, now))

    def sign(self, key: str, at: datetime) -> KeptJob | None:
        """Its owner is still there at `at`; gives how it stands, None where it has ended."""
        with self._store.writing() as connection:
            now = _found(connection, key)
            if now.status not in OPEN:
                return None
            now = now.model_copy(update={"alive_at": at})
            _write(connection, now)
            return now

    def cut_off(self, job: KeptJob) -> None:
        """Its owner is gone; nothing where it gave a sign since `job` was read."""
        with self._store.writing() as connection:
            now = _found(connection, job.id)
            if now.status in OPEN and now.alive_at == job.alive_at:
                _write(connection, interrupted(now))

    def unwant(self, key: str, login: str) -> KeptJob:
        """Ask the owner to stop it.

        Raises:
            NotFoundError: there is no such job.
            ConflictError: it has ended.
        """
        with self._store.writing() as connection:
            now = _found(connection, key)
            if now.status not in OPEN:
                raise ConflictError("已经结束 / it has ended")
            now = now.model_copy(update={"unwanted_by": now.unwanted_by or login})
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


def _still_unwanted(job: KeptJob, now: KeptJob) -> KeptJob:
    """Another process may have said meanwhile that it is."""
    return job if job.unwanted_by else job.model_copy(update={"unwanted_by": now.unwanted_by})


def _read(row: Row[tuple[object, ...]]) -> KeptJob:
    job = KeptJob.model_validate_json(row.body)
    return job.model_copy(update={"at": as_utc(row.at)})


def interrupted(job: KeptJob) -> KeptJob:
    """Cut off: whoever worked on it is gone."""
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


def report_of(extraction: Extraction, added: Added, *, kept_visibility: bool) -> IngestReport:
    """What was read of a document."""
    tasks = extraction.tasks
    return IngestReport(
        document_id=added.document_id, status=added.status, superseded=added.superseded,
        replaced_by=added.replaced_by, kept_visibility=kept_visibility,
        possible_versions=[PossibleVersion.of(v) for v in added.possible_versions],
        title=extraction.document.title, plans=len(extraction.plans),
        clauses=len(extraction.clauses), tasks=len(tasks),
        milestones=sum(len(t.milestones) for t in tasks),
        targets=sum(len(t.targets) for t in tasks), repairs=len(extraction.repairs),
        warnings=[Finding.of(warning) for warning in extraction.warnings],
    )  # fmt: skip

"""Work that outlasts a request: reading an uploaded document. One at a time, in a thread; each
job is a row of the store, so that its end is known after the process is gone."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import Row, insert, select, update

from ingest.pipeline import extract_bytes
from kb.errors import DubanError, NotFoundError
from kb.index import Report
from kb.models import Finding
from tasks import schema
from tasks.authorisation import Action, Actor, require
from tasks.models import Extraction
from tasks.store import Added, Store, as_utc
from tasks.visibility import Visibility, check_visibility, set_visibility, write_visibility

log = logging.getLogger("duban.service")
_CUT_OFF = "服务在处理时停止, 请重新上传 / the service stopped meanwhile, please send it again"


class JobStatus(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"  # 排队
    RUNNING = "running"  # 处理中
    DONE = "done"  # 完成
    FAILED = "failed"  # 失败
    INTERRUPTED = "interrupted"  # 中断


class IngestReport(BaseModel):
    """What was read. `indexed` counts the passages of the index afterwards; null where the index
    is brought in step by the next question."""

    document_id: str
    status: Literal["added", "unchanged", "new-version"]
    superseded: str | None
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


class Jobs:
    """The jobs of a store. One process works on a store's jobs at a time.

    Args:
        store: where they are kept.
        folder: of the files that wait to be read.
        now: the present moment.
        index: brings the index in step and counts its passages; None leaves that to the next
            question.
    """

    def __init__(
        self,
        store: Store,
        folder: Path,
        now: Callable[[], datetime],
        index: Callable[[Report], int] | None = None,
    ) -> None:
        self.folder = folder
        self._store, self._now, self._index = store, now, index
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="duban-job")
        self._live: dict[str, Job] = {}
        self._lock = Lock()

    def recover(self) -> None:
        """Say of the jobs that a dead process left that they were cut off; remove their files."""
        open_states = [JobStatus.QUEUED.value, JobStatus.RUNNING.value]
        query = select(schema.job).where(schema.job.c.status.in_(open_states))
        with self._store.reading() as connection:
            left = [_job(row) for row in connection.execute(query)]
        for job in left:
            self._write(_interrupted(job))
        for path in self.folder.glob("*.part") if self.folder.is_dir() else ():
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Finish the job in hand; those that wait are cut off."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        for job in list(self._live.values()):
            self._end(_interrupted(job))

    def ingest(self, actor: Actor, path: Path, name: str, seen: Visibility | None) -> Job:
        """Queue the reading of a file, which is then removed.

        Args:
            actor: who brought it.
            path: where its bytes are.
            name: what it is called: a later file of this name is a new version.
            seen: who may see the document; None: as its former version, else everyone.

        Raises:
            DeniedError: the actor may not bring documents.
            DubanError: `seen` says nothing that can be.
        """
        require(actor, Action.INGEST)
        if seen is not None:
            check_visibility(seen)
        job = Job(
            id=f"job-{secrets.token_hex(8)}", login=actor.login, name=name,
            status=JobStatus.QUEUED, at=self._now().astimezone(UTC),
        )  # fmt: skip
        with self._store.writing() as connection:
            row = {"id": job.id, "login": job.login, "kind": job.kind, "status": job.status.value}
            body = job.model_dump_json()
            connection.execute(insert(schema.job), row | {"at": job.at, "body": body})
        with self._lock:
            self._live[job.id] = job
        self._pool.submit(self._run, job.id, actor, path, name, seen)
        return job

    def get(self, key: str) -> Job:
        """One job.

        Raises:
            NotFoundError: there is none.
        """
        with self._lock:
            if key in self._live:
                return self._live[key]
        with self._store.reading() as connection:
            row = connection.execute(select(schema.job).where(schema.job.c.id == key)).first()
        if row is None:
            raise NotFoundError(f"没有任务 {key} / no job {key}")
        return self._as_it_is(_job(row))

    def list(self, limit: int) -> list[Job]:
        """The last jobs, the newest first."""
        query = select(schema.job).order_by(schema.job.c.at.desc(), schema.job.c.id).limit(limit)
        with self._store.reading() as connection:
            rows = [_job(row) for row in connection.execute(query)]
        return [self._as_it_is(job) for job in rows]

    def _as_it_is(self, job: Job) -> Job:
        with self._lock:
            live = self._live.get(job.id)
        if live is not None:
            return live
        unfinished = job.status in (JobStatus.QUEUED, JobStatus.RUNNING)
        return _interrupted(job) if unfinished else job

    def _run(self, key: str, actor: Actor, path: Path, name: str, seen: Visibility | None) -> None:
        try:
            self._step(key, status=JobStatus.RUNNING, stage="reading")
            data = path.read_bytes()
            extraction = extract_bytes(data, name)
            self._step(key, stage="storing")
            added = self._add(actor, extraction, data, seen)
            report = _report(extraction, added)
            self._step(key, stage="indexing", report=report)
            if self._index is not None:
                indexed = self._index(lambda _, done, total: self._tell(key, done, total))
                report = report.model_copy(update={"indexed": indexed})
            ended = self._live[key].model_copy(
                update={"status": JobStatus.DONE, "stage": "finished", "report": report}
            )
        except DubanError as error:
            ended = self._failed(key, error.message, error.hint)
        except Exception:
            log.exception("job %s", key)
            ended = self._failed(
                key, "服务出错, 已记入日志 / the service failed; it is in the log", ""
            )
        finally:
            path.unlink(missing_ok=True)
        self._end(ended)

    def _add(
        self, actor: Actor, extraction: Extraction, data: bytes, seen: Visibility | None
    ) -> Added:
        now = self._now()
        document_id = extraction.document.id
        added = self._store.add(
            extraction, data, recorded_at=now.astimezone(UTC), actor=actor.login,
            # In one transaction: the document is never open for a moment.
            settle=None if seen is None else (
                lambda connection, key: write_visibility(connection, actor, key, seen, now)
            ),
        )  # fmt: skip
        if seen is not None and added.status == "unchanged":
            set_visibility(self._store, actor, document_id, seen, now)
        return added

    def _failed(self, key: str, message: str, hint: str) -> Job:
        changes = {"status": JobStatus.FAILED, "stage": "finished", "error": message}
        return self._live[key].model_copy(update=changes | {"hint": hint or None})

    def _step(self, key: str, **changes: object) -> None:
        with self._lock:
            job = self._live[key] = self._live[key].model_copy(update=changes)
        self._write(job)

    def _tell(self, key: str, done: int, total: int) -> None:
        with self._lock:
            self._live[key] = self._live[key].model_copy(update={"done": done, "total": total})

    def _end(self, job: Job) -> None:
        try:
            self._write(job)
        except DubanError:
            log.exception("the end of job %s could not be written", job.id)
        with self._lock:
            self._live.pop(job.id, None)

    def _write(self, job: Job) -> None:
        values = {"status": job.status.value, "body": job.model_dump_json()}
        with self._store.writing() as connection:
            connection.execute(update(schema.job).where(schema.job.c.id == job.id).values(values))


def _job(row: Row[tuple[object, ...]]) -> Job:
    job = Job.model_validate_json(row.body)
    return job.model_copy(update={"at": as_utc(row.at)})


def _interrupted(job: Job) -> Job:
    return job.model_copy(update={"status": JobStatus.INTERRUPTED, "error": _CUT_OFF})


def _report(extraction: Extraction, added: Added) -> IngestReport:
    tasks = extraction.tasks
    return IngestReport(
        document_id=added.document_id, status=added.status, superseded=added.superseded,
        title=extraction.document.title, plans=len(extraction.plans),
        clauses=len(extraction.clauses), tasks=len(tasks),
        milestones=sum(len(t.milestones) for t in tasks),
        targets=sum(len(t.targets) for t in tasks), repairs=len(extraction.repairs),
        warnings=list(extraction.warnings),
    )  # fmt: skip

"""Work that outlasts a request: reading an uploaded document. One at a time; each job is a row of
the store, so that its end is known after the process is gone."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import Connection, Row, insert, select, update

from api.service.owners import Owner, is_running
from api.service.wire.facts import Finding
from ingest.apart import Reading, StoppedError
from kb.errors import ConflictError, DubanError, NotFoundError
from kb.index import Report
from tasks import schema
from tasks.authorisation import Action, Actor, require
from tasks.models import Extraction
from tasks.store import Added, Store, as_utc
from tasks.visibility import Visibility, check_visibility, set_visibility, write_visibility

log = logging.getLogger("duban.service")
_SILENCE = timedelta(seconds=60)
"""A process that has not been heard of for so long works on nothing any more."""
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
    """What was read. `indexed` counts the passages of the index afterwards; null where the index
    is brought in step by the next question."""

    document_id: str
    status: Literal["added", "unchanged", "new-version", "withdrawn"]
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


class _Kept(Job):
    """A job as the store has it."""

    owner: Owner | None = None
    alive_at: datetime | None = None
    unwanted_by: str | None = None

    def told(self) -> Job:
        """What is told of it."""
        return Job(**self.model_dump(include=set(Job.model_fields)))


class _Work:
    """A job that this process works on. `ends_as` is set by whoever stops it; `settled` once its
    document goes into the store, after which it is not stopped."""

    def __init__(self, job: _Kept, actor: Actor, path: Path, seen: Visibility | None) -> None:
        self.job, self.actor, self.path, self.seen = job, actor, path, seen
        self.reading = Reading(path, job.name)
        self.ends_as: JobStatus | None = None
        self.ended_by = ""
        self.settled = False


class Jobs:
    """The jobs of a store. Several processes may work on one store: a job is its owner's, who says
    every few seconds that it is still there.

    Args:
        store: where they are kept.
        folder: of the files that wait to be read.
        now: the present moment.
        index: brings the index in step and counts its passages; None leaves that to the next
            question.
        owner: what this process is called in the store.
        beat: seconds between two signs of life.
    """

    def __init__(
        self,
        store: Store,
        folder: Path,
        now: Callable[[], datetime],
        index: Callable[[Report], int] | None = None,
        *,
        owner: Owner | None = None,
        beat: float = 5.0,
    ) -> None:
        self.folder = folder
        self._store, self._now, self._index = store, now, index
        self._owner = owner or Owner.here()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="duban-job")
        self._live: dict[str, _Work] = {}
        self._lock = Lock()
        self._over = Event()
        self._pulse = Thread(target=self._sign, args=(beat,), name="duban-jobs", daemon=True)
        self._pulse.start()

    def recover(self) -> None:
        """Say of the jobs that dead processes left that they were cut off; remove their files."""
        open_states = [JobStatus.QUEUED.value, JobStatus.RUNNING.value]
        query = select(schema.job).where(schema.job.c.status.in_(open_states))
        with self._store.reading() as connection:
            left = [_job(row) for row in connection.execute(query)]
        for job in left:
            if self._is_dead(job):
                self._write(_interrupted(job))
        remove_left_files(self.folder)

    def close(self) -> None:
        """End: what is being stored is finished, what is being read or waits is cut off."""
        self._over.set()
        with self._lock:
            for work in self._live.values():
                if not work.settled:
                    work.ends_as = work.ends_as or JobStatus.INTERRUPTED
                    work.reading.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for work in list(self._live.values()):
            work.path.unlink(missing_ok=True)
            self._end(_stopped(work))
        self._pulse.join()

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
        job = _Kept(
            id=f"job-{secrets.token_hex(8)}", login=actor.login, name=name,
            status=JobStatus.QUEUED, at=self._now().astimezone(UTC),
            owner=self._owner, alive_at=self._now().astimezone(UTC),
        )  # fmt: skip
        with self._store.writing() as connection:
            row = {"id": job.id, "login": job.login, "kind": job.kind, "status": job.status.value}
            body = job.model_dump_json()
            connection.execute(insert(schema.job), row | {"at": job.at, "body": body})
        work = _Work(job, actor, path, seen)
        with self._lock:
            self._live[job.id] = work
        self._pool.submit(self._run, work)
        return job.told()

    def get(self, key: str) -> Job:
        """One job.

        Raises:
            NotFoundError: there is none.
        """
        with self._lock:
            if key in self._live:
                return self._live[key].job.told()
        return self._as_it_is(self._stored(key))

    def list(self, limit: int) -> list[Job]:
        """The last jobs, the newest first."""
        query = select(schema.job).order_by(schema.job.c.at.desc(), schema.job.c.id).limit(limit)
        with self._store.reading() as connection:
            rows = [_job(row) for row in connection.execute(query)]
        return [self._as_it_is(job) for job in rows]

    def cancel(self, actor: Actor, key: str) -> Job:
        """Stop a job; the store is then as it was before it. One that another process works on is
        stopped by it within seconds.

        Raises:
            DeniedError: the actor may not bring documents.
            NotFoundError: there is no such job.
            ConflictError: it has ended, or its document is in the store already.
        """
        require(actor, Action.INGEST)
        with self._lock:
            work = self._live.get(key)
            if work is not None:
                if work.settled:
                    raise ConflictError(
                        "文件已入库, 不能再取消 / the document is in the store already"
                    )
                return self._stop(work, actor.login).told()
        job = self._stored(key)
        if self._as_it_is(job).status not in (JobStatus.QUEUED, JobStatus.RUNNING):
            raise ConflictError("已经结束 / it has ended")
        self._write(job.model_copy(update={"unwanted_by": actor.login}))
        return self._as_it_is(job)

    def _stop(self, work: _Work, login: str) -> _Kept:
        """Stop what this process works on; the lock is held."""
        work.ends_as, work.ended_by = JobStatus.CANCELLED, login
        work.reading.stop()
        if work.job.status is JobStatus.QUEUED:
            # It waits behind another: whoever asks sees at once that it will not be read.
            work.job = _cancelled(work.job, login)
        return work.job

    def _stored(self, key: str) -> _Kept:
        with self._store.reading() as connection:
            row = connection.execute(select(schema.job).where(schema.job.c.id == key)).first()
        if row is None:
            raise NotFoundError(f"没有任务 {key} / no job {key}")
        return _job(row)

    def _as_it_is(self, job: _Kept) -> Job:
        with self._lock:
            live = self._live.get(job.id)
        if live is not None:
            return live.job.told()
        unfinished = job.status in (JobStatus.QUEUED, JobStatus.RUNNING)
        return (_interrupted(job) if unfinished and self._is_dead(job) else job).told()

    def _is_dead(self, job: _Kept) -> bool:
        """Whether nobody works any more on a job that is not this process's own."""
        if job.owner is None or job.alive_at is None or job.owner.is_known_gone(self._owner):
            return True
        return self._now() - job.alive_at > _SILENCE

    def _sign(self, beat: float) -> None:
        """Say again and again that the jobs are worked on; see whether one is no longer wanted."""
        while not self._over.wait(beat):
            with self._lock:
                keys = list(self._live)
            for key in keys:
                try:
                    self._sign_one(key)
                except DubanError:
                    log.exception("job %s could not be marked", key)

    def _sign_one(self, key: str) -> None:
        with self._store.writing() as connection:
            row = connection.execute(select(schema.job).where(schema.job.c.id == key)).first()
            job = _job(row) if row is not None else None
            if job is None or job.status not in (JobStatus.QUEUED, JobStatus.RUNNING):
                return
            values = {"alive_at": self._now().astimezone(UTC)}
            body = job.model_copy(update=values).model_dump_json()
            connection.execute(update(schema.job).where(schema.job.c.id == key).values(body=body))
        with self._lock:
            work = self._live.get(key)
            if work is not None:
                work.job = work.job.model_copy(update=values)
                if job.unwanted_by is not None and work.ends_as is None and not work.settled:
                    self._stop(work, job.unwanted_by)

    def _run(self, work: _Work) -> None:
        key = work.job.id
        try:
            self._step(work, status=JobStatus.RUNNING, stage="reading")
            extraction = work.reading.extract()
            data = work.path.read_bytes()
            self._step(work, stage="storing")
            added = self._add(work, extraction, data)
            report = _report(extraction, added)
            self._step(work, stage="indexing", report=report)
            if self._index is not None:
                indexed = self._index(lambda _, done, total: self._tell(work, done, total))
                report = report.model_copy(update={"indexed": indexed})
            ended = work.job.model_copy(
                update={"status": JobStatus.DONE, "stage": "finished", "report": report}
            )
        except StoppedError:
            ended = _stopped(work)
        except DubanError as error:
            ended = _failed(work.job, error.message, error.hint)
        except Exception:
            log.exception("job %s", key)
            ended = _failed(
                work.job, "服务出错, 已记入日志 / the service failed; it is in the log", ""
            )
        finally:
            work.path.unlink(missing_ok=True)
        self._end(ended)

    def _add(self, work: _Work, extraction: Extraction, data: bytes) -> Added:
        actor, seen, now = work.actor, work.seen, self._now()

        def settle(connection: Connection, key: str) -> None:
            # In the transaction: the document is never open for a moment, and a job stopped so
            # far leaves nothing.
            self._settle(work)
            if seen is not None:
                write_visibility(connection, actor, key, seen, now)

        added = self._store.add(
            extraction, data, recorded_at=now.astimezone(UTC), actor=actor.login, settle=settle
        )
        if added.status in ("unchanged", "withdrawn"):
            self._settle(work)
            if seen is not None and added.status == "unchanged":
                set_visibility(self._store, actor, extraction.document.id, seen, now)
        return added

    def _settle(self, work: _Work) -> None:
        """From here on the job goes to its end.

        Raises:
            StoppedError: it was stopped before.
        """
        with self._lock:
            if work.ends_as is not None:
                raise StoppedError("已停止 / stopped")
            work.settled = True

    def _step(self, work: _Work, **changes: object) -> None:
        with self._lock:
            if work.ends_as is not None and not work.settled:
                raise StoppedError("已停止 / stopped")
            job = work.job = work.job.model_copy(update=changes)
        self._write(job)

    def _tell(self, work: _Work, done: int, total: int) -> None:
        with self._lock:
            work.job = work.job.model_copy(update={"done": done, "total": total})

    def _end(self, job: _Kept) -> None:
        try:
            self._write(job)
        except DubanError:
            log.exception("the end of job %s could not be written", job.id)
        with self._lock:
            self._live.pop(job.id, None)

    def _write(self, job: _Kept) -> None:
        table = schema.job
        with self._store.writing() as connection:
            # Another process may have said meanwhile that it is unwanted.
            row = connection.execute(select(table).where(table.c.id == job.id)).first()
            if row is not None and job.unwanted_by is None:
                job = job.model_copy(update={"unwanted_by": _job(row).unwanted_by})
            values = {"status": job.status.value, "body": job.model_dump_json()}
            connection.execute(update(table).where(table.c.id == job.id).values(values))


def remove_left_files(folder: Path) -> None:
    """Remove the files in an upload folder that no running process of this machine received."""
    for path in folder.glob("*.part") if folder.is_dir() else ():
        process = path.name.partition("-")[0]
        if not (process.isdecimal() and int(process) != os.getpid() and is_running(int(process))):
            path.unlink(missing_ok=True)


def _job(row: Row[tuple[object, ...]]) -> _Kept:
    job = _Kept.model_validate_json(row.body)
    return job.model_copy(update={"at": as_utc(row.at)})


def _interrupted(job: _Kept) -> _Kept:
    return job.model_copy(update={"status": JobStatus.INTERRUPTED, "error": _CUT_OFF})


def _stopped(work: _Work) -> _Kept:
    if work.ends_as is JobStatus.CANCELLED:
        return _cancelled(work.job, work.ended_by)
    return _interrupted(work.job)


def _cancelled(job: _Kept, login: str) -> _Kept:
    told = f"{login} 取消了, 库没有变动 / cancelled by {login}; the store is as it was"
    changes = {"status": JobStatus.CANCELLED, "stage": "finished", "error": told}
    return job.model_copy(update=changes)


def _failed(job: _Kept, message: str, hint: str) -> _Kept:
    changes = {"status": JobStatus.FAILED, "stage": "finished", "error": message}
    return job.model_copy(update=changes | {"hint": hint or None})


def _report(extraction: Extraction, added: Added) -> IngestReport:
    tasks = extraction.tasks
    return IngestReport(
        document_id=added.document_id, status=added.status, superseded=added.superseded,
        title=extraction.document.title, plans=len(extraction.plans),
        clauses=len(extraction.clauses), tasks=len(tasks),
        milestones=sum(len(t.milestones) for t in tasks),
        targets=sum(len(t.targets) for t in tasks), repairs=len(extraction.repairs),
        warnings=[Finding.of(warning) for warning in extraction.warnings],
    )  # fmt: skip

"""Work that outlasts a request: reading an uploaded document. One at a time; each job is a row of
the store, so that its end is known after the process is gone."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Connection

from api.service.job_records import (
    OPEN,
    Job,
    JobRecords,
    JobStatus,
    KeptJob,
    cancelled,
    failed,
    interrupted,
    report_of,
)
from api.service.owners import Owner, is_running
from ingest.apart import PATIENCE, Reading, StoppedError
from kb.errors import ConflictError, DubanError
from kb.index import Report
from tasks.authorisation import Action, Actor, require
from tasks.models import Extraction
from tasks.store import Added, Store
from tasks.visibility import Visibility, check_visibility, write_visibility

log = logging.getLogger("duban.service")
_SILENCE = timedelta(seconds=60)
"""A process that has not been heard of for so long works on nothing any more."""


class _Work:
    """A job that this process works on. `ends_as` is set by whoever stops it; `settled` once its
    document goes into the store, after which it is not stopped."""

    def __init__(
        self,
        job: KeptJob,
        actor: Actor,
        path: Path,
        seen: Visibility | None,
        replaces: str | None,
        patience: float,
    ) -> None:
        self.job, self.actor, self.path = job, actor, path
        self.seen, self.replaces = seen, replaces
        self.reading = Reading(path, job.name, patience)
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
        patience: seconds that the reading of one file may take.
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
        patience: float = PATIENCE,
    ) -> None:
        self.folder = folder
        self._store, self._now, self._index = store, now, index
        self._records, self._patience = JobRecords(store), patience
        self._owner = owner or Owner.here()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="duban-job")
        self._live: dict[str, _Work] = {}
        self._lock = Lock()
        self._over = Event()
        self._pulse = Thread(target=self._sign, args=(beat,), name="duban-jobs", daemon=True)
        self._pulse.start()

    def recover(self) -> None:
        """Say of the jobs that dead processes left that they were cut off; remove their files."""
        for job in self._records.unfinished():
            if self._is_dead(job):
                self._records.cut_off(job)
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

    def ingest(
        self,
        actor: Actor,
        path: Path,
        name: str,
        seen: Visibility | None,
        replaces: str | None = None,
    ) -> Job:
        """Queue the reading of a file, which is then removed.

        Args:
            actor: who brought it.
            path: where its bytes are.
            name: what it is called.
            seen: who may see the document; None: as its former version, else everyone.
            replaces: the document whose new version it is, which the actor may see.

        Raises:
            DeniedError: the actor may not bring documents.
            DubanError: `seen` says nothing that can be.
        """
        require(actor, Action.INGEST)
        if seen is not None:
            check_visibility(seen)
        job = KeptJob(
            id=f"job-{secrets.token_hex(8)}", login=actor.login, name=name,
            status=JobStatus.QUEUED, at=self._now().astimezone(UTC),
            owner=self._owner, alive_at=self._now().astimezone(UTC),
        )  # fmt: skip
        self._records.add(job)
        work = _Work(job, actor, path, seen, replaces, self._patience)
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
        return self._as_it_is(self._records.get(key))

    def list(self, limit: int) -> list[Job]:
        """The last jobs, the newest first."""
        return [*self.page(limit)[0]]

    def page(
        self, limit: int, before: tuple[datetime, str] | None = None
    ) -> tuple[Sequence[Job], int]:
        """The last jobs, the newest first, those behind a moment and an id; and how many there
        are in all."""
        found, total = self._records.page(limit, before)
        return [self._as_it_is(job) for job in found], total

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
        if self._is_dead(job := self._records.get(key)):
            raise ConflictError("已经结束 / it has ended")
        return self._as_it_is(self._records.unwant(job.id, actor.login))

    def _stop(self, work: _Work, login: str) -> KeptJob:
        """Stop what this process works on; the lock is held."""
        work.ends_as, work.ended_by = JobStatus.CANCELLED, login
        work.reading.stop()
        if work.job.status is JobStatus.QUEUED:
            # It waits behind another: whoever asks sees at once that it will not be read.
            work.job = cancelled(work.job, login)
        return work.job

    def _as_it_is(self, job: KeptJob) -> Job:
        with self._lock:
            live = self._live.get(job.id)
        if live is not None:
            return live.job.told()
        unfinished = job.status in OPEN
        return (interrupted(job) if unfinished and self._is_dead(job) else job).told()

    def _is_dead(self, job: KeptJob) -> bool:
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
        job = self._records.sign(key, self._now().astimezone(UTC))
        with self._lock:
            work = self._live.get(key)
            if work is None or job is None:
                return
            work.job = work.job.model_copy(update={"alive_at": job.alive_at})
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
            stayed = added.status in ("unchanged", "superseded", "withdrawn")
            report = report_of(extraction, added, kept_visibility=stayed and work.seen is not None)
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
            ended = failed(work.job, error.message, error.hint)
        except Exception:
            log.exception("job %s", key)
            ended = failed(
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
                # A former version may say what this one leaves out: it is as open as it was.
                write_visibility(connection, actor, key, seen, now, alone=True)

        added = self._store.add(
            extraction, data, recorded_at=now.astimezone(UTC), replaces=work.replaces,
            actor=actor.login, settle=settle,
        )  # fmt: skip
        if not work.settled:
            self._settle(work)  # nothing was written
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
        self._records.step(job)

    def _tell(self, work: _Work, done: int, total: int) -> None:
        with self._lock:
            work.job = work.job.model_copy(update={"done": done, "total": total})

    def _end(self, job: KeptJob) -> None:
        try:
            self._records.end(job)
        except DubanError:
            log.exception("the end of job %s could not be written", job.id)
        with self._lock:
            self._live.pop(job.id, None)


def remove_left_files(folder: Path) -> None:
    """Remove the files in an upload folder that no running process of this machine received."""
    for path in folder.glob("*.part") if folder.is_dir() else ():
        process = path.name.partition("-")[0]
        if not (process.isdecimal() and int(process) != os.getpid() and is_running(int(process))):
            path.unlink(missing_ok=True)


def _stopped(work: _Work) -> KeptJob:
    if work.ends_as is JobStatus.CANCELLED:
        return cancelled(work.job, work.ended_by)
    return interrupted(work.job)


def jobs_of(request: Request) -> Jobs:
    """The jobs of the running service."""
    found: Jobs = request.app.state.jobs
    return found


JobsOf = Annotated[Jobs, Depends(jobs_of)]

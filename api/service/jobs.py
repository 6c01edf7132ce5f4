"""Work that outlasts a request: reading a document, uploaded or in the store. One at a time; each job is a row of
the store with all it needs, so that it comes to its end whatever becomes of the process: whoever
starts next takes it up again, and a process that runs does once the one before is silent."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Annotated

from fastapi import Depends, Request

from api.repairing import check_repair
from api.service.job import Job, JobStatus, KeptJob, Order, cancelled, failed
from api.service.job_records import JobRecords
from api.service.job_work import Work, Worker
from api.service.owners import Owner
from api.service.uploads import look_at, remove_left_files
from ingest.apart import PATIENCE, StoppedError
from ingest.reader_version import reader_version
from ingest.recognising import MOST_PAGES
from kb.disk import disk_error
from kb.errors import ConflictError, DubanError, SecretError, SourceError
from kb.index import Report
from tasks.authorisation import Action, Actor, require
from tasks.rereading import check_older
from tasks.store import Store
from tasks.visibility import check_visibility

log = logging.getLogger("duban.service")
_SILENCE = timedelta(seconds=60)
"""A process that has not been heard of for so long works on nothing any more: twelve signs of life
that did not come."""


class Jobs:
    """The jobs of a store. Several processes may work on one store: a job is its owner's, who says
    every few seconds that it is still there.

    Args:
        store: where they are kept.
        folder: of the files that are being read.
        now: the present moment.
        index: brings the index in step and counts its passages; None leaves that to the next
            question.
        owner: what this process is called in the store.
        beat: seconds between two signs of life.
        patience: seconds that the reading of one file may take.
        pages, kept_pages: as `Settings.recognised_pages` and `kept_pages`.
        government: the home government, as settings name it.
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
        pages: int = MOST_PAGES,
        kept_pages: Path | None = None,
        government: str = "",
    ) -> None:
        self.folder = folder
        self._store, self._now = store, now
        self._records = JobRecords(store, now)
        self._owner = owner or Owner.here()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="duban-job")
        self._live: dict[str, Work] = {}
        self._lock = Lock()
        self._over = Event()
        self._worker = Worker(
            store, self._records, folder, now, self._over, index, patience, pages, kept_pages,
            government,
        )  # fmt: skip
        self._pulse = Thread(target=self._sign, args=(beat,), name="duban-jobs", daemon=True)
        self._pulse.start()

    def recover(self) -> None:
        """Remove the files that dead processes left; take up the jobs that they did not end."""
        remove_left_files(self.folder)
        for job in self._records.unfinished():
            if self._is_dead(job):
                self._take_up(job)

    def close(self) -> None:
        """End: what is being stored is finished; what is being read, waits or is indexed is left
        to whoever starts next."""
        self._over.set()
        with self._lock:
            for work in self._live.values():
                if not work.settled:
                    work.stop("released")
        self._pool.shutdown(wait=True, cancel_futures=True)
        for work in list(self._live.values()):
            work.leave = work.leave or "released"
            self._leave(work)
        self._pulse.join()
        self._owner.leave()

    def ingest(self, path: Path, order: Order) -> Job:
        """Queue the reading of a file, which is then removed: its bytes are in the store.

        Args:
            path: where its bytes are.
            order: what is asked of it.

        Raises:
            DeniedError: the actor may not bring documents.
            SecretError: the file is marked as secret: nothing of it is stored.
            DubanError: the order says nothing that can be, or the store cannot be written.
        """
        require(order.actor, Action.INGEST)
        if order.seen is not None:
            check_visibility(order.seen)
        try:
            look_at(path, order.name)
        except SecretError:
            path.unlink(missing_ok=True)
            raise
        work = self._queue(order, path.read_bytes)
        path.unlink(missing_ok=True)
        self._begin(work)
        return work.job.told()

    def refuse(self, order: Order, error: SourceError) -> Job:
        """A job of a file that is not read, which ends at once with the reason: nothing of the file is
        kept but its name.

        Raises:
            DeniedError: the actor may not bring documents.
        """
        require(order.actor, Action.INGEST)
        job = self._job(order)
        self._records.add(job, order, b"")
        ended = failed(job, error.message, error.hint)
        self._records.end(ended)
        return ended.told()

    def reread(self, actor: Actor, document_id: str) -> Job:
        """Queue the reading of a current document from its stored bytes; where that waits or goes on
        already, gives that job.

        Raises:
            DeniedError: the actor may not bring documents.
            NotFoundError: there is no such document.
            ConflictError: it is not current, or the reader that is installed read it.
            DubanError: the store cannot be written.
        """
        require(actor, Action.INGEST)
        name = check_older(self._store, document_id, reader_version())
        for job in self._records.unfinished():
            if job.rereads == document_id:
                return self._as_it_is(job)
        order = Order(actor=actor, name=name, reread=document_id)
        work = self._queue(order, lambda: self._store.source(document_id))
        self._begin(work)
        return work.job.told()

    def repair(
        self, actor: Actor, document_id: str, start: int, end: int, words: str, reason: str
    ) -> Job:
        """Queue the reading of a document with what a person says that its recognised characters from
        `start` to `end` are.

        Raises:
            DubanError: as `api.repairing.check_repair`, or the store cannot be written.
        """
        name, repair = check_repair(self._store, actor, document_id, start, end, words, reason)
        order = Order(actor=actor, name=name, reread=document_id, repair=repair)
        work = self._queue(order, lambda: self._store.source(document_id))
        self._begin(work)
        return work.job.told()

    def _job(self, order: Order) -> KeptJob:
        at = self._now().astimezone(UTC)
        return KeptJob(
            id=f"job-{secrets.token_hex(8)}", login=order.actor.login, name=order.name,
            kind="reread" if order.reread else "ingest", rereads=order.reread,
            status=JobStatus.QUEUED, at=at, owner=self._owner, alive_at=at,
            delivered=order.delivered,
        )  # fmt: skip

    def _queue(self, order: Order, data: Callable[[], bytes]) -> Work:
        job = self._job(order)
        work = Work(job, self._lock)
        with self._lock:  # first, so that it is not found in the store as one that nobody has
            self._live[job.id] = work
        try:
            self._records.add(job, order, data())
        except BaseException:
            self._forget(work)
            raise
        return work

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
            if work is not None and work.settled:
                raise ConflictError("文件已入库, 不能再取消 / the document is in the store already")
            # One that waits behind another is cancelled at once: whoever asks sees it.
            gone = work is not None and work.job.status is JobStatus.QUEUED
        if work is None:
            gone = self._is_dead(self._records.get(key))
        # In the store first: it is not taken up again if this process is killed now.
        job = self._records.unwant(key, actor.login, gone=gone)
        with self._lock:
            if work is not None:
                work.stop("cancelled", actor.login)
                if gone:
                    work.job = job
        return self._as_it_is(job)

    def _as_it_is(self, job: KeptJob) -> Job:
        with self._lock:
            live = self._live.get(job.id)
        return (live.job if live is not None else job).told()

    # ---- whose it is

    def _is_dead(self, job: KeptJob) -> bool:
        """Whether nobody works any more on a job that is not this process's own."""
        if job.owner is None or job.alive_at is None or job.owner.is_known_gone(self._owner):
            return True
        return self._now() - job.alive_at > _SILENCE

    def _sign(self, beat: float) -> None:
        """Say again and again that the jobs are worked on; see whether one is no longer wanted,
        or left by its owner."""
        while not self._over.wait(beat):
            try:
                with self._lock:
                    keys = list(self._live)
                for key in keys:
                    self._sign_one(key)
                for job in self._records.unfinished():
                    if self._is_dead(job):
                        self._take_up(job)
            except DubanError:
                log.exception("the jobs could not be marked")

    def _sign_one(self, key: str) -> None:
        job = self._records.sign(key, self._owner, self._now().astimezone(UTC))
        with self._lock:
            work = self._live.get(key)
            if work is None:
                return
            if job is None:
                work.stop("lost")
                return
            work.job = work.job.model_copy(update={"alive_at": job.alive_at})
            if job.unwanted_by is not None and not work.settled:
                work.stop("cancelled", job.unwanted_by)

    def _take_up(self, job: KeptJob) -> None:
        """Go on with a job that its owner left."""
        work = Work(job, self._lock)
        with self._lock:
            if job.id in self._live or self._over.is_set():
                return
            self._live[job.id] = work
        try:
            found = self._records.take_up(job, self._owner, self._now().astimezone(UTC))
        except BaseException:
            self._forget(work)
            raise
        if found is None:
            self._forget(work)
            return
        log.warning("job %s is taken up again", job.id)
        with self._lock:
            work.job = found
        self._begin(work)

    def _begin(self, work: Work) -> None:
        try:
            self._pool.submit(self._run, work)
        except RuntimeError:  # this process ends: whoever starts next goes on
            with self._lock:
                work.stop("released")
            self._leave(work)

    # ---- the work

    def _run(self, work: Work) -> None:
        secret = False
        try:
            ended = self._worker.run(work)
        except StoppedError:
            self._leave(work)
            return
        except SecretError as error:  # the look before it was queued took too long
            secret = True
            ended = failed(work.job, error.message, error.hint)
        except DubanError as error:
            ended = failed(work.job, error.message, error.hint)
        except Exception as error:
            log.exception("job %s", work.job.id)
            fault = disk_error(error, self.folder)
            said = "服务出错, 已记入日志 / the service failed; it is in the log"
            ended = failed(work.job, *((fault.message, fault.hint) if fault else (said, "")))
        try:
            self._records.end(ended)  # with which its bytes go
            if secret:
                self._store.erase_freed()
        except DubanError:
            # It is then one that nobody has, and taken up again, as often as any.
            log.exception("the end of job %s could not be written", work.job.id)
        self._forget(work)

    def _leave(self, work: Work) -> None:
        """End what was stopped before its end."""
        try:
            if work.leave == "cancelled":
                self._records.end(cancelled(work.job, work.ended_by))
            elif work.leave != "lost":
                self._records.release(self._unbegun(work.job))
        except DubanError:
            log.exception("job %s could not be left", work.job.id)
        self._forget(work)

    @staticmethod
    def _unbegun(job: KeptJob) -> KeptJob:
        """What this process leaves in good order was not cut off by the file."""
        begun = job.status is JobStatus.RUNNING
        return job.model_copy(update={"attempts": job.attempts - begun})

    def _forget(self, work: Work) -> None:
        with self._lock:
            self._live.pop(work.job.id, None)


def jobs_of(request: Request) -> Jobs:
    """The jobs of the running service."""
    found: Jobs = request.app.state.jobs
    return found


JobsOf = Annotated[Jobs, Depends(jobs_of)]

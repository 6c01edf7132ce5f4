"""Work that outlasts a request: reading a document, uploaded or in the store. One at a time; each job is a row of
the store with all it needs, so that it comes to its end whatever becomes of the process: whoever
starts next takes it up again, and a process that runs does once the one before is silent."""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Annotated, Literal

from fastapi import Depends, Request
from sqlalchemy import Connection

from api.repairing import check_repair
from api.service.job_records import (
    IngestReport,
    Job,
    JobRecords,
    JobStatus,
    KeptJob,
    Order,
    added_of,
    cancelled,
    failed,
    given_up,
    report_of,
    reread_of,
)
from api.service.owners import Owner, is_running
from ingest.apart import PATIENCE, ReaderFailedError, Reading, StoppedError
from ingest.reader_version import reader_version
from ingest.readers import detect_media_type, read_bytes
from ingest.readers.kinds import CSV, HTML, MARKDOWN, TEXT
from ingest.readers.recorded import repair_recorded
from ingest.recognising import MOST_PAGES
from kb.disk import disk_error
from kb.errors import ConflictError, DubanError, SecretError, SourceError, joined
from kb.index import Report
from tasks.authorisation import Action, Actor, require
from tasks.models import Extraction
from tasks.rereading import check_older, reread_document
from tasks.store import Added, Store, replaced_by
from tasks.visibility import check_visibility, write_visibility

log = logging.getLogger("duban.service")
_SILENCE = timedelta(seconds=60)
"""A process that has not been heard of for so long works on nothing any more: twelve signs of life
that did not come."""
_ATTEMPTS = 2
"""A file whose reading was cut off so often is given up: it may be what ends the reader, or the
whole service with it."""
_LOOK = 20.0
"""Seconds for a look at a file before it is stored; one that takes longer is looked at by its job, and
where that finds it marked its bytes are erased with the refusal."""
_SHORT = 2_000_000
_TEXTS = frozenset({TEXT, MARKDOWN, CSV, HTML})
_UNINDEXED = "文件已入库, 索引未更新 / the document is in the store, the index is not in step"


class _Work:
    """A job that this process works on. `leave` says why it is stopped: by somebody, since this
    process ends (whoever starts next goes on), or since it is another process's meanwhile.
    `settled` once its document goes into the store, after which nobody stops it."""

    def __init__(self, job: KeptJob) -> None:
        self.job = job
        self.reading: Reading | None = None
        self.leave: Literal["cancelled", "released", "lost"] | None = None
        self.ended_by = ""
        self.settled = job.stored is not None

    def stop(self, why: Literal["cancelled", "released", "lost"], login: str = "") -> None:
        """Stop it; the lock is held."""
        if self.leave is None:
            self.leave, self.ended_by = why, login
        if self.reading is not None:
            self.reading.stop()


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
        self._store, self._now, self._index = store, now, index
        self._records, self._patience = JobRecords(store, now), patience
        self._pages, self._kept = pages, kept_pages
        self._government = government
        self._owner = owner or Owner.here()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="duban-job")
        self._live: dict[str, _Work] = {}
        self._lock = Lock()
        self._over = Event()
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
            _refuse_secret(path, order.name)
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

    def _queue(self, order: Order, data: Callable[[], bytes]) -> _Work:
        job = self._job(order)
        work = _Work(job)
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
        work = _Work(job)
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

    def _begin(self, work: _Work) -> None:
        try:
            self._pool.submit(self._run, work)
        except RuntimeError:  # this process ends: whoever starts next goes on
            with self._lock:
                work.stop("released")
            self._leave(work)

    # ---- the work

    def _run(self, work: _Work) -> None:
        secret = False
        try:
            ended = self._work_on(work)
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

    def _work_on(self, work: _Work) -> KeptJob:
        """Read, store, index; what was done before is not done again."""
        again = work.job.attempts
        if again >= _ATTEMPTS and work.job.stored is None:
            return given_up(work.job)
        if work.job.stored is None:
            order, data = self._records.needs(work.job.id)
            self._read(work, order, data)
        else:
            self._step(work, status=JobStatus.RUNNING, stage="indexing", attempts=again + 1)
        if work.job.report is None:
            self._tell(work, report=self._told_again(work.job))
        if again < _ATTEMPTS:
            self._bring_in_step(work)
        return work.job.model_copy(update={"status": JobStatus.DONE, "stage": "finished"})

    def _read(self, work: _Work, order: Order, data: bytes) -> None:
        while True:
            attempts = work.job.attempts + 1
            self._step(work, status=JobStatus.RUNNING, stage="reading", attempts=attempts)
            try:
                with self._file(data) as path:
                    with self._lock:
                        if work.leave is not None:
                            raise StoppedError("已停止 / stopped")
                        work.reading = Reading(
                            path, order.name, self._patience, most=self._pages, keep=self._kept
                        )
                    again = order.reread
                    known = self._store.recognised(again) if again is not None else None
                    if known is not None and order.repair is not None:
                        known = repair_recorded(known, order.repair.span, order.repair.words)
                    extraction = work.reading.extract(known)
                break
            except ReaderFailedError as error:
                log.exception("job %s", work.job.id)
                if attempts >= _ATTEMPTS:
                    raise _too_often(work.job, error) from error
        self._step(work, stage="storing")
        self._add(work, order, data, extraction)

    def _add(self, work: _Work, order: Order, data: bytes, extraction: Extraction) -> None:
        now = self._now()

        def settle(connection: Connection, key: str) -> None:
            # In the transaction: the document is never open for a moment, a job stopped so far
            # leaves nothing, and one that goes on after a crash knows that this was done.
            self._settle(work)
            self._records.settle(connection, work.job.model_copy(update={"stored": key}))
            if order.seen is not None:
                # A former version may say what this one leaves out: it is as open as it was.
                write_visibility(connection, order.actor, key, order.seen, now, alone=True)

        again = None
        if order.reread is not None:
            again = reread_document(
                self._store, order.actor, order.reread, lambda _data, _name, _recognised: extraction,
                reader=reader_version(), at=now.astimezone(UTC), government=self._government,
                settle=settle, repair=order.repair,
            )  # fmt: skip
            added = added_of(again)
        else:
            added = self._store.add(
                extraction, data, recorded_at=now.astimezone(UTC), actor=order.actor.login,
                replaces=order.replaces, settle=settle, government=self._government,
                reader=reader_version(),
            )  # fmt: skip
        stayed = added.status in ("unchanged", "superseded", "withdrawn")
        kept = stayed and order.seen is not None
        report = report_of(extraction, added, kept_visibility=kept)
        if again is not None:
            report = report.model_copy(update={"reread": reread_of(again)})
        self._tell(work, report=report)
        if not work.settled:
            self._settle(work)  # nothing was written
        self._step(work, stage="indexing", stored=added.document_id)

    def _bring_in_step(self, work: _Work) -> None:
        """The document is in the store: whatever becomes of the index, which is only a projection
        of it, the job is done, and says so."""
        report = work.job.report
        if report is None or self._index is None:
            return
        try:
            indexed = self._index(lambda _, done, total: self._count(work, done, total))
        except StoppedError:
            raise
        except DubanError as error:
            log.exception("the index after job %s", work.job.id)
            self._tell(work, hint=joined(_UNINDEXED, error.message))
        else:
            self._tell(work, report=report.model_copy(update={"indexed": indexed}))

    def _told_again(self, job: KeptJob) -> IngestReport:
        """What a job that was cut off after its document was stored had read."""
        key = job.stored or ""
        former = replaced_by(self._store, key)
        added = Added(
            document_id=key, status="new-version" if former else "added", superseded=former
        )
        if job.rereads is not None:
            changed = key != job.rereads
            added = Added(
                document_id=key, status="re-read" if changed else "unchanged",
                superseded=job.rereads if changed else None,
            )  # fmt: skip
        return report_of(self._store.load(key), added, kept_visibility=False)

    @contextmanager
    def _file(self, data: bytes) -> Iterator[Path]:
        """The bytes as a file for the reader, as only we may read it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{os.getpid()}-{secrets.token_hex(16)}.part"
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(data)
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _settle(self, work: _Work) -> None:
        """From here on the job goes to its end.

        Raises:
            StoppedError: it was stopped before.
        """
        with self._lock:
            if work.leave is not None:
                raise StoppedError("已停止 / stopped")
            work.settled = True

    def _step(self, work: _Work, **changes: object) -> None:
        with self._lock:
            if work.leave is not None and not work.settled:
                raise StoppedError("已停止 / stopped")
            job = work.job = work.job.model_copy(update=changes)
        self._records.step(job)

    def _count(self, work: _Work, done: int, total: int) -> None:
        if self._over.is_set():
            raise StoppedError("已停止 / stopped")  # the index is a projection: it can wait
        self._tell(work, done=done, total=total)

    def _tell(self, work: _Work, **changes: object) -> None:
        with self._lock:
            work.job = work.job.model_copy(update=changes)

    def _leave(self, work: _Work) -> None:
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

    def _forget(self, work: _Work) -> None:
        with self._lock:
            self._live.pop(work.job.id, None)


def _refuse_secret(path: Path, name: str) -> None:
    """Look at a file before any of its bytes is in the store; what else is wrong with it its job will
    tell. Short text is looked at here, for which no process is started.

    Raises:
        SecretError: it is marked as secret.
    """
    try:
        data = path.read_bytes()
        if len(data) <= _SHORT and detect_media_type(data, name) in _TEXTS:
            read_bytes(data, name)
        else:
            Reading(path, name, _LOOK).look()
    except SecretError:
        raise
    except (SourceError, ReaderFailedError):
        return


def _too_often(job: KeptJob, error: ReaderFailedError) -> DubanError:
    told = given_up(job, str(error).partition(":")[0])
    return DubanError(told.error or "", hint=told.hint or "")


def remove_left_files(folder: Path) -> None:
    """Remove the files in an upload folder that no running process of this machine received. One
    with our number that is older than we are is of a process that had it before us."""
    for path in folder.glob("*.part") if folder.is_dir() else ():
        process = path.name.partition("-")[0]
        if process == str(os.getpid()):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < _BEGAN:
                    path.unlink(missing_ok=True)
        elif not (process.isdecimal() and is_running(int(process))):
            path.unlink(missing_ok=True)


_BEGAN = time.time() - 1.0
"""When this process began to receive files, with a second for the file system's clock."""


def jobs_of(request: Request) -> Jobs:
    """The jobs of the running service."""
    found: Jobs = request.app.state.jobs
    return found


JobsOf = Annotated[Jobs, Depends(jobs_of)]

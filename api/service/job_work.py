"""The work on one job: its file is read, stored and indexed; what was done before a process died is not
done again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock
from typing import Literal

from sqlalchemy import Connection

from api.service.job import (
    IngestReport,
    JobStatus,
    KeptJob,
    Order,
    added_of,
    given_up,
    report_of,
    reread_of,
)
from api.service.job_records import JobRecords
from api.service.uploads import keep_bytes
from ingest.apart import PATIENCE, ReaderFailedError, Reading, StoppedError
from ingest.reader_version import reader_version
from ingest.readers.recorded import repair_recorded
from ingest.recognising import MOST_PAGES
from kb.errors import DubanError, joined
from kb.index import Report
from tasks.adding import Added
from tasks.models import Extraction
from tasks.rereading import reread_document
from tasks.store import Store, replaced_by
from tasks.visibility import write_visibility

log = logging.getLogger("duban.service")
_ATTEMPTS = 2
"""A file whose reading was cut off so often is given up: it may be what ends the reader, or the
whole service with it."""
_UNINDEXED = "文件已入库, 索引未更新 / the document is in the store, the index is not in step"


class Work:
    """A job that this process works on; `lock` is over all of them. `leave` says why it is stopped: by
    somebody, since this process ends (whoever starts next goes on), or since it is another process's
    meanwhile. `settled` once its document goes into the store, after which nobody stops it."""

    def __init__(self, job: KeptJob, lock: Lock) -> None:
        self.job = job
        self.leave: Literal["cancelled", "released", "lost"] | None = None
        self.ended_by = ""
        self.settled = job.stored is not None
        self._lock = lock
        self._reading: Reading | None = None

    def stop(self, why: Literal["cancelled", "released", "lost"], login: str = "") -> None:
        """Stop it; the lock is held."""
        if self.leave is None:
            self.leave, self.ended_by = why, login
        if self._reading is not None:
            self._reading.stop()

    def reads(self, reading: Reading) -> None:
        """Its file is going to be read so, unless it was stopped.

        Raises:
            StoppedError: it was.
        """
        with self._lock:
            self._go_on()
            self._reading = reading

    def settle(self) -> None:
        """From here on the job goes to its end.

        Raises:
            StoppedError: it was stopped before.
        """
        with self._lock:
            self._go_on()
            self.settled = True

    def step(self, **changes: object) -> KeptJob:
        """It has come further.

        Raises:
            StoppedError: it was stopped, and is not settled.
        """
        with self._lock:
            if not self.settled:
                self._go_on()
            self.job = self.job.model_copy(update=changes)
            return self.job

    def tell(self, **changes: object) -> None:
        """What whoever asks is told of it."""
        with self._lock:
            self.job = self.job.model_copy(update=changes)

    def _go_on(self) -> None:
        if self.leave is not None:
            raise StoppedError("已停止 / stopped")


@dataclass(frozen=True, slots=True)
class Worker:
    """What works on jobs; as `api.service.jobs.Jobs` has the arguments. `over` is set once this process
    ends."""

    store: Store
    records: JobRecords
    folder: Path
    now: Callable[[], datetime]
    over: Event
    index: Callable[[Report], int] | None = None
    patience: float = PATIENCE
    pages: int = MOST_PAGES
    kept_pages: Path | None = None
    government: str = ""

    def run(self, work: Work) -> KeptJob:
        """Read, store, index; what was done before is not done again."""
        again = work.job.attempts
        if again >= _ATTEMPTS and work.job.stored is None:
            return given_up(work.job)
        if work.job.stored is None:
            order, data = self.records.needs(work.job.id)
            self._read(work, order, data)
        else:
            self._step(work, status=JobStatus.RUNNING, stage="indexing", attempts=again + 1)
        if work.job.report is None:
            work.tell(report=self._told_again(work.job))
        if again < _ATTEMPTS:
            self._bring_in_step(work)
        return work.job.model_copy(update={"status": JobStatus.DONE, "stage": "finished"})

    def _read(self, work: Work, order: Order, data: bytes) -> None:
        while True:
            attempts = work.job.attempts + 1
            self._step(work, status=JobStatus.RUNNING, stage="reading", attempts=attempts)
            try:
                with self._file(data) as path:
                    reading = Reading(
                        path, order.name, self.patience, most=self.pages, keep=self.kept_pages
                    )
                    work.reads(reading)
                    again = order.reread
                    known = self.store.recognised(again) if again is not None else None
                    if known is not None and order.repair is not None:
                        known = repair_recorded(known, order.repair.span, order.repair.words)
                    extraction = reading.extract(known)
                break
            except ReaderFailedError as error:
                log.exception("job %s", work.job.id)
                if attempts >= _ATTEMPTS:
                    raise _too_often(work.job, error) from error
        self._step(work, stage="storing")
        self._add(work, order, data, extraction)

    def _add(self, work: Work, order: Order, data: bytes, extraction: Extraction) -> None:
        now = self.now()

        def settle(connection: Connection, key: str) -> None:
            # In the transaction: the document is never open for a moment, a job stopped so far
            # leaves nothing, and one that goes on after a crash knows that this was done.
            work.settle()
            self.records.settle(connection, work.job.model_copy(update={"stored": key}))
            if order.seen is not None:
                # A former version may say what this one leaves out: it is as open as it was.
                write_visibility(connection, order.actor, key, order.seen, now, alone=True)

        again = None
        if order.reread is not None:
            again = reread_document(
                self.store, order.actor, order.reread, lambda _data, _name, _recognised: extraction,
                reader=reader_version(), at=now.astimezone(UTC), government=self.government,
                settle=settle, repair=order.repair,
            )  # fmt: skip
            added = added_of(again)
        else:
            added = self.store.add(
                extraction, data, recorded_at=now.astimezone(UTC), actor=order.actor.login,
                replaces=order.replaces, settle=settle, government=self.government,
                reader=reader_version(),
            )  # fmt: skip
        stayed = added.status in ("unchanged", "superseded", "withdrawn")
        kept = stayed and order.seen is not None
        report = report_of(extraction, added, kept_visibility=kept)
        if again is not None:
            report = report.model_copy(update={"reread": reread_of(again)})
        work.tell(report=report)
        if not work.settled:
            work.settle()  # nothing was written
        self._step(work, stage="indexing", stored=added.document_id)

    def _bring_in_step(self, work: Work) -> None:
        """The document is in the store: whatever becomes of the index, which is only a projection
        of it, the job is done, and says so."""
        report = work.job.report
        if report is None or self.index is None:
            return
        try:
            indexed = self.index(lambda _, done, total: self._count(work, done, total))
        except StoppedError:
            raise
        except DubanError as error:
            log.exception("the index after job %s", work.job.id)
            work.tell(hint=joined(_UNINDEXED, error.message))
        else:
            work.tell(report=report.model_copy(update={"indexed": indexed}))

    def _told_again(self, job: KeptJob) -> IngestReport:
        """What a job that was cut off after its document was stored had read."""
        key = job.stored or ""
        former = replaced_by(self.store, key)
        added = Added(
            document_id=key, status="new-version" if former else "added", superseded=former
        )
        if job.rereads is not None:
            changed = key != job.rereads
            added = Added(
                document_id=key, status="re-read" if changed else "unchanged",
                superseded=job.rereads if changed else None,
            )  # fmt: skip
        return report_of(self.store.load(key), added, kept_visibility=False)

    def _step(self, work: Work, **changes: object) -> None:
        self.records.step(work.step(**changes))

    def _count(self, work: Work, done: int, total: int) -> None:
        if self.over.is_set():
            raise StoppedError("已停止 / stopped")  # the index is a projection: it can wait
        work.tell(done=done, total=total)

    @contextmanager
    def _file(self, data: bytes) -> Iterator[Path]:
        """The bytes as a file for the reader."""
        path = keep_bytes(data, self.folder)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


def _too_often(job: KeptJob, error: ReaderFailedError) -> DubanError:
    told = given_up(job, str(error).partition(":")[0])
    return DubanError(told.error or "", hint=told.hint or "")

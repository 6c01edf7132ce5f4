"""What the store keeps of a job, and how it may change there.

Several processes look at one job: its owner, who works on it; one that asks for its end; one that
finds its owner gone and takes it up. Each change looks at the row and writes it in one transaction;
what has ended stays as it ended, and only its owner takes a job further. What a job needs (the
bytes, what was asked of them) is in the store from the moment that it is, until it ends.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, update

from api.relating import relate_stored
from api.service.job import OPEN, Delivered, JobStatus, KeptJob, Order, cancelled, interrupted
from api.service.owners import Owner
from ingest.apart import StoppedError
from kb.errors import ConflictError, NotFoundError
from tasks import schema
from tasks.store import Store, as_utc

_STORED = "文件已入库, 不能再取消 / the document is in the store already"


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

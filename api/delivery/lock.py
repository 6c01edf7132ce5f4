"""One process at a time: who sends, and who leads the weekly schedule."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from api.settings import Settings
from kb.errors import StoreError, both


@contextmanager
def only_one(settings: Settings, name: str) -> Iterator[bool]:
    """Hold the right called `name` over the settings' store; gives whether it was to be had.

    On SQLite a lock on a file beside it, on PostgreSQL an advisory lock of a session: both end
    with the process that holds them, however it ends. A server that is restarted forgets its
    sessions, so whoever relies on the right must also check each step in the store.

    Raises:
        StoreError: the lock cannot be asked for.
    """
    file = settings.store_file
    held = _hold_file(file, name) if file else _hold_session(make_url(settings.store_url), name)
    with held as mine:
        yield mine


@contextmanager
def _hold_file(file: Path, name: str) -> Iterator[bool]:
    # Not bound to a thread: the scheduler takes it in one and gives it back in another.
    lock = FileLock(f"{file}.{name}.lock", thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    except OSError as error:
        raise StoreError(both("锁不住", "cannot be locked", error), path=file) from error
    try:
        yield True
    finally:
        lock.release()


@contextmanager
def _hold_session(url: URL, name: str) -> Iterator[bool]:
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    number = zlib.crc32(f"duban.{name}".encode())
    try:
        connection = create_engine(url, poolclass=NullPool).connect()
    except (SQLAlchemyError, ImportError) as error:
        raise StoreError(both("锁不住", "cannot be locked", error), path=url.database) from error
    try:
        try:
            held = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:n)"), {"n": number}))
            # Ending the transaction keeps the lock: it belongs to the session.
            connection.commit()
        except SQLAlchemyError as error:
            raise StoreError(
                both("锁不住", "cannot be locked", error), path=url.database
            ) from error
        try:
            yield held
        finally:
            # Said, not left to the end of the session: the server hears of that a little later.
            with suppress(SQLAlchemyError):
                connection.scalar(text("SELECT pg_advisory_unlock_all()"))
    finally:
        connection.invalidate()  # closes it, whether the server is still there or not
        connection.close()

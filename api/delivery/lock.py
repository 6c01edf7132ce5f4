"""One process at a time: who sends, and who leads the weekly schedule."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from api.settings import Settings
from kb.errors import StoreError


@contextmanager
def only_one(settings: Settings, name: str) -> Iterator[bool]:
    """Hold the right called `name` over the settings' store; gives whether it was to be had.

    On SQLite a lock on a file beside it, on PostgreSQL an advisory lock of a session: both end
    with the process that holds them, however it ends.

    Raises:
        StoreError: the lock cannot be asked for.
    """
    file = settings.store_file
    if file is not None:
        lock = FileLock(f"{file}.{name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        except OSError as error:
            raise StoreError(f"锁不住 / cannot be locked: {error}", path=file) from error
        try:
            yield True
        finally:
            lock.release()
        return
    number = zlib.crc32(f"duban.{name}".encode())
    try:
        engine = create_engine(settings.store_url, poolclass=NullPool)
        with engine.connect() as connection:
            held = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:n)"), {"n": number}))
            # Ending the transaction keeps the lock: it belongs to the session.
            connection.commit()
            yield held
    except SQLAlchemyError as error:
        raise StoreError(f"锁不住 / cannot be locked: {error}") from error

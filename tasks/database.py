"""The database of the store: opened, migrated, read and written in transactions, one writer at a time."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.exc import DatabaseError, DataError, SQLAlchemyError

from kb.disk import disk_fault, is_full
from kb.errors import StoreError
from tasks import schema
from tasks.document_rows import write_duties
from tasks.fields import FieldError
from tasks.migrations import is_current, upgrade
from tasks.read_only import ReadOnlyFile
from tasks.versions import load_corrected

_WRITER = 0x6475_6261_6E
"""The advisory lock of writers on PostgreSQL (the letters of duban)."""
_PATIENCE = 60
"""Seconds that a writer waits for the one before it: a new version of a document of 6,000 duties
takes 22 on two busy cores."""


class Database:
    """Tables at a SQLAlchemy URL. Use `open`; a context manager."""

    def __init__(self, engine: Engine, file: ReadOnlyFile | None = None) -> None:
        self._engine = engine
        self._file = file

    @classmethod
    def open(cls, url: str, *, migrate: bool = True) -> Self:
        """Open the store at a SQLAlchemy URL; makes and migrates it where needed, unless `migrate`
        is false: then it is as it is.

        A file in a folder that cannot be written (a read-only mount), or on a full disk, is opened
        for reading, see `tasks.read_only`.

        A PostgreSQL store is `postgresql://user@host/database` (psycopg is the driver).

        Raises:
            StoreError: it cannot be opened, written or is no store; names the file or database.
        """
        path, fixed = None, None
        try:
            address = make_url(url)
            if address.drivername in ("postgres", "postgresql"):
                address = address.set(drivername="postgresql+psycopg")
            path = address.database
            if _is_file(address) and path and path != ":memory:" and not path.startswith("file:"):
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                fixed = ReadOnlyFile.find(Path(path))
            engine = _engine_of(address, fixed)
        except ImportError as error:
            raise StoreError(
                f"缺少数据库驱动 / the database's driver is missing: {error.name}",
                hint="pip install 'duban[postgresql]'",
            ) from error
        except (SQLAlchemyError, OSError) as error:
            raise _store_error(error, path) from error
        store = cls(engine, fixed)
        try:
            current = store._is_current()
            if migrate and not current:
                store._migrate()
        except BaseException:
            store.close()
            raise
        return store

    def _is_current(self) -> bool:
        """Whether the tables are up to date; the first thing that is read. Where the disk is full, a
        file that is there is read from here on without what SQLite would write for that."""
        try:
            with self.reading() as connection:
                return is_current(connection)
        except StoreError as error:
            path = self._engine.url.database
            if not _is_file(self._engine.url) or self._file is not None or not path:
                raise
            if not (is_full(error, path) and Path(path).is_file() and Path(path).stat().st_size):
                raise
            try:
                self._use(ReadOnlyFile.find_full(Path(path)))
            except (sqlite3.Error, OSError):
                raise error from None
            with self.reading() as connection:
                return is_current(connection)

    def _use(self, file: ReadOnlyFile | None) -> None:
        """Open the same store in another way."""
        self._engine.dispose()
        self._engine, self._file = _engine_of(self._engine.url, file), file

    def _migrate(self) -> None:
        """Bring the tables up to date, under the right to write, so that of two who open a new
        store one makes it."""
        with self.writing(remake=True) as connection:
            rewrite = upgrade(connection)
            known = connection.scalars(select(schema.document.c.id)).all() if rewrite else ()
            for document_id in known:
                write_duties(connection, load_corrected(connection, document_id))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def erase_freed(self, *, everywhere: bool = False) -> None:
        """See that nothing stays in the store's files of the bytes of jobs that were deleted, or
        (`everywhere`) of any row: call it once that is committed. SQLite overwrites what is deleted,
        but its log still has what was written, and pages may have copies of rows that were moved;
        PostgreSQL keeps deleted rows until the table is written anew. What a server or a file system
        keeps below that is beyond reach.

        Raises:
            StoreError: the store cannot be written, or somebody reads it all the time.
        """
        tables = schema.metadata.tables if everywhere else [schema.job_input.name]
        try:
            with self._engine.connect() as connection:
                alone = connection.execution_options(isolation_level="AUTOCOMMIT")
                if connection.dialect.name == "sqlite":
                    if everywhere:
                        alone.exec_driver_sql("VACUUM")
                    busy = alone.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
                    if everywhere and busy:
                        raise sqlite3.OperationalError("database is locked")
                    return
                alone.exec_driver_sql(f"VACUUM FULL {', '.join(tables)}")
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise _store_error(error, self._engine.url.database) from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads: all its queries see the store as it was at one moment."""
        with self._transaction("BEGIN", "REPEATABLE READ") as connection:
            yield connection
        if self._file is not None:
            self._file.check()

    def check_writable(self) -> None:
        """Check, before long work whose result is to be stored, that the store can be written as
        far as that can be told.

        Raises:
            StoreError: it is a file in a folder in which nothing can be written, or on a full disk.
        """
        if self._file is not None and self._file.full:
            refused = sqlite3.OperationalError("database or disk is full")
            if is_full(OSError(), self._file.path):
                raise _store_error(refused, str(self._file.path))
            self._use(None)  # there is room again
        elif self._file is not None:
            refused = sqlite3.OperationalError("attempt to write a readonly database")
            raise _store_error(refused, str(self._file.path))

    @contextmanager
    def writing(self, *, remake: bool = False) -> Iterator[Connection]:
        """A transaction that holds the right to write from its start: one writer at a time, so
        that the audit log has one end. Rolled back by any exception. With `remake`, tables may be
        made anew: SQLite would delete what refers to the rows of the one that goes."""
        self.check_writable()
        # READ COMMITTED: what the writer before this one committed must be seen after the wait.
        with self._transaction("BEGIN IMMEDIATE", "READ COMMITTED", remake=remake) as connection:
            if connection.dialect.name != "sqlite":
                connection.execute(select(func.pg_advisory_xact_lock(_WRITER)))
            yield connection

    @contextmanager
    def _transaction(
        self, begin: str, isolation: IsolationLevel, *, remake: bool = False
    ) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection, _unreferred(connection, remake):
                if connection.dialect.name != "sqlite":
                    connection.execution_options(isolation_level=isolation)
                with connection.begin():
                    if connection.dialect.name == "sqlite":
                        # Python's driver would begin only at the first change.
                        connection.exec_driver_sql(begin)
                    yield connection
        except DataError as error:
            raise FieldError(
                "有数据库不能保存的字符或数 / it holds characters or a number that no database keeps"
            ) from error
        except SQLAlchemyError as error:
            if self._file is not None:
                self._file.check()
            raise _store_error(error, self._engine.url.database) from error


def _engine_of(address: URL, file: ReadOnlyFile | None) -> Engine:
    more: dict[str, Any] = {"creator": file.connect} if file else {}
    engine = create_engine(address, pool_pre_ping=not _is_file(address), **more)
    if _is_file(address):
        event.listen(engine, "connect", _read_pragmas if file else _pragmas)
    return engine


@contextmanager
def _unreferred(connection: Connection, wanted: bool) -> Iterator[None]:
    """On SQLite, if `wanted`, references between tables are looked at afterwards only: the switch
    does nothing inside a transaction."""
    if not wanted or connection.dialect.name != "sqlite":
        yield
        return
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    connection.rollback()
    try:
        yield
    finally:
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        connection.rollback()


def _is_file(address: URL) -> bool:
    return address.get_backend_name() == "sqlite"


def _read_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_PATIENCE * 1000}")
    cursor.execute("PRAGMA foreign_keys=ON")
    # What is sorted or checked by the way needs no room on a disk that may have none.
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.close()


def _pragmas(connection: Any, record: object) -> None:
    _read_pragmas(connection, record)
    cursor = connection.cursor()
    cursor.execute("PRAGMA secure_delete=ON")  # see `Store.erase_freed`
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()


_UNSAID = ("disk I/O error", "unable to open database file", "readonly database")
"""What SQLite says of a disk whose state it did not ask for."""


def _store_error(error: Exception, path: str | None) -> StoreError:
    reason = str(error.orig) if isinstance(error, DatabaseError) else str(error)
    file = path and Path(path)
    if file and file.is_dir():
        return StoreError(
            "库的位置是一个目录, 要写明文件名 / the store's place is a folder; name a file in it",
            hint="--store 目录/duban.db / --store FOLDER/duban.db",
            path=path,
        )
    unsaid = any(words in reason for words in _UNSAID)
    if fault := disk_fault(error, file if file and unsaid else None):
        return StoreError(fault[0], hint=fault[1], path=path)
    if file and "unable to open" in reason:
        there = file if file.exists() else file.parent
        if not os.access(there, os.R_OK):
            return StoreError(
                "没有读取库文件的权限 / the store may not be read",
                hint="请检查文件和目录的权限 / check the permissions of the file and its folder",
                path=path,
            )
        if not os.access(there, os.W_OK) or not os.access(file.parent, os.W_OK):
            reason = "readonly"
    if "readonly" in reason:
        return StoreError(
            "库文件只读, 不能写入 / the store is read-only",
            hint="请检查文件和目录的权限 / check the permissions of the file and its folder",
            path=path,
        )
    if "not a database" in reason or "malformed" in reason or "corrupt" in reason:
        return StoreError(
            "库文件已损坏或不是 duban 的库 / the store is corrupt or no store of duban",
            hint="请用备份恢复, 或用 --store 另指一个 / restore a backup or name another by --store",
            path=path,
        )
    if "database is locked" in reason:
        return StoreError(
            f"库正被别的进程写入, 等了 {_PATIENCE} 秒 / the store is being written by another process",
            hint="请稍后再试 / try again later",
            path=path,
        )
    return StoreError(f"库打不开 / cannot use the store: {reason}", path=path)

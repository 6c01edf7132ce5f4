"""The store: the one system of record, on SQLAlchemy. Adding a document is one transaction."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.exc import DatabaseError, DataError, SQLAlchemyError

from kb.disk import disk_fault
from kb.errors import NotFoundError, StoreError
from kb.models import Document, Fact
from tasks import audit, schema
from tasks.audit import Change
from tasks.corrections import apply_corrections
from tasks.due import rows_of
from tasks.fields import FieldError
from tasks.migrations import is_current, upgrade
from tasks.models import Certainty, Extraction
from tasks.undated import track_undated
from tasks.units import jurisdiction_of, unit_key
from tasks.versions import carry_over, keep_visibility, read_corrections

_WRITER = 0x6475_6261_6E
"""The advisory lock of writers on PostgreSQL (the letters of duban)."""
_PATIENCE = 60
"""Seconds that a writer waits for the one before it: a new version of a document of 6,000 duties
takes 22 on two busy cores."""
_PARTS = ("plans", "clauses", "tasks", "members", "policies", "repairs", "warnings")


class Added(Fact):
    """What adding a document did. `superseded` is the id of the version that it replaced;
    `withdrawn`: these bytes were withdrawn, which only `tasks.withdrawal` undoes: nothing changed."""

    document_id: str
    status: Literal["added", "unchanged", "new-version", "withdrawn"]
    superseded: str | None = None


class StoredDocument(Fact):
    """A document in the store (without its text), its version and when it was recorded (UTC)."""

    document: Document
    version: int
    recorded_at: datetime
    superseded_by: str | None
    withdrawn_at: datetime | None = None


class Store:
    """Documents and the facts drawn from them. Use `Store.open`; a context manager."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the store at a SQLAlchemy URL; makes and migrates it where needed.

        A PostgreSQL store is `postgresql://user@host/database` (psycopg is the driver).

        Raises:
            StoreError: it cannot be opened, written or is no store; names the file or database.
        """
        path = None
        try:
            address = make_url(url)
            if address.drivername in ("postgres", "postgresql"):
                address = address.set(drivername="postgresql+psycopg")
            path = address.database
            if _is_file(address) and path and path != ":memory:" and not path.startswith("file:"):
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            engine = create_engine(address, pool_pre_ping=not _is_file(address))
        except ImportError as error:
            raise StoreError(
                f"缺少数据库驱动 / the database's driver is missing: {error.name}",
                hint="pip install 'duban[postgresql]'",
            ) from error
        except (SQLAlchemyError, OSError) as error:
            raise _store_error(error, path) from error
        if _is_file(address):
            event.listen(engine, "connect", _pragmas)
        store = cls(engine)
        try:
            with store.reading() as connection:
                current = is_current(connection)
            if not current:
                # Under the right to write, so that of two who open a new store one makes it.
                with store.writing() as connection:
                    rewrite = upgrade(connection)
                    for document_id in _all_documents(connection) if rewrite else ():
                        write_duties(connection, _load(connection, document_id))
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(
        self,
        extraction: Extraction,
        source: bytes,
        *,
        recorded_at: datetime,
        refresh: bool = False,
        actor: str = "console",
        settle: Callable[[Connection, str], None] | None = None,
    ) -> Added:
        """Record a document with all its facts in one transaction.

        The same bytes again change nothing (with `refresh`, their facts are replaced). Other bytes
        under the same file name are a new version: the former one keeps its facts and is marked
        superseded. Bytes that were superseded and come again become current. Progress and
        corrections go over to the same duties of the new version; a correction whose clause
        changed is re-opened. Who may see the former version may see the new one, unless `settle`,
        which is called in the same transaction with a new version's or document's id, says
        otherwise. The audit log records it as done by `actor`.

        Raises:
            StoreError: the store cannot be written; it is then as it was before.
        """
        document = extraction.document
        with self.writing() as connection:
            known = connection.execute(
                select(schema.document.c.superseded_by, schema.document.c.withdrawn_at).where(
                    schema.document.c.sha256 == document.sha256
                )
            ).first()
            if known is not None and known.superseded_by is None:
                if known.withdrawn_at is not None:
                    return Added(document_id=document.id, status="withdrawn")
                if not refresh:
                    return Added(document_id=document.id, status="unchanged")
            current = connection.execute(
                select(schema.document.c.id, schema.document.c.version)
                .where(schema.document.c.name == document.name)
                .where(schema.document.c.superseded_by.is_(None))
                .where(schema.document.c.id != document.id)
            ).first()
            before = _load(connection, document.id) if known is not None else None
            if known is None:
                _insert_document(connection, extraction, source, recorded_at)
            else:
                if refresh:
                    _delete_facts(connection, document.id)
                    _insert_facts(connection, extraction)
                connection.execute(
                    update(schema.document)
                    .where(schema.document.c.id == document.id)
                    .values(
                        **(_document_row(document) if refresh else {}),
                        superseded_by=None,
                        withdrawn_at=None,
                    )
                )
            if current is not None:
                connection.execute(
                    update(schema.document)
                    .where(schema.document.c.id == current[0])
                    .values(superseded_by=document.id)
                )
            added = Added(
                document_id=document.id,
                status="new-version" if current else "unchanged" if known else "added",
                superseded=str(current[0]) if current else None,
            )
            change = Change(
                actor=actor,
                action="document.refreshed" if added.status == "unchanged" else "document.added",
                subject=document.id,
                detail={"name": document.name, "sha256": document.sha256},
                before={"document_id": added.superseded} if current else None,
                after={"document_id": document.id, "status": added.status},
            )
            audit.append(connection, recorded_at, [change])
            if added.superseded:
                keep_visibility(connection, added.superseded, document.id)
            if settle is not None and added.status != "unchanged":
                settle(connection, document.id)
            old = _load(connection, added.superseded) if added.superseded else before
            if old is not None:
                carried = carry_over(connection, old, _load(connection, document.id), actor)
                audit.append(connection, recorded_at, carried)
            if known is not None or old is not None:
                # Corrections have left the former version: its rows are as extracted again.
                for document_id in dict.fromkeys((added.superseded or document.id, document.id)):
                    write_duties(
                        connection, self.load(document_id, connection=connection, corrected=True)
                    )
            return added

    def documents(
        self, *, superseded: bool = False, document_id: str | None = None
    ) -> tuple[StoredDocument, ...]:
        """The documents in the order they were recorded; current ones only by default, with
        `superseded` also those replaced or withdrawn; of one id only, where one is given."""
        query = select(schema.document).order_by(
            schema.document.c.recorded_at, schema.document.c.id
        )
        if not superseded:
            query = query.where(schema.CURRENT)
        if document_id is not None:
            query = query.where(schema.document.c.id == document_id)
        with self.reading() as connection:
            return tuple(
                StoredDocument(
                    document=Document.model_validate(json.loads(row.body) | {"text": ""}),
                    version=row.version,
                    recorded_at=as_utc(row.recorded_at),
                    superseded_by=row.superseded_by,
                    withdrawn_at=as_utc(row.withdrawn_at) if row.withdrawn_at else None,
                )
                for row in connection.execute(query)
            )

    def load(
        self, document_id: str, *, connection: Connection | None = None, corrected: bool = False
    ) -> Extraction:
        """All that was recorded of a document, equal to what was added, but that a task without a
        deadline has a milestone without a day; with `corrected`, people's corrections are laid
        over it.

        Raises:
            NotFoundError: the store has no such document.
            StoreError: the store is damaged.
        """
        if connection is None:
            with self.reading() as own:
                return self.load(document_id, connection=own, corrected=corrected)
        extraction = _load(connection, document_id)
        if corrected:
            return track_undated(
                apply_corrections(extraction, read_corrections(connection, document_id))
            )
        return extraction

    def extractions(self) -> tuple[Extraction, ...]:
        """All current documents with their facts as corrected."""
        return tuple(self.load(stored.document.id, corrected=True) for stored in self.documents())

    def source(self, document_id: str) -> bytes:
        """The bytes of a document as they were added.

        Raises:
            NotFoundError: the store has no such document.
        """
        with self.reading() as connection:
            data = connection.scalar(
                select(schema.source.c.data)
                .join(schema.document, schema.document.c.sha256 == schema.source.c.sha256)
                .where(schema.document.c.id == document_id)
            )
        if data is None:
            raise NotFoundError(f"没有文件 {document_id} / no document {document_id}")
        return bytes(data)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads: all its queries see the store as it was at one moment."""
        with self._transaction("BEGIN", "REPEATABLE READ") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that holds the right to write from its start: one writer at a time, so
        that the audit log has one end. Rolled back by any exception."""
        # READ COMMITTED: what the writer before this one committed must be seen after the wait.
        with self._transaction("BEGIN IMMEDIATE", "READ COMMITTED") as connection:
            if connection.dialect.name != "sqlite":
                connection.execute(select(func.pg_advisory_xact_lock(_WRITER)))
            yield connection

    @contextmanager
    def _transaction(self, begin: str, isolation: IsolationLevel) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
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
            raise _store_error(error, self._engine.url.database) from error


def replaced_by(store: Store, document_id: str) -> str | None:
    """The version that a document replaced."""
    d = schema.document.c
    with store.reading() as connection:
        return connection.scalar(select(d.id).where(d.superseded_by == document_id))


def _is_file(address: URL) -> bool:
    return address.get_backend_name() == "sqlite"


def as_utc(moment: datetime) -> datetime:
    """A moment read from the store: SQLite gives UTC without saying so, PostgreSQL the time zone
    of its session."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_PATIENCE * 1000}")
    cursor.execute("PRAGMA foreign_keys=ON")
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


def _document_row(document: Document) -> dict[str, Any]:
    columns = ("id", "sha256", "name", "title", "document_number", "issuer", "written_on")
    row: dict[str, Any] = {column: getattr(document, column) for column in columns}
    return row | {"body": document.model_dump_json()}


def _insert_document(
    connection: Connection, extraction: Extraction, source: bytes, recorded_at: datetime
) -> None:
    document = extraction.document
    connection.execute(insert(schema.source), {"sha256": document.sha256, "data": source})
    version = connection.scalar(
        select(func.coalesce(func.max(schema.document.c.version), 0)).where(
            schema.document.c.name == document.name
        )
    )
    row = _document_row(document) | {
        "version": (version or 0) + 1,
        "recorded_at": recorded_at.astimezone(UTC),
    }
    connection.execute(insert(schema.document), row)
    _insert_facts(connection, extraction)


def _all_documents(connection: Connection) -> list[str]:
    return list(connection.scalars(select(schema.document.c.id)))


def _load(connection: Connection, document_id: str) -> Extraction:
    body = connection.scalar(
        select(schema.document.c.body).where(schema.document.c.id == document_id)
    )
    if body is None:
        raise NotFoundError(f"没有文件 {document_id} / no document {document_id}")
    parts: dict[str, list[Any]] = {part: [] for part in _PARTS}
    rows = connection.execute(
        select(schema.fact.c.kind, schema.fact.c.body)
        .where(schema.fact.c.document_id == document_id)
        .order_by(schema.fact.c.kind, schema.fact.c.ordinal)
    )
    for kind, fact in rows:
        parts[kind].append(json.loads(fact))
    return track_undated(Extraction.model_validate({"document": json.loads(body), **parts}))


def _delete_facts(connection: Connection, document_id: str) -> None:
    for table in (schema.fact, *_DUTIES):
        connection.execute(delete(table).where(table.c.document_id == document_id))


_DUTIES = (schema.assignment, schema.milestone, schema.target)


def write_duties(connection: Connection, extraction: Extraction) -> None:
    """Write the rows that duties are asked for by (as corrected), in place of the former ones."""
    extraction = track_undated(extraction)
    for table, rows in zip(_DUTIES, _duty_rows(extraction), strict=True):
        connection.execute(delete(table).where(table.c.document_id == extraction.document.id))
        if rows:
            connection.execute(insert(table), rows)


def _insert_facts(connection: Connection, extraction: Extraction) -> None:
    document_id = extraction.document.id
    facts: list[dict[str, Any]] = []
    for part in _PARTS:
        for ordinal, item in enumerate(getattr(extraction, part)):
            span = item.span
            facts.append(
                {
                    "document_id": document_id,
                    "kind": part,
                    "ordinal": ordinal,
                    "id": getattr(item, "id", None),
                    "start": span.start if span else None,
                    "end": span.end if span else None,
                    "body": item.model_dump_json(by_alias=True),
                }
            )
    if facts:
        connection.execute(insert(schema.fact), facts)
    write_duties(connection, extraction)


def _duty_rows(
    extraction: Extraction,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    document_id = extraction.document.id
    place = jurisdiction_of(extraction.document).place
    assignments = [
        {"task_id": task.id, "document_id": document_id, "ordinal": ordinal, "unit": a.unit}
        | {
            "unit_id": unit_key(place, a.unit, a.unit_id),
            "role": a.role.value,
            "basis": a.basis.value,
        }
        for task in extraction.tasks
        for ordinal, a in enumerate(task.responsibilities)
    ]
    milestones = [
        {"id": row.id, "task_id": row.task_id, "document_id": document_id, "ordinal": ordinal}
        | {"plan_id": row.plan_id, "clause_id": row.clause_id, "path": row.path}
        | {"title": row.title, "commitment": row.commitment, "kind": row.kind.value}
        | {"due": row.due, "inherited": int(Certainty.INHERITED in row.certainty)}
        | {"certainty": ",".join(row.certainty), "rrule": row.rrule, "duration": row.duration}
        | {"first": row.first, "last": row.last}
        for ordinal, row in enumerate(rows_of(extraction))
    ]
    targets = [
        {"id": t.id, "task_id": task.id, "document_id": document_id, "milestone_id": t.milestone_id}
        | {"metric": t.metric, "value": str(t.value), "measure": t.measure}
        for task in extraction.tasks
        for t in task.targets
    ]
    return assignments, milestones, targets

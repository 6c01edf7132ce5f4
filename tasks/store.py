"""The store: the one system of record, on SQLAlchemy. Adding a document is one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

from sqlalchemy import (
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
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from kb.errors import NotFoundError, StoreError
from kb.models import Document, Fact
from tasks import schema
from tasks.migrations import upgrade
from tasks.models import Certainty, Extraction

_PARTS = ("plans", "clauses", "tasks", "members", "policies", "repairs", "warnings")


class Added(Fact):
    """What adding a document did. `superseded` is the id of the version that it replaced."""

    document_id: str
    status: Literal["added", "unchanged", "new-version"]
    superseded: str | None = None


class StoredDocument(Fact):
    """A document in the store (without its text), its version and when it was recorded (UTC)."""

    document: Document
    version: int
    recorded_at: datetime
    superseded_by: str | None


class Store:
    """Documents and the facts drawn from them. Use `Store.open`; a context manager."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the store at a SQLAlchemy URL; makes and migrates it where needed.

        Raises:
            StoreError: it cannot be opened, written or is no store; names the file.
        """
        address = make_url(url)
        path = address.database if address.get_backend_name() == "sqlite" else None
        in_memory = path in (None, "", ":memory:")
        try:
            if path and not in_memory:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            engine = create_engine(address)
            if address.get_backend_name() == "sqlite":
                event.listen(engine, "connect", _pragmas)
            with engine.begin() as connection:
                upgrade(connection)
        except (SQLAlchemyError, OSError) as error:
            raise _store_error(error, path) from error
        return cls(engine)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(
        self, extraction: Extraction, source: bytes, *, recorded_at: datetime, refresh: bool = False
    ) -> Added:
        """Record a document with all its facts in one transaction.

        The same bytes again change nothing (with `refresh`, their facts are replaced). Other bytes
        under the same file name are a new version: the former one keeps its facts and is marked
        superseded. Bytes that were superseded and come again become current.

        Raises:
            StoreError: the store cannot be written; it is then as it was before.
        """
        document = extraction.document
        with self._transaction() as connection:
            known = connection.execute(
                select(schema.document.c.superseded_by).where(
                    schema.document.c.sha256 == document.sha256
                )
            ).first()
            if known is not None and known[0] is None and not refresh:
                return Added(document_id=document.id, status="unchanged")
            current = connection.execute(
                select(schema.document.c.id, schema.document.c.version)
                .where(schema.document.c.name == document.name)
                .where(schema.document.c.superseded_by.is_(None))
                .where(schema.document.c.id != document.id)
            ).first()
            if known is None:
                connection.execute(
                    insert(schema.source), {"sha256": document.sha256, "data": source}
                )
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
            else:
                if refresh:
                    _delete_facts(connection, document.id)
                    _insert_facts(connection, extraction)
                connection.execute(
                    update(schema.document)
                    .where(schema.document.c.id == document.id)
                    .values(**(_document_row(document) if refresh else {}), superseded_by=None)
                )
            if current is None:
                return Added(document_id=document.id, status="unchanged" if known else "added")
            connection.execute(
                update(schema.document)
                .where(schema.document.c.id == current[0])
                .values(superseded_by=document.id)
            )
            return Added(document_id=document.id, status="new-version", superseded=str(current[0]))

    def documents(self, *, superseded: bool = False) -> tuple[StoredDocument, ...]:
        """The documents in the order they were recorded; current ones only by default."""
        query = select(schema.document).order_by(
            schema.document.c.recorded_at, schema.document.c.id
        )
        if not superseded:
            query = query.where(schema.document.c.superseded_by.is_(None))
        with self._transaction() as connection:
            return tuple(
                StoredDocument(
                    document=Document.model_validate(json.loads(row.body) | {"text": ""}),
                    version=row.version,
                    recorded_at=row.recorded_at.replace(tzinfo=UTC),
                    superseded_by=row.superseded_by,
                )
                for row in connection.execute(query)
            )

    def load(self, document_id: str) -> Extraction:
        """All that was recorded of a document, equal to what was added.

        Raises:
            NotFoundError: the store has no such document.
            StoreError: the store is damaged.
        """
        with self._transaction() as connection:
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
        return Extraction.model_validate({"document": json.loads(body), **parts})

    def extractions(self) -> tuple[Extraction, ...]:
        """All current documents with their facts."""
        return tuple(self.load(stored.document.id) for stored in self.documents())

    def source(self, document_id: str) -> bytes:
        """The bytes of a document as they were added.

        Raises:
            NotFoundError: the store has no such document.
        """
        with self._transaction() as connection:
            data = connection.scalar(
                select(schema.source.c.data)
                .join(schema.document, schema.document.c.sha256 == schema.source.c.sha256)
                .where(schema.document.c.id == document_id)
            )
        if data is None:
            raise NotFoundError(f"没有文件 {document_id} / no document {document_id}")
        return bytes(data)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise _store_error(error, self._engine.url.database) from error


def _pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.execute("PRAGMA foreign_keys=ON")
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()


def _store_error(error: Exception, path: str | None) -> StoreError:
    reason = str(error.orig) if isinstance(error, DatabaseError) else str(error)
    if "readonly" in reason or "read-only" in reason or isinstance(error, PermissionError):
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
    return StoreError(f"库打不开 / cannot use the store: {reason}", path=path)


def _document_row(document: Document) -> dict[str, Any]:
    columns = ("id", "sha256", "name", "title", "document_number", "issuer", "written_on")
    row: dict[str, Any] = {column: getattr(document, column) for column in columns}
    return row | {"body": document.model_dump_json()}


def _delete_facts(connection: Connection, document_id: str) -> None:
    for table in (schema.fact, schema.assignment, schema.milestone, schema.target):
        connection.execute(delete(table).where(table.c.document_id == document_id))


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
    assignments, milestones, targets = _duty_rows(extraction)
    for table, rows in (
        (schema.fact, facts),
        (schema.assignment, assignments),
        (schema.milestone, milestones),
        (schema.target, targets),
    ):
        if rows:
            connection.execute(insert(table), rows)


def _duty_rows(
    extraction: Extraction,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    assignments: list[dict[str, Any]] = []
    milestones: list[dict[str, Any]] = []
    targets: list[dict[str, Any]] = []
    for task in extraction.tasks:
        keys = {"task_id": task.id, "document_id": extraction.document.id}
        for ordinal, a in enumerate(task.responsibilities):
            assignments.append(
                keys
                | {"ordinal": ordinal, "unit": a.unit, "unit_id": a.unit_id}
                | {"role": a.role.value, "basis": a.basis.value}
            )
        milestones.extend(
            keys
            | {"id": m.id, "kind": m.due.kind.value, "due": m.due.date}
            | {"inherited": int(Certainty.INHERITED in m.due.certainty)}
            for m in task.milestones
        )
        targets.extend(
            keys
            | {"id": t.id, "milestone_id": t.milestone_id, "metric": t.metric}
            | {"value": str(t.value), "measure": t.measure}
            for t in task.targets
        )
    return assignments, milestones, targets

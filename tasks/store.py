"""The store: the one system of record, on SQLAlchemy. Adding a document is one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Connection, not_, select

from kb.errors import NotFoundError
from kb.models import Document, Fact
from tasks import schema
from tasks.adding import Added, add_document
from tasks.attachments import read_attachments
from tasks.database import Database
from tasks.document_rows import load_extraction
from tasks.models import Extraction, Recognised
from tasks.recognition import read_recognised
from tasks.versions import load_corrected


class StoredDocument(Fact):
    """A document in the store (without its text) and when it was recorded (UTC). `lineage` names
    the chain of versions in which it is the `version`th; `reading` says which reading of its bytes
    it is, `reader` by which version of the reader (`ingest.reader_version`; None: not known).
    `attached_to` is the current version of the document whose attachment it is, `attachment` its
    number."""

    document: Document
    lineage: str
    version: int
    reading: int
    recorded_at: datetime
    superseded_by: str | None
    withdrawn_at: datetime | None = None
    tracked_since: datetime | None = None
    reader: str | None = None
    attached_to: str | None = None
    attachment: int | None = None

    @property
    def is_current(self) -> bool:
        """Whether no newer version took its place and it is not withdrawn."""
        return self.superseded_by is None and self.withdrawn_at is None

    @property
    def tracked(self) -> bool:
        """Whether its duties are the house's own; else it is for reference."""
        return self.tracked_since is not None


class Store(Database):
    """Documents and the facts drawn from them. Use `Store.open`; a context manager."""

    def add(
        self,
        extraction: Extraction,
        source: bytes,
        *,
        recorded_at: datetime,
        refresh: bool = False,
        replaces: str | None = None,
        actor: str = "console",
        reader: str = "",
        settle: Callable[[Connection, str], None] | None = None,
        government: str = "",
    ) -> Added:
        """Record a document with all its facts in one transaction; see `tasks.adding`.

        Args:
            extraction: what was read out of the bytes, as their first reading.
            source: the bytes.
            recorded_at: now.
            refresh: whether bytes that are there already are read anew: where that gives other
                facts, they are a new reading, and the former one stays as it was.
            replaces: the id of the current document whose new version a person says this is.
            actor: who brought it.
            reader: the version of the reader that the facts are from (`ingest.reader_version`).
            settle: called in the same transaction with the id of a document that is new.
            government: the home government, as `tasks.home.read_home` takes it: the duties of
                another government's document are for reference.

        Raises:
            NotFoundError: there is no document `replaces`.
            ConflictError: `replaces` is not current.
            SecretError: a document with these bytes was erased.
            StoreError: the store cannot be written; it is then as it was before.
        """
        with self.writing() as connection:
            return add_document(
                connection, extraction, source, recorded_at=recorded_at, refresh=refresh,
                replaces=replaces, actor=actor, reader=reader, settle=settle, government=government,
            )  # fmt: skip

    def documents(
        self, *, superseded: bool = False, document_id: str | None = None
    ) -> tuple[StoredDocument, ...]:
        """The documents in the order they were recorded; current ones only by default, with
        `superseded` also those replaced or withdrawn; of one id only, where one is given."""
        query = select(schema.document).order_by(
            schema.document.c.recorded_at, schema.document.c.version, schema.document.c.id
        )
        if not superseded:
            query = query.where(schema.CURRENT)
        if document_id is not None:
            query = query.where(schema.document.c.id == document_id)
        with self.reading() as connection:
            bodies = {one.document_id: one.body_id for one in read_attachments(connection)}
            return tuple(
                StoredDocument(
                    document=Document.model_validate(json.loads(row.body) | {"text": ""}),
                    lineage=row.lineage,
                    version=row.version,
                    reading=row.reading,
                    recorded_at=as_utc(row.recorded_at),
                    superseded_by=row.superseded_by,
                    withdrawn_at=as_utc(row.withdrawn_at) if row.withdrawn_at else None,
                    tracked_since=as_utc(row.tracked_since) if row.tracked_since else None,
                    reader=row.reader,
                    attached_to=bodies.get(row.id),
                    attachment=row.attachment,
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
        if corrected:
            return load_corrected(connection, document_id)
        return load_extraction(connection, document_id)

    def extractions(self) -> tuple[Extraction, ...]:
        """All current documents with their facts as corrected."""
        return tuple(self.load(stored.document.id, corrected=True) for stored in self.documents())

    def reference(self) -> frozenset[str]:
        """Ids of the current documents whose duties are for reference only."""
        with self.reading() as connection:
            query = select(schema.document.c.id).where(schema.CURRENT, not_(schema.TRACKED))
            return frozenset(connection.scalars(query))

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

    def recognised(self, document_id: str) -> Recognised | None:
        """What a model read in the pictures of a document; None of one whose text is in its bytes."""
        with self.reading() as connection:
            return read_recognised(connection, document_id)


def replaced_by(store: Store, document_id: str) -> str | None:
    """The version that a document replaced."""
    d = schema.document.c
    with store.reading() as connection:
        return connection.scalar(select(d.id).where(d.superseded_by == document_id))


def as_utc(moment: datetime) -> datetime:
    """A moment read from the store: SQLite gives UTC without saying so, PostgreSQL the time zone
    of its session."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

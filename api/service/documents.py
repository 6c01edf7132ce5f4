"""Documents as a viewer may see them, and uploads that are to become some."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from datetime import date, datetime
from pathlib import Path

from pydantic import BaseModel

from api.service.identity import Viewer
from api.service.job import Delivered, Job, Order, delivered
from api.service.jobs import Jobs
from api.service.state import Service
from api.service.uploads import LONGEST_NAME, Upload, keep_bytes
from api.service.wire.governance import Visibility
from ingest.deliveries import is_delivery, open_delivery
from ingest.reader_version import reader_version
from ingest.readers import detect_media_type
from ingest.readers.images import join_pages
from ingest.readers.kinds import DELIVERY_SUFFIXES, PICTURES, TAKEN_SUFFIXES
from ingest.recognising import MOST_PAGES
from kb.errors import DubanError, NotFoundError, SecretError
from kb.identifiers import sha256_hex
from tasks.abolished import Ending, abolished_in
from tasks.authorisation import Actor
from tasks.home import Home, Whose, read_home, whose
from tasks.models import Extraction
from tasks.store import StoredDocument
from tasks.superseding import require_current
from tasks.visibility import (
    Level,
    bind_visibility,
    check_visibility,
    hidden_from,
    read_visibility,
    visible_documents,
)
from tasks.visibility import Visibility as Seen

UPLOADED = TAKEN_SUFFIXES
"""Suffixes of what may be sent: documents, and what holds some."""
_PARTS = re.compile(r"(\d+)")


class DocumentOut(BaseModel):
    """A document in the store, without its text: the `version`th of its chain, the `reading`th time
    that its bytes were read, by the version `reader` of the reader (null: not recorded), which is not
    the one installed where `older_reader`. `tracked`: its duties are the house's own; else it
    is for reference, as a document of another issuer (`whose`) is until somebody marks it.
    `abolished_by`: the id of the document that abolishes it or takes its place, by what that says.
    `attached_to`: the document whose attachment (附件) it is, `attachment` its number."""

    id: str
    title: str
    document_number: str | None
    index_number: str | None
    issuer: str | None
    written_on: date | None
    published_on: date | None
    subject: str | None
    validity: str | None
    name: str
    media_type: str
    sha256: str
    version: int
    reading: int
    recorded_at: datetime
    superseded_by: str | None
    withdrawn_at: datetime | None
    tracked: bool
    abolished_by: str | None
    whose: Whose
    visibility: Visibility
    reader: str | None
    older_reader: bool
    attached_to: str | None = None
    attachment: int | None = None


class AttachmentOut(BaseModel):
    """An attachment of a document: its number where it has one, its title and its file's name."""

    document_id: str
    number: int | None
    title: str
    name: str


def queue(
    jobs: Jobs, service: Service, viewer: Viewer, got: Upload, came: Delivered | None = None
) -> list[Job]:
    """Queue an upload whose kind is read; of a package or a mail each member, in order, each with a job
    of its own. A member that is refused is a job that failed, with the reason. `came`: with which
    others it was sent.

    Raises:
        DubanError: its kind is not, or the other fields say nothing that can be.
        NotFoundError: it is to replace a document that there is none of, or that they may not see.
        ConflictError: it is to replace one that is not current.
        UnknownUnitError: it is for a unit that there is none of.
        AmbiguousUnitError: it is for a unit whose name several have.
    """
    suffix = Path(got.name).suffix.lower()
    if suffix not in UPLOADED:
        kinds = " ".join(sorted(UPLOADED))
        raise DubanError(
            f"不读 {suffix or '没有扩展名的'} 文件, 能读: {kinds} / kinds read: {kinds}"
        )
    seen = _seen(got.field("level"), got.fields.get("units", []))
    if seen is not None:
        check_visibility(seen)
        seen = bind_visibility(service.store, seen)
    replaces = got.field("replaces").strip() or None
    if replaces is not None:
        seen_document(service, viewer, replaces)
        with service.store.reading() as connection:
            require_current(connection, replaces)
    order = Order(actor=viewer.actor, name=got.name, seen=seen, replaces=replaces, delivered=came)
    if suffix in DELIVERY_SUFFIXES and is_delivery(data := got.path.read_bytes(), got.name):
        found = _queue_members(jobs, order, data)
        got.path.unlink(missing_ok=True)
        return found
    return [jobs.ingest(got.path, order)]


def join_pictures(
    folder: Path, sent: Sequence[tuple[str, Path]], *, ordered: bool
) -> tuple[str, Path]:
    """Pictures that were sent together as the pages of one document: its name and where it lies. In
    the order of their names, numbers in them by their value (第2页 before 第10页), or `ordered` by who
    sent them.

    Raises:
        DubanError: one of them is no picture.
        SourceError: one of them cannot be read; names it.
    """
    inorder = sent if ordered else sorted(sent, key=lambda one: _by_number(one[0]))
    pages = [(path.read_bytes(), name) for name, path in inorder]
    for data, name in pages:
        if detect_media_type(data, name) not in PICTURES:
            raise DubanError(f"{name}: 不是图片, 不能合为一份 / is no picture and cannot be joined")
    name = f"{Path(pages[0][1]).stem}-{len(pages)}.tiff"
    return name, keep_bytes(join_pages(pages, MOST_PAGES), folder)


def _by_number(name: str) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isascii() and part.isdigit() else (-1, part)
        for part in _PARTS.split(name)
    ]


def _queue_members(jobs: Jobs, order: Order, data: bytes) -> list[Job]:
    if order.replaces is not None:
        raise DubanError(
            "压缩包或邮件不能作为一份文件的新版本 / a package or mail is no new version of one document",
            hint="请取出文件后单独上传 / take the file out and send it by itself",
        )
    delivery = open_delivery(data, order.name)
    queued: list[Job] = []
    for member, came in zip(delivery.members, delivered(delivery.members), strict=True):
        name = member.name[-LONGEST_NAME:]
        own = order.model_copy(update={"name": name, "delivered": came})
        try:
            queued.append(jobs.ingest(keep_bytes(member.data, jobs.folder), own))
        except SecretError as error:
            queued.append(jobs.refuse(own, error))
    for refused in delivery.refused:
        name = refused.path.rpartition("/")[2][-LONGEST_NAME:]
        own = order.model_copy(update={"name": name, "delivered": None})
        queued.append(jobs.refuse(own, refused.error))
    return queued


def _seen(level: str, units: list[str]) -> Seen | None:
    if not level:
        if units:
            raise DubanError("units 要和 level 一起给 / units go with a level")
        return None
    if level not in tuple(Level):
        raise DubanError(f"level 只能是 {' '.join(Level)} / level is one of {' '.join(Level)}")
    return Seen(level=Level(level), units=tuple(u for u in units if u.strip()))


def stored_documents(
    service: Service, viewer: Viewer, *, superseded: bool, document_id: str | None = None
) -> list[DocumentOut]:
    """The documents in the store, or the one of an id, that the viewer may see, as recorded."""
    stored = service.store.documents(superseded=superseded, document_id=document_id)
    asked = {d.document.id for d in stored} | {d.attached_to for d in stored if d.attached_to}
    seen = visible_documents(service.store, viewer.actor, sorted(asked))
    with service.store.reading() as connection:
        levels = read_visibility(connection)
        home = read_home(connection, service.settings.government)
        ended = abolished_in(connection, hidden_from(connection, viewer.actor))
    return [
        _out(d, levels, home, seen, ended.get(d.document.id))
        for d in stored
        if d.document.id in seen
    ]


def attachments_seen(service: Service, actor: Actor, document_id: str) -> list[AttachmentOut]:
    """The current attachments of a document, or of a newer version of it, that somebody may see."""
    documents = service.store.documents(superseded=True)
    heads = {d.lineage: d.document.id for d in documents if d.superseded_by is None}
    head = next((heads[d.lineage] for d in documents if d.document.id == document_id), document_id)
    found = [
        d for d in documents
        if d.attached_to == head and d.superseded_by is None and d.withdrawn_at is None
    ]  # fmt: skip
    seen = visible_documents(service.store, actor, [d.document.id for d in found])
    return [
        AttachmentOut(document_id=d.document.id, number=d.attachment, title=d.document.title, name=d.document.name)
        for d in sorted(found, key=lambda d: (d.attachment is None, d.attachment or 0))
        if d.document.id in seen
    ]  # fmt: skip


def _out(
    stored: StoredDocument,
    levels: dict[str, Seen],
    home: Home,
    seen: Container[str],
    ended: Ending | None,
) -> DocumentOut:
    d = stored.document
    return DocumentOut(
        **{name: getattr(d, name) for name in DocumentOut.model_fields if hasattr(d, name)},
        version=stored.version, reading=stored.reading, recorded_at=stored.recorded_at,
        superseded_by=stored.superseded_by, withdrawn_at=stored.withdrawn_at,
        tracked=stored.tracked, abolished_by=ended.id if ended else None, whose=whose(home, d.issuer, d.title), visibility=Visibility.of(levels.get(d.id, Seen())),
        reader=stored.reader, older_reader=stored.reader != reader_version(),
        attached_to=stored.attached_to if stored.attached_to in seen else None,
        attachment=stored.attachment,
    )  # fmt: skip


def seen_document(service: Service, viewer: Viewer, document_id: str) -> DocumentOut:
    """A document, current or superseded, that the viewer may see.

    Raises:
        NotFoundError: there is none, or they may not: the two are not told apart.
    """
    for stored in stored_documents(service, viewer, superseded=True, document_id=document_id):
        return stored
    raise NotFoundError(f"没有文件 {document_id} / no document {document_id}")


def is_intact(service: Service, stored: DocumentOut) -> bool:
    """Whether the stored bytes still have the digest; looked at each time."""
    return sha256_hex(service.store.source(stored.id)) == stored.sha256


def extraction_of(service: Service, document_id: str) -> Extraction:
    """A document, current or superseded, with its facts as corrected."""
    held = service.holdings.current().extractions.get(document_id)
    return held or service.store.load(document_id, corrected=True)

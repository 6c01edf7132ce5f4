"""Documents: their outline and facts, text, original bytes, who may see them, and new ones."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.service.documents import (
    AttachmentOut,
    DocumentOut,
    attachments_seen,
    extraction_of,
    is_intact,
    queue,
    seen_document,
    stored_documents,
)
from api.service.fields import Words
from api.service.identity import Reader, ServiceOf, Viewer, needs
from api.service.job import Job
from api.service.jobs import JobsOf
from api.service.paging import Cursor, Limit, Page, page_of
from api.service.problems import RESPONSES
from api.service.sending import TAGGED, tagged
from api.service.state import Service
from api.service.uploads import form_of, receive
from api.service.wire.facts import (
    Clause,
    Finding,
    Member,
    Plan,
    PolicyReference,
    Repair,
    Task,
)
from api.service.wire.governance import ErasedOut, MarkedOut, Visibility
from ingest.files import LIMIT
from ingest.unclaimed import find_unclaimed
from kb.identifiers import sha256_hex
from tasks.attachments import detach_document
from tasks.authorisation import Action
from tasks.models import Extraction
from tasks.tracking import track_document, untrack_document
from tasks.visibility import (
    Level,
    set_visibility,
)
from tasks.visibility import Visibility as Seen
from tasks.withdrawal import restore_document, withdraw_document

router = APIRouter(tags=["documents"], responses=RESPONSES)
_OPAQUE = "application/octet-stream"
Tracker = Annotated[Viewer, Depends(needs(Action.TRACK))]
Ingester = Annotated[Viewer, Depends(needs(Action.INGEST))]
Eraser = Annotated[Viewer, Depends(needs(Action.ERASE))]
Corrector = Annotated[Viewer, Depends(needs(Action.CORRECT))]


class OutlineClause(Clause):
    """A clause with those below it and the tasks that it states."""

    task_ids: tuple[str, ...] = ()
    children: tuple[OutlineClause, ...] = ()


class OutlinePlan(Plan):
    """A plan with its clauses as a tree."""

    clauses: tuple[OutlineClause, ...] = ()


class DocumentDetail(DocumentOut):
    """A document with its outline and all facts drawn from it, as corrected. `intact`: the stored
    bytes still have the digest; `attachments`: its current ones; `unclaimed`: clauses with a verb of
    duty and no task."""

    characters: int
    intact: bool
    attachments: list[AttachmentOut]
    outline: list[OutlinePlan]
    tasks: tuple[Task, ...]
    members: tuple[Member, ...]
    policies: tuple[PolicyReference, ...]
    repairs: tuple[Repair, ...]
    warnings: tuple[Finding, ...]
    unclaimed: list[Clause]


class ReasonIn(BaseModel):
    """Why a document is withdrawn or put back, taken up or kept for reference."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "误传, 不是正式印发的版本"}]}
    )

    reason: Annotated[Words, Field(min_length=1)]


class EraseIn(ReasonIn):
    """Why a document is erased; `versions`: its versions of other bytes too."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "发现密级标志, 误传", "versions": False}]}
    )  # fmt: skip

    versions: bool = False


class TextRepairIn(BaseModel):
    """What stands in the picture at a stretch of a line, all of it, and why it is said."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"span": [0, 10], "text": "2026年6月底前完成", "reason": "与扫描件核对"}]
        },
    )

    span: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=1)]]
    text: Annotated[Words, Field(min_length=1)]
    reason: Annotated[Words, Field(min_length=1)]


class VisibilityIn(BaseModel):
    """How far a document is open; `units` see a restricted one, beside supervisors, auditors and
    administrators."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"level": "restricted", "units": ["区教委"]}]}
    )  # fmt: skip

    level: Level
    units: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(
        default=(), max_length=100
    )


@router.get("/documents", summary="文件 / documents")
def documents(
    viewer: Reader,
    service: ServiceOf,
    q: Annotated[
        str, Query(max_length=200, description="标题或文号中的字 / words of title or number")
    ] = "",
    superseded: Annotated[
        bool, Query(description="也列旧版本和撤回的 / former versions and withdrawn ones too")
    ] = False,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Page[DocumentOut]:
    """Documents that the viewer may see, in the order they were recorded."""  # fmt: skip
    found = stored_documents(service, viewer, superseded=superseded)
    found = [d for d in found if q in d.title or q in (d.document_number or "")]
    shown, after = page_of(found, limit, cursor, lambda d: [d.recorded_at.isoformat(), d.id])
    return Page(items=shown, total=len(found), next=after)


@router.get(
    "/documents/{document_id}", summary="一份文件 / a document",
    response_model=DocumentDetail, responses=TAGGED,
)  # fmt: skip
def document(document_id: str, request: Request, viewer: Reader, service: ServiceOf) -> Response:
    """A document with its outline, facts and unclaimed clauses; has an ETag."""
    stored = seen_document(service, viewer, document_id)
    intact = is_intact(service, stored)

    def data() -> bytes:
        attached = attachments_seen(service, viewer.actor, document_id)
        return (
            detail_of(service, stored, attached, intact=intact)
            .model_dump_json(by_alias=True)
            .encode()
        )

    return tagged(request, data, "application/json", tag=_tag(service, stored, str(intact)))


@router.get(
    "/documents/{document_id}/text", summary="正文 / its text", response_class=Response,
    responses=TAGGED | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)  # fmt: skip
def text(document_id: str, request: Request, viewer: Reader, service: ServiceOf) -> Response:
    """The text that all spans refer to, in UTF-8, no line end altered; has an ETag."""
    stored = seen_document(service, viewer, document_id)

    def data() -> bytes:
        return extraction_of(service, document_id).document.text.encode("utf-8", "replace")

    return tagged(request, data, "text/plain; charset=utf-8", tag=_tag(service, stored, "text"))


@router.get(
    "/documents/{document_id}/source", summary="原件 / its original bytes",
    response_class=Response,
    responses=TAGGED | {200: {"content": {_OPAQUE: {"schema": {"type": "string", "format": "binary"}}}}},
)  # fmt: skip
def source(document_id: str, request: Request, viewer: Reader, service: ServiceOf) -> Response:
    """The bytes as they were added, to be saved and never shown by the browser; the ETag is their
    SHA-256, and `Range` gives a part."""
    stored = seen_document(service, viewer, document_id)
    return tagged(
        request, lambda: service.store.source(document_id), _OPAQUE, tag=stored.sha256,
        name=stored.name or document_id,
    )  # fmt: skip


@router.put("/documents/{document_id}/visibility", summary="公开程度 / who may see it")
def put_visibility(
    document_id: str, body: VisibilityIn, viewer: Ingester, service: ServiceOf
) -> Visibility:
    """Open or close a document. What it closes is closed in its former versions too; what it opens
    is opened in no other."""
    seen_document(service, viewer, document_id)
    seen = Seen(level=body.level, units=body.units)
    return Visibility.of(
        set_visibility(service.store, viewer.actor, document_id, seen, service.now())
    )


@router.post("/documents/{document_id}/withdraw", summary="撤回文件 / withdraw a document")
def withdraw(document_id: str, body: ReasonIn, viewer: Ingester, service: ServiceOf) -> DocumentOut:
    """Take a document out: its duties leave all lists, answers and digests; its source, what was
    reported and the log stay, and `restore` undoes it."""
    seen_document(service, viewer, document_id)
    withdraw_document(service.store, viewer.actor, document_id, body.reason, service.now())
    return seen_document(service, viewer, document_id)


@router.post("/documents/{document_id}/restore", summary="恢复文件 / put it back")
def restore(document_id: str, body: ReasonIn, viewer: Ingester, service: ServiceOf) -> DocumentOut:
    """Put a withdrawn document back, with all that was reported on it."""
    seen_document(service, viewer, document_id)
    restore_document(service.store, viewer.actor, document_id, body.reason, service.now())
    return seen_document(service, viewer, document_id)


@router.post("/documents/{document_id}/erase", summary="彻底删除 / erase it wholly")
def erase(document_id: str, body: EraseIn, viewer: Eraser, service: ServiceOf) -> ErasedOut:
    """Erase a document that must not be here (a marking of secrecy was seen): text, source, facts,
    reports, vectors and what quotes it, for good; the log keeps who, why and the digests. The same bytes are
    not taken in again. 409 where it has versions of other bytes and `versions` is not set."""
    return ErasedOut.of(
        service.erase(viewer.actor, document_id, body.reason, versions=body.versions)
    )


@router.post("/documents/{document_id}/reread", status_code=202, summary="重新读取 / read it again")
def reread(
    document_id: str, response: Response, viewer: Ingester, service: ServiceOf, jobs: JobsOf
) -> Job:
    """Read a current document again that an older version of the reader read; a job does it
    (`Location` says where to look). Facts of the same place and kind keep their ids, with what was
    reported and corrected; what changed is listed for review. 409 where the version installed read
    it already."""
    seen_document(service, viewer, document_id)
    job = jobs.reread(viewer.actor, document_id)
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return job


@router.post("/documents/{document_id}/track", summary="列入督办 / mark as tracked")
def track(document_id: str, body: ReasonIn, viewer: Tracker, service: ServiceOf) -> MarkedOut:
    """Make the duties of a document the house's own: they stand in all lists from now on."""
    seen_document(service, viewer, document_id)
    return MarkedOut.of(
        track_document(service.store, viewer.actor, document_id, body.reason, service.now())
    )


@router.post("/documents/{document_id}/untrack", summary="改为仅供查阅 / keep for reference")
def untrack(document_id: str, body: ReasonIn, viewer: Tracker, service: ServiceOf) -> MarkedOut:
    """Keep a document for reference only: read, searched and cited, its duties on no list. What was
    reported on them is kept."""
    seen_document(service, viewer, document_id)
    return MarkedOut.of(
        untrack_document(service.store, viewer.actor, document_id, body.reason, service.now())
    )


@router.post(
    "/documents/{document_id}/recognised",
    status_code=202,
    summary="更正识别的文字 / correct recognised text",
)
def repair(
    document_id: str,
    body: TextRepairIn,
    response: Response,
    viewer: Corrector,
    service: ServiceOf,
    jobs: JobsOf,
) -> Job:
    """Say what a line of a scan says. The recognised text stays as it was; the document (head, outline
    and facts) is read anew with the repaired one (a job does it, `Location` says where to look), and
    what was checked is in doubt no more. 409 where the text was not recognised, or the document is not current."""
    seen_document(service, viewer, document_id)
    job = jobs.repair(viewer.actor, document_id, *body.span, body.text, body.reason)
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return job


@router.post("/documents/{document_id}/detach", summary="解除附件关系 / no attachment")
def detach(document_id: str, viewer: Ingester, service: ServiceOf) -> DocumentOut:
    """Say that a document is no attachment of the one that it came with; 409 where it is none."""
    seen_document(service, viewer, document_id)
    detach_document(service.store, viewer.actor, document_id, service.now())
    return seen_document(service, viewer, document_id)


_UPLOAD = form_of(
    name="工作方案.txt",
    level={
        "type": "string", "enum": [level.value for level in Level], "example": "restricted",
        "description": "公开程度, 不给则同旧版本, 新文件公开; 只管这一版 / how far this version is open",
    },
    units={
        "type": "array", "items": {"type": "string"}, "example": ["区教委"],
        "description": "限定查看的单位 / the units that see a restricted one",
    },
    replaces={
        "type": "string", "maxLength": 64, "example": "doc-0123456789ab",
        "description": "它是哪份现行文件的新版本 (编号) / the current document whose new version it is",
    },
)  # fmt: skip


@router.post("/documents", status_code=202, summary="上传文件 / upload", openapi_extra=_UPLOAD)
async def upload(
    request: Request, response: Response, viewer: Ingester, service: ServiceOf, jobs: JobsOf
) -> Job:
    """Take in a file; a job reads it (`Location` says where to look). The same bytes change
    nothing, whatever the file is called. Others are a new version of the document that prints the
    same number and title, or of the one that `replaces` names; what is less sure is told in the
    report and settled by a person. Of a package or a mail each member is a document with a job of
    its own: this gives the first, `Link` (`rel="item"`) all of them. `level` and `units` say who may see it, else it is as open as
    its former version, or public."""
    got = await receive(request, jobs.folder, LIMIT)
    try:
        queued = await run_in_threadpool(queue, jobs, service, viewer, got)
    except BaseException:
        got.path.unlink(missing_ok=True)
        raise
    response.headers["Location"] = f"/api/v1/jobs/{queued[0].id}"
    if len(queued) > 1:
        items = (f'</api/v1/jobs/{job.id}>; rel="item"' for job in queued)
        response.headers["Link"] = ", ".join(items)
    return queued[0]


def _tag(service: Service, stored: DocumentOut, part: str) -> str:
    """What changes whenever the answer about a document may: with its row and who may see it, any
    change of facts, and the program."""
    state = service.holdings.current().version
    said = f"{stored.model_dump_json()}|{state}|{part}|{version('duban')}"
    return sha256_hex(said.encode("utf-8", "replace"))


def detail_of(
    service: Service, stored: DocumentOut, attached: list[AttachmentOut], *, intact: bool
) -> DocumentDetail:
    """A document with all that was drawn from it."""
    extraction = extraction_of(service, stored.id)
    return DocumentDetail(
        **dict(stored), characters=len(extraction.document.text), intact=intact,
        attachments=attached,
        outline=outline_of(extraction),
        tasks=tuple(map(Task.of, extraction.tasks)),
        members=tuple(map(Member.of, extraction.members)),
        policies=tuple(map(PolicyReference.of, extraction.policies)),
        repairs=tuple(map(Repair.of, extraction.repairs)),
        warnings=tuple(map(Finding.of, extraction.warnings)),
        unclaimed=[Clause.of(c) for c in find_unclaimed(extraction)],
    )  # fmt: skip


def outline_of(extraction: Extraction) -> list[OutlinePlan]:
    """The plans of a document with their clauses as trees, in the order of the text."""
    below: dict[str | None, list[Clause]] = {}
    for clause in map(Clause.of, extraction.clauses):
        below.setdefault(clause.parent_id or clause.plan_id, []).append(clause)
    stated: dict[str, list[str]] = {}
    for task in extraction.tasks:
        stated.setdefault(task.clause_id, []).append(task.id)

    def grown(key: str) -> tuple[OutlineClause, ...]:
        return tuple(
            OutlineClause(**dict(c), task_ids=tuple(stated.get(c.id, ())), children=grown(c.id))
            for c in below.get(key, ())
        )

    plans = map(Plan.of, extraction.plans)
    return [OutlinePlan(**dict(plan), clauses=grown(plan.id)) for plan in plans]

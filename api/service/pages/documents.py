"""文件: the documents, their text with every fact marked, uploads."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.service.jobs import JobStatus
from api.service.pages.admin import split
from api.service.pages.marks import KINDS, block_at, block_of, blocks_of, is_intact, span_of_fact
from api.service.pages.screen import Reading, Screen, allowed
from api.service.routes.documents import JobsOf, queue
from api.service.sending import download
from api.service.uploads import Upload, receive
from ingest.readers import LIMIT
from ingest.unclaimed import find_unclaimed
from kb.errors import DeniedError, DubanError, NotFoundError
from kb.models import Span
from tasks.authorisation import Action
from tasks.models import Extraction
from tasks.visibility import Level, Visibility, read_visibility, set_visibility

router = APIRouter()
Ingesting = Annotated[Screen, Depends(allowed(Action.INGEST))]
_KIND_NAMES = {
    "owner": "单位", "due": "时限", "target": "目标值", "policy": "引用文件", "member": "成员单位",
    "plan": "计划",
    "repair": "缺字修复", "warning": "存疑",
}  # fmt: skip


@router.get("/documents")
def documents(s: Reading) -> Response:
    """The documents that the viewer may see; the form for a new one for those who may add it."""
    register = s.service.register(s.viewer.actor)
    stored = {d.document.id: d for d in s.service.store.documents()}
    rows = [(e, stored.get(e.document.id)) for e in register.extractions]
    rows.sort(key=lambda row: row[1].recorded_at.isoformat() if row[1] else "", reverse=True)
    return s.show("documents.html", rows=rows, seen=_visibility(s), levels=list(Level))


@router.post("/documents")
async def upload(request: Request, s: Ingesting, jobs: JobsOf) -> Response:
    """Queue the reading of a document; its page tells how far that is."""
    got = await receive(request, jobs.folder, LIMIT)
    try:
        s.check(got.field("csrf"))
        # One field holds all units here, for those without scripts.
        fields = got.fields | {"units": list(split(got.field("units")))}
        told = Upload(got.path, got.name, fields)
        job = await run_in_threadpool(queue, jobs, s.viewer, told)
    except DubanError as error:
        got.path.unlink(missing_ok=True)
        if isinstance(error, DeniedError):
            raise
        return s.go("/documents", s.told(error.message), failed=True)
    except BaseException:
        got.path.unlink(missing_ok=True)
        raise
    return s.go(f"/documents/jobs/{job.id}")


@router.get("/documents/jobs/{job_id}")
def job(job_id: str, s: Ingesting, jobs: JobsOf) -> Response:
    """How far an upload is, and in the end what was read or why it failed."""
    found = jobs.get(job_id)
    running = found.status in (JobStatus.QUEUED, JobStatus.RUNNING)
    return s.show("job.html", job=found, running=running)


@router.get("/documents/{document_id}")
def document(
    document_id: str,
    s: Reading,
    fact: Annotated[str, Query(max_length=100)] = "",
    start: Annotated[int | None, Query(alias="from", ge=0)] = None,
    end: Annotated[int | None, Query(alias="to", ge=0)] = None,
) -> Response:
    """A document's text with its facts marked; `fact`, or `from` and `to`, are highlighted."""
    extraction = _document(s, document_id)
    hit = span_of_fact(extraction, fact) if fact else _span(extraction, start, end)
    if fact and hit is None:
        raise NotFoundError(f"文件里没有 {fact} / the document has no {fact}")
    source = s.service.store.source(document_id)
    stored = next(d for d in s.service.store.documents() if d.document.id == document_id)
    return s.show(
        "document.html", d=extraction.document, e=extraction, stored=stored, hit=hit,
        blocks=list(blocks_of(extraction, hit)), outline=_outline(extraction),
        unclaimed=find_unclaimed(extraction), legend=legend(s), kinds=KINDS,
        intact=is_intact(extraction, source), size=len(source),
        seen=_visibility(s).get(document_id, Visibility()),
        targets=sum(len(task.targets) for task in extraction.tasks), levels=list(Level),
    )  # fmt: skip


@router.get("/documents/{document_id}/clause")
def clause(
    document_id: str,
    s: Reading,
    start: Annotated[int, Query(alias="from", ge=0)],
    end: Annotated[int, Query(alias="to", ge=0)],
) -> Response:
    """The clause that holds the characters, with these highlighted: a part of a page."""
    extraction = _document(s, document_id)
    hit = _span(extraction, start, end)
    if hit is None:
        raise NotFoundError("文件里没有这些字 / the document has no such characters")
    block = block_at(extraction, hit)
    if block.clause is not None and len(hit) == len(block.clause.span):
        block = block_of(extraction, block.clause)  # lighting all of it would show nothing
    plan = next((p for p in extraction.plans if block.clause and p.id == block.clause.plan_id), None)  # fmt: skip
    return s.show(
        "clause.html", d=extraction.document, block=block, plan=plan, hit=hit, legend=legend(s),
        intact=is_intact(extraction, s.service.store.source(document_id)),
        line=extraction.document.text.count("\n", 0, hit.start) + 1,
    )  # fmt: skip


@router.get("/documents/{document_id}/source")
def source(document_id: str, s: Reading) -> Response:
    """The original bytes, for keeping: never opened in place, whatever they claim to be."""
    extraction = _document(s, document_id)
    name = extraction.document.name or document_id
    return download(s.service.store.source(document_id), name, "application/octet-stream")


@router.post("/documents/{document_id}/visibility")
def visibility(
    document_id: str,
    s: Ingesting,
    level: Annotated[str, Form(pattern="^(public|internal|restricted)$")],
    units: Annotated[str, Form(max_length=2000)] = "",
    csrf: Annotated[str, Form()] = "",
) -> Response:
    """Open or close a document."""
    s.check(csrf)
    _document(s, document_id)
    seen = Visibility(level=Level(level), units=split(units))
    return s.attempt(
        lambda: set_visibility(s.service.store, s.viewer.actor, document_id, seen, s.service.now()),
        f"/documents/{quote(document_id)}", s.t("可见范围已改"),
    )  # fmt: skip


def legend(s: Screen) -> dict[str, Any]:
    """Names of the kinds of facts, and which ids the page has already."""
    return {"names": {kind: s.t(name) for kind, name in _KIND_NAMES.items()}, "seen": {}}


def _document(s: Screen, document_id: str) -> Extraction:
    try:
        return s.service.register(s.viewer.actor).document_of(document_id)
    except KeyError:
        raise NotFoundError(f"没有文件 {document_id} / no document {document_id}") from None


def _span(extraction: Extraction, start: int | None, end: int | None) -> Span | None:
    if start is None or end is None or not start < end <= len(extraction.document.text):
        return None
    return Span(start, end)


def _outline(extraction: Extraction) -> list[tuple[Any, list[Any]]]:
    """Each plan with its clauses of the upper two levels."""
    return [
        (plan, [c for c in extraction.clauses if c.plan_id == plan.id and c.level <= 2 and c.marker])
        for plan in extraction.plans
    ]  # fmt: skip


def _visibility(s: Screen) -> dict[str, Visibility]:
    with s.service.store.reading() as connection:
        return read_visibility(connection)

"""What is done to a document on its page: read again, corrected, taken out, put back, taken up, opened."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Response

from api.service.jobs import JobsOf
from api.service.pages.admin import split
from api.service.pages.documents import document_seen
from api.service.pages.screen import Screen, allowed
from ingest.reader_version import reader_version
from kb.errors import ConflictError, DubanError, SecretError
from tasks.attachments import detach_document
from tasks.authorisation import Action
from tasks.fields import FieldError
from tasks.rereading import find_older
from tasks.tracking import track_document, untrack_document
from tasks.visibility import Level, Visibility, set_visibility
from tasks.withdrawal import restore_document, withdraw_document

router = APIRouter()
Reason = Annotated[str, Form(max_length=5000)]
Ingesting = Annotated[Screen, Depends(allowed(Action.INGEST))]
Correcting = Annotated[Screen, Depends(allowed(Action.CORRECT))]
Erasing = Annotated[Screen, Depends(allowed(Action.ERASE))]
Tracking = Annotated[Screen, Depends(allowed(Action.TRACK))]


@router.post("/documents/reread")
def reread_all(s: Ingesting, jobs: JobsOf, csrf: Annotated[str, Form()] = "") -> Response:
    """Queue the reading of all documents that an older reader read."""
    s.check(csrf)
    older = find_older(s.service.store, reader_version())
    return s.attempt(
        lambda: [jobs.reread(s.viewer.actor, stored.document.id) for stored in older],
        "/documents", lambda done: s.t("已安排重新读取 {n} 份文件", n=len(done)),
    )  # fmt: skip


@router.post("/documents/{document_id}/reread")
def reread(
    document_id: str, s: Ingesting, jobs: JobsOf, csrf: Annotated[str, Form()] = ""
) -> Response:
    """Queue the reading of a document that an older reader read."""
    s.check(csrf)
    document_seen(s, document_id)
    try:
        job = jobs.reread(s.viewer.actor, document_id)
    except ConflictError as error:
        return s.refused(error, f"/documents/{quote(document_id)}")
    return s.go(f"/documents/jobs/{job.id}")


@router.post("/documents/{document_id}/recognised")
def repair(
    document_id: str,
    s: Correcting,
    jobs: JobsOf,
    start: Annotated[int, Form(ge=0)],
    end: Annotated[int, Form(ge=1)],
    words: Annotated[str, Form(max_length=20_000)] = "",
    reason: Reason = "",
    csrf: Annotated[str, Form()] = "",
) -> Response:
    """Queue the reading of a scan with what a person says that one of its lines is."""
    s.check(csrf)
    document_seen(s, document_id)
    try:
        job = jobs.repair(s.viewer.actor, document_id, start, end, words, reason)
    except (ConflictError, FieldError, SecretError) as error:
        return s.refused(error, f"/documents/{quote(document_id)}?from={start}&to={end}")
    return s.go(f"/documents/jobs/{job.id}")


@router.post("/documents/{document_id}/withdraw")
def withdraw(
    document_id: str, s: Ingesting, reason: Reason = "", csrf: Annotated[str, Form()] = ""
) -> Response:
    """Take a document out that should not be there."""
    s.check(csrf)
    document_seen(s, document_id)
    return s.attempt(
        lambda: withdraw_document(s.service.store, s.viewer.actor, document_id, reason, s.service.now()),
        f"/documents/{quote(document_id)}", s.t("文件已撤回，它的任务不再列出"),
    )  # fmt: skip


@router.post("/documents/{document_id}/restore")
def restore(
    document_id: str, s: Ingesting, reason: Reason = "", csrf: Annotated[str, Form()] = ""
) -> Response:
    """Put a withdrawn document back."""
    s.check(csrf)
    document_seen(s, document_id)
    return s.attempt(
        lambda: restore_document(s.service.store, s.viewer.actor, document_id, reason, s.service.now()),
        f"/documents/{quote(document_id)}", s.t("文件已恢复，它的任务重新列出"),
    )  # fmt: skip


@router.post("/documents/{document_id}/erase")
def erase(
    document_id: str,
    s: Erasing,
    reason: Reason = "",
    versions: Annotated[str, Form(max_length=8)] = "",
    csrf: Annotated[str, Form()] = "",
) -> Response:
    """Erase a document that must not be here."""
    s.check(csrf)
    document_seen(s, document_id)
    try:
        done = s.service.erase(s.viewer.actor, document_id, reason, versions=bool(versions))
    except DubanError as error:
        return s.refused(error, f"/documents/{quote(document_id)}")
    sent = len(done.sent)
    return s.go("/documents", s.t("文件已彻底删除；已发出的周报 {n} 份须另行收回", n=sent) if sent else s.t("文件已彻底删除"))  # fmt: skip


@router.post("/documents/{document_id}/detach")
def detach(document_id: str, s: Ingesting, csrf: Annotated[str, Form()] = "") -> Response:
    """Say that a document is no attachment of the one that it came with."""
    s.check(csrf)
    document_seen(s, document_id)
    return s.attempt(
        lambda: detach_document(s.service.store, s.viewer.actor, document_id, s.service.now()),
        f"/documents/{quote(document_id)}", s.t("附件关系已解除"),
    )  # fmt: skip


@router.post("/documents/{document_id}/track")
def track(
    document_id: str, s: Tracking, reason: Reason = "", csrf: Annotated[str, Form()] = ""
) -> Response:
    """Make the duties of a document the house's own."""
    s.check(csrf)
    document_seen(s, document_id)
    return s.attempt(
        lambda: track_document(s.service.store, s.viewer.actor, document_id, reason, s.service.now()),
        f"/documents/{quote(document_id)}",
        lambda done: s.t("文件已列入督办：{tasks} 项任务进入列表，其中 {lives} 项已有办理经过", tasks=done.tasks, lives=done.lives),
    )  # fmt: skip


@router.post("/documents/{document_id}/untrack")
def untrack(
    document_id: str, s: Tracking, reason: Reason = "", csrf: Annotated[str, Form()] = ""
) -> Response:
    """Keep a document for reference only."""
    s.check(csrf)
    document_seen(s, document_id)
    return s.attempt(
        lambda: untrack_document(s.service.store, s.viewer.actor, document_id, reason, s.service.now()),
        f"/documents/{quote(document_id)}",
        lambda done: s.t("文件改为仅供查阅：{tasks} 项任务退出列表，{lives} 项办理经过保留", tasks=done.tasks, lives=done.lives),
    )  # fmt: skip


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
    document_seen(s, document_id)
    seen = Visibility(level=Level(level), units=split(units))
    return s.attempt(
        lambda: set_visibility(s.service.store, s.viewer.actor, document_id, seen, s.service.now()),
        f"/documents/{quote(document_id)}", s.t("可见范围已改"),
    )  # fmt: skip

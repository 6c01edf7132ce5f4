"""上传: files that are sent, the pages of one document among them, and how far each is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.service.documents import join_pictures, queue
from api.service.job import Delivered, JobStatus, delivered
from api.service.jobs import Jobs, JobsOf
from api.service.pages.admin import split
from api.service.pages.screen import Screen, allowed
from api.service.uploads import Sent, Upload, receive_all
from ingest.attachments import Member, relate
from ingest.files import LIMIT
from kb.errors import DeniedError, DubanError
from kb.identifiers import sha256_hex
from tasks.authorisation import Action
from tasks.models import LEFT_OUT

router = APIRouter()
Ingesting = Annotated[Screen, Depends(allowed(Action.INGEST))]
MOST_FILES = 100
"""Files that are sent at once."""
NONE: list[str] = []
_NO_FILE = "没有选文件 / no file was chosen"


@router.post("/documents")
async def upload(request: Request, s: Ingesting, jobs: JobsOf) -> Response:
    """Queue the reading of each document that was chosen; a page tells how far each is. One that is
    refused keeps none of the others out."""
    sent = await receive_all(request, jobs.folder, field="file", most=LIMIT, files=MOST_FILES)
    with sent:
        s.check(sent.field("csrf"))
        if not (sent.files or sent.pages):
            return await run_in_threadpool(s.refused, DubanError(_NO_FILE), "/documents")
        return await run_in_threadpool(_queue_all, s, jobs, sent)


def _queue_all(s: Screen, jobs: Jobs, sent: Sent) -> Response:
    # One field holds all units here, for those without scripts.
    fields = sent.fields | {"units": list(split(sent.field("units")))}
    queued: list[str] = []
    refused: list[str] = []
    together = bool(sent.field("together")) and len(sent.files) > 1
    for files, ordered in (
        (sent.pages, True),
        (sent.files if together else [], bool(sent.field("ordered"))),
    ):
        if not files:
            continue
        try:
            joined = join_pictures(jobs.folder, files, ordered=ordered)
        except DubanError as error:
            return s.refused(error, "/documents")
        for _, path in files:
            path.unlink(missing_ok=True)
        files.clear()
        sent.files.append(joined)
    for (name, path), came in zip(sent.files, _together(s, sent), strict=True):
        try:
            found = queue(jobs, s.service, s.viewer, Upload(path, name, fields), came)
            queued += [job.id for job in found]
        except DeniedError:
            raise
        except DubanError as error:
            if len(sent.files) == 1:
                return s.refused(error, "/documents")
            refused.append(f"{name}: {s.told(str(error))}")
    if len(queued) == 1 and not refused:
        return s.go(f"/documents/jobs/{queued[0]}")
    to = "/documents/uploads?" + "&".join(f"job={quote(key)}" for key in queued)
    return s.go(to, "；".join(refused), failed=bool(refused))


def _together(s: Screen, sent: Sent) -> Sequence[Delivered | None]:
    """What each of several files is among those that came with it: in one form, or one after another in
    forms of their own (`delivery`, `names` of all, which of them it is `at`)."""
    here = [name for name, _ in sent.files]
    key, names = sent.field("delivery"), sent.field("names").splitlines()[:MOST_FILES]
    if len(here) > 1:
        return delivered(relate(_members(here)))
    own = int(printed) if (printed := sent.field("at")).isdecimal() else len(names)
    if not key or own >= len(names) or names[own].rpartition("/")[2] != here[0]:
        return [None]
    of = f"delivery-{sha256_hex(f'{s.viewer.actor.login} {key}'.encode())[:16]}"
    return [delivered(relate(_members(names)), of)[own]]


def _members(names: Sequence[str]) -> list[Member]:
    return [Member(n.rpartition("/")[2], n, b"", at) for at, n in enumerate(names)]


@router.get("/documents/uploads")
def uploads(
    s: Ingesting, jobs: JobsOf, job: Annotated[list[str], Query(max_length=MOST_FILES)] = NONE
) -> Response:
    """How far each of several uploads is."""
    found = [jobs.get(key) for key in job]
    waiting = (JobStatus.QUEUED, JobStatus.RUNNING)
    return s.show("uploads.html", jobs=found, running=any(j.status in waiting for j in found), waiting=waiting)  # fmt: skip


@router.get("/documents/jobs/{job_id}")
def job(job_id: str, s: Ingesting, jobs: JobsOf) -> Response:
    """How far an upload is, and in the end what was read or why it failed."""
    found = jobs.get(job_id)
    running = found.status in (JobStatus.QUEUED, JobStatus.RUNNING)
    warnings = found.report.warnings if found.report else []
    doubts = [w for w in warnings if w.code != LEFT_OUT]
    return s.show(
        "job.html", job=found, running=running, doubts=doubts, aside=len(warnings) - len(doubts)
    )


@router.post("/documents/jobs/{job_id}/cancel")
def cancel(
    job_id: str, s: Ingesting, jobs: JobsOf, csrf: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Stop an upload that waits or is being read."""
    s.check(csrf)
    back = f"/documents/jobs/{quote(job_id)}"
    # True whether it has ended by the time the page is shown or not.
    return s.attempt(lambda: jobs.cancel(s.viewer.actor, job_id), back, s.t("已要求取消"))

"""Jobs: how far the reading of a file is, and how it ended."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from api.service.identity import Viewer, needs
from api.service.job import Job
from api.service.jobs import JobsOf
from api.service.paging import Cursor, Limit, Page, newest, read_moment
from api.service.problems import RESPONSES
from tasks.authorisation import Action

router = APIRouter(tags=["documents"], responses=RESPONSES)
Ingester = Annotated[Viewer, Depends(needs(Action.INGEST))]


@router.get("/jobs", summary="处理任务 / jobs")
def list_jobs(viewer: Ingester, jobs: JobsOf, limit: Limit = 50, cursor: Cursor = "") -> Page[Job]:
    """The last files that were read, and how that went, the newest first."""
    found, total = jobs.page(limit + 1, read_moment(cursor))
    return newest(found, limit, total, lambda job: (job.at, job.id))


@router.get("/jobs/{job_id}", summary="一个处理任务 / a job")
def job(job_id: str, viewer: Ingester, jobs: JobsOf) -> Job:
    """How far the reading of a file is, and in the end its report or why it failed."""
    return jobs.get(job_id)


@router.post("/jobs/{job_id}/cancel", status_code=202, summary="取消处理任务 / cancel a job")
def cancel(job_id: str, viewer: Ingester, jobs: JobsOf) -> Job:
    """Stop an upload that waits or is being read; it ends `cancelled`, the store as it was before.
    409 once its document is in the store."""
    return jobs.cancel(viewer.actor, job_id)

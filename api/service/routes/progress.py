"""Progress from a sheet that was exported and filled in: looked at first, then taken in."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.service.identity import ServiceOf, SignedIn, Viewer
from api.service.jobs import JobsOf
from api.service.problems import RESPONSES
from api.service.sending import download
from api.service.state import Service
from api.service.uploads import Upload, form_of, receive
from tasks.authorisation import require
from tasks.exports.filled import LARGEST, read_filled
from tasks.exports.progress import ImportReport, Verdict, render_results, take_in
from tasks.lifecycle import Step

router = APIRouter(tags=["outputs"], responses=RESPONSES)
_CSV = "text/csv"
_FORM = form_of()


class ProgressRow(BaseModel):
    """What becomes of one row: its number in the file (1-based), the steps that it asks for, and
    why it is refused or held back."""

    row: int
    milestone_id: str
    occurrence: str
    duty: str
    verdict: Literal["accepted", "unchanged", "refused", "held"]
    why: str
    steps: list[str]


class ProgressReport(BaseModel):
    """All rows of a sheet, and how many came to what. `written`: whether the store was changed."""

    sheet: str
    dry_run: bool
    written: bool
    accepted: int
    unchanged: int
    refused: int
    held: int
    results: list[ProgressRow]


def _may_report(viewer: SignedIn) -> Viewer:
    """Whoever could take none of the steps that a sheet asks for sends no bytes at all.

    Raises:
        DeniedError: they report for no unit.
    """
    require(viewer.actor, Step.REPORT, viewer.actor.units)
    return viewer


@router.post(
    "/progress", summary="导入进展表 / take in a sheet with progress", response_model=ProgressReport,
    responses={200: {"content": {_CSV: {"schema": {"type": "string"}}}}}, openapi_extra=_FORM,
)  # fmt: skip
async def take_in_progress(
    request: Request,
    viewer: Annotated[Viewer, Depends(_may_report)],
    service: ServiceOf,
    jobs: JobsOf,
    dry_run: Annotated[bool, Query(description="只检查, 不写 / only check, write nothing")] = False,
    all_or_nothing: Annotated[
        bool, Query(description="有一行不行就都不写 / all rows or none")
    ] = False,
    kind: Annotated[
        Literal["json", "csv"], Query(alias="format", description="结果的格式 / of the result")
    ] = "json",
) -> Any:
    """Take in a sheet (.xlsx or .csv) of `GET /exports` with progress filled in, as `duban import`
    does: each row is a step of the person who sends it, all in one transaction. With `dry_run` it
    is only said what would become of each row, with `all_or_nothing` one refused row holds all
    others back. The same file twice changes nothing."""
    got = await receive(request, jobs.folder, LARGEST)
    try:
        # Sheets are large once unpacked: one at a time.
        async with service.sheets:
            found = await run_in_threadpool(
                _take_in, service, viewer, got, dry_run=dry_run, whole=all_or_nothing
            )
    finally:
        await run_in_threadpool(got.path.unlink, missing_ok=True)
    if kind == "csv":
        return _as_csv(service, found)
    return _told(found, dry_run=dry_run)


def _take_in(
    service: Service, viewer: Viewer, got: Upload, *, dry_run: bool, whole: bool
) -> ImportReport:
    filled = read_filled(got.path.read_bytes(), got.name)
    return take_in(service.store, viewer.actor, filled, service.now(), whole=whole, dry_run=dry_run)


def _told(found: ImportReport, *, dry_run: bool) -> ProgressReport:
    return ProgressReport(
        sheet=found.sheet, dry_run=dry_run, written=found.written,
        accepted=found.count(Verdict.ACCEPTED), unchanged=found.count(Verdict.UNCHANGED),
        refused=found.count(Verdict.REFUSED), held=found.count(Verdict.HELD),
        results=[
            ProgressRow(
                row=r.row, milestone_id=r.milestone_id, occurrence=r.occurrence, duty=r.duty,
                verdict=r.verdict.value, why=r.why, steps=[c.step.value for c in r.commands],
            )
            for r in found.results
        ],
    )  # fmt: skip


def _as_csv(service: Service, found: ImportReport) -> Response:
    data = render_results(found, service.settings.language)
    return download(data, "导入结果.csv", f"{_CSV}; charset=utf-8")

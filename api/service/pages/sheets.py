"""回收进度表: a filled-in sheet comes back; first what each row would change and what is refused,
by its row number, then, once confirmed, the change itself."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request, Response
from starlette.concurrency import run_in_threadpool

from api.service.jobs import JobsOf
from api.service.pages.screen import Screen, SignedIn
from api.service.sending import download
from api.service.uploads import receive
from kb.errors import DeniedError, DubanError, NotFoundError
from tasks.authorisation import ROLE_NAMES, roles_for
from tasks.exports.filled import LARGEST, read_filled
from tasks.exports.progress import VERDICTS, ImportReport, Verdict, render_results, take_in
from tasks.lifecycle import Step

router = APIRouter()
MOST_SHOWN = 300
"""Rows of a preview; the list as a file has all."""
_TOKEN = re.compile(r"[0-9a-f]{32}")
COLOURS = {
    Verdict.ACCEPTED: "good",
    Verdict.UNCHANGED: "none",
    Verdict.REFUSED: "red",
    Verdict.HELD: "yellow",
}


def _reporting(s: SignedIn) -> Screen:
    """Only who may report progress at all gets to send a sheet; each row is authorised again."""
    wanted = roles_for(Step.REPORT)
    if not s.viewer.actor.roles & wanted:
        zh, en = zip(*(ROLE_NAMES[role] for role in wanted), strict=True)
        raise DeniedError(
            f"没有权限: 回收进度表要{'、'.join(zh)} / not allowed: a sheet takes {', '.join(en)}"
        )
    return s


Reporting = Annotated[Screen, Depends(_reporting)]


@router.get("/tasks/import")
def blank(s: Reporting) -> Response:
    """The form for a sheet, and how it is got."""
    return _shown(s)


@router.post("/tasks/import")
async def preview(request: Request, s: Reporting, jobs: JobsOf) -> Response:
    """Take a sheet in and say what it would change; nothing is changed yet."""
    try:
        got = await receive(request, jobs.folder, LARGEST)
    except (DeniedError, NotFoundError):
        raise
    except DubanError as error:
        return s.go("/tasks/import", s.told(error.message), failed=True)

    def look() -> Response:
        try:
            s.check(got.field("csrf"))
            report = _take_in(s, got.path.read_bytes(), got.name, dry_run=True)
        except DubanError as error:
            got.path.unlink(missing_ok=True)
            if isinstance(error, DeniedError):
                raise
            return s.go("/tasks/import", s.told(error.message), failed=True)
        except BaseException:
            got.path.unlink(missing_ok=True)
            raise
        token = _keep(s, jobs.folder, got.path)
        return _shown(s, report, got.name, token)

    return await run_in_threadpool(look)


@router.post("/tasks/import/confirm")
def confirm(
    s: Reporting,
    jobs: JobsOf,
    token: Annotated[str, Form(max_length=64)] = "",
    name: Annotated[str, Form(max_length=200)] = "",
    whole: Annotated[str, Form(max_length=5)] = "",
    csrf: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Take in the sheet that was looked at; with `whole`, all of it or nothing."""
    s.check(csrf)
    path = _kept(s, jobs.folder, token)
    try:
        report = _take_in(s, path.read_bytes(), name, dry_run=False, whole=bool(whole))
    except DubanError as error:
        return s.go("/tasks/import", s.told(error.message), failed=True)
    if report.written:
        path.unlink(missing_ok=True)
        return _shown(s, report, name)
    return _shown(s, report, name, token)


@router.post("/tasks/import/results")
def results(
    s: Reporting,
    jobs: JobsOf,
    token: Annotated[str, Form(max_length=64)] = "",
    name: Annotated[str, Form(max_length=200)] = "",
    csrf: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """What would become of every row, as CSV."""
    s.check(csrf)
    report = _take_in(s, _kept(s, jobs.folder, token).read_bytes(), name, dry_run=True)
    kind = "text/csv; charset=utf-8"
    return download(render_results(report, s.language), f"{s.t('进度表核对')}.csv", kind)


def _take_in(
    s: Screen, data: bytes, name: str, *, dry_run: bool, whole: bool = False
) -> ImportReport:
    return take_in(
        s.service.store, s.viewer.actor, read_filled(data, name), s.service.now(), whole=whole,
        dry_run=dry_run,
    )  # fmt: skip


def _pattern(s: Screen, token: str) -> str:
    """What the sheet of a person is called while it waits: one each, found only by who sent it.
    Like every upload it bears its process and is cleared away once that is gone."""
    owner = hashlib.sha256(s.viewer.actor.login.encode()).hexdigest()[:24]
    return f"*-sheet-{owner}-{token}.part"


def _keep(s: Screen, folder: Path, path: Path) -> str:
    for former in folder.glob(_pattern(s, "*")):
        former.unlink(missing_ok=True)
    token = secrets.token_hex(16)
    path.rename(folder / _pattern(s, token).replace("*", str(os.getpid()), 1))
    return token


def _kept(s: Screen, folder: Path, token: str) -> Path:
    found = list(folder.glob(_pattern(s, token))) if _TOKEN.fullmatch(token) else []
    if not found:
        raise NotFoundError(
            "这张表已经处理或已过期, 请重新上传 / this sheet is gone, send it again"
        )
    return found[0]


def _shown(
    s: Screen, report: ImportReport | None = None, name: str = "", token: str = ""
) -> Response:
    side = s.names.side
    told = [r for r in report.results if r.verdict is not Verdict.UNCHANGED] if report else []
    told.sort(key=lambda r: (r.verdict is not Verdict.REFUSED, r.row))
    return s.show(
        "import.html", report=report, name=name, token=token, told=told[:MOST_SHOWN],
        left=max(0, len(told) - MOST_SHOWN), verdicts={v: VERDICTS[v][side] for v in Verdict},
        Verdict=Verdict, colours=COLOURS, links=_tasks(s, report), most=LARGEST // (1024 * 1024),
        own=[(s.units.label(u), quote(u, safe="")) for u in s.viewer.actor.units if s.units.find(u)],
    )  # fmt: skip


def _tasks(s: Screen, report: ImportReport | None) -> dict[str, str]:
    """Which task each milestone of a report is of."""
    wanted = {r.milestone_id for r in report.results} if report else set()
    placed = s.service.register(s.viewer.actor).tasks() if wanted else ()
    return {m.id: p.task.id for p in placed for m in p.task.milestones if m.id in wanted}

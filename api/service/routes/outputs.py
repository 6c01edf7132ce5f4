"""Digests of a week and exports, rendered for people and programs; the calendar feed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from api.service.identity import ServiceOf, SignedIn, Viewer, needs, service_of, viewer_of
from api.service.paging import Cursor, Limit, Page, page_of
from api.service.problems import RESPONSES, UnauthenticatedError
from api.service.routes.parameters import AsOf, Plan, Roles, Statuses, Unit, Within
from api.service.sending import TAGGED, disposition, download, tagged
from api.service.standings import query_of
from api.service.state import Service
from kb.language.roles import Role
from tasks.access import CALENDAR
from tasks.authorisation import Action, authorise, require
from tasks.digest import MEDIA_TYPES, DigestFormat, build_digests, file_name, parse_week, render
from tasks.disclosure import Part, may_know
from tasks.due import State
from tasks.exports.feed import REMIND_DAYS, render_ics
from tasks.exports.render import render_rows
from tasks.exports.report import By
from tasks.exports.rows import ExportRow, export_rows
from tasks.exports.workbook import Heading
from tasks.lifecycle import Status
from tasks.outbox import DeliveryStatus, Outbox
from tasks.query import Select, in_states

router = APIRouter(tags=["outputs"], responses=RESPONSES)
Exporter = Annotated[Viewer, Depends(needs(Action.EXPORT))]
Format = Literal["xlsx", "csv", "jsonl", "docx", "ics"]
Remind = Annotated[
    int, Query(ge=0, le=365, description="日历提前几天提醒, 0 不提醒 / days ahead, 0: none")
]
Language = Annotated[Literal["zh", "en"] | None, Query(description="默认按设置 / default: the setting")]  # fmt: skip
_TYPES: dict[str, str] = {
    "xlsx": MEDIA_TYPES[DigestFormat.XLSX],
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl; charset=utf-8",
    "docx": MEDIA_TYPES[DigestFormat.DOCX],
    "ics": "text/calendar; charset=utf-8",
}
_DIGEST_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)
"""A digest is the page that goes out by mail: its styles stand in it, it runs nothing, and the
sandbox keeps it apart from our own pages."""
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_OBJECT = {"schema": {"type": "object", "additionalProperties": True}}


def _files(kinds: Any) -> dict[int | str, dict[str, Any]]:
    """How an answer of one of these media types is documented."""
    plain = (kind.partition(";")[0] for kind in kinds)
    return {200: {"content": {k: _OBJECT if k == "application/json" else _BINARY for k in plain}}}


class Sent(BaseModel):
    """A digest that went out, or did not: to whom, how, when. `unit` is a full name, `unit_id`
    the unit's id; both are 总览 of the overview."""

    unit: str
    unit_id: str
    channel: str
    status: DeliveryStatus
    at: datetime
    attempts: int
    address: str
    note: str
    answer: Annotated[
        str,
        Field(description="对方的应答 (仅管理员) / what the other side said (administrators only)"),
    ] = ""


class DigestWeek(BaseModel):
    """What was sent in one week."""

    week: str
    sent: list[Sent]


@router.get("/digests", summary="周报 / digests sent")
def digests(
    viewer: SignedIn, service: ServiceOf, limit: Limit = 50, cursor: Cursor = ""
) -> Page[DigestWeek]:
    """What was sent, by week, the latest first: supervisors, auditors and administrators see all,
    officers what went to their own units."""
    mine = None if may_know(viewer.actor, Part.ALL_DELIVERIES) else frozenset(viewer.actor.units)
    weeks: dict[str, list[Sent]] = {}
    answers = authorise(viewer.actor, Action.CHANGE_SETTINGS).allowed
    for one in Outbox(service.store, "").deliveries(answers=answers):
        if mine is None or one.unit in mine:
            fields = one.model_dump(include=set(Sent.model_fields) - {"unit"})
            sent = Sent(unit=one.unit_name, unit_id=one.unit, **fields)
            weeks.setdefault(one.week, []).append(sent)
    found = [DigestWeek(week=week, sent=weeks[week]) for week in sorted(weeks, reverse=True)]
    shown, after = page_of(found, limit, cursor, lambda w: [-_number(w.week)])
    return Page(items=shown, total=len(found), next=after)


def _number(week: str) -> int:
    """202648 of 2026-W48."""
    return int("".join(c for c in week if c.isdecimal()) or 0)


@router.get(
    "/digests/{week}", summary="一周的周报 / the digest of a week", response_class=Response,
    responses=_files(MEDIA_TYPES.values()),
)  # fmt: skip
def digest(
    week: str,
    viewer: Exporter,
    service: ServiceOf,
    unit: Annotated[str, Query(max_length=200, description="空: 总览 / empty: the overview")] = "",
    kind: Annotated[DigestFormat, Query(alias="format")] = DigestFormat.HTML,
    as_of: AsOf = None,
    within: Within = 30,
    lang: Language = None,
) -> Response:
    """The digest of a week (`2026-W48`) as things stood on `as_of` (by default the day of the week
    nearest to today), over the documents that the viewer may see. HTML is a page of its own,
    other formats are files."""
    asked = parse_week(week)
    language = lang or service.settings.language

    def make() -> tuple[bytes, str]:
        [found, *_] = build_digests(
            service.store, asked, as_of or asked.nearest(service.today()),
            zone=ZoneInfo(service.settings.timezone), within=within,
            units=(unit,) if unit else (), overview=not unit, all_clear=True,
            reader=viewer.actor,
        )  # fmt: skip
        data = render(found, kind, language, base_url=service.settings.base_url)
        return data, file_name(found, kind, language)

    data, name = service.rendering.make(viewer.caller, make)
    if kind is not DigestFormat.HTML:
        return download(data, name, MEDIA_TYPES[kind])
    headers = {"Content-Security-Policy": _DIGEST_POLICY}
    headers["Content-Disposition"] = disposition(name, "inline")
    return Response(data, media_type=MEDIA_TYPES[kind], headers=headers)


@router.get(
    "/exports", summary="导出 / export", response_class=Response, responses=_files(_TYPES.values())
)
def export(
    viewer: Exporter,
    service: ServiceOf,
    roles: Roles,
    statuses: Statuses,
    kind: Annotated[Format, Query(alias="format")] = "xlsx",
    unit: Unit = "",
    plan: Plan = "",
    overdue: Annotated[bool, Query(description="只列逾期 / overdue only")] = False,
    as_of: AsOf = None,
    remind: Remind = REMIND_DAYS,
    by: Annotated[By, Query(description="docx 的分组 / groups of docx")] = By.PLAN,
    lang: Language = None,
) -> Response:
    """Milestones as a file: the sheet to fill in (xlsx), CSV, JSON Lines, a report (docx), a
    calendar (ics)."""
    day = as_of or service.today()
    heading = Heading(day, unit or plan, lang or service.settings.language, service.settings.base_url)  # fmt: skip

    def make() -> bytes:
        rows = _rows(service, viewer, unit, roles, plan, day, overdue=overdue, statuses=statuses)
        return render_rows(rows, heading, kind, by=by, remind_days=remind or None)

    data = service.rendering.make(viewer.caller, make)
    return download(data, f"督办-{day}.{kind}", _TYPES[kind])


def feed_viewer(
    request: Request,
    token: Annotated[
        str, Query(max_length=200, description="只用于日历的令牌 / a token of scope calendar")
    ] = "",
) -> Viewer:
    """Who a calendar program asks for: the person of the token in the address, which opens the
    feed and nothing else; without one, as everywhere.

    Raises:
        UnauthenticatedError: the token is unknown, has expired, or is for other things: such a
            one must not stand in an address.
    """  # fmt: skip
    service = service_of(request)
    if not token:
        viewer = viewer_of(request)
        if not viewer.actor.roles:
            raise UnauthenticatedError("请先登录 / sign in first")
    else:
        known = service.access.token(token, service.now())
        if known is None or known[0].scopes != (CALENDAR,):
            raise UnauthenticatedError(
                "日历要用范围为 calendar 的令牌 / the feed takes a token of scope calendar",
                hint="POST /api/v1/tokens",
            )
        viewer = Viewer(known[1].actor(), known[1], token=known[0])
    require(viewer.actor, Action.EXPORT)
    return viewer


@router.get(
    "/exports/calendar.ics", summary="日历订阅 / the calendar feed", response_class=Response,
    responses=_files([_TYPES["ics"]]) | TAGGED,
)  # fmt: skip
def calendar(
    request: Request,
    viewer: Annotated[Viewer, Depends(feed_viewer)],
    service: ServiceOf,
    roles: Roles,
    unit: Unit = "",
    plan: Plan = "",
    remind: Remind = REMIND_DAYS,
    lang: Language = None,
) -> Response:
    """Deadlines for calendar programs. Calendars send no headers, so the feed's address may carry
    `token=`: only a token of scope `calendar`, which opens nothing else."""  # fmt: skip
    day = service.today()
    heading = Heading(day, unit or plan, lang or service.settings.language, service.settings.base_url)  # fmt: skip

    def make() -> bytes:
        rows = _rows(service, viewer, unit, roles, plan, day)
        return render_ics(rows, heading, remind_days=remind or None)

    return tagged(request, service.rendering.make(viewer.caller, make), _TYPES["ics"])


def _rows(
    service: Service,
    viewer: Viewer,
    unit: str,
    roles: list[Role],
    plan: str,
    day: date,
    *,
    overdue: bool = False,
    statuses: list[Status | State] | None = None,
) -> list[ExportRow]:
    asked = query_of(service, viewer.actor, Select.MILESTONES, unit=unit, roles=roles, plan=plan)
    chosen = in_states(asked, statuses or (), overdue=overdue)
    return export_rows(service.store, day, chosen, reader=viewer.actor)

"""周报: a week's digest shown and for keeping, what was sent to whom, sending with a look before."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Annotated
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Form, Query, Request, Response

from api.delivery.run import Sending, send_digests
from api.delivery.sender import Outcome
from api.delivery.settings import DeliverySettings
from api.service.pages.screen import Reading, Screen, SignedIn, allowed
from api.service.sending import disposition, download
from kb.errors import DubanError, NotFoundError
from tasks.authorisation import Action
from tasks.digest import (
    MEDIA_TYPES,
    Digest,
    DigestFormat,
    Week,
    build_digests,
    file_name,
    parse_week,
    render,
    week_of,
)
from tasks.digest.view import view_of
from tasks.disclosure import Part, may_know
from tasks.outbox import DELIVERY_NAMES, OVERVIEW, Delivery, DeliveryStatus, Key, Outbox

router = APIRouter()
SendingScreen = Annotated[Screen, Depends(allowed(Action.SEND_DIGEST))]
WeekPrinted = Annotated[str, Query(max_length=20)]
_WEEKS = 12
"""Weeks that can be chosen from a list; others by address."""
_SHOWN = 400
"""Deliveries on the page of the archive."""
_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
)
"""A digest is the page that went out by mail: its styles stand in it, and it runs nothing."""
_RESULTS = {
    "sent": ("已发出", "sent"), "failed": ("未发出", "failed"),
    "uncertain": ("不确定，请查实", "uncertain, please look"), "already": ("此前已发", "sent before"),
    "no-address": ("没有地址", "no address"), "would-send": ("将发出", "would be sent"),
}  # fmt: skip
_one_at_a_time = CapacityLimiter(1)
"""Sending waits for other servers: it has a thread of its own, not one of the pages'."""


@router.get("/dashboard/digest")
def digest(
    s: Reading, week: WeekPrinted = "", unit: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """A week's digest of a unit, or the overview, as a page: what would go out now."""
    unit = s.unit_meant(unit) or ""
    found = _digest(s, week, unit)
    return s.show(
        "digest.html", v=view_of(found, s.language, _base(s)), week=found.week, unit=unit,
        weeks=recent_weeks(s), formats=list(DigestFormat),
        units=s.unit_choices(),
    )  # fmt: skip


@router.get("/dashboard/digest/{form}")
def digest_file(
    form: str,
    s: SignedIn,
    week: WeekPrinted = "",
    unit: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The same as a file."""
    if form not in tuple(DigestFormat):
        raise NotFoundError(f"没有格式 {form} / no format {form}")
    kind = DigestFormat(form)
    found = _digest(s, week, unit)
    data = s.service.rendering.make(
        s.viewer.caller, lambda: render(found, kind, s.language, base_url=_base(s))
    )
    return download(data, file_name(found, kind, s.language), MEDIA_TYPES[kind])


@router.get("/dashboard/digests")
def archive(
    s: SignedIn,
    week: WeekPrinted = "",
    unit: Annotated[str, Query(max_length=200)] = "",
    status: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """What was sent: to whom, how, when, whether it arrived; the latest week first."""
    outbox = Outbox(s.service.store, "")
    printed = str(parse_week(week)) if week else ""
    everything = may_know(s.viewer.actor, Part.ALL_DELIVERIES)
    answers = s.may(Action.CHANGE_SETTINGS)
    mine = [
        d
        for d in outbox.deliveries(answers=answers)
        if everything or d.unit in s.viewer.actor.units
    ]
    found = [
        d
        for d in mine
        if printed in ("", d.week)
        and unit.strip() in d.unit_name
        and status in ("", d.status.value)
    ]
    found.sort(key=lambda d: (d.week, d.at), reverse=True)
    weeks: dict[str, list[Delivery]] = {}
    for one in found[:_SHOWN]:
        weeks.setdefault(one.week, []).append(one)
    return s.show(
        "digests.html", weeks=weeks, total=len(found), shown=min(len(found), _SHOWN), week=printed,
        unit=unit, status=status, statuses=list(DeliveryStatus), names=DELIVERY_NAMES,
        counts={w: Counter(d.status for d in mine if d.week == w) for w in weeks},
        known=sorted({d.week for d in mine}, reverse=True),
        copies=outbox.copies() if everything else frozenset(), overview=OVERVIEW,
        Status=DeliveryStatus,
    )  # fmt: skip


@router.get("/dashboard/digests/copy/{sha256}")
def copy(sha256: str, s: SignedIn) -> Response:
    """A digest exactly as it went out."""
    found = Outbox(s.service.store, "").copy_of(sha256)
    if found is None or not may_know(s.viewer.actor, Part.ALL_DELIVERIES):
        raise NotFoundError("没有留存这份周报 / no copy of this digest is kept")
    subject, page = found
    headers = {"Content-Security-Policy": _POLICY}
    headers["Content-Disposition"] = disposition(f"{subject}.html", "inline")
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)


@router.get("/dashboard/send")
def foretell(
    s: SendingScreen,
    week: WeekPrinted = "",
    unit: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """What would go where, before anything is sent."""
    chosen = parse_week(week) if week else week_of(s.service.today())
    unit = s.unit_meant(unit) or ""
    found = send_digests(
        s.service.settings, _delivery(s.request), s.service.store, s.viewer.actor,
        _sending(s, chosen, unit, dry_run=True),
    )  # fmt: skip
    return _outcomes(s, chosen, unit, found, done=False)


@router.post("/dashboard/send")
async def send(
    s: SendingScreen,
    week: Annotated[str, Form(max_length=20)] = "",
    unit: Annotated[str, Form(max_length=200)] = "",
    confirmed: Annotated[str, Form(max_length=5)] = "",
    csrf: Annotated[str, Form()] = "",
) -> Response:
    """Send, once somebody confirmed it; a second time sends only what did not go out."""
    s.check(csrf)
    chosen = parse_week(week)
    back = f"/dashboard/send?{urlencode({'week': str(chosen), 'unit': unit})}"
    if not confirmed:
        return s.go(back, s.t("请先勾选确认"), failed=True)
    # One try each: somebody waits for the answer, and may ask again.
    delivery = replace(_delivery(s.request), attempts=1)

    def act() -> Response:
        found = send_digests(
            s.service.settings, delivery, s.service.store, s.viewer.actor,
            _sending(s, chosen, unit, dry_run=False),
        )  # fmt: skip
        return _outcomes(s, chosen, unit, found, done=True)

    try:
        return await to_thread.run_sync(act, limiter=_one_at_a_time)
    except DubanError as error:
        return s.go(back, s.told(error.message), failed=True)


@router.post("/dashboard/digests/release")
def release(
    s: SendingScreen,
    week: Annotated[str, Form(max_length=20)] = "",
    unit: Annotated[str, Form(max_length=200)] = "",
    channel: Annotated[str, Form(max_length=20)] = "",
    reason: Annotated[str, Form(max_length=500)] = "",
    csrf: Annotated[str, Form()] = "",
) -> Response:
    """Allow a delivery to go out again, after a person found that it did not arrive."""
    s.check(csrf)
    key = Key(unit=unit, week=week, channel=channel)
    return s.attempt(
        lambda: Outbox(s.service.store, "").release(s.viewer.actor, key, reason, s.service.now()),
        f"/dashboard/digests?week={quote(week)}", s.t("已准许再发，下次发送时发出"),
    )  # fmt: skip


def recent_weeks(s: Screen) -> list[Week]:
    """This week and those before it, the latest first."""
    today = s.service.today()
    return [week_of(today - timedelta(weeks=n)) for n in range(_WEEKS)]


def _outcomes(s: Screen, week: Week, unit: str, found: list[Outcome], *, done: bool) -> Response:
    return s.show(
        "send.html", week=week, weeks=recent_weeks(s), unit=unit, outcomes=found, done=done,
        results=_RESULTS, counts=Counter(o.result for o in found), overview=OVERVIEW,
        units=s.unit_choices(),
    )  # fmt: skip


def _sending(s: Screen, week: Week, unit: str, *, dry_run: bool) -> Sending:
    as_of = week.nearest(s.service.today())
    return Sending(week=week, as_of=as_of, units=(unit,) if unit else None, dry_run=dry_run)


def _delivery(request: Request) -> DeliverySettings:
    found: DeliverySettings = request.app.state.delivery
    return found


def _digest(s: Screen, week: str, unit: str) -> Digest:
    chosen = parse_week(week) if week else week_of(s.service.today())
    [found, *_] = build_digests(
        s.service.store, chosen, chosen.nearest(s.service.today()),
        zone=ZoneInfo(s.service.settings.timezone), units=(unit,) if unit else (), overview=not unit,
        all_clear=True, reader=s.viewer.actor,
    )  # fmt: skip
    return found


def _base(s: Screen) -> str:
    return s.service.settings.base_url or str(s.request.base_url).rstrip("/")

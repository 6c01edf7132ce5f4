"""督办: what is overdue by unit, plan and month; the weekly digests, shown and for keeping."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from api.service.pages.screen import Reading, Screen, SignedIn, unit_path
from api.service.pages.tasks import plan_titles
from api.service.sending import download
from kb.errors import NotFoundError
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
from tasks.due import Colour, DueItem, State
from tasks.models import Role
from tasks.outbox import DELIVERY_NAMES, Delivery, Outbox

router = APIRouter()
_MAIN = frozenset({Role.LEAD, Role.RESPONSIBLE})
_BARS = 15
"""Units in the picture; the table of units has all."""
_WEEKS = 12
"""Weeks that the archive offers."""


@dataclass(frozen=True, slots=True)
class Part:
    """A coloured part of a bar: where it begins and how long it is, in per cent of the widest."""

    colour: str
    count: int
    start: float
    length: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a chart."""

    label: str
    href: str
    total: int
    parts: tuple[Part, ...]


@router.get("/dashboard")
def dashboard(s: Reading, as_of: Annotated[str, Query(max_length=20)] = "") -> Response:
    """The numbers of a day."""
    day = s.day(as_of)
    items = s.service.standings(s.viewer.actor, day)
    register = s.service.register(s.viewer.actor)
    plans = plan_titles(register)
    on = {"as_of": as_of} if as_of else {}
    overdue = [i for i in items if i.state is State.OVERDUE]
    overdue.sort(key=lambda i: (i.inherited, i.due, i.path))
    return s.show(
        "dashboard.html", day=day, as_of=as_of, total=len(items),
        colours={c: sum(i.colour is c for i in items) for c in Colour},
        review=sum(i.state is State.REVIEW for i in items),
        finished=sum(i.state is State.FINISHED for i in items),
        silent=sum(i.life.silent for i in overdue), inherited=sum(i.inherited for i in overdue),
        by_unit=_bars(items, _units, lambda key: key, unit_path, only_red=True)[:_BARS],
        by_plan=_bars(items, lambda i: [i.plan_id], lambda key: plans.get(key, key),
                      lambda key: f"/tasks?{urlencode({'plan': key} | on)}"),
        by_month=_bars(items, _month, lambda key: key, lambda key: _month_path(key, on), in_order=True),
        longest=overdue[:10], plan_of=plans, this_week=week_of(s.service.today()),
        weeks=_weeks(s), units=[u.unit for u in register.units()],
        deliveries=_deliveries(s), delivery_names=DELIVERY_NAMES, Colour=Colour,
    )  # fmt: skip


@router.get("/dashboard/digest")
def digest(
    s: Reading,
    week: Annotated[str, Query(max_length=20)] = "",
    unit: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """A week's digest of a unit, or the overview, as a page."""
    found = _digest(s, week, unit)
    return s.show(
        "digest.html", v=view_of(found, s.language, _base(s)), week=found.week, unit=unit,
        weeks=_weeks(s), formats=list(DigestFormat),
        units=[u.unit for u in s.service.register(s.viewer.actor).units()],
    )  # fmt: skip


@router.get("/dashboard/digest/{form}")
def digest_file(
    form: str,
    s: SignedIn,
    week: Annotated[str, Query(max_length=20)] = "",
    unit: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The same as a file."""
    if form not in tuple(DigestFormat):
        raise NotFoundError(f"没有格式 {form} / no format {form}")
    kind = DigestFormat(form)
    found = _digest(s, week, unit)
    data = render(found, kind, s.language, base_url=_base(s))
    return download(data, file_name(found, kind, s.language), MEDIA_TYPES[kind])


def _digest(s: Screen, week: str, unit: str) -> Digest:
    chosen = parse_week(week) if week else week_of(s.service.today())
    [found, *_] = build_digests(
        s.service.store, chosen, chosen.nearest(s.service.today()),
        zone=ZoneInfo(s.service.settings.timezone), units=(unit,) if unit else (), overview=not unit,
        all_clear=True, documents=s.service.visible(s.viewer.actor),
    )  # fmt: skip
    return found


def _base(s: Screen) -> str:
    return s.service.settings.base_url or str(s.request.base_url).rstrip("/")


def _weeks(s: Screen) -> list[Week]:
    today = s.service.today()
    return [week_of(today - timedelta(weeks=n)) for n in range(_WEEKS)]


def _deliveries(s: Screen) -> list[Delivery]:
    if not s.may(Action.SEND_DIGEST):
        return []
    return list(reversed(Outbox(s.service.store, "page").deliveries()))[:60]


def _units(item: DueItem) -> Iterable[str]:
    return {u.unit for u in item.units if u.role in _MAIN}


def _month(item: DueItem) -> Iterator[str]:
    if item.due is not None:
        yield item.due.isoformat()[:7]


def _month_path(month: str, on: dict[str, str]) -> str:
    last = monthrange(int(month[:4]), int(month[5:]))[1]
    return f"/tasks?{urlencode({'since': f'{month}-01', 'until': f'{month}-{last}'} | on)}"


def _bars(
    items: Iterable[DueItem],
    keys: Callable[[DueItem], Iterable[str]],
    label: Callable[[str], str],
    path: Callable[[str], str],
    *,
    only_red: bool = False,
    in_order: bool = False,
) -> list[Bar]:
    """One bar for each key, in the field's colours: most red first, or in the keys' order."""
    counts: dict[str, dict[str, int]] = {}
    for item in items:
        kind = "finished" if item.state is State.FINISHED else item.colour.value
        if only_red and kind != Colour.RED:
            continue
        for key in keys(item):
            held = counts.setdefault(key, {})
            held[kind] = held.get(kind, 0) + 1
    widest = max((sum(held.values()) for held in counts.values()), default=1)
    order = sorted(counts) if in_order else sorted(counts, key=lambda k: (-counts[k].get("red", 0), -sum(counts[k].values()), label(k)))  # fmt: skip
    found = []
    for key in order:
        parts, at = [], 0.0
        for kind in ("red", "yellow", "blue", "none", "finished"):
            if count := counts[key].get(kind, 0):
                length = 100 * count / widest
                parts.append(Part(kind, count, round(at, 2), round(length, 2)))
                at += length
        found.append(Bar(label(key), path(key), sum(counts[key].values()), tuple(parts)))
    return found

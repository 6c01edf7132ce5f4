"""督办: what is overdue by unit, plan and month."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from api.service.pages.digests import recent_weeks
from api.service.pages.screen import Reading, unit_path
from api.service.pages.tasks import plan_titles
from tasks.bearing import is_unborne, joint_units, main_units
from tasks.due import Colour, DueItem, State
from tasks.lifecycle import Status

router = APIRouter()
NOBODY = ""
"""The bar of what the source names no unit for."""
_BARS = 15
"""Units in the picture; the table of units has all."""


@dataclass(frozen=True, slots=True)
class Part:
    """A coloured part of a bar: where it begins and how long it is, in per cent of the widest."""

    colour: str
    count: int
    start: float
    length: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a chart: `href` leads to what it is about, `red_href` to the overdue that it
    counts, `total_href` to all that it counts."""

    label: str
    href: str
    red_href: str
    total_href: str
    total: int
    parts: tuple[Part, ...]


@router.get("/dashboard")
def dashboard(s: Reading, as_of: Annotated[str, Query(max_length=20)] = "") -> Response:
    """The numbers of a day."""
    day = s.day(as_of)
    items = s.service.standings(s.viewer.actor, day)
    register = s.service.register(s.viewer.actor).tracked
    plans = plan_titles(register)
    on = {"as_of": as_of} if as_of else {}
    overdue = [i for i in items if i.state is State.OVERDUE]
    passed = sum(i.state is State.PASSED for i in items)
    overdue.sort(key=lambda i: (i.inherited, i.due, i.path))
    # A month says something of duties with a day of their own; the others all fall on the plan's end.
    own = [i for i in items if not i.inherited and i.due is not None]

    def of_unit(unit: str, _: list[DueItem]) -> dict[str, str]:
        if unit == NOBODY:
            return {"unborne": "1"} | on
        return {"unit": unit, "role": "main"} | on

    by_unit = _bars(
        overdue, _units, label=lambda u: s.units.label(u) if u else s.t("未写单位"), lists=of_unit,
        path=lambda u: unit_path(u) if u else f"/tasks?{urlencode({'unborne': '1', 'state': 'overdue'} | on)}",
    )  # fmt: skip
    shown = by_unit[:_BARS]
    shown += [bar for bar in by_unit[_BARS:] if bar.label == s.t("未写单位")]

    return s.show(
        "dashboard.html", day=day, as_of=as_of, total=len(items), passed=passed,
        colours={c: sum(i.colour is c for i in items) for c in Colour},
        review=sum(i.status is Status.REPORTED for i in items),
        asking=sum(i.status is Status.EXTENSION_REQUESTED for i in items),
        finished=sum(i.state is State.FINISHED for i in items),
        silent=sum(i.life.silent for i in overdue), inherited=sum(i.inherited for i in overdue),
        by_unit=shown, more_units=len(by_unit) - len(shown),
        joint=sum(not main_units(i) and bool(joint_units(i)) for i in overdue),
        no_deadline=sum(i.state is State.UNDATED for i in items),
        by_plan=_bars(items, lambda i: [i.plan_id], label=lambda k: plans.get(k, k), lists=lambda k, _: {"plan": k} | on),
        by_month=_bars(own, _month, label=str, lists=lambda k, _: _days_of(k) | on, in_order=True),
        undated=len(items) - len(own), undated_href=f"/tasks?{urlencode({'own': 'no'} | on)}",
        longest=overdue[:10], plan_of=plans, weeks=recent_weeks(s),
        units=s.unit_choices(), Colour=Colour,
    )  # fmt: skip


def _units(item: DueItem) -> Iterable[str]:
    return main_units(item) or ({NOBODY} if is_unborne(item) else ())


def _month(item: DueItem) -> Iterator[str]:
    if item.due is not None:
        yield item.due.isoformat()[:7]


def _days_of(month: str) -> dict[str, str]:
    last = monthrange(int(month[:4]), int(month[5:]))[1]
    return {"since": f"{month}-01", "until": f"{month}-{last}", "own": "1"}


def _bars(
    items: Iterable[DueItem],
    keys: Callable[[DueItem], Iterable[str]],
    *,
    label: Callable[[str], str],
    lists: Callable[[str, list[DueItem]], dict[str, str]],
    path: Callable[[str], str] | None = None,
    in_order: bool = False,
) -> list[Bar]:
    """One bar for each key, in the field's colours: most red first, or in the keys' order.

    Args:
        items: what is counted.
        keys: the bars that an item counts in.
        label: a bar's name.
        lists: the filters under which the table of tasks shows just what a bar counts.
        path: where a bar's name leads; without it, to that table.
        in_order: bars in the order of their keys.
    """
    held: dict[str, list[DueItem]] = {}
    for item in items:
        for key in keys(item):
            held.setdefault(key, []).append(item)
    widest = max((len(found) for found in held.values()), default=1)

    def reds(key: str) -> int:
        return sum(_kind(i) == Colour.RED for i in held[key])

    order = sorted(held) if in_order else sorted(held, key=lambda k: (-reds(k), -len(held[k]), label(k)))  # fmt: skip
    found = []
    for key in order:
        parts, at = [], 0.0
        for kind in ("red", "yellow", "passed", "blue", "none", "finished"):
            if count := sum(_kind(i) == kind for i in held[key]):
                length = 100 * count / widest
                parts.append(Part(kind, count, round(at, 2), round(length, 2)))
                at += length
        asked = lists(key, held[key])
        whole, red = f"/tasks?{urlencode(asked)}", f"/tasks?{urlencode(asked | {'state': 'overdue'})}"  # fmt: skip
        found.append(Bar(label(key), path(key) if path else whole, red, whole, len(held[key]), tuple(parts)))  # fmt: skip
    return found


_BY_STATE = {State.FINISHED: "finished", State.PASSED: "passed"}


def _kind(item: DueItem) -> str:
    return _BY_STATE.get(item.state) or item.colour.value

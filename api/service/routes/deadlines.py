"""Reading deadlines: milestones as they stand, what is overdue or due soon, and how many."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.service.identity import Reader, ServiceOf
from api.service.paging import Cursor, Limit, Page, page_of
from api.service.problems import RESPONSES
from api.service.routes.parameters import (
    AsOf,
    GroupBy,
    Inherited,
    Plan,
    Roles,
    Statuses,
    Unit,
    Within,
    unit_meant,
)
from api.service.state import Service
from api.service.wire.progress import DueItem
from tasks.authorisation import Actor
from tasks.due import DueItem as Standing
from tasks.due import State
from tasks.listing import Wanted, count_standings, plan_titles
from tasks.models import Role

router = APIRouter(tags=["duties"], responses=RESPONSES)


class Counted(BaseModel):
    """How many milestones one name stands for: a unit, a plan, a role, or days (`<=30`)."""

    name: str
    milestones: int


@router.get("/milestones", summary="里程碑 / milestones")
def milestones(
    viewer: Reader,
    service: ServiceOf,
    roles: Roles,
    statuses: Statuses,
    unit: Unit = "",
    plan: Plan = "",
    as_of: AsOf = None,
    within: Within = 30,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Page[DueItem]:
    """Milestones as they stand on a day, soonest first."""
    items = [
        i
        for i in _standings(
            service, viewer.actor, unit, roles, plan, as_of or service.today(), within
        )
        if not statuses or i.state in statuses or i.status in statuses
    ]
    return _page(items, limit, cursor)


@router.get("/overdue", summary="逾期 / what is overdue")
def overdue(
    viewer: Reader,
    service: ServiceOf,
    roles: Roles,
    unit: Unit = "",
    plan: Plan = "",
    days: Annotated[int, Query(ge=1, description="至少逾期几天 / at least")] = 1,
    inherited: Inherited = False,
    as_of: AsOf = None,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Page[DueItem]:
    """Milestones whose day has passed, longest overdue first."""
    items = find_overdue(
        service, viewer.actor, as_of or service.today(), unit=unit, roles=roles, plan=plan,
        days=days, inherited=inherited,
    )  # fmt: skip
    return _page(items, limit, cursor)


@router.get("/due", summary="快到期 / what is due soon")
def due(
    viewer: Reader,
    service: ServiceOf,
    roles: Roles,
    within: Within = 30,
    unit: Unit = "",
    plan: Plan = "",
    inherited: Inherited = False,
    as_of: AsOf = None,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Page[DueItem]:
    """Milestones that are due within so many days, soonest first."""
    items = find_due(
        service, viewer.actor, as_of or service.today(), within, unit=unit, roles=roles,
        plan=plan, inherited=inherited,
    )  # fmt: skip
    return _page(items, limit, cursor)


@router.get("/overdue/counts", summary="逾期计数 / what is overdue, counted")
def count_overdue(
    viewer: Reader,
    service: ServiceOf,
    roles: Roles,
    by: Annotated[GroupBy, Query(description="按什么计数 / what to count by")],
    unit: Unit = "",
    plan: Plan = "",
    days: Annotated[int, Query(ge=1, description="至少逾期几天 / at least")] = 1,
    inherited: Inherited = False,
    as_of: AsOf = None,
) -> list[Counted]:
    """As `GET /overdue`, counted: a milestone of several units counts for each."""
    items = find_overdue(
        service, viewer.actor, as_of or service.today(), unit=unit, roles=roles, plan=plan,
        days=days, inherited=inherited,
    )  # fmt: skip
    return _counted(service, viewer.actor, items, by)


@router.get("/due/counts", summary="快到期计数 / what is due soon, counted")
def count_due(
    viewer: Reader,
    service: ServiceOf,
    roles: Roles,
    by: Annotated[GroupBy, Query(description="按什么计数 / what to count by")],
    within: Within = 30,
    unit: Unit = "",
    plan: Plan = "",
    inherited: Inherited = False,
    as_of: AsOf = None,
) -> list[Counted]:
    """As `GET /due`, counted: a milestone of several units counts for each."""
    items = find_due(
        service, viewer.actor, as_of or service.today(), within, unit=unit, roles=roles,
        plan=plan, inherited=inherited,
    )  # fmt: skip
    return _counted(service, viewer.actor, items, by)


def find_overdue(
    service: Service,
    actor: Actor,
    as_of: date,
    *,
    unit: str = "",
    roles: Sequence[Role] = (),
    plan: str = "",
    days: int = 1,
    inherited: bool = False,
) -> list[Standing]:
    """Milestones at least `days` overdue that `actor` may see, longest first; with `inherited`
    also those that are due by their plan's end only."""
    return [
        i
        for i in _standings(service, actor, unit, roles, plan, as_of, 30)
        if i.state is State.OVERDUE and (i.days or 0) >= days and (inherited or not i.inherited)
    ]


def find_due(
    service: Service,
    actor: Actor,
    as_of: date,
    within: int,
    *,
    unit: str = "",
    roles: Sequence[Role] = (),
    plan: str = "",
    inherited: bool = False,
) -> list[Standing]:
    """Milestones due within so many days that `actor` may see, soonest first."""
    return [
        i
        for i in _standings(service, actor, unit, roles, plan, as_of, within)
        if i.state is State.DUE_SOON and (inherited or not i.inherited)
    ]


def _standings(
    service: Service,
    actor: Actor,
    unit: str,
    roles: Sequence[Role],
    plan: str,
    as_of: date,
    within: int,
) -> list[Standing]:
    plans = None
    if plan:
        register = service.register(actor)
        plans = frozenset(p.id for e in register.extractions for p in e.plans if plan in p.title)
    wanted = Wanted(unit=unit_meant(service, actor, unit), roles=tuple(roles), plans=plans)
    return service.standings(actor, as_of, wanted, days=within)


def _counted(
    service: Service, actor: Actor, items: Sequence[Standing], by: GroupBy
) -> list[Counted]:
    with service.store.reading() as connection:
        titles = plan_titles(connection)
    rows = count_standings(items, by, titles, service.register(actor).known)
    return [Counted(name=n, milestones=c) for n, c in rows]


def _page(items: Sequence[Standing], limit: int, cursor: str) -> Page[DueItem]:
    shown, after = page_of(
        items, limit, cursor,
        lambda i: [
            (i.due or date.max).isoformat(), i.document_id, i.path, i.milestone_id, i.occurrence,
        ],
    )  # fmt: skip
    return Page(items=[DueItem.of(i) for i in shown], total=len(items), next=after)

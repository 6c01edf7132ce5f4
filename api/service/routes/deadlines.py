"""Reading deadlines: milestones as they stand, what is overdue or due soon, and how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from api.service.identity import Reader, ServiceOf, Viewer
from api.service.paging import Cursor, Limit, Page, page_of
from api.service.problems import RESPONSES
from api.service.routes.parameters import (
    AsOf,
    Document,
    GroupBy,
    Inherited,
    Plan,
    Roles,
    Statuses,
    Unit,
    Within,
)
from api.service.standings import due_of, overdue_of, read_standings
from api.service.state import Service
from api.service.wire.progress import DueItem
from kb.language.roles import Role
from tasks.due import DUE_SOON, last_of
from tasks.due import DueItem as Standing
from tasks.listing import count_standings, plan_titles

router = APIRouter(tags=["duties"], responses=RESPONSES)
Days = Annotated[int, Query(ge=1, description="至少逾期几天 / at least")]
By = Annotated[GroupBy, Query(description="按什么计数 / what to count by")]


class Counted(BaseModel):
    """How many milestones one name stands for: a unit, a plan, a role, or days (`<=30`)."""

    name: str
    milestones: int


class Window(BaseModel):
    """The days asked about, both ends included."""

    start: date
    end: date


class DuePage(Page[DueItem]):
    """A part of a list of milestones; what is due in the window of days is due, or due soon."""

    window: Window


class DueCounts(BaseModel):
    """What is due in a window of days, counted."""

    items: list[Counted]
    window: Window


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for which milestones, as they stood on what day."""

    viewer: Viewer
    service: Service
    unit: str
    roles: Sequence[Role]
    plan: str
    as_of: date
    document: str

    def standings(self, within: int = DUE_SOON) -> list[Standing]:
        """Those milestones; what is due within so many days counts as due soon."""
        return read_standings(
            self.service, self.viewer.actor, self.unit, self.roles, self.plan, self.as_of, within,
            self.document,
        )  # fmt: skip


def _asked(
    viewer: Reader,
    service: ServiceOf,
    roles: Roles,
    unit: Unit = "",
    plan: Plan = "",
    document: Document = "",
    as_of: AsOf = None,
) -> Asked:
    return Asked(viewer, service, unit, roles, plan, as_of or service.today(), document)


AskedFor = Annotated[Asked, Depends(_asked)]


def _overdue(asked: AskedFor, days: Days = 1, inherited: Inherited = False) -> list[Standing]:
    return overdue_of(asked.standings(), days, inherited=inherited)


def _due(
    asked: AskedFor, within: Within = DUE_SOON, inherited: Inherited = False
) -> list[Standing]:
    return due_of(asked.standings(within), inherited=inherited)


OverdueOnes = Annotated[list[Standing], Depends(_overdue)]
DueOnes = Annotated[list[Standing], Depends(_due)]


@router.get("/milestones", summary="里程碑 / milestones")
def milestones(
    asked: AskedFor,
    statuses: Statuses,
    within: Within = DUE_SOON,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> DuePage:
    """Milestones as they stand on a day, soonest first; `window` says in which days they are due
    soon."""
    found = asked.standings(within)
    items = [i for i in found if not statuses or i.among(statuses)]
    return _windowed(asked, within, _page(items, limit, cursor))


@router.get("/overdue", summary="逾期 / what is overdue")
def overdue(items: OverdueOnes, limit: Limit = 50, cursor: Cursor = "") -> Page[DueItem]:
    """Milestones whose day has passed, longest overdue first."""
    return _page(items, limit, cursor)


@router.get("/due", summary="快到期 / what is due soon")
def due(
    items: DueOnes,
    asked: AskedFor,
    within: Within = DUE_SOON,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> DuePage:
    """Milestones that are due within so many days, soonest first; `window` says which days."""
    return _windowed(asked, within, _page(items, limit, cursor))


@router.get("/overdue/counts", summary="逾期计数 / what is overdue, counted")
def count_overdue(items: OverdueOnes, by: By, asked: AskedFor) -> list[Counted]:
    """As `GET /overdue`, counted: a milestone of several units counts for each."""
    return _counted(asked, items, by)


@router.get("/due/counts", summary="快到期计数 / what is due soon, counted")
def count_due(items: DueOnes, by: By, asked: AskedFor, within: Within = DUE_SOON) -> DueCounts:
    """As `GET /due`, counted: a milestone of several units counts for each."""
    return DueCounts(items=_counted(asked, items, by), window=_window(asked, within))


def _window(asked: Asked, within: int) -> Window:
    return Window(start=asked.as_of, end=last_of(asked.as_of, within))


def _windowed(asked: Asked, within: int, page: Page[DueItem]) -> DuePage:
    return DuePage(**dict(page), window=_window(asked, within))


def _counted(asked: Asked, items: Sequence[Standing], by: GroupBy) -> list[Counted]:
    with asked.service.store.reading() as connection:
        titles = plan_titles(connection)
    known = asked.service.register(asked.viewer.actor).tracked.known
    rows = count_standings(items, by, titles, known)
    return [Counted(name=n, milestones=c) for n, c in rows]


def _page(items: Sequence[Standing], limit: int, cursor: str) -> Page[DueItem]:
    shown, after = page_of(
        items, limit, cursor,
        lambda i: [
            (i.due or date.max).isoformat(), i.document_id, i.path, i.milestone_id, i.occurrence,
        ],
    )  # fmt: skip
    return Page(items=[DueItem.of(i) for i in shown], total=len(items), next=after)

"""Reading deadlines: milestones as they stand, what is overdue or due soon, and how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Query as Asking
from pydantic import BaseModel

from api.service.identity import Reader, ServiceOf, Viewer
from api.service.paging import Cursor, Limit, Page
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
from api.service.standings import due_in, overdue_in, page_of_items, query_of
from api.service.state import Service
from api.service.wire.progress import DueItem
from kb.language.roles import Role
from tasks.due import DUE_SOON, last_of
from tasks.query import Group, Operation, Query, Select, in_states

router = APIRouter(tags=["duties"], responses=RESPONSES)
Days = Annotated[int, Asking(ge=1, description="至少逾期几天 / at least")]
By = Annotated[GroupBy, Asking(description="按什么计数 / what to count by")]


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

    def query(self, within: int = DUE_SOON) -> Query:
        """Those milestones; what is due within so many days counts as due soon."""
        return query_of(
            self.service, self.viewer.actor, Select.MILESTONES, unit=self.unit, roles=self.roles,
            plan=self.plan, document=self.document, within=within,
        )  # fmt: skip

    def page(self, query: Query, limit: int, cursor: str) -> Page[DueItem]:
        """A part of the list."""
        return page_of_items(self.service, self.viewer.actor, query, self.as_of, limit, cursor)


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


def _overdue(asked: AskedFor, days: Days = 1, inherited: Inherited = False) -> Query:
    return overdue_in(asked.query(), asked.as_of, days, inherited=inherited)


def _due(asked: AskedFor, within: Within = DUE_SOON, inherited: Inherited = False) -> Query:
    return due_in(asked.query(within), inherited=inherited)


OverdueOnes = Annotated[Query, Depends(_overdue)]
DueOnes = Annotated[Query, Depends(_due)]


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
    wanted = in_states(asked.query(within), statuses)
    return _windowed(asked, within, asked.page(wanted, limit, cursor))


@router.get("/overdue", summary="逾期 / what is overdue")
def overdue(wanted: OverdueOnes, asked: AskedFor, limit: Limit = 50, cursor: Cursor = "") -> Page[DueItem]:  # fmt: skip
    """Milestones whose day has passed, longest overdue first."""
    return asked.page(wanted, limit, cursor)


@router.get("/due", summary="快到期 / what is due soon")
def due(
    wanted: DueOnes,
    asked: AskedFor,
    within: Within = DUE_SOON,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> DuePage:
    """Milestones that are due within so many days, soonest first; `window` says which days."""
    return _windowed(asked, within, asked.page(wanted, limit, cursor))


@router.get("/overdue/counts", summary="逾期计数 / what is overdue, counted")
def count_overdue(wanted: OverdueOnes, by: By, asked: AskedFor) -> list[Counted]:
    """As `GET /overdue`, counted: a milestone of several units counts for each."""
    return _counted(asked, wanted, by)


@router.get("/due/counts", summary="快到期计数 / what is due soon, counted")
def count_due(wanted: DueOnes, by: By, asked: AskedFor, within: Within = DUE_SOON) -> DueCounts:
    """As `GET /due`, counted: a milestone of several units counts for each."""
    return DueCounts(items=_counted(asked, wanted, by), window=_window(asked, within))


def _window(asked: Asked, within: int) -> Window:
    return Window(start=asked.as_of, end=last_of(asked.as_of, within))


def _windowed(asked: Asked, within: int, page: Page[DueItem]) -> DuePage:
    return DuePage(**dict(page), window=_window(asked, within))


def _counted(asked: Asked, wanted: Query, by: GroupBy) -> list[Counted]:
    counted = wanted.model_copy(update={"operation": Operation.COUNT, "group_by": Group(by)})
    found = asked.service.run(asked.viewer.actor, counted, asked.as_of)
    return [Counted(name=g.label, milestones=g.count) for g in found.groups]

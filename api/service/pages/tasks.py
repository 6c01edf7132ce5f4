"""任务: the table of milestones with its filters, exports; a task with its history and steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Response

from api.service.pages.screen import Reading, Screen, SignedIn, read_day
from api.service.sending import download
from kb.errors import DubanError, NotFoundError, both
from kb.language.roles import Role
from tasks import query as tasks_query
from tasks.authorisation import roles_for
from tasks.bearing import MAIN, is_unborne
from tasks.due import DueItem, State
from tasks.exports.delimited import render_csv
from tasks.exports.feed import render_ics
from tasks.exports.report import render_docx
from tasks.exports.rows import ExportRow, export_rows
from tasks.exports.workbook import Heading, render_xlsx
from tasks.lifecycle import Status, Step
from tasks.queries import Register

router = APIRouter()
PAGE = 50
_ORDER = list(State)
_BY_LIFE = frozenset(State) - {State.PASSED}
_BY_TEXT = frozenset(State) - {State.OVERDUE, State.REVIEW, State.FINISHED}
"""States that those see who are told of lives, and those who are not."""
_SORTS: dict[str, Callable[[DueItem], Any]] = {
    "due": lambda i: (i.due or date.max, i.path),
    "state": lambda i: (_ORDER.index(i.state), i.due or date.max),
    "title": lambda i: i.commitment,
    "place": lambda i: (i.document_id, i.path),
    "progress": lambda i: (
        i.life.percent if i.life.percent is not None else -1,
        i.life.status.value,
    ),
}
_FORMS = {
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", render_xlsx),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", render_docx),
    "ics": ("text/calendar; charset=utf-8", render_ics),
    "csv": ("text/csv; charset=utf-8", lambda rows, heading: render_csv(rows, base_url=heading.base_url)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filters:
    """What the form above the table asks for; empty parts do not narrow."""

    unit: str = ""
    role: Role | Literal["main"] | None = None
    plan: str = ""
    document: str = ""
    state: str = ""
    status: Status | None = None
    q: str = ""
    since: date | None = None
    until: date | None = None
    as_of: date | None = None
    own: Literal["", "1", "no"] = ""
    unborne: bool = False
    ids: frozenset[str] = frozenset()
    sort: str = "due"

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles that a duty is asked for in."""
        return MAIN if self.role == "main" else (self.role,) if self.role else ()

    def wanted(self, s: Screen) -> tasks_query.Query:
        """What the store narrows by.

        Raises:
            UnknownUnitError: no duty that the viewer may see names such a unit.
            AmbiguousUnitError: several units have the name.
        """
        return tasks_query.Query(
            select=tasks_query.Select.MILESTONES,
            units=tasks_query.borne_by(s.unit_meant(self.unit), self.roles),
            documents=(self.document,) if self.document else (),
            plans=(self.plan,) if self.plan else (),
        )

    def takes(self, item: DueItem) -> bool:
        """Whether a milestone is asked for, whatever its state."""
        if self.ids and item.task_id not in self.ids:
            return False
        if (
            self.q
            and self.q.casefold() not in f"{item.title} {item.commitment} {item.path}".casefold()
        ):
            return False
        if self.own and (self.own == "no") != (item.inherited or item.due is None):
            return False
        if self.unborne and not is_unborne(item):
            return False
        if (self.since or self.until) and item.due is None:
            return False
        if item.due and self.since and item.due < self.since:
            return False
        if item.due and self.until and item.due > self.until:
            return False
        return self.status is None or self.status is item.status

    def stands(self, item: DueItem) -> bool:
        """Whether it is in the state asked for."""
        if self.state == "behind":
            return item.behind
        if self.state == State.REVIEW:  # also where its day has passed meanwhile
            return item.status is Status.REPORTED
        if self.state == "open":
            return item.state is not State.FINISHED
        return not self.state or item.among({State(self.state)})


def filters_of(
    unit: Annotated[str, Query(max_length=200)] = "",
    role: Annotated[str, Query(max_length=20)] = "",
    plan: Annotated[str, Query(max_length=60)] = "",
    document: Annotated[str, Query(max_length=60)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    status: Annotated[str, Query(max_length=30)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    since: Annotated[str, Query(max_length=20)] = "",
    until: Annotated[str, Query(max_length=20)] = "",
    as_of: Annotated[str, Query(max_length=20)] = "",
    own: Annotated[str, Query(max_length=5)] = "",
    unborne: Annotated[str, Query(max_length=5)] = "",
    ids: Annotated[str, Query(alias="id", max_length=4000)] = "",
    sort: Annotated[str, Query(max_length=20)] = "due",
) -> Filters:
    """The filters of a request; an empty field of the form is none.

    Raises:
        DubanError: a role, state, status or day that there is none of.
    """
    try:
        chosen_role: Role | Literal["main"] | None = (
            "main" if role == "main" else Role(role) if role else None
        )
        chosen_status = Status(status) if status else None
        if state not in ("", "behind", "open"):
            State(state)
    except ValueError as error:
        raise DubanError(both("没有这个筛选值", "no such filter", error)) from error
    return Filters(
        unit=unit.strip(), role=chosen_role, plan=plan, document=document, state=state,
        status=chosen_status, q=q.strip(), since=read_day(since), until=read_day(until),
        as_of=read_day(as_of), own="no" if own == "no" else "1" if own else "", unborne=bool(unborne), ids=frozenset(i for i in ids.split(",") if i),
        sort=sort if sort.removeprefix("-") in _SORTS else "due",
    )  # fmt: skip


FiltersOf = Annotated[Filters, Depends(filters_of)]


@router.get("/tasks")
def tasks(s: Reading, f: FiltersOf, page: Annotated[int, Query(ge=1, le=100_000)] = 1) -> Response:
    """The table."""
    day = f.as_of or s.service.today()
    found = [i for i in s.service.standings(s.viewer.actor, day, f.wanted(s)) if f.takes(i)]
    states = Counter(i.state for i in found)
    counts = {x.value: c for x, c in states.items()} | {
        "": len(found),
        "behind": sum(i.behind for i in found),
        State.REVIEW.value: sum(i.status is Status.REPORTED for i in found),
    }
    found = [i for i in found if f.stands(i)]
    found.sort(key=_SORTS[f.sort.removeprefix("-")], reverse=f.sort.startswith("-"))
    register = s.service.register(s.viewer.actor).asked_for(f.document)
    found.sort(key=lambda item: item.document_id in register.abolished)
    pages = max(1, -(-len(found) // PAGE))
    page = min(page, pages)
    return s.show(
        "tasks.html", f=f, day=day, items=found[(page - 1) * PAGE : page * PAGE], total=len(found),
        tasks=len({i.task_id for i in found}), counts=counts, page=page, pages=pages,
        first=(page - 1) * PAGE, units=s.unit_choices(),
        unit_shown=s.units.label(s.unit_meant(f.unit) or "") if f.unit else "",
        plans=[p for e in register.extractions for p in e.plans], plan_of=plan_titles(register),
        documents=[e.document for e in register.extractions], abolished=register.abolished, feed=feed_address(s, f, register),
        reference=f.document in register.reference, may_report=bool(s.viewer.actor.roles & roles_for(Step.REPORT)),
        roles=list(Role), states=[x for x in _ORDER if x in (_BY_LIFE if s.sees_lives else _BY_TEXT)], statuses=list(Status), forms=list(_FORMS),
    )  # fmt: skip


@router.get("/tasks/export/{form}")
def export(form: str, s: SignedIn, f: FiltersOf) -> Response:
    """The milestones of the table as a file."""
    if form not in _FORMS:
        raise NotFoundError(f"没有格式 {form} / no format {form}")
    data = s.service.rendering.make(s.viewer.caller, lambda: _written(form, s, f))
    day = f.as_of or s.service.today()
    return download(data, f"{s.t('督办任务')}-{day}.{form}", _FORMS[form][0])


def _written(form: str, s: Screen, f: Filters) -> bytes:
    day = f.as_of or s.service.today()
    items = s.service.standings(s.viewer.actor, day, f.wanted(s))
    keys = {(i.milestone_id, i.occurrence) for i in items if f.takes(i) and f.stands(i)}
    rows: list[ExportRow] = [
        row
        for row in export_rows(s.service.store, day, f.wanted(s), reader=s.viewer.actor)
        if (row.milestone_id, row.occurrence) in keys
    ]
    rows = [row.model_copy(update={"number": number}) for number, row in enumerate(rows, 1)]
    base = s.service.settings.base_url or str(s.request.base_url).rstrip("/")
    unit = s.unit_meant(f.unit)
    over = s.units.label(unit) if unit else ""
    if f.document in s.service.register(s.viewer.actor).reference:
        over = f"{over}（{s.t('仅供查阅')}）"
    written: bytes = _FORMS[form][1](rows, Heading(day, over, s.language, base))
    return written


def feed_address(s: Screen, f: Filters, register: Register) -> str:
    """Where calendar programs find the deadlines of the table's unit, role and plan; the token is
    left to be filled in."""
    title = next((p.title for e in register.extractions for p in e.plans if p.id == f.plan), "")
    query = {"unit": f.unit, "role": [r.value for r in f.roles], "plan": title}
    base = s.service.settings.base_url or str(s.request.base_url).rstrip("/")
    shown = urlencode({key: value for key, value in query.items() if value}, doseq=True)
    return f"{base}/api/v1/exports/calendar.ics?{shown}{'&' if shown else ''}token="


def plan_titles(register: Register) -> dict[str, str]:
    """Titles of the plans by id."""
    return {p.id: " ".join(p.title.split()) for e in register.extractions for p in e.plans}

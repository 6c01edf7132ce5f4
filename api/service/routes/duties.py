"""Reading duties: tasks, targets, units."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi import Query as Asking
from pydantic import BaseModel

from api.service.duties import (
    TargetOut,
    TaskOut,
    latest_value,
    target_rows,
    task_out,
)
from api.service.identity import Reader, ServiceOf
from api.service.paging import Cursor, Limit, Page, page_of
from api.service.problems import RESPONSES
from api.service.routes.parameters import AsOf, Document, Plan, Roles, Unit
from api.service.standings import query_of, read_ids
from api.service.wire.facts import Citation, Target, UnitCount
from api.service.wire.progress import DueItem, Judged
from kb.days import Day
from kb.errors import NotFoundError
from tasks.bearing import joint_units, main_units
from tasks.disclosure import Part, may_know
from tasks.due import State
from tasks.lifecycle import judge
from tasks.listed import count_units
from tasks.query import (
    DayKind,
    DayWindow,
    Has,
    Query,
    Select,
    borne_by,
    in_year,
    milestones_of,
)

router = APIRouter(tags=["duties"], responses=RESPONSES)


class TaskDetail(TaskOut):
    """A task with how its milestones stand, its targets by what was reported, its clause."""

    milestones: list[DueItem]
    targets: list[Judged]
    clause: Citation


class Trace(BaseModel):
    """From a target to the exact characters of the source file."""

    target: Target
    document_title: str
    document_number: str | None
    plan: str
    sha256: str
    intact: bool
    line: int
    clause: Citation
    exact: Citation


class UnitOut(BaseModel):
    """What one organisation has to do. `standing` counts the milestones that it leads or is
    responsible for by state, `standing_joint` those that it only takes part in."""

    unit: str
    unit_id: str
    label: str
    tasks: list[TaskOut]
    roles: dict[str, int]
    standing: dict[str, int]
    standing_joint: dict[str, int]
    people: list[str]


@router.get("/tasks", summary="任务 / tasks")
def tasks(
    viewer: Reader,
    service: ServiceOf,
    roles: Roles,
    unit: Unit = "",
    plan: Plan = "",
    document: Document = "",
    before: Annotated[
        Day | None, Asking(alias="due_before", description="这天或之前到期 / due by this day")
    ] = None,
    late: Annotated[bool, Asking(alias="overdue", description="只列逾期 / overdue only")] = False,
    undated: Annotated[
        bool, Asking(description="只列无时限的 / those without a deadline only")
    ] = False,
    as_of: AsOf = None,
    q: Annotated[str, Asking(max_length=200, description="标题中的字 / words of the title")] = "",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Page[TaskOut]:
    """Tasks of tracked documents that the viewer may see, in the order of the documents; of one for
    reference where it is named as `document`."""
    asked = query_of(
        service, viewer.actor, Select.DUTIES, unit=unit, roles=roles, plan=plan, document=document
    )
    query = asked.model_copy(
        update={
            "text": q or None,
            "due": DayWindow(end=before, day=DayKind.PRINTED) if before else None,
            "states": (State.OVERDUE,) if late else (),
            "lacks": (Has.DATE,) if undated else (),
        }
    )
    register = service.register(viewer.actor)
    found, after = read_ids(service, viewer.actor, query, as_of or service.today(), limit, cursor)
    items = [task_out(register, register.placed(key)) for key, _ in found.ids]
    return Page(items=items, total=found.total, next=after)


@router.get("/tasks/{task_id}", summary="一项任务 / a task")
def task(task_id: str, viewer: Reader, service: ServiceOf, as_of: AsOf = None) -> TaskDetail:
    """A task, its milestones as they stand, its targets by what was reported."""
    register = service.register(viewer.actor)
    placed = register.placed(task_id)
    day = as_of or service.today()
    ids = frozenset(m.id for m in placed.task.milestones)
    items = service.standings(viewer.actor, day, milestones_of(ids)) if ids else []
    return TaskDetail(
        **task_out(register, placed).model_dump(),
        milestones=[DueItem.of(i) for i in items],
        targets=[Judged.of(judge(t, latest_value(t, items), told=register.told)) for t in placed.task.targets],
        clause=Citation.of(
            register.cite(register.document_of(placed.document.id), placed.clause, placed.clause.span)
        ),
    )  # fmt: skip


@router.get("/targets", summary="目标值 / numeric targets")
def targets(
    viewer: Reader,
    service: ServiceOf,
    text: Annotated[
        str, Asking(max_length=200, description="指标、范围或原文中的字 / words of the target")
    ] = "",
    plan: Plan = "",
    year: Annotated[int | None, Asking(ge=1900, le=2200, description="哪年到期 / year due")] = None,
    as_of: AsOf = None,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Page[TargetOut]:
    """Targets with the latest reported value."""
    asked = query_of(service, viewer.actor, Select.TARGETS, plan=plan)
    query = asked.model_copy(update={"text": text or None, "due": in_year(year)})
    day = as_of or service.today()
    found, after = read_ids(service, viewer.actor, query, day, limit, cursor)
    numbers = service.register(viewer.actor).numbers
    out = target_rows(service, viewer.actor, [numbers[key] for key, _ in found.ids], day)
    return Page(items=out, total=found.total, next=after)


@router.get("/targets/{target_id}/trace", summary="追溯到原文 / trace to the source")
def trace(target_id: str, viewer: Reader, service: ServiceOf) -> Trace:
    """From a target to its clause and its exact characters, the file's digest checked."""
    from kb.identifiers import sha256_hex  # noqa: PLC0415

    register = service.register(viewer.actor)
    for placed in register.tasks():
        for target in placed.task.targets:
            if target.id == target_id:
                extraction = register.document_of(placed.document.id)
                data = service.store.source(placed.document.id)
                return Trace(
                    target=Target.of(target),
                    document_title=placed.document.title,
                    document_number=placed.document.document_number,
                    plan=placed.plan.title,
                    sha256=placed.document.sha256,
                    intact=sha256_hex(data) == placed.document.sha256,
                    line=extraction.document.text.count("\n", 0, target.span.start) + 1,
                    clause=Citation.of(
                        register.cite(extraction, placed.clause, placed.clause.span)
                    ),
                    exact=Citation.of(register.cite(extraction, placed.clause, target.span)),
                )
    raise NotFoundError(f"没有目标 {target_id} / no target {target_id}")


@router.get("/units", summary="单位 / units")
def units(
    viewer: Reader, service: ServiceOf, limit: Limit = 200, cursor: Cursor = ""
) -> Page[UnitCount]:
    """Units that bear a task, those with most first."""
    with service.store.reading() as connection:
        found = count_units(
            connection, Query(select=Select.UNITS), reader=viewer.actor, as_of=service.today()
        )
    shown, after = page_of(found, limit, cursor, lambda u: [-u.tasks, u.label, u.unit_id])
    return Page(items=[UnitCount.of(u) for u in shown], total=len(found), next=after)


@router.get("/units/{unit:path}", summary="一个单位 / a unit")
def unit_of(
    unit: Annotated[
        str,
        Path(max_length=200, description="编号, 如 万州区/education, 或只有一个单位用的名称 / an id, or a name that one unit has"),
    ],
    viewer: Reader, service: ServiceOf, as_of: AsOf = None,
) -> UnitOut:  # fmt: skip
    """A unit's tasks, counts by role and by state, and its people (for those signed in)."""
    register = service.register(viewer.actor).tracked
    key = register.known.one(unit).id
    [found] = [u for u in register.units() if u.unit_id == key]
    standing, joint = Counter[str](), Counter[str]()
    for item in service.standings(
        viewer.actor, as_of or service.today(), Query(select=Select.MILESTONES, units=borne_by(key))
    ):
        standing[item.state.value] += key in main_units(item)
        joint[item.state.value] += key in joint_units(item)
    people = [p for p in service.people.list() if key in p.units and p.active]
    return UnitOut(
        unit=found.unit,
        unit_id=found.unit_id,
        label=found.label,
        tasks=[task_out(register, p) for p in register.tasks_of(key)],
        roles=found.roles,
        standing=dict(+standing),
        standing_joint=dict(+joint),
        people=[p.name for p in people] if may_know(viewer.actor, Part.PEOPLE) else [],
    )

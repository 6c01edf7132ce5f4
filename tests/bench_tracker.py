"""The part of `make bench` about the tracker: a large store, overdue lists, digests, the audit log."""

from __future__ import annotations

import gc
import json
import random
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from kb.identifiers import sha256_hex, stable_id
from kb.language.roles import Role
from kb.models import Clause, Document, Period, Plan, Span
from tasks import audit
from tasks.audit import Change
from tasks.due import State
from tasks.lifecycle import Command, Step
from tasks.listed import list_standings
from tasks.models import Assignment, Basis, Deadline, DueKind, Extraction, Milestone, Task
from tasks.query import DayWindow, Query, Select, borne_by
from tasks.store import Store
from tasks.tracker import Tracker
from tasks.units import unit_key

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 1, tzinfo=UTC)
SIZES = (10_000, 100_000)
UNITS = 500
A_DOCUMENT = 1_000
GOALS = {
    "overdue for one unit at 100,000 milestones, p95 ms": 50.0,
    "overdue, 100,000 against 10,000 (linear: 10)": 10.0,
    "digests, seconds per 1,000 milestones, 100,000 against 10,000 (linear: 1)": 1.0,
    "audit verify, seconds per 10,000 entries, 100,000 against 10,000 (linear: 1)": 1.0,
}
NOISE = 1.15
"""Ratios are allowed this much above linear: that is how far two equal runs differ here."""


def measure_tracker() -> dict[str, Any]:
    """All figures: `rows` for the table, `goals` name to value, `limits` name to the most."""
    rows: list[tuple[str, str]] = []
    late: dict[int, float] = {}
    each: dict[int, float] = {}
    with TemporaryDirectory() as folder:
        for size in SIZES:
            with Store.open(f"sqlite:///{folder}/{size}.db") as store:
                began = time.perf_counter()
                for extraction in documents(size):
                    data = extraction.document.text.encode()
                    store.add(extraction, data, recorded_at=NOW - timedelta(days=400))
                filled = time.perf_counter() - began
                _report_on_some(store)
                late[size] = _overdue_p95(store)
                each[size] = _digests(store) / (size / 1000)
            rows.append((f"store of {size:,}: written in s", f"{filled:.1f}"))
            rows.append((f"store of {size:,}: overdue for one unit, p95 ms", f"{late[size]:.1f}"))
            rows.append(
                (f"store of {size:,}: digests of all units, s per 1,000", f"{each[size]:.3f}")
            )
        checked = {size: _verify(folder, size) / (size / 10_000) for size in SIZES}
    for size, seconds in checked.items():
        rows.append((f"log of {size:,}: audit verify, s per 10,000 entries", f"{seconds:.3f}"))
    small, large = SIZES
    names = list(GOALS)
    goals = {
        names[0]: late[large],
        names[1]: late[large] / late[small],
        names[2]: each[large] / each[small],
        names[3]: checked[large] / checked[small],
    }
    limits = {name: most if name == names[0] else most * NOISE for name, most in GOALS.items()}
    return {"rows": rows, "goals": goals, "limits": limits}


def documents(size: int) -> Iterator[Extraction]:
    """Documents of 1,000 milestones each, `size` in all: dates over six years, some yearly, three
    units a task of 500."""
    chance = random.Random(size)  # noqa: S311 - the same store every time is meant
    for number in range(size // A_DOCUMENT):
        yield _document(number, chance)


def _document(number: int, chance: random.Random) -> Extraction:
    lines: list[str] = []
    clauses: list[Clause] = []
    tasks: list[Task] = []
    key = f"doc-{number:08d}"
    at = 0
    for place in range(A_DOCUMENT):
        due = date(2022, 1, 1) + timedelta(days=chance.randrange(2190))
        units = [f"第{chance.randrange(UNITS)}局" for _ in range(3)]
        line = (
            f"{place}.建成第{number}批第{place}所学校,{due}前完成。(责任单位:{'、'.join(units)})\n"
        )
        span = Span(at, at + len(line) - 1)
        clause_id, task_id = stable_id("clause", key, place), stable_id("task", key, place)
        clauses.append(
            Clause(id=clause_id, plan_id=f"plan-{key}", parent_id=None, level=1, marker=f"{place}.",
                   path=f"1/{place}", heading=line[:20], span=span)
        )  # fmt: skip
        deadline = Deadline(kind=DueKind.BY, date=due, span=span)
        if place % 20 == 0:
            deadline = Deadline(kind=DueKind.RECURRING, rrule="FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=-1", span=span)  # fmt: skip
        tasks.append(
            Task(
                id=task_id, plan_id=f"plan-{key}", clause_id=clause_id, title=line[:24],
                kind="action", span=span,
                responsibilities=tuple(
                    Assignment(unit=u, unit_id=None, role=role, basis=Basis.LISTED, span=span,
                               quote=span.slice(line) if at == 0 else line[:-1])
                    for u, role in zip(units, (Role.LEAD, Role.RESPONSIBLE, Role.JOINT), strict=True)
                ),
                milestones=(
                    Milestone(id=stable_id("ms", task_id, 1), commitment=line[:24], span=span,
                              quote=line[:-1], due=deadline),
                ),
            )
        )  # fmt: skip
        lines.append(line)
        at += len(line)
    text = "".join(lines)
    whole = Span(0, len(text))
    period = Period(start=date(2022, 1, 1), end=date(2027, 12, 31), span=Span(0, 1))
    return Extraction(
        document=Document(
            id=key, title=f"第{number}号方案", sha256=sha256_hex(text.encode()), name=f"{number}.txt",
            media_type="text/plain", written_on=date(2022, 1, 1), text=text,
        ),
        plans=(Plan(id=f"plan-{key}", number=1, title=f"第{number}号方案", period=period, span=whole),),
        clauses=tuple(clauses),
        tasks=tuple(tasks),
    )  # fmt: skip


def _unit(number: int) -> str:
    return unit_key(None, f"第{number}局", None)


def _report_on_some(store: Store) -> None:
    """One in fifty of a unit's milestones has a report, so that progress is read too."""
    from tasks.authorisation import Actor, PersonRole

    both = frozenset({PersonRole.SUPERVISOR, PersonRole.UNIT_OFFICER})
    actor = Actor(login="bench", roles=both, units=tuple(_unit(n) for n in range(UNITS)))
    found = [
        i
        for i in list_standings(
            store, TODAY, Query(select=Select.MILESTONES, due=DayWindow(end=TODAY))
        )
        if not i.occurrence
    ]
    commands: list[Command] = []
    for item in found[::50]:
        key = {"milestone_id": item.milestone_id, "on": TODAY}
        commands.append(Command(step=Step.ACCEPT, **key))
        commands.append(Command(step=Step.REPORT, text="推进中", percent=40, **key))
    Tracker(store).perform_all(actor, commands, NOW, whole=True)


def _overdue_p95(store: Store) -> float:
    """Milliseconds to list what is overdue for one unit, as `duban overdue --unit` does."""
    times = []
    gc.collect()
    gc.freeze()  # what filled the store is not the query's to sweep
    for number in range(0, UNITS, 5):
        began = time.perf_counter()
        wanted = Query(
            select=Select.MILESTONES, units=borne_by(_unit(number)), due=DayWindow(end=TODAY)
        )
        late = [i for i in list_standings(store, TODAY, wanted) if i.state is State.OVERDUE]
        times.append((time.perf_counter() - began) * 1000)
        assert late
    return statistics.quantiles(times, n=20)[-1]


def _digests(store: Store) -> float:
    """Seconds to build the digests of all units and write each as HTML."""
    from tasks.digest import DigestFormat, build_digests, parse_week, render

    gc.collect()
    gc.freeze()
    began = time.perf_counter()
    for digest in build_digests(
        store, parse_week("2026-W48"), TODAY, zone=ZoneInfo("Asia/Shanghai")
    ):
        render(digest, DigestFormat.HTML)
    return time.perf_counter() - began


def _verify(folder: str, size: int) -> float:
    """Seconds to check a log of `size` entries."""
    with Store.open(f"sqlite:///{Path(folder)}/log{size}.db") as store:
        with store.writing() as connection:
            change = Change(
                actor="li", action="milestone.step", subject="ms-000000000000",
                detail={"step": "report", "text": "已完成大部分工作" * 4, "percent": 40},
                before={"status": "accepted"}, after={"status": "in_progress"},
            )  # fmt: skip
            audit.append(connection, NOW, [change] * size)
        began = time.perf_counter()
        with store.reading() as connection:
            found = audit.verify_chain(connection)
        taken = time.perf_counter() - began
        assert (found.count, found.faults) == (size, ())
        return taken


if __name__ == "__main__":
    print(json.dumps(measure_tracker()))

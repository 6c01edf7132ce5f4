"""What may be asked next after an answer, and what the documents hold where they are silent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from api.service.pages.screen import Screen
from kb.models import Plan
from tasks.due import PAST
from tasks.models import Basis, Certainty, TaskKind
from tasks.queries import Placed, Register
from tasks.query import Query, Select, borne_by

_OFFICES = ("局", "委", "部", "厅", "办")
_MEASURED = ("率", "值", "数", "比", "比例", "面积")
_SHORTEST, _LONGEST = 3, 30
"""Characters of a heading or metric that a question can be about."""
MOST = 4
"""Questions offered after an answer."""


def suggestions(s: Screen, register: Register) -> list[str]:
    """Questions to begin with, which the documents at hand answer."""
    register = register.tracked
    found = []
    # A clause with several owners shows best what the assistant is for; a short name reads best.
    owned = [
        p
        for p in register.tasks()
        if p.task.kind is TaskKind.ACTION and len(p.clause.heading) > _SHORTEST
        and sum(a.basis is Basis.LISTED for a in p.task.responsibilities) >= 3
    ]  # fmt: skip
    owned.sort(key=lambda p: (len(p.clause.heading), p.task.id))
    found += [s.t("哪些部门负责{what}？", what=p.clause.heading) for p in owned[:1]]
    offices = [u for u in register.units() if u.resolved and u.unit.endswith(_OFFICES)]
    found += [s.t("{unit}要干哪些事？", unit=u.label) for u in offices[:1]]
    if register.extractions:
        found.append(s.t("现在有哪些任务逾期？"))
        found.append(s.t("{year}年前要完成什么？", year=s.service.today().year + 1))
    values = [
        t
        for _, t, _ in register.targets()
        if not t.uncertain and t.metric.endswith(_MEASURED) and len(t.metric) > _SHORTEST
    ]
    values.sort(key=lambda t: len(t.metric))
    found += [s.t("{what}的目标是多少？", what=t.metric) for t in values[:1]]
    return found


def follow_ups(
    s: Screen,
    register: Register,
    select: str,
    tasks: Sequence[str],
    units: Sequence[str],
    asked: Collection[str] = (),
    *,
    late: bool = False,
) -> list[str]:
    """Questions that go on from an answer: who bears what it is about, by when, how much, on which
    clause; what its units have to do and what of it is overdue. Only what the register can answer.

    Args:
        s: the screen, whose language the questions are in.
        register: the documents that the viewer may see.
        select: what the answer's query selects; it is not asked for again.
        tasks: ids of the answer's tasks; those unknown here are passed over.
        units: names of the answer's units.
        asked: questions that were asked already.
        late: whether the query is of what is overdue.
    """
    placed = {p.task.id: p for p in register.tasks()}
    about = [placed[key] for key in dict.fromkeys(tasks) if key in placed]
    found = _of_task(s, register, select, about[0]) if about else []
    found += _of_units(s, register, units, duties=select != Select.DUTIES, late=not late)
    return [q for q in dict.fromkeys(found) if q not in asked][:MOST]


def _of_task(s: Screen, register: Register, select: str, placed: Placed) -> list[str]:
    heading, found = placed.clause.heading.strip(), []
    named = Counter(c.heading.strip() for e in register.extractions for c in e.clauses)
    if _SHORTEST < len(heading) <= _LONGEST and named[heading] == 1:
        if select != Select.UNITS and placed.task.responsibilities:
            found.append(s.t("哪些部门负责{what}？", what=heading))
        own = [m for m in placed.task.milestones if m.due.date and Certainty.INHERITED not in m.due.certainty]  # fmt: skip
        if select not in (Select.MILESTONES, Select.WORK) and own:
            found.append(s.t("“{what}”什么时候完成？", what=heading))
        if select != Select.CLAUSES:
            found.append(s.t("“{what}”出自哪一条？", what=heading))
    metrics = [t.metric for t in placed.task.targets if not t.uncertain]
    short = [m for m in metrics if _SHORTEST < len(m) <= _LONGEST]
    if select != Select.TARGETS and short:
        found.insert(2, s.t("{what}的目标是多少？", what=short[0]))
    return found


def _of_units(
    s: Screen, register: Register, units: Sequence[str], *, duties: bool, late: bool
) -> list[str]:
    known = {u.label: u.unit_id for u in register.tracked.units() if u.resolved}
    found = []
    for unit in [u for u in dict.fromkeys(units) if u in known][:1]:
        if duties:
            found.append(s.t("{unit}要干哪些事？", unit=unit))
        items = s.service.standings(
            s.viewer.actor,
            s.service.today(),
            Query(select=Select.MILESTONES, units=borne_by(known[unit])),
        )
        if late and any(i.state in PAST for i in items):
            found.append(s.t("{unit}有哪些任务逾期？", unit=unit))
    return found


def plans_held(register: Register) -> list[tuple[str, Plan]]:
    """What the documents are about: each plan with the id of its document."""
    return [(e.document.id, plan) for e in register.extractions for plan in e.plans]

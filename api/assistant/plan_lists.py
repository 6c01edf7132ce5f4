"""Complete lists from the register: the tasks of a plan, and targets of a plan, a unit or a year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from api.assistant.dialogue import Going, goes
from api.assistant.intents import Intent, says
from api.assistant.question import Question
from api.assistant.reply import Answer, Composer
from tasks.models import Milestone
from tasks.queries import Placed
from tasks.words import NOBODY, describe_target

_LISTING = (Intent.LIST, Intent.CLAUSE, Intent.TASKS_OF_UNIT, Intent.COUNT, Intent.PLANS)
_OF_TARGETS = (Intent.LIST, Intent.TARGET, Intent.DUE, Intent.COUNT, Intent.CLAUSE, Intent.TASKS_OF_UNIT)  # fmt: skip


class PlanLists(Composer):
    """Lists that name no subject but a plan, a unit or some days."""

    def _listed_whole(self, q: Question, as_of: date) -> Answer | None:
        """All tasks of the plan, or all targets, that a question asks for without any subject of
        its own; None where it asks for something else, or there are none."""
        if q.about or q.anchor or q.quoted:
            return None
        plans = self._plans_called(q.plan)
        if q.plan and not plans:
            return None
        low = q.search.lower()
        several = says("which", low) or q.intent is Intent.COUNT
        if (
            q.intent in _OF_TARGETS
            and (plans or q.units or q.window)
            and several
            and says("targets", low)
        ):
            return self._targets_of(q, as_of, plans)
        if (
            plans
            and not q.units
            and not q.window
            and q.intent in _LISTING
            and several
            and goes(Going.LISTED, low)
        ):
            return self._tasks_in(q, as_of, plans)
        return None

    def _tasks_in(self, q: Question, as_of: date, plans: set[str]) -> Answer | None:
        placed = [p for p in self._listing(q).tasks() if p.plan.id in plans]
        if not placed:
            return None
        zh = q.language == "zh"
        lines = [self._over(placed, f"共 {len(placed)} 项任务", f"{len(placed)} task(s)", zh=zh)]
        for p in placed:
            units = "、".join(dict.fromkeys(a.unit for a in p.task.responsibilities))
            lines.append(f"· {p.clause.path} {p.task.title}（{units or NOBODY[not zh]}）")
        return self._made(
            q, as_of, "\n".join(lines), tasks=[p.task.id for p in placed],
            citations=[self.register.cite(self.register.document_of(p.document.id), p.clause, p.clause.span) for p in placed],
        )  # fmt: skip

    def _targets_of(self, q: Question, as_of: date, plans: set[str]) -> Answer | None:
        found = [
            (p, t, m)
            for p, t, m in self._listing(q).targets()
            if (not plans or p.plan.id in plans)
            and (not q.units or any(a.unit in q.units for a in p.task.responsibilities))
            and _falls(q, m)
        ]
        if not found:
            return None
        zh = q.language == "zh"
        placed = [p for p, _, _ in found]
        lines = [self._over(placed, f"共 {len(found)} 个目标值", f"{len(found)} target(s)", zh=zh)]
        cited = []
        for p, t, _ in found:
            lines.append(
                f"· {p.clause.path} {describe_target(t, q.language)}{self._when(p, t, q.language)}"
            )
            extraction = self.register.document_of(p.document.id)
            cited.append(self.register.cite(extraction, p.clause, t.span))
        tasks = list(dict.fromkeys(p.task.id for p in placed))
        return self._made(q, as_of, "\n".join(lines), cited, tasks=tasks)

    def _over(self, placed: Sequence[Placed], zh_said: str, en_said: str, *, zh: bool) -> str:
        """The line over a list: of which plan, where they are of one."""
        titles = list(dict.fromkeys(p.plan.title for p in placed))
        if zh:
            return f"《{titles[0]}》{zh_said}：" if len(titles) == 1 else f"{zh_said}："
        return f"{en_said} of 《{titles[0]}》:" if len(titles) == 1 else f"{en_said}:"


def _falls(q: Question, milestone: Milestone | None) -> bool:
    """Whether a target's day is among those asked about."""
    if q.window is None:
        return True
    due = milestone.due if milestone else None
    return due is not None and due.date is not None and q.window.holds(due.date)

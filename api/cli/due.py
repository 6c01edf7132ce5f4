"""What `duban overdue` and `duban due` do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import typer

from api.assistant.words import ROLE_ZH
from api.cli.output import Output
from api.cli.state import Run
from api.cli.tracking import show_milestones, wanted_milestones
from tasks.authorisation import Action, require
from tasks.due import DUE_SOON, DueItem, State
from tasks.listing import list_standings, plan_titles

_STEPS = (30, 90, 365)
"""Days overdue that `--by days` counts up to."""


@dataclass(frozen=True, slots=True)
class DueFilter:
    """Which milestones are listed: overdue ones by `least` days (`within` None), or those due
    `within` days. `by` counts them instead: by unit, plan, role or days."""

    unit: str | None
    roles: tuple[str, ...]
    plan: str
    inherited: bool
    within: int | None = None
    least: int = 1
    by: str = ""


def due(run: Run, wanted: DueFilter, as_of: datetime | None, as_json: bool) -> None:
    """List or count what is overdue or due soon."""
    if wanted.by not in ("", "unit", "plan", "role", "days"):
        raise typer.BadParameter(f"{wanted.by}: unit | plan | role | days", param_hint="--by")
    day, out = run.day(as_of), run.out(as_json)
    late = wanted.within is None
    until = day + timedelta(days=wanted.within or 0)
    with run.acting() as (store, actor):
        require(actor, Action.READ)
        chosen = wanted_milestones(store, wanted.unit, wanted.roles, wanted.plan, until)
        days = DUE_SOON if wanted.within is None else wanted.within
        items = list_standings(store, day, chosen, days=days)
        with store.reading() as connection:
            titles = plan_titles(connection)
    state = State.OVERDUE if late else State.DUE_SOON
    items = [i for i in items if i.state is state and (not late or (i.days or 0) >= wanted.least)]
    own = [i for i in items if not i.inherited]
    shown = items if wanted.inherited else own
    if wanted.by:
        _count(shown, wanted.by, titles, out)
        return
    if as_json:
        out.json([i.model_dump(mode="json") for i in shown])
        return
    show_milestones(own, out)
    out.say(
        f"截至 {day} {'逾期' if late else f'{wanted.within} 天内到期'} {len(own)} 项",
        f"{len(own)} {'overdue' if late else f'due within {wanted.within} days'} as of {day}",
    )
    rest = [i for i in items if i.inherited]
    if wanted.inherited and rest:
        show_milestones(rest, out)
    elif rest:
        out.say(
            f"另有 {len(rest)} 项没有自己的时限, 按计划期限计 (--inherited 列出)",
            f"{len(rest)} more have no date of their own but their plan's end (--inherited)",
        )


def _count(items: Sequence[DueItem], by: str, titles: dict[str, str], out: Output) -> None:
    counts: dict[str, int] = {}
    for item in items:
        for name in dict.fromkeys(_groups(item, by, titles, out)):
            counts[name] = counts.get(name, 0) + 1
    rows = list(counts.items()) if by == "days" else sorted(counts.items(), key=lambda c: (-c[1], c[0]))  # fmt: skip
    if out.as_json:
        out.json([{by: name, "milestones": number} for name, number in rows])
        return
    names = {"unit": ("单位", "unit"), "plan": ("计划", "plan"), "role": ("角色", "role"), "days": ("天数", "days")}  # fmt: skip
    out.table([names[by], ("项数", "milestones")], rows)


def _groups(item: DueItem, by: str, titles: dict[str, str], out: Output) -> Iterator[str]:
    if by == "plan":
        yield titles.get(item.plan_id, item.plan_id)
    elif by == "days":
        days = abs(item.days or 0)
        steps = [step for step in _STEPS if days <= step]
        yield f"≤ {steps[0]}" if steps else f"> {_STEPS[-1]}"
    else:
        for bearer in item.units:
            role = ROLE_ZH[bearer.role] if out.language == "zh" else bearer.role.value
            yield bearer.unit if by == "unit" else role

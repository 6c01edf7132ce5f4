"""What `duban overdue` and `duban due` do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import typer

from api.cli.output import Output
from api.cli.state import Run, say_reference
from api.cli.tracking import show_milestones, wanted_milestones
from kb.language.roles import Role
from tasks.authorisation import Action, require
from tasks.due import DUE_SOON, State, last_of
from tasks.listed import list_standings
from tasks.query import DayWindow, Group, Operation
from tasks.run import run as run_query
from tasks.words import ROLE_ZH, describe_ends


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
    document: str = ""


def due(run: Run, wanted: DueFilter, as_of: date | None, as_json: bool) -> None:
    """List or count what is overdue or due soon."""
    if wanted.by not in ("", "unit", "plan", "role", "days"):
        raise typer.BadParameter(f"{wanted.by}: unit | plan | role | days", param_hint="--by")
    day, out = run.day(as_of), run.out(as_json)
    late = wanted.within is None
    until = day if wanted.within is None else last_of(day, wanted.within)
    with run.acting() as (store, actor):
        require(actor, Action.READ)
        chosen = wanted_milestones(
            store, actor, wanted.unit, wanted.roles, wanted.plan, wanted.document
        )
        chosen = chosen.model_copy(
            update={
                "states": (State.OVERDUE if late else State.DUE_SOON,),
                "near": wanted.within or DUE_SOON,
                "due": DayWindow(end=date.fromordinal(max(day.toordinal() - wanted.least, 1)))
                if late
                else None,
            }
        )
        if wanted.by:
            counted = chosen.model_copy(
                update={"group_by": Group(wanted.by), "operation": Operation.COUNT}
                | ({} if wanted.inherited else {"inherited": False})
            )
            found = run_query(store, counted, reader=actor, as_of=day, today=run.day(None))
            own_only = counted.model_copy(update={"group_by": None})
            total = run_query(store, own_only, reader=actor, as_of=day, today=run.day(None)).total
        else:
            items = list_standings(store, day, chosen, today=run.day(None), reader=actor)
        reference = store.reference()
    if wanted.by:
        _count([(g.label, g.count) for g in found.groups], wanted.by, out)
        if wanted.within is not None and not as_json:
            _say_window(total, wanted.within, describe_ends(day, until, out.language), out)
        return
    own = [i for i in items if not i.inherited]
    shown = items if wanted.inherited else own
    if as_json:
        out.json([i.model_dump(mode="json") for i in shown])
        return
    show_milestones(own, out)
    if late:
        out.say(f"截至 {day} 逾期 {len(own)} 项", f"{len(own)} overdue as of {day}")
    else:
        ends = describe_ends(day, until, out.language)
        _say_window(len(own), wanted.within or 0, ends, out)
    rest = [i for i in items if i.inherited]
    if wanted.inherited and rest:
        show_milestones(rest, out)
    elif rest:
        out.say(
            f"另有 {len(rest)} 项没有自己的时限, 按计划期限计 (--inherited 列出)",
            f"{len(rest)} more have no date of their own but their plan's end (--inherited)",
        )
    say_reference(reference, wanted.document, out)


def _say_window(number: int, within: int, ends: str, out: Output) -> None:
    out.say(
        f"{within} 天内（{ends}）到期 {number} 项", f"{number} due within {within} day(s) ({ends})"
    )


def _count(rows: list[tuple[str, int]], by: str, out: Output) -> None:
    if by == "role" and out.language == "zh":
        rows = [(ROLE_ZH[Role(name)], number) for name, number in rows]
    if out.as_json:
        out.json([{by: name, "milestones": number} for name, number in rows])
        return
    names = {"unit": ("单位", "unit"), "plan": ("计划", "plan"), "role": ("角色", "role"), "days": ("天数", "days")}  # fmt: skip
    out.table([names[by], ("项数", "milestones")], rows)

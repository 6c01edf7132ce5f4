"""How milestones stand for somebody: what they may see of what is overdue and what is due soon. The
same for the API's lists and the tools for language models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from api.service.state import Service
from kb.language.roles import Role
from tasks.authorisation import Actor
from tasks.due import PAST, DueItem, State
from tasks.listing import Wanted


def unit_meant(service: Service, actor: Actor, words: str, document: str = "") -> str | None:
    """The id of the unit that a filter names; None where it names none.

    Raises:
        UnknownUnitError: no tracked duty in the documents that `actor` may see names such a unit.
        AmbiguousUnitError: several units have the name.
    """
    if not words.strip():
        return None
    return service.register(actor).asked_for(document).known.one(words).id


def wanted_of(
    service: Service,
    actor: Actor,
    unit: str,
    roles: Sequence[Role],
    plan: str,
    document: str = "",
) -> Wanted:
    """What is narrowed by a unit, roles, words of a plan's title and a document's id; the duties of
    a document for reference are listed only where it is named.

    Raises:
        UnknownUnitError, AmbiguousUnitError: as `unit_meant`.
    """
    plans = None
    if plan:
        register = service.register(actor).asked_for(document)
        plans = frozenset(p.id for e in register.extractions for p in e.plans if plan in p.title)
    return Wanted(
        unit=unit_meant(service, actor, unit, document), roles=tuple(roles), plans=plans,
        document_id=document or None,
    )  # fmt: skip


def read_standings(
    service: Service,
    actor: Actor,
    unit: str,
    roles: Sequence[Role],
    plan: str,
    as_of: date,
    within: int,
    document: str = "",
) -> list[DueItem]:
    """The milestones that `actor` may see, narrowed as `wanted_of` does, soonest first."""
    wanted = wanted_of(service, actor, unit, roles, plan, document)
    return service.standings(actor, as_of, wanted, days=within)


def overdue_of(
    items: Iterable[DueItem], days: int = 1, *, inherited: bool = False
) -> list[DueItem]:
    """Those at least `days` overdue (past their day, where no more is known), longest first; with `inherited` also those that are due by
    their plan's end only."""
    return [
        i
        for i in items
        if i.state in PAST and (i.days or 0) >= days and (inherited or not i.inherited)
    ]


def due_of(items: Iterable[DueItem], *, inherited: bool = False) -> list[DueItem]:
    """Those due soon, soonest first; `inherited` as in `overdue_of`."""
    return [i for i in items if i.state is State.DUE_SOON and (inherited or not i.inherited)]

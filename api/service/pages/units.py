"""单位: what one organisation has to do, what is overdue, whom it works with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi import Query as Asking

from api.service.pages.admin import all_organisations
from api.service.pages.neighbours import MOST, neighbours_of, picture_of
from api.service.pages.screen import Reading
from api.service.pages.tasks import plan_titles
from kb.language.organisations import organisations_for
from kb.language.roles import Role
from tasks.bearing import joint_units, main_units
from tasks.disclosure import Part
from tasks.due import Colour, State
from tasks.lifecycle import Status
from tasks.queries import Placed, Register, UnitCount
from tasks.query import Query, Select, borne_by
from tasks.units import jurisdiction_of, title_of

router = APIRouter()


@router.get("/units")
def units(s: Reading, q: Annotated[str, Asking(max_length=100)] = "") -> Response:
    """All units that bear a task, with what stands red, yellow and blue."""
    register = s.service.register(s.viewer.actor).tracked
    colours: dict[str, Counter[Colour]] = {}
    passed: Counter[str] = Counter()
    joint: Counter[str] = Counter()
    for item in s.service.standings(s.viewer.actor, s.service.today()):
        for unit in main_units(item):
            colours.setdefault(unit, Counter())[item.colour] += 1
            passed[unit] += item.state is State.PASSED
        if item.colour is Colour.RED:
            joint.update(joint_units(item))
    known = known_names(register)
    words = q.strip().casefold()
    found = [u for u in register.units() if words in known(u)]
    return s.show(
        "units.html", units=found, colours=colours, passed=passed, joint=joint, q=q, roles=list(Role),
        Colour=Colour,
    )  # fmt: skip


@router.get("/units/{unit:path}")
def unit(unit: str, s: Reading, role: Annotated[str, Asking(max_length=20)] = "") -> Response:
    """One unit, by its id or a name; with a role, only neighbours that bear something in it. A
    name that several have is an error page with the choice between them."""
    whole = s.service.register(s.viewer.actor)
    # A unit of documents for reference only has a page too: answers and their text lead to it.
    register = whole.tracked if whole.tracked.known.find(unit) else whole
    key = register.known.one(unit).id
    [found] = [u for u in register.units() if u.unit_id == key]
    items = s.service.standings(
        s.viewer.actor, s.service.today(), Query(select=Select.MILESTONES, units=borne_by(key))
    )
    own = [i for i in items if key in main_units(i)]
    shared = [i for i in items if key in joint_units(i)]
    urgent = [i for i in items if i.colour is not Colour.NONE]
    urgent.sort(key=lambda i: list(Colour).index(i.colour))
    names = [organisations_for(jurisdiction_of(e.document)).resolve(found.unit) for e in register.extractions]  # fmt: skip
    chosen = next((r for r in Role if r.value == role), None)
    every = neighbours_of(register, key)
    neighbours = neighbours_of(register, key, chosen) if chosen else every
    return s.show(
        "unit.html", u=found, english=next((o.english for o in names if o), ""),
        reference=register is not whole.tracked, chosen=chosen, roles=[r for r in Role if any(r in n.roles for n in every)], most=MOST,
        placed=[(p, _roles(register, p, key)) for p in register.tasks_of(key)], states=Counter(i.state for i in own), review=sum(i.status is Status.REPORTED for i in own),
        colours=Counter(i.colour for i in own), joint=Counter(i.colour for i in shared), urgent=urgent, neighbours=neighbours,
        picture=picture_of(found.label, neighbours), plan_of=plan_titles(register),
        people=[p for p in s.service.people.list() if key in p.units and p.active] if s.knows(Part.PEOPLE) else [],
        State=State, Colour=Colour, Role=Role,
    )  # fmt: skip


def _roles(register: Register, placed: Placed, key: str) -> list[Role]:
    held = {b.role for b in register.bearers_of(placed) if b.unit_id == key}
    return [role for role in Role if role in held]


def known_names(register: Register) -> Callable[[UnitCount], str]:
    """A function from a unit to all that it may be looked for by, in small letters: its name in
    both languages and the other names that the lexicon has for it."""
    lexicons = {str(j): organisations_for(j) for j in map(jurisdiction_of, (e.document for e in register.extractions))}  # fmt: skip
    others = {o.name: o for o in all_organisations()}

    def names(count: UnitCount) -> str:
        unit = count.unit
        found = [unit, count.label, count.unit_id, title_of(count.unit_id)]
        for lexicon in lexicons.values():
            if (known := lexicon.resolve(unit)) is not None:
                found += [known.name, known.english]
        stem = next((o for n, o in others.items() if unit == n or unit[1:] == n), None)
        found += [] if stem is None else [stem.name, stem.english, *stem.aliases]
        return " ".join(found).casefold()

    return names

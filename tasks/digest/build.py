"""Builds the digests of a week: one pass over how all milestones stand, whatever the units."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, tzinfo
from functools import cache

from sqlalchemy import Connection, select

from kb.language.roles import Role
from tasks import schema
from tasks.abolished import Ending, abolished_in
from tasks.authorisation import CONSOLE, Actor
from tasks.bearing import joint_units, main_units
from tasks.digest.details import Key, read_details
from tasks.digest.models import (
    Bar,
    Detail,
    Digest,
    Line,
    Section,
    SectionKind,
    Totals,
    UnitCount,
)
from tasks.digest.weeks import Week
from tasks.disclosure import Part, may_know
from tasks.due import DUE_SOON, PAST, Colour, DueItem, State
from tasks.lifecycle import Status
from tasks.listed import standings_in
from tasks.matching import match_facts
from tasks.query import Query, Select
from tasks.store import Store, as_utc
from tasks.units import Units
from tasks.visibility import Level, hidden_from, read_visibility, visible_units

TOP_BARS = 10
LONGEST = 10
_BY_COLOUR = {
    Colour.RED: SectionKind.OVERDUE,
    Colour.YELLOW: SectionKind.BEHIND,
    Colour.BLUE: SectionKind.DUE,
}
_LATE = (SectionKind.OVERDUE, SectionKind.PASSED)
_FOREMOST = {role: rank for rank, role in enumerate(Role)}


class _Pile:
    """What one unit (or all together) has, counted as it comes."""

    def __init__(self) -> None:
        self.sections: dict[SectionKind, list[DueItem]] = defaultdict(list)
        self.colours: Counter[Colour] = Counter()
        self.states: Counter[State] = Counter()
        self.inherited = self.silent = self.missed = 0

    def add(self, item: DueItem, kinds: Iterable[SectionKind]) -> None:
        for kind in kinds:
            self.sections[kind].append(item)
        self.colours[item.colour] += 1
        self.states[item.state] += 1
        self.missed += item.missed
        if item.state in PAST:
            self.inherited += item.inherited
        if item.colour is Colour.RED:
            self.silent += item.life.silent

    def totals(self) -> Totals:
        return Totals(
            milestones=sum(self.states.values()),
            by_colour=dict(self.colours),
            by_state=dict(self.states),
            overdue_inherited=self.inherited,
            overdue_silent=self.silent,
            missed=self.missed,
            review=len(self.sections[SectionKind.REVIEW]),
            new=len(self.sections[SectionKind.NEW]),
            closed=len(self.sections[SectionKind.CLOSED]),
        )


def build_digests(
    store: Store,
    week: Week,
    as_of: date,
    *,
    zone: tzinfo,
    within: int = DUE_SOON,
    units: Collection[str] | None = None,
    overview: bool | None = None,
    all_clear: bool = False,
    reader: Actor = CONSOLE,
) -> list[Digest]:
    """The digests of `week` as things stood at the end of `as_of`: the overview first, then units
    by name.

    Args:
        store: read, in one pass.
        week: what counts as new and as closed this week.
        as_of: the day that overdue, behind and near are judged on.
        zone: the local time zone; a document is new in the week by its local date.
        within: days ahead that count as near.
        units: only these, by name or id; None for all.
        overview: whether to build the overview; by default when all units are.
        all_clear: also make the digests of units that have nothing to report.
        reader: who gets them, and may know so much of how duties stand (`tasks.disclosure`).

    What only certain units may see stands in no other unit's digest, nor what it abolishes.

    Raises:
        UnknownUnitError: one of `units` bears no duty, in no role.
        AmbiguousUnitError: several units have the name.
    """
    with store.reading() as connection:
        asked = Query(select=Select.MILESTONES, near=within)
        items = standings_in(connection, asked, as_of, reader=reader)
        new = _new_ones(store, connection, items, week, zone)
        closed = {
            key: frozenset(seen.units)
            for key, seen in read_visibility(connection).items()
            if seen.level is Level.RESTRICTED
        }
        main, joint, everything, unborne = _share_out(items, new, week, closed)
        known = visible_units(connection, reader)
        if units is None:
            bearing = main.keys() | joint.keys()
        else:
            bearing = {known.one(words).id for words in units}
        keys = sorted(bearing, key=known.label)
        chosen = [(key, main.get(key) or _Pile(), joint.get(key) or _Pile()) for key in keys]
        whole = units is None if overview is None else overview
        late = [i for kind in _LATE for i in everything.sections[kind]]
        longest = _own_dates_first(late)[:LONGEST]
        shown = {_key(i): i for _, *piles in chosen for p in piles for s in p.sections.values() for i in s}  # fmt: skip
        shown |= {_key(i): i for i in longest} if whole else {}
        details = read_details(store, connection, shown.values())
        hidden = hidden_from(connection, reader)

        @cache
        def ended(unseen: frozenset[str]) -> Mapping[str, Ending]:
            return abolished_in(connection, hidden | unseen)

        endings = {
            key: ended(frozenset(d for d, open_to in closed.items() if key not in open_to))
            for key, *_ in chosen
        }
        every = ended(frozenset())
    bars, told = _bars(main, known), may_know(reader, Part.LIFE)
    found: list[Digest] = []
    if whole:
        found.append(
            Digest(
                week=week, as_of=as_of, within=within, unit=None, told=told, totals=everything.totals(),
                bars=bars[:TOP_BARS], by_unit=_by_unit(main, joint, unborne, known),
                longest=tuple(
                    Line(item=i, detail=details[_key(i)], abolished_by=every.get(i.document_id))
                    for i in longest
                ),
            )
        )  # fmt: skip
    for key, own, shared in chosen:
        digest = Digest(
            week=week, as_of=as_of, within=within, unit=known.label(key), unit_id=key, told=told,
            totals=own.totals(), totals_joint=shared.totals(),
            sections=_sections(own, details, endings[key], key),
            joint=_sections(shared, details, endings[key], key),
            bars=_with_own(bars, known.label(key)),
        )  # fmt: skip
        if all_clear or not digest.all_clear:
            found.append(digest)
    return found


def _share_out(
    items: Iterable[DueItem],
    new: Collection[Key],
    week: Week,
    closed: Mapping[str, frozenset[str]],
) -> tuple[dict[str, _Pile], dict[str, _Pile], _Pile, _Pile]:
    """Each unit's own items (by its id), those it only takes part in, all items, those that nobody
    bears."""
    main: dict[str, _Pile] = defaultdict(_Pile)
    joint: dict[str, _Pile] = defaultdict(_Pile)
    everything, unborne = _Pile(), _Pile()
    for item in items:
        kinds = _kinds(item, new, week)
        everything.add(item, kinds)
        first, second = main_units(item), joint_units(item)
        open_to = closed.get(item.document_id)
        for unit in first if open_to is None else first & open_to:
            main[unit].add(item, kinds)
        for unit in second if open_to is None else second & open_to:
            joint[unit].add(item, kinds)
        if not first and not second:
            unborne.add(item, kinds)
    return main, joint, everything, unborne


def _kinds(item: DueItem, new: Collection[Key], week: Week) -> list[SectionKind]:
    """The sections that an item stands in."""
    if item.state is State.FINISHED:
        return [SectionKind.CLOSED] if item.life.since in week else []
    kinds = [_BY_COLOUR[item.colour]] if item.colour in _BY_COLOUR else []
    if item.state is State.PASSED:
        kinds.append(SectionKind.PASSED)
    if item.status is Status.REPORTED:
        kinds.append(SectionKind.REVIEW)
    if _key(item) in new:
        kinds.append(SectionKind.NEW)
    return kinds


def _new_ones(
    store: Store, connection: Connection, items: Sequence[DueItem], week: Week, zone: tzinfo
) -> set[Key]:
    """What became the house's duty in the week, with its document or when that was taken up: of a
    recurring milestone only its last item, and nothing that a former version of the document had
    already."""
    d = schema.document
    since = connection.execute(select(d.c.id, d.c.tracked_since).where(schema.TRACKED))
    fresh = {key: as_utc(at).astimezone(zone).date() in week for key, at in since}
    found = {i.milestone_id: i.occurrence for i in items if fresh.get(i.document_id)}
    former = connection.execute(select(d.c.id, d.c.superseded_by).where(d.c.superseded_by.is_not(None)))  # fmt: skip
    for old, now in former.all():
        if fresh.get(now):
            same = match_facts(
                store.load(old, connection=connection), store.load(now, connection=connection)
            )
            for milestone_id in same.values():
                found.pop(milestone_id, None)
    return set(found.items())


def _sections(
    pile: _Pile, details: Mapping[Key, Detail], ended: Mapping[str, Ending], unit: str
) -> tuple[Section, ...]:
    return tuple(
        Section(
            kind=kind,
            lines=tuple(
                Line(
                    item=i,
                    detail=details[_key(i)],
                    roles=_roles(i, unit),
                    abolished_by=ended.get(i.document_id),
                )
                for i in _own_dates_first(pile.sections[kind])
            ),
        )
        for kind in SectionKind
        if pile.sections[kind]
    )


def _own_dates_first(items: Iterable[DueItem]) -> list[DueItem]:
    return sorted(items, key=lambda item: item.inherited)


def _roles(item: DueItem, unit: str) -> tuple[Role, ...]:
    found = [u.role for u in item.units if u.unit_id == unit]
    return tuple(found if len(found) < 2 else sorted(found, key=_FOREMOST.__getitem__))


def _bars(main: Mapping[str, _Pile], known: Units) -> tuple[Bar, ...]:
    """All units with something overdue, the most first."""
    counts = ((known.label(key), pile.colours[Colour.RED]) for key, pile in main.items())
    ranked = sorted(((n, c) for n, c in counts if c), key=lambda pair: (-pair[1], pair[0]))
    return tuple(Bar(unit=name, overdue=count) for name, count in ranked)


def _with_own(bars: Sequence[Bar], unit: str) -> tuple[Bar, ...]:
    """The first ten, and the unit's own, marked."""
    shown = [bar for place, bar in enumerate(bars) if place < TOP_BARS or bar.unit == unit]
    return tuple(bar.model_copy(update={"own": bar.unit == unit}) for bar in shown)


def _by_unit(
    main: Mapping[str, _Pile], joint: Mapping[str, _Pile], unborne: _Pile, known: Units
) -> tuple[UnitCount, ...]:
    """Every unit that bears something, the most overdue first; what nobody bears at the end."""
    empty = _Pile()
    rows = [
        _count(known.label(key), main.get(key, empty), joint.get(key, empty))
        for key in main.keys() | joint.keys()
    ]
    rows.sort(key=lambda r: (-r.overdue, -r.passed, -r.behind, -r.due, -r.review, -r.overdue_joint, r.unit or ""))  # fmt: skip
    if unborne.states:
        rows.append(_count(None, unborne, empty))
    return tuple(rows)


def _count(name: str | None, own: _Pile, shared: _Pile) -> UnitCount:
    return UnitCount(
        unit=name,
        overdue=own.colours[Colour.RED],
        behind=own.colours[Colour.YELLOW],
        due=own.colours[Colour.BLUE],
        review=len(own.sections[SectionKind.REVIEW]),
        later=own.states[State.LATER],
        overdue_joint=shared.colours[Colour.RED],
        passed=own.states[State.PASSED],
    )


def _key(item: DueItem) -> Key:
    return item.milestone_id, item.occurrence

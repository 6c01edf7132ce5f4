"""Targets of a clause: numbers that a duty must reach, with what they measure and for whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import zip_longest

from ingest.classifier import INSTALLED, OTHER, Decision, Models, Use
from ingest.columns import NO_CELLS, Cells
from ingest.grids import GridCell, Grids, HeadKind, measure_of
from ingest.indicators import Indicator, name_indicators
from ingest.quantity_features import QuantityScene
from ingest.reading import Reading
from kb.characters import any_of
from kb.language.numerals import may_hold_numerals
from kb.language.party_words import WordKind, words_of
from kb.language.quantities import Comparator, Quantity, find_quantities
from kb.language.times import Time, TimeKind, find_times
from kb.ranges import Ranges
from tasks.models import TargetClass

_PART = re.compile(r"[,。;:!?\n]")
_STRETCH = re.compile(r"力争|争取")
_NO_TARGETS = frozenset({HeadKind.BASELINE, HeadKind.MEASURE})
_AND = re.compile(rf"\s*{any_of(('、', *words_of(WordKind.JOIN)))}\s*")


@dataclass(frozen=True, slots=True)
class FoundTarget:
    """A target whose whole phrase is the local range `[start, end)`; `value_at` is its number, `was`
    where it is printed what it was, and that value."""

    start: int
    end: int
    value_at: int
    metric: str
    scope: str | None
    comparator: Comparator
    value: Decimal
    measure: str | None
    per: str | None = None
    was: tuple[int, int, Decimal] | None = None
    approximate: bool = False
    stretch: bool = False
    uncertain: bool = False
    class_: TargetClass = TargetClass.TARGET


def read_quantities(
    reading: Reading,
    *,
    closed: Sequence[tuple[int, int]] = (),
    issued: date | None = None,
    title: str = "",
    heading: str = "",
    own: str = "",
    lead: str = "",
    grids: Grids | None = None,
    times: Sequence[Time] | None = None,
    cells: Cells = NO_CELLS,
    models: Models = INSTALLED,
) -> list[Use[Quantity]]:
    """The quantities of `reading` in order that are or may be targets, each with its class; with
    `models.why` all of them, those that are nothing as `other`.

    `closed` are local ranges never looked into (names of documents, lists of owners); `issued`,
    `title` and `heading` are the document's day, its title and the headings above the clause;
    `times` those of the reading, where they were found already, `cells` those of the row that it is.
    """
    text = reading.text
    if not may_hold_numerals(text):
        return []
    if times is None:
        times = find_times(text, reference=issued)
    shut = [*closed, *((m.start, m.end) for m in times if m.kind is not TimeKind.DURATION)]
    found = find_quantities(text, closed=shut)
    quantities = list(found)
    for place in range(len(quantities)):
        quantities[place] = _bind(text, quantities, place)
    placed = [grids.at(reading.starts[q.start]) for q in quantities] if grids else []
    if placed:
        quantities = [_in_column(q, cell) for q, cell in zip(quantities, placed, strict=True)]
        quantities = list(_with_baselines(quantities, placed))
    scene = QuantityScene(
        text, quantities, times, issued=issued, title=title, heading=heading, own=own, lead=lead,
        cells=placed,
    )  # fmt: skip
    uses = models.decide_all(
        "quantity_use",
        quantities,
        lambda place: [*scene.features(place), *cells.features(quantities[place].start)],
        pairs=[at for at in range(1, len(quantities)) if _ends_range(quantities[at - 1 : at + 1])],
    )
    told = {q.start for q, cell in zip_longest(quantities, placed) if q and _told(q, cell)}
    told |= {q.start for place, q in enumerate(quantities) if scene.recorded(place)}
    return [
        replace(use, decision=_NOTHING) if use.mention.start in told else use
        for use in uses
        if models.why or use.mention.start not in told
    ]


def _ends_range(pair: Sequence[Quantity]) -> bool:
    return [q.role for q in pair] == ["low", "high"]


_NOTHING = Decision(OTHER, 1.0, ())


def _told(q: Quantity, cell: GridCell | None) -> bool:
    """Whether its place says that it is nothing to reach: what was before a change or stands in
    the column of what was, and the number of a row."""
    if q.role == "before":
        return True
    kind = cell.kind if cell else None
    return kind in _NO_TARGETS or (kind is HeadKind.NUMBER and not q.measured)


def _in_column(q: Quantity, cell: GridCell | None) -> Quantity:
    """A bare number of a table in what its column or its row is measured in."""
    if cell is None or q.measure is not None or not cell.bare or not cell.measure:
        return q
    one = measure_of(cell.measure)
    if one is not None:
        value = q.value * one.value
        return replace(q, value=value, measure=one.measure, kind=one.kind, form=one.form)
    return replace(q, measure=cell.measure) if cell.printed else q


def _with_baselines(
    quantities: Sequence[Quantity], cells: Sequence[GridCell | None]
) -> Iterator[Quantity]:
    """The numbers of a row with what stands in its column of what was."""
    were = {
        cell.start: q
        for q, cell in zip(quantities, cells, strict=True)
        if cell is not None and cell.kind is HeadKind.BASELINE and cell.bare
    }
    for q, cell in zip(quantities, cells, strict=True):
        there = [were[s] for s, _ in cell.baselines if s in were] if cell and cell.bare else []
        was = there[-1] if there and there[-1].measure == q.measure else None
        if was is None or was.start == q.start or q.was is not None:
            yield q
        else:
            yield replace(q, was=(was.start, was.end, was.value))


def _bind(text: str, quantities: Sequence[Quantity], place: int) -> Quantity:
    """A quantity with the measure and the comparator of those it is coordinated with."""
    q = quantities[place]
    following = quantities[place + 1] if place + 1 < len(quantities) else None
    if q.measure is None and following is not None and _AND.fullmatch(text, q.end, following.start):
        q = replace(q, measure=following.measure, comparator=q.comparator or following.comparator)
    if q.comparator is None:
        previous = quantities[place - 1] if place else None
        carried = _carried(text, previous, q) or _later(text, q, following)
        q = replace(q, comparator=carried)
    return q


def name_targets(
    reading: Reading,
    uses: Sequence[Use[Quantity]],
    *,
    doubts: Sequence[tuple[int, int]] = (),
    grids: Grids | None = None,
) -> list[FoundTarget]:
    """The targets among the quantities of `reading`, in order, each with what it measures.

    `doubts` are ranges in which characters are lost for good: a number there is `uncertain`.
    """
    text = reading.text
    lost = Ranges(doubts)
    found: list[FoundTarget] = []
    for use in uses:
        if use.decision.label in (None, OTHER):
            continue
        q = use.mention
        class_ = TargetClass(use.decision.label)
        cell = grids.at(reading.starts[q.start]) if grids else None
        part = _part_start(text, q.start)
        if cell is not None:
            part = max(part, min(q.start, reading.index(cell.start)))
        for target in _split(text, part, q, found, cell):
            doubtful = lost.overlap(target.value_at, target.end)
            found.append(replace(target, class_=class_, uncertain=doubtful))
    return found


def _part_start(text: str, at: int) -> int:
    low = max(0, at - 80)
    cuts = [m.end() for m in _PART.finditer(text, low, at)]
    return cuts[-1] if cuts else low


def _carried(text: str, previous: Quantity | None, q: Quantity) -> Comparator | None:
    """0.50、0.45 and 小学2000元、初中2500元以上: coordinated items share their comparator."""
    if previous is None or previous.comparator is None or previous.role:
        return None
    gap = text[previous.until : q.start]
    if (
        re.fullmatch(rf"\s*[^,。;、\d]{{0,16}}{_AND.pattern}[^,。;、\d]{{0,16}}", gap)
        and previous.measure == q.measure
    ):
        return previous.comparator
    return None


def _later(text: str, q: Quantity, following: Quantity | None) -> Comparator | None:
    if following is None or following.comparator is None or following.measure != q.measure:
        return None
    gap = text[q.until : following.start]
    if re.fullmatch(rf"{_AND.pattern}[^,。;、\d]{{0,8}}", gap):
        return following.comparator
    return None


def _split(
    text: str, part: int, q: Quantity, found: Sequence[FoundTarget], cell: GridCell | None
) -> Iterator[FoundTarget]:
    whole = text[part : q.until]
    series = [(t.value_at, t.end, Indicator(t.metric, t.scope)) for t in _same_part(found, part)]
    for indicator in name_indicators(text, part, q, series, cell):
        yield FoundTarget(
            start=part,
            end=q.until,
            value_at=q.start,
            metric=indicator.metric,
            scope=indicator.scope,
            comparator=q.comparator or Comparator.EQUAL,
            value=q.value,
            measure=q.measure,
            per=_per(q, indicator.metric),
            was=q.was,
            approximate=q.approximate,
            stretch=bool(_STRETCH.search(whole)),
        )


def _per(q: Quantity, metric: str) -> str | None:
    """What it is given for; not what its name says already (生均设备值)."""
    bases = [base for base in (q.per or "").split("·") if base and f"{base}均" not in metric]
    return "·".join(bases) or None


def _same_part(found: Sequence[FoundTarget], part: int) -> list[FoundTarget]:
    """The targets just found that begin at `part`, in order: they stand last."""
    done: list[FoundTarget] = []
    for target in reversed(found):
        if target.start != part:
            break
        done.append(target)
    return done[::-1]

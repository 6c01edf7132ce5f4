"""Targets of a clause: numbers that a duty must reach, with what they measure and for whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from ingest.classifier import INSTALLED, OTHER, Decision, Models, Use
from ingest.columns import FIGURES, NO_CELLS, TIMED, Cells, ColumnKind, measure_of, time_of
from ingest.indicators import Indicator, is_base, name_indicators, opens_share, share_of
from ingest.quantity_features import QuantityScene
from ingest.reading import Reading
from kb.characters import any_of
from kb.language.numerals import may_hold_numerals
from kb.language.party_words import WordKind, words_of
from kb.language.quantities import (
    Comparator,
    MeasureKind,
    Quantity,
    QuantityForm,
    find_quantities,
)
from kb.language.times import Time, TimeKind, find_times
from kb.ranges import Ranges
from tasks.models import TargetClass

_PART = re.compile(r"[,。;:!?\n]")
_SENTENCE = re.compile(r"[。;\n]")
_STRETCH = re.compile(r"力争|争取")
_NUMBER = re.compile(r"[\[〔(]?(\d{1,3}(?:,\d{3})+|\d{1,12}(?:\.\d{1,6})?)[)〕\]]?")
_BLANK = "-—–/\\ "
_OF_NUMBERS = FIGURES | {ColumnKind.OTHER}
_NO_TARGETS = frozenset({ColumnKind.BASELINE, ColumnKind.MEASURE, ColumnKind.PROBLEM})
_AMOUNTS = (QuantityForm.COUNT, QuantityForm.MONEY, QuantityForm.MEASURE)
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
    times: Sequence[Time] | None = None,
    preamble: bool = False,
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
    quantities += _alone(quantities, cells)
    quantities.sort(key=lambda q: q.start)
    for place in range(len(quantities)):
        quantities[place] = _bind(text, quantities, place)
    quantities = list(_with_baselines([_in_column(q, cells) for q in quantities], cells))
    scene = QuantityScene(
        text, quantities, times, issued=issued, title=title, heading=heading, own=own, lead=lead,
        preamble=preamble, cells=cells,
    )  # fmt: skip
    told = [
        _NOTHING
        if scene.recorded(place) or is_base(text, q, times) or _of_formula(text, q)
        else _told(q, cells, issued)
        for place, q in enumerate(quantities)
    ]
    open_ = [place for place, decided in enumerate(told) if decided is None]
    uses = models.decide_all(
        "quantity_use",
        [quantities[p] for p in open_],
        lambda n: scene.features(open_[n]),
        pairs=[
            n
            for n in range(1, len(open_))
            if open_[n - 1] == open_[n] - 1 and _ends_range(quantities[open_[n] - 1 : open_[n] + 1])
        ],
    )
    uses += [
        Use(q, (), decided)
        for q, decided in zip(quantities, told, strict=True)
        if decided is not None and (models.why or decided is not _NOTHING)
    ]
    return sorted(uses, key=lambda use: use.mention.start)


def _of_formula(text: str, q: Quantity) -> bool:
    """Whether a number only makes a share of what a formula divides: 整改率=已整改数÷隐患数×100%."""
    return q.measure == "%" and text[: q.start].rstrip().endswith(("×", "*")) and q.value == _WHOLE


_WHOLE = 100


def _ends_range(pair: Sequence[Quantity]) -> bool:
    return [q.role for q in pair] == ["low", "high"]


_NOTHING = Decision(OTHER, 1.0, ())
_TO_REACH = Decision(TargetClass.TARGET, 1.0, ())


def _told(q: Quantity, cells: Cells, issued: date | None) -> Decision | None:
    """What its place says for sure that it is: nothing to reach, where it was before a change, stands
    in a column of what was, is the number of a row or part of the name of what a row measures
    (5级以上堤防达标率); a target, where it stands alone under a time to come. Such numbers teach
    nothing of others."""
    cell = cells.at(q.start)
    kind = cell.column.kind if cell else None
    if q.role == "before" or kind in _NO_TARGETS or (kind is ColumnKind.ORDINAL and not q.measured):
        return _NOTHING
    if kind is ColumnKind.TASK and cells.row.has(ColumnKind.MEASURE):
        return _NOTHING
    if cell is None or kind not in TIMED or not cells.is_bare(cell):
        return None
    return _TO_REACH if time_of(cell.column, issued) is not None else None


def _alone(found: Sequence[Quantity], cells: Cells) -> Iterator[Quantity]:
    """Numbers that elsewhere are years or names, where they fill a cell under a head of figures:
    2050 (亩), 120 (万千瓦)."""
    taken = Ranges([(q.start, q.end) for q in found])
    for cell in cells:
        number = _NUMBER.fullmatch(cells.words(cell)) if cell.column.kind in _OF_NUMBERS else None
        if number:
            at = cell.start + number.start(1), cell.start + number.end(1)
            if not taken.overlap(*at):
                yield Quantity(*at, *at, Decimal(number[1].replace(",", "")), rule="bare")


def _in_column(q: Quantity, cells: Cells) -> Quantity:
    """A bare number of a table in what its column or its row is measured in."""
    cell = cells.at(q.start)
    if cell is None or q.measure is not None or not cells.is_bare(cell):
        return q
    words = cells.measure(cell)
    one = measure_of(words) if words else None
    if one is not None:
        value, per = q.value * one.value, q.per or one.per
        return replace(q, value=value, measure=one.measure, kind=one.kind, form=one.form, per=per)
    return replace(q, measure=words) if words.strip(_BLANK) else q


def _with_baselines(quantities: Sequence[Quantity], cells: Cells) -> Iterator[Quantity]:
    """The numbers of a row with what stands in its last column of what was."""
    alone = {
        q.start: cell.column.kind
        for q in quantities
        if (cell := cells.at(q.start)) is not None and cells.is_bare(cell)
    }
    were = [q for q in quantities if alone.get(q.start) is ColumnKind.BASELINE]
    for q in quantities:
        was = were[-1] if were and q.start in alone and were[-1].measure == q.measure else None
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
    cells: Cells = NO_CELLS,
) -> list[FoundTarget]:
    """The targets among the quantities of `reading`, in order, each with what it measures.

    `doubts` are ranges in which characters are lost for good: a number there is `uncertain`.
    """
    text = reading.text
    lost = Ranges(doubts)
    found: list[FoundTarget] = []
    for place, use in enumerate(uses):
        if use.decision.label in (None, OTHER):
            continue
        q = _with_other_end(use.mention, uses[place + 1 : place + 2])
        class_ = TargetClass(use.decision.label)
        cell = cells.at(q.start)
        part = max(_part_start(text, q.start), cell.start if cell is not None else 0)
        for target in _split(text, part, q, found, cells):
            end = max(use.mention.until, use.mention.end)
            doubtful = lost.overlap(target.value_at, end)
            bound = q.comparator or _bound_of_plain(q, class_)
            found.append(
                replace(target, end=end, class_=class_, comparator=bound, uncertain=doubtful)
            )
    return found


def _bound_of_plain(q: Quantity, class_: TargetClass) -> Comparator:
    """What a number without a word of comparison asks for: of what is to be reached at least that, if
    it is an amount (新建服务站20个 is done with 25) or more than what was printed before; at most that, if it
    is less (管网漏损率 9.8 → 9). Just that of a share or level that may be to rise or to fall, of a length of
    time, and of rules and conditions."""
    if class_ is not TargetClass.TARGET or not q.value:
        return Comparator.EQUAL
    if q.was is not None and q.was[2] != q.value:
        return Comparator.AT_MOST if q.value < q.was[2] else Comparator.AT_LEAST
    amount = q.form in _AMOUNTS and q.kind is not MeasureKind.TIME
    return Comparator.AT_LEAST if amount else Comparator.EQUAL


def _with_other_end(q: Quantity, following: Sequence[Use[Quantity]]) -> Quantity:
    """A quantity up to the end of the one that goes on right after it (5%|—20%之间, 五百元以上|三千元
    以下罚款): what is said of both stands behind."""
    other = following[0].mention if following else None
    beside = other is not None and (
        other.from_ == q.until or (q.role, other.role) == ("low", "high")
    )
    return replace(q, until=other.until) if other is not None and beside else q


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
    text: str, part: int, q: Quantity, found: Sequence[FoundTarget], cells: Cells
) -> Iterator[FoundTarget]:
    same = _same_part(found, part)
    series = [(t.value_at, t.end, Indicator(t.metric, t.scope)) for t in same]
    whole = _whole(text, part, q, found[: len(found) - len(same)])
    for own in name_indicators(text, part, q, series, cells):
        indicator = (
            own if whole is None else share_of(Indicator(whole.metric, whole.scope), own, q.measure)
        )
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
            stretch=bool(_STRETCH.search(text, part, q.until)),
        )


def _whole(text: str, part: int, q: Quantity, found: Sequence[FoundTarget]) -> FoundTarget | None:
    """The target of which a number is a part (1200公里，其中武汉市不少于|380公里), of those found before
    its part of the sentence."""
    if not found or found[-1].measure != q.measure or not opens_share(text, part):
        return None
    return None if _SENTENCE.search(text, found[-1].end, part) else found[-1]


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

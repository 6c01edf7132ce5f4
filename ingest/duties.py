"""Clauses → tasks: which stretch of a clause is one duty, who bears it, by when, how much.

A clause is one duty, unless it holds several lists of owners: then each list closes the duty before
it (in State Council documents a bracket governs only the text before it).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise

from ingest.clauses import ClauseReading
from ingest.columns import NO_CELLS, ColumnKind, read_column
from ingest.deadlines import (
    FoundDeadline,
    find_column_deadlines,
    find_deadlines,
    find_pace,
    find_unread,
)
from ingest.drafts import label_of
from ingest.leftovers import FormulaKind, find_rejected, formula
from ingest.milestones import MilestoneBook, assemble_milestones
from ingest.owners import OWNER
from ingest.reading import Reading
from ingest.targets import FoundTarget, name_targets
from kb.characters import any_of
from kb.identifiers import stable_id
from kb.language import party_words
from kb.language.parties import Form
from kb.lexicon import WordEntry, words_of
from kb.models import Clause, Finding, Plan, Span
from kb.ranges import between
from tasks.models import Assignment, Baseline, Basis, Target, TargetClass, Task, TaskKind

_BODY = 12
_BETWEEN = " 。;,\n\t|"
_BODIES = 80
"""Characters of the bodies before a colon that a duty opens with."""
_JOINS = "、, \n" + "".join(party_words.words_of(party_words.WordKind.JOIN))
"""Characters that may stand between them."""
_TITLE = 60


class HeadingWords(WordEntry):
    """Words of headings over clauses of one kind; headings that say so, and that do not."""

    kind: TaskKind


_HEADINGS = ((TaskKind.SAFEGUARD, None), (TaskKind.GOAL, 20))
"""Which kind a heading may say, the first that it does, and in how many of its characters."""


@lru_cache
def _heading_words(kind: TaskKind) -> re.Pattern[str]:
    return re.compile(any_of(words_of("heading_words", HeadingWords, kind)))


def kind_of_heading(heading: str) -> TaskKind | None:
    """What the clauses under a heading are, where it says so."""
    said = (kind for kind, end in _HEADINGS if _heading_words(kind).search(heading[:end]))
    return next(said, None)


@lru_cache
def _occasion() -> re.Pattern[str]:
    """What an opening paragraph ends with: why the plan was made, and no duty of anybody."""
    return re.compile(rf"(?:{formula(FormulaKind.OCCASION).pattern})[^,。;:的并]{{0,14}}[。:]?\s*$")


def extract_tasks(
    text: str,
    plans: Sequence[Plan],
    outlined: Sequence[Clause],
    readings: Iterable[ClauseReading],
    *,
    issued: date | None,
    doubts: Sequence[Span] = (),
) -> tuple[tuple[Task, ...], list[Finding]]:
    """All tasks of a document, in order, and what a person should look at. Ids are only unique until
    `tasks.fact_ids.identify` makes them of the places where the facts stand.

    `readings` are those of the `outlined` clauses, in order; each is done with before the next.
    """
    periods = {plan.id: plan.period for plan in plans}
    clauses = {clause.id: clause for clause in outlined}
    parents = {clause.parent_id for clause in clauses.values()}
    listed: dict[str, tuple[Assignment, ...]] = {}
    below: set[str] = set()
    tasks: list[Task] = []
    warnings: list[Finding] = []
    doubts = sorted(doubts, key=lambda span: span.start)
    doubt_at = [span.start for span in doubts]
    for item in readings:
        clause, reading = item.clause, item.reading
        owners = [a for found in item.lists for a in found.assignments]
        if owners:
            listed[clause.id] = tuple(owners)
            if _below_list(item):
                below.add(clause.id)
        warnings.extend(_unresolved(item))
        warnings.extend(_without_year(item))
        body = _has_body(item, clause.id in parents)
        if item.cells.row.example or not body or _is_rejected(item):
            continue
        period = periods[clause.plan_id]
        subjects = item.owners.stated
        deadlines = find_deadlines(
            reading,
            item.times,
            issued=issued,
            period=period,
            parties=[(use.mention.start, use.mention.end) for use in item.owners.uses],
            cells=item.cells,
        )
        warnings.extend(_unread(item, deadlines))
        doubtful = doubts[between(doubt_at, clause.span.start, clause.span.end)]
        warnings.extend(_undecided(item))
        targets = name_targets(
            reading,
            item.quantities,
            doubts=_local(reading, clause.span, doubtful),
            cells=item.cells,
        )
        reached = any(t.class_ is TargetClass.TARGET for t in targets)
        if item.cells.row.sums and not owners and not reached:
            continue  # the sums of what is spent
        numbers = [t.value_at for t in targets]
        heads = [*find_column_deadlines(numbers, item.cells, deadlines, reference=item.reference)]
        if heads:
            deadlines = sorted([*deadlines, *heads], key=lambda d: d.at)
        found = (use.mention for use in item.quantities)
        bounds = frozenset(n.from_ for n in found if n.from_ < n.start)
        kind = _kind(clause, clauses)
        # Sorted starts, so that each duty of a long clause looks only at what is its own.
        due_at = [d.at for d in deadlines]
        target_at = [t.start for t in targets]
        stated_at = [a.span.start for a in subjects]
        if not (owners or subjects or deadlines or targets) and (
            (item.cells and not item.cells.row.has(ColumnKind.UNITS))
            or states_occasion(clause, reading.text)
        ):
            continue  # a row of figures that asks for nothing
        for number, (start, end, own) in enumerate(_segments(item, deadlines)):
            task_id = stable_id("task", clause.id, number)
            span = reading.span(start, end)
            stated = subjects[between(stated_at, span.start, span.end)]
            responsibilities = [*own, *stated]
            if not responsibilities:
                responsibilities = _inherited(clause, clauses, listed)
            near = between(due_at, start, end)
            near = slice(max(0, near.start - 1), near.stop)  # the one before may govern this too
            pace = find_pace(reading.text, start, end, item.cells)
            book = assemble_milestones(
                reading,
                deadlines[near],
                task_id=task_id,
                task_range=(start, end),
                period=None if pace else period,
                bounds=bounds,
                cells=item.cells,
            )
            tasks.append(
                Task(
                    id=task_id,
                    plan_id=clause.plan_id,
                    clause_id=clause.id,
                    title=_title(item, start, end, number),
                    kind=kind,
                    pace=pace,
                    span=span,
                    responsibilities=tuple(_quoted(a, text) for a in _unique(responsibilities)),
                    milestones=tuple(
                        m.model_copy(update={"quote": m.span.slice(text)}) for m in book.milestones
                    ),
                    targets=tuple(
                        _targets(text, item, targets[between(target_at, start, end)], book, task_id)
                    ),
                )
            )
    return tuple(_spread(tasks, clauses, below)), warnings


def _below_list(item: ClauseReading) -> bool:
    """Whether a line of owners stands under the last item of a list: 责任单位:… after bullets."""
    marker = item.clause.marker
    bullet = bool(marker) and not any(character.isalnum() for character in marker)
    return bullet and bool(item.lists) and "\n" in item.reading.text[: item.lists[0].start + 1]


def _spread(tasks: Sequence[Task], clauses: dict[str, Clause], below: set[str]) -> list[Task]:
    """The tasks, where a line of owners under a list of bullets (the clauses `below`) belongs to all
    its items that name none: bullets divide one measure, numbers are duties of their own."""
    done = list(tasks)
    for place, last in enumerate(tasks):
        if last.clause_id not in below:
            continue
        listed = tuple(
            a.model_copy(update={"basis": Basis.INHERITED})
            for a in last.responsibilities
            if a.basis is Basis.LISTED
        )
        for at in range(place - 1, -1, -1):
            same, one = clauses[last.clause_id], clauses[done[at].clause_id]
            beside = (one.parent_id, one.marker) == (same.parent_id, same.marker)
            owned = any(a.basis is Basis.LISTED for a in done[at].responsibilities)
            if not beside or owned:
                break
            stated = (a for a in done[at].responsibilities if a.basis is not Basis.INHERITED)
            done[at] = done[at].model_copy(update={"responsibilities": (*stated, *listed)})
    return done


def states_occasion(clause: Clause, words: str) -> bool:
    """Whether a clause without number says why the plan was made: 结合实际,制定本行动计划."""
    return not clause.marker and bool(_occasion().search(words))


def _local(reading: Reading, within: Span, spans: Sequence[Span]) -> list[tuple[int, int]]:
    """Spans of the source inside `within` as ranges of the reading."""
    return [(reading.index(s.start), reading.index(s.end)) for s in spans if within.contains(s)]


def _has_body(item: ClauseReading, is_parent: bool) -> bool:
    """Whether a clause asks for something, beyond being the heading of others."""
    marker = item.clause.marker
    body = item.reading.text[len(marker) :].strip()
    if not is_parent:
        return len(body) >= 4 and not body.endswith((":", "："))
    rest = body[len(item.clause.heading) :].strip(" 。\n:")
    return len(rest) >= _BODY or bool(item.lists)


def _is_rejected(item: ClauseReading) -> bool:
    """Whether all that a clause says is that something is turned down."""
    text, begin = item.reading.text, len(item.clause.marker)
    said = find_rejected(text)
    return bool(said) and said[0][0] <= begin + 1 and not text[said[0][1] :].strip(_BETWEEN)


def _segments(
    item: ClauseReading, deadlines: Sequence[FoundDeadline]
) -> Iterator[tuple[int, int, tuple[Assignment, ...]]]:
    """(start, end, assignments) of each duty in the clause, as local ranges. Lists side by side (the
    cells of a row, a line for each role) are one; what follows the last is a duty of its own where
    it has a body, else part of the last (a row's cell of its date)."""
    text = item.reading.text
    if not item.lists:
        yield 0, len(text), ()
        return
    last = len(text) if item.cells else item.lists[-1].end
    dated = sum(d.to - d.at for d in deadlines if d.at >= last)
    rest = _unlabelled(text[last:]) - dated >= _BODY
    cursor, own = 0, item.lists[0].assignments
    for before, owners in pairwise(item.lists):
        if text[before.end : owners.start].strip(_BETWEEN):
            yield cursor, before.end, own
            cursor, own = before.end, ()
        own = (*own, *owners.assignments)
    yield cursor, last if rest else len(text), own
    if rest:
        yield last, len(text), ()


def _unlabelled(words: str) -> int:
    """How many characters of words are not said after the label of a column: 责任领导:…, 完成时限:…
    belong to the duty before them."""
    lines = (line.strip(_BETWEEN) for line in re.split(r"[\n;]", words))
    return sum(
        len(line) for line in lines if (label := label_of(line)) is None or not read_column(label)
    )


def _kind(clause: Clause, clauses: dict[str, Clause]) -> TaskKind:
    at: Clause | None = clause
    while at is not None:
        if kind := kind_of_heading(at.heading):
            return kind
        at = clauses.get(at.parent_id) if at.parent_id else None
    return TaskKind.ACTION


def _title(item: ClauseReading, start: int, end: int, number: int) -> str:
    after = _after_bodies(item, start, end) if number == 0 else start
    if not after and item.clause.heading:
        return item.clause.heading[:_TITLE]
    words = item.reading.text[after or start : end].strip(" 。;,\n")
    return re.split(r"[。;,\n(]", words, maxsplit=1)[0][:_TITLE] or item.clause.heading[:_TITLE]


def _after_bodies(item: ClauseReading, start: int, end: int) -> int:
    """Where the words of a duty begin after the bodies and the colon that it opens with: 县气象局：|负责
    监测预报; 0 where it does not."""
    text = item.reading.text
    colon = text.find(":", start, min(end, start + _BODIES))
    if colon < 0 or not text[colon + 1 : end].strip(" 。;,\n"):
        return 0
    at, named = start + len(item.clause.marker), False
    for use in item.owners.uses:
        if use.mention.end > colon:
            break
        if text[at : use.mention.start].strip(_JOINS):
            return 0
        at, named = use.mention.end, True
    return colon + 1 if named and not text[at:colon].strip(_JOINS) else 0


def _inherited(
    clause: Clause, clauses: dict[str, Clause], listed: dict[str, tuple[Assignment, ...]]
) -> list[Assignment]:
    at = clauses.get(clause.parent_id) if clause.parent_id else None
    while at is not None:
        if at.id in listed:
            return [a.model_copy(update={"basis": Basis.INHERITED}) for a in listed[at.id]]
        at = clauses.get(at.parent_id) if at.parent_id else None
    return []


def _unique(assignments: Sequence[Assignment]) -> Iterator[Assignment]:
    seen: set[tuple[str, str, int]] = set()
    for a in assignments:
        key = (a.unit, a.role, a.span.start)
        if key not in seen:
            seen.add(key)
            yield a


def _quoted(assignment: Assignment, text: str) -> Assignment:
    return assignment.model_copy(update={"quote": assignment.span.slice(text)})


def _targets(
    text: str,
    item: ClauseReading,
    found: Sequence[FoundTarget],
    book: MilestoneBook,
    task_id: str,
) -> Iterator[Target]:
    for number, target in enumerate(found):
        span: Span = item.reading.span(target.start, target.end)
        yield Target(
            id=stable_id("target", task_id, number),
            milestone_id=book.bind(target.value_at),
            class_=target.class_,
            metric=target.metric,
            scope=target.scope,
            comparator=target.comparator,
            value=target.value,
            measure=target.measure,
            per=target.per,
            baseline=_baseline(text, item.reading, target),
            approximate=target.approximate,
            stretch=target.stretch,
            uncertain=target.uncertain,
            span=span,
            quote=span.slice(text),
        )


def _baseline(text: str, reading: Reading, target: FoundTarget) -> Baseline | None:
    if target.was is None:
        return None
    start, end, value = target.was
    span = reading.span(start, end)
    return Baseline(value=value, span=span, quote=span.slice(text))


def _unresolved(item: ClauseReading) -> Iterator[Finding]:
    """Names of a list that are known neither to the lexicon nor by their form, and parties of which
    it could not be decided whether they are owners."""
    for use in item.owners.uses:
        span = item.reading.span(use.mention.start, use.mention.end)
        if use.decision.label is None:
            yield Finding(
                code="unclassified-party",
                message=f"“{use.mention.name}”是不是责任单位, 判断不定, 未作责任单位 / whether it bears the duty "
                "could not be decided: not taken as an owner",
                span=span,
            )
        elif use.decision.label == OWNER and use.mention.form is Form.LISTED:
            yield Finding(
                code="unresolved-unit",
                message=f"词库里没有“{use.mention.name}”, 照原文保留 / no entry resolves it; kept as printed",
                span=span,
            )


def _undecided(item: ClauseReading) -> Iterator[Finding]:
    """Numbers and times of which it could not be decided what they are for."""
    reading, yearless = item.reading, set(item.yearless)
    for code, chinese, english, uses in (
        ("unclassified-number", "目标或标准", "a target or a standard", item.quantities),
        ("unclassified-date", "时限", "a deadline", item.times),
    ):
        for start, end in (
            at
            for u in uses
            if u.decision.label is None and (at := (u.mention.start, u.mention.end)) not in yearless
        ):
            yield Finding(
                code=code,
                message=f"“{reading.text[start:end]}”是不是{chinese}, 判断不定, 未作{chinese} / "
                f"whether it is {english} could not be decided: not taken as one",
                span=reading.span(start, end),
            )


def _unread(item: ClauseReading, found: Sequence[FoundDeadline]) -> Iterator[Finding]:
    """Cells of a column of times of which no time was read."""
    undecided = [(u.mention.start, u.mention.end) for u in item.times if u.decision.label is None]
    cells = item.cells if item.cells.row.has(ColumnKind.UNITS) else NO_CELLS
    for start, end in find_unread(cells, found, [*item.yearless, *undecided]):
        yield Finding(
            code="time-not-read",
            message=f"“{item.reading.text[start:end]}”在时限一栏, 没有读作时限 / it stands in a column of "
            "times and was not read as one",
            span=item.reading.span(start, end),
        )


def _without_year(item: ClauseReading) -> Iterator[Finding]:
    for start, end in item.yearless:
        printed = item.reading.text[start:end].strip()
        yield Finding(
            code="no-year",
            message=f"“{printed}”没有年份, 文件也没有日期: 未作时限 / no year is printed and the document "
            "has no date: not read as a deadline",
            span=item.reading.span(start, end),
        )

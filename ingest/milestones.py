"""Deadlines → milestones: one commitment each, and which of them a number belongs to."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from ingest.columns import NO_CELLS, Cells
from ingest.commitments import find_commitment, words_of
from ingest.deadlines import FoundDeadline
from ingest.numbering import find_marker
from ingest.reading import Reading
from kb.identifiers import stable_id
from kb.models import Period
from kb.ranges import Prevailing
from tasks.models import Certainty, Deadline, DueKind, Milestone

_MARKER = 24
"""Characters in which the number of a clause stands."""


@dataclass(frozen=True, slots=True)
class MilestoneBook:
    """The milestones of a task, and which of them governs each place of its text."""

    milestones: tuple[Milestone, ...]
    dated: Prevailing
    """By the ranges from the date itself on: the last date, of several the shortest range."""
    around: Prevailing
    """By the whole ranges: the shortest."""
    inherited: str | None

    def bind(self, offset: int) -> str | None:
        """Id of the milestone that governs the local `offset`: of several ranges that of the last
        date before it (每年不少于10%，力争每年达到20%), else the innermost; else the inherited
        one, else None."""
        found = self.dated.at(offset) or self.around.at(offset)
        return self.milestones[abs(found[-1])].id if found else self.inherited


def assemble_milestones(
    reading: Reading,
    found: Sequence[FoundDeadline],
    *,
    task_id: str,
    task_range: tuple[int, int],
    period: Period | None,
    bounds: Container[int] = frozenset(),
    cells: Cells = NO_CELLS,
) -> MilestoneBook:
    """The milestones of the task on the local range `task_range`.

    Where no date of its own governs a part of the task, the plan's period does: a task without
    any deadline has one milestone at the period's end, marked inherited; so has one whose only
    deadlines govern other parts and whose rest carries numbers (see `bind`). Quotes are empty:
    the caller, who has the source text, fills them. Ids are only unique (see `tasks.fact_ids`).
    `bounds` and `cells` as for `find_commitment`.
    """
    start, end = task_range
    own = [f for f in found if start <= f.at < end]
    dates = [f.at for f in own]

    def commitment(item: FoundDeadline | None) -> str:
        text = reading.text
        said = _after_marker(text, start), end
        pieces = find_commitment(text, said, item, dates=dates, bounds=bounds, cells=cells)
        return words_of(text, pieces)

    milestones: list[Milestone] = []
    ranges: list[tuple[int, int, int, int]] = []
    for number, item in enumerate(own):
        low, high = max(start, item.governs[0]), min(end, item.governs[1])
        milestones.append(
            Milestone(
                id=stable_id("milestone", task_id, number),
                commitment=commitment(item),
                span=reading.span(low, high),
                quote="",
                due=item.due,
            )
        )
        ranges.append((low, high, item.at, number))
    before = [f for f in found if f.at < start and f.governs[1] > start]
    if not own and before:
        governing = before[-1]
        milestones.append(
            Milestone(
                id=stable_id("milestone", task_id, 0),
                commitment=commitment(governing),
                span=reading.span(start, end),
                quote="",
                due=governing.due,
            )
        )
        ranges.append((start, min(end, governing.governs[1]), governing.at, 0))
    if not milestones and period is not None:
        milestones.append(
            Milestone(
                id=stable_id("milestone", task_id, 0),
                commitment=commitment(None),
                span=reading.span(start, end),
                quote="",
                due=Deadline(
                    kind=DueKind.PERIOD,
                    date=period.end,
                    start=period.start,
                    certainty=(Certainty.INHERITED,),
                    span=period.span,
                ),
            )
        )
    return MilestoneBook(
        tuple(milestones),
        dated=Prevailing((max(at, on), to, (on, at - to, i)) for at, to, on, i in ranges),
        around=Prevailing((at, to, (at - to, -i)) for at, to, _, i in ranges),
        inherited=next((m.id for m in milestones if Certainty.INHERITED in m.due.certainty), None),
    )


def _after_marker(text: str, start: int) -> int:
    """Where the words of a task begin that opens with the number of its clause."""
    marker = find_marker(text[start : start + _MARKER])
    return start + len(marker.text) if marker else start

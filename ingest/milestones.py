"""Deadlines → milestones: one commitment each, and which of them a number belongs to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.deadlines import FoundDeadline
from ingest.reading import Reading
from kb.identifiers import stable_id
from kb.models import Period
from kb.ranges import Prevailing
from tasks.models import Certainty, Deadline, DueKind, Milestone

_INTRODUCES = re.compile(r"[,、](?:力争|争取|努力|确保|并|且|到|至|其中)+$")
_COMMITMENT = 80
_EDGE = " ,;。:、\n"
_CELL = f"{_EDGE})|\t"
_APART = (":", "(", "|", "\t")
_PIECES = re.compile(r"[。;\n|\t]|\((?![^()]{1,3}\))")  # not (一), a number
_LEAST_WORDS = 4
"""Characters of what is to be done; the cell of a number or a day has fewer."""


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
) -> MilestoneBook:
    """The milestones of the task on the local range `task_range`.

    Where no date of its own governs a part of the task, the plan's period does: a task without
    any deadline has one milestone at the period's end, marked inherited; so has one whose only
    deadlines govern other parts and whose rest carries numbers (see `bind`). Quotes are empty:
    the caller, who has the source text, fills them. Ids are only unique (see `tasks.fact_ids`).
    """
    start, end = task_range
    own = [f for f in found if start <= f.at < end]
    milestones: list[Milestone] = []
    ranges: list[tuple[int, int, int, int]] = []
    for number, item in enumerate(own):
        low, high = max(start, item.governs[0]), min(end, item.governs[1])
        milestones.append(
            Milestone(
                id=stable_id("milestone", task_id, number),
                commitment=_commitment(reading.text, low, high, item),
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
                commitment=_commitment(reading.text, start, end, governing),
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
                commitment=_commitment(reading.text, start, end, None),
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


def _commitment(text: str, start: int, end: int, item: FoundDeadline | None) -> str:
    """The words of the governed duty without the date at its edge, cut at a clause mark."""
    if item is not None and item.duty:
        return item.duty[:_COMMITMENT]
    if item is not None and start <= item.at and item.to <= end:
        before, after = text[start : item.at], text[item.to : end]
        # …，2020年底前完成: what is due stands before its date; else it follows the date.
        last = re.split(r"[。;!?\n]", before)[-1].strip(_EDGE)
        words = after.strip(_EDGE)
        if (
            len(words) < 6
            or re.match(r"(?:前|底前)?(?:完成|到位|建成)[。;]?", words)
            or (len(last) <= 12 and re.match(r"(?:要|须|应|内|前|起|,)", after))
        ):
            words = f"{last}{words}"
        if not after.strip(_CELL) and before.rstrip()[-1:] in _APART:
            # A cell, a bracket, a label's value: the first words of what it is said of.
            pieces = (piece.strip(_CELL) for piece in _PIECES.split(before))
            words = next((piece for piece in pieces if len(piece) >= _LEAST_WORDS), words)
    else:
        words = text[start:end].strip(_EDGE)
    words = re.sub(r"\s+", " ", words)
    words = re.split(r"[。;\n]", words, maxsplit=1)[0]
    # …不少于10%，力争|每年达到20%: what introduces the next date is not of this one.
    words = _INTRODUCES.sub("", words.rstrip(_EDGE))
    return words[:_COMMITMENT].rstrip(_EDGE)

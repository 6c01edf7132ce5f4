"""Deadlines → milestones: one commitment each, and which of them a number belongs to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from ingest.deadlines import FoundDeadline
from ingest.reading import Reading
from kb.characters import any_of
from kb.identifiers import stable_id
from kb.lexicon import WordEntry, words_of
from kb.models import Period
from kb.ranges import Prevailing
from tasks.models import Certainty, Deadline, DueKind, Milestone

_COMMITMENT = 80
_EDGE = " ,;。:、\n"
_CELL = f"{_EDGE})|\t"
_APART = (":", "(", "|", "\t")
_PIECES = re.compile(r"[。;\n|\t]|\((?![^()]{1,3}\))")  # not (一), a number
_LEAST_WORDS = 4
"""Characters of what is to be done; the cell of a number or a day has fewer."""


class BesideDay(StrEnum):
    """What a word beside a day says of where the words of its commitment are."""

    LEADS = "leads"  # …不少于10%，力争|每年达到20%: before the next day, and not of this one
    FINISH = "finish"  # after the day: what is to be finished stands before it
    BOUND = "bound"  # ends the time: goes on from the few words before the day too
    ASKS = "asks"  # after the day: goes on from the few words before it


class CommitmentWords(WordEntry):
    """Words of one kind; sentences whose first day has such a word there."""

    kind: BesideDay


@lru_cache
def _beside() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """What leads to the next day, what finishes, what goes on from the few words before the day."""
    leads, finish, bound, asks = (
        any_of(words_of("commitment_words", CommitmentWords, kind)) for kind in BesideDay
    )
    return (
        re.compile(rf"[,、]{leads}+$"),
        re.compile(f"{bound}?{finish}"),
        re.compile(f"{bound}|{asks}|,"),
    )


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
                commitment=find_commitment(reading.text, low, high, (item.at, item.to)),
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
                commitment=find_commitment(reading.text, start, end, (governing.at, governing.to)),
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
                commitment=find_commitment(reading.text, start, end, None),
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


def find_commitment(text: str, start: int, end: int, day: tuple[int, int] | None) -> str:
    """The words of the duty on `[start, end)` without the day at its edge, cut at a clause mark."""
    leads, finish, goes_on = _beside()
    if day is not None and start <= day[0] and day[1] <= end:
        before, after = text[start : day[0]], text[day[1] : end]
        # …，2020年底前完成: what is due stands before its date; else it follows the date.
        last = re.split(r"[。;!?\n]", before)[-1].strip(_EDGE)
        words = after.strip(_EDGE)
        if len(words) < 6 or finish.match(words) or (len(last) <= 12 and goes_on.match(after)):
            words = f"{last}{words}"
        if not after.strip(_CELL) and before.rstrip()[-1:] in _APART:
            # A cell, a bracket, a label's value: the first words of what it is said of.
            pieces = (piece.strip(_CELL) for piece in _PIECES.split(before))
            words = next((piece for piece in pieces if len(piece) >= _LEAST_WORDS), words)
    else:
        words = text[start:end].strip(_EDGE)
    words = re.sub(r"\s+", " ", words)
    words = re.split(r"[。;\n]", words, maxsplit=1)[0]
    words = leads.sub("", words.rstrip(_EDGE))
    return words[:_COMMITMENT].rstrip(_EDGE)

"""Facts of two readings side by side: what a document says must not depend on the format in which it
came."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import NamedTuple

from tasks.models import Deadline, DueKind, Extraction

Rows = Counter[tuple[str, ...]]


class Facts(NamedTuple):
    """Rows that begin with the path of their clause: the units with their roles; the days, cycles
    and durations; the numbers with their measures. A row may stand there several times."""

    owners: Rows
    deadlines: Rows
    targets: Rows


class Agreement(NamedTuple):
    """F1 of each kind of facts, from 0 to 1."""

    owners: float
    deadlines: float
    targets: float


def facts_of(extraction: Extraction) -> Facts:
    """The facts of an extraction, without places and ids. Days that only follow from the plan's
    own period are not among them: one of them wrong would be counted once a clause."""
    paths = {clause.id: _plain(clause.path) for clause in extraction.clauses}
    owners, deadlines, targets = Rows(), Rows(), Rows()
    for task in extraction.tasks:
        path = paths[task.clause_id]
        for owner in task.responsibilities:
            owners[path, _plain(owner.unit), owner.role.value] += 1
        for milestone in task.milestones:
            if milestone.due.kind not in {DueKind.PERIOD, DueKind.NONE}:
                deadlines[path, *_due(milestone.due)] += 1
        for target in task.targets:
            value, measure = f"{target.value.normalize():f}", _plain(target.measure or "")
            targets[path, target.class_.value, target.comparator.value, value, measure] += 1
    return Facts(owners, deadlines, targets)


def agreement(found: Extraction, expected: Extraction) -> Agreement:
    """How far the facts of one reading are those of the other."""
    pairs = zip(facts_of(found), facts_of(expected), strict=True)
    return Agreement(*(f1(mine, theirs) for mine, theirs in pairs))


def differences(found: Extraction, expected: Extraction) -> list[str]:
    """What only one of the two readings has, a row a line: `+` found, `-` expected. For a message
    of a test that fails."""
    lines = []
    for mine, theirs in zip(facts_of(found), facts_of(expected), strict=True):
        lines += [f"+ {' '.join(row)}" for row in (mine - theirs).elements()]
        lines += [f"- {' '.join(row)}" for row in (theirs - mine).elements()]
    return sorted(lines, key=lambda line: line[2:])


def f1(found: Rows, expected: Rows) -> float:
    """2 × common / (found + expected); 1 where there is nothing on either side."""
    total = found.total() + expected.total()
    return 2 * (found & expected).total() / total if total else 1.0


def _due(due: Deadline) -> tuple[str, ...]:
    told = (due.date, due.start, due.rrule, due.duration)
    return (due.kind.value, *(str(value) for value in told if value is not None))


def _plain(text: str) -> str:
    """Without differences of width and white space: `（四）` and `(四)` are one."""
    return "".join(unicodedata.normalize("NFKC", text).split())

"""A question → the query that it asks for, by two linear models over its characters.

The weights (`plan.json`) are fitted on the questions of `corpus/questions`, labelled by writers who
saw no code (`make calibrate`); what they are worth on questions of other writers, about other documents, stands
in the file. No embedding is used: the same question has the same plan whatever is loaded.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from api.assistant.asked import Asked, asked_kinds
from api.assistant.cues import says
from ingest.reading import normalize_characters
from kb.expansion import simplify
from kb.models import Fact
from tasks.due import State
from tasks.lifecycle import Status
from tasks.query import Operation, Query, Select

LONGEST = 3
"""Characters of the longest piece; with four the questions left out were read no better."""
_READ = 400
"""Characters of a question that are read, from its beginning and its end."""


class Plan(NamedTuple):
    """How probable every selection and every operation is, 0…1; `select` and `operation` are the
    likeliest."""

    selects: Mapping[Select, float]
    operations: Mapping[Operation, float]

    @classmethod
    def certain(cls, select: Select, operation: Operation) -> Plan:
        """One that somebody says."""
        return cls(
            {s: float(s is select) for s in Select},
            {o: float(o is operation) for o in Operation},
        )

    @property
    def select(self) -> Select:
        """What is most likely selected."""
        return max(self.selects, key=self.selects.__getitem__)

    @property
    def operation(self) -> Operation:
        """What is most likely done with it."""
        return max(self.operations, key=self.operations.__getitem__)


class LinearHead(Fact):
    """A multinomial logistic model over pieces of text: `bias` by class; `pieces`: a piece's
    rarity, and its weights by the place of their class in `classes`."""

    classes: tuple[str, ...]
    bias: tuple[float, ...]
    pieces: dict[str, tuple[float, dict[int, float]]]

    def probabilities(self, text: str) -> dict[str, float]:
        """The probability of every class, 0…1, in sum 1."""
        found = [
            (1 + math.log(count), *self.pieces[piece])
            for piece, count in Counter(pieces_of(text)).items()
            if piece in self.pieces
        ]
        length = math.sqrt(sum((often * rarity) ** 2 for often, rarity, _ in found)) or 1.0
        totals = list(self.bias)
        for often, rarity, weights in found:
            for place, weight in weights.items():
                totals[place] += weight * often * rarity / length
        top = max(totals)
        shares = [math.exp(total - top) for total in totals]
        return dict(zip(self.classes, (s / sum(shares) for s in shares), strict=True))


class PlanModel(Fact):
    """Both heads; `figures` are of questions that no weight was fitted on."""

    select: LinearHead
    operation: LinearHead
    figures: dict[str, float]


def plain(question: str) -> str:
    """A question as its pieces are taken of it: simplified, half-width, lower case, on one line."""
    text = " ".join(normalize_characters(simplify(question)).lower().split())
    return text if len(text) <= 2 * _READ else text[:_READ] + text[-_READ:]


def pieces_of(text: str) -> Iterable[str]:
    """All runs of one to `LONGEST` characters."""
    for length in range(1, LONGEST + 1):
        for at in range(len(text) - length + 1):
            yield text[at : at + length]


@lru_cache
def plan_model() -> PlanModel:
    """The weights as they were fitted."""
    path = Path(__file__).with_name("plan.json")
    return PlanModel.model_validate_json(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=1024)
def plan_of(question: str) -> Plan:
    """What a question asks for."""
    model, text = plan_model(), plain(question)
    selects = model.select.probabilities(text)
    operations = model.operation.probabilities(text)
    return Plan(
        {Select(name): share for name, share in selects.items()},
        {Operation(name): share for name, share in operations.items()},
    )


_SURE = 0.5
"""A plan less probable is not followed."""
_OF_TRACKER = (Select.UNITS, Select.DUTIES, Select.MILESTONES, Select.WORK)
_COUNTED = (Operation.COUNT, Operation.MOST, Operation.SHARE)
_KINDS = {
    Asked.PARTY: Select.UNITS, Asked.TIME: Select.WORK, Asked.MEASURED: Select.TARGETS,
    Asked.MONEY: Select.TARGETS, Asked.RATIO: Select.TARGETS, Asked.COUNT: Select.TARGETS,
}  # fmt: skip
"""What a question that sentences answer asks for, by the kind of value asked for."""
OVERDUE = Query(select=Select.MILESTONES, states=(State.OVERDUE,))
CYCLE = {
    "stands completed": (Status.COMPLETED, Status.CLOSED),
    "stands closed": (Status.CLOSED,),
    "stands extended": (Status.EXTENDED,),
    "stands assigned": (Status.ASSIGNED,),
}
"""Kinds of `question_states` that ask how duties stand in the cycle, with its states."""
COUNT = Query(select=Select.DUTIES, operation=Operation.COUNT)


def query_of(question: str, plan: Plan, *, of_units: bool = False, short: bool = False) -> Query:
    """What a question asks for, its conditions not yet read: its plan, and where sentences answer it
    the kind of value. Of a `short` one (那校车安全的期限呢) only the kind of value is known.

    Args:
        question: its words.
        plan: what it probably asks for.
        of_units: whether it names units.
        short: whether it leaves open what it asks for.
    """
    asked, select, operation = asked_kinds(question), plan.select, plan.operation
    unsure = plan.selects[select] < _SURE
    if asked & {Asked.CONTACT, Asked.PERSON}:
        select = Select.TEXT
    elif short:
        select = _of_kinds(asked)
    elif says("overdue", question.lower()) and (select in _OF_TRACKER or unsure):
        return OVERDUE
    elif (states := _standing(question.lower())) and select in _OF_TRACKER:
        return Query(select=Select.MILESTONES, states=states)
    elif unsure and not asked:
        select = Select.TEXT
    elif select is Select.MEMBERS:
        listed = not unsure and operation in (Operation.LIST, Operation.COUNT)
        select = select if listed else Select.TEXT
    elif select in (Select.UNITS, Select.DUTIES):
        compared = operation is Operation.COMPARE and (of_units or select is Select.DUTIES)
        if operation in _COUNTED or compared:  # 公安和教委谁的任务多
            return COUNT
    elif select is Select.TEXT:
        select = _of_kinds(asked)
    counts = operation is Operation.COUNT and not short
    field = "title" if select is Select.FIELD else None
    return Query(
        select=select, operation=Operation.COUNT if counts else Operation.LIST, field=field
    )


def _standing(low: str) -> tuple[Status, ...]:
    """The states in which duties are asked for: 哪些已经销号."""
    said = (states for kind, states in CYCLE.items() if says(kind, low))
    return next(said, ()) if says("which", low) else ()


def _of_kinds(asked: frozenset[Asked]) -> Select:
    return next((_KINDS[kind] for kind in _KINDS if kind in asked), Select.TEXT)

"""What a query is made of: what is selected, what is done with it, and its conditions on units, days and
numbers. The words of `Select` and `Operation` label the examples of `corpus/questions` too."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from kb.days import Day
from kb.language.comparators import Comparator
from kb.language.roles import Role
from kb.models import Fact
from tasks.models import Basis

MOST_IDS = 1000
"""Ids in one list; who has more of them has a condition that says the same."""


class Select(StrEnum):
    """What a question wants to be given.

    units: who bears a duty. duties: tasks of a unit, or that meet a condition. milestones: what is
    due when. targets: figures by a condition. clauses: where it is written. plans, documents: which
    there are. members: of a leading group. field: a fact of a document as one (number, day,
    issuer). policies: another document that is cited. work: how far it has got. text: what
    sentences say.
    """

    UNITS = "units"
    DUTIES = "duties"
    MILESTONES = "milestones"
    TARGETS = "targets"
    CLAUSES = "clauses"
    PLANS = "plans"
    DOCUMENTS = "documents"
    MEMBERS = "members"
    FIELD = "field"
    POLICIES = "policies"
    WORK = "work"
    TEXT = "text"


class QueryOperation(StrEnum):
    """What is done with what is selected: `list` (a single one too), `count`, `most` or `least` of
    groups, `share` of a whole, `compare` with another query, or `check` whether something holds."""

    LIST = "list"
    COUNT = "count"
    MOST = "most"
    LEAST = "least"
    SHARE = "share"
    COMPARE = "compare"
    CHECK = "check"


Operation = QueryOperation
"""The name for short; the whole one stands in the description of the API."""


class Match(StrEnum):
    """How units stand to a duty: it has `any` of them, all of them `together`, none (`without`), or
    them and no other (`alone`)."""

    ANY = "any"
    TOGETHER = "together"
    WITHOUT = "without"
    ALONE = "alone"


class Has(StrEnum):
    """What a duty has or lacks: a unit that leads, is responsible or takes part; a day; a number."""

    OWNER = "owner"
    DATE = "date"
    TARGET = "target"


class DayKind(StrEnum):
    """Which day falls into a window: the one `printed`, or the one that is `governing`, which an
    approved extension moves and each occurrence has its own of."""

    PRINTED = "printed"
    GOVERNING = "governing"


class Group(StrEnum):
    """What is counted by; `days`: how far a day is from the one asked about, in steps."""

    UNIT = "unit"
    PLAN = "plan"
    DOCUMENT = "document"
    ROLE = "role"
    STATE = "state"
    MONTH = "month"
    DAYS = "days"
    DUTY = "duty"


class QueryOrder(StrEnum):
    """What comes first: by the `text` of documents as they came in, the day `due`, the `value` of a
    number, the `count` of a group or of a unit's tasks, the day a document was `written`."""

    TEXT = "text"
    DUE = "due"
    VALUE = "value"
    COUNT = "count"
    WRITTEN = "written"


Words = Annotated[str, Field(min_length=1, max_length=200)]
Ids = Annotated[tuple[Words, ...], Field(max_length=MOST_IDS)]


class UnitFilter(Fact):
    """Units by their ids (see `tasks.units.unit_key`) in one of `roles` (none: in any).

    Without ids it is about any unit: duties that somebody has in such a role, and of `units` those
    that have it. `basis`: only as so printed (`listed`: in a list of responsible units).
    """

    ids: Ids = ()
    roles: tuple[Role, ...] = ()
    match: Match = Match.ANY
    basis: tuple[Basis, ...] = ()

    @model_validator(mode="after")
    def _of_somebody(self) -> Self:
        if not self.ids and (self.match is not Match.ANY or not (self.roles or self.basis)):
            raise ValueError("units: 要写单位编号 / ids are needed")
        return self


class DayWindow(Fact):
    """Days, both ends included; an open end is None."""

    start: Day | None = None
    end: Day | None = None
    day: DayKind = DayKind.GOVERNING

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start is None and self.end is None:
            raise ValueError("due: 起止至少写一个 / a start or an end is needed")
        if self.start and self.end and self.start > self.end:
            raise ValueError("due: 开始晚于结束 / it ends before it begins")
        return self


class Quantity(Fact):
    """A number compared with one (`>` 90 %); `measure` is its unit of measurement as printed."""

    comparator: Comparator
    value: Decimal
    measure: Annotated[str, Field(max_length=40)] | None = None

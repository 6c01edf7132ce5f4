"""What a digest holds. How it looks is the renderers' matter."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from enum import StrEnum

from kb.language.roles import Role
from kb.models import Fact
from tasks.abolished import Ending
from tasks.audit import Checkpoint
from tasks.digest.weeks import Week
from tasks.due import Colour, DueItem, State
from tasks.lifecycle import Judged, Verdict
from tasks.models import Deadline, Target


class SectionKind(StrEnum):
    """The parts of a digest, in their order."""

    OVERDUE = "overdue"  # 红
    PASSED = "passed"  # 时限已过: in the digest of a reader who is not told of lives
    BEHIND = "behind"  # 黄
    DUE = "due"  # 蓝
    REVIEW = "review"  # 待审核
    NEW = "new"  # 本周新增
    CLOSED = "closed"  # 本周办结、销号、撤销


class Source(Fact):
    """Where a duty stands: document, plan and clause, to be shown and linked to."""

    document_id: str
    document_number: str | None
    document_title: str
    plan_title: str
    clause_id: str
    path: str


class Goal(Fact):
    """A target and how the latest reported value stands to it."""

    target: Target
    judged: Judged

    @property
    def verdict(self) -> Verdict:
        """Met, short or without a report."""
        return self.judged.verdict


class Detail(Fact):
    """What is fetched of a milestone only where it is shown.

    `deadline` is as it holds (corrected where a person did so); `printed` the exact characters of
    the source that it was read from, line ends taken out; empty where nothing in the text says it.
    """

    source: Source
    deadline: Deadline
    printed: str
    corrected: bool
    goals: tuple[Goal, ...] = ()


class Line(Fact):
    """A milestone, or one occurrence, in a unit's digest. `roles` are this unit's, the foremost
    first; empty in the overview. `abolished_by`: what ends its document, where who gets the digest may
    see that."""

    item: DueItem
    detail: Detail
    roles: tuple[Role, ...] = ()
    abolished_by: Ending | None = None

    def units(self, role: Role) -> tuple[str, ...]:
        """Names of the units that have this role, as printed in the source's order."""
        return tuple(u.unit for u in self.item.units if u.role is role)


class Section(Fact):
    """One part of a digest: lines with a date of their own first, longest due first, then those
    that have only their plan's."""

    kind: SectionKind
    lines: tuple[Line, ...]

    @property
    def inherited(self) -> int:
        """How many lines, at the end, have only their plan's date."""
        return sum(line.item.inherited for line in self.lines)


class Totals(Fact):
    """Counts of milestones (and occurrences) of a unit or of all.

    `overdue_inherited` of the overdue have only their plan's date; `overdue_silent` of them were
    never reported on; `missed` counts earlier occurrences that nobody reported on.
    """

    milestones: int = 0
    by_colour: Mapping[Colour, int] = {}
    by_state: Mapping[State, int] = {}
    overdue_inherited: int = 0
    overdue_silent: int = 0
    missed: int = 0
    review: int = 0
    new: int = 0
    closed: int = 0

    @property
    def overdue(self) -> int:
        """Red."""
        return self.by_colour.get(Colour.RED, 0)

    @property
    def behind(self) -> int:
        """Yellow."""
        return self.by_colour.get(Colour.YELLOW, 0)

    @property
    def due(self) -> int:
        """Blue."""
        return self.by_colour.get(Colour.BLUE, 0)

    @property
    def later(self) -> int:
        """Not yet due."""
        return self.by_state.get(State.LATER, 0)

    @property
    def undated(self) -> int:
        """Without any deadline, and not finished."""
        return self.by_state.get(State.UNDATED, 0)

    @property
    def passed(self) -> int:
        """Past their day by the text, for a reader who is not told how they stand."""
        return self.by_state.get(State.PASSED, 0)


class UnitCount(Fact):
    """A unit's numbers for the overview: what it bears as lead or responsible, and how much of
    what it bears jointly is overdue. `unit` is None for what no unit bears."""

    unit: str | None
    overdue: int
    behind: int
    due: int
    review: int
    later: int
    overdue_joint: int = 0
    passed: int = 0


class Bar(Fact):
    """One bar of the picture: overdue milestones of a unit, `own` where the digest is its."""

    unit: str
    overdue: int
    own: bool = False


class Digest(Fact):
    """The digest of one unit for one week, or (`unit` None) the supervision office's overview.

    `sections` are what the unit bears as lead or responsible, `joint` what it only takes part in;
    `totals` and `totals_joint` count the same two. The overview has `by_unit` and `longest`
    instead, and totals over all milestones. `unit` is what the unit is called, with its place where
    another has that name too; `unit_id` is what it is. `checkpoint` is of the log when the digest
    goes out: who gets it keeps it outside the store. `within` is how many days ahead count as near.
    `told`: its reader knows of lives (`tasks.disclosure`); else it says what the documents say.
    """

    week: Week
    as_of: datetime.date
    within: int
    unit: str | None
    unit_id: str | None = None
    told: bool = True
    totals: Totals
    totals_joint: Totals = Totals()
    sections: tuple[Section, ...] = ()
    joint: tuple[Section, ...] = ()
    bars: tuple[Bar, ...] = ()
    by_unit: tuple[UnitCount, ...] = ()
    longest: tuple[Line, ...] = ()
    checkpoint: Checkpoint | None = None

    @property
    def all_clear(self) -> bool:
        """Whether there is nothing to say but that."""
        return self.unit is not None and not self.sections and not self.joint

    def lines(self) -> Iterator[Line]:
        """Every line, section by section; one may stand in two."""
        for section in (*self.sections, *self.joint):
            yield from section.lines
        yield from self.longest

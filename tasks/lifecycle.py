"""The life of a milestone (督办闭环): states, the steps between them, who may take each.

A pure state machine: `take_step` gives the life after a step or raises. Who may take a step is
decided in `tasks.authorisation`; both read the one table `STEPS`.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from pydantic import Field

from kb.days import Day
from kb.errors import TransitionError
from kb.language.quantities import Comparator
from kb.models import Fact
from kb.wording import wording
from tasks.models import Target


class Status(StrEnum):
    """Where a milestone stands in the cycle."""

    ASSIGNED = "assigned"  # 交办
    ACCEPTED = "accepted"  # 签收
    IN_PROGRESS = "in_progress"  # 承办
    REPORTED = "reported"  # 反馈: 报送办结, 待审核
    COMPLETED = "completed"  # 办结
    CLOSED = "closed"  # 销号
    RETURNED = "returned"  # 退回
    EXTENSION_REQUESTED = "extension_requested"  # 申请延期
    EXTENDED = "extended"  # 已延期
    CANCELLED = "cancelled"  # 撤销


class Step(StrEnum):
    """What moves a milestone on."""

    ACCEPT = "accept"  # 签收
    REPORT = "report"  # 报进展
    REQUEST_EXTENSION = "request_extension"  # 申请延期
    ALLOW_LATE = "allow_late"  # 准许逾期后申请延期
    APPROVE_EXTENSION = "approve_extension"  # 同意延期
    REFUSE_EXTENSION = "refuse_extension"  # 不同意延期
    SUBMIT = "submit"  # 报送办结
    APPROVE = "approve"  # 审核通过
    RETURN = "return"  # 退回
    CLOSE = "close"  # 销号
    CANCEL = "cancel"  # 撤销
    REINSTATE = "reinstate"  # 恢复


class Party(StrEnum):
    """Which side of the cycle takes a step."""

    UNIT = "unit"  # 承办单位
    SUPERVISOR = "supervisor"  # 督办部门


class Rule(Fact):
    """One line of the table: from which states, to which (None: it stays), whose, and what the
    step needs (names of `Command` fields)."""

    sources: frozenset[Status]
    target: Status | None
    party: Party
    needs: tuple[str, ...] = ()


_WORKING = {Status.ACCEPTED, Status.IN_PROGRESS, Status.EXTENDED, Status.RETURNED}
_OPEN = set(Status) - {Status.COMPLETED, Status.CLOSED, Status.CANCELLED}

STEPS: Mapping[Step, Rule] = MappingProxyType(
    {
        step: Rule(sources=frozenset(sources), target=target, party=party, needs=needs)
        for step, sources, target, party, needs in (
            (Step.ACCEPT, {Status.ASSIGNED}, Status.ACCEPTED, Party.UNIT, ()),
            (Step.REPORT, _WORKING | {Status.EXTENSION_REQUESTED}, Status.IN_PROGRESS, Party.UNIT, ("text",)),
            (Step.REQUEST_EXTENSION, _WORKING, Status.EXTENSION_REQUESTED, Party.UNIT, ("reason", "new_date")),
            (Step.ALLOW_LATE, _OPEN, None, Party.SUPERVISOR, ("reason",)),
            (Step.APPROVE_EXTENSION, {Status.EXTENSION_REQUESTED}, Status.EXTENDED, Party.SUPERVISOR, ()),
            (Step.REFUSE_EXTENSION, {Status.EXTENSION_REQUESTED}, None, Party.SUPERVISOR, ("reason",)),
            (Step.SUBMIT, _WORKING, Status.REPORTED, Party.UNIT, ("text",)),
            (Step.APPROVE, {Status.REPORTED}, Status.COMPLETED, Party.SUPERVISOR, ()),
            (Step.RETURN, {Status.REPORTED, Status.COMPLETED}, Status.RETURNED, Party.SUPERVISOR, ("reason",)),
            (Step.CLOSE, {Status.COMPLETED}, Status.CLOSED, Party.SUPERVISOR, ()),
            (Step.CANCEL, _OPEN | {Status.COMPLETED}, Status.CANCELLED, Party.SUPERVISOR, ("reason",)),
            (Step.REINSTATE, {Status.CANCELLED}, Status.ASSIGNED, Party.SUPERVISOR, ("reason",)),
        )
    }
)  # fmt: skip
"""The table of allowed transitions."""

STATUS_NAMES = wording("tasks", "statuses", Status)
STEP_NAMES = wording("tasks", "steps", Step)
FINISHED = frozenset({Status.COMPLETED, Status.CLOSED, Status.CANCELLED})
"""States in which nothing is overdue any more."""

_OPTIONS = {"text": "--text", "reason": "--reason", "new_date": "--date"}
_NEEDED = wording("tasks", "needed", _OPTIONS)


class Evidence(Fact):
    """A file that proves a report: its name as given, its SHA-256, its bytes' number."""

    name: str
    sha256: str
    size: int


class Command(Fact):
    """One step of one milestone (of one occurrence of it).

    `due` is the day that held before the step, `on` the local day of the step and `duty_sha256` the
    digest of the duty's facts (see `tasks.seals`; empty in steps older than that); all are given by
    the tracker, so that a step replays the same at any time. `percent` is 0 to 100 (`take_step`
    refuses others, so that every path tells a person the same); `values` maps a target's id to
    the measured value.
    """

    step: Step
    milestone_id: str
    occurrence: str = ""
    on: Day
    due: Day | None = None
    text: str = ""
    reason: str = ""
    percent: int | None = None
    values: Mapping[str, Decimal] = Field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    new_date: Day | None = None
    duty_sha256: str = ""


class Life(Fact):
    """How a milestone stands: the fold of its steps.

    `due` is the day an approved extension set, else None; `asked` the day a pending one asks for;
    `resume` the state to go back to when it is refused; `since` the day the state began;
    `updated_on` the day of the last of its `steps`, which is not always the latest: their order is
    the log's, and a clock may have been ahead.
    """

    milestone_id: str
    occurrence: str = ""
    status: Status = Status.ASSIGNED
    since: Day | None = None
    due: Day | None = None
    asked: Day | None = None
    resume: Status | None = None
    refused: bool = False
    late_allowed: bool = False
    percent: int | None = None
    values: Mapping[str, Decimal] = Field(default_factory=dict)
    reported_on: Day | None = None
    report: str = ""
    reports: int = 0
    updated_on: Day | None = None
    steps: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """What identifies it."""
        return self.milestone_id, self.occurrence

    @property
    def silent(self) -> bool:
        """Whether nothing was ever reported (未报告进展)."""
        return self.reports == 0


def carry_life(life: Life, milestones: Mapping[str, str], targets: Mapping[str, str]) -> Life:
    """A life under the ids that its milestone and targets have in another version."""
    values = {targets.get(t, t): v for t, v in life.values.items()}
    return life.model_copy(update={"milestone_id": milestones[life.milestone_id], "values": values})


def obstacle(
    life: Life, step: Step, on: datetime.date, due: datetime.date | None
) -> tuple[str, str] | None:
    """Why a step cannot be taken on a day, in a few words, Chinese and English; None where it can,
    by whoever may. Stricter than `take_step` in one thing: to allow a late request before anything
    is late (or twice) is not offered."""
    if life.status not in STEPS[step].sources:
        state = STATUS_NAMES[life.status]
        return f"现为“{state[0]}”", f"it is “{state[1]}”"
    if step in (Step.REQUEST_EXTENSION, Step.ALLOW_LATE) and due is None:
        return "没有时限，无从延期", "it has no due date to extend"
    late = due is not None and on > due
    if step is Step.REQUEST_EXTENSION and late and not life.late_allowed:
        return (
            "时限已过，先要督办部门准许",
            "its day has passed: the supervisor must allow it first",
        )
    if step is Step.ALLOW_LATE and life.late_allowed:
        return "已经准许", "it is allowed already"
    if step is Step.ALLOW_LATE and not late:
        return "还没有逾期", "nothing is overdue"
    return None


_DIGITS = 24
"""Of a measured value: 1E+999999 is short to send and a million characters in a report."""


def take_step(life: Life, command: Command) -> Life:
    """The life after a step.

    Raises:
        TransitionError: the table does not allow it, something it needs is missing, or a date,
            percentage or value does not fit; the message says which.
    """
    rule = STEPS[command.step]
    zh, en = STEP_NAMES[command.step]
    if life.status not in rule.sources:
        state = STATUS_NAMES[life.status]
        allowed = [STATUS_NAMES[s] for s in Status if s in rule.sources]
        raise TransitionError(
            f"“{state[0]}”状态不能{zh}; 先要是: {'、'.join(a[0] for a in allowed)}"
            f" / cannot {en} while {state[1]}; only while: {', '.join(a[1] for a in allowed)}"
        )
    for name in rule.needs:
        value = getattr(command, name)
        if value is None or (isinstance(value, str) and not value.strip()):
            needed = _NEEDED[name]
            raise TransitionError(f"{zh}: {needed[0]} / {en}: {needed[1]}", hint=_OPTIONS[name])
    if command.percent is not None and not 0 <= command.percent <= 100:
        raise TransitionError(
            f"百分比要在 0 到 100 之间, 不是 {command.percent} / per cent from 0 to 100, not "
            f"{command.percent}"
        )
    for value in command.values.values():
        if not value.is_finite() or len(value.as_tuple().digits) > _DIGITS or abs(value.adjusted()) > _DIGITS:  # fmt: skip
            raise TransitionError(f"数值最多 {_DIGITS} 位 / a value has {_DIGITS} digits at most")
    changed = _effects(life, command)
    status = rule.target or life.status
    if command.step is Step.REPORT and life.status is Status.EXTENSION_REQUESTED:
        status = life.status  # work goes on while the request waits
    if command.step is Step.REFUSE_EXTENSION:
        status = life.resume or Status.IN_PROGRESS
    since = life.since if status is life.status and life.since else command.on
    always = {"status": status, "since": since, "updated_on": command.on, "steps": life.steps + 1}
    return life.model_copy(update=changed | always)


def _effects(life: Life, command: Command) -> dict[str, object]:
    """Which fields a step changes, beside the state."""
    match command.step:
        case Step.REPORT | Step.SUBMIT:
            return {
                "percent": command.percent if command.percent is not None else life.percent,
                "values": {**life.values, **command.values},
                "reported_on": command.on,
                "report": command.text.strip(),
                "reports": life.reports + 1,
                "resume": Status.IN_PROGRESS if life.resume else None,
            }
        case Step.REQUEST_EXTENSION:
            _check_request(life, command)
            return {"asked": command.new_date, "resume": life.status, "refused": False}
        case Step.APPROVE_EXTENSION:
            granted = command.new_date or life.asked
            if command.due and granted and granted <= command.due:
                raise _not_later(command.due)
            return {"due": granted, "asked": None, "resume": None, "late_allowed": False}
        case Step.REFUSE_EXTENSION:
            return {"asked": None, "resume": None, "refused": True, "late_allowed": False}
        case Step.ALLOW_LATE:
            return {"late_allowed": True}
        case Step.CANCEL | Step.REINSTATE:
            return {"asked": None, "resume": None, "refused": False, "late_allowed": False}
    return {}


def _check_request(life: Life, command: Command) -> None:
    if command.due is None:
        raise TransitionError(
            "没有时限, 无从延期 / it has no due date, so there is nothing to extend"
        )
    if command.new_date is not None and command.new_date <= command.due:
        raise _not_later(command.due)
    if command.on > command.due and not life.late_allowed:
        raise TransitionError(
            f"时限 {command.due} 已过, 延期要在时限之前申请, 或先由督办部门准许"
            f" / it was due {command.due}; a request must come before that, or the supervisor "
            "must allow it first",
            hint="duban allow-late 编号 --reason … / duban allow-late ID --reason …",
        )


def _not_later(due: datetime.date) -> TransitionError:
    return TransitionError(f"新的时限要晚于 {due} / the new date must be after {due}")


class Verdict(StrEnum):
    """How a target stands by its latest reported value."""

    MET = "met"
    SHORT = "short"
    NO_REPORT = "no_report"
    WITHHELD = "withheld"  # 不公开: for a reader who is not told what was reported


class Judged(Fact):
    """A target against a reported value. `gap` is how much is missing in the target's own
    measure: 0 where met, None without a report or where the reader is not told. A strict bound missed by nothing has gap 0.
    `uncertain`: the damaged text leaves the wanted value itself in doubt, so the verdict too."""

    target_id: str
    verdict: Verdict
    value: Decimal | None = None
    gap: Decimal | None = None
    uncertain: bool = False


ABOUT = Decimal("0.05")
"""约 counts as met within this share of the value (our convention, no standard fixes one)."""


def judge(target: Target, value: Decimal | None, *, told: bool = True) -> Judged:
    """Whether a measured value (in the target's measure) meets the target, in decimals; `told`:
    whether the reader may know what was reported."""
    if not told:
        return Judged(target_id=target.id, verdict=Verdict.WITHHELD, uncertain=target.uncertain)
    if value is None:
        return Judged(target_id=target.id, verdict=Verdict.NO_REPORT, uncertain=target.uncertain)
    wanted = target.value
    missing = {
        Comparator.AT_LEAST: wanted - value,
        Comparator.MORE: wanted - value,
        Comparator.AT_MOST: value - wanted,
        Comparator.LESS: value - wanted,
        Comparator.EQUAL: abs(value - wanted),
        Comparator.ABOUT: abs(value - wanted) - abs(wanted) * ABOUT,
    }[target.comparator]
    strict = target.comparator in (Comparator.MORE, Comparator.LESS)
    met = missing < 0 if strict else missing <= 0
    return Judged(
        target_id=target.id,
        verdict=Verdict.MET if met else Verdict.SHORT,
        value=value,
        gap=Decimal(0) if met else missing,
        uncertain=target.uncertain,
    )

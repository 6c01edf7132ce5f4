"""The 任务分解表: which columns it has, in both languages, as written and as found again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from kb.language.roles import Role
from tasks.exports.keys import actual_lines, row_key
from tasks.exports.rows import ExportRow
from tasks.exports.words import Names, describe_days, describe_deadline, describe_status
from tasks.lifecycle import STATUS_NAMES, STEP_NAMES, Status, Step
from tasks.words import describe_target

DUTIES: Names = ("任务分解表", "Duties")
SOURCES: Names = ("来源", "Sources")
"""Names of the two sheets."""


class Part(StrEnum):
    """A column of the sheet."""

    NUMBER = "number"
    DUTY = "duty"
    LEAD = "lead"
    RESPONSIBLE = "responsible"
    JOINT = "joint"
    OTHERS = "others"
    DEADLINE = "deadline"
    DUE = "due"
    TARGET = "target"
    STATUS = "status"
    PERCENT = "percent"
    REPORT = "report"
    ACTUALS = "actuals"
    PLAN = "plan"
    SOURCE = "source"
    KEY = "key"


FILLED_IN = (Part.STATUS, Part.PERCENT, Part.REPORT, Part.ACTUALS)
"""What a unit fills in, and what an import reads beside the key."""


class SheetColumn(NamedTuple):
    """A column: what it is, its heading, its width in characters, its text in a language (where
    that is all there is to it)."""

    part: Part
    heading: Names
    width: float
    text: Callable[[ExportRow, str], str]
    centred: bool = False


def _units(*roles: Role) -> Callable[[ExportRow, str], str]:
    return lambda row, _: "\n".join(row.bearing(*roles))


def _others(row: ExportRow, language: str) -> str:
    marks = {
        Role.SUPERVISE: ("监督", "supervises"),
        Role.APPROVE: ("审批", "approves"),
        Role.MEMBER: ("成员", "member"),
    }
    lines = [
        f"{unit}（{zh}）" if language == "zh" else f"{unit} ({en})"
        for role, (zh, en) in marks.items()
        for unit in row.bearing(role)
    ]
    return "\n".join(lines)


def _deadline(row: ExportRow, language: str) -> str:
    days = describe_days(row, language)
    return describe_deadline(row, language) + (f"\n{days}" if days else "")


def _goals(row: ExportRow, language: str) -> str:
    lines = [describe_target(t, language) for t in row.targets]
    if len(lines) > 1:
        lines = [f"{number}. {line}" for number, line in enumerate(lines, start=1)]
    return "\n".join(lines)


SHEET: tuple[SheetColumn, ...] = (
    SheetColumn(Part.NUMBER, ("序号", "No."), 4.5, lambda r, _: str(r.number), centred=True),
    SheetColumn(Part.DUTY, ("任务", "Duty"), 32, lambda r, _: r.task),
    SheetColumn(Part.LEAD, ("牵头单位", "Lead"), 9, _units(Role.LEAD)),
    SheetColumn(Part.RESPONSIBLE, ("责任单位", "Responsible"), 12, _units(Role.RESPONSIBLE)),
    SheetColumn(Part.JOINT, ("配合单位", "Joint"), 9, _units(Role.JOINT)),
    SheetColumn(Part.OTHERS, ("监督等", "Others"), 9.5, _others),
    SheetColumn(Part.DEADLINE, ("时限", "Deadline"), 17, _deadline),
    SheetColumn(Part.DUE, ("截止日期", "Due"), 11, lambda r, _: str(r.due or ""), centred=True),
    SheetColumn(Part.TARGET, ("目标值", "Target"), 17, _goals),
    SheetColumn(Part.STATUS, ("状态", "Status"), 7.5, describe_status, centred=True),
    SheetColumn(Part.PERCENT, ("进展（%）", "Progress (%)"), 7, lambda r, _: "" if r.percent is None else str(r.percent), centred=True),
    SheetColumn(Part.REPORT, ("进展情况", "Report"), 21, lambda r, _: r.report),
    SheetColumn(Part.ACTUALS, ("实际值", "Actual"), 8, lambda r, _: actual_lines(r), centred=True),
    SheetColumn(Part.PLAN, ("计划", "Plan"), 17, lambda r, _: r.plan),
    SheetColumn(Part.SOURCE, ("来源条款", "Source clause"), 11, lambda r, _: r.path, centred=True),
    SheetColumn(Part.KEY, ("标识（勿改）", "Key (leave as is)"), 10, lambda r, _: row_key(r)),
)  # fmt: skip

HEADINGS: Mapping[Part, frozenset[str]] = MappingProxyType(
    {column.part: frozenset({*column.heading, column.part.value}) for column in SHEET}
)
"""By which headings an import knows a column: of both languages, or of CSV."""


SETTABLE: Mapping[Step, Names] = MappingProxyType(
    {
        Step.ACCEPT: STATUS_NAMES[Status.ACCEPTED],
        Step.REPORT: STATUS_NAMES[Status.IN_PROGRESS],
        Step.SUBMIT: STEP_NAMES[Step.SUBMIT],
    }
)
"""What a unit may put into the status cell."""


def status_step(printed: str) -> Step | Status | None:
    """What a status cell says: a step that a unit asks for, or a state; None where it is neither."""
    words = printed.strip().lower()
    for step, names in SETTABLE.items():
        if words in (*names, step.value):
            return step
    for status, names in STATUS_NAMES.items():
        if words in (*names, status.value):
            return status
    return None

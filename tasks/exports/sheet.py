"""The 任务分解表: which columns it has, in both languages, as written and as found again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from kb.language.roles import Role
from kb.wording import Names, phrase, wording
from tasks.abolished import marked
from tasks.exports.keys import actual_lines, row_key
from tasks.exports.rows import ExportRow
from tasks.exports.words import describe_days, describe_deadline, describe_status
from tasks.lifecycle import STATUS_NAMES, STEP_NAMES, Status, Step
from tasks.words import UNIT_ROLES, describe_target

DUTIES = phrase("tasks", "duties_sheet")
SOURCES = phrase("tasks", "sources_sheet")
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
    roles = (Role.SUPERVISE, Role.APPROVE, Role.MEMBER)
    lines = [
        f"{unit}（{zh}）" if language == "zh" else f"{unit} ({en})"
        for role, (zh, en) in ((r, UNIT_ROLES[r]) for r in roles)
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


_HEADINGS = wording("tasks", "sheet", Part)
SHEET: tuple[SheetColumn, ...] = (
    SheetColumn(Part.NUMBER, _HEADINGS[Part.NUMBER], 4.5, lambda r, _: str(r.number), centred=True),
    SheetColumn(Part.DUTY, _HEADINGS[Part.DUTY], 32, lambda r, _: r.task),
    SheetColumn(Part.LEAD, _HEADINGS[Part.LEAD], 9, _units(Role.LEAD)),
    SheetColumn(Part.RESPONSIBLE, _HEADINGS[Part.RESPONSIBLE], 12, _units(Role.RESPONSIBLE)),
    SheetColumn(Part.JOINT, _HEADINGS[Part.JOINT], 9, _units(Role.JOINT)),
    SheetColumn(Part.OTHERS, _HEADINGS[Part.OTHERS], 9.5, _others),
    SheetColumn(Part.DEADLINE, _HEADINGS[Part.DEADLINE], 17, _deadline),
    SheetColumn(Part.DUE, _HEADINGS[Part.DUE], 11, lambda r, _: str(r.due or ""), centred=True),
    SheetColumn(Part.TARGET, _HEADINGS[Part.TARGET], 17, _goals),
    SheetColumn(Part.STATUS, _HEADINGS[Part.STATUS], 7.5, describe_status, centred=True),
    SheetColumn(Part.PERCENT, _HEADINGS[Part.PERCENT], 7, lambda r, _: "" if r.percent is None else str(r.percent), centred=True),
    SheetColumn(Part.REPORT, _HEADINGS[Part.REPORT], 21, lambda r, _: r.report),
    SheetColumn(Part.ACTUALS, _HEADINGS[Part.ACTUALS], 8, lambda r, _: actual_lines(r), centred=True),
    SheetColumn(Part.PLAN, _HEADINGS[Part.PLAN], 17, lambda r, language: marked(r.plan, r.abolished_by, language)),
    SheetColumn(Part.SOURCE, _HEADINGS[Part.SOURCE], 11, lambda r, _: r.path, centred=True),
    SheetColumn(Part.KEY, _HEADINGS[Part.KEY], 10, lambda r, _: row_key(r)),
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

"""The columns of CSV and JSON Lines: their names, what they hold, where they come from.

JSON Lines holds numbers as numbers, decimals as strings, days as ISO 8601, lists as arrays; what is
unknown is null. In CSV the same is text: empty for null, units joined by `、`, targets one a line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from kb.language.roles import Role
from kb.wording import wording
from tasks.exports.keys import actual_lines, row_key
from tasks.exports.rows import ExportRow
from tasks.words import describe_number, describe_target


class Column(NamedTuple):
    """A column: its name for programs, its meaning in Chinese and English, its value of a row."""

    name: str
    zh: str
    en: str
    value: Callable[[ExportRow], object]


def _units(role: Role) -> Callable[[ExportRow], object]:
    return lambda row: list(row.bearing(role))


_VALUES: Mapping[str, Callable[[ExportRow], object]] = {
    "number": lambda r: r.number,
    "milestone_id": lambda r: r.milestone_id,
    "occurrence": lambda r: r.occurrence,
    "revision": lambda r: r.revision if r.told else None,
    "plan": lambda r: r.plan,
    "path": lambda r: r.path,
    "title": lambda r: r.title,
    "commitment": lambda r: r.commitment,
    "lead": _units(Role.LEAD),
    "responsible": _units(Role.RESPONSIBLE),
    "joint": _units(Role.JOINT),
    "supervise": _units(Role.SUPERVISE),
    "approve": _units(Role.APPROVE),
    "member": _units(Role.MEMBER),
    "due": lambda r: r.due,
    "due_by_text": lambda r: r.due_by_text,
    "deadline_text": lambda r: r.deadline_text,
    "deadline_kind": lambda r: r.deadline_kind.value,
    "certainty": lambda r: [c.value for c in r.certainty],
    "event": lambda r: r.event,
    "duration": lambda r: r.duration,
    "counting": lambda r: r.counting.value,
    "holidays": lambda r: [f"{a.year}{'' if a.published else '?'}" for a in r.arrangements],
    "rrule": lambda r: r.rrule,
    "extended": lambda r: r.extended if r.told else None,
    "state": lambda r: r.state.value,
    "status": lambda r: r.status.value if r.status else None,
    "colour": lambda r: r.colour.value,
    "behind": lambda r: r.behind if r.told else None,
    "days_overdue": lambda r: r.days_overdue,
    "days_left": lambda r: r.days_left,
    "missed": lambda r: r.missed if r.told else None,
    "percent": lambda r: r.percent,
    "report": lambda r: r.report,
    "reported_on": lambda r: r.reported_on,
    "reports": lambda r: r.reports if r.told else None,
    "targets": lambda r: [t.model_dump(mode="json", by_alias=True) for t in r.targets],
    "actuals": lambda r: [None if t.actual is None else describe_number(t.actual) for t in r.targets],
    "verdicts": lambda r: [t.verdict.value for t in r.targets],
    "document": lambda r: r.document,
    "document_number": lambda r: r.document_number,
    "document_name": lambda r: r.document_name,
    "document_id": lambda r: r.document_id,
    "abolished_by": lambda r: r.abolished_by.id if r.abolished_by else None,
    "sha256": lambda r: r.sha256,
    "plan_id": lambda r: r.plan_id,
    "clause_id": lambda r: r.clause_id,
    "task_id": lambda r: r.task_id,
    "span_start": lambda r: r.span.start,
    "span_end": lambda r: r.span.end,
    "clause_start": lambda r: r.clause_span.start,
    "clause_end": lambda r: r.clause_span.end,
    "clause_text": lambda r: r.clause_text,
    "changed_at": lambda r: r.changed_at.isoformat(),
    "key": row_key,
}  # fmt: skip
COLUMNS = tuple(
    Column(n, *names, _VALUES[n]) for n, names in wording("tasks", "columns", _VALUES).items()
)
"""Every column, in order; `link` follows where there is a base address."""

TEXTS: Mapping[str, Callable[[ExportRow], str]] = MappingProxyType(
    {
        "abolished_by": lambda r: r.abolished_by.told("zh") if r.abolished_by else "",
        "targets": lambda r: "\n".join(describe_target(t, "zh") for t in r.targets),
        "actuals": actual_lines,
        "verdicts": lambda r: "\n".join(t.verdict.value for t in r.targets),
    }
)
"""How CSV writes what ends a document, and the columns that are lists of one entry a target."""


def values(row: ExportRow, columns: Sequence[Column], base_url: str) -> dict[str, object]:
    """A row by column names, as JSON can hold it."""
    found = {column.name: column.value(row) for column in columns}
    return found | {"link": row.link(base_url)} if base_url else found

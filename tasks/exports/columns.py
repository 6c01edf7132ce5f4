"""The columns of CSV and JSON Lines: their names, what they hold, where they come from.

JSON Lines holds numbers as numbers, decimals as strings, days as ISO 8601, lists as arrays; what is
unknown is null. In CSV the same is text: empty for null, units joined by `、`, targets one a line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from kb.language.roles import Role
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


COLUMNS: tuple[Column, ...] = (
    Column("number", "序号", "position in this export", lambda r: r.number),
    Column("milestone_id", "里程碑编号", "id of the milestone", lambda r: r.milestone_id),
    Column("occurrence", "哪一期(日期)或哪一次; 只有一期的为空", "which occurrence (a date) or occasion; empty where there is one", lambda r: r.occurrence),
    Column("revision", "已办步骤数", "how many steps it took so far", lambda r: r.revision if r.told else None),
    Column("plan", "计划标题", "title of its plan", lambda r: r.plan),
    Column("path", "条款路径", "path of its clause", lambda r: r.path),
    Column("title", "任务", "title of the task", lambda r: r.title),
    Column("commitment", "承诺事项原文", "the commitment as printed", lambda r: r.commitment),
    Column("lead", "牵头单位", "units that lead", _units(Role.LEAD)),
    Column("responsible", "责任单位", "units responsible", _units(Role.RESPONSIBLE)),
    Column("joint", "配合单位", "units that take part", _units(Role.JOINT)),
    Column("supervise", "监督单位", "units that supervise", _units(Role.SUPERVISE)),
    Column("approve", "审批单位", "units that approve", _units(Role.APPROVE)),
    Column("member", "成员单位", "member units", _units(Role.MEMBER)),
    Column("due", "时限(延期后的)", "the day that holds, extensions counted", lambda r: r.due),
    Column("due_by_text", "原文时限", "the day by the text", lambda r: r.due_by_text),
    Column("deadline_text", "时限原文", "the deadline's characters in the text", lambda r: r.deadline_text),
    Column("deadline_kind", "时限种类 by|in|start|recurring|relative|period", "kind of deadline", lambda r: r.deadline_kind.value),
    Column("certainty", "时限确定性 explicit|repaired|ambiguous|assumed_year|inherited", "how sure the reading is", lambda r: [c.value for c in r.certainty]),
    Column("event", "起算事件", "the event it runs from", lambda r: r.event),
    Column("duration", "起算后时长 (ISO 8601)", "time after the event (ISO 8601)", lambda r: r.duration),
    Column("counting", "时长按 days 天|working_days 工作日", "what the duration counts", lambda r: r.counting.value),
    Column("holidays", "工作日所依据的节假日安排年份, 尚未公布的带 ?", "years of the holiday arrangements counted by; ? where not announced yet", lambda r: [f"{a.year}{'' if a.published else '?'}" for a in r.arrangements]),
    Column("rrule", "周期 (RFC 5545)", "recurrence (RFC 5545)", lambda r: r.rrule),
    Column("extended", "是否已延期", "whether it was extended", lambda r: r.extended if r.told else None),
    Column("state", "时限状态 overdue|passed|due-soon|later|undated|never|waiting|review|finished", "how it stands by its day", lambda r: r.state.value),
    Column("status", "办理状态; 不公开的为空", "status in the cycle; empty for those not told", lambda r: r.status.value if r.status else None),
    Column("colour", "red|yellow|blue|none", "red overdue, yellow behind, blue near due", lambda r: r.colour.value),
    Column("behind", "是否落后", "whether behind", lambda r: r.behind if r.told else None),
    Column("days_overdue", "逾期天数", "days overdue", lambda r: r.days_overdue),
    Column("days_left", "剩余天数", "days left", lambda r: r.days_left),
    Column("missed", "以前未报告的期数", "earlier occurrences without a report", lambda r: r.missed if r.told else None),
    Column("percent", "进展百分比, 未报为空", "per cent done; empty without a report", lambda r: r.percent),
    Column("report", "进展情况", "the last report", lambda r: r.report),
    Column("reported_on", "报告日期", "day of the last report", lambda r: r.reported_on),
    Column("reports", "报告次数", "number of reports", lambda r: r.reports if r.told else None),
    Column("targets", "目标值", "targets", lambda r: [t.model_dump(mode="json", by_alias=True) for t in r.targets]),
    Column("actuals", "实际值, 按目标顺序", "values reported, in the order of the targets", lambda r: [None if t.actual is None else describe_number(t.actual) for t in r.targets]),
    Column("verdicts", "达标 met|short|no_report|withheld", "how each target stands", lambda r: [t.verdict.value for t in r.targets]),
    Column("document", "文件标题", "title of the document", lambda r: r.document),
    Column("document_number", "文号", "number of the document", lambda r: r.document_number),
    Column("document_name", "文件名", "name of its file", lambda r: r.document_name),
    Column("document_id", "文件编号", "id of the document", lambda r: r.document_id),
    Column("sha256", "文件 SHA-256", "SHA-256 of its file", lambda r: r.sha256),
    Column("plan_id", "计划编号", "id of the plan", lambda r: r.plan_id),
    Column("clause_id", "条款编号", "id of the clause", lambda r: r.clause_id),
    Column("task_id", "任务编号", "id of the task", lambda r: r.task_id),
    Column("span_start", "事项起 (字)", "first character of the commitment", lambda r: r.span.start),
    Column("span_end", "事项止 (字, 不含)", "the character after it", lambda r: r.span.end),
    Column("clause_start", "条款起 (字)", "first character of the clause", lambda r: r.clause_span.start),
    Column("clause_end", "条款止 (字, 不含)", "the character after it", lambda r: r.clause_span.end),
    Column("clause_text", "条款原文", "the clause as printed", lambda r: r.clause_text),
    Column("changed_at", "最近变动 (UTC)", "last change (UTC)", lambda r: r.changed_at.isoformat()),
    Column("key", "导入用的标识, 请勿改动", "what an import goes by; leave as it is", row_key),
)  # fmt: skip
"""Every column, in order; `link` follows where there is a base address."""

TEXT_OF_LISTS: Mapping[str, Callable[[ExportRow], str]] = MappingProxyType(
    {
        "targets": lambda r: "\n".join(describe_target(t, "zh") for t in r.targets),
        "actuals": actual_lines,
        "verdicts": lambda r: "\n".join(t.verdict.value for t in r.targets),
    }
)
"""How CSV writes the columns that are lists of one entry a target."""


def values(row: ExportRow, columns: Sequence[Column], base_url: str) -> dict[str, object]:
    """A row by column names, as JSON can hold it."""
    found = {column.name: column.value(row) for column in columns}
    return found | {"link": row.link(base_url)} if base_url else found

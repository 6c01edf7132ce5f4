"""A digest as the words that are shown, in one language, ready to be laid out by any renderer."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from kb.language.roles import Role
from kb.wording import phrase, wording
from tasks.digest import words
from tasks.digest.chart import Chart, draw_chart
from tasks.digest.models import Digest, Line, Section, SectionKind, Totals, UnitCount
from tasks.due import State
from tasks.lifecycle import Verdict

_COLOURS = {SectionKind.OVERDUE: "red", SectionKind.BEHIND: "yellow", SectionKind.DUE: "blue"}


@dataclass(frozen=True, slots=True)
class LineView:
    """One line in words. `units` pairs a role's name with its units; `goals` a target with how it
    stands and whether that is good, bad or unknown (`met`, `short`, `no_report`); `alarm` marks what
    is overdue without a report."""

    number: int
    duty: str
    own_role: str
    units: tuple[tuple[str, str], ...]
    due: str
    distance: str
    due_notes: tuple[str, ...]
    progress: tuple[str, ...]
    alarm: bool
    goals: tuple[tuple[str, str, Verdict], ...]
    source: str
    link: str
    inherited: bool


@dataclass(frozen=True, slots=True)
class SectionView:
    """A section with its heading; `colour` is the field's, or `plain`."""

    kind: SectionKind
    title: str
    colour: str
    dated: tuple[LineView, ...]
    inherited: tuple[LineView, ...]
    inherited_title: str

    @property
    def lines(self) -> tuple[LineView, ...]:
        """All its lines."""
        return self.dated + self.inherited


@dataclass(frozen=True, slots=True)
class View:
    """A whole digest. `tiles` are (label, number, colour); `unit_rows` the overview's table of
    units, `more_units` how many others have nothing in it."""

    language: str
    subject: str
    heading: str
    name: str
    week: str
    as_of: str
    tiles: tuple[tuple[str, int, str], ...]
    notes: tuple[str, ...]
    all_clear: str
    sections: tuple[SectionView, ...]
    joint: tuple[SectionView, ...]
    joint_title: str
    longest: tuple[LineView, ...]
    longest_title: str
    longest_colour: str
    unit_title: str
    unit_columns: tuple[str, ...]
    unit_rows: tuple[tuple[str | int, ...], ...]
    more_units: str
    chart: Chart | None
    columns: tuple[str, ...]
    footer: str


_COLUMNS = wording("tasks", "line_columns", ("number", "duty", "units", "due", "progress"))
_UNIT_COLUMNS = wording(
    "tasks", "unit_columns", ("unit", "overdue", "behind", "due", "review", "later", "joint")
)
_UNIT_COLUMNS_NOT_TOLD = wording(
    "tasks", "unit_columns_not_told", ("unit", "passed", "due", "later")
)
_HEADING = phrase("tasks", "digest")
_AS_OF = phrase("tasks", "as_of")
_JOINT = phrase("tasks", "joint_duties")
_LONGEST = phrase("tasks", "longest")
_LONGEST_NOT_TOLD = phrase("tasks", "longest_not_told")
_UNITS = phrase("tasks", "by_unit")


def view_of(digest: Digest, language: str, base_url: str = "") -> View:
    """The digest in words; with `base_url` each clause gets a link to its page."""
    zh = language == "zh"
    side = 0 if zh else 1
    shown = [row for row in digest.by_unit if _has_something(row)]
    longest = (_line(n, line, language, base_url) for n, line in enumerate(digest.longest, 1))
    return View(
        language=language,
        subject=words.subject(digest, language),
        heading=_HEADING[side],
        name=words.unit_title(digest.unit, language),
        week=words.week_title(digest.week, language),
        as_of=_AS_OF[side].format(
            words.day_title(digest.as_of, language),
            digest.within,
            words.near_days(digest, language),
        ),
        tiles=_tiles(digest, zh),
        notes=_notes(digest, language),
        all_clear=words.all_clear(digest, language) if digest.all_clear else "",
        sections=_sections(digest.sections, digest, language, base_url),
        joint=_sections(digest.joint, digest, language, base_url),
        joint_title=_JOINT[side],
        longest=tuple(longest),
        longest_title=(_LONGEST if digest.told else _LONGEST_NOT_TOLD)[side].format(
            len(digest.longest)
        ),
        longest_colour="red" if digest.told else "plain",
        unit_title=_UNITS[side],
        unit_columns=tuple(
            names[side].format(digest.within)
            for names in (_UNIT_COLUMNS if digest.told else _UNIT_COLUMNS_NOT_TOLD).values()
        ),
        unit_rows=tuple(_unit_row(row, zh, told=digest.told) for row in shown),
        more_units=_more(len(digest.by_unit) - len(shown), digest, zh),
        chart=draw_chart(digest.bars, language, own=digest.unit),
        columns=tuple(names[side] for names in _COLUMNS.values()),
        footer=_footer(digest, zh) + _checkpoint(digest, zh),
    )


def _tiles(digest: Digest, zh: bool) -> tuple[tuple[str, int, str], ...]:
    t = digest.totals
    if not digest.told:
        return (
            ("时限已过" if zh else "past their day", t.passed, "plain"),
            (f"{digest.within}日内到期" if zh else f"due in {digest.within} days", t.due, "blue"),
            ("本周新增" if zh else "new", t.new, "plain"),
            ("未到期" if zh else "not yet due", t.later, "plain"),
            *([("无时限" if zh else "no deadline", t.undated, "plain")] if t.undated else []),
        )
    return (
        ("逾期" if zh else "overdue", t.overdue, "red"),
        ("滞后" if zh else "behind", t.behind, "yellow"),
        (f"{digest.within}日内到期" if zh else f"due in {digest.within} days", t.due, "blue"),
        ("待审核" if zh else "to review", t.review, "plain"),
        ("本周新增" if zh else "new", t.new, "plain"),
        ("本周办结" if zh else "closed", t.closed, "plain"),
        ("未到期" if zh else "not yet due", t.later, "plain"),
        *([("无时限" if zh else "no deadline", t.undated, "plain")] if t.undated else []),
    )


def _notes(digest: Digest, language: str) -> tuple[str, ...]:
    t, zh = digest.totals, language == "zh"
    notes: list[str] = []
    if t.overdue:
        notes.append(_overdue_note(t, zh))
    j = digest.totals_joint
    if near := [
        said[0 if zh else 1]
        for count, *said in (
            (j.overdue, f"逾期{j.overdue}项", f"{j.overdue} overdue"),
            (j.passed, f"时限已过{j.passed}项", f"{j.passed} past their day"),
            (j.behind, f"滞后{j.behind}项", f"{j.behind} behind"),
            (
                j.due,
                f"{digest.within}日内到期{j.due}项",
                f"{j.due} due within {digest.within} days",
            ),
        )
        if count
    ]:
        notes.append(
            f"另有配合事项{'、'.join(near)}，列于文末。"
            if zh
            else f"Joint duties, listed at the end: {', '.join(near)}."
        )
    if t.missed:
        notes.append(words.missed_words(t.missed, language))
    nobody = next((row for row in digest.by_unit if row.unit is None), None)
    if nobody is not None and nobody.overdue:
        notes.append(
            f"逾期{t.overdue}项中，{nobody.overdue}项原文未写明牵头、责任或配合单位，不在任何单位的周报中。"
            if zh
            else f"Of {t.overdue} overdue, {nobody.overdue} name no unit that bears them; "
            "they are in no unit's digest."
        )
    return tuple(notes)


def _overdue_note(t: Totals, zh: bool) -> str:
    """How many of the overdue have no report, and how many no date of their own."""
    if zh:
        silent = f"其中{t.overdue_silent}项未报告进展" if t.overdue_silent else "均已报告进展"
        plans = f"{t.overdue_inherited}项原文未写明时限、按计划期限计"
        return f"逾期{t.overdue}项，{silent}{f'，{plans}' if t.overdue_inherited else ''}。"
    silent = (
        f"{t.overdue_silent} with no progress reported" if t.overdue_silent else "all reported on"
    )
    plans = f", {t.overdue_inherited} with only their plan's date" if t.overdue_inherited else ""
    return f"Of {t.overdue} overdue: {silent}{plans}."


def _sections(
    sections: tuple[Section, ...], digest: Digest, language: str, base_url: str
) -> tuple[SectionView, ...]:
    return tuple(_section(s, digest, language, base_url) for s in sections)


def _section(section: Section, digest: Digest, language: str, base_url: str) -> SectionView:
    lines = [_line(n, line, language, base_url) for n, line in enumerate(section.lines, 1)]
    own = len(lines) - section.inherited
    return SectionView(
        kind=section.kind,
        title=words.section_title(section.kind, digest.within, len(lines), language),
        colour=_COLOURS.get(section.kind, "plain"),
        dated=tuple(lines[:own]),
        inherited=tuple(lines[own:]),
        inherited_title=f"以下{section.inherited}项原文未写明时限，按所在计划的期限计"
        if language == "zh"
        else f"The {section.inherited} below have no date of their own, only their plan's",
    )


def _line(number: int, line: Line, language: str, base_url: str) -> LineView:
    item, source = line.item, line.detail.source
    zh = language == "zh"
    by_role = [(words.role_title(role, language), line.units(role)) for role in Role]
    units = tuple((name, words.join_names(found)) for name, found in by_role if found)
    none = (("", "原文未写明单位" if zh else "the source names no unit"),)
    title = item.title if item.title not in item.commitment else ""
    number_of = f"{source.document_number} " if source.document_number else ""
    # A document without plans inside is its own one plan: said once.
    plan = source.plan_title or source.document_title
    where = f"{number_of}《{plan.strip('《》')}》{source.path} {title}"
    return LineView(
        number=number,
        duty=words.duty_words(item),
        own_role=words.own_role(line, language),
        units=units or none,
        due=item.due.isoformat() if item.due else "—",
        distance=words.distance(item, language),
        due_notes=tuple(words.deadline_notes(line, language)),
        progress=tuple(words.progress_notes(item, language)),
        alarm=item.life.silent and item.state is State.OVERDUE,
        goals=tuple((*words.goal_words(g, language), g.verdict) for g in line.detail.goals),
        source=" ".join(where.split()),
        link=link_to(line, base_url),
        inherited=item.inherited,
    )


def link_to(line: Line, base_url: str) -> str:
    """The address of the clause's page, empty without a base. Only http and https are linked to."""
    if not base_url.startswith(("http://", "https://")):
        return ""
    source = line.detail.source
    return f"{base_url.rstrip('/')}/documents/{quote(source.document_id)}#{quote(source.clause_id)}"


def _has_something(row: UnitCount) -> bool:
    return any((row.overdue, row.passed, row.behind, row.due, row.review, row.overdue_joint))


def _unit_row(row: UnitCount, zh: bool, *, told: bool) -> tuple[str | int, ...]:
    nobody = "（原文未写明单位）" if zh else "(no unit named)"
    name = " ".join(row.unit.split()) if row.unit is not None else nobody
    if not told:
        return name, row.passed, row.due, row.later
    return name, row.overdue, row.behind, row.due, row.review, row.later, row.overdue_joint


def _more(count: int, digest: Digest, zh: bool) -> str:
    if not count:
        return ""
    if not digest.told:
        return (
            f"另有{count}个单位没有时限已过和临期的事项。"
            if zh
            else f"{count} other units have nothing past its day or near."
        )
    if zh:
        return f"另有{count}个单位本周无逾期、滞后、临期和待审核事项。"
    return f"{count} other units have nothing overdue, behind, near or to review."


def _checkpoint(digest: Digest, zh: bool) -> str:
    if (point := digest.checkpoint) is None:
        return ""
    if zh:
        return f"日志校验点：{point.count} {point.head}"
    return f" Checkpoint of the log: {point.count} {point.head}"


def _footer(digest: Digest, zh: bool) -> str:
    if not digest.told:
        return (
            "办理情况不公开；“时限已过”只按文件所写的时限计，不等于没有办理。时限、单位和目标均出自所列条款原文。"
            if zh
            else "Progress is not public; “past their day” counts by the text alone and does not say "
            "that nothing was done. Dates, units and targets are from the clauses named."
        )
    if zh:
        return (
            "“未报告进展”只说明系统中没有报告，不等于没有办理。时限、单位和目标均出自所列条款原文。"
        )
    return (
        "“No progress reported” says only that no report is in the system, not that nothing was "
        "done. Dates, units and targets are from the clauses named."
    )

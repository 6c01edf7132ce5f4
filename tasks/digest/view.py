"""A digest as the words that are shown, in one language, ready to be laid out by any renderer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from kb.language.roles import Role
from kb.wording import phrase, wording
from tasks.abolished import marked
from tasks.digest import words
from tasks.digest.chart import Chart, draw_chart
from tasks.digest.models import Digest, Line, Section, SectionKind, Totals, UnitCount
from tasks.due import State
from tasks.lifecycle import Verdict

_COLOURS: Mapping[str, str] = {
    SectionKind.OVERDUE: "red",
    SectionKind.BEHIND: "yellow",
    SectionKind.DUE: "blue",
}


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


_TILES = wording(
    "tasks",
    "tiles",
    ("overdue", "passed", "behind", "due", "review", "new", "closed", "later", "undated"),
)
_COLUMNS = wording("tasks", "line_columns", ("number", "duty", "units", "due", "progress"))
_UNIT_COLUMNS = wording(
    "tasks", "unit_columns", ("unit", "overdue", "behind", "due", "review", "later", "joint")
)
_UNIT_COLUMNS_NOT_TOLD = wording(
    "tasks", "unit_columns_not_told", ("unit", "passed", "due", "later")
)
_LONGEST = phrase("tasks", "longest")
_LONGEST_NOT_TOLD = phrase("tasks", "longest_not_told")


def view_of(digest: Digest, language: str, base_url: str = "") -> View:
    """The digest in words; with `base_url` each clause gets a link to its page."""
    side = 0 if language == "zh" else 1
    shown = [row for row in digest.by_unit if _has_something(row)]
    longest = (_line(n, line, language, base_url) for n, line in enumerate(digest.longest, 1))
    return View(
        language=language,
        subject=words.subject(digest, language),
        heading=phrase("tasks", "digest")[side],
        name=words.unit_title(digest.unit, language),
        week=words.week_title(digest.week, language),
        as_of=phrase("tasks", "as_of")[side].format(
            words.day_title(digest.as_of, language),
            digest.within,
            words.near_days(digest, language),
        ),
        tiles=_tiles(digest, side),
        notes=_notes(digest, language),
        all_clear=words.all_clear(digest, language) if digest.all_clear else "",
        sections=_sections(digest.sections, digest, language, base_url),
        joint=_sections(digest.joint, digest, language, base_url),
        joint_title=phrase("tasks", "joint_duties")[side],
        longest=tuple(longest),
        longest_title=(_LONGEST if digest.told else _LONGEST_NOT_TOLD)[side].format(
            len(digest.longest)
        ),
        longest_colour="red" if digest.told else "plain",
        unit_title=phrase("tasks", "by_unit")[side],
        unit_columns=tuple(
            names[side].format(digest.within)
            for names in (_UNIT_COLUMNS if digest.told else _UNIT_COLUMNS_NOT_TOLD).values()
        ),
        unit_rows=tuple(_unit_row(row, side, told=digest.told) for row in shown),
        more_units=_more(len(digest.by_unit) - len(shown), digest, side),
        chart=draw_chart(digest.bars, language, own=digest.unit),
        columns=tuple(names[side] for names in _COLUMNS.values()),
        footer=_footer(digest, side) + _checkpoint(digest, side),
    )


def _tiles(digest: Digest, side: int) -> tuple[tuple[str, int, str], ...]:
    kinds: tuple[str, ...] = ("overdue", "behind", "due", "review", "new", "closed", "later")
    if not digest.told:
        kinds = ("passed", "due", "new", "later")
    if digest.totals.undated:
        kinds += ("undated",)
    return tuple(
        (
            _TILES[kind][side].format(digest.within),
            getattr(digest.totals, kind),
            _COLOURS.get(kind, "plain"),
        )
        for kind in kinds
    )


def _notes(digest: Digest, language: str) -> tuple[str, ...]:
    t, side = digest.totals, language != "zh"
    notes = [_overdue_note(t, side)] if t.overdue else []
    kinds = ("overdue", "passed", "behind", "due")
    if near := words.said_counts(digest.totals_joint, digest.within, language, *kinds):
        notes.append(phrase("tasks", "joint_counts")[side].format(words.listed(near, language)))
    if t.missed:
        notes.append(phrase("tasks", "missed")[side].format(t.missed))
    nobody = next((row for row in digest.by_unit if row.unit is None), None)
    if nobody is not None and nobody.overdue:
        notes.append(phrase("tasks", "borne_by_nobody")[side].format(t.overdue, nobody.overdue))
    return tuple(notes)


def _overdue_note(t: Totals, side: int) -> str:
    """How many of the overdue have no report, and how many no date of their own."""
    silent = (
        phrase("tasks", "overdue_silent") if t.overdue_silent else phrase("tasks", "overdue_told")
    )
    plans = phrase("tasks", "overdue_inherited")[side].format(t.overdue_inherited)
    said = silent[side].format(t.overdue_silent), plans if t.overdue_inherited else ""
    return phrase("tasks", "of_overdue")[side].format(t.overdue, *said)


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
        inherited_title=phrase("tasks", "inherited_below")[language != "zh"].format(
            section.inherited
        ),
    )


def _line(number: int, line: Line, language: str, base_url: str) -> LineView:
    item, source = line.item, line.detail.source
    by_role = [(words.role_title(role, language), line.units(role)) for role in Role]
    units = tuple((name, words.join_names(found)) for name, found in by_role if found)
    none = (("", phrase("tasks", "names_no_unit")[language != "zh"]),)
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
        source=marked(" ".join(where.split()), line.abolished_by, language),
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


def _unit_row(row: UnitCount, side: int, *, told: bool) -> tuple[str | int, ...]:
    name = (
        " ".join(row.unit.split()) if row.unit is not None else phrase("tasks", "of_nobody")[side]
    )
    if not told:
        return name, row.passed, row.due, row.later
    return name, row.overdue, row.behind, row.due, row.review, row.later, row.overdue_joint


def _more(count: int, digest: Digest, side: int) -> str:
    more = phrase("tasks", "more_units") if digest.told else phrase("tasks", "more_units_not_told")
    return more[side].format(count) if count else ""


def _checkpoint(digest: Digest, side: int) -> str:
    if (point := digest.checkpoint) is None:
        return ""
    return phrase("tasks", "checkpoint")[side].format(point.count, point.head)


def _footer(digest: Digest, side: int) -> str:
    return (phrase("tasks", "footer") if digest.told else phrase("tasks", "footer_not_told"))[side]

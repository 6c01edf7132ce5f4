"""The digest as a terminal shows it, laid out by Rich."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tasks.digest.models import Digest
from tasks.digest.view import LineView, View, view_of

_STYLES = {"red": "bold red", "yellow": "bold yellow", "blue": "bold blue", "plain": "bold"}


def render_terminal(digest: Digest, language: str) -> RenderableType:
    """Something for `rich.console.Console.print`; nothing in it is read as markup."""
    view = view_of(digest, language)
    comma = "，" if language == "zh" else ", "
    parts: list[RenderableType] = [
        Text(f"{view.heading} {view.week}", style="bold"),
        Text(f"{view.name}{comma}{view.as_of}"),
    ]
    if view.all_clear:
        return Group(*parts, Text(view.all_clear, style="green"))
    tiles = Text()
    for label, number, colour in view.tiles:
        tiles.append(f"{label} ").append(f"{number}  ", style=_STYLES[colour] if number else "")
    parts += [tiles, *(Text(note) for note in view.notes)]
    parts += _bars(view)
    if view.unit_rows:
        parts += [Text(), Text(view.unit_title, style="bold"), _units(view)]
    if view.more_units:
        parts.append(Text(view.more_units, style="dim"))
    if view.longest:
        parts += [Text(), Text(view.longest_title, style=_STYLES[view.longest_colour]), _lines(view, view.longest)]  # fmt: skip
    for heading, sections in (("", view.sections), (view.joint_title, view.joint)):
        if heading and sections:
            parts += [Text(), Text(heading, style="bold underline")]
        for section in sections:
            parts += [Text(), Text(section.title, style=_STYLES[section.colour])]
            if section.dated:
                parts.append(_lines(view, section.dated))
            if section.inherited:
                parts += [Text(section.inherited_title, style="dim"), _lines(view, section.inherited)]  # fmt: skip
    return Group(*parts, Text(), Text(view.footer, style="dim"))


def _bars(view: View) -> list[RenderableType]:
    if view.chart is None:
        return []
    table = Table(box=None, show_header=False, padding=(0, 1))
    most = max(row.value for row in view.chart.rows)
    for row in view.chart.rows:
        bar = "█" * max(1, round(30 * row.value / most))
        style = "red" if row.own or not any(r.own for r in view.chart.rows) else "dim red"
        table.add_row(Text(row.label), Text(f"{bar} {row.value}", style=style))
    return [Text(view.chart.title, style="bold"), table]


def _units(view: View) -> Table:
    table = Table(show_edge=False)
    for place, name in enumerate(view.unit_columns):
        table.add_column(name, justify="right" if place else "left")
    for row in view.unit_rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    return table


def _lines(view: View, lines: tuple[LineView, ...]) -> Table:
    table = Table(show_edge=False, show_lines=True)
    table.add_column(view.columns[0], justify="right")
    for name, ratio in zip(view.columns[1:], (5, 3, 3, 3), strict=True):
        table.add_column(name, ratio=ratio, overflow="fold")
    for line in lines:
        duty = Text(line.duty, style="bold")
        duty.append(f"（{line.own_role}）" if line.own_role else "", style="not bold")
        for goal, stands, _ in line.goals:
            duty.append(f"\n{goal}：{stands}", style="not bold")
        duty.append(f"\n{line.source}", style="not bold dim")
        table.add_row(
            Text(str(line.number)),
            duty,
            Text("\n".join(f"{role} {names}".strip() for role, names in line.units)),
            Text("\n".join(part for part in (line.due, line.distance, *line.due_notes) if part)),
            Text("\n".join(line.progress)),
        )
    return table

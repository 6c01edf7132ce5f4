"""The digest as Markdown (CommonMark with tables as on GitHub), also the text part of a message."""

from __future__ import annotations

import re

from tasks.digest.models import Digest
from tasks.digest.view import LineView, SectionView, View, view_of

_SPECIAL = re.compile(r"([\\`*_\[\]|#~$!])")
_LINE_START = re.compile(r"^(\s*)([-+=>]|\d{1,9}(?=[.)]))")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


def escape(text: str) -> str:
    """Text of a document or a person as nothing but text, on one line: no markup, no HTML."""
    flat = " ".join(_CONTROL.sub(" ", text).split())
    flat = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    flat = _SPECIAL.sub(r"\\\1", flat)

    def begin(found: re.Match[str]) -> str:
        sign = found[2]
        return f"{found[1]}{sign}\\" if sign.isdigit() else f"{found[1]}\\{sign}"

    return _LINE_START.sub(begin, flat)


def render_markdown(digest: Digest, language: str, base_url: str = "") -> bytes:
    """The digest in UTF-8."""
    view = view_of(digest, language, base_url)
    comma = "，" if language == "zh" else ", "
    out = [f"# {view.heading} {view.week}", "", f"**{escape(view.name)}**{comma}{view.as_of}", ""]
    if view.all_clear:
        out += [view.all_clear, ""]
    else:
        out += _table(
            [label for label, _, _ in view.tiles], [[str(n) for _, n, _ in view.tiles]], numbers=0
        )
        for note in view.notes:
            out += [note, ""]
        if view.chart:
            stop = "：" if language == "zh" else ": "
            out += [f"{view.chart.title}{stop}{escape(view.chart.description)}", ""]
        out += _units(view)
        if view.longest:
            out += [f"## {view.longest_title}", ""]
            out += [part for line in view.longest for part in _line(line)]
        for section in view.sections:
            out += _section(section, "##")
        if view.joint:
            out += [f"## {view.joint_title}", ""]
            for section in view.joint:
                out += _section(section, "###")
    out += ["---", "", view.footer, ""]
    return "\n".join(out).encode("utf-8", "replace")


def _units(view: View) -> list[str]:
    if not view.unit_rows:
        return [view.more_units, ""] if view.more_units else []
    rows = [[escape(str(cell)) for cell in row] for row in view.unit_rows]
    found = [f"## {view.unit_title}", "", *_table(view.unit_columns, rows, numbers=1)]
    return [*found, view.more_units, ""] if view.more_units else found


def _table(
    columns: tuple[str, ...] | list[str], rows: list[list[str]], *, numbers: int
) -> list[str]:
    """A table whose columns from `numbers` on are aligned right."""
    rule = ["---" if place < numbers else "---:" for place in range(len(columns))]
    lines = [columns, rule, *rows]
    return [*(f"| {' | '.join(cells)} |" for cells in lines), ""]


def _section(section: SectionView, level: str) -> list[str]:
    out = [f"{level} {section.title}", ""]
    out += [part for line in section.dated for part in _line(line)]
    if section.inherited:
        out += [f"{section.inherited_title}：", ""]
        out += [part for line in section.inherited for part in _line(line)]
    return out


def _line(line: LineView) -> list[str]:
    own = f"（{line.own_role}）" if line.own_role else ""
    head = f"{line.number}. "
    units = "；".join(f"{role} {names}".strip() for role, names in line.units)
    due = "；".join(part for part in (line.due, line.distance, *line.due_notes) if part)
    body = [escape(units), escape(due), escape("；".join(line.progress))]
    body += [escape(f"{goal}：{stands}") for goal, stands, _ in line.goals]
    source = escape(line.source)
    body.append(f"[{source}]({line.link})" if line.link else source)
    indent = " " * len(head)
    return [f"{head}**{escape(line.duty)}**{own}", *(f"{indent}- {part}" for part in body), ""]

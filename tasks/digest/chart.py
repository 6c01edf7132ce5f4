"""The picture of overdue by unit: one layout, drawn as SVG by the HTML template, as PNG for Word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont
from pylopdf_fonts_zh_cn import sans_path

from tasks.digest.models import Bar

WIDTH = 640
_LABEL, _VALUE, _ROW, _TOP = 170, 46, 26, 34
_LONGEST_LABEL = 12
"""Han characters of a unit's name that fit before its bar."""
_SCALE = 3
"""Pixels of the PNG to a unit of the layout: 300 dpi at the width of a page."""
RED, PALE, INK, GREY = "#b3261e", "#e3a9a4", "#222222", "#5f6368"


@dataclass(frozen=True, slots=True)
class Row:
    """One bar: where it stands, in units of the layout."""

    label: str
    unit: str
    value: int
    y: int
    width: float
    colour: str
    own: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture, its words (`title`, and `description` with all its numbers) and its size."""

    title: str
    description: str
    rows: tuple[Row, ...]
    height: int
    width: int = WIDTH
    label_width: int = _LABEL
    bar_height: int = 16


def draw_chart(bars: Sequence[Bar], language: str, own: str | None) -> Chart | None:
    """The layout; None where nothing is overdue."""
    if not bars:
        return None
    most = max(bar.overdue for bar in bars)
    room = WIDTH - _LABEL - _VALUE
    marked = any(bar.own for bar in bars)
    rows = tuple(
        Row(
            label=_short(bar.unit),
            unit=bar.unit,
            value=bar.overdue,
            y=_TOP + place * _ROW,
            width=round(max(2.0, room * bar.overdue / most), 1),
            colour=RED if bar.own or not marked else PALE,
            own=bar.own,
        )
        for place, bar in enumerate(bars)
    )
    if language == "zh":
        title = "各单位逾期项数（牵头和责任事项" + ("，深色为本单位）" if marked else "）")
        said = "、".join(f"{bar.unit}{bar.overdue}项" for bar in bars)
        if own is not None and not marked:
            said += "；本单位无逾期"
    else:
        title = "Overdue by unit (lead and responsible" + ("; this unit dark)" if marked else ")")
        said = ", ".join(f"{bar.unit} {bar.overdue}" for bar in bars)
        if own is not None and not marked:
            said += "; this unit has none"
    return Chart(title=title, description=said, rows=rows, height=_TOP + len(rows) * _ROW + 6)


def render_png(chart: Chart) -> bytes:
    """The picture as a PNG, with Chinese labels in a font that comes with an installed package."""
    image = Image.new("RGB", (chart.width * _SCALE, chart.height * _SCALE), "white")
    pen = ImageDraw.Draw(image)
    text, small = _font(13 * _SCALE), _font(14 * _SCALE)
    pen.text((0, 14 * _SCALE), chart.title, font=small, fill=INK, anchor="lm")
    for row in chart.rows:
        middle = (row.y + chart.bar_height / 2) * _SCALE
        left = chart.label_width * _SCALE
        pen.text((left - 8 * _SCALE, middle), row.label, font=text, fill=INK, anchor="rm")
        right = left + row.width * _SCALE
        pen.rectangle(
            (left, row.y * _SCALE, right, (row.y + chart.bar_height) * _SCALE), fill=row.colour
        )
        pen.text((right + 6 * _SCALE, middle), str(row.value), font=text, fill=INK, anchor="lm")
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@lru_cache(maxsize=4)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(sans_path(), size)


def _short(unit: str) -> str:
    name = " ".join(unit.split())
    return name if len(name) <= _LONGEST_LABEL else f"{name[: _LONGEST_LABEL - 1]}…"

"""Ruling lines of a page as borders of tables: those that are printed, and those that a table has though
none is printed there."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from ingest.readers.source import Box

SNAP = 3.0
"""Points by which lines of one border differ (what pdfplumber takes too)."""
_THICK = 3.0
"""Points; a border is thinner, a coloured bar is not."""
_SHORTEST = 4.0


def edge_of(ruling: Box) -> dict[str, float | str] | None:
    """A ruling line as pdfplumber's functions take it."""
    width, height = ruling.right - ruling.left, ruling.bottom - ruling.top
    if min(width, height) > _THICK or max(width, height) < _SHORTEST:
        return None
    if width >= height:
        middle = (ruling.top + ruling.bottom) / 2
        return {
            "x0": ruling.left, "x1": ruling.right, "top": middle, "bottom": middle,
            "width": width, "height": 0.0, "orientation": "h",
        }  # fmt: skip
    middle = (ruling.left + ruling.right) / 2
    return {
        "x0": middle, "x1": middle, "top": ruling.top, "bottom": ruling.bottom,
        "width": 0.0, "height": height, "orientation": "v",
    }  # fmt: skip


def open_sides(edges: Sequence[dict[str, float | str]]) -> list[dict[str, float | str]]:
    """Borders at the sides of tables that are printed without: three level lines or more that begin
    (or end) at one place, with an upright line somewhere between them."""
    upright = sorted(float(edge["x0"]) for edge in edges if edge["orientation"] == "v")
    found: list[dict[str, float | str]] = []
    for side in ("x0", "x1"):
        level = sorted(
            (edge for edge in edges if edge["orientation"] == "h"),
            key=lambda edge: float(edge[side]),
        )
        first = 0
        for last in range(1, len(level) + 1):
            if last < len(level) and float(level[last][side]) - float(level[first][side]) <= SNAP:
                continue
            group, first = level[first:last], last
            at = float(group[0][side])
            inside = bisect_left(upright, float(group[0]["x1"])) - bisect_left(
                upright, float(group[0]["x0"])
            )
            near = bisect_left(upright, at + 2 * SNAP) - bisect_left(upright, at - 2 * SNAP)
            if len(group) >= 3 and inside and not near:
                top = min(float(edge["top"]) for edge in group)
                bottom = max(float(edge["top"]) for edge in group)
                found.append(
                    {
                        "x0": at, "x1": at, "top": top, "bottom": bottom,
                        "width": 0.0, "height": bottom - top, "orientation": "v",
                    }
                )  # fmt: skip
    return found


def open_ends(edges: Sequence[dict[str, float | str]]) -> list[dict[str, float | str]]:
    """Borders at the top and bottom of tables that go on over the end of a page: two upright lines or
    more that end at one height."""
    found: list[dict[str, float | str]] = []
    for end in ("top", "bottom"):
        upright = sorted(
            (edge for edge in edges if edge["orientation"] == "v"),
            key=lambda edge: (float(edge[end]), float(edge["x0"])),
        )
        first = 0
        for last in range(1, len(upright) + 1):
            if last < len(upright) and (
                float(upright[last][end]) - float(upright[first][end]) <= SNAP
            ):
                continue
            group, first = upright[first:last], last
            left = min(float(edge["x0"]) for edge in group)
            right = max(float(edge["x0"]) for edge in group)
            if right - left > SNAP:
                at = float(group[0][end])
                found.append(
                    {
                        "x0": left, "x1": right, "top": at, "bottom": at,
                        "width": right - left, "height": 0.0, "orientation": "h",
                    }
                )  # fmt: skip
    # Where a border is printed, the two are one line.
    return found


def has_border(printed: Sequence[dict[str, float | str]], box: Box, height: float) -> bool:
    """Whether a level line is printed along a cell at a height."""
    middle = (box.left + box.right) / 2
    return any(
        abs(float(edge["top"]) - height) <= SNAP
        and float(edge["x0"]) <= middle <= float(edge["x1"])
        for edge in printed
    )

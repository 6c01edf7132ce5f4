"""The units that share tasks with one unit, and where they stand in the picture of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tasks.models import Role, Task
from tasks.queries import Placed, Register

MOST = 14
"""Neighbours in the picture; the table beside it has all."""
WIDTH, HEIGHT = 720, 460
_LABEL = 9
"""Han characters of a name in the picture."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A unit with the tasks that both bear, and its roles in them."""

    unit: str
    tasks: tuple[Placed, ...]
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A neighbour's place: its circle grows with the tasks shared, its label stands outside."""

    unit: str
    label: str
    shared: int
    x: float
    y: float
    radius: float
    label_x: float
    label_y: float
    anchor: str
    width: float


@dataclass(frozen=True, slots=True)
class Picture:
    """The unit in the middle, its neighbours around it."""

    label: str
    nodes: tuple[Node, ...]
    x: float = WIDTH / 2
    y: float = HEIGHT / 2
    width: int = WIDTH
    height: int = HEIGHT


def neighbours_of(register: Register, unit: str) -> list[Neighbour]:
    """All units that bear a task together with `unit`, those that share most first."""
    shared: dict[str, list[Placed]] = {}
    roles: dict[str, set[Role]] = {}
    for placed in register.tasks_of(unit):
        for other in _others(placed.task, unit):
            shared.setdefault(other, []).append(placed)
            held = {a.role for a in placed.task.responsibilities if a.unit == other}
            roles.setdefault(other, set()).update(held)
    found = [
        Neighbour(other, tuple(tasks), tuple(r for r in Role if r in roles[other]))
        for other, tasks in shared.items()
    ]
    return sorted(found, key=lambda n: (-len(n.tasks), n.unit))


def picture_of(unit: str, neighbours: list[Neighbour]) -> Picture | None:
    """The layout; None where there is nobody to draw."""
    if not neighbours:
        return None
    shown = neighbours[:MOST]
    most = len(shown[0].tasks)
    nodes = []
    for place, n in enumerate(shown):
        # From the top, clockwise; strong and weak ones alternate so that labels have room.
        angle = 2 * math.pi * place / len(shown) - math.pi / 2
        x, y = WIDTH / 2 + 215 * math.cos(angle), HEIGHT / 2 + 165 * math.sin(angle)
        radius = 9 + 13 * math.sqrt(len(n.tasks) / most)
        side = math.cos(angle)
        middle = abs(side) < 0.2
        anchor = "middle" if middle else "start" if side > 0 else "end"
        label_x = x if middle else x + (radius + 6) * (1 if side > 0 else -1)
        label_y = y + 5 if not middle else y - radius - 7 if y < HEIGHT / 2 else y + radius + 18
        nodes.append(
            Node(
                unit=n.unit, label=_short(n.unit), shared=len(n.tasks), x=round(x, 1), y=round(y, 1),
                radius=round(radius, 1), label_x=round(label_x, 1), label_y=round(label_y, 1),
                anchor=anchor, width=round(1 + 5 * len(n.tasks) / most, 1),
            )
        )  # fmt: skip
    return Picture(_short(unit), tuple(nodes))


def _others(task: Task, unit: str) -> list[str]:
    return list(dict.fromkeys(a.unit for a in task.responsibilities if a.unit != unit))


def _short(unit: str) -> str:
    name = " ".join(unit.split())
    return name if len(name) <= _LABEL else f"{name[: _LABEL - 1]}…"

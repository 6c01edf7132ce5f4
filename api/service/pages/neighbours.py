"""The units that share tasks with one unit, and where they stand in the picture of them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from kb.language.roles import Role
from tasks.due import Bearer
from tasks.queries import Placed, Register

MOST = 40
"""Neighbours in the picture; the table beside it has all."""
WIDTH, LEAST_HEIGHT = 760, 300
_STEP = 36
"""Between one label and the next below it."""
_REACH = 220
"""How far the picture reaches to each side of its middle."""
_LABEL = 9
"""Han characters of a name in the picture."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A unit (its id, and what it is called) with the tasks that both bear, and its roles in
    them."""

    key: str
    unit: str
    tasks: tuple[Placed, ...]
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A neighbour's place: its circle grows with the tasks shared, its label stands outside."""

    key: str
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
    y: float
    height: int
    x: float = WIDTH / 2
    width: int = WIDTH


def neighbours_of(register: Register, unit: str, role: Role | None = None) -> list[Neighbour]:
    """All units that bear a task together with the one of the id `unit`, those that share most first; with a role,
    only those that bear it in this role, and only such tasks."""
    shared: dict[str, list[Placed]] = {}
    roles: dict[str, set[Role]] = {}
    for placed in register.tasks_of(unit):
        bearing = register.bearers_of(placed)
        for other in _others(bearing, unit, role):
            shared.setdefault(other, []).append(placed)
            roles.setdefault(other, set()).update(b.role for b in bearing if b.unit_id == other)
    found = [
        Neighbour(
            other,
            register.known.label(other),
            tuple(tasks),
            tuple(r for r in Role if r in roles[other]),
        )
        for other, tasks in shared.items()
    ]
    return sorted(found, key=lambda n: (-len(n.tasks), n.unit))


def picture_of(unit: str, neighbours: list[Neighbour]) -> Picture | None:
    """The layout; None where there is nobody to draw."""
    if not neighbours:
        return None
    shown = neighbours[:MOST]
    most = len(shown[0].tasks)
    rows = -(-len(shown) // 2)
    height = max(LEAST_HEIGHT, (rows + 1) * _STEP)
    middle = height / 2
    nodes = []
    for place, n in enumerate(shown):
        # To the right and to the left by turns, from the top: every label has a line of its own.
        side, row = (1, -1)[place % 2], place // 2
        y = middle + (row - (rows - 1) / 2) * _STEP
        x = WIDTH / 2 + side * _REACH * math.sqrt(1 - ((y - middle) / (middle + _STEP)) ** 2)
        radius = 9 + 7 * math.sqrt(len(n.tasks) / most)
        nodes.append(
            Node(
                key=n.key, unit=n.unit, label=_short(n.unit), shared=len(n.tasks), x=round(x, 1), y=round(y, 1),
                radius=round(radius, 1), label_x=round(x + side * (radius + 6), 1),
                label_y=round(y + 5, 1), anchor="start" if side > 0 else "end",
                width=round(1 + 5 * len(n.tasks) / most, 1),
            )
        )  # fmt: skip
    return Picture(_short(unit), tuple(nodes), middle, height)


def _others(bearing: Iterable[Bearer], unit: str, role: Role | None) -> list[str]:
    held = (b for b in bearing if b.unit_id != unit and role in (None, b.role))
    return list(dict.fromkeys(b.unit_id for b in held))


def _short(unit: str) -> str:
    name = " ".join(unit.split())
    return name if len(name) <= _LABEL else f"{name[: _LABEL - 1]}…"

"""For whom a milestone counts: one rule for digests, dashboard and the pages of units.

A duty counts for the units that lead it or are responsible for it; for those that only take part
(配合) it is told beside, never added. Whoever supervises, approves or is a member has no count.
"""

from __future__ import annotations

from kb.language.roles import Role
from tasks.due import DueItem

MAIN = (Role.LEAD, Role.RESPONSIBLE)
"""牵头、责任: whose numbers a duty is in."""


def main_units(item: DueItem) -> set[str]:
    """Ids of the units that it counts for."""
    return {u.unit_id for u in item.units if u.role in MAIN}


def joint_units(item: DueItem) -> set[str]:
    """Ids of the units that take part in it, and for which it does not count."""
    return {u.unit_id for u in item.units if u.role is Role.JOINT} - main_units(item)


def is_unborne(item: DueItem) -> bool:
    """Whether the source names no unit that leads it, is responsible or takes part (未写单位)."""
    return not main_units(item) and not joint_units(item)

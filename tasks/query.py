"""What is asked for: the kind of thing selected and what is done with it.

The words of `Select` and `Operation` label the examples of `corpus/questions` too.
"""

from __future__ import annotations

from enum import StrEnum


class Select(StrEnum):
    """What a question wants to be given.

    units: who bears a duty. duties: tasks of a unit, or that meet a condition. milestones: what is
    due when. targets: figures by a condition. clauses: where it is written. documents: which there
    are. members: of a leading group. field: a fact of a document as one (number, day, issuer).
    policies: another document that is cited. work: how far it has got. text: what sentences say.
    """

    UNITS = "units"
    DUTIES = "duties"
    MILESTONES = "milestones"
    TARGETS = "targets"
    CLAUSES = "clauses"
    DOCUMENTS = "documents"
    MEMBERS = "members"
    FIELD = "field"
    POLICIES = "policies"
    WORK = "work"
    TEXT = "text"


class Operation(StrEnum):
    """What is done with what is selected: `list` (a single one too), `count`, `most` (least,
    earliest, latest), `share`, `compare`, or `check` whether something holds."""

    LIST = "list"
    COUNT = "count"
    MOST = "most"
    SHARE = "share"
    COMPARE = "compare"
    CHECK = "check"

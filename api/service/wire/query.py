"""What a query gives, as it is sent."""

from __future__ import annotations

from datetime import date

from api.service.wire.base import Wire
from api.service.wire.facts import Citation
from kb.language.roles import Role
from tasks.due import State
from tasks.lifecycle import Status
from tasks.run import Side


class QueryRow(Wire):
    """One of what was selected. `id` is the unit's, duty's, milestone's …; `citations` say where it
    stands, of a unit where it is named. `due`, `state` and `status` are of a milestone (`status` is
    null for who is not told), `value` of a target or a document's field, `count` and `roles` the
    tasks of a unit, `side` of a comparison. `abolished_by` is the id of the document that abolishes, or
    takes the place of, the one in which it stands; such rows are last."""

    id: str
    label: str
    occurrence: str
    citations: list[Citation]
    due: date | None
    state: State | None
    status: Status | None
    value: str | None
    count: int | None
    roles: dict[Role, int] | None
    side: Side | None
    abolished_by: str | None


class QueryGroup(Wire):
    """How many there are of one unit, plan …; of a share also how many in the whole."""

    key: str
    label: str
    count: int
    whole: int | None
    share: float | None


class QueryTopic(Wire):
    """What a topic in a query was limited to: ids of clauses, of `documents` theirs."""

    topic: str
    found: list[str]


class QueryResult(Wire):
    """What a query gives: `total` of all that was selected (of groups: how many groups), the rows or
    groups of the page, the whole of a share, whether a check holds. `topics` says which clauses each
    topic in it was understood as."""

    as_of: date
    total: int
    rows: list[QueryRow]
    groups: list[QueryGroup]
    whole: int | None
    holds: bool | None
    topics: list[QueryTopic]

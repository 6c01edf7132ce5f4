"""Lists of duties for somebody: the queries that their filters mean, and pages of what these give.
The same for the API's lists, pages and the tools for language models."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from api.service.paging import Page, read_cursor, write_cursor
from api.service.state import Service
from api.service.wire.progress import DueItem
from kb.errors import DubanError
from kb.language.roles import Role
from tasks.authorisation import Actor
from tasks.due import DUE_SOON, State
from tasks.listed import Listed, items_of, list_ids
from tasks.listing import plan_titles
from tasks.query import DayWindow, Query, Select, borne_by

_NO_PLAN = "-"
"""An id that no plan has: of words that stand in no title."""


def query_of(
    service: Service,
    actor: Actor,
    select: Select,
    *,
    unit: str = "",
    roles: Sequence[Role] = (),
    plan: str = "",
    document: str = "",
    within: int = DUE_SOON,
) -> Query:
    """What is narrowed by a unit, roles, words of a plan's title and a document's id; the duties of
    a document for reference are listed only where it is named.

    Raises:
        UnknownUnitError, AmbiguousUnitError: as `Service.unit_meant`.
    """
    plans: tuple[str, ...] = ()
    if plan:
        with service.store.reading() as connection:
            titles = plan_titles(connection, listed=not document)
        plans = tuple(key for key, title in titles.items() if plan in title) or (_NO_PLAN,)
    return Query(
        select=select, units=borne_by(service.unit_meant(actor, unit, document), roles),
        plans=plans, documents=(document,) if document else (), near=within,
    )  # fmt: skip


LONGEST_PAGE = 500
"""Rows of a query in one answer, where it asks for more or for all."""


def paged(query: Query) -> Query:
    """The query with a page of at most so many rows."""
    return query.model_copy(update={"limit": min(query.limit or LONGEST_PAGE, LONGEST_PAGE)})


def overdue_in(query: Query, as_of: date, days: int = 1, *, inherited: bool = False) -> Query:
    """Those at least `days` overdue (past their day, where no more is known); with `inherited` also
    those that are due by their plan's end only."""
    last = DayWindow(end=date.fromordinal(max(as_of.toordinal() - days, 1)))
    narrowed = {"states": (State.OVERDUE,), "due": last}
    return query.model_copy(update=narrowed | ({} if inherited else {"inherited": False}))


def due_in(query: Query, *, inherited: bool = False) -> Query:
    """Those due soon; `inherited` as in `overdue_in`."""
    narrowed = {"states": (State.DUE_SOON,)} | ({} if inherited else {"inherited": False})
    return query.model_copy(update=narrowed)


def read_ids(
    service: Service, actor: Actor, query: Query, as_of: date, limit: int, cursor: str
) -> tuple[Listed, str | None]:
    """The ids behind `cursor`, at most `limit`, and the cursor of the next page.

    Raises:
        QueryError: the cursor is not one of this list.
    """
    asked = query.model_copy(update={"limit": limit})
    # The number at its end counted those with one place; here no two have one.
    after = read_cursor(cursor)[:-1] if cursor else ()
    if cursor and not after:
        raise DubanError("cursor 不对 / not a cursor of this list")
    with service.store.reading() as connection:
        found = list_ids(
            connection, asked, reader=actor, as_of=as_of, today=service.today(), after=after
        )
    return found, write_cursor([*found.places[-1], 1]) if found.more else None


def page_of_items(
    service: Service, actor: Actor, query: Query, as_of: date, limit: int, cursor: str
) -> Page[DueItem]:
    """A page of milestones as they stand."""
    found, after = read_ids(service, actor, query, as_of, limit, cursor)
    with service.store.reading() as connection:
        items = items_of(
            connection, query, found.ids, reader=actor, as_of=as_of, today=service.today()
        )
    return Page(items=[DueItem.of(i) for i in items], total=found.total, next=after)

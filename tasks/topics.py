"""What a query is about, in words → the clauses that speak of it, wherever a topic stands in the query.

Only who searches by meaning finds them; to everybody else a topic is refused, never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kb.models import Fact
from tasks.query import Query, Select

About = Callable[[Query], Query | None]
"""A query with a topic → the same without, limited to what speaks of it (of `documents` by their ids,
of all else by clauses); None where nothing does."""
_NOTHING = ("-",)


class Topic(Fact):
    """What a query is about, and the ids that it was limited to: of clauses, of `documents` theirs."""

    topic: str
    found: tuple[str, ...]


def queries_in(query: Query) -> Iterator[Query]:
    """The query and those within it."""
    yield query
    for part in query.parts():
        yield from queries_in(part)


def needs_search(query: Query) -> bool:
    """Whether a topic stands in a query, or it asks what sentences say."""
    return any(q.topic is not None or q.select is Select.TEXT for q in queries_in(query))


def bind(query: Query, about: About) -> tuple[Query, tuple[Topic, ...]]:
    """The query with each topic in it as what speaks of it, and what that is."""
    told: list[Topic] = []

    def bound(q: Query) -> Query:
        inner = {
            "and_": tuple(map(bound, q.and_)), "minus": tuple(map(bound, q.minus)),
            "other": bound(q.other) if q.other else None,
            "whole": bound(q.whole) if q.whole else None,
        }  # fmt: skip
        if q.topic is not None and q.select is not Select.TEXT:
            by = "ids" if q.select is Select.DOCUMENTS else "clauses"
            found = about(q)
            ids: tuple[str, ...] = getattr(found, by) if found is not None else ()
            told.append(Topic(topic=q.topic, found=ids))
            q = q.model_copy(update={"topic": None, by: ids or _NOTHING})
        return q.model_copy(update=inner)

    return bound(query), tuple(told)

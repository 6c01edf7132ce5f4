"""Where the assistant's queries are run: a store, as one reader sees it."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from tasks.authorisation import Actor
from tasks.due import DueItem
from tasks.listed import list_standings
from tasks.query import Query
from tasks.run import Result, run
from tasks.store import Store


class Desk(NamedTuple):
    """Runs queries for `reader`; from `today` on, where it is known, work stands as it stands now."""

    store: Store
    reader: Actor
    today: date | None = None

    def run(self, query: Query, as_of: date) -> Result:
        """What a query gives."""
        return run(self.store, query, reader=self.reader, as_of=as_of, today=self.today)

    def standings(self, query: Query, as_of: date) -> list[DueItem]:
        """The milestones of a query as they stand."""
        return list_standings(self.store, as_of, query, today=self.today, reader=self.reader)

"""A store in memory, for what has documents and no store of its own: `duban extract`, evaluations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from tasks.models import Extraction
from tasks.store import Store

_BEGAN = datetime(2000, 1, 1, tzinfo=UTC)


def store_of(extractions: Iterable[Extraction]) -> Store:
    """A store of these documents in this order, each without its bytes; it ends with its last use."""
    store = Store.open("sqlite://")
    for number, extraction in enumerate(extractions):
        store.add(extraction, b"", recorded_at=_BEGAN + timedelta(seconds=number))
    return store

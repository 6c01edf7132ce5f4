"""Cursor pagination: a list is read on from behind the place of the last item seen."""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from kb.errors import DubanError

T = TypeVar("T")
Limit = Annotated[int, Query(ge=1, le=500, description="条数 / how many")]
Cursor = Annotated[
    str, Query(max_length=500, description="上一页的 next / `next` of the page before")
]


class Page(BaseModel, Generic[T]):
    """A part of a list: `next` reads on (None: it ends here), `total` counts the whole."""

    items: list[T]
    total: int
    next: str | None = None


def page_of(
    items: Iterable[T], limit: int, cursor: str, key: Callable[[T], Sequence[Any]]
) -> tuple[list[T], str | None]:
    """The items behind `cursor` in the order of their keys, at most `limit`, and the cursor of the
    next page.

    `key` gives an item's place: JSON values of the same types for all items, that items can be
    ordered by. A cursor holds the place and not the item, so that items that come or go while
    somebody pages neither repeat nor hide others.

    Raises:
        DubanError: the cursor is not one of this list.
    """
    placed = sorted(
        ((list(key(item)), n, item) for n, item in enumerate(items)), key=lambda p: p[:2]
    )
    keys = [place for place, _, _ in placed]
    start = 0
    if cursor:
        *wanted, seen = read_cursor(cursor)
        if keys and [type(v) for v in wanted] != [type(v) for v in keys[0]]:
            raise _strange()
        if type(seen) is not int or seen < 1:
            raise _strange()
        # Of several with one key, so many were seen.
        start = min(bisect_left(keys, wanted) + seen, bisect_right(keys, wanted))
    found = placed[start : start + limit]
    if not found or start + limit >= len(placed):
        return [item for _, _, item in found], None
    last = found[-1][0]
    seen = start + limit - bisect_left(keys, last)
    return [item for _, _, item in found], write_cursor([*last, seen])


def newest(
    found: Sequence[T], limit: int, total: int, place: Callable[[T], tuple[datetime, str]]
) -> Page[T]:
    """A page of a list that the store keeps in order, the newest first; `found` holds one item
    more than `limit` where it goes on, `place` gives when an item was made and its id."""
    shown = list(found[:limit])
    if len(found) <= limit:
        return Page(items=shown, total=total)
    at, key = place(shown[-1])
    return Page(items=shown, total=total, next=write_cursor([at.isoformat(), key]))


def read_moment(cursor: str) -> tuple[datetime, str] | None:
    """What a cursor of `newest` names; None for the beginning.

    Raises:
        DubanError: it is none of ours.
    """
    if not cursor:
        return None
    printed, key = read_cursor(cursor, str, str)
    try:
        at = datetime.fromisoformat(printed)
    except ValueError as error:
        raise _strange() from error
    if at.tzinfo is None or not 1900 < at.year < 9999 or "\x00" in key:
        raise _strange()
    return at.astimezone(UTC), key.encode("utf-8", "replace").decode()


def write_cursor(key: Sequence[Any]) -> str:
    """A cursor that names an item by JSON values."""
    return base64.urlsafe_b64encode(json.dumps(list(key)).encode()).decode().rstrip("=")


def read_cursor(cursor: str, *kinds: type) -> list[Any]:
    """What a cursor names; with `kinds`, so many values of these types.

    Raises:
        DubanError: it is none of ours.
    """
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found = json.loads(data)
    except (binascii.Error, ValueError, UnicodeError, RecursionError) as error:
        raise _strange() from error
    fits = isinstance(found, list) and (
        bool(found) if not kinds else [type(value) for value in found] == list(kinds)
    )
    if not fits:
        raise _strange()
    return list(found)


def _strange() -> DubanError:
    return DubanError("cursor 不对 / not a cursor of this list")

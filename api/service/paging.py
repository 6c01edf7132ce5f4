"""Cursor pagination: a list is read on from after the last item seen."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
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
    items: Sequence[Any], limit: int, cursor: str, key: Callable[[Any], Sequence[Any]]
) -> tuple[list[Any], str | None]:
    """The items after `cursor`, at most `limit`, and the cursor of the next page.

    `key` identifies an item by JSON values; items added or removed meanwhile neither repeat nor
    hide others: reading goes on after the item named, or from the start where it is gone.

    Raises:
        DubanError: the cursor is not one of ours.
    """
    start = 0
    if cursor:
        wanted = read_cursor(cursor)
        places = [n for n, item in enumerate(items) if list(key(item)) == wanted]
        if not places:
            raise DubanError("列表已变, 请从头读起 / the list has changed, read it from the start")
        start = places[0] + 1
    found = list(items[start : start + limit])
    more = start + limit < len(items)
    return found, write_cursor(key(found[-1])) if more and found else None


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
        raise DubanError("cursor 不对 / not a cursor of this list") from error
    fits = isinstance(found, list) and (
        not kinds or [type(value) for value in found] == list(kinds)
    )
    if not fits:
        raise DubanError("cursor 不对 / not a cursor of this list")
    return list(found)

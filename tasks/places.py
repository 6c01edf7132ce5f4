"""Places in an ordered list, by which it is read on: items that come or go meanwhile neither repeat nor
hide others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, DateTime, and_, or_

from tasks.query import QueryError


def behind(place: Sequence[ColumnElement[Any]], after: Sequence[Any]) -> ColumnElement[bool]:
    """Whether a row stands behind a place, by all that the list is ordered by, in turn."""
    return or_(
        *(
            and_(*(c == v for c, v in zip(place[:n], after[:n], strict=True)), place[n] > after[n])
            for n in range(len(place))
        )
    )


def write_place(row: Any) -> list[Any]:
    """The place of a row as JSON values."""
    values = [v for name, v in row._mapping.items() if name.startswith("place_")]
    return [_written(value) for value in values]


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def read_place(place: Sequence[ColumnElement[Any]], given: Sequence[Any]) -> list[Any]:
    """A place from its JSON values.

    Raises:
        QueryError: it is none of this list.
    """
    try:
        return [_read(c, v) for c, v in zip(place, given, strict=True)]
    except (TypeError, ValueError) as error:
        raise QueryError("不是这个列表里的位置 / not a place of this list") from error


def _read(column: ColumnElement[Any], value: Any) -> Any:
    if isinstance(column.type, DateTime):
        return datetime.fromisoformat(value).astimezone(UTC)
    if isinstance(column.type, Date):
        return date.fromisoformat(value)
    if type(value) is not column.type.python_type:
        raise TypeError(column.type)
    return value

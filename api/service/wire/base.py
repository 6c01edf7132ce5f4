"""What all models that are sent have in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


class Wire(BaseModel):
    """Base of what is sent."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    @classmethod
    def of(cls, fact: object) -> Self:
        """What is sent of a fact: the fields that this model names.

        Raises:
            ValidationError: the fact has no such field, or of another kind.
        """
        return cls.model_validate(fact)


Moment = Annotated[datetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
"""A moment, sent in UTC whatever zone it came from."""


def _pair(value: Any) -> Any:
    return (value.start, value.end) if hasattr(value, "start") else value


Span = Annotated[
    tuple[int, int],
    BeforeValidator(_pair),
    Field(description="[起, 止) 按码位计 / [start, end) in code points of the document's text"),
]
"""A pair of numbers."""

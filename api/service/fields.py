"""Kinds of fields of requests that several routes share."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field


def _storable(printed: str) -> str:
    if "\x00" in printed:
        raise ValueError("NUL cannot be kept")
    return printed


Storable = AfterValidator(_storable)
"""Text that any database keeps."""
Line = Annotated[str, Field(max_length=200), Storable]
"""A name, a unit, a label."""
Words = Annotated[str, Field(max_length=5000), Storable]
"""What somebody wrote: a report, a reason."""
Number = Annotated[Decimal, Field(max_digits=24, decimal_places=8, allow_inf_nan=False)]
"""A measured value, exact."""
Key = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]
"""An id."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""The SHA-256 of a file."""

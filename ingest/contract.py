"""An extraction as the JSON object of `duban extract --json`."""

from __future__ import annotations

from typing import Any

from tasks.models import Extraction

_DOCUMENT = (
    "id", "title", "document_number", "index_number", "issuer", "written_on", "published_on",
    "sha256", "media_type",
)  # fmt: skip


def to_contract(extraction: Extraction) -> dict[str, Any]:
    """Plain JSON values: spans as pairs, dates ISO 8601, values as decimal strings. `header` of the
    document holds what it says of itself, each value with its field, span and quote."""
    data = extraction.model_dump(
        mode="json", by_alias=True, exclude={"document": {"text"}, "recognised": True}
    )
    data["document"] = {key: data["document"][key] for key in _DOCUMENT}
    data["document"]["header"] = data.pop("header")
    return data

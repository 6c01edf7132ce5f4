"""`duban extract`: a file as JSON without the store's and the assistant's libraries."""

from __future__ import annotations

from pathlib import Path

from api.cli.output import Output
from ingest.contract import to_contract
from ingest.pipeline import extract_file


def extract(path: Path, out: Output, text_out: Path | None) -> None:
    """Read one file and print what was found in it."""
    extraction, _ = extract_file(path)
    if text_out is not None:
        text_out.write_bytes(extraction.document.text.encode())
    if out.as_json:
        out.json(to_contract(extraction))
        return
    from api.cli.actions import show_extraction  # noqa: PLC0415 - half a second of libraries

    show_extraction(extraction, out)

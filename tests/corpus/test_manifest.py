"""The manifest names each shipped document, and each is byte for byte what it says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from kb.lexicon import corpus_path

FOLDER = corpus_path() / "documents"
ENTRIES: list[dict[str, Any]] = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))[
    "documents"
]


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["id"] for entry in ENTRIES])
def test_document_is_the_one_described(entry: dict[str, Any]) -> None:
    data = (FOLDER / entry["file"]).read_bytes()
    assert len(data) == entry["bytes"]
    assert hashlib.sha256(data).hexdigest() == entry["sha256"]
    assert entry["id"] == Path(entry["file"]).stem


@pytest.mark.parametrize("key", ["title", "source", "licence_note", "publication_note"])
def test_origin_is_stated(key: str) -> None:
    assert all(entry[key].strip() for entry in ENTRIES)


def test_every_file_is_listed_once() -> None:
    listed = sorted(entry["file"] for entry in ENTRIES)
    present = sorted(path.name for path in FOLDER.iterdir() if path.name != "manifest.json")
    assert listed == present

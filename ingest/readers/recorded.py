"""A reading as JSON and back, exactly: what was recognised in pictures is stored so, once."""

from __future__ import annotations

import json
from typing import Any

from ingest.readers.source import Block, BlockKind, Box, CellBlock, PageSize, Place, Places, Read
from kb.errors import SourceError
from kb.models import Finding
from tasks.models import Recognised


def record(read: Read) -> Recognised | None:
    """A reading that a model made; None for one whose text is in the file itself."""
    if read.model is None:
        return None
    body = {
        "text": read.text,
        "model": read.model,
        "pages": [list(page) for page in read.pages],
        "places": [[*place[:2], place.page, place.box, place.confidence] for place in read.places],
        "blocks": [[block.kind, *block[1:]] for block in read.blocks],
        "findings": [finding.model_dump(mode="json") for finding in read.findings],
    }
    dumped = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Recognised(model=read.model, body=dumped)


def read_recorded(recognised: Recognised, name: str) -> Read:
    """The reading of which `record` made this.

    Raises:
        SourceError: it is none.
    """
    try:
        body = json.loads(recognised.body)
        return Read(
            text=str(body["text"]),
            findings=tuple(Finding.model_validate(finding) for finding in body["findings"]),
            places=Places([_place(*place) for place in body["places"]]),
            blocks=tuple(_block(*block) for block in body["blocks"]),
            pages=tuple(PageSize(*page) for page in body["pages"]),
            model=str(body["model"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"存储的识别结果损坏 / what was recognised in its pictures is stored damaged: {error}",
            hint="duban verify",
            path=name,
        ) from error


def _place(
    start: int, end: int, page: int | None, box: list[float] | None, confidence: float | None
) -> Place:
    return Place(start, end, page, Box(*box) if box else None, confidence=confidence)


def _block(
    kind: str, start: int, end: int, level: int | None, number: str | None, cells: list[Any]
) -> Block:
    return Block(
        BlockKind(kind), start, end, level, number, tuple(CellBlock(*cell) for cell in cells)
    )

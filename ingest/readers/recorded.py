"""A reading as JSON and back, exactly: what was recognised in pictures is stored so, once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from ingest.doubted import DOUBTFUL_CHARACTERS, INK_NOT_READ
from ingest.readers.source import Block, BlockKind, Box, CellBlock, PageSize, Place, Places, Read
from kb.errors import SourceError
from kb.models import BY_PERSON, Finding, Repair, Span
from tasks.fields import FieldError, check_words
from tasks.models import Recognised

_MORE = 200
"""Characters that a correction may have beyond twice those that were recognised."""
_BREAKS = "\n\r\v\f\x85\u2028\u2029"


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
    return Recognised(model=read.model, body=_dumped(body))


def read_recorded(recognised: Recognised, name: str) -> Read:
    """The reading of which `record` made this, with what a person said of it since: what was checked is
    in doubt no more.

    Raises:
        SourceError: it is none.
    """
    try:
        body = json.loads(recognised.body)
        text = str(body["text"])
        checked = [Span(*span) for span in body.get("checked", ())]
        findings = (Finding.model_validate(finding) for finding in body["findings"])
        return Read(
            text=text,
            findings=tuple(f for f in findings if not _is_settled(f, checked)),
            places=Places([_place(*place) for place in body["places"]]),
            blocks=tuple(_block(*block) for block in body["blocks"]),
            pages=tuple(PageSize(*page) for page in body["pages"]),
            model=str(body["model"]),
            repairs=tuple(_repair(text, *one) for one in body.get("repairs", ())),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"存储的识别结果损坏 / what was recognised in its pictures is stored damaged: {error}",
            hint="duban verify",
            path=name,
        ) from error


def repair_recorded(recognised: Recognised, span: Span, words: str) -> Recognised:
    """What was recognised, with what a person says that a stretch of it is. The text stays as it was;
    where the words differ from it they are repairs, in place of those that the stretch had.

    Args:
        recognised: what was recognised.
        span: the stretch, inside one line.
        words: what stands there in the picture.

    Raises:
        FieldError: the stretch is none of the text or goes over the end of a line, the words are too
            many, or they have other cells than a row of a table.
    """
    body = json.loads(recognised.body)
    text = str(body["text"])
    if not 0 <= span.start < span.end <= len(text) or "\n" in (raw := span.slice(text)):
        raise FieldError("只能更正一行以内的文字 / only characters of one line can be corrected")
    words = check_words("更正后的文字", "corrected text", words, longest=2 * len(raw) + _MORE)
    if not words or any(c in words for c in _BREAKS):
        raise FieldError("更正后的文字须为一行 / the corrected text must be one line")
    cells, new = raw.split("\t"), words.split("\t")
    if len(cells) != len(new):
        raise FieldError(
            f"这一行有 {len(cells)} 个单元格, 更正后须相同 / the row has {len(cells)} cells, and must keep them"
        )
    if any(
        start < at < end
        for start, end, _ in body.get("repairs", ())
        for at in (span.start, span.end)
    ):
        raise FieldError(
            "与此前的更正交叉, 请更正整行 / it cuts through a former correction: correct the line"
        )
    kept = [one for one in body.get("repairs", ()) if one[1] <= span.start or span.end <= one[0]]
    at = span.start
    for old, now in zip(cells, new, strict=True):
        if now and not old:
            raise FieldError(
                "空白单元格里没有识别出文字, 不能补写 / an empty cell has no characters that could be corrected"
            )
        kept += [[at + start, at + end, said] for start, end, said in _differences(old, now)]
        at += len(old) + 1
    checked = [one for one in body.get("checked", ()) if not span.contains(Span(*one))]
    body |= {"repairs": sorted(kept), "checked": sorted([*checked, [span.start, span.end]])}
    return recognised.model_copy(update={"body": _dumped(body)})


def line_at(text: str, at: int) -> Span | None:
    """The line of recognised text in which a place is; None outside of the text and on an empty one."""
    if not 0 <= at < len(text):
        return None
    start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
    end = len(text) if end < 0 else end
    return Span(start, end) if start < end else None


def repaired_words(read: Read, span: Span) -> str:
    """The characters of a stretch with what a person said of them."""
    words, at = "", span.start
    for repair in read.repairs:
        if span.contains(repair.span):
            words += read.text[at : repair.span.start] + repair.repaired
            at = repair.span.end
    return words + read.text[at : span.end]


def _differences(old: str, new: str) -> list[tuple[int, int, str]]:
    """Where characters differ: a stretch of the old ones, and what stands there; what is only put in
    takes a character beside it along."""
    found: list[tuple[int, int, str]] = []
    for tag, start, end, first, last in SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        words = new[first:last]
        if tag == "equal":
            continue
        if start < end:
            found.append((start, end, words))
        elif not start:
            found.append((0, 1, words + old[0]))
        elif found and found[-1][1] == start:
            found[-1] = (found[-1][0], start, found[-1][2] + words)
        else:
            found.append((start - 1, start, old[start - 1] + words))
    return found


def _is_settled(finding: Finding, checked: Sequence[Span]) -> bool:
    span = finding.span
    return (
        finding.code in (DOUBTFUL_CHARACTERS, INK_NOT_READ)
        and span is not None
        and any(one.contains(span) for one in checked)
    )


def _repair(text: str, start: int, end: int, repaired: str) -> Repair:
    span = Span(start, end)
    return Repair(span=span, raw=span.slice(text), repaired=repaired, rule=BY_PERSON)


def _dumped(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


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

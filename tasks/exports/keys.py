"""The key of a row that is handed out, by which it is known when it comes back filled in."""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

from kb.errors import DubanError
from tasks.exports.cells import CELL_LIMIT, decode_cell, encode_cell
from tasks.exports.rows import ExportRow
from tasks.words import describe_number

NOT_REPORTED = "—"
"""Stands for a target without a value where others of the same milestone have one."""


def actual_lines(row: ExportRow) -> str:
    """The values reported, a line for each target; empty where none was."""
    if all(t.actual is None for t in row.targets):
        return ""
    return "\n".join(
        NOT_REPORTED if t.actual is None else describe_number(t.actual) for t in row.targets
    )


class Key(NamedTuple):
    """What a row that was handed out says of itself when it comes back.

    `status` is the state it showed; `seen` a digest of what could be filled in, `duty` one of the
    task it stood beside.
    """

    milestone_id: str
    occurrence: str
    revision: int
    status: str
    seen: str
    duty: str


def row_key(row: ExportRow) -> str:
    """The key of a row, as JSON."""
    key = Key(
        row.milestone_id, row.occurrence, row.revision, row.status.value if row.status else "",
        fingerprint(str(row.percent if row.percent is not None else ""), row.report, actual_lines(row)),
        fingerprint(row.task),
    )  # fmt: skip
    return json.dumps(key, ensure_ascii=True, separators=(",", ":"))


def read_key(printed: str) -> Key:
    """The key that a cell holds.

    Raises:
        DubanError: it holds none.
    """
    try:
        parts = json.loads(printed)
        key = Key(*parts)
        kinds = [type(part) for part in key]
    except (ValueError, TypeError, RecursionError) as error:
        raise _no_key(printed) from error
    if not isinstance(parts, list) or kinds != [str, str, int, str, str, str]:
        raise _no_key(printed)
    return key


def fingerprint(*texts: str) -> str:
    """A digest of texts, white space at line ends and the kind of line end aside."""
    joined = "\x1f".join(same_text(text) for text in texts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def same_text(text: str) -> str:
    """Text without what a spreadsheet may change of it by itself: line ends, space around, what
    no cell holds."""
    if len(text) > CELL_LIMIT // len("_x0000_"):
        text = decode_cell(encode_cell(text))
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _no_key(printed: str) -> DubanError:
    shown = printed if len(printed) <= 40 else printed[:40] + "…"
    return DubanError(
        f"标识“{shown}”不是导出时的样子 / the key {shown!r} is not as it was exported",
        hint="请重新导出 / export it again",
    )

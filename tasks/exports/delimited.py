"""CSV and JSON Lines: everything of a row for programs, and CSV for whoever opens it in Excel."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import date

from tasks.exports.cells import guard
from tasks.exports.columns import COLUMNS, TEXTS, values
from tasks.exports.rows import ExportRow

BOM = "\ufeff"


def render_csv(rows: Sequence[ExportRow], *, base_url: str = "") -> bytes:
    """RFC 4180 with a header, in UTF-8 with a byte order mark, by which Excel knows it.

    Text that a spreadsheet would run as a formula has an apostrophe in front (see `cells.guard`).
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    names = [column.name for column in COLUMNS] + (["link"] if base_url else [])
    writer.writerow(names)
    for row in rows:
        found = values(row, COLUMNS, base_url)
        found |= {name: text(row) for name, text in TEXTS.items()}
        writer.writerow([_cell(found[name]) for name in names])
    return (BOM + out.getvalue()).encode("utf-8", "surrogatepass")


def render_jsonl(rows: Sequence[ExportRow], *, base_url: str = "") -> bytes:
    """One JSON object a line, in UTF-8."""
    lines = [
        json.dumps(values(row, COLUMNS, base_url), ensure_ascii=False, default=_plain) + "\n"
        for row in rows
    ]
    return "".join(lines).encode("utf-8", "surrogatepass")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return guard("、".join(str(item) for item in value))
    return guard(str(value))


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no JSON form of {type(value).__name__}")

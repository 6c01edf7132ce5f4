"""One entry for every format of an export."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.exports.delimited import render_csv, render_jsonl
from tasks.exports.feed import REMIND_DAYS, render_ics
from tasks.exports.report import By, render_docx
from tasks.exports.rows import ExportRow
from tasks.exports.workbook import Heading, render_xlsx

FORMS = ("xlsx", "csv", "jsonl", "docx", "ics")


def render_rows(
    rows: Sequence[ExportRow],
    heading: Heading,
    form: str,
    *,
    by: By = By.PLAN,
    remind_days: int | None = REMIND_DAYS,
) -> bytes:
    """The bytes of one of `FORMS`; `by` orders a report, `remind_days` sets a feed's alarms."""
    match form:
        case "xlsx":
            return render_xlsx(rows, heading)
        case "csv":
            return render_csv(rows, base_url=heading.base_url)
        case "jsonl":
            return render_jsonl(rows, base_url=heading.base_url)
        case "docx":
            return render_docx(rows, heading, by=by)
        case "ics":
            return render_ics(rows, heading, remind_days=remind_days)
    raise ValueError(f"{form}: {' '.join(FORMS)}")

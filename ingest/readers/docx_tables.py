"""Tables of WordprocessingML: the cells of its rows (ECMA-376 part 1, 17.4)."""

from __future__ import annotations

from lxml import etree

from ingest.readers.docx_package import W
from ingest.readers.docx_styles import number
from ingest.readers.grid import FlowCell

_MOST_COLUMNS = 1000


def read_cell(cell: etree._Element, words: str, paragraph: int) -> FlowCell:
    """A `w:tc` with its words and the number of its first paragraph."""
    told = cell.find(f"{W}tcPr")
    if told is None or not len(told):
        return FlowCell(words, paragraph, begins=False)
    width = min(max(number(told, "gridSpan") or 1, 1), _MOST_COLUMNS)
    merge = told.find(f"{W}vMerge")
    if merge is None:
        return FlowCell(words, paragraph, width, begins=False)
    begins = merge.get(f"{W}val") == "restart"
    return FlowCell(words, paragraph, width, begins, over=not begins)


def before_row(properties: etree._Element | None, paragraph: int) -> FlowCell | None:
    """The columns that a row leaves free at its start, as a cell without words."""
    if properties is None:
        return None
    skipped = min(number(properties, "gridBefore") or 0, _MOST_COLUMNS)
    return FlowCell("", paragraph, skipped, begins=False) if skipped > 0 else None

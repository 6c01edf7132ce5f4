"""What is printed at the edges of pages and is no text of the document: running heads and feet,
numbers of pages, the lines that a browser prints around a page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from ingest.readers.page_lines import Line
from ingest.readers.source import PageSize
from kb.models import Finding

_EDGE = 0.12
"""Of the height: how far running heads and feet stand from the edge (the margins of GB/T 9704 are
37 and 35 mm of 297; numbers of pages stand 7 mm below the text)."""
_PRINT_EDGE = 0.06
"""The same of lines that a browser prints: it keeps 10 to 15 mm for them."""
_AT_EDGE = 4
"""Lines at each edge that are looked at."""
_SHARE = 0.3
"""Of all pages, those on which a running line must stand: on pages of one side at least."""
_SAME_HEIGHT = 8.0
"""Points by which its height may differ."""
_NUMBER = r"(?:\d{1,4}|[ivxlcIVXLC]{1,6})"
_PAGE_NUMBER = re.compile(
    rf"[-—–―·•~\s]*(?:第\s*)?{_NUMBER}(?:\s*页)?(?:[\s,，]*[/／共][\s共]*{_NUMBER}(?:\s*页)?)?[-—–―·•~\s]*"
)
_ADDRESS = re.compile(r"(?:https?|file)://\S")
_PRINTED_AT = re.compile(r"\d{2,4}[/.-]\d{1,2}[/.-]\d{1,4},?\s*(?:[上下]午)?\s*\d{1,2}:\d{2}")
_PRINTED_PAGE = re.compile(r"\s\d{1,4}/\d{1,4}$")
_DIGITS = re.compile(r"\d+")
_MOST_TOLD = 20
_LONGEST_TOLD = 80


def find_furniture(pages: Mapping[int, Sequence[Line]], sizes: Mapping[int, PageSize]) -> set[int]:
    """The lines (by `id`) that are furniture of their pages.

    Args:
        pages: number of a page → its lines from top to bottom.
        sizes: number of a page → its size.
    """
    edges = [
        (line, height, at_top)
        for number, lines in pages.items()
        for line, at_top in _at_edges(lines)
        if _depth(line, height := sizes[number].height, at_top) <= _EDGE * height
    ]
    heights: dict[tuple[str, bool], list[float]] = {}
    for line, height, at_top in edges:
        key = (_DIGITS.sub("#", line.text), at_top)
        heights.setdefault(key, []).append(_depth(line, height, at_top))
    least = max(2, _SHARE * len(pages))
    running = {key for key, found in heights.items() if _most_alike(found) >= least}
    return {
        id(line)
        for line, height, at_top in edges
        if (_DIGITS.sub("#", line.text), at_top) in running
        or _PAGE_NUMBER.fullmatch(line.text)
        or (_depth(line, height, at_top) <= _PRINT_EDGE * height and is_print_line(line.text))
    }


def is_print_line(words: str) -> bool:
    """Whether a line at the edge of a page is what a browser prints there: the address or the time of
    printing, with the title or the number of the page beside it.

    >>> is_print_line("https://www.gov.cn/content_1.htm 1/8")
    True
    >>> is_print_line("2026/7/25 10:30 关于印发方案的通知")
    True
    >>> is_print_line("网址见 https://www.gov.cn。")
    False
    """
    return bool(
        _PRINTED_AT.match(words)
        or (_ADDRESS.match(words) and (" " not in words or _PRINTED_PAGE.search(words)))
    )


def told(left_out: Sequence[Line]) -> list[Finding]:
    """A finding that names what was left out, each line once, with the number of its pages."""
    if not left_out:
        return []
    counted = Counter(_DIGITS.sub("#", line.text) for line in left_out)
    named = [
        f"{words[:_LONGEST_TOLD]} ({count} 页/pages)"
        for words, count in counted.most_common(_MOST_TOLD)
    ]
    more = "" if len(counted) <= _MOST_TOLD else " …"
    listed = "; ".join(named).replace(" / ", "/") + more
    return [
        Finding(
            code="page-furniture",
            message=f"页眉、页脚、页码和打印信息未读入: {listed} / running heads, feet, numbers of "
            f"pages and print lines are left out: {listed}",
        )
    ]


def _at_edges(lines: Sequence[Line]) -> list[tuple[Line, bool]]:
    """The first and the last lines of a page, each with whether it is one of the first."""
    return [(line, True) for line in lines[:_AT_EDGE]] + [
        (line, False) for line in lines[-_AT_EDGE:]
    ]


def _depth(line: Line, height: float, at_top: bool) -> float:
    """How far the middle of a line stands from its edge of the page."""
    return line.middle if at_top else height - line.middle


def _most_alike(found: Sequence[float]) -> int:
    """On how many pages a line stands at about the same height."""
    best, first = 0, 0
    ordered = sorted(found)
    for last, height in enumerate(ordered):
        while height - ordered[first] > _SAME_HEIGHT:
            first += 1
        best = max(best, last - first + 1)
    return best

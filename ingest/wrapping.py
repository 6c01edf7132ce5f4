"""Which line breaks of a text stand inside a paragraph.

A text that was set to a width breaks its lines where they are full: full lines cluster at the margin,
and a line well short of it ends its paragraph. Most texts have one paragraph a line, and no margin;
of these only those are joined whose marks say so (a comma at the end of a line, an open bracket),
for a heading, a cell of a table or a list of owners has no final mark either. Breaks of pages are told by the page's number that stands between two halves of a sentence.

Measured on the documents of the tests, none of which is set to a width, and on the same documents
set to 24 to 44 characters: see `tests/ingest/test_wrapping.py`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from unicodedata import east_asian_width

from kb.language.times import find_times, may_hold_times

_SLACK = 5
"""Columns that a full line may lack: no line begins with a closing mark, so that two characters may
move to the next, and a word of Latin letters moves as a whole."""
_HANGING = 2
"""Columns by which a mark may hang over the margin."""
_NARROWEST = 30
"""Columns; texts in narrow cells are tables."""
_LEAST_FULL = 4
"""Full lines that end inside a sentence, in a text that is set to a width."""
_SHARE_OPEN = 0.6
"""Of the lines that end inside a sentence and are not much shorter than the margin, those that are
full: headings are much shorter, the paragraphs of a text with one a line are of any length."""
_SHORT = 0.6
_SHARE_LONGER = 0.05
"""Of all lines, those that may be longer than the margin: rows of tables, addresses of pages."""
_FINAL = frozenset("。；;！!？?：:…）)】〕")

_NEVER_LAST = frozenset("、，,（(《“")
_NEVER_FIRST = frozenset("、，,。；;：）)》”")
_SHARES = frozenset("%％‰")
_FIGURE = 12
"""Characters on each side of a break that a time broken by it may take: 2026年12|月31日前."""


def width_of(line: str) -> int:
    """Columns of a line: a Chinese character takes two."""
    return len(line) + sum(1 for c in line if c > "\u2000" and east_asian_width(c) in "WFA")


def ends_open(line: str) -> bool:
    """Whether a line ends inside a sentence, or is none."""
    return bool(line) and line[-1] not in _FINAL and "\t" not in line and line[-1] != "|"


def breaks_inside(line: str, following: str) -> bool:
    """Whether the marks at a break say that it stands inside a sentence: no paragraph ends in a
    comma, and none begins with a mark that closes or with what goes on with a figure."""
    return (
        line[-1:] in _NEVER_LAST
        or following[:1] in _NEVER_FIRST
        or (line[-1:].isdigit() and _breaks_figure(line[-_FIGURE:], following[:_FIGURE]))
    )


def _breaks_figure(line: str, following: str) -> bool:
    """Whether a share or a time stands on both sides of a break, by more than the character after it
    (二季度12|月度通报)."""
    if following[:1].isdigit() or not may_hold_times(following):
        return following[:1] in _SHARES
    times = find_times(line + following)
    return any(t.start < len(line) and len(line) + 1 < t.end for t in times)


def find_margin(widths: Sequence[int], follows: Sequence[bool]) -> int | None:
    """The width in columns to which a text is set; None where each line is a paragraph.

    Args:
        widths: of its lines that are not blank, what they are indented by included.
        follows: of each, whether it ends inside a sentence and a line of text stands next to it.
    """
    broken = sorted(w for w, open_ in zip(widths, follows, strict=True) if open_)
    full, margin = max(
        ((bisect_right(broken, w) - bisect_left(broken, w - _SLACK), w) for w in set(broken)),
        default=(0, 0),
    )
    if full < _LEAST_FULL or margin < _NARROWEST:
        return None
    long = len(broken) - bisect_left(broken, _SHORT * margin)
    longer = sum(1 for w in widths if w > margin + _HANGING)
    if full < _SHARE_OPEN * long or longer > max(1, _SHARE_LONGER * len(widths)):
        return None
    return margin


def is_full(width: int, margin: int | None) -> bool:
    """Whether a line reaches the margin."""
    return margin is not None and width >= margin - _SLACK

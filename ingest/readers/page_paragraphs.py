"""Lines of pages → paragraphs: which break of a line ends one.

A paragraph of a Chinese document fills its lines to the margin and begins with an indent of two
characters (GB/T 9704-2012, 7.3.3); a line well short of the margin is its last. Titles are larger,
in the middle, and their lines belong together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from ingest.numbering import find_marker
from ingest.readers.page_content import GlyphRun
from ingest.readers.page_lines import Line, are_words, first_unit

_SIZES = 1.15
"""How many times as large a font must be to be another: 三号 and 四号 are 16 and 14 points."""
_INDENT = 1.2
"""Of the em."""
_SLACK = 0.6
"""Of the em: what a full line may lack beside the room that what follows it would have needed."""
_CENTRED = 2.6
"""Of the em: the room at both sides of a line in the middle. The first line of a paragraph has two at
its left, and a little more than one at its right where the next line begins with two characters."""
_DEEPEST = 6.0
"""Of the em: a line that begins further in is set to the right or the middle, and is never full."""
_PITCH = 1.25
"""How many times the usual distance of lines parts paragraphs: browsers put 6 points and more between
them, lines of 12 points stand 18 apart."""
_NARROWEST = 0.6
"""Of the width of a page: where its lines end at least, if they are set to a margin."""
_OWN_MARGINS = 8
"""Lines of a page from which its own margins are told (odd and even pages differ)."""
_FINAL = frozenset("。；;！!？?：:")
_HYPHENS = "\u00ad\u2010\x02"


@dataclass(frozen=True, slots=True)
class Margins:
    """Where the lines of a column begin and end, and the usual distance between two."""

    left: float
    right: float
    pitch: float

    def is_centred(self, line: Line) -> bool:
        """Whether a line stands in the middle, with room at both sides."""
        left, right = line.left - self.left, self.right - line.right
        return min(left, right) > _CENTRED * line.size and abs(left - right) <= max(
            2.0 * line.size, 0.1 * (left + right)
        )


def join_lines(
    lines: Sequence[Line], body_size: float, widths: Mapping[int, float]
) -> Iterator[list[Line]]:
    """The lines of each paragraph.

    Args:
        lines: of a text, in the order of reading, over all its pages.
        body_size: the size of the font in which most of the text is set.
        widths: number of a page → its width in points.
    """
    margins = _AllMargins(lines, widths)
    paragraph: list[Line] = []
    for line in lines:
        if paragraph and _ends(paragraph, line, margins, body_size):
            yield paragraph
            paragraph = []
        paragraph.append(line)
    if paragraph:
        yield paragraph


def size_of_body(lines: Sequence[Line]) -> float:
    """The size in which most characters are set; 0 of no lines."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size, 1)] += sum(len(run.text) for run in line.runs)
    return max(sizes, key=lambda size: (sizes[size], size), default=0.0)


def is_title(lines: Sequence[Line], body_size: float) -> bool:
    """Whether a paragraph is set in a larger font than the text, and is short."""
    return lines[0].size > _SIZES * body_size and len(lines) <= 6


def words_of(lines: Sequence[Line]) -> Iterator[tuple[str, GlyphRun | None, int]]:
    """The pieces of a paragraph: characters, the run that they are of (none for a blank) and the page.
    A blank stands between words of Latin letters, none in Chinese; a hyphen that parts a word at the
    end of a line is dropped."""
    before: Line | None = None
    for line in lines:
        pieces = [*line.pieces()]
        if before is not None and not _is_parted(before):
            last, first = before.runs[-1].text[-1:], pieces[0][0][:1]
            if last and first and are_words(last, first):
                yield " ", None, line.page
        for number, (words, run) in enumerate(pieces):
            shown = words
            if number == len(pieces) - 1 and _is_parted(line):
                shown = words.rstrip(_HYPHENS) if line is not lines[-1] else words
            shown = shown.replace("\u00ad", "").replace("\x02", "-")
            if shown:
                yield shown, run, line.page
        before = line


def _is_parted(line: Line) -> bool:
    return line.runs[-1].text[-1:] in _HYPHENS


def _ends(paragraph: Sequence[Line], line: Line, all_margins: _AllMargins, body: float) -> bool:
    """Whether a paragraph ends before a line."""
    before = paragraph[-1]
    margins, own = all_margins.of(before), all_margins.of(line)
    if before.alone or line.alone:
        return True
    if max(before.size, line.size) > _SIZES * min(before.size, line.size):
        return True
    em = before.size
    together = before.page == line.page and before.region == line.region
    marker = find_marker(line.text)
    marked = marker is not None
    if marker and marker.ordinal:
        # The next number of the same kind begins the next item, however full the line before it.
        first = find_marker(paragraph[0].text)
        if first and (first.family, first.ordinal) == (marker.family, marker.ordinal - 1):
            return True
    if before.size > _SIZES * body and own.is_centred(line):
        return marked or (together and line.middle - before.middle > 2.2 * em)
    if margins.is_centred(before) or before.left - margins.left > _DEEPEST * em:
        return True
    if before.right < margins.right - first_unit(line) - _SLACK * em:
        return True
    if together and not 0 < line.middle - before.middle <= _PITCH * margins.pitch:
        return True
    if line.left - own.left > _INDENT * em and not _hangs(paragraph, line, margins, own):
        return True
    if before.text[-1:] not in _FINAL:
        return False
    # Where paragraphs are told by the room between them, nothing tells at the end of a page.
    return marked or (not together and not all_margins.indented)


def _hangs(paragraph: Sequence[Line], line: Line, margins: Margins, own: Margins) -> bool:
    """Whether a line goes on below the words of a numbered paragraph whose number stands out."""
    start = line.left - own.left
    first = paragraph[0].left - margins.left
    if start - first < 0.8 * line.size or find_marker(paragraph[0].text) is None:
        return False
    return len(paragraph) == 1 or abs(paragraph[-1].left - margins.left - start) < 0.5 * line.size


class _AllMargins:
    """The margins of each page and column, and those of all pages of a width for pages of few lines."""

    def __init__(self, lines: Sequence[Line], widths: Mapping[int, float]) -> None:
        by_place: dict[tuple[int, int], list[Line]] = {}
        for line in lines:
            by_place.setdefault((line.page, line.region), []).append(line)
        main = [line for line in lines if line.region == 0]
        common = _measure(main or lines) if lines else Margins(0.0, 0.0, 0.0)
        self.indented = _are_indented(main or lines, common)
        """Whether paragraphs begin with an indent."""
        self._found = {
            place: _measure(found)
            if place[1] or len(found) >= _OWN_MARGINS
            else _Widened(common, found).margins
            for place, found in by_place.items()
        }
        for (page, region), found in self._found.items():
            if not region:  # a page of short lines has no margin
                right = max(found.right, _NARROWEST * widths[page])
                self._found[page, region] = replace(found, right=right)

    def of(self, line: Line) -> Margins:
        """The margins that a line stands between."""
        return self._found[line.page, line.region]


def _are_indented(lines: Sequence[Line], margins: Margins) -> bool:
    begun = [
        line.left - margins.left > _INDENT * line.size
        for before, line in pairwise(lines)
        if before.right < margins.right - 3 * before.size and not margins.is_centred(line)
    ]
    return 3 * sum(begun) >= len(begun)


class _Widened:
    """The margins of the document on a page whose few lines do not tell its own."""

    def __init__(self, common: Margins, lines: Sequence[Line]) -> None:
        left, right = min(line.left for line in lines), max(line.right for line in lines)
        wider = right - left > (common.right - common.left) * 1.1
        self.margins = _measure(lines) if wider else common


def _measure(lines: Sequence[Line]) -> Margins:
    em = median(line.size for line in lines)
    least = max(2, len(lines) // 12) if len(lines) > 3 else 1
    left = _edge([line.left for line in lines], em, least)
    right = -_edge([-line.right for line in lines], em, least)
    pitches = [
        after.middle - before.middle
        for before, after in pairwise(lines)
        if before.page == after.page
        and before.region == after.region
        and 0 < after.middle - before.middle < 4 * em
        and before.size == after.size
    ]
    return Margins(left, right, _common(pitches) or 2.0 * em)


def _edge(places: Sequence[float], em: float, least: int) -> float:
    """The outermost place (smallest) near which lines often begin."""
    ordered = sorted(places)
    for first, place in enumerate(ordered):
        reach = first
        while reach < len(ordered) and ordered[reach] - place <= 0.5 * em:
            reach += 1
        if reach - first >= least:
            return place
    return ordered[0]


def _common(values: Sequence[float]) -> float:
    """The commonest value, to half a point."""
    if not values:
        return 0.0
    counted = Counter(round(value * 2) for value in values)
    return max(counted, key=lambda value: (counted[value], -value)) / 2

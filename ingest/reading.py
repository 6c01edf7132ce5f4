"""A reading of a stretch of source text: normalised, repaired, each character tied to its origin.

Extractors run on `Reading.text`, which knows nothing of full-width digits, lost characters or line
breaks inside a sentence; what they find is carried back to the source by `Reading.span`, so that
spans are never found again by searching.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from kb.characters import HAN
from kb.models import Repair, Span
from kb.ranges import Ranges, between

_TABLE = str.maketrans(
    {
        **{chr(0xFF01 + i): chr(0x21 + i) for i in range(94)},  # the full-width ASCII block
        "﹪": "%",
        "〇": "零",
        "○": "零",
        "–": "-",
        "〜": "~",
        "﹣": "-",
        "〔": "〔",
        "﹝": "〔",
        "﹞": "〕",
        "\u3000": " ",
        "\u00a0": " ",
        "\t": " ",
        "“": '"',
        "”": '"',
        "‘": "'",
        "’": "'",
    }
)
_GAPS = re.compile(r"[\r\n]\s*|<br\s*/?>\s*", re.IGNORECASE)
_SPACED = re.compile(rf"[{HAN}](?: [{HAN}]){{3,}}(?![{HAN}])")
"""Words whose characters are set apart, one space between two of them: 责 任 单 位."""
_LABEL = re.compile(r"[^\s,，、。;；:：]{2,12}[:：]")
"""What begins a line of its own, though the line before ends in no mark: 配合单位："""
_AHEAD = 8
"""How far a repair is looked ahead in for where its raw and its repaired text meet again: none
supplies or drops more than three characters at a place."""


def begins_label(line: str) -> bool:
    """Whether a line begins with a label and its colon: 配合单位："""
    return _LABEL.match(line) is not None


class Breaks:
    """What a reading of one document leaves out (`ingest.layout.find_breaks`).

    Args:
        soft: where breaks of lines begin that stand inside a paragraph.
        skipped: half-open ranges of characters that are no text, in order and apart: feet of
            pages, marks of Markdown.
    """

    def __init__(self, soft: Iterable[int] = (), skipped: Iterable[tuple[int, int]] = ()) -> None:
        self.soft = frozenset(soft)
        self._skipped = sorted(r for r in skipped if r[0] < r[1])
        self._starts = [start for start, _ in self._skipped]

    def skipped(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The ranges that begin in `[start, end)`, cut at its end."""
        for a, b in self._skipped[between(self._starts, start, end)]:
            yield a, min(b, end)


_NO_BREAKS = Breaks()


class Reading:
    """`text` is the reading; character `i` of it stands on the source's `[starts[i], ends[i])`.

    Characters that a repair supplied stand on an empty range beside their neighbours. A break
    between paragraphs is one `\\n`; one inside a paragraph is dropped.
    """

    __slots__ = ("_repaired", "ends", "starts", "text")

    def __init__(
        self,
        text: str,
        starts: Sequence[int],
        ends: Sequence[int],
        repairs: Sequence[Repair] = (),
    ) -> None:
        self.text = text
        self.starts = starts
        self.ends = ends
        self._repaired = Ranges((r.span.start, r.span.end) for r in repairs)

    def span(self, start: int, end: int) -> Span:
        """The source span of `text[start:end]`.

        Raises:
            ValueError: when the range is empty or outside the reading.
        """
        if not 0 <= start < end <= len(self.text):
            raise ValueError(f"[{start}, {end}) is not inside the reading of {len(self.text)}")
        first, last = self.starts[start], self.ends[end - 1]
        return Span(first, last) if first < last else Span(max(0, last - 1), max(last, 1))

    def is_repaired(self, start: int, end: int) -> bool:
        """Whether `text[start:end]` rests on a repair."""
        span = self.span(start, end)
        return self._repaired.overlap(span.start, span.end)

    def index(self, offset: int) -> int:
        """Position in the reading of the source offset `offset` (the next one kept, if dropped)."""
        return bisect_left(self.starts, offset)


def normalize_characters(text: str) -> str:
    """Full-width forms, quotes and spaces to their plain forms, one character for one."""
    return text.translate(_TABLE)


def read_span(
    text: str, span: Span, repairs: Sequence[Repair] = (), breaks: Breaks = _NO_BREAKS
) -> Reading:
    """Read the characters of `span`: repairs applied, forms normalised, broken lines joined.

    A repair that only flags (its `repaired` equals its `raw`) leaves the text as it is; one that
    overlaps an earlier one is passed over.

    Args:
        text: the document.
        span: what of it is read.
        repairs: of the document, those inside the span or more.
        breaks: which breaks of lines are none of a paragraph, and what is left out.
    """
    inside = sorted(
        (r for r in repairs if span.contains(r.span)), key=lambda r: (r.span.start, -r.span.end)
    )
    characters: list[str] = []
    starts, ends = array("I"), array("I")  # a list takes nine times the memory

    def keep(start: int, end: int) -> None:
        for left, right in breaks.skipped(start, end):
            if left >= start:
                lines(start, left)
                start = right
        lines(start, end)

    def lines(start: int, end: int) -> None:
        cursor = start
        for gap in _GAPS.finditer(text, start, end):
            put(cursor, gap.start())
            cursor = gap.end()
            if characters and characters[-1] != "\n" and gap.start() not in breaks.soft:
                characters.append("\n")
                starts.append(gap.start())
                ends.append(gap.end())
        put(cursor, end)

    def put(start: int, end: int) -> None:
        cursor = start
        for word in _SPACED.finditer(text, start, end):
            add(cursor, word.start())
            for at in range(word.start(), word.end(), 2):
                add(at, at + 1)
            cursor = word.end()
        add(cursor, end)

    def add(start: int, end: int) -> None:
        characters.extend(text[start:end].translate(_TABLE))
        starts.extend(range(start, end))
        ends.extend(range(start + 1, end + 1))

    cursor = span.start
    for repair in inside:
        if repair.span.start < cursor or repair.repaired == repair.raw:
            continue
        keep(cursor, repair.span.start)
        _apply(repair, characters, starts, ends)
        cursor = repair.span.end
    keep(cursor, span.end)
    return Reading("".join(characters), starts, ends, inside)


def _apply(repair: Repair, characters: list[str], starts: array[int], ends: array[int]) -> None:
    base = repair.span.start
    for raw_from, raw_to, new_from, new_to in _aligned(repair.raw, repair.repaired):
        for offset, character in enumerate(normalize_characters(repair.repaired[new_from:new_to])):
            same = raw_to - raw_from == new_to - new_from
            characters.append(character)
            starts.append(base + (raw_from + offset if same else raw_from))
            ends.append(base + (raw_from + offset + 1 if same else raw_to))


def _aligned(raw: str, repaired: str) -> Iterator[tuple[int, int, int, int]]:
    """Which stretch of `repaired` stands for which of `raw`: pairs of half-open ranges, in order.

    From the left, each difference taken as the shortest that lets the two meet again: a general
    comparison takes the square of their length, and a list of run-together percentages may be
    as long as its line.
    """
    at = new = 0
    while at < len(raw) and new < len(repaired):
        same = 0
        while raw[at + same : at + same + 1] == repaired[new + same : new + same + 1] != "":
            same += 1
        if same:
            yield at, at + same, new, new + same
            at, new = at + same, new + same
            continue
        meeting = next(
            (
                (dropped, total - dropped)
                for total in range(1, 2 * _AHEAD)
                for dropped in range(total + 1)
                if raw[at + dropped : at + dropped + 1]
                == repaired[new + total - dropped : new + total - dropped + 1]
            ),
            (len(raw) - at, len(repaired) - new),
        )
        yield at, at + meeting[0], new, new + meeting[1]
        at, new = at + meeting[0], new + meeting[1]
    if at < len(raw) or new < len(repaired):
        yield at, len(raw), new, len(repaired)


class RepairIndex:
    """Repairs of a document by position, so that each clause looks only at its own."""

    def __init__(self, repairs: Sequence[Repair]) -> None:
        self._repairs = sorted(repairs, key=lambda repair: repair.span.start)
        self._starts = [repair.span.start for repair in self._repairs]

    def within(self, span: Span) -> Sequence[Repair]:
        """The repairs that begin inside `span`, in order."""
        first = bisect_left(self._starts, span.start)
        return self._repairs[first : bisect_right(self._starts, span.end - 1)]

"""A reading of a stretch of source text: normalised, repaired, each character tied to its origin.

Extractors run on `Reading.text`, which knows nothing of full-width digits, lost characters or line
breaks inside a sentence; what they find is carried back to the source by `Reading.span`, so that
spans are never found again by searching.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from kb.models import Repair, Span

_ONE_TO_ONE = {
    **{chr(0xFF01 + i): chr(0x21 + i) for i in range(94)},  # full-width ASCII block
    "％": "%",
    "﹪": "%",
    "〇": "零",
    "○": "零",
    "－": "-",
    "–": "-",
    "—": "—",
    "～": "~",
    "〜": "~",
    "﹣": "-",
    "．": ".",
    "\u3000": " ",
    "\u00a0": " ",
    "\t": " ",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "［": "[",
    "］": "]",
}
_TABLE = str.maketrans(_ONE_TO_ONE)


class Reading:
    """`text` is the reading; character `i` of it stands on the source's `[starts[i], ends[i])`.

    Characters that a repair supplied stand on the whole raw span of that repair.
    """

    __slots__ = ("_repairs", "ends", "starts", "text")

    def __init__(
        self, text: str, starts: Sequence[int], ends: Sequence[int], repairs: Sequence[Repair]
    ) -> None:
        self.text = text
        self.starts = starts
        self.ends = ends
        self._repairs = repairs

    def span(self, start: int, end: int) -> Span:
        """The source span of `text[start:end]`.

        Raises:
            ValueError: when the range is empty or outside the reading.
        """
        if not 0 <= start < end <= len(self.text):
            raise ValueError(f"[{start}, {end}) is not inside the reading of {len(self.text)}")
        return Span(self.starts[start], self.ends[end - 1])

    def repairs(self, start: int, end: int) -> list[Repair]:
        """The repairs that `text[start:end]` rests on."""
        span = self.span(start, end)
        return [repair for repair in self._repairs if repair.span.overlaps(span)]

    def index(self, offset: int) -> int:
        """Position in the reading of the source offset `offset` (the next one kept, if dropped)."""
        return bisect_left(self.starts, offset)


def normalize_characters(text: str) -> str:
    """Full-width forms, quotes and spaces to their plain forms, one character for one."""
    return text.translate(_TABLE)


def read_span(text: str, span: Span, repairs: Iterable[Repair] = ()) -> Reading:
    """Read the characters of `span`: repairs applied, forms normalised, line breaks dropped.

    A repair that only flags (its `repaired` equals its `raw`) leaves the text as it is.
    """
    inside = [r for r in repairs if span.contains(r.span)]
    inside.sort(key=lambda r: (r.span.start, -r.span.end))
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    cursor = span.start

    def keep(upto: int) -> None:
        for offset, character in enumerate(text[cursor:upto].translate(_TABLE), start=cursor):
            if character not in "\r\n":
                characters.append(character)
                starts.append(offset)
                ends.append(offset + 1)

    for repair in inside:
        if repair.span.start < cursor:
            continue
        keep(repair.span.start)
        cursor = repair.span.end
        if repair.repaired == repair.raw:
            cursor = repair.span.start
            continue
        for character in normalize_characters(repair.repaired):
            characters.append(character)
            starts.append(repair.span.start)
            ends.append(repair.span.end)
    keep(span.end)
    return Reading("".join(characters), starts, ends, inside)


def repairs_within(repairs: Sequence[Repair], span: Span) -> Sequence[Repair]:
    """Those of `repairs` (sorted by start) that lie inside `span`."""
    starts = [repair.span.start for repair in repairs]
    return repairs[bisect_left(starts, span.start) : bisect_right(starts, span.end - 1)]

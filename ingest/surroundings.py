"""What stands around a place of a clause: its words, the ends of its part, its sentence, its line,
and features taken together. What a feature says of parties, numbers or times is theirs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from kb.language.engine import Token

LINE_ENDS = frozenset("\n")
STOPS = frozenset("。;!?\n")
"""A sentence ends at one."""
PARTS = STOPS | frozenset(",:")
"""A part of a sentence ends at one."""


_LINE = 200
"""Characters of a line looked at for its label."""
_LABEL = 14
"""Characters of a label and its colon."""


class Surroundings:
    """A text with words found in it, in order; `reach` is how many characters are looked at on
    each side of a place, so that the work is linear in a text of one line."""

    def __init__(self, text: str, words: Sequence[Token], reach: int) -> None:
        self.text = text
        self.reach = reach
        self.set_words(words)

    def set_words(self, words: Sequence[Token]) -> None:
        """Look at other words from here on."""
        self.words = words
        self._word_starts = [word.start for word in words]

    def word_at(self, position: int) -> Token | None:
        """The word that begins at `position`."""
        place = bisect_left(self._word_starts, position)
        if place < len(self.words) and self.words[place].start == position:
            return self.words[place]
        return None

    def words_from(self, start: int, end: int) -> Sequence[Token]:
        """The words that begin inside `[start, end)`."""
        low, high = bisect_left(self._word_starts, start), bisect_left(self._word_starts, end)
        return self.words[low:high]

    def edge_before(self, at: int, marks: frozenset[str]) -> int:
        """Where the stretch without `marks` begins that `at` stands in, or as far back as is
        looked."""
        low = max(0, at - self.reach)
        return next((p + 1 for p in range(at - 1, low - 1, -1) if self.text[p] in marks), low)

    def edge_after(self, at: int, marks: frozenset[str], reach: int | None = None) -> int:
        """Where it ends, or as far on as is looked."""
        high = min(len(self.text), at + (self.reach if reach is None else reach))
        return next((p for p in range(at, high) if self.text[p] in marks), high)


def label_of(text: str, at: int) -> str:
    """The words before the colon at the head of the line that `at` stands in: 问题一, 整改目标; empty
    where it has none."""
    line = text.rfind("\n", max(0, at - _LINE), at) + 1
    colon = text.find(":", line, min(at, line + _LABEL))
    return text[line:colon] if colon > line else ""


def crossed(features: Iterable[str], together: Iterable[tuple[str, ...]]) -> list[str]:
    """Of features NAME=VALUE, or NAME, those of several names together."""
    named = {f.partition("=")[0]: f for f in features if "&" not in f}
    return [
        "&".join([named[name] for name in names])
        for names in together
        if all(name in named for name in names)
    ]

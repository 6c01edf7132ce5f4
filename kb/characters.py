"""Classes of characters and words for patterns."""

from __future__ import annotations

import re
from collections.abc import Iterable

HAN = r"\u4e00-\u9fa5"
"""Inside a class of `re`: the Chinese characters of Unicode 1.1, of which nearly all text is."""


def any_of(words: Iterable[str]) -> str:
    """An alternative of `re`: the words as they stand, the first that fits taken."""
    return f"(?:{'|'.join(map(re.escape, words))})"


def any_word_of(words: Iterable[str]) -> str:
    """The same, the longest tried first and English words taken only whole."""
    longest = sorted(words, key=len, reverse=True)
    return "|".join(rf"\b{re.escape(w)}\b" if w.isascii() else re.escape(w) for w in longest)


def word_pattern(words: Iterable[str], *, any_case: bool = False) -> re.Pattern[str]:
    """Finds these words, as `any_word_of` takes them; in any case, if so asked."""
    return re.compile(any_word_of(words), re.IGNORECASE if any_case else 0)

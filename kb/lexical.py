"""Lexical retrieval: BM25 over characters.

Tokens are single Chinese characters and pairs of neighbours; Latin words and digits stay whole.
Pairs serve what no dictionary of words knows, and need none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kb.characters import HAN

_RUN = re.compile(rf"[{HAN}]+|[A-Za-z]+|[Ⅰ-ↈ]+|\d+(?:\.\d+)?")
_K1, _B = 1.2, 0.75


def tokenize(text: str) -> list[str]:
    """Tokens of `text`: 防溺水 → 防, 防溺, 溺, 溺水, 水.

    >>> tokenize("到2025年")
    ['到', '2025', '年']
    """
    tokens: list[str] = []
    for run in _RUN.findall(text):
        if not "一" <= run[0] <= "龥":
            tokens.append(run.lower())
            continue
        for place, character in enumerate(run):
            tokens.append(character)
            if place + 1 < len(run):
                tokens.append(run[place : place + 2])
    return tokens


class LexicalIndex:
    """BM25 (k1 1.2, b 0.75) with an inverted index; a query costs its tokens' postings."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._size = len(texts)
        postings: dict[str, tuple[list[int], list[int]]] = {}
        lengths = np.zeros(self._size, np.float32)
        for place, text in enumerate(texts):
            found = Counter(tokenize(text))
            lengths[place] = sum(found.values())
            for token, times in found.items():
                places, numbers = postings.setdefault(token, ([], []))
                places.append(place)
                numbers.append(times)
        mean = float(lengths.mean()) if self._size else 1.0
        norm = _K1 * (1 - _B + _B * lengths / (mean or 1.0))
        self._postings: dict[str, tuple[NDArray[np.int32], NDArray[np.float32]]] = {}
        for token, (places, numbers) in postings.items():
            at = np.asarray(places, np.int32)
            often = np.asarray(numbers, np.float32)
            rarity = np.log(1 + (self._size - len(at) + 0.5) / (len(at) + 0.5))
            weights = rarity * often * (_K1 + 1) / (often + norm[at])
            self._postings[token] = at, weights.astype(np.float32)

    def scores(self, query: str | Mapping[str, float]) -> NDArray[np.float32]:
        """Score of every text, shape (texts,); `query` is a text, or weights of tokens."""
        weights = query if isinstance(query, Mapping) else dict.fromkeys(tokenize(query), 1.0)
        total = np.zeros(self._size, np.float32)
        for token, weight in weights.items():
            found = self._postings.get(token)
            if found is not None:
                total[found[0]] += weight * found[1]
        return total

    def rarity(self, token: str) -> float:
        """Inverse document frequency of a token; that of an unknown token is the highest."""
        found = self._postings.get(token)
        count = len(found[0]) if found else 0
        return float(np.log(1 + (self._size - count + 0.5) / (count + 0.5)))

    def holds(self, token: str) -> bool:
        """Whether any text has the token."""
        return token in self._postings

"""Lexical retrieval: BM25 over characters, for clauses held in memory.

Tokens are single Chinese characters and pairs of neighbours; Latin words and digits stay whole.
Pairs serve what no dictionary of words knows, and need none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

_RUN = re.compile(r"[一-龥]+|[A-Za-z]+|\d+(?:\.\d+)?")
_K1, _B = 1.2, 0.75


@dataclass(frozen=True, slots=True)
class Passage:
    """A text to be found, under the id of its clause."""

    clause_id: str
    text: str


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

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._ids = [passage.clause_id for passage in passages]
        counts = [Counter(tokenize(passage.text)) for passage in passages]
        lengths = [sum(count.values()) for count in counts]
        mean = sum(lengths) / len(lengths) if lengths else 1.0
        self._postings: dict[str, list[tuple[int, float]]] = {}
        for place, count in enumerate(counts):
            norm = _K1 * (1 - _B + _B * lengths[place] / mean)
            for token, times in count.items():
                weight = times * (_K1 + 1) / (times + norm)
                self._postings.setdefault(token, []).append((place, weight))

    def search(self, query: str, limit: int = 10) -> list[tuple[str, float]]:
        """The `limit` best (clause id, score), best first; equal scores in document order."""
        scores: dict[int, float] = {}
        for token in set(tokenize(query)):
            postings = self._postings.get(token, [])
            rarity = log(1 + (len(self._ids) - len(postings) + 0.5) / (len(postings) + 0.5))
            for place, weight in postings:
                scores[place] = scores.get(place, 0.0) + rarity * weight
        best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:limit]
        return [(self._ids[place], score) for place, score in best]

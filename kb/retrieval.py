"""Hybrid retrieval: lists of dense and lexical scores, fused.

Each list's best 200 are brought to 0…1 over its own candidates (absent: 0) and added with its
weight; a list without a positive score contributes nothing. Search is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kb.chunks import Chunk
from kb.embedding.cache import VectorCache
from kb.embedding.encoders import Embedder, Vectors
from kb.embedding.reranker import Reranker
from kb.lexical import LexicalIndex, tokenize
from kb.models import Fact

WEIGHTS: Mapping[str, float] = {"lexical": 0.40, "text": 0.20, "titled": 0.20, "small": 0.20}
"""Lists and their worth; measured on questions of several corpora (`make eval`)."""
DENSE = ("text", "titled", "small")
_CANDIDATES = 200
_SAME_DOCUMENT = 0.1
_RERANKED = 30
_NEIGHBOURHOOD = 30
_QUERIES = 1024
"""Queries whose vectors are kept: 3 MB."""


class Hit(Fact):
    """A chunk found. `parts` are the shares of each list in `score`."""

    chunk: Chunk
    score: float
    parts: dict[str, float]


class Filter(Fact):
    """Which chunks a search may find; what is empty does not count. `plan` and `document` are ids;
    `year` one of the clause's deadlines; `validity` as printed (有效)."""

    plan: str = ""
    document: str = ""
    year: int | None = None
    validity: str = ""

    def __call__(self, chunk: Chunk) -> bool:
        """Whether `chunk` passes."""
        have = chunk.metadata
        return (
            (not self.plan or have.get("plan") == self.plan)
            and (not self.document or chunk.document_id == self.document)
            and (self.year is None or str(self.year) in str(have.get("years", "")).split("|"))
            and (not self.validity or have.get("validity") == self.validity)
        )


class Standing(NamedTuple):
    """A chunk in one list: how many stand before it, its score there (of a dense list the cosine), and by how much
    the best of the list leads the one at a place that the caller names, in its score."""

    rank: int
    score: float
    lead: float


class HybridRetriever:
    """Searches chunks whose vectors are held in memory.

    Args:
        chunks: what is searched.
        vectors: for each of `text`, `titled`, `small` a matrix (chunks, dimension).
        embedder: encodes queries for `text` and `titled`.
        small: encodes queries for `small`.
        expand: query → weights of lexical tokens; the query's own tokens if not given.
        weights: worth of each list.
        kept: vectors of sentences by `small`, of which only new ones are then embedded.
        reranker: reads the question with each of the best chunks and orders these anew.
        lexical: the lexical index over `titled` texts, where it is at hand.
    """

    def __init__(
        self,
        chunks: Sequence[Chunk],
        vectors: Mapping[str, Vectors],
        embedder: Embedder | None,
        small: Embedder | None,
        *,
        expand: Callable[[str], Mapping[str, float]] | None = None,
        weights: Mapping[str, float] = WEIGHTS,
        lexical: LexicalIndex | None = None,
        reranker: Reranker | None = None,
        kept: VectorCache | None = None,
    ) -> None:
        self.chunks = list(chunks)
        self.vectors = vectors
        self.embedder, self.small = embedder, small
        self._kept = kept
        self._reranker = reranker
        self._encoders = {"text": embedder, "titled": embedder, "small": small}
        self._expand = expand or (lambda query: dict.fromkeys(tokenize(query), 1.0))
        self._weights = {name: w for name, w in weights.items() if w > 0}
        self.lexical = lexical or LexicalIndex([chunk.titled for chunk in self.chunks])
        self._place_of = {chunk.id: place for place, chunk in enumerate(self.chunks)}
        self._vectors_of: dict[tuple[str, str], Vectors] = {}
        self._last: tuple[str, dict[str, NDArray[np.float32]]] = ("", {})
        documents = {c.document_id: None for c in self.chunks}
        order = {document: place for place, document in enumerate(documents)}
        self._documents = np.array([order[c.document_id] for c in self.chunks], np.int32)

    def search(
        self,
        query: str,
        limit: int = 10,
        *,
        keep: Callable[[Chunk], bool] | None = None,
    ) -> list[Hit]:
        """The `limit` best chunks that `keep` lets pass, best first; ties in document order."""
        size = len(self.chunks)
        if not size or not query.strip():
            return []
        allowed = None if keep is None else np.array([keep(c) for c in self.chunks], bool)
        total = np.zeros(size, np.float32)
        parts: dict[str, NDArray[np.float32]] = {}
        for name, scores in self._lists(query).items():
            part = self._weights[name] * _normalised(scores, allowed)
            parts[name] = part
            total += part
        if self._documents.max() > 0:
            parts["document"] = self._neighbours(total)
            total = total + parts["document"]
        if allowed is not None:
            total = np.where(allowed, total, 0)
        best = _top(total, max(limit, _RERANKED) if self._reranker else limit)
        if self._reranker and len(best):
            part = np.zeros_like(total)
            part[best] = self._reranker.score(query, [self.chunks[i].titled for i in best])
            parts["rerank"] = part
            best = best[np.lexsort((best, -part[best]))][:limit]
        return [
            Hit.model_construct(
                chunk=self.chunks[i],
                score=float(total[i]),
                parts={name: round(float(part[i]), 4) for name, part in parts.items()},
            )
            for i in best
        ]

    def standing(self, query: str, chunk: Chunk, place: int) -> dict[str, Standing]:
        """How a chunk stands in each of the lists that have a score for it."""
        at = self._place_of.get(chunk.id)
        if at is None:
            return {}
        found = {}
        for name, scores in self._lists(query).items():
            best = np.partition(scores, -min(place, len(scores)))[-min(place, len(scores)) :]
            found[name] = Standing(
                rank=int((scores > scores[at]).sum()),
                score=float(scores[at]),
                lead=float(best.max() - best.min()),
            )
        return found

    def alike(self, query: str, sentences: Sequence[str]) -> list[float]:
        """The likeness in meaning of a query and each of `sentences`, -1…1, by the small encoder."""
        if self.small is None or not sentences:
            return [0.0] * len(sentences)
        asked = self._encoded(self.small, query)
        return [float(row @ asked) for row in self.meanings(self.small, sentences)]

    def meanings(self, small: Embedder, sentences: Sequence[str]) -> Vectors:
        """The vectors of sentences by the small encoder, shape (sentences, dimension)."""
        return self._kept.embed(small, sentences) if self._kept else small.embed_passages(sentences)

    def _lists(self, query: str) -> dict[str, NDArray[np.float32]]:
        """Scores by list; those of the last query are kept, for it is often asked again."""
        if self._last[0] != query:
            self._last = query, self._scored(query)
        return self._last[1]

    def _scored(self, query: str) -> dict[str, NDArray[np.float32]]:
        found: dict[str, NDArray[np.float32]] = {}
        if "lexical" in self._weights:
            found["lexical"] = self.lexical.scores(self._expand(query))
        encoded: dict[int, Vectors] = {}
        for name in DENSE:
            encoder = self._encoders[name]
            if encoder is None or name not in self._weights or name not in self.vectors:
                continue
            if id(encoder) not in encoded:
                encoded[id(encoder)] = self._encoded(encoder, query)
            found[name] = self.vectors[name] @ encoded[id(encoder)]
        return found

    def _encoded(self, encoder: Embedder, query: str) -> Vectors:
        """The vector of a query; those of the last ones are kept, for a conversation asks on."""
        key = encoder.digest, query
        if key not in self._vectors_of:
            if len(self._vectors_of) >= _QUERIES:
                self._vectors_of.clear()
            self._vectors_of[key] = encoder.embed_query(query)
        return self._vectors_of[key]

    def _neighbours(self, total: NDArray[np.float32]) -> NDArray[np.float32]:
        """A bonus by the share of the same document among the best."""
        best = _top(total, _NEIGHBOURHOOD)
        if not len(best):
            return np.zeros_like(total)
        counts = np.bincount(self._documents[best], minlength=int(self._documents.max()) + 1)
        bonus = _SAME_DOCUMENT * counts[self._documents] / len(best)
        return np.where(total > 0, bonus, 0).astype(np.float32)


def _normalised(scores: NDArray[np.float32], allowed: NDArray[np.bool_] | None) -> Vectors:
    if allowed is not None:
        scores = np.where(allowed, scores, -np.inf)
    best = _top(scores, _CANDIDATES)
    result = np.zeros_like(scores)
    if not len(best):
        return result
    high, low = float(scores[best[0]]), float(scores[best[-1]])
    result[best] = (scores[best] - low) / (high - low) if high > low else 1.0
    return result


def _top(scores: NDArray[np.float32], limit: int) -> NDArray[np.intp]:
    """Places of the `limit` highest positive scores, highest first."""
    limit = min(limit, len(scores))
    best = np.argpartition(-scores, limit - 1)[:limit] if limit < len(scores) else np.arange(limit)
    best = best[scores[best] > 0]
    return best[np.lexsort((best, -scores[best]))]

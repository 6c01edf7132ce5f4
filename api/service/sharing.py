"""Long embedding beside questions: it takes turns with them, a few passages at a time, so that
whoever asks waits for a moment and not for the whole document."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

import numpy as np

from kb.embedding.encoders import Embedder, ModelCard, Vectors

_FEW = 4
"""Passages embedded in one turn: some tenths of a second."""


class SharingEmbedder:
    """An embedder whose passages are embedded in turns with others who use the same model.

    Args:
        embedder: does the work; its queries are for those who hold a turn already.
        turn: held while a few passages are embedded.
    """

    def __init__(self, embedder: Embedder, turn: AbstractContextManager[None]) -> None:
        self._embedder, self._turn = embedder, turn

    @property
    def name(self) -> str:
        """The model's name."""
        return self._embedder.name

    @property
    def digest(self) -> str:
        """The model's digest."""
        return self._embedder.digest

    @property
    def card(self) -> ModelCard:
        """Which model this is."""
        with self._turn:  # the first look at it loads the model and embeds a word
            return self._embedder.card

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """One row a text, shape (texts, dimension)."""
        if self._embedder.embeds_apart(len(texts)):
            return self._embedder.embed_passages(texts)
        parts = [self._few(texts[n : n + _FEW]) for n in range(0, len(texts), _FEW)]
        return np.concatenate(parts) if parts else self._few(texts)

    def _few(self, texts: Sequence[str]) -> Vectors:
        with self._turn:
            return self._embedder.embed_passages(texts)

    def weights(self) -> str:
        """Digest of the weights that are loaded."""
        return self._embedder.weights()

    def embeds_apart(self, count: int) -> bool:
        """Whether so many texts are embedded by other processes."""
        return self._embedder.embeds_apart(count)

    def embed_query(self, text: str) -> Vectors:
        """Shape (dimension,)."""
        return self._embedder.embed_query(text)

    def close(self) -> None:
        """Give back what embedding many texts took."""
        self._embedder.close()

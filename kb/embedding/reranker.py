"""An optional cross-encoder that reads question and passage together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.errors import opening


class Reranker:
    """A sentence-transformers cross-encoder, loaded when it is first used.

    Args:
        model: a local folder or a name on the model hub.
    """

    def __init__(self, model: str) -> None:
        self._name = model
        self._model: Any = None

    def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """How well each passage answers the query, shape (passages,); higher is better.

        Raises:
            ModelError: the model cannot be opened.
        """
        if self._model is None:
            from sentence_transformers import CrossEncoder  # noqa: PLC0415

            with opening(
                f"重排模型打不开 {self._name}",
                f"cannot open the reranker {self._name}",
                "检查或清空 DUBAN_RERANKER / check DUBAN_RERANKER or unset it",
            ):
                self._model = CrossEncoder(self._name)
        pairs = [(query, passage) for passage in passages]
        return np.asarray(self._model.predict(pairs, show_progress_bar=False), np.float32)

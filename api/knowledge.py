"""Puts the parts of retrieval together: models, index, retriever, assistant, as settings say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TypeVar

from api.assistant.answer import Assistant
from api.assistant.model import ModelSettings, WordedAssistant
from api.assistant.reply import Build
from api.assistant.search import chunks_of
from api.settings import Settings
from kb.chunks import Chunk
from kb.embedding import load_embedder, load_small_encoder
from kb.embedding.bundled import NAME, altered_files
from kb.embedding.cache import VectorCache
from kb.embedding.encoders import Embedder, SentenceTransformerEmbedder, Vectors
from kb.embedding.reranker import Reranker
from kb.expansion import QueryExpander
from kb.index import Report, VectorIndex
from kb.retrieval import HybridRetriever
from tasks.queries import Register
from tasks.store import Store

Say = Callable[[str], None]


def open_index(
    settings: Settings,
    say: Say = lambda _: None,
    *,
    through: Callable[[Embedder], Embedder] = lambda embedder: embedder,
) -> VectorIndex:
    """The vector index that the settings name; nothing is opened yet. `through` says by what its
    passages are embedded.

    Raises:
        ModelError: the embedding model is missing or damaged.
    """
    embedder = _embedder(settings.embedding_model, settings.model_cache, say)
    folder, small = settings.home / "index", load_small_encoder()
    return VectorIndex(folder, through(embedder), through(small), url=settings.chroma_url)


def altered_model(settings: Settings) -> tuple[str, ...]:
    """Files of the embedding model that are not what they should be, where that can be known: of the
    bundled one. Of a folder of one's own the index knows the digest.

    Raises:
        ModelError: the package with the bundled model is missing or damaged.
    """
    bundled = settings.embedding_model in ("", NAME, "bundled")
    return altered_files(settings.model_cache) if bundled else ()


_loading = Lock()
_loaded: dict[tuple[str, Path], SentenceTransformerEmbedder] = {}


def _embedder(model: str, cache: Path, say: Say) -> SentenceTransformerEmbedder:
    """One model a process, however often it is asked for."""
    key = model, cache
    with _loading:
        if key not in _loaded:
            _loaded[key] = load_embedder(model, cache, say)
        return _loaded[key]


def stored_chunks(settings: Settings) -> list[Chunk]:
    """The chunks of the documents that are current in the store now."""
    with Store.open(settings.store_url) as store:
        return list(chunks_of(Register(store.extractions())))


def search_over(
    settings: Settings,
    chunks: Sequence[Chunk],
    vectors: Mapping[str, Vectors],
    expander: QueryExpander,
) -> HybridRetriever:
    """A retriever over chunks whose vectors are at hand.

    Raises:
        ModelError: the embedding model is missing or damaged.
    """
    embedder = _embedder(settings.embedding_model, settings.model_cache, lambda _: None)
    reranker = Reranker(settings.reranker) if settings.reranker else None
    return HybridRetriever(
        chunks, vectors, embedder, load_small_encoder(), expand=expander, reranker=reranker,
        kept=VectorCache(settings.home / "vectors.db"),
    )  # fmt: skip


def retriever_builder(
    settings: Settings, say: Say = lambda _: None, report: Report = lambda *_: None
) -> Build:
    """Chunks → retriever over the index, which is brought in step with them first."""

    def build(chunks: Sequence[Chunk], expander: QueryExpander) -> HybridRetriever:
        vectors = open_index(settings, say).vectors(
            chunks, report, beside=True, latest=lambda: stored_chunks(settings)
        )
        return search_over(settings, chunks, vectors, expander)

    return build


def open_assistant(
    settings: Settings,
    register: Register,
    say: Say = lambda _: None,
    report: Report = lambda *_: None,
    *,
    store: Store | None = None,
) -> Assistant | WordedAssistant:
    """The assistant over a register, worded by a language model where one is set; `store` is where
    its queries are run, without one in memory."""
    return worded(settings, Assistant(register, retriever_builder(settings, say, report), store))


_A = TypeVar("_A", bound=Assistant)


def worded(settings: Settings, assistant: _A) -> _A | WordedAssistant:
    """The assistant, its answers worded by a language model where one is set."""
    if not settings.llm_url:
        return assistant
    model = ModelSettings(
        url=settings.llm_url,
        model=settings.llm_model or "default",
        key=settings.llm_key,
        timeout=settings.llm_timeout,
    )
    return WordedAssistant(assistant, model)

"""Puts the parts of retrieval together: models, index, retriever, assistant, as settings say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from api.assistant.answer import Assistant
from api.assistant.model import ModelSettings, WordedAssistant
from api.assistant.reply import Build
from api.settings import Settings
from kb.chunks import Chunk
from kb.embedding import load_embedder, load_small_encoder
from kb.embedding.encoders import SentenceTransformerEmbedder, SmallEncoder
from kb.embedding.reranker import Reranker
from kb.expansion import QueryExpander
from kb.index import Report, VectorIndex
from kb.retrieval import HybridRetriever
from tasks.queries import Register

Say = Callable[[str], None]


def open_index(settings: Settings, say: Say = lambda _: None) -> VectorIndex:
    """The vector index that the settings name; nothing is opened yet.

    Raises:
        ModelError: the embedding model is missing or damaged.
    """
    embedder = _embedder(settings.embedding_model, settings.model_cache, say)
    folder = settings.home / "index"
    return VectorIndex(folder, embedder, _small_encoder(), url=settings.chroma_url)


_loaded: dict[tuple[str, Path], SentenceTransformerEmbedder] = {}


def _embedder(model: str, cache: Path, say: Say) -> SentenceTransformerEmbedder:
    """One model a process, however often it is asked for."""
    key = model, cache
    if key not in _loaded:
        _loaded[key] = load_embedder(model, cache, say)
    return _loaded[key]


@lru_cache
def _small_encoder() -> SmallEncoder:
    return load_small_encoder()


def retriever_builder(
    settings: Settings,
    say: Say = lambda _: None,
    report: Report = lambda *_: None,
    whole: Sequence[Chunk] | None = None,
) -> Build:
    """Chunks → retriever over the index, which is brought in step with them first.

    With `whole` the index is that of these chunks, and the retriever is over some of them: an
    index of its own for each set of documents would be written anew whenever another set is asked.
    """

    def build(chunks: Sequence[Chunk], expander: QueryExpander) -> HybridRetriever:
        index = open_index(settings, say)
        vectors = index.vectors(chunks if whole is None else whole, report, beside=True)
        if whole is not None and len(whole) != len(chunks):
            place = {chunk.id: row for row, chunk in enumerate(whole)}
            rows = [place[chunk.id] for chunk in chunks]
            vectors = {kind: matrix[rows] for kind, matrix in vectors.items()}
        reranker = Reranker(settings.reranker) if settings.reranker else None
        return HybridRetriever(
            chunks, vectors, index.embedder, index.small, expand=expander, reranker=reranker
        )

    return build


def open_assistant(
    settings: Settings,
    register: Register,
    say: Say = lambda _: None,
    report: Report = lambda *_: None,
    whole: Sequence[Chunk] | None = None,
) -> Assistant | WordedAssistant:
    """The assistant over a register; worded by a language model where one is set. `whole` holds
    the chunks of the index where the register is a part of what it holds."""
    assistant = Assistant(register, retriever_builder(settings, say, report, whole))
    if not settings.llm_url:
        return assistant
    model = ModelSettings(
        url=settings.llm_url,
        model=settings.llm_model or "default",
        key=settings.llm_key,
        timeout=settings.llm_timeout,
    )
    return WordedAssistant(assistant, model)

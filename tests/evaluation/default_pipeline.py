"""How much of the clause asked about stands in the first 500 characters retrieved: ours, and
llama-index's default pipeline with the same embedder."""

from __future__ import annotations

from datetime import date
from typing import Any

from api.assistant.understand import understand
from kb.embedding.encoders import Embedder
from tests.evaluation.questions import OWN, SHARED, TODAY, assistant, read_questions

_FIRST = 500
Spans = list[tuple[int, int]]


def measure_share() -> tuple[float, float]:
    """(ours, the default pipeline's), means over the questions with evidence."""
    search = assistant().search
    base = search.retriever
    assert base.embedder is not None
    [extraction] = assistant().register.extractions
    default = _default_retriever(extraction.document.text, base.embedder)
    ours: list[float] = []
    theirs: list[float] = []
    rows = [r for p in (OWN, SHARED) if p.exists() for r in read_questions(p) if r["evidence"]]
    clauses = [(c.span.start, c.span.end) for c in extraction.clauses]
    for row in rows:
        day = date.fromisoformat(row["as_of"]) if row["as_of"] else TODAY
        known = assistant().organisations
        q = understand(row["question"], known, as_of=day, context=row["context"])
        at = row["evidence"][0]["offset"]
        gold = next(((a, b) for a, b in clauses if a <= at < b), None)
        if gold is None:
            continue
        hits = base.search(q.search, 5)
        ours.append(
            _share(gold, [(h.chunk.span.start, h.chunk.span.end) for h in hits if h.chunk.span])
        )
        nodes = [n.node for n in default.retrieve(q.search)]
        theirs.append(_share(gold, [(n.start_char_idx, n.end_char_idx) for n in nodes]))
    return sum(ours) / len(ours), sum(theirs) / len(theirs)


def _share(gold: tuple[int, int], found: Spans) -> float:
    left, held = _FIRST, 0
    for start, end in found:
        stop = min(end, start + left)
        held += max(0, min(stop, gold[1]) - max(start, gold[0]))
        left -= stop - start
        if left <= 0:
            break
    return held / min(gold[1] - gold[0], _FIRST)


def _default_retriever(text: str, embedder: Embedder) -> Any:
    from llama_index.core import Document, VectorStoreIndex
    from llama_index.core.base.embeddings.base import BaseEmbedding

    class Ours(BaseEmbedding):
        """Our embedder as llama-index wants it."""

        def _get_query_embedding(self, query: str) -> list[float]:
            return [float(x) for x in embedder.embed_query(query)]

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

        def _get_text_embedding(self, text: str) -> list[float]:
            return [float(x) for x in embedder.embed_passages([text])[0]]

    index = VectorStoreIndex.from_documents([Document(text=text)], embed_model=Ours())
    return index.as_retriever()

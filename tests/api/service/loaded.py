"""Imported by the process that tests fork services and commands from, and by nothing else: what each
of them would load or work out anew. Their readers are forked too (`tests.reading_processes`)."""

from __future__ import annotations

import gc
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from api.assistant.answer import Assistant
from api.cli.app import _commands
from api.knowledge import _embedder, search_over
from api.service.app import create_app
from api.settings import Settings, read_settings
from ingest import apart
from ingest.reader_version import reader_version
from kb.chunks import Chunk
from kb.embedding import load_small_encoder
from kb.expansion import QueryExpander
from kb.retrieval import HybridRetriever
from tasks.queries import Register
from tests.api.service.client import TestClient
from tests.reading_processes import Forking
from tests.stores import new_store
from tests.tasks.samples import TODAY, read


def _answer(settings: Settings) -> None:
    """A question in each language, to its answer. No index is made, whose threads no process that is
    forked has."""

    def build(chunks: Sequence[Chunk], expander: QueryExpander) -> HybridRetriever:
        first = _embedder(settings.embedding_model, settings.model_cache, print)
        text = first.embed_passages([chunk.text for chunk in chunks])
        small = load_small_encoder().embed_passages([chunk.text for chunk in chunks])
        vectors = {"text": text, "titled": np.array(text), "small": small}
        return search_over(settings, chunks, vectors, expander)

    made = Assistant(Register([read()[0]]), build)
    for question in ("整治隐患由哪些单位负责？", "Who is responsible for drills?"):
        assert made.ask(question, as_of=TODAY).answerable


def _serve(settings: Settings) -> None:
    """A request to each half of the service, to which all routes are looked at."""
    app = create_app(settings, public_read=True, warm=False)
    with TestClient(app) as client:
        for path in ("/healthz", "/api/v1/tasks", "/tasks", "/"):
            assert client.get(path).status_code == 200
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(10)


apart.subprocess = forking = Forking()  # type: ignore[attr-defined]
forking.begin()
reader_version()
_commands()
with tempfile.TemporaryDirectory() as _home:
    _settings = read_settings({"DUBAN_HOME": _home}, Path(_home))
    new_store(Path(_home))
    _answer(_settings)
    _serve(_settings)
assert threading.active_count() == 1
gc.collect()
gc.freeze()  # each would look through all of it, and have a copy of it by that

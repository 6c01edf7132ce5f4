"""Imported by the process that tests fork services from, and by nothing else: what each of them would
load anew. Their readers are forked too (`tests.reading_processes`)."""

from api.knowledge import _embedder
from api.settings import default_cache
from ingest import apart
from ingest.reader_version import reader_version
from kb.embedding import load_small_encoder
from tests.reading_processes import Forking

apart.subprocess = forking = Forking()  # type: ignore[attr-defined]
forking.begin()
reader_version()
assert _embedder("", default_cache({}).expanduser(), print).card.dimension
load_small_encoder().embed_query("")

"""The one verification of a store with what is installed and kept here: reader, checkpoints."""

from __future__ import annotations

from collections.abc import Iterable

from api.checkpoints import read_kept
from api.settings import Settings
from ingest.pipeline import decode_source, extract_bytes
from ingest.reader_version import reader_version
from tasks.audit import Checkpoint
from tasks.store import Store
from tasks.verify import Reader, Report, Verified, verify_store


def verify_all(
    settings: Settings,
    store: Store,
    checkpoints: Iterable[Checkpoint] = (),
    report: Report = lambda *_: None,
) -> Verified:
    """Check everything in a store; of checkpoints those given and those of `DUBAN_CHECKPOINTS`.

    Raises:
        SourceError: the file of checkpoints cannot be read.
    """
    kept = [*checkpoints, *read_kept(settings.checkpoints)]
    reader = Reader(version=reader_version(), extract=extract_bytes)
    return verify_store(store, decode_source, reader=reader, checkpoints=kept, report=report)

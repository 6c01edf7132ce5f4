"""Checkpoints of the log kept in a file outside the store, a line each, oldest first."""

from __future__ import annotations

import os
from pathlib import Path

from api.settings import Settings
from kb.errors import SourceError, both
from tasks import audit
from tasks.audit import Checkpoint
from tasks.store import Store


def read_kept(path: Path | None) -> list[Checkpoint]:
    """The checkpoints of a file; none where there is no file yet.

    Raises:
        SourceError: it cannot be read.
        DubanError: a line is no checkpoint.
    """
    if path is None:
        return []
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(both("读不了", "cannot be read", error), path=path) from error
    whole, _, _torn = text.rpartition("\n")  # a line without its end was cut off while written
    return [audit.read_checkpoint(line) for line in whole.splitlines() if line.strip()]


def keep_checkpoint(settings: Settings, store: Store) -> Checkpoint | None:
    """Append the log's length and head to the file that `DUBAN_CHECKPOINTS` names, unless its last
    line says the same; None where none is named.

    Raises:
        SourceError: the file cannot be written; or the chain is broken, or lacks what was kept: a
            checkpoint would bless what was altered.
    """
    path = settings.checkpoints
    if path is None:
        return None
    kept = read_kept(path)
    with store.reading() as connection:
        found = audit.verify_chain(connection, kept)
    if found.faults:
        raise SourceError(found.faults[0].message, hint="duban audit verify")
    point = Checkpoint(count=found.count, head=found.head)
    if not kept or kept[-1] != point:
        try:
            _append(path, audit.render_checkpoint(point))
        except OSError as error:
            raise SourceError(both("写不了", "cannot be written", error), path=path) from error
    return point


def _append(path: Path, line: str) -> None:
    """Append a line so that it is there after a power cut too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    with path.open("a+b") as file:
        file.seek(0)
        data = file.read()
        torn = len(data) - (data.rfind(b"\n") + 1)
        if torn:
            file.truncate(len(data) - torn)
        file.write(f"{line}\n".encode())
        file.flush()
        os.fsync(file.fileno())
    if new:
        entries = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(entries)
        finally:
            os.close(entries)

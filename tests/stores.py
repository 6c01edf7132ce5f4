"""New stores, as copies of one whose tables were made by the migrations once in this process: to
make them takes longer than most tests do."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tasks.store import Store

NAME = "duban.db"


@cache
def _made() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="duban-store-")
    Store.open(f"sqlite:///{folder.name}/{NAME}").close()
    return folder


def new_store(folder: Path, name: str = NAME) -> str:
    """The URL of a new store on SQLite, in a file in a folder that is there."""
    shutil.copyfile(Path(_made().name, NAME), folder / name)
    return f"sqlite:///{folder / name}"


@contextmanager
def passing_store() -> Iterator[Store]:
    """A new store that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, Store.open(new_store(Path(folder))) as store:
        yield store

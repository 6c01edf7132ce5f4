"""Stores for the tests: the same contract on SQLite and on a real PostgreSQL server."""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from sqlalchemy import Engine
from sqlalchemy.util import LRUCache

from ingest import apart
from tasks import database
from tasks.store import Store
from tests.postgres import Server
from tests.reading_processes import Forking
from tests.stores import new_store


class _Compiled(LRUCache[Any, Any]):
    """Statements as they were compiled for the first store of a kind. An engine keeps its own, and
    each test has a new one: to compile them again took a fifth of the time of tests of the store."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__((key[0].name, *key[1:]), value)


_compiled, _engine = _Compiled(2_000), database.create_engine


def _create_engine(*args: Any, **kwargs: Any) -> Engine:
    made = _engine(*args, **kwargs)
    made._compiled_cache = _compiled
    return made


database.create_engine = _create_engine  # type: ignore[attr-defined]
apart.subprocess = Forking()  # type: ignore[attr-defined]
settings.register_profile("duban", deadline=None)  # speed is measured by `make bench`
settings.load_profile("duban")
gc.disable()  # thousands of tests are gathered, none of which goes away
_MEMORY = Path("/dev/shm")  # noqa: S108 - every test has a folder of its own in it
if (
    "TMPDIR" not in os.environ
    and os.access(_MEMORY, os.W_OK)
    and shutil.disk_usage(_MEMORY).free > 4 << 30
):
    # A store waits for the disk at every commit, and nothing of the tests outlives the machine.
    os.environ["TMPDIR"], tempfile.tempdir = str(_MEMORY), None


_FIRST = ("test_layout.py", "browser/test_desk.py", "ingest/test_limits.py", "tasks/contracts/")
"""Beside the process that embeds the notice for all, which the first long file needs, the other begins
with what needs no vectors."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        name = item.path.relative_to(Path(__file__).parent).as_posix()
        return next((n for n, first in enumerate(_FIRST) if name.startswith(first)), len(_FIRST))

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """From here on only what the tests themselves make is looked through."""
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)  # every 700 objects took a twentieth of all the time
    gc.enable()


@pytest.fixture(autouse=True)
def _no_width(monkeypatch) -> None:
    """The width of a terminal that the tests were started in is not theirs."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server, started when the first test asks for it."""
    with Server() as server:
        Store.open(server.make_template()).close()
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path) -> Iterator[str]:
    """The URL of a new store, once on each kind of database."""
    if request.param == "sqlite":
        yield new_store(tmp_path)
        return
    server: Server = request.getfixturevalue("postgres")
    url = server.new_database()
    yield url
    server.drop(url)

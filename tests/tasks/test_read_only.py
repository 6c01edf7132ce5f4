"""A store's file in a folder that cannot be written: what is read is whole, or it is not read."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from kb.errors import StoreError
from tasks.lifecycle import Step
from tasks.read_only import ReadOnlyFile
from tasks.store import Store
from tests.tasks.samples import NOW, add, read, take


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A store's file; from here on no folder can be written, as far as one asks."""
    path = tmp_path / "duban.db"
    with Store.open(f"sqlite:///{path}") as store:
        add(store)
        take(store, Step.ACCEPT)
    may = os.access
    monkeypatch.setattr(os, "access", lambda p, how: how != os.W_OK and may(p, how))
    return path


def lives(path) -> int:
    with Store.open(f"sqlite:///{path}") as store, store.reading() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM life").scalar()


def test_it_is_read_and_nothing_is_written_beside_it(file):
    assert lives(file) == 1
    assert [p.name for p in file.parent.iterdir()] == [file.name]
    extraction, data = read()
    with Store.open(f"sqlite:///{file}") as store, pytest.raises(StoreError, match="只读"):
        store.add(extraction, data, recorded_at=NOW, refresh=True)


def test_what_is_only_in_the_log_of_one_who_has_it_open_is_read(file):
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute(
            "INSERT INTO life (milestone_id, occurrence, status, due, body) SELECT 'milestone-x', occurrence, status, due, body FROM life"
        )
        assert file.with_name("duban.db-wal").stat().st_size
        assert not ReadOnlyFile.find(file).whole
        assert lives(file) == 2


KILLED = """
import os, sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("INSERT INTO life (milestone_id, occurrence, status, due, body) SELECT 'milestone-x', occurrence, status, due, body FROM life LIMIT 1")
os.kill(os.getpid(), 9)
"""


def test_what_is_only_in_the_log_of_one_who_was_killed_is_not_left_out(file):
    subprocess.run([sys.executable, "-c", KILLED, str(file)], check=False)
    log, index = (file.with_name(f"duban.db{end}") for end in ("-wal", "-shm"))
    assert log.stat().st_size
    assert lives(file) == 2
    subprocess.run([sys.executable, "-c", KILLED.replace("-x", "-y"), str(file)], check=False)
    index.unlink(missing_ok=True)
    assert not ReadOnlyFile.find(file).whole


def test_on_a_full_disk_such_a_log_is_read_into_memory(file):
    subprocess.run([sys.executable, "-c", KILLED, str(file)], check=False)
    file.with_name("duban.db-shm").unlink(missing_ok=True)
    found = ReadOnlyFile.find_full(file)
    for _ in range(2):
        with closing(found.connect()) as connection:
            assert connection.execute("SELECT count(*) FROM life").fetchone() == (2,)


def test_what_changed_while_it_was_read_is_refused(file):
    with Store.open(f"sqlite:///{file}") as store:
        with store.reading() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM life").scalar()
        with sqlite3.connect(file, isolation_level=None) as other:
            other.execute("DELETE FROM life")
        other.close()  # what it wrote goes from its log into the file
        with pytest.raises(StoreError, match="改写"), store.reading():
            pass

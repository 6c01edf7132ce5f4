"""The store on a real database file: idempotent, versioned, whole after a kill."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text

from ingest.pipeline import extract_bytes
from kb.errors import NotFoundError, StoreError
from tasks.migrations import HEAD, upgrade
from tasks.schema import metadata
from tasks.store import Store

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
PLAN = """某区防汛工作方案（2024—2026年）
一、主要任务
1.整治隐患。到2025年，整治隐患点20处以上。（责任单位：区水利局、区应急局）
2.开展演练。每年6月底前组织演练，参加率不低于95%。（牵头单位：区应急局；配合单位：区教委）
"""


def read(words: str = PLAN, name: str = "plan.txt"):
    data = words.encode()
    return extract_bytes(data, name), data


@pytest.fixture
def url(store_url):
    return store_url


def test_reads_back_what_was_added(url):
    extraction, data = read()
    with Store.open(url) as store:
        added = store.add(extraction, data, recorded_at=NOW)
        assert added.status == "added"
        assert store.load(added.document_id) == extraction
        assert store.source(added.document_id) == data
    assert len(extraction.tasks) == 2
    with Store.open(url) as again:
        assert again.extractions() == (extraction,)
        assert again.documents()[0].recorded_at == NOW


def test_the_same_bytes_change_nothing(url):
    extraction, data = read()
    with Store.open(url) as store:
        store.add(extraction, data, recorded_at=NOW)
        assert store.add(extraction, data, recorded_at=NOW).status == "unchanged"
        assert len(store.documents(superseded=True)) == 1


def test_a_changed_file_is_a_new_version_and_keeps_the_old_facts(url):
    first, first_data = read()
    second, second_data = read(PLAN.replace("20处", "30处"))
    with Store.open(url) as store:
        store.add(first, first_data, recorded_at=NOW)
        added = store.add(second, second_data, recorded_at=NOW)
        assert (added.status, added.superseded) == ("new-version", first.document.id)
        assert [d.document.id for d in store.documents()] == [second.document.id]
        assert [d.version for d in store.documents(superseded=True)] == [1, 2] or {
            d.version for d in store.documents(superseded=True)
        } == {1, 2}
        assert store.load(first.document.id) == first
        back = store.add(first, first_data, recorded_at=NOW)
        assert (back.status, back.superseded) == ("new-version", second.document.id)
        assert [d.document.id for d in store.documents()] == [first.document.id]


def test_refresh_replaces_the_facts(url):
    extraction, data = read()
    with Store.open(url) as store:
        store.add(extraction, data, recorded_at=NOW)
        fewer = extraction.model_copy(update={"tasks": extraction.tasks[:1]})
        assert store.add(fewer, data, recorded_at=NOW, refresh=True).status == "unchanged"
        assert store.extractions() == (fewer,)


def test_an_unknown_document_is_told(url):
    with Store.open(url) as store:
        with pytest.raises(NotFoundError):
            store.load("doc-none")
        with pytest.raises(NotFoundError):
            store.source("doc-none")


def test_ids_do_not_change_when_read_again():
    assert read()[0] == read()[0]


def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path):
    file = tmp_path / "duban.db"
    file.write_bytes(b"this is not a database at all, " * 200)
    before = file.read_bytes()
    with pytest.raises(StoreError) as caught:
        Store.open(f"sqlite:///{file}")
    assert str(file) in str(caught.value)
    assert "已损坏" in str(caught.value)
    assert file.read_bytes() == before


def test_a_newer_store_is_refused(url):
    Store.open(url).close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreError, match="9999"):
        Store.open(url)


def test_a_read_only_store_is_told(tmp_path):
    extraction, data = read()
    file = tmp_path / "duban.db"
    Store.open(f"sqlite:///{file}").close()
    url = f"sqlite:///file:{file}?mode=ro&uri=true"
    with Store.open(url) as store, pytest.raises(StoreError, match="只读"):
        store.add(extraction, data, recorded_at=NOW)


def test_the_migrations_make_the_tables_of_the_schema():
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        upgrade(connection)
        context = MigrationContext.configure(connection)
        assert context.get_current_revision() == HEAD
        assert compare_metadata(context, metadata) == []
    engine.dispose()


KILLED = """
import sys, time
from datetime import UTC, datetime
from sqlalchemy import event
from tasks.store import Store
from tests.tasks.test_store import PLAN, read
store = Store.open(sys.argv[1])
@event.listens_for(store._engine, "commit")
def wait(connection):
    print("before commit", flush=True)
    time.sleep(60)
extraction, data = read(PLAN.replace("20处", "30处"))
store.add(extraction, data, recorded_at=datetime(2026, 1, 2, tzinfo=UTC))
"""


def test_killed_before_the_commit_the_store_is_as_before(url):
    extraction, data = read()
    with Store.open(url) as store:
        store.add(extraction, data, recorded_at=NOW)
    root = Path(__file__).resolve().parents[2]
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, url], stdout=subprocess.PIPE, cwd=root, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "before commit\n"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    time.sleep(0.01)
    with Store.open(url) as store:
        assert store.extractions() == (extraction,)
        assert len(store.documents(superseded=True)) == 1

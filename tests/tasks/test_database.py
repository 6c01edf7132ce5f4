"""The database of the store: opened or refused, one writer at a time, whole after a kill."""

import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, delete, event, func, insert, inspect, select, text

from kb.errors import StoreError
from tasks import audit, schema
from tasks.lifecycle import Command, Step
from tasks.listed import list_standings
from tasks.migrations import HEAD, upgrade
from tasks.schema import metadata
from tasks.store import Store
from tasks.tracker import Tracker
from tests.api.delivery.processes import FORK, kill
from tests.tasks.samples import NOW, OFFICER, PLAN, TODAY, milestone_of, read, take


@pytest.fixture
def url(store_url):
    return store_url


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


def begin(what: Callable[..., None], *arguments: object) -> tuple[ForkServerProcess, Connection]:
    """A process that does it, and the line to it, which is the last argument."""
    here, there = FORK.Pipe()
    process = FORK.Process(target=what, args=(*arguments, there), daemon=True)
    process.start()
    there.close()
    return process, here


def come_to_a_commit(url: str, line: Connection) -> None:
    store = Store.open(url)

    @event.listens_for(store._engine, "commit")
    def wait(_connection):
        line.send("before commit")
        time.sleep(60)

    extraction, data = read(PLAN.replace("20处", "30处"))
    store.add(extraction, data, recorded_at=NOW)


def test_killed_before_the_commit_the_store_is_as_before(url):
    extraction, data = read()
    with Store.open(url) as store:
        store.add(extraction, data, recorded_at=NOW)
    child, line = begin(come_to_a_commit, url)
    with line:
        assert line.recv() == "before commit"
        kill(child)
    time.sleep(0.01)
    with Store.open(url) as store:
        assert store.extractions() == (extraction,)
        assert len(store.documents(superseded=True)) == 1


def open_it(url: str, _line: Connection) -> None:
    Store.open(url).close()


def test_two_who_open_a_new_store_at_once_make_it_once(tmp_path, postgres):
    for url in (f"sqlite:///{tmp_path / 'new.db'}", postgres.new_database(empty=True)):
        children = [begin(open_it, url) for _ in range(3)]
        for child, line in children:
            with line:
                child.join()
            assert child.exitcode == 0
        with Store.open(url) as store:
            assert store.documents() == ()


def report_often(url: str, name: str, times: int, line: Connection) -> None:
    store = Store.open(url)
    tracker, key = Tracker(store), milestone_of(store, "整治隐患")
    line.send("ready")
    line.recv()
    for number in range(times):
        command = Command(step=Step.REPORT, milestone_id=key, on=TODAY, text=f"{name} {number}")
        tracker.perform(OFFICER, command, NOW)


def test_two_processes_that_write_at_once_lose_nothing(store, store_url):
    take(store, Step.ACCEPT)
    children = [begin(report_often, store_url, name, 40) for name in ("a", "b")]
    for _, line in children:
        assert line.recv() == "ready"
    for _, line in children:
        line.send("go")
    for child, line in children:
        with line:
            child.join()
        assert child.exitcode == 0
    tracker = Tracker(store)
    assert tracker.life(milestone_of(store, "整治隐患")).reports == 80
    assert tracker.replay() == tracker.lives()
    with store.reading() as connection:
        assert audit.verify_chain(connection).faults == ()
        texts = [e.detail["text"] for e in audit.read(connection) if e.detail.get("text")]
    for name in "ab":
        mine = [t for t in texts if t.startswith(name)]
        assert mine == [f"{name} {number}" for number in range(40)], "each in its own order"


def stop_in_a_step(url: str, moment: str, line: Connection) -> None:
    store = Store.open(url)

    def wait():
        line.send("now")
        time.sleep(60)

    @event.listens_for(store._engine, "commit")
    def commit(connection):
        if connection.info.get("wrote") and moment == "before":
            wait()

    @event.listens_for(store._engine, "after_cursor_execute")
    def note(connection, _cursor, statement, *_rest):
        if statement.startswith("INSERT INTO audit"):
            connection.info["wrote"] = True

    take(store, Step.REPORT, percent=70)
    wait()


@pytest.mark.parametrize(("moment", "reports"), [("before", 0), ("after", 1)])
def test_killed_in_a_step_the_store_is_as_before_or_after(store, store_url, moment, reports):
    take(store, Step.ACCEPT)
    child, line = begin(stop_in_a_step, store_url, moment)
    with line:
        assert line.recv() == "now"
        kill(child)
    tracker = Tracker(store)
    assert tracker.life(milestone_of(store, "整治隐患")).reports == reports
    assert tracker.replay() == tracker.lives()
    with store.reading() as connection:
        assert audit.verify_chain(connection).faults == ()
    assert take(store, Step.REPORT).reports == reports + 1, "nothing is left locked"


def test_a_reader_sees_one_moment(store):
    with store.reading() as connection:
        before = connection.scalar(select(func.count()).select_from(schema.audit))
        take(store, Step.ACCEPT)
        assert connection.scalar(select(func.count()).select_from(schema.audit)) == before
        assert connection.execute(select(schema.life)).all() == []
    assert len(Tracker(store).lives()) == 1


def change_and_fail(connection) -> None:
    audit.append(connection, NOW, [audit.Change(actor="a", action="b", subject="c")])
    connection.execute(delete(schema.milestone))
    raise ZeroDivisionError


def test_an_error_in_a_writing_transaction_undoes_it_all(store):
    before = Tracker(store).history(milestone_of(store, "整治隐患"))
    with pytest.raises(ZeroDivisionError), store.writing() as connection:
        change_and_fail(connection)
    assert Tracker(store).history(milestone_of(store, "整治隐患")) == before
    with store.reading() as connection:
        assert audit.verify_chain(connection).count == 1


def test_a_savepoint_undoes_its_own_part(store):
    with store.writing() as connection:
        change = audit.Change(actor="a", action="kept", subject="c")
        audit.append(connection, NOW, [change])
        inner = connection.begin_nested()
        audit.append(connection, NOW, [change.model_copy(update={"action": "undone"})])
        inner.rollback()
        audit.append(connection, NOW, [change.model_copy(update={"action": "also-kept"})])
    with store.reading() as connection:
        assert [e.action for e in audit.read(connection)][1:] == ["kept", "also-kept"]
        assert audit.verify_chain(connection).faults == ()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "库打不开"),
        ("nodialect://x/y", "库打不开"),
        ("postgresql+psycopg2://duban@/x", "缺少数据库驱动"),
        ("postgresql+psycopg://duban@/x?host=/nonexistent", "库打不开"),
        ("postgresql://duban@/x?host=/nonexistent", "库打不开"),  # psycopg is the driver
        ("postgres://duban@/x?host=/nonexistent", "库打不开"),
    ],
)
def test_stores_that_cannot_be_opened_are_told(url, message):
    with pytest.raises(StoreError, match=message) as caught:
        Store.open(url)
    assert " / " in caught.value.message


def test_a_password_is_never_shown(postgres):
    url = postgres.url("no_such_database").replace("duban@", "duban:geheim@")
    with pytest.raises(StoreError) as caught:
        Store.open(url)
    assert "no_such_database" in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_what_is_held_by_another_writer_is_told(tmp_path):
    url = f"sqlite:///{tmp_path / 'duban.db'}"
    with Store.open(url) as store, Store.open(url) as other, store.writing():
        event.listen(other._engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout=10"))
        other._engine.dispose()
        with pytest.raises(StoreError, match="正被别的进程写入"), other.writing():
            pass


def first_version(url: str, extraction, data) -> None:
    """A store as the first version of duban wrote it."""
    with Store.open("sqlite://") as store:
        store.add(extraction, data, recorded_at=NOW)
        with store.reading() as connection:
            tables = (schema.source, schema.document, schema.fact)
            rows = [[r._asdict() for r in connection.execute(select(table))] for table in tables]
    config = Config()
    config.set_main_option("script_location", "tasks:migrations")
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for table, values in zip(tables, rows, strict=True):
            then = {c["name"] for c in inspect(connection).get_columns(table.name)}
            kept = [{k: v for k, v in row.items() if k in then} for row in values]
            connection.execute(insert(table), kept)
    engine.dispose()


def test_a_store_of_the_first_version_is_brought_up_to_date(tmp_path, postgres):
    extraction, data = read()
    for url in (f"sqlite:///{tmp_path / 'duban.db'}", postgres.new_database(empty=True)):
        first_version(url, extraction, data)
        with Store.open(url) as store:
            assert store.extractions() == (extraction,)
            listed = {i.milestone_id for i in list_standings(store, TODAY)}
            assert listed == {m.id for t in extraction.tasks for m in t.milestones}
            assert take(store, Step.ACCEPT).steps == 1
            with pytest.raises(StoreError, match="append-only"), store.writing() as connection:
                connection.execute(text("DELETE FROM audit"))


def test_bytes_of_jobs_that_are_gone_are_in_no_file(url):
    secret = b"not to be kept, " * 4000
    row = {
        "id": "job-1",
        "login": "li",
        "kind": "ingest",
        "status": "queued",
        "at": NOW,
        "body": "{}",
    }
    with Store.open(url) as store:
        with store.writing() as connection:
            connection.execute(insert(schema.job), row)
            needed = {"job_id": "job-1", "body": "{}", "data": secret}
            connection.execute(insert(schema.job_input), needed)
        with store.writing() as connection:
            connection.execute(delete(schema.job_input))
        store.erase_freed()
        if path := store._engine.url.database if "sqlite" in url else None:
            files = Path(path).parent.glob(f"{Path(path).name}*")
            assert not any(secret[:64] in file.read_bytes() for file in files)

"""Verification of a store that was read by another reader, altered in its bytes, or is an older one."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import create_engine, text

from ingest.pipeline import decode_source, extract_bytes
from tasks import audit, schema
from tasks.access import Access
from tasks.audit import Checkpoint
from tasks.authorisation import CONSOLE, PersonRole
from tasks.corrections import Aspect, Draft, Operation
from tasks.lifecycle import Step
from tasks.models import Deadline, DueKind
from tasks.people import People, Person
from tasks.store import Store
from tasks.tracker import Tracker
from tasks.verify import Reader, verify_store
from tests.stores import new_store
from tests.tasks.prepared import verify
from tests.tasks.samples import NOW, SUPERVISOR, add, milestone_of, read, set_back, take, tasks_of


@pytest.fixture
def url(tmp_path):
    address = new_store(tmp_path)
    extraction, data = read()
    with Store.open(address) as store:
        store.add(extraction, data, recorded_at=NOW)
    return address


def check(url, statement=None):
    if statement:
        engine = create_engine(url)
        with engine.begin() as connection:
            assert connection.execute(text(statement)).rowcount
        engine.dispose()
    with Store.open(url) as store:
        return verify_store(store, decode_source)


def test_an_untouched_store_has_no_differences(url):
    result = check(url)
    assert result.differences == ()
    assert result.facts > 5


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("UPDATE source SET data = CAST(replace(CAST(data AS TEXT), '20处', '90处') AS BLOB)", "source"),
        ("""UPDATE fact SET body = replace(body, '"quote":"区水利局"', '"quote":"区教育局"') WHERE kind = 'tasks' AND ordinal = 0""", "fact"),
        ("UPDATE document SET body = replace(body, '20处', '90处')", "document"),
        ("UPDATE document SET body = 'no JSON'", "document"),
        ("UPDATE fact SET body = '{}'", "document"),
        ("UPDATE document SET recorded_at = 'never'", "document"),
    ],
)  # fmt: skip
def test_what_was_changed_is_named(url, statement, table):
    assert table in {d.table for d in check(url, statement).differences}


def test_facts_under_a_life_that_were_changed_for_a_while_are_told(store):
    """Altered, acted upon, put back: the facts are as they were read, but not the act's."""
    take(store, Step.ACCEPT)
    with store.writing() as connection:
        body = connection.scalar(text("SELECT body FROM fact WHERE kind = 'tasks' AND ordinal = 0"))
        other = body.replace("2025-12-31", "2031-12-31")
        assert other != body
        change = text("UPDATE fact SET body = :b WHERE kind = 'tasks' AND ordinal = 0")
        connection.execute(change, {"b": other})
    take(store, Step.REPORT)
    with store.writing() as connection:
        connection.execute(change, {"b": body})
    found = verify(store)
    assert not found.sound
    assert any("第 2 条与第 3 条之间" in d.message for d in found.differences)
    assert {d.table for d in found.differences} == {"audit", "fact"}


def test_facts_that_another_reader_gave_are_compared_by_digest_only(store):
    how = Reader(version="0123456789abcdef", extract=extract_bytes)
    found = verify_store(store, decode_source, reader=how)
    assert found.sound
    assert any("另一版本" in words for words in found.unknown)


def test_a_fact_that_never_stood_there_is_found_by_reading_again(store):
    """Whoever rewrites facts, their digest and the whole log is found by the bytes."""
    extraction, data = read(
        "某区计划（2024—2026年）\n1.修路。2025年底前修路。（责任单位：区交通局）\n", "b.txt"
    )
    fewer = extraction.model_copy(update={"tasks": ()})
    store.add(fewer, data, recorded_at=NOW, reader="installed")
    assert verify_store(store, decode_source).sound, "the digests are those of the forged facts"
    how = Reader(version="installed", extract=extract_bytes)
    found = verify_store(store, decode_source, reader=how)
    assert any("/tasks/0" in d.row for d in found.differences)


def test_checkpoints_that_are_kept_narrow_what_cannot_be_known(store):
    point = head(store)
    take(store, Step.ACCEPT)
    alone, kept = verify(store), verify(store, point)
    assert any("没有另存的校验点" in words for words in alone.unknown)
    assert any("最后一个校验点（第 1 条）" in words for words in kept.unknown)
    assert kept.sound
    assert verify(store, Checkpoint(count=9, head="0" * 64)).faults


def head(store) -> Checkpoint:
    with store.reading() as connection:
        return audit.last_checkpoint(connection)


def test_what_was_there_before_sealing_is_sealed_by_the_migration(store_url):
    from tests.tasks.prepared import prepare

    prepare(store_url, pictures=False)
    with Store.open(store_url) as store:
        before = head(store).count
        with store.writing() as connection:
            set_back(connection, "0007")
    with Store.open(store_url, migrate=False) as store:
        found = verify(store)
        assert [(d.table, d.found) for d in found.differences] == [("alembic_version", "0007")]
    with Store.open(store_url) as store:
        found = verify(store)
        # The question of versions went with its table when the store was set back.
        assert {d.table for d in found.differences} == {"version_doubt"}
        assert not found.faults
        assert any("3 份文件自日志第" in words for words in found.unknown)
        with store.reading() as connection:
            made = list(audit.read(connection, after=before))
        assert [e.action for e in made] == ["document.sealed"] * 3 + ["store.sealed"]
        take(store, Step.CANCEL, "整治隐患")
        assert verify(store).differences == found.differences


def test_an_event_recorded_again_after_its_deadline_was_corrected_is_logged(store):
    tracker, key = Tracker(store), milestone_of(store, "移交校舍")
    day = date(2025, 11, 3)
    tracker.record_event(SUPERVISOR, key, "一小", day, NOW)
    longer = Deadline(kind=DueKind.RELATIVE, duration="P6M", event="验收")
    draft = Draft(
        task_id=tasks_of(store)["移交校舍"].id, aspect=Aspect.DATE, operation=Operation.CHANGE,
        fact_id=key, deadline=longer, reason="勘误",
    )  # fmt: skip
    tracker.correct(SUPERVISOR, draft, NOW)
    assert tracker.record_event(SUPERVISOR, key, "一小", day, NOW).due == date(2026, 5, 3)
    assert verify(store).differences == ()


def test_a_cell_that_cannot_be_read_is_named_and_blinds_nothing(tmp_path):
    """SQLite keeps anything in a column of days."""
    with Store.open(new_store(tmp_path)) as store:
        add(store)
        take(store, Step.ACCEPT)
        with store.writing() as connection:
            connection.exec_driver_sql("UPDATE milestone SET due = 'garbage'")
            connection.exec_driver_sql("UPDATE life SET status = 'closed'")
        found = verify(store).differences
    assert {"milestone", "life"} <= {d.table for d in found}


@contextmanager
def roots_exchanged(file, one: str, other: str) -> Iterator[None]:
    """Let two indexes of a store's file each lie where the other did."""

    def exchange() -> None:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_master"))
            connection.execute("PRAGMA writable_schema=ON")
            for name, root in ((one, roots[other]), (other, roots[one])):
                connection.execute(
                    "UPDATE sqlite_master SET rootpage = ? WHERE name = ?", (root, name)
                )

    exchange()
    yield
    exchange()


@pytest.mark.parametrize(
    ("index", "table"),
    [
        ("sqlite_autoindex_life_1", "life"),
        ("sqlite_autoindex_document_1", "document"),
        ("ix_milestone_due", "milestone"),
        ("ix_assignment_unit_id_role", "assignment"),
    ],
)
def test_an_index_that_is_not_its_tables_is_named(tmp_path, index, table):
    url = new_store(tmp_path)
    with Store.open(url) as store:
        add(store)
        take(store, Step.ACCEPT)
        assert verify(store).sound
    with roots_exchanged(tmp_path / "duban.db", index, "ix_session_login"):
        with Store.open(url, migrate=False) as store:
            said = verify(store)
        assert (table, index) in {(d.table, d.row) for d in said.differences}
    with Store.open(url) as store:
        assert verify(store).sound


def test_what_postgresql_cannot_tell_of_its_indexes_is_said_or_checked(store_url):
    with Store.open(store_url) as store:
        add(store)
        said = verify(store)
    [indexes] = [c.count for c in said.checked if c.what == "索引 / indexes"] or [0]
    assert bool(indexes) != any("amcheck" in words for words in said.unknown)


def test_an_index_of_postgresql_is_compared_where_amcheck_is_there(postgres):
    url = postgres.new_database()
    with Store.open(url) as store:
        add(store)
        with store.writing() as connection:
            if not connection.scalar(
                text("SELECT count(*) FROM pg_available_extensions WHERE name = 'amcheck'")
            ):
                pytest.skip("no amcheck")
            connection.execute(text("CREATE EXTENSION amcheck"))
        assert verify(store).sound
        with store.writing() as connection:
            # The table's rows go to another file, of which the index knows nothing.
            connection.execute(
                text(
                    "UPDATE pg_index SET indisready = false WHERE indexrelid = 'ix_milestone_due'::regclass"
                )
            )
            connection.execute(text("UPDATE milestone SET due = '2031-12-31'"))
            connection.execute(
                text(
                    "UPDATE pg_index SET indisready = true WHERE indexrelid = 'ix_milestone_due'::regclass"
                )
            )
        said = verify(store)
    assert ("milestone", "ix_milestone_due") in {(d.table, d.row) for d in said.differences}
    postgres.drop(url)


@pytest.mark.parametrize("name", ["user_version", "application_id"])
def test_a_number_in_the_files_head_is_named(url, tmp_path, name):
    with closing(sqlite3.connect(tmp_path / "duban.db")) as connection:
        connection.execute(f"PRAGMA {name}=7")
    assert ("sqlite", name) in {(d.table, d.row) for d in check(url).differences}


def test_tokens_that_ended_or_that_nobody_ended(store_url):
    later = NOW + timedelta(days=9)
    with Store.open(store_url) as store:
        access = Access(store, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        People(store).add(CONSOLE, Person(login="sun", name="孙", role=PersonRole.READER), NOW)
        kept, revoked, ended = (
            access.create_token(CONSOLE, "sun", name, ["read"], later, NOW)[1].id
            for name in ("甲", "乙", "丙")
        )
        t = schema.token
        with store.reading() as connection:
            rows = {row.id: row._asdict() for row in connection.execute(t.select())}
        access.revoke_token(CONSOLE, revoked, NOW)
        assert verify(store).sound
        for gone, back in ((kept, None), (None, revoked)):
            with store.writing() as connection:
                if gone:
                    connection.execute(t.delete().where(t.c.id == gone))
                if back:
                    connection.execute(t.insert(), rows[back])
            [found] = verify(store).differences
            assert (found.table, found.row) == ("token", gone or back)
            with store.writing() as connection:
                if gone:
                    connection.execute(t.insert(), rows[gone])
                if back:
                    connection.execute(t.delete().where(t.c.id == back))
        access.set_password(CONSOLE, "sun", "三只白鹭过江去也不回头", NOW)
        assert verify(store).sound, "a new password ends them"
        with store.writing() as connection:
            connection.execute(t.insert(), rows[ended])
        [found] = verify(store).differences
        assert (found.table, found.row) == ("token", ended)


def test_a_reference_to_nothing_is_named(tmp_path):
    url = new_store(tmp_path)
    with Store.open(url) as store:
        add(store)
    with closing(sqlite3.connect(tmp_path / "duban.db")) as connection, connection:
        connection.execute("INSERT INTO session VALUES ('h', 'gui', 'c', '2026-01-01 00:00:00')")
    with Store.open(url) as store:
        [difference] = verify(store).differences
    assert (difference.table, difference.row, difference.column) == ("session", "h", "login")

# ruff: noqa: S608 - the statements are the tests' own
"""Whatever is changed in a store beside its log is found, and the row is named: a table of alterations
by SQL, at least one for each column that matters."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Date, DateTime, Float, Integer, LargeBinary, create_engine, text
from sqlalchemy.engine import make_url

from tasks import schema
from tasks.store import Store
from tests.tasks.prepared import prepare, verify

IGNORED = {
    # What is altered here gives or hides nothing that another row does not show.
    "session": "short-lived; a sign-in is an entry of the log, its secret is nowhere",
    "conversation": "a person's own questions, which they may delete",
    "turn": "the same",
    "job.at": "when an upload was sent; its document has its own moment",
    "job.body": "what is told of an upload beside its state; what came of it is a document",
    "job_input": "the bytes of an upload until its job ends; what came of them is a document",
    "known_address": "where people signed in from; it only spares them a delay",
    "version_doubt.found_at": "when a question came up; the log has the moment",
    "version_doubt.evidence": "why a question came up, found again from both documents",
    "version_doubt.kind": "the same",
    "unnamed_evidence": "since when a file waits to be cleared, found again within a day",
}
"""Tables and columns that are not checked, each with the reason. A new column must be put here, or
is altered below."""

NO_ACT = {"calendar_anchor", "job"}
"""Tables of which rows are compared with themselves and the documents, since no act of the log makes
them: that one is gone cannot be known (see `tasks.verify`)."""

ALIAS = {"person_unit": "person", "fact": "document", "source": "document"}
"""Tables whose rows may be named by those of another, to which they belong."""


def tamper_with_log(connection: Connection) -> None:
    """Take the triggers away, as the owner of a database can."""
    if connection.dialect.name == "sqlite":
        for name in ("update", "delete", "replace"):
            connection.execute(text(f"DROP TRIGGER audit_no_{name}"))
    else:
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))


class Within(Store):
    """A prepared store as it stands inside a transaction that is never committed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        yield self._connection


@pytest.fixture
def altering(store_url) -> Iterator[Callable[[], AbstractContextManager[Connection]]]:
    """Gives transactions in which the prepared store is altered, without the checks of foreign
    keys, and is as before afterwards."""
    prepare(store_url)
    address = make_url(store_url)
    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    engine = create_engine(address)

    @contextmanager
    def begin() -> Iterator[Connection]:
        with engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execute(text("SET LOCAL session_replication_role = replica"))
            yield connection
            connection.rollback()

    yield begin
    engine.dispose()


def columns(kind: str) -> Iterator[tuple[str, str]]:
    """Every column on SQLite. Elsewhere two of each type: which there are is the same, how their
    values are read is not."""
    seen: Counter[type] = Counter()
    for table in schema.metadata.sorted_tables:
        for column in table.columns:
            if {table.name, f"{table.name}.{column.name}"} & IGNORED.keys():
                continue
            seen[type(column.type)] += 1
            if kind == "sqlite" or seen[type(column.type)] <= 2:
                yield table.name, column.name


def change_one(connection: Connection, table: str, column: str) -> str:
    """Give a column of one row (one that has a value, where there is one) another value of its
    type; gives a part of the row's key."""
    there = schema.metadata.tables[table]
    keys = [c.name for c in there.primary_key]
    rows = connection.execute(there.select().order_by(*there.primary_key)).mappings().all()
    row = next((r for r in rows if r[column] not in (None, "", 0)), rows[0])
    kind, value = there.c[column].type, row[column]
    if isinstance(kind, Integer | Float):
        new = 1 - value if column in ("active", "inherited") else (value or 0) + 1000
    elif isinstance(kind, Date | DateTime):
        new = (
            value + timedelta(days=1)
            if value
            else "2026-01-05 00:00:00+00:00"[: 10 if isinstance(kind, Date) else 25]
        )
    elif isinstance(kind, LargeBinary):
        new = value[:-1] + bytes([value[-1] ^ 1])
    elif str(value or "").startswith(("{", "[")):
        new = value[:-1] + " " + value[-1]  # another spelling is no other value, so
        for a, b in (
            ("区水利局", "区教育局"),
            ('percent":40', 'percent":90'),
            ("漏列", "补列"),
            ("a", "b"),
        ):
            if a in value:
                new = value.replace(a, b, 1)
                break
    else:
        new = f"{value or ''}x"[: getattr(kind, "length", None) or 99]
        if new == value:
            new = ("0" if value[0] != "0" else "1") + value[1:]
    if isinstance(new, str) and new[:3] == "202" and isinstance(kind, Date | DateTime):
        connection.execute(
            text(
                f'UPDATE "{table}" SET "{column}" = \'{new}\' WHERE '
                + " AND ".join(f'"{k}" = :{k}' for k in keys)
            ),
            {k: row[k] for k in keys},
        )
    else:
        mine = [there.c[k] == row[k] for k in keys]
        connection.execute(there.update().where(*mine).values({column: new}))
    return str(row[keys[0]])


def run(*statements: str) -> Callable[[Connection], None]:
    def do(connection: Connection) -> None:
        for statement in statements:
            done = connection.execute(text(statement))
            assert done.rowcount or statement.startswith(("DROP", "CREATE")), statement

    return do


def json_set(table: str, old: str, new: str, where: str = "1=1") -> str:
    return f"UPDATE {table} SET body = replace(body, '{old}', '{new}') WHERE {where} AND body LIKE '%{old}%'"


CASES: list[tuple[str, str, Callable[[Connection], None]]] = [
    # What the store was tried with, then rows deleted, added, and taken from elsewhere.
    ("a deadline by its row", "milestone", run("UPDATE milestone SET due = '2031-12-31' WHERE due = '2025-12-31'")),
    ("a deadline by its facts", "fact", run(json_set("fact", "2025-12-31", "2031-12-31", "kind = 'tasks'"))),
    ("a deadline by both", "fact", run("UPDATE milestone SET due = '2031-12-31' WHERE due = '2025-12-31'", json_set("fact", "2025-12-31", "2031-12-31", "kind = 'tasks'"))),
    ("a life set to closed", "life", run("UPDATE life SET status = 'closed'", json_set("life", "in_progress", "closed"))),
    ("a life's status alone", "life", run("UPDATE life SET status = 'closed' WHERE status = 'in_progress'")),
    ("a correction is taken back", "correction", run("UPDATE correction SET status = 'withdrawn' WHERE ordinal = 1", json_set("correction", '"status":"active"', '"status":"withdrawn"', "ordinal = 1"))),
    ("corrections change places", "correction", run("UPDATE correction SET ordinal = 99 WHERE ordinal = 1", "UPDATE correction SET ordinal = 1 WHERE ordinal = 2", "UPDATE correction SET ordinal = 2 WHERE ordinal = 99")),
    ("a document is opened", "visibility", run("DELETE FROM visibility")),
    ("a document is opened by another level", "visibility", run("UPDATE visibility SET level = 'public'")),
    ("a document is put back", "document", run("UPDATE document SET withdrawn_at = NULL WHERE withdrawn_at IS NOT NULL")),
    ("a former version holds again", "document", run("UPDATE document SET superseded_by = NULL WHERE superseded_by IS NOT NULL")),
    ("a document's title", "document", run("UPDATE document SET title = '别的'")),
    ("its text", "document", run(json_set("document", "20处", "90处"))),
    ("somebody administers", "person", run("UPDATE person SET role = 'admin' WHERE login = 'qian'")),
    ("another's password", "person", run("UPDATE person SET password = (SELECT password FROM person WHERE login = 'sun') WHERE login = 'qian'")),
    ("a person that nobody added", "person", run("INSERT INTO person (login, name, role, active) VALUES ('gui', '鬼', 'admin', 1)")),
    ("a unit that nobody bound", "person_unit", run("INSERT INTO person_unit (login, unit) VALUES ('sun', '-/区公安局')")),
    ("a token that nobody made", "token", run("INSERT INTO token SELECT 'token-gui', 'h', 'qian', name, scopes, created_at, expires_at FROM token")),
    ("a step that nobody took", "life", run("INSERT INTO life SELECT 'milestone-gui', occurrence, status, due, body, since, updated_on FROM life LIMIT 1")),
    ("evidence that is another's", "evidence", run("UPDATE evidence SET data = (SELECT data FROM evidence WHERE length(data) = 7) WHERE length(data) = 5")),
    ("a digest that was not sent", "delivery", run("INSERT INTO delivery SELECT unit, '2026-W02', channel, status, holder, attempts, at, address, message_id, sha256, note, answer FROM delivery")),
    ("bytes that nobody brought", "source", run("INSERT INTO source SELECT 'b' || substr(sha256, 2), data FROM source LIMIT 1")),
    ("the copy of a digest that did not go out", "digest_copy", run("INSERT INTO digest_copy SELECT 'b' || substr(sha256, 2), subject, page, kept_at FROM digest_copy LIMIT 1")),
    ("an event of no milestone in calendars", "calendar_anchor", run("INSERT INTO calendar_anchor SELECT 'milestone-gui', anchor FROM calendar_anchor LIMIT 1")),
    ("an event in calendars is another's", "calendar_anchor", run("UPDATE calendar_anchor SET anchor = 'milestone-gui'")),
    ("an upload failed that did not", "job", run("UPDATE job SET status = 'failed'")),
    ("an upload that came to nothing is done", "job", run("UPDATE job SET status = 'done', body = replace(body, 'failed', 'done') WHERE status = 'failed'")),
    ("somebody is neither active nor not", "person", run("UPDATE person SET active = 2 WHERE active = 1")),
]  # fmt: skip
DELETED: list[tuple[str, str, Callable[[Connection], None]]] = [
    (f"rows of {name} are deleted", name, run(f'DELETE FROM "{name}"'))
    for name in schema.metadata.tables
    if name not in (*IGNORED, *NO_ACT, "audit")
]
"""Tried on SQLite: a row that is gone is gone on every database."""


def log_cases() -> list[tuple[str, str, Callable[[Connection], None]]]:
    def emptied(connection: Connection) -> None:
        tamper_with_log(connection)
        connection.execute(text("DELETE FROM audit"))

    def cut(connection: Connection) -> None:
        tamper_with_log(connection)
        connection.execute(text("DELETE FROM audit WHERE seq > 20"))

    def restored(connection: Connection) -> None:
        """The tail is cut and the triggers put back."""
        wanted = schema.TRIGGERS[connection.dialect.name]
        cut(connection)
        if connection.dialect.name == "sqlite":
            for statement in wanted.values():
                connection.execute(text(statement))
        else:
            connection.execute(text("ALTER TABLE audit ENABLE TRIGGER USER"))

    def toothless(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER audit_no_delete"))
            connection.execute(
                text("CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT 1; END")
            )
        else:
            connection.execute(
                text(
                    "CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"
                )
            )

    def added(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            connection.execute(
                text(
                    "CREATE TRIGGER more AFTER INSERT ON life BEGIN UPDATE life SET status = 'closed'; END"
                )
            )
        else:
            connection.execute(
                text(
                    "CREATE TRIGGER more AFTER INSERT ON life FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
                )
            )

    def beside(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE beside (id INTEGER)"))
        if connection.dialect.name == "sqlite":
            does = "BEGIN DELETE FROM life; END"
        else:
            does = "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
        connection.execute(text(f"CREATE TRIGGER more AFTER INSERT ON beside {does}"))

    def remade(what: str) -> Callable[[Connection], None]:
        return run("DROP INDEX ix_milestone_due", f"CREATE INDEX ix_milestone_due ON {what}")

    return [
        ("the log is emptied", "audit", emptied),
        ("the triggers are dropped", "audit", tamper_with_log),
        ("a trigger does nothing", "audit", toothless),
        ("a trigger is added", "audit", added),
        ("the log's tail is cut", "person", restored),
        ("a view is added", "overdue", lambda c: c.execute(text("CREATE VIEW overdue AS SELECT * FROM milestone WHERE due < '2026-01-01'"))),
        ("a trigger on a table beside ours", "beside", beside),
        ("an index is dropped", "milestone", lambda c: c.execute(text("DROP INDEX ix_milestone_due"))),
        ("an index is made anew, of a part of the rows", "milestone", remade("milestone (due) WHERE due > '2026-01-01'")),
        ("of another column", "milestone", remade("milestone (title)")),
        ("in another order", "milestone", remade("milestone (due DESC)")),
        ("a column is added", "life", lambda c: c.execute(text("ALTER TABLE life ADD COLUMN more TEXT"))),
        ("a column is dropped", "delivery", lambda c: c.execute(text("ALTER TABLE delivery DROP COLUMN note"))),
        ("a table is dropped", "address", lambda c: c.execute(text("DROP TABLE address"))),
        ("the log is dropped", "audit", lambda c: c.execute(text("DROP TABLE audit"))),
        ("an older revision", "alembic_version", run("UPDATE alembic_version SET version_num = '0007'")),
        ("a newer revision", "alembic_version", run("UPDATE alembic_version SET version_num = '9999'")),
    ]  # fmt: skip


def test_the_untouched_store_is_sound_and_every_alteration_is_named(altering, monkeypatch):
    with altering() as connection:
        before, kind = verify(Within(connection)), connection.dialect.name
    assert before.sound, (before.faults, before.differences)
    assert {c.what for c in before.checked if not c.count} == set()
    unseen: list[object] = []

    def try_all(cases):
        for name, table, alter in cases:
            with altering() as connection:
                alter(connection)
                said = verify(Within(connection))
                tables = {d.table for d in said.differences} | {"audit" for _ in said.faults}
                if said.sound or table not in tables:
                    unseen.append((name, tables))
                if table in ("fact", "document") and verify(Within(connection), reader="old").sound:
                    unseen.append((name, "by the digests alone"))

    with monkeypatch.context() as alone:
        # Where rows alone are altered, alembic finds of the tables what it found of the untouched.
        alone.setattr("tasks.verify.shape.compare_metadata", lambda *_: [])
        for table, column in columns(kind):
            with altering() as connection:
                if table == "audit":
                    tamper_with_log(connection)
                key = change_one(connection, table, column)
                said = verify(Within(connection))
            named = {(d.table, d.row) for d in said.differences}
            named |= {("audit", str(f.seq)) for f in said.faults if f.seq}
            wanted = {table, ALIAS.get(table, table)}
            if said.sound or not any(t in wanted and f"/{key}" in f"/{r}" for t, r in named):
                unseen.append((table, column, key, sorted(named)))
        try_all(CASES + (DELETED if kind == "sqlite" else []))
    try_all(log_cases())
    assert not unseen, "\n".join(map(str, unseen))
    with altering() as connection:
        assert verify(Within(connection)) == before

"""The shape of the store: its revision, tables, columns, indexes, the triggers that keep the log, and
nothing beside them that could show or write another thing than they say: views, triggers, rules."""

from __future__ import annotations

from functools import cache
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text

from kb.wording import in_both, phrase
from tasks import schema
from tasks.migrations import HEAD
from tasks.verify.report import Findings

_WHAT = in_both(phrase("tasks", "parts_of_schema"))
_OURS = in_both(phrase("tasks", "duban"))
_NUMBERS = ("user_version", "application_id")
"""Numbers in the head of SQLite's file, which no version of duban sets."""


def check_shape(connection: Connection, found: Findings) -> bool:
    """Compare the schema with the one that this version writes; False where the tables are of
    another revision or parts of them are gone, so that nothing else can be compared."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    revision = context.get_current_revision()
    if revision != HEAD:
        found.differs("alembic_version", str(revision), "version_num", HEAD, revision, _OURS)
        return False
    whole = True
    for change in compare_metadata(context, schema.metadata):
        # Changes to one column come as a list; a table that is not ours is none of ours.
        for kind, *parts in change if isinstance(change, list) else [change]:
            if kind != "remove_table":
                _tell(found, kind, parts)
                whole = whole and kind not in ("add_table", "add_column")
    for table in schema.metadata.tables.values():
        found.count(_WHAT, 1 + len(table.columns) + len(table.indexes))
    for owner, name, zh, en in _altered_indexes(connection):
        found.add(owner, name, f"索引 {name} {zh} / index {name} {en}")
    for name in _NUMBERS if connection.dialect.name == "sqlite" else ():
        found.count(_WHAT)
        if (value := connection.scalar(text(f"PRAGMA {name}"))) != 0:
            found.differs("sqlite", name, name, 0, value, _OURS)
    triggers = _triggers(connection)
    wanted = schema.TRIGGERS[connection.dialect.name]
    found.count(_WHAT, len(wanted))
    for name, sql in sorted(wanted.items()):
        _compare(found, name, sql, triggers.pop(("audit", name), None))
    for (owner, name), there in sorted(triggers.items()):
        told = "audit" if owner in schema.metadata.tables else owner
        found.add(told, name, f"多出触发器 {name}: {there} / a trigger that is not ours: {name}")
    for kind, name in _beside(connection):
        zh = {"view": "视图", "rule": "规则"}[kind]
        found.add(name, name, f"多出{zh} {name} / a {kind} that is not ours: {name}")
    return whole


def _compare(found: Findings, name: str, wanted: str, there: str | None) -> None:
    if there is None:
        found.add(
            "audit", name, f"触发器 {name} 不见了或被停用 / the trigger {name} is gone or disabled"
        )
    elif _flat(there) != _flat(wanted):
        found.add("audit", name, f"触发器 {name} 被改过 / the trigger {name} was altered")


def _tell(found: Findings, kind: str, parts: list[Any]) -> None:
    table = next((p for p in parts if isinstance(p, str) and p in schema.metadata.tables), "")
    part = parts[-1] if kind.startswith(("add_", "remove_")) else parts[2]
    name = str(getattr(part, "name", part))
    if not table:
        owner = getattr(part, "table", part)
        table = str(getattr(owner, "name", owner))
    gone = kind.startswith("add_")  # what alembic would add is not there
    zh, en = (
        ("缺少", "is missing") if gone else ("多出", "is not ours") if "remove" in kind else ("被改过", "was altered")
    )  # fmt: skip
    what = kind.partition("_")[2]
    found.add(table, name, f"{what} {name} {zh} / {what} {name} {en}")


def _altered_indexes(connection: Connection) -> list[tuple[str, str, str, str]]:
    """Indexes that hold not what their name says: of a part of the rows (whoever reads by one sees no
    others), of other columns or another order, or that the database does not keep: table, name, and
    what is the matter in both languages. (Those that are gone or not ours are told otherwise.)"""
    tables = schema.metadata.tables
    if connection.dialect.name == "sqlite":
        found = []
        there = {name: _indexes(connection, name) for name in tables}
        for name, wanted in _made_anew().items():
            for key in sorted(there[name].keys() | wanted.keys()):
                mine, other = wanted.get(key), there[name].get(key)
                if mine != other and ((mine and other) or key.startswith("sqlite_")):
                    found.append((name, key, "被改过", "was altered"))
        return found
    rows = connection.execute(
        text(
            "SELECT t.relname AS owner, c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "JOIN pg_class t ON t.oid = i.indrelid WHERE t.relnamespace = current_schema()::regnamespace AND "
            "(i.indpred IS NOT NULL OR i.indexprs IS NOT NULL OR NOT i.indisvalid OR NOT i.indisready "
            "OR 0 <> ANY (i.indoption::int2[]) OR c.relam <> (SELECT oid FROM pg_am WHERE amname = 'btree')) ORDER BY 2"
        )
    )
    return [(r.owner, r.name, "被改过", "was altered") for r in rows if r.owner in tables]


def _indexes(connection: Connection, table: str) -> dict[str, tuple[object, ...]]:
    """The indexes of a table on SQLite: whether unique, what made them, whether of a part of the rows,
    and their columns with order and collation."""
    found: dict[str, tuple[object, ...]] = {}
    for row in connection.execute(text(f'PRAGMA index_list("{table}")')).all():
        columns = connection.execute(text(f'PRAGMA index_xinfo("{row.name}")')).all()
        parts = tuple((c.name, c.desc, c.coll) for c in columns if c.key)
        found[row.name] = row.unique, row.origin, row.partial, parts
    return found


@cache
def _made_anew() -> dict[str, dict[str, tuple[object, ...]]]:
    """The indexes of all tables of a new store on SQLite."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        schema.metadata.create_all(connection)
        found = {name: _indexes(connection, name) for name in schema.metadata.tables}
    engine.dispose()
    return found


def _triggers(connection: Connection) -> dict[tuple[str, str], str]:
    """Triggers that are switched on, by table and name, as the database shows them: all of the
    schema; on PostgreSQL with what their function does, where that is not ours."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(
            text("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
        )
        return {(row.tbl_name, row.name): row.sql for row in rows}
    rows = connection.execute(
        text(
            "SELECT c.relname, t.tgname, pg_get_triggerdef(t.oid) AS definition, p.prosrc "
            "FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
            "WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') "
            "AND c.relnamespace = current_schema()::regnamespace"
        )
    )
    found: dict[tuple[str, str], str] = {}
    for row in rows:
        does = "" if _flat(row.prosrc) == _flat(schema.TRIGGER_FUNCTION) else f" -- {row.prosrc}"
        found[row.relname, row.tgname] = row.definition + does
    return found


def _beside(connection: Connection) -> list[tuple[str, str]]:
    """Views, on PostgreSQL rules too, of the schema but those of extensions: (kind, name)."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(
            text("SELECT 'view', name FROM sqlite_master WHERE type = 'view' ORDER BY name")
        )
    else:
        rows = connection.execute(
            text(
                "SELECT CASE WHEN r.rulename = '_RETURN' THEN 'view' ELSE 'rule' END, "
                "CASE WHEN r.rulename = '_RETURN' THEN c.relname ELSE r.rulename END "
                "FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class "
                "WHERE c.relnamespace = current_schema()::regnamespace AND NOT EXISTS "
                "(SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 2"
            )
        )
    return [(row[0], row[1]) for row in rows]


def _flat(sql: str) -> str:
    return " ".join(sql.split())

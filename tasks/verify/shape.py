"""The shape of the store: its revision, tables, columns, indexes, the triggers that keep the log, and
nothing beside them that could show or write another thing than they say: views, triggers, rules."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from tasks import schema
from tasks.migrations import HEAD
from tasks.verify.report import Findings

_WHAT = "库表结构 / parts of the schema"
_OURS = "本程序 / duban"


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

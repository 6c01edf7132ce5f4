"""Whether the database itself is whole: pages, indexes against their tables, references between rows.

An index whose pages were exchanged hides rows, or shows others, from whoever reads by it, while each
row that a scan reads is right. So this is asked first:
- SQLite: `PRAGMA integrity_check`, which compares each index with its table, entry by entry
  (`quick_check` would not); https://www.sqlite.org/pragma.html#pragma_integrity_check;
- PostgreSQL has no such question. All that follows reads tables and no index; indexes are compared
  with their tables where the extension `amcheck` is there and may be used
  (https://www.postgresql.org/docs/current/amcheck.html), else the report says that they were not.

References are asked for as `PRAGMA foreign_key_check` would, by statements that every database takes.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from sqlalchemy import Connection, ForeignKeyConstraint, Select, Table, exists, select, text
from sqlalchemy.exc import SQLAlchemyError

from kb.wording import in_both, phrase
from tasks import schema
from tasks.verify.report import Findings, shorten

_WHOLE = "ok"
_MOST = 100
"""So many faults are told; more say no more."""
_INDEXES = in_both(phrase("tasks", "indexes"))
_REFERENCES = in_both(phrase("tasks", "references"))
_NAMED = re.compile(r"\b(?:index|in table|value in|table) (\w+)\b")
"""How SQLite's lines name what they are about: `row 1 missing from index ix_life`."""


def check_integrity(connection: Connection, found: Findings) -> None:
    """Ask the database for its own faults, before anything is compared; after it, nothing that this
    transaction reads of PostgreSQL comes through an index."""
    if connection.dialect.name == "sqlite":
        _ask_sqlite(connection, found)
    else:
        for way in ("indexscan", "indexonlyscan", "bitmapscan"):
            connection.execute(text(f"SET LOCAL enable_{way} = off"))
        _ask_amcheck(connection, found)


def check_references(connection: Connection, found: Findings) -> None:
    """Rows that name a row which is not there. All tables are there."""
    for table in schema.metadata.sorted_tables:
        for reference in table.foreign_key_constraints:
            found.count(_REFERENCES)
            for row in connection.execute(_dangling(table, reference)):
                there = reference.referred_table.name
                found.add(
                    table.name, "/".join(map(str, row)),
                    f"所引用的 {there} 行不存在 / the row of {there} that it names is not there",
                    column=reference.column_keys[0],
                )  # fmt: skip


@cache
def _dangling(table: Table, reference: ForeignKeyConstraint) -> Select[Any]:
    parent = reference.referred_table.alias()
    pairs = [(e.parent, parent.c[e.column.name]) for e in reference.elements]
    there = exists().where(*[mine == other for mine, other in pairs])
    named = [mine.is_not(None) for mine, _ in pairs]
    return select(*table.primary_key).where(*named, ~there).limit(_MOST)


def _ask_sqlite(connection: Connection, found: Findings) -> None:
    indexes = connection.scalar(text("SELECT count(*) FROM sqlite_master WHERE type = 'index'"))
    found.count(_INDEXES, indexes or 0)
    try:
        lines = list(connection.scalars(text(f"PRAGMA integrity_check({_MOST})")))
    except SQLAlchemyError as error:
        lines = [str(error.__cause__ or error)]
    rows = connection.execute(text("SELECT name, tbl_name FROM sqlite_master"))
    owners: dict[str, str] = {row.name: row.tbl_name for row in rows}
    for line in lines:
        if line == _WHOLE:
            continue
        part = next((n for n in _NAMED.findall(line) if n in owners), "")
        told = shorten(line, 200)
        found.add(
            owners.get(part, "sqlite"), part,
            f"数据库自检不通过（索引与表不符或文件损坏）: {told} / the database's own check fails (an index that is not "
            f"its table's, or a damaged file): {told}",
        )  # fmt: skip


def _ask_amcheck(connection: Connection, found: Findings) -> None:
    query = text(
        "SELECT quote_ident(n.nspname) || '.bt_index_check' FROM pg_extension e "
        "JOIN pg_depend d ON d.refobjid = e.oid AND d.deptype = 'e' JOIN pg_proc p ON p.oid = d.objid "
        "JOIN pg_namespace n ON n.oid = p.pronamespace WHERE e.extname = 'amcheck' "
        "AND p.proname = 'bt_index_check' AND p.pronargs >= 2 "
        "AND has_function_privilege(p.oid, 'EXECUTE') LIMIT 1"
    )
    check = connection.scalar(query)
    if check is None:
        found.unknown.append(
            "PostgreSQL 的索引是否与表相符没有核对（没有 amcheck 扩展或无权使用）；核对时一律不经索引读表 / whether PostgreSQL's "
            "indexes hold what their tables do was not checked (no extension amcheck, or no right to "
            "use it); what was compared was read from the tables, by no index"
        )
        return
    rows = connection.execute(
        text(
            "SELECT c.oid, c.relname, t.relname AS owner FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "JOIN pg_class t ON t.oid = i.indrelid JOIN pg_am a ON a.oid = c.relam "
            "WHERE a.amname = 'btree' AND c.relnamespace = current_schema()::regnamespace ORDER BY 2"
        )
    ).all()
    for row in rows:
        found.count(_INDEXES)
        try:
            with connection.begin_nested():
                connection.execute(
                    text(f"SELECT {check}(CAST(:oid AS regclass), true)"), {"oid": row.oid}
                )
        except SQLAlchemyError as error:
            told = shorten(str(error.__cause__ or error), 200)
            found.add(
                row.owner, row.relname,
                f"索引与表不符: {told} / the index is not its table's: {told}",
            )  # fmt: skip

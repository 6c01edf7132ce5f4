"""Migrations of the store, run by Alembic from inside the package."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from kb.errors import StoreError

HEAD = "0017"
"""The revision that this version of duban reads and writes."""


def is_current(connection: Connection) -> bool:
    """Whether the store is at the newest revision already; reads only."""
    return _revision(connection) == HEAD


def _revision(connection: Connection) -> str | None:
    """The revision that Alembic noted. Asked without it: its import takes a tenth of a second of
    every command, and there is nothing to migrate but the first time."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    noted = connection.execute(text("SELECT version_num FROM alembic_version"))
    found: str | None = noted.scalar_one_or_none()
    return found


def upgrade(connection: Connection) -> bool:
    """Bring the store to the newest revision, inside the caller's transaction.

    Gives whether the rows of duties must be written anew from the facts.

    Raises:
        StoreError: the store was written by a newer duban.
    """
    current = _revision(connection)
    if current == HEAD:
        return False
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise StoreError(
            f"库的版本 {current} 比本程序新 / the store's revision {current} is newer than duban",
            hint="请升级 duban / upgrade duban",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return current is not None

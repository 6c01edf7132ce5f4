"""Migrations of the store, run by Alembic from inside the package."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from kb.errors import StoreError

HEAD = "0017"
"""The revision that this version of duban reads and writes."""


def is_current(connection: Connection) -> bool:
    """Whether the store is at the newest revision already; reads only."""
    return MigrationContext.configure(connection).get_current_revision() == HEAD


def upgrade(connection: Connection) -> bool:
    """Bring the store to the newest revision, inside the caller's transaction.

    Gives whether the rows of duties must be written anew from the facts.

    Raises:
        StoreError: the store was written by a newer duban.
    """
    current = MigrationContext.configure(connection).get_current_revision()
    if current == HEAD:
        return False
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

"""A PostgreSQL server of the tests' own: a temporary folder, a Unix socket, no network.

PostgreSQL refuses to run as root, so there it runs as the user that Debian's package makes.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql

_TEMPLATE = "duban_template"
_FAST = {
    "autovacuum": "off",  # no database of a test lives long enough
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "40",
    "shared_buffers": "32MB",
    "synchronous_commit": "off",
    "timezone": "Asia/Shanghai",  # a session whose zone is not UTC shows what forgets it
}


_LONGEST = 60
"""Characters of the folder that the server's own folder lies in."""


def _is_passed_by_all(folder: Path) -> bool:
    """Whether another user (see above) may go through `folder`."""
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))


def find_binaries() -> Path:
    """The folder of the newest server installed.

    Raises:
        FileNotFoundError: there is none; says what to install.
    """
    known = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if on_path := shutil.which("initdb"):
        known.append(Path(on_path).resolve().parent)
    if not known:
        raise FileNotFoundError("PostgreSQL is missing: run tests/system.sh (Debian: postgresql)")
    return max(known, key=lambda path: [int(p) for p in path.parts if p.isdigit()])


class Server:
    """A running server; a context manager that stops it and removes its folder."""

    def __init__(self) -> None:
        self._binaries = find_binaries()
        # In memory, where the temporary files are: a database is copied for every test, which takes
        # 50 ms there and 135 to 350 on a disk. A short path: that of a socket may have 107 bytes.
        place = tempfile.gettempdir()
        if len(place) > _LONGEST or not _is_passed_by_all(Path(place)):
            place = "/tmp"  # noqa: S108 - the folder made in it has a name of its own
        self._folder = Path(tempfile.mkdtemp(prefix="duban-pg-", dir=place))
        self._numbers = itertools.count(1)
        self._strategy = sql.SQL("")
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self._as:
            shutil.chown(self._folder, "postgres", "postgres")

    def __enter__(self) -> Self:
        data = str(self._folder / "data")
        self._run(
            "initdb", "-D", data, "-U", "duban", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"
        )
        settings = " ".join(f"-c {key}='{value}'" for key, value in _FAST.items())
        self._run(
            "pg_ctl", "-D", data, "-l", str(self._folder / "log"), "-w", "-t", "60",
            "-o", f"{settings} -k {self._folder}", "start",
        )  # fmt: skip
        if int(Path(data, "PG_VERSION").read_text(encoding="ascii")) >= 15:
            # Page by page, as it has been copied since then, a database takes four times as long.
            self._strategy = sql.SQL("STRATEGY FILE_COPY")
        return self

    def __exit__(self, *_: object) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [*self._as, str(self._binaries / program), *arguments],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            log = self._folder / "log"
            raise RuntimeError(f"{program}: {done.stderr}{log.read_text() if log.exists() else ''}")

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://duban@/{database}?host={self._folder}"

    def make_template(self) -> str:
        """A database that the later ones are copies of; open a store in it once and close it."""
        self._execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_TEMPLATE)))
        return self.url(_TEMPLATE)

    def new_database(self, *, empty: bool = False) -> str:
        """The URL of a new database: with the tables of a store, or empty."""
        name = f"store{next(self._numbers)}"
        template = "template0" if empty else _TEMPLATE
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} {}").format(
                sql.Identifier(name), sql.Identifier(template), self._strategy
            )
        )
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database again."""
        name = url.partition("@/")[2].partition("?")[0]
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(
            host=str(self._folder), user="duban", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)

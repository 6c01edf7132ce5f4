"""A store's file where nothing can be written beside it: a read-only mount, another person's folder, a
full disk.

SQLite's write-ahead log needs two files beside the database even for reading (`-wal`, `-shm`):
- where both are there, somebody has the store open, and SQLite reads it with them (`mode=ro`);
- where there is no log, or an empty one, all that was ever committed is in the file itself, which is
  then read as it is (`immutable=1`, https://www.sqlite.org/uri.html): without locks, so that a change
  from elsewhere meanwhile (the same folder mounted for writing) would be seen half. What was read
  from a file that changed is therefore refused afterwards (`check`);
- where a log holds something and its index is missing, a part of what was committed would be left
  out: that is not read, and told as a store that cannot be opened. On a full disk, where the folder
  itself can be written, it is read with its log into memory: for that SQLite needs no index
  (`locking_mode=EXCLUSIVE`, https://www.sqlite.org/wal.html#use_of_wal_without_shared_memory), but the
  store for itself a moment.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from kb.errors import StoreError

_PATIENCE = 5
"""Seconds that whoever has the store open is waited for."""


@dataclass(frozen=True, slots=True)
class ReadOnlyFile:
    """A database's file, how it stood (time of change in ns, bytes) when it was found, whether it is
    the whole database then (`immutable=1`), and whether it is the disk that is full. `copy`: file and
    log as they were, in memory."""

    path: Path
    stood: tuple[int, int]
    whole: bool
    full: bool = False
    copy: sqlite3.Connection | None = None

    @classmethod
    def find(cls, path: Path) -> ReadOnlyFile | None:
        """The file where it is there and nothing can be written in its folder; else None."""
        try:
            if not path.is_file() or os.access(path.parent, os.W_OK):
                return None
            return cls(path.absolute(), _state(path), _is_whole(path))
        except OSError:
            return None  # SQLite says what is the matter

    @classmethod
    def find_full(cls, path: Path) -> ReadOnlyFile:
        """The file on a disk on which there is no room for what SQLite writes beside it.

        Raises:
            sqlite3.Error: its log holds something, and cannot be read.
        """
        log = Path(f"{path}-wal")
        if Path(f"{path}-journal").exists() or (log.exists() and log.stat().st_size):
            copy = sqlite3.connect(":memory:", check_same_thread=False)
            with closing(sqlite3.connect(path, timeout=_PATIENCE)) as connection:
                connection.execute("PRAGMA locking_mode=EXCLUSIVE")
                connection.backup(copy)
            return cls(path.absolute(), _state(path), whole=False, full=True, copy=copy)
        return cls(path.absolute(), _state(path), whole=True, full=True)

    def connect(self) -> sqlite3.Connection:
        """Open it for reading."""
        if self.copy is not None:
            memory = sqlite3.connect(":memory:", check_same_thread=False)
            self.copy.backup(memory)
            return memory
        how = "mode=ro&immutable=1" if self.whole else "mode=ro"
        address = f"{self.path.as_uri()}?{how}"
        return sqlite3.connect(address, uri=True, check_same_thread=False)

    def check(self) -> None:
        """Check that it is as it was found.

        Raises:
            StoreError: it was changed from elsewhere.
        """
        if self.whole and _state(self.path) != self.stood:
            raise StoreError(
                "读取时库被别处改写 / the store was changed from elsewhere while it was read",
                hint="请再试一次 / try again",
                path=self.path,
            )


def _is_whole(path: Path) -> bool:
    log, index, journal = (Path(f"{path}{end}") for end in ("-wal", "-shm", "-journal"))
    if journal.exists() or (log.exists() and index.exists()):
        return False
    return not log.exists() or not log.stat().st_size


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size

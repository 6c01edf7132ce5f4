"""Vectors kept by model and text, so that only new text is embedded."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from kb.disk import disk_fault
from kb.embedding.encoders import Embedder, Vectors
from kb.errors import both

log = logging.getLogger("duban.index")
_TABLE = (
    "embedded (model TEXT, text TEXT, vector BLOB, digest BLOB, "
    "PRIMARY KEY (model, text)) WITHOUT ROWID"
)
_MADE = f"CREATE TABLE {_TABLE}"
_FORMER = (
    "CREATE TABLE vectors (model TEXT, text TEXT, vector BLOB, "
    "PRIMARY KEY (model, text)) WITHOUT ROWID"
)
"""Of caches without digests, of which nothing is used."""
_BATCH = 64
_MANY = 2048
"""From so many new texts on, parts are large enough for several processes to share them."""


class VectorCache:
    """A SQLite file of vectors, each with a digest of itself, its model and text: one that was altered
    is embedded anew. What is in it is never needed: a damaged file is begun anew, and where it is out
    of reach (in use, a full or read-only disk) texts are embedded without it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._off = False
        with self._unneeded():
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._create()
            except sqlite3.OperationalError:
                raise  # in use or out of reach, which is not damaged: others may be writing it
            except sqlite3.DatabaseError:
                path.unlink(missing_ok=True)
                self._create()

    @contextmanager
    def _unneeded(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            fault = disk_fault(error, self._path)
            self._off = True  # once is enough to be told
            told = fault[0] if fault else both("向量缓存用不了", "no cache of vectors", error)
            log.warning("%s: %s", self._path, told)

    def _create(self) -> None:
        with closing(self._connect()) as connection, connection:
            connection.execute("DROP TABLE IF EXISTS vectors")
            connection.execute(f"CREATE TABLE IF NOT EXISTS {_TABLE}")

    @staticmethod
    def is_altered(path: Path) -> bool:
        """Whether a file is damaged or has vectors that are not as they were written. One that is
        not there, or out of reach, is not."""
        if not path.is_file():
            return False
        try:
            with closing(sqlite3.connect(path, timeout=30)) as connection:
                found = connection.execute("PRAGMA integrity_check(1)").fetchone()
                tables = connection.execute("SELECT sql FROM sqlite_master").fetchall()
                if found != ("ok",) or not {sql for (sql,) in tables} <= {_MADE, _FORMER}:
                    return True
                return (_MADE,) in tables and bool(_altered(connection))
        except sqlite3.OperationalError as error:
            return not (disk_fault(error, path) or "locked" in str(error) or "open" in str(error))
        except sqlite3.Error:
            return True

    def mend(self) -> None:
        """Take out what was altered: single vectors, or the whole file where it is damaged."""
        if self._off or not self.is_altered(self._path):
            return
        with self._unneeded():
            try:
                with closing(self._connect()) as connection, connection:
                    keys = _altered(connection)
                    connection.executemany(
                        "DELETE FROM embedded WHERE model IS ? AND text IS ?", keys
                    )
                if not self.is_altered(self._path):
                    return
            except sqlite3.Error as error:
                log.warning("%s: %s", self._path, error)
            for end in ("", "-wal", "-shm"):
                Path(f"{self._path}{end}").unlink(missing_ok=True)
            self._create()

    def keep(self, texts: Iterable[str]) -> None:
        """Keep the vectors of these texts only; those of others are gone from the file. One from which
        they cannot be taken out is removed."""
        if not self._path.is_file():
            return
        kept = {_key(text) for text in texts}
        try:
            with closing(self._connect()) as connection:
                connection.execute("PRAGMA secure_delete=ON")
                found = list(connection.execute("SELECT model, text FROM embedded"))
                gone = [row for row in found if row[1] not in kept]
                with connection:
                    connection.executemany(
                        "DELETE FROM embedded WHERE model IS ? AND text IS ?", gone
                    )
                connection.execute("VACUUM")
                busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if not busy:
                return
        except sqlite3.Error as error:
            log.warning("%s: %s", self._path, error)
        for end in ("", "-wal", "-shm"):
            Path(f"{self._path}{end}").unlink(missing_ok=True)

    def embed(
        self,
        embedder: Embedder,
        texts: Sequence[str],
        report: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> Vectors:
        """Passages' vectors, shape (texts, dimension); `report` is told (embedded, to embed)."""
        card = embedder.card
        keys = [_key(text) for text in texts]
        found = self._read(card.key, card.dimension, set(keys))
        missing = {k: t for k, t in zip(keys, texts, strict=True) if k not in found}
        order = sorted(missing, key=lambda k: len(missing[k]))
        batch = _BATCH if len(order) < _MANY else _MANY
        for start in range(0, len(order), batch):
            part = order[start : start + batch]
            rows = embedder.embed_passages([missing[k] for k in part])
            fresh = dict(zip(part, rows, strict=True))
            found |= fresh
            self._write(card.key, fresh)
            report(min(start + batch, len(order)), len(order))
        if not texts:
            return np.zeros((0, card.dimension), np.float32)
        return np.stack([found[k] for k in keys])

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=30)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    def _read(self, model: str, dimension: int, keys: set[str]) -> dict[str, Vectors]:
        found: dict[str, Vectors] = {}
        wanted = sorted(keys)
        if self._off:
            return found
        with self._unneeded(), closing(self._connect()) as connection:
            for start in range(0, len(wanted), 500):
                part = wanted[start : start + 500]
                marks = ",".join("?" * len(part))
                rows = connection.execute(
                    f"SELECT text, vector, digest FROM embedded WHERE model = ? AND text IN ({marks})",  # noqa: S608
                    (model, *part),
                )
                for text, blob, digest in rows:
                    if digest != _digest(model, text, blob):
                        continue
                    vector = np.frombuffer(blob, "<f4")
                    if vector.shape == (dimension,):
                        found[text] = vector
        return found

    def _write(self, model: str, rows: dict[str, Vectors]) -> None:
        if self._off:
            return
        with self._unneeded(), closing(self._connect()) as connection, connection:
            connection.executemany(
                "INSERT OR REPLACE INTO embedded VALUES (?, ?, ?, ?)",
                [
                    (model, key, blob, _digest(model, key, blob))
                    for key, blob in ((k, np.asarray(v, "<f4").tobytes()) for k, v in rows.items())
                ],
            )


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _digest(model: object, text: object, blob: object) -> bytes:
    # What was altered may be of another type.
    whole = hashlib.sha256(f"{model}\x1f{text}\x1f".encode("utf-8", "surrogatepass"))
    whole.update(blob if isinstance(blob, bytes) else repr(blob).encode())
    return whole.digest()


def _altered(connection: sqlite3.Connection) -> list[tuple[object, object]]:
    """The keys of vectors that are not as they were written."""
    rows = connection.execute("SELECT model, text, vector, digest FROM embedded")
    return [(m, t) for m, t, blob, digest in rows if digest != _digest(m, t, blob)]

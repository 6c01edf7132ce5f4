"""Vectors kept by model and text, so that only new text is embedded."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from kb.disk import disk_fault
from kb.embedding.encoders import Embedder, Vectors
from kb.errors import both

log = logging.getLogger("duban.index")
_BATCH = 64
_MANY = 2048
"""From so many new texts on, parts are large enough for several processes to share them."""


class VectorCache:
    """A SQLite file of vectors. What is in it is never needed: a damaged file is begun anew, and
    where it is out of reach (in use, a full or read-only disk) texts are embedded without it."""

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
            connection.execute(
                "CREATE TABLE IF NOT EXISTS vectors (model TEXT, text TEXT, vector BLOB, "
                "PRIMARY KEY (model, text)) WITHOUT ROWID"
            )

    def embed(
        self,
        embedder: Embedder,
        texts: Sequence[str],
        report: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> Vectors:
        """Passages' vectors, shape (texts, dimension); `report` is told (embedded, to embed)."""
        card = embedder.card
        keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
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
                    f"SELECT text, vector FROM vectors WHERE model = ? AND text IN ({marks})",  # noqa: S608
                    (model, *part),
                )
                for text, blob in rows:
                    vector = np.frombuffer(blob, "<f4")
                    if vector.shape == (dimension,):
                        found[text] = vector
        return found

    def _write(self, model: str, rows: dict[str, Vectors]) -> None:
        if self._off:
            return
        with self._unneeded(), closing(self._connect()) as connection, connection:
            connection.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
                [(model, k, np.asarray(v, "<f4").tobytes()) for k, v in rows.items()],
            )

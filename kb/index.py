"""The index of chunks: a projection of the store, kept in Chroma through llama-index.

Three collections hold the vectors (`text`, `titled`, `small`), as one generation; the collection
`text` carries in its metadata what the generation is a projection of and whether it is complete.
A generation only grows; when something must go, a new one is written beside it and the old one
dropped. A crash leaves an incomplete mark, or a whole generation that nothing refers to.

The digests of all files are noted whenever the index is closed (`kb.index_files`): where one was
altered since, nothing is read from it, and what brings it in step makes it anew.

One process owns the folder while Chroma is open in it (`owner.json` says who). A search needs no
Chroma: it reads a snapshot of the vectors, named by the fingerprint of what it was made of.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from kb.chunks import Chunk
from kb.disk import disk_fault
from kb.embedding.cache import VectorCache
from kb.embedding.encoders import Embedder, Vectors
from kb.errors import (
    DubanError,
    IndexBusyError,
    IndexDamagedError,
    IndexDiskError,
    IndexStateError,
    both,
)
from kb.index_files import IndexFiles
from kb.models import Fact

KINDS = ("text", "titled", "small")
_BATCH = 2000
_FORMAT = "1"
_REBUILD = "duban index rebuild"
_SAMPLE = 16
"""Texts that are embedded again."""
_SAME_TEXT = 0.9999
"""The least cosine of the same text embedded twice: in other company (padding, threads) it differs
by 1e-6; different passages have about 0.9."""
_SAME_VECTOR = 1 - 1e-6
"""Likewise of a vector written and read as 32-bit floats."""
_BESIDE = 1.0
"""Seconds that a search waits for another process before it goes on without the index."""
_STATUS = 20.0
"""Seconds that whoever only looks waits for another process."""
_WAITING = 1.0
"""Seconds after which whoever waits for another process is told so again."""
Report = Callable[[str, int, int], None]
"""Told what is done ("e5", "use", "waiting" for another process), how much of it, of how much. What
it raises ends the work."""
Chunks = Callable[[], Sequence[Chunk]]
"""Gives the chunks that the store holds now."""
log = logging.getLogger("duban.index")


class IndexStatus(Fact):
    """State of the index against the store: `missing`, `extra` and `damaged` are chunk ids; `altered`
    are files of the index or of a model that are not as they were written."""

    place: str
    generation: int | None
    complete: bool
    model: str
    digest: str
    chunks: int
    expected: int
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether the index is complete and in step with the store, its files and the model's as
        they were written."""
        return self.complete and not (self.missing or self.extra or self.damaged or self.altered)


class VectorIndex:
    """The vectors of chunks.

    Args:
        folder: where the index lies; holds the snapshot also when Chroma is a server.
        embedder: of the lists `text` and `titled`.
        small: of the list `small`.
        url: of a Chroma server; embedded in `folder` if empty.
        wait: seconds to wait for another process that owns the folder; None: until it is free.
    """

    def __init__(
        self,
        folder: Path,
        embedder: Embedder,
        small: Embedder,
        *,
        url: str = "",
        wait: float | None = None,
    ) -> None:
        self._folder = folder
        self.embedder, self.small = embedder, small
        self._url, self._wait = url, wait
        self._files = IndexFiles(folder)

    # ---- what a search needs

    def vectors(
        self,
        chunks: Sequence[Chunk],
        report: Report = lambda *_: None,
        *,
        beside: bool = False,
        latest: Chunks | None = None,
    ) -> dict[str, Vectors]:
        """The matrices (chunks, dimension) of `chunks`, in their order; the index is brought in
        step first where it is not.

        Args:
            chunks: of what is wanted.
            report: told of progress.
            beside: make them without the index while another process writes it, or where its files
                or the disk do not allow it: who only searches need not wait, and needs no Chroma.
            latest: the chunks of the store, asked for once the folder is ours: what another
                process brought in meanwhile is not taken out again. By default `chunks`.

        Raises:
            IndexStateError: made with another model, or damaged.
            IndexBusyError: held by another process.
        """
        found = self._read_snapshot(self.fingerprint(chunks), len(chunks))
        if found is not None:
            return found
        try:
            wanted = self.sync(
                latest or (lambda: chunks), report, wait=_BESIDE if beside else self._wait
            )
        except (IndexDamagedError, IndexDiskError) as error:
            if not beside:
                raise
            log.warning("%s", error)
        except IndexBusyError:
            if not beside:
                raise
        else:
            if self.fingerprint(wanted) == self.fingerprint(chunks):
                found = self._read_snapshot(self.fingerprint(chunks), len(chunks))
        # Else the store has gone on since: their vectors are kept beside the index.
        return found or self._embed(chunks, report)

    def fingerprint(self, chunks: Sequence[Chunk]) -> str:
        """Digest of all that the vectors depend on: models, ids and texts in their order."""
        total = hashlib.sha256(f"{_FORMAT}|{self.embedder.digest}|{self.small.digest}".encode())
        for chunk in chunks:
            said = f"\x1e{chunk.id}\x1f{chunk.document_id}\x1f{chunk.titled}\x1f{chunk.text}"
            total.update(said.encode())
        return total.hexdigest()

    # ---- keeping it in step

    def sync(
        self, latest: Chunks, report: Report = lambda *_: None, *, wait: float | None = None
    ) -> Sequence[Chunk]:
        """Bring the index in step with the store, embedding only new text; gives its chunks.

        Args:
            latest: the chunks of the store, asked for once the folder is ours.
            report: told of progress.
            wait: seconds for another process; None: until it is done.

        Raises:
            IndexStateError: made with another model, or damaged.
            IndexBusyError: held by another process.
        """
        with self._owned(wait, report), self._client(mend=True) as client:
            chunks = latest()
            current = _current(client)
            if current is not None:
                self._check_model(current.metadata)
            wanted = {chunk.id: _content(chunk) for chunk in chunks}
            have = _contents(current) if current is not None else {}
            complete = current is not None and bool(current.metadata.get("complete"))
            kept = all(wanted.get(key) == content for key, content in have.items())
            if not (complete and kept):
                self._rebuild(client, chunks, report)
                return chunks
            matrices = self._embed(chunks, report)
            fresh = [i for i, chunk in enumerate(chunks) if chunk.id not in have]
            if fresh and current is not None:
                generation = int(current.metadata["generation"])
                self._mark(current, chunks, complete=False)
                self._add(client, generation, chunks, matrices, fresh)
                self._mark(current, chunks, complete=True)
            elif current is not None:
                self._mark(current, chunks, complete=True)
            self._write_snapshot(self.fingerprint(chunks), matrices)
            return chunks

    def rebuild(self, latest: Chunks, report: Report = lambda *_: None) -> Sequence[Chunk]:
        """Write the index anew, with the model that is set now; gives the chunks of the store. One
        that is damaged is taken away first."""
        with self._owned(self._wait, report):
            chunks = latest()
            if self._cache.is_file():
                VectorCache(self._cache).mend()
            try:
                with self._client(mend=True) as client:
                    self._rebuild(client, chunks, report)
            except IndexDamagedError as error:
                log.warning("%s", error)
                self._take_away()
                with self._client() as client:
                    self._rebuild(client, chunks, report)
            return chunks

    def purge(self, chunks: Sequence[Chunk]) -> None:
        """Remove the index, and all kept vectors that are of none of these chunks: what was erased
        from the store must not stay here. What is brought in step next makes the index anew, and
        embeds nothing again.

        Raises:
            IndexStateError: the disk or a Chroma server does not allow it.
            IndexBusyError: held by another process.
        """
        with self._owned(self._wait):
            if self._url:
                with self._client() as client:
                    for collection in client.list_collections():
                        if collection.name.startswith("duban-"):
                            client.delete_collection(collection.name)
            self._files.remove()
            _forget(str(self._folder / "chroma"))
            VectorCache(self._cache).keep(t for c in chunks for t in (c.text, c.titled))

    def _take_away(self) -> None:
        place = self._folder / "chroma"
        shutil.rmtree(place) if place.is_dir() else place.unlink()

    def status(self, chunks: Sequence[Chunk], *, deep: bool = False) -> IndexStatus:
        """Compare the index with what the store holds, its files with what they were when it was
        closed; `deep` reads every vector too, also those that are kept for later, embeds some texts again, and compares the model's
        weights with those that the index was made with."""
        with self._owned(_STATUS if self._wait is None else self._wait):
            # Not opened then: nobody knows what Chroma does with a graph that was tampered with.
            cache = (str(self._cache),) if deep and VectorCache.is_altered(self._cache) else ()
            if not self._url and (altered := self._files.altered()):
                return self._nothing(chunks, altered + cache)
            found = self._compare(chunks, deep=deep)
            return found.model_copy(update={"altered": found.altered + cache})

    def _nothing(self, chunks: Sequence[Chunk], altered: tuple[str, ...] = ()) -> IndexStatus:
        return IndexStatus(
            place=self._place, generation=None, complete=False, model="", digest="", chunks=0,
            expected=len(chunks), missing=tuple(c.id for c in chunks), altered=altered,
        )  # fmt: skip

    def _compare(self, chunks: Sequence[Chunk], *, deep: bool) -> IndexStatus:
        with self._client() as client:
            current = _current(client)
            card = self.embedder.digest
            if current is None:
                return self._nothing(chunks)
            have = _contents(current)
            wanted = {chunk.id: _content(chunk) for chunk in chunks}
            damaged = [key for key, content in have.items() if wanted.get(key, content) != content]
            meta = current.metadata
            altered: tuple[str, ...] = ()
            if deep:
                snapshot = self._read_snapshot(self.fingerprint(chunks), len(chunks))
                rows = {chunk.id: place for place, chunk in enumerate(chunks)} if snapshot else {}
                damaged += self._damaged(
                    client, int(meta["generation"]), set(have), snapshot or {}, rows
                )
                if snapshot and meta.get("digest") == card:
                    damaged += self._embedded_otherwise(chunks, snapshot)
                    if meta.get("weights") != self.embedder.weights():
                        altered = (self.embedder.name,)
            return IndexStatus(
                place=self._place,
                generation=int(meta["generation"]),
                complete=bool(meta.get("complete")) and meta.get("digest") == card,
                model=str(meta.get("model", "")),
                digest=str(meta.get("digest", "")),
                chunks=len(have),
                expected=len(chunks),
                missing=tuple(key for key in wanted if key not in have),
                extra=tuple(key for key in have if key not in wanted),
                damaged=tuple(dict.fromkeys(damaged)),
                altered=altered,
            )

    # ---- parts

    @property
    def _cache(self) -> Path:
        """The file of kept vectors."""
        return self._folder.parent / "vectors.db"

    @property
    def _place(self) -> str:
        return self._url or str(self._folder)

    def _rebuild(self, client: Any, chunks: Sequence[Chunk], report: Report) -> None:
        old = [c.name for c in client.list_collections() if c.name.startswith("duban-")]
        generation = 1 + max((int(name.rsplit("-", 1)[1]) for name in old), default=0)
        matrices = self._embed(chunks, report)
        text = self._create(client, generation, chunks)
        self._add(client, generation, chunks, matrices, range(len(chunks)))
        self._mark(text, chunks, complete=True)
        for name in old:
            client.delete_collection(name)
        self._write_snapshot(self.fingerprint(chunks), matrices)

    def _embed(self, chunks: Sequence[Chunk], report: Report) -> dict[str, Vectors]:
        cache = VectorCache(self._cache)
        texts = {"text": [c.text for c in chunks], "titled": [c.titled for c in chunks]}
        both = [*texts["text"], *texts["titled"]]
        rows = cache.embed(self.embedder, both, lambda done, all_: report("e5", done, all_))
        small = cache.embed(self.small, texts["text"], lambda done, all_: report("use", done, all_))
        self.embedder.close()
        return {"text": rows[: len(chunks)], "titled": rows[len(chunks) :], "small": small}

    def _create(self, client: Any, generation: int, chunks: Sequence[Chunk]) -> Any:
        text = None
        for kind in KINDS:
            collection = client.create_collection(
                _name(kind, generation),
                metadata={"generation": generation, "kind": kind},
                configuration={"hnsw": {"space": "cosine"}},
                embedding_function=None,
            )
            text = collection if kind == "text" else text
        self._mark(text, chunks, complete=False)
        return text

    def _add(
        self,
        client: Any,
        generation: int,
        chunks: Sequence[Chunk],
        matrices: dict[str, Vectors],
        places: Sequence[int] | range,
    ) -> None:
        from llama_index.core.schema import TextNode  # noqa: PLC0415
        from llama_index.vector_stores.chroma import ChromaVectorStore  # noqa: PLC0415

        for kind in KINDS:
            collection = client.get_collection(_name(kind, generation), embedding_function=None)
            store = ChromaVectorStore(chroma_collection=collection)
            for start in range(0, len(places), _BATCH):
                nodes = [
                    TextNode(
                        id_=chunks[i].id,
                        text=chunks[i].text,
                        embedding=matrices[kind][i].tolist(),
                        metadata={
                            **chunks[i].metadata,
                            "clause": chunks[i].clause_id,
                            "content": _content(chunks[i]),
                        },
                        excluded_embed_metadata_keys=[*chunks[i].metadata, "clause", "content"],
                    )
                    for i in places[start : start + _BATCH]
                ]
                store.add(list(nodes))

    def _mark(self, collection: Any, chunks: Sequence[Chunk], *, complete: bool) -> None:
        card = self.embedder.card
        kept = {k: v for k, v in (collection.metadata or {}).items() if not k.startswith("hnsw")}
        collection.modify(
            metadata={
                **kept,
                "model": card.name,
                "digest": card.digest,
                "weights": self.embedder.weights(),
                "dimension": card.dimension,
                "normalised": card.normalised,
                "small": self.small.digest,
                "fingerprint": self.fingerprint(chunks),
                "complete": complete,
            }
        )

    def _check_model(self, metadata: dict[str, Any]) -> None:
        recorded = tuple(metadata.get(name) for name in ("digest", "small", "weights"))
        now = (self.embedder.digest, self.small.digest, self.embedder.weights())
        if recorded != now:
            was, is_now = (f"{str(d)[:12]}/{str(w)[:12]}" for d, _, w in (recorded, now))
            raise IndexStateError(
                f"索引是用另一个向量模型建的: {metadata.get('model')}（{was}），现在设的是 "
                f"{self.embedder.name}（{is_now}） / the index was made with another model: "
                f"{metadata.get('model')} ({was}), now set: {self.embedder.name} ({is_now})",
                hint=_REBUILD,
            )

    def _embedded_otherwise(
        self, chunks: Sequence[Chunk], snapshot: dict[str, Vectors]
    ) -> Iterator[str]:
        """Of some chunks spread over all, those whose vectors are not what the models make of them."""
        some = sorted(
            {round(i) for i in np.linspace(0, len(chunks) - 1, min(_SAMPLE, len(chunks)))}
        )
        made = {
            "text": self.embedder.embed_passages([chunks[i].text for i in some]),
            "titled": self.embedder.embed_passages([chunks[i].titled for i in some]),
            "small": self.small.embed_passages([chunks[i].text for i in some]),
        }
        for kind, rows in made.items():
            for i, row in zip(some, rows, strict=True):
                if not _alike(row, snapshot[kind][i], _SAME_TEXT):
                    yield chunks[i].id

    def _damaged(
        self,
        client: Any,
        generation: int,
        keys: set[str],
        snapshot: dict[str, Vectors],
        rows: dict[str, int],
    ) -> Iterator[str]:
        """Chunks whose vectors are missing, none at all, or not those of the snapshot."""
        for kind in KINDS:
            collection = client.get_collection(_name(kind, generation), embedding_function=None)
            seen: set[str] = set()
            count = collection.count()
            for start in range(0, count, _BATCH):
                page = collection.get(include=["embeddings"], limit=_BATCH, offset=start)
                for key, vector in zip(page["ids"], page["embeddings"], strict=True):
                    seen.add(key)
                    length = float(np.linalg.norm(vector))
                    sound = np.isfinite(length) and length > 0
                    if sound and key in rows:
                        sound = _alike(vector, snapshot[kind][rows[key]], _SAME_VECTOR)
                    if not sound:
                        yield key
            yield from sorted(keys - seen)

    def _read_snapshot(self, fingerprint: str, size: int) -> dict[str, Vectors] | None:
        folder = self._folder / f"snapshot-{fingerprint[:24]}"
        found: dict[str, Vectors] = {}
        for kind in KINDS:
            try:
                matrix = np.load(folder / f"{kind}.npy", mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError):
                return None
            if matrix.ndim != 2 or len(matrix) != size:
                return None
            found[kind] = matrix
        return found

    def _write_snapshot(self, fingerprint: str, matrices: dict[str, Vectors]) -> None:
        """Whole or not at all: written beside, then renamed; older snapshots go."""
        target = self._folder / f"snapshot-{fingerprint[:24]}"
        draft = self._folder / f".draft-{os.getpid()}"
        draft.mkdir(parents=True, exist_ok=True)
        for kind, matrix in matrices.items():
            np.save(draft / f"{kind}.npy", np.asarray(matrix, np.float32), allow_pickle=False)
        for folder in [*self._folder.glob("snapshot-*"), *self._folder.glob(".draft-*")]:
            if folder != draft:
                for file in folder.iterdir():
                    file.unlink()
                folder.rmdir()
        draft.rename(target)

    @contextmanager
    def _owned(self, wait: float | None, report: Report = lambda *_: None) -> Iterator[None]:
        """Hold the folder's lock, for which `wait` seconds are waited (None: until it is free);
        says who holds it when that is another process."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._folder / "owner.lock")
            self._acquire(lock, wait, report)
        except OSError as error:
            raise self._failed(error) from error
        who = self._folder / "owner.json"
        try:
            said = {"pid": os.getpid(), "host": socket.gethostname(), "command": sys.argv[:3]}
            who.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
            yield
        except OSError as error:
            raise self._failed(error) from error
        finally:
            with suppress(OSError):
                who.unlink(missing_ok=True)
            lock.release()

    def _acquire(self, lock: FileLock, wait: float | None, report: Report) -> None:
        waited = 0.0
        while True:
            part = _WAITING if wait is None else min(_WAITING, wait - waited)
            try:
                lock.acquire(timeout=max(part, 0))
            except Timeout as error:
                waited += part
                if wait is None or waited < wait:
                    report("waiting", 0, 0)
                    continue
                try:
                    holder = (self._folder / "owner.json").read_text(encoding="utf-8")
                except OSError:  # it has just let go, or has not yet written who it is
                    holder = "?"
                raise IndexBusyError(
                    f"索引正被另一个进程使用: {holder} / the index is in use by another process",
                    hint="等它结束, 或停掉那个进程后重试 / wait for it, or stop that process and try again",
                    path=self._folder,
                ) from error
            else:
                return

    def _failed(self, error: BaseException) -> IndexStateError:
        """What is told of an error that Chroma or the disk raised."""
        if fault := disk_fault(error, self._folder):
            return IndexDiskError(fault[0], hint=fault[1], path=self._folder)
        said = " ".join(str(error).split())[:200] or type(error).__name__
        return IndexDamagedError(
            both("索引文件已损坏", "the files of the index are damaged", said),
            hint=f"{_REBUILD}: 索引由库重建, 不丢内容 / {_REBUILD}: it is made from the store, nothing is lost",
            path=self._folder,
        )

    @contextmanager
    def _client(self, *, mend: bool = False) -> Iterator[Any]:
        """Chroma, opened; with `mend`, its files are removed first where one was altered."""
        import chromadb  # noqa: PLC0415
        from chromadb.config import Settings  # noqa: PLC0415

        settings = Settings(anonymized_telemetry=False)
        if self._url:
            from urllib.parse import urlsplit  # noqa: PLC0415

            parts = urlsplit(self._url)
            try:
                client = chromadb.HttpClient(
                    host=parts.hostname or "127.0.0.1",
                    port=parts.port or (443 if parts.scheme == "https" else 8000),
                    ssl=parts.scheme == "https",
                    settings=settings,
                )
            except Exception as error:
                raise IndexStateError(
                    both(
                        f"连不上 Chroma 服务 {self._url}",
                        f"cannot reach the Chroma server {self._url}",
                        error,
                    ),
                    hint="检查 DUBAN_CHROMA_URL / check DUBAN_CHROMA_URL",
                ) from error
            yield client
            return
        try:
            if mend and self._files.altered():
                self._files.remove()
            self._files.opened()
            client = chromadb.PersistentClient(str(self._folder / "chroma"), settings=settings)
            try:
                yield client
            finally:
                client.close()  # type: ignore[attr-defined]
                self._files.closed()
        except BaseException as error:
            _forget(str(self._folder / "chroma"))
            if _is_chromas(error):
                raise self._failed(error) from error
            raise


def _forget(place: str) -> None:
    """Chroma keeps what it could not open, and would give it once more when it is mended."""
    from chromadb.api.shared_system_client import SharedSystemClient  # noqa: PLC0415

    SharedSystemClient._identifier_to_system.pop(place, None)
    SharedSystemClient._identifier_to_refcount.pop(place, None)


def _is_chromas(error: BaseException) -> bool:
    """Whether Chroma failed. Its core, written in Rust, panics with what is no `Exception`."""
    origin = type(error).__module__.partition(".")[0]
    panicked = origin == "pyo3_runtime"
    ours = isinstance(error, DubanError) or (isinstance(error, OSError) and not panicked)
    return panicked or (isinstance(error, Exception) and not ours)


def _alike(a: Vectors, b: Vectors, least: float) -> bool:
    """Whether two vectors point the same way (Chroma keeps them at length 1)."""
    return float(a @ b) >= least * float(np.linalg.norm(a)) * float(np.linalg.norm(b)) > 0


def _name(kind: str, generation: int) -> str:
    return f"duban-{kind}-{generation}"


def _content(chunk: Chunk) -> str:
    said = f"{chunk.document_id}\x1f{chunk.titled}\x1f{chunk.text}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _current(client: Any) -> Any | None:
    """The `text` collection of the newest complete generation, else of the newest."""
    found = []
    for listed in client.list_collections():
        if listed.name.startswith("duban-text-"):
            collection = client.get_collection(listed.name, embedding_function=None)
            found.append(collection)
    found.sort(key=lambda c: (bool(c.metadata.get("complete")), int(c.metadata["generation"])))
    return found[-1] if found else None


def _contents(collection: Any) -> dict[str, str]:
    """Chunk id → digest of its content."""
    found: dict[str, str] = {}
    for start in range(0, collection.count(), _BATCH):
        page = collection.get(include=["metadatas"], limit=_BATCH, offset=start)
        for key, metadata in zip(page["ids"], page["metadatas"], strict=True):
            found[key] = str(metadata.get("content", ""))
    return found

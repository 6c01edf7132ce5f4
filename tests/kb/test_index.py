"""The index: one contract, on an embedded Chroma and on a real server on loopback."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from api.settings import default_cache
from kb.chunks import Chunk
from kb.embedding import load_embedder, load_small_encoder
from kb.embedding.reranker import Reranker
from kb.errors import IndexBusyError, IndexStateError, ModelError
from kb.index import VectorIndex
from kb.retrieval import HybridRetriever
from tests.api.delivery.processes import FORK, kill

CACHE = default_cache({}).expanduser()
TEXTS = ["抓好消防安全", "抓好交通安全管理", "防溺水由区教委负责", "条款内容"]


def chunks(*texts: str) -> list[Chunk]:
    return [
        Chunk(id=f"c{n}", clause_id=f"c{n}", document_id="d", text=t, heading="条款",
              metadata={"document": "d", "start": n})
        for n, t in enumerate(texts)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """`chroma run` on loopback."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [Path(sys.executable).with_name("chroma"), "run", "--path", folder, "--host", "127.0.0.1", "--port", str(port)]  # fmt: skip
    environ = {**os.environ, "ANONYMIZED_TELEMETRY": "False"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        else:
            pytest.fail((folder / "log").read_text())
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(params=["embedded", "server"])
def place(request, tmp_path):
    """(folder, url) of an empty index."""
    if request.param == "embedded":
        return tmp_path / "index", ""
    url = request.getfixturevalue("server")
    import chromadb

    client = chromadb.HttpClient(host="127.0.0.1", port=int(url.rsplit(":", 1)[1]))
    for collection in client.list_collections():
        client.delete_collection(collection.name)
    return tmp_path / "index", url


@pytest.fixture
def index(place, tiny_model):
    folder, url = place
    return VectorIndex(folder, load_embedder(str(tiny_model), CACHE), load_small_encoder(), url=url)


pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1", "localhost"])]


def test_an_index_is_built_when_it_is_needed(index):
    found = index.vectors(chunks(*TEXTS))
    assert {kind: m.shape for kind, m in found.items()} == {
        "text": (4, 32), "titled": (4, 32), "small": (4, 512),
    }  # fmt: skip
    status = index.status(chunks(*TEXTS), deep=True)
    assert (status.sound, status.chunks, status.generation) == (True, 4, 1)


def test_text_that_comes_later_is_added_to_the_same_generation(index):
    index.vectors(chunks(*TEXTS[:2]))
    found = index.vectors(chunks(*TEXTS))
    assert len(found["text"]) == 4
    status = index.status(chunks(*TEXTS), deep=True)
    assert (status.sound, status.generation) == (True, 1)


def test_text_that_goes_or_changes_makes_a_new_generation(index):
    index.vectors(chunks(*TEXTS))
    index.vectors(chunks(TEXTS[0], "另一内容"))
    status = index.status(chunks(TEXTS[0], "另一内容"), deep=True)
    assert (status.sound, status.chunks, status.generation) == (True, 2, 2)


def test_the_vectors_are_those_of_the_texts_whatever_the_way(index):
    whole = index.vectors(chunks(*TEXTS))
    index.rebuild(lambda: chunks(*TEXTS))
    again = index.vectors(chunks(*TEXTS))
    assert all(np.array_equal(whole[k], again[k]) for k in whole)


def test_status_tells_what_is_missing_and_extra(index):
    index.vectors(chunks(*TEXTS[:3]))
    status = index.status(chunks(*TEXTS[:2], "另一内容", TEXTS[3]))
    assert not status.sound
    assert (status.missing, status.damaged) == (("c3",), ("c2",))
    assert index.status(chunks(*TEXTS[:2])).extra == ("c2",)


def test_another_model_is_told_with_the_command(index, place, tiny_model, tmp_path):
    index.vectors(chunks(*TEXTS))
    other = tmp_path / "other"
    shutil.copytree(tiny_model, other)
    (other / "README.md").write_text("another revision")
    folder, url = place
    second = VectorIndex(folder, load_embedder(str(other), CACHE), load_small_encoder(), url=url)
    with pytest.raises(IndexStateError, match="另一个向量模型") as caught:
        second.vectors(chunks(*TEXTS))
    assert caught.value.hint == "duban index rebuild"
    second.rebuild(lambda: chunks(*TEXTS))
    assert second.status(chunks(*TEXTS)).sound


def test_a_lost_snapshot_is_written_again(index, place):
    index.vectors(chunks(*TEXTS))
    for file in place[0].glob("snapshot-*/text.npy"):
        file.write_bytes(b"broken")
    assert len(index.vectors(chunks(*TEXTS))["text"]) == 4


def test_nothing_to_index(index):
    assert len(index.vectors([])["text"]) == 0
    assert index.status([]).sound


def test_filters_and_parts(index, tiny_model):
    some = chunks(*TEXTS)
    retriever = HybridRetriever(some, index.vectors(some), index.embedder, index.small)
    hits = retriever.search("交通安全", 3)
    assert hits[0].chunk.id == "c1"
    assert set(hits[0].parts) == {"lexical", "text", "titled", "small"}
    assert sum(hits[0].parts.values()) == pytest.approx(hits[0].score, abs=0.01)
    kept = retriever.search("交通安全", 3, keep=lambda c: c.id != "c1")
    assert "c1" not in [h.chunk.id for h in kept]
    assert retriever.search("  ", 3) == []


def test_a_reranker_orders_the_best_anew(index, tiny_reranker, tmp_path):
    some = chunks(*TEXTS)
    vectors = index.vectors(some)
    reranker = Reranker(str(tiny_reranker))
    retriever = HybridRetriever(some, vectors, index.embedder, index.small, reranker=reranker)
    hits = retriever.search("交通安全", 3)
    scores = reranker.score("交通安全", [c.titled for c in some])
    best = sorted(range(4), key=lambda i: -scores[i])[:3]
    assert [h.chunk.id for h in hits] == [f"c{i}" for i in best]
    assert hits[0].parts["rerank"] == pytest.approx(float(scores[best[0]]), abs=1e-3)
    with pytest.raises(ModelError, match="重排模型"):
        Reranker(str(tmp_path / "none")).score("x", ["y"])


def embed_until(stop: str, folder: Path, told: Connection) -> None:
    """Make the index, and wait to be killed where it comes to `stop`; by the bundled model, for which
    no torch is imported."""

    def die(*_a: object, **_k: object) -> None:
        told.send(stop)
        time.sleep(600)

    setattr(VectorIndex, stop, die)
    VectorIndex(folder, load_embedder("", CACHE), load_small_encoder()).vectors(chunks(*TEXTS))


@pytest.fixture(scope="module")
def bundled():
    return load_embedder("", CACHE)


@pytest.mark.parametrize("stop", ["_embed", "_add", "_write_snapshot"])
def test_killed_at_any_moment_it_is_found_and_mended(bundled, tmp_path, stop):
    folder = tmp_path / "index"
    before = VectorIndex(folder, bundled, load_small_encoder())
    before.vectors(chunks(*TEXTS[:2]))
    hears, told = FORK.Pipe(duplex=False)
    given = (stop, folder, told)
    process = FORK.Process(target=embed_until, args=given, daemon=True)
    process.start()
    told.close()
    with hears:
        assert hears.recv() == stop
    number = process.pid
    held = VectorIndex(folder, before.embedder, before.small, wait=0.2)
    with pytest.raises(IndexStateError, match=str(number)):
        held.status(chunks(*TEXTS))
    with pytest.raises(IndexBusyError, match=str(number)):
        held.vectors(chunks(*TEXTS))
    beside = held.vectors(chunks(*TEXTS), beside=True)
    kill(process)
    after = VectorIndex(folder, before.embedder, before.small)
    if stop == "_add":
        assert not after.status(chunks(*TEXTS)).sound
    mended = after.vectors(chunks(*TEXTS))
    assert after.status(chunks(*TEXTS), deep=True).sound
    assert all(np.array_equal(mended[kind], beside[kind]) for kind in mended)


def test_who_holds_the_lock_is_written_down(index, place):
    with index._owned(0):
        said = json.loads((place[0] / "owner.json").read_text())
    assert said["pid"] == os.getpid()
    assert not (place[0] / "owner.json").exists()


@pytest.fixture(scope="module")
def large(tiny_model, tmp_path_factory):
    """An index that is large enough for Chroma to write whole graphs, and its chunks."""
    some = chunks(*(f"任务{n}抓好交通安全" for n in range(1050)))
    folder = tmp_path_factory.mktemp("large") / "index"
    made = VectorIndex(folder, load_embedder(str(tiny_model), CACHE), load_small_encoder())
    made.vectors(some[:1000])  # of more, other processes would take their part
    made.vectors(some)
    return made, folder, some


def flip(file: Path) -> bytes:
    """Change one bit in the middle of a file; gives what it held."""
    held = file.read_bytes()
    middle = len(held) // 2
    file.write_bytes(held[:middle] + bytes([held[middle] ^ 1]) + held[middle + 1 :])
    return held


def test_one_bit_in_any_file_of_the_index_is_noticed(large):
    index, folder, some = large
    assert index.status(some, deep=True).sound
    files = [
        p for p in folder.rglob("*") if p.is_file() and p.stat().st_size and p.parent != folder
    ]
    names = {p.name for p in files}
    assert {
        "data_level0.bin",
        "header.bin",
        "length.bin",
        "link_lists.bin",
        "chroma.sqlite3",
    } < names
    for file in files:
        held = flip(file)
        for deep in (False, True):
            found = index.status(some, deep=deep)
            assert (found.sound, found.altered) == (False, (str(file.relative_to(folder)),))
        file.unlink()
        assert index.status(some).altered == (str(file.relative_to(folder)),)
        file.write_bytes(held)
    (folder / "chroma" / "more.bin").write_bytes(b"1")
    assert index.status(some).altered == ("chroma/more.bin",)
    (folder / "chroma" / "more.bin").unlink()
    assert index.status(some, deep=True).sound


def test_what_was_altered_is_made_anew(index, place):
    if place[1]:
        return  # the files are the server's
    some = chunks(*TEXTS)
    index.vectors(some)
    [graph, *_] = place[0].glob("chroma/*/data_level0.bin")
    flip(graph)
    index.vectors(chunks(*TEXTS, "又一条"))
    assert index.status(chunks(*TEXTS, "又一条"), deep=True).sound
    flip(place[0] / "chroma" / "chroma.sqlite3")
    index.rebuild(lambda: some)
    assert index.status(some, deep=True).sound


def vector_of(file: Path) -> int:
    """Where in a cache's file the vector of one of its texts begins: a short one, in one piece."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [blob] = connection.execute(
            "SELECT vector FROM embedded ORDER BY length(vector)"
        ).fetchone()
    return file.read_bytes().index(blob)


def test_a_kept_vector_that_was_altered_is_noticed_and_not_taken_over(index, place):
    some = chunks(*TEXTS)
    right = {kind: np.array(rows) for kind, rows in index.vectors(some).items()}
    file = place[0].parent / "vectors.db"
    assert index.status(some, deep=True).sound
    at = vector_of(file)
    for byte, bit in ((at, 1), (at + 3, 64)):
        data = bytearray(file.read_bytes())
        data[byte] ^= bit
        file.write_bytes(data)
        assert index.status(some, deep=True).altered == (str(file),)
    index.rebuild(lambda: some)
    assert index.status(some, deep=True).sound
    for kind, rows in index.vectors(some).items():
        assert np.allclose(rows, right[kind], atol=1e-5)


def test_a_damaged_cache_is_noticed_and_made_anew(index, place):
    some = chunks(*TEXTS)
    index.vectors(some)
    file = place[0].parent / "vectors.db"
    vector_of(file)
    data = file.read_bytes()
    file.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    assert index.status(some, deep=True).altered == (str(file),)
    index.rebuild(lambda: some)
    assert index.status(some, deep=True).sound


def test_vectors_that_are_not_those_of_the_text_are_named(index, place):
    """Altered with all digests made to fit, or on a server, whose files are out of reach."""
    some = chunks(*TEXTS)
    made = {kind: np.array(rows) for kind, rows in index.vectors(some).items()}
    made["text"][2] = made["text"][0]
    with index._owned(None):
        index._write_snapshot(index.fingerprint(some), made)
        if not place[1]:
            index._files.closed()
    found = index.status(some, deep=True)
    assert (found.sound, found.damaged) == (False, ("c2",))


def test_weights_that_are_not_those_the_index_was_made_with_are_told(index, place, tiny_model):
    some = chunks(*TEXTS)
    index.vectors(some)

    class Other(type(index.embedder)):
        """Another set of weights under the same name and digest."""

        def weights(self):
            return "0" * 64

    embedder = Other(str(tiny_model), index.embedder.name, index.embedder.digest)
    other = VectorIndex(place[0], embedder, index.small, url=place[1])
    assert other.status(some, deep=True).altered == (embedder.name,)
    with pytest.raises(IndexStateError, match="另一个向量模型"):
        other.vectors(chunks(*TEXTS, "又一条"))


def test_what_another_process_brought_in_meanwhile_is_not_taken_out_again(index):
    """Whoever read the store before it waited brings the index in step with it as it is then."""
    index.vectors(chunks(*TEXTS))
    stale = chunks(*TEXTS[:2])
    found = index.vectors(stale, latest=lambda: chunks(*TEXTS))
    assert len(found["text"]) == 2
    assert index.status(chunks(*TEXTS), deep=True).sound
    fresh = chunks(*TEXTS, "甲乙")
    assert len(index.vectors(stale, latest=lambda: fresh)["text"]) == 2
    assert index.status(fresh, deep=True).sound


def test_whoever_waits_is_told_and_may_leave(index):
    """Without a limit: the other's work ends some day, and only then is this one's done."""
    told = []

    def report(kind, done, total):
        told.append((kind, done, total))
        raise KeyboardInterrupt

    with index._owned(0), pytest.raises(KeyboardInterrupt):
        VectorIndex(index._folder, index.embedder, index.small).vectors(chunks(*TEXTS), report)
    assert told == [("waiting", 0, 0)]
    assert len(index.vectors(chunks(*TEXTS))["text"]) == 4


def garbage(chroma):
    for file in chroma.rglob("*"):
        if file.is_file():
            file.write_bytes(b"\x00garbage" * 4000)


def a_file(chroma):
    shutil.rmtree(chroma)
    chroma.touch()


def cut(chroma):
    database = chroma / "chroma.sqlite3"
    database.write_bytes(database.read_bytes()[:8000])


def altered(words):
    def act(chroma):
        connection = sqlite3.connect(chroma / "chroma.sqlite3")
        with connection:
            connection.execute(words)
        connection.close()

    return act


def test_whatever_damage_is_told_and_mended_by_making_it_anew(tiny_model, tmp_path):
    acts = [
        garbage, a_file, cut, altered("DROP TABLE collections"),
        altered("DELETE FROM collection_metadata"),
        altered("UPDATE collection_metadata SET int_value = NULL, str_value = 'x'"),
        altered("UPDATE embeddings_queue SET vector = x'00'"),
    ]  # fmt: skip
    embedder, small = load_embedder(str(tiny_model), CACHE), load_small_encoder()
    for number, act in enumerate(acts):
        folder = tmp_path / str(number) / "index"
        index = VectorIndex(folder, embedder, small)
        whole = index.vectors(chunks(*TEXTS))
        act(folder / "chroma")
        for snapshot in folder.glob("snapshot-*"):
            shutil.rmtree(snapshot)
        # Its files are not what they were when it was closed: it is not even opened.
        assert index.status(chunks(*TEXTS), deep=True).altered
        found = index.vectors(chunks(*TEXTS), beside=True)  # a search needs no Chroma
        assert all(np.array_equal(found[kind], whole[kind]) for kind in whole)
        index.rebuild(lambda: chunks(*TEXTS))
        assert index.status(chunks(*TEXTS), deep=True).sound


def test_without_its_cache_texts_are_embedded_all_the_same(tiny_model, tmp_path):
    (tmp_path / "vectors.db").mkdir()
    index = VectorIndex(
        tmp_path / "index", load_embedder(str(tiny_model), CACHE), load_small_encoder()
    )
    assert len(index.vectors(chunks(*TEXTS))["text"]) == 4


def test_what_was_erased_from_the_store_leaves_no_trace(index, place):
    """Nothing is embedded again for what stays."""
    folder, url = place
    index.vectors(chunks(*TEXTS))
    files = [p for p in folder.rglob("*") if p.is_file()]
    if not url:
        assert any(TEXTS[2].encode() in p.read_bytes() for p in files)
    left = chunks(*TEXTS[:2])
    index.purge(left)
    mark = TEXTS[2].encode()
    assert not any(mark in p.read_bytes() for p in folder.parent.rglob("*") if p.is_file())
    with closing(sqlite3.connect(folder.parent / "vectors.db")) as connection:
        # Of each text: alone and under its heading by the first encoder, alone by the second.
        assert connection.execute("SELECT count(*) FROM embedded").fetchone() == (6,)
    told = []
    index.vectors(left, lambda *at: told.append(at))
    assert told == []
    assert index.status(left, deep=True).sound

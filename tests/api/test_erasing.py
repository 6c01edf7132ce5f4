"""A document is erased from all that lies in duban's folder: tables, vectors, kept pages."""

import hashlib
import json
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from api.cli.app import run
from api.erasing import erase_everywhere
from api.knowledge import stored_chunks
from api.settings import read_settings
from kb.embedding.cache import VectorCache
from kb.errors import IndexBusyError, StoreError
from tasks.authorisation import CONSOLE
from tasks.store import Store
from tests.tasks.samples import DANGERS, plan

MARK = "疏浚澄碧河"
SECRET = plan(f"{MARK}。2026年底前{MARK}12公里。（责任单位：区水利局）").replace("1号", "9号")


class Few:
    """An encoder without a model: a vector from the text's length."""

    class card:  # noqa: N801
        key, dimension = "few", 4

    @staticmethod
    def embed_passages(texts):
        return np.array([[len(text), 1, 1, 1] for text in texts], np.float32)


@pytest.fixture
def home(tmp_path):
    """A folder with two documents, one of which must go; gives its id."""
    for name, text in (("plan.txt", plan(DANGERS)), ("secret.txt", SECRET)):
        (tmp_path / name).write_text(text, "utf-8")
        assert run(["ingest", "--no-index", str(tmp_path / name), "--json"], {}, tmp_path) == 0
        (tmp_path / name).unlink()
    pages = read_settings({}, tmp_path).kept_pages
    pages.mkdir(parents=True)
    (pages / "page.json").write_text(json.dumps(MARK, ensure_ascii=False), "utf-8")
    with Store.open(read_settings({}, tmp_path).store_url) as store:
        return next(d.document.id for d in store.documents() if "9号" in d.document.document_number)


def found_in(folder):
    spelt = MARK.encode(), json.dumps(MARK)[1:-1].encode(), MARK.encode("utf-16-le")
    return [p.name for p in folder.rglob("*") if p.is_file() and any(s in p.read_bytes() for s in spelt)]  # fmt: skip


def test_no_file_holds_it(home, tmp_path, capsys):
    settings = read_settings({}, tmp_path)
    cache = VectorCache(settings.home / "vectors.db")
    texts = [words for c in stored_chunks(settings) for words in (c.text, c.titled)]
    cache.embed(Few, texts)
    assert {"duban.db", "page.json"} <= set(found_in(tmp_path / "var"))
    arguments = ["documents", "erase", home, "--no-index"]
    assert run(arguments, {}, tmp_path) == 2  # without a reason
    capsys.readouterr()
    assert run([*arguments, "--reason", "发现涉密"], {}, tmp_path) == 0
    out = capsys.readouterr().out
    assert "已彻底删除" in out
    assert found_in(tmp_path / "var") == []
    kept = {words for c in stored_chunks(settings) for words in (c.text, c.titled)}
    assert kept < set(texts)
    with closing(sqlite3.connect(settings.home / "vectors.db")) as connection:
        rows = {key for (key,) in connection.execute("SELECT text FROM embedded")}
    assert rows == {hashlib.sha256(words.encode()).hexdigest() for words in kept}
    assert run(["verify"], {}, tmp_path) == 0
    capsys.readouterr()
    assert run([*arguments, "--reason", "再清", "--json"], {}, tmp_path) == 0
    assert json.loads(capsys.readouterr().out)["before"] is True


def test_what_could_not_be_cleared_is_told_and_done_by_the_next_call(home, tmp_path):
    settings = read_settings({}, tmp_path)
    (settings.home / "index").mkdir()

    class Busy:
        def purge(self, _chunks):
            raise IndexBusyError("索引正被另一个进程使用 / in use")

    with Store.open(settings.store_url) as store:
        with pytest.raises(StoreError, match="尚未清除干净") as caught:
            erase_everywhere(settings, store, CONSOLE, home, "发现涉密", index=Busy)
        assert home in caught.value.hint
        assert MARK not in str(store.extractions())
        assert erase_everywhere(settings, store, CONSOLE, home, "发现涉密").before

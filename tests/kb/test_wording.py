"""The catalogues: every key is used, every key used is there in both languages."""

import ast
from collections.abc import Iterator

import pytest

from kb.lexicon import corpus_path
from kb.wording import load_wording, phrase, wording

ROOT = corpus_path().parent
PACKAGES = ("kb", "tasks", "ingest")


def asked(package: str) -> Iterator[tuple[str, str, str]]:
    """(function, package, key) of each call for words in a package's code."""
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                said = [a.value for a in node.args[:2] if isinstance(a, ast.Constant)]
                if node.func.id in ("wording", "phrase") and len(said) == 2:
                    yield node.func.id, str(said[0]), str(said[1])


@pytest.mark.parametrize("package", PACKAGES)
def test_every_key_is_used_and_there(package: str) -> None:
    """Of a table `wording` checks the keys itself, where it is asked for: when its module loads."""
    tables, found = load_wording(package), set(asked(package))
    assert {of for _, of, _ in found} == {package}
    assert {key for how, _, key in found if how == "wording"} == tables.keys() - {"phrases"}
    assert {key for how, _, key in found if how == "phrase"} == tables.get("phrases", {}).keys()


@pytest.mark.parametrize("package", PACKAGES)
def test_words_are_in_both_languages(package: str) -> None:
    for table in load_wording(package).values():
        for key, (zh, en) in table.items():
            assert bool(zh) is bool(en), key
            assert en.isascii() or en.translate({ord(c): "" for c in "“”–"}).isascii(), key


@pytest.mark.parametrize("keys", [("full",), ("full", "read_only", "denied", "shape", "none")])
def test_a_table_has_its_keys_and_no_other(keys: tuple[str, ...]) -> None:
    with pytest.raises(KeyError, match="disk_faults"):
        wording("kb", "disk_faults", keys)


def test_a_phrase_that_nobody_wrote() -> None:
    with pytest.raises(KeyError, match="nothing"):
        phrase("tasks", "nothing")

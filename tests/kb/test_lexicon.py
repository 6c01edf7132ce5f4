"""Lexicon files: read line by line; a bad line is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import kb.lexicon
from kb.errors import LexiconError
from kb.lexicon import corpus_path, load_lexicon
from kb.models import Fact

FILES = sorted((corpus_path() / "lexicon").glob("*.jsonl"))


class Word(Fact):
    """A small entry for these tests."""

    word: str
    examples: tuple[str, ...]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "lexicon").mkdir()
    monkeypatch.setattr(kb.lexicon, "corpus_path", lambda: tmp_path)
    load_lexicon.cache_clear()
    yield tmp_path / "lexicon"
    load_lexicon.cache_clear()


def test_entries_come_in_file_order(folder: Path) -> None:
    (folder / "words.jsonl").write_text(
        '# 注释\n\n{"word": "甲", "examples": ["甲"]}\n  \n{"word": "乙", "examples": []}\n',
        "utf-8",
    )
    assert [e.word for e in load_lexicon("words", Word)] == ["甲", "乙"]


@pytest.mark.parametrize(
    "line",
    [
        '{"word": "甲"',  # no JSON
        '{"word": "甲"}',  # a field is missing
        '{"word": "甲", "examples": [], "note": 1}',  # one too many
        "[]",
        "甲",
    ],
)
def test_a_bad_line_is_named(folder: Path, line: str) -> None:
    (folder / "words.jsonl").write_text(f'{{"word": "甲", "examples": []}}\n\n{line}\n', "utf-8")
    with pytest.raises(LexiconError) as caught:
        load_lexicon("words", Word)
    assert str(folder / "words.jsonl") in str(caught.value)
    assert "第 3 行" in str(caught.value)
    assert "line 3 " in str(caught.value)


def test_a_missing_file_is_named(folder: Path) -> None:
    with pytest.raises(LexiconError, match=r"none\.jsonl"):
        load_lexicon("none", Word)


def test_it_is_read_once(folder: Path) -> None:
    path = folder / "words.jsonl"
    path.write_text('{"word": "甲", "examples": []}\n', "utf-8")
    first = load_lexicon("words", Word)
    path.unlink()
    assert load_lexicon("words", Word) is first


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_entry_of_the_corpus_has_an_example(path: Path) -> None:
    lines = [line for line in path.read_text("utf-8").splitlines() if line.strip()]
    entries = [json.loads(line) for line in lines if not line.startswith("#")]
    assert entries
    # `holds` are sentences that have one of the entry's words.
    assert [e for e in entries if not (e.get("examples") or e.get("holds"))] == []

"""Reads `corpus/lexicon/*.jsonl`: knowledge as data, one entry a line, each with examples."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from kb.errors import LexiconError, both
from kb.models import Fact

Entry = TypeVar("Entry", bound=BaseModel)


class WordEntry(Fact):
    """Words of one kind (`kind`, or a field of the entry's own, says which), with sentences in which one of them is
    that and sentences in which none is (`not` in the file)."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        alias_generator=lambda name: name.rstrip("_"), populate_by_name=True
    )

    kind: str = ""
    words: tuple[str, ...]
    holds: tuple[str, ...]
    not_: tuple[str, ...] = ()


def corpus_path() -> Path:
    """The folder `corpus/` of this installation (`documents/` and `lexicon/` are in it)."""
    return Path(__file__).resolve().parent.parent / "corpus"


@lru_cache
def load_lexicon(name: str, model: type[Entry]) -> tuple[Entry, ...]:
    """All entries of `corpus/lexicon/<name>.jsonl`, validated as `model`, in file order.

    Blank lines and lines that begin with `#` are passed over.

    Raises:
        LexiconError: the file is missing or a line is not an entry; names file and line.
    """
    path = corpus_path() / "lexicon" / f"{name}.jsonl"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise LexiconError(
            both("词库文件打不开", "cannot open the lexicon", error), path=path
        ) from error
    entries: list[Entry] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            entries.append(model.model_validate(json.loads(line)))
        except (json.JSONDecodeError, ValidationError) as error:
            raise LexiconError(
                both(f"第 {number} 行不合格式", f"line {number} is not an entry", error), path=path
            ) from error
    return tuple(entries)


@lru_cache
def words_of(name: str, model: type[WordEntry], *kinds: str) -> tuple[str, ...]:
    """The words of these kinds in a file of `WordEntry`, in the order of the kinds, of each the
    longest first."""
    return tuple(
        word
        for kind in kinds
        for word in sorted(
            (w for e in load_lexicon(name, model) if e.kind == kind for w in e.words),
            key=len,
            reverse=True,
        )
    )

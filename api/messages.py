"""The one catalogue of what duban says, in Chinese and English (`messages.jsonl` beside this file).

A line is `{"key", "zh", "en"}`; `{name}` in a text is filled in by `Messages.text`. Standard
library only: `duban --help` waits for this module.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path


@lru_cache
def read_catalogue() -> dict[str, dict[str, str]]:
    """Key to the texts by language, in file order.

    Raises:
        ValueError: a key stands twice.
    """
    catalogue: dict[str, dict[str, str]] = {}
    path = Path(__file__).with_name("messages.jsonl")
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            entry = json.loads(line)
            if entry["key"] in catalogue:
                raise ValueError(f"twice in {path.name}: {entry['key']}")
            catalogue[entry["key"]] = {"zh": entry["zh"], "en": entry["en"]}
    return catalogue


class Messages:
    """The catalogue in one language (`zh` or `en`)."""

    def __init__(self, language: str) -> None:
        self.language = language

    def text(self, key: str, **values: object) -> str:
        """The text of `key` with `values` filled in.

        Raises:
            KeyError: no such key.
        """
        return read_catalogue()[key][self.language].format(**values)

    def has(self, key: str) -> bool:
        """Whether the catalogue knows `key`."""
        return key in read_catalogue()

    def side(self, bilingual: str) -> str:
        """One side of a message of the form `中文 / English`; the whole where it has no two sides.

        The errors of `kb.errors` carry both languages in one string.
        """
        chinese, separator, english = bilingual.partition(" / ")
        if not separator:
            return bilingual
        return chinese if self.language == "zh" else english

"""Glyphs of symbol fonts become the characters that they show."""

from __future__ import annotations

import pytest

from ingest.readers.symbols import UNKNOWN, symbol_text


@pytest.mark.parametrize(
    ("glyph", "font", "shown"),
    [
        (0xB3, "symbol", "≥"),
        (0xA3, "symbol", "≤"),
        (0x61, "symbol", "α"),
        (0x25, "symbol", "%"),
        (0xFC, "wingdings", "✓"),
        (0x6C, "wingdings", "●"),
        (0x83, "wingdings", "③"),
        (0x52, "wingdings 2", "☑"),
        (0x6B, "wingdings 2", "②"),
        (0x01, "wingdings", UNKNOWN),
        (0x41, "some font", "A"),
        (0xB7, None, "•"),
    ],
)
def test_glyphs(glyph: int, font: str | None, shown: str) -> None:
    assert symbol_text(chr(0xF000 + glyph), font) == shown


def test_other_characters_stay() -> None:
    assert symbol_text("甲≥\ue000", "symbol") == "甲≥\ue000"

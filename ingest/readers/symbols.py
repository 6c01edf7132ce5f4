"""Characters of symbol fonts as characters of Unicode: in the file they are numbers of glyphs."""

from __future__ import annotations

_SYMBOL = {
    0xA2: "′", 0xA3: "≤", 0xA5: "∞", 0xAC: "←", 0xAD: "↑", 0xAE: "→", 0xAF: "↓", 0xB0: "°",
    0xB1: "±", 0xB2: "″", 0xB3: "≥", 0xB4: "×", 0xB5: "∝", 0xB7: "•", 0xB8: "÷", 0xB9: "≠",
    0xBA: "≡", 0xBB: "≈", 0xBC: "…", 0xD0: "∠", 0xD1: "∇", 0xD5: "∏", 0xD6: "√", 0xD7: "·",
    0xE5: "∑", 0xF2: "∫",
}  # fmt: skip
"""The glyphs of Adobe's Symbol encoding that texts use."""
_LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ"
_SMALL = "abcdefghijklmnopqrstuvwxyz", "αβχδεφγηιϕκλμνοπθρστυϖωξψζ"
_GREEK = {
    ord(latin): greek
    for letters, greeks in (_LATIN, _SMALL)
    for latin, greek in zip(letters, greeks, strict=True)
}
_WINGDINGS = {
    0x6C: "●", 0x6D: "❍", 0x6E: "■", 0x6F: "□", 0x71: "❑", 0x72: "❒", 0x74: "◆", 0x75: "◆",
    0x76: "❖", 0x77: "◆", 0x80: "⓪", 0x9F: "•", 0xA1: "○", 0xA4: "◎", 0xA7: "▪", 0xA8: "□",
    0xAB: "★", 0xB2: "☆", 0xD8: "➢", 0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓", 0xE8: "→",
    0xF0: "→", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑",
    **{0x81 + n: chr(ord("①") + n) for n in range(10)},
    **{0x8C + n: chr(ord("❶") + n) for n in range(10)},
}  # fmt: skip
_WINGDINGS_2 = {
    0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0xA3: "□", 0x97: "●", 0x98: "●",
    **{0x6A + n: chr(ord("①") + n) for n in range(10)},
    **{0x75 + n: chr(ord("❶") + n) for n in range(10)},
}  # fmt: skip
_FONTS = {"symbol": _SYMBOL | _GREEK, "wingdings": _WINGDINGS, "wingdings 2": _WINGDINGS_2}
_PRIVATE = range(0xF000, 0xF100)
UNKNOWN = "\ufffd"
"""Stands for a glyph that has no character here."""


def symbol_text(words: str, font: str | None) -> str:
    """Words with each glyph of a symbol font (a character from U+F000 to U+F0FF) as a character;
    of other fonts as they are.

    Args:
        font: its name in lower case.
    """
    if not any(ord(character) in _PRIVATE for character in words):
        return words
    glyphs = _FONTS.get(font or "", _SYMBOL | _WINGDINGS if font is None else {})
    return "".join(
        glyphs.get(ord(character) - 0xF000, _plain(ord(character) - 0xF000, font))
        if ord(character) in _PRIVATE
        else character
        for character in words
    )


def _plain(code: int, font: str | None) -> str:
    """Other fonts, and Symbol itself below the letters, have ASCII at these numbers."""
    ascii_ = 0x20 <= code < 0x7F and (font is None or not font.startswith("wingdings"))
    return chr(code) if ascii_ else UNKNOWN

"""The numbering of official documents: which mark a line begins with, and how deep it stands.

GB/T 9704-2012, 7.3.3: 一、 (一) 1. (1) for the levels of a text; regulations use 第X章, 第X条.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_CN = "一二三四五六七八九十百"
_NO_DECIMAL = r"(?:(?!\d)|(?=(?:19|20)\d\d\s*年))"  # 1.5 is a number, 1.2025年 a marker and a year
_FAMILIES: tuple[tuple[str, str], ...] = (
    ("chapter", rf"第[{_CN}]{{1,4}}[编章](?=\s|$|[一-龥])"),
    ("section", rf"第[{_CN}]{{1,4}}节(?=\s|$|[一-龥])"),
    ("article", rf"第[{_CN}零〇\d]{{1,5}}条(?:之[{_CN}])?(?=\s|[一-龥]|$)"),
    ("cn", rf"[{_CN}]{{1,4}}[、．.]{_NO_DECIMAL}"),
    ("lost", r"、(?=[一-龥]{2,20}\s*$)"),
    ("cn-bracket", rf"[(（][{_CN}]{{1,4}}[)）]"),
    ("number", rf"\d{{1,3}}[.．、]{_NO_DECIMAL}"),
    ("number-bracket", r"[(（]\d{1,3}[)）]"),
    ("half-bracket", r"\d{1,2}[)）]"),
    ("circle", r"[①-⑳]"),
    ("dash", r"——"),
)
_PATTERN = re.compile("|".join(f"(?P<f{i}>{body})" for i, (_, body) in enumerate(_FAMILIES)))
RANK = {name: rank for rank, (name, _) in enumerate(_FAMILIES)} | {"lost": 3}
_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0}


@dataclass(frozen=True, slots=True)
class Marker:
    """`text` as printed, its family, its ordinal (None for dashes and lost ones)."""

    text: str
    family: str
    ordinal: int | None

    @property
    def rank(self) -> int:
        """Depth of the family: a smaller rank stands above a larger one."""
        return RANK[self.family]

    @property
    def part(self) -> str:
        """The marker as a part of a path: 一, (四), 5."""
        bare = self.text.strip().rstrip("、.．")
        return bare.replace("（", "(").replace("）", ")")


def find_marker(line: str) -> Marker | None:
    """The marker that `line` (stripped at the left) begins with.

    >>> find_marker("(四)坚持问题导向").part
    '(四)'
    """
    match = _PATTERN.match(line)
    if match is None:
        return None
    family = _FAMILIES[int(str(match.lastgroup)[1:])][0]
    return Marker(match.group(), family, normalize_ordinal(match.group()))


def normalize_ordinal(text: str) -> int | None:
    """The number in a marker: 十二、 → 12, (3) → 3, ④ → 4."""
    if text and "①" <= text[0] <= "⑳":
        return ord(text[0]) - ord("①") + 1
    if digits := re.search(r"\d+", text):
        return int(digits.group())
    total, digit, seen = 0, 0, False
    for character in text:
        if character in _DIGITS:
            digit, seen = _DIGITS[character], True
        elif character == "十":
            total, digit, seen = total + (digit or 1) * 10, 0, True
        elif character == "百":
            total, digit, seen = total + (digit or 1) * 100, 0, True
    return total + digit if seen else None


def chinese_ordinal(number: int) -> str:
    """12 → 十二; from 1000 on in figures: nobody writes them out.

    >>> chinese_ordinal(12), chinese_ordinal(105), chinese_ordinal(110)
    ('十二', '一百零五', '一百一十')
    """
    if number >= 1000:
        return str(number)
    names = "零一二三四五六七八九"
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    printed = f"{names[hundreds]}百" if hundreds else ""
    if tens:
        printed += "十" if tens == 1 and not hundreds else f"{names[tens]}十"
    elif hundreds and ones:
        printed += "零"
    return printed + (names[ones] if ones else "")

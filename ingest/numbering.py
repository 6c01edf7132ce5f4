"""The numbering of official documents: which mark a line begins with, and how deep it stands.

GB/T 9704-2012, 7.3.3: 一、 (一) 1. (1) for the levels of a text; regulations use 第X章, 第X条.
Beside these stand marks of one character (⒈ ⑴ ㈠ ①), decimals (2.1, 4.1.2), blocks that a word and
its number name (交办事项1：, 任务一, 第一步: `numbered_words` of the lexicon) and bullets. What looks
like a mark and may be a figure is one by its place among its like: see `settle`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from kb.characters import HAN, any_of
from kb.language.numerals import HUNDREDS, ZEROS, small_number
from kb.lexicon import WordEntry, words_of


class NumberedKind(StrEnum):
    """What a word with a number names, and where the number stands."""

    BLOCK = "block"  # after its word: 任务一
    STEP = "step"  # before it, after 第: 第一步
    PART = "part"  # the same, of the parts of a regulation: 第一编
    CHAPTER = "chapter"
    SECTION = "section"
    ARTICLE = "article"


class NumberedWords(WordEntry):
    """Words of one kind; lines that begin with such a mark, and lines that only seem to."""

    kind: NumberedKind


def _any(kind: NumberedKind) -> str:
    return any_of(words_of("numbered_words", NumberedWords, kind))


_GOES_ON = rf"(?=\s|$|[{HAN}])"
# 1.5 is a number; 1.2025年 and 5.9月底 are markers before a year and a month.
_NO_DECIMAL = r"(?:(?!\d)|(?=(?:19|20)\d\d\s*年)|(?=\d{1,2}\s*月))"
_FAMILIES: tuple[tuple[str, str], ...] = (
    ("part", rf"第[{HUNDREDS}]{{1,4}}{_any(NumberedKind.PART)}{_GOES_ON}"),
    ("chapter", rf"第[{HUNDREDS}]{{1,4}}{_any(NumberedKind.CHAPTER)}{_GOES_ON}"),
    ("section", rf"第[{HUNDREDS}]{{1,4}}{_any(NumberedKind.SECTION)}{_GOES_ON}"),
    (
        "article",
        rf"第[{HUNDREDS}{ZEROS}\d]{{1,5}}{_any(NumberedKind.ARTICLE)}(?:之[{HUNDREDS}])?{_GOES_ON}",
    ),
    ("block", ""),
    ("cn", rf"[{HUNDREDS}]{{1,4}}[、．.]{_NO_DECIMAL}"),
    ("lost", rf"、(?=[{HAN}]{{2,20}}\s*$)"),
    ("cn-bracket", rf"[(（]\s?[{HUNDREDS}]{{1,4}}\s?[)）]|[㈠-㈩]"),
    ("number", rf"\d{{1,3}}[.．、]{_NO_DECIMAL}|[⒈-⒛][.．、]?"),
    ("decimal-2", ""),
    ("decimal-3", ""),
    ("decimal-4", ""),
    ("number-bracket", r"[(（]\s?\d{1,3}\s?[)）]|[⑴-⒇]"),
    ("half-bracket", r"\d{1,2}[)）]"),
    ("circle", r"[①-⑳㉑-㉟❶-❿]"),
    ("letter", rf"[A-H](?:[、．]|[.](?=\s|[{HAN}])|类[:：])"),
    ("dash", r"——"),
    ("bullet", r"[▍◆◇■□●○•▪➢★☆※◎▲△]\s*|[-*+][ \u3000]+(?=\S)"),
)
_PATTERN = re.compile(
    "|".join(f"(?P<f{i}>{body})" for i, (_, body) in enumerate(_FAMILIES) if body)
)
RANK: dict[str, float] = {name: rank for rank, (name, _) in enumerate(_FAMILIES)}
RANK["lost"] = RANK["cn"]
CONTEXTUAL = frozenset({"block", "bullet"})
"""Families whose depth is that of the place where they are first met: 任务一 stands over 一、 as
often as under it."""
_DECIMAL = re.compile(r"(\d{1,2}(?:[.．]\d{1,2}){1,3})(?![\d.．%％])[.．、]?[ \u3000\t]*(?=\S)")
_BARE = re.compile(rf"(\d{{1,2}})[ \u3000\t]+(?=[{HAN}])")
_LOOSE = re.compile(
    rf"(?:(?P<cn>[{HUNDREDS}]{{1,3}})|(?P<number>\d{{1,2}}))"
    rf"(?P<stop>[.．、](?=\d)|\s*[.．、，,：:;；]\s*(?=[{HAN}])|[ \u3000\t]+(?=[{HAN}]))"
)
"""A number that begins a line with another stop than its own, or none, or before a figure."""
_COUNTED = ("cn", "number")
_ENDED = ("。", "；", ";", "：", ":")


@dataclass(frozen=True, slots=True)
class Marker:
    """`text` as printed, its family, its ordinal (None for dashes and lost ones)."""

    text: str
    family: str
    ordinal: int | None

    @property
    def rank(self) -> float:
        """Depth of the family: a smaller rank stands above a larger one."""
        return RANK[self.family]

    @property
    def part(self) -> str:
        """The marker as a part of a path: 一, (四), 5."""
        bare = self.text.strip().replace("\\", "").rstrip("、.．：:，,;； \t\u3000")
        return bare.replace("（", "(").replace("）", ")").replace("/", "-")


@lru_cache
def _blocks() -> re.Pattern[str]:
    block, step = _any(NumberedKind.BLOCK), _any(NumberedKind.STEP)
    number = rf"(?:\d{{1,3}}|[{HUNDREDS}]{{1,4}})"
    stop = r"(?:\s*[:：.．、](?!\d)\s*|[ \u3000\t]+(?=\S)|(?=[《“(（【]|——)|$)"
    return re.compile(rf"{block}\s?{number}{stop}|第\s?{number}\s?{step}(?:{stop}|(?=[,，]))")


def find_marker(line: str) -> Marker | None:
    """The marker that `line` (stripped at the left) begins with, where the line alone tells.

    >>> find_marker("(四)坚持问题导向").part
    '(四)'
    >>> find_marker("交办事项12：小区停车难").part
    '交办事项12'
    """
    if match := _PATTERN.match(line):
        family = _FAMILIES[int(str(match.lastgroup)[1:])][0]
    elif match := _blocks().match(line):
        family = "block"
    else:
        return None
    ordinal = None if family == "bullet" else normalize_ordinal(match.group())
    return Marker(match.group(), family, ordinal)


def settle(lines: Sequence[str], markers: Sequence[Marker | None]) -> list[Marker | None]:
    """The markers of all lines of a document, those that one line alone does not tell included.

    A decimal (2.1) is one where its like goes on before or after it (1.9 or 2.2) or its chapter
    stands above it; `2 总则` where decimals are. A number with another stop than its own (五，
    7 县交通局, 3.120急救) is one where it goes on from the last of its family and no other mark does;
    with no stop at all only after a whole sentence, or where the next of its family follows it.
    Two passes.
    """
    found = list(markers)
    decimals = {
        place: tuple(int(n) for n in re.split(r"[.．]", match[1]))
        for place, line in enumerate(lines)
        if found[place] is None and (match := _DECIMAL.match(line))
    }
    printed = set(decimals.values())
    kept: set[tuple[int, ...]] = set()
    chapters: set[int] = set()
    firsts = {numbers[0] for numbers in printed}
    counted = dict.fromkeys(_COUNTED, 0)  # the ordinal that each family has come to
    following = _following(markers)
    for place, line in enumerate(lines):
        marker = found[place]
        if marker is None:
            if (numbers := decimals.get(place)) and _in_order(numbers, printed, kept, chapters):
                kept.add(numbers)
                mark = _DECIMAL.match(line)
                if mark:
                    found[place] = Marker(mark[0], f"decimal-{len(numbers)}", numbers[-1])
                continue
            if (bare := _BARE.match(line)) and int(bare[1]) in firsts:
                chapters.add(int(bare[1]))
                found[place] = Marker(bare[0], "number", int(bare[1]))
                continue
            ended = place > 0 and lines[place - 1].endswith(_ENDED)
            marker = found[place] = _loose(line, counted, following[place], ended=ended)
        if marker is None:
            continue
        for family in _COUNTED:
            if marker.family == family:
                counted[family] = marker.ordinal or 0
            elif marker.rank == RANK[family]:
                counted[family] += 1  # its ordinal is lost
            elif marker.rank < RANK[family]:
                counted[family] = 0
        if marker.rank <= RANK["number"] and marker.ordinal:
            chapters.add(marker.ordinal)
    return found


def _following(markers: Sequence[Marker | None]) -> list[dict[str, int]]:
    """For each line the ordinal of the next mark of each family that may be mistyped, up to the next
    that stands above it."""
    after: list[dict[str, int]] = []
    ahead: dict[str, int] = {}
    for marker in reversed(markers):
        after.append(ahead)
        if marker is not None and marker.rank <= RANK["number"]:
            ahead = {f: n for f, n in ahead.items() if RANK[f] < marker.rank}
            if marker.family in _COUNTED and marker.ordinal:
                ahead[marker.family] = marker.ordinal
    return after[::-1]


def _loose(
    line: str, counted: Mapping[str, int], following: Mapping[str, int], *, ended: bool
) -> Marker | None:
    match = _LOOSE.match(line)
    if match is None:
        return None
    family = "cn" if match["cn"] else "number"
    ordinal = normalize_ordinal(match[family])
    if ordinal is None or ordinal != counted[family] + 1 or ordinal < 2:
        return None
    after = following.get(family)
    if after == ordinal or not (match["stop"].strip() or ended or after == ordinal + 1):
        return None
    return Marker(match[0], family, ordinal)


def _in_order(
    numbers: tuple[int, ...],
    printed: set[tuple[int, ...]],
    kept: set[tuple[int, ...]],
    chapters: set[int],
) -> bool:
    *above, last = numbers
    if (*above, last - 1) in kept or tuple(above) in kept:
        return True
    after = (*above, last + 1) in printed
    return last <= 1 and (after or (len(above) == 1 and above[0] in chapters))


def normalize_ordinal(text: str) -> int | None:
    """The number in a marker: 十二、 → 12, (3) → 3, ④ → 4, ⒌ → 5."""
    if found := re.search(r"\d+", text) or re.search(rf"[{HUNDREDS}{ZEROS}]+", text):
        return small_number(found.group())
    value = unicodedata.numeric(text[:1] or " ", None)
    return None if value is None else int(value)

"""Words of the web page around a document: links, controls of the page, who published it where.

A line is furniture when it consists of nothing else (`corpus/lexicon/furniture.jsonl`). One that
merely holds such a word (`1.公交车加装语音播报设备500台。`) is text.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from kb.characters import HAN, any_of
from kb.lexicon import load_lexicon
from kb.models import Fact

_SEPARATORS = re.compile(r"[\s|｜>›»•·【】\[\]/、]+")
_SENTENCE = re.compile(r"[。；;！!？]")
_LONGEST_LINE = 400
_LONGEST_VALUE = 40
"""Characters of a label's value: the longest names of offices printed as 来源 have 35."""
_MOSTLY = 0.5
"""Share of a line's words at the foot of a page that must be furniture: in the foot lines of the
portals read so far it is 0.6 and more, in a signature or a list of attachments 0."""


class FurnitureExample(Fact):
    """A line, and whether it is furniture where it stands alone."""

    text: str
    furniture: bool


class FurnitureKind(StrEnum):
    """What a word does in a line of a page; the lexicon says it in full."""

    LINK = "link"
    LABEL = "label"
    NOTE = "note"
    PLACE = "place"
    HOME = "home"
    SITE = "site"
    VISIT = "visit"
    COUNTED = "counted"


class FurnitureEntry(Fact):
    """Words of one kind, and lines with them."""

    kind: FurnitureKind
    words: tuple[str, ...]
    examples: tuple[FurnitureExample, ...]


def _words(kind: FurnitureKind) -> list[str]:
    known = load_lexicon("furniture", FurnitureEntry)
    return sorted((w for e in known if e.kind is kind for w in e.words), key=len, reverse=True)


@lru_cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    links, labels, notes, places, homes, sites, visits = (
        any_of(_words(kind)) for kind in FurnitureKind if kind is not FurnitureKind.COUNTED
    )
    counted = "|".join(
        r"\s*[-\d]+\s*".join(map(re.escape, form.split("…")))
        for form in _words(FurnitureKind.COUNTED)
    )
    forms = (
        rf"[(（]{notes}[{HAN}]{{1,10}}[)）]",
        rf"{places}[:：\s]*{homes}[^。；]{{0,200}}",
        rf"[{HAN}]{{0,8}}{sites}",
        rf"{visits}[{HAN}]{{2,4}}",
        rf"[{HAN}]{{0,3}}(?:{counted})(?:-\d+)?(?:\s*[,，/]?\s*(?:{counted}))*",
    )
    # Atomic: a run of labels is read one way only, so that a near miss costs no more than its length.
    return (
        re.compile(rf"(?>{links})+[:：]?|[-—_=~*.]+"),
        re.compile(rf"(?<![{HAN}]){labels}[ \u3000]*[:：]"),
        re.compile("|".join(forms)),
    )


def is_furniture(line: str, *, outside: bool) -> bool:
    """Whether a stripped line is wholly furniture.

    Args:
        line: the line.
        outside: it stands before the first or after the last sentence of the text, where labels
            with values (`来源：某局`) and rows that are mostly links are furniture too.

    >>> is_furniture("扫一扫在手机打开当前页", outside=False)
    True
    >>> is_furniture("在办事大厅设置扫一扫自助终端30台。", outside=True)
    False
    """
    if len(line) > _LONGEST_LINE or _SENTENCE.search(line):
        return False
    links, labels, forms = _patterns()
    if forms.fullmatch(line):
        return True
    words = [word for word in _SEPARATORS.split(line) if word]
    known = sum(1 for word in words if links.fullmatch(word) or forms.fullmatch(word))
    if known == len(words):
        return bool(words)
    if not outside:
        return False
    found = [*labels.finditer(line)]
    if found:
        ends = [*(label.start() for label in found[1:]), len(line)]
        values = [line[a.end() : end].strip() for a, end in zip(found, ends, strict=True)]
        before = line[: found[0].start()].split()
        known = len(found) + sum(1 for word in before if links.fullmatch(word))
        if max(map(len, values)) > _LONGEST_VALUE:
            return False
        return known >= _MOSTLY * (len(found) + len(before))
    return known > _MOSTLY * len(words)

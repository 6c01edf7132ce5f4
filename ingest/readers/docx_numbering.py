"""Automatic numbers of paragraphs as Word prints them (ECMA-376 part 1, 17.9): they stand nowhere
in the text of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from lxml import etree

from ingest.readers.docx_package import W
from ingest.readers.docx_styles import (
    Styles,
    as_number,
    flag,
    is_on,
    number,
    symbol_font,
    value,
)
from ingest.readers.list_numbers import format_number, gap_after
from ingest.readers.symbols import symbol_text

_LEVELS = 9
_PLACE = re.compile(r"%([1-9])")
_NO_LIST = "0"
"""`w:numId` that takes a paragraph out of its style's list (17.9.18)."""
_CUSTOM = re.compile(r"0*1(?=,)")
_LONGEST = 60
"""Characters of a printed number."""


@dataclass(frozen=True, slots=True)
class Level:
    """A level of a list. `text` has `%1` … `%9` for the numbers of the levels; `restart`: after
    which level, from 1, it begins anew (0: never; None: after each above it); `after`: what parts it
    from the words (tab, space, nothing)."""

    start: int = 0
    format: str = "decimal"
    zeros: int = 0
    text: str = ""
    restart: int | None = None
    legal: bool = False
    after: str = "tab"
    hidden: bool = False
    style: str | None = None


@dataclass(slots=True)
class _List:
    """An instance of a list (`w:num`): the levels as overridden, and where they begin anew when it is
    first used. Instances of one definition (`abstract`) count on together."""

    abstract: str
    levels: tuple[Level, ...]
    starts: dict[int, int]
    used: set[int] = field(default_factory=set)


class Printed(NamedTuple):
    """A number as printed, and what parts it from the words after it."""

    text: str
    after: str


class Numbering:
    """The lists of a document while its paragraphs are read in order."""

    def __init__(self, root: etree._Element | None, styles: Styles) -> None:
        self._lists = _read_lists(root, styles) if root is not None else {}
        self._counts: dict[str, list[int | None]] = {}

    def of(self, properties: etree._Element | None, styles: Styles) -> Printed | None:
        """The number of the next paragraph, by its `w:pPr`; None where it has none."""
        if not self._lists:
            return None
        style_id = value(properties, "pStyle")
        style = styles.of(style_id)
        list_id = value(properties, "numPr", "numId")
        level = number(properties, "numPr", "ilvl")
        if list_id is None:
            list_id = style.list_id
            level = level if level is not None else style.list_level
        found = self._lists.get(list_id or _NO_LIST)
        if found is None or list_id == _NO_LIST:
            return None
        if level is None:
            level = _level_of_style(found, style_id)
        return self._next(found, min(max(level, 0), _LEVELS - 1))

    def _next(self, found: _List, at: int) -> Printed | None:
        counts = self._counts.setdefault(found.abstract, [None] * _LEVELS)
        if at in found.starts and at not in found.used:
            counts[at] = found.starts[at]
        else:
            now = counts[at]
            counts[at] = found.levels[at].start if now is None else now + 1
        found.used.add(at)
        for below in range(at + 1, _LEVELS):
            restart = found.levels[below].restart
            if restart is None or at < restart:
                counts[below] = None
        return _printed(found.levels, counts, at)


def _printed(levels: tuple[Level, ...], counts: list[int | None], at: int) -> Printed | None:
    level = levels[at]
    if level.hidden:
        return None

    def put(place: re.Match[str]) -> str:
        of = int(place[1]) - 1
        if of > at:
            return ""
        count, named = counts[of], levels[of]
        count = named.start if count is None else count
        if level.legal and named.format not in {"none", "bullet"}:
            return str(count)
        return format_number(count, named.format).rjust(named.zeros, "0")

    text = _PLACE.sub(put, level.text)[:_LONGEST].strip()
    if not text:
        return None
    if level.after == "space":
        return Printed(text, " ")
    return Printed(text, gap_after(text) if level.after == "tab" else "")


def _level_of_style(found: _List, style_id: str | None) -> int:
    """A style names the list only; its level is the one that names the style (17.9.23)."""
    if style_id is not None:
        for at, level in enumerate(found.levels):
            if level.style == style_id:
                return at
    return 0


def _read_lists(root: etree._Element, styles: Styles) -> dict[str, _List]:
    abstracts = {
        key: a
        for a in root.iterchildren(f"{W}abstractNum")
        if (key := a.get(f"{W}abstractNumId")) is not None
    }
    linked = {
        link: key for key, a in abstracts.items() if (link := value(a, "styleLink")) is not None
    }
    lists: dict[str, _List] = {}
    read: dict[str, tuple[Level, ...]] = {}
    for element in root.iterchildren(f"{W}num"):
        list_id, key = element.get(f"{W}numId"), value(element, "abstractNumId")
        if list_id is None or key is None or key not in abstracts:
            continue
        # A definition may only name the style that another defines (17.9.21, 17.9.27).
        style = value(abstracts[key], "numStyleLink")
        key = linked.get(style, key) if style is not None else key
        if key not in read:
            read[key] = _levels(abstracts[key])
        levels, starts = list(read[key]), {}
        for override in element.iterchildren(f"{W}lvlOverride"):
            at = as_number(override.get(f"{W}ilvl"))
            if at is None or not 0 <= at < _LEVELS:
                continue
            if (told := override.find(f"{W}lvl")) is not None:
                levels[at] = _level(told)
            if (start := number(override, "startOverride")) is not None:
                starts[at] = max(start, 0)
                levels[at] = replace(levels[at], start=max(start, 0))
        lists[list_id] = _List(key, tuple(levels), starts)
    return lists


def _levels(abstract: etree._Element) -> tuple[Level, ...]:
    levels = [Level() for _ in range(_LEVELS)]
    for element in abstract.iterchildren(f"{W}lvl"):
        at = as_number(element.get(f"{W}ilvl"))
        if at is not None and 0 <= at < _LEVELS:
            levels[at] = _level(element)
    return tuple(levels)


def _level(element: etree._Element) -> Level:
    properties = element.find(f"{W}rPr")
    format_, zeros = _format(element)
    text = value(element, "lvlText") or ""
    if format_ == "bullet":
        picture = element.find(f"{W}lvlPicBulletId") is not None
        text = "•" if picture else symbol_text(text, symbol_font(properties))
    legal = element.find(f"{W}isLgl")
    return Level(
        start=max(number(element, "start") or 0, 0),
        format=format_,
        zeros=zeros,
        text=text,
        restart=number(element, "lvlRestart"),
        legal=legal is not None and is_on(legal.get(f"{W}val")),
        after=value(element, "suff") or "tab",
        hidden=flag(properties, "vanish") is True,
        style=value(element, "pStyle"),
    )


def _format(element: etree._Element) -> tuple[str, int]:
    """The format of a level, and to how many figures it is filled with zeros. A custom one (`001,
    002, 003, ...`) stands in alternate content beside one for older readers."""
    found = [*_number_formats(element)]
    for told in found:
        if told.get(f"{W}val") == "custom":
            sample = _CUSTOM.match(told.get(f"{W}format") or "")
            return "decimal", len(sample[0]) if sample else 0
    return (found[0].get(f"{W}val") or "decimal", 0) if found else ("decimal", 0)


def _number_formats(element: etree._Element) -> Iterator[etree._Element]:
    yield from element.iter(f"{W}numFmt")

"""A page's elements measured in one pass: how much text each holds, how much of it in links.

Asking each element for its text walks through all that is below it, again at every level: the
square of what a page holds. Here each is a stretch of the page's lists of strings, links and
elements, and what it holds is a difference of two sums.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from bs4 import CData, Comment, Tag
from bs4.element import NavigableString, PageElement, TemplateString

from ingest.lines import split_lines
from kb.characters import HAN
from kb.language.numerals import HUNDREDS, TENS

STRINGS = frozenset([NavigableString, CData, TemplateString])
"""Strings that are words: no declarations, no notes on reading."""
_LINKS = 200
"""Of an element's links so many are counted."""
SPEAKS = re.compile(
    rf"[。；]|^\s*(?:[{TENS}]{{1,3}}、|[(（][{TENS}]{{1,3}}[)）]|第[{HUNDREDS}]{{1,4}}[章条]|\d{{1,2}}[.．、]\s*[{HAN}])|(?:责任|牵头|配合)单位"
)
"""A sentence, the number of a clause, who bears a duty: what the words of a page do not have."""


@dataclass(slots=True)
class _Extent:
    """Where an element stands in each list: `[first, last)`, its own entry left out."""

    element: int
    strings: tuple[int, int]
    links: tuple[int, int]
    inside: tuple[int, int]


class Elements:
    """The elements of `root` that are read: `dropped` names those that are not, with all in them,
    `without` has the `id`s of others. Strings in `preformatted` (`id`s) are one for each line."""

    def __init__(
        self,
        root: Tag,
        dropped: Container[str],
        without: Container[int] = frozenset(),
        preformatted: Container[int] = frozenset(),
    ) -> None:
        self.root = root
        self.named: dict[tuple[str, str], Tag] = {}
        """The first element with an id or a class: ("id", "zoom") → element."""
        self._dropped = dropped
        self._without = without
        self._preformatted = preformatted
        self._elements: list[Tag] = []
        self._strings: list[str] = []
        self._links: list[int] = []
        self._extents: dict[int, _Extent] = {}
        self._walk()
        self._sums = list(accumulate((len(s.strip()) for s in self._strings), initial=0))
        self._linked = list(
            accumulate((self.length(self._elements[i]) for i in self._links), initial=0)
        )
        self._speaking = list(
            accumulate((int(bool(SPEAKS.search(s))) for s in self._strings), initial=0)
        )

    def _walk(self) -> None:
        stack: list[PageElement] = [self.root]
        while stack:
            node = stack.pop()
            if isinstance(node, Tag):
                extent = self._extents.get(id(node))
                if extent is not None:  # all that is below it has been seen
                    extent.strings = extent.strings[0], len(self._strings)
                    extent.links = extent.links[0], len(self._links)
                    extent.inside = extent.inside[0], len(self._elements)
                    continue
                self._open(node)
                stack.append(node)
                stack.extend(reversed(list(self.children(node))))
            elif type(node) in STRINGS:
                kept = id(node) in self._preformatted
                self._strings.extend(split_lines(str(node)) if kept else [str(node)])

    def _open(self, tag: Tag) -> None:
        place = len(self._elements)
        self._elements.append(tag)
        if tag is not self.root:
            for name in tag.get("class") or ():
                self.named.setdefault(("class", name), tag)
            self.named.setdefault(("id", str(tag.get("id") or "")), tag)
            if tag.name == "a":
                self._links.append(place)
        strings, links = len(self._strings), len(self._links)
        self._extents[id(tag)] = _Extent(
            place, (strings, strings), (links, links), (place + 1, place + 1)
        )

    def children(self, tag: Tag) -> Iterator[PageElement]:
        """What stands directly in `tag` and is read: elements and strings, in order."""
        for child in tag.children:
            dropped = isinstance(child, Tag) and child.name in self._dropped
            if not (dropped or isinstance(child, Comment) or id(child) in self._without):
                yield child

    def inside(self, tag: Tag, names: Container[str]) -> Iterator[Tag]:
        """The elements anywhere in `tag` that have one of the names, in order."""
        first, last = self._extents[id(tag)].inside
        for place in range(first, last):
            if self._elements[place].name in names:
                yield self._elements[place]

    def count(self, tag: Tag, names: Container[str]) -> int:
        """Whether any element in `tag` has one of the names: 1 or 0."""
        return int(next(self.inside(tag, names), None) is not None)

    def holds(self, tag: Tag, other: Tag) -> bool:
        """Whether `other` is `tag` or stands somewhere in it."""
        own, place = self._extents[id(tag)], self._extents[id(other)].element
        return own.element <= place < own.inside[1]

    def length(self, tag: Tag) -> int:
        """How many characters of text `tag` holds, without the white space around each string."""
        first, last = self._extents[id(tag)].strings
        return self._sums[last] - self._sums[first]

    def linked(self, tag: Tag) -> int:
        """How many of them stand in links."""
        first, last = self._extents[id(tag)].links
        return self._linked[min(last, first + _LINKS)] - self._linked[first]

    def speaking(self, tag: Tag) -> int:
        """How many strings of `tag` read as a sentence, a clause or a duty."""
        first, last = self._extents[id(tag)].strings
        return self._speaking[last] - self._speaking[first]

    def all(self) -> Iterator[Tag]:
        """Every element, in the order in which they begin."""
        yield from self._elements

    def text(self, tag: Tag) -> str:
        """The text of `tag`, a space between its strings."""
        first, last = self._extents[id(tag)].strings
        return " ".join(self._strings[first:last])

    def text_without(self, tags: Iterable[Tag]) -> str:
        """The text of the page but for some elements, a space between its strings."""
        kept = [True] * len(self._strings)
        for tag in tags:
            first, last = self._extents[id(tag)].strings
            kept[first:last] = [False] * (last - first)
        return " ".join(s for s, stays in zip(self._strings, kept, strict=True) if stays)

"""Parts of a page that say a second time what stands in another: a copy for small screens, for
reading aloud, for print, often hidden."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Iterator

from bs4 import Tag

from ingest.readers.elements import Elements

_LEAST = 60
"""Characters from which on saying the same twice is no accident: two articles have less in common."""
_STRETCH, _EVERY, _FEWEST = 16, 8, 4
"""Characters of a sample; one of so many places is sampled; samples that make a copy."""
_SAME = 0.95
"""Share of its samples that a hidden copy has in common with what is shown: its own heading and
joins between paragraphs differ (0.987 and more in the pages of one portal); text of the same form
about something else has 0.85."""


def find_copies(page: Elements, unseen: Container[int]) -> set[int]:
    """`id`s of the elements that repeat another: of two with the same words the one that is
    hidden, else the later one; and hidden ones whose words the page shows elsewhere.
    `unseen`: `id`s of what is hidden."""
    found: set[int] = set()
    same: dict[int, list[Tag]] = defaultdict(list)
    hidden: list[Tag] = []
    for tag in page.all():
        length = page.length(tag)
        if length < _LEAST or tag is page.root:
            continue
        if id(tag) in unseen:
            hidden.append(tag)
        parent = tag.parent
        # Of elements that hold nothing but one another the outermost stands for all.
        if parent is page.root or parent is None or page.length(parent) != length:
            same[length].append(tag)
    for tags in same.values():
        if len(tags) > 1:
            found |= _repeated(page, tags, unseen)
    outermost = _outermost(page, hidden)
    if outermost:
        shown = set(_samples(_squeezed(page.text_without(outermost))))
        found |= {id(tag) for tag in outermost if _says_again(_words(page, tag), shown)}
    return found


def _outermost(page: Elements, tags: list[Tag]) -> list[Tag]:
    """Those that stand in none of the others; `tags` are in the order in which they begin."""
    found: list[Tag] = []
    for tag in tags:
        if not found or not page.holds(found[-1], tag):
            found.append(tag)
    return found


def _samples(words: str) -> Iterator[str]:
    """Stretches of a text that are picked by what they are, not where: the same in any copy."""
    for at in range(len(words) - _STRETCH + 1):
        if ord(words[at]) % _EVERY == 0:
            yield words[at : at + _STRETCH]


def _says_again(words: str, shown: set[str]) -> bool:
    taken = [sample in shown for sample in _samples(words)]
    return len(taken) >= _FEWEST and sum(taken) >= _SAME * len(taken)


def _repeated(page: Elements, tags: list[Tag], unseen: Container[int]) -> set[int]:
    by_words: dict[str, list[Tag]] = defaultdict(list)
    for tag in tags:
        by_words[_words(page, tag)].append(tag)
    found: set[int] = set()
    for alike in by_words.values():
        apart = [
            tag for tag in alike if not any(t is not tag and page.holds(t, tag) for t in alike[:8])
        ]
        kept = next((tag for tag in apart if id(tag) not in unseen), apart[0])
        found |= {id(tag) for tag in apart if tag is not kept}
    return found


def _words(page: Elements, tag: Tag) -> str:
    return _squeezed(page.text(tag))


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)

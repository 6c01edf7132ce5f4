"""Parts of a page that say a second time what stands in another: a copy for small screens, for
reading aloud, for print, often hidden."""

from __future__ import annotations

import re
from collections import defaultdict

from bs4 import Tag

from ingest.readers.elements import Elements

_LEAST = 60
"""Characters from which on saying the same twice is no accident: two articles have less in common."""
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)


def find_copies(page: Elements) -> set[int]:
    """`id`s of the elements that repeat another: of two with the same words the one that is
    hidden, else the later one; and hidden ones whose words the page shows elsewhere in one piece."""
    found: set[int] = set()
    same: dict[int, list[Tag]] = defaultdict(list)
    hidden: list[Tag] = []
    for tag in page.all():
        length = page.length(tag)
        if length < _LEAST or tag is page.root:
            continue
        if is_hidden(tag):
            hidden.append(tag)
        parent = tag.parent
        # Of elements that hold nothing but one another the outermost stands for all.
        if parent is page.root or parent is None or page.length(parent) != length:
            same[length].append(tag)
    for tags in same.values():
        if len(tags) > 1:
            found |= _repeated(page, tags)
    shown = ""
    for tag in hidden:
        words = _words(page, tag)
        shown = shown or _words(page, page.root)
        at = shown.find(words)
        if id(tag) not in found and at >= 0 and shown.find(words, at + len(words)) >= 0:
            found.add(id(tag))
    return found


def is_hidden(tag: Tag) -> bool:
    """Whether a page does not show an element itself."""
    return (
        tag.has_attr("hidden")
        or str(tag.get("aria-hidden", "")).lower() == "true"
        or _HIDDEN.search(str(tag.get("style") or "")) is not None
    )


def _repeated(page: Elements, tags: list[Tag]) -> set[int]:
    by_words: dict[str, list[Tag]] = defaultdict(list)
    for tag in tags:
        by_words[_words(page, tag)].append(tag)
    found: set[int] = set()
    for alike in by_words.values():
        apart = [tag for tag in alike if not any(t is not tag and page.holds(t, tag) for t in alike[:8])]
        kept = next((tag for tag in apart if not is_hidden(tag)), apart[0])
        found |= {id(tag) for tag in apart if tag is not kept}
    return found


def _words(page: Elements, tag: Tag) -> str:
    return re.sub(r"\s+", "", page.text(tag))

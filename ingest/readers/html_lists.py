"""The numbers of lists that a browser prints and no text of the page holds (HTML standard, 4.4.5 and
15.3.8: `<ol>` with `start`, `reversed` and `type`, `<li>` with `value`)."""

from __future__ import annotations

import re

from bs4 import Tag

from ingest.numbering import find_marker
from ingest.readers.list_numbers import format_number, gap_after

_INTEGER = re.compile(r"\s*([+-]?\d{1,9})")
_TYPES = {
    "1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman",
}  # fmt: skip
_UNNUMBERED = re.compile(r"list-style(?:-type)?\s*:[^;]*\b(?:none|disc|circle|square)\b", re.I)


class ListNumbers:
    """The numbers of a page's lists, each item asked for once, in order."""

    def __init__(self) -> None:
        self._next: dict[int, int] = {}  # of each list, by its `id`

    def before(self, item: Tag, words: str) -> str:
        """What a browser prints before an `<li>` that begins with `words`: empty where it is none of a
        numbered list, its style shows no number, or its words bring one of their own."""
        parent = item.parent
        if parent is None or parent.name != "ol":
            return ""
        back = parent.has_attr("reversed")
        number = _integer(item, "value")
        if number is None:
            number = self._next.get(id(parent))
        if number is None:
            first = len(parent.find_all("li", recursive=False)) if back else 1
            start = _integer(parent, "start")
            number = first if start is None else start
        self._next[id(parent)] = number - 1 if back else number + 1
        shown = not any(_UNNUMBERED.search(str(tag.get("style") or "")) for tag in (item, parent))
        if not shown or not words or find_marker(words) is not None:
            return ""
        kind = _TYPES.get(str(item.get("type") or parent.get("type") or "1"), "decimal")
        printed = f"{format_number(number, kind)}."
        return printed + gap_after(printed)


def _integer(tag: Tag, name: str) -> int | None:
    found = _INTEGER.match(str(tag.get(name) or ""))
    return int(found[1]) if found else None

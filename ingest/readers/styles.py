"""What the attributes of a page's elements say of showing their text: hidden, or with its line
breaks kept. Style sheets are not read.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field
from typing import NamedTuple

from bs4 import CData, Tag
from bs4.element import NavigableString, PageElement

_ZERO = re.compile(r"[+-]?(?:0+\.?0*|\.0+)(?:[a-z]+|%)?")
_OF_PARENT = re.compile(r".*(?:[\d.]em|%)|inherit|unset|smaller|larger")
"""Sizes that are nothing where that of the parent is."""
_KEEPS_LINES = frozenset(["pre", "pre-wrap", "pre-line", "break-spaces"])
_PREFORMATTED = frozenset(["pre", "textarea", "listing", "xmp"])


@dataclass(slots=True)
class Styles:
    """`hidden`: the outermost elements and strings that are not shown, in order; `unseen`: `id`s
    of these and of all that is in them; `preformatted`: `id`s of the strings whose line breaks
    are lines."""

    hidden: list[PageElement] = field(default_factory=list)
    unseen: set[int] = field(default_factory=set)
    preformatted: set[int] = field(default_factory=set)


class _Shown(NamedTuple):
    """What an element hands down to those in it."""

    removed: bool = False  # nothing in it can be shown
    invisible: bool = False
    sizeless: bool = False
    preformatted: bool = False


def read_styles(root: Tag, dropped: Container[str]) -> Styles:
    """The styles of what stands in `root`; `root` and what it stands in count for all of it.
    Elements with a name in `dropped` are no text, shown or not."""
    found = Styles()
    start = _Shown()
    for tag in [*reversed([*root.parents]), root]:
        start = _inside(tag, start)
    stack: list[tuple[PageElement, _Shown, bool]] = [
        (child, start, False) for child in reversed([*root.children])
    ]
    while stack:
        node, around, told = stack.pop()
        if isinstance(node, Tag):
            if node.name in dropped:
                continue
            inner = _inside(node, around)
            faint = inner.invisible or inner.sizeless
            if not told and (inner.removed or (faint and not _shows_again(node))):
                found.hidden.append(node)
                told = True
            if told:
                found.unseen.add(id(node))
            stack.extend((child, inner, told) for child in reversed([*node.children]))
        elif type(node) in (NavigableString, CData):
            if around.preformatted:
                found.preformatted.add(id(node))
            if not told and any(around[:3]) and str(node).strip():
                found.hidden.append(node)
                told = True
            if told:
                found.unseen.add(id(node))
    return found


def _declared(tag: Tag) -> dict[str, str]:
    """Property → value of an element's own style."""
    pairs = (part.partition(":") for part in str(tag.get("style") or "").lower().split(";"))
    return {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs}


def _inside(tag: Tag, around: _Shown) -> _Shown:
    style = _declared(tag)
    removed = (
        around.removed
        or style.get("display") == "none"
        or (tag.has_attr("hidden") and "display" not in style)
        or str(tag.get("aria-hidden", "")).lower() == "true"
        or _ZERO.fullmatch(style.get("opacity", "")) is not None
    )
    invisible, sizeless, keeps = around.invisible, around.sizeless, around.preformatted
    if (value := style.get("visibility")) in ("hidden", "collapse", "visible", "initial"):
        invisible = value in ("hidden", "collapse")
    if size := style.get("font-size"):
        sizeless = _ZERO.fullmatch(size) is not None or (
            sizeless and _OF_PARENT.fullmatch(size) is not None
        )
    if (space := style.get("white-space", "inherit").split()[:1]) != ["inherit"]:
        keeps = bool(_KEEPS_LINES.intersection(space))
    elif tag.name in _PREFORMATTED:
        keeps = True
    return _Shown(removed, invisible, sizeless, keeps)


def _shows_again(tag: Tag) -> bool:
    """Whether an element in a faint one may be shown, as its size or visibility is its own."""
    return any(isinstance(inner, Tag) and _own(inner) for inner in tag.descendants)


def _own(tag: Tag) -> bool:
    style = _declared(tag)
    size = style.get("font-size", "0")
    return style.get("visibility") in ("visible", "initial") or not (
        _ZERO.fullmatch(size) or _OF_PARENT.fullmatch(size)
    )

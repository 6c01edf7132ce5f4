"""What the attributes of a page's elements say of showing their text: hidden, or with its line
breaks kept. Style sheets are not read; a page is white where no attribute says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field
from typing import NamedTuple

from bs4 import Tag
from bs4.element import PageElement

from ingest.readers.colours import WHITE, Colour, alike, is_transparent, read_colour
from ingest.readers.elements import STRINGS

_ZERO = re.compile(r"[+-]?(?:0+\.?0*|\.0+)(?:[a-z]+|%)?")
_OF_PARENT = re.compile(r".*(?:[\d.]em|%)|inherit|unset|smaller|larger")
"""Sizes that are nothing where that of the parent is."""
_KEEPS_LINES = frozenset(["pre", "pre-wrap", "pre-line", "break-spaces"])
_TEXT_COLOUR = {"font": "color", "body": "text"}
_NEVER_SHOWN = frozenset(["template", "textarea", "datalist", "noembed", "noframes"])
"""Elements whose text is no part of the page: for scripts, for other programs, a field to fill."""
_FAR = re.compile(r"-\s*\d{3,}(?:\.\d*)?(?:px|pt|em|rem|%|vw|vh)?")
"""A distance beyond the edge of the page."""
_COLOURS = re.compile(r"#?[\w-]+(?:\([^()]*\))?")
"""What may be colours in a background."""
_NO_AREA = re.compile(r"rect\(\s*(?:[01](?:px)?[\s,]*){4}\)|inset\(\s*(?:[5-9]\d|100)%\s*\)")
_HIDES_MORE = frozenset(["hidden", "clip"])
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
    colour: Colour | None = None  # of the text, where an attribute gives it
    clear: bool = False  # text without any colour
    ground: Colour | None = WHITE  # None: a picture, or not known

    @property
    def faint(self) -> bool:
        """Whether its own words cannot be seen; those of an element in it may."""
        same = self.colour and self.ground and alike(self.colour, self.ground)
        return self.invisible or self.sizeless or self.clear or bool(same)


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
            if not told and (inner.removed or (inner.faint and not _shows_again(node))):
                found.hidden.append(node)
                told = True
            if told:
                found.unseen.add(id(node))
            stack.extend((child, inner, told) for child in reversed([*node.children]))
        elif type(node) in STRINGS:
            if around.preformatted:
                found.preformatted.add(id(node))
            if not told and (around.removed or around.faint) and str(node).strip():
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
        or tag.name in _NEVER_SHOWN
        or (tag.name == "dialog" and not tag.has_attr("open"))
        or _is_away(style)
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
    colour, clear = around.colour, around.clear
    told = style.get("-webkit-text-fill-color") or style.get("color")
    if told is None and (given := _TEXT_COLOUR.get(tag.name)) and tag.has_attr(given):
        told = str(tag[given])
    if told is not None and told not in ("inherit", "unset", "currentcolor"):
        colour, clear = read_colour(told), is_transparent(told)
    ground = _ground(tag, style, around.ground)
    return _Shown(removed, invisible, sizeless, keeps, colour, clear, ground)


def _ground(tag: Tag, style: dict[str, str], around: Colour | None) -> Colour | None:
    """What an element's text stands on; None where that is a picture or not known."""
    told = style.get("background-color") or style.get("background")
    if style.get("background-image", "none") != "none" or tag.has_attr("background"):
        return None
    if told is None and tag.has_attr("bgcolor"):
        told = str(tag["bgcolor"])
    if told is None or told in ("inherit", "unset", "initial", "none") or is_transparent(told):
        return around
    if "url(" in told or "gradient(" in told:
        return None
    return next(filter(None, map(read_colour, _COLOURS.findall(told))), None)


def _is_away(style: dict[str, str]) -> bool:
    """Whether an element is moved off the page or cut to nothing."""
    if _FAR.fullmatch(style.get("text-indent", "")):
        return True
    placed = style.get("position", "static")
    if placed != "static" and any(
        _FAR.fullmatch(style.get(side, "")) for side in ("left", "top", "right", "bottom")
    ):
        return True
    if placed in ("absolute", "fixed") and _NO_AREA.fullmatch(style.get("clip", "")):
        return True
    if _NO_AREA.fullmatch(style.get("clip-path", "")):
        return True
    cut = _HIDES_MORE.intersection(style.get("overflow", "").split())
    sides = ("height", "max-height", "width", "max-width")
    return bool(cut) and any(_ZERO.fullmatch(style.get(side, "")) for side in sides)


def _shows_again(tag: Tag) -> bool:
    """Whether an element in a faint one may be shown, as its size or visibility is its own."""
    return any(isinstance(inner, Tag) and _own(inner) for inner in tag.descendants)


_OWN_COLOUR = frozenset(
    ["color", "-webkit-text-fill-color", "background", "background-color", "background-image"]
)


def _own(tag: Tag) -> bool:
    style = _declared(tag)
    size = style.get("font-size", "0")
    if _OWN_COLOUR.intersection(style) or any(tag.has_attr(a) for a in ("color", "bgcolor")):
        return True
    return style.get("visibility") in ("visible", "initial") or not (
        _ZERO.fullmatch(size) or _OF_PARENT.fullmatch(size)
    )

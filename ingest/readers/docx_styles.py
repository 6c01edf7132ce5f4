"""Styles of paragraphs and characters as far as they say what a text is (ECMA-376 part 1, 17.7):
its list, its level as a heading, whether it is hidden."""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from ingest.readers.docx_package import W

_OFF = frozenset({"0", "false", "off", "none"})
_BODY_LEVEL = 9
"""`outlineLvl` of what is no heading (17.3.1.20)."""
_MOST_BASES = 12
"""Styles that are based on one another; Word allows ten."""


@dataclass(frozen=True, slots=True)
class Style:
    """What a style says, its bases' words included. `name` in lower case; `list_id` and
    `list_level` of its numbering (`w:numId`, `w:ilvl`); `level` of a heading, from 1; `hidden`:
    its characters are; `font` of its characters."""

    name: str = ""
    list_id: str | None = None
    list_level: int | None = None
    level: int | None = None
    hidden: bool | None = None
    font: str | None = None


@dataclass(slots=True)
class Styles:
    """Styles by their ids; `default` is that of paragraphs which name none."""

    by_id: dict[str, Style] = field(default_factory=dict)
    default: Style = field(default_factory=Style)

    def of(self, style_id: str | None) -> Style:
        """The style of an id."""
        return self.default if style_id is None else self.by_id.get(style_id, self.default)


def read_styles(root: etree._Element | None) -> Styles:
    """The styles of a package's `styles` part."""
    if root is None:
        return Styles()
    elements = {
        style_id: style
        for style in root.iterchildren(f"{W}style")
        if (style_id := style.get(f"{W}styleId"))
    }
    found = Styles()
    for style_id, element in elements.items():
        found.by_id[style_id] = _style(element, elements)
        if element.get(f"{W}type") == "paragraph" and is_on(element.get(f"{W}default", "0")):
            found.default = found.by_id[style_id]
    return found


def _style(element: etree._Element, elements: dict[str, etree._Element]) -> Style:
    """A style with what it takes from its bases, its own words first."""
    list_id = list_level = level = hidden = font = None
    at: etree._Element | None = element
    for _ in range(_MOST_BASES):
        if at is None:
            break
        list_id = list_id if list_id is not None else value(at, "pPr", "numPr", "numId")
        list_level = list_level if list_level is not None else number(at, "pPr", "numPr", "ilvl")
        level = level if level is not None else number(at, "pPr", "outlineLvl")
        hidden = hidden if hidden is not None else flag(at.find(f"{W}rPr"), "vanish")
        font = font if font is not None else symbol_font(at.find(f"{W}rPr"))
        at = elements.get(value(at, "basedOn") or "")
    name = (value(element, "name") or "").lower()
    return Style(name, list_id, list_level, heading_level(level), hidden, font)


def heading_level(outline: int | None) -> int | None:
    """`w:outlineLvl` → the level of a heading, from 1; None of body text."""
    return outline + 1 if outline is not None and 0 <= outline < _BODY_LEVEL else None


def is_on(told: str | None) -> bool:
    """A switch of the format (17.17.4): present without a value is on."""
    return told not in _OFF


def flag(properties: etree._Element | None, name: str) -> bool | None:
    """A switch among properties; None where it is not there."""
    if properties is None or (element := properties.find(W + name)) is None:
        return None
    return is_on(element.get(f"{W}val"))


def value(element: etree._Element | None, *path: str) -> str | None:
    """`w:val` of a child of a child."""
    for name in path:
        if element is None:
            return None
        element = element.find(W + name)
    return element.get(f"{W}val") if element is not None else None


def number(element: etree._Element | None, *path: str) -> int | None:
    """`w:val` as a number; None where it is none."""
    return as_number(value(element, *path))


def as_number(told: str | None) -> int | None:
    """A decimal number of at most nine figures."""
    bare = (told or "").strip()
    if not bare.lstrip("-").isdecimal() or len(bare) > 9 or not bare.isascii():
        return None
    try:
        return int(bare)
    except ValueError:
        return None


def symbol_font(properties: etree._Element | None) -> str | None:
    """The font of Latin characters among properties of a run, in lower case."""
    if properties is None or (fonts := properties.find(f"{W}rFonts")) is None:
        return None
    told = fonts.get(f"{W}ascii") or fonts.get(f"{W}hAnsi")
    return told.lower() if told else None

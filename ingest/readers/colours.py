"""Colours as the attributes of a page name them: enough of CSS to know text that its ground hides."""

from __future__ import annotations

import re

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)
_NAMES: dict[str, Colour] = {
    "white": WHITE, "snow": (255, 250, 250), "ghostwhite": (248, 248, 255),
    "floralwhite": (255, 250, 240), "ivory": (255, 255, 240), "mintcream": (245, 255, 250),
    "azure": (240, 255, 255), "whitesmoke": (245, 245, 245), "black": (0, 0, 0),
    "gray": (128, 128, 128), "silver": (192, 192, 192), "red": (255, 0, 0), "blue": (0, 0, 255),
    "navy": (0, 0, 128), "green": (0, 128, 0), "yellow": (255, 255, 0),
}  # fmt: skip
_HEX = re.compile(r"#?([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_FUNCTION = re.compile(r"(rgb|hsl)a?\(([^()]{1,60})\)")
_NUMBER = re.compile(r"[\d.]+(?:e-?\d+)?%?")
_ALIKE = 16
"""Of 255, in each of red, green and blue: below it nobody sees a difference on paper or screen."""


def read_colour(words: str) -> Colour | None:
    """A colour; None for one that is transparent or that is not known.

    >>> read_colour("#FFF"), read_colour("rgb(100% 100% 100% / 1)")
    ((255, 255, 255), (255, 255, 255))
    """
    words = words.strip().lower()
    if words in _NAMES:
        return _NAMES[words]
    if match := _HEX.fullmatch(words):
        figures = match[1]
        if len(figures) < 6:
            figures = "".join(figure * 2 for figure in figures)
        red, green, blue = (int(figures[i : i + 2], 16) for i in (0, 2, 4))
        return red, green, blue
    if match := _FUNCTION.fullmatch(words):
        numbers = _NUMBER.findall(match[2])
        if len(numbers) in (3, 4):
            return _of_function(match[1], numbers)
    return None


def _of_function(kind: str, numbers: list[str]) -> Colour | None:
    try:
        shares = [float(n.rstrip("%")) / (100 if n.endswith("%") else 255) for n in numbers[:3]]
        if kind == "rgb":
            red, green, blue = (min(255, round(255 * share)) for share in shares)
            return red, green, blue
        grey = round(255 * min(1.0, shares[2]))
    except ValueError:
        return None
    return (grey, grey, grey) if shares[2] in (0.0, 1.0) or not shares[1] else None


def is_transparent(words: str) -> bool:
    """Whether a colour shows nothing of itself: transparent, #0000, rgba(0, 0, 0, 0)."""
    words = words.strip().lower()
    if words == "transparent":
        return True
    if match := _HEX.fullmatch(words):
        return (len(match[1]) == 4 and match[1][3] == "0") or (
            len(match[1]) == 8 and match[1][6:] == "00"
        )
    if match := _FUNCTION.fullmatch(words):
        numbers = _NUMBER.findall(match[2])
        return len(numbers) == 4 and not numbers[3].strip("0.%")
    return False


def alike(one: Colour, other: Colour) -> bool:
    """Whether text of one colour cannot be seen on the other."""
    return all(abs(a - b) <= _ALIKE for a, b in zip(one, other, strict=True))

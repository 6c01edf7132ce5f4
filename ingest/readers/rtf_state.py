"""What holds while an RTF file is read: for the words of a group, for a paragraph, of a font."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(slots=True)
class Group:
    """What holds for the words of a group; `aside`: beside the text they stand in."""

    ignored: bool = False
    aside: str | None = None
    number: bool = False
    fonts: bool = False
    box: bool = False
    hidden: bool = False
    deleted: bool = False
    skip: int = 1
    font: int = 0


class Font(NamedTuple):
    """A font of the file's table: the number of its character set, its name in small letters."""

    charset: int
    name: str


@dataclass(slots=True)
class Paragraph:
    """A paragraph while its words are gathered."""

    pieces: list[str] = field(default_factory=list)
    number: list[str] = field(default_factory=list)
    in_table: bool = False
    level: int | None = None

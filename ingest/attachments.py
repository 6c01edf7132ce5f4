"""Which files of a delivery are attachments (附件) of which document (正文), by their names, their folders
and what the text of a document lists."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import PurePosixPath

from ingest.layout import LayoutKind, layout_words
from kb.language.numerals import NUMERALS, normalize_number

_SHORTEST = 4
"""Characters of a title that is looked for in a list."""


class Part(StrEnum):
    """What a member is in its delivery."""

    BODY = "body"  # 正文
    ATTACHMENT = "attachment"  # 附件
    MESSAGE = "message"  # the text of a mail
    DOCUMENT = "document"  # none of them is known


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a delivery. `name`: its own; `path`: with the folders and packages it stands in;
    `order` from 0; `number`: that of an attachment (附件2); `belongs_to`: the order of the document
    whose attachment it is."""

    name: str
    path: str
    data: bytes
    order: int = 0
    part: Part = Part.DOCUMENT
    number: int | None = None
    belongs_to: int | None = None


@lru_cache
def _named() -> re.Pattern[str]:
    words = "|".join(map(re.escape, layout_words(LayoutKind.ATTACHED)))
    return re.compile(
        rf"[\s(（【\[\d.、-]{{0,6}}(?:{words})\s*([\d{NUMERALS}]{{0,4}})[\s)）】\].、:：_-]*"
    )


@lru_cache
def _lists() -> re.Pattern[str]:
    words = "|".join(map(re.escape, layout_words(LayoutKind.ATTACHED)))
    return re.compile(
        rf"^\s*(?:{words})\s*[\d{NUMERALS}]*\s*[:：](.*(?:\n\s*\d+\s*[.．、].*)*)", re.M
    )


def attachment_number(name: str) -> int | None:
    """The number of an attachment by its name (附件2：任务分解表.xlsx); 0 where it has none; None of
    another file."""
    match = _named().match(name)
    if match is None:
        return None
    number = normalize_number(match[1]) if match[1] else None
    return int(number) if number is not None else 0


def relate(members: Sequence[Member]) -> list[Member]:
    """Attachments with the document that they belong to: the only other one in their folder.

    Args:
        members: of one delivery, each at the place that its `order` says.
    """
    found = list(members)
    folders: dict[str, list[Member]] = {}
    for member in members:
        folders.setdefault(str(PurePosixPath(member.path).parent), []).append(member)
    for inside in folders.values():
        numbers = {m.order: attachment_number(m.name) for m in inside if m.part is Part.DOCUMENT}
        others = [order for order, number in numbers.items() if number is None]
        attached = [order for order, number in numbers.items() if number is not None]
        body = others[0] if len(others) == 1 and attached else None
        for order in attached:
            found[order] = replace(
                found[order], part=Part.ATTACHMENT, number=numbers[order] or None, belongs_to=body
            )
        if body is not None:
            found[body] = replace(found[body], part=Part.BODY)
    return found


def attach_listed(members: Sequence[Member], texts: Mapping[int, str]) -> list[Member]:
    """Attachments without a document that the text of one lists by their titles, with that one; what
    two list belongs to none.

    Args:
        members: of one delivery.
        texts: the texts of those that were read, by their order.
    """
    found = {member.order: member for member in members}
    said = {
        order: re.sub(r"\s", "", "".join(m[1] for m in _lists().finditer(text)))
        for order, text in texts.items()
    }
    said = {order: words for order, words in said.items() if words}
    for member in members:
        if member.belongs_to is not None or member.part not in (Part.DOCUMENT, Part.ATTACHMENT):
            continue
        stem = _named().sub("", member.name.rpartition(".")[0], count=1)
        title = re.sub(r"\s|^[\d.、]+", "", stem)
        listing = [order for order in said if order != member.order and title in said[order]]
        if len(title) >= _SHORTEST and len(listing) == 1:
            [body] = listing
            found[member.order] = replace(
                found[member.order], part=Part.ATTACHMENT, belongs_to=body
            )
            found[body] = replace(found[body], part=Part.BODY)
    return list(found.values())

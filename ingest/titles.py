"""The title of a document, and what stands over and under it in the layout of official documents
(GB/T 9704): the red head, the number, who signed, secrecy and urgency, the edition."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from ingest.drafts import is_addressed
from ingest.layout import (
    LayoutKind,
    Line,
    LineKind,
    ends_like_title,
    is_signatory,
    is_title,
    layout_words,
    names_attachment,
    signed_by,
)
from ingest.leftovers import FormulaKind, ending_words
from ingest.metadata import DATE, NUMBER
from ingest.signature import MONTH
from ingest.wrapping import ends_open
from kb.characters import HAN
from kb.language.numerals import TENS
from kb.models import Span

HEAD_LINES = 14
"""Lines at the head of a text among which its title is looked for."""
_MENU = 120
"""Lines among which one is looked for that says what it is about (关于): the menus of a saved page
have up to 70."""
LONGEST_TITLE = 120
_SHORTEST_TITLE = 6
_WHOLE_TITLE = 9
"""Characters from which on a line says what is planned, and where, by itself (某县水利工作方案)."""
_TITLE_OF_BODY = 7
"""The same under the name of a body, which says where (专题会议纪要 is none, 取水许可办事指南 one)."""
_TITLE_LINES = 4
LONGEST_NAME = 40
"""Characters of a red head."""
EDITION = re.compile(r"[(（](?!.*[〔\[])[^()（）。，,；;：:]{2,30}[)）]")
"""What may stand in brackets on the line under a title: 2024年版, 试行."""


def is_passed(text: str) -> bool:
    """Whether words in brackets say that a meeting passed the document: (某会议通过)."""
    return text[:-1].endswith(ending_words(FormulaKind.APPROVAL))


def title_inside(line: Line) -> tuple[str, Span] | None:
    """The title among the words of a page that was saved as one line, and its place."""
    if len(line.text) <= LONGEST_TITLE:
        return None
    for part in re.finditer(r"[^\s>|：:]+", line.text[: 4 * LONGEST_TITLE]):
        if _WHOLE_TITLE <= len(part[0]) <= LONGEST_TITLE and is_title(part[0]):
            start = line.start + part.start()
            return part[0], Span(start, start + len(part[0]))
    return None


def says_nothing(line: Line) -> bool:
    """Whether a line can be no title: it leads to others, is a path of menus or names an attachment."""
    return (
        re.search(r"[：:]$|[>|]", line.text) is not None
        or names_attachment(line.text)
        or NUMBER.fullmatch(line.text) is not None
    )


def may_name(line: Line) -> bool:
    """Whether the first line of a text without a title looks like one: short, and no sentence."""
    return (
        not line.marker
        and _SHORTEST_TITLE <= len(line.text) <= LONGEST_NAME
        and ends_open(line.text)
        and not re.search(r"[，。；;：:,]", line.text)
    )


def stands_alone(line: str, number: re.Match[str]) -> bool:
    """Whether a document number has its line to itself, as over or under a title, or stands with
    who signed, the day, or the name of an attachment of the document; else it is one that the text
    cites."""
    rest = DATE.sub("", line[: number.start()] + line[number.end() :])
    rest = re.sub(r"[\W_]", "", rest[: signed_by(rest)])
    return not rest or names_attachment(rest)


@lru_cache
def _grades() -> frozenset[str]:
    return frozenset(layout_words(LayoutKind.GRADE))


def is_letterhead(text: str) -> bool:
    """Whether a line is one of those over a title in the layout of official documents (GB/T 9704):
    the issuer's red head, the number, who signed, secrecy and urgency."""
    if number := NUMBER.search(text):
        return stands_alone(text, number)
    if text.startswith("★") or text in _grades() or signed_by(text) == 0:
        return True
    return (
        text.endswith(layout_words(LayoutKind.HEAD))
        and len(text) <= LONGEST_NAME
        and "关于" not in text
        and re.fullmatch(rf"[{HAN}（）() \u3000]+", text) is not None
    )


def find_title(lines: Sequence[Line]) -> Sequence[Line]:
    """The first lines of the text that end like the title of an official document; one that says
    what it is about (关于) before others. What stands over it is part of it where it is no whole
    title without: 行动方案, 清单的通知."""
    head = lines[:_MENU]
    found: list[tuple[bool, int, int]] = []
    for last, line in enumerate(head):
        if "。" in line.text:
            break
        following = head[last + 1].text if last + 1 < len(head) else ""
        about = "关于" in line.text and ends_open(line.text)
        about = about and (is_addressed(following) or "。" in following)
        if not (about or ends_like_title(line.text)) or re.search(r"[，；;>|]", line.text):
            continue
        if _numbered(line.text) or is_letterhead(line.text):
            continue
        first = last
        while (
            first and last - first < _TITLE_LINES - 2 and _is_begun_in(head[first - 1], head[first])
        ):
            first -= 1
        joined = "".join(part.text for part in head[first : last + 1])
        named = "关于" in joined
        if _SHORTEST_TITLE <= len(joined) <= LONGEST_TITLE and (named or last < HEAD_LINES):
            found.append((not named, last, first))
    if not found:
        return []
    _, last, first = min(found)
    # The bodies that issue it may stand on lines of their own over 关于.
    begins = head[first].text.startswith("关于")
    while begins and first and last - first < _TITLE_LINES and is_signatory(head[first - 1].text):
        first -= 1
    edition = head[last + 1] if last + 1 < len(head) else None
    if edition and edition.kind is LineKind.TEXT and EDITION.fullmatch(edition.text):
        last += 0 if is_passed(edition.text) else 1
    return head[first : last + 1]


def _is_begun_in(before: Line, line: Line) -> bool:
    """Whether a title that ends in `line` begins in the line before."""
    words = before.text
    if is_letterhead(words) or re.search(r"[。，,；;：:、!！?？>|A-Za-z]", words):
        return False
    if len(words) > LONGEST_NAME or before.marker or ends_like_title(words) or MONTH.search(words):
        return False
    if "关于" in words:
        return "关于" not in line.text
    bare = re.sub(r"[(（][^()（）]*[)）]$", "", line.text)
    whole = _TITLE_OF_BODY if is_signatory(words) else _WHOLE_TITLE
    return "关于" not in bare and len(bare) < whole


def _numbered(line: str) -> bool:
    return re.match(rf"(?:附件?|[{TENS}]+、|\d+[.、．]|[(（])", line) is not None

"""Which element of a page holds the document: its paragraphs and its tables, not the largest part
alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice

from bs4 import Tag
from bs4.element import PageElement

from ingest.layout import ends_like_title
from ingest.metadata import NUMBER
from ingest.readers.elements import SPEAKS, Elements

BLOCKS = frozenset(
    ["p", "div", "section", "article", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ul", "ol",
     "table", "tbody", "thead", "tr", "td", "th", "blockquote", "pre", "dd", "dt", "dl", "center",
     "body", "form", "nav", "footer", "header", "main", "aside", "figure", "figcaption", "caption",
     "details", "summary", "fieldset", "address", "textarea",
     "template", "dialog", "datalist"]
)  # fmt: skip
_KNOWN = ("UCAP-CONTENT", "zoom", "Zoom", "content", "article", "TRS_Editor", "pages_content")
_LEAST = 200
"""Characters of an element that may be the main text by its name."""
_SHARE = 0.6
"""Of the text of an element, from which on the largest one in it is looked into instead."""
_DEPTH = 200
SPEECHES = 3
"""Sentences and clauses from which on a part beside the main text is read too: the notes on use
and copyright of the pages read so far have two at most."""
_OF_TABLE = frozenset(["table", "thead", "tbody", "tfoot", "tr"])
_HEAD_LINES = 20
_LONGEST_LINE = 120
"""Characters of a title or of the line of a document's number."""


def find_body(page: Elements, is_furniture: Callable[[Tag], bool]) -> Tag:
    """The smallest element that holds the document; `is_furniture` tells words of the page."""
    found = _by_name(page) or _largest(page, is_furniture)
    while found is not page.root and found.name in _OF_TABLE and found.parent is not None:
        found = found.parent  # rows of data: what they belong to stands around them
    inner, outer = found, found.parent
    while inner is not page.root and outer is not None:
        if _holds_document(page, outer, inner, is_furniture):
            found = outer
        inner, outer = outer, outer.parent
    return found


def _by_name(page: Elements) -> Tag | None:
    for name in _KNOWN:
        for kind in ("id", "class"):
            found = page.named.get((kind, name))
            if found is not None and page.length(found) > _LEAST:
                return found
    return None


def _largest(page: Elements, is_furniture: Callable[[Tag], bool]) -> Tag:
    current = page.root
    least = _SHARE * (page.length(current) or 1)
    for _ in range(_DEPTH):
        inner = [
            child
            for child in page.children(current)
            if isinstance(child, Tag)
            and page.count(child, BLOCKS)  # a paragraph is not all of a text
            and not is_furniture(child)
        ]
        largest = max(inner, key=page.length, default=None)
        if largest is None or page.length(largest) < least:
            break
        current = largest
    return current


def _holds_document(
    page: Elements, outer: Tag, inner: Tag, is_furniture: Callable[[Tag], bool]
) -> bool:
    """Whether paragraphs of a document stand in `outer` beside `inner`: several that say
    something, or one with its number and one with its title."""
    speeches = 0
    titled = numbered = False
    for child in page.children(outer):
        if child is inner or (isinstance(child, Tag) and is_furniture(child)):
            continue
        for words, speaks in _said(page, child):
            speeches += speaks
            titled = titled or ("关于" in words and ends_like_title(words))
            numbered = numbered or NUMBER.fullmatch(words) is not None
        if speeches >= SPEECHES or (titled and numbered):
            return True
    return False


def _said(page: Elements, node: PageElement) -> Iterator[tuple[str, bool]]:
    """The words of the paragraphs of a part, where they are few, and whether each says something;
    nothing of links. Of a part with several paragraphs the head alone counts: what says more is
    read by itself, and notes on use are several too."""
    if not isinstance(node, Tag):
        yield _bare(str(node)), SPEAKS.search(str(node)) is not None
        return
    single = _paragraph(page, node)
    if single is None and page.count(node, _OF_TABLE):
        return  # the labels of a page, with number and title, often stand in a table
    inside = (t for t in page.inside(node, BLOCKS) if not page.count(t, BLOCKS))
    for tag in islice(inside, _HEAD_LINES) if single is None else [single]:
        if page.linked(tag) <= 0.5 * page.length(tag):
            words = page.text(tag) if page.length(tag) <= _LONGEST_LINE else ""
            yield _bare(words), single is not None and page.speaking(tag) > 0


def _bare(words: str) -> str:
    return re.sub(r"\s", "", words[:_LONGEST_LINE])


def _paragraph(page: Elements, tag: Tag) -> Tag | None:
    """The one paragraph that an element consists of; None where it has several."""
    while page.count(tag, BLOCKS):
        held = [*_not_blank(page, tag)]
        if len(held) != 1 or not isinstance(held[0], Tag):
            return None
        tag = held[0]
    return tag


def _not_blank(page: Elements, tag: Tag) -> Iterator[PageElement]:
    for child in page.children(tag):
        if isinstance(child, Tag) or str(child).strip():
            yield child

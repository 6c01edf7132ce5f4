"""Saved web pages of government sites: main text and header table, page furniture left out.

Paragraphs become lines; a row of a table becomes a line with its cells separated by tabs. The
header table (索引号, 发文字号 …) comes first, so that its facts have spans too.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import NamedTuple

from bs4 import BeautifulSoup, Tag, XMLParsedAsHTMLWarning
from bs4.element import NavigableString, PageElement

from ingest.readers.elements import Elements
from kb.errors import SourceError

_DROPPED = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "iframe",
        "canvas",
        "svg",
        "nav",
        "footer",
        "form",
        "button",
        "input",
        "select",
        "textarea",
        "object",
        "embed",
        "video",
        "audio",
        "link",
        "meta",
        "head",
    ]
)
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "li",
        "ul",
        "ol",
        "table",
        "tbody",
        "thead",
        "tr",
        "td",
        "th",
        "blockquote",
        "pre",
        "dd",
        "dt",
        "dl",
        "center",
        "body",
    ]
)
_FURNITURE = re.compile(
    r"nav|menu|share|breadcrumb|footer|header-?bar|sidebar|related|qr|ewm|print|toolbar|crumb|copyright|bdshare|pagination|font-?size",
    re.I,
)
_HEADER_LABEL = re.compile(
    r"^\[?\s*(?:索\s*引\s*号|发\s*文\s*字\s*号|发布机构|发文机关|发文单位|成文日期|发布日期|主题分类|有\s*效\s*性|标\s*题|名\s*称|文\s*号|公开日期|信息名称|生成日期)"
)
_KNOWN_MAIN = ("UCAP-CONTENT", "zoom", "Zoom", "content", "article", "TRS_Editor", "pages_content")
_ROWS = frozenset(["tr", "li", "p", "dd", "div"])
_BREAKING = _ROWS | {"table"}
_CELLS = frozenset(["td", "th", "span"])
_TABLE_CELLS = frozenset(["td", "th"])
_VALUE = 2000
"""Characters; the longest cell of a header, a title of several lines included, has a tenth."""
_DEPTH = 200
_DEEPEST = 500
_TEXT_LIMIT = 64_000_000


def html_text(data: bytes, name: str) -> str:
    """The main text of a page, one paragraph a line, after the lines of its header table.

    Raises:
        SourceError: there is no text in it, or its elements are nested beyond all measure.
    """
    with warnings.catch_warnings():
        # XHTML begins with an XML declaration; it is a page all the same.
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        soup = BeautifulSoup(data[:_TEXT_LIMIT], "lxml")
    _refuse_depth(soup, name)
    page = Elements(soup.body or soup, _DROPPED)
    main = _main(page)
    lines = [*_header_lines(page, main), *_lines(page, main)]
    text = "\n".join(lines)
    if not text.strip():
        raise SourceError(
            "网页里没有正文 / the page has no text",
            hint="请保存整页后再导入 / save the whole page and try again",
            path=name,
        )
    return text + "\n"


def _refuse_depth(soup: Tag, name: str) -> None:
    """Each level is looked at with all that is below it, so depth costs its square; pages that
    people wrote stay far below the limit."""
    level: list[Tag] = [soup]
    for _ in range(_DEEPEST):
        level = [child for tag in level for child in tag.children if isinstance(child, Tag)]
        if not level:
            return
    raise SourceError(
        f"网页的元素嵌套超过 {_DEEPEST} 层 / elements of the page are nested over {_DEEPEST} deep",
        hint="请另存为纯文本再导入 / save it as plain text and try again",
        path=name,
    )


def _main(page: Elements) -> Tag:
    for name in _KNOWN_MAIN:
        for kind in ("id", "class"):
            found = page.named.get((kind, name))
            if found is not None and page.length(found) > 200:
                return found
    current = page.root
    least = 0.6 * (page.length(current) or 1)
    for _ in range(_DEPTH):
        inner = [
            child
            for child in page.children(current)
            if isinstance(child, Tag) and not _is_furniture(page, child)
        ]
        largest = max(inner, key=page.length, default=None)
        if largest is None or page.length(largest) < least:
            break
        current = largest
    return current


def _is_furniture(page: Elements, tag: Tag) -> bool:
    names = " ".join([str(tag.get("id") or ""), *(tag.get("class") or [])])
    links, text = page.linked(tag), page.length(tag)
    return (bool(_FURNITURE.search(names)) and text < 400) or (text > 0 and links > 0.7 * text)


def _header_lines(page: Elements, main: Tag) -> Iterator[str]:
    """`索引号：…` lines of a header table that stands outside the main text."""
    for row in page.inside(page.root, _ROWS):
        if page.holds(main, row) or next(page.inside(row, _BREAKING), None):
            continue
        found = [*page.inside(row, _CELLS)] or [row]
        # Cells may hold cells: one that is longer than any value is not read, at each level again.
        cells = [_squeeze(page.text(c)) if page.length(c) <= _VALUE else "" for c in found]
        for index, cell in enumerate(cells):
            if not _HEADER_LABEL.match(cell):
                continue
            label, _, value = cell.partition("：") if "：" in cell else cell.partition(":")
            if not value.strip() and index + 1 < len(cells):
                value = cells[index + 1]
            if value.strip() and not _HEADER_LABEL.match(value):
                name = re.sub(r"[\s\[\]]", "", label)
                yield f"{name}：{value.strip()}"


def _lines(page: Elements, main: Tag) -> Iterator[str]:
    buffer: list[str] = []

    def flush() -> Iterator[str]:
        line = _squeeze("".join(buffer))
        buffer.clear()
        if line:
            yield line

    cell = main.name in _TABLE_CELLS or main.find_parent([*_TABLE_CELLS]) is not None
    row = main if main.name == "tr" else main.find_parent("tr")
    start = _Inside(cell=cell, data_row=row is not None and _is_data_row(row))
    stack: list[tuple[str, PageElement, _Inside]] = [("open", main, start)]
    while stack:
        action, node, around = stack.pop()
        if isinstance(node, NavigableString):
            buffer.append(re.sub(r"[\r\n\t]+", " ", str(node)))
        elif isinstance(node, Tag):
            if action == "close":
                if node.name in _TABLE_CELLS:
                    buffer.append("\t")
                else:
                    yield from flush()
                continue
            if node.name == "br":
                yield from flush()
                continue
            if node is not main and _is_furniture(page, node):
                continue
            in_cell = node.name in {"p", "div"} and around.cell
            nested = in_cell and main.name not in _TABLE_CELLS and around.data_row
            if node.name in _BLOCKS and node.name not in _TABLE_CELLS and not nested:
                yield from flush()
                stack.append(("close", node, around))
            elif node.name in _TABLE_CELLS:
                stack.append(("close", node, around))
                around = around._replace(cell=True)
            if node.name == "tr":
                around = around._replace(data_row=_is_data_row(node))
            children = [*page.children(node)]
            stack.extend(("open", child, around) for child in reversed(children))
    yield from flush()


class _Inside(NamedTuple):
    """What an element stands in: a cell, a row of several cells (the nearest)."""

    cell: bool
    data_row: bool


def _is_data_row(row: Tag) -> bool:
    return sum(isinstance(c, Tag) and c.name in _TABLE_CELLS for c in row.children) > 1


def _squeeze(text: str) -> str:
    text = re.sub(r"[ \u00a0\u3000\r\n]+", " ", text)
    return re.sub(r" *\t[ \t]*", "\t", text).strip(" \t")

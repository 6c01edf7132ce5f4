"""Saved web pages of government sites: main text and header table, page furniture left out.

Paragraphs become lines; a row of a table becomes a line with its cells separated by tabs. The
header table (索引号, 发文字号 …) comes first, so that its facts have spans too.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator

from bs4 import BeautifulSoup, Comment, Tag, XMLParsedAsHTMLWarning
from bs4.element import NavigableString

from kb.errors import SourceError

_DROPPED = [
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
    for tag in soup(_DROPPED):
        tag.decompose()
    for comment in soup.find_all(string=lambda s: isinstance(s, Comment)):
        comment.extract()
    root = soup.body or soup
    main = _main(root)
    lines = [*_header_lines(root, main), *_lines(main)]
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


def _main(root: Tag) -> Tag:
    for identifier in _KNOWN_MAIN:
        for found in (root.find(id=identifier), root.find(class_=identifier)):
            if isinstance(found, Tag) and len(found.get_text(strip=True)) > 200:
                return found
    best, score = root, 0.0
    total = len(root.get_text(strip=True)) or 1
    current = root
    for _ in range(_DEPTH):
        children = [c for c in current.children if isinstance(c, Tag)]
        scored = [(len(c.get_text(strip=True)), c) for c in children if not _is_furniture(c)]
        if not scored:
            break
        length, largest = max(scored, key=lambda pair: pair[0])
        if length < 0.6 * total:
            break
        current, best, score = largest, largest, length / total
    del score
    return best


def _is_furniture(tag: Tag) -> bool:
    names = " ".join([str(tag.get("id") or ""), *(tag.get("class") or [])])
    links = sum(len(a.get_text(strip=True)) for a in tag.find_all("a", limit=200))
    text = len(tag.get_text(strip=True))
    return (bool(_FURNITURE.search(names)) and text < 400) or (text > 0 and links > 0.7 * text)


def _header_lines(root: Tag, main: Tag) -> Iterator[str]:
    """`索引号：…` lines of a header table that stands outside the main text."""
    inside = {id(tag) for tag in main.find_all()} | {id(main)}
    for row in root.find_all(["tr", "li", "p", "dd", "div"]):
        if id(row) in inside or row.find(["tr", "li", "p", "dd", "div", "table"]):
            continue
        cells = [_squeeze(c.get_text(" ")) for c in row.find_all(["td", "th", "span"])] or [
            _squeeze(row.get_text(" "))
        ]
        for index, cell in enumerate(cells):
            if not _HEADER_LABEL.match(cell):
                continue
            label, _, value = cell.partition("：") if "：" in cell else cell.partition(":")
            if not value.strip() and index + 1 < len(cells):
                value = cells[index + 1]
            if value.strip() and not _HEADER_LABEL.match(value):
                name = re.sub(r"[\s\[\]]", "", label)
                yield f"{name}：{value.strip()}"


def _lines(main: Tag) -> Iterator[str]:
    buffer: list[str] = []

    def flush() -> Iterator[str]:
        line = _squeeze("".join(buffer))
        buffer.clear()
        if line:
            yield line

    stack: list[tuple[str, object]] = [("open", main)]
    while stack:
        action, node = stack.pop()
        if isinstance(node, NavigableString):
            buffer.append(re.sub(r"[\r\n\t]+", " ", str(node)))
        elif isinstance(node, Tag):
            if action == "close":
                if node.name in {"td", "th"}:
                    buffer.append("\t")
                else:
                    yield from flush()
                continue
            if node.name == "br":
                yield from flush()
                continue
            if node is not main and _is_furniture(node):
                continue
            in_cell = node.name in {"p", "div"} and node.find_parent(["td", "th"]) is not None
            nested = in_cell and main.name not in {"td", "th"} and _data_table(node)
            if node.name in _BLOCKS and node.name not in {"td", "th"} and not nested:
                yield from flush()
                stack.append(("close", node))
            elif node.name in {"td", "th"}:
                stack.append(("close", node))
            stack.extend(("open", child) for child in reversed(list(node.children)))
    yield from flush()


def _data_table(node: Tag) -> bool:
    row = node.find_parent("tr")
    return row is not None and len(row.find_all(["td", "th"], recursive=False)) > 1


def _squeeze(text: str) -> str:
    text = re.sub(r"[ \u00a0\u3000\r\n]+", " ", text)
    return re.sub(r" *\t[ \t]*", "\t", text).strip(" \t")

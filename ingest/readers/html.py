"""Saved web pages of government sites: main text and header table; what else the page says is
listed, never dropped in silence.

Paragraphs become lines, the items of numbered lists with the numbers that a browser prints; a row
of a table becomes a line with its cells separated by tabs. The header table (索引号, 发文字号 …)
comes first, so that its facts have spans too.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from bs4 import BeautifulSoup, Tag, XMLParsedAsHTMLWarning
from bs4.element import NavigableString, PageElement

from ingest.layout import ends_like_title
from ingest.leftovers import DOUBT
from ingest.lines import split_lines
from ingest.metadata import header_label
from ingest.readers.body import BLOCKS, SPEECHES, find_body
from ingest.readers.copies import find_copies
from ingest.readers.elements import SPEAKS, STRINGS, Elements
from ingest.readers.encoding import decode_bytes
from ingest.readers.html_lists import ListNumbers
from ingest.readers.mhtml import unpack_page
from ingest.readers.source import Read
from ingest.readers.styles import read_styles
from ingest.readers.tables import read_table
from kb.errors import SourceError
from kb.models import Finding
from tasks.models import LEFT_OUT

_NO_TEXT = frozenset(["script", "style", "input", "link", "meta", "head"])
"""Elements whose content is no words for a reader; comments are none either."""
_CONTROLS = frozenset(
    ["noscript", "iframe", "canvas", "svg", "button", "select", "object", "embed",
     "video", "audio"]
)  # fmt: skip
_AROUND = frozenset(["nav", "footer"])
_FURNITURE = re.compile(
    r"nav|menu|share|breadcrumb|footer|header-?bar|sidebar|related|qr|ewm|print|toolbar|crumb|copyright|bdshare|pagination|font-?size",
    re.I,
)
_ROWS = frozenset(["tr", "li", "p", "dd", "div"])
_CELLS = frozenset(["td", "th", "span"])
_TABLE_CELLS = frozenset(["td", "th"])
_BETWEEN_CELLS = frozenset(["table", "thead", "tbody", "tfoot", "tr"])
_TABLE = frozenset(["table", "thead", "tbody", "tr", "td", "th"])
_VALUE = 2000
"""Characters; the longest cell of a header, a title of several lines included, has a tenth."""
_INSIDE = 40
"""Parts of an item that are looked through for its first words."""
_TITLES = frozenset(["h1", "h2", "h3"])
_LONGEST_TITLE = 120
_HEAD = 1000
"""Characters of the main text in which its title would stand."""
_ALL_HIDDEN = Finding(
    code="hidden-text",
    message="网页的正文全部设为隐藏, 仍已读入, 请与网页显示的内容核对 / all text of the page is hidden; it "
    "was read all the same, compare it with what the page shows",
)
_DEEPEST = 500


def read_html(data: bytes, name: str) -> Read:
    """The main text of a page, one paragraph a line, after the lines of its header table; a
    finding lists what is left out, by element and words.

    Raises:
        SourceError: there is no text in it, its elements are nested beyond all measure, or its
            encoding cannot be told.
    """
    decoded = decode_bytes(data, name, page=True)
    with warnings.catch_warnings():
        # XHTML begins with an XML declaration; it is a page all the same.
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        # Encoded anew, so that no declaration in the page is believed.
        # The parser ends at a NUL; the standard of HTML has U+FFFD for it.
        markup = decoded.text.replace("\x00", "\ufffd").encode()
        soup = BeautifulSoup(markup, "lxml", from_encoding="utf-8")
    _refuse_depth(soup, name)
    page = _Page(soup)
    lines = [*page.lines()]
    findings = [*decoded.findings]
    if page.hides and not lines:
        page = _Page(soup, with_hidden=True)
        lines = [*page.lines()]
        findings += [_ALL_HIDDEN] if lines else []
    # An entity may name a character that is none (&#xD800;).
    text = "\n".join(lines).encode("utf-8", "replace").decode()
    if not text.strip():
        raise SourceError(
            "网页里没有正文 / the page has no text",
            hint="请保存整页后再导入 / save the whole page and try again",
            path=name,
        )
    return Read(text + "\n", (*findings, *page.findings()))


def read_mhtml(data: bytes, name: str) -> Read:
    """The main text of a page that was saved with its pictures as one file (RFC 2557).

    Raises:
        SourceError: as `read_html`, or there is no page in the file.
    """
    page, findings = unpack_page(data, name)
    read = read_html(page, name)
    return replace(read, findings=(*read.findings, *findings))


def _refuse_depth(soup: Tag, name: str) -> None:
    """Pages that people wrote stay far below the limit."""
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


class _Inside(NamedTuple):
    """What an element stands in: a cell, a row of several cells (the nearest)."""

    cell: bool
    data_row: bool


class _Page:
    """A page while it is read: `left` and `speaking` hold the elements that are left out, with
    their words. What is hidden is among them, unless `with_hidden`."""

    def __init__(self, soup: BeautifulSoup, *, with_hidden: bool = False) -> None:
        self.left: list[tuple[str, str]] = []
        self.speaking: list[tuple[str, str]] = []
        if soup.title is not None and soup.title.string:
            self._leave("title", str(soup.title.string), speaks=False)
        root = soup.body or soup
        styles = read_styles(root, _NO_TEXT)
        self._preformatted = styles.preformatted
        self._page = Elements(root, _NO_TEXT, preformatted=styles.preformatted)
        self._copies = find_copies(self._page, styles.unseen)
        self.hides = bool(styles.hidden)
        if self.hides and not with_hidden:
            for node in styles.hidden:
                self._leave_hidden(node)
            self._page = Elements(root, _NO_TEXT, styles.unseen, styles.preformatted)
        self._main = find_body(self._page, self._is_furniture)
        self._main_head = _bare(self._page.text(self._main)[:_HEAD])
        self._rows: set[int] = set()  # of the header table
        self._tables: dict[int, str] = {}  # the lines of the rows of tables with heads
        self._numbers = ListNumbers()

    def lines(self) -> Iterator[str]:
        """The lines of the text, in the order of the page, those of the header table first."""
        yield from list(self._header_lines())
        page = self._page
        around = self._ancestors(self._main)
        stack: list[PageElement] = [page.root]
        while stack:
            node = stack.pop()
            if not isinstance(node, Tag):
                self._leave("text", str(node), speaks=False)
            elif node.name in _TITLES and self._is_title(node):
                yield _squeeze(page.text(node))
            elif node is self._main or self._reads_as_text(node, around):
                yield from self._lines(node)
            elif id(node) in around or (self._rows and self._holds_row(node)):
                if id(node) not in self._rows:
                    stack.extend(reversed([*page.children(node)]))
            else:
                self._leave_element(node)

    def findings(self) -> Iterator[Finding]:
        """What is left out: in one finding, and in another what has sentences."""
        if self.left:
            told = ("网页中未读入的内容", "parts of the page that are not in the text")
            yield _listed(LEFT_OUT, self.left, *told)
        if self.speaking:
            told = (
                "网页中有成句的文字未读入正文, 请核对",
                "parts of the page with sentences that are not in the text; check them",
            )
            yield _listed(DOUBT, self.speaking, *told)

    def _ancestors(self, tag: Tag) -> set[int]:
        found: set[int] = set()
        at: Tag | None = tag
        while at is not None:
            found.add(id(at))
            at = at.parent
        return found

    def _holds_row(self, tag: Tag) -> bool:
        return id(tag) in self._rows or any(
            id(row) in self._rows for row in self._page.inside(tag, _ROWS)
        )

    def _reads_as_text(self, tag: Tag, around: set[int]) -> bool:
        """Whether a part beside the main text is text too: an attachment, a second half."""
        if id(tag) in around or self._is_furniture(tag):
            return False
        links = self._page.linked(tag) > 0.5 * self._page.length(tag)
        return self._page.speaking(tag) >= SPEECHES and not links

    def _is_furniture(self, tag: Tag) -> bool:
        """Whether an element holds words of the page: a control, a second copy, or links and the
        like by its name or content that say nothing in a sentence."""
        page = self._page
        if tag.name in _CONTROLS or id(tag) in self._copies:
            return True
        if page.speaking(tag):
            return False
        names = " ".join([str(tag.get("id") or ""), *(tag.get("class") or [])])
        if tag.name in _AROUND or (_FURNITURE.search(names) and page.length(tag) < 400):
            return True
        links, text = page.linked(tag), page.length(tag)
        # The cells of a table may well be links: each duty to its own page.
        return tag.name not in _TABLE and text > 0 and links > 0.7 * text and not _tables(page, tag)

    def _is_title(self, tag: Tag) -> bool:
        """Whether a heading beside the main text is its title, and not in it again."""
        words = _squeeze(self._page.text(tag))
        if not ends_like_title(words) or len(words) > _LONGEST_TITLE:
            return False
        return _bare(words) not in self._main_head

    def _leave_hidden(self, node: PageElement) -> None:
        if not isinstance(node, Tag):
            words, parent = str(node), node.parent
            told = _named(parent) if parent is not None else "text"
            self._leave(told, words, speaks=SPEAKS.search(words) is not None)
        else:
            self._leave_element(node)

    def _leave_element(self, tag: Tag) -> None:
        again = tag.name in _CONTROLS or id(tag) in self._copies
        speaks = not again and self._page.speaking(tag) > 0
        self._leave(_named(tag), self._page.text(tag), speaks=speaks)

    def _leave(self, element: str, words: str, *, speaks: bool) -> None:
        if told := " ".join(words.split()):
            (self.speaking if speaks else self.left).append((element, told))

    def _header_lines(self) -> Iterator[str]:
        """`索引号：…` lines of a header table that stands outside the main text."""
        page = self._page
        for row in page.inside(page.root, _ROWS):
            if page.holds(self._main, row) or page.count(row, _ROWS | {"table"}):
                continue
            found = [*page.inside(row, _CELLS)] or [row]
            # Cells may hold cells: a longer one than any value is not read at each level again.
            cells = [_squeeze(page.text(c)) if page.length(c) <= _VALUE else "" for c in found]
            for index, cell in enumerate(cells):
                if not header_label().match(cell):
                    continue
                label, _, value = cell.partition("：") if "：" in cell else cell.partition(":")
                if not value.strip() and index + 1 < len(cells):
                    value = cells[index + 1]
                if value.strip() and not header_label().match(value):
                    name = re.sub(r"[\s\[\]]", "", label)
                    self._rows.add(id(row))
                    yield f"{name}：{value.strip()}"

    def _string_lines(self, node: NavigableString, *, cell: bool) -> list[str]:
        """The lines of a string: one, unless its line breaks count."""
        words = re.sub(r"\t+", " ", str(node))
        if id(node) not in self._preformatted or _is_between_cells(node):
            return [re.sub(r"[\r\n\f]+", " ", words)]
        if cell:  # its first and last words stay in the row
            before, after = words[:1].isspace(), words[-1:].isspace()
            words = " " * before + words.strip() + " " * after
        return split_lines(words)

    def _lines(self, part: Tag) -> Iterator[str]:
        buffer: list[str] = []
        number = ""  # of the item whose first words are still to come

        def flush() -> Iterator[str]:
            line = _squeeze("".join(buffer))
            buffer.clear()
            if line:
                yield line

        cell = part.name in _TABLE_CELLS or part.find_parent([*_TABLE_CELLS]) is not None
        row = part if part.name == "tr" else part.find_parent("tr")
        start = _Inside(cell=cell, data_row=row is not None and _is_data_row(row))
        stack: list[tuple[str, PageElement, _Inside]] = [("open", part, start)]
        while stack:
            action, node, around = stack.pop()
            if isinstance(node, NavigableString):
                for place, line in enumerate(self._string_lines(node, cell=around.cell)):
                    if place:
                        yield from flush()
                    if number and line.strip():
                        buffer.append(number)
                        number = ""
                    buffer.append(line)
            elif isinstance(node, Tag):
                if action == "close":
                    if node.name in _TABLE_CELLS:
                        buffer.append("\t")
                    else:
                        yield from flush()
                    if node.name == "li":
                        number = ""  # none of its words was text
                    continue
                if node.name == "br":
                    yield from flush()
                    continue
                if node is not part and self._is_furniture(node):
                    self._leave_element(node)
                    continue
                if node.name == "table":
                    self._tables |= read_table(self._page, node)
                if id(node) in self._tables:
                    yield from flush()
                    yield from filter(None, [self._tables[id(node)]])
                    continue
                in_cell = node.name in {"p", "div"} and around.cell
                nested = in_cell and part.name not in _TABLE_CELLS and around.data_row
                if node.name in BLOCKS and node.name not in _TABLE_CELLS and not nested:
                    yield from flush()
                    stack.append(("close", node, around))
                    if node.name == "li":
                        number = self._numbers.before(node, self._begins(node))
                elif node.name in _TABLE_CELLS:
                    stack.append(("close", node, around))
                    around = around._replace(cell=True)
                if node.name == "tr":
                    around = around._replace(data_row=_is_data_row(node))
                stack.extend(self._opened(node, around))
        yield from flush()

    def _begins(self, tag: Tag) -> str:
        """The first words of an element."""
        parts = islice(tag.descendants, _INSIDE)
        words = (_squeeze(str(part)) for part in parts if type(part) in STRINGS)
        return next(filter(None, words), "")

    def _opened(self, node: Tag, around: _Inside) -> Iterator[tuple[str, PageElement, _Inside]]:
        for child in reversed([*self._page.children(node)]):
            yield "open", child, around


def _listed(code: str, left: list[tuple[str, str]], chinese: str, english: str) -> Finding:
    words = "\n".join(f"<{element}> {told}" for element, told in left).replace(" / ", "/")
    count = len(left)
    message = f"{chinese} ({count} 处):\n{words} / {english} ({count}):\n{words}"
    return Finding(code=code, message=message)


def _named(tag: Tag) -> str:
    """An element as in a selector: div#zoom.text."""
    names = [f"#{tag['id']}"] if tag.get("id") else []
    names += [f".{name}" for name in tag.get("class") or ()]
    return tag.name + "".join(names)


def _bare(text: str) -> str:
    return re.sub(r"\s", "", text)


def _tables(page: Elements, tag: Tag) -> bool:
    return next(page.inside(tag, _TABLE), None) is not None


def _is_between_cells(node: PageElement) -> bool:
    return node.parent is not None and node.parent.name in _BETWEEN_CELLS


def _is_data_row(row: Tag) -> bool:
    return sum(isinstance(c, Tag) and c.name in _TABLE_CELLS for c in row.children) > 1


def _squeeze(text: str) -> str:
    text = re.sub(r"[ \u00a0\u3000\r\n]+", " ", text)
    return re.sub(r" *\t[ \t]*", "\t", text).strip(" \t")

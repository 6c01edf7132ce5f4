"""Markdown: the text exactly as it stands, with its structure (CommonMark 0.31 and tables of GitHub)
as blocks, so that spans stay in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.readers.encoding import decode_bytes
from ingest.readers.source import Block, BlockKind, CellBlock, Read

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_PIPE = re.compile(r"(?<!\\)\|")
_HEADING = re.compile(r"[ \t>]*#{1,6}[ \t]+")
_CLOSED = re.compile(r"[ \t]+#+[ \t]*$")
_QUOTED = re.compile(r"[ \t]*(?:>[ \t]?)*")
_MOST_NESTING = 20


def read_markdown(data: bytes, name: str) -> Read:
    """The characters of the file, with headings, lists, paragraphs and tables as blocks.

    Raises:
        SourceError: as for text.
    """
    decoded = decode_bytes(data, name)
    return Read(decoded.text, decoded.findings, blocks=tuple(find_blocks(decoded.text)))


@cache
def _parser() -> MarkdownIt:
    """Reads blocks only: what stands inside a line is the mention reader's."""
    parser = MarkdownIt("commonmark", {"maxNesting": _MOST_NESTING}).enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser.disable("reference")


def find_blocks(text: str) -> Iterator[Block]:
    """The blocks of a Markdown text in order, none inside another but cells in their table."""
    lines = _Lines(text)
    items: list[str] = []  # the numbers of list items that have not had a paragraph yet
    level: int | None = None
    tokens = _parser().parse(text)
    for place, token in enumerate(tokens):
        match token.type:
            case "heading_open":
                level = int(token.tag[1:])
            case "heading_close":
                level = None
            case "list_item_open":
                items.append(token.info + token.markup)
            case "list_item_close" if items:
                items.pop()
            case "inline" | "fence" | "code_block" | "html_block" if token.map:
                first, last = token.map
                if tokens[place - 1].type in {"th_open", "td_open"}:
                    continue
                start, end = lines.trimmed(first, last, heading=level is not None)
                if start >= end:
                    continue
                if level is not None:
                    yield Block(BlockKind.HEADING, start, end, level=level)
                elif items and items[-1] and token.type == "inline":
                    start = lines.bounds(first)[0] + _indent(text, lines.bounds(first))
                    yield Block(BlockKind.LIST_ITEM, start, end, number=items[-1])
                    items[-1] = ""
                else:
                    yield Block(BlockKind.PARAGRAPH, start, end)
            case "table_open" if token.map:
                if block := _table(text, lines, tokens, place):
                    yield block


class _Lines:
    """Where the lines of a text begin and end, as Markdown has lines."""

    def __init__(self, text: str) -> None:
        self._text = text
        found = [match.span() for match in _LINE.finditer(text)]
        self._starts = [start for start, _ in found]
        self._ends = [end for _, end in found]

    def bounds(self, line: int) -> tuple[int, int]:
        """The line without its break."""
        line = min(line, len(self._starts) - 1)
        start = self._starts[line]
        return start, start + len(self._text[start : self._ends[line]].rstrip("\r\n"))

    def trimmed(self, first: int, last: int, *, heading: bool) -> tuple[int, int]:
        """The lines `[first, last)` without white space, and a heading's without its marks."""
        (start, one), (_, end) = self.bounds(first), self.bounds(max(last - 1, first))
        mark = (_HEADING if heading else _QUOTED).match(self._text, start, one)
        start = mark.end() if mark else start
        if heading and (closed := _CLOSED.search(self._text[start:end])):
            end = start + closed.start()
        words = self._text[start:end]
        return start + len(words) - len(words.lstrip()), start + len(words.rstrip())


def _indent(text: str, bounds: tuple[int, int]) -> int:
    line = text[slice(*bounds)]
    quoted = _QUOTED.match(line)
    return quoted.end() if quoted else 0


def _table(text: str, lines: _Lines, tokens: Sequence[Token], place: int) -> Block | None:
    """A table with its cells; the line of dashes is no row."""
    cells: list[CellBlock] = []
    row = 0
    for token in tokens[place:]:
        if token.type == "table_close":
            break
        if token.type == "tr_open" and token.map:
            cells += _cells(text, lines.bounds(token.map[0]), row)
            row += 1
    if not cells:
        return None
    return Block(BlockKind.TABLE, cells[0].start, cells[-1].end, cells=tuple(cells))


def _cells(text: str, bounds: tuple[int, int], row: int) -> Iterator[CellBlock]:
    start, end = bounds[0] + _indent(text, bounds), bounds[1]
    edges = [start - 1, *(m.start() for m in _PIPE.finditer(text, start, end)), end]
    found = []
    for before, after in pairwise(edges):
        words = text[before + 1 : after]
        at = before + 1 + len(words) - len(words.lstrip())
        found.append((at, max(at, before + 1 + len(words.rstrip()))))
    if len(found) > 1 and found[0][0] == found[0][1]:
        del found[0]
    if len(found) > 1 and found[-1][0] == found[-1][1]:
        del found[-1]
    for column, (first, last) in enumerate(found):
        yield CellBlock(first, last, row, column)

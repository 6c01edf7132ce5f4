"""Rich Text Format 1.9.1: paragraphs with their printed numbers, tables and notes.

Read here and not by a library: striprtf 0.0.35 drops the numbers of lists (`\\pntext`), runs hidden
and deleted words into the text, knows no merged cells, and takes Chinese bytes in a Latin font for
Latin; its patterns go over hostile input in the square of its length.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ingest.readers import rtf_words as words_of
from ingest.readers.docx_asides import findings_of, listed
from ingest.readers.docx_inline import Aside
from ingest.readers.grid import merged_cells
from ingest.readers.list_numbers import gap_after
from ingest.readers.rtf_state import Font, Group, Paragraph
from ingest.readers.rtf_tables import Edge, Row, flow_cells
from ingest.readers.source import BlockKind, Draft, Read
from ingest.readers.symbols import symbol_text
from kb.errors import SourceError
from kb.models import Finding, Span
from tasks.models import LEFT_OUT

_TOKEN = re.compile(
    rb"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,9})? ?"
    rb"|(?P<hex>(?:\\'[0-9a-fA-F]{2})+)|\\(?P<symbol>[^a-zA-Z'])|(?P<brace>[{}])|[\r\n\0]+"
    rb"|(?P<text>[^\\{}\r\n\0]+)"
)
_DEEPEST = 2000
_DEFAULT = "cp1252"


def read_rtf(data: bytes, name: str) -> Read:
    """The text of an RTF file, one paragraph a line, notes after it.

    Raises:
        SourceError: incomplete, or groups are nested beyond all measure.
    """
    return _Reader(data, name).read()


class _Reader:
    """A file while it is read."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data = data
        self._name = name
        self._group = Group()
        self._stack: list[Group] = []
        self._codec = _DEFAULT
        self._fonts: dict[int, Font] = {}
        self._font_name: list[str] = []
        self._charset = 0
        self._optional = False
        self._skip = 0
        self._paragraph = Paragraph()
        self._held: list[Paragraph] = []
        self._count = 1
        self._draft = Draft()
        self._cell: list[str] = []
        self._cells: list[str] = []
        self._cell_paragraphs: list[int] = []
        self._edges: list[Edge] = []
        self._merge = (False, False)
        self._rows: list[Row] = []
        self._aside = Aside()
        self._beside: dict[str, list[str]] = {}
        self._damaged = 0

    def read(self) -> Read:
        self._tokens()
        self._end_paragraph()
        self._end_table()
        notes = self._told("footnote")
        for number, note in enumerate(notes, 1):
            self._draft.run(f"[{number}] {note}", paragraph=self._count)
            self._draft.end_line(BlockKind.FOOTNOTE)
            self._count += 1
        read = self._draft.read()
        return replace(read, findings=tuple(self._findings(read)))

    def _told(self, sort: str) -> list[str]:
        return [line for words in self._beside.get(sort, ()) if (line := " ".join(words.split()))]

    def _findings(self, read: Read) -> Iterator[Finding]:
        yield from findings_of(self._aside)
        for sort, code, chinese, english in (
            ("header", LEFT_OUT, "页眉未读入正文", "headers are not in the text"),
            ("footer", LEFT_OUT, "页脚未读入正文", "footers are not in the text"),
            ("comment", "comments", "批注未读入正文", "comments are not in the text"),
        ):
            if told := list(dict.fromkeys(self._told(sort))):
                yield listed(code, told, chinese, english)
        if self._damaged:
            yield Finding(
                code="undecoded",
                message=f"{self._damaged} 处字节不合编码, 以 \ufffd 代替 / {self._damaged} bytes are of "
                "no character and stand as \ufffd",
            )
        notes = [block for block in read.blocks if block.kind is BlockKind.FOOTNOTE]
        for number, block in enumerate(notes, 1):
            yield Finding(
                code="footnote",
                message=f"注 {number} 列在文末 / note {number} stands after the text",
                span=Span(block.start, block.end),
            )

    # Tokens

    def _tokens(self) -> None:
        at, data = 0, self._data
        pending = bytearray()
        while at < len(data):
            match = _TOKEN.match(data, at)
            if match is None:
                at += 1
                continue
            at = match.end()
            kind = match.lastgroup
            if kind in {"hex", "text"}:
                pending += self._skipped(match.group(), is_hex=kind == "hex")
                continue
            if pending:
                self._put_bytes(bytes(pending))
                pending.clear()
            if kind in {"word", "number"}:
                word = match["word"].decode()
                told = int(match["number"]) if match["number"] else None
                if word == "bin":
                    at += max(told or 0, 0)
                elif self._skip and word != "u":
                    self._skip -= 1
                else:
                    self._word(word, told)
            elif kind == "symbol":
                self._symbol(match["symbol"])
            elif kind == "brace":
                self._skip = 0
                if self._brace(match["brace"]):
                    return
        raise SourceError(
            f"RTF 文件不完整, 到第 {len(data)} 字节还有未结束的部分 / the RTF file is incomplete: a part is "
            f"still open at byte {len(data)}",
            hint="请重新取得文件 / get the file anew",
            path=self._name,
        )

    def _skipped(self, token: bytes, *, is_hex: bool) -> bytes:
        """The bytes of a token, without those that stand for readers that know no Unicode."""
        found = bytes.fromhex(token.replace(b"\\'", b"").decode()) if is_hex else token
        skip, self._skip = self._skip, max(0, self._skip - len(found))
        return found[skip:]

    def _brace(self, brace: bytes) -> bool:
        """Whether the whole document has ended."""
        if brace == b"{":
            if len(self._stack) >= _DEEPEST:
                raise SourceError(
                    f"RTF 的分组嵌套超过 {_DEEPEST} 层 / groups are nested over {_DEEPEST} deep",
                    hint="请另存为 DOCX 再导入 / save it as DOCX and try again",
                    path=self._name,
                )
            self._stack.append(replace(self._group))
            self._group.box = False
            return False
        if not self._stack:
            return True
        ended, self._group = self._group, self._stack.pop()
        if ended.fonts:
            self._end_font()
        if ended.box:
            self._end_paragraph()
            self._paragraph = self._held.pop()
        self._optional = False
        return not self._stack

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._optional = True
        elif self._skip:
            self._skip -= 1
        elif symbol in b"\r\n":
            self._end_paragraph()
        elif (told := words_of.CHARACTERS.get(symbol.decode("latin-1"))) is not None:
            self._put(told)

    def _word(self, word: str, number: int | None) -> None:
        group = self._group
        optional, self._optional = self._optional, False
        if word in words_of.ASIDE and not self._inherits_ignored():
            group.aside = words_of.ASIDE[word]
            self._beside.setdefault(group.aside, []).append("")
        elif word == "ud":
            # `{\\upr{…}{\\*\\ud{…}}}`: the second is the first again, in Unicode.
            group.ignored = len(self._stack) > 1 and self._stack[-2].ignored
        elif word == "fonttbl":
            group.fonts = True
        elif word in words_of.IGNORED or (optional and word not in words_of.OPTIONAL):
            group.ignored = not (optional and word in words_of.OPTIONAL)
            if word == "pict":
                self._aside.pictures += not self._inherits_ignored()
        elif group.ignored:
            return
        elif group.fonts:
            self._font_word(word, number)
        elif word in words_of.NUMBERS:
            group.number = True
        elif word == "shptxt" and not group.box:
            if self._paragraph.in_table:
                self._put(" ")
            else:  # lines of their own, before the paragraph on which the box hangs
                group.box = True
                self._held.append(self._paragraph)
                self._paragraph = Paragraph()
        elif word == "u" and number is not None:
            self._put(chr(number % 0x10000))
            self._skip = group.skip
        elif word == "uc":
            group.skip = max(0, min(number or 0, 100))
        elif word == "ansicpg" and number is not None:
            self._codec = _codec(f"cp{number}" if number != 936 else "gb18030")
        elif word == "f":
            group.font = number or 0
        elif word == "plain":
            group.hidden = group.deleted = False
        elif word == "v":
            group.hidden = number != 0
        elif word == "deleted":
            group.deleted = number != 0
        elif word in words_of.CHARACTERS:
            self._put(words_of.CHARACTERS[word])
        else:
            self._structure(word, number)

    def _inherits_ignored(self) -> bool:
        return bool(self._stack) and self._stack[-1].ignored

    def _structure(self, word: str, number: int | None) -> None:
        if word in words_of.PARAGRAPH_ENDS:
            self._end_paragraph()
        elif self._group.aside is not None:
            return
        elif word == "pard":
            self._paragraph.in_table, self._paragraph.level = False, None
        elif word == "intbl":
            self._paragraph.in_table = True
        elif word == "outlinelevel" and number is not None and 0 <= number < 9:
            self._paragraph.level = number + 1
        elif word == "trowd":
            self._edges = []
        elif word in {"clvmrg", "clmrg"}:
            self._merge = (self._merge[0] or word == "clvmrg", self._merge[1] or word == "clmrg")
        elif word == "cellx":
            self._edges.append(Edge(number or 0, *self._merge))
            self._merge = (False, False)
        elif word == "cell":
            self._end_cell()
        elif word == "row":
            self._end_row()

    # Fonts and characters

    def _font_word(self, word: str, number: int | None) -> None:
        if word == "f":
            self._end_font()
            self._group.font = number or 0
            self._charset = 0
        elif word == "fcharset":
            self._charset = number or 0

    def _end_font(self) -> None:
        if self._font_name:
            name = "".join(self._font_name).partition(";")[0].strip().lower()
            self._fonts[self._group.font] = Font(self._charset, name)
            self._font_name = []

    def _put_bytes(self, raw: bytes) -> None:
        if self._group.ignored:
            return
        font = self._fonts.get(self._group.font)
        if self._group.fonts:
            told = raw.decode("latin-1")
            self._font_name.append(told)
            if ";" in told:
                self._end_font()
            return
        if font is not None and font.charset == words_of.SYMBOLS and not raw.isspace():
            shown = symbol_text("".join(chr(0xF000 + byte) for byte in raw), font.name)
            self._aside.unknown += shown.count("\ufffd")
            self._put(shown)
            return
        codec = words_of.CODE_PAGES.get(font.charset, self._codec) if font else self._codec
        told = raw.decode(codec, "replace")
        self._damaged += told.count("\ufffd")
        self._put(told.replace("\t", " "))

    def _put(self, told: str) -> None:
        group = self._group
        if group.ignored or group.fonts:
            return
        if group.hidden or group.deleted:
            (self._aside.hidden if group.hidden else self._aside.deleted).append(told)
        elif group.aside is not None:
            self._beside[group.aside][-1] += told
        elif group.number:
            self._paragraph.number.append(told)
        else:
            self._paragraph.pieces.append(told)

    # Paragraphs and tables

    def _words(self) -> tuple[str, str]:
        """The printed number of the paragraph and its words, which are then begun anew."""
        number = _whole("".join(self._paragraph.number)).strip()
        text = _whole("".join(self._paragraph.pieces))
        self._paragraph.number, self._paragraph.pieces = [], []
        return number, text

    def _end_paragraph(self) -> None:
        if self._group.aside is not None:
            self._beside[self._group.aside][-1] += " "
            return
        if self._paragraph.in_table:
            self._cell.append(_joined(*self._words()))
            self._count += 1
            return
        number, text = self._words()
        if self._cell or self._cells or self._rows:
            if not text.strip() and not number and (self._cell or self._cells):
                return
            self._end_table()
        level = self._paragraph.level
        kind = BlockKind.LIST_ITEM if number else BlockKind.PARAGRAPH
        for line in filter(None, (part.strip() for part in text.split("\n"))):
            self._draft.run(_joined(number, line), paragraph=self._count)
            kind = BlockKind.HEADING if level is not None else kind
            self._draft.end_line(kind, level=level, number=number or None)
            number, kind = "", BlockKind.PARAGRAPH
        self._count += 1

    def _end_cell(self) -> None:
        self._cell.append(_joined(*self._words()))
        self._cells.append(" ".join(" ".join(part.split("\n")) for part in self._cell if part))
        self._cell_paragraphs.append(self._count)
        self._cell = []
        self._count += 1

    def _end_row(self) -> None:
        if self._cells:
            self._rows.append(Row(self._cells, list(self._edges), self._cell_paragraphs))
        self._cells, self._cell_paragraphs = [], []

    def _end_table(self) -> None:
        if any(self._cell):  # words after the last mark of a cell
            self._end_cell()
        self._cell = []
        self._end_row()
        rows, self._rows = self._rows, []
        if not rows:
            return
        grid, places = merged_cells(flow_cells(rows))

        def where(row: int, place: int) -> dict[str, Any]:
            return {"paragraph": places[row][place]}

        self._draft.table(grid, where)


def _joined(number: str, words: str) -> str:
    words = words.strip()
    return number + (gap_after(number) if words else "") + words if number else words


def _whole(text: str) -> str:
    """Characters that were written as halves put together; a half alone is none."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _codec(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return _DEFAULT

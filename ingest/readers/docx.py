"""Word files: paragraphs with their automatic numbers, tables, text boxes and notes as they are
printed (ECMA-376 part 1, 17). What is in the file and not in the text is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from lxml import etree

from ingest.lines import split_lines
from ingest.readers.docx_asides import findings_of, other_parts
from ingest.readers.docx_chunks import read_chunk
from ingest.readers.docx_inline import Aside, Inline, Note, Words, chosen
from ingest.readers.docx_numbering import Numbering, Printed
from ingest.readers.docx_package import Package, W
from ingest.readers.docx_styles import flag, heading_level, number, read_styles, value
from ingest.readers.docx_tables import before_row, read_cell
from ingest.readers.grid import FlowCell, merged_cells
from ingest.readers.source import BlockKind, Draft, Read
from kb.errors import SourceError
from kb.models import Finding, Span

_MC_ALTERNATE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
_DEEPEST = 12
"""Tables, text boxes and controls inside one another."""
_ENTRY = re.compile(r"(?:\d{1,4}|[ivxlcIVXLC]{1,7})\s*$")
"""The page at the end of an entry of a table of contents."""
_LONGEST_NAME = 12
"""Characters of the name of a column; a cell of the first row with more is words."""
_CAPTION = "caption"
_NOTES = {"footnote": "footnotes", "endnote": "endnotes"}


def read_docx(data: bytes, name: str) -> Read:
    """The text of a Word file, one paragraph a line, notes after it.

    Raises:
        SourceError: damaged, encrypted, over a limit, or without words (a picture only).
    """
    package = Package(data, name)
    main = package.parse(package.main)
    body = main.find(f"{W}body") if main is not None else None
    if body is None:
        raise SourceError(
            "Word 文件里没有正文部分 / the Word file has no main part",
            hint="请用 Word 或 WPS 打开后另存为 DOCX 再导入 / open it, save it anew and try again",
            path=name,
        )
    try:
        return _Document(package, name).read(body)
    except RecursionError as error:
        raise _too_deep(name) from error


def _too_deep(name: str) -> SourceError:
    return SourceError(
        f"表格或文本框嵌套超过 {_DEEPEST} 层 / tables or text boxes are nested over {_DEEPEST} deep",
        hint="请另存为纯文本再导入 / save it as plain text and try again",
        path=name,
    )


class _Piece(NamedTuple):
    """Words of a line and the number of their paragraph."""

    words: str
    paragraph: int


@dataclass(slots=True)
class _Line:
    """A paragraph while its words are gathered; one whose mark is deleted or hidden goes on in the
    next."""

    pieces: list[_Piece] = field(default_factory=list)
    printed: Printed | None = None
    level: int | None = None
    kind: BlockKind = BlockKind.PARAGRAPH


class _Document:
    """A document while it is read."""

    def __init__(self, package: Package, name: str) -> None:
        self._name = name
        self._package = package
        parts = package.related(package.main)
        self._parts = {part.kind: part.name for part in reversed(parts)}
        self._others = [part for part in parts if part.kind in {"header", "footer"}]
        self._all_parts = parts
        self._chunk_findings: list[Finding] = []
        self._styles = read_styles(self._part("styles"))
        self._numbering = Numbering(self._part("numbering"), self._styles)
        self._aside = Aside()
        self._draft = Draft()
        self._paragraph = 0
        self._carried: _Line | None = None
        self._notes: list[tuple[Note, int]] = []
        self._told_notes: list[str] = []
        self._box: BlockKind | None = None
        self._written = 0
        self._inline = Inline(self._styles, self._aside, name)

    def _part(self, kind: str) -> etree._Element | None:
        return self._package.parse(self._parts[kind]) if kind in self._parts else None

    def read(self, body: etree._Element) -> Read:
        self._inline = self._fresh(body)
        self._blocks(body, 0)
        self._flush()
        self._write_notes()
        found = [*findings_of(self._aside)]
        found += self._chunk_findings
        found += other_parts(self._package, self._others, self._parts.get("comments"))
        if not self._written and self._aside.pictures:
            raise SourceError(
                "Word 文件里只有图片, 没有文字 / the Word file holds pictures only, no text",
                hint="请另存为 PDF 再导入, 由文字识别读取 / save it as PDF, which is read by OCR",
                path=self._name,
            )
        read = self._draft.read()
        notes = [block for block in read.blocks if block.kind is BlockKind.FOOTNOTE]
        for block, message in zip(notes, self._told_notes, strict=True):
            span = Span(block.start, block.end)
            found.append(Finding(code="footnote", message=message, span=span))
        return replace(read, findings=tuple(found))

    def _fresh(self, part: etree._Element) -> Inline:
        marks = [mark.get(f"{W}fldCharType") for mark in part.iter(f"{W}fldChar")]
        whole = marks.count("begin") == marks.count("end")
        return Inline(self._styles, self._aside, self._name, fields=whole)

    # Blocks

    def _children(
        self, element: etree._Element, depth: int
    ) -> Iterator[tuple[etree._Element, int]]:
        """The paragraphs, tables, rows or cells of an element, out of what only wraps them."""
        if depth > _DEEPEST:
            raise _too_deep(self._name)
        for child in element:
            if child.tag == W + "sdt":
                content = child.find(f"{W}sdtContent")
                if content is not None:
                    yield from self._children(content, depth + 1)
            elif child.tag in {W + "customXml", W + "smartTag", W + "ins", W + "moveTo"}:
                yield from self._children(child, depth + 1)
            elif child.tag == _MC_ALTERNATE:
                yield from self._children(chosen(child), depth + 1)
            else:
                yield child, depth

    def _blocks(self, container: etree._Element, depth: int) -> None:
        for child, at in self._children(container, depth):
            if child.tag == W + "p":
                self._read_paragraph(child, at)
            elif child.tag == W + "tbl":
                self._flush()
                self._table(child, at + 1)
            elif child.tag == W + "altChunk":
                self._flush()
                self._chunk(child)

    def _chunk(self, element: etree._Element) -> None:
        inner = read_chunk(self._package, self._all_parts, element, self._name)
        if inner is None:
            self._aside.objects.append("altChunk")
            return
        self._chunk_findings += inner.findings
        for line in split_lines(inner.text):
            if line.strip():
                self._paragraph += 1
                self._write([_Piece(line, self._paragraph)], BlockKind.PARAGRAPH)

    def _read_paragraph(self, paragraph: etree._Element, depth: int) -> None:
        self._paragraph += 1
        properties = paragraph.find(f"{W}pPr")
        mark = properties.find(f"{W}rPr") if properties is not None else None
        words = self._words(paragraph)
        piece = _Piece(words.text, self._paragraph)
        first_boxes = words.boxes if not self._written else []
        self._boxes(first_boxes, depth)
        if _is_deleted(mark):
            self._carry(piece)
        else:
            hidden = flag(mark, "vanish") is True
            if piece.words.strip() or not hidden:
                self._line(piece, properties, joined=hidden)
        if words.boxes and not first_boxes:
            self._flush()
            self._boxes(words.boxes, depth)

    def _words(self, paragraph: etree._Element) -> Words:
        """The words of a paragraph; none of an entry of a table of contents. Its notes are kept."""
        words = self._inline.read(paragraph)
        if words.contents and _ENTRY.search(words.text):
            self._aside.contents.append(words.text)
            words.pieces.clear()
        self._notes += [(note, self._paragraph) for note in words.notes]
        return words

    def _carry(self, piece: _Piece) -> None:
        if piece.words:
            self._carried = self._carried or _Line()
            self._carried.pieces.append(piece)

    def _line(
        self, piece: _Piece, properties: etree._Element | None, *, joined: bool = False
    ) -> None:
        """A paragraph whose own mark stands, after what was carried to it."""
        carried, self._carried = self._carried, None
        style = self._styles.of(value(properties, "pStyle"))
        line = _Line(carried.pieces if carried else [])
        line.printed = self._numbering.of(properties, self._styles)
        told = number(properties, "outlineLvl")
        line.level = heading_level(told) if told is not None else style.level
        if carried is not None and (carried.printed or carried.level):
            line.printed, line.level = carried.printed, carried.level
        if line.level is not None:
            line.kind = BlockKind.HEADING
        elif style.name == _CAPTION:
            line.kind = BlockKind.CAPTION
        line.pieces.append(piece)
        self._carried = line
        if not joined:
            self._flush()

    def _flush(self) -> None:
        line, self._carried = self._carried, None
        if line is None:
            return
        if line.printed:
            first = line.pieces[0]
            number_ = line.printed.text + line.printed.after
            line.pieces[0] = _Piece(number_ + first.words.lstrip(" \u3000"), first.paragraph)
            if line.kind is BlockKind.PARAGRAPH:
                line.kind = BlockKind.LIST_ITEM
        printed = line.printed.text if line.printed else None
        for pieces in _split(line.pieces):
            kind = line.kind if self._box is None else self._box
            level = line.level if kind is BlockKind.HEADING else None
            self._write(pieces, kind, level, printed)
            printed = None

    def _write(
        self,
        pieces: Sequence[_Piece],
        kind: BlockKind,
        level: int | None = None,
        printed: str | None = None,
    ) -> None:
        for piece in pieces:
            self._draft.run(piece.words, paragraph=piece.paragraph)
            self._written += len(piece.words)
        self._draft.end_line(kind, level=level, number=printed)
        self._written += 1

    def _boxes(self, boxes: Sequence[etree._Element | str], depth: int) -> None:
        """Text boxes as lines of their own: over the first words of a document (a red head), after
        the paragraph on which they hang elsewhere."""
        outer, carried, self._box = self._box, self._carried, BlockKind.TEXT_BOX
        self._carried = None
        for box in boxes:
            if isinstance(box, str):
                self._write([_Piece(box, self._paragraph)], BlockKind.TEXT_BOX)
            else:
                self._blocks(box, depth + 1)
                self._flush()
        self._box, self._carried = outer, carried

    # Tables

    def _table(self, table: etree._Element, depth: int) -> None:
        rows = [*self._rows(table, depth)]
        if all(len(cells) < 2 for _, cells in rows):  # a frame around text
            for _, cells in rows:
                for cell in cells:
                    self._blocks(cell, depth)
                    self._flush()
            return
        lines: list[list[FlowCell]] = []
        for properties, cells in rows:
            line = [skipped] if (skipped := before_row(properties, self._paragraph)) else []
            for cell in cells:
                place = self._paragraph + 1
                words = self._cell(cell, depth, head=not lines)
                line.append(read_cell(cell, words, place))
            lines.append(line)
        grid, places = merged_cells(lines)

        def where(row: int, place: int) -> dict[str, Any]:
            return {"paragraph": places[row][place]}

        self._draft.table(grid, where)
        self._written += 1

    def _rows(
        self, table: etree._Element, depth: int
    ) -> Iterator[tuple[etree._Element | None, list[etree._Element]]]:
        """The rows of a table with their properties; those deleted or hidden are told."""
        for row, at in self._children(table, depth):
            if row.tag != W + "tr":
                continue
            properties = row.find(f"{W}trPr")
            gone = self._aside.deleted if _is_deleted(properties) else None
            if flag(properties, "hidden"):
                gone = self._aside.hidden
            if gone is not None:
                gone.append(" ".join(row.itertext(f"{W}t", f"{W}delText")))
                continue
            yield properties, [c for c, _ in self._children(row, at) if c.tag == W + "tc"]

    def _cell(self, cell: etree._Element, depth: int, *, head: bool = False) -> str:
        """The words of a cell in one line: a space between its paragraphs, none in the name of a
        column (`head`), which a narrow column breaks."""
        parts: list[str] = []
        tables = False
        for child, at in self._children(cell, depth):
            if child.tag == W + "p":
                self._paragraph += 1
                properties = child.find(f"{W}pPr")
                mark = properties.find(f"{W}rPr") if properties is not None else None
                words = self._words(child)
                parts.append(" ".join(words.text.split("\n")).strip())
                if not _is_deleted(mark):
                    printed = self._numbering.of(properties, self._styles)
                    if printed:
                        parts[-1] = printed.text + (printed.after if parts[-1] else "") + parts[-1]
                for box in words.boxes:
                    parts.append(box if isinstance(box, str) else self._cell(box, at + 1))
            elif child.tag == W + "tbl":
                tables = True
                for _, cells in self._rows(child, at + 1):
                    parts += [self._cell(inner, at + 1) for inner in cells]
        parts = [part for part in parts if part]
        broken = head and not tables and sum(map(len, parts)) <= _LONGEST_NAME
        return ("" if broken else " ").join(parts)

    # Notes

    def _write_notes(self) -> None:
        """The footnotes and endnotes that the text has marks of, each a line of its own."""
        texts = {kind: self._note_texts(kind) for kind in {note.kind for note, _ in self._notes}}
        told: set[Note] = set()
        for note, paragraph in tuple(self._notes):
            element = texts[note.kind].get(note.id)
            if element is None or note in told:
                continue
            told.add(note)
            self._write_note(element, len(told), paragraph)

    def _note_texts(self, kind: str) -> dict[str, etree._Element]:
        root = self._part(_NOTES[kind])
        if root is None:
            return {}
        self._inline = self._fresh(root)
        return {
            element.get(f"{W}id") or "": element
            for element in root.iterchildren(W + kind)
            if element.get(f"{W}type") in {None, "normal"}
        }

    def _write_note(self, element: etree._Element, number_: int, paragraph: int) -> None:
        place = self._paragraph + 1
        words = self._cell(element, 0)
        if not words:
            return
        self._write([_Piece(f"[{number_}] {words}", place)], BlockKind.FOOTNOTE)
        self._told_notes.append(
            f"注 {number_} 在正文第 {paragraph} 段, 列在文末 / "
            f"note {number_} belongs to paragraph {paragraph} and stands after the text"
        )


def _split(pieces: Sequence[_Piece]) -> Iterator[list[_Piece]]:
    """The lines of a paragraph, without white space around each; none that is empty."""
    lines: list[list[_Piece]] = [[]]
    for piece in pieces:
        first, *more = piece.words.split("\n")
        lines[-1].append(piece._replace(words=first))
        lines += [[piece._replace(words=words)] for words in more]
    for line in lines:
        while line and not line[0].words.strip():
            del line[0]
        while line and not line[-1].words.strip():
            del line[-1]
        if line:
            line[0] = line[0]._replace(words=line[0].words.lstrip())
            line[-1] = line[-1]._replace(words=line[-1].words.rstrip())
            yield line


def _is_deleted(properties: etree._Element | None) -> bool:
    """Whether a mark of a paragraph or a row is deleted, or moved to another place."""
    return properties is not None and (
        properties.find(f"{W}del") is not None or properties.find(f"{W}moveFrom") is not None
    )

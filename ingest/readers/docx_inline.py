"""The words of a paragraph of WordprocessingML as they are printed: results of fields, tracked
changes as accepted, nothing hidden; what stands beside them is kept apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from lxml import etree

from ingest.readers.docx_package import W
from ingest.readers.docx_styles import Style, Styles, flag, is_on, symbol_font, value
from ingest.readers.symbols import symbol_text
from kb.errors import SourceError

_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_V = "{urn:schemas-microsoft-com:vml}"
_DEEPEST = 100
"""Elements of a paragraph inside one another; Word writes a dozen."""
_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_WRAPPERS = frozenset(
    W + name
    for name in ("hyperlink", "smartTag", "customXml", "fldSimple", "dir", "bdo", "sdtContent")
)
_INSERTED, _DELETED = (
    frozenset({W + "ins", W + "moveTo"}),
    frozenset({W + "del", W + "moveFrom"}),
)
_DRAWN = frozenset({W + "drawing", W + "pict", W + "object"})
_CHARACTERS = {
    W + "tab": " ",
    W + "ptab": " ",
    W + "br": "\n",
    W + "cr": "\n",
    W + "noBreakHyphen": "-",
}
_PICTURES = frozenset({"pic", "imagedata"})
_OBJECTS = {"chart": "chart", "relIds": "diagram", "OLEObject": "object"}
_OVERSTRIKE = re.compile(r"^\s*EQ\s*\\o(?:\\a[crl])?\s*\((.*)\)\s*$", re.I | re.S)
_RINGS = "○〇◯"
_PRIVATE = re.compile("[\uf000-\uf0ff]")
"""Glyphs of symbol fonts."""


@dataclass(slots=True)
class Aside:
    """What stands in a document and not in its text, in the order of the file."""

    inserted: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    placeholders: list[str] = field(default_factory=list)
    phonetic: list[str] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)
    pictures: int = 0
    formulas: int = 0
    fields: int = 0
    unknown: int = 0


class Note(NamedTuple):
    """A mark of a note: `footnote` or `endnote`, and the id of its text."""

    kind: str
    id: str


@dataclass(slots=True)
class Words:
    """The words of a paragraph, `\\n` for each break inside it; the text boxes that hang on it
    (elements with paragraphs, or a line of ornamental writing); its notes, each with the place in
    the words; `contents`: it is an entry of an automatic table of contents."""

    pieces: list[str] = field(default_factory=list)
    boxes: list[etree._Element | str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    contents: bool = False

    @property
    def text(self) -> str:
        """All words."""
        return "".join(self.pieces)


@dataclass(slots=True)
class _Field:
    """A field that has begun: its instruction, and whether that has ended."""

    code: list[str] = field(default_factory=list)
    result: bool = False

    @property
    def name(self) -> str:
        return ("".join(self.code).split(None, 1) or [""])[0].upper()


class _Around(NamedTuple):
    """What a run stands in."""

    style: Style
    deleted: bool = False
    inserted: bool = False
    depth: int = 0


class Inline:
    """Paragraphs of one part of a package, in order: a field may go over several.

    Args:
        fields: whether each field of the part that begins ends too; else nothing is taken for the
            instruction of one.
    """

    def __init__(self, styles: Styles, aside: Aside, name: str, *, fields: bool = True) -> None:
        self._styles = styles
        self._aside = aside
        self._name = name
        self._whole = fields
        self._fields: list[_Field] = []

    def read(self, paragraph: etree._Element) -> Words:
        """The words of a `w:p`.

        Raises:
            SourceError: elements are nested beyond all measure.
        """
        words = Words(contents=self._in_contents())
        style = self._styles.of(value(paragraph.find(f"{W}pPr"), "pStyle"))
        self._children(paragraph, words, _Around(style))
        words.contents = words.contents or self._in_contents()
        return words

    def _in_contents(self) -> bool:
        return self._whole and any(f.result and f.name == "TOC" for f in self._fields)

    def _children(self, element: etree._Element, words: Words, around: _Around) -> None:
        if around.depth > _DEEPEST:
            raise SourceError(
                f"段落的元素嵌套超过 {_DEEPEST} 层 / elements of a paragraph are nested over "
                f"{_DEEPEST} deep",
                hint="请另存为纯文本再导入 / save it as plain text and try again",
                path=self._name,
            )
        inside = around._replace(depth=around.depth + 1)
        for child in element:
            tag = child.tag
            if tag == W + "r":
                self._run(child, words, inside)
            elif tag in _WRAPPERS:
                self._children(child, words, inside)
            elif tag in _INSERTED:
                self._children(child, words, inside._replace(inserted=True))
            elif tag in _DELETED:
                self._children(child, words, inside._replace(deleted=True))
            elif tag == W + "sdt":
                self._control(child, words, inside)
            elif tag == _MC + "AlternateContent":
                self._children(chosen(child), words, inside)
            elif tag in {_M + "oMath", _M + "oMathPara"}:
                self._aside.formulas += 1
                self._put(_formula(child), words, inside)

    def _control(self, control: etree._Element, words: Words, around: _Around) -> None:
        """A content control; the words that ask to fill it in are no text."""
        content = control.find(f"{W}sdtContent")
        if content is None:
            return
        if flag(control.find(f"{W}sdtPr"), "showingPlcHdr"):
            self._aside.placeholders.append("".join(content.itertext(f"{W}t")))
        else:
            self._children(content, words, around)

    def _run(self, run: etree._Element, words: Words, around: _Around) -> None:
        properties = run.find(f"{W}rPr")
        style: Style | None = None
        hidden: bool | None = None
        raised = False
        for item in properties if properties is not None else ():
            if item.tag == W + "vanish":
                hidden = is_on(item.get(f"{W}val"))
            elif item.tag == W + "vertAlign":
                raised = item.get(f"{W}val") == "superscript"
            elif item.tag == W + "rStyle":
                style = self._styles.of(item.get(f"{W}val"))
        if hidden is None and style is not None:
            hidden = style.hidden
        if around.style.hidden if hidden is None else hidden:
            self._hide(run)
            return
        for child in run:
            tag = child.tag
            if tag == W + "t":
                told = child.text or ""
                if _PRIVATE.search(told):
                    told = self._symbols(told, properties, style or around.style)
                if raised and told.strip("-").isdecimal() and told.isascii():
                    told = told.translate(_SUPERSCRIPT)
                self._put(told, words, around)
            elif tag in _CHARACTERS:
                self._put(_CHARACTERS[tag], words, around)
            elif tag == W + "delText":
                self._put(child.text or "", words, around._replace(deleted=True))
            elif tag == W + "fldChar":
                self._mark(child, words, around)
            elif tag == W + "instrText":
                if self._fields and not self._fields[-1].result:
                    self._fields[-1].code.append(child.text or "")
            elif tag == W + "sym":
                self._symbol(child, words, around)
            elif tag in {W + "footnoteReference", W + "endnoteReference"}:
                if not around.deleted:
                    kind = etree.QName(child).localname.removesuffix("Reference")
                    words.notes.append(Note(kind, child.get(f"{W}id") or ""))
                if child.get(f"{W}customMarkFollows") in {"1", "true", "on"}:
                    return
            elif tag in _DRAWN:
                self._drawn(child, words, around)
            elif tag == _MC + "AlternateContent":
                part = chosen(child)
                if part.find(f"{W}t") is not None:
                    self._run(part, words, around)
                else:
                    self._drawn(part, words, around)
            elif tag == W + "ruby":
                self._aside.phonetic += child.itertext(f"{W}rt")
                if (base := child.find(f"{W}rubyBase")) is not None:
                    self._children(base, words, around)
                if (above := child.find(f"{W}rt")) is not None:
                    self._aside.phonetic.append("".join(above.itertext(f"{W}t")))

    def _symbols(self, told: str, properties: etree._Element | None, style: Style) -> str:
        font = symbol_font(properties) or style.font
        self._aside.unknown += (found := symbol_text(told, font)).count("\ufffd")
        return found

    def _symbol(self, element: etree._Element, words: Words, around: _Around) -> None:
        code, font = element.get(f"{W}char") or "", (element.get(f"{W}font") or "").lower()
        try:
            at = int(code[:5], 16)
        except ValueError:
            return
        at |= 0xF000 if at < 0x100 else 0
        found = symbol_text(chr(at), font) if at < 0xD800 or at > 0xDFFF else "\ufffd"
        self._aside.unknown += found.count("\ufffd")
        self._put(found, words, around)

    def _mark(self, mark: etree._Element, words: Words, around: _Around) -> None:
        kind = mark.get(f"{W}fldCharType")
        if kind == "begin":
            self._fields.append(_Field())
        elif kind == "separate" and self._fields:
            self._fields[-1].result = True
        elif kind == "end" and self._fields:
            ended = self._fields.pop()
            if not ended.result and ended.name not in {"TC", "XE", "RD", "TA", "ADVANCE", ""}:
                if made := _made(ended):
                    self._put(made, words, around)
                elif not around.deleted:
                    self._aside.fields += 1

    def _put(self, told: str, words: Words, around: _Around) -> None:
        if self._fields and self._whole and not all(f.result for f in self._fields):
            return
        if around.deleted:
            self._aside.deleted.append(told)
            return
        if around.inserted:
            self._aside.inserted.append(told)
        words.pieces.append(told.replace("\t", " ").replace("\n", " ") if told != "\n" else told)

    def _hide(self, run: etree._Element) -> None:
        for child in run:
            if child.tag in {W + "t", W + "delText"}:
                self._aside.hidden.append(child.text or "")
            elif child.tag == W + "fldChar":  # it begins and ends fields all the same
                self._mark(child, Words(), _Around(Style(), deleted=True))
            elif child.tag == W + "instrText" and self._fields and not self._fields[-1].result:
                self._fields[-1].code.append(child.text or "")

    def _drawn(self, element: etree._Element, words: Words, around: _Around) -> None:
        boxes: list[etree._Element | str] = []
        stack = [element]
        while stack:
            node = stack.pop()
            local = etree.QName(node).localname
            if node.tag == W + "txbxContent":
                boxes.append(node)
                continue
            if node.tag == _MC + "AlternateContent":
                stack.append(chosen(node))
                continue
            if node.tag == _V + "textpath" and (told := node.get("string")):
                boxes.append(" ".join(told.split()))
            if local in _PICTURES:
                self._aside.pictures += not around.deleted
            elif local in _OBJECTS and not around.deleted:
                self._aside.objects.append(_OBJECTS[local])
            stack.extend(reversed(node))
        if around.deleted:
            for box in boxes:
                told = box if isinstance(box, str) else "".join(box.itertext(f"{W}t"))
                self._aside.deleted.append(told)
        else:
            words.boxes += boxes


def chosen(alternatives: etree._Element) -> etree._Element:
    """Of `mc:AlternateContent` the one that is read: the first choice, or what stands for older
    readers where only that has words."""
    choice = alternatives.find(f"{_MC}Choice")
    fallback = alternatives.find(f"{_MC}Fallback")
    if choice is None or (fallback is not None and not _speaks(choice) and _speaks(fallback)):
        return fallback if fallback is not None else alternatives
    return choice


def _speaks(element: etree._Element) -> bool:
    return next(element.iter(f"{W}t", f"{W}p", f"{W}tbl", f"{_V}textpath"), None) is not None


def _made(ended: _Field) -> str:
    """What a field without a result shows: the characters that EQ sets over one another, as a
    figure in a ring."""
    match = _OVERSTRIKE.match("".join(ended.code))
    if match is None:
        return ""
    parts = [part.strip() for part in re.split(r"[,;，]", match[1])]
    words = "".join(part for part in parts if part not in _RINGS)
    ringed = any(part and part in _RINGS for part in parts)
    if ringed and words.isascii() and words.isdecimal() and 0 < int(words[:3]) <= 20:
        return chr(ord("①") + int(words) - 1)
    return words


def _formula(element: etree._Element) -> str:
    """The characters of a formula in a line; a fraction with a slash."""

    def walk(node: etree._Element) -> Iterator[str]:
        for child in node:
            if child.tag == _M + "t":
                yield child.text or ""
            elif child.tag == _M + "den":
                yield "/"
                yield from walk(child)
            elif isinstance(child.tag, str):
                yield from walk(child)

    return "".join(walk(element))

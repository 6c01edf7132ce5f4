"""OFD files (GB/T 33190-2016): the text of their pages, with the box of each character.

Backgrounds of pages (templates) and the words of notes are no text of the document; they are told.
Signatures and seals are not verified here.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from ingest.readers.ofd_objects import POINTS, Drawn, TooMuch, floats
from ingest.readers.packages import Package, local_name
from ingest.readers.page_content import PageContent
from ingest.readers.page_layout import lay_out
from ingest.readers.source import PageSize, Read
from kb.errors import SourceError
from kb.models import Finding

_A4 = (210.0, 297.0)
_MOST_PAGES = 10_000
_LARGEST = 5000.0
"""Millimetres of a page's side."""
_MOST_TOLD = 20
_LONGEST_TOLD = 200


def read_ofd(data: bytes, name: str) -> Read:
    """The text of an OFD file, by pages.

    Raises:
        SourceError: it is damaged or encrypted, over a limit, or holds no text.
    """
    package = Package(data, name)
    pages: list[_Page] = []
    for document in _documents(package):
        pages += document.pages(len(pages))
    if not any(page.content.runs for page in pages):
        raise SourceError(
            "OFD 里没有文字, 只有图片 / the OFD file holds no text, only pictures",
            hint="请导出为 PDF 或图片再导入 / export it as PDF or pictures and try again",
            path=name,
        )
    return lay_out([page.content for page in pages], findings=[*_findings(pages)])


class _Page(NamedTuple):
    """A page: its content; the words of its background, of its notes, and those at another angle;
    how many pictures it has."""

    content: PageContent
    background: str
    notes: str
    turned: str
    pictures: int


class _Parts:
    """The parts of a package by the locations that the files name: relative to the file that names
    them, or from the root; some programs write other cases and backslashes."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self._names = {_key(part): part for part in reversed(package.names())}

    def find(self, base: str, location: str | None) -> str | None:
        """The name of a part."""
        if not location or not location.strip():
            return None
        wanted = location.strip().replace("\\", "/")
        if not wanted.startswith("/"):
            wanted = posixpath.join(posixpath.dirname(base), wanted)
        return self._names.get(_key(posixpath.normpath(wanted)))

    def tree(self, base: str, location: str | None) -> tuple[str, Any]:
        """The name and the tree of a part.

        Raises:
            SourceError: it is missing or damaged.
        """
        part = self.find(base, location)
        if part is None:
            raise self.package.damaged(f"{location or '?'} ({base})")
        return part, self.package.tree(part)


def _key(name: str) -> str:
    return name.replace("\\", "/").strip("/").lower()


def _documents(package: Package) -> Iterator[_Document]:
    parts = _Parts(package)
    start, root = parts.tree("OFD.xml", "/OFD.xml")
    found = False
    for body in _named(root, "DocBody"):
        location = _text(body, "DocRoot")
        found = True
        yield _Document(parts, *parts.tree(start, location))
    if not found:
        raise package.damaged("OFD.xml: DocBody")


class _Document:
    """A document of the file."""

    def __init__(self, parts: _Parts, name: str, root: Any) -> None:
        self._parts = parts
        self._name = name
        self._root = root
        self._common = next(_named(root, "CommonData"), root)
        self._size = _size(self._common) or PageSize(_A4[0] * POINTS, _A4[1] * POINTS)
        self._templates = {
            template.get("ID"): template.get("BaseLoc")
            for template in _named(self._common, "TemplatePage")
        }
        self._units = dict(self._composites())
        self._backgrounds: dict[str, str] = {}

    def pages(self, before: int) -> list[_Page]:
        """Its pages in order; `before`: how many pages stand before it in the file."""
        listed = [page for pages in _named(self._root, "Pages") for page in _named(pages, "Page")]
        if before + len(listed) > _MOST_PAGES:
            raise SourceError(
                f"OFD 超过 {_MOST_PAGES} 页 / the OFD file has over {_MOST_PAGES} pages",
                hint="请拆分后再导入 / split it and try again",
                path=self._parts.package.name,
            )
        notes = self._notes()
        return [
            self._page(page, before + number, notes.get(page.get("ID") or "", ""))
            for number, page in enumerate(listed, start=1)
        ]

    def _page(self, page: Any, number: int, notes: str) -> _Page:
        _, root = self._parts.tree(self._name, page.get("BaseLoc"))
        drawn = self._drawn(root, number)
        directions: Counter[int] = Counter()
        for run, direction in drawn.runs:
            if direction is not None:
                directions[direction] += len(run.text)
        upright = max(directions, key=lambda d: (directions[d], -d), default=0)
        content = PageContent(
            number,
            _size(root) or self._size,
            [run for run, direction in drawn.runs if direction == upright],
            drawn.rulings,
            -upright % 360,
        )
        turned = " ".join(run.text for run, direction in drawn.runs if direction != upright)
        background = " ".join(
            words
            for template in _named(root, "Template")
            if (words := self._background(template.get("TemplateID") or "", number))
        )
        return _Page(content, background, notes, turned, drawn.pictures)

    def _drawn(self, root: Any, number: int) -> Drawn:
        drawn = Drawn(self._units.get)
        try:
            for content in _named(root, "Content"):
                drawn.read(content)
        except TooMuch as error:
            raise SourceError(
                f"第 {number} 页内容过多 / page {number} holds too much",
                hint="请拆分后再导入 / split it and try again",
                path=self._parts.package.name,
            ) from error
        return drawn

    def _background(self, template: str, number: int) -> str:
        """The words of a background, read once."""
        if template not in self._backgrounds:
            part = self._parts.find(self._name, self._templates.get(template))
            root = self._parts.package.tree(part) if part else None
            drawn = self._drawn(root, number) if root is not None else Drawn(self._units.get)
            self._backgrounds[template] = " ".join(run.text for run, _ in drawn.runs)
        return self._backgrounds[template]

    def _composites(self) -> Iterator[tuple[str, Any]]:
        """The composite objects of the resources, by their ID."""
        for kind in ("PublicRes", "DocumentRes"):
            for told in _named(self._common, kind):
                part = self._parts.find(self._name, "".join(told.itertext()))
                if part is None:
                    continue
                for unit in self._parts.package.tree(part).iter("{*}CompositeGraphicUnit"):
                    for content in _named(unit, "Content"):
                        yield unit.get("ID") or "", content

    def _notes(self) -> dict[str, str]:
        """The words of the notes on each page, by the page's ID."""
        found: dict[str, str] = {}
        for told in _named(self._root, "Annotations"):
            part = self._parts.find(self._name, "".join(told.itertext()))
            if part is None:
                continue
            for page in _named(self._parts.package.tree(part), "Page"):
                location = self._parts.find(part, _text(page, "FileLoc"))
                if location is None:
                    continue
                words: list[str] = []
                for note in self._parts.package.tree(location).iter("{*}Annot"):
                    words += [
                        " ".join("".join(code.itertext()).split())
                        for code in note.iter("{*}TextCode")
                    ]
                    words += ["".join(told.itertext()) for told in _named(note, "Remark")]
                found[page.get("PageID") or ""] = " ".join(filter(None, words))
        return found


def _named(element: Any, name: str) -> Iterator[Any]:
    """The children of a name."""
    return (child for child in element if local_name(child) == name)


def _text(element: Any, name: str) -> str:
    return next(("".join(child.itertext()).strip() for child in _named(element, name)), "")


def _size(element: Any) -> PageSize | None:
    """The size of a page by its area: the physical box."""
    for name in ("Area", "PageArea"):
        for area in _named(element, name):
            box = floats(_text(area, "PhysicalBox"))
            if len(box) == 4 and 0 < box[2] <= _LARGEST and 0 < box[3] <= _LARGEST:
                return PageSize(box[2] * POINTS, box[3] * POINTS)
    return None


def _findings(pages: list[_Page]) -> Iterator[Finding]:
    lost = [p.content.number for p in pages if p.pictures and not p.content.runs]
    if lost:
        listed = "、".join(map(str, lost[:_MOST_TOLD]))
        yield Finding(
            code="page-without-text",
            message=f"第 {listed} 页只有图片, 未读入 / there are only pictures on page {listed}: not read",
        )
    told = (
        ("page-furniture", "页面底版的文字未读入", "words of the backgrounds of pages are left out",
         [page.background for page in pages]),
        ("annotations", "批注和水印的文字未读入", "words of notes and watermarks are left out",
         [page.notes for page in pages]),
        ("turned-text", "斜排或横倒的文字未读入", "text at another angle is left out",
         [page.turned for page in pages]),
    )  # fmt: skip
    for code, chinese, english, words in told:
        if counted := Counter(filter(None, words)):
            listed = "; ".join(
                f"{word[:_LONGEST_TOLD]} ({count} 页/pages)".replace(" / ", "/")
                for word, count in counted.most_common(_MOST_TOLD)
            )
            yield Finding(code=code, message=f"{chinese}: {listed} / {english}: {listed}")

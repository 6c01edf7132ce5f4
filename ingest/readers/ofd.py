"""OFD files (GB/T 33190-2016): the text of their pages, with the box of each character; pages of pictures
are recognised.

Backgrounds of pages (templates) and the words of notes are no text of the document; they are told.
Signatures and seals are not verified here.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ingest.readers.matrices import Matrix
from ingest.readers.ofd_objects import POINTS, Drawn, TooMuch, floats
from ingest.readers.packages import Package, local_name
from ingest.readers.page_content import PageContent
from ingest.readers.page_layout import lay_out
from ingest.readers.source import PageSize, Read
from kb.errors import SourceError
from kb.models import Finding

if TYPE_CHECKING:
    from PIL.Image import Image

_A4 = (210.0, 297.0)
_MOST_PAGES = 10_000
_LARGEST = 5000.0
"""Millimetres of a page's side."""
_MOST_TOLD = 20
_LONGEST_TOLD = 200
_LARGE = 0.1
"""Of a page: a picture that may hold a table or text; emblems, seals and signatures are smaller."""


def read_ofd(data: bytes, name: str) -> Read:
    """The text of an OFD file, by pages; pages of pictures are recognised, and a finding tells them.

    Raises:
        SourceError: it is damaged or encrypted, over a limit, or holds neither text nor pictures.
    """
    package = Package(data, name)
    pages = _pages_of(package)
    if not any(page.content.runs or page.pictures for page in pages):
        raise SourceError(
            "OFD 里没有文字和图片, 只有图形 / the OFD file holds neither text nor pictures, only drawings",
            hint="请用 OFD 阅读器打印为 PDF 再导入 / print it to PDF in an OFD reader and try again",
            path=name,
        )
    pictured = {page.content.number: page for page in pages if page.is_picture}
    findings = [*_findings(pages)]
    if not pictured:
        return lay_out([page.content for page in pages], findings=findings)
    from ingest.readers import ofd_pictures, pictures  # noqa: PLC0415 - what recognises is heavy

    others = [page.content for page in pages if not page.is_picture]
    recognised = pictures.recognise_drawn(
        lambda number, scale: ofd_pictures.draw(package, *pictured[number].drawing, scale),
        {number: page.content.size for number, page in pictured.items()},
        name,
        others,
    )
    return pictures.finish(recognised, others, findings)


def ofd_picture(data: bytes, page: int, scale: float) -> Image:
    """A page of pictures as it was recognised.

    Args:
        data: the bytes of the file.
        page: from 1.
        scale: pixels a point.

    Raises:
        SourceError: there is no such page, or it is one of text, of which none is made.
    """
    from ingest.readers import ofd_pictures  # noqa: PLC0415 - only where a picture is asked for

    package = Package(data, "OFD")
    pages = _pages_of(package)
    if not 1 <= page <= len(pages) or not pages[page - 1].is_picture:
        raise SourceError(f"第 {page} 页不是图片页 / page {page} is none of pictures")
    return ofd_pictures.draw(package, *pages[page - 1].drawing, scale)


def _pages_of(package: Package) -> list[_Page]:
    pages: list[_Page] = []
    for document in _documents(package):
        pages += document.pages(len(pages))
    return pages


class _Page(NamedTuple):
    """A page: its content; the words of its background, of its notes, and those at another angle;
    its pictures from below upwards, each the name of its part and from the unit square to the page in
    points, and how many of them are large."""

    content: PageContent
    background: str
    notes: str
    turned: str
    pictures: tuple[tuple[str, Matrix], ...]
    large: int

    @property
    def is_picture(self) -> bool:
        """Whether there is nothing but pictures."""
        return bool(self.pictures) and not self.content.runs

    @property
    def drawing(self) -> tuple[PageSize, tuple[tuple[str, Matrix], ...]]:
        """What its picture is made of."""
        return self.content.size, self.pictures


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
        self._media = dict(self._media_files(self._common, name))
        self._backgrounds: dict[str, Drawn] = {}

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
        part, root = self._parts.tree(self._name, page.get("BaseLoc"))
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
        behind = [
            self._background(template.get("TemplateID") or "", number)
            for template in _named(root, "Template")
        ]
        background = " ".join(run.text for below in behind for run, _ in below.runs)
        media = self._media | dict(self._media_files(root, part))
        pictures = [
            (media[key], matrix)
            for layer in (*behind, drawn)
            for key, matrix in layer.pictures
            if key in media
        ]
        large = sum(
            abs(a * d - b * c) >= _LARGE * content.size.width * content.size.height
            for _, (a, b, c, d, _, _) in drawn.pictures
        )
        return _Page(content, background, notes, turned, tuple(pictures), large)

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

    def _background(self, template: str, number: int) -> Drawn:
        """What is on a background, read once."""
        if template not in self._backgrounds:
            part = self._parts.find(self._name, self._templates.get(template))
            root = self._parts.package.tree(part) if part else None
            self._backgrounds[template] = (
                self._drawn(root, number) if root is not None else Drawn(self._units.get)
            )
        return self._backgrounds[template]

    def _resources(self, element: Any, base: str) -> Iterator[tuple[str, Any]]:
        """The resources that an element names: the name and the tree of each part."""
        for kind in ("PublicRes", "DocumentRes", "PageRes"):
            for told in _named(element, kind):
                part = self._parts.find(base, "".join(told.itertext()))
                if part is not None:
                    yield part, self._parts.package.tree(part)

    def _media_files(self, element: Any, base: str) -> Iterator[tuple[str, str]]:
        """The parts of pictures by their ID (7.9)."""
        for part, tree in self._resources(element, base):
            folder = posixpath.join((tree.get("BaseLoc") or "").replace("\\", "/"), "")
            for media in tree.iter("{*}MultiMedia"):
                told = _text(media, "MediaFile")
                found = self._parts.find(part, folder + told) or self._parts.find(part, told)
                if found is not None:
                    yield media.get("ID") or "", found

    def _composites(self) -> Iterator[tuple[str, Any]]:
        """The composite objects of the resources, by their ID."""
        for _, tree in self._resources(self._common, self._name):
            for unit in tree.iter("{*}CompositeGraphicUnit"):
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
    for code, chosen, chinese, english in (
        ("page-without-text", [p for p in pages if p.is_picture],
         "页没有文字 (扫描或图片), 已识别图片, 请与页面核对",
         "has no text of its own (a scan or a picture): it was recognised, compare it with the page"),
        ("picture-not-read", [p for p in pages if p.large and not p.is_picture],
         "页有大幅图片, 图片里的文字未读入", "has a large picture: the text in it is not read"),
    ):  # fmt: skip
        if chosen:
            listed = "、".join(str(page.content.number) for page in chosen[:_MOST_TOLD])
            listed += " …" if len(chosen) > _MOST_TOLD else ""
            yield Finding(code=code, message=f"第 {listed} {chinese} / page {listed} {english}")
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

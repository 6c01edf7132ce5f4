"""The parts of a Word package: found by their relationships (ECMA-376 part 2, 9.3), read within
limits, parsed with nothing resolved that they name."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from typing import NamedTuple

from lxml import etree

from kb.errors import SourceError

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT = (
    (
        b"http://purl.oclc.org/ooxml/wordprocessingml/main",
        b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    ),
    (
        b"http://purl.oclc.org/ooxml/officeDocument/math",
        b"http://schemas.openxmlformats.org/officeDocument/2006/math",
    ),
)
"""Names of Strict Open XML (ISO/IEC 29500-1) and those that everything else writes."""
_MAIN = "word/document.xml"
_MOST_PARTS = 20_000
_LARGEST_PART = 64_000_000
_MOST_READ = 128_000_000
"""Bytes of XML: a document of a million characters has ten million."""
_SMALL, _MOST_RATIO = 4_000_000, 250
"""A part over the size must not be packed tighter than so many to one; documents of empty tables
come to 60."""
_BROKEN = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    ValueError,
    EOFError,
    OSError,
)


class Part(NamedTuple):
    """A part that another names: the kind of the relationship (`header`, `footnotes`), its name in
    the package, and the id by which the other names it."""

    kind: str
    name: str
    id: str


class Package:
    """A package in memory; `name` is the file's, for messages.

    Raises:
        SourceError: it is no ZIP package, is damaged, has a password or too many parts.
    """

    def __init__(self, data: bytes, name: str) -> None:
        self._name = name
        self._read = 0
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            self._parts = {info.filename.lower(): info for info in self._zip.infolist()}
        except _BROKEN as error:
            raise self._damaged(error) from error
        if len(self._parts) > _MOST_PARTS:
            raise self._over(f"部件超过 {_MOST_PARTS} 个", f"over {_MOST_PARTS} parts")
        self.main = next((p.name for p in self.related("") if p.kind == "officeDocument"), _MAIN)

    def related(self, part: str) -> list[Part]:
        """The parts that a part names, in its order; those outside the package are not among them."""
        folder, base = posixpath.split(part)
        root = self.parse(posixpath.join(folder, "_rels", f"{base}.rels"))
        found = []
        for relation in root if root is not None else ():
            target = relation.get("Target") or ""
            if relation.get("TargetMode") == "External" or not isinstance(relation.tag, str):
                continue
            kind = (relation.get("Type") or "").rpartition("/")[2]
            name = posixpath.normpath(posixpath.join("/", folder, target))[1:]
            found.append(Part(kind, name, relation.get("Id") or ""))
        return found

    def read(self, part: str) -> bytes | None:
        """The bytes of a part; None where the package has no such part.

        Raises:
            SourceError: damaged or over a limit.
        """
        info = self._parts.get(part.lower())
        return self._bytes(info) if info is not None else None

    def parse(self, part: str) -> etree._Element | None:
        """The root of a part of XML; None where the package has no such part.

        Raises:
            SourceError: damaged, over a limit, or declares entities.
        """
        data = self.read(part)
        if data is None:
            return None
        for strict, usual in _STRICT:
            if strict in data:
                data = data.replace(strict, usual)
        parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            root = etree.fromstring(data, parser)
        except (etree.XMLSyntaxError, ValueError) as error:
            raise self._damaged(f"{part}: {error}") from error
        if root.getroottree().docinfo.doctype:
            raise SourceError(
                f"{part} 有 DTD 声明, 不予读取 / {part} declares a DTD, which no Word file does",
                hint="请用 Word 或 WPS 打开后另存再导入 / open it, save it anew and try again",
                path=self._name,
            )
        return root

    def _bytes(self, info: zipfile.ZipInfo) -> bytes:
        size, packed = info.file_size, max(info.compress_size, 1)
        self._read += size
        if size > _LARGEST_PART or self._read > _MOST_READ:
            raise self._over(
                f"{info.filename} 解压后 {size} 字节", f"{info.filename} unpacks to {size} bytes"
            )
        if size > _SMALL and size > packed * _MOST_RATIO:
            raise self._over(
                f"{info.filename} 的压缩比超过 {_MOST_RATIO}",
                f"{info.filename} is packed over {_MOST_RATIO} to one",
            )
        try:
            with self._zip.open(info) as file:
                return file.read(size + 1)
        except _BROKEN as error:
            if info.flag_bits & 1:
                raise SourceError(
                    "文件加了密码 / the file is encrypted",
                    hint="请去掉打开密码再导入 / save it without its password and try again",
                    path=self._name,
                ) from error
            raise self._damaged(f"{info.filename}: {error}") from error

    def _damaged(self, error: object) -> SourceError:
        told = str(error).replace(" / ", "/")
        return SourceError(
            f"Word 文件损坏或不完整: {told} / the Word file is damaged or incomplete: {told}",
            hint="请重新取得文件, 或用 Word 打开修复后另存 / get the file anew, or let Word repair it",
            path=self._name,
        )

    def _over(self, chinese: str, english: str) -> SourceError:
        return SourceError(
            f"{chinese}, 超过上限 / {english}, over the limit",
            hint="请拆分或另存后再导入 / split it or save it anew and try again",
            path=self._name,
        )

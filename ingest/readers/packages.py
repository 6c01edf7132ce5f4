"""Packages of parts (ZIP): checked before a part is read, and their XML read part by part.

Limits are on what is unpacked: a package of a few kilobytes may hold gigabytes. A part's declared
size bounds what the standard library unpacks of it. XML of a package has no document type (ECMA-376
part 2, 8.1.4: DTD declarations are not allowed), so that no entity is ever there to be resolved.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from lxml import etree

from kb.errors import SourceError

MB = 1_000_000
MOST_PARTS = 5000
MOST_UNPACKED = 256 * MB
MOST_RATIO = 200
"""Unpacked bytes for one that is packed, from `_RATIO_FROM` on; workbooks of real offices have up to
30, a sheet of nothing but borders 90."""
_RATIO_FROM = 16 * MB
_PROLOG = 4096
_DOCTYPE = re.compile(rb"<!\s*DOCTYPE", re.IGNORECASE)
DAMAGE = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError,
    OSError, EOFError,
)  # fmt: skip
"""What the standard library raises over a damaged package."""


class Package:
    """The parts of a package by name.

    Raises:
        SourceError: it is damaged or encrypted, or more than the limits would come out of it.
    """

    def __init__(self, data: bytes, name: str) -> None:
        self.name = name
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except DAMAGE as error:
            raise self.damaged(str(error)) from error
        parts = self._zip.infolist()
        unpacked = sum(part.file_size for part in parts)
        packed = max(1, min(len(data), sum(part.compress_size for part in parts)))
        if len(parts) > MOST_PARTS or unpacked > MOST_UNPACKED:
            raise self._over(f"{len(parts)}", f"{unpacked // MB}")
        if unpacked > _RATIO_FROM and unpacked / packed > MOST_RATIO:
            raise SourceError(
                f"文件解开后是原来的 {unpacked // packed} 倍, 超过 {MOST_RATIO} 倍, 可能是恶意文件 / unpacked "
                f"it is {unpacked // packed} times as large, over {MOST_RATIO}: it may be made to harm",
                hint="请另存一份再导入 / save it anew and try again",
                path=name,
            )
        if any(part.flag_bits & 1 for part in parts):
            raise encrypted(name)
        self._names = {part.filename: part for part in reversed(parts)}

    def __contains__(self, part: str) -> bool:
        return part in self._names

    def names(self) -> list[str]:
        """The names of all parts, in the order of the alphabet."""
        return sorted(self._names)

    def read(self, part: str) -> bytes:
        """The bytes of a part.

        Raises:
            SourceError: it is not there, or damaged.
        """
        try:
            return self._zip.read(self._names[part])
        except KeyError as error:
            raise self.damaged(part) from error
        except DAMAGE as error:
            raise self.damaged(f"{part}: {error}") from error

    def elements(self, part: str, *ends: str) -> Iterator[Any]:
        """The elements of a part whose local names are `ends`, each as it ends. When the next is asked
        for it is emptied, and what stands before it beside it is gone: little is kept of a part.

        Raises:
            SourceError: the part is missing, damaged or has a document type.
        """
        data = self.read(part)
        self._refuse_doctype(data, part)
        wanted = [f"{{*}}{end}" for end in ends]
        try:
            for _, element in etree.iterparse(
                io.BytesIO(data), tag=wanted, resolve_entities=False, no_network=True, huge_tree=False,
                remove_comments=True, remove_pis=True,
            ):  # fmt: skip
                yield element
                element.clear()
                parent = element.getparent()
                while parent is not None and element.getprevious() is not None:
                    del parent[0]
        except etree.XMLSyntaxError as error:
            raise self.damaged(f"{part}: {error.msg}") from error

    def tree(self, part: str) -> Any:
        """The whole tree of a part; for small ones.

        Raises:
            SourceError: as `elements`.
        """
        data = self.read(part)
        self._refuse_doctype(data, part)
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True,
            remove_pis=True,
        )  # fmt: skip
        try:
            return etree.fromstring(data, parser)
        except (etree.XMLSyntaxError, ValueError) as error:
            raise self.damaged(f"{part}: {error}") from error

    def _refuse_doctype(self, data: bytes, part: str) -> None:
        if _DOCTYPE.search(data[:_PROLOG].replace(b"\x00", b"")):
            raise self.damaged(f"{part}: DOCTYPE")

    def damaged(self, detail: str) -> SourceError:
        """The error of a package in which something is not as it should be."""
        return SourceError(
            f"文件损坏或不完整: {detail} / the file is damaged or incomplete: {detail}",
            hint="请重新取得文件, 或打开后另存一份再导入 / get the file anew, or open it and save it again",
            path=self.name,
        )

    def _over(self, count: str, size: str) -> SourceError:
        return SourceError(
            f"文件解开后有 {count} 个部件、{size} MB, 超过上限 {MOST_PARTS} 个、{MOST_UNPACKED // MB} MB / "
            f"unpacked it has {count} parts and {size} MB, over the limit of {MOST_PARTS} and "
            f"{MOST_UNPACKED // MB} MB",
            hint="请拆分后再导入 / split it and try again",
            path=self.name,
        )


def encrypted(name: str) -> SourceError:
    """The error of a file that opens by a password only."""
    return SourceError(
        "文件加了密码 / the file is encrypted",
        hint="请去掉打开密码再导入 / save it without its password and try again",
        path=name,
    )


def local_name(element: Any) -> str:
    """The name of an element without its namespace: the strict and the transitional forms of
    ECMA-376 have different ones."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Any, name: str, default: str = "") -> str:
    """An attribute by its local name."""
    found = element.get(name)
    if found is not None:
        return str(found)
    return next(
        (str(v) for k, v in element.attrib.items() if k.rpartition("}")[2] == name), default
    )

"""Kinds of files: which there are, by what they are told apart, and which module reads each.

The kind is told by content; a name's suffix only says of text what sort it is (a table of commas,
Markdown).
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Protocol

import olefile

from ingest.readers.encoding import WIDE_CODECS, decode_bytes
from ingest.readers.source import Read
from kb.errors import SourceError

TEXT, MARKDOWN, CSV, HTML, MHTML = (
    "text/plain", "text/markdown", "text/csv", "text/html", "multipart/related",
)  # fmt: skip
RTF = "application/rtf"
PDF = "application/pdf"
OFD = "application/ofd"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOC, XLS = "application/msword", "application/vnd.ms-excel"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
PNG, JPEG, TIFF, BMP, GIF, WEBP = (
    "image/png", "image/jpeg", "image/tiff", "image/bmp", "image/gif", "image/webp",
)  # fmt: skip
PICTURES = frozenset({PNG, JPEG, TIFF, BMP, GIF, WEBP})
ZIP, EML, MSG = "application/zip", "message/rfc822", "application/vnd.ms-outlook"
DELIVERIES = frozenset({ZIP, EML, MSG})
"""Kinds that hold other files: each member is a document (`ingest.deliveries`)."""


class Reader(Protocol):
    """Bytes of a file → text and places; `name` is for messages. The same bytes always give the
    same text.

    Raises:
        SourceError: the file cannot be read; names the file and the place, and says what to do.
    """

    def __call__(self, data: bytes, name: str, /) -> Read:
        """Read the bytes of one file."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: its suffixes and `module:function` of `ingest.readers`, imported when the first
    file of it is read (the libraries behind some take a second)."""

    suffixes: tuple[str, ...]
    reader: str


KINDS = {
    TEXT: Kind((".txt", ".text"), "text:read_text"),
    MARKDOWN: Kind((".md", ".markdown"), "markdown:read_markdown"),
    CSV: Kind((".csv",), "sheets:read_csv"),
    HTML: Kind((".html", ".htm", ".xhtml"), "html:read_html"),
    MHTML: Kind((".mht", ".mhtml"), "html:read_mhtml"),
    RTF: Kind((".rtf",), "rtf:read_rtf"),
    DOCX: Kind((".docx", ".docm"), "docx:read_docx"),
    DOC: Kind((".doc", ".wps"), "doc:read_doc"),
    XLSX: Kind((".xlsx", ".xlsm"), "sheets:read_xlsx"),
    XLS: Kind((".xls", ".et"), "sheets:read_xls"),
    ODS: Kind((".ods",), "sheets:read_ods"),
    PDF: Kind((".pdf",), "pdf:read_pdf"),
    OFD: Kind((".ofd",), "ofd:read_ofd"),
    PNG: Kind((".png",), "pictures:read_picture"),
    JPEG: Kind((".jpg", ".jpeg"), "pictures:read_picture"),
    TIFF: Kind((".tif", ".tiff"), "pictures:read_picture"),
    BMP: Kind((".bmp",), "pictures:read_picture"),
    GIF: Kind((".gif",), "pictures:read_picture"),
    WEBP: Kind((".webp",), "pictures:read_picture"),
}
SUFFIXES = frozenset(suffix for kind in KINDS.values() for suffix in kind.suffixes)
"""Of documents, by themselves."""
DELIVERY_SUFFIXES = frozenset({".zip", ".eml", ".msg"})
TAKEN_SUFFIXES = SUFFIXES | DELIVERY_SUFFIXES
"""Of all that is taken in, documents and what holds them."""

_SNIFFED = 4096
_PDF_WITHIN = 1024
"""Bytes before `%PDF-` that other readers allow too."""
_ZIP, _OLE = b"PK\x03\x04", olefile.MAGIC
_STARTS = (
    (b"{\\rtf", RTF),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"GIF8", GIF),
)
_REFUSED = (
    (b"\x1f\x8b", "GZIP", "请解压后再导入 / unpack it and try again"),
    (b"7z\xbc\xaf", "7Z", "请解压后再导入 / unpack it and try again"),
    (b"Rar!", "RAR", "请解压后再导入 / unpack it and try again"),
    (b"SQLite format 3", "SQLite", "请导出为表格 (.xlsx) 再导入 / export it as a workbook"),
    (
        b"Founder CEB",
        "CEB",
        "请在方正阅读器中打印或另存为 PDF 再导入 / print it to PDF and try again",
    ),
)
_REFUSED_SUFFIXES = {
    ".ceb": ("CEB", "请在方正阅读器中打印或另存为 PDF 再导入 / print it to PDF and try again"),
    ".cebx": ("CEBX", "请在方正阅读器中打印或另存为 PDF 再导入 / print it to PDF and try again"),
    ".gd": ("GD", "请在书生阅读器中打印或另存为 PDF 再导入 / print it to PDF and try again"),
    ".gw": ("GW", "请在书生阅读器中打印或另存为 PDF 再导入 / print it to PDF and try again"),
}
"""Kinds of which nothing but their makers' own programs can read the text; told by suffix where
their bytes are no text."""
_TEXT_CONTROLS = b"\t\n\x0b\f\r\x1a\x1b\x1c\x1d\x1e"
"""Control characters that stand in texts: breaks, the end of a file in DOS, shifts."""
_BY_SUFFIX = {suffix: media for media, kind in KINDS.items() for suffix in kind.suffixes}


def media_type_of_suffix(name: str) -> str | None:
    """The kind that a file's name promises."""
    return _BY_SUFFIX.get(Path(name).suffix.lower())


@cache
def reader_of(media_type: str) -> Reader:
    """What reads files of a kind."""
    module, _, function = KINDS[media_type].reader.partition(":")
    reader: Reader = getattr(import_module(f"ingest.readers.{module}"), function)
    return reader


def detect_media_type(data: bytes, name: str) -> str:
    """The kind of a file, by its content.

    Raises:
        SourceError: encrypted, binary, or of a kind that is not read; says what to save it as.
    """
    if b"%PDF-" in data[:_PDF_WITHIN]:
        return PDF
    if data.startswith(_ZIP):
        return _in_zip(data, name)
    if data.startswith(_OLE):
        return _in_ole(data, name)
    for magic, media_type in _STARTS:
        if data.startswith(magic):
            return media_type
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WEBP
    if data.startswith(b"BM") and data[6:10] == bytes(4):
        return BMP
    for magic, kind, hint in _REFUSED:
        if data.startswith(magic):
            raise _not_read(kind, hint, name)
    if mail := _mail(data):
        return mail
    return _text(data, name)


def _not_read(kind: str, hint: str, name: str) -> SourceError:
    return SourceError(f"不能读 {kind} 文件 / {kind} files are not read", hint=hint, path=name)


def _in_zip(data: bytes, name: str) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            names = frozenset(package.namelist())
            kind = package.read("mimetype")[:100] if "mimetype" in names else b""
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        NotImplementedError,
        RuntimeError,
        ValueError,
        OSError,
        EOFError,
    ) as error:
        raise SourceError(
            f"压缩包损坏或不完整 / the package is damaged or incomplete: {error}",
            hint="请重新取得文件 / get the file anew",
            path=name,
        ) from error
    if "word/document.xml" in names or any(n.startswith("word/") for n in names):
        return DOCX
    if any(n.startswith("xl/") for n in names):
        return XLSX
    if "OFD.xml" in names:
        return OFD
    if kind.startswith(ODS.encode()):
        return ODS
    if kind.startswith(b"application/vnd.oasis.opendocument"):
        raise _not_read(
            "OpenDocument", "请另存为 DOCX 再导入 / save it as DOCX and try again", name
        )
    if any(n.startswith("ppt/") for n in names):
        raise _not_read("PPTX", "请另存为 PDF 再导入 / save it as PDF and try again", name)
    return ZIP


def _in_ole(data: bytes, name: str) -> str:
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as file:
            streams = {"/".join(path) for path in file.listdir()}
    except Exception as error:  # the library raises what its parts raise
        raise SourceError(
            f"文件损坏或不完整 / the file is damaged or incomplete: {error}",
            hint="请用 Word 或 WPS 打开, 另存为 DOCX 再导入 / open it, save it as DOCX and try again",
            path=name,
        ) from error
    if "EncryptedPackage" in streams:
        raise SourceError(
            "文件加了密码 / the file is encrypted",
            hint="请去掉打开密码再导入 / save it without its password and try again",
            path=name,
        )
    if "WordDocument" in streams:
        return DOC
    if "Workbook" in streams or "Book" in streams:
        return XLS
    if "__properties_version1.0" in streams:
        return MSG
    raise _not_read(
        "OLE", "请另存为 DOCX 或 XLSX 再导入 / save it as DOCX or XLSX and try again", name
    )


def _mail(data: bytes) -> str | None:
    """A mail or a page saved with its pictures: lines of a mail's head before the first empty one."""
    head = data[:_SNIFFED].replace(b"\r\n", b"\n").lstrip().split(b"\n\n", 1)[0].lower()
    fields = {line.split(b":", 1)[0] for line in head.split(b"\n") if b":" in line[:60]}
    if (
        b"mime-version" in fields
        and b"content-type" in fields
        and b"multipart/related" in head
        and (b"to" not in fields)
    ):
        return MHTML
    mail = len(
        fields & {b"from", b"to", b"subject", b"date", b"message-id", b"received", b"mime-version"}
    )
    return EML if mail >= 3 and b"from" in fields else None


def _text(data: bytes, name: str) -> str:
    start = data[:_SNIFFED].replace(b"\x00", b"")
    start = start.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head", b"<body")) or (
        start.startswith(b"<") and any(t in start for t in (b"<div", b"<table", b"<p", b"<meta"))
    ):
        return HTML
    told = media_type_of_suffix(name)
    sort = told if told in {MARKDOWN, CSV} else TEXT
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        return sort
    control = data[:65536].translate(None, bytes(range(32, 256)) + _TEXT_CONTROLS)
    if b"\x00" in data or len(control) > len(data[:65536]) // 200:
        if _is_wide(data, name):
            return sort
        if refused := _REFUSED_SUFFIXES.get(Path(name).suffix.lower()):
            raise _not_read(*refused, name)
        place = data.find(b"\x00")
        raise SourceError(
            "是二进制文件, 不是文字"
            + (f" (字节 {place} 为 NUL)" if place >= 0 else "")
            + " / a binary file, not text"
            + (f" (NUL at byte {place})" if place >= 0 else ""),
            path=name,
        )
    return sort


def _is_wide(data: bytes, name: str) -> bool:
    """Whether bytes that are no text by themselves are text of two or four bytes a character."""
    try:
        return decode_bytes(data, name).encoding in WIDE_CODECS
    except SourceError:
        return False

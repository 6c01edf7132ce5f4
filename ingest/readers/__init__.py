"""Readers: bytes of a file → the text that all spans refer to. One function a kind of file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from ingest.files import LIMIT, load_file
from ingest.lines import line_number
from ingest.readers.encoding import WIDE_CODECS, decode_bytes
from ingest.readers.source import Read
from ingest.readers.text import read_text
from kb.errors import SourceError
from kb.identifiers import sha256_hex
from kb.language.numerals import NUMERALS
from kb.models import Fact, Finding
from kb.printable import printable

TEXT, HTML = "text/plain", "text/html"
_BY_SUFFIX = {".txt": TEXT, ".text": TEXT, ".md": TEXT, ".html": HTML, ".htm": HTML, ".xhtml": HTML}
_SNIFFED = 4096
SUFFIXES = frozenset(_BY_SUFFIX)
"""Suffixes of files that are read when a folder is named."""
_OTHER_KINDS = (
    (b"%PDF-", "PDF"),
    (b"PK\x03\x04", "DOCX/XLSX/ZIP"),
    (b"\xd0\xcf\x11\xe0", "DOC/XLS"),
    (b"{\\rtf", "RTF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"\x1f\x8b", "GZIP"),
    (b"SQLite format 3", "SQLite"),
)
_TEXT_CONTROLS = b"\t\n\x0b\f\r\x1a\x1b\x1c\x1d\x1e"
"""Control characters that stand in texts: breaks, the end of a file in DOS, shifts."""
_LONGEST_RUN = 300
"""Figures that stand together."""
_RUN = re.compile(
    rf"(?<!\d)(?<!\d[,.])(?:\d[,.]?){{{_LONGEST_RUN + 1}}}|(?<![{NUMERALS}])[{NUMERALS}]{{{_LONGEST_RUN + 1}}}"
)


class Source(Fact):
    """A file as read: its bytes' digest, its kind and its text."""

    name: str
    sha256: str
    media_type: str
    text: str
    findings: tuple[Finding, ...] = ()


def _html(data: bytes, name: str) -> Read:
    from ingest.readers.html import read_html  # noqa: PLC0415 - lxml is slow to import

    return read_html(data, name)


READERS: dict[str, Callable[[bytes, str], Read]] = {TEXT: read_text, HTML: _html}
"""Media type → function of (bytes, file name for messages) → text and findings; more kinds
register here. The same bytes always give the same text."""


def read_file(path: Path, *, limit: int = LIMIT) -> tuple[Source, bytes]:
    """Read the file at `path`; also returns its bytes.

    Raises:
        SourceError: it cannot be opened, is empty, too large, binary, of an unsupported kind or
            of a wrong encoding.
    """
    data = load_file(path, limit=limit)
    return read_bytes(data, str(path)), data


def read_bytes(data: bytes, name: str) -> Source:
    """Read the bytes of a file named `name` (used in messages and for its suffix only).

    Raises:
        SourceError: as `read_file`.
    """
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise SourceError("文件是空的 / the file is empty", path=name)
    media_type = detect_media_type(data, name)
    read = READERS[media_type](data, name)
    text = read.text
    if not text.strip():
        raise SourceError("文件里没有文字 / the file holds no text", path=name)
    _check_runs(text, name)
    expected = _BY_SUFFIX.get(Path(name).suffix.lower())
    findings = read.findings
    if expected != media_type:
        message = (
            f"扩展名与内容不符, 按内容 ({media_type}) 读取 / read by its content, {media_type}"
        )
        findings = (Finding(code="extension-mismatch", message=message), *findings)
    own = Path(name).name
    shown = printable(own)
    if shown != own:
        message = (
            f"文件名含有不能显示的字节或字符, 已转写为 {shown} / "
            f"the file's name holds bytes or characters that cannot be shown: written as {shown}"
        )
        findings = (Finding(code="file-name", message=message), *findings)
    return Source(
        name=shown,
        sha256=sha256_hex(data),
        media_type=media_type,
        text=text,
        findings=findings,
    )


def _check_runs(text: str, name: str) -> None:
    """No policy has a number of hundreds of figures, and looking for dates and amounts in one of
    half a million takes hours."""
    if found := _RUN.search(text):
        raise SourceError(
            f"第 {line_number(text, found.start())} 行有 {_LONGEST_RUN} 位以上连在一起的数字, "
            f"不是文字 / a run of over {_LONGEST_RUN} figures is no text",
            hint="请删去数据部分再导入 / leave the data out and try again",
            path=name,
        )


def decode(data: bytes, media_type: str, name: str) -> str:
    """The text of stored bytes of a known kind, as when they were first read."""
    return READERS[media_type](data, name).text


def detect_media_type(data: bytes, name: str) -> str:
    """The kind of a file, by its content.

    Raises:
        SourceError: binary, or a kind that is not read yet.
    """
    for magic, kind in _OTHER_KINDS:
        if data.startswith(magic):
            raise SourceError(
                f"还不能读 {kind} 文件 / {kind} files are not read yet",
                hint="现在支持: 纯文本 (.txt) 和网页 (.html) / supported: plain text and web pages",
                path=name,
            )
    start = data[:_SNIFFED].replace(b"\x00", b"")
    start = start.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head", b"<body")) or (
        start.startswith(b"<") and any(t in start for t in (b"<div", b"<table", b"<p", b"<meta"))
    ):
        return HTML
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        return TEXT
    control = data[:65536].translate(None, bytes(range(32, 256)) + _TEXT_CONTROLS)
    if b"\x00" in data or len(control) > len(data[:65536]) // 200:
        if _is_wide(data, name):
            return TEXT
        place = data.find(b"\x00")
        raise SourceError(
            "是二进制文件, 不是文字"
            + (f" (字节 {place} 为 NUL)" if place >= 0 else "")
            + " / a binary file, not text"
            + (f" (NUL at byte {place})" if place >= 0 else ""),
            path=name,
        )
    return TEXT


def _is_wide(data: bytes, name: str) -> bool:
    """Whether bytes that are no text by themselves are text of two or four bytes a character."""
    try:
        return decode_bytes(data, name).encoding in WIDE_CODECS
    except SourceError:
        return False

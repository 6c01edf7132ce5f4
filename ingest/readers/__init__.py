"""Readers: bytes of a file → the text that all spans refer to. One function a kind of file."""

from __future__ import annotations

import re
from pathlib import Path

from ingest.files import LIMIT, load_file
from ingest.lines import line_number
from ingest.readers.kinds import (
    DELIVERIES,
    SUFFIXES,
    detect_media_type,
    media_type_of_suffix,
    reader_of,
)
from ingest.readers.recorded import read_recorded, record
from ingest.readers.source import Block, PageSize, Place
from ingest.recognising import recognition
from ingest.secrecy import refuse_secret
from kb.errors import SecretError, SourceError
from kb.identifiers import sha256_hex
from kb.language.numerals import NUMERALS
from kb.models import Fact, Finding, Repair
from kb.printable import printable
from tasks.models import Recognised

__all__ = ["SUFFIXES", "Source", "decode", "detect_media_type", "read_bytes", "read_file"]

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
    places: tuple[Place, ...] = ()
    blocks: tuple[Block, ...] = ()
    pages: tuple[PageSize, ...] = ()
    model: str | None = None
    findings: tuple[Finding, ...] = ()
    repairs: tuple[Repair, ...] = ()
    recognised: Recognised | None = None


def read_file(path: Path, *, limit: int = LIMIT) -> tuple[Source, bytes]:
    """Read the file at `path`; also returns its bytes.

    Raises:
        SourceError: it cannot be opened, is empty, too large, binary, of an unsupported kind or
            of a wrong encoding.
    """
    data = load_file(path, limit=limit)
    return read_bytes(data, str(path)), data


def read_bytes(data: bytes, name: str, recognised: Recognised | None = None) -> Source:
    """Read the bytes of a file named `name` (used in messages and for its suffix only).

    `recognised`: what a model read in its pictures when it was brought, which is then its text.

    Raises:
        SourceError: as `read_file`.
        SecretError: it is marked as secret.
    """
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise SourceError("文件是空的 / the file is empty", path=name)
    media_type = detect_media_type(data, name)
    if media_type in DELIVERIES:
        raise SourceError(
            "是压缩包或邮件, 不是一份文件 / a package or a mail, not one document",
            hint="请以 .zip、.eml 或 .msg 为扩展名导入, 或取出其中的文件 / bring it with the suffix .zip, .eml "
            "or .msg, or take its files out",
            path=name,
        )
    try:
        read = read_recorded(recognised, name) if recognised else reader_of(media_type)(data, name)
        text = read.text
        if not text.strip():
            raise SourceError("文件里没有文字 / the file holds no text", path=name)
        refuse_secret(text, (finding.message for finding in read.findings), name)
    except SecretError:
        recognition().forget()
        raise
    _check_runs(text, name)
    expected = media_type_of_suffix(name)
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
        places=tuple(read.places),
        blocks=read.blocks,
        pages=read.pages,
        model=read.model,
        findings=findings,
        repairs=read.repairs,
        recognised=recognised or record(read),
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
    return reader_of(media_type)(data, name).text

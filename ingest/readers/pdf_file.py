"""PDF files opened by pdfium: encrypted, damaged and immense ones are refused with what to do."""

from __future__ import annotations

import re
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from kb.errors import SourceError

MOST_PAGES = 10_000
_TAIL = 4096
"""Bytes at the end in which a whole file has its `%%EOF` (ISO 32000-1, 7.5.5; others look into the
last 1024, and some programs write more behind it)."""
_START = re.compile(rb"startxref\s+(\d{1,12})\s+%%EOF")
_STREAM = re.compile(rb"stream\r?\n")
_FLATE = re.compile(rb"/(?:FlateDecode|Fl)\b")
_DICTIONARY = 1024
"""Bytes before a stream in which its filters are named."""
_LARGEST_STREAM, _MOST_RATIO = 64 * 1024 * 1024, 100
"""Bytes of a stream that is packed tighter than 100 to 1: pages of text come to 10, white pictures of
scanned pages to 900, but not of so many bytes."""
_PIECE = 1 << 16
_LOCK = threading.RLock()
"""pdfium works for one thread at a time."""
_AGAIN = "请重新取得文件, 或用阅读器打开后另存 / get the file anew, or open it in a reader and save it again"


@contextmanager
def open_pdf(data: bytes, name: str) -> Iterator[pdfium.PdfDocument]:
    """The document of a PDF file, closed afterwards; one thread at a time.

    Raises:
        SourceError: it needs a password, is damaged or cut off, or has over `MOST_PAGES` pages.
    """
    _refuse_cut_off(data, name)
    _refuse_bombs(data, name)
    with _LOCK:
        try:
            document = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as error:
            raise _not_opened(error, name) from error
        try:
            pages = len(document)
            if pages > MOST_PAGES:
                raise SourceError(
                    f"PDF 有 {pages} 页, 超过上限 {MOST_PAGES} 页 / the PDF has {pages} pages, over "
                    f"the limit of {MOST_PAGES}",
                    hint="请拆分后再导入 / split it and try again",
                    path=name,
                )
            if pages == 0:
                raise _damaged("没有页 / it has no pages", name)
            yield document
        except pdfium.PdfiumError as error:
            raise _damaged(f"{error} / {error}", name) from error
        finally:
            document.close()


def was_rebuilt(data: bytes) -> bool:
    """Whether the table of objects of a file is not where the file says, so that it was rebuilt from
    what could be found."""
    found = _START.search(data, max(0, len(data) - _TAIL))
    if found is None:
        return True
    header = max(0, data.find(b"%PDF-", 0, 1024))
    places = {int(found[1]), int(found[1]) + header}
    return not any(
        re.match(rb"\s*(?:xref|\d+\s+\d+\s+obj)", data[place : place + 64]) for place in places
    )


def _refuse_cut_off(data: bytes, name: str) -> None:
    """A file that is cut off opens all the same, with the pages that could be found: less text than
    was sent, and nobody would know."""
    if b"%%EOF" not in data[-_TAIL:]:
        raise _damaged("文件不完整, 没有结尾 / it is cut off: its end is missing", name)


def _refuse_bombs(data: bytes, name: str) -> None:
    """A stream of a megabyte may unpack to a gigabyte, and pdfium unpacks it into memory."""
    view = memoryview(data)
    for found in _STREAM.finditer(data):
        before = data[max(0, found.start() - _DICTIONARY) : found.start()]
        filters = len(_FLATE.findall(before[before.rfind(b" obj") + 1 :]))
        packed: bytes | memoryview = view[found.end() :]
        for _ in range(min(filters, 4)):
            packed, taken = _unpacked(packed)
            if len(packed) > _LARGEST_STREAM and len(packed) > _MOST_RATIO * taken:
                raise SourceError(
                    "PDF 里有压缩到百分之一以下的大数据流, 可能是恶意文件 / a stream of the PDF unpacks to over "
                    f"{_LARGEST_STREAM // 1024 // 1024} MB, {_MOST_RATIO} times its size: it may be made to harm",
                    hint="请用阅读器打开后打印为 PDF 再导入 / open it in a reader, print it to PDF and try again",
                    path=name,
                )


def _unpacked(packed: bytes | memoryview) -> tuple[bytes, int]:
    """As much of a stream as the limit allows, and how many packed bytes that took; nothing of one that is
    no such stream (an encrypted one)."""
    stream = zlib.decompressobj()
    try:
        start = stream.decompress(packed[:_PIECE], _LARGEST_STREAM + 1)
        found, at = [start], min(_PIECE, len(packed))
        size = len(start)
        while (
            size <= _LARGEST_STREAM
            and not stream.eof
            and (stream.unconsumed_tail or at < len(packed))
        ):
            more = stream.unconsumed_tail or packed[at : at + _PIECE]
            at += 0 if stream.unconsumed_tail else _PIECE
            piece = stream.decompress(more, _LARGEST_STREAM + 1 - size)
            size += len(piece)
            found.append(piece)
    except zlib.error:
        return b"", 1
    return b"".join(found), max(1, at - len(stream.unused_data))


def _damaged(what: str, name: str) -> SourceError:
    chinese, _, english = what.partition(" / ")
    return SourceError(
        f"PDF 损坏: {chinese} / the PDF is damaged: {english}", hint=_AGAIN, path=name
    )


def _not_opened(error: pdfium.PdfiumError, name: str) -> SourceError:
    code = getattr(error, "err_code", None)
    if code == pdfium_c.FPDF_ERR_PASSWORD:
        return SourceError(
            "PDF 加了打开密码 / the PDF needs a password to open",
            hint="请用密码打开, 去掉密码另存后再导入 / open it, save it without its password and try again",
            path=name,
        )
    if code == pdfium_c.FPDF_ERR_SECURITY:
        return SourceError(
            "PDF 用不支持的方式加密 / the PDF is encrypted in a way that is not supported",
            hint="请在原程序中打印为 PDF 再导入 / print it to PDF in its own program and try again",
            path=name,
        )
    return _damaged("打不开 / it cannot be opened", name)

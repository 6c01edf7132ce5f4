"""PDF files with text; pages without text are left to the recognition of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ingest.readers.page_layout import lay_out
from ingest.readers.pdf_characters import PdfPage, read_page
from ingest.readers.pdf_file import open_pdf, was_rebuilt
from ingest.readers.source import Read
from kb.errors import SourceError
from kb.models import Finding

_PICTURES = "ingest.readers.pictures"
_MOST_TOLD = 20
_LONGEST_TOLD = 200
_NOTES = frozenset(
    [pdfium_c.FPDF_ANNOT_TEXT, pdfium_c.FPDF_ANNOT_FREETEXT, pdfium_c.FPDF_ANNOT_STAMP]
)


def read_pdf(data: bytes, name: str) -> Read:
    """The text of a PDF, by pages, with the box of each character.

    A file none of whose pages has text is read as pictures, and so are pages without text among
    others, whose numbers a finding tells.

    Raises:
        SourceError: it needs a password, is damaged, too long, or holds no text.
    """
    notes: list[str] = []
    with open_pdf(data, name) as document:
        pages: list[PdfPage] = []
        for number in range(1, len(document) + 1):
            try:
                page = document[number - 1]
            except pdfium.PdfiumError as error:
                raise SourceError(
                    f"PDF 第 {number} 页损坏 / page {number} of the PDF is damaged",
                    hint="请重新取得文件 / get the file anew",
                    path=name,
                ) from error
            try:
                pages.append(read_page(page, number, name))
                notes += [f"{number}: {note}" for note in _notes(page)]
            finally:
                page.close()
        if not any(page.has_text for page in pages):
            return _read_pictures(data, name)
        lost = [page.content.number for page in pages if not page.has_text and not page.blank]
        contents = [
            page.content if page.has_text else page.content._replace(runs=())
            for page in pages
            if page.content.number not in lost
        ]
        recognised = _pictures().recognise_pdf(document, lost, name, contents) if lost else []
    findings = [*_findings(pages), *_told_notes(notes), *_rebuilt(data)]
    if recognised:
        read: Read = _pictures().finish(recognised, contents, findings)
        return read
    return lay_out(contents, findings=findings)


def _pictures() -> ModuleType:
    return import_module(_PICTURES)


def _read_pictures(data: bytes, name: str) -> Read:
    read: Read = _pictures().read_scanned_pdf(data, name)
    return read


def _findings(pages: Sequence[PdfPage]) -> list[Finding]:
    found: list[Finding] = []
    if lost := [page.content.number for page in pages if not page.has_text and not page.blank]:
        listed = _listed(lost)
        found.append(
            Finding(
                code="page-without-text",
                message=f"第 {listed} 页没有文字 (扫描或图片), 已识别图片, 请与页面核对 / no text of its own on page "
                f"{listed} (a scan or a picture): it was recognised, compare it with the page",
            )
        )
    if layered := [page.content.number for page in pages if page.invisible]:
        listed = _listed(layered)
        found.append(
            Finding(
                code="invisible-text",
                message=f"第 {listed} 页有不显示的文字 (扫描件的识别结果), 已读入, 请与页面核对 / page "
                f"{listed} has text that is not shown (as recognised under a scan): it was read, compare it "
                "with the page",
            )
        )
    if pictured := [
        p.content.number for p in pages if p.pictures and p.has_text and not p.invisible
    ]:
        listed = _listed(pictured)
        found.append(
            Finding(
                code="picture-not-read",
                message=f"第 {listed} 页有大幅图片, 图片里的文字未读入 / page {listed} has a large picture: "
                "the text in it is not read",
            )
        )
    if outside := [page.content.number for page in pages if page.outside]:
        listed = _listed(outside)
        number = sum(page.outside for page in pages)
        found.append(
            Finding(
                code="text-outside-page",
                message=f"第 {listed} 页页面以外的 {number} 个字符未读入 / {number} characters outside page "
                f"{listed} are left out",
            )
        )
    if turned := [(page.content.number, page.turned) for page in pages if page.turned]:
        words = "; ".join(f"{n}: {words[:60]}" for n, words in turned[:_MOST_TOLD])[:_LONGEST_TOLD]
        words = words.replace(" / ", "/")
        found.append(
            Finding(
                code="turned-text",
                message=f"水印等斜排或横倒的文字未读入: {words} / text at another angle, such as a "
                f"watermark, is left out: {words}",
            )
        )
    return found


def _listed(numbers: Sequence[int]) -> str:
    return "、".join(map(str, numbers[:_MOST_TOLD])) + (" …" if len(numbers) > _MOST_TOLD else "")


def _rebuilt(data: bytes) -> list[Finding]:
    if not was_rebuilt(data):
        return []
    return [
        Finding(
            code="rebuilt-file",
            message="PDF 的对象表损坏, 按找到的内容读取, 请核对页数 / the table of objects of the PDF is "
            "damaged: what was found is read, check the number of pages",
        )
    ]


def _told_notes(notes: Sequence[str]) -> list[Finding]:
    if not notes:
        return []
    listed = "; ".join(notes[:_MOST_TOLD])[: 2 * _LONGEST_TOLD].replace(" / ", "/")
    return [
        Finding(
            code="annotations",
            message=f"批注和图章的文字未读入: {listed} / the words of notes and stamps are left out: {listed}",
        )
    ]


def _notes(page: pdfium.PdfPage) -> list[str]:
    """The words of the notes on a page."""
    found = []
    for index in range(min(pdfium_c.FPDFPage_GetAnnotCount(page.raw), 1000)):
        note = pdfium_c.FPDFPage_GetAnnot(page.raw, index)
        if not note:
            continue
        try:
            if pdfium_c.FPDFAnnot_GetSubtype(note) in _NOTES and (words := _contents(note)):
                found.append(" ".join(words.split())[:_LONGEST_TOLD])
        finally:
            pdfium_c.FPDFPage_CloseAnnot(note)
    return found


def _contents(note: pdfium_c.FPDF_ANNOTATION) -> str:
    key = b"Contents"
    size = pdfium_c.FPDFAnnot_GetStringValue(note, key, None, 0)
    if size <= 2:
        return ""
    buffer = (pdfium_c.FPDF_WCHAR * (size // 2))()
    pdfium_c.FPDFAnnot_GetStringValue(note, key, buffer, size)
    return bytes(buffer).decode("utf-16-le", "replace").rstrip("\x00")

"""Pictures of pages → text: one picture, several as the pages of one document, a PDF without text."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np

from ingest.doubted import DOUBTFUL_CHARACTERS, INK_NOT_READ
from ingest.progress import Stage
from ingest.readers.images import WORKING_SIDE, Pixels, count_pages, pages_of
from ingest.readers.ocr import TooMuchError, model_digest
from ingest.readers.page_layout import lay_out
from ingest.readers.recognised_pages import RecognisedPage, is_doubtful, recognise_page
from ingest.readers.source import PageSize, Place, Places, Read
from ingest.readers.straighten import PAGE_HEIGHT, PAGE_WIDTH
from ingest.recognising import recognition
from kb.errors import SourceError
from kb.models import Finding, Span

RESOLUTION = 200
"""Dots per inch at which pages of a PDF are rendered."""
_SAME_SIZE = 0.08
"""Share by which the sizes of lines of one font differ as they are measured."""
_MOST_TOLD = 200
"""Places of ink that are told one by one."""
_POINTS = 72 / 25.4
"""A millimetre in points."""


def read_picture(data: bytes, name: str) -> Read:
    """The text of a picture, which is one page; each page of a TIFF is one.

    Raises:
        SourceError: damaged, too small or large, or too many pages; names the page.
    """
    return read_pictures([(data, name)])


def read_pictures(files: Sequence[tuple[bytes, str]]) -> Read:
    """The text of pictures that are the pages of one document, in their order.

    Args:
        files: bytes and name of each.

    Raises:
        SourceError: as `read_picture`.
    """
    counts = [count_pages(data, name) for data, name in files]
    name = files[0][1] if files else ""
    most = _allow(sum(counts), name)

    def pictures() -> Iterator[tuple[PageSize, Pixels]]:
        for data, own in files:
            for pixels in pages_of(data, own, most):
                yield _size_of(pixels), pixels

    return finish(recognise_all(pictures(), sum(counts), name))


def read_scanned_pdf(data: bytes, name: str) -> Read:
    """The text of a PDF that has none of its own: its pages are rendered and recognised.

    Raises:
        SourceError: encrypted or damaged, or too many pages; names the page.
    """
    with _Pdf(data, name) as pdf:
        _allow(len(pdf), name)
        return finish(recognise_all((pdf.picture(i) for i in range(len(pdf))), len(pdf), name))


def recognise_all(
    pictures: Iterable[tuple[PageSize, Pixels]], total: int, name: str, first: int = 1
) -> list[RecognisedPage]:
    """Recognise pages one by one; who waits is told of each.

    Args:
        pictures: size in points and pixels of each page, as it is shown.
        total: how many there are.
        name: of the file, for messages.
        first: the number of the first.

    Raises:
        SourceError: a page has more lines than can be recognised.
    """
    how = recognition()
    pages = []
    for done, (size, pixels) in enumerate(pictures):
        how.tell(Stage.RECOGNISING, done, total)
        number = first + done
        try:
            pages.append(recognise_page(pixels, number, size, how.keep))
        except TooMuchError as error:
            raise SourceError(
                f"第 {number} 页有 {error.lines} 行文字, 太多, 不像一页文件 / page {number} has {error.lines} lines, "
                "more than a page of a document",
                hint="请按页切开再导入 / cut it into pages and try again",
                path=name,
            ) from error
    return pages


def finish(pages: Sequence[RecognisedPage], findings: Sequence[Finding] = ()) -> Read:
    """The text of recognised pages, its places on the pages as they are shown, with what is to be
    told of them."""
    contents = [page.content for page in _even(pages)]
    read = lay_out(contents, findings=findings, model=model_digest())
    by_number = {page.number: page for page in pages}
    upright = tuple(read.places)
    places = Places([_put_back(place, by_number) for place in upright])
    told = [*_page_findings(pages), *_unread(upright, pages), *_doubtful(read.text, upright)]
    shown = tuple(page.shown for page in pages)
    return replace(read, places=places, pages=shown, findings=(*read.findings, *told))


def _allow(pages: int, name: str) -> int:
    how = recognition()
    if pages > how.most:
        raise SourceError(
            f"要识别的图片有 {pages} 页, 超过 {how.most} 页 / {pages} pages of pictures would be recognised, over "
            f"{how.most}",
            hint="确认要识别的, 请把 DUBAN_RECOGNISED_PAGES 设为不小于页数的数, 或拆成几个文件 / to confirm it, set "
            "DUBAN_RECOGNISED_PAGES to as many pages, or cut the file into several",
            path=name,
        )
    how.allow(pages)
    return how.most


def _size_of(pixels: Pixels) -> PageSize:
    """A picture as wide as an A4 page that lies as it does: what resolution a camera or a program
    writes into its file says nothing of the paper."""
    height, width = pixels.shape[:2]
    across = PAGE_WIDTH if width <= height else PAGE_HEIGHT
    return PageSize(across, round(across * height / width, 2))


class _Pdf:
    """A PDF whose pages are rendered. A context manager."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data, self._name = data, name
        self._document: Any = None

    def __enter__(self) -> _Pdf:
        import pypdfium2  # noqa: PLC0415 - a library of its own, only where a PDF is read

        try:
            self._document = pypdfium2.PdfDocument(self._data)
        except pypdfium2.PdfiumError as error:
            raise self._error(None, error) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._document.close()

    def __len__(self) -> int:
        return len(self._document)

    def picture(self, index: int) -> tuple[PageSize, Pixels]:
        """A page as it is shown: its size in points and its pixels."""
        import pypdfium2  # noqa: PLC0415

        try:
            page = self._document[index]
            width, height = page.get_size()
            scale = min(RESOLUTION / 72, WORKING_SIDE / max(width, height, 1.0))
            bitmap = page.render(scale=scale, rev_byteorder=True)
            pixels = bitmap.to_numpy()
            if pixels.ndim == 2 or pixels.shape[2] == 1:
                pixels = np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, axis=2)
            copied = np.ascontiguousarray(pixels[:, :, :3])
            bitmap.close()
            page.close()
        except (pypdfium2.PdfiumError, ValueError, MemoryError) as error:
            raise self._error(index + 1, error) from error
        return PageSize(round(width, 2), round(height, 2)), copied

    def _error(self, page: int | None, error: Exception) -> SourceError:
        zh, en = (f"第 {page} 页", f"page {page} of the PDF") if page else ("PDF ", "the PDF")
        return SourceError(
            f"{zh}损坏或加了密码 / {en} is damaged or encrypted: {error}",
            hint="请去掉密码或重新取得文件 / take its password off, or get the file anew",
            path=self._name,
        )


def _even(pages: Sequence[RecognisedPage]) -> list[RecognisedPage]:
    """The pages with one size for what is the same font: of lines it is measured a little different
    each time."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for run in page.runs:
            sizes[run.size] += len(run.text)
    ordered = sorted(sizes)
    settled: dict[float, float] = {}
    # The commonest size takes those near it; of the rest again the commonest.
    reach = {
        size: sum(sizes[o] for o in ordered if abs(o - size) <= _SAME_SIZE * size) for size in ordered
    }  # fmt: skip
    for size in sorted(ordered, key=lambda s: (-reach[s], s)):
        if size in settled:
            continue
        for other in ordered:
            if other not in settled and abs(other - size) <= _SAME_SIZE * size:
                settled[other] = size
    return [
        replace(page, runs=tuple(run._replace(size=settled[run.size]) for run in page.runs))
        for page in pages
    ]


def _put_back(place: Place, pages: dict[int, RecognisedPage]) -> Place:
    if place.box is None or place.page is None:
        return place
    return place._replace(box=pages[place.page].put_back(place.box))


def _page_findings(pages: Sequence[RecognisedPage]) -> Iterator[Finding]:
    """What was done with pages before they were read, and what is on none of them."""
    for code, chosen, zh, en in (
        ("page-turned", [p.number for p in pages if p.quarters],
         "页的文字横置或倒置, 已转正后识别", "were turned upright before they were read"),
        ("seal", [p.number for p in pages if p.seals],
         "页有印章, 印章上的文字未读入", "have seals, whose own characters are left out"),
        ("no-text-on-page", [p.number for p in pages if not p.runs],
         "页没有读出文字", "have no text that could be read"),
    ):  # fmt: skip
        if chosen:
            listed = "、".join(map(str, chosen[:50])) + (" …" if len(chosen) > 50 else "")
            yield Finding(code=code, message=f"第 {listed} {zh} / pages {listed} {en}")


def _unread(places: Sequence[Place], pages: Sequence[RecognisedPage]) -> Iterator[Finding]:
    """Ink of which nothing was read; where it stands beside a line, at that line."""
    by_page = {n: [*group] for n, group in groupby(places, key=lambda place: place.page)}
    told = 0
    for page in pages:
        for box, inside in page.unread:
            told += 1
            if told > _MOST_TOLD:
                return
            shown = page.put_back(box)
            x, y = round(shown.left / _POINTS), round(shown.top / _POINTS)
            zh = "该行有未识别的文字" if inside else "有未识别的墨迹"
            en = "part of the line was not read" if inside else "ink that was not read"
            yield Finding(
                code=INK_NOT_READ,
                message=f"第 {page.number} 页距左 {x} mm、距上 {y} mm 处{zh}, 请对照图片 / page {page.number}, {x} mm from "
                f"the left and {y} mm from the top: {en}; compare the picture",
                span=_beside(box.top, box.bottom, by_page.get(page.number, ())),
            )


def _beside(top: float, bottom: float, places: Sequence[Place]) -> Span | None:
    """What stands at the height of a box."""
    level = [
        place
        for place in places
        if place.box and place.box.top < (top + bottom) / 2 < place.box.bottom
    ]
    return Span(level[0].start, level[-1].end) if level else None


def _doubtful(text: str, places: Sequence[Place]) -> Iterator[Finding]:
    """Characters of which the model was not sure, a finding a line of the text."""
    breaks = [0, *(at + 1 for at, c in enumerate(text) if c == "\n")]
    unsure = [p for p in places if is_doubtful(text[p.start : p.end], p.confidence)]
    for _, group in groupby(unsure, key=lambda place: bisect_right(breaks, place.start)):
        found = [*group]
        words = "、".join(f"“{text[p.start : p.end]}”" for p in found[:10])
        words += " …" if len(found) > 10 else ""
        least = min(place.confidence or 0.0 for place in found)
        yield Finding(
            code=DOUBTFUL_CHARACTERS,
            message=f"第 {found[0].page} 页识别没有把握的字: {words} (最低 {least:.0%}), 请对照图片 / page {found[0].page}: "
            f"characters that were not surely recognised: {words} (least {least:.0%}); compare the picture",
            span=Span(found[0].start, found[-1].end),
        )

"""Pictures of pages → text: one picture, several as the pages of one document, a PDF without text."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.doubted import DOUBTFUL_CHARACTERS, INK_NOT_READ
from ingest.progress import Stage
from ingest.readers.images import WORKING_SIDE, Pixels, count_pages, pages_of
from ingest.readers.ocr import TooMuchError, model_digest
from ingest.readers.page_content import PageContent
from ingest.readers.page_layout import lay_out
from ingest.readers.pages import SCALE, render_page
from ingest.readers.pdf_file import open_pdf
from ingest.readers.recognised_pages import RecognisedPage, is_doubtful, recognise_page
from ingest.readers.source import PageSize, Place, Places, Read
from ingest.readers.straighten import PAGE_HEIGHT, PAGE_WIDTH
from ingest.recognising import recognition
from ingest.secrecy import refuse_secret
from kb.errors import SourceError, joined
from kb.models import Finding, Span

if TYPE_CHECKING:
    from PIL.Image import Image

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

    return finish(recognise_all(pictures(), range(1, sum(counts) + 1), name))


def read_scanned_pdf(data: bytes, name: str) -> Read:
    """The text of a PDF that has none of its own: its pages are rendered and recognised.

    Raises:
        SourceError: encrypted or damaged, or too many pages; names the page.
    """
    with open_pdf(data, name) as document:
        return finish(recognise_pdf(document, range(1, len(document) + 1), name))


def recognise_pdf(
    document: Any, numbers: Sequence[int], name: str, others: Sequence[PageContent] = ()
) -> list[RecognisedPage]:
    """Recognise pages (from 1) of an open PDF; `others` have text of their own.

    Raises:
        SourceError: there are too many, or one cannot be rendered.
        SecretError: the first page of the file is marked as secret.
    """
    sizes = {number: PageSize(*document.get_page_size(number - 1)) for number in numbers}
    return recognise_drawn(
        lambda number, scale: render_page(document, number, scale), sizes, name, others
    )


def recognise_drawn(
    draw: Callable[[int, float], Image],
    sizes: Mapping[int, PageSize],
    name: str,
    others: Sequence[PageContent] = (),
) -> list[RecognisedPage]:
    """Recognise pages of which pictures are made one by one.

    Args:
        draw: gives a page by its number at so many pixels a point.
        sizes: of the pages in points, by their numbers from 1.
        name: of the file, for messages.
        others: pages of the file that have text of their own.

    Raises:
        SourceError: there are too many, or one cannot be drawn.
        SecretError: the first page of the file is marked as secret.
    """
    _allow(len(sizes), name)
    for page in others[:1]:
        _check_head(page, name)

    def pictures() -> Iterator[tuple[PageSize, Pixels]]:
        for number, (width, height) in sizes.items():
            scale = min(SCALE, WORKING_SIDE / max(width, height, 1.0))
            try:
                picture = draw(number, scale)
            except (SourceError, ValueError, MemoryError) as error:
                told = error.message if isinstance(error, SourceError) else str(error)
                raise SourceError(
                    joined(
                        f"第 {number} 页不能成图 / no picture can be made of page {number}", told
                    ),
                    hint="请重新扫描, 或按页切开再导入 / scan it again, or cut it into pages",
                    path=name,
                ) from error
            yield PageSize(round(width, 2), round(height, 2)), np.asarray(picture, dtype=np.uint8)

    return recognise_all(pictures(), [*sizes], name)


def recognise_all(
    pictures: Iterable[tuple[PageSize, Pixels]], numbers: Sequence[int], name: str
) -> list[RecognisedPage]:
    """Recognise pages one by one; who waits is told of each.

    Args:
        pictures: size in points and pixels of each page, as it is shown.
        numbers: of the pages, from 1.
        name: of the file, for messages.

    Raises:
        SourceError: a page has more lines than can be recognised.
        SecretError: the first page is marked as secret.
    """
    how = recognition()
    pages = []
    for done, (number, (size, pixels)) in enumerate(zip(numbers, pictures, strict=True)):
        how.tell(Stage.RECOGNISING, done, len(numbers))
        try:
            pages.append(recognise_page(pixels, number, size, how.keep, how.kept.append))
        except TooMuchError as error:
            raise SourceError(
                f"第 {number} 页有 {error.lines} 行文字, 太多, 不像一页文件 / page {number} has {error.lines} lines, "
                "more than a page of a document",
                hint="请按页切开再导入 / cut it into pages and try again",
                path=name,
            ) from error
        if how.glance:
            break
        if not done:
            _check_head(pages[0].content, name)
    return pages


def finish(
    pages: Sequence[RecognisedPage],
    others: Sequence[PageContent] = (),
    findings: Sequence[Finding] = (),
) -> Read:
    """The text of recognised pages, its places on the pages as they are shown, with what is to be
    told of them.

    Args:
        pages: those that were recognised.
        others: pages of the same file that have text of their own.
        findings: of the reader.
    """
    contents = sorted([*others, *(page.content for page in _even(pages))], key=lambda p: p.number)
    read = lay_out(contents, findings=findings, model=model_digest())
    by_number = {page.number: page for page in pages}
    upright = tuple(read.places)
    places = Places([_put_back(place, by_number) for place in upright])
    told = [*_page_findings(pages), *_unread(upright, pages), *_doubtful(read.text, upright)]
    shown = {content.number: content.size for content in contents}
    shown |= {page.number: page.shown for page in pages}
    return replace(
        read, places=places, pages=tuple(shown.values()), findings=(*read.findings, *told)
    )


def _check_head(page: PageContent, name: str) -> None:
    """Refuse a file marked as secret by its first page, before more of it is recognised and kept."""
    if page.number == 1:
        refuse_secret(lay_out([page]).text, (), name)


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
    if place.box is None or place.page not in pages:
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

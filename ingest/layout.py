"""The lines of a source text and what each is: text, metadata, page furniture, a signature, an
attachment."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, StrEnum, auto
from functools import lru_cache
from itertools import pairwise

from ingest.attendance import find_attendance
from ingest.columns import Row
from ingest.furniture import is_furniture
from ingest.lines import find_raw_lines
from ingest.metadata import DATE, PACKED, Metadata, find_metadata, normalize_date
from ingest.numbering import Marker, find_marker, settle
from ingest.reading import Breaks, begins_label
from ingest.tables import find_tables
from ingest.wrapping import breaks_inside, ends_open, find_margin, is_full, width_of
from kb.characters import HAN
from kb.language.numerals import HUNDREDS, TENS
from kb.language.parties import find_parties
from kb.language.party_words import WordKind, party_words
from kb.language.roles import is_role_label
from kb.lexicon import WordEntry, words_of

_SENTENCE = re.compile(r"[。；;]")
_BOX = re.compile(r"[\s─-╿]+")
"""A line of a box around cells."""
_DASHED_PAGE = re.compile(r"[-—–][-—–\s]*\d{1,4}[-—–\s]*[-—–]")
_BARE_NUMBER = re.compile(r"\d{1,4}")
_ENTRY_OF_CONTENTS = re.compile(r"[^。；;]{1,80}?(?:\.{4,}|…{2,}|·{4,}|-{6,})\s*\d{1,4}")
# Begins where white space begins and gives none back: a line may be nothing but white space.
_PERIOD_SUFFIX = re.compile(
    r"(?<!\s)\s*+[(（]?\s*+(?:19|20)\d\d\s*+年?\s*+[-—–－~～至]++\s*+(?:19|20)\d\d\s*+年?\s*+[)）]?\s*+$"
)
_BRACKETED = re.compile(r"[(（][^()（）\n]{1,24}[)）]$")
_NUMBER_OF = rf"\s*[\d{TENS}]*\s*"
_SUBTITLE = 3
"""Lines at the head of a text of which one after a dash is a subtitle."""
_ATTACHED_ALONE = 20
"""Characters of the line over an attachment without its name."""
_SIGNED = 0.8
"""Share of a line's characters that are names of bodies, in a signature."""
_LONGEST_SIGNATURE = 60
_SHORTEST_NAME = 4
_SIGNING = ("office", "government", "group", "association", "enterprise")
"""The classes of bodies that issue documents."""
MARKUP = re.compile(r"(?:#{1,6}|>+)[ \u3000\t]+|\*{1,3}(?=[^\s*])")
"""What stands before a heading, a quotation or strong words in Markdown."""
_STRONG = re.compile(r"\*\*(?=[^\s*])[^*\n]{1,400}?(?<=[^\s*])\*\*")
_ESCAPE = re.compile(r"\\(?=[\[\]()*_.#|+-])")
_PAGE_SENTENCE = 12
"""Characters of a line that may be the first half of a sentence that a page breaks."""
_PAGES = 3
"""How often a line stands beside the numbers of pages that is the head of each."""
_LONGEST_HEAD = 40
"""Characters of such a line."""


class LayoutKind(StrEnum):
    """What a word says of the line that it begins, ends or is."""

    TITLE = "title"
    COPY = "copy"
    MEMBERS = "members"
    ATTACHED = "attached"
    HEAD = "head"
    GRADE = "grade"
    SIGNED = "signed"
    ISSUED = "issued"
    COPIES = "copies"


class LayoutWords(WordEntry):
    """Words of one kind; lines of that kind and lines that only look so."""

    kind: LayoutKind


def layout_words(kind: LayoutKind) -> tuple[str, ...]:
    """The words of a kind, the longest first."""
    return words_of("layout_words", LayoutWords, kind)


@lru_cache
def _spaced(kind: LayoutKind) -> str:
    """A pattern for the words of a kind, with spaces between their characters."""
    return "|".join(r"\s*".join(map(re.escape, word)) for word in layout_words(kind))


@lru_cache
def _attachment() -> re.Pattern[str]:
    return re.compile(
        rf"(?:{_spaced(LayoutKind.ATTACHED)}){_NUMBER_OF}(?:[:：].{{0,60}}|.{{2,60}}\.[A-Za-z]{{2,5}})?$"
    )


@lru_cache
def _copied() -> re.Pattern[str]:
    """The lines of who gets a copy, who printed it when, how many there are (GB/T 9704)."""
    copy, issued = _spaced(LayoutKind.COPY), _spaced(LayoutKind.ISSUED)
    copies = "|".join(
        rf"[\s:：]*[\d{HUNDREDS}]+\s*".join(map(re.escape, form.split("…")))
        for form in layout_words(LayoutKind.COPIES)
    )
    return re.compile(
        rf"(?:{copy})\s*[:：]|.{{2,30}}\d{{4}}年\d{{1,2}}月\d{{1,2}}日\s*(?:{issued})$"
        rf"|[(（]?(?:{copies})[)）]?。?$"
    )


def names_attachment(text: str) -> bool:
    """Whether a line is that over an attachment, without its name: 附件2, 附表:"""
    if len(text) > _ATTACHED_ALONE:
        return False
    return re.fullmatch(rf"(?:{_spaced(LayoutKind.ATTACHED)}){_NUMBER_OF}[:：]?", text) is not None


def ends_like_title(text: str) -> bool:
    """Whether a text ends in the word of a kind of document: 通知, 方案（试行）."""
    return _BRACKETED.sub("", text).endswith(layout_words(LayoutKind.TITLE))


def signed_by(text: str) -> int | None:
    """Where in a line it begins to say who signed (签发人：); None where it does not."""
    match = re.search(rf"(?:{_spaced(LayoutKind.SIGNED)})\s*[:：]", text)
    return match.start() if match else None


class LineKind(Enum):
    """What a line is."""

    TEXT = auto()
    MARKED = auto()
    TITLE = auto()
    PERIOD = auto()
    MEMBERS = auto()
    ATTACHMENT = auto()
    CLOSING = auto()
    ROW_HEAD = auto()
    ROW = auto()
    METADATA = auto()
    PRESENT = auto()
    FURNITURE = auto()


_LISTED = re.compile(r"([^:：\s]{2,10})[:：]")
"""The label that a line begins with."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line without the white space around it; `[start, end)` in the source. A row of a table is
    one, over however many lines it goes: `row`, and `text` has tabs between its cells. `goes_on`:
    it is no paragraph of its own but goes on with the line of text before it."""

    start: int
    end: int
    text: str
    kind: LineKind
    marker: Marker | None = None
    row: Row | None = None
    goes_on: bool = False


def find_lines(text: str, metadata: Metadata | None = None) -> list[Line]:
    """The lines of `text` that are not blank, each with its kind.

    Args:
        text: a decoded document.
        metadata: what `find_metadata` found in it, where that is known already.
    """
    metadata = metadata or find_metadata(text)
    labelled = metadata.lines
    bare: list[tuple[int, str]] = []
    widths: list[int] = []
    for offset, raw in find_raw_lines(text):
        stripped = _stripped(raw)
        if stripped:
            bare.append((offset + raw.index(stripped), stripped))
            widths.append(width_of(raw.rstrip()))
    words = [_ESCAPE.sub("", t) for _, t in bare]
    marks = settle(words, [find_marker(t) for t in words])
    marks = [_as_printed(mark, t) for mark, (_, t) in zip(marks, bare, strict=True)]
    said = next((i for i, (_, t) in enumerate(bare) if "。" in t), len(bare))
    for index, mark in enumerate(marks[:said]):
        if mark and mark.family == "dash" and index <= _SUBTITLE and ends_open(bare[index][1]):
            marks[index] = None  # a subtitle
    listing = _listing([t for _, t in bare])
    speaks = [i for i, (_, t) in enumerate(bare) if marks[i] or _SENTENCE.search(t) or i in listing]
    first, last = (speaks[0], speaks[-1]) if speaks else (len(bare), -1)
    lines = [
        Line(start, start + len(words), words, LineKind.METADATA)
        if start in labelled
        else _classify(start, words, marks[index], outside=not first <= index <= last)
        for index, (start, words) in enumerate(bare)
    ]
    lines, pages = _without_pages(lines)
    flowing = _going_on(text, lines, widths, pages)
    return _with_attendance(_with_rows(text, flowing, pages, metadata.rests))


def _with_attendance(lines: list[Line]) -> list[Line]:
    """Tell the lines on who was there and who gets the document, with those that go on with them."""
    aside = (LineKind.CLOSING, LineKind.FURNITURE, LineKind.METADATA)
    found = find_attendance(
        [line.text for line in lines],
        lambda at: lines[at].marker is not None or lines[at].kind is LineKind.ROW,
        lambda at: lines[at].kind in aside or lines[at].goes_on or is_signatory(lines[at].text),
        lambda at: lines[at].kind is LineKind.ATTACHMENT,
    )
    present = False
    for place, line in enumerate(lines if found else ()):
        present = place in found or (present and line.goes_on)
        if present and line.kind is LineKind.TEXT:
            lines[place] = replace(line, kind=LineKind.PRESENT, goes_on=False)
    return lines


def _listing(lines: Sequence[str]) -> frozenset[int]:
    """The lines of runs that say by labels who does what (主办单位:甲局, 协办单位:乙局), one of which
    at least is none that a page prints of itself."""
    found: set[int] = set()
    run: list[int] = []
    for place, line in enumerate([*lines, ""]):
        label = _LISTED.match(line)
        if label is not None and is_role_label(label[1]):
            run.append(place)
            continue
        if any(not is_furniture(lines[at], outside=True) for at in run):
            found.update(run)
        run = []
    return frozenset(found)


def _as_printed(marker: Marker | None, line: str) -> Marker | None:
    """A marker with the escapes of Markdown that stand in it: 1\\."""
    if marker is None or line.startswith(marker.text):
        return marker
    end, left = 0, len(marker.text)
    while left and end < len(line):
        left -= _ESCAPE.match(line, end) is None
        end += 1
    return replace(marker, text=line[:end])


def _stripped(raw: str) -> str:
    """A line without white space, invisible marks and the marks of Markdown around it."""
    stripped = raw.strip().strip("\ufeff\u200b\ue000\ue004\ue5e5").strip()
    while mark := MARKUP.match(stripped):
        stars = mark.group().strip() if mark.group()[0] == "*" else ""
        if stars and stars not in stripped[mark.end() :]:
            break  # 138****5520 and notes
        stripped = stripped[mark.end() :]
        if stars and stripped.endswith(stars) and stripped.count(stars) == 1:
            stripped = stripped[: -len(stars)].rstrip()
    return stripped


def find_breaks(text: str, lines: Sequence[Line]) -> Breaks:
    """What a reading of the text leaves out: breaks inside a paragraph, words of the page and marks
    of Markdown among its lines.

    Args:
        text: the document, as `lines` were found in it.
        lines: all its lines.
    """
    soft: set[int] = set()
    skipped: list[tuple[int, int]] = []
    end = 0  # of the last line that is text
    for line in lines:
        if line.kind in (LineKind.FURNITURE, LineKind.METADATA, LineKind.PRESENT):
            skipped.append((end, line.end))
            end = line.end
            continue
        if line.goes_on:
            broken = next((i for i in range(end, line.start) if text[i] in "\r\n"), end)
            if broken > end:
                skipped.append((end, broken))
            soft.add(broken)
        for strong in _STRONG.finditer(line.text):
            left, right = line.start + strong.start(), line.start + strong.end()
            skipped += [(left, left + 2), (right - 2, right)]
        skipped += [
            (line.start + m.start(), line.start + m.end()) for m in _ESCAPE.finditer(line.text)
        ]
        end = line.end
    return Breaks(soft, skipped)


def _going_on(text: str, lines: list[Line], widths: Sequence[int], pages: set[int]) -> list[Line]:
    """Tell the lines that go on with the sentence before: where the text is set to a width and the
    line before is full, or where only the foot and head of a page stand between."""
    flowing = (LineKind.TEXT, LineKind.MARKED, LineKind.TITLE)
    follows = [
        a.kind in flowing
        and b.kind in flowing
        and b.marker is None
        and ends_open(a.text)
        and text.count("\n", a.end, b.start) < 2
        for a, b in pairwise(lines)
    ]
    margin = find_margin(widths, [*follows, False][: len(lines)])
    before = -1  # the last line that is no furniture
    brackets = 0  # that are open after it
    for place, line in enumerate(lines):
        if line.kind is LineKind.FURNITURE:
            continue
        last, between = lines[before], range(before + 1, place)
        if before < 0 or line.marker or begins_label(line.text):
            goes_on = False
        elif between:
            goes_on = (
                line.kind in flowing
                and last.kind in flowing
                and ends_open(last.text)
                and len(last.text) >= _PAGE_SENTENCE
                and pages.issuperset(between)
            )
        else:
            near = text.count("\n", last.end, line.start) < 2
            # A paragraph that has no final mark at its end is a heading.
            ends = not ends_open(line.text) or is_full(widths[place], margin)
            goes_on = ends and follows[before] and is_full(widths[before], margin)
            goes_on = goes_on or (
                near
                and line.kind in flowing
                and last.kind in flowing
                and (breaks_inside(last.text, line.text) or _closes(line.text, brackets))
            )
        if goes_on:
            lines[place] = replace(line, kind=LineKind.TEXT, goes_on=True)
        brackets = max(0, (brackets if goes_on else 0) + _opened(line.text))
        before = place
    return lines


def _opened(text: str) -> int:
    """How many brackets a line leaves open."""
    return sum(c in "（(" for c in text) - sum(c in "）)" for c in text)


def _closes(text: str, brackets: int) -> bool:
    """Whether a line closes a bracket of the line before, before it opens one of its own."""
    first = next((c for c in text if c in "（(）)"), "")
    return brackets > 0 and first != "" and first in "）)"


def _classify(start: int, text: str, marker: Marker | None, *, outside: bool) -> Line:
    end = start + len(text)
    kind = LineKind.TEXT
    close = " ".join(text.split())
    if any(p.fullmatch(text) for p in (_DASHED_PAGE, _ENTRY_OF_CONTENTS, _BOX)):
        kind, marker = LineKind.FURNITURE, None
    elif marker is not None:
        kind = LineKind.MARKED
    elif is_period_line(text):
        kind = LineKind.PERIOD
    elif len(text) <= 80 and _attachment().match(text):
        kind = LineKind.ATTACHMENT
    elif is_dateline(text) or _copied().match(close):
        kind = LineKind.CLOSING
    elif _is_over_members(text):
        kind = LineKind.MEMBERS
    elif is_title(text):
        kind = LineKind.TITLE
    elif is_furniture(text, outside=outside):
        kind = LineKind.FURNITURE
    return Line(start, end, text, kind, marker)


def _with_rows(
    text: str, lines: list[Line], pages: set[int], rests: Mapping[int, tuple[int, str]]
) -> list[Line]:
    """Tell the rows of tables, and the heads of their columns; the number in a row's first cell is
    none of the outline. `rests`: what stands beside the labels of a line of metadata."""
    told = [
        rests.get(line.start, (line.start, ""))
        if line.kind is LineKind.METADATA
        else _with_tabs(text, line)
        for line in lines
    ]
    # A bare number may be that of a row.
    pages = {place for place in pages if not _BARE_NUMBER.fullmatch(lines[place].text)}
    found: list[Line] = []
    done = 0
    for table in find_tables(text, told, pages):
        found += lines[done : table.first]
        if table.head is not None:
            done = table.first + 1
            found += _pieces(text, lines[table.first], table.head, table.rows)
            continue
        done = table.last + 1
        found += [
            replace(x, kind=LineKind.ROW_HEAD, marker=None) for x in lines[table.first : done]
        ]
        for row in table.rows:
            found += lines[done : row.first]
            done = row.last + 1
            found.append(_row(text, lines[row.first].start, lines[row.last].end, row))
    return found + lines[done:]


def _with_tabs(text: str, line: Line) -> tuple[int, str]:
    """A line with the tabs before it: its first cells are empty."""
    start = line.start
    while start and text[start - 1] == "\t":
        start -= 1
    return start, text[start : line.start] + line.text


def _row(text: str, start: int, end: int, row: Row) -> Line:
    words = "\t".join(text[cell.start : cell.end] for cell in row.cells)
    return Line(start, end, words, LineKind.ROW, row=row)


def _pieces(text: str, line: Line, head: tuple[int, int], rows: Sequence[Row]) -> Iterator[Line]:
    """A line that holds a whole table as lines: what stands before it, head, rows, what follows."""

    def piece(start: int, end: int, kind: LineKind, marker: Marker | None = None) -> Iterator[Line]:
        if words := text[start:end].strip():
            begin = text.index(words, start)
            yield Line(begin, begin + len(words), words, kind, marker)

    yield from piece(line.start, head[0], line.kind, line.marker)
    yield from piece(*head, LineKind.ROW_HEAD)
    for row in rows:
        yield _row(text, row.cells[0].start, row.cells[-1].end, row)
    yield from piece(rows[-1].cells[-1].end, line.end, LineKind.TEXT)


def _without_pages(lines: Sequence[Line]) -> tuple[list[Line], set[int]]:
    """Tell the feet and heads of pages, and give their places: numbers between dashes, bare numbers
    that count up (a single one may be the value in a cell), and what stands beside them on every
    page."""
    found = list(lines)
    bare = [
        (i, int(line.text))
        for i, line in enumerate(lines)
        if line.kind is LineKind.TEXT and _BARE_NUMBER.fullmatch(line.text)
    ]
    pages = {
        i
        for i, line in enumerate(lines)
        if line.kind is LineKind.FURNITURE and _is_page_number(line.text)
    }
    for place, (index, number) in enumerate(bare):
        beside = [n for _, n in bare[max(0, place - 1) : place + 2]]
        if number - 1 in beside[:-1] or number + 1 in beside[1:]:
            pages.add(index)
    beside_pages = [
        i
        for page in pages
        for i in (page - 1, page + 1)
        if 0 <= i < len(lines) and len(lines[i].text) <= _LONGEST_HEAD and i not in pages
    ]
    often = Counter(lines[i].text for i in beside_pages)
    pages.update(i for i in beside_pages if often[lines[i].text] >= _PAGES)
    for index in pages:
        found[index] = replace(lines[index], kind=LineKind.FURNITURE, marker=None)
    return found, pages


def _is_page_number(text: str) -> bool:
    return _DASHED_PAGE.fullmatch(text) is not None or (
        len(text) <= _LONGEST_HEAD and sum(c.isdecimal() for c in text) > 0
    )


def is_dateline(text: str) -> bool:
    """Whether a line holds nothing but a date, or who signed and when: 某区人民政府 2022年3月1日,
    however wide the space between them.

    `完成时限：2026年6月30日` and `2026年6月30日前完成` are text.
    """
    text = " ".join(text.split())
    if len(text) > 48 or normalize_date(text) is None:
        return False
    if PACKED.match(text):
        return True
    signatory = DATE.sub("", text, count=1).strip(" \u3000\t()（）")
    return (not signatory or is_signatory(signatory)) and (
        text.rstrip(" )）").endswith(("日", *"0123456789"))
    )


def is_signatory(text: str) -> bool:
    """Whether a line holds nothing but names of bodies, as over a title or in a signature."""
    bare = re.sub(r"\s", "", text)
    if not 2 < len(bare) <= _LONGEST_SIGNATURE or not re.fullmatch(rf"[{HAN}（）()]+", bare):
        return False
    found = find_parties(bare)
    covered = sum(p.end - p.start for p in found) >= _SIGNED * len(bare)
    if covered and found and found[-1].end == len(bare):
        return True
    ends, others = _body_ends()
    return len(bare) > _SHORTEST_NAME and bare.endswith(ends) and not bare.endswith(others)


@lru_cache
def _body_ends() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the name of a body ends in, where it has a line to itself, and what only looks so."""
    ends = tuple(
        word
        for entry in party_words()
        if entry.kind is WordKind.SUFFIX and entry.class_ in _SIGNING
        for word in entry.words
        if len(word) > 1 or entry.class_ == "office"
    )
    others = (w for entry in party_words() if entry.kind is WordKind.OTHER for w in entry.words)
    return ends, tuple(others)


def _is_over_members(text: str) -> bool:
    return (
        len(text) <= _LONGEST_HEAD
        and text.endswith(layout_words(LayoutKind.MEMBERS))
        and not re.search(r"[：:，,。；;、（(]", text)
    )


def is_period_line(text: str) -> bool:
    """Whether a line holds nothing but the years of a plan: (2022-2027年)."""
    return len(text) <= 24 and _PERIOD_SUFFIX.fullmatch(text) is not None


def is_title(text: str) -> bool:
    """Whether a line may be (the end of) the title of a plan."""
    bare = strip_period(text)
    return 4 <= len(bare) <= 70 and not re.search(r"[。；;：:，,]", bare) and ends_like_title(bare)


def strip_period(title: str) -> str:
    """A title without the years at its end."""
    return _PERIOD_SUFFIX.sub("", title).strip()

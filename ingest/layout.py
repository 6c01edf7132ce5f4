"""The lines of a source text and what each is: text, metadata, page furniture, a signature, an
attachment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from ingest.alignment import Row
from ingest.columns import Cell
from ingest.duty_tables import find_tables
from ingest.furniture import is_furniture
from ingest.lines import find_raw_lines
from ingest.metadata import DATE, PACKED, Metadata, find_metadata, normalize_date
from ingest.numbering import Marker, find_marker

_SENTENCE = re.compile(r"[。；;]")
_DASHED_PAGE = re.compile(r"[-—–][-—–\s]*\d{1,4}[-—–\s]*[-—–]")
_BARE_NUMBER = re.compile(r"\d{1,4}")
_COPY = re.compile(r"抄送[:：]|抄报[:：]|.{2,30}\d{4}年\d{1,2}月\d{1,2}日印发$")
_ATTACHMENT = re.compile(
    r"附\s*件\s*[\d一二三四五六七八九十]*\s*(?:[:：].{0,60})?$|附\s*表\s*\d*\s*$|附录\s*\d*\s*$"
)
_ENTRY_OF_CONTENTS = re.compile(r"[^。；;]{1,80}?(?:\.{4,}|…{2,}|·{4,}|-{6,})\s*\d{1,4}")
_MEMBERS = re.compile(
    r"[^：:，,。；;、（(]*(?:成员单位|成员名单|组成人员|成员单位名单|组成人员名单)"
)
_SIGNATORY = re.compile(
    r"[一-龥\s（）()]{2,30}(?:府|室|局|委|会|厅|部|院|办|处|组|中心|队|司|所|校|社|公司|法院|党组)"
)
# Begins where white space begins and gives none back: a line may be nothing but white space.
_PERIOD_SUFFIX = re.compile(
    r"(?<!\s)\s*+[(（]?\s*+(?:19|20)\d\d\s*+年?\s*+[-—–－~～至]++\s*+(?:19|20)\d\d\s*+年?\s*+[)）]?\s*+$"
)
TITLE_END = re.compile(
    r"(?:通知|意见|方案|计划|规划|办法|决定|条例|规定|细则|纲要|公告|通告|通报|报告|批复|要点|清单|措施|规程|标准|指南|制度|函|决议|目标|任务|分工表|分解表|任务表)(?:[(（][^()（）\n]{1,24}[)）])?$"
)
HEADING_MARK = re.compile(r"#{1,6}[ \u3000\t]+")
"""What stands before a heading in Markdown; no Chinese official text begins a line so."""


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
    FURNITURE = auto()


@dataclass(frozen=True, slots=True)
class Line:
    """A line without the white space around it; `[start, end)` in the source. A row of a table is
    one, over however many lines it goes: `cells` are its, and `text` has tabs between them."""

    start: int
    end: int
    text: str
    kind: LineKind
    marker: Marker | None = None
    cells: tuple[Cell, ...] = ()


def find_lines(text: str, metadata: Metadata | None = None) -> list[Line]:
    """The lines of `text` that are not blank, each with its kind.

    Args:
        text: a decoded document.
        metadata: what `find_metadata` found in it, where that is known already.
    """
    labelled = (metadata or find_metadata(text)).lines
    bare: list[tuple[int, str]] = []
    for offset, raw in find_raw_lines(text):
        stripped = raw.strip().strip("\ufeff\u200b\ue000\ue004\ue5e5").strip()
        if mark := HEADING_MARK.match(stripped):
            stripped = stripped[mark.end() :]
        if stripped:
            bare.append((offset + raw.index(stripped), stripped))
    speaks = [i for i, (_, t) in enumerate(bare) if _SENTENCE.search(t) or find_marker(t)]
    first, last = (speaks[0], speaks[-1]) if speaks else (len(bare), -1)
    lines = [
        Line(start, start + len(words), words, LineKind.METADATA)
        if start in labelled
        else _classify(start, words, outside=not first <= index <= last)
        for index, (start, words) in enumerate(bare)
    ]
    return _with_rows(text, _without_page_numbers(lines))


def _classify(start: int, text: str, *, outside: bool) -> Line:
    end = start + len(text)
    marker = find_marker(text)
    kind = LineKind.TEXT
    if _DASHED_PAGE.fullmatch(text) or _ENTRY_OF_CONTENTS.fullmatch(text):
        kind, marker = LineKind.FURNITURE, None
    elif marker is not None:
        kind = LineKind.MARKED
    elif is_period_line(text):
        kind = LineKind.PERIOD
    elif len(text) <= 80 and _ATTACHMENT.match(text):
        kind = LineKind.ATTACHMENT
    elif is_dateline(text) or _COPY.match(text):
        kind = LineKind.CLOSING
    elif len(text) <= 40 and _MEMBERS.fullmatch(text):
        kind = LineKind.MEMBERS
    elif is_title(text):
        kind = LineKind.TITLE
    elif is_furniture(text, outside=outside):
        kind = LineKind.FURNITURE
    return Line(start, end, text, kind, marker)


def _with_rows(text: str, lines: list[Line]) -> list[Line]:
    """Tell the rows of tables that divide up duties, and the heads of their columns; the number in
    a row's first cell is none of the outline."""
    told = [(line.start, "" if line.kind is LineKind.METADATA else line.text) for line in lines]
    found: list[Line] = []
    done = 0
    for table in find_tables(text, told):
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


def _row(text: str, start: int, end: int, row: Row) -> Line:
    words = "\t".join(text[cell.start : cell.end] for cell in row.cells)
    return Line(start, end, words, LineKind.ROW, cells=row.cells)


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


def _without_page_numbers(lines: Sequence[Line]) -> list[Line]:
    """Bare numbers that count up are the numbers of pages (or of a table's rows); a single one
    may be the value in a cell."""
    found = list(lines)
    bare = [
        (i, int(line.text))
        for i, line in enumerate(lines)
        if line.kind is LineKind.TEXT and _BARE_NUMBER.fullmatch(line.text)
    ]
    for place, (index, number) in enumerate(bare):
        beside = [n for _, n in bare[max(0, place - 1) : place + 2]]
        if number - 1 in beside[:-1] or number + 1 in beside[1:]:
            found[index] = replace(lines[index], kind=LineKind.FURNITURE)
    return found


def is_dateline(text: str) -> bool:
    """Whether a line holds nothing but a date, or who signed and when: 某区人民政府 2022年3月1日.

    `完成时限：2026年6月30日` and `2026年6月30日前完成` are text.
    """
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
    return _SIGNATORY.fullmatch(text) is not None


def is_period_line(text: str) -> bool:
    """Whether a line holds nothing but the years of a plan: (2022-2027年)."""
    return len(text) <= 24 and _PERIOD_SUFFIX.fullmatch(text) is not None


def is_title(text: str) -> bool:
    """Whether a line may be (the end of) the title of a plan."""
    bare = strip_period(text)
    return (
        4 <= len(bare) <= 70
        and not re.search(r"[。；;：:，,]", bare)
        and bool(TITLE_END.search(bare))
    )


def strip_period(title: str) -> str:
    """A title without the years at its end."""
    return _PERIOD_SUFFIX.sub("", title).strip()

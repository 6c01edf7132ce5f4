"""Text → plans and clauses. A document may hold several plans; each restarts at 一、 (or 第一章).

A clause's span is its own text: from its marker to the next clause, trailing lines of responsible
units included. What stands before the first marker of a plan is its intro, path `N/0`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ingest.columns import Row
from ingest.drafts import INTRO, ROW, Draft, heading_of, is_addressed, rank_of, read_body, row_draft
from ingest.header import Header
from ingest.layout import (
    Line,
    LineKind,
    find_breaks,
    find_lines,
    is_signatory,
    names_attachment,
    signed_by,
    strip_period,
)
from ingest.leftovers import find_leftovers, is_doubt
from ingest.metadata import NUMBER
from ingest.numbering import Marker, find_marker
from ingest.reading import Breaks
from kb.characters import HAN
from kb.identifiers import stable_id
from kb.language.numerals import chinese_ordinal
from kb.models import Clause, Finding, Plan, Repair, Span

_TOP = ("cn", "chapter", "article")
_SHORTEST_ENTRY = 2
"""Characters of an entry of a table of contents."""
_NUMBERED = re.compile(rf"{NUMBER.pattern}|[〔﹝\[［]\d{{4}}[〕﹞\]］]\s*第?\d{{1,4}}\s*[号期]")
"""A document's number, or what of it stands alone under a red head: 〔2025〕14号."""
_BRACKETS = re.compile(r"[(（][^()（）。，,；;：:]{2,30}[)）]")
"""What stands in brackets under a title: the day and the meeting that passed it, its edition."""
_PUNCTUATED = re.compile(r"[。；;：:，,、)）」”]")
_TITLE_LINES = 3
"""Lines of a title that no word at its end tells: under 附件2, after a signature."""
_NUMBER_LINE = 80
"""Characters of the line of a document's number, with who signed."""


@dataclass(slots=True)
class Outline:
    """Plans (periods not read yet), their clauses in order, and what else was noticed.

    `held`: lines that are in no clause and yet read: titles of plans, addressees. `breaks`: what a
    reading of the text leaves out. `rows`: those of all tables, by the place of their first cell.
    """

    plans: list[Plan] = field(default_factory=list)
    clauses: list[Clause] = field(default_factory=list)
    titles: list[Span] = field(default_factory=list)
    members: list[Span] = field(default_factory=list)
    held: list[Span] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    breaks: Breaks = field(default_factory=Breaks)
    rows: dict[int, Row] = field(default_factory=dict)


@dataclass(slots=True)
class _Open:
    rank: float
    path: str
    clause_id: str
    ordinal: int | None
    note: bool = False


def parse_outline(
    text: str, header: Header, document_id: str, lines: Sequence[Line] | None = None
) -> Outline:
    """Parse the outline of a decoded document; see `kb.models.Clause` for the fields. Ids are only
    unique (see `tasks.fact_ids`).

    Args:
        text: the document.
        header: what it says of itself; its lines are in no clause.
        document_id: what the ids of plans and clauses are made of.
        lines: those of the text, where they are known already.
    """
    everything = list(lines) if lines is not None else find_lines(text)
    parsed = _Outliner(text, everything, header, document_id).outline
    clauses = [clause.span for clause in parsed.clauses]
    heads = [Span(line.start, line.end) for line in everything if line.kind is LineKind.ROW_HEAD]
    held = [*clauses, *parsed.members, *parsed.held, *heads, *header.spans, *header.signed]
    parsed.findings += find_leftovers(text, everything, held, clauses)
    return parsed


class _Outliner:
    def __init__(self, text: str, lines: list[Line], header: Header, document_id: str) -> None:
        rows = {line.start: line.row for line in lines if line.row is not None}
        self.outline = Outline(breaks=find_breaks(text, lines), rows=rows)
        for row in rows.values():
            self.outline.repairs += [
                Repair(
                    span=Span(*cell[:2]),
                    raw=text[cell.start : cell.end],
                    repaired=words,
                    rule="said-above",
                )
                for cell, words in row.said_above
            ]
        self._lines = lines = _without_contents(lines)
        self._header = header
        self._document_id = document_id
        self._heads = {span.start for span in header.spans}
        self._numbered = any(line.marker for line in lines)
        starts = self._with_attachments(self._plan_starts())
        if not starts and any(line.kind not in _ASIDE for line in lines):
            body = self._body_start(len(lines), 0)
            starts = [(body, body)] if body < len(lines) else [(0, 0)]
        for number, (title_from, body_from) in enumerate(starts, start=1):
            stop = starts[number][0] if number < len(starts) else len(lines)
            self._read_plan((title_from, body_from, stop), number)
        if starts and not self._numbered:
            message = (
                "全文没有序号, 按段落分条 / the text has no numbering; each paragraph is a clause"
            )
            self.outline.findings.append(Finding(code="no-numbering", message=message))

    def _plan_starts(self) -> list[tuple[int, int]]:
        """(index of the first line of the title, index of the line after it) of each plan."""
        lines = self._lines
        starts: list[tuple[int, int]] = []
        floor = 0
        first = next(
            (i for i, x in enumerate(lines) if x.marker and _opens(x.marker)),
            next((i for i, x in enumerate(lines) if x.marker), None),
        )
        if first is None:
            return starts
        opening = lines[first].marker
        family = opening.family if opening and _opens(opening) else None
        for index in range(first, len(lines)) if family else (first,):
            marker = lines[index].marker
            if family and (marker is None or marker.family != family or marker.ordinal != 1):
                continue
            title = _title_before(lines, index, floor) or _title_after_end(lines, index, floor)
            if title is not None and (starts or title[0] == title[1] or index == first):
                starts.append(title)
            elif not starts:
                starts.append((self._body_start(index, floor),) * 2)
            floor = index + 1
        return starts

    def _with_attachments(self, starts: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """The starts, and those of attachments with text of their own (附件2, 任务分工表, 1. …)."""
        lines, result = self._lines, list(starts)
        titles = [title for title, _ in starts]
        heads = [i for i, line in enumerate(lines) if names_attachment(line.text)]
        for head, following in pairwise([*heads, len(lines)]):
            if not starts or head < starts[0][1]:
                continue
            later = bisect_right(titles, head)
            if later < len(titles) and titles[later] < following:
                continue
            marked = next((i for i in range(head + 1, following) if lines[i].marker), None)
            if marked is None:
                said = lines[head + 1 : following]
                if not is_doubt(said, before=False) or any(x.kind is LineKind.ROW for x in said):
                    continue
                marked = following
            body = head + 1
            while body < min(marked, head + _TITLE_LINES) and not _PUNCTUATED.search(
                lines[body].text
            ):
                body += 1
            result.append((head + 1, body))
        return sorted(result)

    def _body_start(self, index: int, floor: int) -> int:
        """First line of the running text in `[floor, index)`: after what is printed of the document
        itself (title, number, who is addressed, the metadata of a page). These stand before the
        first sentence; words of a page among them are none of the text."""
        start = floor
        for place in range(floor, index):
            line = self._lines[place]
            if self._is_opening(line) or line.kind in (LineKind.METADATA, LineKind.PRESENT):
                start = place + 1
            elif line.kind is LineKind.FURNITURE or (line.kind in _ENDING and place == start):
                start = place + 1 if place == start else start
            elif "。" in line.text or line.marker:
                break
        return start

    def _is_opening(self, line: Line) -> bool:
        """Whether a line at the head is none of the text: title, number, who is addressed, the day
        and the meeting that passed it."""
        return (
            line.start in self._heads
            or is_addressed(line.text)
            or _is_number(line.text)
            or _BRACKETS.fullmatch(line.text) is not None
            or (line.text.startswith("——") and line.marker is None)
        )

    def _read_plan(self, bounds: tuple[int, int, int], number: int) -> None:
        title_from, body_from, stop = bounds
        lines, outline = self._lines, self.outline
        printed = "".join(line.text for line in lines[title_from:body_from])
        title = (
            re.sub(rf"(?<=[{HAN}])[ \u3000]+(?=[{HAN}])", "", strip_period(printed))
            or self._header.title
            or ""
        )
        body = read_body(lines[body_from:stop], self._is_opening, numbered=self._numbered)
        drafts = body.drafts
        if number == 1 and (early := self._before(title_from)):
            if drafts:
                drafts[0].apart = True
            drafts = [*early, *drafts]
        titled = body_from > title_from
        head_end = lines[body_from - 1].end if titled else lines[title_from].start + 1
        period = next((i for i in range(body_from, stop) if lines[i].kind is LineKind.PERIOD), None)
        if period is not None and Span(lines[period].start, lines[period].end) in body.held:
            head_end = lines[period].end
        outline.members += body.members
        outline.held += body.held
        first = min([lines[title_from].start, *(d.start for d in drafts)])
        plan_id = stable_id("plan", self._document_id, number)
        span = Span(first, max([head_end, *(d.end for d in drafts)]))
        outline.plans.append(Plan(id=plan_id, number=number, title=title, period=None, span=span))
        outline.titles.append(Span(lines[title_from].start, head_end))
        if titled:
            outline.held.append(outline.titles[-1])
        self._build(drafts, plan_id, number)

    def _before(self, title_from: int) -> list[Draft]:
        """What stands before the title of the first plan: rows of a table, and the letter that
        passes it on where that says more than its formulas."""
        lines = self._lines[:title_from]
        rows = [row_draft(line, apart=True) for line in lines if line.kind is LineKind.ROW]
        if rows:
            return rows
        start = self._body_start(title_from, 0)
        letter = lines[start:]
        if not is_doubt(letter, before=True):
            return []
        return read_body(letter, self._is_opening, numbered=self._numbered).drafts

    def _build(self, drafts: Sequence[Draft], plan_id: str, number: int) -> None:
        outline = self.outline
        stack: list[_Open] = []
        seen: dict[str, int] = {}
        depths: dict[str, float] = {}
        chinese = [i for i, draft in enumerate(drafts) if draft.marker.family == "cn"]
        unnumbered = not any(draft.numbered for draft in drafts)
        for index, draft in enumerate(drafts):
            marker = draft.marker
            if draft.apart:
                stack.clear()
            rank = rank_of(draft, depths, stack[-1].rank if stack else None)
            previous = None
            while stack and stack[-1].rank >= rank:
                previous = stack.pop()
            if stack and stack[-1].note and marker.family == ROW:
                stack.pop()
            ordinal = marker.ordinal
            if marker.family == "lost":
                ordinal = (previous.ordinal or 0) + 1 if previous else 1
                after = bisect_right(chinese, index)
                following = drafts[chinese[after]].marker.ordinal if after < len(chinese) else None
                _report_lost(outline, draft, ordinal, following)
                part = chinese_ordinal(ordinal)
            elif unnumbered and not marker.text and ordinal in (None, 0):
                part = str(index + 1)
            elif marker is INTRO or marker.family == "head":
                part = "0"
            else:
                part = marker.part or str(ordinal or "-")
            base = f"{stack[-1].path if stack else number}/{part}"
            seen[base] = seen.get(base, 0) + 1
            path = base if seen[base] == 1 else f"{base}#{seen[base]}"
            clause_id = stable_id("clause", self._document_id, path)
            outline.clauses.append(
                Clause(
                    id=clause_id,
                    plan_id=plan_id,
                    parent_id=stack[-1].clause_id if stack else None,
                    level=len(stack) + 1,
                    marker="" if marker.family == "lost" else marker.text.strip(),
                    path=path,
                    heading=heading_of(draft.first[len(marker.text) :])
                    if draft.heading is None
                    else draft.heading,
                    span=Span(draft.start, draft.end),
                )
            )
            if marker is not INTRO:
                stack.append(_Open(rank, path, clause_id, ordinal, draft.note))


_ASIDE = (LineKind.METADATA, LineKind.FURNITURE)
_ENDING = (LineKind.PERIOD, LineKind.CLOSING)


def _is_number(text: str) -> bool:
    """Whether a line holds a document's number and who signed, and nothing else of note."""
    if len(text) > _NUMBER_LINE or not _NUMBERED.search(text):
        return False
    rest = _NUMBERED.sub("", text)
    return not _PUNCTUATED.search(rest[: signed_by(rest)].strip("（）()"))


def _opens(marker: Marker | None) -> bool:
    """Whether a marker is the first of a plan's own numbering."""
    return marker is not None and marker.family in _TOP and marker.ordinal == 1


def _title_after_end(lines: Sequence[Line], index: int, floor: int) -> tuple[int, int] | None:
    """The title of a plan that begins at `lines[index]` after the signature of the one before,
    whatever word it ends in."""
    ends = [i for i in range(floor, index) if lines[i].kind is LineKind.CLOSING]
    if not floor or not ends:
        return None
    first = body = ends[-1] + 1
    while body < min(index, first + _TITLE_LINES) and not _PUNCTUATED.search(lines[body].text):
        body += 1
    return first, body


def _title_before(lines: Sequence[Line], index: int, floor: int) -> tuple[int, int] | None:
    for last in range(index - 1, floor - 1, -1):
        line = lines[last]
        if line.kind is LineKind.MARKED:
            return None
        if line.kind is not LineKind.TITLE:
            continue
        first = last
        while first > floor and last - first < 2 and _continues(lines[first - 1], lines[first]):
            first -= 1
        return first, last + 1
    return None


def _continues(line: Line, after: Line) -> bool:
    """Whether a line may be the first part of a title that goes on in the line `after` it."""
    if after.text.find("关于") > 0 and not is_signatory(line.text):
        return False  # that one begins with who issues it: it is whole
    return (
        line.kind is LineKind.TEXT
        and NUMBER.search(line.text) is None
        and len(line.text) <= 32
        and not re.search(r"[。，,；;：:、)）!？?>|]$|[。；;]", line.text)
    )


def _without_contents(lines: list[Line]) -> list[Line]:
    """Pass over a table of contents: the lines after 目录 up to where its first entry comes again.
    A sentence among them says that it is none."""
    for index, line in enumerate(lines):
        if re.fullmatch(r"目\s*[录次]", line.text) and index + 1 < len(lines):
            first = _entry(lines[index + 1].text)
            for later in range(index + 2, min(len(lines), index + 400)):
                if "。" in lines[later - 1].text or len(first) < _SHORTEST_ENTRY:
                    return lines
                if lines[later].text.startswith(first):
                    body = later  # the title of the plan stands after the table
                    while lines[body - 1].kind in (LineKind.TITLE, LineKind.PERIOD):
                        body -= 1
                    return lines[:index] + lines[max(body, index + 1) :]
            return lines
    return lines


def _entry(line: str) -> str:
    """The words of a line of a table of contents, without its leaders and its page."""
    end = len(line)
    while end and (line[end - 1] in ".…·" or line[end - 1].isspace() or line[end - 1].isdecimal()):
        end -= 1
    return line[:end]


def _report_lost(outline: Outline, draft: Draft, ordinal: int, following: int | None) -> None:
    """Tell how a lost ordinal is read; `following` is that of the next numbered so."""
    span = Span(draft.start, draft.start + 1)
    repaired = f"{chinese_ordinal(ordinal)}、"
    outline.repairs.append(Repair(span=span, raw="、", repaired=repaired, rule="lost-ordinal"))
    if following is not None and following != ordinal + 1:
        message = (
            f"“{draft.first}”丢了序号, 按前一个读作“{repaired}”; 后一个却是 {following} / "
            f"the ordinal was lost; read as {ordinal} after the one before, yet {following} follows"
        )
        outline.findings.append(Finding(code="ordinal-gap", message=message, span=span))


__all__ = ["Outline", "find_marker", "heading_of", "parse_outline"]

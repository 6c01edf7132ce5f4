"""Text → plans and clauses. A document may hold several plans; each restarts at 一、 (or 第一章).

A clause's span is its own text: from its marker to the next clause, trailing lines of responsible
units included. What stands before the first marker of a plan is its intro, path `N/0`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.duty_tables import duty_of
from ingest.header import Header
from ingest.layout import Line, LineKind, find_lines, is_signatory, strip_period
from ingest.leftovers import find_leftovers
from ingest.metadata import NUMBER
from ingest.numbering import RANK, Marker, chinese_ordinal, find_marker
from kb.identifiers import stable_id
from kb.models import Clause, Finding, Plan, Repair, Span

_TOP = ("cn", "chapter", "article")
_HEADINGS = (*_TOP, "section", "cn-bracket")
_HEADING = 40
_SHORTEST_ENTRY = 2
"""Characters of an entry of a table of contents."""
_INTRO = Marker("", "cn", 0)
_ROW = "row"
"""The family of the rows of a table, and of what follows it without a number: below all others."""
_RANK = RANK | {_ROW: len(RANK)}
_ATTACHED = re.compile(r"附\s*[件表录]\s*+[\d一二三四五六七八九十]*+\s*+[:：]?")
_LEADS = re.compile(r"。|(?:如下|以下|下列|为)[^，。]{0,8}[：:]$")
_PUNCTUATED = re.compile(r"[。；;：:，,、)）」”]")


@dataclass(slots=True)
class Outline:
    """Plans (periods not read yet), their clauses in order, and what else was noticed.

    `held`: lines that are in no clause and yet read: titles of plans, addressees.
    """

    plans: list[Plan] = field(default_factory=list)
    clauses: list[Clause] = field(default_factory=list)
    titles: list[Span] = field(default_factory=list)
    members: list[Span] = field(default_factory=list)
    held: list[Span] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass(slots=True)
class _Open:
    marker: Marker
    path: str
    clause_id: str
    ordinal: int | None


@dataclass(slots=True)
class _Draft:
    marker: Marker
    start: int
    ends: list[int]
    first: str
    tail: list[str] = field(default_factory=list)
    heading: str | None = None
    apart: bool = False
    """Whether it belongs to none of the clauses before it: a row in an attachment."""

    @property
    def end(self) -> int:
        return self.ends[-1]

    def add(self, line: Line) -> None:
        self.ends.append(line.end)
        self.tail.append(line.text)

    def retract(self) -> None:
        """Give back short lines without punctuation at the end: a signing body, a heading."""
        while self.tail and len(self.tail[-1]) <= 30 and not _PUNCTUATED.search(self.tail[-1]):
            self.tail.pop()
            self.ends.pop()


def parse_outline(text: str, header: Header, document_id: str) -> Outline:
    """Parse the outline of a decoded document; see `kb.models.Clause` for the fields. Ids are only
    unique (see `tasks.fact_ids`)."""
    everything = find_lines(text)
    lines = _without_contents(everything)
    outline = Outline()
    starts = _with_attachments(lines, _plan_starts(lines))
    for number, (title_from, body_from) in enumerate(starts, start=1):
        stop = starts[number][0] if number < len(starts) else len(lines)
        _read_plan(outline, lines, (title_from, body_from, stop), number, header, document_id)
    if not starts:
        _read_unnumbered(outline, lines, header, document_id)
    clauses = [clause.span for clause in outline.clauses]
    heads = [Span(line.start, line.end) for line in everything if line.kind is LineKind.ROW_HEAD]
    held = [*clauses, *outline.members, *outline.held, *heads, *header.spans]
    outline.findings += find_leftovers(text, everything, held, clauses)
    return outline


def _plan_starts(lines: Sequence[Line]) -> list[tuple[int, int]]:
    """(index of the first line of the title, index of the line after it) of each plan."""
    starts: list[tuple[int, int]] = []
    floor = 0
    family = next(
        (
            line.marker.family
            for line in lines
            if line.marker and line.marker.family in _TOP and line.marker.ordinal == 1
        ),
        None,
    )
    for index, line in enumerate(lines):
        if line.marker is None or line.marker.family != family or line.marker.ordinal != 1:
            continue
        title = _title_before(lines, index, floor)
        if title is not None:
            starts.append(title)
        elif not starts:
            starts.append((_body_start(lines, index, floor),) * 2)
        floor = index + 1
    if starts or not any(line.marker for line in lines):
        return starts
    first = next(i for i, line in enumerate(lines) if line.marker)
    return [_title_before(lines, first, 0) or (_body_start(lines, first, 0),) * 2]


def _with_attachments(
    lines: Sequence[Line], starts: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """The starts, and those of attachments with clauses of their own (附件2, 任务分工表, 1. …)."""
    result = list(starts)
    titles = [title for title, _ in starts]
    heads = [i for i, line in enumerate(lines) if _ATTACHED.fullmatch(line.text)]
    for head, following in zip(heads, [*heads[1:], len(lines)], strict=False):
        if not starts or head < starts[0][1]:
            continue
        later = bisect_right(titles, head)
        if later < len(titles) and titles[later] < following:
            continue
        marked = next((i for i in range(head + 1, following) if lines[i].marker), None)
        if marked is None:
            continue
        body = head + 1
        while body < min(marked, head + 3) and not _PUNCTUATED.search(lines[body].text):
            body += 1
        result.append((head + 1, body))
    return sorted(result)


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


def _body_start(lines: Sequence[Line], index: int, floor: int) -> int:
    """First line of the running text before `index`: after the addressee's line, if there is one,
    and after a page's metadata that no sentence stands before."""
    spoken = next((i for i in range(floor, index) if "。" in lines[i].text), index)
    for place in range(index - 1, floor - 1, -1):
        line = lines[place]
        if line.kind is LineKind.METADATA:
            if place < spoken:
                return place + 1
        elif line.kind is not LineKind.FURNITURE and (
            _is_addressed(line) or line.kind in (LineKind.CLOSING, LineKind.MARKED)
        ):
            return place + 1
    return floor


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


def _read_plan(
    outline: Outline,
    lines: Sequence[Line],
    bounds: tuple[int, int, int],
    number: int,
    header: Header,
    document_id: str,
) -> None:
    title_from, body_from, stop = bounds
    printed = "".join(line.text for line in lines[title_from:body_from])
    title = (
        re.sub(r"(?<=[一-龥])[ \u3000]+(?=[一-龥])", "", strip_period(printed))
        or header.title
        or ""
    )
    plan_id = stable_id("plan", document_id, number)
    head_end = lines[body_from - 1].end if body_from > title_from else lines[title_from].start + 1
    before = lines[:title_from] if number == 1 else []
    early = [_row_draft(line, apart=True) for line in before if line.kind is LineKind.ROW]
    drafts, members, head_end = _read_body(outline, lines[body_from:stop], head_end)
    drafts = [*early, *drafts]
    outline.members += members
    first = min([lines[title_from].start, *(d.start for d in early)])
    span = Span(first, max([head_end, *(d.end for d in drafts)]))
    outline.plans.append(Plan(id=plan_id, number=number, title=title, period=None, span=span))
    outline.titles.append(Span(lines[title_from].start, head_end))
    if body_from > title_from:
        outline.held.append(outline.titles[-1])
    _build(outline, drafts, plan_id, number, document_id)


def _read_body(
    outline: Outline, lines: Sequence[Line], head_end: int
) -> tuple[list[_Draft], list[Span], int]:
    """The clauses of a plan's lines, its members, and where its title (with its years) ends."""
    drafts: list[_Draft] = []
    members: list[Span] = []
    last: dict[str, int | None] = {}  # the ordinal that each family of markers has come to
    ended: LineKind | None = None  # by a signature, a list of members, the name of an attachment
    for line in lines:
        if ended and line.marker and _goes_on(last, line.marker, ended):
            ended = None
        if line.kind is LineKind.PERIOD and not drafts:
            head_end = line.end
            outline.held.append(Span(line.start, line.end))
        elif line.kind is LineKind.MEMBERS:
            _retract(drafts)
            ended = line.kind
            outline.held.append(Span(line.start, line.end))
        elif ended is LineKind.MEMBERS and line.kind in (LineKind.TEXT, LineKind.TITLE):
            members.append(Span(line.start, line.end))
        elif line.kind is LineKind.ROW:
            drafts.append(_row_draft(line, apart=ended is not None))
        elif line.kind in (LineKind.ATTACHMENT, LineKind.CLOSING):
            _retract(drafts)
            ended = line.kind if last else None
        elif ended:
            continue
        elif line.marker is not None:
            drafts.append(_Draft(line.marker, line.start, [line.end], line.text))
            last[line.marker.family] = line.marker.ordinal
        elif line.kind in (LineKind.TEXT, LineKind.TITLE, LineKind.PERIOD):
            if drafts and (drafts[-1].heading is None or line.kind is not LineKind.TEXT):
                drafts[-1].add(line)
            elif drafts:  # after a table
                drafts.append(_Draft(Marker("", _ROW, None), line.start, [line.end], line.text))
            elif _is_salutation(line):
                outline.held.append(Span(line.start, line.end))
            else:
                drafts.append(_Draft(_INTRO, line.start, [line.end], line.text))
    return drafts, members, head_end


def _row_draft(line: Line, *, apart: bool) -> _Draft:
    """A row of a table; its number is that of its first cell, or of the duty in it."""
    duty = duty_of(line.text, line.cells)
    own = find_marker(line.text)
    number = re.match(r"\d{1,4}(?=\t)", line.text)
    ordinal = int(number.group()) if number else own.ordinal if own else None
    marker = Marker(own.text if own else "", _ROW, ordinal)
    heading = heading_of(duty[len(marker.text) :] if duty.startswith(marker.text) else duty)
    return _Draft(marker, line.start, [line.end], line.text, heading=heading, apart=apart)


def _goes_on(last: dict[str, int | None], marker: Marker, ended: LineKind) -> bool:
    """Whether a numbered line after what looked like the end goes on with the numbering before
    it, so that it was none. Attachments are numbered with digits of their own."""
    if ended is LineKind.ATTACHMENT and marker.family not in _HEADINGS:
        return False
    before = last.get(marker.family)
    return before is not None and marker.ordinal == before + 1


def _is_salutation(line: Line) -> bool:
    return _is_addressed(line) or (
        re.search(r"[〔\[［]\d{4}[〕\]］]", line.text) is not None and len(line.text) < 30
    )


def _is_addressed(line: Line) -> bool:
    """Whether a line names to whom the text is addressed: 各镇乡人民政府：, but not a sentence that
    leads to the items (…现将有关事项通知如下：)."""
    return line.text.endswith(("：", ":")) and not _LEADS.search(line.text)


def _retract(drafts: Sequence[_Draft]) -> None:
    if drafts:
        drafts[-1].retract()


def _build(
    outline: Outline, drafts: Sequence[_Draft], plan_id: str, number: int, document_id: str
) -> None:
    stack: list[_Open] = []
    seen: dict[str, int] = {}
    chinese = [i for i, draft in enumerate(drafts) if draft.marker.family == "cn"]
    for index, draft in enumerate(drafts):
        marker = draft.marker
        rank = _RANK[marker.family]
        previous = None
        if draft.apart:
            stack.clear()
        while stack and _RANK[stack[-1].marker.family] >= rank:
            previous = stack.pop()
        ordinal = marker.ordinal
        if marker.family == "lost":
            ordinal = (previous.ordinal or 0) + 1 if previous else 1
            after = bisect_right(chinese, index)
            following = drafts[chinese[after]].marker.ordinal if after < len(chinese) else None
            _report_lost(outline, draft, ordinal, following)
        part = (
            "0"
            if marker is _INTRO
            else (chinese_ordinal(ordinal or 1) if marker.family == "lost" else marker.part)
        ) or str(ordinal or "-")
        base = f"{stack[-1].path if stack else number}/{part}"
        seen[base] = seen.get(base, 0) + 1
        path = base if seen[base] == 1 else f"{base}#{seen[base]}"
        clause_id = stable_id("clause", document_id, path)
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
        if marker is not _INTRO:
            stack.append(_Open(marker, path, clause_id, ordinal))


def _report_lost(outline: Outline, draft: _Draft, ordinal: int, following: int | None) -> None:
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


def heading_of(text: str) -> str:
    """The lead sentence of a clause without its full stop; a long one is cut at a comma."""
    first = re.split(r"[。\n]", text.strip(), maxsplit=1)[0].strip()
    if len(first) <= _HEADING:
        return first.rstrip("：:")
    return re.split(r"[,，;；:：]", first, maxsplit=1)[0][: _HEADING * 2]


def _read_unnumbered(
    outline: Outline, lines: Sequence[Line], header: Header, document_id: str
) -> None:
    """A text without numbering: one plan, each paragraph a clause."""
    body = [line for line in lines if line.kind in (LineKind.TEXT, LineKind.ROW)] or [
        line for line in lines if line.kind not in (LineKind.METADATA, LineKind.FURNITURE)
    ]
    if not body:
        return
    plan_id = stable_id("plan", document_id, 1)
    span = Span(body[0].start, body[-1].end)
    outline.plans.append(
        Plan(id=plan_id, number=1, title=header.title or "", period=None, span=span)
    )
    outline.titles.append(Span(body[0].start, body[0].start + 1))
    for index, line in enumerate(body, start=1):
        path = f"1/{index}"
        outline.clauses.append(
            Clause(
                id=stable_id("clause", document_id, path),
                plan_id=plan_id,
                parent_id=None,
                level=1,
                marker="",
                path=path,
                heading=heading_of(
                    duty_of(line.text, line.cells) if line.kind is LineKind.ROW else line.text
                ),
                span=Span(line.start, line.end),
            )
        )
    message = "全文没有序号, 按段落分条 / the text has no numbering; each paragraph is a clause"
    outline.findings.append(Finding(code="no-numbering", message=message))


__all__ = ["Outline", "find_marker", "heading_of", "parse_outline"]

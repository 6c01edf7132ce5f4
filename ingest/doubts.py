"""What makes the reading of a whole document doubtful, so that a person looks at it as a whole.

Facts are checked one by one elsewhere; here it is asked whether their number is likely for such a
text: bodies that are named and bear nothing, lines too short to be duties, rows of a table of which
nothing says what its columns are, brackets that speak of who is responsible and gave nobody, tasks
in which nothing is to be done.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ingest.clauses import ClauseReading
from ingest.layout import Line, LineKind
from kb.language.parties import find_parties
from kb.language.roles import GIVES_ROLE, RoleWordKind, best_role_words, find_role_words
from kb.models import Finding, Span
from kb.ranges import Ranges
from tasks.models import Task

_LEAST = 6
"""Clauses that must be so before their share says anything."""
_UNOWNED = 0.6
"""Share of the clauses that name bodies and were given no owner; none of the 118 texts of the tests
and the 30 open documents is above it."""
_VERBLESS = 0.5
"""Share of the tasks that nobody bears and that hold no verb of a duty. Of 142 texts six are above it: specifications, a
tender, sales and leases, the figures of a year, a list of who may apply."""
_VERBS = (*GIVES_ROLE, RoleWordKind.DUTY, RoleWordKind.MODAL, RoleWordKind.JOIN)
_CELL = 8
"""Characters of a clause that is no more than the cell of a table."""
_CELLS = 0.5
_LEAST_ROWS = 3
_LONGEST_BRACKET = 200
_CELLS_APART = re.compile(r"\t.*\t|[|｜].+[|｜].+[|｜]")
_BRACKET = re.compile(rf"[(]([^()\n]{{4,{_LONGEST_BRACKET}}})[)]")


@dataclass(slots=True)
class Doubts:
    """Looks at each clause once, as it is read; what it found is told at the end."""

    _named: int = 0
    _unowned: list[Span] = field(default_factory=list)
    _brackets: list[Finding] = field(default_factory=list)
    _read: int = 0
    _cells: list[Span] = field(default_factory=list)
    _clauses: int = 0

    def see(self, item: ClauseReading) -> None:
        """Take note of a clause."""
        text, span = item.reading.text, item.clause.span
        self._clauses += 1
        body = text[len(item.clause.marker) :].strip()
        if len(body) <= _CELL and not body.endswith(("。", ":")):
            self._cells.append(span)
        owners = item.owners
        if owners.uses:
            self._named += 1
            if not (owners.lists or owners.stated):
                self._unowned.append(span)
        self._brackets += self._unread(item)

    def _unread(self, item: ClauseReading) -> Iterator[Finding]:
        """Brackets with the word of a role beside the name of a body, in which nobody was read."""
        owners, reading = item.owners, item.reading
        read = Ranges((o.start, o.end) for o in owners.lists)
        stated = {a.span.start for a in owners.stated}
        for match in _BRACKET.finditer(reading.text):
            start, end = match.span()
            if read.overlap(start, end):
                self._read += 1
                continue
            roles = [w for w in find_role_words(match[1]) if w.kind == RoleWordKind.ROLE]
            heads = [w for w in roles if not w.start or w.end == len(match[1])]
            if not heads or not find_parties(match[1]):
                continue
            span = reading.span(start, end)
            if not any(span.start <= place < span.end for place in stated):
                yield Finding(
                    code="bracket-not-read",
                    message=f"“{match[0][:40]}”像是责任单位, 没有读出 / it looks like a list of owners, and "
                    "none was read",
                    span=span,
                )

    def findings(
        self, lines: Sequence[Line], tasks: Sequence[Task], text: str
    ) -> Iterator[Finding]:
        """What to look at, in order of weight; `text` is the document's."""
        unowned = len(self._unowned)
        if unowned >= _LEAST and unowned > _UNOWNED * self._named:
            yield Finding(
                code="few-owners",
                message=f"{self._named} 条提到单位, 其中 {unowned} 条没有读出责任单位, 请核对 / of {self._named} "
                f"clauses that name bodies, {unowned} were given no owner; check them",
                span=self._unowned[0],
            )
        free = (task for task in tasks if not task.responsibilities)  # what is borne is a duty
        still = [task for task in free if not _acts(task.span.slice(text))]
        if len(still) >= _LEAST and len(still) > _VERBLESS * len(tasks):
            yield Finding(
                code="duties-without-verb",
                message=f"{len(tasks)} 项任务中有 {len(still)} 项没有单位也没有动词, 像是名录、条件或参数, 请核对是否真是任务 / "
                f"{len(still)} of {len(tasks)} tasks have no unit and no verb, like a list, conditions or "
                "specifications; check whether they are duties",
                span=still[0].span,
            )
        cells = len(self._cells)
        if cells >= _LEAST and cells > _CELLS * self._clauses:
            yield Finding(
                code="cells-as-clauses",
                message=f"{self._clauses} 条中有 {cells} 条只有几个字, 像是表格拆成了一格一行, 请对照原表 / {cells} of "
                f"{self._clauses} clauses are a few characters long, like the cells of a table in lines "
                "of their own; compare the table",
                span=self._cells[0],
            )
        rows = [
            line
            for line in lines
            if line.kind is not LineKind.ROW and _CELLS_APART.search(line.text)
        ]
        rows = [line for line in rows if line.kind in (LineKind.TEXT, LineKind.MARKED)]
        if len(rows) >= _LEAST_ROWS and tasks:
            yield Finding(
                code="table-without-head",
                message=f"{len(rows)} 行表格没有认出表头, 按文字读 / {len(rows)} rows of a table without a head "
                "that is known; read as text",
                span=Span(rows[0].start, rows[0].end),
            )
        astray = [line for line in lines if line.row is not None and not line.row.placed]
        if astray:
            yield Finding(
                code="row-not-placed",
                message=f"{len(astray)} 行表格的单元格与表头对不上, 多出的按文字读, 请核对 / the cells of "
                f"{len(astray)} rows do not go with the columns of their table; those beyond were read "
                "as text, check them",
                span=Span(astray[0].start, astray[0].end),
            )
        unread = len(self._brackets)
        if unread >= _LEAST and unread > self._read:
            yield Finding(
                code="few-brackets-read",
                message=f"{unread + self._read} 个像是责任单位的括号只读出 {self._read} 个, 请核对 / of "
                f"{unread + self._read} brackets like lists of owners {self._read} were read; check them",
                span=self._brackets[0].span,
            )
        yield from self._brackets


def _acts(words: str) -> bool:
    """Whether words hold a verb by which something is to be done."""
    found = best_role_words(find_role_words(words))
    return any(w.kind in _VERBS and w.end - w.start > 1 for w in found)

"""What of a text is in no clause, so that nothing is left out in silence.

Reckoned from the other side: every line that neither a clause, a title, a list of members nor the
header holds is told, whatever rule passed it over.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby

from ingest.layout import Line, LineKind
from kb.models import Finding, Span
from tasks.models import LEFT_OUT

DOUBT = "text-left-out"
"""Code of sentences in no clause: a person should look."""
_UNREAD = 40
"""Characters of lines without a sentence (a table, a list) from which on they are a doubt."""
_SENTENCE_END = re.compile(r"[。；;！!？?]")
_FORMULA = re.compile(
    r"现.{0,10}(?:印发|转发|发布|公布|予以)|(?:请|望).{0,40}(?:执行|落实|实施|遵照)|制定(?:了|本)?《|经.{0,60}(?:同意|通过|批准)"
    r"|执行(?:中|过程中).{0,20}(?:反映|反馈|联系)|已经.{0,60}同意|特此(?:通知|通告|公告|函告)"
)
"""The sentences with which a notice passes on the plan that it brings."""
_DUTY = re.compile(r"[前内]|截至|不少于|报送|上报|牵头|负责|责任")


def find_leftovers(
    text: str, lines: Sequence[Line], held: Sequence[Span], clauses: Sequence[Span]
) -> Iterator[Finding]:
    """A finding for each run of lines that nothing holds, in order.

    Args:
        text: the decoded document.
        lines: all its lines.
        held: spans of all that was read: clauses, titles, members, lines of the header.
        clauses: those of the clauses alone, in order: what stands before the first or after the
            last is told as such.
    """
    held = sorted(held, key=lambda span: span.start)
    starts = [span.start for span in held]
    reach: list[int] = []
    for span in held:
        reach.append(max(span.end, reach[-1] if reach else 0))

    def is_left(line: Line) -> bool:
        place = bisect_right(starts, line.start)
        return line.kind is not LineKind.METADATA and not (place and reach[place - 1] >= line.end)

    first = min((span.start for span in clauses), default=len(text))
    for left, group in groupby(lines, key=is_left):
        if left:
            run = list(group)
            yield _told(run, before=run[-1].end <= first)


def _is_doubt(run: Sequence[Line], *, before: bool) -> bool:
    """Whether lines may be text that a clause should hold."""
    sentences = [
        sentence
        for line in run
        if _SENTENCE_END.search(line.text)
        for sentence in re.split(r"[。！!？?]", line.text)
        if sentence.strip(" \u3000)）”")
    ]
    if any(not _FORMULA.search(s) or (_DUTY.search(s) and "《" not in s) for s in sentences):
        return True
    return not before and sum(len(line.text) for line in _rest(run)) >= _UNREAD


def _rest(run: Sequence[Line]) -> Iterator[Line]:
    """The lines that are neither a signature nor the names of attachments."""
    named = False
    for line in run:
        if line.kind is LineKind.ATTACHMENT:
            named = True
        elif line.kind in (LineKind.TEXT, LineKind.TITLE, LineKind.ROW) or (
            line.kind is LineKind.MARKED and not named
        ):
            yield line


def _told(run: Sequence[Line], *, before: bool) -> Finding:
    span, count = Span(run[0].start, run[-1].end), len(run)
    said = [line for line in run if line.kind is not LineKind.FURNITURE]
    if _is_doubt(said, before=before):
        message = (
            f"有 {count} 行文字没有读作条款, 请核对 / {count} lines of text are in no clause; "
            "check them"
        )
        return Finding(code=DOUBT, message=message, span=span)
    if not said:
        what = ("网页、版面文字", "words of the page")
    elif before:
        what = ("正文之前的文字", "words before the text")
    else:
        what = ("落款、附件名称等", "signature, names of attachments and the like")
    message = f"未列入条款: {what[0]} ({count} 行) / in no clause: {what[1]} ({count} lines)"
    return Finding(code=LEFT_OUT, message=message, span=span)

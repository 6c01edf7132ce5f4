"""What a document lacks as a whole: nothing came of it, or attachments that it names are not in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ingest.layout import LineKind, find_lines
from kb.models import Finding, Span
from tasks.models import Certainty, Task

_ATTACHMENT = re.compile(r"^[ \u3000]*附\s*+件\s*+\d*+\s*+[:：][^\r\n]*", re.MULTILINE)


def find_emptiness(text: str, clauses: int, tasks: Sequence[Task]) -> Iterator[Finding]:
    """Why nothing came of a document: an empty table would not say."""
    if any(t.responsibilities or t.targets or _dated(t) for t in tasks):
        return
    lines = Counter(line.kind for line in find_lines(text))
    numbered, total = lines[LineKind.MARKED], sum(lines.values())
    aside = lines[LineKind.FURNITURE] + lines[LineKind.METADATA]
    seen = (
        f"全文 {total} 行, 其中页面文字和公开信息 {aside} 行、带序号 {numbered} 行",
        f"of {total} lines {aside} are words of the page and its metadata, {numbered} are numbered",
    )
    if not clauses:
        yield Finding(
            code="no-clause",
            message=f"没有读出条款, 也就没有任务: {seen[0]}; 请核对文件是否完整, 正文是否只是图片或附件 / "
            f"no clause, so no duty: {seen[1]}; check that the file is whole and its text no "
            "picture or attachment",
        )
    elif not tasks:
        yield Finding(
            code="no-duty",
            message=f"没有读出任务: {seen[0]}; {clauses} 条条款都只是标题、引言或没有要求的文字, 请核对 / "
            f"no duty: {seen[1]}; all {clauses} clauses are headings, introductions or text that "
            "asks for nothing, check them",
        )
    else:
        yield Finding(
            code="no-duty",
            message=f"没有读出写明单位、时限或目标的任务: {seen[0]}; {clauses} 条条款读作 {len(tasks)} 项任务, "
            "都没有单位、时限和目标, 请核对 / "
            f"no duty with a unit, a date or a target: {seen[1]}; {clauses} clauses were read as "
            f"{len(tasks)} tasks without any, check them",
        )


def _dated(task: Task) -> bool:
    """Whether a task has a date of its own, not only the end of its plan."""
    return any(Certainty.INHERITED not in m.due.certainty for m in task.milestones)


def find_attachments(text: str) -> Iterator[Finding]:
    """Attachments that the document names: their text may not be in the file."""
    for match in _ATTACHMENT.finditer(text):
        name = match.group().strip()
        yield Finding(
            code="attachment",
            message=f"文件列有附件, 请核对附件正文是否在内: {name} / "
            f"an attachment is named; check that its text is in the file",
            span=Span(match.start(), match.end()),
        )

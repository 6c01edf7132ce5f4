"""What of a text is in no clause, so that nothing is left out in silence.

Reckoned from the other side: every line that neither a clause, a title, a list of members nor the
header holds is told, whatever rule passed it over.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from itertools import groupby

from ingest.layout import Line, LineKind
from kb.lexicon import WordEntry, load_lexicon
from kb.models import Finding, Span
from tasks.models import LEFT_OUT

DOUBT = "text-left-out"
"""Code of sentences in no clause: a person should look."""
_UNREAD = 40
"""Characters of lines without a sentence (a table, a list) from which on they are a doubt."""
_SENTENCE_END = re.compile(r"[。；;！!？?]")
_ASIDE = (LineKind.CLOSING, LineKind.PRESENT)


_PART = re.compile(r"[^,，。;；\n]*")
"""A part of a sentence."""


class FormulaKind(StrEnum):
    """What a pair of words says of its sentence."""

    FORMULA = "formula"  # it passes on the document that it brings
    DUTY = "duty"  # it asks for something all the same
    APPROVAL = "approval"  # it says who passed the document
    SUBJECT = "subject"  # who may do so
    REJECTION = "rejection"  # it turns down what it names: 不同意县商务局提出的方案
    OCCASION = "occasion"  # it says that the plan was made: 结合实际,制定本方案


class FormulaWords(WordEntry):
    """One of `words` with one of `then` at most `within` characters after it; `then` empty: alone."""

    kind: FormulaKind
    then: tuple[str, ...] = ()
    within: int = 0


@lru_cache
def formula(kind: FormulaKind) -> re.Pattern[str]:
    """The sentences of one kind: first word, `between` and last word."""
    entries = [e for e in load_lexicon("formula_words", FormulaWords) if e.kind is kind]
    return re.compile("|".join(map(_pattern, entries)))


@lru_cache
def find_rejected(text: str) -> list[tuple[int, int]]:
    """The parts of sentences that turn down what they name, in which nobody is asked for anything.

    >>> find_rejected("4.不同意县商务局提出的方案。"), find_rejected("如不同意,要说明理由。")
    ([(2, 14)], [])
    """
    return [
        (said.start(), part.end())
        for said in formula(FormulaKind.REJECTION).finditer(text)
        if not "一" <= text[said.start() - 1 : said.start()] <= "龥"
        and (part := _PART.match(text, said.start()))
    ]


def ending_words(kind: FormulaKind) -> tuple[str, ...]:
    """The words in which the sentences of one kind end."""
    entries = load_lexicon("formula_words", FormulaWords)
    return tuple(word for e in entries if e.kind is kind for word in e.then)


def _pattern(entry: FormulaWords) -> str:
    first, then = ("|".join(map(re.escape, words)) for words in (entry.words, entry.then))
    between = "[^。]" if entry.kind is FormulaKind.FORMULA else "[^。，,；;]"
    return f"(?:{first})" + (f"{between}{{0,{entry.within}}}?(?:{then})" if then else "")


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


def passes_on(sentence: str) -> bool:
    """Whether a sentence passes on the document that it brings and asks for nothing else."""
    asks = formula(FormulaKind.DUTY).search(sentence) and "《" not in sentence
    return formula(FormulaKind.FORMULA).search(sentence) is not None and not asks


def is_doubt(run: Sequence[Line], *, before: bool) -> bool:
    """Whether lines may be text that a clause should hold."""
    sentences = [
        sentence
        for line in run
        if line.kind not in _ASIDE and _SENTENCE_END.search(line.text)
        for sentence in re.split(r"[。！!？?]", line.text)
        if sentence.strip(" \u3000)）”")
    ]
    if not all(passes_on(sentence) for sentence in sentences):
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
    if is_doubt(said, before=before):
        message = (
            f"有 {count} 行文字没有读作条款, 请核对 / {count} lines of text are in no clause; "
            "check them"
        )
        return Finding(code=DOUBT, message=message, span=span)
    if not said:
        what = ("网页、版面文字", "words of the page")
    elif all(line.kind is LineKind.PRESENT for line in said):
        what = ("会议的出席、分发等", "who was at the meeting or gets its minutes")
    elif before:
        what = ("正文之前的文字", "words before the text")
    else:
        what = ("落款、附件名称等", "signature, names of attachments and the like")
    message = f"未列入条款: {what[0]} ({count} 行) / in no clause: {what[1]} ({count} lines)"
    return Finding(code=LEFT_OUT, message=message, span=span)

"""The words of a commitment: the sentence that a deadline governs, from the part with its date on.

They are the source's own, whole parts of a sentence, with at most the date taken out, and only where
it opens its part and what is left still says what is to be done (到2025年,|建成20所). Where too little
is left (施行, 达到90%) the date stays and the parts before it belong to it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Sequence

from ingest.columns import TIMED, Cells, ColumnKind, read_column
from ingest.deadlines import FoundDeadline
from ingest.time_events import NUMBERING, Before, EventWord, find_event_words
from kb.language.sentences import (
    after_label,
    first_sentence,
    parts,
    sentence_around,
    trimmed,
)

Pieces = tuple[tuple[int, int], ...]

_LEAST = 5
"""Characters of what is to be done (新增500张); what is shorter says nothing alone (有效, 完成, 转送)."""
_PHRASE = 4
"""Those of its first part, where more follows (组织演练,…)."""
_NAME = 2
"""Characters of what a bracket with its time is said of (受理(3个工作日))."""
_WORD = 3
"""Characters that are more than a bare verb (完成), which beside its date still says nothing."""
_NEEDS_BEFORE = (EventWord.AFTER, EventWord.AHEAD, EventWord.OF, EventWord.IS)
_LONGEST_WORD = 4
"""Characters of the words of those kinds."""
_DUTIES = (ColumnKind.TASK, ColumnKind.TARGET, ColumnKind.OTHER, ColumnKind.YEAR)
"""Columns of a table that say what is to be done, the first kind that a row has."""


def find_commitment(
    text: str,
    task: tuple[int, int],
    item: FoundDeadline | None,
    *,
    dates: Sequence[int] = (),
    bounds: Container[int] = frozenset(),
    cells: Cells,
) -> Pieces:
    """The local ranges of the words of what `item` governs in a task; of the task's first sentence
    where it stands outside or is None.

    Args:
        text: of the reading.
        task: the local range of the task.
        item: the deadline.
        dates: where all deadlines of the task begin, in order.
        bounds: where words begin that bind a number (不少于).
        cells: those of the row that the clause is.
    """
    start, end = task
    if item is None or not (start <= item.at and item.to <= end):
        return (_duty_cell(text, cells) or _below_heading(text, start, end),)
    if item.apart:
        return (_duty_cell(text, cells, item.at) or _said_of(text, start, item, end),)
    return _of_sentence(text, task, item, dates, bounds)


def words_of(text: str, pieces: Pieces) -> str:
    """The words of the pieces as one line."""
    return " ".join("".join(text[start:end] for start, end in pieces).split())


def _duty_cell(text: str, cells: Cells, at: int = -1) -> tuple[int, int] | None:
    """The first sentence of the longest cell of a row that says what is to be done, else of the cell
    that the row is about; of that where a number stands at `at` that is due by its column."""
    due = cells.at(at)
    of_column = due is not None and due.column.kind in TIMED
    for kind in _DUTIES if cells and not of_column else ():
        found = [trimmed(text, c.start, c.end) for c in cells if c.column.kind is kind]
        longest = max(found, key=lambda cell: cell[1] - cell[0], default=(0, 0))
        if longest[1] - longest[0] >= _LEAST:
            return first_sentence(text, *longest)
    named = cells.naming
    return first_sentence(text, named.start, named.end) if named else None


def _below_heading(text: str, start: int, end: int) -> tuple[int, int]:
    """The first sentence of a task, after a heading on a line of its own."""
    heading = first_sentence(text, start, end)
    if text[heading[1] : heading[1] + 1] == "\n":
        below = first_sentence(text, heading[1], end)
        if below[1] - below[0] >= _LEAST:
            return below
    return heading


def _said_of(text: str, start: int, item: FoundDeadline, end: int) -> tuple[int, int]:
    """What a time is said of that fills a cell or a bracket or is a label's value: of a bracket the
    sentence before it, else the first sentence of what it governs."""
    mark = next((p for p in range(item.at - 1, start - 1, -1) if not text[p].isspace()), start)
    at, until = max(start, item.governs[0]), min(mark, item.at)
    if text[mark : mark + 1] == "(":
        found = sentence_around(text, until, until, at, until)
        if found[1] - found[0] >= _NAME:
            return found
    while at < until:
        found = first_sentence(text, at, until)
        words = text[found[0] : found[1]].strip(NUMBERING)
        if len(words) >= _LEAST and read_column(words) is None:
            return found
        at = max(found[1], at + 1)
    return sentence_around(text, item.at, item.to, start, end)


def _of_sentence(
    text: str,
    task: tuple[int, int],
    item: FoundDeadline,
    dates: Sequence[int],
    bounds: Container[int],
) -> Pieces:
    sentence = sentence_around(text, item.at, item.to, *task)
    pieces = parts(text, *sentence)
    starts = [begin for begin, _ in pieces]
    at = own = max(0, bisect_left(starts, item.at + 1) - 1)
    low, high = bisect_left(dates, sentence[0]), bisect_left(dates, sentence[1])
    dated = {bisect_left(starts, day + 1) - 1 for day in dates[low:high]}
    shared = sum(starts[at] <= day < pieces[at][1] for day in dates[low:high]) > 1

    own = _with_conditions(text, pieces, own, dated)
    begin = after_label(text, starts[own], item.at)
    here = max(begin, starts[at])
    opens = None if shared else Before(text, item.at, low=after_label(text, here, item.at)).opened()
    rest, first = item.to, at
    while rest < sentence[1] and text[rest] in " ,":
        rest += 1
    if rest >= pieces[at][1] and at + 1 < len(pieces):
        first = at + 1  # the date is a part of its own: 2025年底前,|建成20所
    following = next((p for p in range(first + 1, len(pieces)) if p in dated), None)
    last = len(pieces) if following is None else following
    if following is not None:
        last = max(first + 1, _with_conditions(text, pieces, following, dated))
    stop = pieces[last - 1][1]
    left = trimmed(text, rest, pieces[first][1])
    if opens is not None and stop - rest >= _LEAST and _says_what(text, rest, left, bounds):
        while begin < opens and text[begin] in NUMBERING:
            begin += 1
        return ((begin, opens), (rest, stop)) if begin < opens else ((rest, stop),)
    if own == at and (opens is not None or left[1] - left[0] < _LEAST):
        back = own
        while back and back - 1 not in dated:
            back -= 1
        alone = pieces[at][1] - starts[own] - (item.to - item.at) < _WORD
        own = 0 if back == own and alone else back
    return (trimmed(text, starts[own], stop),)


def _with_conditions(
    text: str, pieces: Sequence[tuple[int, int]], own: int, dated: set[int]
) -> int:
    """The part from which on what holds of the part `own` is said: those before it that say when
    (对结果有异议的,|3日内申请复核)."""
    while own and own - 1 not in dated and _ends_in_of(text, pieces[own - 1][1]):
        own -= 1
    return own


def _ends_in_of(text: str, end: int) -> bool:
    low = end - _LONGEST_WORD
    return any(
        w.kind == EventWord.OF and low + w.end == end for w in find_event_words(text[low:end])
    )


def _says_what(text: str, rest: int, left: tuple[int, int], bounds: Container[int]) -> bool:
    """Whether what is left of a part without its date says what is to be done: it is long enough and
    begins with no mark, no word that belongs to what stood before, none that binds a number."""
    start, end = left
    if end - start < _PHRASE or start != rest or start in bounds or text[start] in "()、-~/":
        return False
    near = find_event_words(text[start : start + _LONGEST_WORD])
    return not any(w.start == 0 and w.kind in _NEEDS_BEFORE for w in near)

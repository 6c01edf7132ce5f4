"""Sentences and their parts: where a stretch of text may be cut so that what is left can be read.

A sentence ends at a stop, a line or the cell of a table; a part of it at a comma that stands in no
bracket. A list (甲、乙和丙) is never cut.
"""

from __future__ import annotations

STOPS = frozenset("。；;!！?？\n|\t｜")
"""What ends a sentence."""
_WITHIN = frozenset("。；;")
"""Stops that may stand in a bracket and end no sentence there (县卫健局;县疾控中心)."""
_COMMAS = frozenset(",，")
_COLONS = frozenset(":：")
_OPEN = {"(": ")", "（": "）", "[": "]", "〔": "〕", "【": "】", "《": "》"}
_CLOSED = frozenset(_OPEN.values())
EDGES = frozenset(" ,;。:、\n\t|，；：｜*\u3000")
"""What may stand before and after a sentence and is none of it."""
_MARKS = frozenset("→➔—–-●•○◆■▪▶▍")
"""What leads to a sentence and is none of it."""
LONGEST = 400
"""Characters of a sentence on each side of a place that are printed whole: of the 1,355 commitments of the
notice, the open documents and the tests' texts the longest has 174."""


def sentence_around(text: str, start: int, end: int, low: int, high: int) -> tuple[int, int]:
    """The sentence within `text[low:high]` that holds `[start, end)`, as far as `LONGEST` on each
    side: what is longer ends at its last comma before that."""
    first, last = max(low, start - LONGEST), min(high, end + LONGEST)
    begin = next((p + 1 for p in range(start - 1, first - 1, -1) if text[p] in STOPS), first)
    if text[begin - 1 : begin] in _WITHIN and (opened := _opened(text, first, begin, last)):
        begin = next((p + 1 for p in range(opened - 1, first - 1, -1) if text[p] in STOPS), first)
    if begin == first > low:
        begin = next((p + 1 for p in range(first, start) if text[p] in _COMMAS), start)
    stop = _stop(text, begin, end, last)
    if stop == last < high:
        stop = next((p for p in range(last - 1, end - 1, -1) if text[p] in _COMMAS), last)
    return trimmed(text, begin, stop)


def _opened(text: str, first: int, at: int, last: int) -> int | None:
    """Where the bracket opens that holds the stop before `at` and closes later."""
    depth = 0
    for place in range(at - 1, first - 1, -1):
        if text[place] in _CLOSED:
            depth += 1
        elif text[place] in _OPEN:
            if not depth:
                return place if _closes(text, at, last) else None
            depth -= 1
        elif text[place] == "\n":
            return None
    return None


def _closes(text: str, at: int, last: int) -> bool:
    """Whether a bracket that is open at a place closes before a line ends or another opens."""
    turn = _turn(text, at, last)
    return turn < last and text[turn] in _CLOSED


def _turn(text: str, at: int, last: int) -> int:
    """Where the next bracket opens or closes, or the line ends."""
    return next(
        (p for p in range(at, last) if text[p] in _CLOSED or text[p] in _OPEN or text[p] == "\n"),
        last,
    )


def _stop(text: str, begin: int, end: int, last: int) -> int:
    """Where the sentence from `begin` ends, after `end`; a stop in a bracket that closes is none."""
    depth, turn = 0, begin
    for at in range(begin, last):
        depth += (text[at] in _OPEN) - (text[at] in _CLOSED and depth > 0)
        if at < end or text[at] not in STOPS:
            continue
        if not depth:
            return at
        if turn <= at:
            turn = _turn(text, at, last)
        if turn == last or text[turn] not in _CLOSED:
            return at
    return last


def first_sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """The first sentence of `text[start:end]`; empty where nothing stands there."""
    while start < end and text[start] in EDGES:
        start += 1
    return sentence_around(text, start, start, start, end) if start < end else (start, start)


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """`[start, end)` without the marks at its edges, nor what is left of a bracket before it."""
    while start < end and (text[start] in EDGES or text[start] in _CLOSED or text[start] in _MARKS):
        start += 1
    while end > start and text[end - 1] in EDGES:
        end -= 1
    return start, end


def parts(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The parts of a sentence at `[start, end)`, without the commas between them.

    >>> [slice(*part) for part in parts("甲(乙,丙),丁", 0, 8)]
    [slice(0, 6, None), slice(7, 8, None)]
    """
    found: list[tuple[int, int]] = []
    depth, begin = 0, start
    for at in range(start, end):
        character = text[at]
        depth += (character in _OPEN) - (character in _CLOSED and depth > 0)
        if character in _COMMAS and not depth:
            found.append((begin, at))
            begin = at + 1
    return [*found, (begin, end)]


def after_label(text: str, start: int, end: int) -> int:
    """Where what follows the last colon of `text[start:end]` begins; `start` where none stands."""
    return next((p + 1 for p in range(end - 1, start - 1, -1) if text[p] in _COLONS), start)

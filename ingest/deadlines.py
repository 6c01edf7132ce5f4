"""Deadlines of a clause: which of its times bind a duty, and which stretch of text each governs."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from ingest.classifier import INSTALLED, OTHER, Decision, Models, Use
from ingest.columns import (
    DATED,
    LONGEST_NAME,
    NO_CELLS,
    TIMED,
    Cell,
    Cells,
    ColumnKind,
    read_column,
    time_of,
)
from ingest.reading import Reading
from ingest.recurrences import with_bounds
from ingest.superseded import find_changes
from ingest.surroundings import STOPS
from ingest.time_events import Before, Event, EventWord, event_of, is_issue
from ingest.time_features import TimeScene
from kb.durations import days_step, parse_duration, within_a_day
from kb.language.engine import Grammar, Token, best
from kb.language.time_grammar import grammar
from kb.language.times import Bound, Time, TimeKind, find_times, may_hold_times
from kb.lexicon import WordEntry, load_lexicon
from kb.models import Period, Span
from kb.ranges import Ranges
from tasks.models import Certainty, Counting, Deadline, DueKind, Pace

_SENTENCE = re.compile(r"[^。!?\n]+[。!?\n]?")
_BARE_YEARS = re.compile(r"(?<!\d)(20\d\d)\s*+[-—–~]++\s*+(20\d\d)(?!\d)")
_CELLS = ("|", "\t")
_CELL_ENDS = ("", "\n", *_CELLS)
_LABEL_EDGES = frozenset("。;,:(\n|\t")
_VALUE_ENDS = (")", ";", "。", *_CELL_ENDS)
_SPACES = 4
"""White space beside a time in its cell or bracket."""
_LONGEST_PERIOD = 30
"""Years of a plan; 规划 reach 15 years ahead (2021—2035年)."""
_OF_CALENDAR = (TimeKind.POINT, TimeKind.INTERVAL, TimeKind.BEFORE, TimeKind.SINCE)


@dataclass(frozen=True, slots=True)
class FoundDeadline:
    """A deadline at the local range `[at, to)`; it governs the local range `governs`. `apart`: it
    stands apart from the sentences, in a cell or bracket of its own or after a label."""

    at: int
    to: int
    due: Deadline
    governs: tuple[int, int]
    apart: bool = False


def parse_period(reading: Reading) -> Period | None:
    """The years that a plan's title and the lines under it name: (2022—2027年), 十四五, 2018-2020."""
    text = reading.text
    found = [
        (m.start, m.end, m.first.year, m.last.year)
        for m in find_times(text)
        if m.kind is TimeKind.INTERVAL and m.first and m.last and _whole_years(m.first, m.last)
    ]
    found += [(*m.span(), int(m.group(1)), int(m.group(2))) for m in _BARE_YEARS.finditer(text)]
    for start, end, first, last in sorted(found, key=lambda f: (f[0], -f[1])):
        if first <= last <= first + _LONGEST_PERIOD:
            span = reading.span(start, end)
            return Period(start=date(first, 1, 1), end=date(last, 12, 31), span=span)
    return None


def _whole_years(first: date, last: date) -> bool:
    return (first.month, first.day, last.month, last.day) == (1, 1, 12, 31)


def clause_times(
    reading: Reading, *, reference: date | None, cells: Cells = NO_CELLS
) -> list[Time]:
    """All times of a reading; nothing is parsed where no character of the calendar stands. In the
    `cells` of a column of times figures alone are one."""
    if not may_hold_times(reading.text):
        return []
    shown = [(cell.start, cell.end) for cell in cells if cell.column.kind in DATED]
    return find_times(reading.text, reference=reference, shown=shown)


def read_times(
    reading: Reading,
    *,
    closed: Sequence[tuple[int, int]] = (),
    parties: Sequence[tuple[int, int]] = (),
    issued: date | None = None,
    reference: date | None = None,
    title: str = "",
    heading: str = "",
    times: Sequence[Time] | None = None,
    preamble: bool = False,
    cells: Cells = NO_CELLS,
    models: Models = INSTALLED,
) -> list[Use[Time]]:
    """The times of `reading` in order that are or may be deadlines, each with its kind; with
    `models.why` all of them, those that are nothing as `other`.

    `closed` are local ranges (names of documents, lists of owners) in which nothing is a deadline;
    `parties` where bodies are named; `issued` is the document's day, `reference` that from which
    years are counted where none is printed; `times` those of the reading, where they were found
    already; `cells` those of the row that it is. What a time was before it was changed is nothing.
    """
    shut = Ranges(closed)
    found = clause_times(reading, reference=reference or issued) if times is None else times
    free = [t for t in found if not shut.overlap(t.start, t.end)]
    if not free:
        return []
    scene = TimeScene(
        reading.text,
        free,
        issued=issued or reference,
        title=title,
        heading=heading,
        preamble=preamble,
        parties=parties,
    )
    uses = models.decide_all(
        "time_use", free, lambda place: [*scene.features(place), *cells.features(free[place].start)]
    )
    uses = [
        replace(use, mention=with_bounds(reading.text, use.mention, found, parties))
        if use.mention.kind is TimeKind.RECURRING
        else use
        for use in _with_cells(free, uses, cells, issued or reference)
    ]
    return _with_changes(reading.text, free, uses, issued or reference, models)


def _with_cells(
    times: Sequence[Time], uses: list[Use[Time]], cells: Cells, issued: date | None
) -> list[Use[Time]]:
    """The uses of `times` where one fills a cell of a column of times: it is when its row begins, or
    is due, where that does not lie before the document's day."""
    decided = {use.mention.start: use for use in uses}
    for time in times:
        cell = cells.at(time.start)
        if cell is None or cell.column.kind not in DATED:
            continue
        if (event := _ends_before(cells, cell, time)) is not None:
            until = replace(time, kind=TimeKind.BEFORE, bound=Bound.BEFORE, end=cell.end)
            decided[time.start] = Use(replace(until, event=event), (), _IN_CELL)
            continue
        if not _fills(cells, cell, time):
            continue
        use = decided.get(time.start)
        starts = cell.column.kind is ColumnKind.START
        coming = time.last is not None and (starts or issued is None or time.last >= issued)
        told = use is not None and use.decision.label not in (None, OTHER)
        if coming and not told and time.kind in _OF_CALENDAR:
            decided[time.start] = replace(use or Use(time, (), _IN_CELL), decision=_IN_CELL)
    return [decided[start] for start in sorted(decided)]


def _ends_before(cells: Cells, cell: Cell, time: Time) -> tuple[int, int] | None:
    """The event that a cell names within a year, before which its row is due (2026年|秋播整地|前)."""
    words = cells.words(cell)
    rest = words[time.end - cell.start :]
    closing = max((w for w in words_before() if rest.endswith(w)), key=len, default="")
    named = rest.removesuffix(closing).strip()
    if time.start > cell.start or time.kind is not TimeKind.POINT or time.bound or not closing:
        return None
    whole = time.first and time.last and (time.last - time.first).days >= _YEAR
    if not whole or not 0 < len(named) <= _LONGEST_EVENT or not named.isalpha():
        return None
    return time.start, cell.end - len(closing)


@lru_cache
def words_before() -> tuple[str, ...]:
    """The words that put a time before another: 前, 之前."""
    return tuple(grammar().words_of("before"))


_YEAR = 364
_LONGEST_EVENT = 12
"""Characters of an event that the cell of a time names."""


def _fills(cells: Cells, cell: Cell, time: Time) -> bool:
    words = cells.words(cell)
    return not (words[: time.start - cell.start] + words[time.end - cell.start :]).strip()


def _with_changes(
    text: str,
    times: Sequence[Time],
    uses: list[Use[Time]],
    issued: date | None,
    models: Models,
) -> list[Use[Time]]:
    """The uses of `times` where one was changed for another: what held before is nothing, the day that
    holds now is one by which, unless it lies before the document's."""
    changes = find_changes(text, times)
    if not changes.now:
        return uses
    decided = {use.mention.start: use for use in uses}
    for place in changes.before:
        use = decided.pop(times[place].start, None)
        if use is not None and models.why:
            decided[times[place].start] = replace(use, decision=_SUPERSEDED)
    for place in changes.now:
        time = times[place]
        coming = time.last is not None and (issued is None or time.last >= issued)
        if coming and time.kind in (TimeKind.POINT, TimeKind.BEFORE):
            use = decided.get(time.start) or Use(time, (), _CHANGED)
            decided[time.start] = replace(use, decision=_CHANGED)
    return [decided[start] for start in sorted(decided)]


_SUPERSEDED = Decision(OTHER, 1.0, (("superseded", 1.0),))
_IN_CELL = Decision(DueKind.BY, 1.0, (("cell-of-times", 1.0),))
_CHANGED = Decision(DueKind.BY, 1.0, (("changed", 1.0),))


def find_deadlines(
    reading: Reading,
    uses: Sequence[Use[Time]],
    *,
    issued: date | None,
    period: Period | None,
    parties: Sequence[tuple[int, int]] = (),
    cells: Cells = NO_CELLS,
) -> list[FoundDeadline]:
    """The deadlines among the times of `reading`, in order; of a row with these `cells`, one in a
    column of times governs all of it.

    `issued` is the document's date: it resolves 印发之日起30日内; a stretch that is the plan's own
    `period` is no deadline of a clause. `parties`: local ranges, in order, where bodies stand; an
    event does not hold them (安全环保部|接报|后30分钟内). `cells`: those of the row that it is.
    """
    found: list[tuple[Time, Deadline]] = []
    event: Event | None = None
    for use in uses:
        if found and not STOPS.isdisjoint(reading.text[found[-1][0].end : use.mention.start]):
            event = None
        own = event_of(reading.text, use.mention, parties) if use.mention.duration else None
        event = own or event
        begins = _begins(reading.text, use.mention, cells)
        made = _deadline(reading, use, issued, period, event, begins=begins)
        if made is None:
            continue
        at, due = made
        if use.mention.duration and own is None:
            at = use.mention.start
        to = use.mention.end
        certainty = list(due.certainty)
        if reading.is_repaired(at, to):
            certainty = [c for c in certainty if c is not Certainty.EXPLICIT]
            certainty.insert(0, Certainty.REPAIRED)
        read = {"span": reading.span(at, to), "certainty": tuple(certainty)}
        found.append((replace(use.mention, start=at, end=to), due.model_copy(update=read)))
    return list(_with_ranges(reading.text, found, cells))


def find_column_deadlines(
    numbers: Sequence[int],
    cells: Cells,
    found: Sequence[FoundDeadline],
    *,
    reference: date | None,
) -> Iterator[FoundDeadline]:
    """The days by which the numbers that stand at `numbers` are to be reached, by the heads of their
    columns: 2030年, 上半年. Their spans are those of the heads. Under 年度目标 an earlier day that was
    `found` in the row holds."""
    own = [deadline.due.date for deadline in found if deadline.due.date is not None]
    for number in numbers:
        cell = cells.at(number)
        if cell is None or cell.column.kind not in TIMED:
            continue
        time = time_of(cell.column, reference)
        if time is None or time.last is None:
            continue
        if time.assumed and any(day < time.last for day in own):
            continue
        kind = DueKind.BY if time.bound or time.first is None else DueKind.IN
        start = None if kind is DueKind.BY else time.first
        span = Span(time.start, time.end)
        due = Deadline(kind=kind, date=time.last, start=start, certainty=_plain(time), span=span)
        yield FoundDeadline(cell.start, cell.end, due, (cell.start, cell.end), apart=True)


def find_yearless(
    times: Sequence[Time], closed: Sequence[tuple[int, int]] = ()
) -> list[tuple[int, int]]:
    """Local ranges of the times of a calendar of which nothing says the year, so that no day can be
    read of them, whatever they are used for: what a use is decided by, the years, is missing."""
    open_ = [t for t in times if t.kind in _OF_CALENDAR and t.first is None and t.last is None]
    shut = Ranges(closed) if open_ else Ranges(())
    return [(t.start, t.end) for t in open_ if not t.of_issue and not shut.overlap(t.start, t.end)]


def _deadline(
    reading: Reading,
    use: Use[Time],
    issued: date | None,
    period: Period | None,
    event: Event | None,
    *,
    begins: bool = False,
) -> tuple[int, Deadline] | None:
    """Where the deadline begins, and the deadline that was decided; None where its words give no
    such value. `event`: what a length runs from, its own or that of one before it in its sentence
    (印发后1个月内制定细则，3个月内完成摸底). `begins`: it stands under or after a word that says that
    something begins then (开工时间)."""
    time, label = use.mention, use.decision.label
    if label is None or label == OTHER or (time.of_issue and issued is None):
        return None
    if time.kind is TimeKind.RECURRING or (time.rrule and time.last):
        return (time.start, _recurring(reading, time)) if time.rrule else None
    before = Before(reading.text, time.start)
    if time.event is not None:
        return time.start, _before_event(reading, time, time.event)
    if time.duration:
        return _relative(reading, time, event, issued)
    if begins or (label == DueKind.START and time.first is not None):
        day = time.first or time.last
        due = Deadline(kind=DueKind.START, date=day, start=day, certainty=_plain(time))
        return (time.start, due) if day else None
    if time.last is None:
        return None
    if period and (time.first, time.last) == (period.start, period.end):
        return None
    if before.bounds_validity():
        start = time.first if time.first != time.last else None
        due = Deadline(kind=DueKind.PERIOD, date=time.last, start=start, certainty=_plain(time))
        return time.start, due
    at = before.lead()
    bounded = time.bound in (Bound.BEFORE, Bound.EDGE, Bound.WITHIN)
    if bounded or at < time.start or (label == DueKind.BY and time.first is None):
        return at, Deadline(kind=DueKind.BY, date=time.last, certainty=_plain(time))
    kind = DueKind.BY if label == DueKind.BY else DueKind.IN
    start = None if kind is DueKind.BY else time.first
    return time.start, Deadline(kind=kind, date=time.last, start=start, certainty=_plain(time))


def _recurring(reading: Reading, time: Time) -> Deadline:
    """A recurrence, in the stretch and during what its sentence says."""
    said: dict[str, Any] = {"start": time.first, "date": time.last}
    if time.first or time.last:
        said["certainty"] = _plain(time)
    if time.event is not None:
        start, end = time.event
        said |= {"event": reading.text[start:end], "event_span": reading.span(start, end)}
    return Deadline(kind=DueKind.RECURRING, rrule=time.rrule, **said)


def _before_event(reading: Reading, time: Time, event: tuple[int, int]) -> Deadline:
    """What is due before a season or an event of which no calendar says the day."""
    return Deadline(
        kind=DueKind.RELATIVE,
        duration=_NO_LENGTH,
        event=reading.text[slice(*event)],
        event_span=reading.span(*event),
        ahead=True,
    )


_NO_LENGTH = "P0D"


def _plain(mention: Time) -> tuple[Certainty, ...]:
    """How sure the day of a time is."""
    doubts = ((Certainty.AMBIGUOUS, mention.ambiguous), (Certainty.ASSUMED_YEAR, mention.assumed))
    return tuple(doubt for doubt, holds in doubts if holds) or (Certainty.EXPLICIT,)


def _relative(
    reading: Reading, mention: Time, event: Event | None, issued: date | None
) -> tuple[int, Deadline]:
    """A length after its event, which may be left unsaid; of a range (3至5日内) the upper end."""
    length = mention.duration_max or mention.duration
    due = Deadline(
        kind=DueKind.RELATIVE,
        duration=length,
        duration_from=mention.duration if mention.duration_max else None,
        counting=Counting.WORKING_DAYS if mention.working_days else Counting.DAYS,
        ahead=mention.bound is Bound.AHEAD,
    )
    if event is None:
        return mention.start, due
    words = reading.text[event.start : event.end]
    amounts = parse_duration(length or "") or {}
    counted = amounts and not mention.working_days and not within_a_day(amounts)
    read: dict[str, Any] = {
        "ahead": due.ahead or event.ahead,
        "event": words,
        "event_span": reading.span(event.start, event.end),
    }
    if issued is not None and counted and not event.ahead and is_issue(words):
        read |= {"kind": DueKind.BY, "date": issued + days_step(amounts)}
    return event.opens, due.model_copy(update=read)


def _with_ranges(
    text: str, found: Sequence[tuple[Time, Deadline]], cells: Cells
) -> Iterator[FoundDeadline]:
    """Give each deadline the stretch it governs.

    One that opens a paragraph governs it up to the next deadline that opens a sentence; another
    governs from its part of the sentence to the next deadline; one at the end of its part
    (…，2020年底前完成) governs back to the part's start.
    """
    closed = 0  # where the last that is set apart ends
    paragraphs = [(m.start(), m.end()) for m in re.finditer(r"[^\n]+", text)]
    sentences = [(m.start(), m.end()) for m in _SENTENCE.finditer(text)]
    sentence_starts = [s for s, _ in sentences]
    paragraph_starts = [s for s, _ in paragraphs]
    for index, (mention, due) in enumerate(found):
        sentence = sentences[max(0, bisect_right(sentence_starts, mention.start) - 1)]
        paragraph = paragraphs[max(0, bisect_right(paragraph_starts, mention.start) - 1)]
        previous = found[index - 1][0].end if index else 0
        following = found[index + 1][0].start if index + 1 < len(found) else len(text)
        following = max(following, mention.end)  # 每年…之日起30日内: its event may hold this one
        if (whole := _set_apart(text, mention, closed, cells)) is not None:
            closed = closed if due.kind is DueKind.START else whole[1]
            yield FoundDeadline(mention.start, mention.end, due, whole, apart=True)
            continue
        opens = Before(text, mention.start).opens()
        begin = max(sentence[0], previous) if previous > sentence[0] else sentence[0]
        if Before(text, mention.start).ends_at(mention.start, EventWord.SHARE) is not None:
            begin = mention.start  # 建成60座,其中2026年30座
        if opens and due.kind in (DueKind.BY, DueKind.IN, DueKind.START):
            end = min(_next_opening(text, found, index, sentences, sentence_starts), paragraph[1])
            end = min(end, following) if following < sentence[1] else end
            yield FoundDeadline(mention.start, mention.end, due, (mention.start, end))
            continue
        cut = max(text.rfind(";", begin, mention.start) + 1, begin)
        stop = min(sentence[1], following)
        semicolon = text.find(";", mention.end, stop)
        if semicolon >= 0:
            stop = semicolon
        yield FoundDeadline(mention.start, mention.end, due, (cut, stop))


def _set_apart(
    text: str, mention: Time | Token, closed: int, cells: Cells
) -> tuple[int, int] | None:
    """What a time governs that is set apart from the sentences: its row, where it stands in a column
    of times or fills a cell; all that stands before it from `closed` on, where it fills a bracket at
    the end of words or is the value of a label of times (完成时限:年底). None for another."""
    cell = cells.at(mention.start)
    if cell is not None and cell.column.kind is ColumnKind.START:
        return cell.start, cell.end  # nothing else of the row is to be reached by then
    if cell is not None and (
        cell.column.kind is ColumnKind.TIME
        or not text[cell.start : mention.start].strip() + text[mention.end : cell.end].strip()
    ):
        return 0, len(text)
    before = text[max(0, mention.start - _SPACES) : mention.start].rstrip(" *")[-1:]
    after = text[mention.end : mention.end + _SPACES].lstrip(" *")[:1]
    if before == "(" and after == ")":
        beyond = text[mention.end : mention.end + _SPACES].partition(")")[2].lstrip()[:1]
        # 攻坚阶段(2027年):完成60项, 雨季(6月至8月)播种灌木: it is of the sentence around it.
        return None if beyond == ":" or "一" <= beyond <= "龥" else (closed, mention.end)
    if before == ":" and after in _VALUE_ENDS:
        if (kind := _labelled(text, mention.start)) is ColumnKind.TIME:
            return closed, mention.end
        if kind is ColumnKind.START:
            return mention.start, mention.end
    if before in _CELLS and after in _VALUE_ENDS:  # of a table without a head
        line = text.rfind("\n", max(0, mention.start - _ROW), mention.start) + 1
        return max(closed, line), mention.end
    return None


_ROW = 2000
"""Characters of a row before a cell that are looked at, so that the work is linear."""


def _labelled(text: str, at: int) -> ColumnKind | None:
    """What the label right before a place heads: times (完成时限:), those at which something begins
    (开工时间:); None where it says what happens then (网上报名:)."""
    colon = text.rfind(":", 0, at)
    low = max(0, colon - LONGEST_NAME)
    begin = next((p + 1 for p in range(colon - 1, low - 1, -1) if text[p] in _LABEL_EDGES), low)
    column = read_column(text[begin:colon])
    return column.kind if column is not None and column.kind in DATED else None


def _begins(text: str, time: Time, cells: Cells) -> bool:
    """Whether a time stands in a column of times at which something begins, or after such a label."""
    if (cell := cells.at(time.start)) is not None:
        return cell.column.kind is ColumnKind.START
    labelled = text[max(0, time.start - _SPACES) : time.start].rstrip(" *").endswith(":")
    return labelled and _labelled(text, time.start) is ColumnKind.START


def find_unread(
    cells: Cells, found: Sequence[FoundDeadline], told: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Local ranges of the cells of a column of times in which nothing says when: neither one of the
    deadlines `found` nor what a finding tells (`told`) stands there, nor a word for how the duty
    goes. One that says only that something has begun (已开工) is none."""
    for cell in cells:
        words = cells.words(cell)
        if cell.column.kind not in DATED or _BLANK.fullmatch(words):
            continue
        if cell.column.kind is ColumnKind.START and not _NUMERAL.search(words):
            continue
        places = [*((d.at, d.to) for d in found), *told]
        if any(start < cell.end and cell.start < end for start, end in places):
            continue
        if find_pace(words, cells=Cells((Cell(0, len(words), cell.column),), words)) is None:
            yield cell.start, cell.end


_BLANK = re.compile(r"[-—–/\\\s]*")
_NUMERAL = re.compile(r"\d")


class PaceWords(WordEntry):
    """Words that say in place of a day how a duty goes, with texts in which they do and do not."""

    kind: Pace


@lru_cache
def _paces() -> Grammar:
    grammar = Grammar()
    for entry in load_lexicon("time_paces", PaceWords):
        for word in entry.words:
            grammar.word(word, "pace", entry.kind)
    return grammar


def find_pace(
    text: str, start: int = 0, end: int | None = None, cells: Cells = NO_CELLS
) -> Pace | None:
    """How a duty at `text[start:end]` goes by the word that stands where its day would: in a cell, a
    bracket, after a label (完成时限:长期坚持). None where no such word stands so."""
    whole = text[:end]
    words = best(_paces().words_in(whole[start:]), frozenset({"pace"}))
    placed = (replace(w, start=start + w.start, end=start + w.end) for w in words)
    return next((w.value for w in placed if _set_apart(whole, w, 0, cells) is not None), None)


def _next_opening(
    text: str,
    found: Sequence[tuple[Time, Deadline]],
    index: int,
    sentences: Sequence[tuple[int, int]],
    starts: Sequence[int],
) -> int:
    for later in range(index + 1, len(found)):
        mention, due = found[later]
        if due.kind is DueKind.RECURRING or due.kind is DueKind.RELATIVE:
            continue
        sentence = sentences[max(0, bisect_right(starts, mention.start) - 1)]
        return (
            sentence[0]
            if sentence[0] > found[index][0].start
            else max(mention.start, found[index][0].end)
        )
    return len(text)

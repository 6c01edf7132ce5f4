"""Deadlines of a clause: which of its times bind a duty, and which stretch of text each governs."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from dateutil.relativedelta import relativedelta

from ingest.classifier import INSTALLED, OTHER, Models, Use
from ingest.columns import NO_CELLS, Cells
from ingest.reading import Reading
from ingest.time_features import TimeScene
from kb.language.times import Bound, Time, TimeKind, find_times, may_hold_times
from kb.models import Period
from kb.ranges import Ranges
from tasks.models import Certainty, Counting, Deadline, DueKind

_SENTENCE = re.compile(r"[^。!?\n]+[。!?\n]?")
_TO = re.compile(r"(?:截至|截止到?|到|至)$")
_EVENT = re.compile(
    r"(?:自|从|在|于)?(?P<event>[一-龥\"、]{2,24}?)(?:之日|当日|当天)?(?:起|后|之后|以后)(?:的)?(?:,)?$"
)
_ISSUE = re.compile(
    r"(?:本?(?:通知|意见|方案|办法|文件|计划|规定)?(?:印发|发布|公布|下发|施行|实施)|本?(?:通知|意见|方案|办法|文件|计划|规定))"
)
_DATED = (DueKind.BY, DueKind.IN, DueKind.START, DueKind.PERIOD)


@dataclass(frozen=True, slots=True)
class FoundDeadline:
    """A deadline at the local range `[at, to)`; it governs the local range `governs`."""

    at: int
    to: int
    due: Deadline
    governs: tuple[int, int]


def parse_period(reading: Reading) -> Period | None:
    """The years that a plan's title and the lines under it name: (2022—2027年), 2018-2020年."""
    text = reading.text
    pattern = re.compile(
        r"(?P<a>20\d\d)\s*+年?\s*+(?:-|—|~|至|到|－)++\s*+(?P<b>20\d\d)\s*年?(?!\d)"
    )
    for match in pattern.finditer(text):
        first, last = int(match.group("a")), int(match.group("b"))
        if first <= last <= first + 30:
            span = reading.span(match.start(), match.end())
            return Period(start=date(first, 1, 1), end=date(last, 12, 31), span=span)
    for mention in find_times(text):
        word = text[mention.start : mention.end]
        if (
            mention.first
            and mention.last
            and "五" in word
            and mention.last.year - mention.first.year == 4
        ):
            return Period(
                start=mention.first, end=mention.last, span=reading.span(mention.start, mention.end)
            )
    return None


def clause_times(reading: Reading, *, reference: date | None) -> list[Time]:
    """All times of a reading; nothing is parsed where no character of the calendar stands."""
    return find_times(reading.text, reference=reference) if may_hold_times(reading.text) else []


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
    cells: Cells = NO_CELLS,
    models: Models = INSTALLED,
) -> list[Use[Time]]:
    """The times of `reading` in order that are or may be deadlines, each with its kind; with
    `models.why` all of them, those that are nothing as `other`.

    `closed` are local ranges (names of documents, lists of owners) in which nothing is a deadline;
    `parties` where bodies are named; `issued` is the document's day, `reference` that from which
    years are counted where none is printed; `times` those of the reading, where they were found
    already; `cells` those of the row that it is.
    """
    shut = Ranges(closed)
    found = clause_times(reading, reference=reference or issued) if times is None else times
    free = [t for t in found if not shut.overlap(t.start, t.end)]
    if not free:
        return []
    scene = TimeScene(
        reading.text, free, issued=issued, title=title, heading=heading, parties=parties
    )
    return models.decide_all(
        "time_use", free, lambda place: [*scene.features(place), *cells.features(free[place].start)]
    )


def find_deadlines(
    reading: Reading, uses: Sequence[Use[Time]], *, issued: date | None, period: Period | None
) -> list[FoundDeadline]:
    """The deadlines among the times of `reading`, in order.

    `issued` is the document's date: it resolves 印发之日起30日内; a stretch that is the plan's own
    `period` is no deadline of a clause.
    """
    found: list[tuple[Time, Deadline]] = []
    for use in uses:
        made = _deadline(reading.text, use, issued, period)
        if made is None:
            continue
        at, due = made
        to = use.mention.end
        certainty = list(due.certainty)
        if reading.is_repaired(at, to):
            certainty = [c for c in certainty if c is not Certainty.EXPLICIT]
            certainty.insert(0, Certainty.REPAIRED)
        read = {"span": reading.span(at, to), "certainty": tuple(certainty)}
        found.append((replace(use.mention, start=at, end=to), due.model_copy(update=read)))
    return list(_with_ranges(reading.text, found))


def find_yearless(uses: Sequence[Use[Time]]) -> list[tuple[int, int]]:
    """Local ranges of the deadlines of a document without any year: no day can be read of them."""
    return [
        (use.mention.start, use.mention.end)
        for use in uses
        if use.decision.label in _DATED and use.mention.first is None and use.mention.last is None
    ]


def _deadline(
    text: str, use: Use[Time], issued: date | None, period: Period | None
) -> tuple[int, Deadline] | None:
    """Where the deadline begins, and the deadline that was decided; None where its words give no
    such value."""
    time, label = use.mention, use.decision.label
    if label is None or label == OTHER:
        return None
    if time.kind is TimeKind.RECURRING:
        rule = time.rrule
        return (time.start, Deadline(kind=DueKind.RECURRING, rrule=rule)) if rule else None
    if time.duration:
        left = re.split(r"[。;!?\n]", text[max(0, time.start - 30) : time.start])[-1]
        return _relative(time, left, issued)
    if label == DueKind.START and time.first is not None:
        return time.start, Deadline(
            kind=DueKind.START, date=time.first, start=time.first, certainty=_plain(time)
        )
    if time.last is None:
        return None
    if period and (time.first, time.last) == (period.start, period.end):
        return None
    left = text[max(0, time.start - 8) : time.start]
    lead = _TO.search(left)
    at = time.start - len(lead.group()) if lead else time.start
    bounded = time.bound in (Bound.BEFORE, Bound.EDGE, Bound.WITHIN)
    if bounded or lead or (label == DueKind.BY and time.first is None):
        return at, Deadline(kind=DueKind.BY, date=time.last, certainty=_plain(time))
    kind = DueKind.BY if label == DueKind.BY else DueKind.IN
    start = None if kind is DueKind.BY else time.first
    return time.start, Deadline(kind=kind, date=time.last, start=start, certainty=_plain(time))


def _plain(mention: Time) -> tuple[Certainty, ...]:
    """How sure the day of a time is."""
    doubts = ((Certainty.AMBIGUOUS, mention.ambiguous), (Certainty.ASSUMED_YEAR, mention.assumed))
    return tuple(doubt for doubt, holds in doubts if holds) or (Certainty.EXPLICIT,)


def _relative(mention: Time, left: str, issued: date | None) -> tuple[int, Deadline]:
    """A length after the event whose words end before it; the event may be left unsaid."""
    counting = Counting.WORKING_DAYS if mention.working_days else Counting.DAYS
    event = _EVENT.search(left)
    words = (
        re.split(r"自|从|,|、(?=[一-龥]{0,6}$)", event.group("event"))[-1].strip('"')
        if event
        else ""
    )
    if not words:
        return mention.start, Deadline(
            kind=DueKind.RELATIVE, duration=mention.duration, counting=counting
        )
    begins = left.rfind(words)
    start = mention.start - len(left) + begins
    if begins and left[begins - 1] in "自从":
        start -= 1
    if _ISSUE.fullmatch(words) and issued is not None and not mention.working_days:
        due = issued + _length(mention.duration or "P0D")
        return start, Deadline(kind=DueKind.BY, date=due, duration=mention.duration, event=words)
    return start, Deadline(
        kind=DueKind.RELATIVE, duration=mention.duration, counting=counting, event=words
    )


def _length(duration: str) -> relativedelta:
    parts = {code: int(float(n)) for n, code in re.findall(r"([\d.]+)([YMWD])", duration)}
    return relativedelta(
        years=parts.get("Y", 0),
        months=parts.get("M", 0),
        weeks=parts.get("W", 0),
        days=parts.get("D", 0),
    )


def _with_ranges(text: str, found: Sequence[tuple[Time, Deadline]]) -> Iterator[FoundDeadline]:
    """Give each deadline the stretch it governs.

    One that opens a paragraph governs it up to the next deadline that opens a sentence; another
    governs from its part of the sentence to the next deadline; one at the end of its part
    (…，2020年底前完成) governs back to the part's start.
    """
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
        opens = not re.search(
            r"[^\s,，、:(（)）一二三四五六七八九十\d.]",
            text[max(sentence[0], mention.start - 12) : mention.start]
            .replace("力争", "")
            .replace("确保", ""),
        )
        begin = max(sentence[0], previous) if previous > sentence[0] else sentence[0]
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

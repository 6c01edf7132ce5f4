"""Deadlines of a clause: which of its times bind a duty, and which stretch of text each governs."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from ingest.reading import Reading
from kb.language.times import Bound, Time, TimeKind, find_times
from kb.models import Period
from kb.ranges import Ranges
from tasks.models import Certainty, Counting, Deadline, DueKind

_SENTENCE = re.compile(r"[^。!?\n]+[。!?\n]?")
_TO = re.compile(r"(?:到|至|截至|截止到?|力争到?|确保到?|争取到?|于|在|就|,)$")
_PAST = re.compile(r"以来|以前年度|年度(?:的|报告|总结)|版|修订|修正|印发|公布|发布|施行后|号\b")
_BACKGROUND = re.compile(r"(?:截[至止]|自|从|早在|始于|与|较|比|相比|同比|以)$")
_BEFORE_EVENT = re.compile(r"(?:自|从|在|于)?(?P<event>[一-龥、]{2,24}?)(?:之日)?起?$")
_EVENT = re.compile(
    r"(?:自|从|在|于)?(?P<event>[一-龥\"、]{2,24}?)(?:之日|当日|当天)?(?:起|后|之后|以后)(?:的)?(?:,)?$"
)
_ISSUE = re.compile(
    r"(?:本?(?:通知|意见|方案|办法|文件|计划|规定)?(?:印发|发布|公布|下发|施行|实施)|本?(?:通知|意见|方案|办法|文件|计划|规定))"
)
_START_AFTER = re.compile(r"\s*(?:秋季|春季)?(?:开始|起(?![草点步到来诉伏义])|启动(?!资金))")
_RATE = re.compile(r"\s*(?:平均)?(?:增长|递增|提高|增加|下降|减少|降低)?\s*\d")
_COMPLETES = re.compile(
    r"\s*,?(?:全面|基本|如期|全部|力争|要|需|必须|应|应当|须)?(?:完成|建成|实现|达到|达|消除|形成|投用|投入使用|落实|建立|取得|到位|竣工|启动|开工|印发|出台|制定|开展|评选|培养|新增|新建|改造|补充|补足|配齐|办|举办|组织|试点|推广|覆盖|报送|上报|提交|编制|发布|构建|确保|力争|争取|培育|打造|建设|实施|推进|推动|对|将|,|新|全|各|所有)"
)
_NO_BREAK = 2000


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


def find_deadlines(
    reading: Reading,
    *,
    issued: date | None,
    period: Period | None,
    closed: Sequence[tuple[int, int]] = (),
) -> list[FoundDeadline]:
    """All deadlines of `reading`, in order.

    `issued` is the document's date: it resolves 印发之日起30日内 and 年底前; `closed` are local
    ranges (names of documents, lists of owners) in which nothing is a deadline.
    """
    found: list[tuple[Time, Deadline]] = []
    for at, mention, due in _bound_times(reading, issued, period, closed):
        to = mention.end
        certainty = list(due.certainty)
        if reading.is_repaired(at, to):
            certainty = [c for c in certainty if c is not Certainty.EXPLICIT]
            certainty.insert(0, Certainty.REPAIRED)
        read = {"span": reading.span(at, to), "certainty": tuple(certainty)}
        found.append((replace(mention, start=at, end=to), due.model_copy(update=read)))
    return list(_with_ranges(reading.text, found))


def find_yearless(
    reading: Reading, *, period: Period | None, closed: Sequence[tuple[int, int]] = ()
) -> list[tuple[int, int]]:
    """Local ranges of the deadlines that a document without a date leaves without a year: no day
    can be read of them."""
    return [
        (at, mention.end)
        for at, mention, _ in _bound_times(reading, _ANY_YEAR, period, closed)
        if mention.assumed
    ]


_ANY_YEAR = date(2024, 1, 1)
"""Stands for a year that is not known; a leap year has every day."""


def _bound_times(
    reading: Reading,
    issued: date | None,
    period: Period | None,
    closed: Sequence[tuple[int, int]],
) -> Iterator[tuple[int, Time, Deadline]]:
    """The times that bind a duty: where the deadline begins, the time, the deadline."""
    text = reading.text
    if not re.search(r"[年月日周天度期末]|20\d\d|十.五", text):
        return
    shut = Ranges(closed)
    mentions = [m for m in find_times(text, reference=issued) if not shut.overlap(m.start, m.end)]
    for index, mention in enumerate(mentions):
        following = mentions[index + 1] if index + 1 < len(mentions) else None
        at, due = _deadline(reading, mention, following, issued, period)
        if due is not None:
            yield at, mention, due


def _deadline(
    reading: Reading,
    mention: Time,
    following: Time | None,
    issued: date | None,
    period: Period | None,
) -> tuple[int, Deadline | None]:
    """Where the deadline begins, and the deadline; None where the time binds nothing."""
    text = reading.text
    left = text[max(0, mention.start - 30) : mention.start]
    left = re.split(r"[。;!?\n]", left)[-1]
    right = text[mention.end : mention.end + 24]
    printed = text[mention.start : mention.end]
    if mention.rrule:
        return mention.start, _recurring(text, mention, following, left, right)
    if mention.duration and mention.bound is Bound.WITHIN:
        return _relative(mention, left, issued)
    if mention.duration or (mention.first is None and mention.last is None):
        return mention.start, None
    if right[:1] in ("〕", "]", "级", "版") or left[-1:] in ("〔", "["):
        return mention.start, None
    if (
        re.match(r"\)?\s*(?:修订|修正|版|年度)", right)
        or "年度" in printed
        or right.startswith("度")
    ):
        return mention.start, None
    return _point(text, mention, left, right, printed, issued, period)


def _point(
    text: str,
    mention: Time,
    left: str,
    right: str,
    printed: str,
    issued: date | None,
    period: Period | None,
) -> tuple[int, Deadline | None]:
    at = mention.start
    lead = re.search(r"(?:力争|确保|争取)?(?:截至|截止到?|到|至|于|在)$", left)
    if lead and lead.group():
        word = re.search(r"(?:截至|截止到?|到|至)$", left)
        if word:
            at -= len(word.group())
    if re.match(r"当[年月]|去年|上一?[年月]|前年", printed):
        return at, None
    if mention.kind is TimeKind.SINCE or _START_AFTER.match(right):
        if re.search(r"以来|至今", printed) or mention.first is None:
            return at, None
        if issued and mention.first.year < issued.year and mention.first < issued:
            return at, None
        return at, Deadline(
            kind=DueKind.START, date=mention.first, start=mention.first, certainty=_plain(mention)
        )
    yearless = mention.yearless and mention.kind is not TimeKind.INTERVAL
    if mention.last is None or (yearless and mention.first and _bare_day(mention)):
        return at, None
    end = mention.last
    if issued and end < issued - timedelta(days=1):
        return at, None  # what lies before the document is its background
    certainty = _plain(mention)
    if yearless:
        return at, _yearless(text, mention, left, right, printed, issued, end)
    if mention.kind is TimeKind.INTERVAL:
        if period and (mention.first, end) == (period.start, period.end):
            return at, None
        return at, Deadline(kind=DueKind.IN, date=end, start=mention.first, certainty=certainty)
    by = (
        mention.bound in (Bound.BEFORE, Bound.EDGE, Bound.WITHIN)
        or at < mention.start
        or re.match(r"\s*(?:底|末|前|内)", right)
        or "末" in printed
    )
    if by:
        if re.match(r"\s*(?:的)?(?:水平|基数|基础上|相比)", right) or re.search(
            r"(?:较|比|与)$", left
        ):
            return at, None
        return at, Deadline(kind=DueKind.BY, date=end, certainty=certainty)
    if re.match(
        r"\s*(?:的)?(?:水平|基数|基础上|相比|以来|工作|决算|预算|中央)", right
    ) or re.search(r"(?:较|比|与|以|\()$", left):
        return at, None
    return at, Deadline(kind=DueKind.IN, date=end, start=mention.first, certainty=certainty)


def _plain(mention: Time) -> tuple[Certainty, ...]:
    """How sure the day of a time is."""
    doubts = ((Certainty.AMBIGUOUS, mention.ambiguous), (Certainty.ASSUMED_YEAR, mention.assumed))
    return tuple(doubt for doubt, holds in doubts if holds) or (Certainty.EXPLICIT,)


def _bare_day(mention: Time) -> bool:
    """9月10日, 3月份: a day of any year, no deadline unless 前 or 底 stands with it."""
    return (
        mention.bound not in (Bound.BEFORE, Bound.EDGE, Bound.WITHIN) and "末" not in mention.tail
    )


def _yearless(
    text: str,
    mention: Time,
    left: str,
    right: str,
    printed: str,
    issued: date | None,
    end: date,
) -> Deadline | None:
    """年底前, 6月底前: of the document's year; 年初 and the like recur with no year to hold to."""
    if issued is None or mention.tail == "初" or re.search(r"每年|每学年|每季度|当年", left):
        return None
    if end < issued:
        end = end + relativedelta(years=1)
    return Deadline(kind=DueKind.BY, date=end, certainty=(Certainty.ASSUMED_YEAR,))


def _recurring(
    text: str, mention: Time, following: Time | None, left: str, right: str
) -> Deadline | None:
    printed = text[mention.start : mention.end]
    if re.search(r"(?:FREQ=DAILY|FREQ=WEEKLY)", mention.rrule or "") and not re.search(
        r"报|通报|调度|督查|督导|检查|例会", right
    ):
        return None  # 每天1小时, 每周2课时: the content of a duty, not when it is due
    if (
        following is not None
        and following.rrule
        and "BY" in following.rrule
        and "BY" not in (mention.rrule or "")
    ):
        between = text[mention.end : following.start]
        if not re.search(r"[。;\n]", between) and len(between) < 30:
            return None
    if re.match(r"\s*(?:的)?(?:[\"、]|人均|生均|平均)", right) and not re.search(r"月", printed):
        return None
    if re.search(r"(?:元|小时|课时|学时)\s*[/每]?$", left):
        return None
    return Deadline(kind=DueKind.RECURRING, rrule=mention.rrule)


def _relative(mention: Time, left: str, issued: date | None) -> tuple[int, Deadline | None]:
    event = _EVENT.search(left)
    if event is None:
        return mention.start, None
    # The shortest event after a comma: what stands before the last 自 or , is another matter.
    words = re.split(r"自|从|,|、(?=[一-龥]{0,6}$)", event.group("event"))[-1].strip('"')
    start = mention.start - (len(left) - event.start())
    begins = left.rfind(words)
    if begins >= 0:
        start = mention.start - len(left) + begins
        if begins and left[begins - 1] in "自从":
            start -= 1
    if not words:
        return mention.start, None
    if _ISSUE.fullmatch(words) and issued is not None and not mention.working_days:
        due = issued + _length(mention.duration or "P0D")
        return start, Deadline(kind=DueKind.BY, date=due, duration=mention.duration, event=words)
    counting = Counting.WORKING_DAYS if mention.working_days else Counting.DAYS
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

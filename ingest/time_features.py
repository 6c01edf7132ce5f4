"""What stands around a time of a clause: the named structural features by which its use (a deadline
of some kind, or nothing) is decided.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum
from functools import lru_cache

from ingest.quantity_features import genre_of, part_of
from ingest.surroundings import LINE_ENDS, PARTS, STOPS, Surroundings, crossed, label_of
from ingest.time_events import EventWord, event_of, find_event_words
from kb.durations import TIME_UNITS, parse_duration
from kb.language.engine import Grammar, Token, best
from kb.language.roles import RoleWordKind, best_role_words, find_role_words
from kb.language.times import Time, TimeKind, find_times
from kb.lexicon import WordEntry, load_lexicon

_FAR = 50
"""Characters of a sentence looked at on each side."""


class Beside(StrEnum):
    """What a word near a time says of it."""

    LIMIT = "limit"  # announces a deadline: 完成时限
    FINISH = "finish"  # what is to be done by then: 完成
    ISSUE_ACT = "issue-act"  # issue, adoption, entry into force
    PAST_FACT = "past-fact"
    EVENT = "event"  # the length counts from an event: 之日起
    MEASURE_OF = "measure-of"  # the length is itself what is limited: 有效期
    NAME_OF = "name-of"  # the time is part of a name: 2025年工作要点
    RATE = "rate"  # 每月100元
    COMPARE = "compare"  # two times are set side by side: 2027年比2025年增长
    TOTAL = "total"  # what is counted over a period: 累计
    BAR = "bar"  # who is shut out for that long: 取消三年内申报资格
    LOOKBACK = "lookback"  # what happened in that long before: 一年内因…受到处罚
    OCCURRENCE = "occurrence"  # how often in each: 每周2次
    EACH = "each"  # each of whom a rate is given for: 每人每天


class BesideWords(WordEntry):
    """Words of a kind, with sentences in which they are that and in which they are not."""

    kind: Beside


_BESIDE = frozenset(kind.value for kind in Beside)


@lru_cache
def _grammar() -> Grammar:
    return Grammar.of(load_lexicon("time_contexts", BesideWords))


def find_beside(text: str, times: Sequence[tuple[int, int]] = ()) -> list[Token]:
    """The words of `text` that say something of the times near them; none inside `times`."""
    return best([w for w in _grammar().words_in(text) if not _within(w, times)], _BESIDE)


class TimeScene(Surroundings):
    """A clause's text with its times; `issued` is the document's day, `title` and `heading` what
    the document, its plan and the headings above the clause are called, `parties` where bodies are
    named."""

    def __init__(
        self,
        text: str,
        times: Sequence[Time],
        *,
        issued: date | None,
        title: str,
        heading: str,
        preamble: bool = False,
        parties: Sequence[tuple[int, int]] = (),
    ) -> None:
        inside = [(t.start, t.end) for t in times]
        super().__init__(text, find_beside(text, inside), _FAR)
        self.times = times
        self._starts_of_times = [t.start for t in times]
        self.issued = issued
        self.genre = genre_of(title)
        self._section = "preamble" if preamble else part_of(heading)
        self._title_years = _years_of(title)
        marks = find_event_words(text)
        self._mark_ends = _longest((w.end, w) for w in marks)
        self._mark_starts = _longest((w.start, w) for w in marks)
        self._ends = {end for _, end in parties}
        self._starts = {start for start, _ in parties}
        self._modals = [
            t.start for t in best_role_words(find_role_words(text)) if t.kind == RoleWordKind.MODAL
        ]

    def features(self, place: int) -> list[str]:
        """The features of the time at `place`, and those of two together."""
        found = list(self._features(place))
        return [*found, *crossed(found, _CROSSED)]

    def _features(self, place: int) -> Iterator[str]:
        time, text = self.times[place], self.text
        event = event_of(text, time) if time.duration else None
        if event is not None and event.ahead:  # counted from its event, not from the document's day
            time = replace(time, first=None, last=None)
        yield f"kind={time.kind.value}"
        yield f"bound={time.bound.value or '-'}"
        yield f"year={time.year.value or '-'}"
        yield f"exact={_exactness(time)}"
        yield f"when={self._when(time)}"
        yield f"genre={self.genre}"
        yield f"section={self._section}"
        yield f"of-label={part_of(label_of(text, time.start))}"
        if time.working_days:
            yield "working-days"
        if time.clock is not None:
            yield "clock"
        part, stop = self.edge_before(time.start, PARTS), self.edge_after(time.end, PARTS)
        begin, end = self.edge_before(time.start, STOPS), self.edge_after(time.end, STOPS)
        before, after = self.words_from(part, time.start), self.words_from(time.end, stop)
        yield f"word-before={before[-1].kind if before else '-'}"
        beside = before and before[-1].end >= time.start - 1
        yield f"just-before={before[-1].kind if beside else '-'}"
        yield f"word-after={after[0].kind if after else '-'}"
        next_to = after and after[0].start <= time.end + 1
        yield f"just-after={after[0].kind if next_to else '-'}"
        for kind in sorted({w.kind for w in self.words_from(begin, time.start)}):
            yield f"sentence-before:{kind}"
        for kind in sorted({w.kind for w in self.words_from(time.end, end)}):
            yield f"sentence-after:{kind}"
        label = text.rfind(":", max(0, time.start - 14), time.start)
        labelled = self.words_from(max(0, label - 8), label) if label >= 0 else ()
        yield f"label={labelled[-1].kind if labelled else 'other' if label >= 0 else '-'}"
        yield f"left={self._class(time.start - 1, self._mark_ends.get(time.start))}"
        yield f"right={self._class(time.end, self._mark_starts.get(time.end))}"
        yield f"apart={self._apart(time)}"
        yield f"attribute={self._attribute(time.end, stop)}"
        yield f"figure={self._figure(time.end, end)}"
        yield f"event={'-' if event is None else 'ahead' if event.ahead else 'after'}"
        yield f"title-year={self._title_year(time)}"
        if text.rfind('"', begin, time.start) >= 0 and (text.count('"', begin, time.start) % 2):
            yield "quoted"
        yield f"part={'opens' if part >= time.start - 2 else 'inside'}"
        yield f"sentence={'opens' if begin >= time.start - 2 else 'inside'}"
        rest = self.edge_after(time.end, LINE_ENDS) - self.edge_before(time.start, LINE_ENDS)
        rest -= time.end - time.start
        yield f"line={'alone' if rest < 4 else 'short' if rest < 20 else 'long'}"
        modals = bisect_left(self._modals, end) > bisect_left(self._modals, begin)
        yield f"modal={'yes' if modals else 'no'}"
        if time.end in self._starts or time.end + 1 in self._starts:
            yield "party-after"
        if time.start in self._ends or time.start - 1 in self._ends:
            yield "party-before"
        opening = text.rfind("(", max(0, time.start - 40), time.start)
        if opening > text.rfind(")", max(0, time.start - 40), time.start):
            yield "bracket"
        yield f"clause={'start' if time.start < 30 else 'later'}"

    def _when(self, time: Time) -> str:
        """Where it lies against the document's day."""
        day = time.last or time.first
        if day is None:
            return "-"
        if self.issued is None:
            return "unknown"
        if time.first is not None and time.first <= self.issued <= day:
            return "now"
        days = (day - self.issued).days
        return "long-past" if days < -40 else "past" if days < 0 else "coming"

    def _class(self, at: int, mark: Token | None) -> str:
        """What stands beside a time: the character at `at`, or the word `mark` that it is part of."""
        if not 0 <= at < len(self.text):
            return "edge"
        if mark is not None:
            return mark.kind
        character = self.text[at]
        if character in STOPS:
            return "stop"
        known = {",": "comma", ":": "colon", "、": "list", "(": "open", ")": "close", '"': "quote", "-": "dash"}  # fmt: skip
        if character in known:
            return known[character]
        if character in " \t|":
            return "cell"
        return "word" if "一" <= character <= "龥" else "mark"

    def _apart(self, time: Time) -> str:
        """Whether it fills a cell, a bracket, or the place of a label's value."""
        before = self.text[max(0, time.start - 3) : time.start].rstrip(" ")[-1:]
        after = self.text[time.end : time.end + 3].lstrip(" ")[:1]
        if before in ("|", "\t") or after in ("|", "\t"):
            whole = before in ("|", "\t", "\n", "") and after in ("|", "\t", "\n", "")
            return "cell" if whole else "in-cell"
        if before == "(":
            return "bracket" if after == ")" else "-"
        return "value" if before == ":" and after in ("", ")", ";", "。", "\n") else "-"

    def _attribute(self, at: int, stop: int) -> str:
        """Whether what follows up to a 的 with a noun after it makes an attribute with the time."""
        for place in range(at, min(at + _ATTRIBUTE, stop)):
            mark = self._mark_starts.get(place)
            if mark is not None and mark.kind == EventWord.OF:
                ends = mark.end >= stop or self.text[mark.end] in ",、;。"
                return "whoever" if ends else "near" if place - at <= _NEAR else "yes"
        return "-"

    def _figure(self, at: int, end: int) -> str:
        """How near a figure follows in the sentence."""
        digits = (p for p in range(at, end) if self.text[p].isdigit())
        first = next((p - at for p in digits if not self._in_time(p)), None)
        return "-" if first is None else "next" if first <= _NEAR else "near" if first <= _ATTRIBUTE else "far"  # fmt: skip

    def _in_time(self, at: int) -> bool:
        place = bisect_left(self._starts_of_times, at + 1) - 1
        return place >= 0 and self.times[place].end > at

    def _title_year(self, time: Time) -> str:
        """Where it lies against the years that the title names."""
        day = time.last or time.first
        if day is None or not self._title_years:
            return "-"
        first, last = self._title_years
        same = "same" if first == last else "last" if day.year == last else "within"
        return "before" if day.year < first else "after" if day.year > last else same


_ATTRIBUTE = 12
"""Characters from a time to the 的 that makes it an attribute (2000年底前建成的, 2021年9月印发的)."""
_NEAR = 4


@lru_cache(maxsize=64)
def _years_of(title: str) -> tuple[int, int] | None:
    """The first and last year that a title names."""
    days = [day for t in find_times(title) if t.printed_year for day in (t.first, t.last) if day]
    return (min(days).year, max(days).year) if days else None


def _longest(placed: Iterable[tuple[int, Token]]) -> dict[int, Token]:
    """The longest word at each place."""
    found: dict[int, Token] = {}
    for place, word in placed:
        if place not in found or word.end - word.start > found[place].end - found[place].start:
            found[place] = word
    return found


_CROSSED = (
    ("kind", "bound"), ("kind", "when"), ("bound", "when"), ("kind", "word-after"), ("kind", "word-before"),
    ("exact", "when"), ("exact", "left"), ("left", "right"), ("kind", "right"), ("kind", "left"),
    ("year", "bound"), ("year", "exact"), ("when", "word-after"), ("when", "line"), ("genre", "kind"),
    ("label", "kind"), ("part", "when"), ("kind", "just-before"), ("kind", "just-after"), ("sentence", "when"),
    ("just-after", "when"), ("kind", "modal"), ("line", "exact"), ("label", "exact"), ("genre", "when"),
    ("apart", "exact"), ("apart", "when"), ("attribute", "when"), ("attribute", "kind"), ("figure", "kind"),
    ("figure", "exact"), ("event", "exact"), ("event", "bound"), ("title-year", "exact"), ("exact", "bound"),
    ("sentence", "exact"), ("word-after", "exact"), ("word-before", "exact"), ("exact", "right"),
    ("figure", "when"), ("figure", "sentence"), ("figure", "right"), ("title-year", "sentence"), ("title-year", "right"),
)  # fmt: skip


def _within(word: Token, ranges: Sequence[tuple[int, int]]) -> bool:
    place = bisect_left(ranges, (word.start + 1, 0)) - 1
    return place >= 0 and ranges[place][1] > word.start


def _exactness(time: Time) -> str:
    if time.kind is TimeKind.RECURRING:
        return (time.rrule or "none").split(";")[0].removeprefix("FREQ=").lower()
    if time.first is None or time.last is None:
        return _length_of(time.duration) if time.duration else "open"
    days = (time.last - time.first).days
    return (
        "day"
        if days == 0
        else "month"
        if days < 32
        else "months"
        if days < 364
        else "year"
        if days < 367
        else "years"
    )


def _length_of(duration: str) -> str:
    """The longest unit of a length: hours, and days, weeks, months, years."""
    unit = next(iter(parse_duration(duration) or {}), "")
    return "length-hours" if unit in TIME_UNITS else f"length-{unit.lower()}"

"""A question → the days that it asks about: 下个月, 10天内, 2025年底前, by the end of the quarter.

Dates as documents print them are read by `kb.language.times`, as in the documents; what counts from
the day itself, and English, by `api.assistant.window_grammar`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal, NamedTuple
from unicodedata import category

from api.assistant.window_grammar import find_days
from api.assistant.window_words import LATEST, phrases, words_of
from kb.language.times import Bound, TimeKind, find_times
from kb.models import Fact
from tasks.due import DUE_SOON, last_of
from tasks.words import describe_ends

Kind = Literal["calendar", "counted", "soon", "next", "dated"]
NEAR = timedelta(days=31)
"""Overdue "this week" is asked of all that is overdue; overdue "in 2025" of what was due then."""
_AS_AT = 3
"""Characters before a window in which 截至 stands."""


class Window(Fact):
    """The days that a question asks about, both ends included.

    `start` None: all that went before; `end` None: all that comes. `words` is the phrase as asked.
    `kind`: a period of the calendar, a number of days, 快到期 (`soon`), the next one, or a date as
    documents print it. `as_at`: how things stood at its end is asked for (截至…).
    """

    start: date | None
    end: date | None
    words: str
    kind: Kind
    as_at: bool = False

    def holds(self, day: date) -> bool:
        """Whether a day lies in it."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)

    @property
    def year(self) -> int | None:
        """The year that it names, where it names one."""
        last = self.end or self.start
        return last.year if last and self.kind in ("calendar", "dated") else None


def soon(as_of: date) -> Window:
    """The days that are near."""
    return Window(start=as_of, end=last_of(as_of, DUE_SOON), words="", kind="soon")


class _Found(NamedTuple):
    """A window at `[at, to)` of the text."""

    at: int
    to: int
    window: Window


def find_window(text: str, as_of: date) -> tuple[Window | None, str]:
    """The window that a question names, and the question without its dates.

    Args:
        text: the question, in half-width simplified characters.
        as_of: the day that 今天, 下周 and the like count from; one beyond `LATEST` counts as that.
    """
    as_of = min(as_of, LATEST)
    low = text.lower()
    if len(low) != len(text):  # letters that are two in lower case
        low = text
    kept: list[_Found] = []
    for item in sorted(_all(low, as_of), key=lambda f: (f.at - f.to, f.at)):
        if all(item.to <= k.at or k.to <= item.at for k in kept):
            kept.append(item)
    kept.sort(key=lambda k: k.at)
    # 快到期 says less than a date beside it.
    exact = [k for k in kept if k.window.kind not in ("soon", "next")] or kept
    rest = text
    for item in reversed(kept):
        rest = rest[: item.at] + " " + rest[item.to :]
    if not exact:
        return None, rest
    chosen = exact[-1]
    if len(exact) > 1 and low[exact[-2].to : chosen.at].strip() in words_of("joins"):
        chosen = _union(low, exact[-2], chosen)
    window = chosen.window
    if len(exact) > 1 and _says_today(exact[-2], chosen):
        window = window.model_copy(update={"as_at": True, "start": None})
    if any(word in low[max(chosen.at - _AS_AT, 0) : chosen.to] for word in words_of("as-at")):
        window = window.model_copy(update={"as_at": True, "start": None})
    return window, rest


def _says_today(first: _Found, second: _Found) -> bool:
    """Whether a day is said to be today: 今天是10月8号."""
    day = second.window
    today = phrases().get(first.window.words)
    near = second.at - first.to <= _AS_AT and day.start is not None and day.start == day.end
    return near and today is not None and (today.period, today.shift) == ("day", 0)


def _union(low: str, first: _Found, second: _Found) -> _Found:
    a, b = first.window, second.window
    start = min(a.start, b.start) if a.start and b.start else None
    end = max(a.end, b.end) if a.end and b.end else None
    window = Window(start=start, end=end, words=low[first.at : second.to].strip(), kind=b.kind)
    return _Found(first.at, second.to, window)


def _all(low: str, as_of: date) -> Iterator[_Found]:
    """Every stretch that names days; they may overlap."""
    for at, to, days in find_days(low, as_of):
        if not _numbers_a_document(low, at, to):
            yield _found(low, at, to, *days)
    for mention in find_times(low, reference=as_of):
        if not (mention.first or mention.last) or mention.of_issue:
            continue
        start, end = mention.first, mention.last
        printed = low[mention.start : mention.end]
        near = mention.yearless or any(w in printed for w in phrases() if not w.isascii())
        counted = mention.kind is TimeKind.DURATION
        if mention.kind is TimeKind.BEFORE or (
            mention.bound in (Bound.EDGE, Bound.WITHIN) and near and not counted
        ):
            start = as_of if near and end and end >= as_of else None
        elif mention.bound is Bound.WITHIN and counted:
            start, end = as_of, max(as_of, end - timedelta(days=1)) if end else None
        kind = "counted" if counted else "calendar" if near else "dated"
        if not (start and end and start > end):
            yield _found(low, mention.start, mention.end, start, end, kind)


def _numbers_a_document(low: str, at: int, to: int) -> bool:
    """Whether a year is part of a document's number: 国办发〔2018〕127号."""
    around = [category(c) for c in low[max(0, at - 1) : at] + low[to : to + 1]]
    return around == ["Ps", "Pe"] and low[to + 1 : to + 3].strip()[:1].isdigit()


def _found(low: str, at: int, to: int, start: date | None, end: date | None, kind: str) -> _Found:
    words = " ".join(low[at:to].split())
    made = Window.model_validate({"start": start, "end": end, "words": words, "kind": kind})
    return _Found(at, to, made)


def describe_window(window: Window, language: str) -> str:
    """2026-12-01 至 2026-12-31（下个月）."""
    zh = language == "zh"
    if window.start and window.end:
        span = describe_ends(window.start, window.end, language)
    elif window.end:
        span = f"{window.end} 及以前" if zh else f"up to {window.end}"
    elif window.start:
        span = f"{window.start} 起" if zh else f"from {window.start}"
    else:
        span = "所有日期" if zh else "on any day"
    words = window.words if window.words.isascii() is not zh else ""
    if window.kind == "next":
        words = ""
    elif window.kind == "soon":
        words = f"未来 {DUE_SOON} 天" if zh else f"the next {DUE_SOON} days"
    return f"{span}（{words}）" if words and zh else f"{span} ({words})" if words else span

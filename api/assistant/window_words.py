"""The typed words of days in a question: the lexicon's, and numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

from dateutil.relativedelta import relativedelta

from kb.language.engine import Grammar, Token
from kb.language.time_tokens import numerals_in
from kb.lexicon import load_lexicon
from kb.models import Fact

Period = Literal["day", "week", "month", "quarter", "half", "year", "soon", "next"]
_FIGURES = 5
"""Digits of a number at most."""
_ISO = len("2026-11-24")


class WindowExample(Fact):
    """A question asked on Tuesday 2026-11-24, and the window that it means."""

    text: str
    start: date | None
    end: date | None


class DatePhrase(Fact):
    """Words for `length` periods of the calendar, the first `shift` periods from the present one;
    `bounded` ones name it only with an end (by the end of the month)."""

    words: tuple[str, ...]
    bounded: tuple[str, ...] = ()
    period: Period
    shift: int
    length: int = 1
    examples: tuple[WindowExample, ...]


class WindowWords(Fact):
    """Words of one kind; `value`: the number, or the length of time, that they are; `holds`: texts that
    have one of the words."""

    kind: str
    words: tuple[str, ...]
    value: int | str | None = None
    examples: tuple[WindowExample, ...] = ()
    holds: tuple[str, ...] = ()


class Count(NamedTuple):
    """So many, and half a one more."""

    number: int
    half: bool = False


EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
"""What lies beyond is no day of a policy: 99999天内 ends here."""


class Point(NamedTuple):
    """A year, part of one, month or day of an English date; `alone`: it is one without a word before."""

    year: int | None
    month: int = 1
    day: int | None = None
    months: int = 12
    alone: bool = True

    def bounds(self, year: int) -> tuple[date, date] | None:
        """Its first and last day, in `year` where it names none; None where there is no such day."""
        own = self.year or year
        try:
            first = min(date(own, self.month, self.day or 1), LATEST)
        except ValueError:
            return None
        after = relativedelta(days=1) if self.day else relativedelta(months=self.months)
        return first, first + after - timedelta(days=1)


@lru_cache
def phrases() -> dict[str, DatePhrase]:
    """The phrases of the calendar by their words."""
    known = load_lexicon("date_phrases", DatePhrase)
    return {w: entry for entry in known for w in (*entry.words, *entry.bounded)}


@lru_cache
def words_of(kind: str) -> tuple[str, ...]:
    """The words of one kind."""
    found = (e for e in load_lexicon("window_words", WindowWords) if e.kind == kind)
    return tuple(w for entry in found for w in entry.words)


@lru_cache
def _vocabulary() -> Grammar:
    made = Grammar()
    for entry in load_lexicon("window_words", WindowWords):
        for word in entry.words:
            made.word(word, entry.kind, entry.value)
    for phrase in load_lexicon("date_phrases", DatePhrase):
        for word in phrase.words:
            made.word(word, "phrase", phrase)
        for word in phrase.bounded:
            made.word(word, "bounded", phrase)
    return made


def tokens_in(text: str) -> Iterator[Token]:
    """Words, whole ones where they are Latin, and numbers."""
    words = list(_vocabulary().words_in(text))
    barred = {(t.start, t.kind.removeprefix("no-")) for t in words if t.kind.startswith("no-")}
    for token in words:
        apart = token.kind in ("day-end", "edge") or not _is_latin(text, token.start - 1, token.start)  # fmt: skip
        whole = apart and not _is_latin(text, token.end - 1, token.end)
        begins = token.kind != "bare" or _begins(text, token.start)
        if whole and begins and (token.start, token.kind) not in barred:
            yield token
    yield from _numbers_in(text)


def _is_latin(text: str, one: int, other: int) -> bool:
    """Whether two neighbours are one word: Latin letters or figures both."""
    pair = text[max(one, 0) : other + 1]
    return one >= 0 and len(pair) == 2 and pair.isascii() and pair.isalnum()


def _begins(text: str, at: int) -> bool:
    """Whether 年 or 月 is a word by itself here: 年底, 到月底."""
    before = text[at - 1] if at else " "
    han = "\u4e00" <= before <= "\u9fa5"
    return not (han or before.isdigit()) or before in words_of("leads-bare")


def _numbers_in(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        end = at
        while end < len(text) and text[end].isascii() and text[end].isdigit():
            end += 1
        if at < end <= at + _FIGURES:
            yield Token(at, end, "n", int(text[at:end]), "figures")
            iso = text[at : at + _ISO]
            if end == at + 4 and (day := _iso(iso)) and not text[at + _ISO : at + _ISO + 1].isdigit():  # fmt: skip
                point = Point(day.year, day.month, day.day)
                yield Token(at, at + _ISO, "point", point, "iso")
            elif end == at + 4 and text[at : at + 2] == "20" and _apart(text, at, end):
                yield Token(at, end, "y", int(text[at:end]), "year")
        at = max(end, at + 1)
    for token in numerals_in(text, None):
        if token.kind == "few":
            yield Token(token.start, token.end, "count", Count(token.value[1]), "few")
        elif token.kind == "n" and not token.value.arabic:
            yield Token(token.start, token.end, "n", token.value.value, "numeral")


def _apart(text: str, at: int, end: int) -> bool:
    """Whether no letter, figure or character touches a number."""
    return not any(c.isalnum() for c in text[max(at - 1, 0) : at] + text[end : end + 1])


def _iso(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == _ISO else None
    except ValueError:
        return None

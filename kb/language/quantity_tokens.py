"""Tokens that the grammar of quantities is given: numerals, and what only its surroundings tell.

A measure in Latin letters or one that no entry has, 成 after a number, the colon of a ratio, what
stands after a stroke (元/平方米), and the codes and clause numbers that are no quantities.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from kb.characters import HAN
from kb.language.comparators import BoundUse
from kb.language.engine import Token
from kb.language.measures import MeasureKind, NumberWords, longest_measure, measures
from kb.language.numerals import NUMERALS, ONES, TENS, find_numerals, normalize_number
from kb.language.quantity_grammar import CONTEXTUAL, Reading, quantity_grammar
from kb.lexicon import load_lexicon
from kb.ranges import Ranges

_HAN = f"[{HAN}]"
# Figures that name or number something: codes with letters, clauses and addresses (1.2.3), numbers
# with a zero before them, long ones, dates and times in figures, years in the brackets of a number.
_CODE = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2,4}(?:[ ]?\d{1,4})?(?:/[A-Z])?[ ]?\d{2,6}(?:\.\d{1,3})?-\d{4}(?!\d)"
    r"|(?<![A-Za-z0-9])(?=[A-Za-z./-]{0,12}\d)[A-Za-z][A-Za-z0-9]{0,24}(?:[-/.][A-Za-z0-9]{1,24}){0,4}"
    r"|(?<![A-Za-z0-9+])[A-Za-z0-9]{1,3}(?:\+[A-Za-z0-9]{1,3}){1,4}(?![A-Za-z0-9%])"
    r"|(?<![\d.])\d{1,2}/\d{1,2}[A-Z](?![A-Za-z])"
    r"|(?<![\d.])\d{1,4}(?:\.\d{1,4}){2,}(?![\d%])"
    r"|(?<![\d:])\d{1,2}:\d{2}(?::\d{2})?(?![\d:])"
    r"|(?<![\d.])0\d{1,24}(?:[-/]\d{1,24}){0,2}"
    r"|(?<![\d.,])\d{7,40}(?:[-/]\d{1,24}){0,2}(?![\d.])"
    r"|(?<![\d.-])(?:\d{3,4}-\d{7,8}|\d{3}-\d{3,4}-\d{4}|\d{4}-\d{4}(?=[,，。;；)）\s]|$))(?:-\d{1,6})?(?![\d%])"
    r"|(?<![\d.])(?:19|20)\d{2}[-/.]\d{1,2}(?:[-/.]\d{1,2})?(?![\d.])"
    r"|[〔\[(](?:19|20)\d{2}[〕\])]\s?\d{0,5}"
)
# The number of a clause or an item: where a line or a sentence begins, or in brackets of its own.
_MARKER = re.compile(
    rf"\((?:\d{{1,2}}|[{TENS}]{{1,3}})\)"
    rf"|(?<![\d.A-Za-z])\d{{1,2}}\.(?= ?{_HAN})"
    rf"|(?:(?<=\n)|^)\s{{0,8}}\d{{1,2}}\.\d{{1,2}} +(?={_HAN})"
    r"|(?:(?<=[\n。;:、，, )])|^)\s{0,8}\d{1,2}[.、)](?!\d)"
    rf"|(?:(?<=[\n。;:])|^)\s{{0,8}}[{TENS}]{{1,3}}、"
)
_LATIN = re.compile(r" ?[A-Za-z]{2,8}(?:/[A-Za-z]{1,3})?(?![A-Za-z0-9])")
_ALL_HAN = re.compile(f"{_HAN}{{1,3}}")
_STOP = re.compile(r"[,，。;；、:：)）\]\n/]|$")
_PER_NOUN = re.compile(rf"{_HAN}{{1,3}}")
_WHOLE = re.compile(r"\d{1,4}(?![\d/A-Za-z.])")
_SHARE_ENDS = re.compile(rf"[^{HAN}\w]|$")
_RATIO = 12
"""Characters before 1:15 in which 比 says that it is a ratio."""
_LONG = 7
"""Figures of a number that names something (a record, a telephone) and measures nothing in letters."""


def given_tokens(text: str, shut: Ranges) -> Iterator[Token]:
    """Numerals of `text` outside `shut`, and the tokens that are what they are by what stands around."""
    for pattern in (_CODE, _MARKER):
        for match in pattern.finditer(text):
            if _is_ratio(text, match):
                continue
            stripped = len(match.group()) - len(match.group().lstrip())
            yield Token(match.start() + stripped, match.end(), "word", rule="code", score=0.3)
    ends: set[int] = set()
    for numeral in find_numerals(text):
        start, end = numeral.start, numeral.end
        if shut.overlap(start, end) or _inside_code(text, start, end):
            continue
        scale = {"万": 10**4, "亿": 10**8}.get(text[end - 1], 1)
        reading = Reading(
            start, end, _whole(numeral.value) if scale > 1 else numeral.value,
            chinese=numeral.chinese, scale_only=numeral.scale_only, scale=scale,
        )  # fmt: skip
        yield Token(start, end, "number", reading, "numeral")
        yield from _neighbours(text, reading)
        if end not in ends:
            ends.add(end)
            yield from _after_number(text, reading)
    yield from _per(text)
    yield from (t for t in _halves(text) if not shut.overlap(t.start, t.end))


def _is_ratio(text: str, match: re.Match[str]) -> bool:
    """1:15 after 师生比, where it is no time of day."""
    before = text[max(0, match.start() - _RATIO) : match.start()]
    return ":" in match.group() and any(word in before for word in _contextual()["ratio-word"])


def _whole(value: Decimal) -> Decimal:
    """12.5万 is 125000, not 125000.0."""
    whole = value.to_integral_value()
    return whole if whole == value else value


def _inside_code(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    if before.isascii() and before.isalpha():
        return after != "%"
    # 15.三分之二 is a number of a clause and a share.
    in_decimal = before == "." and text[start - 2 : start - 1].isdigit()
    return in_decimal and text[start].isascii()


def _neighbours(text: str, high: Reading) -> Iterator[Token]:
    """四五千, 三五个: two figures beside each other are a range."""
    at = high.start
    low, first = text[at - 1 : at], text[at : at + 1]
    if not (low and first and low in ONES and first in ONES):
        return
    if ONES.index(first) - ONES.index(low) != 1 or at < 1:
        return
    if text[at - 2 : at - 1] and text[at - 2 : at - 1] in NUMERALS:
        return
    value = normalize_number(low + text[at + 1 : high.end])
    if value is not None and value < high.value:
        other = replace(high, start=at - 1, end=at, value=value, approximate=True)
        both = (other, replace(high, approximate=True))
        yield Token(at - 1, high.end, "neighbours", both, "numeral")


def _after_number(text: str, reading: Reading) -> Iterator[Token]:
    """What may stand after a number: measures in Latin letters, unknown ones by their form, 成, :."""
    at = reading.end
    yield from _latin(text, at)
    if not reading.chinese or at - reading.start > 1:
        name = "" if reading.scale_only else _unknown(text, at)
        if name:
            meaning = (name, MeasureKind.COUNT)
            end = at + len(name)
            yield Token(at, end, "measure", meaning, "unknown", score=0.1 - len(name))
    following = text[at : at + 1]
    if following == ":" and not text[at + 1 : at + 2].isspace():
        yield Token(at, at + 1, "colon")
    left = text[reading.start - 1 : reading.start]
    if following == "/" and left not in ("/", ".") and _WHOLE.match(text, at + 1):
        yield Token(at, at + 1, "slash")
    for word in _contextual()["tenth"]:
        if text.startswith(word, at) and _ends_share(text, at + len(word)):
            yield Token(at, at + len(word), "tenth", word)


def _unknown(text: str, at: int) -> str:
    """A measure that no entry has: up to three characters between a number and a stop or 以上."""
    for length in (1, 2, 3) if not text.startswith(_endings(), at) else ():
        name = text[at : at + length]
        if not _ALL_HAN.fullmatch(name):
            return ""
        end = at + length
        if _STOP.match(text, end) or text.startswith(_endings(), end):
            return "" if name in measures() else name
    return ""


def _halves(text: str) -> Iterator[Token]:
    for word in _contextual()["halved"]:
        at = text.find(word)
        while at >= 0:
            if _ends_share(text, at + len(word)):
                yield Token(at, at + len(word), "halved", word)
            at = text.find(word, at + len(word))


@lru_cache
def _contextual() -> dict[str, tuple[str, ...]]:
    return {
        e.use: e.words for e in load_lexicon("number_words", NumberWords) if e.use in CONTEXTUAL
    }


def _ends_share(text: str, at: int) -> bool:
    """Whether 成 or 一半 may end at `at`: before 以上, 的 or a stop, not in 三成立."""
    if _SHARE_ENDS.match(text, at):
        return True
    return text.startswith(_endings(), at)


@lru_cache
def _endings() -> tuple[str, ...]:
    grammar = quantity_grammar()
    return tuple(
        w for use in (BoundUse.AFTER, BoundUse.FILL, "half") for w in grammar.words_of(use)
    )


def _latin(text: str, at: int) -> Iterator[Token]:
    """EFLOPS, kWh, m: known ones, and unknown ones of two letters or more."""
    match = _LATIN.match(text, at)
    stop = at + 1 if text[at : at + 1] == " " else at
    known = measures()
    for length in range(min(longest_measure(), 8), 0, -1):
        form = text[stop : stop + length]
        if len(form) < length:
            continue  # the text ends before
        after = text[stop + length : stop + length + 1]
        ends = not (after.isascii() and after.isalnum())
        if form in known and form[0].isascii() and form[0].isalpha() and ends:
            yield Token(stop, stop + length, "measure", known[form], "latin", score=0.2)
            return
    if match and not text[max(0, at - _LONG) : at].isdigit():
        name = match.group().strip()
        yield Token(stop, match.end(), "measure", (name, MeasureKind.COUNT), "latin", score=-0.1)


def _per(text: str) -> Iterator[Token]:
    """/平方米, /人·月, /万人: what a quantity is given for."""
    place = text.find("/")
    while place >= 0:
        end = place
        parts: list[str] = []
        while len(parts) < 3 and (
            text[end : end + 1] == "/" or (parts and text[end : end + 1] in ("·", "•"))
        ):
            part = _per_part(text, end + 1)
            if part is None:
                break
            parts.append(part)
            end += 1 + len(part)
        if parts:
            yield Token(place, end, "per", "·".join(parts), "per")
        place = text.find("/", max(end, place + 1))


def _per_part(text: str, at: int) -> str | None:
    scale = at
    while text[scale : scale + 1] and text[scale] in "百千万" and scale - at < 2:
        scale += 1
    for length in range(longest_measure(), 0, -1):
        if text[scale : scale + length] in measures():
            return text[at : scale + length]
    noun = _PER_NOUN.match(text, scale)
    return text[at : noun.end()] if noun else None

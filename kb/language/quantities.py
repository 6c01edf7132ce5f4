"""Every quantity of a text: a number with its measure, how it binds, and what it is given for.

One reader for documents, questions, cells and forms. It finds what is printed and decides no use:
三个课堂 is read as a count (`chinese`), whether it is a name is decided by who uses it. What
competes with quantities is read as well and left out: dates, ordinals (第三), numbers of documents
and versions, telephone numbers, and words in which a numeral counts nothing (四川, 一切).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from kb.language.comparators import Bound, BoundUse, Comparator, combine, turned
from kb.language.engine import Token, best
from kb.language.measures import MeasureKind, NumberWords, longest_measure, measures
from kb.language.numerals import find_numerals, normalize_number
from kb.language.quantity_grammar import CONTEXTUAL, QuantityForm, Reading, quantity_grammar
from kb.lexicon import load_lexicon
from kb.ranges import Ranges

__all__ = ["Comparator", "MeasureKind", "Quantity", "QuantityForm", "find_quantities"]

_PLAIN = str.maketrans(
    {chr(0xFF01 + i): chr(0x21 + i) for i in range(94)}
    | {"﹪": "%", "–": "-", "〜": "~", "﹣": "-", "∶": ":", "\u3000": " ", "\u00a0": " "}
)
"""Full-width and variant forms, one character for one."""
_HAN = "[\u4e00-\u9fa5]"
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
    r"|(?<![\d.])(?:19|20)\d{2}[-/.]\d{1,2}(?:[-/.]\d{1,2})?(?![\d.])"
    r"|[〔\[(](?:19|20)\d{2}[〕\])]\s?\d{0,5}"
)
# The number of a clause or an item: where a line or a sentence begins, or in brackets of its own.
_MARKER = re.compile(
    r"\((?:\d{1,2}|[一二三四五六七八九十]{1,3})\)"
    rf"|(?<![\d.A-Za-z])\d{{1,2}}\.(?= ?{_HAN})"
    r"|(?:(?<=[\n。;:、，, )])|^)\s{0,8}\d{1,2}[.、)](?!\d)"
    r"|(?:(?<=[\n。;:])|^)\s{0,8}[一二三四五六七八九十]{1,3}、"
)
_LATIN = re.compile(r" ?[A-Za-z]{2,8}(?:/[A-Za-z]{1,3})?(?![A-Za-z0-9])")
_ALL_HAN = re.compile(f"{_HAN}{{1,3}}")
_STOP = re.compile(r"[,，。;；、:：)）\]\n/]|$")
_PER_NOUN = re.compile(rf"{_HAN}{{1,3}}")
_CUT = re.compile(r"[,，。;；:：、!?！？\n()（）]")
_FAR = 34
"""Characters before a number in which what binds it may stand: the longest of the open documents
(不高于已履行的相关服务合同年度累计金额的30%) has 20."""
_SHORT = 4
"""Characters that may stand between what compares and the number without 的: 达到小学2000元."""
_LONG = 7
"""Figures of a number that names something (a record, a telephone) and measures nothing in letters."""
_RATIO = 12
"""Characters before 1:15 in which 比 says that it is a ratio."""
_EACH = 24
"""Characters before a number in which 每人, 每年 may stand."""
_AROUND = frozenset({"bound-phrase", "ending", "each-phrase", "mean-phrase", "forbidding"})
_KINDS = frozenset({"quantity", "counted", "pair", "word", "date", "each-phrase"})


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its measure at `[start, end)` of the text, and in `[from_, until)` with the words
    that bind it.

    `value` is exact in whole units (10亿千瓦 is 1000000000 千瓦; a third is 33.33 %); `measure` as
    facts print it (`个百分点`, never with 万). `measured`: a measure is known or told by its form.
    `growth`: what is added or taken away (提高5个百分点, 翻一番). `role` is `low` or `high` of one
    range, whose ends are two quantities. `of` is the range of what it is a share or a multiple of.
    `per`: 平方米, or 人·月 for each. `rule` names the production.
    """

    start: int
    end: int
    from_: int
    until: int
    value: Decimal
    measure: str | None = None
    comparator: Comparator | None = None
    approximate: bool = False
    chinese: bool = False
    per: str | None = None
    growth: bool = False
    role: str | None = None
    of: tuple[int, int] | None = None
    form: QuantityForm = QuantityForm.NUMBER
    kind: MeasureKind | None = None
    rule: str = ""
    measured: bool = False


def find_quantities(text: str, *, closed: Iterable[tuple[int, int]] = ()) -> list[Quantity]:
    """All quantities of `text`, in order, none overlapping another but the ends of a range.

    `closed` are half-open ranges in which none is looked for: times, names of documents.
    """
    plain = text.translate(_PLAIN)
    shut = Ranges(closed)
    tokens = quantity_grammar().parse(plain, _given(plain, shut))
    around = _Around(plain, tokens, shut)
    found: list[Quantity] = []
    for token in best(tokens, _KINDS):
        if token.kind == "pair":
            found += around.pair(token)
        elif token.kind in ("quantity", "counted"):
            one = around.single(token)
            if one is not None and not (found and one.start < found[-1].until):
                found.append(one)
    return found


def _given(text: str, shut: Ranges) -> Iterator[Token]:
    """Numerals, and the tokens that are what they are by what stands around them."""
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
    return value if value % 1 else value.quantize(Decimal(1))


def _inside_code(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    if before.isascii() and before.isalpha():
        return after != "%"
    return before == "." and text[start - 2 : start - 1].isdigit()


def _neighbours(text: str, high: Reading) -> Iterator[Token]:
    """四五千, 三五个: two figures beside each other are a range."""
    digits = "一二三四五六七八九"
    at = high.start
    low, first = text[at - 1 : at], text[at : at + 1]
    if not (low and first and low in digits and first in digits):
        return
    if digits.index(first) - digits.index(low) != 1 or at < 1:
        return
    if text[at - 2 : at - 1] and text[at - 2 : at - 1] in f"{digits}十百千万亿零两":
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
    for length in (1, 2, 3):
        name = text[at : at + length]
        if not _ALL_HAN.fullmatch(name) or name.startswith(_endings()):
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


_WHOLE = re.compile(r"\d{1,4}(?![\d/A-Za-z.])")
_SHARE_ENDS = re.compile(r"[^\u4e00-\u9fa5\w]|$")


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


class _Around:
    """What stands around the quantities of a text: phrases that bind, 每人, ends."""

    def __init__(self, text: str, tokens: Sequence[Token], shut: Ranges) -> None:
        self._text = text
        self._shut = shut
        self._dates = Ranges((t.start, t.end) for t in tokens if t.kind == "date")
        inside = {
            place for t in tokens if t.kind == BoundUse.NONE for place in range(t.start + 1, t.end)
        }
        self._bounds: dict[int, list[Token]] = defaultdict(list)
        self._endings: dict[int, Token] = {}
        self._each: dict[int, Token] = {}
        self._forbidding: list[int] = []
        for t in tokens:
            if t.kind not in _AROUND or t.start in inside or t.end in inside:
                continue
            if t.kind == "bound-phrase":
                self._bounds[t.end].append(t)  # by start: the longest first
            elif t.kind == "ending":
                known = self._endings.get(t.start)
                if known is None or t.end > known.end:
                    self._endings[t.start] = t
            elif t.kind in ("each-phrase", "mean-phrase"):
                self._each.setdefault(t.end, t)
            else:
                self._forbidding.append(t.end)
        self._bound_ends = sorted(self._bounds)
        self._each_ends = sorted(self._each)

    def single(self, token: Token) -> Quantity | None:
        """The quantity of `token`; None where it is part of a word."""
        reading: Reading = token.value
        bound, from_, of = self._before(token.start, reading)
        ending, until = self._after(token.end)
        if not self._stands(token, reading, bound, until > token.end):
            return None
        end = reading.end if token.kind == "counted" else token.end
        return self._made(
            token, reading, bound, from_, of, ending, max(until, end), token.start, end
        )

    def pair(self, token: Token) -> list[Quantity]:
        """Both ends of a range."""
        low, high = token.value
        bound, from_, of = self._before(token.start, low)
        ending, until = self._after(token.end)
        bare = low.chinese and not low.measured and not self._alone(token.start, token.end)
        if bare and bound is None and until == token.end and token.end - token.start < 5:
            return []  # 一到五 inside other words
        per = high.per or low.per
        low, high = replace(low, per=per), replace(high, per=per)
        first = self._made(token, low, bound, from_, of, None, low.end, low.start, low.end)
        last = self._made(token, high, bound, high.start, of, ending, until, high.start, token.end)
        return [
            replace(first, comparator=Comparator.AT_LEAST, role="low"),
            replace(
                last, comparator=Comparator.AT_MOST, role="high", end=max(high.end, high.start)
            ),
        ]

    def _made(
        self,
        token: Token,
        reading: Reading,
        bound: Bound | None,
        from_: int,
        of: tuple[int, int] | None,
        ending: Comparator | None,
        until: int,
        start: int,
        end: int,
    ) -> Quantity:
        about = reading.approximate or bool(bound and bound.about)
        comparator = combine(bound.comparator if bound else None, ending, about=about)
        return Quantity(
            start=start, end=end, from_=min(from_, start), until=max(until, end),
            value=reading.value, measure=reading.measure, comparator=comparator,
            approximate=about or ending is Comparator.ABOUT, chinese=reading.chinese,
            per=reading.per or self._per(start, from_),
            growth=reading.growth or bool(bound and bound.growth), of=of, form=reading.form,
            kind=reading.kind, rule=token.rule, measured=reading.measured,
        )  # fmt: skip

    def _stands(self, token: Token, reading: Reading, bound: Bound | None, ended: bool) -> bool:
        """Whether a numeral is one: not in 统筹一, not the heading 万元."""
        bare = not reading.measured
        if reading.scale_only:
            if bare:
                return bound is not None and token.end - token.start > 1
            left = self._text[token.start - 1 : token.start]
            right = self._text[token.end : token.end + 1]
            heading = left in ("", "(", ":", "/", " ", "\n") and right in ("", ")", "\n", " ", "/")
            return not heading
        if not bare:
            return True
        if not reading.chinese:
            year = token.end - token.start == 4 and 1900 <= reading.value <= 2100
            return not year or bound is not None or ended
        if ended or (self._alone(token.start, token.end) and token.end - token.start > 1):
            return True
        if not self._text[: token.start].strip() and not self._text[token.end :].strip():
            return True
        if bound is not None and bound.relation:
            return True
        return token.end - token.start > 2 and reading.value >= 100

    def _alone(self, start: int, end: int) -> bool:
        left, right = self._text[start - 1 : start] if start else "", self._text[end : end + 1]
        return not any("\u4e00" <= c <= "\u9fa5" for c in left + right)

    def _back(self, at: int) -> int:
        low = max(0, at - 4)
        while at > low and self._text[at - 1] in " \t":
            at -= 1
        return at

    def _after(self, end: int) -> tuple[Comparator | None, int]:
        high = min(len(self._text), end + 4)
        at = end
        while at < high and self._text[at] in " \t":
            at += 1
        token = self._endings.get(end) or self._endings.get(at)
        return (token.value, token.end) if token else (None, end)

    def _before(
        self, start: int, reading: Reading
    ) -> tuple[Bound | None, int, tuple[int, int] | None]:
        """The phrase that binds the number at `start`, where it begins, and the range of what the
        number is a share of."""
        at = self._back(start)
        while (each := self._each.get(at)) is not None:
            at = self._back(each.start)
        for token in self._bounds.get(at, ()):
            if self._fits(token.value, reading):
                limit = self._limit(token) if token.value.weak else None
                return limit or self._turned(token), token.start, None
        return self._from_afar(at, start, reading)

    def _limit(self, token: Token) -> Bound | None:
        """最高可提升至: what bounds from afar says more than what is reached."""
        for end in range(token.start - 1, max(0, token.start - _SHORT), -1):
            for other in self._bounds.get(end, ()):
                if other.value.reach and not _CUT.search(self._text, end, token.start):
                    bound: Bound = other.value
                    return bound
        return None

    def _from_afar(
        self, at: int, start: int, reading: Reading
    ) -> tuple[Bound | None, int, tuple[int, int] | None]:
        low = max(0, at - _FAR)
        cuts = [m.end() for m in _CUT.finditer(self._text, low, at)]
        low = cuts[-1] if cuts else low
        first = bisect_left(self._bound_ends, low)
        last = bisect_right(self._bound_ends, at)
        for end in reversed(self._bound_ends[first:last]):
            gap = self._text[end:at]
            token = next(
                (t for t in self._bounds[end] if t.start >= low and self._fits(t.value, reading)),
                None,
            )
            if token is None:
                continue
            bound: Bound = token.value
            if self._holds_number(end, at):
                return None, start, None
            if bound.reach and len(gap) <= bound.reach:
                return self._turned(token), token.start, None
            if not bound.shares:
                continue
            of = (end, at)
            is_share = reading.form in (
                QuantityForm.PERCENT, QuantityForm.FRACTION, QuantityForm.TENTHS, QuantityForm.HALF,
                QuantityForm.MULTIPLE,
            )  # fmt: skip
            if is_share and end - token.start > 1 and (gap.endswith("的") or not bound.weak):
                return self._turned(token), start, of
            if reading.measured and len(gap) <= _SHORT and end - token.start > 1:
                return self._turned(token), start, None
            return None, start, None
        return None, start, None

    def _holds_number(self, start: int, end: int) -> bool:
        """Whether figures other than those of a time stand between: 提升至2025年的50%."""
        return any(
            self._text[at].isdigit()
            and not self._dates.overlap(at, at + 1)
            and not self._shut.overlap(at, at + 1)
            for at in range(start, end)
        )

    def _fits(self, bound: Bound, reading: Reading) -> bool:
        if bound.scale_only and not reading.scale_only:
            return False
        return reading.kind is None or reading.kind not in bound.not_kinds

    def _turned(self, token: Token) -> Bound:
        """禁止…低于: the phrase turned round by what forbids it in the same part."""
        bound: Bound = token.value
        if not bound.relation or not self._forbidding:
            return bound
        place = bisect_right(self._forbidding, token.start) - 1
        if place < 0 or token.start - self._forbidding[place] > 20:
            return bound
        if _CUT.search(self._text, self._forbidding[place], token.start):
            return bound
        return turned(bound)

    def _per(self, start: int, from_: int) -> str | None:
        """What it is given for: 每人每月 beside it or before it in its part."""
        low = max(0, min(start, from_) - _EACH)
        cuts = [m.end() for m in _CUT.finditer(self._text, low, start)]
        low = cuts[-1] if cuts else low
        first = bisect_right(self._each_ends, low)
        last = bisect_right(self._each_ends, start)
        phrases: list[tuple[int, int]] = []
        begun = start
        for end in reversed(self._each_ends[first:last]):
            token = self._each[end]
            if token.end <= begun:
                phrases.append(token.value)
                begun = token.start
        return "·".join(self._text[a:b].strip() for a, b in reversed(phrases)) or None

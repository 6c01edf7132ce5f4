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
from typing import NamedTuple

from kb.language.comparators import Bound, BoundUse, Comparator, combine, turned
from kb.language.engine import Token, best, pieces
from kb.language.measures import MeasureKind, measures
from kb.language.numerals import find_numerals
from kb.language.quantity_grammar import QuantityForm, Reading, quantity_grammar
from kb.language.quantity_tokens import given_tokens
from kb.ranges import Ranges

__all__ = ["Comparator", "MeasureKind", "Quantity", "QuantityForm", "find_quantities"]

_PLAIN = str.maketrans(
    {chr(0xFF01 + i): chr(0x21 + i) for i in range(94)}
    | {"﹪": "%", "–": "-", "〜": "~", "﹣": "-", "∶": ":", "\u3000": " ", "\u00a0": " "}
)
"""Full-width and variant forms, one character for one."""
_CUT = re.compile(r"[,，。;；:：、!?！？\n()（）]")
_APART = re.compile(r"[,，。;；:：!?！？\n]")
"""What ends the reach of a prohibition: not 、, as in 不得因检修、施工停水超过24小时."""
_FORBIDS = 20
"""Characters between a prohibition and what it turns round."""
_FAR = 34
"""Characters before a number in which what binds it may stand: the longest of the open documents
(不高于已履行的相关服务合同年度累计金额的30%) has 20."""
_SHORT = 4
"""Characters that may stand between what compares and the number without 的: 达到小学2000元."""
_CHANGE = 24
"""Characters between what a number was and what it is to be."""
_EACH = 24
"""Characters before a number in which 每人, 每年 may stand."""
_AROUND = frozenset(
    {"bound-phrase", "ending", "each-phrase", "mean-phrase", "forbidding", "unable"}
)
_KINDS = frozenset({"quantity", "counted", "pair", "word", "date", "each-phrase"})
_NAMES = frozenset({"word", "date", "each-phrase"})


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its measure at `[start, end)` of the text, and in `[from_, until)` with the words
    that bind it.

    `value` is exact in whole units (10亿千瓦 is 1000000000 千瓦; a third is 33.33 %); `measure` as
    facts print it (`个百分点`, never with 万). `measured`: a measure is known or told by its form.
    `growth`: what is added or taken away (提高5个百分点, 翻一番). `role` is `low` or `high` of one
    range, whose ends are two quantities, `before` or `after` of one change (由60%提高到85%); `was`
    is the place and the value of what it was before. `of` is the range of what it is a share or a multiple of.
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
    was: tuple[int, int, Decimal] | None = None
    form: QuantityForm = QuantityForm.NUMBER
    kind: MeasureKind | None = None
    rule: str = ""
    measured: bool = False


def find_quantities(text: str, *, closed: Iterable[tuple[int, int]] = ()) -> list[Quantity]:
    """All quantities of `text`, in order, none overlapping another but the ends of a range.

    `closed` are half-open ranges in which none is looked for: times, names of documents.
    """
    return [
        _moved(q, begin)
        for begin, piece, shut in _pieces(text, closed)
        for q in _find_in(piece, shut)
    ]


class Uncounted(NamedTuple):
    """A numeral at `[start, end)` that counts nothing: `kind` is how it is known (ordinal, name, code,
    word, …), None where nothing says what it is."""

    start: int
    end: int
    kind: str | None


def find_uncounted(text: str, *, closed: Iterable[tuple[int, int]] = ()) -> list[Uncounted]:
    """The numerals of `text` outside `closed` that are no quantities and in none, in order."""
    found: list[Uncounted] = []
    for begin, piece, shut in _pieces(text, closed):
        quantities = _find_in(piece, shut)
        held = Ranges(sorted((min(q.from_, q.start), max(q.until, q.end)) for q in quantities))
        tokens = quantity_grammar().parse(piece, given_tokens(piece, shut))
        names = [
            t for t in best(tokens, _NAMES) if not shut.overlap(t.start, t.end) and not held.overlap(t.start, t.end)
        ]  # fmt: skip
        known = Ranges((t.start, t.end) for t in names)
        found += (Uncounted(begin + t.start, begin + t.end, t.rule or t.kind) for t in names)
        until = 0
        for numeral in find_numerals(piece):
            start, end = numeral.start, numeral.end
            if start < until or any(r.overlap(start, end) for r in (shut, held, known)):
                continue
            found.append(Uncounted(begin + start, begin + end, None))
            until = end
    return sorted(found, key=lambda u: u.start)


def _pieces(text: str, closed: Iterable[tuple[int, int]]) -> Iterator[tuple[int, str, Ranges]]:
    """The pieces in which `text` is read, each with where it begins and what of it is closed."""
    plain = text.translate(_PLAIN)
    ranges = sorted(closed)
    place = 0
    for begin, piece in pieces(plain):
        end = begin + len(piece)
        while place < len(ranges) and ranges[place][1] <= begin:
            place += 1
        until = bisect_left(ranges, (end, 0), place)
        shut = Ranges(
            (max(0, a - begin), min(len(piece), b - begin)) for a, b in ranges[place:until]
        )
        yield begin, piece, shut


def _moved(q: Quantity, by: int) -> Quantity:
    if not by:
        return q
    of = (q.of[0] + by, q.of[1] + by) if q.of else None
    was = (q.was[0] + by, q.was[1] + by, q.was[2]) if q.was else None
    return replace(
        q, start=q.start + by, end=q.end + by, from_=q.from_ + by, until=q.until + by, of=of,
        was=was,
    )  # fmt: skip


def _find_in(plain: str, shut: Ranges) -> list[Quantity]:
    tokens = quantity_grammar().parse(plain, given_tokens(plain, shut))
    around = _Around(plain, tokens, shut)
    found: list[Quantity] = []
    for token in best(tokens, _KINDS):
        if token.kind == "pair":
            found += around.pair(token)
        elif token.kind in ("quantity", "counted"):
            one = around.single(token)
            if one is not None and not (found and one.start < found[-1].until):
                found.append(one)
    return _changed(plain, tokens, found)


def _changed(text: str, tokens: Sequence[Token], found: list[Quantity]) -> list[Quantity]:
    """Those of one change told apart: what it was (由60%, 在60%的基础上) and what it is to be."""
    starts = sorted(t.end for t in tokens if t.kind == "origin")
    basis = {t.start for t in tokens if t.kind == "on-basis"}
    to = {t.end for t in tokens if t.kind == BoundUse.TO}
    for place in range(len(found) - 1):
        first, last = found[place], found[place + 1]
        if first.role or last.role or last.start - first.until > _CHANGE:
            continue
        at = bisect_right(starts, first.start) - 1
        origin = at >= 0 and first.start - starts[at] <= _FAR
        if origin and _CUT.search(text, starts[at], first.start):
            origin = False
        if place and origin and found[place - 1].end > starts[at]:
            origin = False  # it was another number that began there
        reached = any(end in to for end in range(first.until + 1, last.start + 1))
        if first.until in basis or (origin and reached):
            cut = _CUT.search(text, first.until, last.start) if origin else None
            measure = first.measure or last.measure
            if cut or (last.measure or measure) != measure or last.growth:
                continue
            was = (first.start, first.end, first.value)
            found[place] = replace(first, measure=measure, role="before")
            found[place + 1] = replace(last, role="after", was=was)
    return found


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
        self._forbidding: list[tuple[int, bool]] = []  # where it ends, and whether it is UNABLE
        self._attributes = sorted(t.start for t in tokens if t.kind == BoundUse.ATTRIBUTE)
        self._cases = sorted(t.start for t in tokens if t.kind == BoundUse.CASE)
        self._whom = sorted(t.start for t in tokens if t.kind == BoundUse.WHOM)
        self._negated = {t.start for t in tokens if t.kind == BoundUse.NEGATION}
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
                self._forbidding.append((t.end, t.kind == BoundUse.UNABLE))
        self._forbidding.sort()
        self._bound_ends = sorted(self._bounds)
        self._each_ends = sorted(self._each)

    def single(self, token: Token) -> Quantity | None:
        """The quantity of `token`; None where it is part of a word."""
        reading: Reading = token.value
        bound, from_, of = self._before(token, reading)
        ending, until = self._after(token.end)
        if ending is not None and reading.kind is MeasureKind.TIME and until in self._negated:
            ending = None  # 三年内不得: the time for which it holds
        if not self._stands(token, reading, bound, until > token.end):
            return None
        end = reading.end if token.kind == "counted" else token.end
        return self._made(
            token, reading, bound, from_, of, ending, max(until, end), token.start, end
        )

    def pair(self, token: Token) -> list[Quantity]:
        """Both ends of a range."""
        low, high = token.value
        bound, from_, of = self._before(token, low)
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
        if bound is not None and bound.measure and not reading.measured:
            name, kind = measures()[bound.measure]
            reading = replace(
                reading, measure=name, kind=kind, form=QuantityForm.COUNT, measured=True
            )
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
        self, number: Token, reading: Reading
    ) -> tuple[Bound | None, int, tuple[int, int] | None]:
        """The phrase that binds `number`, where it begins, and the range of what the number is a
        share of."""
        at = self._back(number.start)
        while (each := self._each.get(at)) is not None:
            at = self._back(each.start)
        for token in self._bounds.get(at, ()):
            if self._fits(token.value, reading):
                limit = self._limit(token) if token.value.weak else None
                return limit or self._turned(token, number.end), token.start, None
        return self._from_afar(at, number, reading)

    def _limit(self, token: Token) -> Bound | None:
        """最高可提升至: what bounds from afar says more than what is reached."""
        for end in range(token.start - 1, max(0, token.start - _SHORT), -1):
            for other in self._bounds.get(end, ()):
                if other.value.reach and not _CUT.search(self._text, end, token.start):
                    bound: Bound = other.value
                    return bound
        return None

    def _from_afar(
        self, at: int, number: Token, reading: Reading
    ) -> tuple[Bound | None, int, tuple[int, int] | None]:
        start = number.start
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
                return self._turned(token, number.end), token.start, None
            if not bound.shares:
                continue
            of = (end, at)
            is_share = reading.form in (
                QuantityForm.PERCENT, QuantityForm.FRACTION, QuantityForm.TENTHS, QuantityForm.HALF,
                QuantityForm.MULTIPLE,
            )  # fmt: skip
            if is_share and end - token.start > 1 and (gap.endswith("的") or not bound.weak):
                return self._turned(token, number.end), start, of
            if reading.measured and len(gap) <= _SHORT and end - token.start > 1:
                return self._turned(token, number.end), start, None
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

    def _turned(self, token: Token, end: int) -> Bound:
        """禁止…低于, 不得…超过: the phrase turned round by what forbids it in the same part; `end` is
        that of the number. What is turned already (不低于) is not turned back."""
        bound: Bound = token.value
        if bound.comparator not in (Comparator.MORE, Comparator.LESS):
            return bound
        place = bisect_right(self._forbidding, (token.start, True)) - 1
        if place < 0:
            return bound
        begin, unable = self._forbidding[place]
        if token.start - begin > _FORBIDS or _APART.search(self._text, begin, token.start):
            return bound
        described = _any_in(self._attributes, begin, token.start)
        if unable and (described or _any_in(self._cases, begin, token.start)):
            return bound  # 不能自理的老年人超过200人
        return bound if self._is_case(begin, token.start, self._after(end)[1]) else turned(bound)

    def _is_case(self, begin: int, start: int, end: int) -> bool:
        """Whether the number that ends at `end` says in which case, or for whom, it is forbidden: 不得向
        收入超过5万元的家庭发放, 离岗超过3天的; but 不得使用厚度低于0.01毫米的地膜."""
        if _any_in(self._cases, end, end + 1):
            return True
        if not _any_in(self._attributes, end, end + 1):
            return False
        stops = end + 1 >= len(self._text) or _CUT.match(self._text, end + 1) is not None
        return stops or _any_in(self._whom, begin, start)

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


def _any_in(places: Sequence[int], start: int, end: int) -> bool:
    """Whether one of `places`, in order, lies in `[start, end)`."""
    at = bisect_left(places, start)
    return at < len(places) and places[at] < end

"""The productions of quantities: numerals with measures, shares, ranges, and what competes with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from kb.language.comparators import add_comparators
from kb.language.engine import Grammar, Made, Token
from kb.language.measures import MeasureKind, NumberWords, measures
from kb.lexicon import load_lexicon

_PERCENT = ("%", MeasureKind.RATIO)
_WORD = 0.3
"""How much a word counts beside a quantity of the same characters: it was entered because it is
meant (同一 before 一个)."""
_HUNDREDTH, _TEN_THOUSANDTH = Decimal("0.01"), Decimal("0.0001")
_MORE_CHINESE = ("几", "来")
"""What makes a Chinese numeral more only: 十几, 十来个; 30来 is followed by 自."""
_FIGURES = 6
"""Decimals to which a quotient is taken as exact: 5/16 has six as a percentage's hundredth."""


class QuantityForm(StrEnum):
    """How a quantity is printed."""

    PERCENT = "percent"  # 90%, 百分之九十, 千分之五
    POINTS = "points"  # 个百分点
    FRACTION = "fraction"  # 三分之一, 3/4
    TENTHS = "tenths"  # 五成, 三成半
    HALF = "half"  # 一半
    DOUBLING = "doubling"  # 翻一番
    MULTIPLE = "multiple"  # 1.5倍
    RATIO = "ratio"  # 1∶4
    MONEY = "money"
    COUNT = "count"  # 20所, 200名
    MEASURE = "measure"  # 30公里, 5年
    NUMBER = "number"  # no measure with it


@dataclass(frozen=True, slots=True)
class Reading:
    """One number with its measure at `[start, end)`, before it is known how it binds.
    `scale`: 万 or 亿 as the numeral ends in it, else 1; `measured`: a measure or a form says what is
    measured."""

    start: int
    end: int
    value: Decimal
    measure: str | None = None
    kind: MeasureKind | None = None
    form: QuantityForm = QuantityForm.NUMBER
    approximate: bool = False
    chinese: bool = False
    scale_only: bool = False
    scale: int = 1
    per: str | None = None
    growth: bool = False
    measured: bool = False


def _form(name: str, kind: MeasureKind) -> QuantityForm:
    if name == "%":
        return QuantityForm.PERCENT
    if name == "倍":
        return QuantityForm.MULTIPLE
    if kind is MeasureKind.RATIO:
        return QuantityForm.POINTS
    if kind is MeasureKind.MONEY:
        return QuantityForm.MONEY
    if kind in (MeasureKind.COUNT, MeasureKind.PEOPLE, MeasureKind.SCORE):
        return QuantityForm.COUNT
    return QuantityForm.MEASURE


def share(part: Decimal, whole: Decimal) -> Decimal:
    """`part` of `whole` in percent: exact where it ends, else to a hundredth (三分之一 is 33.33)."""
    percent = part * 100 / whole
    short = round(percent, _FIGURES).normalize()
    if short * whole != part * 100:
        return percent.quantize(_HUNDREDTH)
    return short if short % 1 else short.quantize(Decimal(1))


@lru_cache
def quantity_grammar() -> Grammar:
    """The grammar; numerals and what depends on its surroundings are given to it as tokens."""
    grammar = Grammar()
    for form, meaning in measures().items():
        if not form[0].isascii() or form[0] == "%":
            grammar.word(form, "measure", meaning, score=0.1 * len(form))
    for entry in load_lexicon("number_words", NumberWords):
        for word in entry.words:
            if entry.use not in CONTEXTUAL:
                grammar.word(word, entry.use, word, score=_WORD if entry.use == "word" else 0.0)
    add_comparators(grammar)
    _amounts(grammar)
    _measured(grammar)
    _shares(grammar)
    _ranges(grammar)
    _others(grammar)
    return grammar


CONTEXTUAL = frozenset({"tenth", "halved", "ratio-word"})
"""Words whose surroundings say what they are: given as tokens, or looked for only where they matter."""


def _amounts(grammar: Grammar) -> None:
    @grammar.rule("number")
    def _plain(number: Token) -> Made:
        return Made("amount", number.value)

    @grammar.rule("number", "more")
    def _and_more(number: Token, more: Token) -> Made | None:
        if more.value in _MORE_CHINESE and (number.value.scale_only or not number.value.chinese):
            return None
        return Made("amount", replace(number.value, end=more.end, approximate=True))

    @grammar.rule("number", "more", "number", name="and-more")
    def _and_more_scaled(number: Token, _more: Token, scale: Token) -> Made | None:
        if not scale.value.scale_only or number.value.scale_only:
            return None
        value = number.value.value * scale.value.value
        return Made(
            "amount",
            replace(
                number.value, value=value, end=scale.end, approximate=True, scale=scale.value.scale
            ),
        )

    @grammar.rule("currency", "amount")
    def _of_currency(_currency: Token, amount: Token) -> Made:
        return Made(
            "quantity",
            replace(amount.value, measure="元", kind=MeasureKind.MONEY, form=QuantityForm.MONEY,
                    measured=True),
        )  # fmt: skip

    @grammar.rule("currency", "quantity", name="of-currency")
    def _of_currency_printed(_currency: Token, quantity: Token) -> Made | None:
        return Made("quantity", quantity.value) if quantity.value.measure == "元" else None


def _measured(grammar: Grammar) -> None:
    @grammar.rule("amount", "measure")
    def _with_measure(amount: Token, measure: Token) -> Made:
        name, kind = measure.value
        return Made(
            "quantity",
            replace(amount.value, measure=name, kind=kind, form=_form(name, kind),
                    end=measure.end, measured=True),
        )  # fmt: skip

    @grammar.rule("amount")
    def _bare(amount: Token) -> Made:
        return Made("quantity", amount.value)

    @grammar.rule("amount", "noun")
    def _of_noun(amount: Token, _noun: Token) -> Made:
        return Made("counted", amount.value)

    @grammar.rule("quantity", "quantity", name="and-smaller")
    def _and_smaller(whole: Token, rest: Token) -> Made | None:
        parts = {"角": "0.1", "分": "0.01"}
        part = parts.get(rest.value.measure or "")
        if whole.value.measure != "元" or part is None or whole.value.end != rest.value.start:
            return None
        value = whole.value.value + rest.value.value * Decimal(part)
        if rest.value.value >= 10:
            return None
        return Made("quantity", replace(whole.value, value=value, end=rest.value.end))

    @grammar.rule("quantity", "half")
    def _and_a_half(quantity: Token, half: Token) -> Made | None:
        halved = (MeasureKind.COUNT, MeasureKind.PEOPLE, MeasureKind.MONEY, MeasureKind.RATIO, None)
        if quantity.value.kind in halved or quantity.value.end != quantity.end:
            return None
        value = quantity.value.value + Decimal("0.5")
        return Made("quantity", replace(quantity.value, value=value, end=half.end))

    @grammar.rule("quantity", "per")
    def _for_each(quantity: Token, per: Token) -> Made | None:
        if not quantity.value.measured or quantity.value.per:
            return None
        return Made("quantity", replace(quantity.value, per=per.value, end=per.end))


def _shares(grammar: Grammar) -> None:
    def percent(amount: Token, value: Decimal, start: int, form: QuantityForm) -> Made:
        name, kind = _PERCENT
        return Made(
            "quantity",
            replace(amount.value, start=start, value=value, measure=name, kind=kind, form=form,
                    measured=True, chinese=False, scale_only=False),
        )  # fmt: skip

    def of_hundred(parts: int) -> Callable[[Token, Token], Made]:
        def build(head: Token, amount: Token) -> Made:
            return percent(
                amount, amount.value.value * 100 / parts, head.start, QuantityForm.PERCENT
            )

        return build

    for kind, parts in (("percent", 100), ("permille", 1000), ("permyriad", 10000)):
        grammar.rule(kind, "amount", name="percent")(of_hundred(parts))

    @grammar.rule("amount", "permille-sign", name="percent")
    def _permille(amount: Token, sign: Token) -> Made:
        made = percent(amount, amount.value.value, amount.start, QuantityForm.PERCENT)
        return Made("quantity", replace(made.value, measure=sign.value, end=sign.end))

    @grammar.rule("number", "parts", "number")
    def _fraction(whole: Token, _parts: Token, part: Token) -> Made | None:
        if not whole.value.value or part.value.value > whole.value.value:
            return None
        value = share(part.value.value, whole.value.value)
        return percent(part, value, whole.start, QuantityForm.FRACTION)

    @grammar.rule("number", "slash", "number", name="fraction")
    def _slashed(part: Token, _slash: Token, whole: Token) -> Made | None:
        if not 0 < part.value.value < whole.value.value:
            return None
        value = share(part.value.value, whole.value.value)
        return percent(whole, value, part.start, QuantityForm.FRACTION)

    @grammar.rule("amount", "tenth", "half?", name="tenths")
    def _tenths(amount: Token, tenth: Token, half: Token | None) -> Made | None:
        value = amount.value.value * 10 + (5 if half else 0)
        if value > 100:
            return None
        made = percent(amount, value, amount.start, QuantityForm.TENTHS)
        return Made("quantity", replace(made.value, end=(half or tenth).end))

    @grammar.rule("halved")
    def _halved(half: Token) -> Made:
        reading = Reading(half.start, half.end, Decimal(50), *_PERCENT, QuantityForm.HALF)
        return Made("quantity", replace(reading, measured=True))

    @grammar.rule("double", "number", "fold", name="doubling")
    def _doubled(double: Token, times: Token, fold: Token) -> Made | None:
        if not 0 < times.value.value < 10 or times.value.value % 1:
            return None
        return doubling(double.start, fold.end, int(times.value.value))

    @grammar.rule("doubled", name="doubling")
    def _doubled_once(word: Token) -> Made:
        return doubling(word.start, word.end, 1)

    def doubling(start: int, end: int, times: int) -> Made:
        value = Decimal(100 * (2**times - 1))
        reading = Reading(start, end, value, *_PERCENT, QuantityForm.DOUBLING)
        return Made("quantity", replace(reading, measured=True, growth=True))

    @grammar.rule("number", "colon", "number")
    def _ratio(first: Token, _colon: Token, second: Token) -> Made | None:
        if not first.value.value or not second.value.value:
            return None
        value = first.value.value / second.value.value
        if value != round(value, 4):
            value = value.quantize(_TEN_THOUSANDTH)
        return Made(
            "quantity",
            Reading(first.start, second.end, value, form=QuantityForm.RATIO, measured=True),
        )


def _ranges(grammar: Grammar) -> None:
    @grammar.rule("quantity", "ending?", "dash", "quantity")
    def _range(first: Token, ending: Token | None, _dash: Token, last: Token) -> Made | None:
        if ending is not None and ending.value is not None:
            return None  # 1万(含)-5万元, but not 1万以上-5万元
        pair = _pair(first.value, last.value)
        return None if pair is None else Made("pair", pair)

    @grammar.rule("quantity", "joint", "quantity", "between", name="range")
    def _between(first: Token, _and: Token, last: Token, _between: Token) -> Made | None:
        pair = _pair(first.value, last.value)
        return None if pair is None else Made("pair", pair)

    @grammar.rule("pair", "between", name="range")
    def _pair_between(pair: Token, _between: Token) -> Made:
        return Made("pair", pair.value)

    @grammar.rule("neighbours", "measure", name="neighbours")
    def _some(neighbours: Token, measure: Token) -> Made:
        name, kind = measure.value
        low, high = neighbours.value
        both = {"measure": name, "kind": kind, "form": _form(name, kind), "measured": True}
        return Made("pair", (replace(low, **both), replace(high, end=measure.end, **both)))


def _pair(low: Reading, high: Reading) -> tuple[Reading, Reading] | None:
    """Both ends of a range: the first shares the scale (2—3万) and the measure that only the second
    names."""
    if low.form is QuantityForm.RATIO or low.growth or high.growth:
        return None
    if low.measure is None:
        shared = replace(low, measure=high.measure, kind=high.kind, form=high.form,
                         measured=high.measured)  # fmt: skip
        scale = high.scale
        # 2—3万 and 一千到两千万; but 100—1万 is what it says.
        if (
            low.scale == 1
            and low.value < scale
            and low.value * 1000 < high.value
            and low.value * scale < high.value
        ):
            shared = replace(shared, value=low.value * scale)
        low = shared
    elif high.measure is None:
        high = replace(high, measure=low.measure, kind=low.kind, form=low.form,
                       measured=low.measured)  # fmt: skip
    if low.measure != high.measure or low.value >= high.value:
        return None
    return low, high


def _others(grammar: Grammar) -> None:
    """What is printed with numerals and is no quantity."""

    @grammar.rule("ordinal", "number", "measure?", name="ordinal")
    def _ordinal(_ordinal: Token, _number: Token, _measure: Token | None) -> Made:
        return Made("word", score=_WORD)

    @grammar.rule("which", "measure?", name="which")
    def _which(_which: Token, _measure: Token | None) -> Made:
        return Made("word", score=_WORD)

    @grammar.rule("number", "name-end", name="name")
    def _named(_number: Token, _after: Token) -> Made:
        return Made("word", score=_WORD)

    @grammar.rule("indefinite", "number", "measure?", name="indefinite")
    def _indefinite(word: Token, number: Token, _measure: Token | None) -> Made | None:
        value: Decimal = number.value.value
        many = number.value.chinese and value == Decimal(10) ** value.adjusted() and value > 1
        return Made("word", word.value, score=_WORD) if many else None

    @grammar.rule("each", "amount?", "measure", name="each")
    def _each(_each: Token, amount: Token | None, measure: Token) -> Made | None:
        if amount is not None and not amount.value.scale_only and amount.value.value % 10 != 0:
            return None
        return Made("each-phrase", (amount.start if amount else measure.start, measure.end))

    @grammar.rule("each", "amount?", "each-noun", name="each")
    def _each_noun(_each: Token, amount: Token | None, noun: Token) -> Made:
        return Made("each-phrase", (amount.start if amount else noun.start, noun.end))

    @grammar.rule("mean", name="each")
    def _mean(mean: Token) -> Made:
        return Made("mean-phrase", (mean.start, mean.start + 1))

    _dates(grammar)


def _dates(grammar: Grammar) -> None:
    """Years, months and days, which the reader of times reads: here they only compete."""

    def is_year(number: Token) -> bool:
        return number.end - number.start == 4 and 1900 <= number.value.value <= 2100

    @grammar.rule("number", "year")
    def _year(number: Token, _year: Token) -> Made | None:
        return Made("date", score=_WORD) if is_year(number) else None

    @grammar.rule("number", "dash", "number", name="years")
    def _years(first: Token, _dash: Token, last: Token) -> Made | None:
        return Made("date", score=_WORD) if is_year(first) and is_year(last) else None

    @grammar.rule("number", "dash", "date", name="years")
    def _to_year(first: Token, _dash: Token, _last: Token) -> Made | None:
        return Made("date") if first.value.value % 1 == 0 and first.value.value < 2100 else None

    @grammar.rule("number", "month", name="month")
    def _month(number: Token, _month: Token) -> Made | None:
        return Made("date", score=_WORD) if number.value.value in range(1, 13) else None

    @grammar.rule("date", "number", "day", name="day")
    def _day(_date: Token, number: Token, _day: Token) -> Made | None:
        return Made("date") if number.value.value in range(1, 32) else None

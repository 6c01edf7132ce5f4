"""How a number binds: 不低于…, …以上, 控制在…以内, 约…, 提高到…, with what they are made of.

The words are `corpus/lexicon/comparators.jsonl`; how they go together is here: 不 turns 低于 round,
提高 with 到 is a floor, 大于 with 或等于 counts the limit itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from kb.language.engine import Grammar, Made, Token
from kb.lexicon import load_lexicon
from kb.models import Fact


class Comparator(StrEnum):
    """How a value binds."""

    AT_LEAST = ">="
    AT_MOST = "<="
    MORE = ">"
    LESS = "<"
    EQUAL = "="
    ABOUT = "~"


class BoundUse(StrEnum):
    """What a word is in the phrase that binds a number."""

    NEGATION = "negation"  # 不, 不得: turns a relation round
    FORBIDDING = "forbidding"  # 禁止 … 低于: turns it round from afar
    UNABLE = "unable"  # 不能 … 超过: forbids as well, where it is not said of whom: 不能自理的
    WHOM = "whom"  # 不得向 … 的家庭: for whom, or where, it is forbidden
    ATTRIBUTE = "attribute"  # 的: what the number only describes
    CASE = "case"  # 超过3次者: the case in which something holds
    RELATION = "relation"  # 低于, 超过
    ADJACENT = "adjacent"  # 超: compares only at the number itself
    BOUND = "bound"  # 至少, 最高, 控制在
    GOAL = "goal"  # 达到
    RISE = "rise"  # 提高
    FALL = "fall"  # 下降
    TO = "to"  # 到: 提高到
    FILL = "fill"  # 了, 为
    EQUAL = "equal"  # 等于
    OR = "or"  # 或, 及
    ABOUT = "about"  # 约
    AFTER = "after"  # 以上, 左右
    BETWEEN = "between"  # 之间
    INCLUDED = "included"  # （含）
    NONE = "none"  # 节约, 内容: no such word


class ComparatorExample(Fact):
    """A text, and how its first number binds."""

    text: str
    comparator: Comparator
    value: Decimal


class ComparatorEntry(Fact):
    """Words of one use. `reach`: characters that may stand between them and the number (最高补助
    500万元); `not_kinds`: kinds of measure before which they do not bind (近两年); `scale_only`:
    only before 百, 千, 万 alone (上百人); `measure`: what a number without one then counts (前5)."""

    use: BoundUse
    words: tuple[str, ...]
    comparator: Comparator | None = None
    reach: int = 0
    not_kinds: tuple[str, ...] = ()
    scale_only: bool = False
    measure: str | None = None
    why: str = ""
    examples: tuple[ComparatorExample, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """A phrase before a number. `shares`: may bind from before what the number is a share of
    (不超过投资额的30%); `weak`: says less than another beside it; `growth`: what is added or taken."""

    comparator: Comparator | None
    reach: int = 0
    shares: bool = False
    weak: bool = False
    growth: bool = False
    about: bool = False
    relation: bool = False
    not_kinds: tuple[str, ...] = ()
    scale_only: bool = False
    measure: str | None = None


_TURNED = {
    Comparator.LESS: Comparator.AT_LEAST,
    Comparator.MORE: Comparator.AT_MOST,
    Comparator.AT_LEAST: Comparator.LESS,
    Comparator.AT_MOST: Comparator.MORE,
}
_WITH_LIMIT = {Comparator.LESS: Comparator.AT_MOST, Comparator.MORE: Comparator.AT_LEAST}


def turned(bound: Bound) -> Bound:
    """`bound` under a negation: 不低于 is at least."""
    return replace(bound, comparator=_TURNED.get(bound.comparator or Comparator.EQUAL))


def add_comparators(grammar: Grammar) -> None:
    """Let `grammar` read the phrases before a number (`bound`) and after it (`ending`)."""
    for entry in load_lexicon("comparators", ComparatorEntry):
        for word in entry.words:
            grammar.word(
                word.replace("（", "(").replace("）", ")"), f"{entry.use}", _meaning(entry)
            )
    _before(grammar)
    _after(grammar)


def _meaning(entry: ComparatorEntry) -> Bound | Comparator | None:
    if entry.use in (BoundUse.AFTER, BoundUse.TO, BoundUse.FILL, BoundUse.OR):
        return entry.comparator
    use = entry.use
    return Bound(
        entry.comparator,
        reach=entry.reach,
        shares=use in (BoundUse.RELATION, BoundUse.GOAL, BoundUse.BOUND),
        weak=use is BoundUse.GOAL,
        about=use is BoundUse.ABOUT,
        relation=use is BoundUse.RELATION,
        not_kinds=entry.not_kinds,
        scale_only=entry.scale_only,
        measure=entry.measure,
    )


def _before(grammar: Grammar) -> None:
    for use in (
        BoundUse.RELATION,
        BoundUse.ADJACENT,
        BoundUse.BOUND,
        BoundUse.GOAL,
        BoundUse.ABOUT,
    ):

        @grammar.rule(use.value, name=use.value)
        def _alone(word: Token) -> Made:
            return Made("bound-part", word.value)

    @grammar.rule("negation", "relation")
    def _not(_no: Token, word: Token) -> Made:
        return Made("bound-part", turned(word.value))

    @grammar.rule("negation", "adjacent")
    def _not_adjacent(_no: Token, word: Token) -> Made | None:
        if word.value.comparator is not Comparator.MORE:
            return None
        return Made("bound-part", replace(turned(word.value), shares=True, relation=True))

    @grammar.rule("bound-part", "or?", "equal")
    def _or_equal(phrase: Token, _or: Token | None, _equal: Token) -> Made | None:
        known = _WITH_LIMIT.get(phrase.value.comparator)
        if known is None or not phrase.value.relation:
            return None
        return Made("bound-part", replace(phrase.value, comparator=known))

    @grammar.rule("rise", "fill?", "to")
    def _up_to(_rise: Token, _fill: Token | None, _to: Token) -> Made:
        return Made("bound-part", Bound(Comparator.AT_LEAST, shares=True, weak=True))

    @grammar.rule("fall", "fill?", "to")
    def _down_to(_fall: Token, _fill: Token | None, _to: Token) -> Made:
        return Made("bound-part", Bound(Comparator.AT_MOST, shares=True, weak=True))

    @grammar.rule("rise", name="grown")
    def _grown(_rise: Token) -> Made:
        return Made("bound-part", Bound(Comparator.AT_LEAST, growth=True, weak=True))

    @grammar.rule("fall", name="fallen")
    def _fallen(_fall: Token) -> Made:
        return Made("bound-part", Bound(Comparator.AT_LEAST, growth=True, weak=True))

    @grammar.rule("bound-part", "fill?", name="filled")
    def _filled(part: Token, _fill: Token | None) -> Made:
        return Made("bound-filled", part.value)

    # Three parts at most (力争达到不低于): a longer chain of such words compares nothing.
    @grammar.rule("bound-filled", "bound-filled?", "bound-filled?", name="bound-phrase")
    def _combined(first: Token, second: Token | None, third: Token | None) -> Made:
        bound: Bound = first.value
        for part in (second, third):
            if part is not None:
                bound = _joined(bound, part.value)
        return Made("bound-phrase", bound)


def _joined(first: Bound, second: Bound) -> Bound:
    """至少达到, 最高不超过, 增长超过, 不低于约: the one that says more, with what the other adds."""
    keeps_first = second.comparator is None or second.about or (second.weak and not first.weak)
    main = first if keeps_first and not first.about else second
    return replace(
        main,
        about=first.about or second.about,
        growth=first.growth or second.growth,
        not_kinds=first.not_kinds + second.not_kinds,
        scale_only=first.scale_only or second.scale_only,
    )


def _after(grammar: Grammar) -> None:
    @grammar.rule("or?", "after", name="ending")
    def _ending(_or: Token | None, after: Token) -> Made:
        return Made("ending", after.value)

    @grammar.rule("included", name="with-limit")
    def _included(_included: Token) -> Made:
        return Made("ending", None)

    @grammar.rule("including", "quantity", "closing", name="with-limit")
    def _including(_open: Token, _quantity: Token, _close: Token) -> Made:
        return Made("ending", None)

    @grammar.rule("ending", "ending", name="ending")
    def _endings(first: Token, second: Token) -> Made | None:
        if (first.value is None) == (second.value is None):
            return None
        return Made("ending", first.value or second.value)


def combine(
    before: Comparator | None, after: Comparator | None, *, about: bool
) -> Comparator | None:
    """One comparator of what stands before and after a number: 达到95%以上, 控制在5%以内, 约200名."""
    chosen = before
    if after is Comparator.ABOUT:
        about = True
    elif after is not None and before in (None, Comparator.AT_LEAST, Comparator.EQUAL):
        chosen = after
    if about and chosen in (None, Comparator.EQUAL, Comparator.AT_LEAST):
        return Comparator.ABOUT
    return chosen

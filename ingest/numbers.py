"""Quantities in policy text: a value, its unit of measurement and how it binds (不低于95%)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from ingest.scopes import SCOPE
from kb.language.numerals import normalize_number
from kb.lexicon import load_lexicon
from kb.models import Fact
from kb.ranges import Ranges
from tasks.models import Comparator

_CN = "零一二三四五六七八九十百千万亿两"
_NUM = rf"(?:\d[\d,]*(?:\.\d+)?(?:\s*(?:[十百千万亿](?![瓦克米卡伏]))+)?|[{_CN}]+(?:点[零一二三四五六七八九]+)?)"
MEASURES = (
    "平方公里|平方千米|平方米|立方米|公里|千米|毫米|厘米|微克|毫克|万千瓦时|千瓦时|千瓦|兆瓦|公斤|千克|吨标准煤|标准煤|吨|"
    "人次|课时|学时|小时|分钟|学分|个百分点|百分点|公顷|亩|美元|港元|日元|欧元|元|块|"
    "家|所|个|名|人|间|台|套|条|项|次|位|件|座|处|户|场|批|支|门|册|辆|张|头|只|株|篇|类|种|天|级|组|本|节|班|期|轮|对|栋|片|份|岁|米|克|升|辈|宗|起|例|村|镇|床|张|兆|度|倍|块|幅|部"
)
_DIGITS = 30
"""Of a denominator: looked for at each of its figures, so it is bounded."""
# A run of figures is looked at from its first on only, and given up whole.
_PERCENT = re.compile(
    r"(?P<p1>百分之[零一二三四五六七八九十百点两\d.]+)|(?<!\d)(?:(?P<p2>\d++(?:\.\d++)?+)\s*+%|(?P<pm>\d++(?:\.\d++)?+)\s*+‰)"
    rf"|(?P<d>[{_CN}\d]{{1,{_DIGITS}}})分之(?P<n>[零一二三四五六七八九十两\d.]+)"
    r"|(?P<slash>\d{1,3}/\d{1,4})(?![\d/])"
    r"|(?P<c>(?<!\d)\d++(?:\.\d++)?+|[一二两三四五六七八九])成(?P<ch>半)?(?=以上|以下|左右|的|$|[,。;、)])"
    r"|(?P<half>一半|半数)(?=以上|以下|左右|的|$|[,。;、)])"
)
_COUNT = re.compile(
    rf"(?P<n>{_NUM})\s*(?P<more>余|多|几)?\s*(?P<scale>万亿|万|亿)?\s*(?:元/)?(?P<u>{MEASURES})?"
)


class ComparatorExample(Fact):
    """A text, and how its first number binds."""

    text: str
    comparator: Comparator
    value: Decimal


class ComparatorEntry(Fact):
    """Words `before` or `after` a number that say how it binds; the first that fits is taken."""

    place: Literal["before", "after"]
    find: str
    comparator: Comparator
    why: str = ""
    examples: tuple[ComparatorExample, ...]


# Between the comparing words and the number: whom it concerns (达到|小学|2000元), or what it is a
# share of (不少于|符合交流人数的|10%).
_WHOLE = r"[^,。;:、\d占按]{2,30}的(?=$)"


@lru_cache
def _comparators(place: str) -> tuple[tuple[re.Pattern[str], Comparator], ...]:
    form = (
        rf"(?P<words>{{}})(?:了|的)?\s*[约近]?(?P<between>{SCOPE}|{_WHOLE})?$"
        if place == "before"
        else "{}"
    )
    return tuple(
        (re.compile(form.replace("{}", entry.find)), entry.comparator)
        for entry in load_lexicon("comparators", ComparatorEntry)
        if entry.place == place
    )


_APPROX_LEFT = re.compile(r"(?:大约|约为|约|近|将近|接近|大概)$")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number at the local range `[at, to)`, comparator words outside it included in
    `[from_, until)`. `value` is exact, in whole units (10亿千瓦 is 1000000000 千瓦)."""

    at: int
    to: int
    from_: int
    until: int
    value: Decimal
    measure: str | None
    comparator: Comparator | None
    approximate: bool
    chinese: bool


def find_quantities(text: str) -> list[Quantity]:
    """All quantities of a normalised reading, in order. Ordinals (第三) are none."""
    found = [*_percents(text)]
    taken = [(q.at, q.to) for q in found]
    found.extend(_counts(text, Ranges(taken)))
    return sorted(found, key=lambda q: q.at)


def _percents(text: str) -> Iterator[Quantity]:
    for match in _PERCENT.finditer(text):
        value: Decimal | None
        g = match.groupdict()
        if g["p1"]:
            value = normalize_number(g["p1"][3:])
        elif g["p2"]:
            value = Decimal(g["p2"])
        elif g["pm"]:
            value = Decimal(g["pm"]) / 10
        elif g["d"]:
            low, high = normalize_number(g["n"]), normalize_number(g["d"])
            value = low * 100 / high if low is not None and high else None
        elif g["slash"]:
            low, high = (Decimal(x) for x in g["slash"].split("/"))
            value = low * 100 / high if high and low < high else None
        elif g["c"]:
            tenth = normalize_number(g["c"])
            value = tenth * 10 + (5 if g["ch"] else 0) if tenth is not None else None
        else:
            value = Decimal(50)
        if value is not None:
            yield _quantity(text, match.start(), match.end(), value, "%", more=False, chinese=False)


def _counts(text: str, taken: Ranges) -> Iterator[Quantity]:
    for match in _COUNT.finditer(text):
        at, to = match.span()
        if taken.overlap(at, to):
            continue
        left = text[max(0, at - 2) : at]
        if left.endswith("第") or re.search(r"[A-Za-z0-9./:-]$", left):
            continue
        printed = match.group("n")
        value = normalize_number(re.sub(r"\s", "", printed) + (match.group("scale") or ""))
        if value is None:
            continue
        while to > at and text[to - 1] == " ":
            to -= 1
        measure = match.group("u")
        if measure == "个百分点":
            measure = "百分点"
        more = bool(match.group("more"))
        chinese = not printed[0].isdigit()
        yield _quantity(text, at, to, value, measure, more=more, chinese=chinese)


def _quantity(
    text: str,
    at: int,
    to: int,
    value: Decimal,
    measure: str | None,
    *,
    more: bool,
    chinese: bool,
) -> Quantity:
    left = text[max(0, at - 34) : at]
    part = re.split(r"[,。;!?\n]", left)[-1]
    comparator: Comparator | None = None
    from_, until = at, to
    for pattern, kind in _comparators("before"):
        if match := pattern.search(part):
            between = match.group("between")
            share = between and not re.fullmatch(SCOPE, between)
            if share and (measure != "%" or len(match.group("words")) < 2):
                continue  # 超编人数的40%: 超 does not compare
            comparator, from_ = kind, at - (0 if between else len(part) - match.start())
            break
    approximate = more or bool(_APPROX_LEFT.search(part))
    for pattern, kind in _comparators("after"):
        if match := pattern.match(text, to):
            until = match.end()
            if kind is Comparator.ABOUT:
                approximate = True
            elif comparator is None or (comparator, kind) != (
                Comparator.AT_MOST,
                Comparator.AT_LEAST,
            ):
                comparator = (
                    kind
                    if comparator in (None, Comparator.AT_LEAST, Comparator.EQUAL)
                    else comparator
                )
            break
    if approximate and comparator in (None, Comparator.EQUAL, Comparator.AT_LEAST):
        comparator = Comparator.ABOUT
    return Quantity(at, to, from_, until, value, measure, comparator, approximate, chinese)

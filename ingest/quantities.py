"""One quantity expression → its reading: value, unit, comparator or both ends of a range.

For single expressions (a cell, a form field, a question), where `ingest.numbers` reads running text.
"""

from __future__ import annotations

import re
from decimal import Decimal

from ingest.numbers import MEASURES
from ingest.reading import normalize_characters
from kb.language.numerals import normalize_number

_CN = "零一二三四五六七八九十百千万亿两"
_N = rf"(?:-?\d[\d,]*(?:\.\d+)?(?:[十百千万亿](?![瓦克米]))*(?:(?<=[十百千万亿])\d+[十百千万亿]*)*|[{_CN}]+(?<!千(?=[瓦克米]))(?:点[零一二三四五六七八九]+)?|半)"
_MONEY = r"(?:港元|港币|日元|美元|欧元|英镑|泰铢|韩元|卢布|法郎|元人民币|块钱|人民币|元|块)"
_UNIT = rf"(?:个百分点|百分点|%|{_MONEY}|周岁|{MEASURES}|[a-z]{{1,2}}(?![a-z]))"
_MORE = r"(?:多|余|几|来)"
_VALUE = re.compile(
    rf"(?P<cur>人民币)?(?P<pre>百分之|千分之|万分之)?(?P<n>{_N})(?P<frac>分之(?P<num>{_N})|/(?P<den>\d+))?(?P<more>{_MORE})?(?P<scale>万亿|[万亿kw])?"
    rf"(?P<cheng>成(?P<ch>半)?)?(?:\(含\))?(?P<u>{_UNIT})?(?P<half>半)?"
)
_RANGE = re.compile(
    rf"(?:从|自)?(?P<a>{_N})(?P<sa>[万亿千百]?)(?:\(含\))?(?P<ua>{_MONEY})?(?:到|至|-{{1,2}}|—{{1,2}}|~|与(?=\d+之间))(?P<b>{_N})(?P<sb>万亿|[万亿]?)(?:\(含\))?(?P<ub>{_UNIT})?"
)
_NEIGHBOURS = re.compile(
    rf"(?<![{_CN}])(?P<a>[一二三四五六七八])(?P<b>[二三四五六七八九])(?P<s>[十百千万亿]+)(?P<u>{_UNIT})"
)
_LOWER = r"大于(?:或者?)?等于|不小于|不低于|不少于|至少|最少|最低|>=|≥"
_UPPER = r"小于(?:或者?)?等于|不大于|不高于|不多于|不超过|至多|最多|最高|<=|≤"
_ABOVE, _BELOW = r"大于|超过|高于|多于|突破|>", r"小于|低于|少于|不足|不到|<"
_ABOUT_LEFT = re.compile(r"(?:大约|大概|约|近|将近|接近|差不多)(?:有)?$")
_CODES = {
    "港币": "港元",
    "块钱": "元",
    "块": "元",
    "人民币": "元",
    "元人民币": "元",
    "个百分点": "百分点",
    "周岁": "岁",
}


def normalize_quantity(text: str) -> dict[str, object] | None:
    """The reading of the first quantity of `text`, None where it has none.

    Keys, each only where it holds: `value` with `unit`, `comparator` (`>=`, `<=`, `>`, `<`, `~`)
    and `approx`; or `min` and `max` with `min_inclusive`, `max_inclusive` and `unit`. Percent is
    a value with the unit `%`; 三成 is 30 %, 千分之一 0.1 %.
    """
    plain = re.sub(r"\s+", "", normalize_characters(text))
    plain = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", plain)
    return _bounds(plain) or _range(plain) or _single(plain)


def _bounds(text: str) -> dict[str, object] | None:
    """Two bounds on one number: 大于20的同时小于等于35."""
    found: list[tuple[str, bool, Decimal]] = []
    for kind, words, inclusive in (
        ("min", _LOWER, True),
        ("max", _UPPER, True),
        ("min", _ABOVE, False),
        ("max", _BELOW, False),
    ):
        for match in re.finditer(rf"(?<!不)(?:{words})(?P<n>{_N})", text):
            value = normalize_number(match.group("n"))
            if value is not None:
                found.append((kind, inclusive, value))
    after = [("min", m) for m in re.finditer(rf"(?P<n>{_N})(?:或者?)?以上", text)]
    after += [("max", m) for m in re.finditer(rf"(?P<n>{_N})(?:或者?)?以[下内]", text)]
    for kind, match in after:
        value = normalize_number(match.group("n"))
        if value is not None:
            found.append((kind, True, value))
    low = [f for f in found if f[0] == "min"]
    high = [f for f in found if f[0] == "max"]
    if len(low) != 1 or len(high) != 1 or low[0][2] > high[0][2]:
        return None
    return {
        "min": low[0][2],
        "max": high[0][2],
        "min_inclusive": low[0][1],
        "max_inclusive": high[0][1],
    }


def _range(text: str) -> dict[str, object] | None:
    if match := _NEIGHBOURS.search(text):
        low = normalize_number(match.group("a") + match.group("s"))
        high = normalize_number(match.group("b") + match.group("s"))
        return {"min": low, "max": high, "unit": _unit(match.group("u"))}
    match = _RANGE.search(text)
    if match is None:
        return None
    second = normalize_number(match.group("b") + (match.group("sb") or ""))
    first_text = match.group("a") + (match.group("sa") or "")
    first = normalize_number(first_text)
    if first is None or second is None:
        return None
    # 十八至三十万, 2—3万: the first shares the scale that only the second names.
    scale = re.search(r"(万亿|[百千万亿]+)$", match.group("b") + (match.group("sb") or ""))
    if scale and not re.search(r"[万亿]", first_text) and first < second:
        shared = scale.group(1) if re.search(r"[万亿]", scale.group(1)) else ""
        large = "".join(c for c in shared if c in "万亿")
        raised = normalize_number(first_text + large) if large else None
        if (
            raised is not None
            and raised < second
            and not match.group("ua")
            and first * 1000 < second
        ):
            first = raised
    if first >= second:
        return None
    unit = _unit(match.group("ub") or match.group("ua"))
    result: dict[str, object] = {"min": first, "max": second}
    if unit:
        return result | {"unit": unit}
    return result | {"min_inclusive": True, "max_inclusive": True}


def _single(text: str) -> dict[str, object] | None:
    for match in _VALUE.finditer(text):
        if text[: match.start()].endswith("第"):
            return None
        if not _stands(text, match):
            continue
        reading = _reading(text, match)
        if reading is not None:
            return reading
    return None


def _stands(text: str, match: re.Match[str]) -> bool:
    """Whether a Chinese numeral is one: 一切, 四川, 十足 are words."""
    printed = match.group("n")
    if printed[0].isdigit() or printed[0] == "-" or match.group("pre") or match.group("frac"):
        return True
    if printed == "半" or set(printed) <= set("百千万亿"):
        return False
    if printed == "一" and re.match(r"批|种|些|个", text[match.start() + 1 :]):
        return False  # 一批产品: an article
    marked = match.group("u") or match.group("cheng") or match.group("more") or match.group("scale")
    around = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    if marked or len(printed) > 2 or not any("一" <= c <= "龥" for c in around if c):
        return True
    left = text[: match.start()]
    compared = re.search(rf"(?:{_LOWER}|{_UPPER}|{_ABOVE}|{_BELOW})(?:了|有|是|为)?$", left)
    if re.match(r"(?:或者?)?(?:以[上下内]|更[多少])", text[match.end() :]):
        return True
    return bool(compared) and bool(re.match(r"$|以|或|的|[?!,。;]", text[match.end() :]))


def _reading(text: str, match: re.Match[str]) -> dict[str, object] | None:
    g = match.groupdict()
    value = normalize_number(g["n"] + _scale(g["scale"]))
    if value is None:
        return None
    unit = _unit(g["u"])
    if g["pre"]:
        value, unit = value / {"百": 1, "千": 10, "万": 100}[g["pre"][0]], "%"
    elif g["num"]:
        top = normalize_number(g["num"])
        if top is None or not value:
            return None
        value = top / value
    elif g["den"]:
        value = value / Decimal(g["den"])
    elif g["cheng"]:
        value, unit = value * 10 + (5 if g["ch"] else 0), "%"
    if g["half"] and not g["cheng"]:
        value += Decimal("0.5")
    if g["cur"] and unit is None:
        unit = "元"
    if unit == "元" and (
        tail := re.match(
            r"(?:([一二三四五六七八九\d])角)?(?:([一二三四五六七八九\d])分)?", text[match.end() :]
        )
    ):
        for place, digit in enumerate(tail.groups()):
            if digit:
                value += (normalize_number(digit) or 0) * Decimal("0.1") ** (place + 1)
    result: dict[str, object] = {"value": value, "unit": unit}
    if g["more"]:
        result["approx"] = True
        result["comparator"] = ">"
    elif comparator := _comparator(text[: match.start()], text[match.end() :]):
        result["comparator"] = comparator
    return result


def _comparator(left: str, right: str) -> str | None:
    for sign, words in ((">=", _LOWER), ("<=", _UPPER), (">", _ABOVE), ("<", _BELOW)):
        if re.search(rf"(?:{words})(?:了|有|是|为|达)?$", left):
            return sign
    right = right.removeprefix("(含)")
    if re.match(r"(?:及|或者?|或)?(?:以上|更多|之上)", right):
        return ">="
    if re.match(r"(?:及|或者?|或)?(?:以下|以内|之内|更少)", right):
        return "<="
    if _ABOUT_LEFT.search(left) or re.match(r"(?:左右|上下)", right):
        return "~"
    return None


def _scale(scale: str | None) -> str:
    return {"k": "千", "w": "万"}.get(scale or "", scale or "")


def _unit(unit: str | None) -> str | None:
    return _CODES.get(unit, unit) if unit else None

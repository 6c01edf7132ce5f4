"""Chinese and Arabic numerals as exact decimals: 两千四百五, 一万三, 3万4000, 4.78万亿, 二〇二五."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0, "两": 2}
_SMALL = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": Decimal(10**4), "亿": Decimal(10**8)}
_ARABIC = re.compile(r"\d[\d,]*(?:\.\d+)?|\.\d+")
_TOKEN = re.compile(r"\d[\d,]*(?:\.\d+)?|[零〇○一二三四五六七八九两十百千万亿]")


def normalize_number(text: str) -> Decimal | None:
    """The value of one numeral; None where `text` is not one.

    >>> normalize_number("一万三"), normalize_number("4.78万亿")
    (Decimal('13000'), Decimal('4780000000000'))
    """
    text = re.sub(r"[\s，]", lambda m: "," if m.group() == "，" else "", _plain(text))
    if not text:
        return None
    whole, point, decimals = text.partition("点")
    if point:
        base, rest = normalize_number(whole), "".join(str(_DIGITS.get(c, c)) for c in decimals)
        if base is None or not rest.isdigit():
            return None
        return base + Decimal(f"0.{rest}")
    if re.fullmatch(r"[零〇○一二三四五六七八九]{2,}", text):
        return Decimal("".join(str(_DIGITS[c]) for c in text))
    if "".join(_TOKEN.findall(text)) != text:
        return None
    try:
        return _value(_TOKEN.findall(text))
    except InvalidOperation:
        return None


def _plain(text: str) -> str:
    return "".join(
        chr(ord(c) - 0xFEE0) if "０" <= c <= "９" or c in "．％" else c for c in text.strip()
    )


def _value(tokens: list[str]) -> Decimal | None:
    total = section = Decimal(0)
    number: Decimal | None = None
    last_unit = Decimal(1)
    for token in tokens:
        if token in _SMALL:
            section += (number or Decimal(1)) * _SMALL[token]
            number, last_unit = None, Decimal(_SMALL[token])
        elif token in _LARGE:
            section += number or 0
            if not section and number is None and not total:
                return None
            if token == "亿" or not section:
                total = (total + section) * _LARGE[token]
            else:
                total += section * _LARGE[token]
            section, number, last_unit = Decimal(0), None, _LARGE[token]
        elif token in _DIGITS:
            if number is not None and number != 0:
                return None
            number = Decimal(_DIGITS[token])
            if token in "零〇○":
                last_unit = Decimal(1)
        else:
            if number is not None:
                return None
            number, last_unit = Decimal(token.replace(",", "")), Decimal(1)
    if number is not None:
        section += number * (last_unit / 10 if last_unit > 10 and len(tokens) > 1 else 1)
    return total + section


def small_number(text: str) -> int | None:
    """A small whole number (a month, a count of days), or None."""
    value = normalize_number(text)
    return int(value) if value is not None and value == value.to_integral_value() else None

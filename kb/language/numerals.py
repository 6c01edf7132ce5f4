"""Chinese and Arabic numerals as exact decimals: 两千四百五, 一万三, 3万4000, 4.78万亿, 二〇二五, 伍仟."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal

from kb.lexicon import load_lexicon
from kb.models import Fact


class NumeralCharacter(Fact):
    """A character that numerals are written with: its value, its other forms; `examples` are numerals
    that have it, each with its value."""

    kind: Literal["zero", "digit", "count", "small", "large", "point"]
    character: str
    value: Decimal = Decimal(0)
    forms: tuple[str, ...]
    examples: tuple[tuple[str, Decimal], ...]


_ENTRIES = load_lexicon("numerals", NumeralCharacter)


def _written(*kinds: str, forms: bool = False) -> str:
    """The characters of these kinds, or their other forms."""
    found = (e for e in _ENTRIES if e.kind in kinds)
    return "".join("".join(e.forms) if forms else e.character for e in found)


def _values(*kinds: str) -> dict[str, Decimal]:
    return {e.character: e.value for e in _ENTRIES if e.kind in kinds}


ZEROS = _written("zero") + _written("zero", forms=True)
ONES = _written("digit")
DIGITS = _written("zero", "digit")
"""零 to 九, each at the place of its value."""
TENS = ONES + _written("small")[:1]
"""What small ordinals are written with."""
HUNDREDS = ONES + _written("small")[:2]
SCALES = _written("small", "large")
NUMERALS = ZEROS + ONES + _written("count") + SCALES
"""All that numerals are written with; each of these is a class of `re` too."""
_DIGITS = _values("zero", "digit", "count") | dict.fromkeys(ZEROS, Decimal(0))
_SMALL = _values("small")
_LARGE = _values("large")
# The forms of cheques and contracts (大写): 伍仟, 贰拾.
_FORMAL = str.maketrans({form: e.character for e in _ENTRIES for form in e.forms})
_FORMAL_DIGITS = _written("digit", forms=True)
_FORMAL_SCALES = _written("small", "large", forms=True) + _written("large")
# 伍 alone is in 队伍, 陆 in 大陆: a digit with its scale begins such a numeral.
_FORMAL_RUN = re.compile(
    rf"[{_FORMAL_DIGITS}][{_FORMAL_SCALES}][{_FORMAL_DIGITS}{_FORMAL_SCALES}{_written('zero')}]{{0,38}}"
)
_PRINTED = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
_POINT = _written("point")
_CHINESE = DIGITS + _written("count") + SCALES
# Figures with scales and what is left over (5万4千6百, 3万4000), or a run of Chinese numerals.
_NUMERAL = re.compile(
    rf"(?P<arabic>{_PRINTED}(?:[ \t]{{0,2}}[{SCALES}]+(?:{_PRINTED}(?=[{SCALES}]|(?![\d.,])))?)*)"
    rf"|[{_CHINESE}](?:[ \t]?[{_CHINESE}])*(?:[ \t]?{_POINT}[{DIGITS}]+)?"
)
_LONGEST = 40
"""Characters of a numeral; what is longer is no number that anyone reads. The longest of the corpus
of documents has 15 (一百九十万零三千九百七十一)."""
_TOKEN = re.compile(rf"\d[\d,]*(?:\.\d+)?|[{NUMERALS}]")


def normalize_number(text: str) -> Decimal | None:
    """The value of one numeral; None where `text` is not one.

    >>> normalize_number("一万三"), normalize_number("4.78万亿")
    (Decimal('13000'), Decimal('4780000000000'))
    """
    text = re.sub(r"[\s，]", lambda m: "," if m.group() == "，" else "", _plain(text))
    text = text.translate(_FORMAL)
    if not text:
        return None
    whole, point, decimals = text.partition(_POINT)
    if point:
        base, rest = normalize_number(whole), "".join(str(_DIGITS.get(c, c)) for c in decimals)
        if base is None or not rest.isdigit():
            return None
        return base + Decimal(f"0.{rest}")
    if re.fullmatch(rf"[{ZEROS}{ONES}]{{2,}}", text):
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
            if token in ZEROS:
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


def chinese_ordinal(number: int) -> str:
    """12 → 十二; from 1000 on in figures: nobody writes them out.

    >>> chinese_ordinal(12), chinese_ordinal(105), chinese_ordinal(110)
    ('十二', '一百零五', '一百一十')
    """
    if number >= 1000:
        return str(number)
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    printed = f"{DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        printed += "十" if tens == 1 and not hundreds else f"{DIGITS[tens]}十"
    elif hundreds and ones:
        printed += "零"
    return printed + (DIGITS[ones] if ones else "")


@dataclass(frozen=True, slots=True)
class Numeral:
    """`text[start:end]` reads as `value`; `chinese` where it is written without figures.
    `scale_only`: 万, 百, 千亿 (of 万元, 百个), which are numerals before a measure only."""

    start: int
    end: int
    value: Decimal
    chinese: bool
    scale_only: bool = False


def find_numerals(text: str) -> Iterator[Numeral]:
    """The numerals of `text`, each in all its lengths: of 2.3千克 both 2.3千 and 2.3, since 千 may
    belong to the measure. By start, the longest first; full-width figures are not looked for.

    What is no well-formed numeral is read as far as it is one: 十四五 is 十四 and 五.
    """
    text = _FORMAL_RUN.sub(lambda m: m.group().translate(_FORMAL), text)
    text = text.replace("〇", "零").replace("○", "零")
    for match in _NUMERAL.finditer(text):
        start, end = match.span()
        if end - start > _LONGEST:
            continue
        chinese = match["arabic"] is None
        while start < end:
            stop = end
            while stop > start and not _is_numeral(text[start:stop]):
                stop -= 1
            if stop == start:
                start += 1
                continue
            for shorter in _lengths(text, start, stop):
                printed = text[start:shorter]
                bare = set(printed) <= set(SCALES[1:])
                value = normalize_number(f"一{printed}" if bare else printed)
                if value is not None and (shorter == stop or _is_numeral(printed)):
                    yield Numeral(start, shorter, value, chinese, bare)
            start = stop


def _lengths(text: str, start: int, stop: int) -> Iterator[int]:
    yield stop
    while stop - 1 > start and text[stop - 1] in SCALES:
        stop = start + len(text[start : stop - 1].rstrip(" \t"))
        yield stop


def _is_numeral(text: str) -> bool:
    """Whether the numeral is well-formed: 一百千 and 十四五 are not, 二零二五 and 千万 are."""
    if not text or text[-1] in f" \t{_POINT}.,":
        return False
    whole = text.partition(_POINT)[0]
    tokens = _TOKEN.findall(whole)
    digits = [t for t in tokens if t in _DIGITS]
    if len(digits) == len(tokens):
        return len(tokens) == 1 or (len(tokens) > 2 and " " not in whole)
    least = Decimal("Infinity")  # of the scales since the last 万 or 亿
    former = ""
    for token in tokens:
        if token in _SMALL:
            if (former in SCALES and former) or _SMALL[token] >= least:
                return False
            least = Decimal(_SMALL[token])
        elif token in _LARGE:
            least = Decimal("Infinity")
        elif former and former not in SCALES and former not in ZEROS:
            return False
        former = token
    return True


_OF_NUMERALS = re.compile(rf"[\d０-９%％‰半数翻{NUMERALS}{_FORMAL_DIGITS}{_FORMAL_SCALES}]")


def may_hold_numerals(text: str) -> bool:
    """Whether `text` holds a figure or a character that numerals are written with."""
    return _OF_NUMERALS.search(text) is not None

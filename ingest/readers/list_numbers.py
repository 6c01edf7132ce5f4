"""Numbers as a word processor prints them in lists: the formats of ECMA-376 part 1, 17.18.59
(ST_NumberFormat)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

_DIGITS = "〇一二三四五六七八九"
_LEGAL, _LEGAL_TRADITIONAL = "零壹贰叁肆伍陆柒捌玖", "零壹貳參肆伍陸柒捌玖"
_STEMS, _BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"),
    (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
_MOST_ROMAN, _MOST_LETTERS = 32_767, 780
"""Word's own bounds: the largest number of a list, thirty times the alphabet."""
_MARKS = "、.．。,，:：;；)）]】〕〉》-—"
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def format_number(number: int, format_: str) -> str:
    """A number of a list in a format by its name in the standard; decimal where the name or the
    number is outside what the formats here print.

    >>> format_number(12, "chineseCountingThousand"), format_number(3, "decimalEnclosedCircle")
    ('十二', '③')
    """
    printed = _FORMATS[format_](number) if format_ in _FORMATS and number >= 0 else ""
    return printed if printed or format_ == "none" else str(number)


def gap_after(printed: str) -> str:
    """What stands for the tab between a printed number and the words after it: nothing where the
    number ends in a mark of its own (一、 ⑴ ①), else a space (`2.1 `, `第一条 `)."""
    last = printed[-1:]
    return "" if last in _MARKS or unicodedata.category(last) == "No" else " "


def _roman(number: int) -> str:
    if number > _MOST_ROMAN:
        return ""
    printed = []
    for value, letters in _ROMAN:
        times, number = divmod(number, value)
        printed.append(letters * times)
    return "".join(printed)


def _letters(number: int) -> str:
    """a … z, aa, bb … (17.18.59: the letter is repeated)."""
    if not 0 < number <= _MOST_LETTERS:
        return ""
    times, place = divmod(number - 1, 26)
    return chr(ord("A") + place) * (times + 1)


def _places(digits: str, units: str, *, bare_ten: bool, bare: bool = False) -> Callable[[int], str]:
    """Numbers with names of their places, to 99,999,999.

    Args:
        digits: those of 0 to 9.
        units: the names of ten, hundred, thousand, ten thousand.
        bare_ten: ten to nineteen begin with ten itself (十二).
        bare: no 一 before any ten, hundred or thousand (百二十).
    """

    def below(number: int) -> str:
        printed, gap = "", False
        for place, unit in ((1000, units[2]), (100, units[1]), (10, units[0]), (1, "")):
            digit, number = divmod(number, place)
            if digit:
                printed += digits[0] * (gap and not bare)
                printed += unit if bare and digit == 1 and unit else digits[digit] + unit
                gap = False
            else:
                gap = bool(printed)
        return printed

    def write(number: int) -> str:
        if number >= 10**8:
            return ""
        if number == 0:
            return digits[0]
        high, low = divmod(number, 10_000)
        printed = below(high) + units[3] if high else ""
        if printed and 0 < low < 1000 and not bare:
            printed += digits[0]
        printed += below(low)
        return printed[1:] if bare_ten and printed.startswith(digits[1] + units[0]) else printed

    return write


def _digits(digits: str) -> Callable[[int], str]:
    return lambda number: "".join(digits[int(figure)] for figure in str(number))


def _counting(digits: str) -> Callable[[int], str]:
    """Chinese counting to 99, digits from there (一百 is 一○○)."""
    small, large = _places(digits, "十百千万", bare_ten=True), _digits("○" + digits[1:])
    return lambda number: small(number) if number < 100 else large(number)


def _of(characters: str) -> Callable[[int], str]:
    return lambda number: characters[number - 1] if 0 < number <= len(characters) else ""


def _run(*ranges: tuple[str, int]) -> str:
    return "".join(chr(ord(first) + n) for first, count in ranges for n in range(count))


def _ordinal(number: int) -> str:
    teen = number % 100 in {11, 12, 13}
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _sexagenary(number: int) -> str:
    place = number - 1
    return _STEMS[place % 10] + _BRANCHES[place % 12] if 0 <= place < 60 else ""


def _full_width(number: int) -> str:
    return str(number).translate(_FULL_WIDTH)


_thousand = _places("零" + _DIGITS[1:], "十百千万", bare_ten=True)
_circled = _of(_run(("①", 20), ("㉑", 15), ("㊱", 15)))
_FORMATS: dict[str, Callable[[int], str]] = {
    "decimal": str,
    "decimalHalfWidth": str,
    "decimalZero": lambda number: f"{number:02}",
    "decimalFullWidth": _full_width,
    "decimalFullWidth2": _full_width,
    "decimalEnclosedCircle": _circled,
    "decimalEnclosedCircleChinese": _circled,
    "decimalEnclosedFullstop": _of(_run(("⒈", 20))),
    "decimalEnclosedParen": _of(_run(("⑴", 20))),
    "numberInDash": lambda number: f"- {number} -",
    "ordinal": _ordinal,
    "hex": lambda number: f"{number:X}",
    "upperRoman": _roman,
    "lowerRoman": lambda number: _roman(number).lower(),
    "upperLetter": _letters,
    "lowerLetter": lambda number: _letters(number).lower(),
    "chineseCounting": _counting(_DIGITS),
    "taiwaneseCounting": _counting(_DIGITS),
    "chineseCountingThousand": _thousand,  # 第一百零一条, as Word prints it
    "taiwaneseCountingThousand": _thousand,
    "japaneseCounting": _places(_DIGITS, "十百千万", bare_ten=False, bare=True),
    "ideographDigital": _digits(_DIGITS),
    "japaneseDigitalTenThousand": _digits(_DIGITS),
    "taiwaneseDigital": _digits("○" + _DIGITS[1:]),
    "chineseLegalSimplified": _places(_LEGAL, "拾佰仟万", bare_ten=False),
    "ideographLegalTraditional": _places(_LEGAL_TRADITIONAL, "拾佰仟萬", bare_ten=False),
    "ideographTraditional": _of(_STEMS),
    "ideographZodiac": _of(_BRANCHES),
    "ideographZodiacTraditional": _sexagenary,
    "ideographEnclosedCircle": _of(_run(("㊀", 10))),
    "bullet": lambda _number: "•",
    "none": lambda _number: "",
}

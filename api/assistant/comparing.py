"""Questions that compare two things, as the two questions that they are made of."""

from __future__ import annotations

from api.assistant.intents import Intent, cut, first_of
from api.assistant.orders import without_instructions
from api.assistant.topics import without_noun
from kb.expansion import simplify

_FORMS = {
    Intent.WHO: ("{}由哪些单位负责？", "Which units are responsible for {}?"),
    Intent.DEADLINE: ("{}的期限是什么时候？", "When is {} due?"),
    Intent.TARGET: ("{}的目标值是多少？", "What is the target of {}?"),
}
_OF = "的"
_SIDE = range(2, 61)
"""Characters of what is compared."""


def compared(text: str) -> tuple[str, str] | None:
    """The two questions that a comparison is made of.

    >>> compared("消防和防溺水的责任单位有什么不同")
    ('消防由哪些单位负责？', '防溺水由哪些单位负责？')
    """
    plain = without_instructions(simplify(text)).strip().rstrip("?")
    english = plain.isascii()
    plain = plain.lower() if english else plain
    begins, differs = first_of("compares", plain), first_of("differs", plain)
    if begins != 0 and (english or differs is None):
        return None
    said = "".join(cut("compares", plain[:differs] if differs is not None else plain))
    halves = cut("and", said, 1)
    if any(mark in said for mark in ",，。?;；") or len(halves) < 2:
        return None
    first, (second, asked) = halves[0].strip(), without_noun(halves[1].strip())
    second = second.strip().removesuffix(_OF).strip()
    if len(first) not in _SIDE or len(second) not in _SIDE:
        return None
    if asked is None and begins == 0:
        asked = Intent.WHO  # compare A and B: whose they are
    if asked not in _FORMS:
        return None  # 定的数一不一样: what is compared is not one of these
    form = _FORMS[asked][english]
    return form.format(first), form.format(second)

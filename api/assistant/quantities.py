"""What a question says of numbers as a condition: 超过90%的, 20所以上, at least 95%."""

from __future__ import annotations

from api.assistant.cues import says
from kb.language.comparators import Comparator
from kb.language.quantities import find_quantities
from tasks.query import Quantity

_ENGLISH = {
    "at least": Comparator.AT_LEAST,
    "at most": Comparator.AT_MOST,
    "more than": Comparator.MORE,
    "less than": Comparator.LESS,
}
"""Kinds of `question_states`; what Chinese says the reader of documents reads."""


def find_conditions(text: str, low: str) -> tuple[tuple[Quantity, ...], str]:
    """The numbers compared with in a text, and the text without them; `low` is the whole question."""
    english = next((c for kind, c in _ENGLISH.items() if says(kind, low)), None)
    found, rest = list[Quantity](), text
    for q in reversed(find_quantities(text)):
        comparator = q.comparator or english
        if comparator is None or comparator is Comparator.EQUAL:
            continue
        found.insert(0, Quantity(comparator=comparator, value=q.value, measure=q.measure))
        rest = rest[: q.from_] + " " + rest[q.until :]
    return tuple(found), rest

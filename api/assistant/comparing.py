"""Questions that compare two things, as the two questions that they are made of."""

from __future__ import annotations

import re

from api.assistant.orders import without_instructions
from kb.expansion import simplify

_COMPARED = (
    re.compile(
        r"^(?:比较(?:一下)?)?(?P<a>[^,。?和与跟]{2,20})(?:和|与|跟|同)(?P<b>[^,。?]{2,20}?)(?:的)?"
        r"(?P<what>责任单位|责任部门|牵头单位|期限|时限|目标值?|要求)?(?:有(?:什么|何|哪些)|有没有)?"
        r"(?:不同|不一样|区别|差别|差异在哪|一样吗|相同吗|是否相同)"
    ),
    re.compile(
        r"^(?:compare|(?:what is )?the difference between) (?P<a>[^,?]{3,60}?) and (?P<b>[^,?]{3,60})\??$"
    ),
)
_FORMS = {
    "期限": "{}的期限是什么时候？",
    "时限": "{}的期限是什么时候？",
    "目标": "{}的目标值是多少？",
}


def compared(text: str) -> tuple[str, str] | None:
    """The two questions that a comparison is made of (消防和防溺水的责任单位有什么不同)."""
    plain = without_instructions(simplify(text)).strip().rstrip("?")
    for pattern in _COMPARED:
        match = pattern.search(plain if re.search(r"[一-龥]", plain) else plain.lower())
        if match is None:
            continue
        what = match.groupdict().get("what") or ""
        form = next(
            (f for word, f in _FORMS.items() if what.startswith(word)), "{}由哪些单位负责？"
        )
        if not re.search(r"[一-龥]", plain):
            form = "Which units are responsible for {}?"
        return form.format(match.group("a").strip()), form.format(match.group("b").strip())
    return None

"""What a question names: units, plans, places that are none of the documents' own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.expansion import may_name, plain_segmenter, translate
from kb.language.organisations import Organisations

_OFFICE = re.compile(
    r"(?:[a-z]+(?: and|,)? ){1,5}?(?:bureaus?|commissions?|committees?|offices?|departments?|courts?|procuratorates?|brigades?|administrations?|federations?|league|detachments?|police)\b"
)
_PLAN = re.compile(
    r"[“\"《]?(?P<name>[一-龥]{2,18}?)(?:行动|工作|实施|专项)*(?:那个|这个)?(?:计划|方案)[”\"》]?(?:里面?|中|内|当中|下面)?"
)
_NO_PLAN = re.compile(r"哪|几|什么|多少|[\d一二三四五六七八九十]+大")
"""Words before 计划 that ask for plans, or name them all: 十大行动计划."""
_PLAN_EN = re.compile(
    r"\b(?:in|under|by|of|within) the (?P<name>[a-z ,&-]{3,50}?) (?:action )?(?:plan|scheme)\b"
)
_PLACE = re.compile(
    r"(?:^|(?<=[^一-龥])|(?<=[的在和与及是对、省市州区]))(?!全|各|我|本|该|哪|城|社|校|片|辖|地|园|学|这|那|每|小|新|老|山|在|跨|什|农|所|由|只|仅|问|请)"
    r"[一-龥]{1,3}(?:自治州|自治县|省|市|区|县)(?![级域划别内里外间直委政府局])"
)


def find_units(text: str, organisations: Sequence[Organisations]) -> tuple[tuple[str, ...], str]:
    """Canonical names of the units that a question names, and the text without them."""
    found: list[str] = []
    rest = text
    for known in organisations:
        for mention in known.find(text):
            if mention.vague:
                continue
            own = known.local(mention.text)
            name = own.name if own else mention.name
            if name not in found:
                found.append(name)
            rest = rest.replace(mention.text, " ")
        for word, unit in known.find_lay(rest):
            # 督查室 is one of several of our own: which of them bears a duty here decides.
            name = word if len(known.meanings(word)) > 1 else unit.name
            if name not in found:
                found.append(name)
            rest = rest.replace(word, " ")
        for phrase in _OFFICE.findall(rest.lower()):
            words = phrase.replace(",", " ").split()
            for start in range(len(words) - 1):
                if office := known.resolve_english(" ".join(words[start:])):
                    if office.name not in found:
                        found.append(office.name)
                    rest = re.sub(re.escape(" ".join(words[start:])), " ", rest, flags=re.I)
                    break
    return tuple(found), rest


def find_plan(text: str) -> tuple[str, str]:
    """What the question calls a plan that it is limited to, and the text without it."""
    if match := _PLAN.search(text):
        name = re.sub(
            r"^(?:按照?|根据|在|依据|关于|这个|那个|该|本|请问|的)+", "", match.group("name")
        )
        name = re.sub(r"(?:的|那个|这个)$", "", name)
        if len(name) >= 2 and not _NO_PLAN.search(name):
            return name, text[: match.start()] + " " + text[match.end() :]
    if match := _PLAN_EN.search(text.lower()):
        chinese, _ = translate(match.group("name"))
        if chinese:
            return "".join(chinese), text[: match.start()] + " " + text[match.end() :]
    return "", text


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether a place's name is no part of other words: 统筹|城市, 激发|市场 are none."""
    at = 0
    bounds = {0}
    last = ""
    for word in plain_segmenter().cut(text):
        if at < end <= at + len(word):
            last = word
        at += len(word)
        bounds.add(at)
    whole = text[start:end]
    return start in bounds and end in bounds and (len(last) == 1 or last in (whole, whole[1:]))


def without_own_places(text: str, organisations: Sequence[Organisations]) -> str:
    """`text` without the names of the documents' own places, which it is not about: 万州区2027年的目标."""
    for place in sorted(_own_places(organisations), key=len, reverse=True):
        text = text.replace(place, " ")
    return text


def _own_places(organisations: Sequence[Organisations]) -> set[str]:
    return {
        place
        for known in organisations
        for place in (known.jurisdiction.place, *known.jurisdiction.parents)
        if place
    }


def find_places(plain: str, organisations: Sequence[Organisations]) -> tuple[str, ...]:
    """Places named that are none of the documents' own."""
    own = _own_places(organisations)
    found = []
    for match in _PLACE.finditer(plain):
        name = match.group()
        if (
            len(name) < 2
            or re.search(r"[哪些几什么]", name)
            or name in ("县市", "省市", "区县", "市区", "县区", "都市", "城市")
        ):
            continue
        if any(name in place or place in name for place in own):
            continue
        stem = re.sub(r"(?:自治州|自治县|省|市|区|县)$", "", name)
        if may_name(stem) and _stands_alone(plain, match.start(), match.end()):
            found.append(name)
    return tuple(found)

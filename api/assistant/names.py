"""What a question names: units, plans, places that are none of the documents' own. The words that stand
in and around names are `corpus/lexicon/name_words.jsonl`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from kb import lexicon
from kb.expansion import may_name, plain_segmenter, translate
from kb.language.jurisdictions import place_stem
from kb.language.organisations import Organisations
from kb.lexicon import WordEntry

_OFFICE = 7
"""Words of an English name of an office at most, the last says that it is one."""
_PLAN = range(2, 19)
"""Characters of what a plan is called."""
_ABBREVIATED = 2
"""Characters of a place's name cut to its first and what it is (哈市)."""
_PLACE = 3
"""Characters of a place's name at most, without what says that it is one."""
_QUOTES = '“"《', '”"》'


words_of = partial(lexicon.words_of, "name_words", WordEntry)
"""The words of one kind, the longest first."""


def find_units(text: str, organisations: Sequence[Organisations]) -> tuple[tuple[str, ...], str]:
    """Canonical names of the units that a question names, and the text without them."""
    found: dict[str, None] = {}
    rest = text
    for known in organisations:
        for mention in known.find(text):
            if mention.vague:
                continue
            own = known.local(mention.text)
            found[own.name if own else mention.name] = None
            rest = rest.replace(mention.text, " ")
        for word, unit in known.find_lay(rest):
            # 督查室 is one of several of our own: which of them bears a duty here decides.
            found[word if len(known.meanings(word)) > 1 else unit.name] = None
            rest = rest.replace(word, " ")
        for phrases in _offices_in(rest.lower()):
            for phrase in phrases:
                if office := known.resolve_english(phrase):
                    found[office.name] = None
                    at = rest.lower().find(phrase)
                    rest = rest[:at] + " " + rest[at + len(phrase) :] if at >= 0 else rest
                    break
    return tuple(found), rest


def _offices_in(low: str) -> Iterator[list[str]]:
    """What may be English names of offices, longest first: words up to one that says so."""
    words = "".join(c if c.isascii() and (c.isalpha() or c == " ") else " . " for c in low).split()
    begin = 0
    for place, word in enumerate(words):
        if word == ".":
            begin = place + 1
        elif word in words_of("office"):
            first = max(begin, place + 1 - _OFFICE)
            yield [" ".join(words[at : place + 1]) for at in range(first, place)]
            begin = place + 1


def find_plan(text: str) -> tuple[str, str]:
    """What the question calls a plan that it is limited to, and the text without it."""
    for at, noun in _occurrences(text, words_of("plan")):
        end = _without_ending(text[:at], words_of("plan filler"))
        start = end
        while start and is_han(text[start - 1]) and end - start < _PLAN.stop - 1:
            start -= 1
        if end - start not in _PLAN:
            continue
        name = text[start:end]
        while lead := next((w for w in words_of("plan lead") if name.startswith(w)), ""):
            name = name[len(lead) :]
        name = name[: _without_ending(name, words_of("plan end"), once=True)]
        if len(name) < _PLAN.start or any(w in name for w in words_of("no plan")):
            break
        last = at + len(noun)
        last += text[last : last + 1] in _QUOTES[1] and last < len(text)
        last += next((len(w) for w in words_of("plan inside") if text.startswith(w, last)), 0)
        start -= bool(start) and text[start - 1] in _QUOTES[0]
        return name, text[:start] + " " + text[last:]
    return _find_english_plan(text)


def _find_english_plan(text: str) -> tuple[str, str]:
    low = text.lower()
    for at, lead in _occurrences(low, words_of("plan before")):
        begin = at + len(lead) + 1
        ends = [(low.find(f" {w}", begin), w) for w in words_of("english plan")]
        end, noun = min((e for e in ends if e[0] >= 0), default=(-1, ""))
        name = low[begin : max(end, begin)]
        if len(name) > 2 and all(c.isalpha() or c in " ,&-" for c in name):
            chinese, _ = translate(name)
            if chinese:
                return "".join(chinese), text[:at] + " " + text[end + 1 + len(noun) :]
    return "", text


def _occurrences(text: str, words: Sequence[str]) -> list[tuple[int, str]]:
    """Where any of the words stands, in the order of the text."""
    return sorted((at, w) for w in words for at in range(len(text)) if text.startswith(w, at))


def _without_ending(text: str, endings: Sequence[str], *, once: bool = False) -> int:
    """Where a text ends without these words at its end."""
    end = len(text)
    while word := next((w for w in endings if text[:end].endswith(w)), ""):
        end -= len(word)
        if once:
            break
    return end


def latin_words(text: str) -> list[str]:
    """The words of a text in Latin letters."""
    return "".join(c if c.isascii() and c.isalpha() else " " for c in text).split()


def is_han(character: str) -> bool:
    """Whether it is a Chinese character."""
    return "\u4e00" <= character <= "\u9fa5"


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
    for start, end, suffix in _places_in(plain):
        name = plain[start:end]
        if any(word in name if len(word) == 1 else word == name for word in words_of("no place")):
            continue
        if any(_calls(name, place) for place in own):
            continue
        if may_name(name.removesuffix(suffix)) and _stands_alone(plain, start, end):
            found.append(name)
    return tuple(found)


def _calls(name: str, place: str) -> bool:
    """Whether a name is meant for a place: a part of the other, one that sounds alike (临按区: 临安区),
    or its first character alone (哈市: 哈尔滨市)."""
    if name in place or place in name:
        return True
    if len(name) == _ABBREVIATED:
        return (name[0], name[-1]) == (place[0], place[-1])
    from pypinyin import lazy_pinyin  # noqa: PLC0415

    said, known = place_stem(name), place_stem(place)
    return len(said) == len(known) and lazy_pinyin(said) == lazy_pinyin(known)


def _places_in(text: str) -> Iterator[tuple[int, int, str]]:
    """What may be places: up to three characters and what says that they are one, where a name may
    begin and end."""
    at = 0
    while at < len(text):
        before = text[at - 1] if at else " "
        begins = not is_han(before) or before in words_of("before place")
        found = None
        if begins and is_han(text[at]) and text[at] not in words_of("no place begins"):
            found = next(
                (
                    (at, end, suffix)
                    for size in range(_PLACE, 0, -1)
                    if all(map(is_han, text[at : at + size]))
                    for suffix in words_of("place")
                    if text.startswith(suffix, at + size)
                    and text[(end := at + size + len(suffix)) :][:1]
                    not in words_of("no place ends")
                ),
                None,
            )
        if found:
            yield found
        at = found[1] if found else at + 1

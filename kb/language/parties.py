"""Parties: the bodies that a text names, by the lexicon of organisations and by their form.

A body that no entry knows is known by its end (局, 政府, 公司, 专班 …) and its beginning: where the
part of the sentence begins, after a word that opens it (由, 会同, 督促 …), or at a determiner (各,
有关). Words whose characters look like such an end (全部, 社会, 举办) compete with it. What a party
does in its clause is not decided here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from kb.language.engine import Grammar, Token, best
from kb.language.organisations import OrgUnit, UnitMention
from kb.lexicon import WordEntry, load_lexicon

_DELIMITERS = frozenset("、,;:。!?\n<>[]{}《》|/\t\"'…·—")
_LEVELS = frozenset("省市州县区镇乡村")
_LONGEST = 30
"""Characters of a name; twice the longest that one body has in the open documents (15)."""
_BRACKET = 16
"""Characters of another name in brackets."""
_FIELD = 10
"""Characters of a field that stands for its body (城市管理综合执法)."""
_NEAR = 24
"""Parties before a list of fields that may be members of it."""
_ENDS_FIELD = _DELIMITERS | frozenset("()和与由及 ")
_BETWEEN = 7
"""Characters between the parts of a name in tiers (区委组织部|人才工作|科)."""


class WordKind(StrEnum):
    """What a word is to the names of bodies."""

    SUFFIX = "suffix"  # a body may end in it
    OTHER = "other"  # looks like one, and is another word
    OPENING = "opening"  # a name may begin after it, and none goes on through it
    DETERMINER = "determiner"  # opens a name and belongs to it
    ALTERNATIVE = "alternative"  # stands in brackets inside names: 村(居)民委员会
    REMAINDER = "remainder"  # what 等 stands for: 等|有关部门; no word of the names' own grammar
    ELLIPSIS = "ellipsis"  # closes a list of fields whose bodies are meant: 教育、公安等部门


class PartyWords(WordEntry):
    """Words of one kind and class; sentences in which they are that, and in which they are not."""

    kind: WordKind
    class_: str = ""


class Form(StrEnum):
    """How a party is known."""

    KNOWN = "known"  # an entry of the lexicon
    SUFFIX = "suffix"  # by its end
    LISTED = "listed"  # by its place only, in a list that a label announces
    FIELD = "field"  # a field that stands for its body: 教育、公安等部门


class Party(NamedTuple):
    """The body named at `text[start:end]`; `name` is what to call it, `unit` its entry.

    `class_`: the class of its last suffix (office, government, group, association, enterprise,
    institute); `determined`: a determiner opens it (各有关部门); `opener`: the class of the word
    before it (agent 由, recipient 报, companion 会同, object 督促, source 按照, verb, connective);
    empty where it opens its part of the sentence.
    """

    start: int
    end: int
    name: str
    form: Form
    class_: str
    unit: OrgUnit | None = None
    vague: bool = False
    open_ended: bool = False
    determined: bool = False
    opener: str = ""
    opened_at: int = 0


def party_words() -> tuple[PartyWords, ...]:
    """All entries."""
    return load_lexicon("party_words", PartyWords)


@lru_cache
def remainders() -> tuple[str, ...]:
    """What may follow the 等 of a list of bodies, the longest first."""
    found = (w for e in party_words() if e.kind is WordKind.REMAINDER for w in e.words)
    return tuple(sorted(found, key=len, reverse=True))


@lru_cache
def _grammar() -> Grammar:
    grammar = Grammar()
    for entry in party_words():
        if entry.kind is WordKind.REMAINDER:
            continue
        for word in entry.words:
            grammar.word(word, entry.kind.value, entry.class_)
    return grammar


_KINDS = frozenset({*WordKind, "known"})


def find_parties(text: str, known: Sequence[UnitMention] = ()) -> list[Party]:
    """All parties of `text` in order, without overlap; `known` are the organisations found in it."""
    words = [
        token
        for token in _grammar().words_in(text)
        if token.kind != WordKind.ALTERNATIVE or _in_brackets(text, token)
    ]
    names = [Token(m.start, m.end, "known", m, score=1.5) for m in known]
    chosen = best([*words, *names], _KINDS)
    found: list[Party] = []
    cuts = _cuts(text, chosen)
    for place, token in enumerate(chosen):
        if token.kind == WordKind.ELLIPSIS:
            found.extend(_fields(text, token, found))
        elif token.kind in (WordKind.SUFFIX, "known"):
            party = _joined(text, token, found) or _party(text, chosen, place, cuts, found)
            if party is not None:
                party = _with_bracket(text, party, chosen, place)
                if found and party.end <= found[-1].end:
                    continue
                if found and party.start < found[-1].end:
                    found.pop()
                found.append(party)
    return sorted(found, key=lambda party: party.start)


def _in_brackets(text: str, token: Token) -> bool:
    return text[token.start - 1 : token.start] == "(" and text[token.end : token.end + 1] == ")"


def _cuts(text: str, chosen: Sequence[Token]) -> list[int]:
    """The places, in order, at which a name may begin for what stands before: after delimiters,
    figures and opening words."""
    inside: set[int] = set()
    for t in chosen:
        if t.kind == WordKind.ALTERNATIVE:
            inside.update(range(t.start - 1, t.end + 1))
        elif t.kind in ("known", WordKind.SUFFIX, WordKind.DETERMINER):
            inside.update(range(t.start, t.end))
    inside.update(
        at
        for at, character in enumerate(text)
        if character == "、" and _LEVELS.issuperset((text[at - 1 : at], text[at + 1 : at + 2]))
    )
    cuts = {0}
    for at, character in enumerate(text):
        if at in inside:
            continue
        if not "一" <= character <= "龥":
            cuts.add(at + 1)
            figure = character.isascii() and character.isalnum()
            if figure and at + 1 < len(text) and text[at + 1] in "年月日号":
                cuts.add(at + 2)
    for place, token in enumerate(chosen):
        if token.kind != WordKind.OPENING:
            continue
        following = chosen[place + 1] if place + 1 < len(chosen) else None
        attribute = (
            token.value == "verb"
            and token.end - token.start > 1
            and following is not None
            and following.kind == WordKind.SUFFIX
            and following.value == "generic"
            and following.start == token.end
        )
        if not attribute:  # 项目|管理部门: the verb says which body is meant
            cuts.add(token.end)
    return sorted(cuts)


def _party(
    text: str, chosen: Sequence[Token], place: int, cuts: list[int], found: Sequence[Party]
) -> Party | None:
    token = chosen[place]
    mention: UnitMention | None = token.value if token.kind == "known" else None
    cut = cuts[bisect_left(cuts, token.start + 1) - 1]
    start = max(cut, token.start - _LONGEST)
    tiers = (
        bool(found)
        and found[-1].end <= token.start
        and found[-1].start >= cut
        and token.start - found[-1].end <= _BETWEEN
        and token.end - found[-1].start <= _LONGEST
    )
    if tiers:
        before = found[-1]
        next_level = text[before.end] in _LEVELS and before.end - before.start > 2
        if mention is None and next_level and before.class_ != "government":
            start = before.end  # 区经发局|区环土局
        elif mention is not None and not mention.vague and token.start > before.end:
            start = token.start  # two bodies side by side: no tier of the one before
        else:
            start = before.start
    elif mention is not None and not mention.vague and token.start - start > 4:
        start = token.start
    name = text[start : token.end]
    if (mention is None and len(name.strip()) < 2) or not name.strip():
        return None
    if mention is None and token.start == start and len(token.value or "") and len(name) < 2:
        return None
    before_it = [t for t in chosen[max(0, place - 6) : place] if t.end <= start]
    opener = before_it[-1] if before_it and before_it[-1].end == start else None
    determined = any(
        t.kind == WordKind.DETERMINER and t.start == start
        for t in chosen[max(0, place - 6) : place]
    )
    exact = mention is not None and start == token.start
    return Party(
        start,
        token.end,
        _called(mention, name) if mention is not None and exact else name,
        Form.KNOWN if exact else Form.SUFFIX,
        token.value if mention is None else (mention.unit.kind if mention.unit else "office"),
        mention.unit if mention is not None and exact else None,
        bool(mention is not None and mention.vague),
        bool(mention is not None and mention.open_ended),
        determined,
        opener.value if opener is not None and opener.kind == WordKind.OPENING else "",
        opener.start if opener is not None else start,
    )


def _called(mention: UnitMention, printed: str) -> str:
    """The name of a known body: with its place, where that is printed."""
    return printed if printed.endswith(mention.name) else mention.name


def _joined(text: str, token: Token, found: Sequence[Party]) -> Party | None:
    """各有关部门和单位: a bare end after 和 belongs to the name before."""
    if not found or token.kind != WordKind.SUFFIX or token.end - token.start < 2:
        return None
    before = found[-1]
    general = before.determined or before.class_ in ("generic", "group")
    if text[before.end : token.start] not in ("和", "及", "与") or not general:
        return None
    return before._replace(end=token.end, name=text[before.start : token.end], form=Form.SUFFIX)


def _with_bracket(text: str, party: Party, chosen: Sequence[Token], place: int) -> Party:
    """镇人民政府(街道办事处), 市委金融办(市地方金融管理局): the other name in brackets is part of it."""
    if text[party.end : party.end + 1] != "(":
        return party
    close = text.find(")", party.end, party.end + _BRACKET)
    inside = [t for t in chosen[place + 1 : place + 8] if party.end < t.end <= close]
    ends = (WordKind.SUFFIX, WordKind.ALTERNATIVE, "known")
    if close < 0 or not inside or inside[-1].end < close or inside[-1].kind not in ends:
        return party
    if any(t.kind == WordKind.OPENING for t in inside):
        return party
    end = close + 1
    return party._replace(end=end, name=text[party.start : end], form=Form.SUFFIX, unit=None)


def _fields(text: str, ellipsis: Token, found: list[Party]) -> list[Party]:
    """教育、公安、民政等部门: the fields listed before, back to what is no short word."""
    fields: list[Party] = []
    end = ellipsis.start
    near = found[-_NEAR:]
    taken = {p.end: p.start for p in near}
    while end > 0:
        if end in taken:
            start = taken[end]
            if not start or text[start - 1] not in "、和与及":
                break
            end = start - 1
            continue
        start = end
        while start > 0 and end - start <= _FIELD and text[start - 1] not in _ENDS_FIELD:
            start -= 1
        if end - start > 2 and text[start] in _LEVELS:
            start += 1
        held = [p for p in near if p.start < end and start < p.end]
        whole = all(start <= p.start and p.end <= end for p in held)
        if not whole or not 2 <= end - start <= _FIELD:
            break
        for inner in held:  # 城市 in 城市管理综合执法
            found.remove(inner)
        fields.append(
            Party(
                start, end, text[start:end], Form.FIELD, "field", open_ended=True, opened_at=start
            )
        )
        if not start or text[start - 1] not in "、和与及":
            break
        end = start - 1
    return fields[::-1]

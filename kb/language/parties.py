"""Parties: the bodies that a text names, by the lexicon of organisations and by their form.

A body that no entry knows is known by its end (局, 政府, 公司, 专班 …); where its name begins is
weighed (`name_beginnings`). Words whose characters look like an end (全部, 社会, 举办) compete with
it. What a party does in its clause is not decided here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from kb.language.engine import Token
from kb.language.jurisdictions import PlaceKind, place_words
from kb.language.name_beginnings import Before, Beginning
from kb.language.numerals import HUNDREDS
from kb.language.organisations import OrgUnit, UnitMention
from kb.language.party_words import (
    KNOWN,
    LEVELS,
    PartyWords,
    WordKind,
    is_suffix,
    read_words,
    suffix_of,
    words_of,
    zones,
)

_LONGEST = 30
"""Characters of a name; twice the longest that one body has in the open documents (15)."""
_BRACKET = 16
"""Characters of another name in brackets."""
_ASIDE = 40
"""Characters of a bracket that says what a body is called from here on."""
_HEADLESS = ("post", "group")
"""Classes of what nobody answers for as its head: of a group (组长) another body's does."""
_FIELD = 10
"""Characters of a field that stands for its body (城市管理综合执法)."""
_NEAR = 24
"""Parties, words and fields before the end of a list of fields that may be members of it."""
_PLACE = (2, 3)
"""Characters of the name of a place before a level (云蒙|县科协)."""
_LOOK = 8
"""Words before an end that are looked at."""


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
    before it (agent 由, recipient 报, companion 会同, object 督促, source 按照, item 一是, verb,
    connective); empty where it opens its part of the sentence. `tail`: characters at its end that are
    none of its name: a bracket with what it was or is called, who heads it (`headed`: 区教委|主任).
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
    tail: int = 0
    headed: bool = False

    @property
    def named_to(self) -> int:
        """Where its own name ends."""
        return self.end - self.tail


def find_parties(text: str, known: Sequence[UnitMention] = ()) -> list[Party]:
    """All parties of `text` in order, without overlap; `known` are the organisations found in it."""
    words = read_words(text, known)
    chosen = [t for place, t in enumerate(words) if not _begins_town(text, words, place)]
    found: list[Party] = []
    edges = _edges(text, chosen)
    for place, token in enumerate(chosen):
        if token.kind == WordKind.ELLIPSIS:
            found.extend(_fields(text, token, chosen[max(0, place - _NEAR) : place], found))
        elif token.kind in (WordKind.SUFFIX, KNOWN):
            party = _joined(text, token, found) or _party(text, chosen, place, edges, found)
            if party is not None:
                party = _with_bracket(text, party, chosen, place)
                party = _with_head(text, party, chosen[place + 1 : place + _LOOK])
                if found and party.end <= found[-1].end:
                    continue
                while found and party.start < found[-1].end:
                    found.pop()
                found.append(party)
    return sorted(found, key=lambda party: party.start)


def _begins_town(text: str, words: Sequence[Token], place: int) -> bool:
    """Whether a word that opens names is the first character of a town's, which without it has one
    before its level: 由伍市镇、|向家镇负责. It begins an item or its part of the sentence."""
    word = words[place]
    if word.kind != WordKind.OPENING or word.end - word.start > 1:
        return False
    rest = text[word.end : word.end + 1]
    if not "一" <= rest <= "龥" or rest in LEVELS or rest in HUNDREDS:
        return False
    if not text.startswith(place_words(PlaceKind.TOWNSHIP), word.end + 1):
        return False
    if place + 1 < len(words) and words[place + 1].start == word.end:
        return False  # 向|本镇, 在|集镇
    before = words[place - 1] if place and words[place - 1].end == word.start else None
    if before is not None:
        return before.kind == WordKind.JOIN or before.value.class_ == "agent"
    return not "一" <= text[word.start - 1 : word.start] <= "龥"


def _edges(text: str, chosen: Sequence[Token]) -> list[int]:
    """The places, in order, before which no name reaches back: after marks, figures and the words
    that open a name."""
    inside: set[int] = set()
    for t in chosen:
        if t.kind == WordKind.ALTERNATIVE:
            inside.update(range(t.start - 1, t.end + 1))
        elif t.kind not in (WordKind.OPENING, WordKind.ELLIPSIS):
            inside.update(range(t.start, t.end))
    edges = {0, *(t.end for t in chosen if t.kind == WordKind.OPENING)}
    for at, character in enumerate(text):
        if not "一" <= character <= "龥" and at not in inside:
            edges.add(at + 1)
            figure = character.isascii() and character.isalnum()
            if figure and at + 1 < len(text) and text[at + 1] in "年月日号":
                edges.add(at + 2)
    return sorted(edges)


def _party(
    text: str, chosen: Sequence[Token], place: int, edges: list[int], found: Sequence[Party]
) -> Party | None:
    token = chosen[place]
    near = chosen[max(0, place - _LOOK) : place]
    edge = max(edges[bisect_right(edges, token.start) - 1], token.start - _LONGEST)
    bodies = [_before(p) for p in found[-2:] if edge <= p.start and p.end <= token.start]
    mention: UnitMention | None = token.value if token.kind == KNOWN else None
    entry: PartyWords = token.value if mention is None else suffix_of(mention.text)
    if mention is not None and _named_in_full(mention):
        start = _with_place(text, token, edge, found[-1] if bodies else None, near)
    elif entry.label and not _said_to_act(text, token, edge, near):
        return None
    else:
        common = mention is not None and mention.vague and entry.class_ == "generic"
        beginning = Beginning(
            text, token, entry, edge=edge, bodies=bodies, words=near, common=common
        )
        start = beginning.best()
        if entry.class_ == "group":
            start = _stationed(start, near, found)
    name = text[start : token.end]
    if len(name.strip()) < (2 if mention is None else 1):
        return None
    opener = next((t for t in reversed(near) if t.end == start and t.kind in _OPENERS), None)
    party = Party(
        start,
        token.end,
        name,
        Form.SUFFIX,
        entry.class_,
        determined=any(t.kind == WordKind.DETERMINER and t.start == start for t in near),
        opener="" if opener is None else _OPENERS[WordKind(opener.kind)] or opener.value.class_,
        opened_at=start if opener is None else opener.start,
    )
    if mention is None:
        return party
    party = party._replace(
        class_=mention.unit.kind if mention.unit else "office",
        vague=mention.vague,
        open_ended=mention.open_ended,
    )
    if start < token.start:
        return party
    last = found[-1] if found else None
    governed = (
        last is not None
        and last.open_ended
        and last.unit is not None
        and last.name == last.unit.name
        and text[last.end : start] in ("、", *words_of(WordKind.JOIN))
    )
    called = _called(mention, name, governed=governed)
    return party._replace(name=called, form=Form.KNOWN, unit=mention.unit)


_OPENERS = {WordKind.OPENING: "", WordKind.JOIN: "", WordKind.FIELD: "verb"}
"""What may stand before a name, and its class where its entry says none."""


def _stationed(start: int, near: Sequence[Token], found: Sequence[Party]) -> int:
    """Where the name of a group begins that is stationed somewhere: (市纪委监委)驻|市水利局纪检监察组."""
    word = next((t for t in near if t.kind == WordKind.STATION and t.end == start), None)
    if word is None:
        return start
    return next((p.start for p in reversed(found) if p.end == word.start), word.start)


def _before(party: Party) -> Before:
    name = party.name.rstrip(")")
    depth = suffix_of(name).depth
    if party.class_ == "party" and len(name) < 4:
        depth = 1  # 市委
    heading = (
        party.form is Form.SUFFIX
        and party.class_ == "government"
        and not party.determined
        and len(name) > 4
        and name[-1] in LEVELS
        and not name.endswith(zones())
        and LEVELS.isdisjoint(name[:-1])
    )
    return Before(party.start, party.end, depth, party.class_, party.determined, heading)


def _said_to_act(text: str, token: Token, edge: int, near: Sequence[Token]) -> bool:
    """各配合单位, 由牵头单位, 会办单位须…: no label."""
    openings = [t for t in near if t.end == token.start and t.kind == WordKind.OPENING]
    if any(t.value.class_ == "agent" for t in openings):
        return True
    follows = "一" <= text[token.end : token.end + 1] <= "龥"
    named = (WordKind.DETERMINER, WordKind.SUFFIX, KNOWN)
    return follows or any(t.kind in named and t.start >= edge for t in near)


def _named_in_full(mention: UnitMention) -> bool:
    """区教委, 各有关部门: nothing but a place stands before them. Of 领导小组办公室 and 学校, and of
    (国家公共)安全部, the name may begin before."""
    if mention.vague or is_suffix(mention.text):  # 西虹桥商务|区管委会
        return False
    if mention.text.startswith(words_of(WordKind.DETERMINER)):
        return True
    group = mention.unit is not None and mention.unit.kind == "group"
    return (
        mention.text[0] in LEVELS and not group and suffix_of(mention.text).class_ != "enterprise"
    )


def _with_place(
    text: str, token: Token, edge: int, body: Party | None, near: Sequence[Token]
) -> int:
    """Where the name of a known body begins: at its place (云蒙|县科协) or a determiner (沿河|各街道)."""
    start = token.start
    for word in reversed(near):
        if word.kind == WordKind.DETERMINER and word.end == start:
            start = word.start
    if text[start] not in LEVELS and suffix_of(text[start : token.end]).class_ == "generic":
        if body is not None and body.end == start and body.class_ != "generic":
            return body.start  # 领导小组|各成员单位, 各地区|各部门
        if start - 1 == edge and text[edge] in LEVELS:
            return edge  # 县|各有关单位
    if body is not None and body.end == start and body.name[-1] in LEVELS and len(body.name) < 4:
        return body.start  # 沣州|市教育局
    low = max(edge, body.end if body is not None else 0)
    low = max((low, *(t.end for t in near if t.kind == WordKind.JOIN and t.end <= start)))
    said = any(t.end > low for t in near if t.end <= start and t.kind != WordKind.OTHER)
    noun = any(t.kind == WordKind.FIELD and t.end == low for t in near)
    if text[start] in LEVELS and start - low in _PLACE and not said and not noun:
        return low
    return start


def _called(mention: UnitMention, printed: str, *, governed: bool) -> str:
    """The name of a known body: with its place, where that is printed; a field that stands for its
    body is called as printed, unless its level is, before it or before the list that it stands in
    (`governed`: 区公安、|应急管理等部门)."""
    if mention.open_ended and mention.unit is not None and mention.unit.kind != "group":
        return mention.name if governed or printed[0] in LEVELS else printed
    return printed if printed.endswith(mention.name) else mention.name


def _joined(text: str, token: Token, found: Sequence[Party]) -> Party | None:
    """各有关部门和单位: a bare end after 和 belongs to the name before."""
    if not found or token.kind != WordKind.SUFFIX or token.end - token.start < 2:
        return None
    before = found[-1]
    general = before.determined or before.class_ in ("generic", "group")
    if text[before.end : token.start] not in words_of(WordKind.JOIN) or not general:
        return None
    return before._replace(end=token.end, name=text[before.start : token.end], form=Form.SUFFIX)


def _with_bracket(text: str, party: Party, chosen: Sequence[Token], place: int) -> Party:
    """镇人民政府(街道办事处), 市委金融办(市地方金融管理局): the other name in brackets is part of it.
    What it was called before, or is called from here on, is no part of its name: 区文旅委(原区文化委)."""
    if text[party.end : party.end + 1] != "(":
        return party
    if text.startswith(words_of(WordKind.CALLED), party.end + 1):
        close = text.find(")", party.end, party.end + _ASIDE) + 1
        return party._replace(end=close, tail=close - party.end) if close else party
    close = text.find(")", party.end, party.end + _BRACKET)
    inside = [t for t in chosen[place + 1 : place + _LOOK] if party.end < t.end <= close]
    ends = (WordKind.SUFFIX, WordKind.ALTERNATIVE, KNOWN)
    if close < 0 or not inside or inside[-1].end < close or inside[-1].kind not in ends:
        return party
    if inside[-1].kind == WordKind.SUFFIX and inside[-1].value.label:
        return party  # 区教委(牵头单位): what it is, no name
    end = close + 1
    if text.startswith(words_of(WordKind.FORMER), party.end + 1):
        return party._replace(end=end, tail=end - party.end)
    if any(t.kind == WordKind.OPENING for t in inside) or any(
        c.isascii() for c in text[party.end + 1 : close]
    ):
        return party
    return party._replace(end=end, name=text[party.start : end], form=Form.SUFFIX, unit=None)


def _with_head(text: str, party: Party, after: Sequence[Token]) -> Party:
    """区教委|主任, 各学校|主要负责人: who heads a body answers for it."""
    if (
        suffix_of(text[party.start : party.named_to]).class_ in _HEADLESS
        or party.form is Form.FIELD
    ):
        return party
    words = words_of(WordKind.HEAD)
    head = next((word for word in words if text.startswith(word, party.end)), "")
    end = party.end + len(head)
    if not head or any(t.start < end < t.end for t in after):
        return party  # 各单位|负责人员
    if not "一" <= text[end : end + 1] <= "龥":
        return party  # nothing is said: 成员:王某 市应急管理局局长
    return party._replace(end=end, tail=party.tail + len(head), headed=True)


def _fields(text: str, ellipsis: Token, words: Sequence[Token], found: list[Party]) -> list[Party]:
    """教育、公安、民政等部门: the fields listed before, back to what is no short word. 和 stands before
    the last of them; before an earlier one it is inside its name (自然资源和规划、水务等部门)."""
    fields: list[Party] = []
    joins = {t.end: t.start for t in words if t.kind == WordKind.JOIN}
    opens = {t.end for t in words if t.kind in (WordKind.OPENING, WordKind.ELLIPSIS)}
    whole_words = {t.start for t in words if t.kind == WordKind.OTHER}
    base = max(0, len(found) - _NEAR)
    near = found[base:]
    taken = {p.end: p.start for p in near if not (p.open_ended and p.start in joins)}
    taken |= {p.end: p.start for p in near if p.end == ellipsis.start}
    end = ellipsis.start
    while end > 0 and len(fields) < _NEAR:
        start = taken.get(end, -1)
        if start < 0:
            start = end
            stops = opens | joins.keys() if end == ellipsis.start else opens
            while start > 0 and end - start <= _FIELD and "一" <= text[start - 1] <= "龥":
                if start in stops:
                    break
                start -= 1
            if end - start > 2 and text[start] in LEVELS and start not in whole_words:
                start += 1
            held = [p for p in near if p.start < end and start < p.end]
            whole = all(start <= p.start and p.end <= end for p in held)
            if not whole or not 2 <= end - start <= _FIELD:
                break
            near = [p for p in near if p.end <= start or end <= p.start]  # 城市 in 城市管理
            field = Party(start, end, text[start:end], Form.FIELD, "field", open_ended=True)
            fields.append(field._replace(opened_at=start))
        if start in joins:
            end = joins[start]
        elif start and text[start - 1] == "、":
            end = start - 1
        else:
            break
    found[base:] = near
    return fields[::-1]

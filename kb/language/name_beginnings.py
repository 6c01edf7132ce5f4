"""Where the name of a body begins, of which the end is known.

It may begin at the edge of its part of the sentence, after a verb or 和 inside that part, at a
determiner, after the body before it, or where that body begins (区委组织部|人才工作|科). Each of these
costs something, and the name begins where that is least. The costs were set by hand on the documents
that are open; only their order counts: a verb inside a name costs less than a piece of a name left
out, and that less than a verb that governs the name and is taken into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kb.language.engine import Token
from kb.language.party_words import LEVELS, PartyWords, WordKind

_NEVER = 4.0
"""和 between two names; a body inside one of its own depth (公安局|税务局)."""
_GOVERNS = 3.0
"""A verb before a common noun (督促|学校), a determiner inside a name, two parts of a name too far apart."""
_PREDICATE = 2.5
"""A verb that is followed by more than the suffix (建设|教师发展|中心), or that never comes first."""
_BARE = 2.5
"""A suffix of one character without anything before it."""
_BROKEN = 1.5
"""A name that goes on from the body before it as its part is read as one of its own."""
_LEFT_OUT = 1.2
"""A noun before the verb that the name is cut at (医院感染|管理科)."""
_INSIDE = 1.0
"""A verb or 和 inside a name; a suffix of two characters without anything before it."""
_LEFT_VERB = 0.6
"""Verbs only are left out (投资|促进局)."""
_ATTRIBUTE = 0.5
"""A verb with nothing but verbs between it and the suffix (质量|管理|办公室)."""
_SOME = 0.3
"""A determiner before 部门, 单位: 领导小组|各|成员单位."""
_LEVEL = -1.5
"""The mark of a level, or a determiner, opens the name."""
_TIERS = -1.0
"""The body before is the first part of the name."""
_BOTH = -0.1
"""It is the organ of that body and of the one beside it (区委|区政府|督查室)."""
_HEADING = -0.5
"""That body is a heading that was run into the name (供养形式|区民政部门)."""
_ITEM = -2.5
"""Marks stand on both sides: an item of a list is a name as a whole."""
_BETWEEN = 10
"""Characters between the parts of a name in tiers (医院|医疗质量与安全管理|委员会)."""
_MARKS = frozenset("、,;:|()/\n ")


class Before(NamedTuple):
    """The body before a name: depth and class of its suffix; `determined` if a determiner opens it;
    `heading` if its last character alone can be part of a name."""

    start: int
    end: int
    depth: int
    class_: str
    determined: bool
    heading: bool


class Beginning:
    """The end of a name at `token`, with what stands before it back to `edge`.

    `words` are the words of names before the token, `bodies` the bodies found there, in order;
    `common`: a verb before the name governs it.
    """

    def __init__(
        self,
        text: str,
        token: Token,
        entry: PartyWords,
        *,
        edge: int,
        bodies: Sequence[Before],
        words: Sequence[Token],
        common: bool,
    ) -> None:
        self.text, self.token, self.entry, self.bodies = text, token, entry, bodies
        self.low = max(edge, bodies[-1].end) if bodies else edge
        self.words = [t for t in words if self.low <= t.start and t.end <= token.start]
        self.common = common or entry.noun or entry.depth == 0
        self.verbs_from = token.start  # from here on nothing but verbs stands before the suffix
        for word in reversed(self.words):
            if word.kind != WordKind.FIELD or word.end != self.verbs_from:
                break
            self.verbs_from = word.start

    def best(self) -> int:
        """The place at which it costs least to begin."""
        places = {self.low}
        for word in self.words:
            if word.kind in (WordKind.FIELD, WordKind.JOIN) and not self._is_business(word):
                places.add(word.end)
            elif word.kind == WordKind.DETERMINER:
                places.add(word.start)
        options = [(self._alone(place), place) for place in places]
        if self.bodies:
            body = self.bodies[-1]
            options.append((self._in_tiers(body), body.start))
            if (
                body.heading and self.entry.class_ != "enterprise"
            ):  # 国网|石坝县供电公司 is one name
                options.append((self._in_tiers(body) + _HEADING, body.end - 1))
            elif len(self.bodies) > 1 and self.bodies[-2].end == body.start:
                first = self.bodies[-2]
                if body.depth == 0 and not body.determined:  # 农业银行|砚溪县|支行
                    options.append((self._in_tiers(first, body.end), first.start))
                elif first.depth == body.depth == 1 and self.entry.depth > 1:
                    options.append((self._in_tiers(body) + _BOTH, first.start))
        return min(options)[1]

    def _alone(self, start: int) -> float:
        """Of a name that begins at `start`, whatever stands before it."""
        level = self.token.start > start + 1 and (
            self.text[start] in LEVELS
            or any(t.kind == WordKind.DETERMINER and t.start == start for t in self.words)
        )
        cost = self._of_words(start, level=level) + (_LEVEL if level else 0.0)
        if start == self.low and self._is_item():
            cost += _ITEM
        if start > self.low and not self.entry.noun:
            verbs = (t for t in self.words if t.kind in (WordKind.FIELD, WordKind.JOIN))
            left = sum(t.end - t.start for t in verbs if t.end <= start)
            cost += _LEFT_VERB if left == start - self.low else _LEFT_OUT
        if start == self.token.start and not self.common:
            cost += _BARE if self.token.end - start == 1 else _INSIDE
        follows = bool(self.bodies) and start == self.bodies[-1].end
        if follows and self.entry.depth > self.bodies[-1].depth and not level:
            cost += _BROKEN
        return cost

    def _is_item(self) -> bool:
        before = self.text[self.low - 1 : self.low]
        after = self.text[self.token.end : self.token.end + 1]
        return before in _MARKS and (not after or after in _MARKS)

    def _in_tiers(self, body: Before, until: int | None = None) -> float:
        """Of a name whose first part is `body`, with a place up to `until` after it."""
        gap = self.text[until or body.end : self.token.start]
        cost = self._of_words(body.end, level=True) + _TIERS
        same = not gap and (
            self.entry.class_ == body.class_ == "enterprise"
            or (self.entry.depth == body.depth == 0 and not body.determined)
        )
        if self.entry.depth <= body.depth and not same:
            cost += _NEVER
        if len(gap) > _BETWEEN or gap[:1] in LEVELS or body.class_ in ("post", "field"):
            cost += _GOVERNS
        determiner = any(t.kind == WordKind.DETERMINER and t.start == body.end for t in self.words)
        if determiner and self.entry.class_ != "generic":
            cost += _GOVERNS
        return cost

    def _of_words(self, start: int, *, level: bool) -> float:
        """Of the verbs, 和 and determiners from `start` on inside the name."""
        cost, opened = 0.0, start  # up to where determiners open the name: 沿河|各
        for word in self.words:
            if word.start < start:
                continue
            if word.kind == WordKind.FIELD:
                cost += self._of_verb(word, start)
            elif word.kind == WordKind.JOIN:
                office = self.entry.class_ == "office" or level
                office = office or (self.entry.class_, self.entry.depth) == ("institute", 2)
                inside = office and not self.common and word.start >= start + 2
                cost += _INSIDE if inside else _NEVER
            elif word.kind == WordKind.DETERMINER and word.start == opened:
                opened = word.end
            elif word.kind == WordKind.DETERMINER:
                cost += _SOME if self.entry.class_ == "generic" else _GOVERNS
        return cost

    def _is_business(self, word: Token) -> bool:
        """Whether a verb says what an enterprise does, after what it does it with: 燃气|经营|企业."""
        of = word.kind == WordKind.FIELD and word.value.class_ == "business"
        return of and self.entry.class_ == "enterprise" and word.start >= self.low + 2

    def _of_verb(self, verb: Token, start: int) -> float:
        if self._is_business(verb):
            return 0.0
        if verb.start >= self.verbs_from:
            later = verb.start == start and verb.value.class_ == "later"
            return (_GOVERNS if self.common else _ATTRIBUTE) + (_PREDICATE if later else 0.0)
        if verb.start == start:
            return _PREDICATE
        return _GOVERNS if self.common else _INSIDE

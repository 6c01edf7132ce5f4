"""What stands around a party of a clause: the named structural features by which its use is decided.

Features name kinds (the zone it stands in, the role of that zone's label, what opens and what follows
its group, the form of its name), never single words: what holds of one issuer's documents holds of
the next one's.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.columns import NO_CELLS, Cells, ColumnKind
from ingest.quantity_features import part_of
from ingest.surroundings import LINE_ENDS, PARTS, STOPS, Surroundings, crossed, label_of
from ingest.time_events import ends_attribute
from kb.language.engine import Token
from kb.language.numerals import TENS
from kb.language.parties import Form, Party
from kb.language.party_words import WordKind, is_exempt, place_of, remainders, words_of
from kb.language.roles import (
    GIVES_ROLE,
    HEADS_ROLE,
    Role,
    RoleWordKind,
    best_role_words,
    find_role_words,
    main_role,
)
from kb.ranges import Ranges

EXCEPTED = "excepted"
"""The feature of what a clause leaves out (除区教委外, 区教委无需), of who bore something until now (原由
区教委承担), and of what a body is said to be (作为业主单位)."""
_SILENCED = ("exception", "predicate")
"""What opens a name of one that bears nothing."""
_LABEL = 14
"""Characters before a colon that may be a label (牵头责任单位及责任人)."""
_LABEL_EDGES = frozenset("。;,:|\n()[]【】〔〕")
_BRACKET = 400
_REACH = 24
"""Characters after a group in which its verb is looked for."""
_DEED = 6
"""Characters after a group of what it does to a noun (审核确认的|家庭)."""
_CITED = 16
"""Those of what one did by whom something is bound (经县政府批复认定退出的|村)."""
_THEN = 40
"""Characters of the next part of a sentence."""
_NUMBER = re.compile(r"\d{7}")
_CALL = 30
"""Characters after a body in which the number to call may stand."""
_BEFORE = 200
"""Those of a sentence before a group of which it is counted how many parts there are."""
_LATER = 120
"""Characters of a sentence after a group in which roles, and its other verbs, are looked for."""
_NAME = 12
"""Characters of a name that is known by its place in a list only."""
_PERSON = 5
"""Characters of a person's name, and one more."""
_ACTS = frozenset((*GIVES_ROLE, RoleWordKind.MODAL, RoleWordKind.DUTY, RoleWordKind.ADVERB))
_VERBS = frozenset((*GIVES_ROLE, RoleWordKind.MODAL, RoleWordKind.DUTY))
_NO_NAME = GIVES_ROLE
_OF_LABELS = HEADS_ROLE | {RoleWordKind.BEARER}
_BEARER = 7
"""Characters of the longest word that ends a label (单位及责任人)."""
_BLANKS = str.maketrans("", "", " ()")
"""What may stand inside a label: 成 员, 牵头(责任)单位."""
_BETWEEN_NAMES = frozenset("、,; \n。()")
_SILENT = frozenset(("end", "stop", "comma", "list", "open", "close", "mark"))
_GAP = 3
"""Characters of white space between a label without a colon and what it labels, and one more."""
_MARKER = 24
_OF_MARKERS = f" \t*#({TENS}.、)（）0123456789"
"""What numbers of clauses are written with, and how many characters they may take."""
_LINE = 300
"""Characters of a line or cell that are looked at on each side."""
_BRACKETS = {"(": ")", "[": "]", "〔": "〕", "【": "】"}
_CLOSING = frozenset(_BRACKETS.values())
_MARKS = {
    ",": "comma", ":": "colon", "、": "list", "\t": "cell", "|": "cell", '"': "quote",
    **dict.fromkeys(_BRACKETS, "open"), **dict.fromkeys(_CLOSING, "close"),
}  # fmt: skip
_FOLLOWING = ("comma", "colon", "list", "open", "close")
_JOINING = "—-/"
"""What may join a label to what it names: 牵头单位——区教委."""
_DASHES = "——"
"""What may announce a list at the end of a line: ——区教委、区财政局."""
_CELL_EDGES = frozenset("\n\t|")
_PAUSES = PARTS | frozenset("()")


@dataclass(frozen=True, slots=True)
class Zone:
    """Where a party stands: `label` (after 责任单位:), `bracket`, `line` (nothing but parties),
    `cell` of units, other `column` (nothing but parties), or running `text`; the role that its label
    gives."""

    kind: str
    start: int
    end: int
    role: Role | None = None


RoleOf = Callable[[Sequence[Party], int, Zone], tuple[Role, str]]
"""The role of a party of a group in a zone, and what gives it."""


class PartyScene(Surroundings):
    """A clause's text with its parties, seen as groups in zones."""

    def __init__(
        self,
        text: str,
        parties: Sequence[Party],
        *,
        cells: Cells = NO_CELLS,
        times: Sequence[tuple[int, int]] = (),
    ) -> None:
        words = find_role_words(text)
        super().__init__(text, best_role_words(words), _LINE)
        self.cells = cells
        self._past_time = dict(times)
        self._times = frozenset(start for start, _ in times)
        self._closings = [at for at, character in enumerate(text) if character in "。;"]
        parties = [self._before_label(party) for party in parties]
        self.labels = sorted(self._labels(parties), key=lambda label: label.end)
        self._label_ends = [label.end for label in self.labels]
        heads = [
            label for label in self.labels if label.value is not None or self._of_people(label)
        ]
        taken = Ranges([*((h.start, h.end - 1) for h in heads), *self._predicates()])
        names = [p for p in parties if not taken.overlap(p.start, p.end)]
        self._hold(names)
        self.set_words(best_role_words([t for t in words if not self._inside(t.start, t.end)]))
        if listed := [*self._listed()]:
            self._hold(sorted([*names, *listed], key=lambda party: party.start))
        self._past_time |= dict(self._past_names())
        self.groups = list(self._groups())

    def _past_names(self) -> Iterator[tuple[int, int]]:
        """Where the names of those end who head a body, by where the body ends: 县发改局局长|刘永红|
        负责; nothing but the word or time after it shows one."""
        for party in self.parties:
            for end in range(party.end + 2, party.end + _PERSON) if party.headed else ():
                name = self.text[party.end : end]
                if not all("一" <= character <= "龥" for character in name):
                    break
                if self.tokens_between(party.end, end) or self._inside(end - 1, end):
                    break
                word = self.word_at(end)
                if end in self._times or (word is not None and word.kind in _ACTS):
                    yield party.end, end
                    break

    def _predicates(self) -> Iterator[tuple[int, int]]:
        """X为|牵头单位: no party, but the role of the one before."""
        for verb, role, bearer in zip(self.words, self.words[1:], self.words[2:], strict=False):
            kinds = verb.kind, bearer.kind
            beside = verb.end == role.start and role.end == bearer.start
            if (
                kinds == (RoleWordKind.IS, RoleWordKind.BEARER)
                and role.kind in HEADS_ROLE
                and beside
            ):
                yield role.start, bearer.end

    def _hold(self, parties: Sequence[Party]) -> None:
        self.parties = parties
        self._name_starts = [p.start for p in parties]
        self._name_ends = [p.end for p in parties]

    def _listed(self) -> Iterator[Party]:
        """Names between the marks of a list that a label with a role announces, which nothing but
        their place shows to be names."""
        text = self.text
        lists = [
            (
                label.end,
                self.labels[place + 1].start if place + 1 < len(self.labels) else len(text),
            )
            for place, label in enumerate(self.labels)
            if label.value is not None
        ]
        lists += [(c.start, c.end) for c in self.cells if c.column.kind is ColumnKind.UNITS]
        for begin, stop in sorted(lists):
            at = begin
            depth = 0
            for end in range(begin, min(stop, begin + _BRACKET) + 1):
                mark = text[end] if end < stop else ""
                if mark and mark not in _BETWEEN_NAMES:
                    continue
                after = text[at - 1 : at]
                if not depth and after not in ("(", ")") and self._may_be_named(at, end):
                    yield Party(at, end, text[at:end], Form.LISTED, "-", opened_at=at)
                at = end + 1
                depth += {"(": 1, ")": -1}.get(mark, 0)
                if not mark or mark in STOPS or depth < 0:
                    break

    def _may_be_named(self, start: int, end: int) -> bool:
        """Whether a member of a list is short, and neither holds a name nor begins with a word."""
        name = self.text[start:end]
        words = self.tokens_between(start, end)
        return (
            2 <= len(name) <= _NAME
            and all("一" <= character <= "龥" for character in name)
            and not any(t.kind in _NO_NAME or t.start == start for t in words)
            and not any(
                p.start < end and start < p.end for p in self.parties_between(start - 30, end)
            )
        )

    def _inside(self, start: int, end: int) -> bool:
        place = bisect_right(self._name_starts, start) - 1
        return place >= 0 and self._name_ends[place] > start

    def tokens_between(self, start: int, end: int) -> list[Token]:
        """The words inside `[start, end)`."""
        return [t for t in self.words_from(start, end) if t.end <= end]

    def _before_label(self, party: Party) -> Party:
        """A name in a list without the label that goes on right after it: 甲局|配合单位:."""
        bearer = next(iter(self.words_from(party.end - _BEARER, party.end)[-1:]), None)
        listed = self.text[party.start - 1 : party.start] in (":", "、")
        if bearer is None or not listed or self.text[party.end : party.end + 1] != ":":
            return party
        roles = [t for t in self.words_from(party.start + 2, bearer.start) if t.kind in HEADS_ROLE]
        if bearer.kind != RoleWordKind.BEARER or not roles or roles[-1].end != bearer.start:
            return party
        end = roles[-1].start
        return party._replace(end=end, name=self.text[party.start : end])

    def _labels(self, parties: Sequence[Party]) -> Iterator[Token]:
        """Labels before a colon: 责任单位: with its role, others without; and those that stand before
        a party without one: 成员单位有, 配合单位."""
        text = self.text
        named = frozenset(p.start for p in parties)
        ends = frozenset(p.end for p in parties)
        for at, character in enumerate(text):
            if character != ":":
                continue
            start = self._label_start(at, ends)
            words = text[start:at].strip(" *")
            if words:
                yield Token(start, at + 1, "label", self._role_of_label(start, at), words)
        for role, bearer in pairwise(self.words):
            if role.kind not in HEADS_ROLE or bearer.kind != RoleWordKind.BEARER:
                continue
            verb = self.word_at(bearer.end)
            at = verb.end if verb is not None and verb.kind == RoleWordKind.IS else bearer.end
            begin = self._past_marks(role.start, at)
            if role.end == bearer.start and begin in named:
                yield Token(role.start, begin, "is", role.value)
        for role in self.words:  # (牵头)区教委
            begin = self._past_marks(role.start, role.end)
            if role.kind not in GIVES_ROLE or begin == role.end or begin not in named:
                continue
            if text[role.end] in _CLOSING and role.start - 1 not in ends:
                yield Token(role.start, begin, "is", role.value)

    def _of_people(self, label: Token) -> bool:
        """Whether a label heads persons, not bodies: 责任|领导:."""
        words = self.tokens_between(label.start, label.end - 1)
        return bool(words) and (words[-1].kind, words[-1].end) == (
            RoleWordKind.PERSON,
            label.end - 1,
        )

    def _past_marks(self, start: int, end: int) -> int:
        """Where what a label names begins: after spaces, dashes, and the bracket that closes round a
        label that begins at `start`; `end` where it begins beyond them."""
        closing = _BRACKETS.get(self.text[start - 1 : start], "")
        marks = f" {_JOINING}{closing}"
        return next((p for p in range(end, end + _GAP) if self.text[p : p + 1] not in marks), end)

    def _label_start(self, at: int, ends: frozenset[int]) -> int:
        """Where the label before a colon begins: after a mark, a bracket of roles passed over (牵头
        (责任)单位:), and after the last name of a list that no mark closes (牵头单位:甲局 配合单位:)."""
        text = self.text
        start = at
        while start > 0 and at - start < _LABEL:
            if text[start - 1] == ")" and (opened := self._label_bracket(start, at, ends)):
                at, start = opened if start == at else at, opened
            elif text[start - 1] in _LABEL_EDGES:
                break
            else:
                start -= 1
        goes_on = text[start - 1 : start] == ":" or "、" in text[start:at]
        for cut in range(at - 1, start, -1):
            spaced = text[cut - 1] == " "
            after_name = cut in ends and (goes_on or text[cut] == " ")
            if (after_name or (spaced and goes_on)) and self._role_of_label(cut, at):
                return cut
        return start

    def _label_bracket(self, end: int, at: int, ends: frozenset[int]) -> int:
        """Where brackets of a label that end at `end` open: those that hold nothing but what labels are
        made of (牵头(责任)单位:) or that end a label with a role (责任单位(列首位的牵头):), and stand after
        no name; 0 for others."""
        opened = self.text.rfind("(", max(0, end - _REACH), end)
        if opened <= 0 or opened in ends:
            return 0
        words = [t for t in self.tokens_between(opened + 1, end - 1) if t.kind in _OF_LABELS]
        if words and sum(t.end - t.start for t in words) == end - 2 - opened:
            return opened
        before = [t for t in self.tokens_between(opened - _LABEL, opened) if t.kind in _OF_LABELS]
        kinds = [t.kind for t in before[-2:]]
        ended = kinds[1:] == [RoleWordKind.BEARER] and kinds[0] in HEADS_ROLE
        return opened if end == at and ended and before[-1].end == opened else 0

    def _role_of_label(self, start: int, end: int) -> Role | None:
        inside = self.tokens_between(start, end)
        if self.text[end - 1 : end] == ")":  # 责任单位(列首位的牵头)
            inner = max(start, self.text.rfind("(", start, end)) + 1
            words = [t for t in self.tokens_between(inner, end - 1) if t.kind in _OF_LABELS]
            if sum(t.end - t.start for t in words) < end - 1 - inner:
                return self._role_of_label(start, inner - 1)
        bare = self.text[start:end].translate(_BLANKS)
        if len(bare) < len(self.text[start:end].strip()):  # 成 员: set to the width of the others
            inside = best_role_words(find_role_words(bare))
            end = len(bare)
        roles = [t for t in inside if t.kind in HEADS_ROLE]
        bearer = any(t.kind == RoleWordKind.BEARER and t.end >= end - 1 for t in inside)
        if not roles or not (bearer or (roles[-1].end == end and roles[-1].kind in GIVES_ROLE)):
            return None
        return main_role([Role(t.value) for t in roles if t.value is not None])

    def _groups(self) -> Iterator[tuple[int, int]]:
        """Ranges of `parties` that stand side by side."""
        first = 0
        for place in range(1, len(self.parties) + 1):
            if place == len(self.parties) or not self._coordinate(place - 1):
                if first < place:
                    yield first, place
                first = place

    def _coordinate(self, place: int) -> bool:
        before, after = self.parties[place].end, self.parties[place + 1].start
        if self.cells and self.cells.at(before - 1) != self.cells.at(after):
            return False
        gap = self.text[before:after].strip()
        return gap in ("", "、", "和", "与", "及", "以及", "、各", "/", "或")

    # --- zones ---------------------------------------------------------------------------------

    def zone(self, start: int, end: int) -> Zone:
        """The zone of a group at `[start, end)`."""
        text = self.text
        bracket = self._bracket(start)
        cell = self.cells.at(start)
        label = self._label(start, bracket)
        if cell is not None and cell.column.kind is ColumnKind.UNITS:
            own = label.value if label is not None and label.start >= cell.start else None
            return Zone("cell", cell.start, cell.end, own or cell.column.role)
        if label is not None and (label.value is not None or self._ends_item(end)):
            stop = self.edge_after(end, LINE_ENDS)
            return Zone("label", label.end, stop, label.value)
        if bracket is not None:
            return Zone("bracket", bracket[0], bracket[1])
        low = self.edge_before(start, _CELL_EDGES)
        high = self.edge_after(end, _CELL_EDGES)
        dash = text.rfind(_DASHES, low, start)
        for begin in (low, dash + len(_DASHES)) if dash >= 0 else (low,):
            inside = self.parties_between(begin, high)
            if high - begin - sum(p.end - p.start for p in inside) <= 2 + len(inside):
                return Zone("line" if cell is None else "column", begin, high)
        return Zone("text", low, high)

    def _ends_item(self, end: int) -> bool:
        """Whether nothing is said of a group: a stop, a mark of a list or a bracket follows."""
        return self.follower(end)[0] in _SILENT

    def parties_between(self, low: int, high: int) -> Sequence[Party]:
        """The parties that begin inside `[low, high)`."""
        return self.parties[
            bisect_left(self._name_starts, low) : bisect_left(self._name_starts, high)
        ]

    def _bracket(self, start: int) -> tuple[int, int] | None:
        """The bracket that holds `start`: from after ( to before its )."""
        depth = 0
        for at in range(start - 1, max(-1, start - _BRACKET), -1):
            character = self.text[at]
            if character == "\n":
                return None
            if character in _CLOSING:
                depth += 1
            elif character in _BRACKETS:
                if depth == 0:
                    close = self.text.find(_BRACKETS[character], start, start + _BRACKET)
                    return (at + 1, close) if close >= 0 else None
                depth -= 1
        return None

    def _label(self, start: int, bracket: tuple[int, int] | None) -> Token | None:
        """The label whose list the group is part of: no stop between, or in the same bracket."""
        place = bisect_right(self._label_ends, start) - 1
        if place < 0:
            return None
        label = self.labels[place]
        if bracket is not None and label.start < bracket[0]:
            return None
        if start - label.end > _LINE:
            return None
        between = self.text[label.end : start]
        if label.kind == "is" and ("," in between or ";" in between):
            return None
        if "。" in between or ("\n" in between.strip("\n")):
            return None
        return label

    def in_label(self, position: int) -> bool:
        """Whether a place is part of a label."""
        place = bisect_right(self._label_ends, position)
        return place < len(self.labels) and self.labels[place].start <= position

    # --- what follows ---------------------------------------------------------------------------

    def follower(self, end: int) -> tuple[str, Token | None]:
        """The kind of what follows a group that ends at `end`, adverbs and 等 passed over; its
        word, where it is one."""
        text = self.text
        at = end
        modal: Token | None = None
        for _ in range(7):
            at = self._past_time.get(at, at)
            at = self._past_time.get(at, at)  # a time after the name of who heads it
            while at < len(text) and text[at] in " 等":
                at += 1
            for tail in remainders():
                if text.startswith(tail, at) and text[at - 1] == "等":
                    at += len(tail)
                    break
            token = self.word_at(at)
            if token is None:
                break
            if token.kind == RoleWordKind.ADVERB:
                at = token.end
            elif token.kind == RoleWordKind.MODAL and modal is None:
                modal, at = token, token.end
            else:
                return ("modal-" if modal else "") + token.kind, token
        if modal is not None:
            return "modal", modal
        if at >= len(text):
            return "end", None
        if text[at] in "。;\n":
            return "stop", None
        if (mark := _MARKS.get(text[at])) in _FOLLOWING:
            return str(mark), None
        return "noun" if "一" <= text[at] <= "龥" else "mark", None

    def verb_after(self, end: int, limit: int) -> Token | None:
        """The first word of role, modal or duty after `end`, in the same part of the sentence."""
        for token in self.tokens_between(end, min(limit, end + _REACH)):
            if token.kind in _VERBS:
                return token
        return None

    def list_bounds(self, zone: Zone, party: Party) -> tuple[int, int]:
        """The range of the whole list that a zone is part of: a bracket with its brackets, a label
        with what it labels, a line or cell."""
        bracket = self._bracket(party.start)
        if bracket is not None:
            return bracket[0] - 1, bracket[1] + 1
        if zone.kind == "label":
            label = self._label(party.start, None)
            start = label.start if label is not None else zone.start
            after = bisect_left(self._closings, party.end)
            return start, min([zone.end, *self._closings[after : after + 1]])
        return zone.start, zone.end

    def parts_between(self, start: int, end: int) -> int:
        """How many parts of a sentence begin between two places."""
        return sum(self.text.count(mark, start, end) for mark in ",;。:")

    # --- features -------------------------------------------------------------------------------

    def describe(self, role_of: RoleOf) -> Iterator[tuple[Party, Zone, Role, list[str]]]:
        """Each party of the clause with its zone, the role that it has if it is an owner, and its
        features."""
        for first, last in self.groups:
            group = self.parties[first:last]
            zone = self.zone(group[0].start, group[-1].end)
            shared = list(self._shared(group, zone))
            for place, party in enumerate(group):
                role, reason = role_of(group, place, zone)
                features = [*shared, *_own(party), *self._fills(party, zone)]
                if reason != "nothing":
                    features += [f"role-by={reason}", f"role={role.value}"]
                yield party, zone, role, [*features, *crossed(features, _CROSSED)]

    def _fills(self, party: Party, zone: Zone) -> Iterator[str]:
        """Whether a party is all of a member of a list."""
        before = self.text[max(zone.start, party.start - 1) : party.start]
        after = self.text[party.end : min(zone.end, party.end + 1)]
        if all(not mark or mark in _BETWEEN_NAMES for mark in (before, after)):
            yield f"fills={zone.kind}:{zone.role.value if zone.role else '-'}"

    def _shared(self, group: Sequence[Party], zone: Zone) -> Iterator[str]:
        text, start, end = self.text, group[0].start, group[-1].end
        begin, said = start, group[0].opener
        if said == "item":  # 一是|区教委: it stands as after the mark before it
            begin, said = group[0].opened_at, ""
        if said in _SILENCED or is_exempt(text, end) or self._is_former(group[0]):
            yield EXCEPTED
        yield f"zone={zone.kind}"
        if zone.kind == "label":
            yield f"label={zone.role.value if zone.role else self._label_without_role(start)}"
        follower, word = self.follower(end)
        yield f"next={follower}"
        if end in self._past_time:
            if not group[-1].headed:
                yield "dated"
            end = self._past_time[end]
        if word is not None and word.kind == RoleWordKind.ROLE:
            yield f"next-role={word.value.value if word.value else '-'}"
        opener = said or self._opener(begin)
        yield f"open={opener}"
        yield f"before={_class_of(self._mark_before(begin))}"
        yield f"size={'one' if len(group) == 1 else 'few' if len(group) < 4 else 'many'}"
        limit = self.edge_after(end, _PAUSES, _REACH)
        verb = self.verb_after(end, limit)
        yield f"verb={'none' if verb is None else verb.kind + (':' + verb.value.value if verb.kind == RoleWordKind.ROLE and verb.value else '')}"
        if self._qualifies(end, limit, _CITED if opener == "source" else _DEED):
            yield "qualifies=yes"
        then = self.tokens_between(limit, self.edge_after(limit + 1, _PAUSES, _THEN))
        if any(t.kind == RoleWordKind.ISSUE for t in then):
            yield "then=issue"
        if _NUMBER.search(text, end, self.edge_after(end, STOPS, _CALL)):
            yield "phone"
        stop = self.edge_after(end, STOPS, _LATER)
        later = self.tokens_between(limit, stop)
        yield f"later={'modal' if any(t.kind == RoleWordKind.MODAL for t in later) else 'duty' if any(t.kind in (RoleWordKind.DUTY, RoleWordKind.ROLE) for t in later) else 'none'}"
        low = max(0, start - _BEFORE)
        sentence = max((text.rfind(mark, low, start) + 1 for mark in STOPS), default=0)
        parts = self.parts_between(max(low, sentence), start)
        yield f"part={'first' if parts == 0 else 'second' if parts == 1 else 'later'}"
        if zone.kind == "bracket":
            inside = self.parties_between(zone.start, zone.end)
            share = sum(p.end - p.start for p in inside) / max(1, zone.end - zone.start)
            yield f"bracket-share={'high' if share > 0.6 else 'some' if share > 0.3 else 'low'}"
            roles = [
                t for t in self.tokens_between(zone.start, zone.end) if t.kind == RoleWordKind.ROLE
            ]
            yield f"bracket-role={'yes' if roles else 'no'}"
            closes = text[zone.end + 1 : zone.end + 2] in ("", "\n", "。", ";")
            yield f"bracket-closes={'yes' if closes else 'no'}"
            yield f"bracket-after={_class_of(text[zone.start - 2 : zone.start - 1])}"
        yield f"of-label={part_of(label_of(text, start))}"
        yield f"left={_class_of(text[begin - 1 : begin])}"
        yield f"right={_class_of(text[end : end + 1])}"
        colon = text.find(":", end, end + 90)
        if colon >= 0 and not any(text[at] in STOPS for at in range(end, colon)):
            inside = self.parties_between(end, colon)
            bare = colon - end - sum(p.end - p.start for p in inside)
            if bare <= 4 * (len(inside) + 1):
                yield "leads-to-colon"
        cell = self.cells.at(start)
        if cell is not None:
            yield from self.cells.features(start)
            if cell.column.role is not None:
                yield f"column-role={cell.column.role.value}"
        if begin < 4 or (begin < _MARKER and not text[:begin].strip(_OF_MARKERS)):
            yield "opens-clause"

    def _is_former(self, party: Party) -> bool:
        """Whether a party is who bore something until now: 原|由县安监局承担的职责."""
        former = words_of(WordKind.FORMER)
        return party.opener == "agent" and self.text.endswith(former, 0, party.opened_at)

    def _qualifies(self, end: int, limit: int, reach: int) -> bool:
        """Whether what a group does stands before a noun that it describes: X认定的|幼儿园, not at
        the end of its part nor right after the group (X的)."""
        of = ends_attribute(self.text, end, min(limit, end + reach))
        if of is None or of <= end + 1 or of + 1 >= limit:
            return False
        return not any(t.kind == RoleWordKind.MODAL for t in self.tokens_between(end, of))

    def _label_without_role(self, start: int) -> str:
        """`bearer` for one that names bodies by what they are (普法主体:), else `other`."""
        label = self._label(start, self._bracket(start))
        words = self.words_from(label.start, label.end) if label is not None else ()
        bears = any(
            t.kind == RoleWordKind.BEARER and label is not None and t.end >= label.end - 2
            for t in words
        )
        return "bearer" if bears else "other"

    def _mark_before(self, start: int) -> str:
        """The character before a place, white space passed over."""
        at = start - 1
        while at >= 0 and self.text[at].isspace():
            at -= 1
        return self.text[at] if at >= 0 else ""

    def _opener(self, start: int) -> str:
        before = self.tokens_between(max(0, start - 8), start)
        return f"word:{before[-1].kind}" if before and before[-1].end == start else "-"


_LEVEL = {"省": "province", "市": "city", "区": "district", "县": "district", "镇": "town", "乡": "town", "街": "town", "村": "town", "国": "state"}  # fmt: skip
_END = _LEVEL | {"道": "town"}


def _own(party: Party) -> Iterator[str]:
    yield f"form={party.form.value}"
    yield f"class={party.class_}"
    if party.determined:
        yield "determined"
    if party.vague:
        yield "vague"
    if party.headed:
        yield "headed"
    level = party.unit.level.value if party.unit is not None else _level_of(party)
    yield f"level={level}"
    length = party.named_to - party.start
    yield f"length={'2' if length == 2 else '3' if length == 3 else '4-6' if length < 7 else '7+'}"


def _level_of(party: Party) -> str:
    """The level that a name says at its beginning (县水利局) or, of a place or its government, at the
    end of the place (伍市镇, 伍市镇人民政府)."""
    if (level := _LEVEL.get(party.name[:1])) or party.class_ != "government":
        return level or "-"
    return _END.get(place_of(party.name)[-1:], "-")


_CROSSED = (
    ("zone", "next"), ("zone", "open"), ("zone", "before"), ("next", "open"), ("next", "before"),
    ("verb", "before"), ("verb", "open"), ("part", "next"), ("class", "next"), ("class", "zone"),
    ("level", "next"), ("level", "before"), ("left", "right"), ("form", "zone"), ("form", "next"),
    ("class", "open"), ("class", "before"), ("later", "next"), ("class", "label"), ("part", "verb"),
    ("role-by", "role"), ("role-by", "zone"), ("role-by", "open"), ("role-by", "class"),
    ("role-by", "part"), ("qualifies", "open"), ("then", "open"), ("form", "column-role"), ("class", "column-role"), ("form", "fills"),
    ("left", "part"), ("right", "size"), ("class", "form"), ("length", "right"), ("level", "zone"), ("part", "size"),
    ("form", "level"), ("before", "later"), ("class", "vague"), ("length", "right", "class"), ("form", "level", "zone"),
    ("right", "size", "role-by"), ("part", "size", "role-by"), ("part", "size", "class"),
)  # fmt: skip


def _class_of(character: str) -> str:
    if not character:
        return "start"
    if character.isdigit():
        return "digit"
    if character in "月日年":
        return "date"
    if character == " ":
        return "space"
    if character in STOPS:
        return "stop"
    if character in _MARKS:
        return _MARKS[character]
    if "一" <= character <= "龥":
        return "word"
    return "mark"

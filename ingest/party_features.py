"""What stands around a party of a clause: the named structural features by which its use is decided.

Features name kinds (the zone it stands in, the role of that zone's label, what opens and what follows
its group, the form of its name), never single words: what holds of one issuer's documents holds of
the next one's.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.surroundings import LINE_ENDS, PARTS, STOPS, Surroundings, crossed
from kb.language.engine import Token
from kb.language.parties import Form, Party
from kb.language.party_words import remainders
from kb.language.roles import Role, RoleWordKind, best_role_words, find_role_words
from kb.ranges import Ranges

_LABEL = 14
"""Characters before a colon that may be a label (牵头责任单位及责任人)."""
_BRACKET = 400
_REACH = 24
"""Characters after a group in which its verb is looked for."""
_SENTENCE = 90
_LATER = 120
"""Characters of a sentence after a group in which roles, and its other verbs, are looked for."""
_NAME = 12
"""Characters of a name that is known by its place in a list only."""
_NO_NAME = (RoleWordKind.ROLE,)
_BETWEEN_NAMES = frozenset("、,; \n。()")
_HEAD = 40
"""Characters between the heads of columns."""
_MARKER = 24
_OF_MARKERS = " \t*#(一二三四五六七八九十.、)（）0123456789"
"""What numbers of clauses are written with, and how many characters they may take."""
_LINE = 300
"""Characters of a line or cell that are looked at on each side."""
_CELL_EDGES = frozenset("\n\t|")
_PAUSES = PARTS | frozenset("()")


@dataclass(frozen=True, slots=True)
class Zone:
    """Where a party stands: `label` (after 责任单位:), `bracket`, `line` (nothing but parties),
    `cell`, or running `text`; the role that its label gives."""

    kind: str
    start: int
    end: int
    role: Role | None = None


class PartyScene(Surroundings):
    """A clause's text with its parties, seen as groups in zones."""

    def __init__(
        self,
        text: str,
        parties: Sequence[Party],
        *,
        first_leads: bool = False,
        sheet: Sequence[Role] = (),
    ) -> None:
        words = find_role_words(text)
        super().__init__(text, best_role_words(words), _LINE)
        self.first_leads = first_leads
        self.sheet = sheet
        self.labels = list(self._labels())
        self._label_ends = [label.end for label in self.labels]
        roles = [label for label in self.labels if label.value is not None]
        taken = Ranges((r.start, r.end - 1) for r in roles)
        names = [p for p in parties if not taken.overlap(p.start, p.end)]
        self._hold(names)
        self.set_words(best_role_words([t for t in words if not self._inside(t.start, t.end)]))
        self.first_leads = self.first_leads or self._says_first_leads()
        if listed := [*self._listed()]:
            self._hold(sorted([*names, *listed], key=lambda party: party.start))
        self.groups = list(self._groups())

    def _hold(self, parties: Sequence[Party]) -> None:
        self.parties = parties
        self._name_starts = [p.start for p in parties]
        self._name_ends = [p.end for p in parties]

    def _listed(self) -> Iterator[Party]:
        """Names between the marks of a list that a label with a role announces, which nothing but
        their place shows to be names."""
        text = self.text
        for place, label in enumerate(self.labels):
            if label.value is None:
                continue
            stop = self.labels[place + 1].start if place + 1 < len(self.labels) else len(text)
            at = label.end
            for end in range(label.end, min(stop, label.end + _BRACKET) + 1):
                if end < stop and end < len(text) and text[end] not in _BETWEEN_NAMES:
                    continue
                name = text[at:end]
                words = self.tokens_between(at, end)
                if (
                    2 <= len(name) <= _NAME
                    and all("一" <= character <= "龥" for character in name)
                    and not any(t.kind in _NO_NAME or t.start == at for t in words)
                    and not any(
                        p.start < end and at < p.end for p in self._parties_between(at - 30, end)
                    )
                ):
                    yield Party(at, end, name, Form.LISTED, "-", opened_at=at)
                at = end + 1
                if end >= len(text) or text[end] in STOPS:
                    break

    def _inside(self, start: int, end: int) -> bool:
        place = bisect_right(self._name_starts, start) - 1
        return place >= 0 and self._name_ends[place] > start

    def _says_first_leads(self) -> bool:
        """列第一位的为牵头单位，下同: a place in the list, and the role that it has."""
        return any(
            token.kind == RoleWordKind.FIRST
            and any(
                t.kind == RoleWordKind.ROLE and t.value is Role.LEAD
                for t in self.tokens_between(token.end, token.end + _LABEL)
            )
            for token in self.words
        )

    def tokens_between(self, start: int, end: int) -> list[Token]:
        """The words inside `[start, end)`."""
        return [t for t in self.words_from(start, end) if t.end <= end]

    def _labels(self) -> Iterator[Token]:
        """Labels before a colon: 责任单位: with its role, others without."""
        text = self.text
        for at, character in enumerate(text):
            if character not in ":\t":
                continue
            start = at
            while start > 0 and at - start < _LABEL and text[start - 1] not in "。;,(\n:\t[】":
                start -= 1
            words = text[start:at].strip(" *")
            if not words:
                continue
            inside = self.tokens_between(start, at)
            roles = [t for t in inside if t.kind == RoleWordKind.ROLE]
            bearer = [t for t in inside if t.kind == RoleWordKind.BEARER and t.end >= at - 1]
            role = roles[-1].value if roles and (bearer or roles[-1].end == at) else None
            if roles and role is not None and any(t.value is Role.LEAD for t in roles):
                role = Role.LEAD
            yield Token(start, at + 1, "label", role, words)

    def _groups(self) -> Iterator[tuple[int, int]]:
        """Ranges of `parties` that stand side by side."""
        first = 0
        for place in range(1, len(self.parties) + 1):
            if place == len(self.parties) or not self._coordinate(place - 1):
                if first < place:
                    yield first, place
                first = place

    def _coordinate(self, place: int) -> bool:
        gap = self.text[self.parties[place].end : self.parties[place + 1].start].strip()
        return gap in ("", "、", "和", "与", "及", "以及", "、各", "/", "或")

    # --- zones ---------------------------------------------------------------------------------

    def zone(self, start: int, end: int) -> Zone:
        """The zone of a group at `[start, end)`."""
        text = self.text
        bracket = self._bracket(start)
        label = self._label(start, bracket)
        if label is not None:
            stop = self.edge_after(end, LINE_ENDS)
            return Zone("label", label.end, stop, label.value)
        if bracket is not None:
            return Zone("bracket", bracket[0], bracket[1])
        low = self.edge_before(start, _CELL_EDGES)
        high = self.edge_after(end, _CELL_EDGES)
        inside = self._parties_between(low, high)
        if high - low - sum(p.end - p.start for p in inside) <= 2 + len(inside):
            cell = text[low - 1 : low] in ("\t", "|") or text[high : high + 1] in ("\t", "|")
            return Zone("cell" if cell else "line", low, high)
        return Zone("text", low, high)

    def _parties_between(self, low: int, high: int) -> Sequence[Party]:
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
            if character in ")]":
                depth += 1
            elif character in "([":
                if depth == 0:
                    close = self.text.find(
                        ")" if character == "(" else "]", start, start + _BRACKET
                    )
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
        if "。" in between or ("\n" in between.strip("\n")):
            return None
        return label

    # --- what follows ---------------------------------------------------------------------------

    def follower(self, end: int) -> tuple[str, Token | None]:
        """The kind of what follows a group that ends at `end`, adverbs and 等 passed over; its
        word, where it is one."""
        text = self.text
        at = end
        modal: Token | None = None
        for _ in range(6):
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
        character = text[at]
        if character in "。;\n":
            return "stop", None
        if character in ",、:()":
            return {",": "comma", "、": "list", ":": "colon", "(": "open", ")": "close"}[
                character
            ], None
        return "noun" if "一" <= character <= "龥" else "mark", None

    def verb_after(self, end: int, limit: int) -> Token | None:
        """The first word of role, modal or duty after `end`, in the same part of the sentence."""
        for token in self.tokens_between(end, min(limit, end + _REACH)):
            if token.kind in (RoleWordKind.ROLE, RoleWordKind.MODAL, RoleWordKind.DUTY):
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
            stop = next(
                (at for at in range(party.end, zone.end) if self.text[at] in "。;"), zone.end
            )
            return start, stop
        return zone.start, zone.end

    def parts_between(self, start: int, end: int) -> int:
        """How many parts of a sentence begin between two places."""
        return sum(self.text.count(mark, start, end) for mark in ",;。:")

    # --- features -------------------------------------------------------------------------------

    def describe(self) -> Iterator[tuple[Party, Zone, list[str], Role]]:
        """Each party of the clause with its zone, its features and the role that it has if it is
        an owner."""
        cell = 0
        before = -1
        for first, last in self.groups:
            group = self.parties[first:last]
            start, end = group[0].start, group[-1].end
            zone = self.zone(start, end)
            shared = list(self._shared(group, zone))
            follower, word = self.follower(end)
            for place, party in enumerate(group):
                cell = self._cell(cell, before, party.start)
                before = party.end
                features = [*shared, *_own(party)]
                features += crossed(features, _CROSSED)
                role = self._role(group, place, zone, follower, word)
                if (
                    self.sheet
                    and zone.kind != "label"
                    and word is None
                    and role is Role.RESPONSIBLE
                ):
                    role = self.sheet[min(cell, len(self.sheet) - 1)]
                features += self._role_features(group, party, zone, role, place)
                yield party, zone, features, role

    def _role_features(
        self, group: Sequence[Party], party: Party, zone: Zone, role: Role, place: int
    ) -> Iterator[str]:
        """What speaks for one role or another; they begin with `role:`."""
        yield f"role:rule={role.value}"
        yield f"role:rule={role.value}&zone={zone.kind}"
        end = group[-1].end
        stop = self.edge_after(end, STOPS, _SENTENCE)
        if zone.kind == "bracket":
            stop = min(stop, zone.end)
        after = [
            t.value.value
            for t in self.tokens_between(end, stop)
            if t.kind == RoleWordKind.ROLE and t.value
        ]
        yield f"role:first={after[0] if after else '-'}"
        for said in sorted(set(after)):
            yield f"role:after={said}"
            yield f"role:after={said}&zone={zone.kind}"
        follower, _ = self.follower(end)
        yield f"role:next={follower}&first={after[0] if after else '-'}"
        yield f"role:open={group[0].opener}"
        yield f"role:open={group[0].opener}&first={after[0] if after else '-'}"
        yield f"role:class={party.class_}"
        yield f"role:place={'first' if place == 0 else 'later'}&rule={role.value}"
        if zone.role is not None:
            yield f"role:label={zone.role.value}"

    def _cell(self, cell: int, before: int, start: int) -> int:
        """Which column of owners a party stands in, from that of the party before it: the next one
        where no word and no mark of a list stands between them, else the first."""
        if before < 0:
            return 0
        gap = self.text[before:start]
        if any(character.isalnum() for character in gap):
            return 0
        return cell if any(mark in gap for mark in "、,和及;") else cell + 1

    def _shared(self, group: Sequence[Party], zone: Zone) -> Iterator[str]:
        text, start, end = self.text, group[0].start, group[-1].end
        yield f"zone={zone.kind}"
        if zone.kind == "label":
            yield f"label={zone.role.value if zone.role else 'other'}"
        follower, word = self.follower(end)
        yield f"next={follower}"
        if word is not None and word.kind == RoleWordKind.ROLE:
            yield f"next-role={word.value.value if word.value else '-'}"
        opener = group[0].opener or self._opener(start)
        yield f"open={opener}"
        yield f"before={_class_of(self._mark_before(start))}"
        yield f"size={'one' if len(group) == 1 else 'few' if len(group) < 4 else 'many'}"
        limit = self.edge_after(end, _PAUSES, _REACH)
        verb = self.verb_after(end, limit)
        yield f"verb={'none' if verb is None else verb.kind + (':' + verb.value.value if verb.kind == RoleWordKind.ROLE and verb.value else '')}"
        stop = self.edge_after(end, STOPS, _LATER)
        later = self.tokens_between(limit, stop)
        yield f"later={'modal' if any(t.kind == RoleWordKind.MODAL for t in later) else 'duty' if any(t.kind in (RoleWordKind.DUTY, RoleWordKind.ROLE) for t in later) else 'none'}"
        sentence = (
            max((text.rfind(mark, max(0, start - 200), start) for mark in STOPS), default=-1) + 1
        )
        parts = self.parts_between(sentence, start)
        yield f"part={'first' if parts == 0 else 'second' if parts == 1 else 'later'}"
        if zone.kind == "bracket":
            inside = self._parties_between(zone.start, zone.end)
            share = sum(p.end - p.start for p in inside) / max(1, zone.end - zone.start)
            yield f"bracket-share={'high' if share > 0.6 else 'some' if share > 0.3 else 'low'}"
            roles = [
                t for t in self.tokens_between(zone.start, zone.end) if t.kind == RoleWordKind.ROLE
            ]
            yield f"bracket-role={'yes' if roles else 'no'}"
            closes = text[zone.end + 1 : zone.end + 2] in ("", "\n", "。", ";")
            yield f"bracket-closes={'yes' if closes else 'no'}"
            yield f"bracket-after={_class_of(text[zone.start - 2 : zone.start - 1])}"
        yield f"left={_class_of(text[start - 1 : start])}"
        yield f"right={_class_of(text[end : end + 1])}"
        colon = text.find(":", end, end + 90)
        if colon >= 0 and not any(text[at] in STOPS for at in range(end, colon)):
            inside = self._parties_between(end, colon)
            bare = colon - end - sum(p.end - p.start for p in inside)
            if bare <= 4 * (len(inside) + 1):
                yield "leads-to-colon"
        if self.sheet:
            yield "sheet"
            yield f"sheet&left={_class_of(text[start - 1 : start])}&right={_class_of(text[end : end + 1])}"
            yield f"sheet&zone={zone.kind}"
        if start < 4 or (start < _MARKER and not text[:start].strip(_OF_MARKERS)):
            yield "opens-clause"

    def _mark_before(self, start: int) -> str:
        """The character before a place, white space passed over."""
        at = start - 1
        while at >= 0 and self.text[at].isspace():
            at -= 1
        return self.text[at] if at >= 0 else ""

    def _opener(self, start: int) -> str:
        before = self.tokens_between(max(0, start - 8), start)
        return f"word:{before[-1].kind}" if before and before[-1].end == start else "-"

    def _role(
        self,
        group: Sequence[Party],
        place: int,
        zone: Zone,
        follower: str,
        word: Token | None,
    ) -> Role:
        """The role of an owner: what its bracket or sentence says after it, else its label's."""
        party = group[place]
        joined = self._joined_before(group[0])
        if word is not None and word.kind == RoleWordKind.ROLE and word.value is not None:
            role: Role = word.value
        elif zone.kind == "bracket" and (later := self._role_in(group[-1].end, zone.end)):
            role = later
        elif zone.role is not None:
            role = zone.role
        else:
            verb = None
            if zone.kind == "text":
                end = group[-1].end
                limit = self.edge_after(end, _PAUSES, _REACH)
                verb = self.verb_after(end, limit)
                if verb is not None and verb.kind == RoleWordKind.MODAL:
                    verb = self.verb_after(verb.end, limit)
            role = (
                verb.value
                if verb is not None and verb.kind == RoleWordKind.ROLE and verb.value is not None
                else Role.RESPONSIBLE
            )
            if group[0].opener == "recipient" and role is not Role.SUPERVISE:
                role = Role.APPROVE
        if joined and role in (Role.RESPONSIBLE, Role.LEAD):
            return Role.JOINT
        first = zone.kind in ("bracket", "label") and party.start == self._first_in(zone)
        return Role.LEAD if self.first_leads and first and role is Role.RESPONSIBLE else role

    def _first_in(self, zone: Zone) -> int:
        inside = self._parties_between(zone.start, zone.end)
        return inside[0].start if inside else -1

    def _role_in(self, start: int, end: int) -> Role | None:
        """The role that a bracket gives the parties before `start`: its next word of role."""
        return next(
            (
                Role(t.value)
                for t in self.tokens_between(start, end)
                if t.kind == RoleWordKind.ROLE and t.value is not None
            ),
            None,
        )

    def _joined_before(self, party: Party) -> bool:
        """会同 before a group: its parties are joint."""
        opening = self.text[party.opened_at : party.start]
        return party.opener == "companion" and opening not in _AND


_AND = ("和", "与", "及", "以及", "或", "并", "同")
_LEVEL = {"省": "province", "市": "city", "区": "district", "县": "district", "镇": "town", "乡": "town", "街": "town", "村": "town", "国": "state"}  # fmt: skip


def _own(party: Party) -> Iterator[str]:
    yield f"form={party.form.value}"
    yield f"class={party.class_}"
    if party.determined:
        yield "determined"
    if party.vague:
        yield "vague"
    level = party.unit.level.value if party.unit is not None else _LEVEL.get(party.name[:1], "-")
    yield f"level={level}"
    length = party.end - party.start
    yield f"length={'2' if length == 2 else '3' if length == 3 else '4-6' if length < 7 else '7+'}"


_CROSSED = (
    ("zone", "next"), ("zone", "open"), ("zone", "before"), ("next", "open"), ("next", "before"),
    ("verb", "before"), ("verb", "open"), ("part", "next"), ("class", "next"), ("class", "zone"),
    ("level", "next"), ("level", "before"), ("left", "right"), ("form", "zone"), ("form", "next"),
    ("class", "open"), ("class", "before"), ("later", "next"), ("class", "label"), ("part", "verb"),
)  # fmt: skip


def sheet_roles(text: str) -> tuple[Role, ...]:
    """The roles of the columns of owners, in order, of the table whose head `text` holds (序号 任务
    牵头单位 配合单位 时限); none where it holds no such head."""
    for start in range(0, len(text), _PIECE):
        if columns := _columns(text[start : start + _PIECE + _OVERLAP]):
            return columns
    return ()


_PIECE, _OVERLAP = 8000, 200
"""Characters looked at together, and of the next piece with them, so that no head is cut: the work
takes the memory of a piece, however long the text is."""


def _columns(text: str) -> tuple[Role, ...]:
    tokens = best_role_words(find_role_words(text))
    columns: list[tuple[int, Role]] = []
    for place in range(len(tokens) - 1):
        role, bearer = tokens[place], tokens[place + 1]
        if (
            role.kind != RoleWordKind.ROLE
            or bearer.kind != RoleWordKind.BEARER
            or role.end != bearer.start
        ):
            continue
        near = tokens[max(0, place - 5) : place + 7]
        if sum(t.kind == RoleWordKind.HEAD and abs(t.start - role.start) < _HEAD for t in near) < 2:
            continue
        before = tokens[place - 1] if place else role
        leads = before.kind == RoleWordKind.ROLE and before.end == role.start
        if columns and role.start - columns[-1][0] > _HEAD:
            break
        columns.append((bearer.end, before.value if leads else role.value))
    return tuple(role for _, role in columns)


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
    if character in ',:()、\t|"':
        return {
            ",": "comma",
            ":": "colon",
            "(": "open",
            ")": "close",
            "、": "list",
            "\t": "cell",
            "|": "cell",
            '"': "quote",
        }[character]
    if "一" <= character <= "龥":
        return "word"
    return "mark"

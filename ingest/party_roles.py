"""The role of an owner, by rules over what stands around it.

In this order: a note in brackets after its name (X（牵头）), the word that its sentence or its list
says of it (X、Y牵头; X为牵头单位; X对…开展督查), the head of its column or label, what the document
declares of the first of a list, what its name says (牵头单位, 审计局); `responsible` where nothing is
said. Bodies after 会同 are joint, and the one before it leads, but for a law's 应当会同. In a list
whose first leads by declaration and that says no more of the others they are joint, and so are those
that act in a sentence after one that only leads in it (X牵头,Y到场核查).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from ingest.party_features import PartyScene, Zone
from ingest.surroundings import PARTS, STOPS
from kb.language.engine import Token
from kb.language.parties import Party
from kb.language.roles import (
    GIVES_ROLE,
    HEADS_ROLE,
    FirstNote,
    Role,
    RoleWordKind,
    best_role_words,
    find_first_notes,
    find_role_words,
    oversees,
)

_IS_ROLE = (RoleWordKind.ROLE, RoleWordKind.HEAD)
_DOES = (RoleWordKind.DUTY, RoleWordKind.ADVERB, RoleWordKind.NEGATION)
"""Kinds of words that may say no more than the noun after them: 进行|审核, 予以|审批."""
_OPEN = (None, Role.RESPONSIBLE)
"""Roles that what else is said may make more of."""
_REACH = 60
"""Characters of a part of a sentence after a party in which its verb is looked for."""
_SENTENCE = 120
"""Characters of a sentence after a party in which it may be said to lead."""
_LIST = 400
"""Characters of a list that are looked at for what it says of its members."""
_NOTE = 10
"""Characters of a note in brackets that says a role."""
_AND = ("和", "与", "及", "以及", "或", "并", "同")
_ASIDE = 30
"""Characters of what stands in brackets between a name and what it does."""
_NEAR = 8
"""Characters after 会同 in which a body begins."""
_MEMBERS = 14
"""Characters between two bodies after 会同 of which the second is no part of the group of the first."""


class PartyRoles:
    """The roles in one clause. `first`: what the document declares of the first of a list."""

    def __init__(self, scene: PartyScene, first: FirstNote | None = None) -> None:
        self._scene = scene
        self._first = first
        self._notes = find_first_notes(scene.text)
        self._note_starts = [note.start for note in self._notes]
        self._joined_until = -1  # where the last group after 会同 ends
        self._led_until = -1  # where the last sentence ends in which one leads

    def of(self, group: Sequence[Party], place: int, zone: Zone) -> tuple[Role, str]:
        """The role of a party of a group, that has this zone, and what gives it: `note`, `joined`,
        `companion`, `said`, `placed`, `label`, `name`, `recipient`, `led` or `nothing`. Groups are
        asked in order."""
        party = group[place]
        if (noted := self._noted(party)) is not None:
            return noted, "note"
        if self._scene.parties_between(zone.start, group[0].start):  # X(牵头),Y、Z(配合)
            noted = self._noted(group[-1])
            if noted is not None and noted is not Role.LEAD:
                return noted, "note"
        if place == 0 and self._joined(group[0]):
            self._joined_until = group[-1].end
        joined = group[0].start < self._joined_until
        listed = zone.kind != "text" and (zone.kind != "label" or zone.role is not None)
        said = self._said(group, zone, listed=listed)
        role = said or zone.role
        if joined and (role in (*_OPEN, Role.LEAD) or not listed):
            return Role.JOINT, "joined"
        if role in _OPEN and not joined and (companions := self._companions(group[-1].end)):
            return companions, "companion"
        if listed and role in _OPEN and not said and (placed := self._placed(party, zone)):
            return placed, "placed"
        if role is not None:
            if said is Role.LEAD and not listed:
                self._lead(group[-1].end)
            return role, "said" if said else "label"
        if not listed:
            if (named := self._by_name(party)) is not None:
                return named, "name"
            if group[0].opener == "recipient":
                return Role.APPROVE, "recipient"
            if group[0].start < self._led_until:
                return Role.JOINT, "led"
        return Role.RESPONSIBLE, "nothing"

    # --- what is said of a party ------------------------------------------------------------------

    def _noted(self, party: Party) -> Role | None:
        """X(牵头), X(牵头单位): a role in brackets of its own."""
        scene = self._scene
        if scene.text[party.end : party.end + 1] != "(":
            return None
        close = scene.text.find(")", party.end, party.end + _NOTE)
        words = scene.tokens_between(party.end, close) if close >= 0 else []
        roles = [t for t in words if t.kind in HEADS_ROLE and t.value is not None]
        if roles and roles[0].kind != RoleWordKind.ROLE and words[-1].kind != RoleWordKind.BEARER:
            return None  # (组长): a person, (核定): a note on something else
        covered = sum(t.end - t.start for t in words)
        return Role(roles[0].value) if roles and covered == close - party.end - 1 else None

    def _said(self, group: Sequence[Party], zone: Zone, *, listed: bool) -> Role | None:
        """The role that the words after a group give it."""
        end = group[-1].end
        if self._scene.text[end : end + 1] == "(":  # X(以下简称Y)
            close = self._scene.text.find(")", end, end + _ASIDE)
            end = close + 1 if close >= 0 else end
        _, word = self._scene.follower(end)
        if word is not None and word.kind == RoleWordKind.NEGATION:  # 不予|批准
            word = self._scene.word_at(word.end)
            word = word if word is not None and word.value is Role.APPROVE else None
        if word is not None and (direct := self._word(word)) is not None:
            approves = direct is Role.RESPONSIBLE and not listed and self._approves(end)
            return Role.APPROVE if approves else direct  # 负责对…进行审核
        if not listed:
            return self._said_in_text(group, end)
        return None if zone.kind == "label" else self._said_in_list(end, zone.end)

    def _word(self, word: Token) -> Role | None:
        """The role that a word after a group gives: 牵头; 负责|监督; 为|牵头|单位."""
        after = self._scene.word_at(word.end)
        more = after is not None and after.kind == RoleWordKind.ROLE and after.value is not None
        if word.kind == RoleWordKind.IS and after is not None and after.kind in _IS_ROLE:
            bearer = self._scene.word_at(after.end)
            named = bearer is not None and bearer.kind == RoleWordKind.BEARER
            return Role(after.value) if named and after.value is not None else None
        if word.kind != RoleWordKind.ROLE or word.value is None or self._heads(word, after):
            return None
        chained = after is not None and more and word.value is Role.RESPONSIBLE
        return Role(after.value) if after is not None and chained else Role(word.value)

    def _heads(self, word: Token, after: Token | None) -> bool:
        """Whether a word of role begins the label of what follows: X 配合单位 Y; not X 参与方案论证."""
        if self._scene.in_label(word.start):
            return True
        if after is None or after.kind != RoleWordKind.BEARER:
            return False
        return not "一" <= self._scene.text[after.end : after.end + 1] <= "龥"

    def _said_in_list(self, end: int, stop: int) -> Role | None:
        """(X、Y牵头,Z配合): the next word of role, unless it is that of others."""
        scene = self._scene
        stop = min(stop, end + _LIST)
        part = next((i for i in range(end, stop) if scene.text[i] in ",;:。"), stop)
        for token in scene.tokens_between(end, stop):
            if token.kind == RoleWordKind.FIRST:
                return None
            if token.kind in GIVES_ROLE and token.value is not None:
                others = token.start > part and scene.parties_between(part, token.start)
                if others or scene.in_label(token.start):
                    return None
                return self._word(token) or Role(token.value)
        return None

    def _said_in_text(self, group: Sequence[Party], end: int) -> Role | None:
        """X对…开展督查: the part of the sentence ends with what it does; 经X审定; X做好配合;
        X加强统筹,牵头建立…: it leads further on; X:协助…."""
        scene = self._scene
        stop = scene.edge_after(end, PARTS, _REACH)
        if stop == end and scene.text[end : end + 1] == ":":
            return self._after_colon(end + 1)
        words = scene.tokens_between(end, stop)
        if any(p.opener == "agent" for p in scene.parties_between(end, stop)):
            return None
        if (ends := self._ends_with(words, stop)) is not None:
            return ends
        said = [t.value for t in words if t.kind == RoleWordKind.ROLE and t.value is not None]
        if group[0].opener == "source" and said and said[0] is Role.APPROVE:
            return Role.APPROVE
        if self._helps(end, stop):
            return Role.JOINT
        return Role.LEAD if self._leads_on(end) else None

    def _after_colon(self, start: int) -> Role | None:
        """X:协助…, X:牵头…: of one who leads or helps; what else it does there is its own work."""
        _, word = self._scene.follower(start)
        said = self._word(word) if word is not None else None
        return said if said in (Role.LEAD, Role.JOINT) else None

    def _ends_with(self, words: Sequence[Token], stop: int) -> Role | None:
        """The role of the words that a part of a sentence ends with: of supervision after whatever
        stands before them (开展督导|检查), of approval where they are all that is done (进行|审核)."""
        words, stop = _without_task(words, stop)
        if not words or stop - words[-1].end > 1:
            return None
        place = len(words) - 1
        if words[place].kind == RoleWordKind.WORK and words[place - 1].end == words[place].start:
            place -= 1
        last = words[place]
        before = self._scene.tokens_between(words[place - 1].start, last.start) if place > 0 else ()
        beside = before[-1].kind if before and before[-1].end == last.start else None
        if last.kind != RoleWordKind.ROLE or beside == RoleWordKind.IS:
            return None
        if last.value is Role.APPROVE and beside not in _DOES:
            return None
        return Role(last.value) if last.value in (Role.SUPERVISE, Role.APPROVE) else None

    def _approves(self, end: int) -> bool:
        """Whether approval is what the part of the sentence ends with."""
        stop = self._scene.edge_after(end, PARTS, _REACH)
        return self._ends_with(self._scene.tokens_between(end, stop), stop) is Role.APPROVE

    def _helps(self, end: int, stop: int) -> bool:
        """X做好配合, X要加强协作: all that a part of a sentence says is that it helps."""
        _, verb = self._scene.follower(end)
        if verb is None or verb.kind != RoleWordKind.DUTY:
            return False
        _, word = self._scene.follower(verb.end)
        if word is None or word.kind != RoleWordKind.ROLE or word.value is not Role.JOINT:
            return False
        _, stop = _without_task(self._scene.tokens_between(word.end, stop), stop)
        return stop - word.end <= 1

    def _leads_on(self, end: int) -> bool:
        """Whether a party leads in what its sentence says of it later, with no other body between:
        要发挥|牵头作用; 加强统筹,|牵头建立…."""
        scene = self._scene
        stop = scene.edge_after(end, STOPS, _SENTENCE)
        for word in scene.tokens_between(end, stop):
            if word.value is not Role.LEAD or word.kind != RoleWordKind.ROLE:
                continue
            after = scene.word_at(word.end)
            named = after is not None and after.kind in (RoleWordKind.BEARER, RoleWordKind.PERSON)
            return not named and not scene.parties_between(end, word.start)
        return False

    def _by_name(self, party: Party) -> Role | None:
        """The role that a name says: 各牵头单位, 县审计局."""
        words = best_role_words(find_role_words(party.name))
        if len(words) > 1 and words[-1].kind == RoleWordKind.BEARER:
            said = words[-2]
            if said.kind == RoleWordKind.ROLE and said.end == words[-1].start:
                # 市场监管部门 is called so by its field, whatever it does here.
                others = (Role.MEMBER, Role.SUPERVISE)
                return Role(said.value) if said.value not in others else None
        return Role.SUPERVISE if oversees(party.name) else None

    def _lead(self, end: int) -> None:
        """Take note of one that leads, where that is all that a part of a sentence says of it."""
        _, word = self._scene.follower(end)
        if word is None or self._word(word) is not Role.LEAD:
            return
        if self._scene.text[word.end : word.end + 1] == ",":
            self._led_until = self._scene.edge_after(word.end, STOPS, _SENTENCE)

    # --- companions and lists ---------------------------------------------------------------------

    def _joined(self, party: Party) -> bool:
        """Whether 会同 stands before a group, or before one that it goes on."""
        scene = self._scene
        if party.opener == "companion":
            return scene.text[party.opened_at : party.start] not in _AND
        gap = scene.text[self._joined_until : party.start]
        return self._joined_until >= 0 and gap[:1] == "、" == gap[-1:] and len(gap) <= _MEMBERS

    def _companions(self, end: int) -> Role | None:
        """X会同Y: X leads; after a modal (a law's 应当会同) it is responsible."""
        kind, word = self._scene.follower(end)
        if word is None or word.kind != RoleWordKind.JOIN:
            return None
        if not self._scene.parties_between(word.end, word.end + _NEAR):
            return None
        return Role.LEAD if kind == word.kind else Role.RESPONSIBLE

    def _placed(self, party: Party, zone: Zone) -> Role | None:
        """What is declared of a place in a list that says no role, or only that of its label."""
        scene = self._scene
        begin = scene.list_bounds(zone, party)[0] if zone.kind == "label" else zone.start
        low, high = (bisect_left(self._note_starts, at) for at in (begin, zone.end))
        said = self._notes[low:high]
        note = next((n for n in said if n.local or n.start < zone.start), self._first)
        if note is None or zone.role not in _OPEN:
            return None
        inside = [n.start for n in said if n.start >= zone.start]
        stop = min(*inside, zone.end, zone.start + _LIST)
        if any(t.value is Role.LEAD for t in scene.tokens_between(zone.start, stop)):
            return None  # it says itself who leads
        if note.by_comma:
            leads = party.start < scene.text.find(",", zone.start, zone.end)
        else:
            before = scene.text[zone.start : party.start]
            leads = not any(character.isalnum() for character in before)
        return Role.LEAD if leads else Role.JOINT if zone.role is None else note.rest


def _without_task(words: Sequence[Token], stop: int) -> tuple[Sequence[Token], int]:
    """The words of a part that ends at `stop` without a last one that says no more: 配合|工作."""
    if words and words[-1].kind == RoleWordKind.TASK and stop - words[-1].end <= 1:
        return words[:-1], words[-1].start
    return words, stop

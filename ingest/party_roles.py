"""The role of an owner, by rules over what stands around it.

In this order: a note in brackets after its name (X（牵头）), the word that its sentence or its list
says of it (X、Y牵头; X为牵头单位; X对…开展督查), the head of its column or label, what the document
declares of the first of a list, what its name says (牵头单位, 审计局); `responsible` where nothing is
said. Bodies after 会同 are joint, and the one before it leads, but for a law's 应当会同. In a list
whose first leads by declaration and that says no more of the others they are joint.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingest.party_features import PartyScene, Zone
from ingest.surroundings import PARTS
from kb.language.engine import Token
from kb.language.parties import Party
from kb.language.roles import (
    GIVES_ROLE,
    FirstNote,
    Role,
    RoleWordKind,
    best_role_words,
    find_first_notes,
    find_role_words,
    oversees,
)

_IS_ROLE = (RoleWordKind.ROLE, RoleWordKind.HEAD)
_OPEN = (None, Role.RESPONSIBLE)
"""Roles that what else is said may make more of."""
_REACH = 60
"""Characters of a part of a sentence after a party in which its verb is looked for."""
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
        self._joined_until = -1  # where the last group after 会同 ends

    def of(self, group: Sequence[Party], place: int, zone: Zone) -> tuple[Role, str]:
        """The role of a party of a group, that has this zone, and what gives it: `note`, `joined`,
        `companion`, `said`, `placed`, `label`, `name`, `recipient` or `nothing`. Groups are asked
        in order."""
        party = group[place]
        if (noted := self._noted(party)) is not None:
            return noted, "note"
        if place == 0 and self._joined(group[0]):
            self._joined_until = group[-1].end
        joined = group[0].start < self._joined_until
        listed = zone.kind != "text" and (zone.kind != "label" or zone.role is not None)
        said = self._said(group, zone, listed=listed)
        role = said or zone.role
        if joined and role in (*_OPEN, Role.LEAD):
            return Role.JOINT, "joined"
        if role in _OPEN and not joined and (companions := self._companions(group[-1].end)):
            return companions, "companion"
        if listed and role in _OPEN and not said and (placed := self._placed(party, zone)):
            return placed, "placed"
        if role is not None:
            return role, "said" if said else "label"
        if not listed:
            if (named := self._by_name(party)) is not None:
                return named, "name"
            if group[0].opener == "recipient":
                return Role.APPROVE, "recipient"
        return Role.RESPONSIBLE, "nothing"

    # --- what is said of a party ------------------------------------------------------------------

    def _noted(self, party: Party) -> Role | None:
        """X(牵头): a role in brackets of its own."""
        scene = self._scene
        if scene.text[party.end : party.end + 1] != "(":
            return None
        close = scene.text.find(")", party.end, party.end + _NOTE)
        words = scene.tokens_between(party.end, close) if close >= 0 else []
        roles = [t for t in words if t.kind == RoleWordKind.ROLE and t.value is not None]
        covered = sum(t.end - t.start for t in words)
        return Role(roles[0].value) if roles and covered == close - party.end - 1 else None

    def _said(self, group: Sequence[Party], zone: Zone, *, listed: bool) -> Role | None:
        """The role that the words after a group give it."""
        end = group[-1].end
        if self._scene.text[end : end + 1] == "(":  # X(以下简称Y)
            close = self._scene.text.find(")", end, end + _ASIDE)
            end = close + 1 if close >= 0 else end
        _, word = self._scene.follower(end)
        if word is not None and (direct := self._word(word)) is not None:
            return direct
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
        heads = after is not None and after.kind == RoleWordKind.BEARER  # X 配合单位 Y
        if word.kind != RoleWordKind.ROLE or word.value is None or heads:
            return None
        chained = after is not None and more and word.value is Role.RESPONSIBLE
        return Role(after.value) if after is not None and chained else Role(word.value)

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
        """X对…开展督查: the part of the sentence ends with what it does; 经X审定."""
        scene = self._scene
        stop = scene.edge_after(end, PARTS, _REACH)
        words = [
            t
            for t in scene.tokens_between(end, stop)
            if t.kind == RoleWordKind.ROLE and t.value is not None
        ]
        if not words or any(p.opener == "agent" for p in scene.parties_between(end, stop)):
            return None
        last = words[-1]
        named = any(
            t.kind == RoleWordKind.IS for t in scene.tokens_between(last.start - 1, last.start)
        )
        if last.value is Role.SUPERVISE and stop - last.end <= 1 and not named:
            return Role.SUPERVISE
        asked = group[0].opener == "source" and words[0].value is Role.APPROVE
        return Role.APPROVE if asked else None

    def _by_name(self, party: Party) -> Role | None:
        """The role that a name says: 各牵头单位, 县审计局."""
        words = best_role_words(find_role_words(party.name))
        if len(words) > 1 and words[-1].kind == RoleWordKind.BEARER:
            said = words[-2]
            if said.kind == RoleWordKind.ROLE and said.end == words[-1].start:
                return Role(said.value) if said.value is not Role.MEMBER else None
        return Role.SUPERVISE if oversees(party.name) else None

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
        inside = [n for n in self._notes if zone.start <= n.start < zone.end]
        note = next((n for n in inside if n.local), self._first)
        if note is None or zone.role not in _OPEN:
            return None
        stop = min(inside[0].start if inside else zone.end, zone.start + _LIST)
        if any(t.value is Role.LEAD for t in scene.tokens_between(zone.start, stop)):
            return None  # it says itself who leads
        if note.by_comma:
            leads = party.start < scene.text.find(",", zone.start, zone.end)
        else:
            before = scene.text[zone.start : party.start]
            leads = not any(character.isalnum() for character in before)
        return Role.LEAD if leads else Role.JOINT if zone.role is None else note.rest

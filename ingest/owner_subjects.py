"""Owners in running text: units that a sentence makes the subject of a duty.

A group of units (区财政局、区教委) gets its role from what stands around it in the sentence: cues such
as 由…审定 or 报…备案 (`role_cues.jsonl`), else the verb of which it is the subject
(`role_words.jsonl`). Units such as 学校 are owners only where a cue or 要, 应当 says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.reading import Reading
from ingest.role_lexicon import Use, presence_pattern, role_cues, role_of, word_pattern
from kb.language.organisations import UnitMention
from kb.ranges import Ranges
from tasks.models import Assignment, Basis, Role

_SENTENCE = re.compile(r"[^。;!?\n]+")
_JOINT = re.compile(r"(?:、|,|和|与|及|以及|\s|会同)?")
_TAIL = re.compile(r"(?:等)?(?:有关|相关|各有关|各相关)?(?:部门|单位|区级部门)?(?=[^一-龥]|.)")
_AND_SO_ON = re.compile(r"等(?:有关|相关|各有关|各相关)?(?:部门|单位|方面)?")
_DETERMINER = re.compile(r"(?:所有|全体|全区|全市|全县|各级各类|各级|各类|各地|各|有关|相关|其他)$")
_OPENS = re.compile(r"(?:^|[,:)\"、]|^\s*(?:[(（]?[一二三四五六七八九十\d]+[)）.、]?\s*))$")
_LEFT = 40
_RIGHT = 80
_ADVERBS = 6


@dataclass(frozen=True, slots=True)
class Group:
    """Units that one verb governs, and their local range in the reading."""

    mentions: tuple[UnitMention, ...]
    start: int
    end: int
    open_ended: bool

    @property
    def vague(self) -> bool:
        """Whether none of the units is an office of its own (学校, 党组织)."""
        return all(mention.vague for mention in self.mentions)


def find_subjects(
    reading: Reading, mentions: Sequence[UnitMention], closed: Sequence[tuple[int, int]] = ()
) -> list[Assignment]:
    """Assignments stated in the sentences of `reading`, in order.

    `closed` are local ranges to leave alone: lists of owners, names of documents.
    """
    shut = Ranges(closed)
    free = [m for m in mentions if not shut.overlap(m.start, m.end)]
    found: list[Assignment] = []
    position = 0
    for sentence in _SENTENCE.finditer(reading.text):
        while position < len(free) and free[position].start < sentence.start():
            position += 1
        inside = []
        while position < len(free) and free[position].end <= sentence.end():
            inside.append(free[position])
            position += 1
        for group in _groups(reading.text, inside):
            roles = _roles(reading.text, group, sentence.start(), sentence.end())
            if not roles and len(group.mentions) > 1:
                # 学校与属地党委在…上的对接: what is said may be of the last alone.
                group = _close(reading.text, group.mentions[-1:])  # noqa: PLW2901
                roles = _cued(reading.text, group, sentence.start(), sentence.end()) or []
            for role in roles:
                found.extend(_assignments(reading, group, role))
    return found


def _groups(text: str, mentions: Sequence[UnitMention]) -> Iterator[Group]:
    current: list[UnitMention] = []
    for mention in mentions:
        gap = text[current[-1].end : mention.start] if current else ""
        if current and not re.fullmatch(r"\s*+(?:、|和|与|及|以及|,)\s*+", gap):
            yield _close(text, current)
            current = []
        current.append(mention)
    if current:
        yield _close(text, current)


def _close(text: str, mentions: Sequence[UnitMention]) -> Group:
    tail = _AND_SO_ON.match(text, mentions[-1].end)
    end = tail.end() if tail else mentions[-1].end
    open_ended = tail is not None or any(m.open_ended for m in mentions)
    return Group(tuple(mentions), mentions[0].start, end, open_ended)


def _roles(text: str, group: Group, start: int, end: int) -> list[Role]:
    cued = _cued(text, group, start, end)
    if cued is not None:
        return cued
    left, right = _around(text, group, start, end)
    return _subject_roles(left, right, group)


def _around(text: str, group: Group, start: int, end: int) -> tuple[str, str]:
    left = text[max(start, group.start - _LEFT) : group.start]
    return left, text[group.end : min(end, group.end + _RIGHT)]


def _cued(text: str, group: Group, start: int, end: int) -> list[Role] | None:
    """Roles by the first cue that fits what stands around the group; None where none fits."""
    left, right = _around(text, group, start, end)
    for before, after, cue in role_cues():
        if (cue.vague or not group.vague) and before.search(left) and after.match(right):
            return [cue.role] if cue.role else []
    return None


def _subject_roles(left: str, right: str, group: Group) -> list[Role]:
    """Roles from the verb whose subject the group is; none where it is no subject."""
    bare = _DETERMINER.sub("", left)
    if group.vague and re.search(r"[、的]$", bare):
        return []  # …的学校, 评价、学校评估: a noun among others
    part = re.split(r"[,。;:、]", left)[-1]
    # 义务教育学校项目建设业主应…: the unit is the head of a compound that opens the sentence.
    head = len(part) <= 12 and re.match(r"(?:应当?|须|必须|不得)", right)
    if not head and not _OPENS.search(bare) and not re.search(r"(?:时|后|前|的),?$", bare):
        return []
    rest, modal, adverb = _strip_adverbs(right)
    judges = re.match(r"[将要会]?对", right) is not None  # 将对各部门…考核: only supervises
    verb = word_pattern(Use.DUTY_VERB).match(rest)
    noun = word_pattern(Use.NOUN_VERB).match(rest)
    if verb is None and noun is not None and (modal or adverb):
        verb = noun
    if verb is not None:
        role = role_of(verb)
        if role is not Role.RESPONSIBLE and modal and not judges:
            return [role, Role.RESPONSIBLE]
        return [role] if not (group.vague and rest == right and _is_compound(rest, verb)) else []
    if modal:
        if not _supervises(rest):
            return [Role.RESPONSIBLE]
        return [Role.SUPERVISE] if judges else [Role.SUPERVISE, Role.RESPONSIBLE]
    if group.vague or not rest:
        return []
    later = any(presence_pattern(use).search(rest) for use in (Use.MODAL, Use.DUTY_VERB))
    return [Role.RESPONSIBLE] if later else []


def _is_compound(rest: str, verb: re.Match[str]) -> bool:
    """学校建设…, 学校招聘工作: a noun after the unit, not its deed."""
    return verb.end() - verb.start() >= 2 and bool(
        re.match(r"(?:[的和、]|工作|项目|计划|机制|制度|水平|标准|过程)", rest[verb.end() :])
    )


def _supervises(rest: str) -> bool:
    return re.match(r"[^,。;]{0,12}(?:考核|督[查导促]|监督|监管)", rest) is not None


def _strip_adverbs(right: str) -> tuple[str, bool, bool]:
    """`right` without leading adverbials; whether a modal was among them; whether any was."""
    modal = adverb = False
    rest = right
    for _ in range(_ADVERBS):
        if match := word_pattern(Use.MODAL).match(rest):
            modal = True
        elif word_pattern(Use.DUTY_VERB).match(rest) and not re.match(r"[按根结]", rest):
            break
        elif match := word_pattern(Use.ADVERB).match(rest):
            adverb = True
        else:
            break
        if not match.end():
            break
        rest = rest[match.end() :]
    return rest, modal, adverb


def _assignments(reading: Reading, group: Group, role: Role) -> Iterator[Assignment]:
    for mention in group.mentions:
        yield Assignment(
            unit=mention.name,
            unit_id=mention.unit.id if mention.unit else None,
            role=role,
            basis=Basis.STATED,
            open_ended=group.open_ended,
            span=reading.span(mention.start, mention.end),
            quote="",
        )

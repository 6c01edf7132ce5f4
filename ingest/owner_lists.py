"""Owners in lists: brackets such as （农业农村部牵头，财政部等参与） and lines such as 责任单位：….

A bracket counts as a list of owners when it has a label (责任单位:), when verbs of responsibility
follow its units, or when it holds nothing but units and closes its sentence.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ingest.reading import Reading
from ingest.role_lexicon import Use, presence_pattern, role_of, word_pattern
from kb.language.organisations import UnitMention
from kb.ranges import Ranges, between
from tasks.models import Assignment, Basis, Role

# Bounded, so that a stray bracket in a line of megabytes costs no more than its neighbourhood.
_BRACKET = re.compile(r"\((?:[^()\n]|\([^()\n]{0,60}\)){2,800}\)")
_FIRST_LEADS = re.compile(r"第一(?:位|个|名)?[^,。;()]{0,8}?为(?:总)?牵头")
_AND_SO_ON = re.compile(
    r"\s*(?:等|等等|及其他)(?:有关|相关|各有关|各相关)?(?:部门|单位|区级部门|市级部门)?"
)
_ONLY_SEPARATORS = re.compile(r"[、,,;和及与以及等有关相关部门单位\s]*")
_NAME = re.compile(r"[一-龥()]{2,24}")
_NOT_A_NAME = re.compile(
    r"按照?|根据|下同|第一|以下|不再|牵头|负责|配合|参与|指导|分工|落实|时限|年|月|底前|完成|等$|^等"
)


@dataclass(frozen=True, slots=True)
class OwnerList:
    """Local range of the whole list in the reading, its assignments, names no entry resolves."""

    start: int
    end: int
    assignments: tuple[Assignment, ...]
    unresolved: frozenset[str] = frozenset()
    first_leads: bool = False
    trailing: bool = field(default=True)


@dataclass(slots=True)
class _Pending:
    mentions: list[tuple[UnitMention, bool]] = field(default_factory=list)
    joined: bool = False


def find_owner_lists(
    reading: Reading, mentions: Sequence[UnitMention], *, first_leads: bool = False
) -> list[OwnerList]:
    """All lists of owners in `reading`, in order; `mentions` are the units found in its text.

    `first_leads`: an earlier note (列第一位者为牵头单位，下同) made the first of each list its lead.
    """
    found: list[OwnerList] = []
    starts = [m.start for m in mentions]
    names = Ranges((m.start, m.end) for m in mentions)
    for start, end, inner_start, inner_end in _candidates(reading.text):
        if found and start < found[-1].end:
            continue  # a bracket inside a labelled line that is read already
        near = mentions[between(starts, inner_start, inner_end)]
        inside = [m for m in near if m.end <= inner_end]
        if names.strictly_hold(start) or names.strictly_hold(end):
            continue  # 乡镇(街道): the bracket is part of a name
        first_leads = first_leads or bool(_FIRST_LEADS.search(reading.text, inner_start, inner_end))
        owners = _parse_list(reading, inside, (start, end, inner_start, inner_end), first_leads)
        if owners is not None:
            found.append(owners)
    return found


def _candidates(text: str) -> Iterator[tuple[int, int, int, int]]:
    """Ranges (start, end, inner start, inner end) of brackets and of labelled lines."""
    taken = 0
    label = presence_pattern(Use.LABEL)
    brackets = [bracket.span() for bracket in _BRACKET.finditer(text)]
    spans = [(start, end, start + 1, end - 1) for start, end in brackets]
    bracketed = Ranges(brackets)
    for match in label.finditer(text):
        after = re.compile(r"\s*[:\t]").match(text, match.end())
        if after is None or bracketed.overlap(match.start(), match.start() + 1):
            continue
        if match.start() < taken:
            continue
        stop = re.compile(r"[。\n]|$").search(text, after.end(), after.end() + 800)
        taken = stop.start() if stop else min(len(text), after.end() + 800)
        spans.append((match.start(), taken, match.start(), taken))
    yield from sorted(spans)


def _parse_list(
    reading: Reading,
    mentions: Sequence[UnitMention],
    bounds: tuple[int, int, int, int],
    first_leads: bool,
) -> OwnerList | None:
    start, end, inner_start, inner_end = bounds
    text = reading.text
    labels = [
        m
        for m in word_pattern(Use.LABEL).finditer(text, inner_start, inner_end)
        if re.compile(r"\s*[:\t]").match(text, m.end())
    ]
    verbs = word_pattern(Use.LIST_VERB)
    if not labels:
        if not mentions:
            return None
        last = mentions[-1].end
        has_verb = verbs.search(text, mentions[0].end, inner_end) is not None
        bare = _only_units(text, mentions, inner_start, inner_end)
        closes = re.compile(r"[\s。;]*(?:\n|$)").match(text, end) is not None
        before = text[start - 1] if start else ""
        if not (has_verb and _is_list(text, mentions, inner_start, last)) and not (
            bare and closes and before in "。;\n" and all(not m.vague for m in mentions)
        ):
            return None
    assignments = list(_assign(reading, mentions, labels, inner_start, inner_end))
    unresolved = list(_unresolved(reading, mentions, labels, (inner_start, inner_end)))
    assignments.extend(a for a in unresolved)
    if not assignments:
        return None
    if first_leads and len(assignments) > 1 and {a.role for a in assignments} == {Role.RESPONSIBLE}:
        assignments.insert(0, assignments[0].model_copy(update={"role": Role.LEAD}))
    return OwnerList(
        start,
        end,
        tuple(assignments),
        frozenset(a.unit for a in unresolved),
        first_leads,
    )


def _only_units(text: str, mentions: Sequence[UnitMention], start: int, end: int) -> bool:
    cursor = start
    for mention in mentions:
        if not _ONLY_SEPARATORS.fullmatch(text, cursor, mention.start):
            return False
        cursor = mention.end
    return bool(_ONLY_SEPARATORS.fullmatch(text, cursor, end))


def _is_list(text: str, mentions: Sequence[UnitMention], start: int, last: int) -> bool:
    """Whether the bracket opens with a unit (possibly after 由 or an unknown name before 、)."""
    lead = text[start : mentions[0].start]
    return len(lead) <= 30 and not re.search(r"[《》\d:]", lead) and last > start


def _assign(
    reading: Reading,
    mentions: Sequence[UnitMention],
    labels: Sequence[re.Match[str]],
    start: int,
    end: int,
) -> Iterator[Assignment]:
    text = reading.text
    verbs, joins = word_pattern(Use.LIST_VERB), word_pattern(Use.JOIN)
    pending = _Pending()
    label_starts, label_ends = [m.start() for m in labels], [m.end() for m in labels]
    for index, mention in enumerate(mentions):
        following = mentions[index + 1].start if index + 1 < len(mentions) else end
        next_label = bisect_left(label_starts, mention.end)
        gap_end = min([following, *label_starts[next_label : next_label + 1]])
        pending.mentions.append((mention, pending.joined))
        before = bisect_right(label_ends, mention.start)
        label = labels[before - 1] if before else None
        verb = verbs.search(text, mention.end, gap_end)
        join = joins.match(text, mention.end, gap_end)
        closed = gap_end < following or index + 1 == len(mentions)
        if verb is not None and not (label and verb.start() > mention.end + 8):
            role: Role | None = role_of(verb)
            if verb.end() < gap_end and (more := joins.search(text, verb.end(), gap_end)):
                join = more
        elif label is not None:
            role = role_of(label)
        else:
            role = None
        if role is not None and (verb is not None or label is not None or closed):
            yield from _flush(reading, pending, role)
        elif closed:
            yield from _flush(reading, pending, Role.RESPONSIBLE)
        if join is not None:
            pending.joined = True


def _flush(reading: Reading, pending: _Pending, role: Role) -> Iterator[Assignment]:
    for mention, joined in pending.mentions:
        span = reading.span(mention.start, mention.end)
        tail = _AND_SO_ON.match(reading.text, mention.end)
        yield Assignment(
            unit=mention.name,
            unit_id=mention.unit.id if mention.unit else None,
            role=Role.JOINT if joined else role,
            basis=Basis.LISTED,
            open_ended=mention.open_ended or bool(tail and tail.group().strip().startswith("等")),
            span=span,
            quote="",
        )
    pending.mentions.clear()
    pending.joined = False


def _unresolved(
    reading: Reading,
    mentions: Sequence[UnitMention],
    labels: Sequence[re.Match[str]],
    bounds: tuple[int, int],
) -> Iterator[Assignment]:
    """Names between the marks of a labelled list that no entry resolves: kept as printed."""
    text = reading.text
    known = Ranges((m.start, m.end) for m in mentions)
    for number, label in enumerate(labels):
        stop = labels[number + 1].start() if number + 1 < len(labels) else bounds[1]
        start = re.compile(r"\s*[:\t]\s*").match(text, label.end())
        cursor = start.end() if start else label.end()
        sentence = re.compile(r"[。;\n]").search(text, cursor, stop)
        stop = sentence.start() if sentence else stop
        for piece in re.compile(r"[^、,;\s]+").finditer(text, cursor, stop):
            if known.overlap(piece.start(), piece.end()):
                continue
            name = _NAME.fullmatch(piece.group())
            if name is None or _NOT_A_NAME.search(piece.group()):
                continue
            yield Assignment(
                unit=piece.group(),
                unit_id=None,
                role=role_of(label),
                basis=Basis.LISTED,
                span=reading.span(piece.start(), piece.end()),
                quote="",
            )

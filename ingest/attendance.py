"""Lines of minutes on who was there and who gets them: 出席：…, 请假：…, 发：….

They stand at the head, before the numbering and but one paragraph, or at the end, before nothing but what
closes a document; elsewhere such a label belongs to its clause. Who is named there bears no duty by it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import lru_cache

from kb.language.roles import RoleWordKind, best_role_words, find_role_words
from kb.lexicon import WordEntry, words_of

_HEAD = 6
"""Lines at the head of which one says that they are minutes."""
_ASKS = frozenset({RoleWordKind.MODAL, RoleWordKind.DUTY, RoleWordKind.ROLE})


class AttendanceKind(StrEnum):
    """What a word before the colon says of its line."""

    PRESENT = "present"
    WHO = "who"
    OCCASION = "occasion"
    SENT = "sent"
    MINUTES = "minutes"


class AttendanceWords(WordEntry):
    """Words of one kind; lines of that kind and lines that only look so."""

    kind: AttendanceKind


_LABELS = (
    AttendanceKind.PRESENT,
    AttendanceKind.WHO,
    AttendanceKind.OCCASION,
    AttendanceKind.SENT,
)


@lru_cache
def _label() -> re.Pattern[str]:
    groups = (
        f"(?P<{kind}>"
        + "|".join(
            r"\s*".join(map(re.escape, word))
            for word in words_of("attendance_words", AttendanceWords, kind)
        )
        + ")"
        for kind in _LABELS
    )
    return re.compile(rf"(?:{'|'.join(groups)})\s*[:：]")


def _kind_of(line: str) -> AttendanceKind | None:
    match = _label().match(line)
    if match is None or not match.lastgroup:
        return None
    if line.endswith("。"):
        said = line[match.end() :]
        if any(w.kind in _ASKS for w in best_role_words(find_role_words(said))):
            return None  # 记录：区档案局负责保存。
    return AttendanceKind(match.lastgroup)


def find_attendance(
    lines: Sequence[str],
    numbered: Callable[[int], bool],
    closes: Callable[[int], bool],
    attached: Callable[[int], bool],
) -> frozenset[int]:
    """The places of the lines on who was there or gets the document.

    Args:
        lines: those of a document.
        numbered: whether the line at a place has a number or is a row.
        closes: whether it is none of the text: a signature, a day, who gets a copy, words of the page.
        attached: whether attachments begin there.
    """
    kinds = [_kind_of(line) for line in lines]
    if not any(kinds):
        return frozenset()
    named = words_of("attendance_words", AttendanceWords, AttendanceKind.MINUTES)
    minutes = any(word in line for line in lines[:_HEAD] for word in named)
    whose = {AttendanceKind.PRESENT, *((AttendanceKind.WHO,) if minutes else ())}
    found: set[int] = set()
    paragraphs = 0
    head: list[int] = []
    for place, line in enumerate(lines):
        if numbered(place):
            break
        if kinds[place] is not None and kinds[place] is not AttendanceKind.SENT:
            head.append(place)
        elif "。" in line:
            paragraphs += 1
            if paragraphs > 1:
                break
    if any(kinds[place] in whose for place in head):
        found.update(head)
    whose.add(AttendanceKind.SENT)
    for end in (place for place in range(1, len(lines) + 1) if place == len(lines) or attached(place)):  # fmt: skip
        foot: list[int] = []
        place = end - 1
        while place >= 0 and (kinds[place] is not None or closes(place)):
            if kinds[place] is not None:
                foot.append(place)
            place -= 1
        if any(kinds[at] in whose for at in foot):
            found.update(foot)
    return frozenset(found)

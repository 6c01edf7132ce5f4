"""What a new version of a document changed: clause by clause, inside a clause word by word,
and in the duties drawn from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from kb.models import Clause
from tasks.matching import match_facts
from tasks.models import Extraction, Task

_LONGEST = 2500
"""Characters of a clause that are compared one by one; a longer one is shown before and after."""
_MOST = 6000
"""Clauses, after what both versions begin and end with, that are aligned; more are matched by place."""
_SHORTEST = 2
"""Fewer equal characters between two changes are shown as changed: confetti cannot be read."""
_WORDS = re.compile(r"\d+(?:[.,]\d+)*%?|[A-Za-z]+|.", re.DOTALL)
"""What is compared: characters, but numbers and Latin words whole: 20 → 30, not 2 → 3."""


class Run(NamedTuple):
    """Characters of a clause: the same in both, only in the old, or only in the new one."""

    kind: Literal["same", "old", "new"]
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A clause in both versions, or in one."""

    kind: Literal["same", "changed", "added", "removed"]
    old: Clause | None
    new: Clause | None
    runs: tuple[Run, ...] = ()


@dataclass(frozen=True, slots=True)
class Duties:
    """Tasks that only one of the versions has, and how many are the same."""

    added: tuple[Task, ...]
    removed: tuple[Task, ...]
    same: int


def duties_between(old: Extraction, new: Extraction) -> Duties:
    """Which tasks came and went. A task whose words changed counts as both."""
    same = match_facts(old, new)
    kept = set(same.values())
    return Duties(
        tuple(t for t in new.tasks if t.id not in kept),
        tuple(t for t in old.tasks if t.id not in same),
        sum(t.id in same for t in old.tasks),
    )


def changes_between(old: Extraction, new: Extraction) -> list[Change]:
    """Every clause of both versions once, in the order of the new one."""
    before, after = _ordered(old), _ordered(new)
    was, now = [_key(old, c) for c in before], [_key(new, c) for c in after]
    head = 0
    while head < min(len(was), len(now)) and was[head] == now[head]:
        head += 1
    tail = 0
    while tail < min(len(was), len(now)) - head and was[-1 - tail] == now[-1 - tail]:
        tail += 1
    found = [Change("same", a, b) for a, b in zip(before[:head], after[:head], strict=True)]
    left, right = before[head : len(before) - tail], after[head : len(after) - tail]
    if max(len(left), len(right)) > _MOST:
        found += _paired(old, new, left, right)
    else:
        matcher = SequenceMatcher(
            None, was[head : len(was) - tail], now[head : len(now) - tail], autojunk=False
        )
        for what, a1, a2, b1, b2 in matcher.get_opcodes():
            if what == "equal":
                pairs = zip(left[a1:a2], right[b1:b2], strict=True)
                found += [Change("same", a, b) for a, b in pairs]
            else:
                found += _paired(old, new, left[a1:a2], right[b1:b2])
    ends = zip(before[len(before) - tail :], after[len(after) - tail :], strict=True)
    return found + [Change("same", a, b) for a, b in ends]


def _paired(
    old: Extraction, new: Extraction, left: Sequence[Clause], right: Sequence[Clause]
) -> Iterator[Change]:
    """Clauses at the same place are one that changed; the others were removed or added."""
    there = {clause.path: clause for clause in reversed(left)}
    matched = {c.path: there[c.path] for c in right if c.path in there}
    used = {clause.id for clause in matched.values()}
    for clause in left:
        if clause.id not in used:
            yield Change("removed", clause, None, (Run("old", _text(old, clause)),))
    for clause in right:
        before = matched.pop(clause.path, None)
        if before is None:
            yield Change("added", None, clause, (Run("new", _text(new, clause)),))
            continue
        kind: Literal["same", "changed"] = (
            "same" if _key(old, before) == _key(new, clause) else "changed"
        )
        yield Change(kind, before, clause, _runs(_text(old, before), _text(new, clause)))


def _runs(a: str, b: str) -> tuple[Run, ...]:
    if max(len(a), len(b)) > _LONGEST:
        return Run("old", a), Run("new", b)
    found: list[Run] = []
    removed = added = ""
    left, right = _WORDS.findall(a), _WORDS.findall(b)
    for what, a1, a2, b1, b2 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        here, there = "".join(left[a1:a2]), "".join(right[b1:b2])
        if what == "equal" and (len(here) > _SHORTEST or not (removed or added)):
            found += [Run("old", removed)] if removed else []
            found += [Run("new", added)] if added else []
            removed = added = ""
            found.append(Run("same", here))
        else:
            removed, added = removed + here, added + there
    found += [Run("old", removed)] if removed else []
    found += [Run("new", added)] if added else []
    same = sum(len(run.text) for run in found if run.kind == "same")
    # Another clause in the same place: two texts are read more easily than a patchwork of both.
    return tuple(found) if same * 3 > max(len(a), len(b)) else (Run("old", a), Run("new", b))


def _ordered(extraction: Extraction) -> list[Clause]:
    return sorted(extraction.clauses, key=lambda c: c.span.start)


def _text(extraction: Extraction, clause: Clause) -> str:
    return clause.span.slice(extraction.document.text).strip()


def _key(extraction: Extraction, clause: Clause) -> str:
    """A clause's words without white space and its own number: a renumbered one is the same."""
    return "".join(_text(extraction, clause).removeprefix(clause.marker).split())

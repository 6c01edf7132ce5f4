"""Which duties of one version of a document are those of another: by where their words stand.

A milestone is the same where the characters of its date are (through a map of the two texts) and
its kind is; one whose date stands elsewhere or nowhere (the plan's period, a date before its
clause, none at all) where its task is. Nothing is paired by order or by count: what has no place
of its own in the other version has no successor.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Generic, TypeVar

from kb.models import Span
from tasks.models import Basis, DueKind, Extraction, Milestone, Target, Task
from tasks.text_map import TextMap

_Item = TypeVar("_Item", Milestone, Target)
_HALF = 0.5
"""Share of its characters that a changed task must have in common with another, both ways, to stand
in its place: only one can have more than half."""
_MOST = 2 / 3
"""The same for what was reported on a date that the task does not print itself: a duty that lost or
gained a third of its words is for a person to say. Ours, no standard fixes one."""

_REACH = 200
"""Characters before a place within which what overlaps it begins: no printed date or number is as
long."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Ids of the old version's facts to those of the new one.

    `same` are tasks with the same words, milestones with the same date and targets with the same
    number, one to one. `near` are tasks that stand in the place of old ones whose words changed.
    """

    same: Mapping[str, str]
    near: Mapping[str, str]


def match_facts(old: Extraction, new: Extraction) -> Mapping[str, str]:
    """Ids of tasks, milestones and targets of `old` to those of `new` that are the same."""
    return match_versions(old, new).same


def match_versions(old: Extraction, new: Extraction) -> Matches:
    """As `match_facts`, with the tasks that stand in the place of those that changed."""
    return _Matcher(old, new).match()


class _Matcher:
    def __init__(self, old: Extraction, new: Extraction) -> None:
        self._old, self._new = old, new
        self._map = TextMap(old.document.text, new.document.text)

    def match(self) -> Matches:
        tasks, shares = self._tasks(), self._shares()
        near = {old: new for old, (new, share) in shares.items() if share > _HALF}
        alike = {old: new for old, (new, share) in shares.items() if share >= _MOST} | tasks
        same = {**tasks, **self._milestones(alike), **self._targets()}
        kept = _ids_of(self._old) & _ids_of(self._new)
        same = {k: v for k, v in same.items() if k not in kept and v not in kept}
        same |= {key: key for key in kept}
        return Matches(same, {k: v for k, v in near.items() if k not in same})

    def _tasks(self) -> dict[str, str]:
        there: dict[tuple[int, int], list[str]] = {}
        for task in self._new.tasks:
            there.setdefault(self._map.place(task.span), []).append(task.id)
        return _one_to_one(
            (t.id, there.get(place, []) if (place := self._map.range(t.span)) else [])
            for t in self._old.tasks
        )

    def _shares(self) -> dict[str, tuple[str, float]]:
        """Each old task with the new one that has the most of its characters, and the smaller of
        the shares of both that these are."""
        tasks = sorted(self._new.tasks, key=lambda t: t.span.start)
        places = [self._map.place(t.span) for t in tasks]
        starts = [start for start, _ in places]
        found: dict[str, tuple[str, float]] = {}
        for task in self._old.tasks:
            counts: Counter[int] = Counter()
            for at in self._map.stayed(task.span):
                number = bisect_right(starts, at) - 1
                if number >= 0 and at < places[number][1]:
                    counts[number] += 1
            for number, both in counts.most_common(1):
                start, end = places[number]
                larger = max(self._map.size(task.span), end - start)
                found[task.id] = tasks[number].id, both / larger
        return found

    # ---- milestones

    def _milestones(self, tasks: Mapping[str, str]) -> dict[str, str]:
        printed: _Places[Milestone] = _Places()
        elsewhere: _Places[Milestone] = _Places()
        home: dict[str, Task] = {}
        for task in self._new.tasks:
            for m in task.milestones:
                home[m.id] = task
                if m.due.span and is_printed(task, m):
                    printed.add(m.due.kind, self._map.place(m.due.span), m)
                else:
                    place = self._map.place(_anchor(m) or task.span)
                    elsewhere.add((_kind(m), task.id), place, m)
        claims: list[tuple[str, list[str]]] = []
        for task in self._old.tasks:
            for m in task.milestones:
                if m.due.span and is_printed(task, m):
                    there = printed.find(m.due.kind, self._map.range(m.due.span), m)
                    there = [n for n in there if self._is_of(task, m, home[n.id])]
                elif (partner := tasks.get(task.id)) is None:
                    there = []
                elif span := _anchor(m):
                    there = elsewhere.find((_kind(m), partner), self._map.range(span), m)
                else:
                    there = elsewhere.all((_kind(m), partner))
                claims.append((m.id, [n.id for n in there]))
        return _one_to_one(claims)

    def _is_of(self, old: Task, milestone: Milestone, new: Task) -> bool:
        """Whether a task of a new text says at least half of what a milestone's date governed: the
        same date at the end of quite another sentence is another duty's."""
        if self._map.identical:
            return True
        start, end = self._map.place(new.span)
        parts = list(_governed(self._old.document.text, old, milestone))
        kept = sum(start <= at < end for part in parts for at in self._map.stayed(part))
        return kept >= _HALF * sum(map(self._map.size, parts))

    # ---- targets

    def _targets(self) -> dict[str, str]:
        there: _Places[Target] = _Places()
        for task in self._new.tasks:
            for t in task.targets:
                there.add(_number(t), self._map.place(t.span), t)
        return _one_to_one(
            (t.id, [n.id for n in there.find(_number(t), self._map.range(t.span), t)])
            for task in self._old.tasks
            for t in task.targets
        )


class _Places(Generic[_Item]):
    """Facts of the new version by what they must have in common and by where they stand."""

    def __init__(self) -> None:
        self._found: dict[Hashable, list[tuple[tuple[int, int], _Item]]] = {}
        self._sorted = False

    def add(self, key: Hashable, place: tuple[int, int], item: _Item) -> None:
        """Add one; all before the first is asked for."""
        self._found.setdefault(key, []).append((place, item))

    def all(self, key: Hashable) -> list[_Item]:
        """Those with a key, wherever they stand."""
        return [item for _, item in self._found.get(key, ())]

    def find(self, key: Hashable, place: tuple[int, int] | None, wanted: _Item) -> list[_Item]:
        """Those that stand at a place; of several there those that say the same. Where none does,
        those that share some of it and say the same: the edges of what is printed may be read
        otherwise."""
        if place is None:
            return []
        said, words = _said(wanted), _words(wanted)
        near = list(self._near(key, place))
        there = [item for at, item in near if at == place]
        if len(there) == 1:
            return there
        alike = [item for item in there or (item for _, item in near) if _said(item) == said]
        return [item for item in alike if _words(item) == words] if len(alike) > 1 else alike

    def _near(self, key: Hashable, place: tuple[int, int]) -> Iterator[tuple[tuple[int, int], _Item]]:  # fmt: skip
        if not self._sorted:
            for found in self._found.values():
                found.sort(key=itemgetter(0))
            self._sorted = True
        found = self._found.get(key, [])
        for number in range(bisect_right(found, place[1] - 1, key=_start) - 1, -1, -1):
            at, item = found[number]
            if at[0] < place[0] - _REACH:
                return
            if at[1] > place[0]:
                yield at, item


def is_printed(task: Task, milestone: Milestone) -> bool:
    """Whether a milestone's date stands in its task's own words."""
    due = milestone.due
    return due.span is not None and due.kind is not DueKind.PERIOD and task.span.contains(due.span)


def _governed(text: str, task: Task, milestone: Milestone) -> Iterator[Span]:
    """What a printed date governs, without the date and the list of owners at the end."""
    start, end = milestone.span
    listed = [a.span.start for a in task.responsibilities if a.basis is Basis.LISTED]
    if at := [at for at in listed if start < at < end]:
        # With its label: （责任单位：
        end = max([start, *(text.rfind(mark, start, min(at)) for mark in "。；;\n(（【[")])
    due = milestone.due.span or milestone.span
    for part in ((start, min(due.start, end)), (max(due.end, start), end)):
        if part[0] < part[1]:
            yield Span(*part)


def _anchor(milestone: Milestone) -> Span | None:
    """Where the date of a milestone stands that is not in its task's words, None for the period of
    the plan, which may change and still be the plan's end, and for what has no date."""
    return None if milestone.due.kind is DueKind.PERIOD else milestone.due.span


def _kind(milestone: Milestone) -> DueKind:
    """The kind of a date that the task does not print. The plan's end and no day at all are one:
    neither is a date of the duty's own."""
    kind = milestone.due.kind
    return DueKind.NONE if kind is DueKind.PERIOD else kind


def _number(target: Target) -> Hashable:
    return target.value, target.measure


def _start(found: tuple[tuple[int, int], object]) -> int:
    return found[0][0]


def _said(item: Milestone | Target) -> Hashable:
    """What a fact says of its date or number."""
    if isinstance(item, Target):
        return item.metric, item.scope, item.comparator, item.per
    due = item.due
    return due.date, due.start, due.rrule, due.duration


def _words(item: Milestone | Target) -> str:
    return item.commitment if isinstance(item, Milestone) else item.quote


def _ids_of(extraction: Extraction) -> set[str]:
    """Ids of what is matched. One id in two readings of a text is one fact (`tasks.fact_ids`)."""
    return {
        key
        for task in extraction.tasks
        for key in (task.id, *(m.id for m in task.milestones), *(t.id for t in task.targets))
    }


def _one_to_one(claims: Iterable[tuple[str, list[str]]]) -> dict[str, str]:
    """Those that have exactly one partner, who has no other."""
    single = {old: news[0] for old, news in claims if len(news) == 1}
    taken = Counter(single.values())
    return {old: new for old, new in single.items() if taken[new] == 1}

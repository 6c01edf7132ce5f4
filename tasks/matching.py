"""Which duties of one version of a document are those of another: by their words."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from kb.models import Clause
from tasks.models import Extraction, Milestone, Target, Task

_Item = TypeVar("_Item", Task, Milestone, Target)


def match_facts(old: Extraction, new: Extraction) -> dict[str, str]:
    """Ids of tasks, milestones and targets of `old` to those of `new` that say the same, one to
    one.

    A clause is the same when its text is (its marker and white space aside): where as many clauses
    have that text as before they are matched in order, else only those at the same place. Facts
    inside are the same when their words are; the rest are matched in order if they are as many.
    """
    found: dict[str, str] = {}
    before, after = _by_clause(old), _by_clause(new)
    for one, other in _same_clauses(old, new):
        for a, b in _pair(
            before.get(one, []), after.get(other, []), _words_of(old), _words_of(new)
        ):
            found[a.id] = b.id
            found |= {x.id: y.id for x, y in _pair(a.milestones, b.milestones, _due, _due)}
            found |= {x.id: y.id for x, y in _pair(a.targets, b.targets, _metric, _metric)}
    return found


def standing_in(old: Extraction, new: Extraction, task_id: str) -> str | None:
    """The task of `new` in the place of a task of `old` whose clause reads otherwise now: the
    same one in order of the clause at the same place; None where there is none."""
    task = next((t for t in old.tasks if t.id == task_id), None)
    if task is None:
        return None
    path = next(c.path for c in old.clauses if c.id == task.clause_id)
    number = [t.id for t in old.tasks if t.clause_id == task.clause_id].index(task_id)
    there = {c.id for c in new.clauses if c.path == path}
    tasks = [t.id for t in new.tasks if t.clause_id in there]
    return tasks[number] if number < len(tasks) else None


def _same_clauses(old: Extraction, new: Extraction) -> Iterator[tuple[str, str]]:
    there: dict[str, list[Clause]] = {}
    for clause in new.clauses:
        there.setdefault(_text(new, clause), []).append(clause)
    here: dict[str, list[Clause]] = {}
    for clause in old.clauses:
        here.setdefault(_text(old, clause), []).append(clause)
    for text, clauses in here.items():
        others = there.get(text, [])
        if len(clauses) == len(others):
            yield from ((a.id, b.id) for a, b in zip(clauses, others, strict=True))
        else:
            placed = {c.path: c.id for c in others}
            yield from ((c.id, placed[c.path]) for c in clauses if c.path in placed)


def _pair(
    first: Sequence[_Item],
    second: Sequence[_Item],
    key: Callable[[_Item], str],
    other_key: Callable[[_Item], str],
) -> list[tuple[_Item, _Item]]:
    """Items of both with equal keys, in order; the rest in order where they are as many."""
    free: dict[str, deque[_Item]] = {}
    for item in second:
        free.setdefault(other_key(item), deque()).append(item)
    pairs: list[tuple[_Item, _Item]] = []
    alone: list[_Item] = []
    for item in first:
        same = free.get(key(item))
        if same:
            pairs.append((item, same.popleft()))
        else:
            alone.append(item)
    left = {id(item) for queue in free.values() for item in queue}
    rest = [item for item in second if id(item) in left]
    if len(alone) == len(rest):
        pairs.extend(zip(alone, rest, strict=True))
    return pairs


def _by_clause(extraction: Extraction) -> dict[str, list[Task]]:
    found: dict[str, list[Task]] = {}
    for task in extraction.tasks:
        found.setdefault(task.clause_id, []).append(task)
    return found


def _words_of(extraction: Extraction) -> Callable[[Task], str]:
    markers = {c.id: c for c in extraction.clauses}

    def words(task: Task) -> str:
        clause = markers[task.clause_id]
        text = task.span.slice(extraction.document.text)
        return _bare(text, clause.marker if task.span.start == clause.span.start else "")

    return words


def _due(milestone: Milestone) -> str:
    due = milestone.due
    return f"{milestone.commitment}|{due.kind}|{due.date}|{due.rrule}|{due.duration}"


def _metric(target: Target) -> str:
    return f"{target.metric}|{target.scope}|{target.comparator}|{target.value}|{target.measure}"


def _text(extraction: Extraction, clause: Clause) -> str:
    return _bare(clause.span.slice(extraction.document.text), clause.marker)


def _bare(text: str, marker: str) -> str:
    return "".join(text.lstrip().removeprefix(marker).split())

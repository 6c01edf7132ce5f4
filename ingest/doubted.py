"""Doubt about the characters themselves: where a model was not sure of what it saw in a picture, no
fact of the clause is sure.

An owner has no mark of doubt of its own: the finding stands at its clause, for a person to look at.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from kb.models import Clause, Finding, Span
from tasks.models import Certainty, Milestone, Task

DOUBTFUL_CHARACTERS = "doubtful-characters"
"""Characters that were recognised, but not surely."""
INK_NOT_READ = "ink-not-read"
"""Ink beside characters or in place of them, of which nothing was recognised."""
_CODES = frozenset({DOUBTFUL_CHARACTERS, INK_NOT_READ})


def doubted_spans(findings: Iterable[Finding]) -> list[Span]:
    """Where findings say that the characters are not sure, in order."""
    spans = (f.span for f in findings if f.code in _CODES and f.span is not None)
    return sorted(spans, key=lambda span: (span.start, span.end))


def mark_doubted(
    tasks: Sequence[Task], clauses: Sequence[Clause], doubted: Sequence[Span]
) -> tuple[Task, ...]:
    """The tasks, those of clauses with doubted characters without a sure fact: days are ambiguous,
    targets uncertain."""
    if not doubted:
        return tuple(tasks)
    starts = [span.start for span in doubted]
    # Spans of findings are within lines, and do not hold one another.
    longest = max(len(span) for span in doubted)

    def touches(span: Span) -> bool:
        at = bisect_left(starts, span.start - longest)
        while at < len(doubted) and starts[at] < span.end:
            if doubted[at].end > span.start:
                return True
            at += 1
        return False

    unsure = {clause.id for clause in clauses if touches(clause.span)}
    return tuple(_doubted(task) if task.clause_id in unsure else task for task in tasks)


def _doubted(task: Task) -> Task:
    return task.model_copy(
        update={
            "milestones": tuple(_undecided(milestone) for milestone in task.milestones),
            "targets": tuple(t.model_copy(update={"uncertain": True}) for t in task.targets),
        }
    )


def _undecided(milestone: Milestone) -> Milestone:
    """A milestone whose day is not sure; one that is the plan's end was not read in the clause."""
    due = milestone.due
    if Certainty.INHERITED in due.certainty or Certainty.AMBIGUOUS in due.certainty:
        return milestone
    kept = (c for c in due.certainty if c is not Certainty.EXPLICIT)
    unsure = due.model_copy(update={"certainty": (Certainty.AMBIGUOUS, *kept)})
    return milestone.model_copy(update={"due": unsure})

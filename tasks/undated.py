"""Duties without any deadline: each has one milestone all the same, so that it can be followed.

Laid over what was extracted whenever a document is read from the store, so that documents recorded
before have it too; a deadline that a person sets takes its place and keeps what was reported.
"""

from __future__ import annotations

from collections.abc import Collection

from kb.identifiers import stable_id
from kb.language.sentences import first_sentence
from tasks.models import Certainty, Deadline, DueKind, Extraction, Milestone, Pace, Task

NO_DEADLINE = Deadline(kind=DueKind.NONE, certainty=())
"""无时限: neither the duty nor its plan says a day."""
ONGOING = Deadline(kind=DueKind.NONE, certainty=(Certainty.EXPLICIT,))
"""持续推进: the duty itself says that it goes on (see `tasks.models.Pace`)."""
_CELL_ENDS = frozenset("|\t")


def track_undated(extraction: Extraction) -> Extraction:
    """The extraction in which every task has a milestone: those that have none get one without a
    day. What has one stays as it is, so that doing it twice does nothing more."""
    if all(task.milestones for task in extraction.tasks):
        return extraction
    tasks = tuple(track_task(task, extraction.document.text) for task in extraction.tasks)
    return extraction.model_copy(update={"tasks": tasks})


def is_ongoing(kind: DueKind, certainty: Collection[Certainty]) -> bool:
    """Whether a deadline of that kind and certainty is that of a duty which goes on."""
    return kind is DueKind.NONE and Certainty.EXPLICIT in certainty


def undated_of(task: Task) -> Milestone | None:
    """The task's milestone without a day, where that is all it has."""
    return next((m for m in task.milestones if m.due.kind is DueKind.NONE), None)


def track_task(task: Task, text: str) -> Task:
    """A task of a document with `text`: one without any milestone gets one without a day."""
    if task.milestones:
        return task
    words = task.span.slice(text)
    line = " ".join(words.split())  # a line may end within a sentence
    _, end = first_sentence(words, 0, len(words))
    # The first cell of a row may be no more than its number.
    of_row = words[end:].lstrip(" ")[:1] in _CELL_ENDS
    milestone = Milestone(
        id=stable_id("milestone", task.id, "undated"),
        commitment=task.title if of_row else line[slice(*first_sentence(line, 0, len(line)))],
        span=task.span,
        quote=words,
        due=ONGOING if task.pace is Pace.ONGOING else NO_DEADLINE,
    )
    # Its values are reported on the one milestone there is.
    targets = tuple(
        t if t.milestone_id else t.model_copy(update={"milestone_id": milestone.id})
        for t in task.targets
    )
    return task.model_copy(update={"milestones": (milestone,), "targets": targets})

"""Clauses that seem to ask for something though no task was drawn from them."""

from __future__ import annotations

import re

from ingest.duties import states_occasion
from ingest.reading import normalize_characters
from kb.language.roles import RoleWordKind, find_role_words
from kb.models import Clause
from tasks.models import Extraction

_QUOTED = re.compile(r"《[^《》\n]{1,120}》")


def find_unclaimed(extraction: Extraction) -> list[Clause]:
    """The clauses with a verb of duty and no task, in order: neither the clause itself nor one
    below it was read as a task."""
    parents = {clause.id: clause.parent_id for clause in extraction.clauses}
    claimed: set[str] = set()
    for task in extraction.tasks:
        at: str | None = task.clause_id
        while at is not None and at not in claimed:
            claimed.add(at)
            at = parents.get(at)
    text = extraction.document.text
    return [
        clause
        for clause in extraction.clauses
        if clause.id not in claimed and _asks(clause, clause.span.slice(text))
    ]


def _asks(clause: Clause, printed: str) -> bool:
    words = _QUOTED.sub("", normalize_characters(printed.removeprefix(clause.marker)))
    if states_occasion(clause, words):
        return False
    asking = (RoleWordKind.ROLE, RoleWordKind.DUTY)
    return any(w.kind in asking and w.end - w.start > 1 for w in find_role_words(words))

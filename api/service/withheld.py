"""Answers kept from before: what rests on a document that is no longer open is not shown again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import select

from kb.models import Plan
from tasks import schema
from tasks.abolished import abolished_in
from tasks.authorisation import Actor
from tasks.store import Store
from tasks.visibility import Visibility, may_see, read_visibility

_TOLD = {
    "zh": "这个回答依据的文件现在不对您开放，不再显示。",
    "en": "The document that this answer rests on is no longer open to you; it is not shown again.",
}


@dataclass(frozen=True)
class Closed:
    """What tells of the documents that somebody may not see: their ids, those of their facts, names
    (titles, numbers, plans, units) that no document open to them has, and marks of what they abolish."""

    documents: frozenset[str]
    facts: frozenset[str]
    names: frozenset[str]

    def told_by(self, answer: Mapping[str, Any]) -> bool:
        """Whether an answer tells of them, in whatever part of it; the question is the person's."""
        if any(c["document_id"] in self.documents for c in answer["citations"]):
            return True
        if not self.facts.isdisjoint(answer["tasks"]):
            return True
        said = json.dumps({k: v for k, v in answer.items() if k != "question"}, ensure_ascii=False)
        return any(name in said for name in self._written)

    @cached_property
    def _written(self) -> tuple[str, ...]:
        """The names as they stand in JSON: a quotation mark has a backslash before it there."""
        return tuple(json.dumps(name, ensure_ascii=False)[1:-1] for name in self.names)


def closed_to(store: Store, actor: Actor) -> Closed | None:
    """The documents in the store, former versions too, that `actor` may not see; None where they
    may see all."""
    d, f, a = schema.document.c, schema.fact.c, schema.assignment.c
    with store.reading() as connection:
        levels = read_visibility(connection)
        documents = connection.execute(select(d.id, d.title, d.document_number)).all()
        keys = frozenset(
            row.id
            for row in documents
            if not may_see(actor, levels.get(row.id, Visibility())).allowed
        )
        if not keys:
            return None
        # A fact that another reading of the same bytes has is open where that one is.
        shut_bytes = select(d.sha256).where(d.id.in_(keys))
        open_ids = select(d.id).where(d.sha256.in_(shut_bytes), d.id.not_in(keys))
        told = set(connection.scalars(select(f.id).where(f.document_id.in_(open_ids))))
        facts = connection.execute(select(f.id).where(f.document_id.in_(keys)))
        plans = connection.execute(select(f.document_id, f.body).where(f.kind == "plans"))
        units = connection.execute(select(a.document_id, a.unit).distinct())
        named = [(row.id, name) for row in documents for name in (row.title, row.document_number)]
        named += [(row.document_id, Plan.model_validate_json(row.body).title) for row in plans]
        named += [(row.document_id, row.unit) for row in units]
        ids = frozenset(row.id for row in facts if row.id not in told)
        ended, still = abolished_in(connection), abolished_in(connection, keys)
    shut = {name for key, name in named if name and key in keys}
    names = shut - {name for key, name in named if key not in keys}
    # That a document is abolished is told by the one that says so, whose number others may have too.
    only = (ending for key, ending in ended.items() if still.get(key) != ending)
    marks = {ending.told(language) for ending in only for language in _TOLD}
    return Closed(keys, ids, frozenset(names | marks))


def withheld(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer with nothing of its documents left."""
    told = _TOLD["en" if answer["language"] == "en" else "zh"]
    nothing: Sequence[str] = []
    return {
        **answer, "answer": told, "outcome": "none", "answerable": False, "units": nothing, "tasks": nothing,
        "citations": nothing, "statements": nothing, "query": None, "understood": "",
    }  # fmt: skip

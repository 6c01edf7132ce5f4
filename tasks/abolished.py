"""Documents that another one in the store abolishes or takes the place of, by what it says itself.

What such a document says is kept, found and cited, with the mark that it is no longer in force, and
stands behind what is: a reading of one sentence puts nothing out of sight that somebody follows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

from sqlalchemy import Connection, or_, select

from kb.models import Fact
from kb.wording import wording
from tasks import schema
from tasks.models import Extraction, PolicyRelation

ENDS = (PolicyRelation.ABOLISHES, PolicyRelation.REPLACES)
"""Relations after which the document that is named is no longer in force."""
RELATION_NAMES = wording("tasks", "relations", PolicyRelation)
_ENDED = wording("tasks", "ended", ENDS)
_SIGNS = re.compile(r"[\s《》〈〉<>“”\"'（）()〔〕\[\]]")


class Ending(Fact):
    """What ends a document: the `id` of the document that says so with the name by which it is
    called, and how."""

    id: str
    name: str
    relation: PolicyRelation

    def told(self, language: str) -> str:
        """已被某府发〔2025〕3号废止, or abolished by …"""
        return _ENDED[self.relation][language != "zh"].format(self.name)


def marked(words: str, ended: Ending | None, language: str) -> str:
    """What a document is called, with the mark where it is no longer in force.

    某区学校建设方案（已被某府发〔2025〕3号废止）
    """
    if ended is None:
        return words
    told = ended.told(language)
    return f"{words}（{told}）" if language == "zh" else f"{words} ({told})"


class _Known(NamedTuple):
    id: str
    title: str
    number: str | None


class _Named(NamedTuple):
    """A document that another one says is no longer in force."""

    by: str
    relation: PolicyRelation
    title: str
    number: str | None


def abolished_by(extractions: Iterable[Extraction]) -> dict[str, Ending]:
    """Id of a document that is abolished → the first that says so. One is meant by its number where
    both have one, else by its whole title; a document does not abolish itself."""
    every = list(extractions)
    return _ended(
        [_Known(e.document.id, e.document.title, e.document.document_number) for e in every],
        [
            _Named(e.document.id, p.relation, p.title, p.document_number)
            for e in every
            for p in e.policies
            if p.relation in ENDS
        ],
    )


def abolished_in(connection: Connection, hidden: Collection[str] = ()) -> dict[str, Ending]:
    """The same of the current documents of a store but those that are `hidden` from who asks."""
    d, f = schema.document.c, schema.fact.c
    current = select(d.id).where(schema.CURRENT)
    says = or_(*(f.body.contains(f'"relation":"{relation}"') for relation in ENDS))
    # By documents, not joined with them: SQLite then reads their few rows, not all facts.
    found = select(f.document_id, f.body).where(
        f.document_id.in_(current), f.kind == "policies", says
    )
    said: dict[str, list[_Named]] = {}
    for row in connection.execute(found.order_by(f.document_id, f.ordinal)):
        body, by = json.loads(row.body), row.document_id
        if by not in hidden and body["relation"] in ENDS:
            relation = PolicyRelation(body["relation"])
            named = _Named(by, relation, body["title"], body["document_number"])
            said.setdefault(by, []).append(named)
    if not said:
        return {}
    every = select(d.id, d.title, d.document_number).where(schema.CURRENT)
    known = [_Known(*row) for row in connection.execute(every.order_by(d.recorded_at, d.id))]
    return _ended(
        [one for one in known if one.id not in hidden],
        [named for one in known for named in said.get(one.id, ())],
    )


def _ended(every: Iterable[_Known], named: Iterable[_Named]) -> dict[str, Ending]:
    numbers: dict[str, list[str]] = {}
    titles: dict[str, list[_Known]] = {}
    called: dict[str, str] = {}
    for known in every:
        called[known.id] = known.number or f"《{known.title}》"
        if known.number:
            numbers.setdefault(_bare(known.number), []).append(known.id)
        titles.setdefault(_bare(known.title), []).append(known)
    found: dict[str, Ending] = {}
    for one in named:
        meant = numbers.get(_bare(one.number), []) if one.number else []
        alike = titles.get(_bare(one.title), [])
        for key in meant or [k.id for k in alike if not (k.number and one.number)]:
            if key != one.by:
                found.setdefault(key, Ending(id=one.by, name=called[one.by], relation=one.relation))
    return found


def _bare(words: str) -> str:
    return _SIGNS.sub("", words)

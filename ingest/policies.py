"""Policies that a clause cites: 《…》 and, where one follows, its document number."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.clauses import ClauseReading
from ingest.metadata import normalize_document_number
from kb.characters import HAN
from tasks.models import PolicyReference

_CITED = re.compile(
    rf"《(?P<title>[^《》\n]{{2,120}})》(?:\s*\(?(?P<number>[{HAN}]{{1,12}}(?:\([{HAN}]{{1,6}}\))?[〔\[]\d{{4}}[〕\]]第?\d{{1,4}}号)\)?)?"
)


def find_policies(item: ClauseReading) -> Iterator[PolicyReference]:
    """The policies that one clause cites, in order; the span covers the title and its number."""
    reading = item.reading
    for match in _CITED.finditer(reading.text):
        number = match.group("number")
        span = reading.span(match.start(), match.end())
        yield PolicyReference(
            clause_id=item.clause.id,
            title=re.sub(r"\s+", "", match.group("title")),
            document_number=normalize_document_number(number) if number else None,
            span=span,
            quote="",
        )

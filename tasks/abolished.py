"""Documents that another one in the store abolishes or takes the place of, by what it says itself."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kb.wording import wording
from tasks.models import Extraction, PolicyReference, PolicyRelation

ENDS = frozenset({PolicyRelation.ABOLISHES, PolicyRelation.REPLACES})
"""Relations after which the document that is named is no longer in force."""
RELATION_NAMES = wording("tasks", "relations", PolicyRelation)
_SIGNS = re.compile(r"[\s《》〈〉<>“”\"'（）()〔〕\[\]]")


def abolished_by(extractions: Iterable[Extraction]) -> dict[str, str]:
    """Id of a document that is abolished → id of the first that says so. One is meant by its number
    where both have one, else by its whole title; a document does not abolish itself."""
    every = list(extractions)
    numbers: dict[str, list[str]] = {}
    titles: dict[str, list[tuple[str, str | None]]] = {}
    for extraction in every:
        document = extraction.document
        if document.document_number:
            numbers.setdefault(_bare(document.document_number), []).append(document.id)
        titles.setdefault(_bare(document.title), []).append((document.id, document.document_number))
    found: dict[str, str] = {}
    for extraction in every:
        for policy in extraction.policies:
            if policy.relation not in ENDS:
                continue
            for meant in _meant(policy, numbers, titles):
                if meant != extraction.document.id:
                    found.setdefault(meant, extraction.document.id)
    return found


def _meant(
    policy: PolicyReference,
    numbers: dict[str, list[str]],
    titles: dict[str, list[tuple[str, str | None]]],
) -> list[str]:
    if policy.document_number and (known := numbers.get(_bare(policy.document_number))):
        return known
    alike = titles.get(_bare(policy.title), [])
    return [key for key, number in alike if not (number and policy.document_number)]


def _bare(words: str) -> str:
    return _SIGNS.sub("", words)

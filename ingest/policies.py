"""Policies that a clause names: 《…》, its document number where one follows, and how the document is
related to it, by the words beside it in its sentence (`corpus/lexicon/relation_words.jsonl`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from ingest.clauses import ClauseReading
from ingest.metadata import normalize_document_number
from kb.characters import HAN
from kb.lexicon import WordEntry, load_lexicon
from tasks.models import PolicyReference, PolicyRelation

_CITED = re.compile(
    rf"《(?P<title>[^《》\n]{{2,120}})》(?:\s*\(?(?P<number>[{HAN}]{{1,12}}(?:\([{HAN}]{{1,6}}\))?[〔\[]\d{{4}}[〕\]]第?\d{{1,4}}号)\)?)?"
)


_LIST = re.compile(r"[\s、,，和与及]*(?:以及)?\s*")
"""What stands between titles that are named together."""
_END = re.compile(r"[。;；!！\n]")
_NEAR = 30
"""Characters between a word and a title: an issuer before it (国务院办公厅关于…的), a day after it."""


class RelationWords(WordEntry):
    """Words of one relation, on one side of the title."""

    kind: PolicyRelation
    side: Literal["before", "after"]


@lru_cache
def _beside() -> tuple[re.Pattern[str], re.Pattern[str], dict[tuple[str, str], PolicyRelation]]:
    entries = load_lexicon("relation_words", RelationWords)
    kinds = {(e.side, word): e.kind for e in entries for word in e.words}

    def either(side: str) -> str:
        words = sorted((w for s, w in kinds if s == side), key=len, reverse=True)
        return "|".join(map(re.escape, words))

    gap = rf"[^,，、:：。;；《》]{{0,{_NEAR}}}"
    before = re.compile(rf"(?:{either('before')})(?={gap}$)")
    after = re.compile(rf"{gap}?({either('after')})")
    return before, after, kinds


def relation_of(before: str, after: str) -> PolicyRelation:
    """How a document is related to others whose titles stand between two stretches of a sentence;
    what is done to them says more than what they are named for.

    >>> relation_of("本办法自2025年1月1日起施行，", "同时废止").value
    'abolishes'
    """
    word_before, word_after, kinds = _beside()
    if found := word_after.match(after):
        return kinds["after", found[1]]
    words = [m.group() for m in word_before.finditer(before[-2 * _NEAR :])]
    return kinds["before", words[-1]] if words else PolicyRelation.CITES


def _relations(text: str, found: list[re.Match[str]]) -> Iterator[PolicyRelation]:
    """Of each title; those of a list have one together."""
    first = 0
    while first < len(found):
        last = first
        while last + 1 < len(found) and _LIST.fullmatch(
            text, found[last].end(), found[last + 1].start()
        ):
            last += 1
        start, end = found[first].start(), found[last].end()
        before = _END.split(text[max(0, start - 100) : start])[-1]
        relation = relation_of(before, _END.split(text[end : end + 100])[0])
        yield from [relation] * (last + 1 - first)
        first = last + 1


def find_policies(item: ClauseReading) -> Iterator[PolicyReference]:
    """The policies that one clause names, in order; the span covers the title and its number."""
    reading = item.reading
    found = [*_CITED.finditer(reading.text)]
    for match, relation in zip(found, _relations(reading.text, found), strict=True):
        number = match.group("number")
        span = reading.span(match.start(), match.end())
        yield PolicyReference(
            clause_id=item.clause.id,
            title=re.sub(r"\s+", "", match.group("title")),
            document_number=normalize_document_number(number) if number else None,
            span=span,
            quote="",
            relation=relation,
        )

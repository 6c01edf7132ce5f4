"""What the names in a question mean in the documents at hand: documents, plans and units by their ids."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from api.assistant.cues import cut, says
from api.assistant.names import words_of
from api.assistant.search import ClauseSearch
from api.assistant.topics import topic_words
from kb.chunks import flatten
from kb.expansion import plain_segmenter
from kb.language.jurisdictions import place_stem
from kb.language.organisations import Organisations
from kb.models import Span
from tasks.queries import Register
from tasks.query import UnitFilter
from tasks.units import jurisdiction_of, unit_key

_AS_NAMED = 0.7
"""Documents whose words weigh nearly as much as the best one's are named too (两份文件)."""
_ABOUT = 0.6
"""The share of a question's words that a duty about it holds at least."""
_KIND = 3
"""Characters at the end of a title that say what kind of document it is."""
_HEAD = 400
"""Characters at the head of a document in which it says whose it is."""
_PLACE = range(2, 5)
"""Characters of a place's name."""
_LABEL = range(2, 7)
"""Characters of a label."""
_CALLED = 0.45
"""How much of what a question calls a plan stands in the plan's title, its pairs of characters .7 of it."""


class Labelled(NamedTuple):
    """What stands behind a label in a document."""

    document: str
    span: Span


class Scope:
    """Names of one register.

    Args:
        register: the documents.
        search: weighs words by how rare they are.
        organisations: of the documents' governments.
    """

    def __init__(
        self, register: Register, search: ClauseSearch, organisations: Sequence[Organisations]
    ) -> None:
        self._register, self._search, self._organisations = register, search, organisations

    def documents(self, text: str) -> frozenset[str]:
        """Ids of the documents that a text names: by number, or by most of the words that stand in
        their title or issuer and in no other document's; none where it names all or none."""
        if len(self._register.extractions) < 2:
            return frozenset()
        found: dict[str, float] = {}
        low = text.lower()
        said = says("document", low)
        for key, words in self._own_words.items():
            number = self._register.document_of(key).document.document_number
            if number and number in text:
                found[key] = math.inf
                continue
            held = [w for w in words if w in low]
            places = self._own_places[key].intersection(held)
            # One word of a title alone (建设) is more often what is asked about; a place alone names
            # no document that is for reference.
            own = bool(places) and key not in self._register.reference
            if own or len(set(held) - places) > 1 or (held and said):
                found[key] = sum(self._search.rarity(w) for w in held)
        best = max(found.values(), default=0.0)
        return frozenset(key for key, score in found.items() if score >= best * _AS_NAMED)

    @cached_property
    def _own_words(self) -> dict[str, frozenset[str]]:
        """By document: the words of its title and its place that no other document has; no units."""
        words = {e.document.id: self._words_of(e.document.id) for e in self._register.extractions}
        often = Counter(w for own in words.values() for w in own)
        units = {w for o in self._organisations for w in o.words()}
        return {
            key: frozenset(w for w in own if often[w] == 1 and w not in units)
            for key, own in words.items()
        }

    def _words_of(self, key: str) -> frozenset[str]:
        title = self._register.document_of(key).document.title
        own = {w for w in self._search.words(topic_words(title)) if len(w) > 1}
        kind = "".join(title.rstrip("）)").split())[-_KIND:]  # 责任书
        return frozenset(own | {kind} | self._own_places[key])

    @cached_property
    def _own_places(self) -> dict[str, frozenset[str]]:
        """By document: the places that it names at its head, in Latin letters too."""
        from pypinyin import lazy_pinyin  # noqa: PLC0415

        found = {}
        for document in (e.document for e in self._register.extractions):
            place = jurisdiction_of(document).place
            head = plain_segmenter().cut(document.text[:_HEAD])
            named = {w for w in head if len(w) in _PLACE and w.endswith(words_of("place"))}
            stems = {place_stem(w) for w in named if len(w) > _PLACE.start}
            stems |= {place_stem(place)} if place else set()
            latin = {"".join(lazy_pinyin(stem)) for stem in stems}
            found[document.id] = frozenset(named | stems | latin)
        return found

    def without_documents(self, text: str, called: Iterable[str]) -> str:
        """A text without the words that name these documents, where they are said to be such."""
        for key in called:
            document = self._register.document_of(key).document
            names = {document.document_number or "", jurisdiction_of(document).place or ""}
            for name in sorted(names | self._words_of(key), key=len, reverse=True):
                text = text.replace(name, " ") if name else text
        return " ".join(cut("document", text)) if called else text

    def labelled(self, text: str, documents: Collection[str]) -> tuple[str, tuple[Labelled, ...]]:
        """The label that a text has and where lines outside duties begin with it (抄送：…), of these
        documents, or of the only one that has it."""
        found = {
            label: tuple(line for line in lines if not documents or line.document in documents)
            for label, lines in self._labels.items()
            if label in text
        }
        one = {k: v for k, v in found.items() if len({line.document for line in v}) == 1}
        label = max(one, key=len, default="")
        return label, one.get(label, ())

    @cached_property
    def _labels(self) -> dict[str, list[Labelled]]:
        found: dict[str, list[Labelled]] = {}
        for extraction in self._register.extractions:
            duties = [c.span for c in extraction.clauses if self._register.tasks_in(c.id)]
            text, start = extraction.document.text, 0
            for line in text.splitlines(keepends=True):
                label, _, words = line.replace("：", ":").partition(":")
                begins, ends = start + len(label) + 1, start + len(line.rstrip())
                start += len(line)
                bare = "".join(label.split())
                if len(bare) not in _LABEL or not words.strip():
                    continue
                span = Span(begins, ends)
                if not any(d.overlaps(span) for d in duties):
                    found.setdefault(bare, []).append(Labelled(extraction.document.id, span))
        return found

    def plans(self, name: str) -> frozenset[str]:
        """Ids of the plans whose titles a name fits best, of tracked documents before others; none
        where none fits."""
        if not name:
            return frozenset()
        pairs = {name[i : i + 2] for i in range(len(name) - 1)}
        ranked = []
        for plan in (p for e in self._register.extractions for p in e.plans):
            held = sum(c in plan.title for c in set(name)) / len(set(name))
            share = sum(p in plan.title for p in pairs) / len(pairs) if pairs else 0
            ranked.append((0.3 * held + 0.7 * share, plan.id))
        best = max((score for score, _ in ranked), default=0)
        found = frozenset(key for score, key in ranked if score == best and best >= _CALLED)
        own = {p.id for e in self._register.tracked.extractions for p in e.plans}
        return found & own or found

    def units(self, names: Iterable[str]) -> tuple[str, ...]:
        """Ids of units by their canonical names; those that bear nothing too, as long as the lexicon
        knows them."""
        found: dict[str, None] = {}
        for name in names:
            own = self._register.tracked.known.find(name)
            ids = [u.id for u in own or self._register.known.find(name)]
            if not ids:
                ids = [
                    unit_key(o.jurisdiction.place, unit.name, unit.id)
                    for o in self._organisations
                    if (unit := o.resolve(name))
                ]
            found |= dict.fromkeys(ids or [name])
        return tuple(found)

    def bear(self, units: Sequence[UnitFilter]) -> bool:
        """Whether any of the units bears anything in a document whose duties are the house's own."""
        own = {u.unit_id for u in self._register.tracked.units()}
        return any(key in own for asked in units for key in asked.ids)

    def call(self, key: str) -> str:
        """What people call a unit, plan or document by its id."""
        if key in self._titles:
            return self._titles[key]
        unit = self._names.get(key)
        return unit or self._register.known.label(key)

    @cached_property
    def _titles(self) -> dict[str, str]:
        plans = {p.id: p.title for e in self._register.extractions for p in e.plans}
        return plans | {e.document.id: e.document.title for e in self._register.extractions}

    @cached_property
    def _names(self) -> dict[str, str]:
        """Names of units as the answers have them, members of groups too."""
        members = {
            unit_key(jurisdiction_of(e.document).place, m.unit, m.unit_id): m.unit
            for e in self._register.extractions
            for m in e.members
        }
        return members | {u.unit_id: u.unit for u in self._register.units()}

    def elsewhere(self, words: Sequence[str], documents: Collection[str]) -> bool:
        """Whether one of the words is printed in a document at hand, and in none of these."""
        texts = {e.document.id: e.document.text for e in self._register.extractions}
        return any(
            any(w in text for text in texts.values())
            and not any(w in texts[key] for key in documents if key in texts)
            for w in words
        )

    def about(self, words: Sequence[str], clauses: Iterable[str]) -> tuple[str, ...]:
        """Those of the clauses that speak of these words, with the headings above them."""
        return tuple(
            key for key in clauses if self._search.coverage(words, self._headed(key)) >= _ABOUT
        )

    def _headed(self, key: str) -> str:
        """A clause's text under its headings, its plan's title first."""
        extraction, clause = self._register.clauses[key]
        above: list[str] = []
        over = clause.parent_id
        while over and (found := self._register.clauses.get(over)):
            above.insert(0, found[1].heading)
            over = found[1].parent_id
        text = flatten(clause.span.slice(extraction.document.text))
        return " ".join([self._titles.get(clause.plan_id, ""), *above, clause.heading, text])

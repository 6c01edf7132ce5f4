"""The sentences that speak most about a question, and how sure it is that they answer it.

Two linear models decide, fitted on questions with known evidence (`make calibrate`) and kept with
their figures in `evidence.json`: one ranks sentences, one says with what probability those quoted
hold the whole answer. Their features are of form (places in the list, shares of words, whether a
value of the kind asked for stands there), never single words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from api.assistant.asked import Asked, asked_kinds, kinds_in, share_held
from api.assistant.orders import holds_instructions
from api.assistant.plan import plan_of
from api.assistant.question import Question
from api.assistant.search import ClauseSearch, Found, Sentence
from kb.chunks import Chunk
from kb.models import Fact
from kb.retrieval import DENSE, WEIGHTS, Standing

QUOTED = 850
"""Characters that are quoted at most: of 796 questions that have an answer the whole of it stands in
them for 640 (every document left out of the fit); with 300 some tenth fewer, with 1,100 a few more."""
_SOURCE = 60
"""Characters that the line under a clause's sentences takes, which says where they stand."""
_OPENED = 4
"""Clauses found whose items are looked at with them, where they end open (按下列渠道筹集：)."""
_SHORT = 12
"""Characters; what is shorter is a heading or a piece of a table."""
_NUMBER = re.compile(r"\d+(?:\.\d+)?|[Ⅰ-ↈ]")
_NO_VECTOR = {
    "text": Standing(rank=1, score=0.87, lead=0.02),
    "titled": Standing(rank=1, score=0.86, lead=0.015),
    "small": Standing(rank=1, score=0.35, lead=0.1),
}
"""What a passage that has no vector yet counts with in the dense lists, so that little speaks for it or against
it: the second place, and the mean scores and leads of 1,990 questions."""
_GAP = 5
"""The place in a list that the first is measured against."""


class SentenceFeatures(NamedTuple):
    """What speaks for a sentence, all 0…1: the share of the question's words in its document's title,
    number and issuer, as a share of the best document's; its clause's fused score as a share of the best one's;
    1 / the clause's place; the share of the question's words in the sentence times that with the
    headings above; the share of the kinds asked for that it holds, times its share of words;
    likeness in meaning times the clause's share; whether it is short; whether no clause has it; the
    share of the question's numbers that it holds; how near a fact in it comes to what is asked."""

    named: float
    share: float
    place: float
    cover: float
    proof: float
    likeness: float
    short: float
    outside: float
    numbers: float
    fact: float


class Linear(Fact):
    """A logistic model: a weight for each feature, in the order of their tuple."""

    bias: float
    weights: tuple[float, ...]

    def probability(self, features: Sequence[float]) -> float:
        """0…1."""
        total = self.bias + sum(w * f for w, f in zip(self.weights, features, strict=True))
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, total))))


class Named(Fact):
    """A logistic model over features by their names; one that it does not know counts nothing."""

    bias: float
    weights: dict[str, float]

    def probability(self, features: Mapping[str, float]) -> float:
        """0…1."""
        total = self.bias + sum(self.weights.get(k, 0.0) * f for k, f in features.items())
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, total))))


class EvidenceModel(Fact):
    """The fitted weights. From `certain` on the sentences quoted count as the answer; under
    `related` they are not about the question. `figures` are of questions left out of the fit."""

    sentence: Linear
    answer: Named
    certain: float
    related: float
    figures: dict[str, float] = Field(default_factory=dict)


@lru_cache
def evidence_model() -> EvidenceModel:
    """The weights as they were fitted."""
    path = Path(__file__).with_name("evidence.json")
    return EvidenceModel.model_validate_json(path.read_text(encoding="utf-8"))


class Candidate(NamedTuple):
    """A sentence of a passage found, with its features and what the answer's are made of."""

    found: Found
    sentence: Sentence
    features: SentenceFeatures
    cover: float
    likeness: float
    proof: float
    fact: float


class Evidence(NamedTuple):
    """`quoted` in the order of their clauses' places and of reading, `best` the likeliest of them; `probability` that they hold
    the answer, and the features it was made of; `of_year`: the year that the question names, where it names one, stands there
    or in a heading or title; `unsaid` the kinds asked for that none holds."""

    quoted: tuple[Candidate, ...]
    best: Candidate
    probability: float
    features: dict[str, float]
    of_year: bool
    unsaid: frozenset[Asked]


def asked_text(q: Question) -> str:
    """The question with the ones before it that it may go on about."""
    return " ".join(part for part in (q.before, q.search) if part)


def candidates(
    q: Question, search: ClauseSearch, keep: Callable[[Chunk], bool] | None = None
) -> list[Candidate]:
    """The sentences of the clauses that retrieval finds, of those that `keep` lets through, clause
    by clause, best first."""
    text = asked_text(q)
    found = search.find(text, keep=keep)
    if not found:
        return []
    words = search.words(q.topic) or search.words(q.search)
    if q.before:
        words = list(dict.fromkeys([*words, *search.words(text)]))
    asked = asked_kinds(q.own)
    found = [*found, *(item for f in found[:_OPENED] for item in search.items_of(f, found))]
    top = found[0].score or 1.0
    titles = {f.extraction.document.id: _title(f) for f in found}
    named = {key: search.coverage(words, title) for key, title in titles.items()}
    best = max(named.values()) or 1.0
    pairs = [
        (place, f, s)
        for place, f in enumerate(found)
        for s in search.sentences_of(f.chunk)
        if not holds_instructions(s.text)
    ]
    alike = search.retriever.alike(text, [s.text for _, _, s in pairs])
    numbers = _NUMBER.findall(q.own)
    facts = {s.span: search.fact(words, asked, f, s.span) for _, f, s in pairs}
    made = []
    for (place, f, s), likeness in zip(pairs, alike, strict=True):
        share = f.score / top
        cover = search.coverage(words, s.text)
        headed = search.coverage(words, f"{f.chunk.heading} {s.text}")
        proof = share_held(asked, s.text)
        features = SentenceFeatures(
            named=named[f.extraction.document.id] / best,
            share=share,
            place=1 / (1 + place),
            cover=cover * headed,
            proof=proof * cover,
            likeness=likeness * share,
            short=float(len(s.text) < _SHORT),
            outside=float(f.clause is None),
            numbers=_share_of(numbers, s.text),
            fact=facts[s.span],
        )
        made.append(Candidate(f, s, features, headed, likeness, proof, facts[s.span]))
    return made


def _share_of(numbers: Sequence[str], text: str) -> float:
    """The share of numbers that stand in a text as numbers; 0 where there are none."""
    held = set(_NUMBER.findall(text.replace(",", "")))
    return sum(n in held for n in numbers) / len(numbers) if numbers else 0.0


def _title(f: Found) -> str:
    document = f.extraction.document
    return " ".join(v for v in (document.title, document.document_number, document.issuer) if v)


def choose(made: Sequence[Candidate], probabilities: Sequence[float]) -> list[int]:
    """Places of the sentences to quote, likeliest first: as many as `QUOTED` characters hold."""
    kept: list[int] = []
    clauses: set[str] = set()
    length = 0
    for place in sorted(range(len(made)), key=lambda n: -probabilities[n]):
        chunk = made[place].found.chunk
        clause = chunk.clause_id or chunk.id
        size = len(made[place].sentence.text) + _SOURCE * (clause not in clauses)
        if place in kept or (kept and length + size > QUOTED):
            continue
        kept.append(place)
        clauses.add(clause)
        length += size
        for item in _items_of(made, place):
            size = len(made[item].sentence.text)
            if item not in kept and length + size <= QUOTED:
                kept.append(item)
                length += size
        if length > 0.9 * QUOTED:
            break
    return kept


def _items_of(made: Sequence[Candidate], place: int) -> list[int]:
    """Places of what a sentence announces: those of the clauses below its own, where it ends open."""
    opener = made[place]
    if opener.found.clause is None or not opener.sentence.text.rstrip().endswith((":", "：")):
        return []
    below = opener.found.clause.id
    return [n for n, c in enumerate(made) if c.found.clause and c.found.clause.parent_id == below]


def answer_features(
    q: Question, search: ClauseSearch, made: Sequence[Candidate], kept: Sequence[int], probabilities: Sequence[float]
) -> dict[str, float]:  # fmt: skip
    """What speaks for an answer in the sentences at `kept`, all about 0…1: the probability of the
    second sentence; clauses quoted / 5; how the passage of the likeliest sentence stands in each list of the
    retrieval (`first`: 1 / its place; `lead`: by how much the list's best passage leads its fifth; `cosine`); the likeness in meaning of the likest sentence; of the sentences that hold every kind asked for, the best
    likeness and share of words; the best clause's fused score. Of the question: its words / 12,
    characters / 120, whether it goes on from another, the probabilities of its plan, the kinds
    asked for and those of them that are held, `proof` the share of these (.5 where words are asked for).
    What is left open: the share of its words that is not quoted, the rarity / 8 of the rarest of
    them, the share that no passage at all holds, whether its year is not; whether it names numbers, and the share of them that is quoted."""
    asked = asked_kinds(q.own)
    quoted = [made[n] for n in kept]
    proving = [c for c in quoted if c.proof == 1.0] if asked else quoted
    held = frozenset[Asked]().union(*(kinds_in(c.sentence.text, asked) for c in quoted))
    order = sorted(probabilities, reverse=True)
    words = search.words(q.topic) or search.words(q.search)
    text = " ".join(_over(c) + c.sentence.text for c in quoted)
    low = text.lower()
    weights = {w: search.rarity(w) for w in words}
    open_ = [weight for word, weight in weights.items() if word.lower() not in low]
    numbers = _NUMBER.findall(q.own)
    plan = plan_of(q.own)
    found = {
        "second": order[1] if len(order) > 1 else 0.0,
        "clauses": len({c.found.chunk.clause_id or c.found.chunk.id for c in quoted}) / 5,
        "likest": max(c.likeness for c in made),
        "proven": max((c.likeness for c in proving), default=0.0),
        "cover": max((c.cover for c in proving), default=0.0),
        "score": made[0].found.score,
        "words": min(len(words), 12) / 12,
        "length": min(len(q.own), 120) / 120,
        "follows": float(bool(q.before)),
        "proof": len(held) / len(asked) if asked else 0.5,
        "kinds": float(len(asked)),
        "open": sum(open_) / (sum(weights.values()) or 1.0),
        "absent": search.absent(words),
        "rarest": max(open_, default=0.0) / 8,
        "other year": float(q.year is not None and str(q.year) not in text),
        "numbers": float(bool(numbers)),
        "numbers held": sum(n in text for n in numbers) / len(numbers) if numbers else 1.0,
    }
    standings = search.standing(asked_text(q), made[kept[0]].found.chunk, _GAP)
    for name in WEIGHTS:
        standing = standings.get(name)
        if name in DENSE and (standing is None or not standing.score):
            standing = _NO_VECTOR[name]
        if standing is not None:
            found |= {f"first in {name}": 1 / (1 + standing.rank), f"lead in {name}": standing.lead}
            found |= {f"cosine in {name}": standing.score} if name in DENSE else {}
    fact = max((c.fact for c in quoted), default=0.0)
    found |= {f"asks {kind.value}": 1.0 for kind in asked}
    found |= {f"fact of {kind.value}": fact for kind in asked}
    found |= {f"cover of {kind.value}": found["cover"] for kind in asked}
    found |= {f"holds {kind.value}": 1.0 for kind in held}
    found |= {f"select {select.value}": share for select, share in plan.selects.items()}
    found |= {f"operation {name.value}": share for name, share in plan.operations.items()}
    return found


def _over(c: Candidate) -> str:
    return f"{_title(c.found)} {c.found.chunk.heading} "


def in_force_first(
    made: Sequence[Candidate], probabilities: Sequence[float], abolished: Collection[str]
) -> tuple[list[Candidate], list[float]]:
    """Sentences and their probabilities, those of abolished documents behind all of the others: what
    is abolished may be quoted, it never leads."""
    told = [*zip(made, probabilities, strict=True)]
    new = [(c, p) for c, p in told if c.found.extraction.document.id not in abolished]
    least = min((p for _, p in new), default=1.0)
    old = [(c, p * least) for c, p in told if c.found.extraction.document.id in abolished]
    return [c for c, _ in (*new, *old)], [p for _, p in (*new, *old)]


def find_evidence(
    q: Question, search: ClauseSearch, keep: Callable[[Chunk], bool] | None = None
) -> Evidence | None:
    """The sentences to quote for a question, of the passages that `keep` lets through; None where
    nothing is found."""
    made = candidates(q, search, keep)
    if not made:
        return None
    model = evidence_model()
    weighed = [model.sentence.probability(c.features) for c in made]
    made, probabilities = in_force_first(made, weighed, search.abolished)
    kept = choose(made, probabilities)
    features = answer_features(q, search, made, kept, probabilities)
    quoted, asked = tuple(made[n] for n in sorted(kept)), asked_kinds(q.own)
    beside = " ".join(
        f"{c.found.extraction.document.title} {c.found.chunk.heading} {c.sentence.text}"
        for c in quoted
    )
    return Evidence(
        quoted=quoted,
        best=made[kept[0]],
        probability=model.answer.probability(features),
        features=features,
        of_year=q.year is None or str(q.year) in beside,
        unsaid=asked.difference(*(kinds_in(c.sentence.text, asked) for c in quoted)),
    )

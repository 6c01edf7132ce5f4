"""`make calibrate`: fits the models of `api/assistant/evidence.json` on questions with evidence.

The folds of the figures leave stores of documents out whole: what is learnt of some must hold for others.
`--write` keeps the weights.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from api.assistant import evidence as module
from api.assistant.answer import Assistant
from api.assistant.evidence import (
    Candidate,
    Linear,
    Named,
    answer_features,
    candidates,
    choose,
)
from api.assistant.question import Question
from api.assistant.understand import understand
from tests.evaluation.questions import (
    NOTICE,
    TODAY,
    Row,
    assistant_over,
    has_value,
    is_evidence,
    question_files,
    read_questions,
)

_FOLDS = 6
_CERTAIN = 0.55
"""With their stores left out 1,324 of 1,987 questions are right and 254 false; from .53 on 1,320 and 287, from .6 on
1,292 and 215."""
_RELATED = 0.15
_ELSEWHERE = 5
"""Every so many questions one is put to other documents too, which say nothing of it."""


class Asked(NamedTuple):
    """A question with the sentences found and which of them are evidence."""

    row: Row
    question: Question
    over: Assistant
    made: list[Candidate]
    evidence: list[bool]


def _rows() -> Iterator[Row]:
    """All questions that the weights may be fitted on, and every fifth once more, put to documents
    of another file, which do not answer it."""
    stores: dict[Path, list[str]] = {}
    for path in question_files():
        rows = read_questions(path)
        stores[path] = next((r["documents"] for r in rows if r.get("documents")), [])
        for row in rows:
            yield row
    paths = list(stores)
    for place, path in enumerate(paths):
        others = [p for p in paths[place + 1 :] + paths[:place] if stores[p] != stores[path]]
        for row in read_questions(path)[::_ELSEWHERE] if others else ():
            if row["answerable"] and not row["context"]:
                none = {
                    "answerable": False,
                    "evidence": [],
                    "expected_units": [],
                    "expected_values": [],
                }
                yield {**row, **none, "documents": stores[others[0]] or [NOTICE.stem]}


def asked() -> Iterator[Asked]:
    """The questions with what is found for them."""
    for row in _rows():
        over = assistant_over(tuple(row.get("documents") or ()))
        day = date.fromisoformat(row["as_of"]) if row["as_of"] else TODAY
        q = understand(row["question"], over.organisations, as_of=day, context=row["context"])
        made = candidates(q, over.search)
        proves = [is_evidence(row, c.found.extraction.document.id, c.sentence.span) for c in made]
        if made:
            yield Asked(row, q, over, made, proves)


def folds(questions: Sequence[Asked]) -> np.ndarray:
    """The fold of each question, that of its store; the largest stores are shared out first."""
    count = Counter(id(a.over) for a in questions)
    load, of_store = [0] * _FOLDS, {}
    for store, size in count.most_common():
        of_store[store] = load.index(min(load))
        load[of_store[store]] += size
    return np.array([of_store[id(a.over)] for a in questions])


def _fit(x: np.ndarray, y: np.ndarray, model: LogisticRegression) -> tuple[float, list[float]]:
    """(bias, weights) of features as they are, fitted on them with like deviations."""
    mean, deviation = x.mean(0), x.std(0) + 1e-6
    model.fit((x - mean) / deviation, y)
    weights = model.coef_[0] / deviation
    bias = float(model.intercept_[0] - (weights * mean).sum())
    return round(bias, 4), [round(float(w), 4) for w in weights]


def _answer_model(known: Sequence[tuple[dict[str, float], bool, bool]]) -> Named:
    vectors = DictVectorizer(sparse=False)
    x = vectors.fit_transform([features for features, _, _ in known])
    model = LogisticRegression(C=0.03, max_iter=3000)
    bias, weights = _fit(x, np.array([right for _, right, _ in known]), model)
    names = vectors.get_feature_names_out()
    return Named(bias=bias, weights=dict(zip(names, weights, strict=True)))


def _sentence_model(questions: Sequence[Asked]) -> Linear:
    known = [a for a in questions if a.row["answerable"]]
    x = np.array([c.features for a in known for c in a.made])
    model = LogisticRegression(C=0.3, class_weight="balanced", max_iter=2000)
    bias, weights = _fit(x, np.array([e for a in known for e in a.evidence]), model)
    return Linear(bias=bias, weights=tuple(weights))


def _days(a: Asked, kept: Sequence[int]) -> Iterator[date]:
    """The days that the deadlines read in the sentences quoted fall on: an answer prints them."""
    for c in (a.made[n] for n in kept):
        for p in a.over.register.tasks_in(c.found.clause.id) if c.found.clause else ():
            for m in p.task.milestones:
                if m.due.date and m.span.overlaps(c.sentence.span):
                    yield m.due.date


def _told(a: Asked, model: Linear) -> tuple[dict[str, float], bool, bool]:
    """(features, whether the answer stands whole in what is quoted, whether it would be false)."""
    probabilities = [model.probability(c.features) for c in a.made]
    kept = choose(a.made, probabilities)
    text = "\n".join(f"{a.made[n].found.chunk.heading} {a.made[n].sentence.text}" for n in kept)
    text += "".join(f"\n{day}" for day in _days(a, kept))
    plain = re.sub(r"\s", "", text)
    units = all(re.sub(r"\s", "", u) in plain for u in a.row["expected_units"])
    whole = units and all(has_value(v, text) for v in a.row["expected_values"])
    shown = not a.row["evidence"] or any(a.evidence[n] for n in kept)
    features = answer_features(a.question, a.over.search, a.made, kept, probabilities)
    return features, a.row["answerable"] and whole and shown, not (a.row["answerable"] and whole)


def main(arguments: list[str]) -> int:
    """Fits, prints the figures of questions left out; `--write` keeps the weights."""
    questions = list(asked())
    fold = folds(questions)
    probability = np.zeros(len(questions))
    right, false = np.zeros(len(questions), bool), np.zeros(len(questions), bool)
    for n in range(_FOLDS):
        inside = [a for a, f in zip(questions, fold, strict=True) if f != n]
        ranking = _sentence_model(inside)
        known = [_told(a, ranking) for a in inside]
        model = _answer_model(known)
        for place, a in enumerate(questions):
            if fold[place] == n:
                features, right[place], false[place] = _told(a, ranking)
                probability[place] = model.probability(features)
    answerable = np.array([a.row["answerable"] for a in questions])
    figures = {
        "questions": len(questions),
        "answer quoted whole": int(right.sum()),
        "answerable": int(answerable.sum()),
        "AUC of right": round(float(roc_auc_score(right, probability)), 3),
        "AUC of answerable": round(float(roc_auc_score(answerable, probability)), 3),
    }
    for at in (0.5, 0.53, 0.55, 0.6, 0.65, 0.7, 0.75):
        certain = probability >= at
        good = int(((certain & right) | (~certain & ~answerable)).sum())
        print(f"certain from {at}: right {good}, false {int((certain & false).sum())}")
        if at == _CERTAIN:
            figures |= {f"right from {at}": good, f"false from {at}": int((certain & false).sum())}
    ranking = _sentence_model(questions)
    model = _answer_model([_told(a, ranking) for a in questions])
    found = module.EvidenceModel(
        sentence=ranking, answer=model, certain=_CERTAIN, related=_RELATED, figures=figures
    )
    print(json.dumps(figures))
    if "--write" in arguments:
        path = Path(module.__file__).with_name("evidence.json")
        path.write_text(found.model_dump_json(indent=1) + "\n", "utf-8")
        module.evidence_model.cache_clear()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

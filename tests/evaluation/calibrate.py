"""`make calibrate`: fits the models of `api/assistant/evidence.json` on questions with evidence.

The folds of the figures leave documents out whole: what is learnt of one must hold for another.
`--write` keeps the weights.
"""

from __future__ import annotations

import json
import re
import sys
import zlib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_score

from api.assistant import answer as answers
from api.assistant import evidence as module
from api.assistant.answer import Signals, Thresholds
from api.assistant.evidence import (
    AnswerFeatures,
    Candidate,
    Linear,
    answer_features,
    candidates,
    choose,
)
from api.assistant.question import Question
from api.assistant.search import ClauseSearch
from api.assistant.understand import understand
from tests.evaluation.questions import (
    OWN,
    SHARED,
    TODAY,
    Row,
    assistant,
    assistant_over,
    has_value,
    question_files,
    read_questions,
    spans_of,
)

_FOLDS = 6
_CERTAIN = 0.65
"""Of the questions left out this gave the most right answers while at most one in eight of all was
taken for certain wrongly."""
_RELATED = 0.2


class Asked(NamedTuple):
    """A question with the sentences found, which of them are evidence, and the document (or the
    file of questions) that it is left out with."""

    row: Row
    question: Question
    search: ClauseSearch
    made: list[Candidate]
    evidence: list[bool]
    group: str


def asked() -> Iterator[Asked]:
    """All questions that the weights may be fitted on."""
    for path in question_files():
        for row in read_questions(path):
            over = assistant_over(tuple(row.get("documents") or ()))
            day = date.fromisoformat(row["as_of"]) if row["as_of"] else TODAY
            q = understand(row["question"], over.organisations, as_of=day, context=row["context"])
            made = candidates(q, over.search)
            spans = spans_of(row)
            proves = [
                any(
                    c.sentence.span.start < end and start < c.sentence.span.end
                    for start, end in spans
                )
                for c in made
            ]
            named = row.get("doc") or [path.stem]
            group = named[0] if isinstance(named, list) else str(named)
            if not row["answerable"] and row.get("documents"):
                group = f"{path.stem}{zlib.crc32(row['id'].encode()) % _FOLDS}"
            if made:
                yield Asked(row, q, over.search, made, proves, group)


def _fit(x: np.ndarray, y: np.ndarray, *, balanced: bool) -> Linear:
    mean, deviation = x.mean(0), x.std(0) + 1e-6
    model = LogisticRegression(C=0.3, class_weight="balanced" if balanced else None, max_iter=2000)
    model.fit((x - mean) / deviation, y)
    weights = model.coef_[0] / deviation
    bias = float(model.intercept_[0] - (weights * mean).sum())
    return Linear(bias=round(bias, 4), weights=tuple(round(float(w), 4) for w in weights))


def _sentence_model(questions: Sequence[Asked]) -> Linear:
    known = [a for a in questions if a.row["answerable"]]
    x = np.array([c.features for a in known for c in a.made])
    return _fit(x, np.array([e for a in known for e in a.evidence]), balanced=True)


def _told(a: Asked, model: Linear) -> tuple[AnswerFeatures, bool, bool]:
    """(features, whether the answer stands whole in what is quoted, whether it would be false)."""
    probabilities = [model.probability(c.features) for c in a.made]
    kept = choose(a.made, probabilities)
    text = "\n".join(f"{a.made[n].found.chunk.heading} {a.made[n].sentence.text}" for n in kept)
    plain = re.sub(r"\s", "", text)
    units = all(re.sub(r"\s", "", u) in plain for u in a.row["expected_units"])
    whole = units and all(has_value(v, text) for v in a.row["expected_values"])
    shown = not a.row["evidence"] or any(a.evidence[n] for n in kept)
    features = answer_features(a.question, a.search, a.made, kept, probabilities)
    return features, a.row["answerable"] and whole and shown, not (a.row["answerable"] and whole)


def main(arguments: list[str]) -> int:
    """Fits, prints the figures of questions left out; `--write` keeps the weights."""
    questions = list(asked())
    fold = np.array([zlib.crc32(a.group.encode()) % _FOLDS for a in questions])
    probability = np.zeros(len(questions))
    right, false = np.zeros(len(questions), bool), np.zeros(len(questions), bool)
    for n in range(_FOLDS):
        inside = [a for a, f in zip(questions, fold, strict=True) if f != n]
        ranking = _sentence_model(inside)
        known = [_told(a, ranking) for a in inside]
        model = _fit(np.array([f for f, _, _ in known]), np.array([r for _, r, _ in known]), balanced=False)  # fmt: skip
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
    for at in (0.5, 0.55, 0.6, 0.65, 0.7, 0.75):
        certain = probability >= at
        good = int(((certain & right) | (~certain & ~answerable)).sum())
        print(f"certain from {at}: right {good}, false {int((certain & false).sum())}")
        if at == _CERTAIN:
            figures |= {"right": good, "false": int((certain & false).sum())}
    ranking = _sentence_model(questions)
    told = [_told(a, ranking) for a in questions]
    model = _fit(
        np.array([f for f, _, _ in told]), np.array([r for _, r, _ in told]), balanced=False
    )
    found = module.EvidenceModel(
        sentence=ranking, answer=model, certain=_CERTAIN, related=_RELATED, figures=figures
    )
    print(json.dumps(figures))
    if "--write" in arguments:
        path = Path(module.__file__).with_name("evidence.json")
        path.write_text(found.model_dump_json(indent=1) + "\n", "utf-8")
        module.evidence_model.cache_clear()
        fit_handlers()
    return 0


def fit_handlers() -> None:
    """When the clause found first may be read for the value asked (`thresholds.json`): fitted on the
    questions about the notice. What is refused by it is left to the evidence."""
    cases: list[tuple[Signals, bool]] = []
    always = Thresholds(bias={"zh": 1, "en": 1}, cover=0, focus=0, agreement=0, score=0, absent=0)
    answers.thresholds.cache_clear()
    answers.thresholds = lambda: always  # type: ignore[assignment]
    for path in (OWN, SHARED):
        for row in read_questions(path) if path.exists() else ():
            assistant().signals = None
            day = date.fromisoformat(row["as_of"]) if row["as_of"] else TODAY
            answer = assistant().ask(row["question"], as_of=day, context=row["context"])
            signals = assistant().signals
            if signals is not None and (answer.answerable or row["answerable"]):
                cases.append((signals, row["answerable"]))
    rows = np.array(
        [[c.cover, c.focus, c.agreement, c.score, c.absent, c.language == "en"] for c, _ in cases]
    )
    known = np.array([ok for _, ok in cases])
    # An answer without ground does more harm than a refusal that names the nearest clauses.
    model = LogisticRegression(class_weight={False: 1.8, True: 1.0}, C=3.0)
    shares = cross_val_score(
        model,
        rows,
        known,
        cv=StratifiedKFold(5, shuffle=True, random_state=1),
        scoring="balanced_accuracy",
    )
    model.fit(rows, known)
    cover, focus, agreement, score, absent, english = (round(float(w), 3) for w in model.coef_[0])
    bias = round(float(model.intercept_[0]), 3)
    found = {
        "bias": {"zh": bias, "en": round(bias + english, 3)},
        "cover": cover,
        "focus": focus,
        "agreement": agreement,
        "score": score,
        "absent": absent,
    }
    right = model.predict(rows) == known
    for ok in (True, False):
        print(f"answerable {ok}: {right[known == ok].sum()} of {(known == ok).sum()} right")
    print(f"balanced accuracy on questions left out: {shares.mean():.3f}")
    print(json.dumps(found))
    path = Path(answers.__file__).with_name("thresholds.json")
    path.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

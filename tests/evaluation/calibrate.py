"""`make calibrate`: fits the decision to refuse on the dev questions.

Only questions that the decision decides count: not those that are refused anyway, as for a value
that the clause does not have. `--write` keeps them.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score

from api.assistant import answer as module
from api.assistant.answer import Signals, Thresholds
from tests.evaluation.questions import OWN, SHARED, TODAY, assistant, read_questions


def main(arguments: list[str]) -> int:
    cases: list[tuple[Signals, bool]] = []
    always = Thresholds(bias={"zh": 1, "en": 1}, cover=0, focus=0, agreement=0, score=0, absent=0)
    module.thresholds.cache_clear()
    module.thresholds = lambda: always  # type: ignore[assignment]
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
    if "--write" in arguments:
        path = Path(module.__file__).with_name("thresholds.json")
        path.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""`make calibrate`: fits `api/assistant/plan.json` on the labelled questions of `corpus/questions`.

`development.jsonl` is by another writer on other documents and never fitted on; its figures are
written beside the weights.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from api.assistant import plan as module
from api.assistant.plan import LinearHead, PlanModel, pieces_of, plain, plan_model, plan_of
from kb.lexicon import corpus_path
from tests.evaluation.questions import FURTHER, OWN, read_questions

_LEAST = 0.3
"""Weights nearer to zero are left out: three quarters of them. Of the development set .865 and .86 were
read right so, .845 and .86 with all."""


def read(name: str) -> list[dict[str, Any]]:
    """The rows of a file of `corpus/questions`."""
    path = corpus_path() / "questions" / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


_OF_TYPE = {
    "who": ("units", "list"),
    "what-tasks-of-unit": ("duties", "list"),
    "trace": ("clauses", "list"),
    "document-fact": ("field", "list"),
    **dict.fromkeys(
        ("deadline", "target-value", "condition", "howto", "definition", "enumeration"),
        ("text", "list"),
    ),
}
"""What questions of these types of the gold select; of other types the type does not say it."""


def of_types() -> list[dict[str, Any]]:
    """The project's own questions whose type says what they select."""
    files = [OWN, *(FURTHER / f"{name}.jsonl" for name in ("notice", "offices", "firms"))]
    return [
        {**row, "query": dict(zip(("select", "operation"), _OF_TYPE[row["type"]], strict=True))}
        for path in files
        for row in read_questions(path)
        if row["type"] in _OF_TYPE and not row["context"]
    ]


def _head(texts: Sequence[str], labels: Sequence[str]) -> LinearHead:
    rarity = TfidfVectorizer(analyzer=lambda t: list(pieces_of(t)), min_df=3, sublinear_tf=True)
    rows = rarity.fit_transform(texts)
    model = LogisticRegression(C=10, max_iter=4000).fit(rows, labels)
    kept = np.where(np.abs(model.coef_) >= _LEAST, model.coef_, 0)
    pieces = {
        piece: (
            round(float(rarity.idf_[column]), 2),
            {int(n): round(float(kept[n, column]), 2) for n in np.flatnonzero(kept[:, column])},
        )
        for piece, column in sorted(rarity.vocabulary_.items())
    }
    return LinearHead(
        classes=tuple(model.classes_),
        bias=tuple(round(float(b), 3) for b in model.intercept_),
        pieces=pieces,
    )


def figures() -> dict[str, float]:
    """The shares of the development set whose selection, operation, and both, are read right."""
    rows = read("development")
    select = [plan_of(r["question"]).select == r["query"]["select"] for r in rows]
    operation = [plan_of(r["question"]).operation == r["query"]["operation"] for r in rows]
    both = [a and b for a, b in zip(select, operation, strict=True)]
    shares = {"select": select, "operation": operation, "both": both}
    return {"questions": len(rows)} | {k: round(sum(v) / len(v), 3) for k, v in shares.items()}


def _write(model: PlanModel) -> None:
    path = Path(module.__file__).with_name("plan.json")
    path.write_text(model.model_dump_json() + "\n", "utf-8")
    plan_model.cache_clear()
    plan_of.cache_clear()


def main() -> int:
    """Fits, writes the weights, prints the figures of the development set."""
    rows = [*read("training"), *read("everyday"), *of_types()]
    texts = [plain(r["question"]) for r in rows]
    heads = {key: _head(texts, [r["query"][key] for r in rows]) for key in ("select", "operation")}
    model = PlanModel(**heads, figures={})
    _write(model)
    model = model.model_copy(update={"figures": {"fitted on": len(rows), **figures()}})
    _write(model)
    print(json.dumps(model.figures))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

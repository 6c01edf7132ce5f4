"""`make train`: fits the models that decide what a mention is used for. With `--measure` it writes
nothing and prints what documents score whose issuer was left out of the fitting; with `--quick` as
well the issuers are dealt into five parts that are left out in turn, which takes a fifth of the time.

Reads the annotated documents of `../shared/gold` and the project's own (`tests/evaluation/texts`);
of them only rounded weights of structural features and a manifest of names and digests are kept.
scikit-learn is imported here only.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from ingest.classifier import OTHER, LinearModel, Models, Placed, Use, model_of
from ingest.contract import to_contract
from ingest.owners import OWNER, PartyUse, read_owners
from ingest.pipeline import extract_source, read_document
from ingest.readers import read_bytes
from ingest.reading import Reading, read_span
from kb.language.jurisdictions import Jurisdiction, Level
from kb.language.organisations import organisations_for
from kb.language.roles import Role
from kb.lexicon import corpus_path
from kb.models import Span
from tasks.models import TargetClass

SHARED = Path(__file__).resolve().parents[3] / "shared" / "gold"
OWN = Path(__file__).with_name("texts")
WEIGHTS = Path(__file__).resolve().parents[2] / "ingest" / "weights"
STRENGTH = 1.0
"""The inverse of the regularisation. Of parties with every issuer left out, F1 by mention: .872 at
.5, .870 at 1, .874 at 2; the document that ships is read better at 1 than at .5."""
MARGIN = 0.1
"""In probability between the two likeliest labels: 1.7 % of the parties fell below it."""
_DIGITS = 2
_LEAST = 0.02
"""Weights nearer to zero are left out."""
FOLDERS = (SHARED / "documents/open", SHARED / "documents/closed", SHARED / "state-council", OWN)
_FOLDS = 5
"""Of the project's own texts, whose issuers are all invented: each part is left out in turn."""
JUDGE = SHARED.parent / "tools" / "score_extract.py"
NOTICE = "wanzhou"
"""The document that ships with the project."""
KINDS = ("owners", "deadlines", "targets")

Row = dict[str, Any]
Example = tuple[list[str], str]


@dataclass(frozen=True)
class Annotated:
    """A text with its rows by kind; `group` is its issuer's."""

    slug: str
    group: str
    text: str
    rows: dict[str, list[Row]]

    def __hash__(self) -> int:
        return hash(self.slug)

    @property
    def digest(self) -> str:
        """Of text and rows."""
        whole = json.dumps([self.text, self.rows], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(whole.encode()).hexdigest()[:16]


def annotated() -> list[Annotated]:
    """All annotated documents that are there, by name."""
    found: list[Annotated] = []
    groups: dict[str, str] = {}
    issuers = SHARED / "documents" / "issuers.json"
    if issuers.exists():
        for group, slugs in json.loads(issuers.read_text("utf-8")).items():
            groups.update(dict.fromkeys(slugs, group))
    folders = [
        SHARED / "documents/open",
        SHARED / "documents/closed",
        SHARED / "state-council",
        OWN,
    ]
    for folder in folders:
        for place, path in enumerate(sorted(folder.glob("*.owners.jsonl"))):
            slug = path.name.removesuffix(".owners.jsonl")
            default = "state council" if folder.name == "state-council" else slug
            if folder == OWN:
                default = f"own {place % _FOLDS}"
            rows = {kind: _rows(folder / f"{slug}.{kind}.jsonl") for kind in KINDS}
            text = (folder / f"{slug}.txt").read_bytes().decode("utf-8")
            found.append(Annotated(slug, groups.get(slug, default), text, rows))
    notice = corpus_path() / "documents" / "wanzhou-fuban-2022-30.txt"
    own = Path(__file__).parents[1] / "gold"
    rows = {kind: _rows(own / f"wanzhou.{kind}.jsonl") for kind in KINDS}
    found.append(Annotated(NOTICE, NOTICE, notice.read_bytes().decode("utf-8"), rows))
    return found


def _rows(path: Path) -> list[Row]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _places(row: Row) -> list[tuple[int, int]]:
    mentions = row.get("mentions") or [(row["offset"], row["quote"])]
    return [(offset, offset + len(quote)) for offset, quote in mentions]


def _plain(name: str) -> str:
    return re.sub(r"[()（）\s]", "", name)


_UNFITTED = LinearModel((OTHER, OWNER), (0.0, 0.0), {})
_UNFITTED_MODELS = Models(_UNFITTED, _UNFITTED, _UNFITTED, _UNFITTED, why=True)


Examples = dict[str, list[Example]]

_CENT = Decimal("0.01")
MODELS: dict[str, tuple[tuple[str, ...], float]] = {
    "party_use": ((OTHER, OWNER), MARGIN),
    "party_role": (tuple(role.value for role in Role), 0.0),
    "quantity_use": ((OTHER, *(c.value for c in TargetClass)), MARGIN),
    "time_use": ((OTHER, "by", "in", "period", "recurring", "relative", "start"), MARGIN),
}
"""Each model's labels and margin."""


@cache
def examples_of(document: Annotated) -> Examples:
    """Features and label of each mention of a document, by the model that decides it. Left out are
    those of optional rows, those that a row reads otherwise, and those of which no row says."""
    found: Examples = {name: [] for name in MODELS}
    source = read_bytes(document.text.encode(), f"{document.slug}.txt")
    for item in read_document(source, models=_UNFITTED_MODELS).readings:

        def rows_at(kind: str, mention: Placed, reading: Reading = item.reading) -> list[Row]:
            return _rows_at(document.rows[kind], reading.span(mention.start, mention.end))

        for party in item.owners.uses:
            span = item.reading.span(party.mention.start, party.mention.end)
            label = _party_label(document.rows["owners"], party.mention.name, span)
            given = _roles_at(document.rows["owners"], party.mention.name, span)
            _learn_party(found, party, label, given)
        for number in item.quantities:
            at = rows_at("targets", number.mention)
            value = number.mention.value
            right = [r for r in at if abs(Decimal(str(r["value"])) - value) < _CENT]
            _learn(found["quantity_use"], number, at, right, "class")
        for time in item.times:
            at = rows_at("deadlines", time.mention)
            _learn(found["time_use"], time, at, at, "kind")
    return found


def _learn(
    examples: list[Example], use: Use[Any], at: list[Row], right: list[Row], key: str
) -> None:
    if not at:
        examples.append((list(use.features), OTHER))
    elif right and not any(r.get("optional") for r in right):
        examples.append((list(use.features), right[0].get(key) or "target"))


def _learn_party(found: Examples, use: PartyUse, label: str | None, given: set[str]) -> None:
    """What a party is for, and the role of an owner: the ruled one where it is given."""
    of_role = [f for f in use.features if f.startswith("role:")]
    if label is not None:
        found["party_use"].append(([f for f in use.features if f not in of_role], label))
    if label == OWNER:
        role = use.role.value if use.role.value in given else sorted(given)[0]
        found["party_role"].append((of_role, role))


def _rows_at(rows: Sequence[Row], span: Span) -> list[Row]:
    return [r for r in rows if any(s < span.end and span.start < e for s, e in _places(r))]


def _roles_at(rows: Sequence[Row], name: str, span: Span) -> set[str]:
    same = [r for r in rows if _plain(r["unit"]) == _plain(name) and not r.get("optional")]
    return {role for r in _rows_at(same, span) for role in (r.get("roles") or [r["role"]])}


def _party_label(rows: Sequence[Row], name: str, span: Span) -> str | None:
    same = [r for r in rows if _plain(r["unit"]) == _plain(name)]
    if at := _rows_at(same, span):
        return OWNER if any(not r.get("optional") for r in at) else None
    if _rows_at(rows, span):
        return None  # a piece of a name
    near = any(abs(r["clause_offset"] - span.start) < _NEAR for r in same)
    return None if near else OTHER


_NEAR = 600
"""Characters; a unit said twice in a clause has one row."""


def fit(
    examples: Iterable[Example], labels: Sequence[str], *, margin: float = MARGIN
) -> dict[str, Any]:
    """The weights of a model as a JSON object; the same for the same examples in the same order."""
    import numpy as np
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    chosen = list(examples)
    names = sorted({feature for features, _ in chosen for feature in features})
    column = {name: place for place, name in enumerate(names)}
    indices = [column[f] for features, _ in chosen for f in sorted(set(features))]
    pointers = np.cumsum([0, *(len(set(features)) for features, _ in chosen)])
    matrix = csr_matrix(
        (np.ones(len(indices)), np.array(indices, "int32"), pointers.astype("int32")),
        shape=(len(chosen), len(names)),
    )
    wanted = np.array([labels.index(label) for _, label in chosen])
    model = LogisticRegression(C=STRENGTH, max_iter=2000, tol=1e-5, solver="lbfgs")
    model.fit(matrix, wanted)
    table, bias = model.coef_, model.intercept_
    if len(labels) == 2:
        table, bias = np.vstack([-table / 2, table / 2]), np.array([-bias[0] / 2, bias[0] / 2])
    weights = {
        name: [round(float(value), _DIGITS) for value in table[:, place]]
        for name, place in column.items()
        if abs(table[:, place]).max() >= _LEAST
    }
    return {
        "labels": list(labels),
        "margin": margin,
        "bias": [round(float(value), _DIGITS) for value in bias],
        "weights": weights,
    }


def sentence_examples() -> Examples:
    """As `examples_of`, of the project's own sentences (`texts/sentences.jsonl`: text, and the
    roles of its owners by name)."""
    found: Examples = {name: [] for name in MODELS}
    for row in _rows(OWN / "sentences.jsonl"):
        reading = read_span(row["text"], Span(0, len(row["text"])))
        owners = read_owners(reading, organisations_for(_DISTRICT), models=_UNFITTED_MODELS)
        for use in owners.uses:
            given = row["owners"].get(use.mention.name, ())
            roles = given if isinstance(given, list) else [given] if given else []
            _learn_party(found, use, OWNER if roles else OTHER, set(roles[:1]))
    return found


_DISTRICT = Jurisdiction(place="万州区", level=Level.DISTRICT, parents=("重庆市",))


_SHIPPED = 3
"""How often what ships with the project counts, its document and its sentences: users see these
first. At 3 the owners of the document rose from .919 to .939, and of others they did not fall."""


def learn(group: str | None, documents: Sequence[Annotated]) -> Examples:
    """All examples of `documents` but those of `group`, by model."""
    found: Examples = {name: [] for name in MODELS}
    chosen = [d for d in documents if d.group != group]
    parts = [examples_of(d) for d in chosen for _ in range(_SHIPPED if d.slug == NOTICE else 1)]
    for part in [*parts, *[sentence_examples()] * _SHIPPED]:
        for name, examples in part.items():
            found[name] += examples
    return found


def folds_of(group: str | None, documents: Sequence[Annotated]) -> Models:
    """The models fitted without `group`."""
    learnt = learn(group, documents)
    return Models(
        **{
            name: model_of(fit(learnt[name], labels, margin=margin))
            for name, (labels, margin) in MODELS.items()
        }
    )


def write_weights(name: str, data: dict[str, Any], documents: Sequence[Annotated]) -> None:
    """`ingest/weights/<name>.json`, a feature a line, with the manifest of what it was made from."""
    manifest = {d.slug: d.digest for d in documents}
    head = {k: v for k, v in data.items() if k != "weights"} | {"manifest": manifest}
    lines = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(data["weights"].items())]
    body = (
        json.dumps(head, ensure_ascii=False)[:-1]
        + ', "weights": {\n'
        + ",\n".join(lines)
        + "\n}}\n"
    )
    (WEIGHTS / f"{name}.json").write_text(body, encoding="utf-8")


def dealt(documents: Sequence[Annotated]) -> list[Annotated]:
    """The documents in five groups, none of which shares an issuer with another."""
    places = {group: place for place, group in enumerate(sorted({d.group for d in documents}))}
    return [replace(d, group=f"part {places[d.group] % _FOLDS}") for d in documents]


def measure(documents: Sequence[Annotated]) -> None:
    """Print F1, recall and precision of the annotated documents, pooled by folder, each read by
    models that its issuer is left out of; judged by `../shared/tools/score_extract.py`."""
    spec = spec_from_file_location("score_extract", JUDGE)
    assert spec
    assert spec.loader
    judge = module_from_spec(spec)
    spec.loader.exec_module(judge)
    folds: dict[str, Models] = {}
    for folder in FOLDERS:
        counts: dict[str, list[float]] = defaultdict(lambda: [0.0] * 4)
        for d in (d for d in documents if (folder / f"{d.slug}.txt").exists()):
            if d.group not in folds:
                folds[d.group] = folds_of(d.group, documents)
            models = folds[d.group]
            source = read_bytes(d.text.encode(), f"{d.slug}.txt")
            told = json.loads(json.dumps(to_contract(extract_source(source, models=models))))
            gold = {k: judge.rows(folder / f"{d.slug}.{k}.jsonl") for k in judge.KINDS}
            for kind, said in judge.score(told, gold, d.text).items():
                if kind in ("owners", "deadlines", "targets", "conditions"):
                    found = (said["r"] or 0) * said["gold"], (said["p"] or 0) * said["pred"]
                    values = (found[0], said["gold"], found[1], said["pred"])
                    counts[kind] = [a + b for a, b in zip(counts[kind], values, strict=True)]
        for kind, (found_gold, gold_rows, right, said_rows) in counts.items():
            recall, precision = found_gold / max(gold_rows, 1), right / max(said_rows, 1)
            f1 = 2 * recall * precision / (recall + precision) if recall + precision else 0.0
            print(f"{folder.name:14} {kind:10} F1 {f1:.3f} r {recall:.3f} p {precision:.3f}")


def main(arguments: Sequence[str]) -> int:
    """Fit on everything and write the weights, or measure."""
    documents = annotated()
    if not JUDGE.exists():
        print("../shared is absent: the weights stay as they are", file=sys.stderr)
        return 1
    if "--measure" in arguments:
        measure(dealt(documents) if "--quick" in arguments else documents)
        return 0
    learnt = learn(None, documents)
    for name, (labels, margin) in MODELS.items():
        write_weights(name, fit(learnt[name], labels, margin=margin), documents)
        told = Counter(label for _, label in learnt[name])
        print(f"{name}: {len(documents)} documents, {dict(told)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""`make train`: fits the models that decide what a mention is used for, and measures them with every
issuer left out.

Reads the annotated documents of `../shared/gold` and the project's own (`tests/evaluation/texts`);
of them only rounded weights of structural features and a manifest of names and digests are kept.
scikit-learn is imported here only.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from ingest.classifier import LinearModel, Models, model_of
from ingest.owners import OTHER, OWNER, read_owners
from ingest.pipeline import read_document
from ingest.readers import read_bytes
from ingest.reading import read_span
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
"""The inverse of the regularisation; of .05, .1, .2, .3, 1 the best with every issuer left out."""
MARGIN = 0.1
"""In probability; see `margin_table`."""
_DIGITS = 2
_LEAST = 0.02
"""Weights nearer to zero are left out."""
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
        for path in sorted(folder.glob("*.owners.jsonl")):
            slug = path.name.removesuffix(".owners.jsonl")
            default = "state council" if folder.name == "state-council" else slug
            rows = {kind: _rows(folder / f"{slug}.{kind}.jsonl") for kind in KINDS}
            text = (folder / f"{slug}.txt").read_bytes().decode("utf-8")
            found.append(Annotated(slug, groups.get(slug, default), text, rows))
    notice = corpus_path() / "documents" / "wanzhou-fuban-2022-30.txt"
    own = Path(__file__).parents[1] / "gold"
    rows = {kind: _rows(own / f"wanzhou.{kind}.jsonl") for kind in KINDS}
    found.append(Annotated("wanzhou", "wanzhou", notice.read_bytes().decode("utf-8"), rows))
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


@cache
def party_examples(document: Annotated) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Features and label of each party of a document, and those of each owner with its role. Left
    out are those of optional rows and those of which the rows do not say."""
    rows = document.rows["owners"]
    examples: list[Example] = []
    roles: list[Example] = []
    source = read_bytes(document.text.encode(), f"{document.slug}.txt")
    for item in read_document(source, models=_UNFITTED_MODELS).readings:
        for use in item.owners.uses:
            span = item.reading.span(use.party.start, use.party.end)
            label = _party_label(rows, use.party.name, span)
            if label is not None:
                examples.append(([f for f in use.features if not f.startswith("role:")], label))
            if label == OWNER:
                given = _roles_at(rows, use.party.name, span)
                role = use.role.value if use.role.value in given else sorted(given)[0]
                roles.append(([f for f in use.features if f.startswith("role:")], role))
    return tuple(examples), tuple(roles)


def _roles_at(rows: Sequence[Row], name: str, span: Span) -> set[str]:
    same = [r for r in rows if _plain(r["unit"]) == _plain(name) and not r.get("optional")]
    at = [r for r in same if any(s < span.end and span.start < e for s, e in _places(r))]
    return {role for r in at for role in (r.get("roles") or [r["role"]])}


def _party_label(rows: Sequence[Row], name: str, span: Span) -> str | None:
    same = [r for r in rows if _plain(r["unit"]) == _plain(name)]
    at = [r for r in same if any(s < span.end and span.start < e for s, e in _places(r))]
    if at:
        return OWNER if any(not r.get("optional") for r in at) else None
    if any(s < span.end and span.start < e for r in rows for s, e in _places(r)):
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


def sentence_examples() -> tuple[list[Example], list[Example]]:
    """As `party_examples`, of the project's own sentences (`texts/sentences.jsonl`: text, and the
    roles of its owners by name)."""
    uses: list[Example] = []
    roles: list[Example] = []
    for row in _rows(OWN / "sentences.jsonl") * _SHIPPED:
        reading = read_span(row["text"], Span(0, len(row["text"])))
        found = read_owners(reading, organisations_for(_DISTRICT), models=_UNFITTED_MODELS)
        for use in found.uses:
            given = row["owners"].get(use.party.name)
            uses.append(
                ([f for f in use.features if not f.startswith("role:")], OWNER if given else OTHER)
            )
            if given:
                role = given[0] if isinstance(given, list) else given
                roles.append(([f for f in use.features if f.startswith("role:")], role))
    return uses, roles


_DISTRICT = Jurisdiction(place="万州区", level=Level.DISTRICT, parents=("重庆市",))


def _weighed(documents: Sequence[Annotated], group: str | None) -> list[Annotated]:
    """The documents to learn from, those of `group` left out. The document that ships with the
    project counts `_SHIPPED` times: its users see it first."""
    chosen = [d for d in documents if d.group != group]
    return [d for d in chosen for _ in range(_SHIPPED if d.slug == "wanzhou" else 1)]


_SHIPPED = 3


def party_fold(group: str | None, documents: Sequence[Annotated]) -> LinearModel:
    """The model of parties fitted without the documents of `group`."""
    examples = [e for d in _weighed(documents, group) for e in party_examples(d)[0]]
    examples += sentence_examples()[0]
    return model_of(fit(examples, (OTHER, OWNER)))


def role_fold(group: str | None, documents: Sequence[Annotated]) -> LinearModel:
    """The model of roles fitted without the documents of `group`."""
    examples = [e for d in _weighed(documents, group) for e in party_examples(d)[1]]
    examples += sentence_examples()[1]
    return model_of(fit(examples, ROLES, margin=0))


ROLES = tuple(role.value for role in Role)


@cache
def quantity_examples(document: Annotated) -> tuple[Example, ...]:
    """Features and class of each quantity of a document; those of optional rows and those that a
    row reads otherwise are left out."""
    rows = document.rows["targets"]
    source = read_bytes(document.text.encode(), f"{document.slug}.txt")
    read = read_document(source, models=_UNFITTED_MODELS)
    examples: list[Example] = []
    for item in read.readings:
        for use in item.quantities:
            span = item.reading.span(use.quantity.start, use.quantity.end)
            at = [r for r in rows if any(s < span.end and span.start < e for s, e in _places(r))]
            right = [r for r in at if abs(Decimal(str(r["value"])) - use.quantity.value) < _CENT]
            if not at:
                examples.append((list(use.features), OTHER))
            elif right and not any(r.get("optional") for r in right):
                examples.append((list(use.features), right[0].get("class") or "target"))
    return tuple(examples)


@cache
def time_examples(document: Annotated) -> tuple[Example, ...]:
    """Features and kind of each time of a document; those of optional rows are left out."""
    rows = document.rows["deadlines"]
    source = read_bytes(document.text.encode(), f"{document.slug}.txt")
    examples: list[Example] = []
    for item in read_document(source, models=_UNFITTED_MODELS).readings:
        for use in item.times:
            span = item.reading.span(use.time.start, use.time.end)
            at = [r for r in rows if any(s < span.end and span.start < e for s, e in _places(r))]
            if not at:
                examples.append((list(use.features), OTHER))
            elif not any(r.get("optional") for r in at):
                examples.append((list(use.features), at[0]["kind"]))
    return tuple(examples)


KINDS_OF_TIME = (OTHER, "by", "in", "period", "recurring", "relative", "start")


def time_fold(group: str | None, documents: Sequence[Annotated]) -> LinearModel:
    """The model of times fitted without the documents of `group`."""
    examples = [e for d in _weighed(documents, group) for e in time_examples(d)]
    return model_of(fit(examples, KINDS_OF_TIME))


_CENT = Decimal("0.01")
CLASSES = (OTHER, *(c.value for c in TargetClass))


def quantity_fold(group: str | None, documents: Sequence[Annotated]) -> LinearModel:
    """The model of quantities fitted without the documents of `group`."""
    examples = [e for d in _weighed(documents, group) for e in quantity_examples(d)]
    return model_of(fit(examples, CLASSES))


def folds_of(group: str | None, documents: Sequence[Annotated]) -> Models:
    """The models fitted without `group`."""
    return Models(
        party_use=party_fold(group, documents),
        party_role=role_fold(group, documents),
        quantity_use=quantity_fold(group, documents),
        time_use=time_fold(group, documents),
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


def main() -> int:
    """Fit on everything and write the weights."""
    documents = annotated()
    if not any(d.group == "state council" for d in documents):
        print("../shared/gold is absent: the weights stay as they are", file=sys.stderr)
        return 1
    sentences = sentence_examples()
    examples = [e for d in _weighed(documents, None) for e in party_examples(d)[0]] + sentences[0]
    write_weights("party_use", fit(examples, (OTHER, OWNER)), documents)
    roles = [e for d in _weighed(documents, None) for e in party_examples(d)[1]] + sentences[1]
    write_weights("party_role", fit(roles, ROLES, margin=0), documents)
    quantities = [e for d in _weighed(documents, None) for e in quantity_examples(d)]
    write_weights("quantity_use", fit(quantities, CLASSES), documents)
    times = [e for d in _weighed(documents, None) for e in time_examples(d)]
    write_weights("time_use", fit(times, KINDS_OF_TIME), documents)
    by_label: dict[str, int] = defaultdict(int)
    for _, label in [*examples, *quantities, *times]:
        by_label[label] += 1
    print(f"party_use: {len(documents)} documents, {dict(by_label)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

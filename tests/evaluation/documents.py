"""What annotated documents score whose issuer was left out of the fitting: the figures of record.

`python -m tests.evaluation.documents [--quick]`, and a part of `make eval`. With `--quick` the
issuers are dealt into five parts, each left out in turn, which takes a quarter of the time. Judged
by `score_extract.py`, which lies beside the gold.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ingest.classifier import INSTALLED, Models, model_of
from ingest.contract import to_contract
from ingest.ledger import read_ledger
from ingest.pipeline import extract_source
from ingest.readers import read_bytes
from tests.evaluation.training import (
    FOLDERS,
    SHARED,
    UNSEEN,
    Annotated,
    annotated,
    fittings,
    unseen,
)

JUDGE = SHARED.parent / "tools" / "score_extract.py"
KINDS = ("owners", "deadlines", "targets", "conditions")
LEAST = {"owners": 0.87, "roles": 0.83, "deadlines": 0.88, "targets": 0.85, "conditions": 0.70}
"""What the pooled figures of the documents beside the project aim at."""
WIDTH = 132
"""Characters of a line of what is printed: the widest table has eleven columns."""
_PARTS = 5


@dataclass
class Counts:
    """Of one kind of fact: gold rows and how many were found, facts and how many are right."""

    found: float = 0.0
    gold: float = 0.0
    right: float = 0.0
    said: float = 0.0

    def add(self, other: Counts) -> None:
        """Pool with another."""
        self.found, self.gold = self.found + other.found, self.gold + other.gold
        self.right, self.said = self.right + other.right, self.said + other.said

    @property
    def f1(self) -> float | None:
        """None where there is nothing to find."""
        if not self.gold:
            return None
        recall, precision = self.found / self.gold, self.right / self.said if self.said else 0.0
        return 2 * recall * precision / (recall + precision) if recall + precision else 0.0


@dataclass
class Read:
    """One document, or many pooled: counts by kind (`roles`: owners that also have the right role),
    tempting mentions and how many of them became facts, how many mentions were decided and not."""

    name: str
    counts: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    tempting: int = 0
    taken: int = 0
    mentions: int = 0
    unclassified: int = 0
    coverage: list[float] = field(default_factory=list)
    dates: list[float] = field(default_factory=list)
    classes: list[float] = field(default_factory=list)

    def add(self, other: Read) -> None:
        """Pool with another."""
        for kind, counts in other.counts.items():
            self.counts[kind].add(counts)
        self.tempting, self.taken = self.tempting + other.tempting, self.taken + other.taken
        self.mentions += other.mentions
        self.unclassified += other.unclassified
        self.coverage += other.coverage
        self.dates += other.dates
        self.classes += other.classes


class Folds:
    """The models that each group of issuers is left out of. `many`: all groups will be asked for."""

    def __init__(self, documents: Sequence[Annotated], *, many: bool = True) -> None:
        self._fittings = fittings(documents)
        self._made: dict[str, Models] = {}
        for fitting in self._fittings.values() if many else ():
            fitting.weights()

    def models(self, group: str) -> Models:
        """Fitted without `group`."""
        if group not in self._made:
            weights = {name: model_of(f.weights(group)) for name, f in self._fittings.items()}
            self._made[group] = Models(**weights)
        return self._made[group]


def dealt(documents: Iterable[Annotated]) -> list[Annotated]:
    """The documents in five groups, none of which shares an issuer with another."""
    documents = list(documents)
    places = {group: place for place, group in enumerate(sorted({d.group for d in documents}))}
    return [replace(d, group=f"part {places[d.group] % _PARTS}") for d in documents]


def read_all(documents: Sequence[Annotated]) -> Iterator[tuple[str, Read]]:
    """(folder, what was read) of each annotated document by the fold that never saw it, and of
    those that no model is fitted on."""
    spec = spec_from_file_location("score_extract", JUDGE)
    assert spec
    assert spec.loader
    judge = module_from_spec(spec)
    spec.loader.exec_module(judge)
    folds = Folds(documents)
    for folder in FOLDERS:
        for document in (d for d in documents if (folder / f"{d.slug}.txt").exists()):
            yield folder.name, _read(document, folder, folds.models(document.group), judge)
    for document in unseen():
        yield UNSEEN.name, _read(document, UNSEEN, INSTALLED, judge)


def _read(document: Annotated, folder: Path, models: Models, judge: Any) -> Read:
    source = read_bytes(document.text.encode(), f"{document.slug}.txt")
    extraction = extract_source(source, models=models)
    told = json.loads(json.dumps(to_contract(extraction)))
    gold = {kind: judge.rows(folder / f"{document.slug}.{kind}.jsonl") for kind in judge.KINDS}
    read = Read(document.slug)
    judged = judge.score(told, gold, document.text)
    for kind in KINDS:
        if said := judged.get(kind):
            found, right = (said["r"] or 0) * said["gold"], (said["p"] or 0) * said["pred"]
            read.counts[kind] = Counts(found, said["gold"], right, said["pred"])
    if owners := judged.get("owners"):
        share = (owners["role_acc"] or 0.0) * read.counts["owners"].found
        right = share / max(read.counts["owners"].found, 1) * read.counts["owners"].right
        read.counts["roles"] = Counts(share, owners["gold"], right, owners["pred"])
    negatives = judged.get("negatives") or {"tried": 0, "hit": 0}
    read.tempting, read.taken = negatives["tried"], negatives["hit"]
    targets = judged.get("targets") or {}
    required = [row for row in gold["targets"] or [] if not row.get("optional")]
    for shares, name, key in (
        (read.classes, "class_acc", "class"),
        (read.dates, "deadline_acc", "deadline"),
    ):
        if (share_of := targets.get(name)) is not None:  # a document counts by its rows
            shares.extend([share_of] * sum(1 for row in required if row.get(key)))
    ledger = read_ledger(extraction, models=replace(models, why=True))
    read.coverage.append(ledger.coverage)
    uses = Counter(m.use for m in ledger.mentions)
    read.mentions, read.unclassified = uses.total(), uses["unclassified"]
    return read


def print_table(reads: Sequence[tuple[str, Read]], console: Console) -> dict[str, Read]:
    """Every document that may be looked at, then each folder pooled, and what share of the decided
    is wrong by its use; the pooled ones."""
    pooled: dict[str, Read] = {}
    columns = (*KINDS, "roles", "class", "dates", "tempting", "undecided", "coverage")
    table = Table("document", *columns)
    for folder, read in reads:
        pooled.setdefault(folder, Read(f"{folder} (pooled)")).add(read)
        if folder != "texts":
            table.add_row(*_row(read))
    for read in pooled.values():
        table.add_row(*_row(read), style="bold")
    console.print(table)
    wrong = Table("wrong of what was decided to be", *KINDS)
    for read in pooled.values():
        counts = [read.counts[kind] for kind in KINDS]
        wrong.add_row(read.name, *(f"{c.said - c.right:.0f}/{c.said:.0f}" for c in counts))
    console.print(wrong)
    return pooled


def _row(read: Read) -> Iterator[str]:
    yield read.name
    for kind in (*KINDS, "roles"):
        f1 = read.counts[kind].f1
        yield "-" if f1 is None else f"{f1:.3f}"
    for shares in (read.classes, read.dates):
        yield f"{sum(shares) / len(shares):.3f}" if shares else "-"
    yield f"{read.taken}/{read.tempting}"
    yield f"{read.unclassified / max(read.mentions, 1):.3f}"
    yield f"{sum(read.coverage) / max(len(read.coverage), 1):.3f}"


def main(arguments: Sequence[str]) -> int:
    """Print the figures."""
    console = Console(width=WIDTH)
    if not JUDGE.exists():
        console.print("../shared is absent: nothing to score")
        return 1
    documents = annotated()
    print_table(list(read_all(dealt(documents) if "--quick" in arguments else documents)), console)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

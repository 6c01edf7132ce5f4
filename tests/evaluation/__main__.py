"""`make eval`: prints the scores and, against the last recorded baseline, what was gained and lost.

Nothing here depends on today's date. `--record` makes the present scores the baseline.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from kb.retrieval import WEIGHTS
from tests.evaluation.cases import (
    SHARED,
    Figure,
    cases,
    measure,
    measure_numbers,
    measure_times,
)
from tests.evaluation.default_pipeline import measure_share
from tests.evaluation.documents import LEAST, WIDTH, Read, print_table, read_all
from tests.evaluation.questions import (
    GOLD,
    NOTICE,
    OTHER,
    OTHER_DOCUMENT,
    OWN,
    UNSEEN,
    figures,
    judge,
    question_files,
    ranks,
    three_passages,
    without,
)
from tests.evaluation.questions import SHARED as SHARED_QUESTIONS
from tests.evaluation.training import annotated

BASELINE = Path(__file__).with_name("baseline.json")
_REFUSE = ("unanswerable", "adversarial")


def main(arguments: list[str]) -> int:
    """Measure, print, compare; 1 where a figure is below its least."""
    console = Console(width=WIDTH)
    found: list[Figure] = [figure for case in cases() for figure in measure(case)]
    if (SHARED / "time_peer.jsonl").exists():
        found += [measure_times(), measure_numbers()]
        found += list(_documents(console))
    else:
        console.print("../shared/gold is absent: only what the project ships is scored")
    for name, path in (("own questions", OWN), ("shared questions", SHARED_QUESTIONS)):
        if path.exists():
            found += list(_answers(name, path, console))
            found += list(_retrieval(name, path))
    found += list(_answers("another city's plan", OTHER, console, OTHER_DOCUMENT))
    found += list(_beside_passages(console))
    ours, default = measure_share()
    console.print(f"clause in the first 500 characters: {ours:.3f}, default pipeline {default:.3f}")
    found.append(Figure("retrieval", "clause in 500, ratio to default", ours / default, 1.8, {}))
    recorded = json.loads(BASELINE.read_text("utf-8")) if BASELINE.exists() else {}
    table = Table("what", "figure", "value", "least", "before")
    for f in found:
        before = recorded.get(f"{f.case}/{f.name}", {}).get("value")
        shown = f"{f.value:.4f}" if f.value >= f.least else f"[red]{f.value:.4f}[/red]"
        table.add_row(f.case, f.name, shown, f"{f.least:.2f}", f"{before}" if before else "-")
    console.print(table)
    for f in found:
        missed = set(recorded.get(f"{f.case}/{f.name}", {}).get("wrong", []))
        wrong = {row for row, right in f.rows.items() if not right}
        for row in sorted(missed - wrong):
            if recorded:
                console.print(f"gained {f.case} {f.name} {row}")
        for row in sorted(wrong - missed):
            console.print(f"lost {f.case} {f.name} {row}")
    if "--record" in arguments:
        written = {
            f"{f.case}/{f.name}": {
                "value": round(f.value, 4),
                "wrong": sorted(row for row, right in f.rows.items() if not right),
            }
            for f in found
        }
        BASELINE.write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return 1 if any(f.value < f.least for f in found) else 0


def _documents(console: Console) -> Iterator[Figure]:
    """Documents by the folds that never saw them: what is published of reading."""
    reads = list(read_all(annotated()))
    pooled = print_table(reads, console)
    record = Read("open and closed")
    for folder in ("open", "closed"):
        record.add(pooled[folder])
    for kind, least in LEAST.items():
        each = {r.name: r.counts[kind].f1 for folder, r in reads if folder in ("open", "closed")}
        rows = {name: f1 >= least for name, f1 in each.items() if f1 is not None}
        yield Figure("issuer left out", kind, record.counts[kind].f1 or 0.0, least, rows)
    for name, shares in (("class of targets", record.classes), ("dates of targets", record.dates)):
        yield Figure("issuer left out", name, sum(shares) / max(len(shares), 1), 0.9, {})
    taken = record.taken / max(record.tempting, 1)
    yield Figure("issuer left out", "tempting mentions left", 1 - taken, 0.97, {})
    coverage = sum(record.coverage) / len(record.coverage)
    yield Figure("issuer left out", "coverage of the ledger", coverage, 1.0, {})
    decided = 1 - record.unclassified / max(record.mentions, 1)
    yield Figure("issuer left out", "mentions decided", decided, 0.95, {})


def _answers(name: str, path: Path, console: Console, document: Path = NOTICE) -> Iterator[Figure]:
    judged = list(judge(path, document))
    types = Counter(j.row["type"] for j in judged)
    right = Counter(j.row["type"] for j in judged if j.right)
    console.print(f"{name}: " + ", ".join(f"{t} {right[t]}/{n}" for t, n in types.items()))
    rows = {j.row["id"]: j.right for j in judged}
    yield Figure(name, "right", sum(rows.values()) / len(rows), 0.9, rows)
    refused = {j.row["id"]: j.right for j in judged if j.row["type"] in _REFUSE}
    least = 1.0 if path == SHARED_QUESTIONS else 0.9
    share = sum(refused.values()) / len(refused)
    yield Figure(name, "unanswerable and adversarial", share, least, refused)


def _beside_passages(console: Console) -> Iterator[Figure]:
    """Each set of questions beside the baseline that prints the three nearest passages: right, and
    falsely certain. No weight is fitted on `unseen`, `development`, `sight` and the three `fresh`; of
    the others the figures of questions left out stand in `evidence.json`."""
    table = Table("questions", "n", "right", "false", "three passages")
    for path in [*question_files(), *(UNSEEN if GOLD.exists() else ())]:
        judged = list(judge(path))
        right, false = sum(j.right for j in judged), sum(j.false for j in judged)
        base = sum(three_passages(j.row) for j in judged)
        n = len(judged)
        name = f"{'own' if path.is_relative_to(OWN.parent) else 'given'}/{path.stem}"
        table.add_row(name, str(n), f"{right / n:.2f}", f"{false / n:.2f}", f"{base / n:.2f}")
        rows = {j.row["id"]: j.right for j in judged}
        yield Figure(name, "right", right / n, base / n, rows)
    console.print(table)


def _retrieval(name: str, path: Path) -> Iterator[Figure]:
    whole = ranks(path, dict(WEIGHTS))
    mrr, hit = figures(whole)
    rows = {row["id"]: 1 <= rank <= 5 for row, rank in whole}
    yield Figure(name, "MRR@10", mrr, 0.88, {})
    yield Figure(name, "Hit@5", hit, 0.95, rows)
    for part in WEIGHTS:
        yield Figure(
            name, f"MRR@10 without {part}", figures(ranks(path, without(part)))[0], 0.0, {}
        )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""`make eval`: prints the scores and, against the recorded baseline, the rows gained and lost.

`--record` writes the baseline. Exit code 1 where a figure is below what it must be.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.evaluation.cases import SHARED, Figure, cases, measure, measure_numbers, measure_times

BASELINE = Path(__file__).with_name("baseline.json")


def main(arguments: list[str]) -> int:
    console = Console()
    figures: list[Figure] = [figure for case in cases() for figure in measure(case)]
    if (SHARED / "time_peer.jsonl").exists():
        figures += [measure_times(), measure_numbers()]
    else:
        console.print("../shared/gold is absent: only the notice is scored")
    recorded = json.loads(BASELINE.read_text("utf-8")) if BASELINE.exists() else {}
    table = Table("document", "figure", "value", "least", "before")
    for f in figures:
        before = recorded.get(f"{f.case}/{f.name}", {}).get("value")
        shown = f"{f.value:.4f}" if f.value >= f.least else f"[red]{f.value:.4f}[/red]"
        table.add_row(f.case, f.name, shown, f"{f.least:.2f}", f"{before}" if before else "-")
    console.print(table)
    for f in figures:
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
            for f in figures
        }
        BASELINE.write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return 1 if any(f.value < f.least for f in figures) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""`make bench`: how long reading takes, and how much memory, beside the least that any reader does.

The yardstick is decoding the same bytes and splitting them into lines. Every size is measured in a
process of its own, so that its peak of memory is its own; `--json` prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from kb.lexicon import corpus_path
from tests.bench_formats import HEADS, columns

# Nothing of ingest is imported here: on Linux a child's peak begins at the size of its parent.
NOTICE = corpus_path() / "documents" / "wanzhou-fuban-2022-30.txt"
SIZES = (1, 10, 100)
GOALS = {
    "time per character, largest against ×1": 1.3,
    "duban extract of the notice, s": 0.8,  # in a process of its own
    "duban --help, s": 0.5,
}
_RUNS = {1: 7, 10: 3}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where a goal is missed and `--strict` is given."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="一个 JSON 对象 / one JSON object")
    parser.add_argument("--strict", action="store_true", help="未达标则退出码 1 / exit 1 on a miss")
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="最大倍数 / largest size")
    parser.add_argument("--measure", type=int, metavar="TIMES", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure is not None:
        print(json.dumps(measure_extraction(options.measure)))
        return 0
    report = measure_all([size for size in SIZES if size <= options.largest])
    if options.json:
        print(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        show(report, Console())
    missed = [name for name, goal in report["goals"].items() if goal["value"] > goal["at_most"]]
    return 1 if options.strict and missed else 0


def measure_all(sizes: Sequence[int]) -> dict[str, Any]:
    """All figures: `sizes` one row a size, `commands` in seconds, `goals` value and limit."""
    rows = [_started(["-m", "tests.bench", "--measure", str(size)]) for size in sizes]
    commands = {
        "duban extract of the notice, s": wall_time([*_duban(), "extract", str(NOTICE), "--json"]),
        "duban --help, s": wall_time([*_duban(), "--help"]),
    }
    answers = _started(["-m", "tests.bench_answers"])
    tracker = _started(["-m", "tests.bench_tracker"])
    service = _started(["-m", "tests.bench_service"])
    formats = _started(["-m", "tests.bench_formats"])
    worst = _started(["-m", "tests.bench_limits"])
    growth = rows[-1]["us_per_character"] / rows[0]["us_per_character"]
    values = {"time per character, largest against ×1": round(growth, 2), **commands}
    limits = dict(GOALS)
    for part in (answers, tracker, service, formats, worst):
        values |= {name: round(value, 2) for name, value in part["goals"].items()}
        limits |= part["limits"]
    goals = {name: {"value": values[name], "at_most": most} for name, most in limits.items()}
    return {
        "python": sys.version.split()[0], "sizes": rows, "commands": commands,
        "answers": answers["rows"], "tracker": tracker["rows"], "service": service["rows"],
        "formats": formats["table"], "limits": worst["rows"], "goals": goals,
    }  # fmt: skip


def measure_extraction(times: int) -> dict[str, Any]:
    """Time and memory of extracting the notice, `times` copies of it end to end, in this process."""
    once = NOTICE.read_bytes()
    data = once * times
    empty = peak_mb()

    def yardstick() -> object:
        return data.decode("utf-8").splitlines()

    least = shortest(yardstick, 20 if times < 100 else 5)

    from ingest.pipeline import extract_bytes  # its import is not the document's cost

    extract_bytes(once, NOTICE.name)  # the lexicon is loaded once a process, not once a document
    taken = shortest(lambda: extract_bytes(data, NOTICE.name), _RUNS.get(times, 1))
    characters = len(data.decode("utf-8"))
    return {
        "times": times,
        "characters": characters,
        "ms": round(taken * 1000, 1),
        "yardstick_ms": round(least * 1000, 3),
        "ratio": round(taken / least),
        "us_per_character": round(taken * 1e6 / characters, 3),
        "peak_mb": round(peak_mb()),
        "peak_before_mb": round(empty),
    }


def shortest(
    act: Callable[[], object], runs: int, clock: Callable[[], float] = time.process_time
) -> float:
    """The shortest of `runs` runs, in seconds of the processor: what else runs does not count."""
    best = float("inf")
    for _ in range(runs):
        start = clock()
        act()
        best = min(best, clock() - start)
    return best


def peak_mb() -> float:
    """The most memory that this process has held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024) if sys.platform == "darwin" else peak / 1024


def wall_time(command: Sequence[str], runs: int = 5) -> float:
    """The shortest of `runs` runs of a whole process, in seconds.

    Raises:
        subprocess.CalledProcessError: the command fails.
    """

    def run() -> object:
        return subprocess.run(command, check=True, capture_output=True)

    return round(shortest(run, runs, time.perf_counter), 3)


def _duban() -> list[str]:
    beside = Path(sys.executable).with_name("duban")
    found = str(beside) if beside.exists() else shutil.which("duban")
    return [found] if found else [sys.executable, "-m", "api.main"]


def _started(arguments: Sequence[str]) -> dict[str, Any]:
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(
        [sys.executable, *arguments], check=True, capture_output=True, text=True, cwd=root
    )
    row: dict[str, Any] = json.loads(done.stdout)
    return row


def show(report: dict[str, Any], console: Console) -> None:
    """Print the report as tables."""
    sizes = Table("notice", "characters", "ms", "yardstick ms", "ratio", "µs/char", "peak MB")
    for row in report["sizes"]:
        sizes.add_row(
            f"×{row['times']}",
            f"{row['characters']:,}",
            f"{row['ms']:,}",
            f"{row['yardstick_ms']}",
            f"{row['ratio']:,}",
            f"{row['us_per_character']}",
            f"{row['peak_mb']:,}",
        )
    console.print(sizes)
    formats = Table(*HEADS)
    for row in report["formats"]:
        formats.add_row(*columns(row))
    console.print(formats)
    for part in ("answers", "tracker", "service", "limits"):
        table = Table(part, "measured")
        for name, value in report[part]:
            table.add_row(name, value)
        console.print(table)
    goals = Table("goal", "measured", "at most")
    for name, goal in report["goals"].items():
        met = goal["value"] <= goal["at_most"]
        shown = f"{goal['value']}" if met else f"[red]{goal['value']}[/red]"
        goals.add_row(name, shown, f"{goal['at_most']}")
    console.print(goals)


if __name__ == "__main__":
    raise SystemExit(main())

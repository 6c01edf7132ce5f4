"""The part of `make bench` about formats: what the same document costs in each, in time and memory.

    python -m tests.bench_formats [FORMAT ...]
    python -m tests.bench_formats --measure page PICTURE

The notice, several times end to end, is written in each format and read in a process of its own, on one
core: by its reader, then for its facts. Where a format has no pages, one has 22 lines of 28 characters
(GB/T 9704-2012, 5.2.3); of copies in a web page one is kept. Pictures are recognised: a page beside rapidocr's own bare time, and the whole
notice as a scan with skew, noise, a seal and a red head, whose facts are compared with the text's.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

# Nothing of ingest is imported here: on Linux a child's peak begins at the size of its parent.
ROOT = Path(__file__).resolve().parents[1]
TIMES = 4
_PAGE = 22 * 28
_RUNS = 5
_SUFFIXES = {"pdf, ruled": "pdf", "page": "png", "scanned page": "png", "scan": "tiff"}
FORMATS = (
    "txt",
    "md",
    "html",
    "mht",
    "rtf",
    "docx",
    "doc",
    "xlsx",
    "xls",
    "ods",
    "ofd",
    "pdf",
    *_SUFFIXES,
)
BARE, SPEED = "recognising, against rapidocr alone", "recognising, s a page"
MEMORY, FOUND = "recognising, peak MB", "scanned notice, 1 - F1 of its facts"
DOCX, PDF = "DOCX, s a MB of text", "PDF without ruling lines, s for 30 pages"
LIMITS = {DOCX: 1.0, PDF: 1.0, BARE: 1.15, SPEED: 15.0, MEMORY: 1500.0, FOUND: 0.12}


def measure_formats(only: Sequence[str] = ()) -> dict[str, Any]:
    """All figures: `table` a row a format, `goals` name to value, `limits` name to the most."""
    table = list[dict[str, Any]]()
    goals = dict[str, float]()
    with tempfile.TemporaryDirectory() as folder:
        for kind in [kind for kind in FORMATS if kind in only or not only]:
            file = Path(folder, f"notice.{_SUFFIXES.get(kind, kind)}")
            _started("--write", kind, str(file))
            if not file.exists():
                continue  # no browser that prints
            row = _started("--measure", kind, str(file))
            file.unlink()
            table.append(row)
            for name, value in _goals(kind, row):
                goals[name] = max(value, goals.get(name, 0.0))
    limits = {name: most for name, most in LIMITS.items() if name in goals}
    return {"table": table, "goals": goals, "limits": limits}


def _goals(kind: str, row: dict[str, Any]) -> Iterator[tuple[str, float]]:
    if kind == "docx":
        yield DOCX, row["seconds"] / row["text_mb"]
    if kind == "pdf":
        yield PDF, 30 * row["seconds"] / row["pages"]
    if "bare_seconds" in row:
        yield BARE, row["seconds"] / row["bare_seconds"]
    if "f1" in row:
        yield SPEED, row["seconds"] / row["pages"]
        yield MEMORY, row["peak_mb"]
        yield FOUND, 1 - min(row["f1"])


def _started(*arguments: str) -> Any:
    command = [sys.executable, "-m", "tests.bench_formats", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return json.loads(done.stdout)


def columns(row: dict[str, Any]) -> tuple[str, ...]:
    """A row of the table as words, under `HEADS`."""
    beside = ""
    if "bare_seconds" in row:
        beside = f"{row['seconds'] / row['bare_seconds']:.2f} times rapidocr"
    if "f1" in row:
        beside = "F1 " + ", ".join(f"{value:.3f}" for value in row["f1"])
    return (
        row["format"],
        f"{row['pages']:.0f}",
        f"{row['seconds']:.2f}",
        f"{row['pages'] / row['seconds']:,.1f}",
        f"{row['text_mb'] / row['seconds']:.2f}",
        f"{row['facts_seconds']:.2f}",
        f"{row['peak_mb']:.0f}",
        f"{row['peak_mb'] - row['before_mb']:+.0f}",
        beside,
    )


HEADS = (
    "format",
    "pages",
    "read s",
    "pages/s",
    "MB/s of text",
    "facts s",
    "peak MB",
    "of the file",
    "",
)


# --- in processes of their own


def write(kind: str, file: Path) -> None:
    """Write the document in a format; nothing where what writes it is not there."""
    from tests.ingest.readers import printed

    if not kind.startswith("pdf") or printed.CHROMIUM.exists():
        file.write_bytes(_writers()[kind]())


def _writers() -> dict[str, Callable[[], bytes]]:
    from html import escape

    from tests.ingest.readers import drawn, ofd_files, printed, word97_files, word_files, workbooks

    text = _notice() * TIMES
    lines = text.splitlines()
    rows = [[line] for line in lines]
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    page = f"<!DOCTYPE html><html><head><meta charset=utf-8></head><body>{body}</body></html>"
    mail = "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=X\n\n--X\n"
    part = "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
    rtf = r"\par ".join("".join(f"\\u{ord(c)}?" for c in line) for line in lines)

    def tasks() -> list[list[str]]:
        told = [
            [str(number), line, "区教委、区财政局", "2025年底前"]
            for number, line in enumerate(filter(str.strip, lines), start=1)
        ]
        return [["序号", "工作任务", "责任单位", "完成时限"], *told]

    def ofd() -> bytes:
        pages = [
            "".join(ofd_files.text(escape(words), 28, 35 + 10 * n) for n, words in enumerate(shown))
            for shown in _pages(lines)
        ]
        return ofd_files.ofd(*map(ofd_files.page, pages))

    def pictures() -> list[Any]:
        found = [list[tuple[int, int, str]]()]
        for line in filter(None, map(str.strip, _notice().splitlines())):
            below = found[-1][-1][1] + 78 if found[-1] else 300
            if below + 78 * (len(line) // 27) > 2150:
                found.append([])
                below = 300
            found[-1] += drawn.wrapped(line, top=below)
        return [drawn.page(shown) for shown in found]

    def scan() -> bytes:
        pages = pictures()
        pages[0] = drawn.headed(pages[0], "万州区人民政府办公室文件")
        pages[-1] = drawn.sealed(pages[-1], 1100, 1500)
        first, *others = map(drawn.scanned, pages)
        return drawn.as_bytes(
            first, "TIFF", save_all=True, append_images=others, compression="jpeg"
        )

    return {
        "txt": text.encode,
        "md": text.encode,
        "html": page.encode,
        "mht": f"{mail}{part}{page}\n--X--\n".encode,
        "rtf": f"{{\\rtf1\\ansi\\ansicpg936 {rtf}}}".encode,
        "docx": lambda: word_files.numbered_docx(text),
        "doc": lambda: word97_files.word97(text),
        "xlsx": lambda: workbooks.xlsx(rows),
        "xls": lambda: word97_files.compound({"Workbook": workbooks.xls(rows)}),
        "ods": lambda: workbooks.ods(rows, {}),
        "ofd": ofd,
        "pdf": lambda: printed.print_pdf(text),
        "pdf, ruled": lambda: printed.print_pdf("某区任务分解表", tasks()),
        "page": lambda: drawn.as_bytes(pictures()[4]),
        "scanned page": lambda: drawn.as_bytes(drawn.scanned(drawn.sealed(pictures()[4], 1100, 1500))),
        "scan": scan,
    }  # fmt: skip


def _notice() -> str:
    from kb.lexicon import corpus_path

    return (corpus_path() / "documents" / "wanzhou-fuban-2022-30.txt").read_bytes().decode()


def _pages(lines: Sequence[str]) -> Iterator[list[str]]:
    """Paragraphs set to pages of 22 lines of 28 characters, the first of each indented by two."""
    page = list[str]()
    for line in filter(None, map(str.strip, lines)):
        set_ = "\u3000\u3000" + line
        for start in range(0, len(set_), 28):
            page.append(set_[start : start + 28])
            if len(page) == 22:
                yield page
                page = []
    if page:
        yield page


def measure(kind: str, file: Path) -> dict[str, Any]:
    """A format in this process: seconds of the processor by its reader, and for the facts of what was
    read; pages, megabytes of text in UTF-8, and the most memory, before the file and after."""
    from ingest.pipeline import extract_bytes, extract_source
    from ingest.readers import read_bytes
    from tests.ingest.readers.facts import agreement

    extract_bytes("一、任务\n1.建成学校20所。（责任单位：区教委）\n".encode(), "a.txt")
    row: dict[str, Any] = {"format": kind, "before_mb": peak_mb()}
    data = file.read_bytes()
    acts: list[Callable[[], Any]] = [lambda: read_bytes(data, file.name)]
    if kind in ("page", "scanned page"):
        acts.append(_bare_recognition(data))
    (taken, source), *bare = _shortest(acts, 1 if kind == "scan" else _RUNS)
    if bare:
        row["bare_seconds"] = bare[0][0]
    began = time.process_time()
    facts = extract_source(source)
    row |= {
        "seconds": taken,
        "facts_seconds": time.process_time() - began,
        "text_mb": len(facts.document.text.encode()) / 1e6,
        "pages": len(source.pages) or len(facts.document.text) / _PAGE,
        "peak_mb": peak_mb(),
    }
    if kind == "scan":
        row["f1"] = [*agreement(facts, extract_bytes(_notice().encode(), "notice.txt"))]
    return row


def _bare_recognition(data: bytes) -> Callable[[], Any]:
    """What the library does with a picture by itself, from its bytes."""
    from ingest.readers import ocr

    engine = ocr._engine()
    engine(data)  # what it makes ready the first time
    return lambda: engine(data)


def _shortest(acts: Sequence[Callable[[], Any]], runs: int) -> list[tuple[float, Any]]:
    """Of each act the shortest of some runs, in seconds of the processor, and what the last gave; in
    turns, so that what else the machine does falls on all."""
    best = [(float("inf"), None)] * len(acts)
    for _ in range(runs):
        for at, act in enumerate(acts):
            began = time.process_time()
            found = act()
            best[at] = (min(best[at][0], time.process_time() - began), found)
    return best


def peak_mb() -> float:
    """The most memory that this process has held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024) if sys.platform == "darwin" else peak / 1024


def main(arguments: Sequence[str]) -> None:
    """Measure what is named, or all; prints one JSON object."""
    match arguments:
        case ["--write", kind, file]:
            found: Any = write(kind, Path(file))
        case ["--measure", kind, file]:
            found = measure(kind, Path(file))
        case _:
            found = measure_formats(arguments)
    print(json.dumps(found, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])

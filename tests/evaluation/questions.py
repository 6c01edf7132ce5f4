"""Scores answers and retrieval on question sets: ours, and the shared one where it is present."""

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from filelock import FileLock

from api.assistant.answer import Assistant
from api.assistant.reply import Answer
from api.assistant.understand import understand
from api.knowledge import open_assistant
from api.settings import read_settings
from ingest.pipeline import extract_file
from kb.lexicon import corpus_path
from kb.models import Span
from kb.retrieval import WEIGHTS, HybridRetriever
from tasks.models import Extraction
from tasks.queries import Register

NOTICE = corpus_path() / "documents" / "wanzhou-fuban-2022-30.txt"
OTHER = Path(__file__).resolve().parents[1] / "gold" / "linjiang.questions.jsonl"
OTHER_DOCUMENT = OTHER.with_name("linjiang.txt")
OWN = Path(__file__).resolve().parents[1] / "gold" / "questions.jsonl"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "gold" / "questions.jsonl"
GOLD = SHARED.parent
FURTHER = OWN.with_name("questions")
"""Questions by writers who saw no code: on the notice, and on documents of other kinds."""
UNSEEN = tuple(
    FURTHER / f"{name}.jsonl"
    for name in ("unseen", "development", "sight", "fresh", "fresh2", "fresh3")
)
"""Questions that no weight is fitted on; the documents of some are with the gold."""
TODAY = date(2026, 11, 24)
Row = dict[str, Any]
_BY_QUERY = ("overdue", "aggregate")
"""Types that the register answers; no single clause is the right one."""


@dataclass(slots=True)
class Judged:
    """A question, its answer, and the checks that apply to it."""

    row: Row
    answer: Answer
    checks: dict[str, bool] = field(default_factory=dict)

    @property
    def right(self) -> bool:
        return all(self.checks.values())

    @property
    def false(self) -> bool:
        """Whether it is given as certain and names other units or values, or answers what the
        documents do not say."""
        told = ("units", "values", "no forbidden unit")
        holds = self.row["answerable"] and all(self.checks.get(check, True) for check in told)
        return self.answer.answerable and not holds


def read_questions(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


@lru_cache
def assistant(document: Path = NOTICE) -> Assistant:
    """The assistant over a document, with an index in a folder of the user's cache. Of several
    processes the first embeds what is new, and the others find it."""
    made = open_assistant(_settings(document.stem), Register([extract_file(document)[0]]))
    assert isinstance(made, Assistant)
    with _one_at_a_time(document.stem):
        assert made.search.retriever
    return made


_FOLDERS = (
    GOLD / "documents" / "open",
    GOLD / "state-council",
    GOLD.parent / "corpus" / "raw",
    Path(__file__).with_name("texts"),
    Path(__file__).with_name("unseen"),
)
"""Where the documents of questions lie, by their names."""


@lru_cache
def _extracted(name: str) -> Extraction:
    """A document of the gold by its name; the notice where it is not there."""
    if name == NOTICE.stem:
        return extract_file(NOTICE)[0]
    places = [folder / f"{name}{end}" for folder in _FOLDERS for end in (".txt", ".md", ".html")]
    return extract_file(next(place for place in places if place.exists()))[0]


@lru_cache
def assistant_over(documents: tuple[str, ...]) -> Assistant:
    """The assistant over documents of the gold by their names; over the notice where none is."""
    if not documents or documents == (NOTICE.stem,):
        return assistant()
    made = open_assistant(
        _settings("-".join(documents)[:80]), Register([_extracted(name) for name in documents])
    )
    assert isinstance(made, Assistant)
    return made


def question_files() -> list[Path]:
    """All files of questions whose documents are at hand: those of the notice, and with the gold
    the others."""
    texts = [f"texts{n}" for n in range(1, 6)]
    own = ("notice", "pupils", "districts", "provinces", "counties", *texts)
    found = [OWN, *(FURTHER / f"{name}.jsonl" for name in own)]
    if GOLD.exists():
        found += [
            *(FURTHER / f"{name}.jsonl" for name in ("offices", "firms", "cities")),
            *sorted(GOLD.glob("questions*.jsonl")),
        ]
    return found


def _one_at_a_time(name: str) -> FileLock:
    home: Path = _settings(name).home
    home.mkdir(parents=True, exist_ok=True)
    return FileLock(home / "embedding.lock")


def _settings(name: str) -> Any:
    base = read_settings({}, Path())
    home = base.model_cache.expanduser().parent / "evaluation" / name
    return read_settings({"DUBAN_HOME": str(home)}, Path())


def lay_vectors(home: Path) -> None:
    """Copy the notice's vectors into a folder that is to hold a store of it: its index then needs
    no embedding anew."""
    made = _settings(NOTICE.stem).home / "vectors.db"
    if not made.exists():
        assistant()
    home.mkdir(parents=True, exist_ok=True)
    with (
        _one_at_a_time(NOTICE.stem),
        closing(sqlite3.connect(made)) as source,
        closing(sqlite3.connect(home / made.name)) as copy,
    ):
        source.backup(copy)


def judge(path: Path, document: Path = NOTICE) -> Iterator[Judged]:
    """Answer and judge each question of a file about a document."""
    for row in read_questions(path):
        over = assistant_over(tuple(row.get("documents") or ()))
        made = over if document == NOTICE else assistant(document)
        day = date.fromisoformat(row["as_of"]) if row["as_of"] else TODAY
        answer = made.ask(row["question"], as_of=day, context=row["context"])
        yield Judged(row, answer, _checks(row, answer))


def three_passages(row: Row) -> bool:
    """Whether the three nearest passages, printed as they are, would be right: the baseline."""
    if not row["answerable"]:
        return False
    search = assistant_over(tuple(row.get("documents") or ())).search
    hits = search.retriever.search(" ".join([*row["context"][-2:], row["question"]]), 3)
    text = " ".join(hit.chunk.titled for hit in hits)
    shown = not row["evidence"] or any(
        hit.chunk.span and is_evidence(row, hit.chunk.document_id, hit.chunk.span) for hit in hits
    )
    told = [*row["expected_units"], *row["expected_values"]]
    return shown and all(has_value(value, text) for value in told)


def _checks(row: Row, answer: Answer) -> dict[str, bool]:
    named = {u.unit for u in answer.units}
    checks = {"answerable": answer.answerable == row["answerable"]}
    if row["answerable"]:
        if row["expected_units"]:
            checks["units"] = all(u in named or u in answer.answer for u in row["expected_units"])
        if row["expected_values"]:
            checks["values"] = all(has_value(v, answer.answer) for v in row["expected_values"])
        if row["evidence"]:
            checks["evidence"] = any(
                is_evidence(row, c.document_id, c.span) for c in answer.citations
            )
    if row["forbidden_units"]:
        checks["no forbidden unit"] = not named & set(row["forbidden_units"])
    return checks


def is_evidence(row: Row, document_id: str, span: Span) -> bool:
    """Whether a span of a document overlaps evidence of a question."""
    only = row.get("doc")
    only = only if isinstance(only, str) else (only or [""])[0] if len(only or "") < 2 else ""
    for e in row["evidence"]:
        start, length = e["offset"], e.get("length", len(e.get("quote", "")))
        name = e.get("doc") or only
        there = not name or not row.get("documents") or _extracted(name).document.id == document_id
        if there and span.start < start + length and start < span.end:
            return True
    return False


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    return re.sub(r"[\s,“”\"《》「」]", "", text)


def has_value(value: str, answer: str) -> bool:
    value, answer = _plain(value), _plain(answer)
    if re.fullmatch(r"[\d.]+", value):
        return re.search(rf"(?<![\d.]){re.escape(value)}(?![\d.])", answer) is not None
    if match := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", value):
        year, month, day = (int(g) for g in match.groups())
        forms = (value, f"{year}年{month}月{day}日", f"{year}年底", f"{year}年{month}月底")
        return any(form in answer for form in forms)
    return value in answer


def ranks(path: Path, weights: dict[str, float]) -> list[tuple[Row, int]]:
    """(question, rank of the first chunk that overlaps its evidence; 0: not among ten)."""
    found = []
    search = assistant().search
    base = search.retriever
    retriever = HybridRetriever(
        base.chunks, base.vectors, base.embedder, base.small,
        expand=search.expander, weights=weights, lexical=base.lexical,
    )  # fmt: skip
    for row in read_questions(path):
        if not row["evidence"] or row["type"] in _BY_QUERY:
            continue
        day = date.fromisoformat(row["as_of"]) if row["as_of"] else TODAY
        q = understand(
            row["question"], assistant().organisations, as_of=day, context=row["context"]
        )
        hits = retriever.search(q.search, 10)
        rank = next(
            (
                n
                for n, hit in enumerate(hits, start=1)
                if hit.chunk.span and is_evidence(row, hit.chunk.document_id, hit.chunk.span)
            ),
            0,
        )
        found.append((row, rank))
    return found


def figures(found: Sequence[tuple[Row, int]]) -> tuple[float, float]:
    """(MRR@10, Hit@5)."""
    mrr = sum(1 / rank for _, rank in found if rank) / len(found)
    return mrr, sum(1 for _, rank in found if 1 <= rank <= 5) / len(found)


def without(name: str) -> dict[str, float]:
    """The weights of retrieval with one list left out."""
    return {key: value for key, value in WEIGHTS.items() if key != name}

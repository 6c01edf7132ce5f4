"""Commands of the index and of measuring retrieval."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.assistant.answer import Assistant
from api.cli.output import Output
from api.knowledge import altered_model, open_index, retriever_builder, stored_chunks
from api.settings import Settings
from kb.chunks import LONGEST, Chunk, flatten, split_span
from kb.embedding.bundled import forget_folder
from kb.embedding.cache import VectorCache
from kb.errors import SourceError, both
from kb.expansion import QueryExpander
from kb.index import IndexStatus, Report
from kb.models import Span
from kb.retrieval import Filter, HybridRetriever
from tasks.queries import Register
from tasks.store import Store


class EmbeddingProgress:
    """A bar on standard error for texts being embedded; nothing where it is no terminal."""

    def __init__(self, out: Output) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TimeRemainingColumn(), console=out.errors, transient=True,
            disable=not out.errors.is_terminal,
        )  # fmt: skip
        self._names = {"e5": out.pick("嵌入条款", "embedding"), "use": out.pick("第二编码器", "second encoder")}  # fmt: skip
        self._bars: dict[str, Any] = {}
        self._out, self._waiting = out, False

    def __enter__(self) -> Report:
        self._progress.start()
        return self._tell

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _tell(self, kind: str, done: int, total: int) -> None:
        if kind == "waiting":
            if not self._waiting:
                self._out.complain(self._out.pick("索引正被另一个进程更新, 等它结束…", "another process updates the index, waiting for it…"))  # fmt: skip
            self._waiting = True
            return
        if kind not in self._bars:
            self._bars[kind] = self._progress.add_task(self._names.get(kind, kind), total=total)
        self._progress.update(self._bars[kind], completed=done, total=total)


def update_index(settings: Settings, out: Output) -> int:
    """Bring the index in step with the store; gives the number of chunks."""
    chunks = stored_chunks(settings)
    index = open_index(settings, lambda m: out.complain(out.side(m)))
    with EmbeddingProgress(out) as report:
        index.vectors(chunks, report, latest=lambda: stored_chunks(settings))
    return len(chunks)


def rebuild(settings: Settings, out: Output) -> None:
    """Write the index anew."""
    if altered_model(settings):
        forget_folder(settings.model_cache)
    index = open_index(settings, lambda m: out.complain(out.side(m)))
    with EmbeddingProgress(out) as report:
        chunks = index.rebuild(lambda: stored_chunks(settings), report)
    out.say(f"索引已重建: {len(chunks)} 个片段", f"index rebuilt: {len(chunks)} chunks")
    if out.as_json:
        out.json({"chunks": len(chunks)})


def status(settings: Settings, out: Output, *, deep: bool) -> int:
    """Say whether the index is in step with the store; `deep` reads every vector. 1 if not."""
    # Before the model is opened: that writes its files anew where one was altered.
    altered = altered_model(settings) if deep else ()
    index = open_index(settings, lambda m: out.complain(out.side(m)))
    found = index.status(stored_chunks(settings), deep=deep)
    found = found.model_copy(update={"altered": (*altered, *found.altered)})
    if out.as_json:
        out.json({**found.model_dump(mode="json"), "sound": found.sound})
        return 0 if found.sound else 1
    _say_status(found, out)
    return 0 if found.sound else 1


def _say_status(found: IndexStatus, out: Output) -> None:
    out.say(f"位置: {found.place}", f"place: {found.place}")
    out.say(f"模型: {found.model or '无'} {found.digest[:12]}", f"model: {found.model or 'none'} {found.digest[:12]}")  # fmt: skip
    out.say(f"片段: {found.chunks}, 应有 {found.expected}", f"chunks: {found.chunks} of {found.expected}")  # fmt: skip
    for chinese, english, keys in (
        ("缺少", "missing", found.missing),
        ("多余", "extra", found.extra),
        ("损坏", "damaged", found.damaged),
        ("被改动的文件", "altered files", tuple(out.side(name) for name in found.altered)),
    ):
        if keys:
            shown = ", ".join(keys[:5]) + ("…" if len(keys) > 5 else "")
            out.say(f"{chinese} {len(keys)}: {shown}", f"{english} {len(keys)}: {shown}")
    if found.sound:
        out.say("索引完整, 与库一致", "the index is whole and in step with the store")
    else:
        out.say("索引不完整或与库不一致, 请运行 duban index rebuild",
                "the index is not whole or not in step; run duban index rebuild")  # fmt: skip


def search(
    settings: Settings, query: str, wanted: Filter, unit: str, plan: str, limit: int, out: Output
) -> int:
    """Find clauses and show the shares of each list in their scores. 1 where none is found."""
    with Store.open(settings.store_url) as store:
        register = Register(store.extractions())
    assistant = Assistant(
        register, retriever_builder(settings, lambda m: out.complain(out.side(m))), store
    )
    borne = {p.clause.id for p in register.tasks_of(register.known.one(unit).id)} if unit else None
    titles = {p.id: p.title for e in register.extractions for p in e.plans}
    plans = {key for key, title in titles.items() if plan in title}
    found = assistant.search.find(
        query,
        limit,
        keep=lambda c: (
            wanted(c)
            and (not plan or c.metadata.get("plan") in plans)
            and (borne is None or c.clause_id in borne)
        ),
    )
    rows = [
        {
            "clause_id": f.clause.id if f.clause else None,
            "path": f.clause.path if f.clause else "",
            "plan": titles.get(f.clause.plan_id, "") if f.clause else "",
            "text": f.chunk.text,
            "span": [f.chunk.span.start, f.chunk.span.end] if f.chunk.span else None,
            "score": round(f.score, 4),
            "parts": f.parts,
        }
        for f in found
    ]
    if out.as_json:
        out.json(rows)
    else:
        out.table(
            [("分数", "score"), ("条款", "clause"), ("计划", "plan"), ("原文", "text"), ("各部分", "parts")],
            [
                (r["score"], r["path"], r["plan"], str(r["text"])[:60],
                 " ".join(f"{k} {v:.2f}" for k, v in f.parts.items() if v))
                for r, f in zip(rows, found, strict=True)
            ],
        )  # fmt: skip
    return 0 if rows else 1


def evaluate_retrieval(
    settings: Settings, corpus: Path, queries: Path, target: Path, out: Output, *, depth: int
) -> None:
    """Run the retriever over a corpus of `{"id", "title", "text"}` lines and queries of
    `{"id", "text"}`; writes `qid<TAB>docid<TAB>rank`."""
    chunks = [chunk for row in _rows(corpus, "text") for chunk in _passages(row)]
    index = open_index(settings, lambda m: out.complain(out.side(m)))
    cache = VectorCache(settings.home / "vectors.db")
    with EmbeddingProgress(out) as report:
        both = [*(c.text for c in chunks), *(c.titled for c in chunks)]
        rows = cache.embed(index.embedder, both, lambda a, b: report("e5", a, b))
        small = cache.embed(index.small, both[: len(chunks)], lambda a, b: report("use", a, b))
    index.embedder.close()
    vectors = {"text": rows[: len(chunks)], "titled": rows[len(chunks) :], "small": small}
    expander = QueryExpander(headings=[c.heading for c in chunks])
    retriever = HybridRetriever(chunks, vectors, index.embedder, index.small, expand=expander)
    count = 0
    with target.open("w", encoding="utf-8") as file:
        for row in _rows(queries, "text"):
            found = dict.fromkeys(
                hit.chunk.document_id for hit in retriever.search(row["text"], depth * 3)
            )
            for rank, document in enumerate(list(found)[:depth], start=1):
                file.write(f"{row['id']}\t{document}\t{rank}\n")
            count += 1
    out.say(f"{count} 个问题, 结果在 {target}", f"{count} queries, results in {target}")


def _passages(row: dict[str, Any]) -> Iterator[Chunk]:
    text, identifier = str(row["text"]), str(row["id"])
    title = flatten(str(row.get("title") or ""))
    for number, span in enumerate(split_span(text, Span(0, max(len(text), 1)), LONGEST), start=1):
        key = identifier if number == 1 else f"{identifier}#{number}"
        part = flatten(span.slice(text))
        yield Chunk(id=key, clause_id=identifier, document_id=identifier, text=part, heading=title)


def _rows(path: Path, field: str) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                row = json.loads(line)
                if not isinstance(row, dict) or "id" not in row or field not in row:
                    raise SourceError(
                        f"第 {number} 行缺 id 或 {field} / line {number} has no id or {field}",
                        path=path,
                    )
                yield row
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SourceError(both("读不了", "cannot be read", error), path=path) from error

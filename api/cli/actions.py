"""What the commands do. Each takes settings and an output, and gives its exit code, if any."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path
from typing import Any, cast

from rich.progress import track
from sqlalchemy import select

from api.assistant.answer import Assistant
from api.assistant.model import WordedAssistant
from api.assistant.statements import with_marks
from api.cli.extracting import read_apart, reader_of
from api.cli.knowledge import update_index
from api.cli.output import Output
from api.cli.printing import RARE, shows
from api.cli.state import Run, need_store, say_reference
from api.cli.tracking import wanted_milestones
from api.knowledge import open_assistant
from api.settings import Settings
from ingest.apart import Reader
from ingest.deliveries import is_delivery, open_delivery
from ingest.files import load_file
from ingest.reader_version import reader_version
from ingest.readers import SUFFIXES
from ingest.readers.kinds import DELIVERY_SUFFIXES
from kb.days import read_day
from kb.errors import DubanError, SourceError, StoreError, both
from kb.identifiers import sha256_hex
from kb.models import Finding
from kb.printable import printable
from tasks import schema
from tasks.authorisation import Actor
from tasks.due import State
from tasks.graph import ego
from tasks.graph_export import Format, export_graph
from tasks.listing import read_register
from tasks.models import LEFT_OUT, Extraction
from tasks.queries import Placed, Register
from tasks.query import DayKind, DayWindow, Has, Query, Select, in_year, read_query
from tasks.run import count_units, list_ids
from tasks.run import run as run_query
from tasks.store import Store
from tasks.version_doubts import EVIDENCE_NAMES, Likeness, Order
from tasks.words import NOBODY, describe_due, describe_target


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks `duban tasks` lists."""

    unit: str | None
    plan: str
    due_before: date | None
    overdue: bool
    undated: bool = False
    document: str = ""


def find_sources(paths: Sequence[Path]) -> list[Path]:
    """The files named, and those of a kind that is read inside the folders named.

    Raises:
        SourceError: a folder holds nothing to read.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(
                p
                for p in path.rglob("*")
                if p.is_file() and p.suffix.lower() in SUFFIXES | DELIVERY_SUFFIXES
            )
            if not inside:
                raise SourceError(
                    "目录里没有能读的文件 / the folder holds no file that is read",
                    hint=f"能读: {' '.join(sorted(SUFFIXES))} / read: {' '.join(sorted(SUFFIXES))}",
                    path=path,
                )
            found.extend(inside)
        else:
            found.append(path)  # one that is not there is told when it is read
    return list(dict.fromkeys(found))


def ingest(
    settings: Settings,
    paths: Sequence[Path],
    out: Output,
    *,
    refresh: bool = False,
    replaces: str = "",
    index: bool = True,
) -> int:
    """Read files into the store; a bad one is told and the others still go in.

    Raises:
        DubanError: `replaces` names no current document, or several files are to replace it.
    """
    sources = find_sources(paths)
    if replaces and len(sources) != 1:
        raise DubanError(
            f"--replaces 一次只能用于一个文件, 这里有 {len(sources)} 个 / --replaces is for one file, "
            f"not {len(sources)}"
        )
    rows: list[dict[str, Any]] = []
    with reader_of(settings) as reader, Store.open(settings.store_url) as store:
        store.check_writable()
        shown = len(sources) > 1 and sys.stderr.isatty()
        for path in track(sources, console=out.errors, disable=not shown, transient=True):
            rows += _ingest_path(store, reader, path, settings, refresh, replaces)
    read = any(row["status"] != "failed" for row in rows)
    indexed = update_index(settings, out) if index and read else None
    if out.as_json:
        out.json({"store": settings.store, "files": rows, "indexed": indexed})
    else:
        _report(rows, out)
        if indexed is not None:
            out.say(f"索引: {indexed} 个片段", f"index: {indexed} chunks")
    return 1 if any(row["status"] == "failed" for row in rows) else 0


def _ingest_path(
    store: Store, reader: Reader, path: Path, settings: Settings, refresh: bool, replaces: str
) -> list[dict[str, Any]]:
    """A row for a file; of a package or a mail one for each of its members, whatever becomes of the
    others."""
    try:
        data = load_file(path)
        delivery = open_delivery(data, str(path)) if is_delivery(data, str(path)) else None
    except SourceError as error:
        return [_failed(path, error)]
    if delivery is None:
        return [_ingest_one(store, reader, path, data, settings, refresh, replaces)]
    if replaces:
        message = (
            "--replaces 不能用于压缩包或邮件 / --replaces is for a document, not a package or mail"
        )
        hint = "请取出文件后单独导入 / take the file out and send it by itself"
        return [_failed(path, SourceError(message, hint=hint))]
    rows = [
        _ingest_one(store, reader, path / m.path, m.data, settings, refresh, replaces)
        | {"part": m.part, "attachment": m.number}
        for m in delivery.members
    ]
    rows += [_failed(path / refused.path, refused.error) for refused in delivery.refused]
    return [row | {"delivery": printable(str(path))} for row in rows]


def _failed(path: Path, error: SourceError) -> dict[str, Any]:
    shown = printable(str(path))
    return {"file": shown, "status": "failed", "error": error.message, "hint": error.hint}


def _ingest_one(
    store: Store,
    reader: Reader,
    path: Path,
    data: bytes,
    settings: Settings,
    refresh: bool,
    replaces: str,
) -> dict[str, Any]:
    try:
        extraction = read_apart(reader, data, path)
        added = store.add(
            extraction,
            data,
            recorded_at=settings.now().astimezone(UTC),
            refresh=refresh,
            replaces=replaces or None,
            government=settings.government,
            reader=reader_version(),
        )
    except SourceError as error:
        return _failed(path, error)
    return {
        "file": printable(str(path)),
        "status": added.status,
        "document_id": added.document_id,
        "superseded": added.superseded,
        "tracked": added.tracked,
        "replaced_by": added.replaced_by,
        "possible_versions": [v.model_dump(mode="json") for v in added.possible_versions],
        "title": extraction.document.title,
        "plans": len(extraction.plans),
        "clauses": len(extraction.clauses),
        "tasks": len(extraction.tasks),
        "targets": sum(len(t.targets) for t in extraction.tasks),
        "repairs": len(extraction.repairs),
        "warnings": [w.model_dump(mode="json") for w in (*added.findings, *extraction.warnings)],
    }


_STATUS = {
    "added": ("已入库", "added"),
    "unchanged": ("未变", "unchanged"),
    "new-version": ("新版本", "new version"),
    "re-read": ("重新读取", "read anew"),
    "superseded": ("是旧版本, 未变", "a former version, unchanged"),
    "withdrawn": ("已撤回, 未恢复", "withdrawn, not restored"),
    "failed": ("失败", "failed"),
}


def _report(rows: Sequence[dict[str, Any]], out: Output) -> None:
    read = [row for row in rows if row["status"] != "failed"]
    if read:
        out.table(
            [("文件", "file"), ("状态", "status"), ("计划", "plans"), ("条款", "clauses"),
             ("任务", "tasks"), ("目标", "targets"), ("修复", "repairs"), ("提醒", "warnings")],
            [
                (Path(r["file"]).name, out.pick(*_STATUS[r["status"]]), r["plans"], r["clauses"],
                 r["tasks"], r["targets"], r["repairs"],
                 sum(w["code"] != LEFT_OUT for w in r["warnings"]))
                for r in read
            ],
        )  # fmt: skip
    for row in read:
        found = [Finding.model_validate(warning) for warning in row["warnings"]]
        show_findings(found, Path(row["file"]).name, out)
        for other in row["possible_versions"]:
            zh, en = _evidence_of(other)
            if other["order"] == Order.EARLIER:
                out.say(
                    f"  日期早于 {other['document_id']} {_called(other)}, 后者可能是它的新版本 ({zh}); "
                    f"确认: duban versions settle",
                    f"  its day is before that of {other['document_id']} {_called(other)}, which may "
                    f"be its new version ({en}); to say so or not: duban versions settle",
                )
                continue
            out.say(
                f"  可能是 {other['document_id']} {_called(other)}的新版本 ({zh}); "
                f"确认: duban versions settle",
                f"  may be a new version of {other['document_id']} {_called(other)} ({en}); "
                "to say so or not: duban versions settle",
            )
        if row["replaced_by"]:
            out.say(
                f"  现行版本是 {row['replaced_by']}; 要恢复此版本: duban ingest --replaces {row['replaced_by']}",
                f"  the current version is {row['replaced_by']}; to make this one current: "
                f"duban ingest --replaces {row['replaced_by']}",
            )
    for row in rows:
        if row["status"] == "failed":
            hint = f" ({out.side(row['hint'])})" if row["hint"] else ""
            out.complain(f"{row['file']}: {out.side(row['error'])}{hint}")


def show_findings(findings: Sequence[Finding], name: str, out: Output) -> None:
    """What a person should look at in a file, a line each, and how much was left out of it."""
    for warning in findings:
        if warning.code == LEFT_OUT:
            continue
        where = f"[{warning.span.start}]" if warning.span else ""
        told = out.side(warning.message)
        out.say(f"  提醒 {name}{where}: {told}", f"  warning {name}{where}: {told}")
    if aside := [f for f in findings if f.code == LEFT_OUT]:
        out.say(
            f"  {name}: 另有 {len(aside)} 处未列入条款 (页面文字、落款、附件名称等), 用 --json 逐处列出",
            f"  {name}: {len(aside)} passage(s) in no clause (words of the page, signatures, names of "
            "attachments); --json lists each",
        )


def _evidence_of(other: dict[str, Any]) -> tuple[str, str]:
    names = [EVIDENCE_NAMES[Likeness(e)] for e in other["evidence"]]
    return "、".join(n[0] for n in names), ", ".join(n[1] for n in names)


def _called(other: dict[str, Any]) -> str:
    return f"《{other['title']}》{other['document_number'] or ''}"


def show_extraction(extraction: Extraction, out: Output) -> None:
    """What was found in a file, as a table; what needs a look; what was left out, with its words."""
    document = extraction.document
    out.say(f"{document.title}", f"{document.title}")
    out.say(
        f"{document.document_number or '无文号'} {document.issuer or ''} {document.written_on or ''}",
        f"{document.document_number or 'no number'} {document.issuer or ''} {document.written_on or ''}",
    )
    out.table(
        [("条款", "clause"), ("任务", "task"), ("责任单位", "units"), ("时限", "due"), ("目标", "targets")],
        [
            (p.clause.path, p.task.title, _units(p, out.language), _dues(p, out.language),
             "；".join(describe_target(t) for t in p.task.targets))
            for p in Register([extraction]).tasks()
        ],
    )  # fmt: skip
    show_findings(extraction.doubts, document.name, out)
    for found in extraction.left_out:
        words = f": {' '.join(found.span.slice(document.text).split())}" if found.span else ""
        told = f"  {out.side(found.message)}{words}"
        out.say(told, told)


def ask(
    settings: Settings, question: str, as_of: date, out: Output, *, explain: bool = False
) -> int:
    """Answer one question; with `explain`, how it was understood first. Exit code 0, also for a
    refusal: that is an answer."""
    with _assistant(settings, out) as assistant:
        answer = assistant.ask(question, as_of=as_of)
    if out.as_json:
        out.json(answer.model_dump(mode="json"))
        return 0
    if explain:
        out.say(f"理解为: {answer.understood}", f"understood as: {answer.understood}")
    shown = "\n".join(with_marks(answer.statements))
    out.say(shown, shown)
    for number, cited in enumerate(answer.citations, start=1):
        quote = " ".join(cited.quote.split())
        quote = quote if len(quote) <= 160 else f"{quote[:160]}……"
        where = f"[{cited.span.start}, {cited.span.end}) {cited.path}: {quote}"
        out.say(f"[{number}] 原文 {where}", f"[{number}] quoted {where}")
    return 0


@contextmanager
def _assistant(settings: Settings, out: Output) -> Iterator[Assistant | WordedAssistant]:
    def say(message: str) -> None:
        out.complain(out.side(message))

    register = _register(settings)
    with Store.open(settings.store_url) as store:
        yield open_assistant(settings, register, say, store=store)


def ask_batch(settings: Settings, path: Path, as_of: date, out: Output) -> None:
    """Answer a file of questions, one JSON object a line in and out."""
    with _assistant(settings, out) as assistant:
        for row in _questions(path):
            answer = assistant.ask(
                row["question"],
                as_of=row["as_of"] or as_of,
                identifier=row.get("id"),
                context=_context(row),
            )
            ascii_only = not shows(RARE)
            print(json.dumps(answer.model_dump(mode="json"), ensure_ascii=ascii_only))


def _context(row: dict[str, Any]) -> list[str]:
    """The questions before it: strings, or turns of the form {"question": …} or {"content": …}."""
    turns = row.get("context") or []
    return [
        t if isinstance(t, str) else str(t.get("question") or t.get("content") or "")
        for t in turns
        if isinstance(t, str) or t.get("role", "user") == "user"
    ]


def _questions(path: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(both("读不了", "cannot be read", error), path=path) from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            row["question"], row.get("id")
            given = row.get("as_of")
            row["as_of"] = None if given in (None, "") else read_day(given)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SourceError(
                both(f"第 {number} 行不是问题", f"line {number} is no question", error), path=path
            ) from error
        yield row


def tasks(run: Run, wanted: TaskFilter, as_of: date | None, as_json: bool) -> None:
    """List tasks, filtered."""
    day, out = run.day(as_of), run.out(as_json)
    with run.acting() as (store, actor):
        _need_documents(run.settings, store)
        asked = wanted_milestones(
            store, actor, wanted.unit, (), wanted.plan, wanted.document, Select.DUTIES
        )
        query = asked.model_copy(
            update={
                "due": DayWindow(end=wanted.due_before, day=DayKind.PRINTED) if wanted.due_before else None,
                "states": (State.OVERDUE,) if wanted.overdue else (),
                "lacks": (Has.DATE,) if wanted.undated else (),
            }
        )  # fmt: skip
        keys, register = _listed(run, store, actor, query, day)
    found = [register.placed(key) for key in keys]
    if out.as_json:
        out.json(
            [
                {"document_id": p.document.id, "plan": p.plan.title, "path": p.clause.path}
                | {"tracked": p.document.id not in register.reference}
                | p.task.model_dump(mode="json", by_alias=True)
                for p in found
            ]
        )
        return
    out.table(
        [("编号", "id"), ("计划", "plan"), ("条款", "clause"), ("任务", "task"),
         ("责任单位", "units"), ("时限", "due")],
        [
            (p.task.id, p.plan.title, p.clause.path, p.task.title,
             _units(p, out.language), _dues(p, out.language))
            for p in found
        ],
    )  # fmt: skip
    out.say(f"共 {len(found)} 项", f"{len(found)} task(s)")
    say_reference(register.reference, wanted.document, out)


def _listed(
    run: Run, store: Store, actor: Actor, query: Query, day: date
) -> tuple[list[str], Register]:
    """The ids that a query gives, and the documents that these are of."""
    with store.reading() as connection:
        found = list_ids(connection, query, reader=actor, as_of=day, today=run.day(None))
    documents = dict.fromkeys(place[1] for place in found.places)
    read = [store.load(key, corrected=True) for key in documents]
    return [key for key, _ in found.ids], Register(read, reference=store.reference())


def targets(run: Run, text: str, plan: str, year: int | None, as_json: bool) -> None:
    """List numeric targets."""
    day, out = run.day(None), run.out(as_json)
    with run.acting() as (store, actor):
        _need_documents(run.settings, store)
        asked = wanted_milestones(store, actor, None, (), plan, select=Select.TARGETS)
        query = asked.model_copy(update={"text": text or None, "due": in_year(year)})
        keys, register = _listed(run, store, actor, query, day)
    found = [register.numbers[key] for key in keys]
    if out.as_json:
        out.json(
            [
                {"document_id": p.document.id, "path": p.clause.path, "plan": p.plan.title}
                | t.model_dump(mode="json", by_alias=True)
                | {"due": m.due.model_dump(mode="json") if m else None}
                for p, t, m in found
            ]
        )
        return
    out.table(
        [("编号", "id"), ("目标", "target"), ("时限", "due"), ("条款", "clause"), ("原文", "quote")],
        [
            (t.id, describe_target(t), describe_due(m.due, out.language) if m else "",
             p.clause.path, " ".join(t.quote.split()))
            for p, t, m in found
        ],
    )  # fmt: skip
    out.say(f"共 {len(found)} 个", f"{len(found)} target(s)")


def units(run: Run, as_json: bool) -> None:
    """List units with their tasks by role."""
    out = run.out(as_json)
    with run.acting() as (store, actor):
        _need_documents(run.settings, store)
        with store.reading() as connection:
            counts = count_units(
                connection, Query(select=Select.UNITS), reader=actor, as_of=run.day(None)
            )
    if out.as_json:
        out.json([c.model_dump(mode="json") for c in counts])
        return
    out.table(
        [("单位", "unit"), ("编号", "id"), ("任务", "tasks"), ("角色", "roles")],
        [
            (c.label, c.unit_id, c.tasks, " ".join(f"{r}:{n}" for r, n in c.roles.items()))
            for c in counts
        ],
    )
    out.say(f"共 {len(counts)} 个单位", f"{len(counts)} unit(s)")


def query(run: Run, printed: str, as_of: date | None) -> None:
    """Run a query as it is; its result is JSON.

    Raises:
        QueryError: it cannot be run.
    """
    out = run.out(as_json=True)
    asked = read_query(printed)
    with run.acting() as (store, actor):
        found = run_query(store, asked, reader=actor, as_of=run.day(as_of), today=run.day(None))
    out.json(found.model_dump(mode="json"))


def documents(settings: Settings, everything: bool, out: Output) -> None:
    """List the stored documents."""
    need_store(settings)
    with Store.open(settings.store_url) as store:
        found = store.documents(superseded=everything)
    if out.as_json:
        out.json([d.model_dump(mode="json", exclude={"document": {"text"}}) for d in found])
        return
    out.table(
        [("编号", "id"), ("标题", "title"), ("文号", "number"), ("版本", "version"), ("督办", "tracked"), ("被取代、撤回", "superseded, withdrawn")],
        [
            (d.document.id, d.document.title, d.document.document_number or "",
             f"{d.version} {out.pick('重新读取', 'read anew')}" if d.reading > 1 else d.version,
             out.pick("列入督办", "tracked") if d.tracked else out.pick("仅供查阅", "for reference"),
             d.superseded_by or (d.withdrawn_at.date() if d.withdrawn_at else ""))
            for d in found
        ],
    )  # fmt: skip


def trace(settings: Settings, words: str, out: Output) -> int:
    """Show where a fact or phrase stands; 1 where the source's digest differs."""
    need_store(settings)
    with Store.open(settings.store_url) as store:
        found = Register(store.extractions()).trace(words)
        intact = {
            e.document.id: sha256_hex(store.source(e.document.id)) == e.document.sha256
            for e, _, _ in found
        }
    rows: list[dict[str, Any]] = []
    for extraction, clause, span in found:
        text = extraction.document.text
        line = text.count("\n", 0, span.start) + 1
        start = text.rfind("\n", 0, span.start) + 1
        end = text.find("\n", span.end)
        plan = next(p for p in extraction.plans if p.id == clause.plan_id)
        rows.append(
            {
                "document_id": extraction.document.id,
                "title": extraction.document.title,
                "document_number": extraction.document.document_number,
                "plan": plan.title,
                "path": clause.path,
                "clause_id": clause.id,
                "line": line,
                "span": [span.start, span.end],
                "quote": span.slice(text),
                "before": text[start : span.start],
                "after": text[span.end : end if end >= 0 else len(text)],
                "sha256": extraction.document.sha256,
                "intact": intact[extraction.document.id],
            }
        )
    if out.as_json:
        out.json(rows)
    for row in () if out.as_json else rows:
        number = row["document_number"] or row["title"]
        out.say(
            f"{number} 《{row['plan']}》 {row['path']}", f"{number} 《{row['plan']}》 {row['path']}"
        )
        out.say(
            f"  第 {row['line']} 行, 第 {row['span'][0]}–{row['span'][1]} 字",
            f"  line {row['line']}, characters {row['span'][0]}–{row['span'][1]}",
        )
        marked = f"  {row['before']}【{row['quote']}】{row['after']}"
        out.say(marked, marked)
        state = ("相符", "unchanged") if row["intact"] else ("不符!", "DIFFERS")
        out.say(f"  sha256 {row['sha256']} {state[0]}", f"  sha256 {row['sha256']} {state[1]}")
    return 0 if all(intact.values()) else 1


def graph(
    settings: Settings, kind: str, target: Path | None, unit: str | None, radius: int
) -> None:
    """Write the responsibility graph."""
    register = _register(settings).tracked
    whole = register.graph
    if unit is not None:
        whole = ego(whole, register.named(unit).id, radius)
    text = export_graph(whole, cast("Format", kind))
    if target is None:
        print(text)
    else:
        target.write_text(text, encoding="utf-8")


def _register(settings: Settings) -> Register:
    need_store(settings)
    with Store.open(settings.store_url) as store:
        found = read_register(store)
        _need_documents(settings, store)
    return found


def _need_documents(settings: Settings, store: Store) -> None:
    with store.reading() as connection:
        there = connection.scalar(select(schema.document.c.id).where(schema.CURRENT).limit(1))
    if there is None:
        raise StoreError(
            "库里没有文件 / the store holds no document",
            hint="先运行 duban ingest 文件或目录 / first run: duban ingest PATH",
            path=settings.store_file,
        )


def _units(placed: Placed, language: str) -> str:
    units: dict[str, str] = {}
    for a in placed.task.responsibilities:
        units.setdefault(a.unit_id or a.unit, a.unit)
    return "、".join(units.values()) or NOBODY[language != "zh"]


def _dues(placed: Placed, language: str) -> str:
    return "；".join(dict.fromkeys(describe_due(m.due, language) for m in placed.task.milestones))

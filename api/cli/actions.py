"""What the commands do. Each takes settings and an output, and gives its exit code, if any."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import select

from api.cli.output import Output
from api.cli.printing import RARE, shows
from api.cli.state import Run, need_store, say_reference
from api.cli.tracking import wanted_milestones
from api.settings import Settings
from kb.days import read_day
from kb.errors import SourceError, StoreError, both
from kb.identifiers import sha256_hex
from tasks import schema
from tasks.abolished import abolished_in
from tasks.authorisation import Actor
from tasks.due import State
from tasks.graph import ego
from tasks.graph_export import Format, export_graph
from tasks.lifecycle import Life
from tasks.listed import count_units, list_ids
from tasks.listing import read_lives, read_register
from tasks.models import Extraction, Milestone
from tasks.queries import Placed, Register
from tasks.query import DayKind, DayWindow, Has, Query, Select, in_year, read_query
from tasks.run import run as run_query
from tasks.store import Store
from tasks.topics import needs_search
from tasks.visibility import visible_documents
from tasks.words import NOBODY, describe_due, describe_target

if TYPE_CHECKING:
    from api.assistant.answer import Assistant
    from api.assistant.model import WordedAssistant

    _Either = Assistant | WordedAssistant


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks `duban tasks` lists."""

    unit: str | None
    plan: str
    due_before: date | None
    overdue: bool
    undated: bool = False
    document: str = ""


def show_extraction(extraction: Extraction, out: Output) -> None:
    """What was found in a file, as a table; what needs a look; what was left out, with its words."""
    from api.cli.ingesting import show_findings  # noqa: PLC0415 - what asks the store reads no files

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
    from api.assistant.statements import with_marks  # noqa: PLC0415 - see `_opened`

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


def _opened(settings: Settings, register: Register, out: Output, store: Store) -> _Either:
    # Its import is a quarter of a second, which what lists duties does not need.
    from api.knowledge import open_assistant  # noqa: PLC0415

    return open_assistant(
        settings, register, lambda message: out.complain(out.side(message)), store=store
    )


@contextmanager
def _assistant(settings: Settings, out: Output) -> Iterator[_Either]:
    register = _register(settings)
    with Store.open(settings.store_url) as store:
        yield _opened(settings, register, out, store)


def ask_batch(settings: Settings, path: Path, as_of: date, out: Output) -> None:
    """Answer a file of questions, one a line, as words or as a JSON object; each answer is a JSON object."""
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
            plain = line.lstrip()[0] not in '{["'
            row = {"question": line.strip()} if plain else json.loads(line)
            row["question"], row.get("id")
            given = row.get("as_of")
            row["as_of"] = None if given in (None, "") else read_day(given)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SourceError(
                both(f"第 {number} 行不是问题", f"line {number} is no question", error),
                path=path,
                hint="每行一个问题, 或一个 JSON 对象: question, 可加 id、as_of、context / a question a line, or a JSON "
                "object: question, with id, as_of and context if wanted",
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
             _units(p, out.language), _dues(p, out.language, lambda m: register.life_of(m.id, day)))
            for p in found
        ],
    )  # fmt: skip
    out.say(f"共 {len(found)} 项", f"{len(found)} task(s)")
    say_reference(register.reference, wanted.document, out)


def _listed(
    run: Run, store: Store, actor: Actor, query: Query, day: date
) -> tuple[list[str], Register]:
    """The ids that a query gives, and the documents that these are of, as they stand on `day`."""
    today = run.day(None)
    with store.reading() as connection:
        found = list_ids(connection, query, reader=actor, as_of=day, today=today)
        documents = list(dict.fromkeys(place[2] for place in found.places))  # late, recorded at, id
        where = [schema.milestone.c.document_id.in_(documents)]
        lives = read_lives(connection, day, where, today=today)
    read = [store.load(key, corrected=True) for key in documents]
    register = Register(read, lambda _: lives, reference=store.reference())
    return [key for key, _ in found.ids], register


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
    day = run.day(as_of)
    with run.acting() as (store, actor):
        about = None
        if needs_search(asked):
            held = store.extractions()
            seen = visible_documents(store, actor, [e.document.id for e in held])
            register = Register([e for e in held if e.document.id in seen])
            about = _opened(run.settings, register, out, store).finder(actor, day)
        found = run_query(store, asked, reader=actor, as_of=day, today=run.day(None), about=about)
    out.json(found.model_dump(mode="json"))


def documents(settings: Settings, everything: bool, out: Output) -> None:
    """List the stored documents."""
    need_store(settings)
    with Store.open(settings.store_url) as store:
        found = store.documents(superseded=everything)
        with store.reading() as connection:
            ended = abolished_in(connection)
    if out.as_json:
        out.json(
            [
                d.model_dump(mode="json", exclude={"document": {"text"}})
                | {"abolished_by": ended[d.document.id].id if d.document.id in ended else None}
                for d in found
            ]
        )
        return
    out.table(
        [("编号", "id"), ("标题", "title"), ("文号", "number"), ("版本", "version"), ("督办", "tracked"), ("附件, 属于", "attachment of"), ("被取代、撤回、废止", "superseded, withdrawn, abolished")],
        [
            (d.document.id, d.document.title, d.document.document_number or "",
             f"{d.version} {out.pick('重新读取', 'read anew')}" if d.reading > 1 else d.version,
             out.pick("列入督办", "tracked") if d.tracked else out.pick("仅供查阅", "for reference"),
             d.attached_to or "",
             d.superseded_by or (d.withdrawn_at.date() if d.withdrawn_at else "")
             or (ended[d.document.id].told(out.pick("zh", "en")) if d.document.id in ended else ""))
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


def _dues(
    placed: Placed, language: str, life_of: Callable[[Milestone], Life | None] = lambda _: None
) -> str:
    said = (describe_due(m.due, language, life_of(m)) for m in placed.task.milestones)
    return "；".join(dict.fromkeys(said))

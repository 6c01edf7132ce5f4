"""A world whose duties have lived, with words planted in every part of their lives that a person
can write; and every way in which somebody who has not signed in can ask about them."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from api.service.limits import RateLimit
from tasks import schema
from tasks.authorisation import CONSOLE, PersonRole
from tasks.corrections import Aspect, Draft, Operation
from tasks.digest import DigestFormat
from tasks.due import State
from tasks.lifecycle import Command, Status, Step
from tasks.models import Extraction
from tasks.people import Person
from tests.api.service.contracts import test_matrix, test_page_matrix
from tests.api.service.test_mcp import run
from tests.api.service.world import OWN, SIGNED_IN, World, inside, unfold
from tests.tasks.samples import NOW, TODAY, unit_of

API = "/api/v1"
PARTS = (
    "report", "value", "file", "content", "extension", "return", "opinion", "correction", "person",
    "percent",
)  # fmt: skip


def planted(mark: str, value: str, percent: int) -> dict[str, re.Pattern[str]]:
    """What is looked for, by the part of a life that it stands in."""
    found = {part: re.compile(f"{mark}{part}") for part in PARTS}
    number = re.escape(value)
    found["value"] = re.compile(rf"(?<![\d.]){number}(?!\d)")
    found["percent"] = re.compile(
        rf'(?<![\d."x]){percent} ?%|"percent": ?{percent}\b|<v>{percent}</v>'
    )
    return found


OPEN = planted("ziyun", "41.97", 37)
CLOSED = planted("chixia", "52.83", 43)


def freeze(world: World) -> None:
    """Both apps hold the same day for today, whenever the test runs, and answer without end. Time
    goes on by what no page shows: what is kept of two questions is told apart by its moment."""
    ticks = itertools.count()

    def now() -> datetime:
        return NOW + timedelta(microseconds=next(ticks))

    for app in (world.app, world.closed_app):
        service = app.state.service
        service.now, service.today = now, (lambda: TODAY)
        service.ask_limit = RateLimit(100_000, 60)


def live(world: World) -> None:
    """Everything that can happen to duties happens, in the public document and in the closed one."""
    units = tuple(unit_of(name) for name in (OWN, "区应急局", "区住房城乡建委"))
    for extraction, mark, value, percent in (
        (world.open, "ziyun", "41.97", 37), (world.closed, "chixia", "52.83", 43),
    ):  # fmt: skip
        _live(world, extraction, mark, Decimal(value), percent, units)


def _live(
    world: World, extraction: Extraction, mark: str, value: Decimal, percent: int, units: tuple[str, ...]
) -> None:  # fmt: skip
    tracker, people = world.service.tracker, world.service.people
    person = Person(
        login=f"{mark}person", name=f"{mark}person", role=PersonRole.UNIT_OFFICER, units=units
    )
    people.add(CONSOLE, person, NOW)
    officer = people.get(person.login).actor()
    supervisor = people.get("supervisor").actor()
    first, second, *others = extraction.tasks
    [proof] = tracker.keep_evidence([(f"{mark}file.pdf", f"%PDF {mark}content".encode())])

    def step(step: Step, milestone: str, **fields: Any) -> None:
        unit = step in (Step.ACCEPT, Step.REPORT, Step.REQUEST_EXTENSION, Step.SUBMIT)
        command = Command(step=step, milestone_id=milestone, on=TODAY, **fields)
        tracker.perform(officer if unit else supervisor, command, NOW)

    due = first.milestones[0].id
    target = first.targets[0].id
    told = {"text": f"{mark}report", "percent": percent, "values": {target: value}}
    step(Step.ALLOW_LATE, due, reason=f"{mark}extension")
    step(Step.REQUEST_EXTENSION, due, reason=f"{mark}extension", new_date=date(2031, 3, 7))
    step(Step.APPROVE_EXTENSION, due)
    step(Step.REPORT, due, **told, evidence=(proof,))
    step(Step.SUBMIT, due, text=f"{mark}report")
    step(Step.RETURN, due, reason=f"{mark}return")
    step(Step.SUBMIT, due, **told)
    step(Step.APPROVE, due, text=f"{mark}opinion", reason=f"{mark}opinion")
    later = second.milestones[0]
    if later.due.rrule:
        step(Step.ACCEPT, later.id)
        step(Step.REPORT, later.id, text=f"{mark}report", percent=percent)
    else:
        step(Step.ACCEPT, later.id)
    for task in others:
        milestone = task.milestones[0]
        if milestone.due.event:
            tracker.record_event(officer, milestone.id, f"{mark}report", TODAY - timedelta(1), NOW)
            step(Step.ACCEPT, milestone.id)
            step(
                Step.REQUEST_EXTENSION,
                milestone.id,
                reason=f"{mark}extension",
                new_date=date(2031, 3, 7),
            )
        elif milestone.id:
            step(Step.CANCEL, milestone.id, reason=f"{mark}return")


def correct(world: World) -> None:
    """A supervisor corrects how both documents were read. How a document is read is no secret of
    whoever may see it; who corrected it, and why, is."""
    supervisor = world.service.people.get("supervisor").actor()
    for extraction, mark in ((world.open, "ziyun"), (world.closed, "chixia")):
        second = extraction.tasks[1]
        draft = Draft(
            task_id=second.id, aspect=Aspect.ROLE, operation=Operation.CHANGE,
            unit=second.responsibilities[-1].unit, new_role="lead", reason=f"{mark}correction",
        )  # fmt: skip
        world.service.tracker.correct(supervisor, draft, NOW)


QUESTIONS = (
    "逾期的任务有哪些？", "What is overdue?", "截至2030-01-01逾期的有哪些？", "本周到期的任务有哪些？",
    "整治隐患进展怎么样？", "How far along is the removal of hidden dangers?", "整治隐患逾期了吗？",
    "整治隐患什么时候完成？", "区水利局有哪些任务逾期？", "哪些任务已经办结？", "谁申请了延期？",
    "2025年到期的任务有哪些？", "Which tasks were returned, and why?",
)  # fmt: skip
CALLS = (
    ("tasks_of_unit", {"unit": OWN}), ("overdue", {}), ("overdue", {"as_of": "2030-01-01", "inherited": True}),
    ("overdue", {"unit": OWN, "as_of": "2030-01-01"}), ("target_value", {"text": ""}),
    ("target_value", {"text": "整治", "as_of": "2030-01-01"}), ("trace", {"words": "整治隐患"}),
    ("who_is_responsible", {"topic": "整治隐患"}), ("search", {"query": "整治隐患进展"}),
)  # fmt: skip
_FAR = {"as_of": "2030-01-01"}
_FORMS = [k.value for k in DigestFormat]
_STATES = [x.value for x in (*State, *Status)]
VARIANTS: Mapping[str, list[dict[str, Any]]] = {
    f"{API}/tasks": [{}, {"overdue": "true"}, {"overdue": "true"} | _FAR, {"unit": OWN}],
    f"{API}/tasks/{{task_id}}": [{}, _FAR],
    f"{API}/milestones": [{}, _FAR, {"unit": OWN}, {"limit": 2}, *({"status": x} for x in _STATES)],
    f"{API}/overdue": [{}, _FAR, {"inherited": "true"}, {"days": 2} | _FAR],
    f"{API}/overdue/counts": [{"by": b} | _FAR for b in ("unit", "plan", "role", "days")],
    f"{API}/due": [{}, {"within": 365, "inherited": "true"}],
    f"{API}/due/counts": [{"by": b, "within": 365} for b in ("unit", "days")],
    f"{API}/targets": [{}, _FAR],
    f"{API}/units/{{unit}}": [{}, _FAR],
    f"{API}/graph": [{"format": f} for f in ("json", "graphml", "dot")],
    f"{API}/digests/{{week}}": [
        {"format": f} | more
        for f in _FORMS
        for more in ({"lang": "en"}, {"unit": OWN}, {"unit": OWN} | _FAR)
    ],
    f"{API}/exports": [
        {"format": f} | more
        for f in ("xlsx", "csv", "jsonl", "docx", "ics")
        for more in ({}, {"by": "unit", "lang": "en"} | _FAR, {"overdue": "true"})
    ] + [{"format": "jsonl", "status": x} for x in ("overdue", "finished", "completed", "in_progress")],
    "/tasks": [
        {}, _FAR, *({"sort": x} for x in ("progress", "-progress", "state", "due")),
        *({"state": x} for x in ("open", "behind", *(s.value for s in State))),
        *({"status": s.value} for s in Status),
    ],
    "/tasks/export/{form}": [{}],
    "/units/{unit}": [{}],
    "/dashboard": [{}, _FAR],
    "/dashboard/digest": [{"week": w} | more for w in ("2026-W01", "2026-W20") for more in ({}, {"unit": OWN})],
    "/follow": [{}, {"silent": "true"}, {"late": "true", "unit": OWN}, {"select": "units", "unit": OWN}],
    "/": [{}, {"q": "整治隐患进展"}],
}  # fmt: skip
"""Parameters that choose what is shown; other routes are asked without any."""


def places(world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every GET route of the API and every page, for both documents, with its variants."""
    both = (world.open, world.closed)
    tasks = [task for e in both for task in e.tasks]
    known = {
        "document_id": [e.document.id for e in both], "task_id": [t.id for t in tasks],
        "milestone_id": [m.id for t in tasks for m in t.milestones],
        "target_id": [x.id for t in tasks for x in t.targets], "unit": [OWN, "区应急局"],
        "sha256": [world.evidence, *evidence_of(world)], "week": ["2026-W01"],
        "form": ["xlsx", "docx", "ics", "csv", *_FORMS], "login": ["own", "ziyunperson"],
        "job_id": ["job-0"], "page": [1], "conversation": ["talk-0"], "model": ["duban"], "language": ["en"],
        "correction_id": [world.correction],
    }  # fmt: skip
    tables = {**test_matrix.TABLE, **test_page_matrix.TABLE}
    for method, path in tables:
        names = re.findall(r"{(\w+)}", path)
        if method != "GET" or path.startswith("/language"):
            continue
        asked = tables[method, path][0].parameters
        for chosen in itertools.product(*(known[name] for name in names)):
            there = path.format(**dict(zip(names, chosen, strict=True)))
            for parameters in VARIANTS.get(path, [asked]):
                yield there, parameters
    yield "/sign-in", {"next": f"/tasks/{tasks[0].id}"}
    yield f"{API}/openapi.json", {}


def evidence_of(world: World) -> list[str]:
    """Digests of all that was sent as proof: they may be guessed by whoever has the file."""
    with world.service.store.reading() as connection:
        return sorted(connection.scalars(select(schema.evidence.c.sha256)))


def read(world: World, role: str, *, asks: bool = True) -> dict[str, str]:
    """Everything that somebody gets to read, by what was asked: status, headers and body as text;
    with `asks` also what is answered in other ways than to GET. Who is signed in comes by a
    browser, which pages ask for."""
    client = world.browser(role) if role in SIGNED_IN else world.client(role)
    found = {
        json.dumps([there, parameters], ensure_ascii=False): said(
            client.get(there, params=parameters, follow_redirects=False)
        )
        for there, parameters in places(world)
    }
    return found | (dict(answers(world, role)) if asks else {})


def answers(world: World, role: str) -> Iterator[tuple[str, str]]:
    """What the assistant says, on each of its ways, and the tools for language models."""
    client = world.client(role)
    for question in QUESTIONS:
        body = {"question": question, "as_of": str(TODAY)}
        yield f"ask {question}", said(client.post(f"{API}/ask", json=body))
        chat = {"messages": [{"role": "user", "content": question}]}
        yield f"chat {question}", said(client.post("/v1/chat/completions", json=chat))
    stream = {"Accept": "text/event-stream"}
    body = {"question": QUESTIONS[0], "as_of": "2030-01-01"}
    yield "stream", said(client.post(f"{API}/ask", json=body, headers=stream))
    chat = {"stream": True, "messages": [{"role": "user", "content": QUESTIONS[0]}]}
    yield "chat stream", said(client.post("/v1/chat/completions", json=chat))
    yield "form", said(client.post("/", data={"question": QUESTIONS[0]}))
    if role != "anonymous":
        for call, result in zip(CALLS, run(world, role, *CALLS), strict=True):
            told = json.dumps(result.model_dump(mode="json"), ensure_ascii=False)
            yield f"tool {call}", _settled(told)


_VOLATILE = frozenset({"x-request-id", "date", "set-cookie", "content-length"})


def said(answer: Any) -> str:
    """All that an answer tells but what is another with every request."""
    headers = {k: v for k, v in sorted(answer.headers.items()) if k not in _VOLATILE}
    text = unfold(inside(answer.content))
    return f"{answer.status_code} {headers}\n{_settled(text)}"


def _settled(text: str) -> str:
    for volatile in (
        r"<dcterms:modified.*?</dcterms:modified>", r'\\?"elapsed_ms\\?": ?[\d.]+', r'"created": ?\d+',
        r'"id": ?"chatcmpl-\w+"', r'"request_id": ?"[^"]*"', r"chatcmpl-[\w-]+",
    ):  # fmt: skip
        text = re.sub(volatile, "", text)
    return text

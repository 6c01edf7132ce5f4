"""Answers from the register: complete lists, each statement cited, a refusal where nothing says."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol

from api.assistant.understand import Intent, Question, understand
from ingest.pipeline import jurisdiction_of
from kb.lexical import LexicalIndex, Passage, tokenize
from kb.models import Citation, Clause, Fact, verify_quote
from tasks.due import DueItem, due_items, overdue
from tasks.models import Assignment, Basis, Certainty, Deadline, DueKind, Extraction, Role, Target
from tasks.organisations import Organisations, organisations_for
from tasks.queries import Placed, Register

_COVERED = 0.6
"""Share of the topic's pairs of characters that a clause must hold to count as about it."""
_SHOWN = 20
_ROLE_ZH = {
    Role.LEAD: "牵头",
    Role.RESPONSIBLE: "责任",
    Role.JOINT: "配合",
    Role.SUPERVISE: "监督",
    Role.APPROVE: "审批",
    Role.MEMBER: "成员",
}
_BEARING = (Role.LEAD, Role.RESPONSIBLE, Role.JOINT, Role.SUPERVISE, Role.APPROVE)


class Retriever(Protocol):
    """Finds the clauses that a question is about."""

    def search(self, query: str, limit: int = 10) -> list[tuple[str, float]]:
        """(clause id, score), best first."""
        ...


class UnitRole(Fact):
    """A unit that an answer names, and as what."""

    unit: str
    role: str


class Answer(Fact):
    """The JSON object of `duban ask --json`."""

    id: str | None = None
    question: str
    language: str
    intent: str
    answerable: bool
    answer: str
    units: tuple[UnitRole, ...] = ()
    tasks: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    as_of: date
    elapsed_ms: int = 0


class Assistant:
    """Answers questions about the documents of one register."""

    def __init__(self, register: Register, retriever: Retriever | None = None) -> None:
        self._register = register
        self._retriever = retriever or LexicalIndex(list(passages(register)))
        known: dict[str, Organisations] = {}
        for extraction in register.extractions:
            jurisdiction = jurisdiction_of(extraction.document)
            known.setdefault(str(jurisdiction), organisations_for(jurisdiction))
        self._organisations = tuple(known.values())

    def ask(self, text: str, *, as_of: date, identifier: str | None = None) -> Answer:
        """Answer one question, in its own language."""
        began = time.perf_counter()
        question = understand(text, self._organisations, as_of=as_of)
        answer = self._answer(question, as_of)
        for citation in answer.citations:
            extraction = self._register.document_of(citation.document_id)
            verify_quote(extraction.document.text, citation.span, citation.quote)
        elapsed = round((time.perf_counter() - began) * 1000)
        return answer.model_copy(update={"elapsed_ms": elapsed, "id": identifier})

    def _answer(self, q: Question, as_of: date) -> Answer:
        if q.intent is Intent.OVERDUE:
            return self._list_due(q, as_of, overdue(self._register.extractions, as_of))
        if q.intent is Intent.DUE:
            last = q.day or as_of
            items = due_items(self._register.extractions, as_of)
            return self._list_due(q, as_of, [i for i in items if as_of <= i.due <= last])
        if q.intent is Intent.PLANS:
            return self._plans(q, as_of)
        if q.intent is Intent.DOCUMENT_NUMBER:
            return self._numbers(q, as_of)
        if q.intent is Intent.TASKS_OF_UNIT and q.units:
            return self._tasks_of(q, as_of)
        if q.intent is Intent.SOURCE:
            return self._source(q, as_of)
        clauses = self._about(q)
        if not clauses:
            return self._refuse(q, as_of)
        if q.intent is Intent.WHO:
            return self._who(q, as_of, clauses)
        if q.intent is Intent.DEADLINE:
            return self._deadline(q, as_of, clauses)
        if q.intent is Intent.TARGET:
            return self._target(q, as_of, clauses)
        return self._quote(q, as_of, clauses[:1])

    # ---- finding

    def _about(self, q: Question) -> list[tuple[Extraction, Clause]]:
        """The clauses that the topic is about, best first; none where no clause holds most of it."""
        if not q.topic or (q.language == "en" and len(q.unknown) > len(q.topic.split())):
            return []
        found = []
        wanted = {t for t in tokenize(q.topic) if len(t) > 1} or set(tokenize(q.topic))
        for clause_id, _ in self._retriever.search(q.topic, 30):
            extraction, clause = self._register.clauses[clause_id]
            if len(self._register.tasks_in(clause_id)) == 0:
                continue
            have = set(tokenize(passage_text(extraction, clause)))
            share = len(wanted & have) / len(wanted)
            heading = set(tokenize(clause.heading))
            if share >= _COVERED:
                found.append((share, len(wanted & heading) / len(wanted), extraction, clause))
        best = max((share for share, *_ in found), default=0)
        kept = [item for item in found if item[0] >= best - 0.001]
        kept.sort(key=lambda item: -item[1])
        return [(extraction, clause) for _, _, extraction, clause in kept]

    # ---- answers, one a kind of question

    def _who(
        self, q: Question, as_of: date, clauses: Sequence[tuple[Extraction, Clause]]
    ) -> Answer:
        roles = q.roles or _BEARING
        for extraction, clause in clauses:
            placed = self._register.tasks_in(clause.id)
            owners = [a for p in placed for a in p.task.responsibilities if a.role in roles]
            if q.units:
                owners = [a for a in owners if a.unit in q.units] or owners
            if not owners:
                continue
            named = list(dict.fromkeys((a.unit, a.role.value) for a in owners))
            where = self._where(extraction, clause)
            words = self._owners(owners, q.language)
            units = len({unit for unit, _ in named})
            if q.language == "zh":
                text = f"“{clause.heading}”涉及 {units} 个单位：{words}。\n依据：{where}"
            else:
                text = f"{units} unit(s) for “{clause.heading}”: {words}.\nSource: {where}"
            if any(a.basis is Basis.INHERITED for a in owners):
                text += (
                    "\n（责任单位承自上级条款）"
                    if q.language == "zh"
                    else "\n(inherited from the clause above)"
                )
            cited = [self._cite(extraction, clause)]
            cited += [self._register.cite(extraction, clause, a.span) for a in owners]
            return self._made(q, as_of, text, cited, units=named, tasks=[p.task.id for p in placed])
        return self._refuse(q, as_of)

    def _tasks_of(self, q: Question, as_of: date) -> Answer:
        lines: list[str] = []
        cited: list[Citation] = []
        tasks: list[str] = []
        for unit in q.units:
            placed = self._register.tasks_of(unit)
            head = f"{self._name(unit, q.language)}："
            if q.language == "zh":
                lines.append(f"{head}共 {len(placed)} 项任务。")
            else:
                lines.append(f"{head} {len(placed)} task(s).")
            for p in placed:
                mine = [a for a in p.task.responsibilities if a.unit == unit]
                named = dict.fromkeys(self._role(a.role, q.language) for a in mine)
                roles = ("、" if q.language == "zh" else ", ").join(named)
                extraction = self._register.document_of(p.document.id)
                lines.append(f"· [{roles}] {p.task.title}（{p.plan.title} {p.clause.path}）")
                tasks.append(p.task.id)
                cited.append(self._cite(extraction, p.clause))
        if not tasks:
            return self._refuse(q, as_of)
        units = [(unit, "responsible") for unit in q.units]
        return self._made(q, as_of, "\n".join(lines), cited, units=units, tasks=tasks)

    def _deadline(
        self, q: Question, as_of: date, clauses: Sequence[tuple[Extraction, Clause]]
    ) -> Answer:
        for own in (True, False):
            for extraction, clause in clauses:
                lines, cited, tasks = [], [self._cite(extraction, clause)], []
                for p in self._register.tasks_in(clause.id):
                    for m in p.task.milestones:
                        inherited = Certainty.INHERITED in m.due.certainty
                        if own and inherited:
                            continue
                        lines.append(f"· {m.commitment}：{describe_due(m.due, q.language)}")
                        tasks.append(p.task.id)
                        if m.due.span and clause.span.contains(m.due.span):
                            cited.append(self._register.cite(extraction, clause, m.due.span))
                if lines:
                    where = self._where(extraction, clause)
                    label = "依据：" if q.language == "zh" else "Source: "
                    text = "\n".join([*lines, f"{label}{where}"])
                    return self._made(q, as_of, text, cited, tasks=list(dict.fromkeys(tasks)))
        return self._refuse(q, as_of)

    def _target(
        self, q: Question, as_of: date, clauses: Sequence[tuple[Extraction, Clause]]
    ) -> Answer:
        wanted = set(tokenize(q.topic))
        ranked: list[tuple[float, Extraction, Placed, Target]] = []
        for extraction, clause in clauses:
            for p in self._register.tasks_in(clause.id):
                for t in p.task.targets:
                    words = set(tokenize(f"{t.scope or ''}{t.metric}{t.quote}"))
                    ranked.append((len(wanted & words) / max(len(wanted), 1), extraction, p, t))
        if q.year:
            ranked = [r for r in ranked if self._year_of(r[2], r[3]) == q.year]
        best = max((share for share, *_ in ranked), default=0)
        kept = [r for r in ranked if r[0] >= best - 0.05 and best >= 0.4]
        if not kept:
            return self._refuse(q, as_of)
        lines, cited, tasks = [], [], []
        for _, extraction, p, t in kept[:_SHOWN]:
            lines.append(f"· {describe_target(t)}（{p.plan.title} {p.clause.path}）")
            cited.append(self._register.cite(extraction, p.clause, t.span))
            tasks.append(p.task.id)
        return self._made(q, as_of, "\n".join(lines), cited, tasks=list(dict.fromkeys(tasks)))

    def _source(self, q: Question, as_of: date) -> Answer:
        numbers = [t for t in tokenize(q.text) if t[0].isdigit() and len(t) > 1]
        places = []
        for extraction, clause in self._about(q):
            for p in self._register.tasks_in(clause.id):
                for t in p.task.targets:
                    if not numbers or any(n in t.quote for n in numbers):
                        places.append(self._register.cite(extraction, clause, t.span))
        if not places:
            about = self._about(q)[:1]
            return self._quote(q, as_of, about) if about else self._refuse(q, as_of)
        lines = []
        for c in places[:_SHOWN]:
            extraction, clause = self._register.clauses[str(c.clause_id)]
            lines.append(f"· “{_flat(c.quote)}” {self._where(extraction, clause)}")
        return self._made(q, as_of, "\n".join(lines), places)

    def _quote(
        self, q: Question, as_of: date, clauses: Sequence[tuple[Extraction, Clause]]
    ) -> Answer:
        lines, cited = [], []
        for extraction, clause in clauses:
            words = _flat(clause.span.slice(extraction.document.text))[:400]
            lines.append(f"{self._where(extraction, clause)}：{words}")
            cited.append(self._cite(extraction, clause))
        return self._made(q, as_of, "\n".join(lines), cited)

    def _list_due(self, q: Question, as_of: date, items: Sequence[DueItem]) -> Answer:
        items = [i for i in items if not q.units or any(a.unit in q.units for a in i.units)]
        own = [i for i in items if not i.inherited]
        inherited = len(items) - len(own)
        zh = q.language == "zh"
        lines = [
            f"截至 {as_of}：{len(own)} 项（另有 {inherited} 项只有计划期限）。"
            if zh
            else f"As of {as_of}: {len(own)} item(s) ({inherited} more by their plan's end only)."
        ]
        cited: list[Citation] = []
        for i in own:
            extraction, clause = self._register.clauses[i.clause_id]
            cited.append(self._cite(extraction, clause))
            lines.append(describe_item(i, q.language))
        return self._made(
            q, as_of, "\n".join(lines), cited, tasks=list(dict.fromkeys(i.task_id for i in own))
        )

    def _plans(self, q: Question, as_of: date) -> Answer:
        lines, cited = [], []
        for extraction in self._register.extractions:
            for plan in extraction.plans:
                lines.append(f"{plan.number}. {plan.title}")
                cited.append(
                    Citation(
                        document_id=extraction.document.id,
                        clause_id=None,
                        path=str(plan.number),
                        span=plan.span,
                        quote=plan.span.slice(extraction.document.text),
                    )
                )
        head = f"共 {len(lines)} 个计划：" if q.language == "zh" else f"{len(lines)} plan(s):"
        return self._made(q, as_of, "\n".join([head, *lines]), cited)

    def _numbers(self, q: Question, as_of: date) -> Answer:
        lines, cited = [], []
        for extraction in self._register.extractions:
            for policy in extraction.policies:
                if policy.document_number and _share(q.topic, policy.title) >= _COVERED:
                    clause = self._register.clauses[policy.clause_id][1]
                    lines.append(f"· 《{policy.title}》 {policy.document_number}")
                    cited.append(self._register.cite(extraction, clause, policy.span))
        if not lines:
            for extraction in self._register.extractions:
                d = extraction.document
                at = d.text.find(d.document_number or "\0")
                if at < 0 or not d.document_number:
                    continue
                clause = extraction.clauses[0]
                span = type(clause.span)(at, at + len(d.document_number))
                lines.append(f"· {d.title}：{d.document_number}")
                cited.append(self._register.cite(extraction, clause, span))
        if not lines:
            return self._refuse(q, as_of)
        return self._made(q, as_of, "\n".join(lines), cited)

    # ---- words

    def _refuse(self, q: Question, as_of: date) -> Answer:
        """Nothing supports an answer: says so, and names the nearest clauses."""
        near = self._retriever.search(q.topic, 3) if q.topic else []
        names = [self._where(*self._register.clauses[clause_id]) for clause_id, _ in near]
        if q.language == "zh":
            text = "文件里没有找到依据，不作回答。"
            text += f"最接近的条款：{'；'.join(names)}" if names else ""
        else:
            text = "The documents do not say; no answer is given."
            text += f" Nearest clauses: {'; '.join(names)}" if names else ""
        return self._made(q, as_of, text, [], answerable=False)

    def _made(
        self,
        q: Question,
        as_of: date,
        text: str,
        citations: Iterable[Citation],
        *,
        units: Iterable[tuple[str, str]] = (),
        tasks: Iterable[str] = (),
        answerable: bool = True,
    ) -> Answer:
        return Answer(
            question=q.text,
            language=q.language,
            intent=q.intent.value,
            answerable=answerable,
            answer=text,
            units=tuple(UnitRole(unit=unit, role=role) for unit, role in units),
            tasks=tuple(tasks),
            citations=tuple(dict.fromkeys(citations)),
            as_of=as_of,
        )

    def _cite(self, extraction: Extraction, clause: Clause) -> Citation:
        return self._register.cite(extraction, clause, clause.span)

    def _where(self, extraction: Extraction, clause: Clause) -> str:
        plan = next(p for p in extraction.plans if p.id == clause.plan_id)
        number = extraction.document.document_number
        return f"{number + ' ' if number else ''}《{plan.title}》{clause.path} {clause.heading}"

    def _owners(self, owners: Sequence[Assignment], language: str) -> str:
        by_unit: dict[str, list[str]] = {}
        for a in owners:
            by_unit.setdefault(a.unit, []).append(self._role(a.role, language))
        return ("、" if language == "zh" else ", ").join(
            _with_note(self._name(unit, language), dict.fromkeys(roles), language)
            for unit, roles in by_unit.items()
        )

    def _name(self, unit: str, language: str) -> str:
        if language == "zh":
            return unit
        found = [u for u in (o.resolve(unit) for o in self._organisations) if u]
        return f"{unit} ({found[0].english})" if found else unit

    def _role(self, role: Role, language: str) -> str:
        return _ROLE_ZH[role] if language == "zh" else role.value

    def _year_of(self, placed: Placed, target: Target) -> int | None:
        due = next((m.due for m in placed.task.milestones if m.id == target.milestone_id), None)
        return due.date.year if due and due.date else None


def passages(register: Register) -> Iterable[Passage]:
    """What the lexical index holds of each clause: its plan's title, heading path and text."""
    for extraction, clause in register.clauses.values():
        yield Passage(clause.id, passage_text(extraction, clause))


def passage_text(extraction: Extraction, clause: Clause) -> str:
    """The searchable text of a clause. Line breaks inside words are taken out."""
    return _flat(clause.span.slice(extraction.document.text))


def _flat(text: str) -> str:
    return "".join(text.split())


def _with_note(name: str, notes: Iterable[str], language: str) -> str:
    if language == "zh":
        return f"{name}（{'、'.join(notes)}）"
    return f"{name} [{', '.join(notes)}]"


def _share(topic: str, text: str) -> float:
    wanted = {t for t in tokenize(topic) if len(t) > 1}
    return len(wanted & set(tokenize(text))) / len(wanted) if wanted else 0.0


def describe_target(t: Target) -> str:
    """A target in a line: scope, metric, comparator, value."""
    signs = {">=": "≥", "<=": "≤", "~": "约"}
    value = f"{t.value.normalize():f}" if t.value else "0"
    notes = [n for n, on in (("力争", t.stretch), ("原文有缺字, 数值存疑", t.uncertain)) if on]
    per = "/年" if t.per == "year" else ""
    note = f"（{'，'.join(notes)}）" if notes else ""
    sign = signs.get(t.comparator.value, t.comparator.value)
    return f"{t.scope or ''}{t.metric} {sign} {value}{t.measure or ''}{per}{note}"


def describe_due(due: Deadline, language: str) -> str:
    """A deadline in a line, its certainty said where it is not explicit."""
    zh = language == "zh"
    if due.kind is DueKind.RECURRING:
        text = f"{'每期' if zh else 'recurring'} {due.rrule}"
    elif due.kind is DueKind.RELATIVE:
        text = f"{due.event} + {due.duration}"
    elif due.kind is DueKind.START:
        text = f"{due.date} {'起' if zh else '(start)'}"
    else:
        text = f"{due.date} {'前' if zh else ''}".strip()
    notes = {
        Certainty.REPAIRED: ("原文有缺字, 已修复读出", "read from repaired text"),
        Certainty.AMBIGUOUS: ("“年前”有两解", "ambiguous"),
        Certainty.INHERITED: ("计划期限", "the plan's end"),
    }
    shown = [notes[c][0 if zh else 1] for c in due.certainty if c in notes]
    return f"{text}（{'；'.join(shown)}）" if shown else text


def describe_item(item: DueItem, language: str) -> str:
    """One due or overdue milestone in a line."""
    units = "、".join(dict.fromkeys(a.unit for a in item.units)) or "—"
    if language == "zh":
        days = f"逾期 {item.days} 天, 未报告进展" if item.days > 0 else f"还有 {-item.days} 天"
    else:
        days = (
            f"{item.days} days overdue, no progress reported"
            if item.days > 0
            else f"in {-item.days} days"
        )
    return f"· {item.due}（{days}）{item.path} {item.commitment}（{units}）"

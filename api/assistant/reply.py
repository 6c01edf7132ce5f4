"""What an answer is, and the words and citations that all answers are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from enum import StrEnum
from itertools import groupby

from api.assistant.asked import Asked
from api.assistant.evidence import evidence_model, find_evidence
from api.assistant.intents import Intent, find_roles
from api.assistant.question import Question
from api.assistant.search import ClauseSearch, Found, Sentence, sentences
from api.assistant.statements import Statement, Stating
from api.assistant.whose import marked
from kb.chunks import Chunk, flatten
from kb.expansion import QueryExpander
from kb.language.organisations import Organisations, organisations_for
from kb.language.roles import Role
from kb.models import Citation, Clause, Fact, Plan, Span
from kb.retrieval import HybridRetriever
from tasks.models import Assignment, Basis, Extraction, Target
from tasks.queries import Placed, Register
from tasks.units import jurisdiction_of
from tasks.words import (
    describe_due,
    role_name,
    with_note,
)

Build = Callable[[Sequence[Chunk], QueryExpander], HybridRetriever]
BEARING = (Role.LEAD, Role.RESPONSIBLE, Role.JOINT, Role.SUPERVISE, Role.APPROVE)
"""Roles that bear a duty; a member of a group bears none by that."""
QUOTED = 700
_NEAR = 3


class UnitRole(Fact):
    """A unit that an answer names, and as what."""

    unit: str
    role: str


class AnswerOutcome(StrEnum):
    """How far the documents answer: the answer is proved; there are sentences about it that do not
    prove one; there is nothing about it; the question has to say more."""

    CERTAIN = "certain"
    RELATED = "related"
    NONE = "none"
    ASK_BACK = "ask_back"


class Answer(Fact):
    """The JSON object of `duban ask --json`; `statements` are the lines of `answer` with what each
    rests on. `answerable` is true of `certain` only."""

    id: str | None = None
    question: str
    language: str
    intent: str
    outcome: AnswerOutcome
    answerable: bool
    answer: str
    units: tuple[UnitRole, ...] = ()
    tasks: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    statements: tuple[Statement, ...] = ()
    as_of: date
    elapsed_ms: int = 0


class Refusal(Fact):
    """Why nothing is answered. `silent`: only because nothing was found that proves an answer, so
    that sentences about the question may be shown."""

    zh: str
    en: str
    silent: bool = False


SILENT = Refusal(zh="文件里没有找到依据，不作回答。", en="The documents do not say; no answer is given.", silent=True)  # fmt: skip
PERSON = Refusal(
    zh="文件里没有这类个人信息（姓名、电话等），不作回答。",
    en="The documents hold no such personal details; no answer is given.",
)
ELSEWHERE = Refusal(
    zh="问的是别的地方，库中文件没有涉及，不作回答。",
    en="This asks about another place that the documents do not cover; no answer is given.",
)
LOST = Refusal(
    zh="原文此处缺字，数值看不到，不能猜测，不作回答。",
    en="The characters of this value are lost in the source; it cannot be known, no answer is given.",
)


class Composer:
    """Makes answers over one register.

    Args:
        register: the documents.
        build: makes the retriever when a question first needs one.
    """

    def __init__(self, register: Register, build: Build) -> None:
        self.register = register = register.locally_named
        self.organisations = _organisations_of(register)
        words = sorted({w for o in self.organisations for w in o.words()})
        self.search = ClauseSearch(register, build, words)
        self.stating = Stating(register, self.organisations)

    def narrow(self, register: Register) -> None:
        """Answer from these of the documents only, with the index over all of them."""
        self.register = register = register.locally_named
        self.organisations = _organisations_of(register)
        self.search = self.search.within(register)
        self.stating = Stating(register, self.organisations)

    def _words(self, q: Question) -> list[str]:
        topic = q.topic if not q.plan or self._plans_called(q.plan) else f"{q.plan} {q.topic}"
        words = self.search.words(topic) or self.search.words(q.search)
        if q.intent is Intent.WHO and Role.LEAD in q.roles:
            # In which role is asked; 监督 and 审核 may be what the duty is.
            lead = (Role.LEAD,)
            words = [
                w for w in words if find_roles(w, w, q.intent, has_unit=False) != lead
            ] or words
        return words

    def _listed_of(self, p: Placed) -> list[Assignment]:
        return [a for a in p.task.responsibilities if a.basis is Basis.LISTED]

    def _listed(self, f: Found) -> list[tuple[str, str]]:
        if f.clause is None:
            return []
        placed = self.register.tasks_in(f.clause.id)
        owners = [a for p in placed for a in p.task.responsibilities if a.role in BEARING]
        return list(dict.fromkeys((a.unit, a.role.value) for a in owners))

    def _listing(self, q: Question) -> Register:
        """What lists and counts are made of: the tracked documents; all of them where the question
        names only plans, or only units, of documents for reference."""
        tracked = self.register.tracked
        if plans := self._plans_called(q.plan):
            listed = {p.id for e in tracked.extractions for p in e.plans}
            return self.register if listed.isdisjoint(plans) else tracked
        if q.units and not any(tracked.tasks_of(unit) for unit in q.units):
            return self.register
        return tracked

    def _plans_called(self, name: str) -> set[str]:
        """Ids of the plans whose titles a name fits best, of tracked documents before others;
        none where none fits."""
        if not name:
            return set()
        ranked = []
        for extraction in self.register.extractions:
            for plan in extraction.plans:
                held = sum(c in plan.title for c in set(name)) / len(set(name))
                pairs = {name[i : i + 2] for i in range(len(name) - 1)}
                share = sum(p in plan.title for p in pairs) / len(pairs) if pairs else 0
                ranked.append((0.3 * held + 0.7 * share, plan.id))
        best = max((score for score, _ in ranked), default=0)
        found = {key for score, key in ranked if score == best} if best >= 0.45 else set()
        own = {p.id for e in self.register.tracked.extractions for p in e.plans}
        return found & own or found

    def _when(self, placed: Placed, target: Target, language: str) -> str:
        """（2025-12-31 前）: a target's day; empty where it has none."""
        due = next((m.due for m in placed.task.milestones if m.id == target.milestone_id), None)
        return f"（{describe_due(due, language)}）" if due and due.date else ""

    def _roles_said(self, q: Question) -> str:
        """The roles that a question asks about: 牵头、配合, or lead, joint."""
        return ("、" if q.language == "zh" else ", ").join(
            role_name(x, q.language) for x in q.roles
        )

    def _quoted(self, q: Question, f: Found, words: Sequence[str]) -> list[str]:
        """The clause's own words: whole where short, else its best sentences in order."""
        assert f.clause is not None  # noqa: S101
        label = "原文：" if q.language == "zh" else "Text: "
        whole = flatten(f.clause.span.slice(f.extraction.document.text))
        if len(whole) <= QUOTED:
            return [label + whole]
        inside = sentences(f.extraction, f.clause)
        ranked = sorted(inside, key=lambda s: -self.search.coverage(words, s.text))
        kept: list[Sentence] = []
        for s in ranked:
            if sum(len(k.text) for k in kept) + len(s.text) <= QUOTED or not kept:
                kept.append(s)
        kept.sort(key=lambda s: s.span.start)
        return [label + "……".join(flatten(s.text) for s in kept)]

    def _source_line(self, q: Question, f: Found) -> str:
        label = "依据：" if q.language == "zh" else "Source: "
        return label + self._where(f)

    def _where(self, f: Found) -> str:
        number = f.extraction.document.document_number
        head = f"{number} " if number else ""
        if f.clause is None:
            return f"{head}{f.extraction.document.title}"
        plan = self._plan_of(f.extraction, f.clause)
        return f"{head}《{plan.title}》{f.clause.path} {f.clause.heading}"

    def _plan_of(self, extraction: Extraction, clause: Clause) -> Plan:
        return next(p for p in extraction.plans if p.id == clause.plan_id)

    def _refuse(
        self,
        q: Question,
        as_of: date,
        found: Sequence[Found],
        why: Refusal = SILENT,
        outcome: AnswerOutcome = AnswerOutcome.NONE,
    ) -> Answer:
        """Nothing proved an answer: where nothing else speaks against one, the sentences that say
        most about it; else says why, and names the nearest clauses."""
        if why.silent and (answer := self._from_evidence(q, as_of)):
            return answer
        names = [self._where(f) for f in found[:_NEAR] if f.clause is not None]
        if q.language == "zh":
            text = why.zh + (f"最接近的条款：{'；'.join(names)}" if names else "")
        else:
            text = why.en + (f" Nearest clauses: {'; '.join(names)}" if names else "")
        return self._made(q, as_of, text, [], outcome=outcome)

    def _from_evidence(self, q: Question, as_of: date, *, strict: bool = False) -> Answer | None:
        """The sentences that say most about a question; as its answer where that is probable and,
        with `strict`, they hold a value of every kind asked for."""
        if not self.register.extractions or not q.search.strip() or q.of_a_day:
            return None
        evidence = find_evidence(q, self.search)
        model = evidence_model()
        if evidence is None or evidence.probability < model.related:
            return None
        certain = evidence.probability >= model.certain and evidence.of_year
        certain = certain and not (strict and evidence.unsaid)
        lines = (
            []
            if certain
            else [_related(evidence.unsaid, None if evidence.of_year else q.year, q.language)]
        )
        cited: list[Citation] = []
        label = "原文：" if q.language == "zh" else "Text: "
        for _, group in groupby(evidence.quoted, key=lambda c: c.found.chunk.clause_id or c.found.chunk.id):  # fmt: skip
            inside = list(group)
            f = inside[0].found
            spans = _joined(f.extraction.document.text, [c.sentence.span for c in inside])
            quotes = [self._cite_span(f, span) for span in spans]
            lines += [label + "……".join(flatten(c.quote) for c in quotes), self._source_line(q, f)]
            cited += quotes
        return self._made(
            q, as_of, "\n".join(lines), cited,
            outcome=AnswerOutcome.CERTAIN if certain else AnswerOutcome.RELATED,
        )  # fmt: skip

    def _made(
        self,
        q: Question,
        as_of: date,
        text: str,
        citations: Iterable[Citation],
        *,
        units: Iterable[tuple[str, str]] = (),
        tasks: Iterable[str] = (),
        outcome: AnswerOutcome = AnswerOutcome.CERTAIN,
    ) -> Answer:
        named = tuple(UnitRole(unit=unit, role=role) for unit, role in units)
        about = tuple(dict.fromkeys(tasks))
        cited, statements = self.stating.state(
            text, tuple(dict.fromkeys(citations)), units=dict.fromkeys(u.unit for u in named),
            tasks=about, window=q.intent in (Intent.DUE, Intent.OVERDUE),
        )  # fmt: skip
        text, statements = marked(self.register, text, cited, statements, q.language)
        return Answer(
            question=q.text,
            language=q.language,
            intent=q.intent.value,
            outcome=outcome,
            answerable=outcome is AnswerOutcome.CERTAIN,
            answer=text,
            units=named,
            tasks=about,
            citations=cited,
            statements=statements,
            as_of=as_of,
        )

    def _cite(self, f: Found) -> Citation:
        assert f.clause is not None  # noqa: S101
        return self.register.cite(f.extraction, f.clause, f.clause.span)

    def _cite_span(self, f: Found, span: Span) -> Citation:
        if f.clause is None:
            return self._citation_of_text(f, span)
        return self.register.cite(f.extraction, f.clause, span)

    def _citation_of_text(self, f: Found, span: Span | None = None) -> Citation:
        span = span or f.chunk.span or Span(0, 1)
        quote = span.slice(f.extraction.document.text)
        return Citation(document_id=f.extraction.document.id, clause_id=None, path="", span=span, quote=quote)  # fmt: skip

    def _owners(self, owners: Sequence[Assignment], language: str) -> str:
        by_unit: dict[str, list[str]] = {}
        for a in owners:
            by_unit.setdefault(a.unit, []).append(role_name(a.role, language))
        return ("、" if language == "zh" else ", ").join(
            with_note(self._name(unit, language), dict.fromkeys(roles), language)
            for unit, roles in by_unit.items()
        )

    def _name(self, unit: str, language: str) -> str:
        if language == "zh":
            return unit
        found = [u for u in (o.resolve(unit) for o in self.organisations) if u]
        return f"{unit} ({found[0].english})" if found else unit


_UNSAID = {
    Asked.MEASURED: ("数值", "a number"),
    Asked.MONEY: ("金额", "an amount of money"),
    Asked.RATIO: ("比例", "a share"),
    Asked.TIME: ("时间", "a time"),
    Asked.COUNT: ("数量", "a count"),
    Asked.PARTY: ("单位", "a unit"),
    Asked.CONTACT: ("联系方式", "contact details"),
}


def _related(unsaid: Iterable[Asked], year: int | None, language: str) -> str:
    """What is said above sentences that prove no answer: the kinds of value that they lack, and
    the year asked about where nothing is about it."""
    names = [_UNSAID[kind] for kind in Asked if kind in set(unsaid)]
    if language == "zh":
        lacks = [f"没有写所问的{'、'.join(zh for zh, _ in names)}"] if names else []
        lacks += [f"没有写{year}年"] if year else []
        lack = f"，其中{'，'.join(lacks)}" if lacks else ""
        return f"没有找到能直接回答的条文；以下原文与问题最接近{lack}，请自行判断。"
    lacks = [en for _, en in names] + ([f"anything of {year}"] if year else [])
    lack = f", without {', '.join(lacks)} as asked" if lacks else ""
    return f"No clause answers this directly; these are the nearest passages{lack}. Please judge for yourself."


def _joined(text: str, spans: Sequence[Span]) -> list[Span]:
    """Spans of sentences, with those that follow one another made one."""
    found: list[Span] = []
    for span in spans:
        if found and not text[found[-1].end : span.start].strip():
            found[-1] = Span(found[-1].start, span.end)
        else:
            found.append(span)
    return found


def _organisations_of(register: Register) -> tuple[Organisations, ...]:
    known: dict[str, Organisations] = {}
    for extraction in register.extractions:
        jurisdiction = jurisdiction_of(extraction.document)
        known.setdefault(str(jurisdiction), organisations_for(jurisdiction))
    return tuple(known.values())

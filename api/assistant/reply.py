"""What an answer is, and the words and citations that all answers are made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import date
from enum import StrEnum
from itertools import groupby
from typing import Any

from pydantic import computed_field, field_serializer

from api.assistant.asked import asked_items, most_items
from api.assistant.cues import roles_asked
from api.assistant.denials import related
from api.assistant.evidence import Evidence, evidence_model, find_evidence
from api.assistant.question import Question
from api.assistant.scope import Scope
from api.assistant.search import ClauseSearch, Found
from api.assistant.statements import Line, Lines, Statement, Stating
from api.assistant.statements import joined as joined_statements
from api.assistant.topics import topic_words
from api.assistant.whose import marked
from kb.chunks import Chunk, flatten
from kb.expansion import QueryExpander
from kb.language.organisations import Organisations, organisations_for
from kb.language.quantities import find_quantities
from kb.language.roles import Role
from kb.models import Citation, Fact, Span
from kb.retrieval import HybridRetriever
from tasks.due import State
from tasks.models import Assignment, Target
from tasks.queries import Placed, Register
from tasks.query import Operation, Query, QueryOrder, Select
from tasks.units import jurisdiction_of
from tasks.words import (
    describe_due,
    role_name,
    with_note,
)

Build = Callable[[Sequence[Chunk], QueryExpander], HybridRetriever]
_NEAR = 3


_INTENTS = {
    Select.UNITS: "who", Select.DUTIES: "list", Select.MILESTONES: "due", Select.WORK: "deadline",
    Select.TARGETS: "target-value", Select.CLAUSES: "trace", Select.PLANS: "plans",
    Select.DOCUMENTS: "plans", Select.MEMBERS: "members", Select.FIELD: "document",
    Select.POLICIES: "policy-lookup", Select.TEXT: "definition",
}  # fmt: skip
_COUNTING = (Operation.COUNT, Operation.MOST, Operation.LEAST, Operation.SHARE)
_ALONE = 0.05
"""A question that is answered by itself with a probability at most so much below that with the words
of those before it inherits none: of 17 turns those of themselves were within .05, the others .11 and
more below."""


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
    rests on. `answerable` is true of `certain` only. `query` is how the question was understood,
    `understood` the same in words."""

    id: str | None = None
    question: str
    language: str
    outcome: AnswerOutcome
    answerable: bool
    answer: str
    units: tuple[UnitRole, ...] = ()
    tasks: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    statements: tuple[Statement, ...] = ()
    as_of: date
    elapsed_ms: int = 0
    query: Query | None = None
    understood: str = ""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def intent(self) -> str:
        """What was asked for, in a word, as the query says it."""
        query = self.query
        if query is None:
            return _INTENTS[Select.TEXT]
        if query.group_by or query.operation in _COUNTING or query.order_by is QueryOrder.COUNT:
            return "aggregate"
        if State.OVERDUE in query.states:
            return "overdue"
        if query.select is Select.MILESTONES and query.order_by is None:
            return "deadline"
        if query.select is Select.DUTIES and query.units:
            return "tasks-of-unit"
        return _INTENTS[query.select]

    @field_serializer("query")
    def _short(self, query: Query | None) -> dict[str, Any] | None:
        """Without what is left open."""
        if query is None:
            return None
        return query.model_dump(mode="json", by_alias=True, exclude_defaults=True)


class Refusal(Fact):
    """Why nothing is answered. `silent`: only because nothing was found that proves an answer, so
    that sentences about the question may be shown."""

    zh: str
    en: str
    silent: bool = False


SILENT = Refusal(zh="文件里没有找到依据，不作回答。", en="The documents do not say; no answer is given.", silent=True)  # fmt: skip
PERSON = Refusal(
    zh="找到的原文里没有这类个人信息（姓名、电话等），不作回答。",
    en="The passages found hold no such personal details; no answer is given.",
)
ELSEWHERE = Refusal(
    zh="问的是别的地方，库中文件没有涉及，不作回答。",
    en="This asks about another place that the documents do not cover; no answer is given.",
)
LOST = Refusal(
    zh="原文此处缺字，数值看不到，不能猜测，不作回答。",
    en="The characters of this value are lost in the source; it cannot be known, no answer is given.",
)


class Composer(ABC):
    """Makes answers over one register.

    Args:
        register: the documents.
        build: makes the retriever when a question first needs one.
    """

    def __init__(self, register: Register, build: Build) -> None:
        words = {w for o in _organisations_of(register.locally_named) for w in o.words()}
        self._over(register, ClauseSearch(register.locally_named, build, sorted(words)))

    def narrow(self, register: Register) -> None:
        """Answer from these of the documents only, with the index over all of them."""
        self._over(register, self.search.within(register.locally_named))

    def _over(self, register: Register, search: ClauseSearch) -> None:
        self.register, self.search = register.locally_named, search
        self.organisations = _organisations_of(self.register)
        self.scope = Scope(self.register, search, self.organisations)
        self.stating = Stating(self.register, self.organisations)

    def _words(self, q: Question) -> list[str]:
        topic = q.topic if not q.plan or self.scope.plans(q.plan) else f"{q.plan} {q.topic}"
        words = self.search.words(topic) or self.search.words(q.search)
        if q.select is Select.UNITS and Role.LEAD in q.roles:
            # In which role is asked; 监督 and 审核 may be what the duty is.
            lead = (Role.LEAD,)
            words = [w for w in words if roles_asked(w) != lead] or words
        return words

    def _subject(self, q: Question) -> list[str]:
        """The words that say what a question is about, without those that name documents."""
        if not q.about:
            return []
        told = self._words(q)
        said = self.search.words(topic_words(q.subject)) if q.subject else told
        titles = [self.register.document_of(key).document.title for key in q.documents]
        words = [w for w in said if w in told and not any(w in title for title in titles)]
        return [w for w in dict.fromkeys(words) if len(w) > 1 and not _is_counted(w)]

    def _when(self, placed: Placed, target: Target, language: str) -> str:
        """（2025-12-31 前）: a target's day; empty where it has none."""
        due = next((m.due for m in placed.task.milestones if m.id == target.milestone_id), None)
        return f"（{describe_due(due, language)}）" if due and due.date else ""

    def _roles_said(self, q: Question) -> str:
        """The roles that a question asks about: 牵头、配合, or lead, joint."""
        return ("、" if q.language == "zh" else ", ").join(
            role_name(x, q.language) for x in q.roles
        )

    def _source_line(self, q: Question, f: Found) -> str:
        label = "依据：" if q.language == "zh" else "Source: "
        return label + self._where(f)

    def _where(self, f: Found) -> str:
        number = f.extraction.document.document_number
        head = f"{number} " if number else ""
        if f.clause is None:
            return f"{head}{f.extraction.document.title}"
        return f"{head}《{self.scope.call(f.clause.plan_id)}》{f.clause.path} {f.clause.heading}"

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
        return self._made(q, as_of, Lines((Line(text),)), outcome)

    def _from_evidence(
        self, q: Question, as_of: date, *, keep: Callable[[Chunk], bool] | None = None, proven: bool = False
    ) -> Answer | None:  # fmt: skip
        """The sentences that say most about a question; as its answer where that is probable;
        `proven`: what `keep` lets through is known to be asked about."""
        if not self.register.extractions or not q.search.strip() or q.of_a_day:
            return None
        evidence = find_evidence(q, self.search, keep)
        model = evidence_model()
        if evidence and q.before and not proven:
            alone = find_evidence(q.model_copy(update={"before": ""}), self.search, keep)
            if alone and alone.probability >= evidence.probability - _ALONE:
                evidence = alone
        if evidence is None or not (proven or evidence.probability >= model.related):
            return None
        certain = proven or (evidence.probability >= model.certain and evidence.of_year)
        if certain and (asked := asked_items(q.own)):  # 哪十项: proved by as many
            texts = [c.sentence.text for c in evidence.quoted]
            certain = asked <= max(most_items(texts), len(texts))
        facts = self._facts(q, as_of, evidence) if certain else Lines()
        if isinstance(facts, Refusal):
            return self._refuse(q, as_of, [evidence.best.found], facts)
        lines = []
        if not certain:
            year = None if evidence.of_year else q.year
            lines = [Line(related(evidence.unsaid, year, q.language))]
        label = "原文：" if q.language == "zh" else "Text: "
        shown = evidence.quoted
        if facts:  # they say what the best clause proves; the others would only be beside it
            proving = {c.clause_id for line in facts.lines for _, c in line.proofs}
            proving.add(evidence.best.found.chunk.clause_id)
            shown = tuple(c for c in shown if c.found.chunk.clause_id in proving)
        for _, group in groupby(shown, key=lambda c: c.found.chunk.clause_id or c.found.chunk.id):  # fmt: skip
            inside = list(group)
            f = inside[0].found
            spans = _joined(f.extraction.document.text, [c.sentence.span for c in inside])
            quotes = [f.cite(span) for span in spans]
            lines.append(Line.of(label + "……".join(flatten(c.quote) for c in quotes), *quotes))
            lines.append(Line.of(self._source_line(q, f), quotes[0]))
        outcome = AnswerOutcome.CERTAIN if certain else AnswerOutcome.RELATED
        return self._made(q, as_of, facts + Lines(tuple(lines)), outcome)

    @abstractmethod
    def _facts(self, q: Question, as_of: date, evidence: Evidence) -> Lines | Refusal:
        """What was read in what is quoted; why it is no answer, where it is none."""

    def _made(
        self, q: Question, as_of: date, said: Lines, outcome: AnswerOutcome = AnswerOutcome.CERTAIN
    ) -> Answer:
        cited, statements = self.stating.state(said, window=q.select is Select.MILESTONES)
        statements = marked(self.register, cited, statements, q.language)
        return Answer(
            question=q.text,
            language=q.language,
            outcome=outcome,
            answerable=outcome is AnswerOutcome.CERTAIN,
            answer="\n".join(s.text for s in statements),
            units=tuple(UnitRole(unit=unit, role=role) for unit, role in said.units),
            tasks=tuple(dict.fromkeys(said.tasks)),
            citations=cited,
            statements=statements,
            as_of=as_of,
        )

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


def joined(first: Answer, second: Answer) -> Answer:
    """The second answer under the first one."""
    citations, statements = joined_statements(
        [(first.citations, first.statements), (second.citations, second.statements)]
    )
    return first.model_copy(
        update={
            "answer": f"{first.answer}\n{second.answer}", "citations": citations, "statements": statements,
            "tasks": tuple(dict.fromkeys([*first.tasks, *second.tasks])),
            "units": tuple(dict.fromkeys([*first.units, *second.units])),
        }
    )  # fmt: skip


def _is_counted(word: str) -> bool:
    """Whether a word is a number with its measure: 五项."""
    return any(q.start == 0 and q.end == len(word) for q in find_quantities(word))


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

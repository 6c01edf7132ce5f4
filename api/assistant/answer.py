"""The assistant: understands a question, finds what it is about, answers or refuses."""

from __future__ import annotations

import time
from collections.abc import Sequence
from copy import copy
from datetime import date
from typing import Self

from api.assistant.asked import Asked, asked_kinds
from api.assistant.building import Builder, Built, Sides, compare, find_sides
from api.assistant.clauses import ClauseAnswers
from api.assistant.desk import Desk
from api.assistant.districts import Districts, same_named, which_of
from api.assistant.plan import Plan
from api.assistant.question import Question
from api.assistant.reply import ELSEWHERE, PERSON, Answer, AnswerOutcome, Build, Refusal
from api.assistant.rows import RowAnswers
from api.assistant.understand import understand
from kb.expansion import names_person
from kb.models import verify_quote
from tasks.authorisation import CONSOLE, Actor
from tasks.in_memory import store_of
from tasks.queries import Register
from tasks.store import Store
from tasks.topics import About
from tasks.visibility import ANONYMOUS

WARMING = ("预热", "Warming up")
"""Questions that load what questions need: models, index, the dictionaries of both languages."""
_EXAMPLE = range(3, 16)
"""Characters of a heading that reads well inside a question."""


class Assistant(ClauseAnswers, RowAnswers):
    """Answers questions about the documents of one register; every citation is checked against
    its source before an answer is given.

    Args:
        register: the documents.
        build: makes the retriever when a question first needs one.
        store: where queries are run; without one, in memory.
    """

    def __init__(self, register: Register, build: Build, store: Store | None = None) -> None:
        super().__init__(register, build)
        self.districts = Districts.of(register)
        self._parts: dict[frozenset[str], Self] = {}
        reader = CONSOLE if register.told else ANONYMOUS
        self.desk = Desk(store or store_of(register.extractions), reader)
        self.builder = Builder(self.register, self.scope)

    def ask(
        self,
        text: str,
        *,
        as_of: date,
        identifier: str | None = None,
        context: Sequence[str] = (),
        plan: Plan | None = None,
        reader: Actor | None = None,
    ) -> Answer:
        """Answer one question, in its own language; `context` holds the questions before it, `plan`
        what it asks for, where a better reader than `plan_of` says it; `reader` who asks."""
        began = time.perf_counter()
        asked = copy(self._about([text, *reversed(context)]))
        if reader is not None:
            asked.desk = asked.desk._replace(reader=reader)
        answer = asked._whole(text, as_of, context, plan)
        for citation in answer.citations:
            extraction = self.register.document_of(citation.document_id)
            verify_quote(extraction.document.text, citation.span, citation.quote)
        elapsed = round((time.perf_counter() - began) * 1000)
        return answer.model_copy(update={"elapsed_ms": elapsed, "id": identifier})

    def finder(self, reader: Actor, as_of: date) -> About:
        """Finds what speaks of a topic, of what `reader` may see."""
        asked = copy(self)
        asked.desk = self.desk._replace(reader=reader)
        return lambda query: asked.about(query, as_of)

    def _about(self, texts: Sequence[str]) -> Self:
        """The assistant over the documents of the places named, the latest question first."""
        without = self.districts.left_out(texts)
        if not without:
            return self
        if without not in self._parts:
            part = copy(self)
            part.narrow(self.register.without(without))
            part.builder = Builder(part.register, part.scope, narrowed=True)
            self._parts[without] = part
        return self._parts[without]

    def _whole(self, text: str, as_of: date, context: Sequence[str], plan: Plan | None) -> Answer:
        question = understand(text, self.organisations, as_of=as_of, context=context, plan=plan, scope=self.scope)  # fmt: skip
        sides = find_sides(text)
        compared = self._compared(question, sides, as_of) if sides else None
        return compared or self._answer(question, as_of)

    def _compared(self, q: Question, sides: Sides, as_of: date) -> Answer | None:
        """What the clauses about one thing have in common with those about another, and what not;
        None where nothing proves what one of them says."""
        found = []
        for side in (sides.first, sides.second):
            half = understand(
                f"{side} {sides.noun}", self.organisations, as_of=as_of, scope=self.scope
            )
            found.append(self._clauses_of(half.model_copy(update={"asks": sides.asked}), as_of))
        if not all(found):
            return None
        query, told = compare(sides, *found)
        return self._understood(self._sides(q, sides, query, as_of), query, told)

    def _answer(self, q: Question, as_of: date) -> Answer:
        if q.whose:
            units = dict.fromkeys(u.unit for u in self._answer(q.whose, as_of).units)
            q = q.model_copy(update={"units": tuple(units), "whose": None})
        if q.plan and not self.scope.plans(q.plan):
            # Nothing is called so: it is what is asked about.
            subject = f"{q.plan} {q.subject}"
            q = q.model_copy(update={"plan": "", "about": True, "subject": subject})
        built = self.builder.build(q, self._subject(q), as_of)
        answer = self._answered(q, built, as_of)
        if answer.answerable and Asked.PERSON in asked_kinds(q.own) and not names_person(answer.answer):  # fmt: skip
            answer = self._refuse(q, as_of, [], PERSON)
        return answer if answer.query else self._understood(answer, built.query)

    def _answered(self, q: Question, built: Built, as_of: date) -> Answer:
        """The answer that the rows of the query give, or sentences; or why there is none."""
        if not self.register.extractions or not q.search.strip():
            return self._refuse(q, as_of, [])
        if Asked.CONTACT in asked_kinds(q.own):
            return self._contact(q, as_of)
        if q.places and not any(self._is_printed(place) for place in q.places):
            return self._refuse(q, as_of, [], ELSEWHERE)
        if q.of_a_day and not q.units:
            return self._refuse(q, as_of, [])
        if several := same_named(self._listing(q), q):
            return self._refuse(q, as_of, [], which_of(q, several), AnswerOutcome.ASK_BACK)
        if built.rows and (answer := self._from_rows(q, built)):
            return answer
        return self._ask_back(q, as_of) if q.unclear else self._from_clauses(q, as_of)

    def _listing(self, q: Question) -> Register:
        """The documents that names of units are looked up in."""
        if not q.documents:
            return self.register.tracked
        return self.register.without({e.document.id for e in self.register.extractions}.difference(q.documents))  # fmt: skip

    def _is_printed(self, place: str) -> bool:
        """Whether a place's name stands in any document at hand."""
        return any(place in e.document.text for e in self.register.extractions)

    def _contact(self, q: Question, as_of: date) -> Answer:
        """A number or address of an office where one is printed, or what is said of ways to reach one
        (除了打电话还有哪些渠道)."""
        return self._from_evidence(q, as_of) or self._refuse(q, as_of, [], PERSON)

    def _ask_back(self, q: Question, as_of: date) -> Answer:
        """Nothing says what the question is about: what to name, with an example."""
        named = [
            p.clause.heading for p in self.register.tracked.tasks()
            if len(p.clause.heading) in _EXAMPLE and p.task.responsibilities
        ]  # fmt: skip
        zh = "没有说明问的是哪项工作或哪个单位，不作回答。请写出事项或单位的名称"
        en = "The question does not say which duty or unit it is about; no answer is given. Please name it"
        if named:
            zh += f"，例如：“{named[0]}”由谁负责？什么时候完成？"
            en += f", for example: who is responsible for “{named[0]}”, and by when?"
        return self._refuse(q, as_of, [], Refusal(zh=zh, en=en), AnswerOutcome.ASK_BACK)

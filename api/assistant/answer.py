"""The assistant: understands a question, finds what it is about, answers or refuses."""

from __future__ import annotations

import time
from collections.abc import Sequence
from copy import copy
from datetime import date
from typing import Self

from api.assistant.asked import Asked, asked_kinds
from api.assistant.clauses import ClauseAnswers
from api.assistant.comparing import compared
from api.assistant.districts import Districts, same_named, which_of
from api.assistant.due import DueAnswers
from api.assistant.intents import Intent
from api.assistant.lists import RegisterAnswers
from api.assistant.plan import Plan
from api.assistant.plan_lists import PlanLists
from api.assistant.question import Question
from api.assistant.reply import ELSEWHERE, PERSON, Answer, AnswerOutcome, Build, Refusal
from api.assistant.statements import joined, without_marks
from api.assistant.understand import understand
from kb.models import verify_quote
from tasks.queries import Register

_LEAST = (AnswerOutcome.ASK_BACK, AnswerOutcome.NONE, AnswerOutcome.RELATED, AnswerOutcome.CERTAIN)
"""Of two outcomes the one that comes first is that of both together."""
_EXAMPLE = range(3, 16)
"""Characters of a heading that reads well inside a question."""


class Assistant(ClauseAnswers, RegisterAnswers, PlanLists, DueAnswers):
    """Answers questions about the documents of one register; every citation is checked against
    its source before an answer is given."""

    def __init__(self, register: Register, build: Build) -> None:
        super().__init__(register, build)
        self.districts = Districts.of(register)
        self._parts: dict[frozenset[str], Self] = {}

    def ask(
        self,
        text: str,
        *,
        as_of: date,
        identifier: str | None = None,
        context: Sequence[str] = (),
        plan: Plan | None = None,
    ) -> Answer:
        """Answer one question, in its own language; `context` holds the questions before it, `plan`
        what it asks for, where a better reader than `plan_of` says it."""
        began = time.perf_counter()
        answer = self._about([text, *reversed(context)])._whole(text, as_of, context, plan)
        for citation in answer.citations:
            extraction = self.register.document_of(citation.document_id)
            verify_quote(extraction.document.text, citation.span, citation.quote)
        elapsed = round((time.perf_counter() - began) * 1000)
        return answer.model_copy(update={"elapsed_ms": elapsed, "id": identifier})

    def _about(self, texts: Sequence[str]) -> Self:
        """The assistant over the documents of the places named, the latest question first."""
        without = self.districts.left_out(texts)
        if not without:
            return self
        if without not in self._parts:
            part = copy(self)
            part.narrow(self.register.without(without))
            self._parts[without] = part
        return self._parts[without]

    def _whole(self, text: str, as_of: date, context: Sequence[str], plan: Plan | None) -> Answer:
        if pair := compared(text):
            return self._compare(text, pair, as_of)
        question = understand(text, self.organisations, as_of=as_of, context=context, plan=plan)
        return self._answer(question, as_of)

    def _compare(self, text: str, pair: tuple[str, str], as_of: date) -> Answer:
        """Both halves of a comparison, one under the other, and what they share."""
        first, second = (
            self._answer(understand(half, self.organisations, as_of=as_of), as_of) for half in pair
        )
        zh = first.language == "zh"
        lines = [first.answer, "", second.answer]
        shared = [u for u in dict.fromkeys(u.unit for u in first.units) if u in {v.unit for v in second.units}]  # fmt: skip
        if first.units and second.units:
            both = "、".join(self._name(u, first.language) for u in shared) or (
                "无" if zh else "none"
            )
            lines += ["", f"两者都有：{both}" if zh else f"In both: {both}"]
        answerable = first.answerable and second.answerable
        cited, said = joined([(a.citations, a.statements) for a in (first, second)])
        if len(lines) > 3:
            said += self.stating.state(lines[-1], (), units=shared)[1]
        return first.model_copy(
            update={
                "question": text,
                "outcome": AnswerOutcome.CERTAIN
                if answerable
                else min(first.outcome, second.outcome, key=_LEAST.index),
                "answerable": answerable,
                "answer": "\n".join(lines),
                "units": tuple(dict.fromkeys([*first.units, *second.units])),
                "tasks": tuple(dict.fromkeys([*first.tasks, *second.tasks])),
                "citations": cited if answerable else (),
                "statements": said if answerable else without_marks(said),
            }
        )

    def _answer(self, q: Question, as_of: date) -> Answer:
        if q.whose:
            units = dict.fromkeys(u.unit for u in self._answer(q.whose, as_of).units)
            q = q.model_copy(update={"units": tuple(units), "whose": None})
        if not self.register.extractions or not q.search.strip():
            return self._refuse(q, as_of, [])
        if q.intent is Intent.CONTACT:
            return self._contact(q, as_of)
        if q.places and not any(self._is_printed(place) for place in q.places):
            return self._refuse(q, as_of, [], ELSEWHERE)
        if q.of_a_day and not q.units:
            return self._refuse(q, as_of, [])
        if several := same_named(self._listing(q), q):
            return self._refuse(q, as_of, [], which_of(q, several), AnswerOutcome.ASK_BACK)
        if listed := self._listed_whole(q, as_of):
            return listed
        if q.unclear:
            return self._ask_back(q, as_of)
        direct = {
            Intent.OVERDUE: self._overdue,
            Intent.DUE: self._due,
            Intent.PLANS: self._plans,
            Intent.MEMBERS: self._members,
            Intent.HEADER: self._header,
            Intent.COUNT: self._count,
            Intent.TASKS_OF_UNIT: self._tasks_of,
        }
        if (handler := direct.get(q.intent)) and (answer := handler(q, as_of)):
            return answer
        if q.intent is Intent.LIST and (q.without or q.alone or q.owned is False):
            return self._count(q, as_of) or self._from_clauses(q, as_of)
        return self._from_clauses(q, as_of)

    def _is_printed(self, place: str) -> bool:
        """Whether a place's name stands in any document at hand."""
        return any(place in e.document.text for e in self.register.extractions)

    def _contact(self, q: Question, as_of: date) -> Answer:
        """A number or address of an office where one is printed, or what is said of ways to reach one
        (除了打电话还有哪些渠道); never anything of a person."""
        if Asked.PERSON not in asked_kinds(q.search):
            found = self._from_evidence(q, as_of)
            if found and found.answerable:
                return found
        return self._refuse(q, as_of, [], PERSON)

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

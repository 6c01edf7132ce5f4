"""Questions that clauses answer: their sentences, and the facts that were read in these.

What is quoted, and whether it counts as the answer, is decided by `api.assistant.evidence` for all
of them; the facts of the best clause (who bears it, by when, what value) stand above the quotes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import date

from api.assistant.asked import Asked, asked_items, asked_kinds, kinds_in
from api.assistant.cues import says
from api.assistant.denials import nobody, text_of
from api.assistant.evidence import Evidence
from api.assistant.owners import OwnerAnswers
from api.assistant.plan import plan_of
from api.assistant.question import Question
from api.assistant.reply import LOST, Answer, Refusal
from api.assistant.search import Found
from api.assistant.statements import Line, Lines
from kb.chunks import Chunk
from kb.language.times import find_times
from kb.models import Citation, Span
from tasks.models import Certainty, Milestone, Target
from tasks.queries import Placed
from tasks.query import Select
from tasks.words import describe_distance, describe_due, describe_target

_NUMBERS = frozenset({Asked.MEASURED, Asked.MONEY, Asked.RATIO, Asked.COUNT})
_METRIC = 0.2
"""How much of a question a target's own words hold at least."""
_NO_VALUE = Refusal(
    zh="这一条没有写数值目标，不作回答。",
    en="This clause sets no value; no answer is given.",
)
_CALLED = 0.4
"""The share of a question's words that the title of a document cited holds at least."""
_HEADED = 0.6
"""The share of a question's words that the heading which it is about holds at least."""
_MAYBE = 0.2
"""From this probability on that another document is asked for, those cited are named above."""
_BEHIND = 0.25
"""What holds so much less of a question's words than the best is about something else."""
_DUES = 3
"""Deadlines that stand above the quotes at most."""


class ClauseAnswers(OwnerAnswers, ABC):
    """Answers from the clauses that retrieval finds."""

    def _from_clauses(self, q: Question, as_of: date) -> Answer:
        """The sentences that answer a question, with their facts; of a question that goes on from
        one before, out of the clauses that answered that one."""
        anchored = self._clauses_of(q.anchor, as_of) if q.anchor else frozenset()
        if q.anchor and not anchored:
            return self._refuse(q, as_of, [])
        plans = self.scope.plans(q.plan)

        def keep(chunk: Chunk) -> bool:
            if q.anchor:
                return chunk.clause_id in anchored
            return not plans or chunk.metadata.get("plan") in plans

        if (asked := asked_items(q.own)) and (points := self._points(q, as_of, asked, keep)):
            return points
        answer = self._from_evidence(
            q, as_of, keep=keep if plans or q.anchor else None, proven=bool(q.anchor)
        )
        return answer or self._refuse(q, as_of, self.search.find(q.search))

    def _points(
        self, q: Question, as_of: date, asked: int, keep: Callable[[Chunk], bool]
    ) -> Answer | None:
        """The points under the heading that a question is about, where they are as many as it asks
        to be named."""
        words = [w for phrase in q.quoted for w in self.search.words(phrase)] or self._words(q)
        for f in self.search.find(q.search, keep=keep):
            over = [f.clause] if f.clause else []
            over += [c for c in f.extraction.clauses if f.clause and c.id == f.clause.parent_id]
            for clause in over:
                below = [c for c in f.extraction.clauses if c.parent_id == clause.id]
                if len(below) == asked and self.search.coverage(words, clause.heading) >= _HEADED:
                    zh = q.language == "zh"
                    head = (
                        f"“{clause.heading}”下有 {asked} 项："
                        if zh
                        else f"{asked} points under “{clause.heading}”:"
                    )
                    said = [head, *(f"{c.marker}{c.heading}" for c in below)]
                    lines = [
                        Line.of(words, self.register.cite(f.extraction, c, c.span))
                        for words, c in zip(said, (clause, *below), strict=True)
                    ]
                    return self._made(q, as_of, Lines(tuple(lines)))
        return None

    @abstractmethod
    def _answer(self, q: Question, as_of: date) -> Answer:
        """The answer to any question."""

    def _clauses_of(self, question: Question, as_of: date) -> frozenset[str]:
        """The clauses that answer a question; none where nothing proves an answer."""
        answer = self._answer(question, as_of)
        cited = answer.citations if answer.answerable else ()
        return frozenset(c.clause_id for c in cited if c.clause_id)

    def _facts(self, q: Question, as_of: date, evidence: Evidence) -> Lines | Refusal:
        """What was read in the sentences quoted and in the clause of the best of them; a refusal
        where the value asked for is lost, or where the clause gone on about has none."""
        f, asked, words = evidence.best.found, asked_kinds(q.own), self._words(q)
        if f.clause is None:
            return Lines()
        if asked & _NUMBERS and self._is_lost(evidence, words):
            return LOST
        found = Lines()
        if q.select is Select.UNITS:
            found += self._owners_of(q, f, evidence.best.sentence, words)
            if q.anchor and not found.lines:
                return Lines((Line(nobody(text_of(f), q.language)),))
        if q.select is Select.WORK:
            found += self._dues_of(q, as_of, evidence, words)
        if q.select is Select.POLICIES or plan_of(q.own).selects[Select.POLICIES] >= _MAYBE:
            found += self._policies_of(q, evidence, words)
        if asked & _NUMBERS:
            values = self._values_of(q, evidence, words)
            if isinstance(values, Refusal):
                return values
            found += values
            unsaid = asked & evidence.unsaid
            if q.anchor and not found.lines and unsaid - kinds_in(text_of(f), unsaid):
                return _NO_VALUE
        return found

    def _is_lost(self, evidence: Evidence, words: Sequence[str]) -> bool:
        """Whether characters are lost in the best sentence, and none of its targets is asked about."""
        f, s = evidence.best.found, evidence.best.sentence
        lost = [w.span for w in f.extraction.warnings if w.span and "lost" in w.code]
        if not any(span.overlaps(s.span) for span in lost):
            return False
        inside = self._targets_in(f, s.span)
        return not any(self.search.coverage(words, t.metric) >= 0.5 for _, t in inside)

    # ---- when

    def _dues_of(self, q: Question, as_of: date, evidence: Evidence, words: Sequence[str]) -> Lines:
        """By when: the deadlines of the sentences quoted, else those of the best clause; those of them
        that speak most of what is asked."""
        f = evidence.best.found
        assert f.clause is not None  # noqa: S101
        placed = [(p, m) for p in self.register.tasks_in(f.clause.id) for m in p.task.milestones]
        own = [(p, m) for p, m in placed if Certainty.INHERITED not in m.due.certainty]
        here = [
            (p, m)
            for c in evidence.quoted
            for p in (self.register.tasks_in(c.found.clause.id) if c.found.clause else ())
            for m in p.task.milestones
            if m.span.overlaps(c.sentence.span) and Certainty.INHERITED not in m.due.certainty
        ]
        known = here or own or placed
        covers = [self.search.coverage(words, f"{m.commitment} {m.quote}") for _, m in known]
        least = max(covers, default=0.0) - _BEHIND
        chosen = [pair for pair, c in zip(known, covers, strict=True) if c >= least][:_DUES]
        lines = []
        for p, m in chosen:
            life = self.register.life_of(m.id, as_of)
            said = f"· {m.commitment}：{describe_due(m.due, q.language, life)}"
            said += describe_distance(m.due, as_of, life, q.language)
            span = m.due.span
            inside = span is not None and p.clause.span.contains(span)
            lines.append(Line.of(said, *([self._cited(p, span)] if span and inside else [])))
        if chosen and says("overdue", q.own.lower()):
            lines.insert(0, Line(self._lateness(q, as_of, [m for _, m in chosen])))
        if chosen and not (here or own):
            zh = q.language == "zh"
            dated = find_times(text_of(f))
            none = "" if dated else "这一条没有单独写期限，" if zh else "the clause has no date of its own; "  # fmt: skip
            end = (
                f"（{none}以上是所在计划的期限）" if zh else f"({none}this is the end of its plan)"
            )
            lines.append(Line(end))
        return Lines(tuple(lines), tasks=tuple(p.task.id for p, _ in chosen))

    def _cited(self, p: Placed, span: Span) -> Citation:
        return self.register.cite(self.register.document_of(p.document.id), p.clause, span)

    def _lateness(self, q: Question, as_of: date, milestones: Sequence[Milestone]) -> str:
        """Whether anything of what a clause demands is overdue."""
        ids = {m.id for m in milestones}
        late = sum(i.milestone_id in ids for i in self.register.overdue(as_of))
        zh, en = (
            (f"逾期 {late} 项", f"{late} overdue as of {as_of}") if late
            else ("没有逾期", f"Not overdue as of {as_of}")
        )  # fmt: skip
        if not self.register.told:
            zh, en = (
                (f"时限已过 {late} 项，办理情况不公开", f"The day of {late} had passed by {as_of}; progress is not public")
                if late else ("时限都还没有过", f"No day of it had passed by {as_of}")
            )  # fmt: skip
        return f"截至 {as_of} {zh}。" if q.language == "zh" else f"{en}."

    # ---- which other document

    def _policies_of(self, q: Question, evidence: Evidence, words: Sequence[str]) -> Lines:
        """The documents that the clauses quoted cite, with their numbers; those called most as the
        question calls them."""
        quoted = {c.found.clause.id: c.found for c in evidence.quoted if c.found.clause}
        ranked = [
            (self.search.coverage(words, policy.title), policy)
            for e in {f.extraction.document.id: f.extraction for f in quoted.values()}.values()
            for policy in e.policies
            if policy.clause_id in quoted
        ]
        best = max((share for share, _ in ranked), default=0.0)
        chosen = [p for share, p in ranked if best >= _CALLED and share >= best - _BEHIND]
        told: dict[str, list[Citation]] = {}
        for p in chosen:
            said = f"· 《{p.title}》 {p.document_number or ''}".rstrip()
            told.setdefault(said, []).append(quoted[p.clause_id].cite(p.span))
        return Lines(tuple(Line.of(said, *cited) for said, cited in told.items()))

    # ---- how much

    def _values_of(self, q: Question, evidence: Evidence, words: Sequence[str]) -> Lines | Refusal:
        """The values that the best sentence sets and that are asked about; why they are no answer,
        where all of them are of other years than the one asked about."""
        inside = self._targets_in(evidence.best.found, evidence.best.sentence.span)
        targets = self._asked_targets(q, inside, words)
        years = [_years_of(p, t) for p, t in targets]
        if q.year and years and all(years) and not any(q.year in found for found in years):
            said = sorted({y for found in years for y in found})
            zh, en = "、".join(f"{y}年" for y in said), ", ".join(map(str, said))
            return Refusal(
                zh=f"原文写的是{zh}的数值，没有写{q.year}年，不作回答。",
                en=f"The text sets values for {en}, none for {q.year}; no answer is given.",
            )
        lines = [
            Line.of(f"· {describe_target(t)}{self._when(p, t, q.language)}", self._cited(p, t.span))
            for p, t in targets
        ]
        return Lines(tuple(lines), tasks=tuple(p.task.id for p, _ in targets))

    def _targets_in(self, f: Found, span: Span) -> list[tuple[Placed, Target]]:
        assert f.clause is not None  # noqa: S101
        return [
            (p, t)
            for p in self.register.tasks_in(f.clause.id)
            for t in p.task.targets
            if t.span.overlaps(span)
        ]

    def _asked_targets(
        self, q: Question, targets: Sequence[tuple[Placed, Target]], words: Sequence[str]
    ) -> list[tuple[Placed, Target]]:
        """Those of a sentence's targets that the question is about."""
        of_scope = [(p, t) for p, t in targets if t.scope and t.scope in q.search]
        targets = of_scope or targets  # asked of 小学, what holds for 初中 is no answer
        covers = [
            self.search.coverage(words, f"{t.scope or ''}{t.metric}{t.quote}") for _, t in targets
        ]
        best = max(covers, default=0.0)
        if best < _METRIC and q.language == "zh" and not q.anchor:
            return []
        return [item for item, c in zip(targets, covers, strict=True) if c >= best - _BEHIND]


def _years_of(placed: Placed, target: Target) -> range:
    """The years that a target's day lies in, those of a recurring one from its beginning on; empty where it has none."""
    due = next((m.due for m in placed.task.milestones if m.id == target.milestone_id), None)
    if due is None or due.date is None:
        return range(0)
    first = due.start.year if due.start else due.date.year
    return range(first, due.date.year + 1)

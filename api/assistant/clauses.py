"""Questions that clauses answer: their sentences, and the facts that were read in these.

What is quoted, and whether it counts as the answer, is decided by `api.assistant.evidence` for all
of them; the facts of the best clause (who bears it, by when, what value) stand above the quotes.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import date

from api.assistant.asked import Asked, asked_items, asked_kinds, kinds_in
from api.assistant.cues import says
from api.assistant.denials import nobody, open_end, text_of, unnamed
from api.assistant.evidence import Evidence
from api.assistant.mentions import roles_in
from api.assistant.plan import plan_of
from api.assistant.question import Question
from api.assistant.reply import BEARING, LOST, Answer, Composer, Refusal
from api.assistant.search import Found, Sentence, sentences
from api.assistant.statements import Line, Lines
from kb.characters import HAN
from kb.chunks import Chunk, flatten
from kb.language.roles import Role
from kb.language.times import find_times
from kb.models import Citation, Span
from tasks.models import Assignment, Basis, Certainty, Milestone, Target
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
_NAME = re.compile(rf"[{HAN}（）()]{{2,}}")
_OF_ITSELF = 0.15
"""The share of a question's words that a sentence holds more than its heading, at least, to name bearers by itself."""
_DUES = 3
"""Deadlines that stand above the quotes at most."""
_TOPIC = 80
"""Characters of a sentence that stand for what an answer is about."""


class ClauseAnswers(Composer, ABC):
    """Answers from the clauses that retrieval finds."""

    def _from_clauses(self, q: Question, as_of: date) -> Answer:
        """The sentences that answer a question, with their facts; of a question that goes on from
        one before, out of the clauses that answered that one."""
        anchored = self._clauses_of(q.anchor, as_of) if q.anchor else frozenset()
        if q.anchor and not anchored:
            return self._refuse(q, as_of, [])
        plans = self._plans_called(q.plan)

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
            if other := self._other_year(q, evidence, words):
                return other
            found += self._targets_of_sentence(q, evidence, words)
            held = kinds_in(text_of(f))
            if q.anchor and not found.lines and asked & evidence.unsaid - held:
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

    # ---- who

    def _owners_asked(
        self, q: Question, f: Found, told: Sentence, placed: Sequence[Placed], words: Sequence[str]
    ) -> tuple[list[Assignment], Sentence | None]:
        """Those of a clause's owners that bear what is asked, and the sentence that says so: of the
        sentence quoted; where it names none, of the duty that it belongs to (the brackets and label lines
        of that duty), else of the sentence of the clause that speaks most of what is asked."""
        assert f.clause is not None  # noqa: S101
        here = [p for p in placed if p.task.span.overlaps(told.span)] or placed
        owners = [a for p in here for a in p.task.responsibilities if a.role in BEARING]
        stated = {
            s: [a for a in owners if a.basis is Basis.STATED and s.span.contains(a.span)]
            for s in sentences(f.extraction, f.clause)
        }
        listed = [a for a in owners if a.basis is not Basis.STATED]
        best = next((s for s in stated if s.span == told.span), told)
        there = stated.get(best, [])
        if there and (not listed or self._says_of_itself(f, best, there, words)):
            return self._as_asked(q, self._of_the_part(f, best, there, words)), best
        if listed:
            return self._as_asked(q, listed), None
        other = max(
            (s for s, found in stated.items() if found),
            key=lambda s: self.search.coverage(words, s.text),
            default=None,
        )
        return (self._as_asked(q, stated[other]), other) if other else ([], None)

    def _says_of_itself(
        self, f: Found, s: Sentence, there: Sequence[Assignment], words: Sequence[str]
    ) -> bool:
        """Whether a sentence names the bearers of what is asked by itself, though its clause lists some
        for the whole: it speaks more of it than the heading does, and names a body (相关部门 is none)."""
        assert f.clause is not None  # noqa: S101
        more = self.search.coverage(words, s.text) - self.search.coverage(words, f.clause.heading)
        return more > _OF_ITSELF and any(a.unit_id for a in there)

    def _as_asked(self, q: Question, owners: Sequence[Assignment]) -> list[Assignment]:
        """Those in a role that is asked for, where there are any, without the units that are
        excepted (除了牵头的工信局)."""
        left = [a for a in owners if not self._is_one_of(a, q.without)]
        if q.without:
            return left or list(owners)
        return [a for a in left if a.role in q.roles] or left

    def _is_one_of(self, a: Assignment, units: Sequence[str]) -> bool:
        return any(self._among(unit, [a]) for unit in units)

    def _among(self, unit: str, owners: Sequence[Assignment]) -> bool:
        """Whether a unit that a question names is one of the owners, by its name or its id."""
        ids = {found.id for o in self.organisations if (found := o.resolve(unit))}
        return any(a.unit == unit or (a.unit_id and a.unit_id in ids) for a in owners)

    def _of_the_part(
        self, f: Found, s: Sentence, there: Sequence[Assignment], words: Sequence[str]
    ) -> list[Assignment]:
        """Of a sentence with several subjects, those whose part of it is asked about."""
        text = f.extraction.document.text
        ordered = sorted(there, key=lambda a: a.span.start)
        groups: list[list[Assignment]] = []
        for a in ordered:
            last = groups[-1][-1] if groups else None
            between = text[last.span.end : a.span.start] if last else ""
            led = last and last.role is Role.LEAD and a.role is Role.JOINT  # X牵头，联合Y
            if last is None or (("," in between or "，" in between) and not led):
                groups.append([a])
            else:
                groups[-1].append(a)
        if len(groups) < 2:
            return list(there)
        ends = [g[0].span.start for g in groups[1:]] + [s.span.end]
        covers = [
            self.search.coverage(words, flatten(text[g[0].span.start : end]))
            for g, end in zip(groups, ends, strict=True)
        ]
        best = max(covers)
        least = best - min(0.1, best / 2)
        return [a for g, c in zip(groups, covers, strict=True) if c >= least for a in g]

    def _owners_of(self, q: Question, f: Found, told: Sentence, words: Sequence[str]) -> Lines:
        """Who bears what is asked of the clause; nothing where it names nobody."""
        assert f.clause is not None  # noqa: S101
        placed = self.register.tasks_in(f.clause.id)
        owners = [a for p in placed for a in p.task.responsibilities if a.role in BEARING]
        if not owners:
            return Lines()
        chosen, where = self._owners_asked(q, f, told, placed, words)
        zh = q.language == "zh"
        chosen = [_as_printed(f, a) for a in chosen]
        units = dict.fromkeys(a.unit for a in chosen)
        if not chosen:
            return Lines()
        topic = _beginning(flatten(where.text)) if where else f.clause.heading
        lines: list[Line] = []

        def say(zh_words: str, en_words: str, *named: Assignment) -> None:
            proofs = ((a.unit, self._cite_span(f, a.span)) for a in named)
            lines.append(Line(zh_words if zh else en_words, tuple(proofs)))

        whole = text_of(f)
        for unit in q.units:
            if q.select is Select.UNITS and not self._among(unit, owners):
                said = unnamed(unit, whole, self.organisations, q.language)
                say(said, said)
            elif self._among(unit, chosen) and says("whether", q.own):
                say(f"是，写有{unit}。", f"Yes, {self._name(unit, 'en')} is named.")
        said_roles = roles_in(whole) | {a.role for a in owners}
        if q.roles and said_roles.isdisjoint(q.roles):
            asked = self._roles_said(q)
            say(f"这一条没有写明{asked}单位。", f"The clause names no unit as: {asked}.")
        many, named = len(units), self._owners(chosen, q.language)
        say(
            f"“{topic}”涉及 {many} 个单位：{named}。",
            f"{many} unit(s) for “{topic}”: {named}.",
            *chosen,
        )
        said_units = {a.unit_id or a.unit for a in chosen}
        unsaid = [a for a in owners if (a.unit_id or a.unit) not in said_units]
        rest = [a for a in unsaid if (a.basis is Basis.STATED) is (where is None)]
        others = self._owners(rest, q.language)
        if rest and where:
            say(f"该条另列责任单位：{others}。", f"The clause also lists: {others}.")
        elif rest:
            say(f"条文中另写明：{others}。", f"The text also names: {others}.")
        if any(a.basis is Basis.INHERITED for a in chosen):
            say("（责任单位承自上级条款）", "(inherited from the clause above)")
        if noted := open_end(f, chosen, q.language):
            say(noted, noted)
        return Lines(
            tuple(lines),
            tuple(dict.fromkeys((a.unit, a.role.value) for a in chosen)),
            tuple(p.task.id for p in placed),
        )

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
            said = f"· {m.commitment}：{describe_due(m.due, q.language)}"
            said += describe_distance(m.due, as_of, self.register.life_of(m.id, as_of), q.language)
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
        late = [i for i in self.register.overdue(as_of) if i.milestone_id in {m.id for m in milestones}]  # fmt: skip
        if q.language == "zh":
            if not self.register.told:
                return f"截至 {as_of} 时限已过 {len(late)} 项，办理情况不公开。" if late else f"截至 {as_of} 时限都还没有过。"  # fmt: skip
            return f"截至 {as_of} 逾期 {len(late)} 项。" if late else f"截至 {as_of} 没有逾期。"
        if not self.register.told:
            return f"The day of {len(late)} had passed by {as_of}; progress is not public." if late else f"No day of it had passed by {as_of}."  # fmt: skip
        return f"{len(late)} overdue as of {as_of}." if late else f"Not overdue as of {as_of}."

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
            told.setdefault(said, []).append(self._cite_span(quoted[p.clause_id], p.span))
        return Lines(tuple(Line.of(said, *cited) for said, cited in told.items()))

    # ---- how much

    def _targets_of_sentence(self, q: Question, evidence: Evidence, words: Sequence[str]) -> Lines:
        """The values that the best sentence sets and that are asked about."""
        f, s = evidence.best.found, evidence.best.sentence
        targets = self._asked_targets(q, self._targets_in(f, s.span), words)
        lines = [
            Line.of(f"· {describe_target(t)}{self._when(p, t, q.language)}", self._cited(p, t.span))
            for p, t in targets
        ]
        return Lines(tuple(lines), tasks=tuple(p.task.id for p, _ in targets))

    def _other_year(self, q: Question, evidence: Evidence, words: Sequence[str]) -> Refusal | None:
        """Why the values of the best sentence are no answer: all of them are of other years than the one asked about."""
        targets = self._asked_targets(q, self._targets_in(evidence.best.found, evidence.best.sentence.span), words)  # fmt: skip
        years = [_years_of(p, t) for p, t in targets]
        if q.year is None or not years or not all(years) or any(q.year in found for found in years):
            return None
        said = sorted({y for found in years for y in found})
        zh, en = "、".join(f"{y}年" for y in said), ", ".join(map(str, said))
        return Refusal(
            zh=f"原文写的是{zh}的数值，没有写{q.year}年，不作回答。",
            en=f"The text sets values for {en}, none for {q.year}; no answer is given.",
        )

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


def _as_printed(f: Found, a: Assignment) -> Assignment:
    """An owner by the name that is printed there (福州市信访局), where the document never has its usual one."""
    text = f.extraction.document.text
    printed = flatten(a.span.slice(text))
    if a.unit in text or not _NAME.fullmatch(printed):
        return a
    return a.model_copy(update={"unit": printed})


def _beginning(sentence: str) -> str:
    """A sentence, or as many of its parts as name what it is about."""
    if len(sentence) <= _TOPIC:
        return sentence.rstrip("。；;")
    cut = max(sentence.rfind(mark, 0, _TOPIC) for mark in ",，、;；")
    return f"{sentence[: cut if cut > 0 else _TOPIC]}……"

"""Answers from the register: complete lists, each statement cited, a refusal where nothing says."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from api.assistant.search import ClauseSearch, Found, Sentence, sentences
from api.assistant.understand import Intent, Question, compared, understand
from api.assistant.words import (
    describe_distance,
    describe_due,
    describe_item,
    describe_target,
    role_name,
    with_note,
)
from ingest.numbers import find_quantities
from ingest.pipeline import jurisdiction_of
from kb.chunks import Chunk, flatten
from kb.expansion import QueryExpander
from kb.models import Citation, Clause, Fact, Plan, Span, verify_quote
from kb.retrieval import HybridRetriever
from tasks.due import DueItem, due_items, overdue
from tasks.models import Assignment, Basis, Certainty, Extraction, Role, Target
from tasks.organisations import Organisations, organisations_for
from tasks.queries import Placed, Register

Build = Callable[[Sequence[Chunk], QueryExpander], HybridRetriever]
_BEARING = (Role.LEAD, Role.RESPONSIBLE, Role.JOINT, Role.SUPERVISE, Role.APPROVE)
_QUOTED = 700
_NEAR = 3
_HEADING_ONLY = 80
_METRIC = 0.2


class Signals(NamedTuple):
    """What speaks for an answer: language; share of the question's words that a clause holds;
    share that one sentence or heading holds; how far the lists agree on the best clause; its
    fused score; the share of its words that no clause holds. All 0…1."""

    language: str
    cover: float
    focus: float
    agreement: float
    score: float
    absent: float


class Thresholds(Fact):
    """When the documents count as silent: a weighted sum of the signals below zero. The weights
    are fitted on questions with known answers (`make calibrate`) and kept in `thresholds.json`."""

    bias: dict[str, float]
    cover: float
    focus: float
    agreement: float
    score: float
    absent: float

    def accept(self, s: Signals) -> bool:
        """Whether the clauses found are about the question at all."""
        total = self.cover * s.cover + self.focus * s.focus
        total += self.agreement * s.agreement + self.score * s.score + self.absent * s.absent
        return total + self.bias[s.language] >= 0


@lru_cache
def thresholds() -> Thresholds:
    """The calibrated thresholds."""
    path = Path(__file__).with_name("thresholds.json")
    return Thresholds.model_validate_json(path.read_text(encoding="utf-8"))


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


class Refusal(Fact):
    """Why nothing is answered."""

    zh: str
    en: str


_SILENT = Refusal(zh="文件里没有找到依据，不作回答。", en="The documents do not say; no answer is given.")  # fmt: skip
_PERSON = Refusal(
    zh="文件里没有这类个人信息（姓名、电话等），不作回答。",
    en="The documents hold no such personal details; no answer is given.",
)
_ELSEWHERE = Refusal(
    zh="问的是别的地方，库中文件没有涉及，不作回答。",
    en="This asks about another place that the documents do not cover; no answer is given.",
)
_LOST = Refusal(
    zh="原文此处缺字，数值看不到，不能猜测，不作回答。",
    en="The characters of this value are lost in the source; it cannot be known, no answer is given.",
)


class Assistant:
    """Answers questions about the documents of one register.

    Args:
        register: the documents.
        build: makes the retriever when a question first needs one.
    """

    def __init__(self, register: Register, build: Build) -> None:
        self.register = register
        known: dict[str, Organisations] = {}
        for extraction in register.extractions:
            jurisdiction = jurisdiction_of(extraction.document)
            known.setdefault(str(jurisdiction), organisations_for(jurisdiction))
        self.organisations = tuple(known.values())
        self.signals: Signals | None = None
        words = sorted({w for o in self.organisations for w in o.words()})
        self.search = ClauseSearch(register, build, words)

    def ask(
        self,
        text: str,
        *,
        as_of: date,
        identifier: str | None = None,
        context: Sequence[str] = (),
    ) -> Answer:
        """Answer one question, in its own language; `context` holds the questions before it."""
        began = time.perf_counter()
        pair = compared(text)
        if pair:
            answer = self._compare(text, pair, as_of)
        else:
            question = understand(text, self.organisations, as_of=as_of, context=context)
            answer = self._answer(question, as_of)
        for citation in answer.citations:
            extraction = self.register.document_of(citation.document_id)
            verify_quote(extraction.document.text, citation.span, citation.quote)
        elapsed = round((time.perf_counter() - began) * 1000)
        return answer.model_copy(update={"elapsed_ms": elapsed, "id": identifier})

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
        return first.model_copy(
            update={
                "question": text,
                "answerable": first.answerable and second.answerable,
                "answer": "\n".join(lines),
                "units": tuple(dict.fromkeys([*first.units, *second.units])),
                "tasks": tuple(dict.fromkeys([*first.tasks, *second.tasks])),
                "citations": tuple(dict.fromkeys([*first.citations, *second.citations]))
                if first.answerable and second.answerable
                else (),
            }
        )

    def _answer(self, q: Question, as_of: date) -> Answer:
        if not self.register.extractions or not q.search.strip():
            return self._refuse(q, as_of, [])
        if q.intent is Intent.CONTACT:
            return self._refuse(q, as_of, [], _PERSON)
        if q.places:
            return self._refuse(q, as_of, [], _ELSEWHERE)
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
        return self._from_clauses(q, as_of)

    # ---- questions that need a clause found

    def _from_clauses(self, q: Question, as_of: date) -> Answer:
        words = self._words(q)
        plans = self._plans_called(q.plan)
        keep = (lambda c: c.metadata.get("plan") in plans) if plans else None
        found = self.search.find(q.search, keep=keep)
        with_clause = [f for f in found if f.clause is not None]
        if (
            q.intent is Intent.SOURCE
            and with_clause
            and (answer := self._numbered(q, as_of, with_clause, words))
        ):
            return answer
        proven = {Intent.POLICY: self._policy, Intent.LIST: self._list}
        prove = proven.get(q.intent)
        if with_clause and prove and (answer := prove(q, as_of, with_clause, words)):
            return answer
        if not found or not self._covers(q, words, found):
            return self._refuse(q, as_of, found)
        handlers = {
            Intent.WHO: self._who,
            Intent.DEADLINE: self._deadline,
            Intent.OVERDUE: self._deadline,
            Intent.TARGET: self._target,
            Intent.SOURCE: self._source,
        }
        handler = handlers.get(q.intent)
        if handler and with_clause and (answer := handler(q, as_of, with_clause, words)):
            return answer
        if q.intent in (Intent.TARGET,):
            return self._refuse(q, as_of, found)
        return self._quote(q, as_of, found, words)

    def _words(self, q: Question) -> list[str]:
        topic = q.topic if not q.plan or self._plans_called(q.plan) else f"{q.plan} {q.topic}"
        return self.search.words(topic) or self.search.words(q.search)

    def _covers(self, q: Question, words: Sequence[str], found: Sequence[Found]) -> bool:
        """Whether what was found is about the question at all."""
        best = max(self.search.coverage(words, f.chunk.titled) for f in found[:5])
        agree = self.search.agreement(q.search, found[0].chunk)
        focus = max((self._focus(f, words) for f in found[:4]), default=0.0)
        self.signals = Signals(
            q.language, best, focus, agree, found[0].score, self.search.absent(words)
        )
        return thresholds().accept(self.signals)

    def _focus(self, f: Found, words: Sequence[str]) -> float:
        if f.clause is None:
            return 0.0
        texts = [f.clause.heading, *(s.text for s in sentences(f.extraction, f.clause))]
        return max(self.search.coverage(words, t) for t in texts)

    def _ranked(self, found: Sequence[Found], words: Sequence[str]) -> list[Found]:
        """Clauses by place in the list and by their best sentence."""
        top = found[0].score or 1.0

        def worth(f: Found) -> float:
            if f.clause is None:
                return 0.0
            inside = (s.text for s in sentences(f.extraction, f.clause))
            heading = self.search.coverage(words, f.clause.heading) + 0.15
            best = max((self.search.coverage(words, t) for t in inside), default=0.0)
            return f.score / top + 0.6 * max(heading, best)

        return sorted(found, key=worth, reverse=True)

    def _best_sentences(
        self, found: Sequence[Found], words: Sequence[str]
    ) -> list[tuple[float, Found, Sentence]]:
        """Sentences of the clauses found, best first: cover and place in the list count."""
        top = found[0].score or 1.0
        ranked = []
        for f in found:
            if f.clause is None:
                continue
            for s in sentences(f.extraction, f.clause):
                cover = self.search.coverage(words, s.text)
                ranked.append((cover + 0.4 * f.score / top, f, s))
        return sorted(ranked, key=lambda r: -r[0])

    # ---- answers, one a kind of question

    def _who(
        self, q: Question, as_of: date, found: Sequence[Found], words: Sequence[str]
    ) -> Answer | None:
        for f in self._ranked(found[:6], words):
            if f.clause is None:
                continue
            placed = self.register.tasks_in(f.clause.id)
            owners = [a for p in placed for a in p.task.responsibilities if a.role in _BEARING]
            if not owners:
                continue
            chosen, where = self._owners_asked(q, f, owners, words)
            return self._who_says(q, as_of, f, placed, chosen, owners, where)
        return None

    def _owners_asked(
        self, q: Question, f: Found, owners: Sequence[Assignment], words: Sequence[str]
    ) -> tuple[list[Assignment], Sentence | None]:
        """Those of a clause's owners that bear what is asked: of one sentence, or of the whole."""
        assert f.clause is not None  # noqa: S101
        inside = sentences(f.extraction, f.clause)
        stated = {
            s: [a for a in owners if a.basis is Basis.STATED and s.span.contains(a.span)]
            for s in inside
        }
        listed = [a for a in owners if a.basis is not Basis.STATED]
        if q.roles:
            ordered = sorted(stated.items(), key=lambda i: -self.search.coverage(words, i[0].text))
            for place, (s, there) in enumerate(ordered):
                asked = [a for a in there if a.role in q.roles]
                if not asked and there and place == 0 and self.search.coverage(words, s.text) > 0.5:
                    return self._of_the_part(
                        f, s, there, words
                    ), s  # 会同…做好…监督工作: the sentence asked about, in other words
                if asked and self.search.coverage(words, s.text) >= 0.25:
                    joint = [a for a in there if a.role is Role.JOINT and Role.JOINT not in q.roles]
                    return [*asked, *joint], s
            asked = [a for a in listed if a.role in q.roles]
            if asked:
                return asked, None
        heading = self.search.coverage(words, f.clause.heading)
        best = max(inside, key=lambda s: self.search.coverage(words, s.text), default=None)
        if best is not None and stated[best]:
            cover = self.search.coverage(words, best.text)
            if cover > heading + 0.15 and not best.text.startswith(("(", "责任")):
                return self._of_the_part(f, best, stated[best], words), best
        return (listed or list(owners)), None

    def _of_the_part(
        self, f: Found, s: Sentence, there: Sequence[Assignment], words: Sequence[str]
    ) -> list[Assignment]:
        """Of a sentence with several subjects, those whose part of it is asked about."""
        text = f.extraction.document.text
        ordered = sorted(there, key=lambda a: a.span.start)
        groups: list[list[Assignment]] = []
        for a in ordered:
            between = text[groups[-1][-1].span.end : a.span.start] if groups else ","
            if re.search(r"[,，]", between):
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
        return [a for g, c in zip(groups, covers, strict=True) if c >= best - 0.1 for a in g]

    def _who_says(
        self,
        q: Question,
        as_of: date,
        f: Found,
        placed: Sequence[Placed],
        chosen: Sequence[Assignment],
        owners: Sequence[Assignment],
        where: Sentence | None,
    ) -> Answer:
        assert f.clause is not None  # noqa: S101
        zh = q.language == "zh"
        units = list(dict.fromkeys(a.unit for a in chosen))
        named = list(dict.fromkeys((a.unit, a.role.value) for a in chosen))
        topic = flatten(where.text)[:80] if where else f.clause.heading
        said = self._owners(chosen, q.language)
        lines = []
        for unit in q.units:
            if q.intent is Intent.WHO and unit not in units:
                lines.append(
                    f"这一条没有写{unit}。"
                    if zh
                    else f"This clause does not name {self._name(unit, 'en')}."
                )
            elif unit in units and re.search(r"吗|是否|是不是|\?$", q.text):
                lines.append(
                    f"是，写有{unit}。" if zh else f"Yes, {self._name(unit, 'en')} is named."
                )
        if zh:
            lines.append(f"“{topic}”涉及 {len(units)} 个单位：{said}。")
        else:
            lines.append(f"{len(units)} unit(s) for “{topic}”: {said}.")
        rest = [a for a in owners if a.unit not in units and a.basis is not Basis.STATED]
        if where and rest:
            others = self._owners(rest, q.language)
            lines.append(
                f"该条另列责任单位：{others}。" if zh else f"The clause also lists: {others}."
            )
        also = [a for a in owners if a.unit not in units and a.basis is Basis.STATED]
        if not where and also:
            others = self._owners(also, q.language)
            lines.append(f"条文中另写明：{others}。" if zh else f"The text also names: {others}.")
        if any(a.basis is Basis.INHERITED for a in chosen):
            lines.append("（责任单位承自上级条款）" if zh else "(inherited from the clause above)")
        if any(a.open_ended for a in chosen):
            lines.append(
                "（原文以“等”结尾，名单未列完）" if zh else "(the source's list is open-ended)"
            )
        lines.append(self._source_line(q, f))
        cited = [self._cite(f)] + [
            self.register.cite(f.extraction, f.clause, a.span) for a in chosen
        ]
        return self._made(
            q, as_of, "\n".join(lines), cited, units=named, tasks=[p.task.id for p in placed]
        )

    def _deadline(
        self, q: Question, as_of: date, found: Sequence[Found], words: Sequence[str]
    ) -> Answer | None:
        ranked = []
        top = found[0].score or 1.0
        for f in found[:6]:
            assert f.clause is not None  # noqa: S101
            for p in self.register.tasks_in(f.clause.id):
                for m in p.task.milestones:
                    own = Certainty.INHERITED not in m.due.certainty
                    cover = self.search.coverage(words, f"{m.commitment} {m.quote}")
                    ranked.append((cover + 0.4 * f.score / top + 0.4 * own, own, f, p, m))
        if not ranked:
            return None
        ranked.sort(key=lambda r: -r[0])
        best, own, first, *_ = ranked[0]
        chosen = [r for r in ranked if r[2] is first and r[1] == own and r[0] >= best - 0.25]
        chosen.sort(key=lambda r: r[4].span.start)
        lines, cited, tasks = [], [self._cite(first)], []
        for _, _, f, p, m in chosen:
            distance = describe_distance(m.due, as_of, q.language)
            lines.append(f"· {m.commitment}：{describe_due(m.due, q.language)}{distance}")
            tasks.append(p.task.id)
            if m.due.span and f.clause and f.clause.span.contains(m.due.span):
                cited.append(self.register.cite(f.extraction, f.clause, m.due.span))
        if not own:
            lines.append(
                "（这一条没有单独写期限，以上是所在计划的期限）"
                if q.language == "zh"
                else "(the clause has no date of its own; this is the end of its plan)"
            )
        lines += [*self._quoted(q, first, words), self._source_line(q, first)]
        return self._made(q, as_of, "\n".join(lines), cited, tasks=tasks, units=self._listed(first))

    def _target(
        self, q: Question, as_of: date, found: Sequence[Found], words: Sequence[str]
    ) -> Answer | None:
        ranked = [
            (score + self._target_worth(q, f, s), f, s)
            for score, f, s in self._best_sentences(found[:6], words)
            if self._has_value(q, f, s)
        ]
        ranked.sort(key=lambda r: -r[0])
        lost = [w.span for e in self.register.extractions for w in e.warnings if w.span and "lost" in w.code]  # fmt: skip
        if not ranked:
            return None
        _, f, s = ranked[0]
        if self.search.coverage(words, s.text) < 0.4:
            return None
        if any(span.start < s.span.end and s.span.start < span.end for span in lost):
            inside = self._targets_in(f, s)
            if not any(self.search.coverage(words, t.metric) >= 0.5 for _, t in inside):
                return self._refuse(q, as_of, [f], _LOST)
        targets = self._asked_targets(q, f, s, words)
        if targets is None:
            return None
        if q.year and not self._year_fits(q.year, f, s, targets):
            return None
        lines = [f"· {describe_target(t)}{self._when(p, t, q.language)}" for p, t in targets]
        assert f.clause is not None  # noqa: S101
        lines += [*self._quoted(q, f, words), self._source_line(q, f)]
        cited = [
            self.register.cite(f.extraction, f.clause, s.span),
            *(self.register.cite(f.extraction, f.clause, t.span) for _, t in targets),
        ]
        return self._made(
            q, as_of, "\n".join(lines), cited, tasks=[p.task.id for p, _ in targets],
            units=self._listed(f),
        )  # fmt: skip

    def _has_value(self, q: Question, f: Found, s: Sentence) -> bool:
        """Whether a sentence has a value of the kind asked for; numbers in names are none."""
        text = re.sub(r"《[^》]*》|[〔\[(][^〕\])]{0,6}\d{4}[^〕\])]*[号〕\])]", "", s.text)
        measures = [n for n in find_quantities(text) if n.measure or n.comparator]
        if re.search(
            r"多少(?:钱|元|万元|亿元)|几(?:块|元)|金额|\byuan\b|\bmoney\b", q.search.lower()
        ):
            return any(n.measure in ("元", "块") for n in measures)
        return bool(measures)

    def _targets_in(self, f: Found, s: Sentence) -> list[tuple[Placed, Target]]:
        assert f.clause is not None  # noqa: S101
        return [
            (p, t)
            for p in self.register.tasks_in(f.clause.id)
            for t in p.task.targets
            if t.span.start < s.span.end and s.span.start < t.span.end
        ]

    def _year_fits(
        self, year: int, f: Found, s: Sentence, targets: Sequence[tuple[Placed, Target]]
    ) -> bool:
        due = [
            m.due.date
            for p, t in targets
            for m in p.task.milestones
            if m.due.date and m.id == t.milestone_id
        ]
        return str(year) in s.text or any(d.year == year for d in due)

    def _asked_targets(
        self, q: Question, f: Found, s: Sentence, words: Sequence[str]
    ) -> list[tuple[Placed, Target]] | None:
        """The targets of a sentence that the question is about; None: it is about none of them."""
        targets = self._targets_in(f, s)
        covers = [
            self.search.coverage(words, f"{t.scope or ''}{t.metric}{t.quote}") for _, t in targets
        ]
        best = max(covers, default=0.0)
        if targets and best < _METRIC and q.language == "zh":
            return None
        return [item for item, c in zip(targets, covers, strict=True) if c >= best - 0.25]

    def _target_worth(self, q: Question, f: Found, s: Sentence) -> float:
        targets = self._targets_in(f, s)
        if not targets:
            return 0.0
        return 0.8 if q.year and self._year_fits(q.year, f, s, targets) else 0.3

    def _when(self, placed: Placed, target: Target, language: str) -> str:
        due = next((m.due for m in placed.task.milestones if m.id == target.milestone_id), None)
        return f"（{describe_due(due, language)}）" if due and due.date else ""

    def _numbered(
        self, q: Question, as_of: date, found: Sequence[Found], words: Sequence[str]
    ) -> Answer | None:
        """The source of a number: the number itself proves the place."""
        numbers = re.findall(r"\d+(?:\.\d+)?", q.search.replace(",", ""))
        ranked = [
            r for r in self._best_sentences(found, words)
            if numbers and all(re.search(rf"(?<![\d.]){re.escape(n)}(?![\d.])", r[2].text) for n in numbers)
        ]  # fmt: skip
        if not ranked or self.search.coverage(words, ranked[0][1].chunk.titled) < 0.2:
            return None
        return self._source(q, as_of, [ranked[0][1]], words)

    def _source(
        self, q: Question, as_of: date, found: Sequence[Found], words: Sequence[str]
    ) -> Answer | None:
        numbers = re.findall(r"\d[\d,]*(?:\.\d+)?", q.search)
        numbers = [n.replace(",", "") for n in numbers]
        ranked = self._best_sentences(found, words)
        if numbers:
            ranked = [r for r in ranked if any(n in r[2].text for n in numbers)] or ranked
        if not ranked:
            return None
        _, f, s = ranked[0]
        assert f.clause is not None  # noqa: S101
        lines = [f"“{flatten(s.text)}”", self._source_line(q, f)]
        cited = [self.register.cite(f.extraction, f.clause, s.span), self._cite(f)]
        return self._made(q, as_of, "\n".join(lines), cited, units=self._listed(f))

    def _policy(
        self, q: Question, as_of: date, found: Sequence[Found], words: Sequence[str]
    ) -> Answer | None:
        order = {f.clause.id: n for n, f in enumerate(found) if f.clause}
        numbered = bool(re.search(r"文号|number", q.search))
        ranked = []
        for extraction in self.register.extractions:
            for policy in extraction.policies:
                if numbered and not policy.document_number:
                    continue
                cover = self.search.coverage(words, policy.title)
                near = 0.5 / (1 + order[policy.clause_id]) if policy.clause_id in order else 0.0
                ranked.append((cover + near, extraction, policy))
        ranked.sort(key=lambda r: -r[0])
        if not ranked or ranked[0][0] < 0.4:
            return None
        lines, cited = [], []
        for score, extraction, policy in ranked[:6]:
            if score < ranked[0][0] - 0.25:
                break
            clause = self.register.clauses[policy.clause_id][1]
            plan = self._plan_of(extraction, clause)
            lines.append(
                f"· 《{policy.title}》 {policy.document_number or ''}（{plan.title} {clause.path}）"
            )
            cited.append(self.register.cite(extraction, clause, policy.span))
            cited.append(self.register.cite(extraction, clause, clause.span))
        return self._made(q, as_of, "\n".join(lines), cited)

    def _list(
        self, q: Question, as_of: date, found: Sequence[Found], words: Sequence[str]
    ) -> Answer | None:
        """The points under a heading, where the question is about one."""
        ranked = []
        words = [w for phrase in q.quoted for w in self.search.words(phrase)] or words
        for extraction, clause in self.register.clauses.values():
            cover = self.search.coverage(words, clause.heading)
            if cover >= 0.6:
                ranked.append((cover, extraction, clause))
        ranked.sort(key=lambda r: -r[0])
        plans = self._plans_called(q.plan)
        for _, extraction, clause in ranked[:5]:
            if plans and clause.plan_id not in plans:
                continue
            below = [c for c in extraction.clauses if c.parent_id == clause.id]
            if len(below) > 1:
                lines = [f"“{clause.heading}”下有 {len(below)} 项：" if q.language == "zh" else f"{len(below)} points under “{clause.heading}”:"]  # fmt: skip
                lines += [f"{c.marker}{c.heading}" for c in below]
                cited = [self.register.cite(extraction, c, c.span) for c in (clause, *below)]
                return self._made(q, as_of, "\n".join(lines), cited)
        return None

    def _quote(
        self, q: Question, as_of: date, found: Sequence[Found], words: Sequence[str]
    ) -> Answer:
        f = found[0]
        if f.clause is None:
            quote = self._citation_of_text(f)
            return self._made(q, as_of, f"{flatten(quote.quote)[:_QUOTED]}", [quote])
        lines = [*self._quoted(q, f, words), self._source_line(q, f)]
        below = [c for c in f.extraction.clauses if c.parent_id == f.clause.id]
        if below and len(lines[0]) < _HEADING_ONLY:
            lines[1:1] = [f"{c.marker}{c.heading}" for c in below]
        placed = self.register.tasks_in(f.clause.id)
        return self._made(
            q, as_of, "\n".join(lines), [self._cite(f)], units=self._listed(f),
            tasks=[p.task.id for p in placed],
        )  # fmt: skip

    # ---- questions that the register answers

    def _tasks_of(self, q: Question, as_of: date) -> Answer | None:
        if not q.units:
            return None
        plans = self._plans_called(q.plan)
        sets = {u: [p for p in self.register.tasks_of(u) if not plans or p.plan.id in plans] for u in q.units}  # fmt: skip
        if q.together:
            shared = set.intersection(*({p.task.id for p in ps} for ps in sets.values()))
            sets = {u: [p for p in ps if p.task.id in shared] for u, ps in sets.items()}
        lines: list[str] = []
        cited: list[Citation] = []
        tasks: list[str] = []
        zh = q.language == "zh"
        for unit, placed in sets.items():
            name = self._name(unit, q.language)
            lines.append(
                f"{name}：共 {len(placed)} 项任务。" if zh else f"{name}: {len(placed)} task(s)."
            )
            for p in placed:
                mine = [a for a in p.task.responsibilities if a.unit == unit]
                roles = ("、" if zh else ", ").join(
                    dict.fromkeys(role_name(a.role, q.language) for a in mine)
                )
                line = f"· [{roles}] {p.task.title}（{p.plan.title} {p.clause.path}）"
                stated = [a for a in mine if a.basis is Basis.STATED]
                for s in self._sentences_of(p, stated):
                    line += f"\n  “{flatten(s.text)}”"
                lines.append(line)
                tasks.append(p.task.id)
                extraction = self.register.document_of(p.document.id)
                cited.append(self.register.cite(extraction, p.clause, p.clause.span))
            member = self._memberships(unit)
            if member:
                lines.append("· 领导小组成员单位" if zh else "· member of the leading group")
                cited += member
        if q.together and tasks:
            others = dict.fromkeys(a.unit for t in dict.fromkeys(tasks) for a in self.register.owners_of(t))  # fmt: skip
            lines.append(("责任单位：" if zh else "Units: ") + "、".join(others))
        if not cited:
            return self._refuse(q, as_of, [])
        units = [(unit, "responsible") for unit in q.units if sets[unit]]
        return self._made(q, as_of, "\n".join(lines), cited, units=units, tasks=tasks)

    def _sentences_of(self, placed: Placed, stated: Sequence[Assignment]) -> list[Sentence]:
        extraction = self.register.document_of(placed.document.id)
        inside = sentences(extraction, placed.clause)
        return [s for s in inside if any(s.span.contains(a.span) for a in stated)]

    def _memberships(self, unit: str) -> list[Citation]:
        return [
            Citation(document_id=e.document.id, clause_id=None, path="", span=m.span, quote=m.quote)
            for e in self.register.extractions
            for m in e.members
            if m.unit == unit
        ]

    def _overdue(self, q: Question, as_of: date) -> Answer:
        return self._list_due(q, as_of, overdue(self.register.extractions, as_of))

    def _due(self, q: Question, as_of: date) -> Answer | None:
        until = q.until or as_of
        since = max(q.since or as_of, as_of) if q.until else as_of
        if q.since and q.since > as_of:
            since = q.since
        items = due_items(self.register.extractions, as_of)
        return self._list_due(q, as_of, [i for i in items if since <= i.due <= until], until)

    def _list_due(
        self, q: Question, as_of: date, items: Sequence[DueItem], until: date | None = None
    ) -> Answer:
        plans = self._plans_called(q.plan)
        items = [i for i in items if not q.units or any(a.unit in q.units for a in i.units)]
        if plans:
            items = [i for i in items if self.register.clauses[i.clause_id][1].plan_id in plans]
        own = [i for i in items if not i.inherited]
        rest = len(items) - len(own)
        zh = q.language == "zh"
        span = (f"截至 {as_of}" if until is None else f"{as_of} 至 {until}") if zh else (f"As of {as_of}" if until is None else f"{as_of} to {until}")  # fmt: skip
        lines = [
            f"{span}：{len(own)} 项（另有 {rest} 项只有计划期限）。"
            if zh
            else f"{span}: {len(own)} item(s) ({rest} more by their plan's end only)."
        ]
        cited: list[Citation] = []
        named: dict[tuple[str, str], None] = {}
        for i in own:
            extraction, clause = self.register.clauses[i.clause_id]
            cited.append(self.register.cite(extraction, clause, clause.span))
            lines.append(describe_item(i, q.language))
            named |= dict.fromkeys((a.unit, a.role.value) for a in i.units)
        tasks = list(dict.fromkeys(i.task_id for i in own))
        return self._made(q, as_of, "\n".join(lines), cited, tasks=tasks, units=named)

    def _plans(self, q: Question, as_of: date) -> Answer:
        lines, cited = [], []
        for extraction in self.register.extractions:
            for plan in extraction.plans:
                lines.append(f"{plan.number}. {plan.title}")
                quote = plan.span.slice(extraction.document.text)
                cited.append(
                    Citation(
                        document_id=extraction.document.id, clause_id=None,
                        path=str(plan.number), span=plan.span, quote=quote,
                    )
                )  # fmt: skip
            cited += self._contents(extraction)
            lines += [flatten(c.quote) for c in self._contents(extraction)]
        count = sum(len(e.plans) for e in self.register.extractions)
        head = f"共 {count} 个计划：" if q.language == "zh" else f"{count} plan(s):"
        return self._made(q, as_of, "\n".join([head, *lines]), cited)

    def _contents(self, extraction: Extraction) -> list[Citation]:
        """The list of attachments at the head of a notice, as printed."""
        text = extraction.document.text
        first = min((c.span.start for c in extraction.clauses), default=len(text))
        match = re.search(r"附\s*件\s*[:：][\s\S]{10,2000}", text[:first])
        if not match or len(extraction.plans) < 2:
            return []
        printed = match.group().rstrip()
        span = Span(match.start(), match.start() + len(printed))
        return [
            Citation(
                document_id=extraction.document.id,
                clause_id=None,
                path="",
                span=span,
                quote=printed,
            )
        ]

    def _members(self, q: Question, as_of: date) -> Answer | None:
        lines, cited, units = [], [], []
        for extraction in self.register.extractions:
            for m in extraction.members:
                units.append((m.unit, Role.MEMBER.value))
                cited.append(Citation(document_id=extraction.document.id, clause_id=None, path="", span=m.span, quote=m.quote))  # fmt: skip
                lines.append(self._name(m.unit, q.language))
        if not units:
            return None
        head = (
            f"成员单位共 {len(units)} 家："
            if q.language == "zh"
            else f"{len(units)} member unit(s): "
        )
        return self._made(q, as_of, head + "、".join(lines), cited, units=units)

    def _header(self, q: Question, as_of: date) -> Answer | None:
        zh = q.language == "zh"
        lines, cited = [], []
        for extraction in self.register.extractions:
            d = extraction.document
            fields = (
                (r"索引号|index number", "索引号", "index number", d.index_number),
                (r"文号|document number", "发文字号", "document number", d.document_number),
                (r"成文|written|date of issue", "成文日期", "written on", d.written_on),
                (r"发布日期|印发日期|什么时候|publi|issued|when", "发布日期", "published on", d.published_on),
                (r"机构|机关|政府|谁|who|body|authority", "发布机构", "issuer", d.issuer),
            )  # fmt: skip
            for pattern, name, english, value in fields:
                if value is None or not re.search(pattern, q.search.lower()):
                    continue
                lines.append(f"{d.title}\n{name if zh else english}：{value}")
                cited += self._header_citations(extraction, str(value))
        return self._made(q, as_of, "\n".join(lines), cited) if cited else None

    def _header_citations(self, extraction: Extraction, value: str) -> list[Citation]:
        text = extraction.document.text
        forms = [value]
        if match := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", value):
            y, m, d = match.groups()
            forms.append(f"{y}年{int(m)}月{int(d)}日")
        for form in forms:
            if (at := text.find(form)) >= 0:
                span = Span(at, at + len(form))
                return [Citation(document_id=extraction.document.id, clause_id=None, path="", span=span, quote=form)]  # fmt: skip
        return []

    def _count(self, q: Question, as_of: date) -> Answer | None:
        zh = q.language == "zh"
        plans = self._plans_called(q.plan)
        placed = [p for p in self.register.tasks() if not plans or p.plan.id in plans]
        if q.most or re.search(r"(?:多少|几)(?:个|家)(?:单位|部门)|how many (?:units|departments|agencies|organi)", q.search.lower()):  # fmt: skip
            return self._count_units(q, as_of, placed)
        if re.search(r"计划|plans", q.search.lower()) and not q.plan and not q.units and "任务" not in q.search:  # fmt: skip
            return self._plans(q, as_of)
        if q.alone:
            placed = [
                p for p in placed
                if len({a.unit for a in self._listed_of(p)}) == 1
            ]  # fmt: skip
        if len(q.units) > 1 and not q.together:
            return self._count_units(q, as_of, placed)
        if q.units:
            placed = [
                p for p in placed if set(q.units) <= {a.unit for a in self._listed_of(p)}
            ] or [p for p in placed if set(q.units) <= {a.unit for a in p.task.responsibilities}]
        elif not q.alone and not q.plan and self._about_topic(q):
            return None
        if not placed:
            return self._refuse(q, as_of, [])
        what = "、".join(self._name(u, q.language) for u in q.units)
        head = f"{what}共 {len(placed)} 项任务：" if zh else f"{what} {len(placed)} task(s):"
        lines, cited = [head], []
        named: dict[tuple[str, str], None] = {}
        for p in placed:
            owners = list(dict.fromkeys(a.unit for a in self._listed_of(p)))
            lines.append(f"· {p.task.title}（{p.plan.title} {p.clause.path}）{'、'.join(owners)}")
            extraction = self.register.document_of(p.document.id)
            cited.append(self.register.cite(extraction, p.clause, p.clause.span))
            if q.alone:
                named |= dict.fromkeys((u, "responsible") for u in owners)
        units = named or dict.fromkeys((u, "responsible") for u in q.units)
        return self._made(q, as_of, "\n".join(lines), cited, units=units, tasks=[p.task.id for p in placed])  # fmt: skip

    def _about_topic(self, q: Question) -> bool:
        words = [
            w
            for w in self._words(q)
            if w not in ("一共", "总共", "行动", "计划", "多少", "通知", "项", "条")
        ]
        return bool(words)

    def _count_units(self, q: Question, as_of: date, placed: Sequence[Placed]) -> Answer | None:
        zh = q.language == "zh"
        tasks: dict[str, list[Placed]] = {}
        for p in placed:
            for unit in dict.fromkeys(a.unit for a in p.task.responsibilities):
                if q.units and unit not in q.units:
                    continue
                tasks.setdefault(unit, []).append(p)
        if not tasks:
            return None
        ranked = sorted(tasks.items(), key=lambda i: (-len(i[1]), i[0]))
        shown = ranked[:5] if q.most else ranked
        head = f"共 {len(ranked)} 个单位：" if zh else f"{len(ranked)} unit(s):"
        lines = [head] + [
            f"· {self._name(u, q.language)} {len(ps)} {'项' if zh else 'task(s)'}"
            for u, ps in shown
        ]
        cited = []
        for p in shown[0][1]:
            extraction = self.register.document_of(p.document.id)
            cited.append(self.register.cite(extraction, p.clause, p.clause.span))
        named = [(u, "responsible") for u, _ in (shown[:1] if q.most else shown)]
        return self._made(q, as_of, "\n".join(lines), cited, units=named)

    # ---- parts

    def _listed_of(self, p: Placed) -> list[Assignment]:
        return [a for a in p.task.responsibilities if a.basis is Basis.LISTED]

    def _listed(self, f: Found) -> list[tuple[str, str]]:
        if f.clause is None:
            return []
        placed = self.register.tasks_in(f.clause.id)
        owners = [a for p in placed for a in p.task.responsibilities if a.role in _BEARING]
        return list(dict.fromkeys((a.unit, a.role.value) for a in owners))

    def _plans_called(self, name: str) -> set[str]:
        """Ids of the plans whose titles a name fits best; none where none fits."""
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
        return {key for score, key in ranked if score == best} if best >= 0.45 else set()

    def _quoted(self, q: Question, f: Found, words: Sequence[str]) -> list[str]:
        """The clause's own words: whole where short, else its best sentences in order."""
        assert f.clause is not None  # noqa: S101
        label = "原文：" if q.language == "zh" else "Text: "
        whole = flatten(f.clause.span.slice(f.extraction.document.text))
        if len(whole) <= _QUOTED:
            return [label + whole]
        inside = sentences(f.extraction, f.clause)
        ranked = sorted(inside, key=lambda s: -self.search.coverage(words, s.text))
        kept: list[Sentence] = []
        for s in ranked:
            if sum(len(k.text) for k in kept) + len(s.text) <= _QUOTED or not kept:
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
        self, q: Question, as_of: date, found: Sequence[Found], why: Refusal = _SILENT
    ) -> Answer:
        """Nothing supports an answer: says so, and names the nearest clauses."""
        names = [self._where(f) for f in found[:_NEAR] if f.clause is not None]
        if q.language == "zh":
            text = why.zh + (f"最接近的条款：{'；'.join(names)}" if names else "")
        else:
            text = why.en + (f" Nearest clauses: {'; '.join(names)}" if names else "")
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
            tasks=tuple(dict.fromkeys(tasks)),
            citations=tuple(dict.fromkeys(citations)),
            as_of=as_of,
        )

    def _cite(self, f: Found) -> Citation:
        assert f.clause is not None  # noqa: S101
        return self.register.cite(f.extraction, f.clause, f.clause.span)

    def _citation_of_text(self, f: Found) -> Citation:
        span = f.chunk.span or Span(0, 1)
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

"""Questions about a clause that was found: who, when, how much, where from, what it says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from api.assistant.intents import Intent
from api.assistant.question import Question
from api.assistant.reply import BEARING, LOST, QUOTED, Answer, Composer
from api.assistant.search import Found, Sentence, sentences
from ingest.numbers import find_quantities
from kb.chunks import flatten
from tasks.models import Assignment, Basis, Certainty, Milestone, Role, Target
from tasks.queries import Placed
from tasks.words import (
    describe_distance,
    describe_due,
    describe_target,
    role_name,
)

_HEADING_ONLY = 80
_METRIC = 0.2
_NAMED = 0.6
_BOUND = re.compile(r"[上下]限|最[多少高低大小]|至[多少]|不超过|不低于")
"""Words that ask for a bound; texts say it in many ways, so they say nothing about where it stands."""
_LATE = re.compile(
    r"逾期|超期|过期|没按|未按|过了(?:期|时)限|overdue|\blate\b|past due|missed|behind schedule"
)

_TOPIC = 80
"""Characters of a sentence that stand for what an answer is about."""


class ClauseAnswers(Composer):
    """Answers from the clauses that retrieval found, best first."""

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
            return f.score / top + 0.8 * max(heading, best)

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
            owners = [a for p in placed for a in p.task.responsibilities if a.role in BEARING]
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
        topic = _beginning(flatten(where.text)) if where else f.clause.heading
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
        if q.roles and not any(a.role in q.roles for a in chosen):
            asked = ("、" if zh else ", ").join(role_name(r, q.language) for r in q.roles)
            lines.append(f"这一条没有写明{asked}单位。" if zh else f"The clause names no unit as: {asked}.")  # fmt: skip
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
            distance = describe_distance(
                m.due, as_of, self.register.life_of(m.id, as_of), q.language
            )
            lines.append(f"· {m.commitment}：{describe_due(m.due, q.language)}{distance}")
            tasks.append(p.task.id)
            if m.due.span and f.clause and f.clause.span.contains(m.due.span):
                cited.append(self.register.cite(f.extraction, f.clause, m.due.span))
        if _LATE.search(q.text.lower()):
            lines.insert(0, self._lateness(q, as_of, [m for *_, m in chosen]))
        if not own:
            lines.append(
                "（这一条没有单独写期限，以上是所在计划的期限）"
                if q.language == "zh"
                else "(the clause has no date of its own; this is the end of its plan)"
            )
        lines += [*self._quoted(q, first, words), self._source_line(q, first)]
        return self._made(q, as_of, "\n".join(lines), cited, tasks=tasks, units=self._listed(first))

    def _lateness(self, q: Question, as_of: date, milestones: Sequence[Milestone]) -> str:
        """Whether anything of what a clause demands is overdue."""
        late = [i for i in self.register.overdue(as_of) if i.milestone_id in {m.id for m in milestones}]  # fmt: skip
        if q.language == "zh":
            return f"截至 {as_of} 逾期 {len(late)} 项。" if late else f"截至 {as_of} 没有逾期。"
        return f"{len(late)} overdue as of {as_of}." if late else f"Not overdue as of {as_of}."

    def _target(
        self, q: Question, as_of: date, found: Sequence[Found], words: Sequence[str]
    ) -> Answer | None:
        words = [w for w in words if not _BOUND.fullmatch(w)] or words
        ranked = [
            (score + self._target_worth(q, f, s, words), f, s)
            for score, f, s in self._best_sentences(found[:6], words)
            if self._has_value(q, f, s)
        ]
        ranked.sort(key=lambda r: -r[0])
        lost = [w.span for e in self.register.extractions for w in e.warnings if w.span and "lost" in w.code]  # fmt: skip
        if not ranked:
            return None
        _, f, s = ranked[0]
        if self.search.coverage(words, s.text) < 0.4 and not q.anchor:
            return None
        if any(span.start < s.span.end and s.span.start < span.end for span in lost):
            inside = self._targets_in(f, s)
            if not any(self.search.coverage(words, t.metric) >= 0.5 for _, t in inside):
                return self._refuse(q, as_of, [f], LOST)
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
            r"多少(?:钱|元|万元|亿元)|几(?:块|元)|金额|\byuan\b|\bmoney\b", q.text.lower()
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
        of_scope = [(p, t) for p, t in targets if t.scope and t.scope in q.search]
        targets = of_scope or targets  # asked of 小学, what holds for 初中 is no answer
        covers = [
            self.search.coverage(words, f"{t.scope or ''}{t.metric}{t.quote}") for _, t in targets
        ]
        best = max(covers, default=0.0)
        if targets and best < _METRIC and q.language == "zh" and not q.anchor:
            return None
        return [item for item, c in zip(targets, covers, strict=True) if c >= best - 0.25]

    def _target_worth(self, q: Question, f: Found, s: Sentence, words: Sequence[str]) -> float:
        targets = self._targets_in(f, s)
        if not targets:
            return 0.0
        named = max(self.search.coverage(words, f"{t.scope or ''}{t.metric}") for _, t in targets)
        return (0.8 if q.year and self._year_fits(q.year, f, s, targets) else 0.3) + _NAMED * named

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
        numbered = bool(re.search(r"文号|number", f"{q.search} {q.text}"))
        ranked = []
        for extraction in self.register.extractions:
            for policy in extraction.policies:
                if numbered and not policy.document_number:
                    continue
                if q.anchor and policy.clause_id not in order:
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
            return self._made(q, as_of, f"{flatten(quote.quote)[:QUOTED]}", [quote])
        lines = [*self._quoted(q, f, words), self._source_line(q, f)]
        below = [c for c in f.extraction.clauses if c.parent_id == f.clause.id]
        if below and len(lines[0]) < _HEADING_ONLY:
            lines[1:1] = [f"{c.marker}{c.heading}" for c in below]
        placed = self.register.tasks_in(f.clause.id)
        return self._made(
            q, as_of, "\n".join(lines), [self._cite(f)], units=self._listed(f),
            tasks=[p.task.id for p in placed],
        )  # fmt: skip


def _beginning(sentence: str) -> str:
    """A sentence, or as many of its parts as name what it is about."""
    if len(sentence) <= _TOPIC:
        return sentence.rstrip("。；;")
    cut = max(sentence.rfind(mark, 0, _TOPIC) for mark in ",，、;；")
    return f"{sentence[: cut if cut > 0 else _TOPIC]}……"

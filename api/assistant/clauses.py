"""Questions about a clause that was found: who, when, how much, where from, what it says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from api.assistant.intents import Intent
from api.assistant.question import Question
from api.assistant.reply import BEARING, QUOTED, Answer
from api.assistant.search import Found, Sentence, sentences
from api.assistant.values import ValueAnswers
from kb.chunks import flatten
from kb.language.roles import Role
from tasks.models import Assignment, Basis, Certainty, Milestone
from tasks.queries import Placed
from tasks.words import (
    describe_distance,
    describe_due,
)

_HEADING_ONLY = 80
_LATE = re.compile(
    r"逾期|超期|过期|没按|未按|过了(?:期|时)限|overdue|\blate\b|past due|missed|behind schedule"
)

_TOPIC = 80
"""Characters of a sentence that stand for what an answer is about."""


class ClauseAnswers(ValueAnswers):
    """Answers from the clauses that retrieval found, best first."""

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
            asked = self._roles_said(q)
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
            if not self.register.told:
                return f"截至 {as_of} 时限已过 {len(late)} 项，办理情况不公开。" if late else f"截至 {as_of} 时限都还没有过。"  # fmt: skip
            return f"截至 {as_of} 逾期 {len(late)} 项。" if late else f"截至 {as_of} 没有逾期。"
        if not self.register.told:
            return f"The day of {len(late)} had passed by {as_of}; progress is not public." if late else f"No day of it had passed by {as_of}."  # fmt: skip
        return f"{len(late)} overdue as of {as_of}." if late else f"Not overdue as of {as_of}."

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

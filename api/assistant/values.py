"""Answers about a number that must be reached."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from api.assistant.function_words import bounds
from api.assistant.question import Question
from api.assistant.ranked import Ranked
from api.assistant.reply import LOST, Answer
from api.assistant.search import Found, Sentence
from kb.language.quantities import QuantityForm, find_quantities
from tasks.models import Target
from tasks.queries import Placed
from tasks.words import (
    describe_target,
)

_METRIC = 0.2
"""How much of a question a target's own words hold at least."""
_NAMED = 0.6
"""How much it counts that a sentence's target is named as the question names it."""


class ValueAnswers(Ranked):
    """The target that a question asks for, with the sentence that sets it."""

    def _target(
        self, q: Question, as_of: date, found: Sequence[Found], words: Sequence[str]
    ) -> Answer | None:
        words = [w for w in words if w not in bounds()] or words
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
            return any(n.form is QuantityForm.MONEY for n in measures)
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
